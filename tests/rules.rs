//! Rules over connections and bytes under pressure: silent clients, clients that send byte by
//! byte, announced clients, and what their waits cost.
//!
//! The clock is moved by hand: nothing here waits.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::peer::End;
use harness::{Harness, Peer};

fn with(mode: &str, proxy: &str) -> Harness {
    Harness::new(&format!(
        "
global
 log LOG local0
defaults
 mode {mode}
 log global
 timeout client 1h
 timeout server 1h
 timeout connect 1h
 timeout tarpit 2s
listen main
 bind LISTENER
 {proxy}
"
    ))
}

const TCP: &str = "tcp\n option tcplog";
const HTTP: &str = "http\n option httplog";

/// Silent clients are all judged when the delay is over and not before.
#[test]
fn silent_clients_under_an_inspect_delay() {
    let mut harness = with(
        TCP,
        "tcp-request inspect-delay 5s
 tcp-request content reject unless { path / }
 server s1 ORIGIN0",
    );
    let mut clients: Vec<Peer> = Vec::new();
    for _ in 0..SILENT {
        clients.push(harness.client());
        harness.settle();
    }
    harness.until("the sessions", |harness| harness.sessions() == SILENT);
    harness.advance(4_900);
    assert_eq!(harness.sessions(), SILENT);
    harness.advance(200);
    harness.until("the end", |harness| harness.sessions() == 0);
    for client in &mut clients {
        assert_eq!(client.end(), Some(End::Closed));
    }
    let lines = harness.log_lines();
    assert_eq!(lines.len(), SILENT);
    assert!(lines.iter().all(|line| line.contains(" PR ")), "{lines:?}");
    let denied = harness.proxy("main").frontend.denied_requests;
    assert_eq!(denied, SILENT as u64);
}

/// Every byte is a new look at the same rule, and none of them decides too early.
#[test]
fn a_client_that_sends_byte_by_byte_waits_for_the_delay() {
    let mut harness = with(
        TCP,
        "tcp-request inspect-delay 5s
 tcp-request content accept if { path /never }
 server s1 ORIGIN0",
    );
    let mut client = harness.client();
    for byte in b"not a request at all" {
        harness.send(&mut client, &[*byte]);
        harness.advance(10);
        assert!(harness.origin(0).accept().is_none());
    }
    harness.advance(5_000);
    let mut server = harness.accept(0);
    harness.receive(&mut server, "not a request at all");
}

/// What depends on how many bytes are here is not decided while more may come.
#[test]
fn conditions_over_bytes_wait_for_more() {
    for condition in [
        "req.len ge 9",
        "req.payload(0,0) -m end x\\\"}",
        "req.payload(0,0),json_query('$.a') -m str x",
        "req.payload(6,2) -m str \\\"x",
    ] {
        let mut harness = with(
            TCP,
            &format!(
                "tcp-request inspect-delay 5s
 tcp-request content reject unless {{ {condition} }}
 server s1 ORIGIN0"
            ),
        );
        let mut client = harness.client();
        for piece in ["{", "\"a\"", ": "] {
            harness.send(&mut client, piece.as_bytes());
            harness.advance(1_000);
            assert_eq!(harness.sessions(), 1, "{condition}");
            assert!(harness.origin(0).accept().is_none(), "{condition}");
        }
        harness.send(&mut client, b"\"x\"}");
        let mut server = harness.accept(0);
        harness.receive(&mut server, "{\"a\": \"x\"}");
    }
}

/// The same for what a server sends.
#[test]
fn conditions_over_the_bytes_of_a_response_wait_for_more() {
    for condition in ["res.len ge 6", "res.payload(0,0) -m end def"] {
        let mut harness = with(
            TCP,
            &format!(
                "tcp-response inspect-delay 5s
 tcp-response content reject unless {{ {condition} }}
 server s1 ORIGIN0"
            ),
        );
        let mut client = harness.client();
        harness.send(&mut client, b"hello");
        let mut server = harness.accept(0);
        harness.receive(&mut server, "hello");
        harness.send(&mut server, b"abc");
        harness.advance(1_000);
        assert_eq!(harness.sessions(), 1, "{condition}");
        harness.send(&mut server, b"def");
        harness.receive(&mut client, "abcdef");
    }
}

/// The rules over the head of a slow request run once, when it is whole.
#[test]
fn a_request_that_comes_byte_by_byte_is_judged_once() {
    let mut harness = with(
        HTTP,
        "tcp-request inspect-delay 5s
 tcp-request content reject unless { path /slow }
 server s1 ORIGIN0",
    );
    let mut client = harness.client();
    for byte in b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" {
        harness.send(&mut client, &[*byte]);
        harness.advance(1_000);
    }
    let mut server = harness.accept(0);
    harness.serve(
        &mut server,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    assert!(
        harness
            .receive(&mut client, "ok")
            .starts_with("HTTP/1.1 200")
    );
}

/// A PROXY header in pieces, then a rule over sessions that refuses: no line is logged.
#[test]
fn a_refused_session_behind_a_header_in_pieces() {
    let mut harness = with(
        TCP,
        "tcp-request connection expect-proxy layer4
 tcp-request session reject
 server s1 ORIGIN0",
    );
    let mut client = harness.client();
    for piece in ["PROXY TCP4 1.2.3.4", " 5.6.7.8 1 2", "\r\nmore"] {
        assert_eq!(harness.proxy("main").frontend.denied_sessions, 0);
        harness.send(&mut client, piece.as_bytes());
    }
    harness.until("the end", |harness| harness.sessions() == 0);
    let counters = &harness.proxy("main").frontend;
    assert_eq!(counters.denied_sessions, 1);
    assert_eq!((counters.connections, counters.sessions), (1, 0));
    assert!(harness.log_lines().is_empty());
}

/// A refused connection leaves nothing behind, not even a session that was counted.
#[test]
fn refused_connections_leave_nothing() {
    let mut harness = with(TCP, "tcp-request connection reject\n server s1 ORIGIN0");
    let descriptors = harness.descriptors();
    for _ in 0..SILENT {
        let mut client = harness.client();
        harness.until("the reset", |_| client.is_closed());
        assert_eq!(client.end(), Some(End::Reset));
    }
    assert_eq!(
        (harness.sessions(), harness.descriptors()),
        (0, descriptors)
    );
    let state = harness.proxy("main");
    assert_eq!(state.frontend_sessions, 0);
    assert_eq!(state.frontend.denied_connections, SILENT as u64);
    assert_eq!(state.frontend.sessions, 0);
    assert!(harness.log_lines().is_empty());
}

/// The tarpit answers when its time has come and not before; who leaves is not held.
#[test]
fn a_tarpit_ends_with_its_time_or_its_client() {
    let mut harness = with(HTTP, "reqtarpit ^X-Bot:\n server s1 ORIGIN0");
    let request = b"GET / HTTP/1.1\r\nHost: h\r\nX-Bot: 1\r\n\r\n";
    let mut patient = harness.client();
    harness.send(&mut patient, request);
    harness.advance(1_900);
    assert_eq!(patient.text(), "");
    harness.advance(200);
    let answer = harness.receive(&mut patient, "</html>\n");
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(harness.log_line().contains(" 500 "));
    let mut hasty = harness.client();
    harness.send(&mut hasty, request);
    harness.advance(100);
    hasty.stream().shutdown(std::net::Shutdown::Both).unwrap();
    harness.until("the end", |harness| harness.sessions() == 1);
    assert!(harness.log_line().contains(" PT-- "));
}

const SILENT: usize = 200;
