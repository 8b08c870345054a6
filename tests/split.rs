//! Where the network cuts a message makes no difference.
//!
//! Every message of the corpus goes through a worker uncut, which gives the reference: what the
//! server received, what the client received, whether its connection was closed. Then it goes
//! through cut in two at each of its bytes, and byte by byte, each part in turns of its own,
//! and has to leave the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::{Harness, Peer};

/// What passed through.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Seen {
    forwarded: Vec<u8>,
    answered: Vec<u8>,
    closed: bool,
}

/// One exchange: the ends that the test plays, and what they have seen so far.
struct Exchange {
    client: Peer,
    servers: Vec<Server>,
    seen: Seen,
    /// What the server sends instead of the answers of [`answers_to`].
    script: Option<Script>,
}

struct Server {
    peer: Peer,
    received: Vec<u8>,
    answered_len: usize,
}

/// An answer that the server sends in given parts.
struct Script {
    parts: Vec<Vec<u8>>,
    next: usize,
    closes: bool,
    /// The end was sent.
    is_over: bool,
}

impl Exchange {
    fn new(harness: &Harness, script: Option<Script>) -> Self {
        Self {
            client: harness.client(),
            servers: Vec::new(),
            seen: Seen::default(),
            script,
        }
    }

    /// One turn of the worker and of both ends.
    fn turn(&mut self, harness: &mut Harness) {
        harness.turn();
        if let Some(peer) = harness.origin(0).accept() {
            self.servers.push(Server {
                peer,
                received: Vec::new(),
                answered_len: 0,
            });
        }
        for server in &mut self.servers {
            let bytes = server.peer.take_bytes();
            self.seen.forwarded.extend_from_slice(&bytes);
            server.received.extend_from_slice(&bytes);
            match &mut self.script {
                Some(script) => script.play(server),
                None => server.answer(),
            }
        }
        let bytes = self.client.take_bytes();
        self.seen.answered.extend_from_slice(&bytes);
        self.seen.closed = self.client.is_closed();
    }

    /// Sends the parts, each when the one before was read or is not going to be for now.
    fn send(&mut self, harness: &mut Harness, parts: &[&[u8]]) {
        let mut sent = 0;
        for part in parts {
            if self.seen.closed || self.client.try_send(part).is_err() {
                return;
            }
            sent += part.len() as u64;
            for _ in 0..READING_TURNS {
                self.turn(harness);
                let mut sessions = harness.worker.sessions.iter();
                if sessions.next().is_none_or(|(_, s)| s.request.total >= sent) {
                    break;
                }
            }
        }
    }

    /// Goes on until `expected` was seen, or nothing changes any more.
    fn finish(mut self, harness: &mut Harness, expected: Option<&Seen>) -> Seen {
        let mut quiet = 0;
        while quiet < QUIET_TURNS {
            let before = (self.seen.clone(), self.parts_left());
            self.turn(harness);
            let idle = before == (self.seen.clone(), self.parts_left());
            quiet = if idle { quiet + 1 } else { 0 };
            if expected == Some(&self.seen) && self.parts_left() == 0 && quiet > 4 {
                break;
            }
        }
        let seen = std::mem::take(&mut self.seen);
        drop(self);
        harness.until("a clean end", |harness| {
            harness.sessions() == 0 && harness.worker.core.idle.total() == 0
        });
        seen
    }

    fn parts_left(&self) -> usize {
        let script = self.script.as_ref();
        script.map_or(0, |script| script.parts.len() - script.next)
    }
}

impl Server {
    /// Answers each request that is complete.
    fn answer(&mut self) {
        let answers = answers_to(&self.received);
        let due = answers.get(self.answered_len..).unwrap_or_default();
        if !due.is_empty() && self.peer.try_send(due).is_ok() {
            self.answered_len = answers.len();
        }
    }
}

impl Script {
    /// Sends the next part once the request was received.
    fn play(&mut self, server: &mut Server) {
        if !server.received.ends_with(b"\r\n\r\n") {
            return;
        }
        if let Some(part) = self.parts.get(self.next) {
            // The worker may have closed already: then there is nothing more to say.
            let _ = server.peer.try_send(part);
            self.next += 1;
        } else if self.closes && !self.is_over {
            server.peer.shut();
            self.is_over = true;
        }
    }
}

/// What a server answers to the complete requests in `bytes`, which the worker has checked.
fn answers_to(mut bytes: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    while let Some(head_len) = position(bytes, b"\r\n\r\n").map(|at| at + 4) {
        let (head, body) = bytes.split_at(head_len);
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        if head.contains("\r\nexpect: 100-continue") {
            answers.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if head.contains("\r\nupgrade: ") {
            answers.extend_from_slice(SWITCHING);
            return answers;
        }
        let body_len = if head.contains("\r\ntransfer-encoding: chunked") {
            chunked_len(body)
        } else {
            let length = head.split("\r\ncontent-length: ").nth(1);
            let length = length.and_then(|rest| rest.split("\r\n").next());
            let length = length.map_or(0, |digits| digits.trim().parse().unwrap());
            (body.len() >= length).then_some(length)
        };
        let Some(body_len) = body_len else {
            return answers;
        };
        answers.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        if !head.starts_with("head ") {
            answers.extend_from_slice(b"ok");
        }
        bytes = &body[body_len..];
    }
    answers
}

/// Length of a chunked body with its trailers, when it is complete.
fn chunked_len(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line_len = position(&body[at..], b"\r\n")?;
        let line = std::str::from_utf8(&body[at..at + line_len]).unwrap();
        let size = line.split(';').next().unwrap().trim();
        let size = usize::from_str_radix(size, 16).unwrap();
        at += line_len + 2;
        if size == 0 {
            break;
        }
        at += size + 2;
        body.get(at..)?;
    }
    loop {
        let line_len = position(body.get(at..)?, b"\r\n")?;
        at += line_len + 2;
        if line_len == 0 {
            return Some(at);
        }
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn harness() -> Harness {
    Harness::new(CONFIG)
}

/// The reference of a request, and the same from every way to cut it.
fn assert_request(harness: &mut Harness, request: &[u8], must_be_alike: bool) -> Seen {
    let whole = run_request(harness, &[request], None);
    let name = String::from_utf8_lossy(request).into_owned();
    let each: Vec<&[u8]> = request.chunks(1).collect();
    let cuts = (1..request.len()).map(|at| vec![&request[..at], &request[at..]]);
    for parts in cuts.chain([each]) {
        let first_len = parts[0].len();
        let seen = run_request(harness, &parts, Some(&whole));
        if must_be_alike {
            assert_eq!(shown(&seen), shown(&whole), "{name:?} cut at {first_len}");
        } else {
            let (answer, reference) = (shown(&seen).1, shown(&whole).1);
            assert_eq!(answer, reference, "{name:?} cut at {first_len}");
        }
    }
    whole
}

fn run_request(harness: &mut Harness, parts: &[&[u8]], expected: Option<&Seen>) -> Seen {
    let mut exchange = Exchange::new(harness, None);
    exchange.send(harness, parts);
    exchange.finish(harness, expected)
}

/// The same for what a server answers to `request`.
fn assert_response(harness: &mut Harness, request: &[u8], response: &[u8], closes: bool) -> Seen {
    let mut run = |parts: Vec<&[u8]>, expected: Option<&Seen>| {
        let script = Script {
            parts: parts.iter().map(|part| part.to_vec()).collect(),
            next: 0,
            closes,
            is_over: false,
        };
        let mut exchange = Exchange::new(harness, Some(script));
        exchange.send(harness, &[request]);
        exchange.finish(harness, expected)
    };
    let whole = run(vec![response], None);
    let name = String::from_utf8_lossy(response).into_owned();
    let cuts = (1..response.len()).map(|at| vec![&response[..at], &response[at..]]);
    for parts in cuts.chain([response.chunks(1).collect()]) {
        let first_len = parts[0].len();
        let seen = run(parts, Some(&whole));
        assert_eq!(shown(&seen), shown(&whole), "{name:?} cut at {first_len}");
    }
    whole
}

fn shown(seen: &Seen) -> (String, String, bool) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&seen.forwarded), text(&seen.answered), seen.closed)
}

fn status_of(seen: &Seen) -> &str {
    let status = seen.answered.get(9..12).unwrap_or_default();
    std::str::from_utf8(status).unwrap()
}

#[test]
fn requests_that_pass() {
    let mut harness = harness();
    for request in PASSING {
        let seen = assert_request(&mut harness, request.as_bytes(), true);
        let heads = seen.answered.windows(9).filter(|part| part == b"HTTP/1.1 ");
        let text = String::from_utf8_lossy(&seen.answered).into_owned();
        assert!(heads.count() > 0, "{request:?}: {text}");
        assert!(!seen.forwarded.is_empty(), "{request:?}: {text}");
        assert!(!text.contains("HTTP/1.1 400"), "{request:?}: {text}");
    }
}

#[test]
fn requests_that_are_refused() {
    let mut harness = harness();
    for (request, status) in REFUSED {
        let seen = assert_request(&mut harness, request.as_bytes(), true);
        assert_eq!(status_of(&seen), *status, "{request:?}");
        assert_eq!(shown(&seen).0, "", "{request:?}");
        assert!(seen.closed, "{request:?}");
    }
}

#[test]
fn requests_whose_second_is_refused() {
    let mut harness = harness();
    for (request, _) in REFUSED {
        let request = format!("GET /first HTTP/1.1\r\nHost: h\r\n\r\n{request}");
        let seen = assert_request(&mut harness, request.as_bytes(), true);
        assert_eq!(status_of(&seen), "200", "{request:?}");
        assert!(shown(&seen).0.starts_with("GET /first "), "{request:?}");
        assert!(seen.closed, "{request:?}");
    }
}

/// Their head is on its way to the server or not, depending on when the fault arrives; the
/// answer is the same.
#[test]
fn requests_whose_body_is_refused() {
    let mut harness = harness();
    for body in REFUSED_BODIES {
        let request = format!("{CHUNKED_POST}{body}");
        let seen = assert_request(&mut harness, request.as_bytes(), false);
        assert_eq!(status_of(&seen), "400", "{request:?}");
        assert!(seen.closed, "{request:?}");
    }
}

#[test]
fn responses_that_pass() {
    let mut harness = harness();
    for (request, response, closes) in RESPONSES {
        let seen = assert_response(
            &mut harness,
            request.as_bytes(),
            response.as_bytes(),
            *closes,
        );
        assert_ne!(status_of(&seen), "502", "{response:?}");
        assert!(!seen.answered.is_empty(), "{response:?}");
    }
}

#[test]
fn responses_that_are_refused() {
    let mut harness = harness();
    for response in REFUSED_RESPONSES {
        let seen = assert_response(&mut harness, GET, response.as_bytes(), false);
        assert_eq!(status_of(&seen), "502", "{response:?}");
        assert!(!seen.closed, "{response:?}");
    }
}

#[test]
fn responses_whose_body_is_refused() {
    let mut harness = harness();
    for body in REFUSED_BODIES {
        let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let seen = assert_response(&mut harness, GET, response.as_bytes(), false);
        assert_eq!(status_of(&seen), "200", "{response:?}");
        assert!(seen.closed, "{response:?}");
    }
}

#[test]
fn the_corpus_is_large_enough() {
    let requests = PASSING.len() + REFUSED.len() * 2 + REFUSED_BODIES.len();
    assert!(requests >= 60, "{requests}");
}

const CONFIG: &str = "
defaults
    mode http
    timeout client 1h
    timeout server 1h
    timeout connect 1h
listen main
    bind LISTENER
    server s1 ORIGIN0
";

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const CHUNKED_POST: &str = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Requests that reach the server.
const PASSING: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET  /x  HTTP/1.1\r\nHost: h\r\n\r\n",
    "PURGE /x HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET http://h/abs HTTP/1.1\r\nHost: h\r\n\r\n",
    "\r\nGET /leading HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET / HTTP/1.1\r\nHost: h\nA: b\r\nC: d\n\r\n",
    "GET / HTTP/1.1\r\nHost:h\r\nEmpty:\r\nTabs:\t x \t\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nFolded: a\r\n b\r\n\tc\r\nNext: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=d\r\nCookie: e=f\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST /p HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
    "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\
     \r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n000\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\na\r\n\
     0123456789\r\n0\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\n\
     U: 2\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\
     T: 1\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0;c\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\n\
     hi\r\n0\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\n\
     Host: h\r\n\r\n",
    "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n\
     GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    "GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nraw\r\n\r\nbytes",
    "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
    "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n\
     1\r\nx\r\n0\r\n\r\n",
];

/// Requests that go no further, each with the status of the answer.
const REFUSED: &[(&str, &str)] = &[
    ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHo st: h\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: h\r\nNoColon\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", "400"),
    ("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
    ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "400"),
    ("GET / HTTP/x.y\r\nHost: h\r\n\r\n", "400"),
    ("GET / HTTX/1.1\r\nHost: h\r\n\r\n", "400"),
    ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
    ("GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
    ("GET\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length: 1 1\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n", "400"),
    ("P / HTTP/1.1\r\nContent-Length:\r\n\r\n", "400"),
    (
        "P / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "400",
    ),
    (
        "P / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "400",
    ),
];

/// Chunked bodies with a fault.
const REFUSED_BODIES: &[&str] = &[
    "x\r\n",
    "-1\r\n",
    "5x\r\nhello\r\n0\r\n\r\n",
    "2\r\nhixx0\r\n\r\n",
    "11111111111111111\r\n",
    "\r\n",
    "1\r\na\r\n \r\n",
];

/// Request, response, and whether the server closes behind it.
const RESPONSES: &[(&str, &str, bool)] = &[
    (
        ONE,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        false,
    ),
    (ONE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
    (ONE, "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", false),
    (ONE, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
    (ONE, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
    (ONE, "HTTP/1.1 200 OK\r\n\r\nuntil the end", true),
    (ONE, "HTTP/1.0 200 OK\r\n\r\nuntil the end", true),
    (ONE, "HTTP/1.1 204 None\r\n\r\n", false),
    (ONE, "HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", false),
    (HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false),
    (
        HEAD,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        false,
    ),
    (ONE, "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", false),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        false,
    ),
    (
        OLD,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1;e\r\ny\r\n0\r\n\
         T: 1\r\n\r\n",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        true,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n1\r\nx\r\n\
         0\r\n\r\n",
        false,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        true,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho",
        true,
    ),
    (
        ONE,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        false,
    ),
    (
        UPGRADE,
        "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nraw\r\n\r\nbytes",
        true,
    ),
];

const ONE: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

/// Responses that are replaced.
const REFUSED_RESPONSES: &[&str] = &[
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 abc OK\r\n\r\n",
    "HTTX/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nNoColon\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "GARBAGE\r\n\r\n",
];

/// Turns that a part may take to be read.
const READING_TURNS: usize = 8;
/// Turns without any change after which nothing more is expected.
const QUIET_TURNS: usize = 40;
