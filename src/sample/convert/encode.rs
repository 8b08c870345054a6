//! Converters from one writing of bytes into another: base64, hexadecimal, URLs (manual,
//! section 7.3.1).

use super::super::arg::{Arg, ArgKind, int_at, text_at};
use super::super::compute::encode;
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::{Converter, built, built_text, lossy_at};
use crate::http::uri::parameters;

fn be2dec<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let bytes = sample.raw()?;
    let separator = text_at(args, 0).unwrap_or_default();
    let size = chunk_size(args)?;
    fits(context, bytes, separator, size)?;
    built_text(context, |out| {
        encode::be2dec(bytes, separator, size, truncates(args), out);
    })
}

fn be2hex<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let bytes = sample.raw()?;
    let separator = text_at(args, 0).unwrap_or_default();
    let size = chunk_size(args)?;
    fits(context, bytes, separator, size)?;
    built_text(context, |out| {
        encode::be2hex(bytes, separator, size, truncates(args), out);
    })
}

/// `None` when the separators alone are more than a buffer holds.
fn fits(context: &Context<'_>, bytes: &[u8], separator: &[u8], size: usize) -> Option<()> {
    let gaps = bytes.len().checked_div(size).unwrap_or(0);
    let length = gaps.saturating_mul(separator.len());
    (length <= context.core.bufsize().saturating_add(separator.len())).then_some(())
}

fn chunk_size(args: &[Arg]) -> Option<usize> {
    usize::try_from(int_at(args, 1).unwrap_or(0)).ok()
}

fn truncates(args: &[Arg]) -> bool {
    int_at(args, 2) == Some(1)
}

fn check_be2dec(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let size = int_at(args, 1).unwrap_or(0);
    if !(1..=8).contains(&size) {
        return Err(format!("chunk_size out of [1..8] range ({size})"));
    }
    check_truncate(args)
}

fn check_be2hex(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let size = int_at(args, 1).unwrap_or(0);
    let has_chunks = args
        .iter()
        .any(|arg| !arg.is_absent() && !arg.text().is_empty())
        || int_at(args, 1).is_some();
    if size < 0 || (size == 0 && has_chunks) {
        return Err(format!("chunk_size needs to be positive ({size})"));
    }
    check_truncate(args)
}

fn check_truncate(args: &[Arg]) -> Result<(), String> {
    match int_at(args, 2) {
        None | Some(0 | 1) => Ok(()),
        Some(other) => Err(format!("Unsupported truncate value ({other})")),
    }
}

fn url_dec<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let text = sample.raw()?;
    let in_form = int_at(args, 0).is_some_and(|flag| flag != 0);
    let made = built(context, |out| parameters::url_decode(text, in_form, out));
    made.map(Sample::Str)
}

fn check_url_enc(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match lossy_at(args, 0).as_str() {
        "" | "query" => Ok(()),
        _ => Err(String::from(
            "Unexpected encode type. Allowed value is 'query'",
        )),
    }
}

const TO_TEXT: (Type, Type) = (Type::Bin, Type::Str);
const FROM_TEXT: (Type, Type) = (Type::Str, Type::Bin);
const TEXTS: (Type, Type) = (Type::Str, Type::Str);
const CHUNKS: &[ArgKind] = &[ArgKind::Str, ArgKind::Int, ArgKind::Int];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("b64dec", FROM_TEXT, |context, _, sample| {
        let text = sample.raw()?;
        built(context, |out| encode::base64_decode(text, out)).map(Sample::Bin)
    })
    .says("b64dec", "What base64 encodes."),
    Converter::new("base64", TO_TEXT, |context, _, sample| {
        let bytes = sample.raw()?;
        built_text(context, |out| encode::base64_encode(bytes, out))
    })
    .says("base64", "The bytes in base64."),
    Converter::new("be2dec", TO_TEXT, be2dec)
        .takes(1, CHUNKS)
        .checked(check_be2dec)
        .says(
            "be2dec(<separator>,<chunk_size>[,<truncate>])",
            "Big-endian numbers in decimal.",
        ),
    Converter::new("be2hex", TO_TEXT, be2hex)
        .takes(0, CHUNKS)
        .checked(check_be2hex)
        .says(
            "be2hex([<separator>[,<chunk_size>[,<truncate>]]])",
            "Two digits for each byte, chunks divided.",
        ),
    Converter::new("hex", TO_TEXT, |context, _, sample| {
        let bytes = sample.raw()?;
        built_text(context, |out| encode::hex_upper(bytes, out))
    })
    .says("hex", "Two digits for each byte."),
    Converter::new("hex2i", (Type::Str, Type::Int), |_, _, sample| {
        encode::hex2i(sample.raw()?).map(Sample::Int)
    })
    .says("hex2i", "The number that hexadecimal digits make."),
    Converter::new("htonl", (Type::Int, Type::Bin), |context, _, sample| {
        let bytes = encode::htonl(sample.as_int()?);
        Some(Sample::Bin(context.arena.alloc_slice_copy(&bytes)))
    })
    .says("htonl", "The lowest 32 bits in network order."),
    Converter::new("ub64dec", FROM_TEXT, |context, _, sample| {
        let text = sample.raw()?;
        built(context, |out| encode::base64url_decode(text, out)).map(Sample::Bin)
    })
    .says("ub64dec", "What base64url encodes."),
    Converter::new("ub64enc", TO_TEXT, |context, _, sample| {
        let bytes = sample.raw()?;
        built_text(context, |out| encode::base64url_encode(bytes, out))
    })
    .says("ub64enc", "The bytes in base64url."),
    Converter::new("url_dec", TEXTS, url_dec)
        .takes(0, &[ArgKind::Int])
        .says("url_dec([<in_form>])", "The text without percent encoding."),
    Converter::new("url_enc", TEXTS, |context, _, sample| {
        let text = sample.raw()?;
        built_text(context, |out| encode::url_encode(text, out))
    })
    .takes(0, &[ArgKind::Str])
    .checked(check_url_enc)
    .says("url_enc([<enc_type>])", "The text in percent encoding."),
];
