//! Which responses may be compressed, and what their heads say when they are.
//!
//! Called when a response is about to be rewritten for the client. The conditions are those
//! of the manual (keyword "compression"); who qualifies there has a body whose end is known,
//! so a server that is cut off is never mistaken for one that is done.

use super::Algorithm;
use crate::http::framing::BodyLength;
use crate::http::head::{HeadView, Version};
use crate::http::known::KnownHeader;
use crate::http::rewrite::{RewriteError, Rewriter};

/// True when a response with this head and body, to a request of version `client`, may be
/// compressed. `types` are the beginnings of the media types to compress; none for any type.
pub fn qualifies(
    response: HeadView<'_>,
    client: Version,
    body: BodyLength,
    types: &[String],
) -> bool {
    let head = response.head();
    let has_end = match body {
        BodyLength::Length(_) | BodyLength::Chunked => true,
        BodyLength::None | BodyLength::UntilClose | BodyLength::Tunnel => false,
    };
    has_end
        && client == Version::Http11
        && head.version() == Version::Http11
        && matches!(head.status(), 200..=203)
        && head.find(KnownHeader::ContentEncoding, 0).is_none()
        && !response.has_token(KnownHeader::CacheControl, b"no-transform")
        && has_valid_tag(response)
        && has_type(response, types)
}

/// At most one ETag, and that in its valid form: it is going to be rewritten.
fn has_valid_tag(response: HeadView<'_>) -> bool {
    let mut tags = response.values_named(b"ETag");
    match (tags.next(), tags.next()) {
        (None, _) => true,
        (Some(tag), None) => is_strong_tag(tag.strip_prefix(b"W/").unwrap_or(tag)),
        (Some(_), Some(_)) => false,
    }
}

/// An opaque tag in quotes (RFC 9110 section 8.8.3).
fn is_strong_tag(tag: &[u8]) -> bool {
    match tag {
        [b'"', inner @ .., b'"'] => !inner
            .iter()
            .any(|byte| matches!(byte, b'"' | 0..=b' ' | 127)),
        _ => false,
    }
}

fn has_type(response: HeadView<'_>, types: &[String]) -> bool {
    let Some(value) = response.value(KnownHeader::ContentType) else {
        return types.is_empty();
    };
    !begins_with(value, b"multipart")
        && (types.is_empty()
            || types
                .iter()
                .any(|listed| begins_with(value, listed.as_bytes())))
}

fn begins_with(value: &[u8], start: &[u8]) -> bool {
    value
        .get(..start.len())
        .is_some_and(|value| value.eq_ignore_ascii_case(start))
}

/// Rewrites the head of a response whose body will be coded by `algorithm` and chunked.
///
/// # Errors
/// [`RewriteError::NoRoom`] when less than [`HEAD_GROWTH`] bytes were free.
pub fn rewrite(message: &mut Rewriter<'_>, algorithm: Algorithm) -> Result<(), RewriteError> {
    weaken_tag(message)?;
    message.remove_all(KnownHeader::ContentLength);
    if message
        .head()
        .find(KnownHeader::TransferEncoding, 0)
        .is_none()
    {
        message.add(b"Transfer-Encoding", b"chunked")?;
    }
    let view = message.view();
    let varies = view.has_token(KnownHeader::Vary, b"Accept-Encoding")
        || view.has_token(KnownHeader::Vary, b"*");
    if !varies {
        message.add(b"Vary", b"Accept-Encoding")?;
    }
    if algorithm != Algorithm::Identity {
        message.add(b"Content-Encoding", algorithm.token())?;
    }
    Ok(())
}

/// The coded body is no longer the same byte for byte (RFC 9110 section 8.8.1).
fn weaken_tag(message: &mut Rewriter<'_>) -> Result<(), RewriteError> {
    let Some(index) = message.view().find_name(b"ETag", 0) else {
        return Ok(());
    };
    let is_strong = message
        .view()
        .line(index)
        .is_some_and(|(_, value)| value.starts_with(b"\""));
    if is_strong {
        message.splice_value(index, 0, 0, b"W/")?;
    }
    Ok(())
}

/// Bytes by which [`rewrite`] may make a head longer.
pub const HEAD_GROWTH: usize = 96;
