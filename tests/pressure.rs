//! Under pressure weir stays flat: many connections, limits reached, descriptors used up, servers
//! and clients that stall. Afterwards no descriptor is lost and memory is what it was.
//!
//! The built program is watched through /proc; what needs time runs in a worker with a clock
//! moved by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::child::Weir;
use harness::{Harness, Peer};
use weir::sys::process::{Limit, LimitKind, limit, set_limit};

/// The program, answering by itself, and how many descriptors it has without any client.
fn start(name: &str, global: &str, frontend: &str) -> (Weir, usize) {
    let text = format!(
        "
global
    log LOG local0
    {global}
defaults
    mode http
    log global
    timeout client 1m
    timeout http-request 1m
frontend main
    bind LISTENER {frontend}
    http-request return status 200 content-type text/plain string \"body\"
"
    );
    let weir = Weir::start(name, &text, &[]);
    let mut first = connect(weir.address());
    answered(&mut first);
    let before = weir.descriptors() - 1;
    (weir, before)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request and takes its answer.
fn answered(stream: &mut TcpStream) {
    stream.write_all(GET).unwrap();
    take_answer(stream);
}

fn take_answer(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"body") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..count]);
    }
}

/// Makes requests until the program has as many descriptors as it should.
fn until_descriptors(weir: &Weir, expected: usize) {
    let start = Instant::now();
    loop {
        let count = weir.descriptors();
        if count == expected {
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{count} descriptors, not {expected}"
        );
        thread::yield_now();
    }
}

/// Lets this process open as many descriptors as it may.
fn raise_own_limit() {
    let now = limit(LimitKind::OpenFiles).unwrap();
    let most = Limit {
        soft: now.hard,
        ..now
    };
    set_limit(LimitKind::OpenFiles, most).unwrap();
}

#[test]
fn thousands_are_held_while_more_come_and_go() {
    raise_own_limit();
    let (weir, before) = start("pressure-many", "maxconn 6000", "");
    let mut held = answered_batches(&weir, HELD);
    let full = before + HELD;
    until_descriptors(&weir, full);
    come_and_go(&weir, PASSING / 2);
    let resident_kib = weir.resident_kib();
    come_and_go(&weir, PASSING / 2);
    let grown_kib = weir.resident_kib().saturating_sub(resident_kib);
    assert!(grown_kib <= GROWTH_KIB_MAX, "{grown_kib} KiB more");
    until_descriptors(&weir, full);
    held.chunks_mut(BATCH).for_each(answered_together);
    drop(held);
    until_descriptors(&weir, before);
    let again = answered_batches(&weir, HELD);
    let grown_kib = weir.resident_kib().saturating_sub(resident_kib);
    assert!(
        grown_kib <= GROWTH_KIB_MAX,
        "{grown_kib} KiB more for as many"
    );
    drop(again);
    until_descriptors(&weir, before);
}

fn come_and_go(weir: &Weir, count: usize) {
    for _ in 0..count / BATCH {
        answered_batches(weir, BATCH);
    }
}

/// As many connections that were answered once, opened and served by the batch.
fn answered_batches(weir: &Weir, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let mut batch: Vec<TcpStream> = (0..BATCH).map(|_| connect(weir.address())).collect();
        answered_together(&mut batch);
        streams.append(&mut batch);
    }
    streams
}

fn answered_together(streams: &mut [TcpStream]) {
    for stream in &mut *streams {
        stream.write_all(GET).unwrap();
    }
    streams.iter_mut().for_each(take_answer);
}

#[test]
fn a_full_listener_takes_the_next_when_one_goes() {
    let (weir, before) = start("pressure-full", "maxconn 1000", "maxconn 50");
    let mut streams: Vec<TcpStream> = (0..QUEUED)
        .map(|_| {
            let mut stream = connect(weir.address());
            stream.write_all(GET).unwrap();
            stream
        })
        .collect();
    for served in 0..QUEUED {
        take_answer(&mut streams[0]);
        let most = before + 50;
        let count = weir.descriptors();
        assert!(count <= most, "{count} descriptors after {served}");
        streams.remove(0);
    }
    until_descriptors(&weir, before);
    answered(&mut connect(weir.address()));
}

#[test]
fn used_up_descriptors_make_it_pause_and_not_spin() {
    let (weir, before) = start("pressure-emfile", "maxconn 1000", "");
    let most = weir.spare_descriptors(20);
    let mut streams: Vec<TcpStream> = (0..100).map(|_| connect(weir.address())).collect();
    let lines = weir.lines_until("reached process FD limit");
    let line = lines.last().unwrap();
    assert!(
        line.contains("Proxy main reached process FD limit at "),
        "{line}"
    );
    // The load goes on for a while: this is no waiting but the time that is measured.
    let ticks = weir.cpu_ticks();
    thread::sleep(MEASURED);
    let used = weir.cpu_ticks() - ticks;
    assert!(used <= TICKS_MAX, "{used} ticks of 10 ms");
    let repeated = weir.lines_so_far().len();
    assert!(repeated <= 12, "{repeated} lines in {MEASURED:?}");
    assert_eq!(weir.descriptors(), most);
    // Those that wait are served as soon as others go.
    while let Some(mut stream) = (!streams.is_empty()).then(|| streams.remove(0)) {
        answered(&mut stream);
    }
    until_descriptors(&weir, before);
    answered(&mut connect(weir.address()));
}

#[test]
fn a_server_that_never_answers() {
    let mut harness = Harness::new(
        "
defaults
    mode http
    timeout client 1h
    timeout server 5s
    timeout connect 1h
listen main
    bind LISTENER
    server s1 ORIGIN0
",
    );
    let descriptors = harness.descriptors();
    for _ in 0..3 {
        let mut clients: Vec<Peer> = (0..STALLED).map(|_| harness.client()).collect();
        clients.iter_mut().for_each(|client| client.send(GET));
        let mut servers: Vec<Peer> = (0..STALLED).map(|_| harness.accept(0)).collect();
        harness.until("all requests", |_| {
            servers.iter_mut().all(|server| !server.bytes().is_empty())
        });
        harness.advance(4_999);
        assert_eq!(harness.sessions(), STALLED);
        harness.advance(1);
        let is_504 = |client: &mut Peer| client.text().starts_with("HTTP/1.1 504 ");
        harness.until("all answers", |_| clients.iter_mut().all(is_504));
        // They may go on, and leave.
        drop(clients);
        drop(servers);
        assert_all_returned(&mut harness, descriptors);
    }
}

#[test]
fn clients_that_send_a_byte_a_second() {
    let mut harness = Harness::new(
        "
defaults
    mode http
    timeout client 2s
    timeout server 1h
    timeout connect 1h
    timeout http-request 10s
listen main
    bind LISTENER
    server s1 ORIGIN0
",
    );
    let descriptors = harness.descriptors();
    let mut clients: Vec<Peer> = (0..STALLED).map(|_| harness.client()).collect();
    for second in 0..10 {
        assert!(clients.iter_mut().all(|client| client.bytes().is_empty()));
        for client in &mut clients {
            client.send(&GET[second..=second]);
        }
        harness.until("all bytes", |harness| {
            let mut sessions = harness.worker.sessions.iter();
            let all = sessions.all(|(_, session)| session.request.input_len() == second + 1);
            all && harness.sessions() == STALLED
        });
        harness.worker.core.engine.clock.advance(1_000);
    }
    harness.until("all answers", |_| clients.iter_mut().all(Peer::is_closed));
    let is_408 = |client: &mut Peer| client.text().starts_with("HTTP/1.1 408 ");
    assert!(clients.iter_mut().all(is_408));
    assert!(harness.origin(0).accept().is_none());
    assert_all_returned(&mut harness, descriptors);
}

fn assert_all_returned(harness: &mut Harness, descriptors: usize) {
    harness.until("the end of all sessions", |harness| harness.sessions() == 0);
    assert_eq!(harness.descriptors(), descriptors);
    let core = &harness.worker.core;
    let used = (core.buffers.counts().used, core.transactions.counts().used);
    assert_eq!(used, (0, 0));
    assert_eq!((core.state.sessions, core.engine.jobs), (0, 1));
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
/// Connections of which 50 are served and the others fit into the backlog.
const QUEUED: usize = 150;
const HELD: usize = 4_000;
const BATCH: usize = 100;
const PASSING: usize = 10_000;
/// Fewer than the backlog of a socket of the standard library.
const STALLED: usize = 100;
/// What 10,000 connections may leave behind: less than 53 bytes each.
const GROWTH_KIB_MAX: u64 = 512;
/// How long descriptors stay used up.
const MEASURED: Duration = Duration::from_secs(1);
/// A tenth of that time.
const TICKS_MAX: u64 = 10;
/// Real time after which something counts as never happening.
const PATIENCE: Duration = Duration::from_secs(20);
