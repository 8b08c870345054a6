//! Modes by table; forking, detaching and dropping privileges with real processes.
//!
//! The test binary runs itself, single-threaded, with [`SCENE`] in its environment; what the
//! processes see of themselves comes back through a pipe that is their standard input.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::*;
use crate::process::limits::{
    Demand, Plan, allow_core_files, limit_memory, memory_per_process, raise_fd_limit,
};
use crate::process::pidfile::PidFile;
use crate::process::privileges::{Identity, OwnRights, drop_identity, enter_chroot};
use crate::sys::process::{
    Limit, LimitKind, current_pid, is_superuser, limit, open_null, set_limit,
};

fn settle(line: &str, global: &Global, pid: i32) -> (Modes, Vec<&'static str>) {
    let words = ["-f", "x"].into_iter().chain(line.split_whitespace());
    let arguments = Arguments::parse(words.map(OsString::from)).unwrap();
    Modes::settle(&arguments, global, Pid::from_raw(pid))
}

fn daemon_with(nbproc: u32) -> Global {
    Global {
        daemon: true,
        nbproc,
        ..Global::default()
    }
}

#[test]
fn the_background_takes_all_processes() {
    let (modes, warnings) = settle("", &daemon_with(3), 9);
    assert!(modes.daemon && warnings.is_empty());
    assert_eq!(modes.processes, 3);
    let (modes, _) = settle("-D", &Global::default(), 9);
    assert!(modes.daemon);
    assert_eq!(modes.processes, 1);
}

#[test]
fn foreground_wins_silently_over_the_background() {
    for line in ["-db", "-D -db", "-db -D", "-d"] {
        let (modes, warnings) = settle(line, &daemon_with(3), 9);
        assert!(!modes.daemon, "{line}");
        assert_eq!(modes.processes, 1);
        assert!(warnings.is_empty(), "{line}: {warnings:?}");
    }
}

#[test]
fn debug_wins_over_quiet_and_says_so_when_both_are_asked_at_once() {
    for line in ["-d -q", "-d -D"] {
        let (modes, warnings) = settle(line, &Global::default(), 9);
        assert!(modes.debug && !modes.quiet && !modes.daemon);
        assert_eq!(warnings, [DEBUG_WINS]);
    }
    let quiet = Global {
        quiet: true,
        ..Global::default()
    };
    let (modes, warnings) = settle("-d", &quiet, 9);
    assert!(!modes.quiet && warnings.is_empty());
}

#[test]
fn several_processes_need_the_background() {
    let global = Global {
        nbproc: 4,
        ..Global::default()
    };
    let (modes, warnings) = settle("", &global, 9);
    assert_eq!((modes.processes, warnings), (1, vec![ONE_IN_FOREGROUND]));
}

#[test]
fn process_one_stays_in_the_foreground() {
    let (modes, warnings) = settle("-D", &Global::default(), 1);
    assert!(!modes.daemon);
    assert_eq!(warnings, [FIRST_PROCESS_STAYS]);
}

#[test]
fn when_one_worker_cannot_start_the_others_are_stopped() {
    let mut next = 10;
    let mut stopped = Vec::new();
    let fork = || {
        next += 1;
        match next {
            13 => Err(io::Error::from_raw_os_error(libc::EAGAIN)),
            pid => Ok(ForkSide::Parent(Pid::from_raw(pid))),
        }
    };
    let error = fork_with(5, fork, |pid| stopped.push(pid.as_raw())).unwrap_err();
    assert!(error.to_string().starts_with("Cannot fork : "));
    assert_eq!(stopped, [11, 12]);
}

#[test]
fn workers_are_numbered_from_one() {
    let mut sides = [ForkSide::Parent(Pid::from_raw(5)), ForkSide::Child].into_iter();
    let role = fork_with(3, || Ok(sides.next().unwrap()), |_pid| ()).unwrap();
    assert_eq!(role, Role::Worker { number: 2 });
}

#[test]
fn a_daemon_leaves_its_numbers_and_its_terminal() {
    let scratch = Scratch::new("daemon");
    let (status, mut lines) = play("daemon", &scratch.0);
    assert!(status.success());
    lines.sort();
    let pids = std::fs::read_to_string(scratch.0.join("pids")).unwrap();
    let numbers = ["1", "2", "3"];
    assert_eq!((pids.lines().count(), lines.len()), (3, 3), "{lines:?}");
    for ((number, pid), line) in numbers.iter().zip(pids.lines()).zip(&lines) {
        let expected = format!("{number} {pid} leads={pid} /dev/null /dev/null /dev/null");
        assert_eq!(*line, expected);
    }
}

#[test]
fn privileges_are_gone_for_good() {
    if !is_superuser() {
        return; // There is nothing to give up.
    }
    let scratch = Scratch::new("privileges");
    let (status, lines) = play("privileges", &scratch.0);
    assert!(status.success());
    let ids = "65534 65534 65534 65534";
    let expected = [
        "at /".to_owned(),
        "no way out".to_owned(),
        format!("Uid: {ids}"),
        format!("Gid: {ids}"),
        "Groups:".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn limits_are_set_for_real() {
    let scratch = Scratch::new("limits");
    let (status, lines) = play("limits", &scratch.0);
    assert!(status.success());
    let expected = [
        "soft descriptors 300",
        "address space 1099511627776",
        "core raised",
    ];
    assert_eq!(lines, expected);
}

/// Runs [`scene`] in a process of its own; returns its end and the lines of its report.
fn play(name: &str, scratch: &Path) -> (ExitStatus, Vec<String>) {
    let (mut reader, writer) = io::pipe().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "process::daemon::tests::scene"])
        .args(["--test-threads=1", "--nocapture"])
        .env(SCENE, name)
        .env(SCRATCH, scratch)
        .stdin(writer)
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut report = String::new();
    reader.read_to_string(&mut report).unwrap();
    let status = child.wait().unwrap();
    (status, report.lines().map(str::to_owned).collect())
}

/// The other side of [`play`]; an ordinary run of the tests has no scene and passes by.
#[test]
#[expect(
    clippy::exit,
    reason = "a process of a scene must not go on as a test runner"
)]
fn scene() {
    let (Ok(name), Some(scratch)) = (std::env::var(SCENE), std::env::var_os(SCRATCH)) else {
        return;
    };
    let scratch = PathBuf::from(scratch);
    let report = io::stdin().as_fd().try_clone_to_owned().unwrap();
    let mut report = File::from(report);
    match name.as_str() {
        "daemon" => play_daemon(&scratch, &mut report),
        "privileges" => play_privileges(&scratch, &mut report),
        "limits" => play_limits(&mut report),
        other => panic!("no scene is called {other}"),
    }
    std::process::exit(0);
}

fn play_daemon(scratch: &Path, report: &mut File) {
    let pidfile = PidFile::open(&scratch.join("pids")).unwrap();
    let null = open_null().unwrap();
    let number = match fork_workers(3).unwrap() {
        Role::Parent { workers } => return pidfile.write(&workers).unwrap(),
        Role::Worker { number } => number,
    };
    detach(&null).unwrap();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let session = stat.rsplit(')').next().unwrap().split(' ').nth(4).unwrap();
    let target = |fd| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    let streams = [0, 1, 2]
        .map(|fd| target(fd).display().to_string())
        .join(" ");
    let pid = current_pid();
    let line = format!("{number} {pid} leads={session} {streams}\n");
    report.write_all(line.as_bytes()).unwrap();
}

fn play_privileges(scratch: &Path, report: &mut File) {
    let mut status = File::open("/proc/self/status").unwrap();
    let identity = Identity {
        chroot: Some(scratch.to_owned()),
        uid: Some(65_534),
        gid: Some(65_534),
        needs_network_rights: false,
    };
    enter_chroot(&identity, &mut OwnRights).unwrap();
    assert!(drop_identity(&identity, &mut OwnRights).unwrap().is_none());
    let directory = std::env::current_dir().unwrap();
    writeln!(report, "at {}", directory.display()).unwrap();
    let escaped = enter_chroot(&identity, &mut OwnRights).is_ok() || Path::new("/etc").exists();
    writeln!(report, "{}", if escaped { "escaped" } else { "no way out" }).unwrap();
    let mut text = String::new();
    status.read_to_string(&mut text).unwrap();
    for line in text.lines() {
        if ["Uid:", "Gid:", "Groups:"]
            .iter()
            .any(|name| line.starts_with(name))
        {
            let words: Vec<_> = line.split_whitespace().collect();
            writeln!(report, "{}", words.join(" ")).unwrap();
        }
    }
}

fn play_limits(report: &mut File) {
    let fds = limit(LimitKind::OpenFiles).unwrap();
    let low = Limit {
        soft: Some(64),
        ..fds
    };
    set_limit(LimitKind::OpenFiles, low).unwrap();
    let demand = Demand {
        maxconn: 80,
        ulimit_n: 300,
        ..Demand::default()
    };
    let complaints = raise_fd_limit(&Plan::of(&demand, low)).unwrap();
    assert!(complaints.is_empty(), "{complaints:?}");
    let soft = limit(LimitKind::OpenFiles).unwrap().soft.unwrap();
    writeln!(report, "soft descriptors {soft}").unwrap();

    limit_memory(0).unwrap();
    limit_memory(memory_per_process(1 << 21, 2)).unwrap();
    let space = limit(LimitKind::AddressSpace).unwrap();
    assert_eq!(space.soft, space.hard);
    writeln!(report, "address space {}", space.soft.unwrap()).unwrap();

    let core = limit(LimitKind::CoreSize).unwrap();
    let none = Limit {
        soft: Some(0),
        ..core
    };
    set_limit(LimitKind::CoreSize, none).unwrap();
    allow_core_files().unwrap();
    let raised = limit(LimitKind::CoreSize).unwrap().soft == core.hard;
    writeln!(report, "core {}", if raised { "raised" } else { "kept" }).unwrap();
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let unique = format!("weir-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Names the scene that a process of these tests plays.
const SCENE: &str = "WEIR_TEST_SCENE";

/// The directory of that scene.
const SCRATCH: &str = "WEIR_TEST_SCRATCH";
