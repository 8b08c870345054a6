//! Converters of text (manual, section 7.3.1).

use super::super::arg::{Arg, ArgKind, text_at};
use super::super::compute::text;
use super::super::context::Context;
use super::super::pending::value_of;
use super::super::value::{Sample, Type};
use super::{Converter, built_text};
use crate::http::uri;

fn lower<'a>(context: &Context<'a>, _args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    Some(Sample::Str(in_lower_case(context, sample.raw()?)))
}

fn in_lower_case<'a>(context: &Context<'a>, text: &'a [u8]) -> &'a [u8] {
    if !text.iter().any(u8::is_ascii_uppercase) {
        return text;
    }
    let copy = context.arena.alloc_slice_copy(text);
    copy.make_ascii_lowercase();
    copy
}

fn upper<'a>(context: &Context<'a>, _args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let text = sample.raw()?;
    if !text.iter().any(u8::is_ascii_lowercase) {
        return Some(Sample::Str(text));
    }
    let copy = context.arena.alloc_slice_copy(text);
    copy.make_ascii_uppercase();
    Some(Sample::Str(copy))
}

fn concat<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let (text, start, end) = ends(args, sample)?;
    let variable = variable_at(context, args);
    built_text(context, |out| text::concat(text, start, variable, end, out))
}

fn add_item<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let (text, delimiter, suffix) = ends(args, sample)?;
    let variable = variable_at(context, args);
    built_text(context, |out| {
        text::add_item(text, delimiter, variable, suffix, out);
    })
}

/// The text, and the first and the last of three arguments.
fn ends<'a>(args: &'a [Arg], sample: Sample<'a>) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let at = |index| text_at(args, index).unwrap_or_default();
    Some((sample.raw()?, at(0), at(2)))
}

/// The text of the variable that the second argument names.
fn variable_at<'a>(context: &Context<'a>, args: &[Arg]) -> Option<&'a [u8]> {
    match args.get(1) {
        Some(Arg::Variable(variable)) => Some(value_of(context, *variable)?.as_text(context.arena)),
        _ => None,
    }
}

fn strcmp<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let Some(Arg::Variable(variable)) = args.first() else {
        return None;
    };
    let other = value_of(context, *variable)?.as_text(context.arena);
    Some(Sample::Int(text::strcmp(sample.raw()?, other)))
}

fn iif<'a>(_context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let chosen = match sample.as_bool()? {
        true => text_at(args, 0),
        false => text_at(args, 1),
    };
    chosen.map(Sample::Str)
}

fn length<'a>(_context: &Context<'a>, _args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    i64::try_from(sample.raw()?.len()).ok().map(Sample::Int)
}

const TEXTS: (Type, Type) = (Type::Str, Type::Str);
const JOINED: &[ArgKind] = &[ArgKind::Str, ArgKind::Variable, ArgKind::Str];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("add_item", TEXTS, add_item)
        .takes(2, JOINED)
        .checked(|_, args| {
            let adds = args.iter().skip(1).any(|arg| !arg.is_absent());
            match adds {
                true => Ok(()),
                false => Err(String::from("one of <var> and <suff> is expected")),
            }
        })
        .says(
            "add_item(<delim>,[<var>][,<suff>])",
            "The text with another item behind it.",
        ),
    Converter::new("concat", TEXTS, concat)
        .takes(0, JOINED)
        .says(
            "concat([<start>],[<var>],[<end>])",
            "The text with others behind it.",
        ),
    Converter::new("cut_crlf", TEXTS, |_, _, sample| {
        Some(Sample::Str(text::cut_crlf(sample.raw()?)))
    })
    .says("cut_crlf", "The text up to the end of its first line."),
    Converter::new("host_only", TEXTS, |context, _, sample| {
        let host = uri::host_only(sample.raw()?);
        Some(Sample::Str(in_lower_case(context, host)))
    })
    .says(
        "host_only",
        "A host header without its port, in lower case.",
    ),
    Converter::new("iif", (Type::Bool, Type::Str), iif)
        .takes(2, &[ArgKind::Str, ArgKind::Str])
        .says("iif(<true>,<false>)", "One of two texts."),
    Converter::new("length", (Type::Str, Type::Int), length).says("length", "The length in bytes."),
    Converter::new("lower", TEXTS, lower).says("lower", "The text in lower case."),
    Converter::new("ltrim", TEXTS, |_, args, sample| {
        let chars = text_at(args, 0).unwrap_or_default();
        Some(Sample::Str(text::ltrim(sample.raw()?, chars)))
    })
    .takes(0, &[ArgKind::Str])
    .says("ltrim(<chars>)", "The text without some bytes before it."),
    Converter::new("rtrim", TEXTS, |_, args, sample| {
        let chars = text_at(args, 0).unwrap_or_default();
        Some(Sample::Str(text::rtrim(sample.raw()?, chars)))
    })
    .takes(0, &[ArgKind::Str])
    .says("rtrim(<chars>)", "The text without some bytes behind it."),
    Converter::new("strcmp", (Type::Str, Type::Int), strcmp)
        .takes(1, &[ArgKind::Variable])
        .says("strcmp(<var>)", "How the text compares with a variable."),
    Converter::new("upper", TEXTS, upper).says("upper", "The text in upper case."),
];
