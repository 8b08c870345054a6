//! The command socket of the built program, driven as scripts drive it.
//!
//! Each test starts the program with a configuration of its own in a directory of its own and
//! talks to its socket. Where Debian's HAProxy 2.6 is installed, answers are compared with its.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[test]
fn show_info_has_the_keys_of_haproxy_in_its_order() {
    let Some(reference) = Program::reference(CONFIG) else {
        return;
    };
    let weir = Program::weir(CONFIG);
    let keys = |program: &Program| -> Vec<String> {
        let answer = program.ask("show info");
        let keys = answer.lines().filter_map(|line| line.split_once(": "));
        keys.map(|(key, _)| key.to_owned()).collect()
    };
    let mut expected = keys(&reference);
    let uncounted = ["DroppedLogs", "TotalSplicdedBytesOut", "BytesOutRate"];
    expected.retain(|key| !uncounted.contains(&key.as_str()));
    // Only a reference that was built with zlib tells these (manual, "maxzlibmem").
    let of_zlib = ["ZlibMemUsage", "MaxZlibMemUsage"];
    expected.retain(|key| !of_zlib.contains(&key.as_str()));
    let mut found = keys(&weir);
    found.retain(|key| !of_zlib.contains(&key.as_str()));
    assert_eq!(found, expected);
}

#[test]
fn show_stat_has_the_columns_of_haproxy_in_its_order() {
    let Some(reference) = Program::reference(CONFIG) else {
        return;
    };
    let weir = Program::weir(CONFIG);
    let header = |program: &Program| program.ask("show stat").lines().next().map(str::to_owned);
    assert_eq!(header(&weir), header(&reference));
    let width = header(&weir).unwrap().split(',').count();
    for row in weir
        .ask("show stat")
        .lines()
        .filter(|line| !line.is_empty())
    {
        assert_eq!(row.split(',').count(), width, "{row}");
    }
}

#[test]
fn replies_are_those_of_haproxy() {
    let Some(reference) = Program::reference(CONFIG) else {
        return;
    };
    let weir = Program::weir(CONFIG);
    for command in COMPARED {
        assert_eq!(weir.ask(command), reference.ask(command), "{command}");
    }
}

#[test]
fn a_large_answer_reaches_a_client_that_reads_slowly() {
    let mut config = CONFIG.to_owned();
    config.push_str("backend many\n");
    for number in 1..=3000 {
        config.push_str(&format!(" server server-{number} 127.0.0.1:1\n"));
    }
    let weir = Program::weir(&config);
    let mut client = weir.connect();
    client.write_all(b"show stat; show stat typed\n").unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 700];
    while let Ok(count @ 1..) = client.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(
        answer
            .lines()
            .filter(|line| line.starts_with("many,server-"))
            .count(),
        3000
    );
    assert_eq!(answer.matches(".svname.1:KNS:str:server-").count(), 3000);
    assert!(answer.ends_with("\n\n"));
}

#[test]
fn garbage_is_answered_or_refused_and_harms_nobody() {
    let weir = Program::weir(CONFIG);
    let mut state = 1_u64;
    for len in [1, 100, 5_000, 100_000] {
        let bytes: Vec<u8> = (0..len)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                // Line ends would only make more commands of it.
                match u8::try_from(state >> 56).unwrap() {
                    b'\n' | b';' => 0,
                    byte => byte,
                }
            })
            .collect();
        let mut client = weir.connect();
        // It may be refused before all of it was sent.
        let _ = client.write_all(&bytes);
        let _ = client.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
    }
    assert_eq!(weir.ask("show cli level"), "admin\n\n");
    assert!(weir.ask("show activity").contains("panics: 0\n"));
}

#[test]
fn a_line_that_fits_no_buffer_is_refused() {
    let weir = Program::weir(CONFIG);
    let mut client = weir.connect();
    client.write_all(&[b'x'; 16_384]).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "The command does not fit into a buffer, closing.\n");
}

#[test]
fn sessions_are_listed_and_ended() {
    let weir = Program::weir(CONFIG);
    let mut client = TcpStream::connect(("127.0.0.1", weir.port)).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let line = weir.wait_for("show sess", |answer| {
        answer
            .lines()
            .find(|line| line.contains(" fe=web "))
            .map(str::to_owned)
    });
    let number = line.split(':').next().unwrap();
    assert!(weir.ask(&format!("show sess {number}")).starts_with(number));
    assert_eq!(weir.ask(&format!("shutdown session {number}")), "\n");
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    assert_eq!(
        weir.ask(&format!("show sess {number}")),
        "Session not found.\n\n"
    );
    let answer = weir.ask(&format!("shutdown session {number}"));
    assert_eq!(answer, "No such session (use 'show sess').\n\n");
}

#[test]
fn a_disabled_frontend_refuses_until_it_is_enabled() {
    let weir = Program::weir(CONFIG);
    let reaches = || TcpStream::connect(("127.0.0.1", weir.port)).is_ok();
    assert!(reaches());
    assert_eq!(weir.ask("disable frontend web"), "\n");
    assert!(weir.ask("show stat web 1 -1").contains(",PAUSED,"));
    assert!(!reaches());
    assert_eq!(weir.ask("enable frontend web"), "\n");
    assert!(reaches());
    assert_eq!(weir.ask("shutdown frontend web"), "\n");
    assert!(!reaches());
    assert!(weir.ask("show stat web 1 -1").contains(",STOP,"));
}

#[test]
fn the_process_limit_can_be_lowered_while_it_serves() {
    let weir = Program::weir(CONFIG);
    assert_eq!(weir.ask("set maxconn global 1"), "\n");
    assert!(
        weir.ask("show info")
            .contains("\nMaxconn: 1\nHard_maxconn: 100\n")
    );
    let first = TcpStream::connect(("127.0.0.1", weir.port)).unwrap();
    weir.wait_for("show info", |answer| {
        answer.contains("\nCurrConns: 1\n").then_some(())
    });
    let second = TcpStream::connect(("127.0.0.1", weir.port)).unwrap();
    assert!(weir.ask("show info").contains("\nCurrConns: 1\n"));
    assert_eq!(weir.ask("set maxconn global 0"), "\n");
    weir.wait_for("show info", |answer| {
        answer.contains("\nCurrConns: 2\n").then_some(())
    });
    drop((first, second));
}

#[test]
fn a_process_without_frontends_serves_its_command_socket() {
    let weir = Program::weir("backend idle\n");
    assert!(
        weir.ask("show info;show sess;show stat;show errors")
            .starts_with("Name: ")
    );
    let mut client = weir.connect();
    client.write_all(b"prompt\nshow cli level\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "\n> admin\n\n> ");
    assert!(weir.ask("show activity").contains("panics: 0\n"));
}

/// A running program with a command socket.
struct Program {
    child: Child,
    directory: PathBuf,
    port: u16,
}

impl Program {
    fn weir(config: &str) -> Self {
        Self::start(Path::new(env!("CARGO_BIN_EXE_weir")), config)
    }

    /// HAProxy, where it is installed.
    fn reference(config: &str) -> Option<Self> {
        let path = Path::new("/usr/sbin/haproxy");
        path.exists().then(|| Self::start(path, config))
    }

    fn start(path: &Path, config: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("weir-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let port = free_port();
        let socket = directory.join("stats.sock");
        let head = format!(
            "global\n maxconn 100\n description test\n stats socket {} level admin\n",
            socket.display()
        );
        let file = directory.join("config.cfg");
        fs::write(&file, head + &config.replace("PORT", &port.to_string())).unwrap();
        let child = Command::new(path)
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self {
            child,
            directory,
            port,
        };
        program.ask("show cli level");
        program
    }

    /// Connects, as soon as the program listens.
    fn connect(&self) -> UnixStream {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(self.directory.join("stats.sock")) {
                Ok(client) => {
                    client.set_read_timeout(Some(PATIENCE)).unwrap();
                    return client;
                }
                Err(error) => assert!(Instant::now() < deadline, "cannot connect: {error}"),
            }
            std::thread::yield_now();
        }
    }

    /// The answer to a line.
    fn ask(&self, line: &str) -> String {
        let mut client = self.connect();
        // In one piece: between two, a connection without a prompt may be closed.
        client.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks until the answer holds what is looked for.
    fn wait_for<T>(&self, line: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(line);
            if let Some(found) = find(&answer) {
                return found;
            }
            assert!(Instant::now() < deadline, "never seen in:\n{answer}");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A program that has ended already needs no more ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listens on, and that no other test here was given: programs may share
/// a port without noticing.
fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

const CONFIG: &str = "\
defaults
 mode http
 timeout connect 1s
 timeout client 20s
 timeout server 20s
frontend web
 bind 127.0.0.1:PORT
 default_backend app
backend app
 server one 127.0.0.1:1 weight 7
 server two 127.0.0.1:2 cookie c2
backend fixed
 balance source
 server x 127.0.0.1:1 weight 3
";

/// Commands with the same answers, in this order, since some change what others show.
const COMPARED: &[&str] = &[
    "get weight app/one",
    "get weight app",
    "get weight app/",
    "get weight app/zz",
    "get weight zz/one",
    "get weight",
    "set weight app/one 5",
    "get weight app/one",
    "set weight app/one 50%",
    "get weight app/one",
    "set weight app/one 300",
    "set weight app/one abc",
    "set weight app/one 5x",
    "set weight app/one",
    "set weight app/one -1",
    "set weight app/one -1%",
    "set weight fixed/x 5",
    "set weight fixed/x 0",
    "set weight fixed/x 100%",
    "disable server app/one",
    "enable server app/one",
    "enable server app/zz",
    "enable server",
    "set server app/one state maint",
    "set server app/one state drain",
    "set server app/one state ready",
    "set server app/one state up",
    "set server app/one state",
    "set server app/one weight 9",
    "get weight app/one",
    "set server app/one weight",
    "set server zz/one state ready",
    "set maxconn frontend web 50",
    "set maxconn frontend web",
    "set maxconn frontend web -1",
    "set maxconn frontend zz 5",
    "set maxconn frontend app 5",
    "set maxconn frontend",
    "set maxconn global 50",
    "set maxconn global 0",
    "set maxconn global 500",
    "set maxconn global",
    "set maxconn server app/one 5",
    "set maxconn server app/one",
    "set maxconn server app/one x",
    "set maxconn server app/one 5x",
    "set maxconn server",
    "set rate-limit connections global 5000",
    "set rate-limit connections global",
    "set rate-limit connections global -1",
    "set rate-limit sessions global 6000",
    "set timeout cli 5",
    "set timeout cli",
    "set timeout",
    "set timeout foo",
    "set timeout cli x",
    "set timeout cli 1h",
    "set timeout cli 0",
    "clear counters",
    "clear counters all",
    "shutdown session",
    "shutdown session 0x1",
    "shutdown session foo",
    "shutdown sessions server app/one",
    "shutdown sessions server",
    "shutdown sessions server zz/one",
    "disable frontend web",
    "disable frontend web",
    "enable frontend web",
    "enable frontend web",
    "disable frontend",
    "disable frontend zz",
    "shutdown frontend web",
    "shutdown frontend web",
    "enable frontend web",
    "disable frontend web",
    "shutdown frontend",
    "show errors zz",
    "show env NO_SUCH_VARIABLE",
    "show cli level",
    "show cli level;operator;show cli level;set weight app/one 5",
    "user;show errors;show cli level;show sess;operator",
    "prompt;prompt;show cli level",
    "show cli level\nshow cli level",
    "prompt\nshow cli level;show cli level\nquit\nshow cli level",
    "  show   cli\tlevel  \r",
    "show env a\\;b;show cli level",
    "quit",
];
