//! The way of a connection, as the program itself tells it: with `RUST_LOG=trace` one TCP and one
//! HTTP connection print the functions they go through, in order, from accept to release.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use harness::child::Weir;

/// Panics unless the functions of `path` stand in `lines` in this order, others between them.
fn assert_path(lines: &[String], path: &[&str]) {
    let mut rest = lines.iter();
    for (index, function) in path.iter().enumerate() {
        let found = rest.any(|line| function_of(line) == *function);
        let passed = &path[..index];
        assert!(found, "{function} does not follow {passed:?}: {lines:#?}");
    }
}

/// The first word behind `[date level module]`.
fn function_of(line: &str) -> &str {
    let text = line.split_once("] ").map_or("", |(_, text)| text);
    text.split(' ').next().unwrap_or_default()
}

fn start(name: &str, mode: &str, origin: &TcpListener) -> Weir {
    let address = origin.local_addr().unwrap();
    let text = format!(
        "
defaults
    mode {mode}
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend public
    bind LISTENER
    default_backend farm
backend farm
    server s1 {address}
"
    );
    Weir::start(name, &text, &[("RUST_LOG", "trace")])
}

fn read_exactly(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, expected);
}

#[test]
fn a_tcp_connection_goes_its_way() {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let weir = start("path-tcp", "tcp", &origin);
    let mut client = TcpStream::connect(weir.address()).unwrap();
    let (mut server, _) = origin.accept().unwrap();
    // What comes before the connection stands waits in the channel: the second round does not.
    for _ in 0..2 {
        client.write_all(b"ping").unwrap();
        read_exactly(&mut server, b"ping");
        server.write_all(b"pong").unwrap();
        read_exactly(&mut client, b"pong");
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
    drop(server);
    assert_path(&weir.lines_until("session 0 ends"), TCP_PATH);
}

#[test]
fn an_http_connection_goes_its_way() {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let weir = start("path-http", "http", &origin);
    let mut client = TcpStream::connect(weir.address()).unwrap();
    client.write_all(REQUEST).unwrap();
    let (mut server, _) = origin.accept().unwrap();
    read_exactly(&mut server, REQUEST);
    server.write_all(ANSWER).unwrap();
    read_exactly(&mut client, ANSWER);
    drop(client);
    assert_path(&weir.lines_until("session 0 ends"), HTTP_PATH);
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const TCP_PATH: &[&str] = &[
    "run_poll_loop",
    "stream_sock_accept",
    "session_accept",
    "frontend_accept",
    "process_runnable_tasks",
    "process_session",
    "resync_stream_interface",
    "resync_request",
    "process_switching_rules",
    "forward",
    "connect_server",
    "stream_sock_write",
    "process_session",
    "sess_establish",
    "resync_response",
    "forward",
    "stream_sock_read",
    "stream_sock_write",
    "stream_sock_read",
    "stream_sock_write",
    "stream_sock_read",
    "process_runnable_tasks",
    "process_session",
    "resync_stream_interface",
    "forward",
    "stream_sock_read",
    "process_session",
    "session",
];

const HTTP_PATH: &[&str] = &[
    "run_poll_loop",
    "stream_sock_accept",
    "session_accept",
    "frontend_accept",
    "stream_sock_read",
    "process_runnable_tasks",
    "process_session",
    "resync_stream_interface",
    "resync_request",
    "http_wait_for_request",
    "http_process_req_common",
    "process_switching_rules",
    "http_process_req_common",
    "http_process_request",
    "http_request_forward_body",
    "forward",
    "connect_server",
    "resync_response",
    "stream_sock_write",
    "process_session",
    "sess_establish",
    "resync_response",
    "http_wait_for_response",
    "forward",
    "stream_sock_read",
    "process_session",
    "resync_response",
    "http_wait_for_response",
    "http_process_res_common",
    "http_response_forward_body",
    "http_end_txn_clean_session",
    "http_wait_for_request",
    "forward",
    "stream_sock_read",
    "process_session",
    "resync_request",
    "http_wait_for_request",
    "resync_response",
    "forward",
    "session",
];
