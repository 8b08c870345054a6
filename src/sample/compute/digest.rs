//! Message digests, message authentication codes and AES-GCM.
//!
//! Behind the converters `sha1`, `sha2`, `digest`, `hmac`, `secure_memcmp` and `aes_gcm_dec`;
//! [`super::jwt`] uses the codes too. The algorithms are those of RustCrypto.
//! Invariant: secrets are compared in constant time only.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce, Tag};
use hmac::Mac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

/// A digest by its OpenSSL name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `md5`
    Md5,
    /// `sha1`
    Sha1,
    /// `sha224`
    Sha224,
    /// `sha256`
    Sha256,
    /// `sha384`
    Sha384,
    /// `sha512`
    Sha512,
    /// `sha512-224`
    Sha512To224,
    /// `sha512-256`
    Sha512To256,
    /// `sha3-224`
    Sha3To224,
    /// `sha3-256`
    Sha3To256,
    /// `sha3-384`
    Sha3To384,
    /// `sha3-512`
    Sha3To512,
}

/// Calls `$call` with the type that computes `$algorithm`.
macro_rules! with_type {
    ($algorithm:expr, $call:ident($($argument:expr),*)) => {
        match $algorithm {
            Algorithm::Md5 => $call::<Md5>($($argument),*),
            Algorithm::Sha1 => $call::<Sha1>($($argument),*),
            Algorithm::Sha224 => $call::<Sha224>($($argument),*),
            Algorithm::Sha256 => $call::<Sha256>($($argument),*),
            Algorithm::Sha384 => $call::<Sha384>($($argument),*),
            Algorithm::Sha512 => $call::<Sha512>($($argument),*),
            Algorithm::Sha512To224 => $call::<Sha512_224>($($argument),*),
            Algorithm::Sha512To256 => $call::<Sha512_256>($($argument),*),
            Algorithm::Sha3To224 => $call::<Sha3_224>($($argument),*),
            Algorithm::Sha3To256 => $call::<Sha3_256>($($argument),*),
            Algorithm::Sha3To384 => $call::<Sha3_384>($($argument),*),
            Algorithm::Sha3To512 => $call::<Sha3_512>($($argument),*),
        }
    };
}

/// Like [`with_type`], but with the HMAC of the digest.
macro_rules! with_hmac {
    ($algorithm:expr, $call:ident($($argument:expr),*)) => {
        match $algorithm {
            Algorithm::Md5 => $call::<hmac::SimpleHmac<Md5>>($($argument),*),
            Algorithm::Sha1 => $call::<hmac::SimpleHmac<Sha1>>($($argument),*),
            Algorithm::Sha224 => $call::<hmac::SimpleHmac<Sha224>>($($argument),*),
            Algorithm::Sha256 => $call::<hmac::SimpleHmac<Sha256>>($($argument),*),
            Algorithm::Sha384 => $call::<hmac::SimpleHmac<Sha384>>($($argument),*),
            Algorithm::Sha512 => $call::<hmac::SimpleHmac<Sha512>>($($argument),*),
            Algorithm::Sha512To224 => $call::<hmac::SimpleHmac<Sha512_224>>($($argument),*),
            Algorithm::Sha512To256 => $call::<hmac::SimpleHmac<Sha512_256>>($($argument),*),
            Algorithm::Sha3To224 => $call::<hmac::SimpleHmac<Sha3_224>>($($argument),*),
            Algorithm::Sha3To256 => $call::<hmac::SimpleHmac<Sha3_256>>($($argument),*),
            Algorithm::Sha3To384 => $call::<hmac::SimpleHmac<Sha3_384>>($($argument),*),
            Algorithm::Sha3To512 => $call::<hmac::SimpleHmac<Sha3_512>>($($argument),*),
        }
    };
}

impl Algorithm {
    /// By the name that OpenSSL gives it, without case (argument of `digest` and `hmac`).
    pub fn by_name(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, algorithm)| *algorithm)
    }

    /// SHA-2 by its width (argument of `sha2`): 224, 256, 384 or 512.
    pub fn sha2(bits: u64) -> Option<Self> {
        match bits {
            224 => Some(Self::Sha224),
            256 => Some(Self::Sha256),
            384 => Some(Self::Sha384),
            512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// Appends the digest of `bytes` (converters `sha1`, `sha2`, `digest`).
pub fn digest(algorithm: Algorithm, bytes: &[u8], out: &mut Vec<u8>) {
    with_type!(algorithm, push_digest(bytes, out));
}

/// Appends the authentication code of `bytes` under `key` (converter `hmac`; RFC 2104).
pub fn hmac(algorithm: Algorithm, key: &[u8], bytes: &[u8], out: &mut Vec<u8>) {
    with_hmac!(algorithm, push_hmac(key, bytes, out));
}

/// Whether `code` is the authentication code of `bytes`, compared in constant time.
pub fn hmac_verify(algorithm: Algorithm, key: &[u8], bytes: &[u8], code: &[u8]) -> bool {
    with_hmac!(algorithm, is_hmac(key, bytes, code))
}

/// The converter `secure_memcmp`: for texts of equal length the time does not depend on
/// where they differ.
pub fn secure_memcmp(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left
        .iter()
        .zip(right)
        .fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
    std::hint::black_box(difference) == 0
}

/// What `aes_gcm_dec` decrypts with, all decoded already.
#[derive(Clone, Copy, Debug)]
pub struct AesGcmKey<'a> {
    /// 128, 192 or 256 bits; the length chooses the cipher.
    pub key: &'a [u8],
    /// 96 bits, the only length that NIST SP 800-38D recommends.
    pub nonce: &'a [u8],
    /// 128 bits.
    pub tag: &'a [u8],
}

/// Appends what `sealed` decrypts to (converter `aes_gcm_dec`). False, with `out` as it was,
/// when a length is none of the above or the tag does not match.
#[must_use]
pub fn aes_gcm_decrypt(with: &AesGcmKey<'_>, sealed: &[u8], out: &mut Vec<u8>) -> bool {
    match with.key.len() {
        16 => decrypt::<AesGcm<Aes128, U12>>(with, sealed, out),
        24 => decrypt::<AesGcm<Aes192, U12>>(with, sealed, out),
        32 => decrypt::<AesGcm<Aes256, U12>>(with, sealed, out),
        _ => false,
    }
}

fn push_digest<D: Digest>(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&D::digest(bytes));
}

fn push_hmac<M: Mac + KeyInit>(key: &[u8], bytes: &[u8], out: &mut Vec<u8>) {
    // HMAC takes keys of any length; another answer would append nothing.
    if let Ok(mac) = M::new_from_slice(key) {
        out.extend_from_slice(&mac.chain_update(bytes).finalize().into_bytes());
    }
}

fn is_hmac<M: Mac + KeyInit>(key: &[u8], bytes: &[u8], code: &[u8]) -> bool {
    M::new_from_slice(key).is_ok_and(|mac| mac.chain_update(bytes).verify_slice(code).is_ok())
}

fn decrypt<C>(with: &AesGcmKey<'_>, sealed: &[u8], out: &mut Vec<u8>) -> bool
where
    C: AeadInOut<NonceSize = U12, TagSize = aes_gcm::aead::consts::U16> + KeyInit,
{
    let parts = (
        C::new_from_slice(with.key),
        <&Nonce<U12>>::try_from(with.nonce),
        <&Tag>::try_from(with.tag),
    );
    let (Ok(cipher), Ok(nonce), Ok(tag)) = parts else {
        return false;
    };
    let start = out.len();
    out.extend_from_slice(sealed);
    let text = out.get_mut(start..).unwrap_or_default();
    let is_genuine = cipher
        .decrypt_inout_detached(nonce, b"", text.into(), tag)
        .is_ok();
    if !is_genuine {
        out.truncate(start);
    }
    is_genuine
}

const NAMES: &[(&str, Algorithm)] = &[
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha3-224", Algorithm::Sha3To224),
    ("sha3-256", Algorithm::Sha3To256),
    ("sha3-384", Algorithm::Sha3To384),
    ("sha3-512", Algorithm::Sha3To512),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
    ("sha512-224", Algorithm::Sha512To224),
    ("sha512-256", Algorithm::Sha512To256),
];

#[cfg(test)]
mod tests {
    use super::super::encode::{base64_decode, hex_upper};
    use super::*;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        hex_upper(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn digest_start(name: &str) -> String {
        let mut out = Vec::new();
        digest(Algorithm::by_name(name).unwrap(), b"abc", &mut out);
        hex(&out)[..16].to_owned()
    }

    #[test]
    fn digests_by_name_are_the_reference_s() {
        for (name, start) in [
            ("md5", "900150983CD24FB0"),
            ("sha1", "A9993E364706816A"),
            ("sha224", "23097D223405D822"),
            ("SHA256", "BA7816BF8F01CFEA"),
            ("sha384", "CB00753F45A35E8B"),
            ("sha512", "DDAF35A193617ABA"),
            ("sha512-224", "4634270F707B6A54"),
            ("SHA512-256", "53048E2681941EF9"),
            ("sha3-256", "3A985DA74FE225B2"),
            ("sha3-512", "B751850B1A57168A"),
        ] {
            assert_eq!(digest_start(name), start, "{name}");
        }
        assert_eq!(Algorithm::by_name("nope"), None);
        assert_eq!(Algorithm::sha2(384), Some(Algorithm::Sha384));
        assert_eq!(Algorithm::sha2(1), None);
    }

    #[test]
    fn authentication_codes_are_the_reference_s() {
        let mut out = Vec::new();
        hmac(Algorithm::Md5, b"key", b"abc", &mut out);
        assert_eq!(hex(&out), "D2FE98063F876B03193AFB49B4979591");
        assert!(hmac_verify(Algorithm::Md5, b"key", b"abc", &out));
        assert!(!hmac_verify(Algorithm::Md5, b"kez", b"abc", &out));
        assert!(!hmac_verify(Algorithm::Md5, b"key", b"abc", &out[..15]));
        out.clear();
        hmac(Algorithm::Sha256, b"key", b"abc", &mut out);
        assert!(hex(&out).starts_with("9C196E32DC0175F86F4B1CB89289D661"));
    }

    #[test]
    fn a_sealed_text_opens_with_the_right_key_only() {
        let mut sealed = Vec::new();
        let mut tag = Vec::new();
        assert!(base64_decode(SEALED, &mut sealed));
        assert!(base64_decode(SEALED_TAG, &mut tag));
        let with = AesGcmKey {
            key: b"0123456789abcdef01234567",
            nonce: b"nonce of 12b",
            tag: &tag,
        };
        let mut out = b"kept ".to_vec();
        assert!(aes_gcm_decrypt(&with, &sealed, &mut out));
        assert_eq!(out, b"kept secret text");
        let other = AesGcmKey {
            key: b"0123456789abcdef",
            ..with
        };
        assert!(!aes_gcm_decrypt(&other, &sealed, &mut out));
        let short = AesGcmKey {
            nonce: b"short",
            ..with
        };
        assert!(!aes_gcm_decrypt(&short, &sealed, &mut out));
        assert_eq!(out, b"kept secret text");
    }

    proptest! {
        #[test]
        fn comparison_is_equality(a in "[ab]{0,4}", b in "[ab]{0,4}") {
            prop_assert_eq!(secure_memcmp(a.as_bytes(), b.as_bytes()), a == b);
        }
    }

    /// `secret text` under AES-192-GCM, from Python's cryptography.
    const SEALED: &[u8] = b"cbF+BNAzaL0zOsM=";
    const SEALED_TAG: &[u8] = b"XBXmaOB4iB6aX2+FinHrDA==";
}
