//! How the body of a message ends: decided here and nowhere else.
//!
//! `settle` runs once per parsed head. It takes Content-Length and Transfer-Encoding,
//! leaves at most one of them in the head and stores the [`Framing`]; the analysers ask
//! [`request_body`] and [`response_body`]. Rules: RFC 9112 section 6.3, with the refusals of
//! current HAProxy where the RFC leaves a choice.

use super::head::{Elements, Head, Method, Version};
use super::known::KnownHeader;
use super::parse::Kind;
use super::reason::{ErrorReason, HeadError};
use super::rewrite::Rewriter;

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body; the message ends with its head.
    None,
    /// That many bytes.
    Length(u64),
    /// A chunked body, ended by its last chunk and trailers.
    Chunked,
    /// Everything until the sender closes. Never for a request.
    UntilClose,
    /// No HTTP follows: both directions are relayed blindly until they close.
    Tunnel,
}

/// What the head itself says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Framing {
    /// The framing source that is left in the head.
    pub declared: Declared,
    /// The sender framed the message in a way that others may read differently: no further
    /// message of this connection can be trusted, so it is closed after this one.
    pub close_after: bool,
}

/// The one framing source of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Declared {
    /// Neither Content-Length nor Transfer-Encoding.
    #[default]
    Nothing,
    /// A Content-Length.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// Nothing declared.
    pub const NONE: Self = Self {
        declared: Declared::Nothing,
        close_after: false,
    };
}

/// Where the body of the request `head` ends. The body of a CONNECT request is empty: what
/// follows belongs to the tunnel, if the response opens one.
pub const fn request_body(head: &Head) -> BodyLength {
    match head.framing().declared {
        Declared::Nothing | Declared::Length(0) => BodyLength::None,
        Declared::Length(len) => BodyLength::Length(len),
        Declared::Chunked => BodyLength::Chunked,
    }
}

/// Where the body of the response `head` to a request with `method` ends.
pub const fn response_body(head: &Head, method: Method) -> BodyLength {
    match (method, head.status()) {
        (_, 101) | (Method::Connect, 200..=299) => return BodyLength::Tunnel,
        (Method::Head, _) | (_, 100..=199 | 204 | 304) => return BodyLength::None,
        _ => {}
    }
    match head.framing().declared {
        Declared::Nothing => BodyLength::UntilClose,
        Declared::Length(0) => BodyLength::None,
        Declared::Length(len) => BodyLength::Length(len),
        Declared::Chunked => BodyLength::Chunked,
    }
}

/// Decides the framing of a freshly parsed head, drops what contradicts it and stores it in
/// the head.
///
/// # Errors
/// [`HeadError`] for a Content-Length that is not one number, for a Transfer-Encoding that is
/// not `chunked`, and for a CONNECT request with a body.
pub(super) fn settle(message: &mut Rewriter<'_>, kind: Kind) -> Result<(), HeadError> {
    if kind == Kind::Response && matches!(message.head().status(), 100..=199 | 204) {
        // RFC 9110 section 8.6: such a response has no body and may not speak of one.
        message.remove_all(KnownHeader::ContentLength);
        message.remove_all(KnownHeader::TransferEncoding);
        return Ok(());
    }
    let head = message.head();
    let has_length = head.find(KnownHeader::ContentLength, 0);
    let has_coding = head.find(KnownHeader::TransferEncoding, 0);
    let mut framing = Framing::NONE;
    if let Some(first) = has_length {
        framing.declared = Declared::Length(content_length(message, kind)?);
        // The same number said again is dropped, so that the next hop reads one.
        message.remove_from(KnownHeader::ContentLength, first + 1);
        keep_first_element(message, first);
    }
    if has_coding.is_some() {
        transfer_encoding(message, kind)?;
        framing.declared = Declared::Chunked;
        // RFC 9112 section 6.1: both headers at once, or the coding in HTTP/1.0, are signs
        // of a sender that other parties frame differently.
        framing.close_after = has_length.is_some() || message.head().version() == Version::Http10;
        message.remove_all(KnownHeader::ContentLength);
    }
    let body = !matches!(framing.declared, Declared::Nothing | Declared::Length(0));
    if kind == Kind::Request && message.head().method() == Method::Connect && body {
        return Err(HeadError::request(
            message.head().len(),
            ErrorReason::Payload,
        ));
    }
    message.head_mut().framing = framing;
    Ok(())
}

/// The one number that all Content-Length lines hold.
fn content_length(message: &Rewriter<'_>, kind: Kind) -> Result<u64, HeadError> {
    let mut length = None;
    for element in message.view().elements(KnownHeader::ContentLength) {
        let Some(number) = plain_number(element) else {
            return Err(error(message, kind, ErrorReason::ContentLength));
        };
        if length.is_some_and(|known| known != number) {
            return Err(error(message, kind, ErrorReason::ContentLengthDiffers));
        }
        length = Some(number);
    }
    length.ok_or_else(|| error(message, kind, ErrorReason::ContentLength))
}

/// Digits only, at most 2^63 - 1: no other reader may see another number.
fn plain_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for &byte in text {
        let digit = byte.checked_sub(b'0').filter(|&digit| digit <= 9)?;
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (number <= i64::MAX.unsigned_abs()).then_some(number)
}

/// `5, 5` becomes `5`.
fn keep_first_element(message: &mut Rewriter<'_>, index: usize) {
    let Some((_, value)) = message.view().line(index) else {
        return;
    };
    let first = Elements::of(value).next().map_or(0, <[u8]>::len);
    let len = value.len();
    if first < len {
        // Shrinking a value cannot fail for want of room.
        let _ = message.splice_value(index, first, len - first, b"");
    }
}

/// Accepts one `chunked` and nothing else.
fn transfer_encoding(message: &Rewriter<'_>, kind: Kind) -> Result<(), HeadError> {
    let mut chunked = false;
    let mut other = false;
    for element in message.view().elements(KnownHeader::TransferEncoding) {
        let is_chunked = element.eq_ignore_ascii_case(b"chunked");
        if chunked || element.is_empty() {
            return Err(error(message, kind, ErrorReason::TransferEncoding));
        }
        chunked = is_chunked;
        other |= !is_chunked;
    }
    if !chunked {
        return Err(error(message, kind, ErrorReason::TransferEncoding));
    }
    if other {
        return Err(error(message, kind, ErrorReason::TransferCoding));
    }
    Ok(())
}

/// The error at the first line of the header it is about.
fn error(message: &Rewriter<'_>, kind: Kind, reason: ErrorReason) -> HeadError {
    let header = match reason {
        ErrorReason::TransferEncoding | ErrorReason::TransferCoding => {
            KnownHeader::TransferEncoding
        }
        _ => KnownHeader::ContentLength,
    };
    let head = message.head();
    let line = head.find(header, 0).and_then(|at| head.lines.get(at));
    let offset = line.map_or(0, |line| line.value_at as usize);
    kind.error(offset, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::parse::{Policy, parse_response};

    /// The body of the response `text` to a request with `method`, and the lines left.
    fn body(method: Method, text: &str) -> (BodyLength, String) {
        let text = format!("{}\r\n\r\n", text.replace('|', "\r\n"));
        let mut buffer = Buffer::new(1024);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        let policy = Policy::default();
        parse_response(&mut buffer, 0, text.len(), policy, &mut head).unwrap();
        let left = String::from_utf8_lossy(buffer.bytes()).into_owned();
        (response_body(&head, method), left)
    }

    #[test]
    fn the_body_of_a_response_ends_as_rfc_9112_says() {
        let get = |text| body(Method::Get, text).0;
        assert_eq!(get("HTTP/1.1 200 OK"), BodyLength::UntilClose);
        assert_eq!(
            get("HTTP/1.1 200 OK|Content-Length: 7"),
            BodyLength::Length(7)
        );
        assert_eq!(get("HTTP/1.1 200 OK|Content-Length: 0"), BodyLength::None);
        assert_eq!(
            get("HTTP/1.1 200 OK|Transfer-Encoding: Chunked"),
            BodyLength::Chunked
        );
        assert_eq!(get("HTTP/1.1 100 Continue"), BodyLength::None);
        assert_eq!(
            get("HTTP/1.1 304 Not Modified|Content-Length: 7"),
            BodyLength::None
        );
        assert_eq!(get("HTTP/1.1 101 Switching"), BodyLength::Tunnel);
        let head = body(Method::Head, "HTTP/1.1 200 OK|Content-Length: 7").0;
        assert_eq!(head, BodyLength::None);
        let connect = |text| body(Method::Connect, text).0;
        assert_eq!(
            connect("HTTP/1.1 200 OK|Content-Length: 7"),
            BodyLength::Tunnel
        );
        assert_eq!(
            connect("HTTP/1.1 403 No|Content-Length: 7"),
            BodyLength::Length(7)
        );
    }

    #[test]
    fn a_response_that_cannot_have_a_body_loses_its_framing_headers() {
        let text = "HTTP/1.1 204 No Content|Content-Length: 5|Transfer-Encoding: chunked";
        let (length, left) = body(Method::Get, text);
        assert_eq!(length, BodyLength::None);
        assert_eq!(left, "HTTP/1.1 204 No Content\r\n\r\n");
        let (_, left) = body(Method::Get, "HTTP/1.1 304 Not Modified|Content-Length: 5");
        assert!(left.contains("Content-Length: 5"));
    }

    #[test]
    fn chunked_wins_over_a_length_in_a_response_too() {
        let text = "HTTP/1.1 200 OK|Content-Length: 7|Transfer-Encoding: chunked";
        let (length, left) = body(Method::Get, text);
        assert_eq!(length, BodyLength::Chunked);
        assert!(!left.contains("Content-Length"));
    }
}
