//! Public keys out of PEM files: what signatures of tokens are verified with.
//!
//! Owns the few steps of DER (ITU-T X.690) that lead to a key in a certificate (RFC 5280,
//! section 4.1) or a `PUBLIC KEY`. Called when the configuration is read.
//! Invariant: a length is never taken beyond the bytes that are there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A public key, in the form its algorithms take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// `RSAPublicKey` of RFC 8017 in DER.
    Rsa(Vec<u8>),
    /// A point of the curve P-256, uncompressed.
    P256(Vec<u8>),
    /// A point of the curve P-384, uncompressed.
    P384(Vec<u8>),
}

/// Why a PEM file gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// No block `CERTIFICATE` or `PUBLIC KEY`.
    NoBlock,
    /// A block that cannot be decoded.
    Broken,
    /// A key that is neither RSA nor of the curves P-256 and P-384.
    UnknownKind,
}

impl std::fmt::Display for BadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoBlock => "holds neither a CERTIFICATE nor a PUBLIC KEY in PEM",
            Self::Broken => "holds a certificate or public key that cannot be decoded",
            Self::UnknownKind => {
                "holds a key that is neither RSA nor of the curves P-256 and P-384"
            }
        })
    }
}

impl PublicKey {
    /// The key of the first certificate or public key in a PEM file.
    ///
    /// # Errors
    /// [`BadKey`], which is written to stand behind the name of the file.
    pub fn from_pem(text: &str) -> Result<Self, BadKey> {
        for (label, is_certificate) in [("CERTIFICATE", true), ("PUBLIC KEY", false)] {
            let Some(der) = pem_block(text, label)? else {
                continue;
            };
            let key = match is_certificate {
                true => key_of_certificate(&der).ok_or(BadKey::Broken)?,
                false => der.as_slice(),
            };
            return Self::from_key_info(key);
        }
        Err(BadKey::NoBlock)
    }

    /// From a `SubjectPublicKeyInfo` in DER.
    fn from_key_info(info: &[u8]) -> Result<Self, BadKey> {
        let parts = || {
            let (info, _) = element(info, SEQUENCE)?;
            let (algorithm, rest) = element(info, SEQUENCE)?;
            let (name, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
            let (bits, _) = element(rest, BIT_STRING)?;
            // The first byte counts unused bits, of which keys have none.
            Some((name, parameters, bits.strip_prefix(&[0])?))
        };
        let (name, parameters, key) = parts().ok_or(BadKey::Broken)?;
        if name == RSA_ENCRYPTION {
            return Ok(Self::Rsa(key.to_vec()));
        }
        if name != EC_PUBLIC_KEY {
            return Err(BadKey::UnknownKind);
        }
        match element(parameters, OBJECT_IDENTIFIER) {
            Some((curve, _)) if curve == PRIME256V1 => Ok(Self::P256(key.to_vec())),
            Some((curve, _)) if curve == SECP384R1 => Ok(Self::P384(key.to_vec())),
            _ => Err(BadKey::UnknownKind),
        }
    }
}

/// The decoded inside of the first block with `label`.
fn pem_block(text: &str, label: &str) -> Result<Option<Vec<u8>>, BadKey> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let Some((_, rest)) = text.split_once(&begin) else {
        return Ok(None);
    };
    let (inside, _) = rest.split_once(&end).ok_or(BadKey::Broken)?;
    let digits: String = inside.split_ascii_whitespace().collect();
    STANDARD
        .decode(digits)
        .map(Some)
        .map_err(|_| BadKey::Broken)
}

/// The `SubjectPublicKeyInfo` of a certificate: it follows version, serial number, signature
/// algorithm, issuer, validity and subject.
fn key_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after_version)) = element(fields, EXPLICIT_VERSION) {
        fields = after_version;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        fields = element(fields, tag)?.1;
    }
    Some(fields)
}

/// The content of the element `tag` at the beginning of `der`, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.strip_prefix(&[tag])?.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if !(1..=4).contains(&length.len()) {
        return None;
    }
    let length = length
        .iter()
        .fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
    rest.split_at_checked(length)
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_without_a_key_are_told_apart() {
        assert_eq!(PublicKey::from_pem("hello"), Err(BadKey::NoBlock));
        let broken = "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n";
        assert_eq!(PublicKey::from_pem(broken), Err(BadKey::Broken));
        let open = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert_eq!(PublicKey::from_pem(open), Err(BadKey::Broken));
        // Ed25519: 1.3.101.112
        let other = [
            0x30, 0x0a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x01, 0x00,
        ];
        assert_eq!(PublicKey::from_key_info(&other), Err(BadKey::UnknownKind));
    }

    proptest! {
        #[test]
        fn any_der_is_read_or_refused(der in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (PublicKey::from_key_info(&der), key_of_certificate(&der));
            let nested = [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &der].concat();
            prop_assert_eq!(key_of_certificate(&nested), None);
        }
    }
}
