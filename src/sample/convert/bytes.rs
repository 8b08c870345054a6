//! Converters that take parts out of bytes and of addresses (manual, section 7.3.1).

use std::num::NonZeroI64;

use super::super::arg::{Arg, ArgKind, int_at, text_at};
use super::super::compute::{split, text};
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::Converter;
use crate::http::uri::{self, parameters};

fn bytes<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let whole = sample.raw()?;
    // What does not begin inside of the bytes has none of them.
    let offset = usize::try_from(int_at(args, 0)?).unwrap_or(usize::MAX);
    let length = match int_at(args, 1) {
        None => None,
        Some(length) => Some(usize::try_from(length).ok()?),
    };
    Some(Sample::Bin(text::bytes(whole, offset, length)))
}

fn field<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let (index, delimiters, count) = places(args)?;
    split::field(sample.raw()?, index, delimiters, count).map(Sample::Str)
}

fn word<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let (index, delimiters, count) = places(args)?;
    Some(Sample::Str(split::word(
        sample.raw()?,
        index,
        delimiters,
        count,
    )))
}

/// Index, delimiters and count of `field` and `word`; a negative count takes all, as 0 does.
fn places(args: &[Arg]) -> Option<(NonZeroI64, &[u8], usize)> {
    let count = int_at(args, 2).unwrap_or(1);
    Some((
        NonZeroI64::new(int_at(args, 0)?)?,
        text_at(args, 1)?,
        usize::try_from(count).unwrap_or(0),
    ))
}

fn check_places(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    if int_at(args, 0) == Some(0) {
        return Err(String::from("Unexpected value 0 for index"));
    }
    match text_at(args, 1) {
        None | Some([]) => Err(String::from("Empty separators list")),
        Some(_) => Ok(()),
    }
}

fn ipmask<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let length_at = |index: usize| match args.get(index) {
        Some(Arg::Mask(network)) => Some(u32::from(network.prefix_len)),
        _ => None,
    };
    match sample {
        Sample::Ip4(address) => {
            let mask = text::prefix_v4(length_at(0)?)?;
            Some(Sample::Ip4(text::mask_v4(address, mask)))
        }
        Sample::Ip6(address) => {
            let mask = text::prefix_v6(length_at(1)?)?;
            Some(Sample::Ip6(text::mask_v6(address, mask)))
        }
        _ => None,
    }
}

fn language<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let supported = text_at(args, 0).unwrap_or_default();
    let found = text::language(sample.raw()?, supported);
    found.or_else(|| text_at(args, 1)).map(Sample::Str)
}

fn param<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let delimiter = text_at(args, 1)
        .and_then(<[u8]>::first)
        .copied()
        .unwrap_or(b'&');
    parameters::param(sample.raw()?, text_at(args, 0)?, delimiter).map(Sample::Str)
}

fn check_param(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match text_at(args, 1) {
        None | Some([_]) => Ok(()),
        Some(_) => Err(String::from("Delimiter must be a single character.")),
    }
}

const TEXTS: (Type, Type) = (Type::Str, Type::Str);
const PLACES: &[ArgKind] = &[ArgKind::Int, ArgKind::Str, ArgKind::Int];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("bytes", (Type::Bin, Type::Bin), bytes)
        .takes(1, &[ArgKind::Int, ArgKind::Int])
        .says("bytes(<offset>[,<length>])", "Some of the bytes."),
    Converter::new("field", TEXTS, field)
        .takes(2, PLACES)
        .checked(check_places)
        .says(
            "field(<index>,<delimiters>[,<count>])",
            "Fields between delimiters.",
        ),
    Converter::new("ipmask", (Type::Addr, Type::Addr), ipmask)
        .takes(1, &[ArgKind::Mask4, ArgKind::Mask6])
        .says(
            "ipmask(<mask4>[,<mask6>])",
            "The address of the network that an address is in.",
        ),
    Converter::new("language", TEXTS, language)
        .takes(0, &[ArgKind::Str, ArgKind::Str])
        .says(
            "language(<value>[,<default>])",
            "The language that is liked best, of those given.",
        ),
    Converter::new("param", TEXTS, param)
        .takes(1, &[ArgKind::Str, ArgKind::Str])
        .checked(check_param)
        .says(
            "param(<name>[,<delimiter>])",
            "The value of a parameter of a list.",
        ),
    Converter::new("port_only", (Type::Str, Type::Int), |_, _, sample| {
        Some(Sample::Int(i64::from(uri::port_only(sample.raw()?))))
    })
    .says("port_only", "The port of a host header, 0 without one."),
    Converter::new("word", TEXTS, word)
        .takes(2, PLACES)
        .checked(check_places)
        .says(
            "word(<index>,<delimiters>[,<count>])",
            "Words between delimiters, of which several count as one.",
        ),
];
