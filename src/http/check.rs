//! What well-formed headers may not say: contradictions about framing, host and target.
//!
//! Called by [`super::parse`] on the canonical head. Requests that two parties could read
//! differently are refused or reduced to the one meaning weir acts on. Costs a few bit
//! tests for a head that holds nothing of interest.

use super::framing;
use super::framing::Declared;
use super::head::{Elements, Method, Version, authority_at};
use super::known::KnownHeader;
use super::parse::{Kind, Policy};
use super::reason::{ErrorReason, HeadError};
use super::rewrite::Rewriter;

/// Checks and reduces a request head.
pub(super) fn request(message: &mut Rewriter<'_>, policy: Policy) -> Result<(), HeadError> {
    framing::settle(message, Kind::Request)?;
    single_host(message)?;
    if !policy.accept_invalid {
        target(message)?;
    }
    if message.head().version() == Version::Http10 && !policy.payload_any_method {
        old_payload(message)?;
    }
    strip_h2c(message);
    Ok(())
}

/// Checks and reduces a response head.
pub(super) fn response(message: &mut Rewriter<'_>) -> Result<(), HeadError> {
    framing::settle(message, Kind::Response)
}

/// Host headers that repeat the first are dropped, one that differs is refused
/// (RFC 9112 section 3.2).
fn single_host(message: &mut Rewriter<'_>) -> Result<(), HeadError> {
    let Some(first) = message.head().find(KnownHeader::Host, 0) else {
        return Ok(());
    };
    let Some(second) = message.head().find(KnownHeader::Host, first + 1) else {
        return Ok(());
    };
    let value = message.view().value(KnownHeader::Host).unwrap_or_default();
    let differs = |other: &[u8]| !other.eq_ignore_ascii_case(value);
    if message.view().values(KnownHeader::Host).any(differs) {
        let line = message.head().lines.get(second);
        let offset = line.map_or(0, |line| line.name_at as usize);
        return Err(HeadError::request(offset, ErrorReason::HostDiffers));
    }
    message.remove_from(KnownHeader::Host, second);
    Ok(())
}

/// The four forms of a target and the methods they go with (RFC 9112 section 3.2).
fn target(message: &Rewriter<'_>) -> Result<(), HeadError> {
    let view = message.view();
    let uri = view.uri();
    let offset = view.head().start[1].at as usize;
    let refused = |reason| Err(HeadError::request(offset, reason));
    let method = view.head().method();
    let (authority, port) = match (method, uri.first()) {
        (Method::Connect, _) => match authority_form(uri) {
            Some(authority) => (authority, None),
            None => return refused(ErrorReason::Target),
        },
        (_, Some(b'/')) => return Ok(()),
        (Method::Options, Some(b'*')) if uri.len() == 1 => return Ok(()),
        _ => match absolute_form(uri) {
            Some(found) => found,
            None => return refused(ErrorReason::Target),
        },
    };
    let Some(host) = view.value(KnownHeader::Host) else {
        return Ok(());
    };
    if same_authority(authority, host, port) {
        return Ok(());
    }
    refused(ErrorReason::Authority)
}

/// `host:port`, the only form CONNECT takes.
fn authority_form(uri: &[u8]) -> Option<&[u8]> {
    let (_, port) = split_port(uri)?;
    let digits = !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    let plain = !uri.iter().any(|byte| matches!(byte, b'/' | b'?' | b'@'));
    (digits && plain).then_some(uri)
}

/// The authority of an absolute URI without user information, and the default port of its
/// scheme.
fn absolute_form(uri: &[u8]) -> Option<(&[u8], Option<&'static [u8]>)> {
    let at = authority_at(uri)?;
    let scheme = uri.get(..at - 3)?;
    let rest = uri.get(at..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let user = memchr::memrchr(b'@', authority).map_or(0, |mark| mark + 1);
    let authority = authority.get(user..)?;
    let port: Option<&'static [u8]> = match scheme.len() {
        4 if scheme.eq_ignore_ascii_case(b"http") => Some(b"80"),
        5 if scheme.eq_ignore_ascii_case(b"https") => Some(b"443"),
        _ => None,
    };
    Some((authority, port))
}

/// True when both name the same place. A missing port is the default one of the scheme; for
/// CONNECT, which has no scheme, a Host without port goes with 80 and 443.
fn same_authority(authority: &[u8], host: &[u8], port: Option<&[u8]>) -> bool {
    if authority.eq_ignore_ascii_case(host) {
        return true;
    }
    let (name, number) = split_port(authority).unwrap_or((authority, b""));
    let (host_name, host_number) = split_port(host).unwrap_or((host, b""));
    let is_default = |number: &[u8]| {
        let known = port.map_or(number == b"80" || number == b"443", |port| number == port);
        number.is_empty() || known
    };
    name.eq_ignore_ascii_case(host_name)
        && (number == host_number
            || (is_default(number) && is_default(host_number))
                && (number.is_empty() || host_number.is_empty()))
}

/// Name and port around the last colon that is not part of an IPv6 literal.
fn split_port(authority: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memrchr(b':', authority)?;
    let port = authority.get(colon + 1..)?;
    if memchr::memchr(b']', port).is_some() {
        return None;
    }
    Some((authority.get(..colon)?, port))
}

/// HTTP/1.0 knows no body for these methods: an old server would take it for the next
/// request.
fn old_payload(message: &Rewriter<'_>) -> Result<(), HeadError> {
    let head = message.head();
    let bodyless = matches!(head.method(), Method::Get | Method::Head | Method::Delete);
    let empty = matches!(
        head.framing().declared,
        Declared::Nothing | Declared::Length(0)
    );
    if bodyless && !empty {
        return Err(HeadError::request(head.len(), ErrorReason::Payload));
    }
    Ok(())
}

/// Drops an offer to go on in HTTP/2, which would carry requests past all rules.
fn strip_h2c(message: &mut Rewriter<'_>) {
    let is_h2c = |element: &[u8]| element.eq_ignore_ascii_case(b"h2c");
    let mut from = 0;
    let mut stripped = false;
    while let Some(index) = message.head().find(KnownHeader::Upgrade, from) {
        from = index + 1;
        let (_, value) = message.view().line(index).unwrap_or_default();
        if !Elements::of(value).any(is_h2c) {
            continue;
        }
        stripped = true;
        // A client that offers h2c among others is served as if it had offered nothing.
        if message.remove(index).is_ok() {
            from = index;
        }
    }
    if stripped {
        message.remove_all(KnownHeader::Http2Settings);
    }
}
