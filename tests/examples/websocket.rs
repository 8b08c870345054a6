//! conf/websocket.cfg: upgrades beside pages.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::stage::{PATIENCE, Setting, Stage};

const UPGRADE: &str = "Host: www.example.com\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/// Asks for an upgrade; the head of the answer, and the connection.
fn upgrade(stage: &Stage, path: &str, more: &str) -> (String, TcpStream) {
    let mut client = stage.client();
    let request = format!("GET {path} HTTP/1.1\r\n{UPGRADE}\r\n{more}\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(read_byte(&mut client));
    }
    (String::from_utf8(head).unwrap(), client)
}

fn read_byte(stream: &mut TcpStream) -> u8 {
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    byte[0]
}

fn read_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.push(read_byte(stream));
    }
    String::from_utf8(line).unwrap()
}

fn assert_echoes(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    assert_eq!(read_line(stream), text);
}

#[test]
fn sockets_of_one_client_meet_on_one_server() {
    let stage = Stage::of("websocket");
    let mut servers = Vec::new();
    for origin in ["", "Origin: https://www.example.com\r\n"] {
        let (head, mut client) = upgrade(&stage, "/chat/room", origin);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        servers.push(read_line(&mut client));
        assert_echoes(&mut client, "\u{1}hello\0there\n");
    }
    assert!(matches!(servers[0].trim(), "8001" | "8002"), "{servers:?}");
    assert_eq!(servers[0], servers[1]);
}

#[test]
fn upgrades_from_foreign_pages_and_to_nowhere_are_refused() {
    let stage = Stage::of("websocket");
    let (head, _client) = upgrade(&stage, "/chat/room", "Origin: https://evil.example\r\n");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    let (head, _client) = upgrade(&stage, "/other", "");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
}

#[test]
fn pages_take_turns_and_learn_the_address() {
    let stage = Stage::of("websocket");
    let ask = || stage.ask("GET /chat/help", &["Host: a"]);
    let first = ask();
    let mut servers = [first.server(), ask().server()];
    servers.sort_unstable();
    assert_eq!(servers, [Some(8003), Some(8004)]);
    let head = first.text().to_ascii_lowercase();
    assert!(head.contains("x-forwarded-for: 127.0.0.1\r\n"), "{head}");
}

#[test]
fn a_silent_socket_outlives_the_timeouts_of_pages() {
    let setting = Setting {
        changes: &[
            ("timeout client          30s", "timeout client 200ms"),
            ("timeout server          30s", "timeout server 200ms"),
        ],
        ..Setting::HTTP
    };
    let stage = Stage::with("websocket", &setting);
    let (_, mut client) = upgrade(&stage, "/chat/room", "");
    read_line(&mut client);
    client
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let silence = client.read(&mut [0]).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_echoes(&mut client, "still here\n");
}
