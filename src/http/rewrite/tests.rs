//! Changes keep bytes and index in step.

use proptest::prelude::*;

use super::*;
use crate::http::parse::{Kind, Policy, parse_request, parse_response};
use crate::http::slow;

const BASE: &[u8] = b"sent before";
const BODY: &[u8] = b"body";

struct Message {
    buffer: Buffer,
    head: Head,
}

impl Message {
    fn new(size: usize, text: &str) -> Self {
        let mut buffer = Buffer::new(size);
        buffer.push(BASE).unwrap();
        buffer.push(text.as_bytes()).unwrap();
        buffer.push(BODY).unwrap();
        let mut head = Head::new();
        let policy = Policy::default();
        let parse = match text.starts_with("HTTP") {
            true => parse_response,
            false => parse_request,
        };
        parse(&mut buffer, BASE.len(), text.len(), policy, &mut head).unwrap();
        Self { buffer, head }
    }

    fn open(&mut self) -> Rewriter<'_> {
        Rewriter::new(&mut self.buffer, BASE.len(), &mut self.head)
    }

    /// The head, after a check that a new parse would index it the same and that nothing
    /// around it changed.
    fn text(&self) -> String {
        let bytes = self.buffer.bytes();
        assert!(bytes.starts_with(BASE) && bytes.ends_with(BODY));
        let head = &bytes[BASE.len()..bytes.len() - BODY.len()];
        let kind = match head.starts_with(b"HTTP") {
            true => Kind::Response,
            false => Kind::Request,
        };
        let policy = Policy {
            accept_invalid: true,
            max_headers: 1000,
            ..Policy::default()
        };
        let mut again = Head::new();
        let canonical = slow::parse(head, kind, policy, &mut again).unwrap();
        assert_eq!(canonical.bytes, head);
        assert_eq!(again.lines, self.head.lines);
        assert_eq!(again.start, self.head.start);
        assert_eq!(again.len, self.head.len);
        assert_eq!(
            (again.method, again.version, again.status),
            (self.head.method, self.head.version, self.head.status)
        );
        String::from_utf8_lossy(head).into_owned()
    }
}

const REQUEST: &str = "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\nA:c\r\nB:\r\n\r\n";

#[test]
fn lines_are_added_inserted_and_removed() {
    let mut message = Message::new(1024, REQUEST);
    let mut open = message.open();
    open.add(b"C", b"d").unwrap();
    open.insert(0, b"First", &[b"1", b"", b"2"]).unwrap();
    assert_eq!(open.remove_named(b"a"), 2);
    assert_eq!(open.remove_all(KnownHeader::Host), 1);
    assert_eq!(open.remove(9), Err(RewriteError::NoLine));
    assert_eq!(
        message.text(),
        "GET /a HTTP/1.1\r\nFirst: 12\r\nB:\r\nC: d\r\n\r\n"
    );
}

#[test]
fn values_and_lines_are_replaced() {
    let mut message = Message::new(1024, REQUEST);
    let mut open = message.open();
    open.set_value(0, b"longer.example").unwrap();
    open.set_value(1, b"").unwrap();
    open.set_value(2, b"value").unwrap();
    open.set_value(3, b"was empty").unwrap();
    open.splice_value(0, 0, 6, b"short").unwrap();
    open.set_line(1, b"D:e").unwrap();
    assert_eq!(
        message.text(),
        "GET /a HTTP/1.1\r\nHost: short.example\r\nD:e\r\nA: value\r\nB: was empty\r\n\r\n"
    );
}

#[test]
fn a_replaced_line_may_become_a_known_header() {
    let mut message = Message::new(1024, REQUEST);
    message.open().set_line(1, b"Cookie: a=b").unwrap();
    assert_eq!(message.head.find(KnownHeader::Cookie, 0), Some(1));
    message.text();
}

#[test]
fn the_parts_of_the_start_line_change() {
    let mut message = Message::new(1024, REQUEST);
    let mut open = message.open();
    open.set_uri(b"/another?uri").unwrap();
    open.set_method(b"POST").unwrap();
    open.set_version(Version::Http10).unwrap();
    assert_eq!(message.head.method(), Method::Post);
    assert!(
        message
            .text()
            .starts_with("POST /another?uri HTTP/1.0\r\nHost")
    );
    message.open().set_start_line(b"PUT /x HTTP/1.1").unwrap();
    assert!(message.text().starts_with("PUT /x HTTP/1.1\r\nHost"));

    let mut message = Message::new(1024, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    message.open().set_status(404, b"Not Found at all").unwrap();
    assert!(
        message
            .text()
            .starts_with("HTTP/1.1 404 Not Found at all\r\nA")
    );
    message
        .open()
        .set_start_line(b"HTTP/1.0 503 Out of order")
        .unwrap();
    assert!(message.text().starts_with("HTTP/1.0 503 Out of order\r\nA"));
}

#[test]
fn text_that_would_break_the_head_is_refused() {
    let mut message = Message::new(1024, REQUEST);
    let mut open = message.open();
    let bad = Err(RewriteError::BadText);
    for text in [&b"a\rb"[..], b"a\nb", b"a\0b", b"\r\n"] {
        assert_eq!(open.add(b"A", text), bad);
        assert_eq!(open.add(text, b"b"), bad);
        assert_eq!(open.set_value(0, text), bad);
        assert_eq!(open.splice_value(0, 0, 1, text), bad);
        assert_eq!(open.set_line(0, text), bad);
        assert_eq!(open.set_uri(text), bad);
        assert_eq!(open.set_method(text), bad);
        assert_eq!(open.set_start_line(text), bad);
        assert_eq!(open.set_status(200, text), bad);
    }
    for name in [&b""[..], b"a b", b"a:", b"\xe9", &[b'a'; 256]] {
        assert_eq!(open.add(name, b"b"), bad);
    }
    assert_eq!(open.set_line(0, b"no colon"), bad);
    for uri in [&b""[..], b"/a b", b"/\t"] {
        assert_eq!(open.set_uri(uri), bad);
    }
    for line in [
        &b"GET /"[..],
        b"GET  / HTTP/1.1",
        b"GET / HTTP/2.0",
        b"G(T / HTTP/1.1",
    ] {
        assert_eq!(open.set_start_line(line), bad);
    }
    assert_eq!(open.set_status(99, b""), bad);
    assert_eq!(open.set_status(1000, b""), bad);
    assert_eq!(message.text(), REQUEST);
}

#[test]
fn growth_ends_where_it_is_limited() {
    let mut message = Message::new(1024, REQUEST);
    let mut open = message.open().with_growth(8);
    assert_eq!(open.add(b"A", b"1234"), Err(RewriteError::NoRoom));
    open.add(b"A", b"123").unwrap();
    assert_eq!(open.growth_left(), 0);
    assert_eq!(open.set_uri(b"/ab"), Err(RewriteError::NoRoom));
    open.remove(0).unwrap();
    open.set_uri(b"/abc").unwrap();
    message.text();
}

#[test]
fn a_full_buffer_refuses_and_stays() {
    let size = BASE.len() + REQUEST.len() + BODY.len();
    let mut message = Message::new(size, REQUEST);
    let no_room = Err(RewriteError::NoRoom);
    let mut open = message.open();
    assert_eq!(open.add(b"A", b"b"), no_room);
    assert_eq!(open.set_value(2, b"d"), no_room);
    assert_eq!(open.set_value(0, b"xy"), no_room);
    assert_eq!(open.set_uri(b"/ab"), no_room);
    assert_eq!(open.set_line(0, b"Host: xy"), no_room);
    assert_eq!(open.set_start_line(b"GET /ab HTTP/1.1"), no_room);
    open.set_value(0, b"y").unwrap();
    assert!(message.text().contains("Host: y\r\n"));
}

#[test]
fn a_gap_longer_than_its_filling_is_opened() {
    let mut message = Message::new(8192, REQUEST);
    let value = "v".repeat(3000);
    message.open().add(b"Long", value.as_bytes()).unwrap();
    assert!(
        message
            .text()
            .ends_with(&format!("B:\r\nLong: {value}\r\n\r\n"))
    );
}

fn text() -> impl Strategy<Value = String> {
    "[ \t]?[!-~ ]{0,12}[ \t]?"
}

proptest! {
    #[test]
    fn any_sequence_of_changes_keeps_the_index_right(
        lines in prop::collection::vec(("[A-Za-z]{1,9}", text()), 0..8),
        steps in prop::collection::vec((0..9, 0usize..10, 0usize..14, text()), 0..24),
        size in 300usize..600,
    ) {
        let line = |(name, value): &(String, String)| format!("X{name}:{value}\r\n");
        let lines: String = lines.iter().map(line).collect();
        let mut message = Message::new(size, &format!("GET / HTTP/1.1\r\n{lines}\r\n"));
        for (action, index, len, text) in steps {
            let bytes = text.as_bytes();
            let word = format!("/{}", text.replace([' ', '\t'], ""));
            let before = message.text();
            let mut open = message.open();
            let done = match action {
                0 => open.add(b"Added", bytes),
                1 => open.insert(index, b"Host", &[bytes, bytes]),
                2 => open.remove(index),
                3 => open.set_value(index, bytes),
                4 => open.splice_value(index, len / 2, len, bytes),
                5 => open.set_line(index, format!("Line:{text}").as_bytes()),
                6 => open.set_uri(word.as_bytes()),
                7 => open.set_start_line(format!("PUT {word} HTTP/1.0").as_bytes()),
                _ => {
                    open.remove_named(b"line");
                    Ok(())
                }
            };
            let after = message.text();
            if done.is_err() {
                prop_assert_eq!(before, after);
            }
        }
    }
}
