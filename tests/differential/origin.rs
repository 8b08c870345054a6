//! The servers behind a proxy: they write down what they get, and each request says in its header
//! `X-Want` what it wants to be answered, so that both proxies see the same.
//!
//! One thread listens per server and one serves each connection; all end with the [`Origin`].

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::message::{Kind, Message, Reader};

/// All servers of one configuration.
pub(crate) struct Origin {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
}

/// A request as a server got it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The number of the server.
    pub(crate) server: usize,
    /// The exchange it belongs to: by its `X-Id`, otherwise the one that was under way.
    pub(crate) exchange: usize,
    pub(crate) request: Message,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    /// The exchange that is under way.
    exchange: Mutex<usize>,
    is_over: AtomicBool,
}

impl Origin {
    /// As many servers as the longest configuration names.
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared {
            received: Mutex::new(Vec::new()),
            exchange: Mutex::new(0),
            is_over: AtomicBool::new(false),
        });
        let addresses = (0..SERVERS).map(|number| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, number, &shared));
            address
        });
        let addresses = addresses.collect();
        Self { addresses, shared }
    }

    /// Where each server listens.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Tells which exchange begins.
    pub(crate) fn begin(&self, exchange: usize) {
        *self.shared.exchange.lock().unwrap() = exchange;
    }

    /// All that came in so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for address in &self.addresses {
            // Wakes the thread out of its accept; it may be gone.
            let _ = TcpStream::connect(address);
        }
    }
}

fn accept(listener: &TcpListener, server: usize, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let shared = Arc::clone(shared);
        if let Ok(stream) = stream {
            thread::spawn(move || serve(stream, server, &shared));
        }
    }
}

/// Serves one connection until it closes or an answer ends it.
fn serve(stream: TcpStream, server: usize, shared: &Shared) {
    // Losing these two costs time or a thread, no correctness.
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(IDLE));
    let mut reader = Reader::new(stream);
    while let Some(request) = reader.message(Kind::Request) {
        let exchange = request
            .header("x-id")
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| *shared.exchange.lock().unwrap());
        let answer = Answer::to(&request, server);
        let bytes = answer.bytes();
        shared.received.lock().unwrap().push(Received {
            server,
            exchange,
            request,
        });
        if reader.stream().write_all(&bytes).is_err() || answer.closes {
            return;
        }
    }
}

/// An answer as its request wants it.
struct Answer {
    status: u16,
    length: usize,
    server: usize,
    is_head: bool,
    is_old: bool,
    is_chunked: bool,
    closes: bool,
    /// Bytes that take the place of everything else.
    instead: Option<&'static [u8]>,
    /// Bytes in front of the response.
    interim: &'static str,
    headers: Vec<&'static str>,
    trailer: &'static str,
}

impl Answer {
    fn to(request: &Message, server: usize) -> Self {
        let start = request.head.first().map_or("", String::as_str);
        let mut answer = Self {
            status: 200,
            length: 20,
            server,
            is_head: start.starts_with("HEAD "),
            is_old: !start.ends_with("HTTP/1.1"),
            is_chunked: false,
            closes: request.is_broken()
                || start.ends_with("HTTP/1.0")
                || request
                    .header("connection")
                    .is_some_and(|value| value.to_ascii_lowercase().contains("close")),
            instead: None,
            interim: "",
            headers: Vec::new(),
            trailer: "",
        };
        for wish in request.header("x-want").unwrap_or_default().split(',') {
            answer.grant(wish.trim());
        }
        answer
    }

    fn grant(&mut self, wish: &str) {
        if let Some((_, header)) = HEADERS.iter().find(|(name, _)| *name == wish) {
            self.headers.push(header);
            return;
        }
        if let Some((_, bytes)) = INSTEAD.iter().find(|(name, _)| *name == wish) {
            self.instead = Some(bytes);
            self.closes = true;
            return;
        }
        match wish {
            "chunked" => self.is_chunked = !self.is_old,
            "trailer" => self.trailer = "X-Trailer: end\r\n",
            "close" => self.closes = true,
            "interim" => self.interim = "HTTP/1.1 100 Continue\r\n\r\n",
            _ => {
                if let Some(status) = wish.strip_prefix('s') {
                    self.status = status.parse().unwrap_or(self.status);
                }
                if let Some(length) = wish.strip_prefix('l') {
                    self.length = length.parse().unwrap_or(self.length);
                }
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        if let Some(bytes) = self.instead {
            return bytes.to_vec();
        }
        let mut text = self.interim.to_owned();
        text.push_str(&format!("HTTP/1.1 {} Status\r\n", self.status));
        text.push_str(&format!("X-Origin: s{}\r\n", self.server));
        for header in &self.headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        let has_body = !matches!(self.status, 204 | 304);
        if has_body && self.is_chunked {
            text.push_str("Transfer-Encoding: chunked\r\n");
        } else if has_body && !(self.closes && self.length == CLOSE_FRAMED) {
            text.push_str(&format!("Content-Length: {}\r\n", self.length));
        }
        if self.closes {
            text.push_str("Connection: close\r\n");
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        if has_body && !self.is_head {
            self.push_body(&mut bytes);
        }
        bytes
    }

    fn push_body(&self, bytes: &mut Vec<u8>) {
        let body: Vec<u8> = TEXT.iter().copied().cycle().take(self.length).collect();
        if !self.is_chunked {
            bytes.extend(body);
            return;
        }
        for piece in body.chunks(1000) {
            bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
            bytes.extend(piece);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n");
        bytes.extend(self.trailer.as_bytes());
        bytes.extend(b"\r\n");
    }
}

/// Servers of one configuration.
pub(crate) const SERVERS: usize = 4;

/// Wishes for a header, and the header.
const HEADERS: &[(&str, &str)] = &[
    ("html", "Content-Type: text/html; charset=utf-8"),
    ("plain", "Content-Type: text/plain"),
    ("json", "Content-Type: application/json"),
    ("png", "Content-Type: image/png"),
    ("cookie", "Set-Cookie: SESSION=fresh; path=/; HttpOnly"),
    ("cookies", "set-cookie: A=1\r\nSet-Cookie: B=2; Secure"),
    ("affinity", "Set-Cookie: SERVERID=own; path=/app"),
    ("cache", "Cache-Control: public, max-age=60"),
    ("nocache", "Cache-Control: no-cache, no-store"),
    ("private", "cache-control: private"),
    ("transform", "Cache-Control: no-transform"),
    ("etag", "ETag: \"abc123\""),
    ("weak", "ETag: W/\"abc123\""),
    ("vary", "Vary: Accept-Language"),
    ("location", "Location: http://www.example.com/old/place?x=1"),
    ("moved", "LOCATION: /relative/place"),
    ("server", "Server: origin/1.0 (test)"),
    ("powered", "X-Powered-By: words\r\nX-Powered-By: more words"),
    ("odd", "x-ODD-Case:   spaced value  "),
    ("list", "X-List: a, b,c ,  d"),
    ("encoded", "Content-Encoding: br"),
    ("debug", "X-Debug: secret\r\nX-Debug-Id: 42"),
    ("date", "Date: Thu, 01 Jan 2026 00:00:00 GMT"),
    ("modified", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"),
];

/// Wishes for something that is no good response.
const INSTEAD: &[(&str, &[u8])] = &[
    ("nothing", b""),
    ("garbage", b"this is not HTTP\r\n\r\n"),
    ("halfhead", b"HTTP/1.1 200 OK\r\nContent-Le"),
    (
        "badname",
        b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "shortbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this",
    ),
    (
        "twolengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (
        "old",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nfrom an old server",
    ),
];

/// The length of a body that an answer which closes sends without saying its length.
const CLOSE_FRAMED: usize = 77;

/// What bodies repeat.
const TEXT: &[u8] =
    b"The quick brown fox jumps over the lazy dog. <a href=\"/x?y=1&z=2\">link</a>\n";

/// Time after which an idle connection is given up.
const IDLE: Duration = Duration::from_secs(60);
