//! A real worker in the test's own thread: stepped turn by turn, under a clock moved by hand.
//!
//! Shared by the integration tests. A configuration is text in which `LISTENER` stands for a
//! socket on a free port of 127.0.0.1, `ORIGIN0` to `ORIGIN9` for servers that the test plays
//! itself, `REFUSED` for a port that nobody listens on and `LOG` for a descriptor whose lines the
//! test reads; `SILENT` is a port whose handshakes never end. Nothing here sleeps:
//! [`Harness::until`] turns the loop until a condition holds, [`Harness::settle`] until nothing
//! is left to do.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub(crate) mod child;
pub(crate) mod peer;

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd as _, IntoRawFd as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use weir::config::diagnostic::{Report, Source};
use weir::config::environment::Environment;
use weir::config::loader::{Options, load_sources};
use weir::config::model::{Config, ProxyId, ServerId};
use weir::engine::clock::Clock;
use weir::engine::poller::PollerChoice;
use weir::engine::{self, tick::Tick};
use weir::net::bind::HandedOver;
use weir::net::listeners::Listeners;
use weir::session::Session;
use weir::state::{ProxyState, ServerState};
use weir::worker::{ProcessInfo, Worker};

pub(crate) use peer::{Origin, Peer, Silent};

/// A worker, the servers behind it and the receiver of its log.
pub(crate) struct Harness {
    pub(crate) worker: Worker,
    listeners: Vec<SocketAddr>,
    origins: Vec<Origin>,
    log: UnixStream,
    log_text: String,
    /// Keeps the worker's end of the log open.
    _log_end: UnixStream,
    _silent: Option<Silent>,
}

impl Harness {
    /// A worker for this configuration, listening.
    pub(crate) fn new(text: &str) -> Self {
        Self::with_clock(text, Clock::manual())
    }

    /// The same with a clock of the caller's choice.
    pub(crate) fn with_clock(text: &str, clock: Clock) -> Self {
        let mut text = text.to_owned();
        let mut listeners = Vec::new();
        while text.contains("LISTENER") {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listeners.push(listener.local_addr().unwrap());
            let name = format!("fd@{}", listener.into_raw_fd());
            text = text.replacen("LISTENER", &name, 1);
        }
        let mut origins = Vec::new();
        for number in 0..10 {
            let name = format!("ORIGIN{number}");
            if text.contains(&name) {
                let origin = Origin::new();
                text = text.replace(&name, &origin.address().to_string());
                origins.push(origin);
            }
        }
        text = text.replace("REFUSED", &refused_address().to_string());
        let silent = text.contains("SILENT").then(Silent::new);
        if let Some(silent) = &silent {
            text = text.replace("SILENT", &silent.address().to_string());
        }
        let (log, log_end) = UnixStream::pair().unwrap();
        log.set_nonblocking(true).unwrap();
        text = text.replace("LOG", &format!("fd@{}", log_end.as_raw_fd()));
        let config: &'static Config = Box::leak(Box::new(parsed(&text)));
        Self {
            worker: worker(config, clock),
            listeners,
            origins,
            log,
            log_text: String::new(),
            _log_end: log_end,
            _silent: silent,
        }
    }

    /// Where the n-th `LISTENER` listens.
    pub(crate) fn listener(&self, index: usize) -> SocketAddr {
        self.listeners[index]
    }

    /// A client connected to the first listener.
    pub(crate) fn client(&self) -> Peer {
        Peer::connect(self.listeners[0])
    }

    /// The server of the n-th distinct `ORIGIN`.
    pub(crate) fn origin(&self, index: usize) -> &Origin {
        &self.origins[index]
    }

    /// The n-th origin's next connection, once it comes.
    pub(crate) fn accept(&mut self, index: usize) -> Peer {
        let mut accepted = None;
        self.until("a connection to the server", |harness| {
            accepted = harness.origins[index].accept();
            accepted.is_some()
        });
        accepted.unwrap()
    }

    /// One turn of the loop that does not wait.
    pub(crate) fn turn(&mut self) {
        self.step(0);
    }

    /// One turn. Log lines leave at once: the clock that would make them due stands still.
    fn step(&mut self, wait_max_ms: u32) {
        engine::turn(&mut self.worker, wait_max_ms);
        self.worker.core.logs.flush();
    }

    /// Turns the loop until `done` says so; panics when it never does.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            let log = self.log_text.clone();
            assert!(
                start.elapsed() < PATIENCE,
                "{what}: never happened; log: {log:?}"
            );
            self.step(1);
        }
    }

    /// Turns until all that was sent on the loopback has been dealt with.
    pub(crate) fn settle(&mut self) {
        for _ in 0..SETTLING_TURNS {
            self.turn();
        }
    }

    /// Moves the clock and lets what is due happen.
    pub(crate) fn advance(&mut self, ms: u32) {
        self.settle();
        self.worker.core.engine.clock.advance(ms);
        self.settle();
    }

    /// Sends from `peer` and lets the worker deal with it.
    pub(crate) fn send(&mut self, peer: &mut Peer, bytes: &[u8]) {
        peer.send(bytes);
        self.settle();
    }

    /// Asserts that `fired` comes true when the clock has moved by `ms`, and not before.
    pub(crate) fn assert_fires(&mut self, ms: u32, mut fired: impl FnMut(&mut Self) -> bool) {
        self.advance(ms - 1);
        assert!(!fired(self), "fired before {ms} ms: {:?}", self.log_lines());
        self.advance(1);
        assert!(fired(self), "not fired after {ms} ms");
    }

    /// What `peer` has received once it ends with `end`.
    pub(crate) fn receive(&mut self, peer: &mut Peer, end: &str) -> String {
        self.until(&format!("the end {end:?}"), |_| peer.text().ends_with(end));
        peer.take_text()
    }

    /// What `peer` has received until it is closed.
    pub(crate) fn receive_all(&mut self, peer: &mut Peer) -> String {
        self.until("a closed connection", |_| peer.is_closed());
        peer.take_text()
    }

    /// A whole request as the origin sees it, which is then answered with `answer`.
    pub(crate) fn serve(&mut self, server: &mut Peer, answer: &str) -> String {
        let request = self.receive(server, "\r\n\r\n");
        self.send(server, answer.as_bytes());
        request
    }

    /// Sessions that exist.
    pub(crate) fn sessions(&self) -> usize {
        self.worker.sessions.count()
    }

    /// The only session there is.
    pub(crate) fn session(&mut self) -> &mut Session {
        let mut keys = self.worker.sessions.iter().map(|(key, _)| key);
        let key = keys.next().unwrap();
        assert!(keys.next().is_none(), "more than one session");
        drop(keys);
        self.worker.sessions.get_mut(key).unwrap()
    }

    /// Descriptors the loop knows.
    pub(crate) fn descriptors(&self) -> usize {
        self.worker.core.engine.fdtab.count()
    }

    /// The state of the proxy of this name.
    pub(crate) fn proxy(&self, name: &str) -> &ProxyState {
        let proxies = &self.worker.core.config.proxies;
        let index = proxies.iter().position(|proxy| proxy.name == name);
        self.worker
            .core
            .state
            .proxy(ProxyId::of_index(index.unwrap()))
    }

    /// The state of the server of this name.
    pub(crate) fn server(&self, name: &str) -> &ServerState {
        let servers = &self.worker.core.config.servers;
        let index = servers.iter().position(|server| server.name == name);
        self.worker
            .core
            .state
            .server(ServerId::of_index(index.unwrap()))
    }

    /// The log lines written since the last call, each from its client's address on.
    pub(crate) fn log_lines(&mut self) -> Vec<String> {
        self.read_log();
        let text = std::mem::take(&mut self.log_text);
        let body = |line: &str| match line.split_once("]: ") {
            Some((_, body)) => body.to_owned(),
            None => line.to_owned(),
        };
        text.lines().map(body).collect()
    }

    /// Waits for one line and returns it from the frontend's name on, addresses and date left out.
    pub(crate) fn log_line(&mut self) -> String {
        self.until("a log line", |harness| {
            harness.read_log();
            harness.log_text.contains('\n')
        });
        let mut lines = self.log_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = lines.remove(0);
        match line.split_once("] ") {
            Some((_, rest)) => rest.to_owned(),
            None => line,
        }
    }

    /// Empties the log's socket without keeping anything.
    pub(crate) fn drop_log(&mut self) -> usize {
        let mut buffer = [0; 16384];
        let mut count = 0;
        while let Ok(read) = self.log.read(&mut buffer) {
            if read == 0 {
                break;
            }
            count += read;
        }
        count
    }

    fn read_log(&mut self) {
        let mut buffer = [0; 16384];
        while let Ok(count) = self.log.read(&mut buffer) {
            if count == 0 {
                break;
            }
            self.log_text
                .push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    /// The next moment at which a timer fires, for messages of failed tests.
    pub(crate) fn next_expiry(&self) -> Tick {
        self.worker.core.engine.scheduler.next_expiry()
    }
}

/// The configuration that `text` describes; it must be without faults.
pub(crate) fn parsed(text: &str) -> Config {
    let source = Source::new("test.cfg", text.as_bytes());
    let (config, report) = load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    );
    assert!(!report.has_errors(), "{}", report.render(0));
    config
}

fn worker(config: &'static Config, clock: Clock) -> Worker {
    let mut listeners = Listeners::new(config, 0);
    let messages = listeners.protocol_bind_all(config, &mut HandedOver::default());
    assert!(messages.is_empty(), "{messages:?}");
    let info = ProcessInfo {
        program: "weir".into(),
        ..ProcessInfo::of_this_process(config)
    };
    let choice = PollerChoice::default();
    let mut worker = Worker::with_clock(config, choice, (listeners, info), clock).unwrap();
    worker.start_listening();
    worker
}

/// An address at which connections are refused: the port was free a moment ago.
pub(crate) fn refused_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Turns after which the loopback has delivered: accept, read, task, connect, task, write.
const SETTLING_TURNS: usize = 12;
/// Real time after which a condition counts as never coming true.
const PATIENCE: Duration = Duration::from_secs(20);
