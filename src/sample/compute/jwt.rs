//! JSON Web Tokens: their parts and their signatures.
//!
//! Behind the converters `jwt_header_query`, `jwt_payload_query` and `jwt_verify`; only the
//! compact form is read (RFC 7515, section 7.1). Keys are parsed when the configuration is.
//! Invariant: the algorithm is the caller's, never the token's; claims are not looked at.

use super::digest::{self, Algorithm};
use super::encode::base64url_decode;
pub use super::public_key::{BadKey, PublicKey};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// The three parts of a token, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    /// Header, dot and payload: what was signed.
    signed: &'a [u8],
}

impl<'a> Token<'a> {
    /// Takes a token apart; `None` unless it has three parts.
    pub fn parse(token: &'a [u8]) -> Option<Self> {
        let last = memchr::memrchr(b'.', token)?;
        let (signed, signature) = token.split_at(last);
        let first = memchr::memchr(b'.', signed)?;
        let (header, payload) = signed.split_at(first);
        let payload = payload.get(1..)?;
        (!payload.contains(&b'.')).then_some(Self {
            header,
            payload,
            signature: signature.get(1..)?,
            signed,
        })
    }
}

/// Appends the decoded header of a token, JSON as a rule (converter `jwt_header_query`). A
/// part alone is enough, the others may be missing.
#[must_use]
pub fn push_header(token: &[u8], out: &mut Vec<u8>) -> bool {
    let header = token.split(|&byte| byte == b'.').next();
    header.is_some_and(|header| base64url_decode(header, out))
}

/// Appends the decoded payload of a token (converter `jwt_payload_query`).
#[must_use]
pub fn push_payload(token: &[u8], out: &mut Vec<u8>) -> bool {
    let payload = token.split(|&byte| byte == b'.').nth(1);
    payload.is_some_and(|payload| base64url_decode(payload, out))
}

/// What `jwt_verify` answers; [`code`](Self::code) is its number in the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is the key's.
    Valid,
    /// It is not.
    Invalid,
    /// The algorithm is none of RFC 7518's.
    UnknownAlgorithm,
    /// `ES512`, whose curve is not at hand.
    UnmanagedAlgorithm,
    /// Not three parts, or a signature that is no base64url.
    InvalidToken,
    /// The algorithm needs a public key and the key is none, or one of another kind.
    UnknownCertificate,
}

impl Verdict {
    /// The result of the converter.
    pub fn code(self) -> i64 {
        match self {
            Self::Valid => 1,
            Self::Invalid => 0,
            Self::UnknownAlgorithm => -1,
            Self::UnmanagedAlgorithm => -2,
            Self::InvalidToken => -3,
            Self::UnknownCertificate => -5,
        }
    }
}

/// The second argument of `jwt_verify`.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// The secret of the HMAC family.
    Secret(&'a [u8]),
    /// The public key of all others.
    Public(&'a PublicKey),
}

/// Verifies the signature of a token (converter `jwt_verify`). `scratch` takes the decoded
/// signature; its content is lost.
pub fn verify(algorithm: &[u8], key: Key<'_>, token: &[u8], scratch: &mut Vec<u8>) -> Verdict {
    let Some(family) = Family::by_name(algorithm) else {
        return Verdict::UnknownAlgorithm;
    };
    let Some(token) = Token::parse(token) else {
        return Verdict::InvalidToken;
    };
    scratch.clear();
    if !base64url_decode(token.signature, scratch) {
        return Verdict::InvalidToken;
    }
    let is_valid = match (family, key) {
        (Family::Unsigned, _) => token.signature.is_empty(),
        (Family::Unmanaged, _) => return Verdict::UnmanagedAlgorithm,
        (Family::Hmac(algorithm), Key::Secret(secret)) => {
            digest::hmac_verify(algorithm, secret, token.signed, scratch)
        }
        (Family::Rsa(method), Key::Public(PublicKey::Rsa(key)))
        | (Family::P256(method), Key::Public(PublicKey::P256(key)))
        | (Family::P384(method), Key::Public(PublicKey::P384(key))) => {
            let key = UnparsedPublicKey::new(method, key);
            key.verify(token.signed, scratch).is_ok()
        }
        (Family::Hmac(_), Key::Public(_))
        | (Family::Rsa(_) | Family::P256(_) | Family::P384(_), _) => {
            return Verdict::UnknownCertificate;
        }
    };
    match is_valid {
        true => Verdict::Valid,
        false => Verdict::Invalid,
    }
}

/// Whether an algorithm of RFC 7518 verifies with a public key; `None` for any other name.
pub fn needs_public_key(algorithm: &[u8]) -> Option<bool> {
    Some(match Family::by_name(algorithm)? {
        Family::Unsigned | Family::Hmac(_) => false,
        Family::Rsa(_) | Family::P256(_) | Family::P384(_) | Family::Unmanaged => true,
    })
}

type Method = &'static dyn VerificationAlgorithm;

/// The algorithms of RFC 7518, section 3.1, by the keys they need.
#[derive(Clone, Copy)]
enum Family {
    Unsigned,
    Hmac(Algorithm),
    Rsa(Method),
    P256(Method),
    P384(Method),
    Unmanaged,
}

impl Family {
    fn by_name(name: &[u8]) -> Option<Self> {
        let family = match name {
            b"none" => Self::Unsigned,
            b"HS256" => Self::Hmac(Algorithm::Sha256),
            b"HS384" => Self::Hmac(Algorithm::Sha384),
            b"HS512" => Self::Hmac(Algorithm::Sha512),
            b"RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            b"RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            b"RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            b"PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            b"PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            b"PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            b"ES256" => Self::P256(&signature::ECDSA_P256_SHA256_FIXED),
            b"ES384" => Self::P384(&signature::ECDSA_P384_SHA384_FIXED),
            b"ES512" => Self::Unmanaged,
            _ => return None,
        };
        Some(family)
    }
}

#[cfg(test)]
mod tests;
