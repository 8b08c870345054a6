//! The slow path of parsing: reads what httparse refuses and knows where errors are.
//!
//! Called by [`super::parse`] only. Walks the raw head once, line by line, and writes the
//! canonical form into a fresh vector while it fills the index: such heads are rare enough
//! that an allocation for each costs less than rearranging the buffer in place would cost in
//! clarity. Nothing is changed in the buffer before the whole head is found good.

use memchr::{memchr, memchr2};

use super::head::{Head, Method, Span, Version};
use super::parse::{Kind, Policy};
use super::reason::{ErrorReason, HeadError};
use super::rewrite::{index_line, position};
use super::scan::is_token;

/// A head in canonical form.
pub(super) struct Canonical {
    /// The bytes that replace the head in the buffer.
    pub(super) bytes: Vec<u8>,
    /// How many raw bytes they replace.
    pub(super) consumed: usize,
}

/// Parses the raw head `raw` into `head`, which describes the canonical bytes returned.
pub(super) fn parse(
    raw: &[u8],
    kind: Kind,
    policy: Policy,
    head: &mut Head,
) -> Result<Canonical, HeadError> {
    head.clear();
    let mut walk = Walk {
        raw,
        at: 0,
        kind,
        policy,
        out: Vec::with_capacity(raw.len() + SPARE),
        head,
    };
    walk.skip_empty_lines();
    let start = walk.line(ErrorReason::LineEnd)?;
    let complete = match kind {
        Kind::Request => walk.request_line(start)?,
        Kind::Response => walk.status_line(start)?,
    };
    if complete {
        walk.headers()?;
    } else {
        walk.skip_empty_line();
    }
    walk.out.extend_from_slice(b"\r\n");
    walk.head.len = position(walk.out.len());
    Ok(Canonical {
        bytes: walk.out,
        consumed: walk.at,
    })
}

/// A raw line: its bytes and where they begin, without the line end.
#[derive(Clone, Copy)]
struct Line<'a> {
    at: usize,
    text: &'a [u8],
}

struct Walk<'a, 'h> {
    raw: &'a [u8],
    /// The next raw byte.
    at: usize,
    kind: Kind,
    policy: Policy,
    out: Vec<u8>,
    head: &'h mut Head,
}

impl<'a> Walk<'a, '_> {
    fn error(&self, offset: usize, reason: ErrorReason) -> HeadError {
        self.kind.error(offset, reason)
    }

    fn rest(&self) -> &'a [u8] {
        self.raw.get(self.at..).unwrap_or_default()
    }

    fn skip_empty_lines(&mut self) {
        while self.skip_empty_line() {}
    }

    fn skip_empty_line(&mut self) -> bool {
        let skip = match self.rest() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        self.at += skip;
        skip > 0
    }

    /// Takes the next line. A CR inside of it, or no line feed at all, is the error
    /// `reason`.
    fn line(&mut self, reason: ErrorReason) -> Result<Line<'a>, HeadError> {
        let at = self.at;
        let rest = self.rest();
        let Some(end) = memchr(b'\n', rest) else {
            return Err(self.error(self.raw.len(), reason));
        };
        let text = rest.get(..end).unwrap_or_default();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Some(lone) = memchr(b'\r', text) {
            return Err(self.error(at + lone, ErrorReason::LineEnd));
        }
        self.at = at + end + 1;
        Ok(Line { at, text })
    }

    /// Writes a request line; false when it is an HTTP/0.9 request, which has no headers.
    fn request_line(&mut self, line: Line<'_>) -> Result<bool, HeadError> {
        let mut words = Words { line, place: 0 };
        let (method_at, method) = words.next_word();
        if let Some(bad) = method.iter().position(|&byte| !is_token(byte)) {
            return Err(self.error(method_at + bad, ErrorReason::Method));
        }
        if method.is_empty() {
            return Err(self.error(method_at, ErrorReason::Method));
        }
        let (uri_at, uri) = words.next_word();
        if uri.is_empty() {
            return Err(self.error(uri_at, ErrorReason::Uri));
        }
        if let Some(bad) = uri.iter().position(|&byte| !self.is_uri(byte)) {
            return Err(self.error(uri_at + bad, ErrorReason::Uri));
        }
        let (version_at, name) = (words.at(), words.remaining());
        let versionless = name.is_empty() && self.policy.accept_invalid && method == b"GET";
        let known = if versionless { OLD } else { self.version(name) };
        let Some((version, name)) = known else {
            return Err(self.error(version_at, ErrorReason::Version));
        };
        if method == b"PRI" && uri == b"*" {
            return Err(self.error(0, ErrorReason::Preface));
        }
        self.head.method = Method::of(method);
        self.start_line([method, uri, name], version);
        Ok(!versionless)
    }

    fn status_line(&mut self, line: Line<'_>) -> Result<bool, HeadError> {
        let mut words = Words { line, place: 0 };
        let (version_at, name) = words.next_word();
        let Some((version, name)) = self.version(name) else {
            return Err(self.error(version_at, ErrorReason::Version));
        };
        let (status_at, digits) = words.next_word();
        let Some(status) = status_code(digits) else {
            return Err(self.error(status_at, ErrorReason::Status));
        };
        let (reason_at, reason) = (words.at(), words.remaining());
        if let Some(bad) = memchr(0, reason) {
            return Err(self.error(reason_at + bad, ErrorReason::Status));
        }
        self.head.status = status;
        self.start_line([name, digits, reason], version);
        Ok(true)
    }

    fn start_line(&mut self, parts: [&[u8]; 3], version: Version) {
        let mut at = 0;
        for (span, part) in self.head.start.iter_mut().zip(parts) {
            if at > 0 {
                self.out.push(b' ');
                at += 1;
            }
            self.out.extend_from_slice(part);
            *span = Span {
                at: position(at),
                len: position(part.len()),
            };
            at += part.len();
        }
        self.out.extend_from_slice(b"\r\n");
        self.head.version = version;
    }

    /// The version a message is treated as and the name it is forwarded with.
    fn version<'n>(&self, name: &'n [u8]) -> Option<(Version, &'n [u8])> {
        if let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] = name
            && major.is_ascii_digit()
            && minor.is_ascii_digit()
        {
            let old = *major == b'0' || (*major == b'1' && *minor == b'0');
            return if old { OLD } else { CURRENT };
        }
        let odd = |&byte: &u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'/')
        };
        let tolerated = self.policy.accept_invalid && !name.is_empty() && name.iter().all(odd);
        tolerated.then_some((Version::Http10, name))
    }

    const fn is_uri(&self, byte: u8) -> bool {
        match byte {
            0..=b' ' => false,
            b'#' | 0x80..=0xff => self.policy.accept_invalid,
            _ => true,
        }
    }

    /// Writes all header lines up to the empty one.
    fn headers(&mut self) -> Result<(), HeadError> {
        while !self.skip_empty_line() {
            if self.rest().is_empty() {
                return Err(self.error(self.raw.len(), ErrorReason::LineEnd));
            }
            if self.head.lines.len() + 1 >= self.policy.max_headers {
                return Err(self.error(self.at, ErrorReason::HeaderCount));
            }
            self.header()?;
        }
        Ok(())
    }

    /// Writes one header with its continuation lines as one line.
    fn header(&mut self) -> Result<(), HeadError> {
        let begun = self.out.len();
        let line = self.line(ErrorReason::LineEnd)?;
        let name_len = self.name_len(line)?;
        self.text(line)?;
        while let [b' ' | b'\t', ..] = self.rest() {
            // RFC 9112 section 5.2: the line end of a fold is replaced by spaces.
            let crlf = self.raw.get(self.at.wrapping_sub(2)) == Some(&b'\r');
            self.out.extend_from_slice(if crlf { b"  " } else { b" " });
            let folded = self.line(ErrorReason::LineEnd)?;
            self.text(folded)?;
        }
        let Some(name_len) = name_len else {
            self.out.truncate(begun);
            return Ok(());
        };
        let line = index_line(&self.out, begun, name_len, self.out.len());
        self.out.extend_from_slice(b"\r\n");
        self.head.known.insert(line.known);
        self.head.lines.push(line);
        Ok(())
    }

    /// Length of the name; `None` when the line is to be dropped for its bad name.
    fn name_len(&self, line: Line<'_>) -> Result<Option<u8>, HeadError> {
        let colon = memchr2(b':', b'\n', line.text);
        let name = line.text.get(..colon.unwrap_or(line.text.len()));
        let name = name.unwrap_or_default();
        if let Some(bad) = name.iter().position(|&byte| !is_token(byte)) {
            if self.policy.accept_invalid && colon.is_some() {
                return Ok(None);
            }
            return Err(self.error(line.at + bad, ErrorReason::HeaderName));
        }
        if name.is_empty() || colon.is_none() {
            return Err(self.error(line.at + name.len(), ErrorReason::HeaderName));
        }
        match u8::try_from(name.len()) {
            Ok(len) => Ok(Some(len)),
            Err(_) => Err(self.error(line.at, ErrorReason::HeaderNameLength)),
        }
    }

    fn text(&mut self, line: Line<'_>) -> Result<(), HeadError> {
        if let Some(bad) = memchr(0, line.text) {
            return Err(self.error(line.at + bad, ErrorReason::HeaderValue));
        }
        self.out.extend_from_slice(line.text);
        Ok(())
    }
}

/// The words of a start line, separated by spaces and tabs.
struct Words<'a> {
    line: Line<'a>,
    place: usize,
}

impl<'a> Words<'a> {
    /// Offset of the next word in the message.
    const fn at(&self) -> usize {
        self.line.at + self.place
    }

    /// All that follows.
    fn remaining(&self) -> &'a [u8] {
        self.line.text.get(self.place..).unwrap_or_default()
    }

    /// The next word and its offset in the message; passes the blanks behind it.
    fn next_word(&mut self) -> (usize, &'a [u8]) {
        let at = self.at();
        let rest = self.remaining();
        let len = memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default();
        let after = rest.get(len..).unwrap_or_default();
        let blanks = after
            .iter()
            .take_while(|&&byte| matches!(byte, b' ' | b'\t'));
        self.place += len + blanks.count();
        (at, word)
    }
}

/// Three digits from 100 on.
pub(super) fn status_code(digits: &[u8]) -> Option<u16> {
    let [hundreds @ b'1'..=b'9', tens, ones] = digits else {
        return None;
    };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let digit = |byte: u8| u16::from(byte - b'0');
    Some(digit(*hundreds) * 100 + digit(*tens) * 10 + digit(*ones))
}

/// What HTTP/1.0 and everything older is forwarded as.
const OLD: Option<(Version, &[u8])> = Some((Version::Http10, b"HTTP/1.0"));
/// What HTTP/1.1 and everything newer is forwarded as.
const CURRENT: Option<(Version, &[u8])> = Some((Version::Http11, b"HTTP/1.1"));
/// Bytes by which a canonical head usually outgrows the raw one at most: one per line.
const SPARE: usize = 128;
