//! Every fetch with its value: over a request and a response that a worker relays, and over
//! bytes in a channel. Where HAProxy is installed, the same configuration gives the same there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod fetch_cases;
mod harness;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bumpalo::Bump;
use fetch_cases::{BYTES, Case, Expected, REQUEST, RESPONSE, UNTESTED};
use harness::Harness;
use weir::config::diagnostic::Span;
use weir::config::model::ProxyId;
use weir::engine::clock::Clock;
use weir::engine::task::TaskOutcome;
use weir::engine::tick::Tick;
use weir::sample::context::{Context, Cursor, Direction, Fetched};
use weir::sample::expression::Expression;
use weir::sample::fetch;
use weir::sample::language::Language;
use weir::session::Session;

/// Cases in one configuration: their headers have to fit into one message.
const BATCH: usize = 30;

fn configuration(cases: &[Case], rules: &str) -> String {
    let mut text = String::from(
        "
global
 setenv WEIR_SET 'a value'
defaults
 mode http
 timeout client 10s
 timeout server 20s
 timeout connect 30s
userlist L
 group g1 users u1
 group g2 users u1,u2
 user u1 insecure-password p1
 user u2 password $5$k6X8u8VVZxyWV5Sl$Y0EWVvKkzSHvZjqEjyAlCu4ZYTYGRbXrP2kxmbuFyX6
backend other
 id 77
 server o1 127.0.0.1:9 weight 7 maxconn 3 maxqueue 2
 server o2 127.0.0.1:9 weight 9 maxconn 4 maxqueue 2
 server o3 127.0.0.1:9 disabled
frontend main
 id 55
 bind LISTENER name sock id 7
 default_backend own
backend own
 id 66
 timeout tunnel 40s
 server s1 ORIGIN0 id 9
",
    );
    for (index, case) in cases.iter().enumerate() {
        let expression = case.expression;
        match case.expected {
            Expected::Bytes(digits) => writeln!(
                text,
                " {rules} set-var(txn.v{index}) str(yes) if {{ {expression} -m bin {digits} }}"
            ),
            _ => writeln!(text, " {rules} set-var(txn.v{index}) {expression}"),
        }
        .unwrap();
    }
    for index in 0..cases.len() {
        writeln!(
            text,
            " {rules} set-header x-{index} <%[var(txn.v{index},MISSING)]>"
        )
        .unwrap();
    }
    text
}

/// The values in the headers of a message.
fn values(message: &str, count: usize) -> Vec<String> {
    let value = |index: usize| {
        let start = format!("x-{index}: <");
        let line = message.lines().find_map(|line| line.strip_prefix(&start));
        let line = line.unwrap_or_else(|| panic!("no x-{index} in {message}"));
        line.strip_suffix('>').unwrap().to_owned()
    };
    (0..count).map(value).collect()
}

const REQUEST_TEXT: &str = "POST http://10.1.2.3:8081/a/b;x=1;y=2?a=12&b=&a=3&c HTTP/1.1\r\n\
    Host: 10.1.2.3:8081\r\nList: one, two ,,three\r\nList: four\r\nEmpty:\r\nIp4: 1.2.3.4\r\n\
    Ip4p: 1.2.3.4:80\r\nIp6: ::1\r\nIp6b: [::1]\r\nIp4x: 1.2.3.4x\r\nNum: 12, 34\r\n\
    NumX: 12abc\r\nCookie: c1=v1; c2=v2; c1 = v3\r\nCookie: q=\"a b\"; e=; n=42\r\n\
    Authorization: Basic dTE6cDE=\r\nBear: Bearer tok\r\nContent-Length: 13\r\n\r\np=1&q=2&p=333";

const RESPONSE_TEXT: &str = "HTTP/1.1 203 Fine\r\nList: one, two\r\nList: three\r\nNum: 12\r\n\
    Ip4: 1.2.3.4\r\nSet-Cookie: a=1; path=/\r\nSet-Cookie: b=22; secure\r\n\
    Set-Cookie: a=333\r\nContent-Length: 3\r\n\r\nabc";

/// What a worker puts into the messages.
fn relayed(cases: &[Case], rules: &str) -> (String, String) {
    let mut harness = Harness::with_clock(&configuration(cases, rules), Clock::new());
    let mut client = harness.client();
    client.send(REQUEST_TEXT.as_bytes());
    let mut server = harness.accept(0);
    let request = harness.receive(&mut server, "p=333");
    server.send(RESPONSE_TEXT.as_bytes());
    let response = harness.receive(&mut client, "abc");
    (request, response)
}

/// The cases whose values are others.
fn wrong(cases: &[Case], found: &[String]) -> Vec<String> {
    let pairs = cases.iter().zip(found);
    let wrong = pairs.filter(|(case, found)| !case.is(found));
    wrong
        .map(|(case, found)| format!("{}: {found:?}", case.expression))
        .collect()
}

#[test]
fn every_fetch_over_a_request_finds_its_value() {
    for cases in REQUEST.chunks(BATCH) {
        let (request, _) = relayed(cases, "http-request");
        assert_eq!(wrong(cases, &values(&request, cases.len())), [""; 0]);
    }
}

#[test]
fn every_fetch_over_a_response_finds_its_value() {
    for cases in RESPONSE.chunks(BATCH) {
        let (_, response) = relayed(cases, "http-response");
        assert_eq!(wrong(cases, &values(&response, cases.len())), [""; 0]);
    }
}

#[test]
fn every_fetch_over_bytes_finds_its_value_or_waits_for_it() {
    let mut harness = Harness::with_clock(&configuration(&[], ""), Clock::new());
    for (bytes, expression, is_final, expected) in BYTES {
        let mut language = Language::default();
        let text = expression.as_bytes();
        let expression = Expression::parse_text(&mut language, text, Span::default()).unwrap();
        let core = &mut harness.worker.core;
        let task = core
            .engine
            .scheduler
            .spawn(|_, _| TaskOutcome::Sleep(Tick::ETERNITY), 0, 0);
        let direction = match text.starts_with(b"res.") || text.starts_with(b"rep_") {
            true => Direction::Response,
            false => Direction::Request,
        };
        let mut session = Session::new(task, ProxyId(0));
        let channel = match direction {
            Direction::Request => &mut session.request,
            Direction::Response => &mut session.response,
        };
        let buffer = channel.attach(&mut core.buffers).unwrap();
        buffer.push(bytes).unwrap();
        if direction == Direction::Request {
            core.peeked.look(session.request.input(), 16_384, 100);
        }
        let core = &harness.worker.core;
        let arena = Bump::new();
        let context = Context {
            arena: &arena,
            core,
            session: Some(&session),
            request: core.peeked.view(),
            response: None,
            proxy: ProxyId(0),
            direction,
            is_final: *is_final,
        };
        let found = match expression.eval(&context) {
            Fetched::NotYet => String::from("NOT YET"),
            Fetched::Missing => String::from("MISSING"),
            Fetched::Found(sample) => String::from_utf8_lossy(sample.as_text(&arena)).into_owned(),
        };
        let name = String::from_utf8_lossy(text);
        assert_eq!(found, *expected, "{name} of {} bytes", bytes.len());
        let mut cursor = Cursor {
            walks: true,
            ..Cursor::default()
        };
        for _ in 0..100 {
            let _ = expression.eval_next(&context, &mut cursor);
            if !cursor.has_more {
                break;
            }
        }
        assert!(!cursor.has_more, "{name} never ends");
    }
}

#[test]
fn no_fetch_is_left_out() {
    let name_of = |expression: &str| {
        let end = expression.find(['(', ',']).unwrap_or(expression.len());
        expression[..end].to_owned()
    };
    let messages = REQUEST.iter().chain(RESPONSE).map(|case| case.expression);
    let bytes = BYTES.iter().map(|(_, expression, ..)| *expression);
    let tested: BTreeSet<String> = messages.chain(bytes).map(name_of).collect();
    let left_out: Vec<&str> = fetch::all()
        .map(|fetch| fetch.name)
        .filter(|name| !tested.contains(*name))
        .filter(|name| !UNTESTED.iter().any(|(start, _)| name.starts_with(start)))
        .collect();
    assert_eq!(left_out, [""; 0]);
}

/// HAProxy, ended with the test.
struct Haproxy(std::process::Child);

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What HAProxy puts into the messages; `None` where there is none. Its port was free a moment
/// before it starts, which other tests may end: then it is tried again.
fn relayed_by_haproxy(cases: &[Case], rules: &str) -> Option<(String, String)> {
    let program = "/usr/sbin/haproxy";
    if !std::path::Path::new(program).exists() {
        return None;
    }
    let found = (0..5).find_map(|_| try_haproxy(program, cases, rules));
    Some(found.expect("HAProxy does not relay"))
}

/// The next connection, unless none comes.
fn accepted(origin: &TcpListener) -> Option<TcpStream> {
    origin.set_nonblocking(true).unwrap();
    let stream = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        origin.accept().ok()
    });
    let (stream, _) = stream?;
    stream.set_nonblocking(false).unwrap();
    Some(stream)
}

fn try_haproxy(program: &str, cases: &[Case], rules: &str) -> Option<(String, String)> {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = probe.local_addr().unwrap();
    drop(probe);
    let text = configuration(cases, rules)
        .replace("LISTENER", &address.to_string())
        .replace("ORIGIN0", &origin.local_addr().unwrap().to_string());
    let name = format!("weir-fetches-{}-{}.cfg", std::process::id(), address.port());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    let child = std::process::Command::new(program)
        .args(["-db", "-q", "-f"])
        .arg(&path)
        .spawn()
        .unwrap();
    let haproxy = Haproxy(child);
    let mut client = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect(address).ok()
    })?;
    client.write_all(REQUEST_TEXT.as_bytes()).unwrap();
    let mut server = accepted(&origin)?;
    let request = read_to(&mut server, "p=333");
    server.write_all(RESPONSE_TEXT.as_bytes()).unwrap();
    let response = read_to(&mut client, "abc");
    drop(haproxy);
    let _ = std::fs::remove_file(path);
    Some((request, response))
}

fn read_to(stream: &mut TcpStream, end: &str) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(bytes).unwrap()
}

/// The cases that HAProxy 2.6 answers as weir does.
fn common(cases: &'static [Case]) -> Vec<Case> {
    let is_common =
        |case: &&Case| !matches!(case.expected, Expected::OnlyHere(_) | Expected::PidHere);
    cases.iter().filter(is_common).copied().collect()
}

#[test]
fn haproxy_finds_the_same_values() {
    let mut differ = Vec::new();
    for cases in common(REQUEST).chunks(BATCH) {
        let Some((request, _)) = relayed_by_haproxy(cases, "http-request") else {
            return;
        };
        differ.extend(wrong(cases, &values(&request, cases.len())));
    }
    for cases in common(RESPONSE).chunks(BATCH) {
        let Some((_, response)) = relayed_by_haproxy(cases, "http-response") else {
            return;
        };
        differ.extend(wrong(cases, &values(&response, cases.len())));
    }
    assert_eq!(differ, [""; 0]);
}
