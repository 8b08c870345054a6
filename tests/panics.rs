//! A panic ends the session in which it happened, and nothing else: its descriptors are closed,
//! the counters add up, and the others are served on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use harness::{Harness, Peer};
use weir::config::model::ServerId;
use weir::engine::fdtab::{Direction, Polling};
use weir::engine::task::{TaskOutcome, TaskRun, Wake};
use weir::net::accept::stream_sock_accept;
use weir::session::Session;
use weir::sys::{self, Fd};
use weir::worker::Worker;

fn harness() -> Harness {
    Harness::new(
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
 server s1 ORIGIN0
",
    )
}

/// Two clients whose requests wait for the server's answers.
fn two_waiting(harness: &mut Harness) -> [(Peer, Peer); 2] {
    [(); 2].map(|()| {
        let mut client = harness.client();
        harness.send(&mut client, GET);
        let mut server = harness.accept(0);
        harness.receive(&mut server, "\r\n\r\n");
        (client, server)
    })
}

/// The victim is the session accepted first.
fn victim(harness: &mut Harness) -> &mut Session {
    let key = harness.worker.sessions.iter().next().unwrap().0;
    harness.worker.sessions.get_mut(key).unwrap()
}

/// The first client's session is gone without a trace, the second one's goes on.
fn assert_one_ended(harness: &mut Harness, pairs: [(Peer, Peer); 2], descriptors: usize) {
    let [(mut client, mut server), (mut other, mut other_server)] = pairs;
    harness.until("the end of one session", |harness| harness.sessions() == 1);
    assert!(client.is_closed() && server.is_closed());
    assert_eq!(harness.descriptors(), descriptors - 2);
    let core = &harness.worker.core;
    assert_eq!((core.state.panics, core.state.sessions), (1, 1));
    assert_eq!(harness.proxy("main").frontend_sessions, 1);
    assert_eq!(harness.proxy("main").backend_sessions, 1);
    assert_eq!(harness.server("s1").sessions, 1);
    harness.send(&mut other_server, OK);
    harness.receive(&mut other, "ok");
    let mut fresh = harness.client();
    harness.send(&mut fresh, GET);
    let mut server = harness.accept(0);
    harness.receive(&mut server, "\r\n\r\n");
    harness.send(&mut server, OK);
    harness.receive(&mut fresh, "ok");
    drop((other, other_server, fresh, server));
    harness.until("a clean end", |harness| {
        harness.sessions() == 0 && harness.worker.core.idle.total() == 0
    });
    assert_eq!(harness.worker.core.engine.jobs, 1, "the listener's");
    let buffers = harness.worker.core.buffers.counts();
    let transactions = harness.worker.core.transactions.counts();
    assert_eq!((buffers.used, transactions.used), (0, 0));
}

#[test]
fn in_a_callback_of_a_session() {
    let mut harness = harness();
    let mut pairs = two_waiting(&mut harness);
    let descriptors = harness.descriptors();
    let fd = victim(&mut harness).client.fd().unwrap();
    let fdtab = &mut harness.worker.core.engine.fdtab;
    fdtab.set_callbacks(fd, panicking_callback, panicking_callback);
    fdtab.arm(fd, Direction::Read);
    harness.send(&mut pairs[0].0, GET);
    assert_one_ended(&mut harness, pairs, descriptors);
    assert!(harness.log_lines().iter().any(|line| line.contains(" K")));
}

/// Its server does not exist: the answer cannot be counted, and neither can what follows.
#[test]
fn in_the_task_of_a_session() {
    let mut harness = harness();
    let mut pairs = two_waiting(&mut harness);
    let descriptors = harness.descriptors();
    victim(&mut harness).server = Some(ServerId::of_index(1_000));
    harness.send(&mut pairs[0].1, OK);
    assert_one_ended(&mut harness, pairs, descriptors);
}

#[test]
fn in_a_callback_of_nobody() {
    let mut harness = harness();
    let pairs = two_waiting(&mut harness);
    let descriptors = harness.descriptors();
    let (ours, theirs) = sys::socket::socketpair().unwrap();
    let fdtab = &mut harness.worker.core.engine.fdtab;
    fdtab.insert(ours, 0, panicking_callback, panicking_callback);
    fdtab.arm(ours, Direction::Write);
    harness.settle();
    assert_eq!(harness.descriptors(), descriptors);
    assert_eq!(harness.worker.core.state.panics, 1);
    assert_eq!(sys::socket::recv(theirs, &mut [0; 1]).unwrap(), 0);
    sys::close(theirs).unwrap();
    assert_eq!(harness.sessions(), 2);
    drop(pairs);
}

#[test]
fn in_the_callback_of_a_listener() {
    let mut harness = harness();
    let fd = harness.worker.core.listeners.iter().next().unwrap().fd;
    let fd = fd.unwrap();
    let fdtab = &mut harness.worker.core.engine.fdtab;
    fdtab.set_callbacks(fd, panicking_callback, panicking_callback);
    let mut client = harness.client();
    harness.until("a panic", |harness| harness.worker.core.state.panics > 0);
    let fdtab = &mut harness.worker.core.engine.fdtab;
    fdtab.set_callbacks(fd, stream_sock_accept, stream_sock_accept);
    harness.send(&mut client, GET);
    let mut server = harness.accept(0);
    harness.receive(&mut server, "\r\n\r\n");
}

#[test]
fn in_a_task_of_nobody() {
    let mut harness = harness();
    let pairs = two_waiting(&mut harness);
    let scheduler = &mut harness.worker.core.engine.scheduler;
    let task = scheduler.spawn(panicking_task, 0, 0);
    scheduler.wake(task, Wake::OTHER);
    harness.settle();
    assert_eq!(harness.worker.core.state.panics, 1);
    harness.assert_fires(1_000, |harness| harness.worker.core.state.panics == 2);
    assert_eq!(harness.sessions(), 2);
    drop(pairs);
}

fn panicking_callback(_: &mut Worker, fd: Fd) -> Polling {
    panic!("provoked on {fd:?}");
}

fn panicking_task(_: &mut Worker, run: TaskRun) -> TaskOutcome {
    panic!("provoked in {:?}", run.task);
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
