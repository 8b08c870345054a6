//! A parsed message head: the parts of its start line and the index of its header lines.
//!
//! The head owns positions, the channel's buffer the bytes; [`Head::view`] brings both
//! together for reading, [`super::rewrite::Rewriter`] for changing. One head per direction
//! lives in the HTTP transaction and is parsed into again and again, so that the capacity of
//! its index is reused. Invariants: positions count from the first byte of the message; the
//! lines stand in order and without gaps between the start line and the empty line, each
//! ended by CRLF; a line ends where the next begins.

use std::ops::Range;

use super::framing::Framing;
use super::known::{KnownHeader, KnownSet, same_name};
use crate::engine::buffer::Buffer;

/// The request methods weir treats in a special way, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Method {
    /// `OPTIONS`
    Options,
    /// `GET`
    #[default]
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
    /// `TRACE`
    Trace,
    /// `CONNECT`
    Connect,
    /// Any other token; methods are case-sensitive.
    Other,
}

impl Method {
    /// The method of that name (RFC 9110 section 9.1).
    pub const fn of(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"POST" => Self::Post,
            b"HEAD" => Self::Head,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"CONNECT" => Self::Connect,
            b"TRACE" => Self::Trace,
            _ => Self::Other,
        }
    }
}

/// The version a message is treated as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// HTTP/1.0 and everything older or foreign.
    Http10,
    /// HTTP/1.1; higher numbers are rewritten to it.
    #[default]
    Http11,
}

/// A run of bytes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) at: u32,
    pub(super) len: u32,
}

/// Where one header line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// First byte of the line, which is the first of the name.
    pub(super) name_at: u32,
    /// First byte of the value, behind white space.
    pub(super) value_at: u32,
    /// Bytes of the value, without white space at its end.
    pub(super) value_len: u32,
    pub(super) name_len: u8,
    pub(super) known: KnownHeader,
}

impl HeaderLine {
    /// Which header it is, when weir knows it.
    pub const fn known(&self) -> KnownHeader {
        self.known
    }
}

/// The index of one message head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Bytes up to and including the empty line.
    pub(super) len: u32,
    /// The three parts of the start line: method, URI and version, or version, status and
    /// reason.
    pub(super) start: [Span; 3],
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) status: u16,
    pub(super) known: KnownSet,
    pub(super) framing: Framing,
    pub(super) lines: Vec<HeaderLine>,
}

impl Head {
    /// An empty index; grows to the needs of the first messages and stays.
    pub const fn new() -> Self {
        Self {
            len: 0,
            start: [Span { at: 0, len: 0 }; 3],
            method: Method::Get,
            version: Version::Http11,
            status: 0,
            known: KnownSet::EMPTY,
            framing: Framing::NONE,
            lines: Vec::new(),
        }
    }

    /// Forgets the message and keeps the memory.
    pub fn clear(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        *self = Self {
            lines,
            ..Self::new()
        };
    }

    /// Length in bytes, the empty line included: where the body begins.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// True when nothing was parsed.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The method of a request.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The version the sender announced.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The status of a response, 0 for a request.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// What the head says about the body, decided when it was parsed.
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Number of header lines.
    pub const fn count(&self) -> usize {
        self.lines.len()
    }

    /// False when the head certainly holds no line of that header.
    pub const fn may_contain(&self, header: KnownHeader) -> bool {
        self.known.may_contain(header)
    }

    /// The index of the first line of a known header at or after line `from`.
    pub fn find(&self, header: KnownHeader, from: usize) -> Option<usize> {
        if !self.known.may_contain(header) {
            return None;
        }
        let rest = self.lines.get(from..)?;
        let found = rest.iter().position(|line| line.known == header)?;
        Some(from + found)
    }

    /// The head together with its bytes, for reading.
    pub fn view<'a>(&'a self, buffer: &'a Buffer, base: usize) -> HeadView<'a> {
        HeadView {
            head: self,
            bytes: buffer.bytes().get(base..).unwrap_or_default(),
        }
    }

    /// [`Self::view`] over bytes that begin with the message.
    pub const fn view_bytes<'a>(&'a self, bytes: &'a [u8]) -> HeadView<'a> {
        HeadView { head: self, bytes }
    }
}

/// A head and the bytes it indexes. All accessors return an empty slice for what is absent.
#[derive(Clone, Copy, Debug)]
pub struct HeadView<'a> {
    head: &'a Head,
    bytes: &'a [u8],
}

impl<'a> HeadView<'a> {
    /// The index.
    pub const fn head(&self) -> &'a Head {
        self.head
    }

    /// The whole head, the empty line included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes.get(..self.head.len()).unwrap_or_default()
    }

    /// The start line without its line end.
    pub fn start_line(&self) -> &'a [u8] {
        let last = self.head.start[2];
        let end = last.at as usize + last.len as usize;
        self.bytes.get(..end).unwrap_or_default()
    }

    /// The method of a request as sent.
    pub fn method_name(&self) -> &'a [u8] {
        self.span(self.head.start[0])
    }

    /// The request target as sent.
    pub fn uri(&self) -> &'a [u8] {
        self.span(self.head.start[1])
    }

    /// The path and query of the target: from the first `/` that is not part of `//` behind
    /// a scheme; empty for `*`, for an authority and for an absolute URI without a path.
    pub fn path_and_query(&self) -> &'a [u8] {
        path_and_query(self.uri())
    }

    /// The path without the query.
    pub fn path(&self) -> &'a [u8] {
        let full = self.path_and_query();
        let end = memchr::memchr(b'?', full).unwrap_or(full.len());
        full.get(..end).unwrap_or_default()
    }

    /// What stands behind the first `?`, if there is one.
    pub fn query(&self) -> Option<&'a [u8]> {
        let full = self.path_and_query();
        let mark = memchr::memchr(b'?', full)?;
        full.get(mark + 1..)
    }

    /// The version of a request as it stands in the buffer.
    pub fn version_name(&self) -> &'a [u8] {
        self.span(self.head.start[2])
    }

    /// The reason phrase of a response.
    pub fn reason(&self) -> &'a [u8] {
        self.span(self.head.start[2])
    }

    /// Name and value of line `index`.
    pub fn line(&self, index: usize) -> Option<(&'a [u8], &'a [u8])> {
        let line = self.head.lines.get(index)?;
        Some((self.name_of(line), self.value_of(line)))
    }

    /// The whole line `index` without its line end, as `req.hdrs` and regex rules see it.
    pub fn whole_line(&self, index: usize) -> Option<&'a [u8]> {
        let line = self.head.lines.get(index)?;
        let end = self.head.line_end(index).checked_sub(2)?;
        self.bytes.get(line.name_at as usize..end)
    }

    /// All header lines in order, as (name, value).
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let view = *self;
        view.head
            .lines
            .iter()
            .map(move |line| (view.name_of(line), view.value_of(line)))
    }

    /// The value of the first line of a known header.
    pub fn value(&self, header: KnownHeader) -> Option<&'a [u8]> {
        let index = self.head.find(header, 0)?;
        self.head.lines.get(index).map(|line| self.value_of(line))
    }

    /// The values of all lines of a known header.
    pub fn values(&self, header: KnownHeader) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let view = *self;
        let lines: &'a [HeaderLine] = match view.head.may_contain(header) {
            true => &view.head.lines,
            false => &[],
        };
        lines
            .iter()
            .filter(move |line| line.known == header)
            .map(move |line| view.value_of(line))
    }

    /// Whether a line has this name; its length tells most of them apart.
    fn is_named(&self, line: &HeaderLine, name: &[u8]) -> bool {
        usize::from(line.name_len) == name.len() && same_name(self.name_of(line), name)
    }

    /// The index of the first line named `name`, in any case of letters, at or after `from`.
    pub fn find_name(&self, name: &[u8], from: usize) -> Option<usize> {
        let rest = self.head.lines.get(from..)?;
        let found = rest.iter().position(|line| self.is_named(line, name))?;
        Some(from + found)
    }

    /// The values of all lines named `name`, in any case of letters.
    pub fn values_named<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let view = *self;
        view.head
            .lines
            .iter()
            .filter(move |line| view.is_named(line, name))
            .map(move |line| view.value_of(line))
    }

    /// The comma-separated elements of all lines of a known header.
    pub fn elements(&self, header: KnownHeader) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.values(header).flat_map(Elements::of)
    }

    /// True when one element of a known header is `token`, in any case of letters.
    pub fn has_token(&self, header: KnownHeader, token: &[u8]) -> bool {
        self.elements(header)
            .any(|element| element.eq_ignore_ascii_case(token))
    }

    fn name_of(&self, line: &HeaderLine) -> &'a [u8] {
        self.run(line.name_at as usize, usize::from(line.name_len))
    }

    fn value_of(&self, line: &HeaderLine) -> &'a [u8] {
        self.run(line.value_at as usize, line.value_len as usize)
    }

    fn span(&self, span: Span) -> &'a [u8] {
        self.run(span.at as usize, span.len as usize)
    }

    fn run(&self, at: usize, len: usize) -> &'a [u8] {
        self.bytes
            .get(at..)
            .and_then(|rest| rest.get(..len))
            .unwrap_or_default()
    }
}

impl Head {
    /// The byte behind line `index`, its CRLF included.
    pub(super) fn line_end(&self, index: usize) -> usize {
        match self.lines.get(index + 1) {
            Some(next) => next.name_at as usize,
            None => self.len().saturating_sub(2),
        }
    }
}

/// The comma-separated elements of one value, trimmed; commas in quoted strings do not
/// separate (RFC 9110 section 5.6.1). Empty elements are yielded, an empty value yields one.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    /// The elements of `value`.
    pub const fn of(value: &'a [u8]) -> Self {
        Self { rest: Some(value) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let end = element_end(rest);
        self.rest = rest.get(end + 1..);
        Some(rest.get(..end).unwrap_or_default().trim_ascii())
    }
}

/// Where the elements of `value` stand in it, trimmed, for rules that rewrite one element
/// with [`super::rewrite::Rewriter::splice_value`].
pub fn element_ranges(value: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let at = next.take()?;
        let rest = value.get(at..)?;
        let end = element_end(rest);
        next = (end < rest.len()).then_some(at + end + 1);
        let element = rest.get(..end)?;
        let start = at + element.len() - element.trim_ascii_start().len();
        Some(start..start + element.trim_ascii().len())
    })
}

/// The offset of the first comma outside of a quoted string, or the length.
pub fn element_end(value: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    value.len()
}

fn path_and_query(uri: &[u8]) -> &[u8] {
    if uri.first() == Some(&b'/') {
        return uri;
    }
    let Some(authority) = authority_at(uri) else {
        return &[];
    };
    let rest = uri.get(authority..).unwrap_or_default();
    let path = rest.iter().position(|&byte| byte == b'/' || byte == b'?');
    path.and_then(|at| rest.get(at..)).unwrap_or_default()
}

/// Where the authority of an absolute URI begins: behind `scheme://` (RFC 3986 section 3).
pub(super) fn authority_at(uri: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', uri)?;
    let scheme = uri.get(..colon)?;
    let alpha = scheme.first()?.is_ascii_alphabetic();
    let rest = scheme
        .iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let slashes = uri.get(colon + 1..)?.starts_with(b"//");
    (alpha && rest && slashes).then_some(colon + 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parse::{Policy, parse_request};

    fn with_view<T>(text: &str, see: impl FnOnce(HeadView<'_>) -> T) -> T {
        let mut buffer = Buffer::new(4096);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        let policy = Policy {
            accept_invalid: true,
            ..Policy::default()
        };
        parse_request(&mut buffer, 0, text.len(), policy, &mut head).unwrap();
        see(head.view(&buffer, 0))
    }

    const TEXT: &str = "GET /a?b=c?d HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\
        Accept: u, v\r\ncookie:  c=d \r\nEmpty:\r\n\r\n";

    #[test]
    fn the_parts_of_a_request_are_read() {
        with_view(TEXT, |view| {
            assert_eq!(view.start_line(), b"GET /a?b=c?d HTTP/1.1");
            assert_eq!(view.method_name(), b"GET");
            assert_eq!(view.head().method(), Method::Get);
            assert_eq!(view.uri(), b"/a?b=c?d");
            assert_eq!(view.path(), b"/a");
            assert_eq!(view.query(), Some(&b"b=c?d"[..]));
            assert_eq!(view.version_name(), b"HTTP/1.1");
            assert_eq!(view.bytes(), TEXT.as_bytes());
            assert_eq!(view.head().status(), 0);
            assert_eq!(view.head().count(), 5);
        });
    }

    #[test]
    fn headers_are_found_by_identity_and_by_name() {
        with_view(TEXT, |view| {
            assert_eq!(view.value(KnownHeader::Host), Some(&b"x"[..]));
            assert_eq!(view.value(KnownHeader::Expect), None);
            let cookies: Vec<_> = view.values(KnownHeader::Cookie).collect();
            assert_eq!(cookies, [b"a=b", b"c=d"]);
            let named: Vec<_> = view.values_named(b"COOKIE").collect();
            assert_eq!(named, [b"a=b", b"c=d"]);
            assert_eq!(view.find_name(b"empty", 0), Some(4));
            assert_eq!(view.find_name(b"empty", 5), None);
            assert_eq!(view.line(4), Some((&b"Empty"[..], &b""[..])));
            assert_eq!(view.line(5), None);
            assert_eq!(view.whole_line(3), Some(&b"cookie:  c=d "[..]));
            assert_eq!(view.lines().last(), view.line(4));
            let last = view.lines().next_back();
            assert_eq!(last, view.line(4));
        });
    }

    #[test]
    fn elements_are_separated_by_commas_outside_of_quotes() {
        let elements = |text: &'static str| {
            let all = Elements::of(text.as_bytes());
            all.map(|element| String::from_utf8_lossy(element).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(elements("a, b ,c"), ["a", "b", "c"]);
        assert_eq!(elements("\"a, \\\" b\", c"), ["\"a, \\\" b\"", "c"]);
        assert_eq!(elements(""), [""]);
        assert_eq!(elements(",a,"), ["", "a", ""]);
        assert_eq!(elements("\"open, b"), ["\"open, b"]);
        for text in ["a, b ,c", "", ",a,", " \"x,\" ,y", "  ", ", ,"] {
            let ranges = element_ranges(text.as_bytes()).map(|range| text[range].to_owned());
            let trimmed = Elements::of(text.as_bytes());
            let trimmed = trimmed.map(|element| String::from_utf8_lossy(element).into_owned());
            assert!(ranges.eq(trimmed), "{text}");
        }
    }

    #[test]
    fn tokens_are_compared_without_case() {
        with_view(
            "GET / HTTP/1.1\r\nConnection: a\r\nConnection: Close, b\r\n\r\n",
            |view| {
                assert!(view.has_token(KnownHeader::Connection, b"close"));
                assert!(!view.has_token(KnownHeader::Connection, b"keep-alive"));
            },
        );
    }

    #[test]
    fn the_path_is_found_in_every_form_of_a_target() {
        let path = |uri: &str| {
            with_view(&format!("GET {uri} HTTP/1.1\r\n\r\n"), |view| {
                String::from_utf8_lossy(view.path_and_query()).into_owned()
            })
        };
        assert_eq!(path("/a//b?c"), "/a//b?c");
        assert_eq!(path("http://host/a?b"), "/a?b");
        assert_eq!(path("http://host"), "");
        assert_eq!(path("http://host?b"), "?b");
        assert_eq!(path("*"), "");
        assert_eq!(path("host:80"), "");
        assert_eq!(path("1http://host/a"), "");
    }
}
