//! Converters to and from JSON (manual, section 7.3.1).

use super::super::arg::{Arg, ArgKind, text_at};
use super::super::compute::json_escape::{Charset, json_escape};
use super::super::compute::json_query::{self, JsonValue};
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::prepared::{self, Prepared};
use super::{Converter, built, lossy_at, replace};

fn json<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let text = sample.raw()?;
    let charset = match prepared::at(args, 0) {
        Some(Prepared::Charset(charset)) => *charset,
        _ => Charset::Ascii,
    };
    built(context, |out| json_escape(text, charset, out)).map(Sample::Str)
}

fn check_json(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let name = lossy_at(args, 0);
    if name.is_empty() {
        return Ok(());
    }
    let charset = Charset::by_name(&name).ok_or_else(|| {
        String::from(
            "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and \
             'utf8ps'",
        )
    })?;
    replace(args, 0, Arg::Prepared(Prepared::Charset(charset)));
    Ok(())
}

fn json_query<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    query(context, args, sample.raw()?)
}

/// The value at the path of the first argument, as the type of the second.
pub(super) fn query<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    document: &'a [u8],
) -> Option<Sample<'a>> {
    let found = json_query::json_query(document, text_at(args, 0)?)?;
    if text_at(args, 1).is_some_and(|kind| !kind.is_empty()) {
        return found.integer().map(Sample::Int);
    }
    match found {
        JsonValue::Boolean(value) => Some(Sample::Bool(value)),
        JsonValue::Number(text) => Some(Sample::Str(text)),
        JsonValue::String(inside) => {
            built(context, |out| json_query::push_string(inside, out)).map(Sample::Str)
        }
        JsonValue::Null | JsonValue::Composite(_) => None,
    }
}

fn check_required_query(language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    if text_at(args, 0).unwrap_or_default().is_empty() {
        return Err(String::from("json_path must not be empty"));
    }
    check_query(language, args)
}

/// Path and type, either of which may be absent.
pub(super) fn check_query(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    if let Some(path) = text_at(args, 0)
        && !json_query::is_valid_path(path)
    {
        let shown = String::from_utf8_lossy(path);
        return Err(format!(
            "'{shown}' is not a json_path: it begins with '$', and '.key' or '[index]' follow"
        ));
    }
    match lossy_at(args, 1).as_str() {
        "" | "int" => Ok(()),
        _ => Err(String::from(
            "output_type only supports \"int\" as argument",
        )),
    }
}

pub(super) const QUERY: &[ArgKind] = &[ArgKind::Str, ArgKind::Str];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("json", (Type::Str, Type::Str), json)
        .takes(0, &[ArgKind::Str])
        .checked(check_json)
        .says(
            "json([<input-code>])",
            "The text as the inside of a string.",
        ),
    Converter::new("json_query", (Type::Str, Type::Any), json_query)
        .takes(0, QUERY)
        .checked(check_required_query)
        .says(
            "json_query(<json_path>[,<output_type>])",
            "The value at a place of a document.",
        ),
];
