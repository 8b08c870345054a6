//! Persistence against a real worker: what rules, a server's state and full queues make of a
//! cookie, and how long a terminal client is waited for.
//!
//! The worker is stepped in the test, time is moved by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::Harness;
use weir::config::model::ServerId;

const WITH_A: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nCookie: SRV=A\r\nConnection: close\r\n\r\n";
const WITHOUT: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Server `a` is the first origin, `b` the second; load balancing knows `b` alone.
fn proxy(settings: &str, of_a: &str) -> Harness {
    Harness::new(&format!(
        "
global
 log LOG local0
defaults
 mode http
 log global
 option httplog
 timeout client 1h
 timeout server 1h
 timeout connect 1h
listen main
 bind LISTENER
 cookie SRV insert
 {settings}
 server a ORIGIN0 cookie A {of_a}
 server b ORIGIN1 cookie B
"
    ))
}

fn take_down(harness: &mut Harness) {
    let server = ServerId::of_index(0);
    harness.worker.core.state.server_mut(server).down = true;
    harness.worker.core.server_changed(server);
}

/// One request that the n-th origin answers; what the client got, and the letters of the log.
fn exchange(harness: &mut Harness, request: &[u8], origin: usize) -> (String, String) {
    let mut client = harness.client();
    harness.send(&mut client, request);
    let mut server = harness.accept(origin);
    harness.serve(&mut server, ANSWER);
    let answer = harness.receive_all(&mut client);
    (answer, letters(harness))
}

fn letters(harness: &mut Harness) -> String {
    let line = harness.log_line();
    let letters = line
        .split(' ')
        .find(|word| word.len() == 4 && word.starts_with("--"));
    letters.unwrap_or_default().to_owned()
}

#[test]
fn a_draining_server_keeps_its_clients() {
    let mut harness = proxy("", "");
    let server = ServerId::of_index(0);
    harness.worker.core.state.server_mut(server).drain = true;
    harness.worker.core.server_changed(server);
    assert_eq!(exchange(&mut harness, WITH_A, 0).1, "--VN");
    assert_eq!(exchange(&mut harness, WITHOUT, 1).1, "--NI");
}

#[test]
fn a_server_that_is_down_loses_them() {
    let mut harness = proxy("", "");
    take_down(&mut harness);
    let (answer, letters) = exchange(&mut harness, WITH_A, 1);
    assert!(answer.contains("set-cookie: SRV=B; path=/\r\n"), "{answer}");
    assert_eq!(letters, "--DI");
}

#[test]
fn force_persist_keeps_them_even_then() {
    let mut harness = proxy("force-persist if TRUE", "");
    take_down(&mut harness);
    let (answer, letters) = exchange(&mut harness, WITH_A, 0);
    assert!(!answer.contains("set-cookie"), "{answer}");
    assert_eq!(letters, "--DN");
}

#[test]
fn force_persist_allows_no_redispatch() {
    let mut harness = Harness::new(
        "
defaults
 mode http
 timeout client 1h
 timeout server 1h
 timeout connect 1h
 option redispatch
 retries 1
listen main
 bind LISTENER
 cookie SRV insert
 force-persist if TRUE
 server a REFUSED cookie A weight 0
 server b ORIGIN0 cookie B
",
    );
    let mut client = harness.client();
    harness.send(&mut client, WITH_A);
    harness.settle();
    harness.advance(1_000);
    let answer = harness.receive_all(&mut client);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[test]
fn ignore_persist_makes_the_cookie_count_for_nothing() {
    let mut harness = proxy("ignore-persist if TRUE", "weight 0");
    let (answer, letters) = exchange(&mut harness, WITH_A, 1);
    assert!(!answer.contains("set-cookie"), "{answer}");
    assert_eq!(letters, "--UN");
}

#[test]
fn a_full_queue_sends_them_elsewhere_with_redispatch() {
    let mut harness = proxy("option redispatch", "weight 0 maxconn 1 maxqueue 1");
    let mut first = harness.client();
    harness.send(&mut first, WITH_A);
    let mut busy = harness.accept(0);
    let mut second = harness.client();
    harness.send(&mut second, WITH_A);
    harness.settle();
    let (answer, letters) = exchange(&mut harness, WITH_A, 1);
    assert!(answer.contains("set-cookie: SRV=B; path=/\r\n"), "{answer}");
    assert_eq!(letters, "--DI");
    harness.serve(&mut busy, ANSWER);
    harness.receive_all(&mut first);
    let mut next = harness.accept(0);
    harness.serve(&mut next, ANSWER);
    harness.receive_all(&mut second);
}

#[test]
fn a_silent_terminal_client_is_not_waited_for_long() {
    let mut harness = Harness::new(
        "
listen main
 bind LISTENER
 timeout client 1h
 timeout server 1h
 timeout connect 1h
 persist rdp-cookie
 server a ORIGIN0
",
    );
    let _client = harness.client();
    harness.settle();
    assert!(harness.origin(0).accept().is_none());
    harness.assert_fires(5_000, |harness| harness.origin(0).accept().is_some());
}
