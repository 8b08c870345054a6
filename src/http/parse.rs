//! From the bytes of a complete head to a [`Head`], with the bytes made canonical.
//!
//! Called by the analysers that wait for a request or a response, once the scanner has found
//! the end of the head. httparse reads the heads that nearly everybody sends; what it
//! refuses goes the slow path, which accepts the oddities that are legal or allowed by the
//! policy and knows the place of every error. Afterwards the head in the buffer is
//! canonical: no empty line before it, single spaces in the start line, `HTTP/1.0` or
//! `HTTP/1.1`, every line on one line and ended by CRLF, one framing source, one Host.

use std::mem::MaybeUninit;

use super::head::{Head, HeaderLine, Method, Span, Version};
use super::known::KnownHeader;
use super::reason::{ErrorReason, HeadError};
use super::rewrite::{Rewriter, position};
use super::{check, slow};
use crate::engine::buffer::Buffer;

/// Which of the two messages is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From a client.
    Request,
    /// From a server.
    Response,
}

impl Kind {
    /// The error of a message of this kind.
    pub const fn error(self, offset: usize, reason: ErrorReason) -> HeadError {
        match self {
            Self::Request => HeadError::request(offset, reason),
            Self::Response => HeadError::response(offset, reason),
        }
    }
}

/// How strictly a head is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `option accept-invalid-http-request` or `-response`: tolerate odd versions and URIs,
    /// and drop header lines with a bad name instead of refusing the message.
    pub accept_invalid: bool,
    /// `tune.http.maxhdr`: lines of a head, the start line included.
    pub max_headers: usize,
    /// `h1-accept-payload-with-any-method`: let HTTP/1.0 GET, HEAD and DELETE have a body.
    pub payload_any_method: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            accept_invalid: false,
            max_headers: 101,
            payload_any_method: false,
        }
    }
}

/// Parses the request head of `head_len` bytes at `base` and makes it canonical; its length
/// then is [`Head::len`].
///
/// # Errors
/// [`HeadError`] with the place and the status of the answer. The bytes are then what the
/// client sent, unless the error concerns the meaning of otherwise well-formed headers.
pub fn parse_request(
    buffer: &mut Buffer,
    base: usize,
    head_len: usize,
    policy: Policy,
    head: &mut Head,
) -> Result<(), HeadError> {
    let at = Place { base, head_len };
    if !fast_request(at.bytes(buffer), policy, head) {
        slow_path(buffer, at, Kind::Request, policy, head)?;
    }
    check::request(&mut Rewriter::new(buffer, base, head), policy)
}

/// Parses the response head of `head_len` bytes at `base` and makes it canonical; its length
/// then is [`Head::len`].
///
/// # Errors
/// [`HeadError`], always with status 502.
pub fn parse_response(
    buffer: &mut Buffer,
    base: usize,
    head_len: usize,
    policy: Policy,
    head: &mut Head,
) -> Result<(), HeadError> {
    let at = Place { base, head_len };
    if !fast_response(at.bytes(buffer), policy, head) {
        slow_path(buffer, at, Kind::Response, policy, head)?;
    }
    check::response(&mut Rewriter::new(buffer, base, head))
}

/// What a strict reading would refuse in a head that `policy` tolerates, for `show errors`.
/// To be asked before the head is parsed, as that makes the bytes canonical.
pub fn tolerated_fault(
    message: &[u8],
    head_len: usize,
    kind: Kind,
    policy: Policy,
    head: &mut Head,
) -> Option<HeadError> {
    let bytes = message.get(..head_len)?;
    let is_plain = match kind {
        Kind::Request => fast_request(bytes, policy, head),
        Kind::Response => fast_response(bytes, policy, head),
    };
    if !policy.accept_invalid || is_plain {
        return None;
    }
    let strict = Policy {
        accept_invalid: false,
        ..policy
    };
    let fault = slow::parse(bytes, kind, strict, head).err()?;
    let passes = slow::parse(bytes, kind, policy, head).is_ok();
    passes.then_some(fault)
}

/// Where a head stands in its buffer.
#[derive(Clone, Copy)]
struct Place {
    base: usize,
    head_len: usize,
}

impl Place {
    fn bytes(self, buffer: &Buffer) -> &[u8] {
        let message = buffer.bytes().get(self.base..);
        message
            .and_then(|bytes| bytes.get(..self.head_len))
            .unwrap_or_default()
    }
}

fn slow_path(
    buffer: &mut Buffer,
    at: Place,
    kind: Kind,
    policy: Policy,
    head: &mut Head,
) -> Result<(), HeadError> {
    let canonical = slow::parse(at.bytes(buffer), kind, policy, head)?;
    if at.bytes(buffer).get(..canonical.consumed) == Some(&canonical.bytes[..]) {
        return Ok(());
    }
    buffer
        .splice(at.base, canonical.consumed, &canonical.bytes)
        .map_err(|_| kind.error(0, ErrorReason::NoRoom))
}

/// True when httparse has read the head and it is canonical already.
pub(super) fn fast_request(bytes: &[u8], policy: Policy, head: &mut Head) -> bool {
    head.clear();
    let mut storage = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; FAST_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(bytes, &mut storage);
    if parsed != Ok(httparse::Status::Complete(bytes.len())) {
        return false;
    }
    let (Some(method), Some(uri)) = (request.method, request.path) else {
        return false;
    };
    if !is_plain_uri(uri.as_bytes()) || bytes.first().is_none_or(|&byte| byte <= b' ') {
        return false;
    }
    let uri_at = method.len() + 1;
    let version_at = uri_at + uri.len() + 1;
    head.start = [
        span(0, method.len()),
        span(uri_at, uri.len()),
        span(version_at, VERSION_LEN),
    ];
    head.method = Method::of(method.as_bytes());
    head.version = version(request.version);
    fast_lines(bytes, request.headers, policy, head)
}

/// True when httparse has read the head and it is canonical already.
pub(super) fn fast_response(bytes: &[u8], policy: Policy, head: &mut Head) -> bool {
    head.clear();
    let mut storage = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; FAST_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut storage,
    );
    if parsed != Ok(httparse::Status::Complete(bytes.len())) || bytes.first() != Some(&b'H') {
        return false;
    }
    let status = response.code.unwrap_or_default();
    // httparse shows no reason phrase with bytes above 127, so it is measured here.
    let Some(line_end) = memchr::memchr(b'\n', bytes) else {
        return false;
    };
    let reason_at = VERSION_LEN + STATUS_LEN + 2;
    let Some(reason_len) = line_end.checked_sub(reason_at + 1) else {
        return false;
    };
    let crlf = bytes.get(line_end - 1) == Some(&b'\r');
    let one_space = bytes.get(reason_at - 1) == Some(&b' ')
        && !matches!(bytes.get(reason_at), Some(b' ' | b'\t'));
    if status < 100 || !one_space || !crlf {
        return false;
    }
    head.start = [
        span(0, VERSION_LEN),
        span(VERSION_LEN + 1, STATUS_LEN),
        span(reason_at, reason_len),
    ];
    head.status = status;
    head.version = version(response.version);
    fast_lines(bytes, response.headers, policy, head)
}

/// Indexes what httparse found; false when a line needs the slow path.
fn fast_lines(
    bytes: &[u8],
    headers: &[httparse::Header<'_>],
    policy: Policy,
    head: &mut Head,
) -> bool {
    if headers.len() >= policy.max_headers || !bytes.ends_with(b"\r\n\r\n") {
        return false;
    }
    for header in headers {
        let name = header.name.as_bytes();
        let name_at = offset_in(bytes, name);
        let follows_crlf = bytes.get(name_at.wrapping_sub(2)) == Some(&b'\r');
        let Ok(name_len) = u8::try_from(name.len()) else {
            return false;
        };
        if !follows_crlf {
            return false;
        }
        let value_at = match header.value.is_empty() {
            true => name_at + name.len() + 1,
            false => offset_in(bytes, header.value),
        };
        let known = KnownHeader::of(name);
        head.known.insert(known);
        head.lines.push(HeaderLine {
            name_at: position(name_at),
            value_at: position(value_at),
            value_len: position(header.value.len()),
            name_len,
            known,
        });
    }
    head.len = position(bytes.len());
    true
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr()
        .addr()
        .wrapping_sub(whole.as_ptr().addr())
        .min(whole.len())
}

/// False when the URI holds a fragment or a byte above 127: the policy decides then.
fn is_plain_uri(uri: &[u8]) -> bool {
    !uri.iter().any(|&byte| byte >= 0x80 || byte == b'#')
}

fn span(at: usize, len: usize) -> Span {
    Span {
        at: position(at),
        len: position(len),
    }
}

const fn version(minor: Option<u8>) -> Version {
    match minor {
        Some(0) => Version::Http10,
        _ => Version::Http11,
    }
}

/// Header lines the fast path has room for on the stack; longer heads go the slow path.
const FAST_HEADERS: usize = 104;
/// Bytes of `HTTP/1.1`.
const VERSION_LEN: usize = 8;
/// Bytes of a status code.
const STATUS_LEN: usize = 3;

#[cfg(test)]
mod tests;
