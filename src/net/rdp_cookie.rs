//! The cookie in the first packet of a terminal client (RDP).
//!
//! Such a connection begins with a TPKT header (RFC 1006), an X.224 connection request, and
//! in its variable part `Cookie: <name>=<value>`, ended by CRLF ([MS-RDPBCGR] section
//! 2.2.1.1). Pure functions over the bytes received so far; `session::analysers` asks for
//! persistence and load balancing.

use std::net::{Ipv4Addr, SocketAddrV4};

/// What the bytes received so far hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RdpCookie<'a> {
    /// The value of the cookie.
    Value(&'a [u8]),
    /// More bytes are needed to tell.
    Incomplete,
    /// There is no such cookie, or this is no RDP at all.
    Absent,
}

/// Looks for the cookie `name`, in any case of letters.
pub fn find<'a>(data: &'a [u8], name: &[u8]) -> RdpCookie<'a> {
    find_where(data, |found| found.eq_ignore_ascii_case(name))
}

/// Looks for a cookie of any name.
pub fn find_any(data: &[u8]) -> RdpCookie<'_> {
    find_where(data, |_| true)
}

fn find_where(data: &[u8], is_wanted: impl FnOnce(&[u8]) -> bool) -> RdpCookie<'_> {
    let known = data.len().min(HEADER_LEN);
    let seen = data.get(..known).unwrap_or_default();
    let fits = seen
        .iter()
        .zip(HEADER)
        .all(|(byte, wanted)| wanted.is_none_or(|wanted| *byte == wanted));
    if !fits {
        return RdpCookie::Absent;
    }
    let (Some(&high), Some(&low)) = (data.get(2), data.get(3)) else {
        return RdpCookie::Incomplete;
    };
    let packet_len = usize::from(u16::from_be_bytes([high, low]));
    if packet_len < HEADER_LEN {
        return RdpCookie::Absent;
    }
    let is_whole = data.len() >= packet_len;
    let text = data
        .get(HEADER_LEN..packet_len.min(data.len()))
        .unwrap_or_default();
    let common = text.len().min(LABEL.len());
    let label = text.get(..common).unwrap_or_default();
    let starts = label.eq_ignore_ascii_case(LABEL.get(..common).unwrap_or_default());
    if !starts {
        return RdpCookie::Absent;
    }
    let rest = text.get(LABEL.len()..).unwrap_or_default();
    let Some(end) = memchr::memmem::find(rest, b"\r\n") else {
        return match is_whole {
            true => RdpCookie::Absent,
            false => RdpCookie::Incomplete,
        };
    };
    let pair = rest.get(..end).unwrap_or_default().trim_ascii_start();
    let value = memchr::memchr(b'=', pair).and_then(|equals| {
        let (found, value) = pair.split_at(equals);
        is_wanted(found).then(|| value.get(1..))?
    });
    value.map_or(RdpCookie::Absent, RdpCookie::Value)
}

/// The server that a routing token names: `<address>.<port>.<reserved>` in decimal, address
/// and port as a little-endian machine reads them from the network.
pub fn server_address(value: &[u8]) -> Option<SocketAddrV4> {
    let mut parts = value.split(|&byte| byte == b'.');
    let address: u32 = number(parts.next()?)?;
    let port: u16 = number(parts.next()?)?;
    // The separator behind the port must be there too.
    parts.next()?;
    let address = Ipv4Addr::from(address.to_le_bytes());
    Some(SocketAddrV4::new(address, port.swap_bytes()))
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    text.parse().ok()
}

/// TPKT version 3, its length, the X.224 length, a connection request of class 0.
const HEADER: [Option<u8>; HEADER_LEN] = [
    Some(3),
    None,
    None,
    None,
    None,
    Some(0xe0),
    None,
    None,
    None,
    None,
    None,
];
const HEADER_LEN: usize = 11;
const LABEL: &[u8] = b"Cookie:";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(text: &str) -> Vec<u8> {
        let len = u16::try_from(HEADER_LEN + text.len()).unwrap();
        let mut data = vec![3, 0];
        data.extend_from_slice(&len.to_be_bytes());
        data.push(u8::try_from(len - 5).unwrap());
        data.extend_from_slice(&[0xe0, 0, 0, 0, 0, 0]);
        data.extend_from_slice(text.as_bytes());
        data
    }

    #[test]
    fn the_cookie_is_found_by_its_name() {
        let data = packet("Cookie: mstshash=admin\r\n\x01\0\x08\0\0\0\0\0");
        assert_eq!(find(&data, b"MSTSHASH"), RdpCookie::Value(b"admin"));
        assert_eq!(find(&data, b"msts"), RdpCookie::Absent);
        let data = packet("cookie:msts=1.2.\r\n");
        assert_eq!(find(&data, b"msts"), RdpCookie::Value(b"1.2."));
        assert_eq!(
            find(&packet("Cookie: msts=\r\n"), b"msts"),
            RdpCookie::Value(b"")
        );
    }

    #[test]
    fn every_shorter_piece_is_incomplete() {
        let data = packet("Cookie: mstshash=admin\r\n");
        for len in 0..data.len() {
            assert_eq!(
                find(&data[..len], b"mstshash"),
                RdpCookie::Incomplete,
                "{len}"
            );
        }
    }

    #[test]
    fn other_protocols_are_told_at_once() {
        for data in [&b"GET / HTTP/1.1"[..], b"\x16\x03\x01", b"\x03\x00\x00\x05"] {
            assert_eq!(find(data, b"msts"), RdpCookie::Absent, "{data:?}");
        }
        assert_eq!(find(&packet("Kookie"), b"msts"), RdpCookie::Absent);
        assert_eq!(
            find(&packet("Cookie: msts=1.2.3"), b"msts"),
            RdpCookie::Absent
        );
        assert_eq!(find(&packet(""), b"msts"), RdpCookie::Absent);
    }

    #[test]
    fn tokens_name_an_address() {
        let address = server_address(b"3640205228.15629.0000").unwrap();
        assert_eq!(
            address,
            SocketAddrV4::new(Ipv4Addr::new(172, 31, 249, 216), 3389)
        );
        assert_eq!(
            server_address(b"16777343.36895."),
            Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080))
        );
        for value in [
            "",
            "1",
            "1.2",
            "x.2.",
            "1.x.",
            "4294967296.1.",
            "1.65536.",
            "..",
            "-1.2.",
        ] {
            assert_eq!(server_address(value.as_bytes()), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(data in proptest::collection::vec(any::<u8>(), 0..64)) {
            find(&data, b"msts");
            server_address(&data);
        }

        #[test]
        fn any_packet_is_judged(text in "(Cookie:)?[ =a-z.\r\n]{0,20}", len in 0u16..64) {
            let mut data = packet(&text);
            data[2..4].copy_from_slice(&len.to_be_bytes());
            find(&data, b"msts");
        }
    }
}
