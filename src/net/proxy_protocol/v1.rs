//! Version 1: one readable line, `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n`.
//!
//! Strict as the specification asks: single spaces, upper case, canonical decimal numbers,
//! CRLF within 107 bytes. `PROXY UNKNOWN` may carry anything up to its line end.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Emitted, Header, Parse, Reason};
use crate::net::address::PeerAddress;

/// Reads a line; `input` matches the signature as far as it goes.
pub(super) fn parse(input: &[u8]) -> Parse {
    let window = input.get(..LINE_LEN_MAX).unwrap_or(input);
    let Some(line_len) = memchr::memchr(b'\n', window) else {
        if window.len() == LINE_LEN_MAX {
            return Parse::Invalid(Reason::LineTooLong);
        }
        return Parse::Incomplete;
    };
    let Some(line) = window
        .get(..line_len)
        .and_then(|line| line.strip_suffix(b"\r"))
    else {
        return Parse::Invalid(Reason::LineSyntax);
    };
    match parse_line(line) {
        Ok((source, destination)) => Parse::Complete(Header {
            header_len: line_len + 1,
            source,
            destination,
            local: false,
        }),
        Err(reason) => Parse::Invalid(reason),
    }
}

/// The header for a connection; `UNKNOWN` unless both ends are of one IP family.
pub fn emit(source: PeerAddress, destination: PeerAddress) -> Emitted {
    let mut line = Emitted::empty();
    let written = match (source, destination) {
        (PeerAddress::V4(from, from_port), PeerAddress::V4(to, to_port)) => {
            write!(line, "PROXY TCP4 {from} {to} {from_port} {to_port}\r\n")
        }
        (PeerAddress::V6(from, from_port), PeerAddress::V6(to, to_port)) => {
            write!(line, "PROXY TCP6 {from} {to} {from_port} {to_port}\r\n")
        }
        _ => line.write_str(UNKNOWN_LINE),
    };
    debug_assert!(written.is_ok(), "the longest line fits");
    line
}

fn parse_line(line: &[u8]) -> Result<(PeerAddress, PeerAddress), Reason> {
    let rest = line.strip_prefix(SIGNATURE).ok_or(Reason::LineSyntax)?;
    if rest == b"UNKNOWN" || rest.starts_with(b"UNKNOWN ") {
        return Ok((PeerAddress::None, PeerAddress::None));
    }
    let text = std::str::from_utf8(rest).map_err(|_| Reason::LineSyntax)?;
    let mut words = text.split(' ');
    let mut word = || words.next().ok_or(Reason::LineSyntax);
    let (protocol, from, to) = (word()?, word()?, word()?);
    let (from_port, to_port) = (port(word()?)?, port(word()?)?);
    if words.next().is_some() {
        return Err(Reason::LineSyntax);
    }
    match protocol {
        "TCP4" => {
            let v4 = |word: &str| word.parse::<Ipv4Addr>().map_err(|_| Reason::LineAddress);
            let source = PeerAddress::V4(v4(from)?, from_port);
            Ok((source, PeerAddress::V4(v4(to)?, to_port)))
        }
        "TCP6" => {
            let v6 = |word: &str| word.parse::<Ipv6Addr>().map_err(|_| Reason::LineAddress);
            let source = PeerAddress::V6(v6(from)?, from_port);
            Ok((source, PeerAddress::V6(v6(to)?, to_port)))
        }
        _ => Err(Reason::LineSyntax),
    }
}

/// A port in canonical decimal: digits alone, no leading zero.
fn port(word: &str) -> Result<u16, Reason> {
    let canonical =
        word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    if !canonical {
        return Err(Reason::LineAddress);
    }
    word.parse().map_err(|_| Reason::LineAddress)
}

/// Every version 1 line begins so.
pub(super) const SIGNATURE: &[u8] = b"PROXY ";
/// The longest line, its end included.
pub(super) const LINE_LEN_MAX: usize = 107;
const UNKNOWN_LINE: &str = "PROXY UNKNOWN\r\n";
