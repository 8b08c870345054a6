//! An example on stage: the program with the file from conf/, clients before it and servers
//! behind it, all on ports of this run.
//!
//! Owns what is changed in a file so that it can run here: every `127.0.0.1:<port>` becomes
//! one of ours. Servers keep the port they have in the file as their name. With
//! `REFERENCE=/usr/sbin/haproxy` that program is on stage instead of weir.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use std::os::fd::AsRawFd as _;

/// A program that runs an example.
pub(crate) struct Stage {
    program: Child,
    /// By the port of the file.
    ports: BTreeMap<u16, u16>,
    log: UdpSocket,
    output: Receiver<String>,
    directory: PathBuf,
}

/// What a server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers requests with what it read, and upgrades to echo what it gets.
    Http,
    /// Tells its name and echoes what it gets.
    Echo,
}

/// How to put an example on stage.
pub(crate) struct Setting {
    pub(crate) role: Role,
    /// Servers that are not there.
    pub(crate) missing: &'static [u16],
    /// Texts of the file, or of what it reads, and what they become.
    pub(crate) changes: &'static [(&'static str, &'static str)],
}

impl Setting {
    pub(crate) const HTTP: Self = Self {
        role: Role::Http,
        missing: &[],
        changes: &[],
    };
}

impl Stage {
    /// The example of this name, as it is.
    pub(crate) fn of(name: &str) -> Self {
        Self::with(name, &Setting::HTTP)
    }

    pub(crate) fn with(name: &str, setting: &Setting) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = format!("weir-examples-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        fs::create_dir_all(directory.join("conf")).unwrap();
        let changed = |text: String| {
            let changes = setting.changes.iter();
            changes.fold(text, |text, (from, to)| text.replace(from, to))
        };
        for map in files("map") {
            let text = changed(fs::read_to_string(&map).unwrap());
            fs::write(directory.join("conf").join(map.file_name().unwrap()), text).unwrap();
        }
        let text = fs::read_to_string(root().join(format!("conf/{name}.cfg"))).unwrap();
        let log = UdpSocket::bind("127.0.0.1:0").unwrap();
        log.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stage = Self {
            program: idle(),
            ports: BTreeMap::from([(LOG_PORT, log.local_addr().unwrap().port())]),
            log,
            output: channel().1,
            directory,
        };
        let text = stage.with_ports(&changed(text), setting);
        fs::write(stage.directory.join("example.cfg"), text).unwrap();
        stage.start();
        stage
    }

    /// The text with ports of this run; servers are started on theirs.
    fn with_ports(&mut self, text: &str, setting: &Setting) -> String {
        // All stay open until the last is found, so that none is found twice.
        let mut entrances = Vec::new();
        let mut pieces = text.split("127.0.0.1:");
        let mut result = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let end = piece.find(|character: char| !character.is_ascii_digit());
            let (digits, rest) = piece.split_at(end.unwrap_or(piece.len()));
            let port = digits.parse().unwrap();
            let line = result.lines().last().unwrap_or_default().trim();
            let is_server = line.starts_with("server");
            let ours = *self.ports.entry(port).or_insert_with(|| {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let ours = listener.local_addr().unwrap().port();
                match is_server && !setting.missing.contains(&port) {
                    true => serve(listener, port, setting.role),
                    false => entrances.push(listener),
                }
                ours
            });
            result.push_str(&format!("127.0.0.1:{ours}{rest}"));
        }
        result
    }

    fn start(&mut self) {
        let mut command = Command::new(program());
        command.args(["-db", "-f", "example.cfg"]);
        command.current_dir(&self.directory).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        self.output = receiver;
        self.program = child;
        let entrance = self.entrance();
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", entrance)).is_err() {
            let ended = self.program.try_wait().unwrap();
            assert!(ended.is_none(), "the program ended: {ended:?}");
            assert!(Instant::now() < deadline, "nobody listens");
            thread::yield_now();
        }
    }

    /// The port where clients come in.
    pub(crate) fn entrance(&self) -> u16 {
        let is_entrance = |(port, _): &(&u16, &u16)| matches!(**port, 8080 | 8443);
        *self.ports.iter().find(is_entrance).unwrap().1
    }

    /// A client's connection.
    pub(crate) fn client(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.entrance())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A client's connection from another address of this machine.
    pub(crate) fn client_from(&self, address: [u8; 4]) -> TcpStream {
        let (family, kind) = (AddressFamily::Inet, SockType::Stream);
        let fd = socket(family, kind, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let from = SocketAddrV4::new(Ipv4Addr::from(address), 0);
        bind(fd.as_raw_fd(), &SockaddrIn::from(from)).unwrap();
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.entrance());
        connect(fd.as_raw_fd(), &SockaddrIn::from(to)).unwrap();
        let stream = TcpStream::from(fd);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The answer to a request with these header lines, on a connection of its own.
    pub(crate) fn ask(&self, request: &str, headers: &[&str]) -> Answer {
        ask_on(&mut self.client(), request, headers)
    }

    /// The next line of the log that contains `text`.
    pub(crate) fn logged(&self, text: &str) -> String {
        let mut line = [0; 4_096];
        loop {
            let count = self.log.recv(&mut line).unwrap();
            let line = String::from_utf8_lossy(&line[..count]).into_owned();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The next line of the program's standard output that contains `text`.
    pub(crate) fn printed(&self, text: &str) -> String {
        loop {
            let line = self.output.recv_timeout(PATIENCE).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// An answer as a client gets it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header; `None` when there is none.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The server that answered, by its port in the file.
    pub(crate) fn server(&self) -> Option<u16> {
        self.header("X-From")?.parse().ok()
    }

    /// True when the server's request had this line.
    pub(crate) fn server_saw(&self, line: &str) -> bool {
        self.text().lines().any(|seen| seen == line)
    }
}

/// Sends a request and reads the answer to its end.
pub(crate) fn ask_on(stream: &mut TcpStream, request: &str, headers: &[&str]) -> Answer {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!("{request} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|at| at == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    Answer {
        status: head[9..12].parse().unwrap(),
        body: bytes[end + 4..].to_vec(),
        head,
    }
}

/// Serves connections until the test program ends.
fn serve(listener: TcpListener, name: u16, role: Role) {
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || match role {
                Role::Http => answer(stream, name),
                Role::Echo => echo(stream, format!("{name}\n")),
            });
        }
    });
}

/// Answers requests, whose heads it gives back as bodies.
fn answer(mut stream: TcpStream, name: u16) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        if head
            .to_ascii_lowercase()
            .contains("\r\nupgrade: websocket\r\n")
        {
            let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                          Connection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            return echo(stream, format!("{switch}{name}\n"));
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let status = if path.contains("missing") { 404 } else { 200 };
        let kind = if path.ends_with(".css") {
            "css"
        } else {
            "html"
        };
        let len = head.len();
        write!(
            stream,
            "HTTP/1.1 {status} OK\r\nServer: origin/1\r\nX-Powered-By: tests\r\nX-From: {name}\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/{kind}\r\nContent-Length: {len}\r\n\r\n{head}"
        )?;
    }
}

/// Says `greeting` and gives back what it gets.
fn echo(mut stream: TcpStream, greeting: String) -> std::io::Result<()> {
    stream.write_all(greeting.as_bytes())?;
    let mut piece = [0; 4_096];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&piece[..count])?;
    }
}

/// The files of conf/ with this extension.
pub(crate) fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("conf")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .collect();
    paths.sort();
    paths
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program() -> String {
    std::env::var("REFERENCE").unwrap_or_else(|_| env!("CARGO_BIN_EXE_weir").to_owned())
}

/// A process that has ended, until the program runs.
fn idle() -> Child {
    Command::new("true").spawn().unwrap()
}

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where the files send their logs.
const LOG_PORT: u16 = 514;
