//! The parts of a request's URI, as slices of it.
//!
//! Owns the split of the four forms of RFC 9112, section 3.2 into scheme, authority, path,
//! query and fragment, and what the authority says about host and port. Called by the sample
//! fetches and by the actions on the URI; [`normalize`] and [`parameters`] stand below.
//! Invariant: every part is a sub-slice of the input; nothing is decoded, nothing allocated.

pub mod normalize;
pub mod parameters;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A request's URI in parts. A part that the form lacks is empty or `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UriParts<'a> {
    /// `http` of `http://host/path`, without `://`.
    pub scheme: Option<&'a [u8]>,
    /// `user@host:80` of the absolute form, `host:80` of CONNECT's.
    pub authority: Option<&'a [u8]>,
    /// From the first slash to `?` or `#`; empty for `*`, for CONNECT and for `http://host`.
    pub path: &'a [u8],
    /// What follows `?`, without it, to `#`.
    pub query: Option<&'a [u8]>,
    /// What follows `#`, without it.
    pub fragment: Option<&'a [u8]>,
}

impl<'a> UriParts<'a> {
    /// Splits a request target of any form.
    pub fn parse(uri: &'a [u8]) -> Self {
        let (scheme, authority, rest) = split_authority(uri);
        let (rest, fragment) = split_at_byte(rest, b'#');
        let (path, query) = split_at_byte(rest, b'?');
        Self {
            scheme,
            authority,
            path,
            query,
            fragment,
        }
    }

    /// The host of the authority, without user, port and brackets.
    pub fn host(&self) -> Option<&'a [u8]> {
        let (host, _) = split_port(without_user(self.authority?));
        Some(without_brackets(host))
    }

    /// The port of the authority, else the scheme's default: 443 for https, 80 otherwise
    /// (`url_port`). `None` without an authority or with one that is not a port.
    pub fn port(&self) -> Option<u16> {
        match split_port(without_user(self.authority?)).1 {
            Some(digits) if !digits.is_empty() => decimal_port(digits),
            _ if self
                .scheme
                .is_some_and(|s| s.eq_ignore_ascii_case(b"https")) =>
            {
                Some(443)
            }
            _ => Some(80),
        }
    }

    /// The address that stands as host in the authority (`url_ip`); a name has none, since
    /// nothing is resolved here.
    pub fn address(&self) -> Option<IpAddr> {
        let host = std::str::from_utf8(self.host()?).ok()?;
        let v4 = host.parse::<Ipv4Addr>().map(IpAddr::V4);
        v4.or_else(|_| host.parse::<Ipv6Addr>().map(IpAddr::V6))
            .ok()
    }
}

/// Splits `uri` where its path begins: scheme and authority before, path, query and fragment
/// after. The second half is what `http-request set-uri`'s relatives and the normalizers
/// change; it is empty for `*` and for CONNECT.
pub fn split_at_path(uri: &[u8]) -> (&[u8], &[u8]) {
    let rest = split_authority(uri).2;
    uri.split_at(uri.len().saturating_sub(rest.len()))
}

/// The bytes after the first `?` (fetch `query`); `None` without one. A fragment, which no
/// client sends, counts as part of it.
pub fn query(uri: &[u8]) -> Option<&[u8]> {
    split_at_byte(split_at_path(uri).1, b'?').1
}

/// Appends the fetch `base`: the host header's value without surrounding blanks, in front of
/// the path up to `?`. Host names count without case, so it is written in lower case.
pub fn push_base(out: &mut Vec<u8>, host: &[u8], uri: &[u8]) {
    let host = host.trim_ascii();
    out.extend(host.iter().map(u8::to_ascii_lowercase));
    let path = split_at_path(uri).1;
    if path.first() == Some(&b'/') {
        out.extend_from_slice(split_at_byte(path, b'?').0);
    }
}

/// A host header's value without its port, brackets kept (converter `host_only`, which also
/// lowers the case).
pub fn host_only(value: &[u8]) -> &[u8] {
    split_port(value).0
}

/// The port of a host header's value, 0 without one or when it is no number (converter
/// `port_only`).
pub fn port_only(value: &[u8]) -> u16 {
    split_port(value).1.and_then(decimal_port).unwrap_or(0)
}

/// Scheme, authority, and the rest that begins with the path.
fn split_authority(uri: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    if uri.first() == Some(&b'/') {
        return (None, None, uri);
    }
    if uri == b"*" || uri.is_empty() {
        return (None, None, &[]);
    }
    let Some(at) = memchr::memmem::find(uri, b"://") else {
        return (None, Some(uri), &[]);
    };
    let (scheme, rest) = uri.split_at(at);
    if !is_scheme(scheme) {
        return (None, Some(uri), &[]);
    }
    let rest = rest.get(3..).unwrap_or_default();
    let end = memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    (Some(scheme), Some(authority), rest)
}

/// RFC 3986, section 3.1.
fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn without_user(authority: &[u8]) -> &[u8] {
    let host = memchr::memrchr(b'@', authority).and_then(|at| authority.get(at + 1..));
    host.unwrap_or(authority)
}

fn without_brackets(host: &[u8]) -> &[u8] {
    host.strip_prefix(b"[")
        .and_then(|inner| inner.strip_suffix(b"]"))
        .unwrap_or(host)
}

/// Host and what follows the last colon that stands outside of brackets.
fn split_port(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(at) = memchr::memrchr(b':', value) else {
        return (value, None);
    };
    let (host, port) = value.split_at(at);
    let port = port.get(1..).unwrap_or_default();
    if port.contains(&b']') {
        return (value, None);
    }
    (host, Some(port))
}

/// Digits to a port; `None` for anything else and beyond 65535.
fn decimal_port(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u16, |port, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        port.checked_mul(10)?
            .checked_add(u16::try_from(digit).ok()?)
    })
}

/// What stands before the first `byte`, and what stands after it.
fn split_at_byte(bytes: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(byte, bytes) {
        Some(at) => {
            let (before, after) = bytes.split_at(at);
            (before, after.get(1..))
        }
        None => (bytes, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_four_forms_of_a_target() {
        let origin = UriParts::parse(b"/a/b?c=d#e");
        assert_eq!(origin.path, b"/a/b");
        assert_eq!(origin.query, Some(&b"c=d"[..]));
        assert_eq!(origin.fragment, Some(&b"e"[..]));
        assert_eq!((origin.scheme, origin.authority), (None, None));

        let absolute = UriParts::parse(b"https://u:p@[::1]:8443/x");
        assert_eq!(absolute.scheme, Some(&b"https"[..]));
        assert_eq!(absolute.host(), Some(&b"::1"[..]));
        assert_eq!(absolute.port(), Some(8443));
        assert_eq!(absolute.address(), Some("::1".parse().unwrap()));
        assert_eq!(absolute.path, b"/x");

        let connect = UriParts::parse(b"host.example:443");
        assert_eq!(connect.host(), Some(&b"host.example"[..]));
        assert_eq!((connect.port(), connect.path), (Some(443), &b""[..]));
        assert_eq!(UriParts::parse(b"*"), UriParts::default());
    }

    #[test]
    fn an_authority_alone_has_default_ports_and_no_path() {
        let parts = UriParts::parse(b"http://h?x://y");
        assert_eq!((parts.port(), parts.path), (Some(80), &b""[..]));
        assert_eq!(parts.query, Some(&b"x://y"[..]));
        assert_eq!(UriParts::parse(b"HTTPS://h").port(), Some(443));
        assert_eq!(UriParts::parse(b"http://h:70000/").port(), None);
        assert_eq!(UriParts::parse(b"http://name/").address(), None);
    }

    #[test]
    fn host_and_port_of_a_host_header() {
        for (value, host, port) in [
            ("ab", "ab", 0),
            ("AB:80", "AB", 80),
            ("[::1]:80", "[::1]", 80),
            ("[::1]", "[::1]", 0),
            ("a:", "a", 0),
            ("a:x", "a", 0),
            (":80", "", 80),
        ] {
            assert_eq!(host_only(value.as_bytes()), host.as_bytes(), "{value}");
            assert_eq!(port_only(value.as_bytes()), port, "{value}");
        }
    }

    #[test]
    fn base_is_host_and_path() {
        let mut out = Vec::new();
        push_base(&mut out, b" WWW.a:80 ", b"http://other/p/q?r");
        assert_eq!(out, b"www.a:80/p/q");
    }

    proptest! {
        #[test]
        fn any_bytes_split_into_parts_that_lie_within(
            uri in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let parts = UriParts::parse(&uri);
            prop_assert!(parts.path.len() <= uri.len());
            let (before, after) = split_at_path(&uri);
            prop_assert_eq!([before, after].concat(), uri.clone());
            let _ = (parts.host(), parts.port(), parts.address(), query(&uri), port_only(&uri));
        }
    }
}
