//! `option checkcache`: whether a response hands a cookie to caches (manual, "option checkcache").
//!
//! Called by the response's analyser before the head is rewritten. Header values are compared
//! without the case of letters, as element of a list.

use super::head::{HeadView, Method};
use super::known::KnownHeader;

/// True for a response that a cache may keep together with a cookie that it sets, in answer
/// to a request with `method`.
pub fn exposes_cookie(method: Method, response: HeadView<'_>) -> bool {
    let head = response.head();
    let sets_cookie = [KnownHeader::SetCookie, KnownHeader::SetCookie2]
        .into_iter()
        .any(|header| head.find(header, 0).is_some());
    if !sets_cookie || response.has_token(KnownHeader::Pragma, b"no-cache") {
        return false;
    }
    let mut is_exposed = is_cached_by_default(method, head.status());
    // The last word counts, as in HAProxy.
    for directive in response.elements(KnownHeader::CacheControl) {
        if directive.eq_ignore_ascii_case(b"public") {
            is_exposed = true;
        } else if keeps_cookie_private(directive) {
            is_exposed = false;
        }
    }
    is_exposed
}

/// What caches keep without being told to (RFC 9110 section 15.1, as far as the manual).
fn is_cached_by_default(method: Method, status: u16) -> bool {
    let status = matches!(
        status,
        200 | 203 | 204 | 206 | 300 | 301 | 404 | 405 | 410 | 414 | 501
    );
    let method = matches!(
        method,
        Method::Get | Method::Head | Method::Options | Method::Trace
    );
    status && method
}

/// True for a Cache-Control directive that keeps the response, or its cookie, out of caches.
fn keeps_cookie_private(directive: &[u8]) -> bool {
    let is = |word: &[u8]| directive.eq_ignore_ascii_case(word);
    let begins = |word: &[u8]| {
        directive
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    is(b"private")
        || is(b"no-store")
        || is(b"no-cache")
        || is(b"max-age=0")
        || is(b"s-maxage=0")
        || begins(b"no-cache=\"set-cookie\"")
        || begins(b"no-cache=\"set-cookie,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::head::Head;
    use crate::http::parse::{Policy, parse_response};

    fn exposes(method: &str, text: &str) -> bool {
        let text = format!("HTTP/1.1 {}\r\n\r\n", text.replace('|', "\r\n"));
        let mut buffer = Buffer::new(1024);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        parse_response(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
        exposes_cookie(Method::of(method.as_bytes()), head.view(&buffer, 0))
    }

    #[test]
    fn a_cacheable_response_with_a_cookie_is_found() {
        assert!(exposes("GET", "200 OK|Set-Cookie: a=b"));
        assert!(exposes("TRACE", "404 No|set-cookie2: a=b"));
        assert!(!exposes("GET", "200 OK|Cookie: a=b"));
        assert!(!exposes("GET", "302 Found|Set-Cookie: a=b"));
        assert!(!exposes("POST", "200 OK|Set-Cookie: a=b"));
    }

    #[test]
    fn headers_that_forbid_caching_clear_it() {
        for header in [
            "Pragma: no-cache",
            "Cache-Control: private",
            "Cache-Control: x, No-Store",
            "Cache-Control: no-cache",
            "Cache-Control: max-age=0",
            "Cache-Control: s-maxage=0",
            "Cache-Control: no-cache=\"set-cookie\"",
            "Cache-Control: no-cache=\"set-cookie, x-other\"",
        ] {
            assert!(
                !exposes("GET", &format!("200 OK|{header}|Set-Cookie: a=b")),
                "{header}"
            );
        }
        assert!(exposes(
            "GET",
            "200 OK|Cache-Control: max-age=10|Set-Cookie: a=b"
        ));
    }

    #[test]
    fn public_exposes_what_would_not_be_cached() {
        assert!(exposes(
            "POST",
            "302 Found|Cache-Control: public|Set-Cookie: a=b"
        ));
    }
}
