//! Whether a cache between the proxy and its client could keep a response.
//!
//! Asked before a cookie is added (`cookie ... nocache`). Judges as HAProxy 2.6 does: the
//! method and status allow it, or `public` does; the response says how long it stays fresh or
//! how it is validated; and nothing forbids it (RFC 9111 section 3).

use super::head::{HeadView, Method};
use super::known::KnownHeader;

/// True when a cache may keep this response to a request with this method.
pub fn is_cacheable(method: Method, response: HeadView<'_>) -> bool {
    let is_safe = matches!(
        method,
        Method::Get | Method::Head | Method::Options | Method::Trace
    );
    let mut is_allowed = is_safe && STATUSES.contains(&response.head().status());
    let mut can_be_fresh = false;
    for (name, value) in response.lines() {
        if is_name(name, b"pragma") && is_name(value, b"no-cache") {
            return false;
        }
        can_be_fresh |= VALIDATORS.iter().any(|known| is_name(name, known));
    }
    // The last word on it counts.
    for directive in response.elements(KnownHeader::CacheControl) {
        if FORBIDDING.iter().any(|known| is_name(directive, known)) {
            is_allowed = false;
        }
        if is_name(directive, b"public") {
            is_allowed = true;
        }
        can_be_fresh |= AGES.iter().any(|age| has_prefix(directive, age));
    }
    is_allowed && can_be_fresh
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
/// Directives that tell how long it stays fresh.
const AGES: [&[u8]; 2] = [b"max-age", b"s-maxage"];
/// Directives that forbid it; not those that name a header.
const FORBIDDING: [&[u8]; 5] = [
    b"private",
    b"no-store",
    b"no-cache",
    b"max-age=0",
    b"s-maxage=0",
];

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
            "Cache-Control: x, s-maxage=10",
            "Cache-Control: max-age=10, no-cache=\"set-cookie\"",
            "Cache-Control: private=\"x\"\r\nETag: \"x\"",
        ] {
            assert!(cacheable(Method::Get, 200, lines), "{lines}");
            assert!(cacheable(Method::Options, 200, lines), "{lines}");
            assert!(cacheable(Method::Trace, 200, lines), "{lines}");
            assert!(!cacheable(Method::Post, 200, lines), "{lines}");
            assert!(!cacheable(Method::Get, 302, lines), "{lines}");
        }
        assert!(!cacheable(Method::Get, 200, "X: y"));
        assert!(!cacheable(Method::Get, 200, "Cache-Control: public"));
    }

    #[test]
    fn public_allows_what_method_and_status_do_not() {
        let lines = "Cache-Control: public\r\nETag: \"x\"";
        for (method, status) in [
            (Method::Post, 200),
            (Method::Other, 404),
            (Method::Get, 302),
        ] {
            assert!(cacheable(method, status, lines), "{method:?} {status}");
        }
        let age = "Cache-Control: public, max-age=60";
        assert!(cacheable(Method::Post, 400, age));
        assert!(!cacheable(Method::Post, 200, "Cache-Control: public"));
    }

    #[test]
    fn directives_forbid_it() {
        for lines in [
            "Cache-Control: max-age=0",
            "Cache-Control: s-maxage=0",
            "Cache-Control: max-age=10, private",
            "Cache-Control: public, no-cache",
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
