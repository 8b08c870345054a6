//! Digests, authentication codes, decryption (manual, section 7.3.1).

use super::super::arg::{Arg, ArgKind, int_at, text_at};
use super::super::compute::digest::{self, AesGcmKey, Algorithm};
use super::super::compute::encode::base64_decode;
use super::super::context::Context;
use super::super::language::Language;
use super::super::pending::value_of;
use super::super::value::{Sample, Type};
use super::prepared::{self, Prepared};
use super::{Converter, built, built_bytes, lossy_at, replace};

/// The digest that the first argument names.
fn by_name<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let Some(Prepared::Algorithm(algorithm)) = prepared::at(args, 0) else {
        return None;
    };
    digest_of(context, *algorithm, sample)
}

fn digest_of<'a>(
    context: &Context<'a>,
    algorithm: Algorithm,
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let bytes = sample.raw()?;
    built_bytes(context, |out| digest::digest(algorithm, bytes, out))
}

fn hmac<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let Some(Prepared::Algorithm(algorithm)) = prepared::at(args, 0) else {
        return None;
    };
    let bytes = sample.raw()?;
    let key = decoded_at(context, args, 1)?;
    built_bytes(context, |out| digest::hmac(*algorithm, key, bytes, out))
}

fn aes_gcm_dec<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let sealed = sample.raw()?;
    let key_len = usize::try_from(int_at(args, 0)? / 8).ok()?;
    let with = AesGcmKey {
        nonce: decoded_at(context, args, 1)?,
        // Of a key that is too long the first bits count.
        key: decoded_at(context, args, 2)?.get(..key_len)?,
        tag: decoded_at(context, args, 3)?,
    };
    let opened = built(context, |out| digest::aes_gcm_decrypt(&with, sealed, out));
    opened.map(Sample::Bin)
}

/// What an argument encodes in base64: decoded by the check, or now when it is a variable.
fn decoded_at<'a>(context: &Context<'a>, args: &'a [Arg], index: usize) -> Option<&'a [u8]> {
    match args.get(index)? {
        Arg::Str(bytes) => Some(bytes),
        Arg::Variable(variable) => {
            let text = value_of(context, *variable)?.as_text(context.arena);
            built(context, |out| base64_decode(text, out))
        }
        _ => None,
    }
}

fn secure_memcmp<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let Some(Arg::Variable(variable)) = args.first() else {
        return None;
    };
    let other = value_of(context, *variable)?.as_bytes(context.arena);
    Some(Sample::Bool(digest::secure_memcmp(sample.raw()?, other)))
}

fn check_algorithm(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let Some(algorithm) = Algorithm::by_name(&lossy_at(args, 0)) else {
        let message = "algorithm must be a valid OpenSSL message digest name";
        return Err(String::from(message));
    };
    replace(args, 0, Arg::Prepared(Prepared::Algorithm(algorithm)));
    Ok(())
}

fn check_hmac(language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    check_algorithm(language, args)?;
    decode(args, 1, "key")
}

fn check_sha2(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let bits = int_at(args, 0).unwrap_or(256);
    let algorithm = u64::try_from(bits).ok().and_then(Algorithm::sha2);
    let algorithm = algorithm.ok_or_else(|| format!("Unsupported number of bits: '{bits}'"))?;
    replace(args, 0, Arg::Prepared(Prepared::Algorithm(algorithm)));
    Ok(())
}

fn check_aes_gcm_dec(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let bits = int_at(args, 0).unwrap_or(0);
    if !matches!(bits, 128 | 192 | 256) {
        return Err(String::from("key size must be 128, 192 or 256 (bits)"));
    }
    decode(args, 1, "nonce")?;
    decode(args, 2, "key")?;
    decode(args, 3, "aead_tag")?;
    let is_short = |index, bits: i64| {
        let length = text_at(args, index).and_then(|bytes| i64::try_from(bytes.len()).ok());
        length.is_some_and(|length| length < bits / 8)
    };
    if is_short(2, bits) {
        return Err(format!("the key has less than {bits} bits"));
    }
    if text_at(args, 1).is_some_and(|nonce| nonce.len() != NONCE_LEN) {
        return Err(format!("a nonce of {NONCE_LEN} bytes is expected"));
    }
    if text_at(args, 3).is_some_and(|tag| tag.len() != TAG_LEN) {
        return Err(format!("an aead_tag of {TAG_LEN} bytes is expected"));
    }
    Ok(())
}

/// Decodes an argument in base64, unless it is a variable.
fn decode(args: &mut [Arg], index: usize, what: &str) -> Result<(), String> {
    let Some(text) = text_at(args, index) else {
        return Ok(());
    };
    let mut bytes = Vec::new();
    if !base64_decode(text, &mut bytes) {
        return Err(format!(
            "failed to parse {what} : argument needs to be base64 encoded, and can either be a \
             string or a variable"
        ));
    }
    replace(args, index, Arg::Str(bytes.into()));
    Ok(())
}

/// Bytes of a nonce of AES-GCM.
const NONCE_LEN: usize = 12;
/// Bytes of a tag of AES-GCM.
const TAG_LEN: usize = 16;
const BYTES: (Type, Type) = (Type::Bin, Type::Bin);

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("aes_gcm_dec", BYTES, aes_gcm_dec)
        .takes(
            4,
            &[
                ArgKind::Int,
                ArgKind::StrOrVariable,
                ArgKind::StrOrVariable,
                ArgKind::StrOrVariable,
            ],
        )
        .checked(check_aes_gcm_dec)
        .says(
            "aes_gcm_dec(<bits>,<nonce>,<key>,<aead_tag>)",
            "What AES-GCM decrypts.",
        ),
    Converter::new("digest", BYTES, by_name)
        .takes(1, &[ArgKind::Str])
        .checked(check_algorithm)
        .says("digest(<algorithm>)", "A message digest."),
    Converter::new("hmac", BYTES, hmac)
        .takes(2, &[ArgKind::Str, ArgKind::StrOrVariable])
        .checked(check_hmac)
        .says("hmac(<algorithm>,<key>)", "A message authentication code."),
    Converter::new("secure_memcmp", (Type::Bin, Type::Bool), secure_memcmp)
        .takes(1, &[ArgKind::Variable])
        .says(
            "secure_memcmp(<var>)",
            "True when the bytes are those of a variable, in constant time.",
        ),
    Converter::new("sha1", BYTES, |context, _, sample| {
        digest_of(context, Algorithm::Sha1, sample)
    })
    .says("sha1", "The digest SHA-1."),
    Converter::new("sha2", BYTES, by_name)
        .takes(0, &[ArgKind::Int])
        .checked(check_sha2)
        .says("sha2([<bits>])", "A digest of the family SHA-2."),
];
