//! Whether a cache between the proxy and its client could keep a response.
//!
//! Asked before a cookie is added (`cookie ... nocache`). Follows RFC 9111 as HAProxy does:
//! the method and status allow it, the response says how long it stays fresh or how it is
//! validated, and nothing forbids it.

use super::head::{HeadView, Method};
use super::known::KnownHeader;

/// True when a cache may keep this response to a request with this method.
pub fn is_cacheable(method: Method, response: HeadView<'_>) -> bool {
    let answers_safe = matches!(method, Method::Get | Method::Head);
    if !answers_safe || !STATUSES.contains(&response.head().status()) {
        return false;
    }
    let mut can_be_fresh = false;
    for (name, value) in response.lines() {
        match KnownHeader::of(name) {
            KnownHeader::CacheControl => {}
            _ if is_name(name, b"pragma") && has_prefix(value, b"no-cache") => return false,
            _ => {
                can_be_fresh |= VALIDATORS.iter().any(|known| is_name(name, known));
            }
        }
    }
    for directive in response.elements(KnownHeader::CacheControl) {
        match directive_of(directive) {
            Directive::Forbids => return false,
            Directive::Allows => can_be_fresh = true,
            Directive::Other => {}
        }
    }
    can_be_fresh
}

enum Directive {
    Forbids,
    Allows,
    Other,
}

fn directive_of(directive: &[u8]) -> Directive {
    let equals = memchr::memchr(b'=', directive);
    let (name, value) = match equals {
        Some(at) => directive.split_at(at),
        None => (directive, &[][..]),
    };
    if value.is_empty() {
        let forbids = FORBIDDING.iter().any(|known| is_name(name, known));
        return if forbids {
            Directive::Forbids
        } else {
            Directive::Other
        };
    }
    if !is_name(name, b"max-age") && !is_name(name, b"s-maxage") {
        return Directive::Other;
    }
    let digits = value.get(1..).unwrap_or_default();
    let lasts = digits.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    if lasts {
        Directive::Allows
    } else {
        Directive::Forbids
    }
}

const fn is_name(name: &[u8], known: &[u8]) -> bool {
    name.eq_ignore_ascii_case(known)
}

fn has_prefix(value: &[u8], prefix: &[u8]) -> bool {
    value
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Cacheable unless told otherwise (RFC 9110 section 15.1).
const STATUSES: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];
/// What makes a response worth keeping without an explicit age.
const VALIDATORS: [&[u8]; 3] = [b"etag", b"last-modified", b"expires"];
/// Directives that forbid it when they name no header.
const FORBIDDING: [&[u8]; 3] = [b"private", b"no-store", b"no-cache"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::head::Head;
    use crate::http::parse::{Policy, parse_response};

    fn cacheable(method: Method, status: u16, lines: &str) -> bool {
        let text = format!("HTTP/1.1 {status} x\r\n{lines}\r\n\r\n");
        let mut buffer = Buffer::new(4096);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        parse_response(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
        is_cacheable(method, head.view(&buffer, 0))
    }

    #[test]
    fn something_must_make_it_fresh() {
        for lines in [
            "ETag: \"x\"",
            "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT",
            "Expires: Thu, 01 Jan 2030 00:00:01 GMT",
            "Cache-Control: max-age=10",
            "Cache-Control: public, s-maxage=10",
            "Cache-Control: max-age=10, no-cache=\"set-cookie\"",
            "Cache-Control: public\r\nETag: \"x\"",
        ] {
            assert!(cacheable(Method::Get, 200, lines), "{lines}");
            assert!(!cacheable(Method::Post, 200, lines), "{lines}");
            assert!(!cacheable(Method::Get, 302, lines), "{lines}");
        }
        assert!(!cacheable(Method::Get, 200, "X: y"));
        assert!(!cacheable(Method::Get, 200, "Cache-Control: public"));
    }

    #[test]
    fn directives_forbid_it() {
        for lines in [
            "Cache-Control: max-age=0",
            "Cache-Control: s-maxage=0",
            "Cache-Control: max-age=10, private",
            "Cache-Control: max-age=10, No-Cache",
            "Cache-Control: x\r\nCache-Control: no-store",
            "Cache-Control: max-age=10\r\nPragma: no-cache",
        ] {
            let lines = format!("ETag: \"x\"\r\n{lines}");
            assert!(!cacheable(Method::Get, 200, &lines), "{lines}");
        }
    }

    #[test]
    fn the_status_decides_too() {
        for status in [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501] {
            assert!(cacheable(Method::Head, status, "ETag: \"x\""), "{status}");
        }
        for status in [201, 302, 304, 307, 400, 500] {
            assert!(!cacheable(Method::Get, status, "ETag: \"x\""), "{status}");
        }
    }
}
