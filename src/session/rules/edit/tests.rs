//! Changes of heads by rules: whatever the values, a head stays one of as many lines.

use std::sync::Arc;

use bumpalo::Bump;
use proptest::prelude::*;

use super::apply;
use crate::config::model::{Edit, NameMatch, UriPart};
use crate::engine::buffer::Buffer;
use crate::http::head::Head;
use crate::http::parse::{Kind, Policy, parse_request, parse_response};
use crate::http::rewrite::{RewriteError, Rewriter};
use crate::http::scan::{HeadScanner, Scan};
use crate::sample::format::Format;
use crate::session::rules::captures::{CaptureMemory, Scratch};

const REQUEST: &[u8] = b"GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nX-A: one, two\r\nX-B: three\r\n\r\n";

struct Message {
    buffer: Buffer,
    head: Head,
    kind: Kind,
}

impl Message {
    fn new(text: &[u8], kind: Kind) -> Self {
        let mut buffer = Buffer::new(4096);
        buffer.push(text).unwrap();
        let mut head = Head::new();
        parse(&mut buffer, text.len(), kind, &mut head);
        Self { buffer, head, kind }
    }

    fn edit(&mut self, edit: &Edit, text: &[u8]) -> Result<(), RewriteError> {
        // Rules live as long as the process.
        let edit: &'static Edit = Box::leak(Box::new(edit.clone()));
        let mut rewriter = Rewriter::new(&mut self.buffer, 0, &mut self.head).with_growth(1024);
        let arena = Bump::new();
        let mut scratch = Scratch {
            arena: &arena,
            captures: &mut CaptureMemory::default(),
        };
        apply(edit, &mut rewriter, text, &mut scratch)
    }

    fn start_line(&self) -> String {
        let view = self.head.view(&self.buffer, 0);
        String::from_utf8(view.start_line().to_vec()).unwrap()
    }

    /// Lines that a peer finds in the bytes; panics when the bytes are no head.
    fn lines(&self) -> usize {
        let mut copy = Buffer::new(4096);
        copy.push(self.buffer.bytes()).unwrap();
        let mut scanner = HeadScanner::new(self.kind);
        let Scan::Complete { head_len } = scanner.scan_bytes(copy.bytes()) else {
            panic!("no head: {:?}", copy.bytes());
        };
        assert_eq!(head_len, self.head.len());
        copy.bytes()
            .windows(2)
            .filter(|pair| *pair == b"\r\n")
            .count()
    }
}

fn parse(buffer: &mut Buffer, len: usize, kind: Kind, head: &mut Head) {
    let policy = Policy::default();
    match kind {
        Kind::Request => parse_request(buffer, 0, len, policy, head).unwrap(),
        Kind::Response => parse_response(buffer, 0, len, policy, head).unwrap(),
    }
}

fn name() -> Arc<[u8]> {
    b"x-a"[..].into()
}

fn replacer(regex: &str) -> Arc<regex::bytes::Regex> {
    Arc::new(regex::bytes::Regex::new(regex).unwrap())
}

/// Every change that a value goes into, and by how many lines it changes the head.
fn edits(kind: Kind) -> Vec<(Edit, usize)> {
    let any = Format::literal(b"");
    let mut edits = vec![
        (Edit::AddHeader(name(), any.clone()), 1),
        (Edit::SetHeader(name(), any.clone()), 0),
        (
            Edit::ReplaceHeader(name(), replacer("(one).*"), any.clone()),
            0,
        ),
        (
            Edit::ReplaceValue(name(), replacer("(t?.*)"), any.clone()),
            0,
        ),
    ];
    if matches!(kind, Kind::Request) {
        edits.push((Edit::SetMethod(any.clone()), 0));
        for part in [
            UriPart::Whole,
            UriPart::Path,
            UriPart::PathAndQuery,
            UriPart::Query,
        ] {
            edits.push((Edit::SetUri(part, any.clone()), 0));
            edits.push((Edit::ReplaceUri(part, replacer("(.)"), any.clone()), 0));
        }
    }
    edits
}

proptest! {
    #[test]
    fn no_value_ends_a_line_or_breaks_a_head(
        value in proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(0), Just(b'\\'), Just(b'1')],
            0..40,
        ),
    ) {
        for (text, kind) in [(REQUEST, Kind::Request), (RESPONSE, Kind::Response)] {
            for (edit, added) in edits(kind) {
                let mut message = Message::new(text, kind);
                let before = message.lines();
                let after = match message.edit(&edit, &value) {
                    Ok(()) => before + added,
                    // The line that set-header replaces is gone by then.
                    Err(_) if matches!(edit, Edit::SetHeader(..)) => message.lines(),
                    Err(_) => before,
                };
                prop_assert_eq!(message.lines(), after, "{:?}", edit);
                prop_assert!(!message.buffer.bytes().contains(&0));
            }
        }
    }
}

#[test]
fn parts_of_the_uri_change_alone() {
    let changed = |part, text: &str| {
        let mut message = Message::new(REQUEST, Kind::Request);
        let edit = Edit::SetUri(part, Format::literal(b""));
        message.edit(&edit, text.as_bytes()).unwrap();
        message.start_line()
    };
    assert_eq!(changed(UriPart::Path, "/x"), "GET /x?c=d HTTP/1.1");
    assert_eq!(changed(UriPart::PathAndQuery, "/x"), "GET /x HTTP/1.1");
    assert_eq!(changed(UriPart::Query, "y"), "GET /a/b?y HTTP/1.1");
    assert_eq!(changed(UriPart::Query, ""), "GET /a/b? HTTP/1.1");
    assert_eq!(changed(UriPart::Whole, "*"), "GET * HTTP/1.1");
}

#[test]
fn the_host_follows_an_absolute_uri() {
    let mut message = Message::new(REQUEST, Kind::Request);
    let edit = Edit::SetUri(UriPart::Whole, Format::literal(b""));
    message.edit(&edit, b"http://u@other:81/x").unwrap();
    let view = message.head.view(&message.buffer, 0);
    assert_eq!(view.line(0), Some((&b"Host"[..], &b"other:81"[..])));
}

#[test]
fn nothing_grows_beyond_what_is_allowed_and_empty_targets_are_refused() {
    let mut message = Message::new(REQUEST, Kind::Request);
    let add = Edit::AddHeader(name(), Format::literal(b""));
    assert_eq!(message.edit(&add, &[b'x'; 1100]), Err(RewriteError::NoRoom));
    let path = Edit::SetUri(UriPart::Path, Format::literal(b""));
    assert_eq!(message.edit(&path, b""), Err(RewriteError::BadText));
    assert_eq!(message.edit(&path, b"/a b"), Err(RewriteError::BadText));
    let delete = Edit::DeleteHeader(NameMatch::Beg(b"x-"[..].into()));
    assert_eq!(message.edit(&delete, b""), Ok(()));
    assert_eq!(message.lines(), 3);
}
