//! HTTP seen on the side: where bytes are relayed, a rule may ask for a header all the same.
//!
//! Owned by `Core`, since rules run for one session at a time; filled before the rules over
//! bytes run, emptied behind them. Invariants: what is parsed is a copy, so that relayed
//! bytes stay as they came; the copy's memory is kept, so that it costs none after the first.

use crate::engine::buffer::Buffer;
use crate::http::framing::{BodyLength, request_body};
use crate::http::head::Head;
use crate::http::parse::{Kind, Policy, parse_request};
use crate::http::scan::{HeadScanner, Scan};
use crate::sample::context::MessageView;

/// What the bytes of a connection are, as HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Seen {
    /// Nothing was looked at, or more bytes are needed to tell.
    #[default]
    Nothing,
    /// They begin with a whole head.
    Request,
    /// They can never become a request.
    Other,
}

/// A request among relayed bytes.
#[derive(Default)]
pub struct PeekedRequest {
    buffer: Option<Buffer>,
    head: Head,
    seen: Seen,
}

impl PeekedRequest {
    /// Looks at the bytes that a client sent, which a buffer of `bufsize` bytes holds.
    pub fn look(&mut self, bytes: &[u8], bufsize: usize, max_headers: usize) {
        self.seen = match HeadScanner::new(Kind::Request).scan_bytes(bytes) {
            Scan::Incomplete => Seen::Nothing,
            Scan::Invalid(_) => Seen::Other,
            Scan::Complete { head_len } => {
                let room = bufsize.max(bytes.len());
                let fits = |buffer: &Buffer| buffer.size() >= room;
                let mut buffer = self.buffer.take().filter(fits);
                let copy = buffer.get_or_insert_with(|| Buffer::new(room));
                copy.clear();
                let policy = Policy {
                    max_headers,
                    ..Policy::default()
                };
                let is_request = copy.push(bytes).is_ok()
                    && parse_request(copy, 0, head_len, policy, &mut self.head).is_ok();
                self.buffer = buffer;
                match is_request {
                    true => Seen::Request,
                    false => Seen::Other,
                }
            }
        };
    }

    /// Forgets what was seen; the memory stays.
    pub const fn forget(&mut self) {
        self.seen = Seen::Nothing;
    }

    /// True when the bytes are certainly no request.
    pub const fn is_other(&self) -> bool {
        matches!(self.seen, Seen::Other)
    }

    /// The request.
    pub fn view(&self) -> Option<MessageView<'_>> {
        let buffer = self
            .buffer
            .as_ref()
            .filter(|_| self.seen == Seen::Request)?;
        let bytes = buffer.bytes();
        Some(MessageView {
            head: self.head.view_bytes(bytes),
            body: bytes.get(self.head.len()..).unwrap_or_default(),
            body_is_whole: false,
            is_chunked: request_body(&self.head) == BodyLength::Chunked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_seen_once_its_head_is_whole() {
        let mut peeked = PeekedRequest::default();
        let text = b"GET /a HTTP/1.1\nHost: h\n\nbody";
        for len in 0..text.len() {
            peeked.look(&text[..len], 1024, 100);
            let is_whole = len >= text.len() - 4;
            assert_eq!(peeked.view().is_some(), is_whole, "{len}");
            assert!(!peeked.is_other());
        }
        peeked.look(text, 16, 100);
        let view = peeked.view().unwrap();
        assert_eq!((view.head.path(), view.body), (&b"/a"[..], &b"body"[..]));
        peeked.forget();
        assert!(peeked.view().is_none());
    }

    #[test]
    fn other_protocols_are_told_apart() {
        let mut peeked = PeekedRequest::default();
        for text in [
            &b"\x16\x03\x01"[..],
            b"SSH-2.0-x\r\n",
            b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        ] {
            peeked.look(text, 1024, 100);
            assert!(peeked.is_other() && peeked.view().is_none());
        }
    }
}
