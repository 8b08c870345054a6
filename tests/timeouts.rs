//! Every timeout fires when its time has come and not a millisecond before, with the answer and
//! the log line that belong to it; retries and redispatches take the time they should.
//!
//! The clock is moved by hand: nothing here waits.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::peer::End;
use harness::{Harness, Origin, Peer};

fn http(proxy: &str) -> Harness {
    with_mode("http\n option httplog", proxy)
}

fn tcp(proxy: &str) -> Harness {
    with_mode("tcp\n option tcplog", proxy)
}

/// All timeouts are an hour unless the proxy says otherwise.
fn with_mode(mode: &str, proxy: &str) -> Harness {
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
listen main
 bind LISTENER
 {proxy}
"
    ))
}

/// A client whose request has reached the server.
fn requested(harness: &mut Harness, request: &[u8]) -> (Peer, Peer) {
    let mut client = harness.client();
    harness.send(&mut client, request);
    let mut server = harness.accept(0);
    harness.receive(&mut server, "\r\n\r\n");
    (client, server)
}

/// Two ends of a connection that relays.
fn relayed(harness: &mut Harness) -> (Peer, Peer) {
    let mut client = harness.client();
    harness.send(&mut client, b"ping");
    let mut server = harness.accept(0);
    harness.receive(&mut server, "ping");
    (client, server)
}

/// Sends from `sender` until nothing moves any more, because the other end takes nothing.
fn fill(harness: &mut Harness, sender: &mut Peer) {
    let block = [b'x'; 65536];
    let mut refused = 0;
    while refused < 20 {
        refused = match sender.try_send(&block) {
            Ok(()) => 0,
            Err(_) => refused + 1,
        };
        harness.settle();
    }
}

fn status_of(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

/// A peer that relays nothing any more closes its direction; the other one goes on (2.6 too).
#[test]
fn client() {
    let mut harness = tcp("timeout client 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = relayed(&mut harness);
    harness.advance(600);
    harness.send(&mut client, b"more");
    harness.receive(&mut server, "more");
    harness.assert_fires(1000, |_| server.is_closed());
    drop(server);
    harness.until("the end", |harness| harness.sessions() == 0);
    assert_eq!(
        harness.log_line(),
        "main main/s1 0/0/1600 0 cD 1/1/0/0/0 0/0"
    );
}

#[test]
fn client_that_takes_nothing() {
    let mut harness = http("timeout client 1000\n server s1 ORIGIN0");
    let (client, mut server) = requested(&mut harness, GET);
    harness.send(
        &mut server,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
    );
    fill(&mut harness, &mut server);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.contains(" 200 ") && line.contains(" cD-- "), "{line}");
    drop(client);
}

#[test]
fn client_that_takes_nothing_of_what_is_relayed() {
    let mut harness = tcp("timeout client 1000\n server s1 ORIGIN0");
    let (client, mut server) = relayed(&mut harness);
    harness.advance(30);
    fill(&mut harness, &mut server);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.contains(" cD "), "{line}");
    drop(client);
}

#[test]
fn server_that_takes_nothing() {
    let mut harness = http("timeout server 1000\n server s1 ORIGIN0");
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n";
    let (mut client, server) = requested(&mut harness, head);
    fill(&mut harness, &mut client);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.contains(" 504 ") && line.contains(" sH-- "), "{line}");
    drop(server);
}

#[test]
fn server_before_its_answer() {
    let mut harness = http("timeout server 1000\n server s1 ORIGIN0");
    let last = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let (mut client, mut server) = requested(&mut harness, last);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "504");
    assert!(server.is_closed());
    let line = format!(
        "main main/s1 0/0/0/-1/1000 504 {} - - sH-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        answer.len()
    );
    assert_eq!(harness.log_line(), line);
}

#[test]
fn server_within_its_answer() {
    let mut harness = http("timeout server 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = requested(&mut harness, GET);
    harness.advance(900);
    harness.send(
        &mut server,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    );
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    assert!(harness.receive_all(&mut client).ends_with("half"));
    let line = harness.log_line();
    assert!(
        line.starts_with("main main/s1 0/0/0/900/1900 200 "),
        "{line}"
    );
    assert!(line.contains(" sD-- 1/1/0/0/0 0/0 "), "{line}");
}

#[test]
fn server_that_relays() {
    let mut harness = tcp("timeout server 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = relayed(&mut harness);
    harness.advance(600);
    harness.send(&mut server, b"more");
    harness.receive(&mut client, "more");
    harness.assert_fires(1000, |_| client.is_closed());
    drop(client);
    harness.until("the end", |harness| harness.sessions() == 0);
    assert_eq!(
        harness.log_line(),
        "main main/s1 0/0/1600 4 sD 1/1/0/0/0 0/0"
    );
}

#[test]
fn connect() {
    let mut harness = http("timeout connect 1000\n retries 0\n server s1 SILENT");
    let mut client = harness.client();
    harness.send(&mut client, GET);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "503");
    let line = format!(
        "main main/s1 0/0/-1/-1/1000 503 {} - - sC-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        answer.len()
    );
    assert_eq!(harness.log_line(), line);
}

#[test]
fn connect_that_is_tried_again() {
    let mut harness = tcp("timeout connect 1000\n retries 2\n server s1 SILENT");
    let client = harness.client();
    harness.advance(1000);
    harness.advance(1000);
    assert_eq!(harness.server("s1").counters.retries, 2);
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    assert_eq!(
        harness.log_line(),
        "main main/s1 0/-1/3000 0 sC 1/1/0/0/2 0/0"
    );
    drop(client);
}

#[test]
fn queue() {
    let mut harness = http("timeout queue 1000\n server s1 ORIGIN0 maxconn 1");
    let (_first, _server) = requested(&mut harness, GET);
    let mut second = harness.client();
    harness.send(&mut second, GET);
    assert_eq!(harness.proxy("main").queued, 1);
    harness.assert_fires(1000, |harness| harness.sessions() == 1);
    let answer = harness.receive_all(&mut second);
    assert_eq!(status_of(&answer), "503");
    assert_eq!(harness.proxy("main").queued, 0);
    let line = harness.log_line();
    assert!(line.contains("/<NOSRV> 0/1000/-1/-1/1000 503 "), "{line}");
    assert!(line.contains(" sQ-- "), "{line}");
}

#[test]
fn a_place_in_the_queue_is_granted_in_time() {
    let mut harness = http("timeout queue 1000\n server s1 ORIGIN0 maxconn 1");
    let (mut first, mut server) = requested(&mut harness, GET);
    let mut second = harness.client();
    harness.send(&mut second, GET);
    harness.advance(999);
    harness.send(&mut server, OK);
    harness.receive(&mut first, "ok");
    harness.log_line();
    let mut next = server;
    harness.until("the second request", |harness| {
        if let Some(peer) = harness.origin(0).accept() {
            next = peer;
        }
        next.text().ends_with("\r\n\r\n")
    });
    harness.send(&mut next, OK);
    harness.receive(&mut second, "ok");
    let line = harness.log_line();
    assert!(
        line.starts_with("main main/s1 0/999/0/0/999 200 "),
        "{line}"
    );
}

#[test]
fn http_request() {
    let mut harness = http("timeout http-request 1000\n server s1 ORIGIN0");
    let mut client = harness.client();
    for byte in [b"G", b"E", b"T"] {
        harness.send(&mut client, byte);
        harness.advance(300);
    }
    harness.assert_fires(100, |harness| harness.sessions() == 0);
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "408");
    let line = format!(
        "main main/<NOSRV> -1/-1/-1/-1/1000 408 {} - - cR-- 1/1/0/0/0 0/0 \"<BADREQ>\"",
        answer.len()
    );
    assert_eq!(harness.log_line(), line);
}

#[test]
fn http_request_that_never_begins() {
    let mut harness = http("timeout http-request 1000\n server s1 ORIGIN0");
    let mut client = harness.client();
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "408");
    let line = harness.log_line();
    assert!(line.contains(" cR-- ") && line.contains(" 408 "), "{line}");
}

/// Without `timeout http-request`, the client's timeout limits the request.
#[test]
fn client_within_its_request() {
    let mut harness = http("timeout client 1000\n server s1 ORIGIN0");
    let mut client = harness.client();
    harness.send(&mut client, b"GET / HT");
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "408");
    let line = harness.log_line();
    assert!(line.contains(" cR-- "), "{line}");
}

#[test]
fn http_keep_alive() {
    let mut harness =
        http("timeout http-keep-alive 500\n timeout http-request 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = requested(&mut harness, GET);
    harness.advance(700);
    harness.send(&mut server, OK);
    harness.receive(&mut client, "ok");
    harness.log_line();
    harness.assert_fires(500, |harness| harness.sessions() == 0);
    assert_eq!(harness.receive_all(&mut client), "");
    assert_eq!(harness.log_lines(), [""; 0]);
}

#[test]
fn the_first_byte_of_the_next_request_ends_the_idle_time() {
    let mut harness =
        http("timeout http-keep-alive 500\n timeout http-request 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = requested(&mut harness, GET);
    harness.send(&mut server, OK);
    harness.receive(&mut client, "ok");
    harness.log_line();
    harness.advance(499);
    harness.send(&mut client, b"G");
    harness.assert_fires(1000, |harness| harness.sessions() == 0);
    assert_eq!(status_of(&harness.receive_all(&mut client)), "408");
    let line = harness.log_line();
    assert!(
        line.contains("/1000 408 ") && line.contains(" cR-- "),
        "{line}"
    );
}

#[test]
fn tunnel() {
    let mut harness =
        http("timeout tunnel 5000\n timeout client 1000\n timeout server 1000\n server s1 ORIGIN0");
    let (mut client, mut server) = requested(&mut harness, UPGRADE);
    harness.send(
        &mut server,
        b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    );
    harness.receive(&mut client, "\r\n\r\n");
    harness.advance(4000);
    harness.send(&mut server, b"still here");
    harness.receive(&mut client, "still here");
    harness.assert_fires(5000, |harness| harness.sessions() == 0);
    assert!(client.is_closed() && server.is_closed());
    let line = harness.log_line();
    assert!(line.starts_with("main main/s1 0/0/0/0/9000 101 "), "{line}");
    assert!(line.contains(" cD-- ") || line.contains(" sD-- "), "{line}");
}

#[test]
fn tunnel_of_tcp() {
    let mut harness =
        tcp("timeout tunnel 5000\n timeout client 1000\n timeout server 1000\n server s1 ORIGIN0");
    let (client, server) = relayed(&mut harness);
    harness.assert_fires(5000, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.starts_with("main main/s1 0/0/5000 0 "), "{line}");
    drop((client, server));
}

#[test]
fn client_fin() {
    let mut harness = tcp("timeout client-fin 500\n server s1 ORIGIN0");
    let (mut client, server) = relayed(&mut harness);
    harness.advance(100);
    server.shut();
    harness.settle();
    assert_eq!(client.end(), Some(End::Closed));
    harness.assert_fires(500, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.starts_with("main main/s1 0/0/600 0 cD "), "{line}");
}

#[test]
fn server_fin() {
    let mut harness = tcp("timeout server-fin 500\n server s1 ORIGIN0");
    let (client, mut server) = relayed(&mut harness);
    harness.advance(100);
    client.shut();
    harness.settle();
    assert_eq!(server.end(), Some(End::Closed));
    harness.assert_fires(500, |harness| harness.sessions() == 0);
    let line = harness.log_line();
    assert!(line.starts_with("main main/s1 0/0/600 0 sD "), "{line}");
}

#[test]
fn a_refusal_is_followed_by_a_pause_before_each_retry() {
    let mut harness = http("retries 3\n server s1 REFUSED");
    let mut client = harness.client();
    harness.send(&mut client, GET);
    for retry in 0..3 {
        assert_eq!(harness.server("s1").counters.retries, retry + 1);
        let fired = |harness: &mut Harness| match retry {
            2 => harness.sessions() == 0,
            _ => harness.server("s1").counters.retries > retry + 1,
        };
        harness.assert_fires(1000, fired);
    }
    let answer = harness.receive_all(&mut client);
    assert_eq!(status_of(&answer), "503");
    let line = format!(
        "main main/s1 0/0/-1/-1/3000 503 {} - - SC-- 1/1/0/0/3 0/0 \"GET / HTTP/1.1\"",
        answer.len()
    );
    assert_eq!(harness.log_line(), line);
}

#[test]
fn a_short_connect_timeout_shortens_the_pause() {
    let mut harness = http("retries 1\n timeout connect 300\n server s1 REFUSED");
    let mut client = harness.client();
    harness.send(&mut client, GET);
    harness.assert_fires(300, |harness| harness.sessions() == 0);
}

#[test]
fn a_server_that_comes_back_is_reached_by_a_retry() {
    let address = harness::refused_address();
    let mut harness = http(&format!("retries 3\n server s1 {address}"));
    let mut client = harness.client();
    harness.send(&mut client, GET);
    let origin = Origin::at(address);
    harness.assert_fires(1000, |_| origin.accept().is_some());
    let counters = &harness.server("s1").counters;
    assert_eq!((counters.retries, counters.failed_connections), (1, 0));
}

#[test]
fn the_last_retry_goes_to_another_server() {
    let mut harness = http("retries 2\n option redispatch\n server s1 REFUSED\n server s2 ORIGIN0");
    let mut client = harness.client();
    harness.send(&mut client, GET);
    let mut server = None;
    harness.assert_fires(1000, |harness| {
        server = server.take().or_else(|| harness.origin(0).accept());
        server.is_some()
    });
    let mut server = server.unwrap();
    harness.serve(&mut server, OK_TEXT);
    harness.receive(&mut client, "ok");
    let line = harness.log_line();
    assert!(
        line.starts_with("main main/s2 0/1000/0/0/1000 200 "),
        "{line}"
    );
    assert!(line.contains(" ---- 1/1/0/0/+2 0/0 "), "{line}");
    assert_eq!(harness.server("s1").counters.redispatches, 1);
    assert_eq!(harness.server("s1").sessions, 0);
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
const OK_TEXT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK: &[u8] = OK_TEXT.as_bytes();
