//! The search for the end of a message head, in as many steps as the head arrives in.
//!
//! One scanner per message, owned by the HTTP transaction, fed by the analyser that waits for
//! a head. It remembers its place, so a head that arrives one byte at a time costs no more
//! than one that arrives whole. While the start line is not complete it also looks at the
//! bytes of that line, so that a peer which speaks another protocol is answered at once.
//! Invariant: `place` and `checked` never pass the bytes seen so far.

use memchr::memchr;

use super::parse::Kind;
use super::reason::{ErrorReason, HeadError};
use crate::engine::buffer::Buffer;

/// Progress of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The head does not end yet: read more.
    Incomplete,
    /// The head ends `head_len` bytes after the first byte of the message, empty lines
    /// before its start line and the empty line after it included.
    Complete {
        /// Length in bytes, to be handed to the parser.
        head_len: usize,
    },
    /// What has arrived can never become a head.
    Invalid(HeadError),
}

/// Finds the end of one head.
#[derive(Clone, Debug)]
pub struct HeadScanner {
    kind: Kind,
    /// Bytes of empty lines before the start line.
    leading: usize,
    /// The scan resumes here: no line feed before it can end the head.
    place: usize,
    /// Bytes of the start line found good.
    checked: usize,
    /// Spaces seen in the start line, consecutive ones counted once.
    words: u8,
    in_space: bool,
    line_done: bool,
}

impl HeadScanner {
    /// A scanner for a message that has not begun.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            leading: 0,
            place: 0,
            checked: 0,
            words: 0,
            in_space: false,
            line_done: false,
        }
    }

    /// Forgets everything, for the next message.
    pub const fn reset(&mut self) {
        *self = Self::new(self.kind);
    }

    /// True once a byte of the start line has arrived; empty lines do not begin a message.
    pub fn has_begun(&self, buffer: &Buffer, base: usize) -> bool {
        buffer.len().saturating_sub(base) > self.leading
    }

    /// Looks at what arrived since the last call.
    pub fn scan(&mut self, buffer: &Buffer, base: usize) -> Scan {
        let bytes = buffer.bytes().get(base..).unwrap_or_default();
        self.scan_bytes(bytes)
    }

    /// [`Self::scan`] over the bytes of the message.
    pub fn scan_bytes(&mut self, bytes: &[u8]) -> Scan {
        if self.checked == self.leading {
            self.skip_empty_lines(bytes);
        }
        while let Some(rest) = bytes.get(self.place..) {
            let Some(found) = memchr(b'\n', rest) else {
                self.place = bytes.len();
                break;
            };
            let line_end = self.place + found;
            match (bytes.get(line_end + 1), bytes.get(line_end + 2)) {
                (Some(b'\n'), _) => return self.complete(bytes, line_end + 2),
                (Some(b'\r'), Some(b'\n')) => return self.complete(bytes, line_end + 3),
                (None, _) | (Some(b'\r'), None) => {
                    self.place = line_end;
                    break;
                }
                (Some(_), _) => self.place = line_end + 1,
            }
        }
        self.check_start_line(bytes)
    }

    /// The error of a head that still does not end when its buffer is full.
    pub fn too_large(&self) -> HeadError {
        let offset = self.place;
        match self.kind {
            Kind::Request if !self.line_done => HeadError::request(offset, ErrorReason::UriTooLong),
            Kind::Request => HeadError::request(offset, ErrorReason::HeadSize),
            Kind::Response => HeadError::response(offset, ErrorReason::HeadSize),
        }
    }

    fn complete(&mut self, bytes: &[u8], head_len: usize) -> Scan {
        self.place = head_len.min(bytes.len());
        Scan::Complete { head_len }
    }

    /// Passes CRLF and LF before the start line (RFC 9112 section 2.2).
    fn skip_empty_lines(&mut self, bytes: &[u8]) {
        loop {
            match (bytes.get(self.leading), bytes.get(self.leading + 1)) {
                (Some(b'\n'), _) => self.leading += 1,
                (Some(b'\r'), Some(b'\n')) => self.leading += 2,
                _ => break,
            }
        }
        self.place = self.place.max(self.leading);
        self.checked = self.leading;
    }

    /// Looks at the new bytes of the start line only; runs while the head is incomplete.
    fn check_start_line(&mut self, bytes: &[u8]) -> Scan {
        while !self.line_done {
            let Some(&byte) = bytes.get(self.checked) else {
                break;
            };
            if byte == b'\n' {
                self.line_done = true;
                return self.end_of_start_line();
            }
            let first = self.checked == self.leading;
            let lone_cr = first && byte == b'\r';
            if lone_cr && bytes.len() == self.checked + 1 {
                break;
            }
            if lone_cr || !self.suits_start_line(byte, first) {
                return Scan::Invalid(self.error(self.checked));
            }
            let space = matches!(byte, b' ' | b'\t');
            if space && !self.in_space {
                self.words = self.words.saturating_add(1);
            }
            self.in_space = space;
            self.checked += 1;
        }
        Scan::Incomplete
    }

    fn suits_start_line(&self, byte: u8, first: bool) -> bool {
        match self.kind {
            Kind::Request if self.words == 0 => {
                is_token(byte) || (!first && matches!(byte, b' ' | b'\t' | b'\r'))
            }
            Kind::Request => byte > b' ' || matches!(byte, b' ' | b'\t' | b'\r'),
            Kind::Response if first => byte.is_ascii_uppercase(),
            Kind::Response => byte != 0,
        }
    }

    /// A request line without a version is a whole message in HTTP/0.9: it never gets the
    /// empty line that the scan waits for. The parser decides whether it is accepted.
    fn end_of_start_line(&self) -> Scan {
        let head_len = self.checked + 1;
        match self.kind {
            Kind::Request if self.words < 2 => Scan::Complete { head_len },
            Kind::Response if self.words == 0 => Scan::Invalid(self.error(self.checked)),
            Kind::Request | Kind::Response => Scan::Incomplete,
        }
    }

    fn error(&self, offset: usize) -> HeadError {
        match self.kind {
            Kind::Request if self.words == 0 => HeadError::request(offset, ErrorReason::Method),
            Kind::Request => HeadError::request(offset, ErrorReason::Uri),
            Kind::Response => HeadError::response(offset, ErrorReason::Version),
        }
    }
}

/// True for a token character (RFC 9110 section 5.6.2): what methods and names consist of.
pub const fn is_token(byte: u8) -> bool {
    TOKENS[byte as usize]
}

/// Which bytes are token characters, by their value.
static TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte: u8 = 0;
    // The last value is no token character, and a counter of bytes cannot go beyond it.
    while byte < u8::MAX {
        tokens[byte as usize] = matches!(
            byte,
            b'0'..=b'9'
                | b'A'..=b'Z'
                | b'a'..=b'z'
                | b'!'
                | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        byte += 1;
    }
    tokens
};

#[cfg(test)]
mod tests {
    use super::*;

    /// What the scanner says when the bytes come one by one.
    fn bytewise(kind: Kind, input: &[u8]) -> Scan {
        let mut scanner = HeadScanner::new(kind);
        for end in 0..input.len() {
            let scan = scanner.scan_bytes(&input[..end]);
            if scan != Scan::Incomplete {
                return scan;
            }
        }
        scanner.scan_bytes(input)
    }

    fn reason(scan: Scan) -> Option<ErrorReason> {
        match scan {
            Scan::Invalid(error) => Some(error.reason),
            Scan::Incomplete | Scan::Complete { .. } => None,
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_is_written() {
        for input in [
            &b"\r\n\nA b c\r\n\r\n"[..],
            b"A b c\n\n",
            b"A b c\n\r\n",
            b"A b c\r\nD\n\n",
        ] {
            let head_len = input.len();
            assert_eq!(bytewise(Kind::Request, input), Scan::Complete { head_len });
            let more = [input, b"next\r\n\r\n"].concat();
            let mut scanner = HeadScanner::new(Kind::Request);
            assert_eq!(scanner.scan_bytes(&more), Scan::Complete { head_len });
        }
    }

    #[test]
    fn empty_lines_do_not_begin_a_message() {
        let mut scanner = HeadScanner::new(Kind::Request);
        let mut buffer = Buffer::new(64);
        buffer.push(b"before\r\n\r\n").unwrap();
        assert_eq!(scanner.scan(&buffer, 6), Scan::Incomplete);
        assert!(!scanner.has_begun(&buffer, 6));
        buffer.push(b"G").unwrap();
        assert_eq!(scanner.scan(&buffer, 6), Scan::Incomplete);
        assert!(scanner.has_begun(&buffer, 6));
        scanner.reset();
        assert_eq!(scanner.scan(&buffer, 99), Scan::Incomplete);
    }

    #[test]
    fn what_can_never_become_a_head_is_told_before_it_ends() {
        let request = |input: &[u8]| reason(bytewise(Kind::Request, input));
        assert_eq!(request(b"\x16\x03"), Some(ErrorReason::Method));
        assert_eq!(request(b"\rG"), Some(ErrorReason::Method));
        assert_eq!(request(b" GET"), Some(ErrorReason::Method));
        assert_eq!(request(b"GET /\x01"), Some(ErrorReason::Uri));
        assert_eq!(request(b"GET / HTTP/1.1\r\n\x01"), None);
        let response = |input: &[u8]| reason(bytewise(Kind::Response, input));
        assert_eq!(response(b"hello"), Some(ErrorReason::Version));
        assert_eq!(response(b"SSH-2.0-x\r\n"), Some(ErrorReason::Version));
        assert_eq!(response(b"HTTP/1.1 200 O\0"), Some(ErrorReason::Version));
        assert_eq!(response(b"HTTP/1.1 200\r\n"), None);
    }

    #[test]
    fn a_request_line_without_version_ends_at_once() {
        let scan = bytewise(Kind::Request, b"GET /\r\n");
        assert_eq!(scan, Scan::Complete { head_len: 7 });
    }
}
