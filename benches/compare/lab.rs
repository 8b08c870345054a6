//! The laboratory of one run: cores, contestants, origin, temporary directory.
//!
//! Called by `main`, which builds it, and by the measurements, which start their proxies in it.
//! Invariants: a proxy runs on the first core that this process may use, everything else on the
//! second; each measurement starts its proxy afresh on a port of its own.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use crate::config::{self, LogTarget, Mode, Plan};
use crate::process::{Directory, Outcome, Program, free_port, pin};
use crate::procfs::{CpuTime, idle_seconds};

/// A program that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Weir,
    Nginx,
    Haproxy,
}

impl Contestant {
    /// All of them, in the order of the columns.
    pub(crate) const ALL: [Self; 3] = [Self::Weir, Self::Nginx, Self::Haproxy];

    /// The head of its column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }

    /// The environment variable that names another binary than the default one.
    fn variable(self) -> &'static str {
        match self {
            Self::Weir => "WEIR",
            Self::Nginx => "NGINX",
            Self::Haproxy => "HAPROXY",
        }
    }

    /// Its binary. Cargo has built weir, in the profile of the bench, before the bench itself.
    pub(crate) fn binary(self) -> String {
        env::var(self.variable()).unwrap_or_else(|_| {
            let default = match self {
                Self::Weir => env!("CARGO_BIN_EXE_weir"),
                Self::Nginx => "nginx",
                Self::Haproxy => "haproxy",
            };
            default.to_owned()
        })
    }
}

/// The two cores in use; one and the same on a machine that has no second.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) proxy: usize,
    pub(crate) load: usize,
}

/// What all measurements of a run share.
pub(crate) struct Lab {
    pub(crate) cores: Cores,
    pub(crate) seconds: u64,
    pub(crate) origin_port: u16,
    _origin: Program,
    directory: Directory,
}

/// A proxy under measurement.
pub(crate) struct Proxy {
    pub(crate) program: Program,
    pub(crate) port: u16,
    core: usize,
}

impl Lab {
    /// Prepares the directory, the objects and the origin, and binds this process to its core.
    ///
    /// # Errors
    /// Without an origin nothing can be measured.
    pub(crate) fn open(seconds: u64) -> Outcome<Self> {
        let cores = choose_cores();
        pin(cores.load);
        raise_file_limit();
        let directory = Directory::create()?;
        let dir = directory.path();
        let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
        fs::create_dir(dir.join("www")).map_err(failed)?;
        let bulk = fs::File::create(dir.join("www/bulk")).map_err(failed)?;
        bulk.set_len(BULK_BYTES).map_err(failed)?;
        fs::write(dir.join("pools.map"), config::pools_map()).map_err(failed)?;

        let origin_port = free_port()?;
        let file = dir.join("origin.conf");
        fs::write(&file, config::origin(origin_port, dir)).map_err(failed)?;
        let mut command = Command::new(Contestant::Nginx.binary());
        command.args(["-e", "stderr", "-c"]).arg(&file);
        let started = Program::start(&mut command, cores.load, dir.join("origin.err"));
        let origin = started.and_then(|mut origin| {
            origin.wait_for_port(origin_port)?;
            Ok(origin)
        });
        let origin = origin.map_err(|why| format!("origin: {why}"))?;
        Ok(Self {
            cores,
            seconds,
            origin_port,
            _origin: origin,
            directory,
        })
    }

    /// A plan in `mode` in front of the common origin.
    pub(crate) fn plan(&self, mode: Mode) -> Plan {
        Plan::new(mode, self.origin_port)
    }

    /// The path of a file of the run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts `contestant` for `plan` and waits until it listens.
    ///
    /// # Errors
    /// It cannot do what the plan asks, refuses its configuration or does not listen.
    pub(crate) fn start(&self, contestant: Contestant, plan: &Plan) -> Outcome<Proxy> {
        let port = free_port()?;
        let dir = self.directory.path();
        let file = self.file(&format!("{}-{port}.cfg", contestant.name()));
        let mut command = Command::new(contestant.binary());
        let text = match contestant {
            Contestant::Weir | Contestant::Haproxy => {
                command.arg("-db").arg("-f").arg(&file);
                config::haproxy(plan, port, dir)
            }
            Contestant::Nginx => {
                command.args(["-e", "stderr", "-c"]).arg(&file);
                config::nginx(plan, port, dir)?
            }
        };
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        if let Some(LogTarget::File(path)) = &plan.log {
            let log = fs::File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
            command.stdout(log);
        } else {
            command.stdout(std::process::Stdio::null());
        }
        let stderr = self.file(&format!("{}-{port}.err", contestant.name()));
        let mut program = Program::start(&mut command, self.cores.proxy, stderr)?;
        program.wait_for_port(port)?;
        Ok(Proxy {
            program,
            port,
            core: self.cores.proxy,
        })
    }
}

/// A span of time in which a proxy worked: what it used of its core. Before it is closed, the
/// counters so far.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    cpu: CpuTime,
    idle_s: f64,
    core: usize,
    opened: Instant,
    load: Load,
}

/// How a core spent a window.
#[derive(Clone, Copy, Default)]
pub(crate) struct Load {
    /// Share of the time that the proxy had.
    pub(crate) busy: f64,
    /// Share of the time in which nobody had work: large when the proxy was not saturated. What is
    /// left of the whole went to other processes, or to the host of a virtual machine.
    pub(crate) idle: f64,
}

impl Window {
    /// Begins now.
    pub(crate) fn open(proxy: &Proxy) -> Outcome<Self> {
        Ok(Self {
            cpu: proxy.program.cpu()?,
            idle_s: idle_seconds(proxy.core),
            core: proxy.core,
            opened: Instant::now(),
            load: Load::default(),
        })
    }

    /// Ends now.
    pub(crate) fn close(self, proxy: &Proxy) -> Outcome<Self> {
        let cpu = proxy.program.cpu()?.since(self.cpu);
        let idle_s = idle_seconds(self.core) - self.idle_s;
        let elapsed_s = self.opened.elapsed().as_secs_f64();
        let load = Load {
            busy: cpu.total() / elapsed_s,
            idle: idle_s / elapsed_s,
        };
        Ok(Self {
            cpu,
            idle_s,
            load,
            ..self
        })
    }

    /// CPU time per unit, `count` of which were done, scaled by `scale` (1e6 gives microseconds).
    pub(crate) fn per(self, count: f64, scale: f64) -> Sample {
        let user = self.cpu.user * scale / count;
        let system = self.cpu.system * scale / count;
        Sample {
            value: user + system,
            split: Some((user, system)),
            load: Some(self.load),
            note: String::new(),
        }
    }
}

/// One measured figure.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) value: f64,
    /// User and system part of a CPU time.
    pub(crate) split: Option<(f64, f64)>,
    /// How the proxy's core spent the window.
    pub(crate) load: Option<Load>,
    /// What a reader must know beside the figure.
    pub(crate) note: String,
}

impl Sample {
    /// A figure that is no CPU time.
    pub(crate) fn plain(value: f64, note: String) -> Self {
        Self {
            value,
            split: None,
            load: None,
            note,
        }
    }
}

fn choose_cores() -> Cores {
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    let mut usable = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
    let proxy = usable.next().unwrap_or(0);
    let Some(load) = usable.next() else {
        eprintln!("compare: one core only; proxy and load share it, figures will be noisy");
        return Cores { proxy, load: proxy };
    };
    Cores { proxy, load }
}

/// The memory rows need 4,000 connections on both sides: the soft limit goes up to the hard one,
/// and children inherit it.
fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Size of the large object. It is a sparse file: the origin sends it from the page cache.
pub(crate) const BULK_BYTES: u64 = 64 << 20;
