//! Compressed responses under strain: large bodies, servers that trickle, clients that do not
//! read, limits that are reached on the way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use std::io::{ErrorKind, Read as _, Write as _};

use flate2::read::GzDecoder;
use harness::{Harness, Peer};

fn harness(global: &str) -> Harness {
    Harness::new(&format!(
        "
global
    log LOG local0
    {global}
defaults
    mode http
    log global
    option httplog
    timeout client 10s
    timeout server 20s
    timeout connect 5s
listen main
    bind LISTENER
    compression algo gzip
    server s1 ORIGIN0
"
    ))
}

/// A client that asked for a compressed response, and the server that is to give it.
fn exchange(harness: &mut Harness) -> (Peer, Peer) {
    let mut client = harness.client();
    client.send(REQUEST);
    let mut server = harness.accept(0);
    harness.until("the request", |_| server.bytes().ends_with(b"\r\n\r\n"));
    (client, server)
}

/// Sends what the socket takes of `bytes`; how many that were.
fn offer(peer: &Peer, bytes: &[u8]) -> usize {
    match peer.stream().write(bytes) {
        Ok(count) => count,
        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
        Err(error) => panic!("{error}"),
    }
}

/// Serves `wire` and returns what reaches the client.
fn relay(harness: &mut Harness, (client, server): (&mut Peer, &Peer), wire: &[u8]) -> Vec<u8> {
    let mut left = wire;
    harness.until("the end of the response", |harness| {
        left = &left[offer(server, left)..];
        assert!(harness.session().response.len() <= BUFSIZE);
        left.is_empty() && client.bytes().ends_with(b"\r\n0\r\n\r\n")
    });
    client.take_bytes()
}

/// The data of the chunked body in `answer`, complete or not.
fn unchunked(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let mut rest = &answer[end + 4..];
    let mut data = Vec::new();
    while let Some(end) = rest.windows(2).position(|at| at == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        data.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    data
}

fn gunzipped(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
    plain
}

/// The first `count` bytes of a body that has not ended.
fn begun(answer: &[u8], count: usize) -> Vec<u8> {
    let mut plain = vec![0; count];
    let coded = unchunked(answer);
    GzDecoder::new(coded.as_slice())
        .read_exact(&mut plain)
        .unwrap();
    plain
}

/// A body of which some can be compressed and some cannot.
fn body(len: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let byte = |at: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 24) as u8;
        if (at / 4_096).is_multiple_of(4) {
            noise
        } else {
            b'a' + noise % 3
        }
    };
    (0..len).map(byte).collect()
}

fn with_length(body: &[u8]) -> Vec<u8> {
    let mut wire = format!("{HEAD}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    wire.extend_from_slice(body);
    wire
}

fn with_chunks(body: &[u8], size: usize) -> Vec<u8> {
    let mut wire = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(size) {
        wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n\r\n");
    wire
}

#[test]
fn ten_megabytes_arrive_as_they_were() {
    let body = body(10_000_000);
    let mut harness = harness("");
    let (mut client, mut server) = exchange(&mut harness);
    for wire in [with_length(&body), with_chunks(&body, 30_001)] {
        let answer = relay(&mut harness, (&mut client, &server), &wire);
        assert!(answer.len() < body.len() / 4 * 3, "{}", answer.len());
        assert_eq!(gunzipped(&unchunked(&answer)), body);
        assert!(
            harness
                .log_line()
                .contains(&format!(" {} - - ----", answer_total(&wire, &answer)))
        );
        server.clear();
        client.send(REQUEST);
        harness.until("the request", |_| server.bytes().ends_with(b"\r\n\r\n"));
    }
    let counters = &harness.proxy("main").frontend;
    assert_eq!(counters.compressed_in, 20_000_000);
    assert_eq!(counters.compressed_responses, 2);
}

/// What the log counts: the head as it came, the body as it left.
fn answer_total(wire: &[u8], answer: &[u8]) -> usize {
    let head = |bytes: &[u8]| bytes.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    answer.len() - head(answer) + head(wire)
}

#[test]
fn a_server_may_send_a_byte_at_a_time() {
    let body = body(300);
    for wire in [with_length(&body), with_chunks(&body, 7)] {
        let mut harness = harness("");
        let (mut client, mut server) = exchange(&mut harness);
        for (at, byte) in wire.iter().enumerate() {
            harness.send(&mut server, &[*byte]);
            if at % 10 == 0 {
                harness.advance(1);
            }
        }
        harness.until("the end", |_| client.bytes().ends_with(b"0\r\n\r\n"));
        assert_eq!(gunzipped(&unchunked(&client.take_bytes())), body);
    }
}

#[test]
fn what_is_held_leaves_when_the_server_pauses_and_no_timer_is_left() {
    let mut harness = harness("");
    let (mut client, mut server) = exchange(&mut harness);
    let head = format!("{HEAD}Content-Length: 10\r\n\r\nhello");
    harness.send(&mut server, head.as_bytes());
    client.pump();
    let before = client.bytes().len();
    harness.advance(PAUSE_MS);
    assert!(client.bytes().len() > before, "nothing was flushed");
    assert_eq!(begun(client.bytes(), 5), b"hello");
    assert!(!harness.session().response.analyse_exp.is_set());
    let after = client.bytes().len();
    harness.advance(PAUSE_MS);
    assert_eq!(client.bytes().len(), after, "it was flushed again");
    harness.send(&mut server, b"world");
    harness.until("the end", |_| client.bytes().ends_with(b"0\r\n\r\n"));
    assert_eq!(gunzipped(&unchunked(client.bytes())), b"helloworld");
}

#[test]
fn a_client_that_does_not_read_holds_a_buffer_and_no_more() {
    let mut harness = harness("");
    let (client, server) = exchange(&mut harness);
    let noise: Vec<u8> = body(4_096);
    let head = format!("{HEAD}Content-Length: 1000000000\r\n\r\n");
    offer(&server, head.as_bytes());
    let mut idle_turns = 0;
    while idle_turns < 200 {
        let sent = offer(&server, &noise);
        idle_turns = if sent == 0 { idle_turns + 1 } else { 0 };
        harness.turn();
        assert!(harness.session().response.len() <= BUFSIZE);
    }
    harness.advance(10_000);
    harness.until("the end of the session", |harness| harness.sessions() == 0);
    assert!(harness.log_line().contains(" cD-- "));
    drop(client);
}

#[test]
fn a_client_that_pauses_at_the_end_gets_it_and_the_server_is_not_blamed() {
    let mut harness = harness("");
    let (mut client, server) = exchange(&mut harness);
    let body: Vec<u8> = body(4_096).repeat(2_000);
    let wire = with_length(&body);
    let mut left = wire.as_slice();
    let mut idle_turns = 0;
    while idle_turns < 200 {
        let sent = offer(&server, left);
        left = &left[sent..];
        idle_turns = if sent == 0 { idle_turns + 1 } else { 0 };
        harness.turn();
    }
    harness.advance(9_000);
    harness.until("the end of the response", |_| {
        left = &left[offer(&server, left)..];
        client.bytes().ends_with(b"\r\n0\r\n\r\n")
    });
    assert_eq!(gunzipped(&unchunked(client.bytes())), body);
    assert!(harness.log_line().contains(" ---- "));
}

#[test]
fn beyond_the_rate_the_level_sinks_and_rises_again_within_a_body() {
    let mut harness = harness("tune.comp.maxlevel 3");
    let (mut client, mut server) = exchange(&mut harness);
    let body = body(100_000);
    let wire = with_length(&body);
    for (at, piece) in wire.chunks(2_000).enumerate() {
        let limit = if at / 10 % 2 == 0 { 1 } else { 0 };
        harness.worker.core.state.compression_rate_limit = limit;
        harness.send(&mut server, piece);
        client.pump();
    }
    harness.until("the end", |_| client.bytes().ends_with(b"\r\n0\r\n\r\n"));
    assert_eq!(gunzipped(&unchunked(client.bytes())), body);
    let counters = &harness.proxy("main").backend;
    assert!(counters.compression_bypassed > 0 && counters.compressed_in > 0);
    let whole = counters.compression_bypassed + counters.compressed_in;
    assert_eq!(whole, body.len() as u64);
}

#[test]
fn beyond_the_memory_responses_are_sent_as_they_are() {
    let mut harness = harness("maxzlibmem 1");
    let head = format!("{HEAD}Content-Length: 10\r\n\r\n12345");
    let mut peers = Vec::new();
    for _ in 0..3 {
        let (client, mut server) = exchange(&mut harness);
        harness.send(&mut server, head.as_bytes());
        peers.push((client, server));
    }
    let coded = |(client, _): &mut (Peer, Peer)| client.text().contains("Content-Encoding");
    let found: Vec<bool> = peers.iter_mut().map(coded).collect();
    assert_eq!(found, [true, true, false]);
    for (client, server) in &mut peers {
        harness.send(server, b"67890");
        client.pump();
    }
    assert!(peers[2].0.text().ends_with("\r\n\r\n1234567890"));
    // The memory of those that are done serves the next.
    let (mut client, mut server) = exchange(&mut harness);
    harness.send(&mut server, head.as_bytes());
    assert!(client.text().contains("Content-Encoding: gzip"));
}

#[test]
fn a_malformed_body_ends_the_response_without_its_end() {
    let mut harness = harness("");
    let (mut client, mut server) = exchange(&mut harness);
    let wire = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX");
    harness.send(&mut server, wire.as_bytes());
    let answer = harness.receive_all(&mut client);
    assert!(!answer.ends_with("0\r\n\r\n"));
    assert!(harness.log_line().contains(" PD-- "));
}

#[test]
fn continuous_statistics_never_count_backwards() {
    let mut harness = Harness::new(
        "
defaults
    mode http
    option contstats
    timeout client 10s
    timeout server 10s
    timeout connect 5s
listen main
    bind LISTENER
    compression algo gzip
    server s1 ORIGIN0
",
    );
    let (mut client, mut server) = exchange(&mut harness);
    let body = vec![b'a'; 50_000];
    let mut counted = 0;
    for piece in with_length(&body).chunks(5_000) {
        harness.send(&mut server, piece);
        client.pump();
        let bytes_out = harness.proxy("main").frontend.bytes_out;
        assert!(bytes_out >= counted && bytes_out < 10_000, "{bytes_out}");
        counted = bytes_out;
    }
    harness.until("the end", |_| client.bytes().ends_with(b"\r\n0\r\n\r\n"));
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
const BUFSIZE: usize = 16_384;
/// More than a server may be silent before what is held back is sent on.
const PAUSE_MS: u32 = 5;
