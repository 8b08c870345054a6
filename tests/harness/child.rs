//! The built program as a child process, and what the kernel tells about it.
//!
//! It inherits a listening socket from the test, so that no port is chosen twice.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// A running weir; killed when dropped.
pub(crate) struct Weir {
    child: Child,
    address: SocketAddr,
    file: PathBuf,
    lines: Receiver<String>,
    _listener: TcpListener,
}

impl Weir {
    /// Starts it with `text`, in which `LISTENER` is the socket it inherits and `LOG` its
    /// standard error; and returns once it serves.
    pub(crate) fn start(name: &str, text: &str, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        fcntl(&listener, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        let number = listener.as_raw_fd();
        let text = text
            .replace("LISTENER", &format!("fd@{number}"))
            .replace("LOG", "fd@2");
        let file = std::env::temp_dir().join(format!("weir-{}-{name}.cfg", std::process::id()));
        fs::write(&file, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["-db", "-f"])
            .arg(&file)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stderr.take().unwrap());
        Self {
            child,
            address: listener.local_addr().unwrap(),
            file,
            lines,
            _listener: listener,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line on its standard error; `None` at the end. Panics when none comes.
    pub(crate) fn next_line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line for {PATIENCE:?}"),
        }
    }

    /// Its lines until one contains `end`; panics when it ends before.
    pub(crate) fn lines_until(&self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next_line() {
            let found = line.contains(end);
            lines.push(line);
            if found {
                return lines;
            }
        }
        panic!("no line with {end:?} in {lines:#?}");
    }

    /// The lines that are there already.
    pub(crate) fn lines_so_far(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let word = line.and_then(|line| line.split_whitespace().nth(1));
        word.unwrap().parse().unwrap()
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid()))
            .unwrap()
            .count()
    }

    /// CPU time used so far, in clock ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        let fields = fields.split_whitespace().skip(11).take(2);
        fields.map(|field| field.parse::<u64>().unwrap()).sum()
    }

    /// Leaves it `spare` descriptors more than it has, while it runs; returns how many those
    /// are together.
    pub(crate) fn spare_descriptors(&self, spare: usize) -> usize {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let open: Vec<usize> = names.map(|name| name.parse().unwrap()).collect();
        let free = (0..).filter(|number| !open.contains(number));
        let count = free.take(spare).last().map_or(0, |last| last + 1);
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", self.pid()))
            .arg(format!("--nofile={count}:{count}"))
            .status()
            .unwrap();
        assert!(status.success());
        open.len() + spare
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

/// Reads in a thread of its own, so that the program never waits for its reader.
fn lines_of(errors: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut errors = BufReader::new(errors);
        let mut line = Vec::new();
        while errors.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// Real time after which a line counts as never coming.
const PATIENCE: Duration = Duration::from_secs(20);
