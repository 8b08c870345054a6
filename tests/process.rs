//! The built program as an operator meets it: daemon, processes, reload, signals, limits.
//!
//! Owns whole-process behaviour that neither unit tests nor scenarios reach. Each test has
//! its own directory and ports that were free a moment ago; whatever it starts ends with it.
//! Invariant: every wait is for something that can be seen, and gives up after a while.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, like tests"
)]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

#[test]
fn a_daemon_leaves_the_terminal_and_tells_its_number() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "here"));
    let daemon = site.start_daemon(&[]);
    let pid = daemon.only();
    assert_eq!(get(site.ports[0]).unwrap(), "here");
    assert_eq!(
        status_field(pid, "NSsid"),
        pid.to_string(),
        "its own session"
    );
    for stream in 0..3 {
        let path = fs::read_link(format!("/proc/{pid}/fd/{stream}")).unwrap();
        assert_eq!(path, Path::new("/dev/null"));
    }
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let paths = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    assert!(!paths.into_iter().any(|path| path == site.path("pid")));
    daemon.signal(Signal::SIGTERM);
    until("the daemon ends", || !is_alive(pid));
    assert!(get(site.ports[0]).is_err());
}

#[test]
fn each_process_listens_where_bind_process_says() {
    let site = Site::new(3);
    let pages = [
        site.page(0, "bind-process 1", "first"),
        site.page(1, "bind-process 2", "second"),
        site.page(2, "", "both"),
    ];
    site.write("cfg", &format!("global\n nbproc 2\n{}", pages.concat()));
    let daemon = site.start_daemon(&[]);
    assert_eq!(daemon.pids.len(), 2);
    let answers = || site.ports.iter().map(|port| get(*port).ok());
    let bodies: Vec<_> = answers().flatten().collect();
    assert_eq!(bodies, ["first", "second", "both"]);
    kill(daemon.pids[0], Signal::SIGTERM).unwrap();
    until("process 1 ends", || !is_alive(daemon.pids[0]));
    let bodies: Vec<_> = answers().collect();
    assert_eq!(bodies, [None, Some("second".into()), Some("both".into())]);
}

#[test]
fn paused_processes_free_their_ports_and_answer_again_when_resumed() {
    let site = Site::new(1);
    site.write(
        "cfg",
        &format!("global\n nbproc 2\n{}", site.page(0, "", "here")),
    );
    let daemon = site.start_daemon(&[]);
    for _again in 0..3 {
        daemon.signal(Signal::SIGTTOU);
        until("the port is free", || {
            TcpListener::bind(("127.0.0.1", site.ports[0])).is_ok()
        });
        // Whoever was last has heard the signal when it is asleep again.
        for pid in &daemon.pids {
            until("it has dealt with the signal", || is_asleep(*pid));
        }
        assert!(get(site.ports[0]).is_err());
        daemon.signal(Signal::SIGTTIN);
        until("it answers", || get(site.ports[0]).is_ok());
        for _request in 0..10 {
            assert_eq!(get(site.ports[0]).unwrap(), "here");
        }
    }
}

#[test]
fn a_new_process_takes_over_while_the_old_one_finishes() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "old"));
    let old = site.start_daemon(&[]);
    let mut begun = TcpStream::connect(("127.0.0.1", site.ports[0])).unwrap();
    begun.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    // Accepted in the order of arrival: answering a later one shows that this one was.
    assert_eq!(get(site.ports[0]).unwrap(), "old");
    site.write("cfg", &site.page(0, "", "new"));
    let new = site.start_daemon(&["-sf", &old.only().to_string()]);
    assert_ne!(new.only(), old.only());
    assert_eq!(get(site.ports[0]).unwrap(), "new");
    assert!(is_alive(old.only()), "it has a request to answer");
    begun.write_all(b"\r\n").unwrap();
    let answer = read_answer(&mut begun).unwrap();
    assert!(answer.ends_with("old"), "{answer}");
    until("the old process ends", || !is_alive(old.only()));
    assert_eq!(get(site.ports[0]).unwrap(), "new");
}

#[test]
fn a_new_process_may_end_the_old_one_at_once() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "here"));
    let old = site.start_daemon(&[]);
    let mut begun = TcpStream::connect(("127.0.0.1", site.ports[0])).unwrap();
    begun.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let _new = site.start_daemon(&["-st", &old.only().to_string()]);
    until("the old process ends", || !is_alive(old.only()));
    assert_eq!(get(site.ports[0]).unwrap(), "here");
}

#[test]
fn a_start_that_fails_leaves_the_old_process_serving() {
    let site = Site::new(2);
    site.write("cfg", &site.page(0, "", "old"));
    let old = site.start_daemon(&[]);
    let _taken = TcpListener::bind(("127.0.0.1", site.ports[1])).unwrap();
    let pages = [site.page(0, "", "new"), site.page(1, "", "new")];
    site.write("cfg", &pages.concat());
    let pid = old.only().to_string();
    let failed = site.run(&["-D", "-f", "cfg", "-sf", &pid]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(said.contains("cannot bind socket"), "{said}");
    until("the old process answers", || get(site.ports[0]).is_ok());
    assert_eq!(get(site.ports[0]).unwrap(), "old");
}

#[test]
fn a_start_that_fails_late_leaves_the_old_process_serving() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "old"));
    let old = site.start_daemon(&[]);
    fs::create_dir(site.path("folder")).unwrap();
    let pid = old.only().to_string();
    let failed = site.run(&["-D", "-f", "cfg", "-p", "folder", "-sf", &pid]);
    assert_eq!(failed.status.code(), Some(1));
    until("the old process answers", || get(site.ports[0]).is_ok());
}

#[test]
fn a_wrong_configuration_disturbs_nobody() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "old"));
    let old = site.start_daemon(&[]);
    site.write("bad", "listen l\n bogus\n");
    let failed = site.run(&["-D", "-f", "bad", "-sf", &old.only().to_string()]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(get(site.ports[0]).unwrap(), "old");
}

#[test]
fn a_soft_stop_in_the_foreground_ends_with_success() {
    let site = Site::new(1);
    site.write("cfg", &site.page(0, "", "here"));
    let mut process = site.start_foreground();
    let mut begun = TcpStream::connect(("127.0.0.1", site.ports[0])).unwrap();
    begun.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    assert_eq!(get(site.ports[0]).unwrap(), "here");
    process.signal(Signal::SIGUSR1);
    until("nobody listens", || {
        TcpStream::connect(("127.0.0.1", site.ports[0])).is_err()
    });
    begun.write_all(b"\r\n").unwrap();
    assert!(read_answer(&mut begun).unwrap().ends_with("here"));
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn hangup_logs_the_servers_and_quit_prints_the_pools() {
    let site = Site::new(1);
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let log = receiver.local_addr().unwrap();
    let more = " server a 127.0.0.1:9\n server b 127.0.0.1:9 backup\n";
    let page = site.page(0, &format!("log {log} local0"), "here");
    site.write("cfg", &format!("{page}{more}"));
    let mut process = site.start_foreground();
    process.signal(Signal::SIGHUP);
    let mut lines = String::new();
    while !lines.contains("SIGHUP: Proxy p0 has 1 active servers and 1 backup") {
        let mut line = [0; 2_048];
        let count = receiver.recv(&mut line).unwrap();
        lines.push_str(&String::from_utf8_lossy(&line[..count]));
    }
    assert!(lines.contains("SIGHUP: Server p0/a is UP."), "{lines}");
    process.signal(Signal::SIGQUIT);
    // Signals of one turn are handled in their order: the dump is written before the end.
    process.signal(Signal::SIGUSR1);
    process.wait();
    let said = process.said();
    assert!(
        said.contains("Dumping pools usage.\nPool buffer ("),
        "{said}"
    );
}

#[test]
fn limits_of_memory_are_shared_and_the_process_confines_itself() {
    if !geteuid().is_root() {
        return;
    }
    let site = Site::new(1);
    let jail = site.path("jail");
    fs::create_dir(&jail).unwrap();
    let global = format!(
        "global\n nbproc 2\n chroot {}\n user nobody\n",
        jail.display()
    );
    site.write("cfg", &format!("{global}{}", site.page(0, "", "here")));
    let daemon = site.start_daemon(&["-m", "400"]);
    assert_eq!(get(site.ports[0]).unwrap(), "here");
    for pid in &daemon.pids {
        assert_eq!(fs::read_link(format!("/proc/{pid}/root")).unwrap(), jail);
        assert_ne!(status_field(*pid, "Uid"), "0");
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let space = limits
            .lines()
            .find(|line| line.starts_with("Max address space"));
        let expected = (200 * 1_024 * 1_024).to_string();
        assert!(space.unwrap().contains(&expected), "{limits}");
    }
}

#[test]
fn descriptors_that_cannot_be_had_end_the_start_unless_limits_are_loose() {
    let site = Site::new(1);
    // More than the kernel gives anybody.
    let global = "global\n maxconn 100\n ulimit-n 4000000000\n";
    site.write("cfg", &format!("{global}{}", site.page(0, "", "here")));
    let failed = site.run(&["-D", "-f", "cfg"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(
        said.contains("[ALERT]") && said.contains("4000000000"),
        "{said}"
    );
    let loose = format!("{global} no strict-limits\n{}", site.page(0, "", "here"));
    site.write("cfg", &loose);
    let _daemon = site.start_daemon(&[]);
    assert_eq!(get(site.ports[0]).unwrap(), "here");
}

#[test]
fn a_directory_means_its_cfg_files_in_order() {
    let site = Site::new(1);
    fs::create_dir(site.path("conf")).unwrap();
    site.write("conf/20.cfg", &site.page(0, "", "here"));
    site.write("conf/10.cfg", "defaults\n timeout client 1s\n");
    site.write("conf/other", "bogus\n");
    assert_eq!(site.run(&["-c", "-f", "conf"]).status.code(), Some(0));
    site.write("conf/30.cfg", "listen l\n bogus\n");
    let failed = site.run(&["-c", "-f", "conf"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(
        said.contains("parsing [conf/30.cfg:2] : unknown keyword 'bogus'"),
        "{said}"
    );
}

#[test]
fn the_name_haproxy_changes_nothing_but_the_name() {
    let site = Site::new(0);
    let link = site.path("haproxy");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let output = Command::new(&link).arg("-v").output().unwrap();
    assert!(output.stdout.starts_with(b"HAProxy version "));
    assert_eq!(output.status.code(), Some(0));
}

/// A directory of its own and ports to listen on.
struct Site {
    directory: PathBuf,
    ports: Vec<u16>,
}

impl Site {
    fn new(port_count: usize) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-process-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        // All at once, so that no port is found twice.
        let listeners: Vec<_> = (0..port_count)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports = listeners.iter().map(port).collect();
        Self { directory, ports }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A proxy that answers on the port with this index.
    fn page(&self, index: usize, more: &str, body: &str) -> String {
        let port = self.ports[index];
        format!(
            "listen p{index}\n mode http\n timeout client 20s\n timeout connect 20s\n \
             timeout server 20s\n bind 127.0.0.1:{port}\n {more}\n \
             http-request return content-type text/plain string {body}\n"
        )
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(&self.directory).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `cfg` in the background; the parent has returned when this does.
    fn start_daemon(&self, arguments: &[&str]) -> Daemon {
        let pidfile = self.path("pid");
        let all = [
            &["-D", "-f", "cfg", "-p", pidfile.to_str().unwrap()],
            arguments,
        ]
        .concat();
        let mut command = self.command(&all);
        // Nothing is captured: the workers would hold the pipe until they have detached.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(0));
        let text = fs::read_to_string(pidfile).unwrap();
        let pid = |line: &str| Pid::from_raw(line.parse().unwrap());
        let pids: Vec<Pid> = text.lines().map(pid).collect();
        for pid in &pids {
            until("it handles signals", || {
                status_field(*pid, "SigBlk") != NO_SIGNAL
            });
        }
        Daemon { pids }
    }

    fn start_foreground(&self) -> Foreground {
        let said = fs::File::create(self.path("stderr")).unwrap();
        let child = self.command(&["-db", "-f", "cfg"]).stderr(said).spawn();
        let mut process = Foreground {
            child: child.unwrap(),
            said: self.path("stderr"),
        };
        until("it answers", || {
            assert!(process.child.try_wait().unwrap().is_none(), "it ended");
            get(self.ports[0]).is_ok()
        });
        process
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The workers of a start in the background.
struct Daemon {
    pids: Vec<Pid>,
}

impl Daemon {
    fn only(&self) -> Pid {
        assert_eq!(self.pids.len(), 1);
        self.pids[0]
    }

    fn signal(&self, signal: Signal) {
        for pid in &self.pids {
            kill(*pid, signal).unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for pid in self.pids.iter().filter(|pid| is_alive(**pid)) {
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }
}

/// A process that serves as a child of the test.
struct Foreground {
    child: Child,
    said: PathBuf,
}

impl Foreground {
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        until("it ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body that a port answers with.
fn get(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let answer = read_answer(&mut stream)?;
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    body.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Everything until the other side closes.
fn read_answer(stream: &mut TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Tries until it is true.
fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < PATIENCE, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The first word of a line in the kernel's account of a process; empty once it is gone.
fn status_field(pid: Pid, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")));
    let word = line.and_then(|line| line.split_whitespace().nth(1));
    word.unwrap_or_default().to_owned()
}

/// False for zombies too: who adopted them may be slow to notice.
fn is_alive(pid: Pid) -> bool {
    !matches!(status_field(pid, "State").as_str(), "" | "Z" | "X")
}

fn is_asleep(pid: Pid) -> bool {
    status_field(pid, "State") == "S" && status_field(pid, "ShdPnd") == NO_SIGNAL
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_weir");
/// An empty set of signals as the kernel shows it.
const NO_SIGNAL: &str = "0000000000000000";
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);
