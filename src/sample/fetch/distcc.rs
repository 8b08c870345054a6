//! Fetches over distcc's protocol: tokens of four letters, each with a number of eight
//! hexadecimal digits, some followed by as many bytes as the number says (manual, section
//! 7.3.5).

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at, text_at};
use super::super::context::{Context, Cursor, Direction, Fetched};
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};

/// One token as it stands in the stream.
struct Token<'a> {
    number: u32,
    /// What of its body is here, and whether that is all.
    body: &'a [u8],
    is_whole: bool,
}

/// The token of this name, the n-th from 1.
fn token<'a>(context: &Context<'a>, args: &'a [Arg]) -> Result<Token<'a>, Fetched<'a>> {
    let wanted = text_at(args, 0).unwrap_or_default();
    let mut left = int_at(args, 1).unwrap_or(0).max(1);
    let mut rest = match context.direction {
        Direction::Request => context.request_bytes(),
        Direction::Response => context.response_bytes(),
    };
    loop {
        let Some((head, behind)) = rest.split_at_checked(HEAD_LEN) else {
            return Err(context.not_yet());
        };
        let (name, digits) = head.split_at_checked(NAME_LEN).ok_or(Fetched::Missing)?;
        let number = std::str::from_utf8(digits).ok();
        let number = number.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.ok_or(Fetched::Missing)?;
        let body_len = match BODYLESS.contains(&name) {
            true => 0,
            false => usize::try_from(number).map_err(|_| Fetched::Missing)?,
        };
        let split = behind.split_at_checked(body_len);
        if name == wanted {
            left -= 1;
            if left == 0 {
                return Ok(Token {
                    number,
                    body: split.map_or(behind, |(body, _)| body),
                    is_whole: split.is_some(),
                });
            }
        }
        match split {
            Some((_, next)) => rest = next,
            None => return Err(context.not_yet()),
        }
    }
}

fn param<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match token(context, args) {
        Ok(token) => Fetched::Found(Sample::Int(i64::from(token.number))),
        Err(absent) => absent,
    }
}

fn body<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match token(context, args) {
        Ok(token) if token.is_whole => Fetched::Found(Sample::Bin(token.body)),
        Ok(_) => context.not_yet(),
        Err(absent) => absent,
    }
}

fn check(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    if text_at(args, 0).is_none_or(|name| name.len() != NAME_LEN) {
        return Err(String::from(
            "distcc token name must be exactly 4 characters",
        ));
    }
    match int_at(args, 1) {
        Some(occurrence) if occurrence < 0 => {
            Err(String::from("distcc token occurrences start at 1"))
        }
        _ => Ok(()),
    }
}

const NAME_LEN: usize = 4;
/// Name and number.
const HEAD_LEN: usize = 12;

/// Tokens whose number is a count or a status, not the length of what follows.
const BODYLESS: &[&[u8]] = &[b"ARGC", b"DIST", b"DONE", b"STAT"];

const TOKEN: ArgSpec = ArgSpec::some(1, &[ArgKind::Str, ArgKind::Int]);
const BYTES: Needs = Needs::REQUEST_BYTES.and(Needs::RESPONSE_BYTES);

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("distcc_body", Type::Bin, BYTES, body)
        .args(TOKEN, "distcc_body(<token>[,<occ>])")
        .checked(check)
        .doc("What follows a token of distcc's protocol."),
    Fetch::new("distcc_param", Type::Int, BYTES, param)
        .args(TOKEN, "distcc_param(<token>[,<occ>])")
        .checked(check)
        .doc("The number of a token of distcc's protocol."),
];
