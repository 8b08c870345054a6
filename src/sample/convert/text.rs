//! Converters of text (manual, section 7.3.1).

use super::super::arg::{Arg, ArgSpec};
use super::super::context::Context;
use super::super::value::{Sample, Type};
use super::Converter;

fn lower<'a>(context: &Context<'a>, _args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let text = sample.raw()?;
    if !text.iter().any(u8::is_ascii_uppercase) {
        return Some(Sample::Str(text));
    }
    let copy = context.arena.alloc_slice_copy(text);
    copy.make_ascii_lowercase();
    Some(Sample::Str(copy))
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

pub(super) static CONVERTERS: &[Converter] = &[
    Converter {
        name: "lower",
        args: ArgSpec::NONE,
        input: Type::Str,
        output: Type::Str,
        usage: "lower",
        doc: "The text in lower case.",
        check: None,
        run: lower,
    },
    Converter {
        name: "upper",
        args: ArgSpec::NONE,
        input: Type::Str,
        output: Type::Str,
        usage: "upper",
        doc: "The text in upper case.",
        check: None,
        run: upper,
    },
];
