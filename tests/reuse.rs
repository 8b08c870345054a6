//! Server connections that are used again: what happens when one dies under a request, and
//! which requests may travel on whose connection.
//!
//! A real worker is stepped in the test; the clock stands still.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::{Harness, Peer};

fn proxy(settings: &str) -> Harness {
    Harness::new(&format!(
        "
defaults
 mode http
 timeout client 1h
 timeout server 1h
 timeout connect 1h
listen main
 bind LISTENER
 {settings}
 server s1 ORIGIN0
"
    ))
}

/// One whole exchange; the server's connection idles afterwards.
fn exchange(harness: &mut Harness) -> (Peer, Peer) {
    let mut client = harness.client();
    harness.send(&mut client, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut server = harness.accept(0);
    harness.receive(&mut server, "\r\n\r\n");
    harness.send(
        &mut server,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
    );
    harness.receive(&mut client, "one");
    client.clear();
    server.clear();
    (client, server)
}

/// Turns until `text` has arrived at `peer`.
fn sees(harness: &mut Harness, peer: &mut Peer, text: &str) {
    harness.until(text, |_| peer.text().contains(text));
}

#[test]
fn a_request_that_a_dying_connection_took_is_sent_again_on_a_fresh_one() {
    let mut harness = proxy("");
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(&mut client, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    sees(&mut harness, &mut server, "GET /2 ");
    drop(server);
    let mut fresh = harness.accept(0);
    sees(
        &mut harness,
        &mut fresh,
        "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    harness.send(
        &mut fresh,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo",
    );
    harness.receive(&mut client, "two");
}

#[test]
fn it_is_sent_again_once_only() {
    let mut harness = proxy("");
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(&mut client, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    sees(&mut harness, &mut server, "GET /2 ");
    drop(server);
    let mut fresh = harness.accept(0);
    sees(&mut harness, &mut fresh, "GET /2 ");
    drop(fresh);
    sees(&mut harness, &mut client, "HTTP/1.1 502 ");
    harness.settle();
    assert!(harness.origin(0).accept().is_none());
}

#[test]
fn a_request_that_may_have_had_its_effect_is_not_repeated() {
    let mut harness = proxy("");
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(
        &mut client,
        b"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
    );
    harness.receive(&mut server, "hi");
    drop(server);
    harness.until("the client's connection closes", |_| client.is_closed());
    assert_eq!(client.text(), "");
    assert!(harness.origin(0).accept().is_none());
}

#[test]
fn an_answer_that_has_begun_is_not_asked_for_again() {
    let mut harness = proxy("");
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(&mut client, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    sees(&mut harness, &mut server, "GET /2 ");
    harness.send(&mut server, b"HTTP/1.1 200 O");
    drop(server);
    harness.until("the client's connection closes", |_| client.is_closed());
    assert!(harness.origin(0).accept().is_none());
}

#[test]
fn a_connection_that_closed_while_idle_is_not_used() {
    let mut harness = proxy("");
    let (mut client, server) = exchange(&mut harness);
    drop(server);
    harness.settle();
    harness.send(
        &mut client,
        b"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
    );
    let mut fresh = harness.accept(0);
    harness.receive(&mut fresh, "hi");
}

#[test]
fn bytes_nobody_asked_for_end_an_idle_connection() {
    let mut harness = proxy("http-reuse always");
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(
        &mut server,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale",
    );
    harness.until("the server's connection closes", |_| server.is_closed());
    harness.send(&mut client, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut fresh = harness.accept(0);
    sees(&mut harness, &mut fresh, "GET /2 ");
    assert_eq!(client.text(), "");
}

#[test]
fn a_connection_that_authenticated_a_client_serves_it_alone() {
    let mut harness = proxy("http-reuse always");
    let mut client = harness.client();
    harness.send(&mut client, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut server = harness.accept(0);
    harness.receive(&mut server, "\r\n\r\n");
    let challenge = b"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    harness.send(&mut server, challenge);
    harness.receive(&mut client, "\r\n\r\n");
    let mut other = harness.client();
    harness.send(&mut other, b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut fresh = harness.accept(0);
    sees(&mut harness, &mut fresh, "GET /other ");
    server.clear();
    harness.send(&mut client, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    sees(&mut harness, &mut server, "GET /2 ");
}
