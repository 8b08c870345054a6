//! Compression of responses on their way to clients.
//!
//! [`negotiate`] reads what a request accepts, [`response`] tells which responses qualify and
//! rewrites their heads, [`encoder`] turns a body into a compressed one, piece by piece. The
//! session brings them together in `session::compression`. Invariant: the client gets a coding
//! that its own request named, or `identity`.

pub mod encoder;
pub mod negotiate;
pub mod response;

/// `compression algo`: how a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `identity`: not at all; the body is only chunked.
    Identity,
    /// `gzip` (RFC 1952).
    Gzip,
    /// `deflate`: the zlib format (RFC 1950).
    Deflate,
    /// `raw-deflate`: deflate without the zlib format around it (RFC 1951).
    RawDeflate,
}

impl Algorithm {
    /// All of them with their names in the configuration.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("identity", Self::Identity),
        ("gzip", Self::Gzip),
        ("deflate", Self::Deflate),
        ("raw-deflate", Self::RawDeflate),
    ];

    /// Its name in Accept-Encoding and Content-Encoding (RFC 9110 section 8.4.1).
    pub const fn token(self) -> &'static [u8] {
        match self {
            Self::Identity => b"identity",
            Self::Gzip => b"gzip",
            Self::Deflate | Self::RawDeflate => b"deflate",
        }
    }
}

#[cfg(test)]
mod tests;
