//! Fetches over the bytes of a channel that analysers have not let pass (manual, section
//! 7.3.5).
//!
//! What has not arrived yet is waited for, unless nothing more will come.

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at, text_at};
use super::super::context::{Context, Cursor, Direction, Fetched};
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::net::rdp_cookie::{self, RdpCookie};

/// Bytes of one direction.
fn bytes<'a>(context: &Context<'a>, direction: Direction) -> &'a [u8] {
    match direction {
        Direction::Request => context.request_bytes(),
        Direction::Response => context.response_bytes(),
    }
}

/// How much is there; it may be more later.
fn len<'a>(context: &Context<'a>, direction: Direction, cursor: &mut Cursor) -> Fetched<'a> {
    cursor.may_change = true;
    let len = i64::try_from(bytes(context, direction).len());
    len.ok().map(Sample::Int).into()
}

/// A block of bytes; a length of 0 means all there are.
fn payload<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    direction: Direction,
    cursor: &mut Cursor,
) -> Fetched<'a> {
    let position = |index: usize| int_at(args, index).and_then(|at| usize::try_from(at).ok());
    let (Some(offset), Some(length)) = (position(0), position(1)) else {
        return Fetched::Missing;
    };
    let fetched = block(context, direction, offset, length);
    cursor.may_change = length == 0 && !matches!(fetched, Fetched::Missing);
    fetched
}

fn block<'a>(
    context: &Context<'a>,
    direction: Direction,
    offset: usize,
    length: usize,
) -> Fetched<'a> {
    let bytes = bytes(context, direction);
    let Some(end) = offset.checked_add(length) else {
        return Fetched::Missing;
    };
    let found = match length {
        0 => bytes.get(offset..).filter(|rest| !rest.is_empty()),
        _ => bytes.get(offset..end),
    };
    match found {
        Some(block) => Fetched::Found(Sample::Bin(block)),
        None => cannot_come(context, end),
    }
}

/// What lies behind the end of any buffer is not waited for.
const fn cannot_come<'a>(context: &Context<'a>, end: usize) -> Fetched<'a> {
    if end > context.core.config.global.tuning.bufsize {
        return Fetched::Missing;
    }
    context.not_yet()
}

/// A block whose length stands in front of it.
fn payload_lv<'a>(context: &Context<'a>, args: &'a [Arg], direction: Direction) -> Fetched<'a> {
    let position = |index: usize| int_at(args, index).and_then(|at| usize::try_from(at).ok());
    let (Some(length_at), Some(length_len)) = (position(0), position(1)) else {
        return Fetched::Missing;
    };
    let Some(length_end) = length_at.checked_add(length_len) else {
        return Fetched::Missing;
    };
    let Some(digits) = bytes(context, direction).get(length_at..length_end) else {
        return cannot_come(context, length_end);
    };
    let length = digits.iter().try_fold(0_usize, |length, byte| {
        length.checked_mul(256)?.checked_add(usize::from(*byte))
    });
    let (Some(length), Some(offset)) = (length, block_at(args, length_end)) else {
        return Fetched::Missing;
    };
    if length == 0 {
        return Fetched::Missing;
    }
    block(context, direction, offset, length)
}

/// Where the block begins: behind its length, or where the third argument says, counted from
/// there when it has a sign.
fn block_at(args: &[Arg], length_end: usize) -> Option<usize> {
    let Some(text) = text_at(args, 2) else {
        return Some(length_end);
    };
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    match text.first() {
        Some(b'+' | b'-') => {
            let moved = i64::try_from(length_end).ok()?.checked_add(number)?;
            usize::try_from(moved).ok()
        }
        _ => usize::try_from(number).ok(),
    }
}

/// True once nothing more is waited for.
fn wait_end<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match context.is_final {
        true => Fetched::Found(Sample::Bool(true)),
        false => Fetched::NotYet,
    }
}

/// The cookie that a terminal client sends first, of this name or of any.
fn rdp<'a>(context: &Context<'a>, args: &'a [Arg]) -> RdpCookie<'a> {
    let bytes = context.request_bytes();
    match text_at(args, 0).filter(|name| !name.is_empty()) {
        Some(name) => rdp_cookie::find(bytes, name),
        None => rdp_cookie::find_any(bytes),
    }
}

fn rdp_value<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match rdp(context, args) {
        RdpCookie::Value(value) => Fetched::Found(Sample::Str(value)),
        RdpCookie::Incomplete => context.not_yet(),
        RdpCookie::Absent => Fetched::Missing,
    }
}

fn rdp_count<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match rdp(context, args) {
        RdpCookie::Value(_) => Fetched::Found(Sample::Int(1)),
        RdpCookie::Incomplete => context.not_yet(),
        RdpCookie::Absent => Fetched::Found(Sample::Int(0)),
    }
}

fn req_len<'a>(context: &Context<'a>, _args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    len(context, Direction::Request, cursor)
}

fn res_len<'a>(context: &Context<'a>, _args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    len(context, Direction::Response, cursor)
}

fn req_payload<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    payload(context, args, Direction::Request, cursor)
}

fn res_payload<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    payload(context, args, Direction::Response, cursor)
}

fn current_payload<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    payload(context, args, context.direction, cursor)
}

fn req_payload_lv<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    payload_lv(context, args, Direction::Request)
}

fn res_payload_lv<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    payload_lv(context, args, Direction::Response)
}

fn current_payload_lv<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    payload_lv(context, args, context.direction)
}

fn check_payload(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match (int_at(args, 0), int_at(args, 1)) {
        (Some(offset), _) if offset < 0 => Err(String::from("payload offset1 must be positive")),
        (_, Some(length)) if length < 0 => Err(String::from("payload length must be positive")),
        _ => Ok(()),
    }
}

fn check_payload_lv(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let (Some(offset), Some(length)) = (int_at(args, 0), int_at(args, 1)) else {
        return Ok(());
    };
    if offset < 0 {
        return Err(String::from("payload offset1 must be positive"));
    }
    if length <= 0 {
        return Err(String::from("payload length must be > 0"));
    }
    let length_end = offset
        .checked_add(length)
        .and_then(|end| usize::try_from(end).ok());
    match length_end.and_then(|end| block_at(args, end)) {
        Some(_) => Ok(()),
        None => Err(String::from(
            "payload offset2 is a position, or with a sign a distance that stays inside",
        )),
    }
}

const PAYLOAD: ArgSpec = ArgSpec::all(&[ArgKind::Int, ArgKind::Int]);
const PAYLOAD_LV: ArgSpec = ArgSpec::some(2, &[ArgKind::Int, ArgKind::Int, ArgKind::Str]);
const NAME: ArgSpec = ArgSpec::some(0, &[ArgKind::Str]);
const REQ: Needs = Needs::REQUEST_BYTES;
const RES: Needs = Needs::RESPONSE_BYTES;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("payload", Type::Bin, REQ.and(RES), current_payload)
        .args(PAYLOAD, "payload(<offset>,<length>)")
        .checked(check_payload)
        .doc("A block of the bytes that arrived in the direction whose rules run."),
    Fetch::new("payload_lv", Type::Bin, REQ.and(RES), current_payload_lv)
        .args(PAYLOAD_LV, "payload_lv(<offset1>,<length>[,<offset2>])")
        .checked(check_payload_lv)
        .doc("A block, in the direction whose rules run, that follows its length."),
    Fetch::new("rdp_cookie", Type::Str, REQ, rdp_value)
        .args(NAME, "rdp_cookie([<name>])")
        .doc("As req.rdp_cookie."),
    Fetch::new("rdp_cookie_cnt", Type::Int, REQ, rdp_count)
        .args(NAME, "rdp_cookie_cnt([<name>])")
        .doc("As req.rdp_cookie_cnt."),
    Fetch::new("req.len", Type::Int, REQ, req_len).doc("How many bytes of the request are here."),
    Fetch::new("req.payload", Type::Bin, REQ, req_payload)
        .args(PAYLOAD, "req.payload(<offset>,<length>)")
        .checked(check_payload)
        .doc("A block of the bytes that arrived from the client."),
    Fetch::new("req.payload_lv", Type::Bin, REQ, req_payload_lv)
        .args(PAYLOAD_LV, "req.payload_lv(<offset1>,<length>[,<offset2>])")
        .checked(check_payload_lv)
        .doc("A block from the client that follows its length."),
    Fetch::new("req.rdp_cookie", Type::Str, REQ, rdp_value)
        .args(NAME, "req.rdp_cookie([<name>])")
        .doc("The value of the cookie in a terminal client's first packet."),
    Fetch::new("req.rdp_cookie_cnt", Type::Int, REQ, rdp_count)
        .args(NAME, "req.rdp_cookie_cnt([<name>])")
        .doc("1 when a terminal client's first packet has a cookie, else 0."),
    Fetch::new("req_len", Type::Int, REQ, req_len).doc("As req.len."),
    Fetch::new("req_rdp_cookie", Type::Str, REQ, rdp_value)
        .args(NAME, "req_rdp_cookie([<name>])")
        .doc("As req.rdp_cookie."),
    Fetch::new("req_rdp_cookie_cnt", Type::Int, REQ, rdp_count)
        .args(NAME, "req_rdp_cookie_cnt([<name>])")
        .doc("As req.rdp_cookie_cnt."),
    Fetch::new("res.len", Type::Int, RES, res_len).doc("How many bytes of the response are here."),
    Fetch::new("res.payload", Type::Bin, RES, res_payload)
        .args(PAYLOAD, "res.payload(<offset>,<length>)")
        .checked(check_payload)
        .doc("A block of the bytes that arrived from the server."),
    Fetch::new("res.payload_lv", Type::Bin, RES, res_payload_lv)
        .args(PAYLOAD_LV, "res.payload_lv(<offset1>,<length>[,<offset2>])")
        .checked(check_payload_lv)
        .doc("A block from the server that follows its length."),
    Fetch::new("wait_end", Type::Bool, Needs::NOTHING, wait_end)
        .doc("True once nothing more is waited for; unknown before."),
];
