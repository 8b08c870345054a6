//! Child processes of the comparison: started on one core, measured, ended with their guard.
//!
//! Owns every process that the comparison starts and its temporary directory. Called by `lab` and
//! the measurements. Invariants: a process dies with its `Program`, on return, on panic (guards
//! unwind) and on SIGINT, SIGTERM or SIGHUP (`clean_up_on_signals`); it is ended by its id alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::Pid;

use crate::procfs::{CpuTime, family, resident_bytes};

/// A result whose error is the text after `failed: ` in the table.
pub(crate) type Outcome<T> = Result<T, String>;

/// A running program and all its descendants; dropping it ends them.
pub(crate) struct Program {
    child: Child,
    stderr: PathBuf,
}

impl Program {
    /// Starts `command` on `core`; its standard error goes to `stderr`, for `complaint`.
    pub(crate) fn start(command: &mut Command, core: usize, stderr: PathBuf) -> Outcome<Self> {
        let log = File::create(&stderr).map_err(|e| format!("{}: {e}", stderr.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stderr(log);
        let child = spawn_on(core, command).map_err(|e| format!("{program}: {e}"))?;
        let _ = cleanup().pids.insert(child.id());
        Ok(Self { child, stderr })
    }

    /// Waits until the program accepts connections on `port` of 127.0.0.1.
    ///
    /// # Errors
    /// The program ended first, or did not listen within five seconds.
    pub(crate) fn wait_for_port(&mut self, port: u16) -> Outcome<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + START_WAIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                let status = describe(status);
                return Err(format!(
                    "ended before it listened, {status} {}",
                    self.complaint()
                ));
            }
            if TcpStream::connect_timeout(&address, POLL_EVERY).is_ok() {
                return Ok(());
            }
            thread::sleep(POLL_EVERY);
        }
        Err(format!("does not listen {}", self.complaint()))
    }

    /// What the program wrote to standard error about its failure, in quotes: the first line that
    /// says so, else the last one; empty when it was silent.
    pub(crate) fn complaint(&self) -> String {
        let bytes = fs::read(&self.stderr).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let serious = |line: &&str| {
            ["ALERT", "emerg", "panicked"]
                .iter()
                .any(|w| line.contains(w))
        };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let line = lines.clone().find(serious).or_else(|| lines.next_back());
        line.map(|line| format!("\"{}\"", line.trim()))
            .unwrap_or_default()
    }

    /// Ids of the program and of all its descendants.
    pub(crate) fn pids(&self) -> Vec<u32> {
        family(self.child.id())
            .into_iter()
            .map(|process| process.pid)
            .collect()
    }

    /// CPU time of the program and all its descendants.
    ///
    /// # Errors
    /// The program has ended: what it used can no longer be told apart.
    pub(crate) fn cpu(&self) -> Outcome<CpuTime> {
        let family = family(self.child.id());
        if family.iter().all(|process| process.zombie) {
            return Err(format!("ended during the measurement {}", self.complaint()));
        }
        Ok(CpuTime::of(&family))
    }

    /// Resident memory of the program and all its descendants, in bytes.
    ///
    /// # Errors
    /// The program has ended, or the kernel has no `smaps_rollup`.
    pub(crate) fn resident_bytes(&self) -> Outcome<u64> {
        let pids = self.pids();
        if pids.is_empty() {
            return Err(format!("ended during the measurement {}", self.complaint()));
        }
        pids.into_iter().map(resident_bytes).sum()
    }

    /// Sends `signal` to the program itself and waits for its end.
    ///
    /// # Errors
    /// It has not ended two seconds later.
    pub(crate) fn finish(&mut self, signal: Signal) -> Outcome<()> {
        send(self.child.id(), signal);
        let deadline = Instant::now() + END_WAIT;
        while Instant::now() < deadline {
            if self.has_ended() {
                return Ok(());
            }
            thread::sleep(POLL_EVERY);
        }
        Err(format!("did not end on {signal}"))
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Once reaped, the id may belong to somebody else: it is then neither signalled nor read.
        if !self.has_ended() {
            let family = family(self.child.id());
            let _ = self.finish(Signal::SIGTERM);
            for process in family.iter().filter(|process| process.is_alive()) {
                send(process.pid, Signal::SIGKILL);
            }
            let _ = self.child.wait();
        }
        cleanup().pids.remove(&self.child.id());
    }
}

/// Spawns `command` bound to `core`, with no signal blocked; both are inherited from the calling
/// thread, which changes for that moment and then returns to the core given by `pin`.
fn spawn_on(core: usize, command: &mut Command) -> std::io::Result<Child> {
    let home = cleanup().home;
    pin_thread(core);
    let mask = SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let result = command.spawn();
    if let Ok(mask) = mask {
        let _ = mask.thread_set_mask();
    }
    if let Some(home) = home {
        pin_thread(home);
    }
    result
}

/// Binds the calling thread, and all threads it starts later, to `core`.
pub(crate) fn pin(core: usize) {
    cleanup().home = Some(core);
    pin_thread(core);
}

fn pin_thread(core: usize) {
    let mut set = CpuSet::new();
    let bound = set
        .set(core)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set));
    if let Err(error) = bound {
        eprintln!("compare: cannot bind to core {core}: {error}; figures will be noisy");
    }
}

/// Runs `command` to its end on the core of the calling thread and returns what it wrote to
/// standard output; its standard error goes to `stderr`.
///
/// # Errors
/// It could not start, took longer than `limit`, or failed.
pub(crate) fn output(command: &mut Command, stderr: PathBuf, limit: Duration) -> Outcome<String> {
    let stdout = stderr.with_extension("out");
    let file = File::create(&stdout).map_err(|e| format!("{}: {e}", stdout.display()))?;
    let core = cleanup().home.unwrap_or(0);
    let mut program = Program::start(command.stdout(file), core, stderr)?;
    let name = command.get_program().to_string_lossy().into_owned();
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        let Some(status) = program.child.try_wait().map_err(|e| e.to_string())? else {
            thread::sleep(POLL_EVERY);
            continue;
        };
        if !status.success() {
            return Err(format!(
                "{name}: {} {}",
                describe(status),
                program.complaint()
            ));
        }
        let bytes = fs::read(&stdout).map_err(|e| format!("{}: {e}", stdout.display()))?;
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    Err(format!("{name}: not done after {} s", limit.as_secs()))
}

/// A TCP port of 127.0.0.1 that nothing uses, below the range of ephemeral ports.
///
/// Ports are handed out upwards, so that no two contestants of one run ever share one.
pub(crate) fn free_port() -> Outcome<u16> {
    for _ in PORT_FIRST..PORT_LAST {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        if port >= PORT_LAST {
            NEXT_PORT.store(PORT_FIRST, Ordering::Relaxed);
        }
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no free port from {PORT_FIRST} to {PORT_LAST}"))
}

/// The temporary directory of a run; removed when dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Creates a directory of this process's own below the system's temporary directory.
    pub(crate) fn create() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("weir-compare-{}", process::id()));
        fs::create_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        cleanup().directory = Some(path.clone());
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        cleanup().directory = None;
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Starts the thread that ends all programs and the process when it is told to stop. Must run
/// before any other thread starts, so that all of them leave these signals to it.
pub(crate) fn clean_up_on_signals() {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    if signals.thread_block().is_err() {
        return;
    }
    thread::spawn(move || {
        if signals.wait().is_ok() {
            end_everything();
        }
    });
}

#[expect(
    clippy::exit,
    reason = "a signal ends the comparison while the main thread measures"
)]
fn end_everything() {
    let state = cleanup();
    for process in state.pids.iter().flat_map(|&pid| family(pid)) {
        send(process.pid, Signal::SIGKILL);
    }
    if let Some(directory) = &state.directory {
        let _ = fs::remove_dir_all(directory);
    }
    process::exit(130);
}

/// What must go when the comparison is interrupted.
struct Cleanup {
    pids: BTreeSet<u32>,
    directory: Option<PathBuf>,
    home: Option<usize>,
}

fn cleanup() -> MutexGuard<'static, Cleanup> {
    CLEANUP.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn describe(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("signal {signal}"),
        None => format!("exit {}", status.code().unwrap_or(-1)),
    }
}

static CLEANUP: Mutex<Cleanup> = Mutex::new(Cleanup {
    pids: BTreeSet::new(),
    directory: None,
    home: None,
});
static NEXT_PORT: AtomicU16 = AtomicU16::new(PORT_FIRST);
const PORT_FIRST: u16 = 18_000;
const PORT_LAST: u16 = 32_000;
const START_WAIT: Duration = Duration::from_secs(5);
const END_WAIT: Duration = Duration::from_secs(2);
const POLL_EVERY: Duration = Duration::from_millis(10);
