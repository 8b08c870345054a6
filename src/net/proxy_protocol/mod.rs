//! The PROXY protocol: a header before the data that tells the addresses of a connection
//! which an intermediate relayed. Specification: HAProxy's `proxy-protocol.txt`.
//!
//! `accept-proxy` listeners [`parse`] what has arrived, again after each read, until the
//! header is complete; `send-proxy` and `send-proxy-v2` servers get an [`Emitted`] header
//! before the first byte. Invariant: of the input, only the bytes of the header's own
//! declared length are looked at, so data behind it never matters.

mod v1;
mod v2;

use std::fmt;

pub use v1::emit as emit_v1;
pub use v2::{Tlv, TlvType, emit as emit_v2, emit_local as emit_v2_local, tlvs};

use super::address::PeerAddress;

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parse {
    /// The beginning of a header; more bytes are needed.
    Incomplete,
    /// A whole header.
    Complete(Header),
    /// Not a header: the connection is to be closed.
    Invalid(Reason),
}

/// A complete header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its length in bytes; data follows.
    pub header_len: usize,
    /// The client; [`PeerAddress::None`] when the header does not tell (UNKNOWN, LOCAL,
    /// datagrams), and the connection's own addresses hold.
    pub source: PeerAddress,
    /// What the client connected to; known exactly when the source is.
    pub destination: PeerAddress,
    /// The sender speaks for itself (LOCAL), for instance to probe health.
    pub local: bool,
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Neither signature.
    Signature,
    /// Version 1: no line end within 107 bytes.
    LineTooLong,
    /// Version 1: not the words, spaces and line end prescribed.
    LineSyntax,
    /// Version 1: an address or port that is none.
    LineAddress,
    /// Version 2: another version number or an unknown command.
    Command,
    /// Version 2: an unknown family or transport.
    Family,
    /// Version 2: declared shorter than its addresses.
    TooShort,
    /// Version 2: declared longer than the room to read it.
    TooLong,
    /// Version 2: an extension reaches past the end.
    Extension,
    /// Version 2: the checksum does not match.
    Checksum,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "no PROXY signature",
            Self::LineTooLong => "PROXY line too long",
            Self::LineSyntax => "malformed PROXY line",
            Self::LineAddress => "bad address in the PROXY line",
            Self::Command => "unknown PROXY version or command",
            Self::Family => "unknown PROXY address family",
            Self::TooShort => "PROXY header shorter than its addresses",
            Self::TooLong => "PROXY header larger than the buffer",
            Self::Extension => "PROXY extension past the end of the header",
            Self::Checksum => "wrong PROXY header checksum",
        })
    }
}

/// Reads a header of either version from the beginning of a connection. `len_max` is the
/// longest header that the caller's buffer can ever hold.
pub fn parse(input: &[u8], len_max: usize) -> Parse {
    let seen = |signature: &[u8]| {
        let len = input.len().min(signature.len());
        input.get(..len) == signature.get(..len)
    };
    if seen(v1::SIGNATURE) {
        return v1::parse(input);
    }
    if seen(v2::SIGNATURE) {
        return v2::parse(input, len_max);
    }
    Parse::Invalid(Reason::Signature)
}

/// A header to send: a fixed array, since it is built per connection.
#[derive(Clone, Copy, Debug)]
pub struct Emitted {
    bytes: [u8; EMITTED_LEN_MAX],
    len: usize,
}

impl Emitted {
    const fn empty() -> Self {
        Self {
            bytes: [0; EMITTED_LEN_MAX],
            len: 0,
        }
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
            self.len = end;
        }
    }
}

/// Text goes in as it is formatted; what does not fit is an error, and no header is that long.
impl fmt::Write for Emitted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let before = self.len;
        self.push(text.as_bytes());
        if self.len - before == text.len() {
            return Ok(());
        }
        Err(fmt::Error)
    }
}

/// The longest header weir sends: a version 1 line.
const EMITTED_LEN_MAX: usize = v1::LINE_LEN_MAX;

#[cfg(test)]
mod tests;
