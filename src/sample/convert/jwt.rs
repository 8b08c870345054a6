//! JSON Web Tokens (manual, section 7.3.1).

use std::sync::Arc;

use super::super::arg::{Arg, ArgKind, text_at};
use super::super::compute::jwt::{self, Key, PublicKey};
use super::super::context::Context;
use super::super::language::Language;
use super::super::pending::value_of;
use super::super::value::{Sample, Type};
use super::json::{QUERY, check_query, query};
use super::prepared::Prepared;
use super::{Converter, built, lossy_at, replace, with_scratch};

/// A part of a token, or what a path finds in it.
fn part<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
    push: fn(&[u8], &mut Vec<u8>) -> bool,
) -> Option<Sample<'a>> {
    let token = sample.raw()?;
    let document = built(context, |out| push(token, out))?;
    match text_at(args, 0) {
        None => Some(Sample::Str(document)),
        Some(_) => query(context, args, document),
    }
}

fn jwt_verify<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let token = sample.raw()?;
    let algorithm = text_of(context, args.first()?)?;
    let key = match args.get(1)? {
        Arg::Prepared(Prepared::PublicKey(key)) => Key::Public(key),
        secret => Key::Secret(text_of(context, secret)?),
    };
    let verdict = with_scratch(context, |scratch| {
        jwt::verify(algorithm, key, token, scratch)
    });
    Some(Sample::Int(verdict.code()))
}

/// An argument that is a text or a variable.
fn text_of<'a>(context: &Context<'a>, arg: &'a Arg) -> Option<&'a [u8]> {
    match arg {
        Arg::Str(text) => Some(text),
        Arg::Variable(variable) => Some(value_of(context, *variable)?.as_text(context.arena)),
        _ => None,
    }
}

/// Loads the public key. Which one is wanted is not known where the algorithm is a variable:
/// a file that can be read is one.
fn check_verify(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let is_public = match text_at(args, 0) {
        None => None,
        Some(name) => {
            let shown = String::from_utf8_lossy(name);
            let known = jwt::needs_public_key(name);
            Some(known.ok_or_else(|| format!("unknown JWT algorithm: {shown}"))?)
        }
    };
    if is_public == Some(false) || text_at(args, 1).is_none() {
        return Ok(());
    }
    let file = lossy_at(args, 1);
    let text = match (std::fs::read_to_string(&file), is_public) {
        (Ok(text), _) => text,
        (Err(_), None) => return Ok(()),
        (Err(error), _) => return Err(format!("unable to read the key '{file}': {error}")),
    };
    let key = PublicKey::from_pem(&text).map_err(|error| format!("'{file}' {error}"))?;
    replace(args, 1, Arg::Prepared(Prepared::PublicKey(Arc::new(key))));
    Ok(())
}

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new(
        "jwt_header_query",
        (Type::Bin, Type::Any),
        |context, args, sample| part(context, args, sample, jwt::push_header),
    )
    .takes(0, QUERY)
    .checked(check_query)
    .says(
        "jwt_header_query([<json_path>[,<output_type>]])",
        "The header of a token, or a value of it.",
    ),
    Converter::new(
        "jwt_payload_query",
        (Type::Bin, Type::Any),
        |context, args, sample| part(context, args, sample, jwt::push_payload),
    )
    .takes(0, QUERY)
    .checked(check_query)
    .says(
        "jwt_payload_query([<json_path>[,<output_type>]])",
        "The claims of a token, or a value of them.",
    ),
    Converter::new("jwt_verify", (Type::Bin, Type::Int), jwt_verify)
        .takes(2, &[ArgKind::StrOrVariable, ArgKind::StrOrVariable])
        .checked(check_verify)
        .says(
            "jwt_verify(<alg>,<key>)",
            "1 when the signature is the key's.",
        ),
];
