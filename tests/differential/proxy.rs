//! One proxy as a child process with one configuration, in front of its own origin, and all that
//! came out of it.
//!
//! In a configuration `LISTEN0` to `LISTEN9` are sockets that the proxy inherits, `ORIGIN0` to
//! `ORIGIN3` addresses of servers, `REFUSED` one where nobody listens, `LOG` where log lines go and
//! `FILES` the folder with lists, maps and pages.

use std::fs;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, SockaddrIn};
use nix::unistd::Pid;

use crate::generator::Exchange;
use crate::mask::Ports;
use crate::message::{End, Message, Reader};
use crate::origin::Origin;
use crate::syslog::Syslog;

/// What one exchange left behind, with ports and dates masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The responses, and what else the client met, in order.
    pub(crate) client: Vec<Item>,
    /// The number of the server and the request it got.
    pub(crate) origin: Vec<(usize, Message)>,
    pub(crate) log: Vec<String>,
}

/// What a client met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Response(Message),
    /// The connection closed while responses were awaited.
    Closed,
    /// No answer came in time.
    Silent,
}

impl Item {
    pub(crate) const fn response(&mut self) -> Option<&mut Message> {
        match self {
            Self::Response(response) => Some(response),
            Self::Closed | Self::Silent => None,
        }
    }

    /// The status of a response; 0 for anything else.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Response(response) => response.status(),
            Self::Closed | Self::Silent => 0,
        }
    }
}

/// A program and a configuration for it.
pub(crate) struct Proxy<'a> {
    pub(crate) program: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl Proxy<'_> {
    /// Runs all exchanges; an error is what the program says about the configuration.
    pub(crate) fn run(&self, exchanges: &[Exchange]) -> Result<Vec<Seen>, String> {
        let origin = Origin::start();
        let syslog = Syslog::start();
        let listeners = listeners(self.text);
        let file = self.file(&origin, &syslog, &listeners);
        let verdict = Command::new(self.program)
            .args(["-c", "-f"])
            .arg(&file)
            .output()
            .unwrap();
        if !verdict.status.success() {
            let text = String::from_utf8_lossy(&verdict.stderr).into_owned();
            return Err(text.replace(&file.display().to_string(), self.name));
        }
        let child = Running::start(self.program, file);
        let addresses: Vec<SocketAddr> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap())
            .collect();
        let mut ports = Ports::new(origin.addresses(), &addresses);
        let mut seen = Vec::new();
        let mut used = Vec::new();
        for exchange in exchanges {
            origin.begin(exchange.number);
            let address = addresses[exchange.listener];
            let (port, client) = converse(exchange, address, &used);
            used.push(port);
            ports.add_client(port, exchange.number);
            seen.push(Seen {
                client,
                ..Seen::default()
            });
        }
        child.finish();
        for received in origin.received() {
            let entry = (received.server, received.request);
            if let Some(seen) = seen.get_mut(received.exchange) {
                seen.origin.push(entry);
            }
        }
        let mut number = 0;
        for line in syslog.finish() {
            number = ports.exchange_of(&line, number).unwrap_or(number);
            if let Some(seen) = seen.get_mut(number) {
                seen.log.push(ports.log_line(&line));
            }
        }
        for seen in &mut seen {
            ports.mask(seen);
        }
        Ok(seen)
    }

    /// The configuration with its names filled in.
    fn file(&self, origin: &Origin, syslog: &Syslog, listeners: &[TcpListener]) -> PathBuf {
        let mut text = self.text.to_owned();
        for (number, listener) in listeners.iter().enumerate() {
            let inherited = format!("fd@{}", listener.as_raw_fd());
            text = text.replace(&format!("LISTEN{number}"), &inherited);
        }
        for (number, address) in origin.addresses().iter().enumerate() {
            text = text.replace(&format!("ORIGIN{number}"), &address.to_string());
        }
        let refused = TcpListener::bind("127.0.0.1:0").unwrap();
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/configs/files");
        let text = text
            .replace("REFUSED", &refused.local_addr().unwrap().to_string())
            .replace("FILES", files.to_str().unwrap())
            .replace("LOG", &syslog.address().to_string());
        let program = self.program.file_name().unwrap().to_str().unwrap();
        let text = match program.starts_with("haproxy") {
            // Its threads would let one connection begin before the last has ended.
            true => text.replacen("global\n", "global\n    nbthread 1\n", 1),
            false => text,
        };
        let name = format!("weir-{}-{}-{program}.cfg", std::process::id(), self.name);
        let file = std::env::temp_dir().join(name);
        fs::write(&file, text).unwrap();
        file
    }
}

/// A socket for each listener that the configuration names.
fn listeners(text: &str) -> Vec<TcpListener> {
    let count = (0..10)
        .take_while(|number| text.contains(&format!("LISTEN{number}")))
        .count();
    let sockets = (0..count).map(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        fcntl(&listener, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        listener
    });
    sockets.collect()
}

/// The listeners that a configuration names.
pub(crate) fn listener_count(text: &str) -> usize {
    listeners(text).len()
}

/// The child; killed when dropped.
struct Running {
    child: Child,
    file: PathBuf,
}

impl Running {
    fn start(program: &Path, file: PathBuf) -> Self {
        let child = Command::new(program)
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, file }
    }

    /// Lets it end what it does, so that its last log lines come out.
    fn finish(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        // It may be gone; that shows in what the clients saw.
        let _ = kill(pid, Signal::SIGUSR1);
        let end = Instant::now() + SOFT_STOP;
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

/// Connects from a port that no recent connection had, not even one to another listener: log
/// lines are told apart by it.
fn connect_apart(address: SocketAddr, recent: &[u16]) -> nix::Result<TcpStream> {
    let SocketAddr::V4(address) = address else {
        return Err(nix::Error::EAFNOSUPPORT);
    };
    let flags = SockFlag::SOCK_CLOEXEC;
    let fd = socket::socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    socket::bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0))?;
    let name: SockaddrIn = socket::getsockname(fd.as_raw_fd())?;
    if recent.contains(&name.port()) {
        return Err(nix::Error::EADDRINUSE);
    }
    socket::connect(fd.as_raw_fd(), &SockaddrIn::from(address))?;
    Ok(TcpStream::from(fd))
}

/// Plays the client; returns its port too.
fn converse(exchange: &Exchange, address: SocketAddr, used: &[u16]) -> (u16, Vec<Item>) {
    let recent = &used[used.len().saturating_sub(PORTS_APART)..];
    let stream = (0..PORTS_TRIED).find_map(|_| connect_apart(address, recent).ok());
    let stream = stream.unwrap_or_else(|| TcpStream::connect(address).unwrap());
    let port = stream.local_addr().unwrap().port();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = Reader::new(stream);
    let mut items = Vec::new();
    'steps: for step in &exchange.steps {
        // A proxy that closes early shows in what is read.
        let _ = reader.stream().write_all(&step.bytes);
        if exchange.shuts_early {
            let _ = reader.stream().shutdown(Shutdown::Write);
        }
        for kind in &step.responses {
            while let Some(response) = reader.message(*kind) {
                let is_interim = matches!(response.status(), 100..=199);
                items.push(Item::Response(response));
                if !is_interim {
                    break;
                }
            }
            if let Some(end) = reader.end {
                items.push(if end == End::Silent {
                    Item::Silent
                } else {
                    Item::Closed
                });
                break 'steps;
            }
        }
    }
    // The proxy's own end comes after it has written its log line.
    let _ = reader.stream().shutdown(Shutdown::Write);
    if reader.end.is_none() {
        let rest = reader.rest();
        if !rest.is_empty() {
            items.push(Item::Response(Message::raw(rest)));
        }
    }
    (port, items)
}

/// Exchanges after which a port may come back, and how often another is asked for.
const PORTS_APART: usize = 200;
const PORTS_TRIED: usize = 50;
/// Real time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// Real time that a proxy has for ending.
const SOFT_STOP: Duration = Duration::from_secs(2);
