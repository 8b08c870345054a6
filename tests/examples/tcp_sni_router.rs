//! conf/tcp-sni-router.cfg: names in the first message of TLS choose servers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::stage::{Role, Setting, Stage};

const SETTING: Setting = Setting {
    role: Role::Echo,
    ..Setting::HTTP
};

/// A ClientHello in one record, with this name (RFC 8446, 4.1.2; RFC 6066, 3).
fn hello(name: Option<&str>) -> Vec<u8> {
    let sized = |bytes: &[u8]| -> Vec<u8> {
        let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&len[..], bytes].concat()
    };
    let mut extensions = Vec::new();
    if let Some(name) = name {
        let entry = [&[0][..], &sized(name.as_bytes())].concat();
        extensions = [&[0, 0][..], &sized(&sized(&entry))].concat();
    }
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]); // random
    body.push(0); // no session
    body.extend_from_slice(&[0, 2, 0x13, 0x01, 1, 0]); // one cipher suite, no compression
    body.extend_from_slice(&sized(&extensions));
    let message = [&[1, 0][..], &sized(&body)].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

/// What comes back until `wanted` bytes are there, or the end.
fn read(stream: &mut TcpStream, wanted: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1_024];
    while bytes.len() < wanted {
        match stream.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            // A reset is an end too.
            Ok(_) | Err(_) => break,
        }
    }
    bytes
}

/// Sends a hello and returns the server that has got it, and what came before it.
fn routed(stage: &Stage, name: &str) -> Option<(String, String)> {
    let mut client = stage.client();
    let hello = hello(Some(name));
    client.write_all(&hello).unwrap();
    let mut bytes = read(&mut client, hello.len() + 5);
    while !bytes.is_empty() && !bytes.ends_with(&hello) {
        let more = read(&mut client, 1);
        assert!(!more.is_empty(), "{}", String::from_utf8_lossy(&bytes));
        bytes.extend(more);
    }
    let before = bytes.strip_suffix(hello.as_slice())?;
    let before = String::from_utf8_lossy(before);
    let (server, before) = before.split_once('\n')?;
    Some((server.to_owned(), before.to_owned()))
}

#[test]
fn the_name_chooses_the_server_and_the_message_arrives_whole() {
    let stage = Stage::with("tcp-sni-router", &SETTING);
    for name in ["shop.example.com", "WWW.shop.Example.com"] {
        let (server, before) = routed(&stage, name).unwrap();
        assert!(matches!(server.as_str(), "9001" | "9002"), "{server}");
        assert_eq!(before, "");
    }
    let (server, _) = routed(&stage, "one.apps.example.com").unwrap();
    assert!(matches!(server.as_str(), "9004" | "9005"), "{server}");
    // One client, one server.
    assert_eq!(routed(&stage, "two.apps.example.com").unwrap().0, server);
    let (server, before) = routed(&stage, "mail.example.com").unwrap();
    assert_eq!(server, "9003");
    assert!(
        before.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 "),
        "{before}"
    );
}

#[test]
fn the_log_has_the_name() {
    let stage = Stage::with("tcp-sni-router", &SETTING);
    routed(&stage, "Shop.example.com").unwrap();
    let line = stage.logged("tls shop/shop");
    assert!(line.trim_end().ends_with("sni:shop.example.com"), "{line}");
}

#[test]
fn unknown_names_and_no_name_are_turned_away() {
    let stage = Stage::with("tcp-sni-router", &SETTING);
    for name in ["evil.example", "apps.example.com", "notshop.example.com"] {
        assert_eq!(routed(&stage, name), None, "{name}");
    }
    let mut client = stage.client();
    client.write_all(&hello(None)).unwrap();
    assert_eq!(read(&mut client, 1), b"");
}

#[test]
fn what_is_no_tls_is_gone_at_once() {
    let stage = Stage::with("tcp-sni-router", &SETTING);
    for text in [
        "SSH-2.0-scanner\r\n",
        "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n",
    ] {
        let begin = Instant::now();
        let mut client = stage.client();
        client.write_all(text.as_bytes()).unwrap();
        assert_eq!(read(&mut client, 1), b"");
        assert!(
            begin.elapsed() < Duration::from_secs(4),
            "it waited for the delay"
        );
    }
}

#[test]
fn a_message_in_pieces_is_waited_for() {
    let stage = Stage::with("tcp-sni-router", &SETTING);
    let mut client = stage.client();
    client.set_nodelay(true).unwrap();
    let hello = hello(Some("mail.example.com"));
    for byte in &hello {
        client.write_all(&[*byte]).unwrap();
    }
    assert!(read(&mut client, 5).starts_with(b"9003\n"));
}
