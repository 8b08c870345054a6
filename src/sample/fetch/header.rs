//! Fetches over the header lines of requests and responses (manual, section 7.3.6).
//!
//! `hdr` and its relatives take a value apart at its commas, `fhdr` takes the whole line.
//! An ACL walks over all values; the cursor keeps its place, so that a long list is gone
//! over once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bumpalo::collections::Vec as ArenaVec;

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at, text_at};
use super::super::context::{Context, Cursor, Fetched, MessageView};
use super::super::language::Language;
use super::super::value::{Sample, Type, parse_int};
use super::http::{Message, current, find, request, response};
use super::{Fetch, Needs};
use crate::http::head::{Elements, element_end};
use crate::http::known::same_name;

/// What counts as one value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// What stands between commas.
    Element,
    /// A whole line.
    Line,
}

/// What is asked for: all values of lines with this name, or of all lines.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    name: Option<&'a [u8]>,
    unit: Unit,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a [Arg], unit: Unit) -> Self {
        let name = text_at(args, 0).filter(|name| !name.is_empty());
        Self { name, unit }
    }

    fn matches(self, name: &[u8]) -> bool {
        self.name.is_none_or(|wanted| same_name(name, wanted))
    }

    /// All values in order.
    fn values(self, message: MessageView<'a>) -> impl Iterator<Item = &'a [u8]> {
        message
            .head
            .lines()
            .filter(move |(name, _)| self.matches(name))
            .flat_map(move |(_, value)| {
                let (line, elements) = match self.unit {
                    Unit::Line => (Some(value), None),
                    Unit::Element => (None, Some(Elements::of(value))),
                };
                line.into_iter().chain(elements.into_iter().flatten())
            })
    }

    /// The value behind the place where the walk stands.
    fn next(self, message: MessageView<'a>, cursor: &mut Cursor) -> Option<&'a [u8]> {
        let (mut line, mut at) = cursor.place;
        loop {
            let (name, value) = message.head.line(line)?;
            if self.matches(name)
                && let Some(rest) = value.get(at..)
            {
                let end = match self.unit {
                    Unit::Line => rest.len(),
                    Unit::Element => element_end(rest),
                };
                cursor.place = match end < rest.len() {
                    true => (line, at + end + 1),
                    false => (line + 1, 0),
                };
                cursor.has_more = true;
                return Some(rest.get(..end)?.trim_ascii());
            }
            (line, at) = (line + 1, 0);
        }
    }

    /// The value that an expression means: the one numbered, or the last. Only a walk goes
    /// over the values of all names.
    fn numbered(self, message: MessageView<'a>, occurrence: i64) -> Option<&'a [u8]> {
        self.name?;
        let mut values = self.values(message);
        match usize::try_from(occurrence) {
            Ok(0) => values.last(),
            Ok(index) => values.nth(index - 1),
            Err(_) => {
                let back = usize::try_from(occurrence.unsigned_abs()).ok()?;
                let index = self.values(message).count().checked_sub(back)?;
                values.nth(index)
            }
        }
    }
}

fn value<'a>(
    message: MessageView<'a>,
    unit: Unit,
    args: &'a [Arg],
    cursor: &mut Cursor,
) -> Option<&'a [u8]> {
    let wanted = Wanted::new(args, unit);
    match int_at(args, 1).filter(|occurrence| *occurrence != 0) {
        Some(occurrence) => wanted.numbered(message, occurrence),
        None if cursor.walks => wanted.next(message, cursor),
        None => wanted.numbered(message, 0),
    }
}

fn text<'a>(message: Message<'a>, unit: Unit, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    find(message, |message| {
        value(message, unit, args, cursor).map(Sample::Str)
    })
}

fn count<'a>(message: Message<'a>, unit: Unit, args: &'a [Arg]) -> Fetched<'a> {
    find(message, |message| {
        let count = Wanted::new(args, unit).values(message).count();
        i64::try_from(count).ok().map(Sample::Int)
    })
}

fn number<'a>(message: Message<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    find(message, |message| {
        let value = value(message, Unit::Element, args, cursor)?;
        Some(Sample::Int(parse_int(value).unwrap_or(0)))
    })
}

/// An address; a walk passes over values that are none.
fn address<'a>(message: Message<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    find(message, |message| {
        loop {
            let value = value(message, Unit::Element, args, cursor)?;
            let found = address_of(value);
            if found.is_some() || !cursor.has_more {
                return found.map(Sample::of_ip);
            }
        }
    })
}

/// An IPv4 address, a port behind it left out, or an IPv6 address without brackets.
fn address_of(value: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(value).ok()?;
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let host = match text.split_once(':') {
        Some((host, port)) => {
            let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            port.parse::<u16>().ok().filter(|_| is_number)?;
            host
        }
        None => text,
    };
    host.parse::<Ipv4Addr>().ok().map(IpAddr::from)
}

/// The names of all lines in lower case, as header names are compared.
fn names<'a>(context: &Context<'a>, message: Message<'a>, args: &'a [Arg]) -> Fetched<'a> {
    let delimiter = text_at(args, 0).and_then(|text| text.first().copied());
    find(message, |message| {
        let mut out = ArenaVec::new_in(context.arena);
        for (name, _) in message.head.lines() {
            if !out.is_empty() {
                out.push(delimiter.unwrap_or(b','));
            }
            out.extend(name.iter().map(u8::to_ascii_lowercase));
        }
        Some(Sample::Str(out.into_bump_slice()))
    })
}

/// All lines and the empty one.
fn lines<'a>(context: &Context<'a>, message: Message<'a>) -> Fetched<'a> {
    find(message, |message| {
        let room = message.head.head().len();
        let mut out = ArenaVec::with_capacity_in(room, context.arena);
        for (name, value) in message.head.lines() {
            out.extend(name.iter().map(u8::to_ascii_lowercase));
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        Some(Sample::Str(out.into_bump_slice()))
    })
}

/// All lines, each name and value behind its length; two empty strings end them.
fn binary_lines<'a>(context: &Context<'a>, message: Message<'a>) -> Fetched<'a> {
    find(message, |message| {
        let room = message.head.head().len();
        let mut out = ArenaVec::with_capacity_in(room, context.arena);
        for (name, value) in message.head.lines() {
            push_length(&mut out, name.len());
            out.extend(name.iter().map(u8::to_ascii_lowercase));
            push_length(&mut out, value.len());
            out.extend_from_slice(value);
        }
        out.extend_from_slice(&[0, 0]);
        Some(Sample::Bin(out.into_bump_slice()))
    })
}

/// A length as the stream processing protocol writes it: one byte below 240, else its four
/// lowest bits, then seven more per byte.
fn push_length(out: &mut ArenaVec<'_, u8>, length: usize) {
    let low = |value: usize| u8::try_from(value & 0xff).unwrap_or(0);
    if length < 240 {
        out.push(low(length));
        return;
    }
    out.push(low(length) | 240);
    let mut rest = (length - 240) >> 4;
    while rest >= 128 {
        out.push(low(rest) | 128);
        rest = (rest - 128) >> 7;
    }
    out.push(low(rest));
}

/// Declares a fetch per direction, all of which do the same.
macro_rules! each_direction {
    ($does:expr, $($name:ident from $message:ident),+) => {
        $(fn $name<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
            let does: for<'b> fn(
                &Context<'b>, Message<'b>, &'b [Arg], &mut Cursor,
            ) -> Fetched<'b> = $does;
            does(context, $message(context), args, cursor)
        })+
    };
}

each_direction!(|_, message, args, cursor| text(message, Unit::Element, args, cursor),
    req_hdr from request, res_hdr from response, hdr from current);
each_direction!(|_, message, args, cursor| text(message, Unit::Line, args, cursor),
    req_fhdr from request, res_fhdr from response);
each_direction!(|_, message, args, _| count(message, Unit::Element, args),
    req_hdr_cnt from request, res_hdr_cnt from response);
each_direction!(|_, message, args, _| count(message, Unit::Line, args),
    req_fhdr_cnt from request, res_fhdr_cnt from response);
each_direction!(|_, message, args, cursor| number(message, args, cursor),
    req_hdr_val from request, res_hdr_val from response);
each_direction!(|_, message, args, cursor| address(message, args, cursor),
    req_hdr_ip from request, res_hdr_ip from response);
each_direction!(|context, message, args, _| names(context, message, args),
    req_hdr_names from request, res_hdr_names from response);
each_direction!(|context, message, _, _| lines(context, message),
    req_hdrs from request, res_hdrs from response);
each_direction!(|context, message, _, _| binary_lines(context, message),
    req_hdrs_bin from request, res_hdrs_bin from response);

/// Occurrences are counted from either end, and not far from the last.
fn check_occurrence(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match int_at(args, 1) {
        Some(occurrence) if occurrence < OCCURRENCE_MIN => {
            Err(format!("header occurrence must be >= {OCCURRENCE_MIN}"))
        }
        Some(occurrence) if occurrence != 0 && text_at(args, 0).is_none() => {
            Err(String::from("header name is missing"))
        }
        _ => Ok(()),
    }
}

/// The farthest occurrence from the last, as in other implementations.
const OCCURRENCE_MIN: i64 = -10;

const VALUE: ArgSpec = ArgSpec::some(0, &[ArgKind::Str, ArgKind::Int]);
const NAME: ArgSpec = ArgSpec::some(0, &[ArgKind::Str]);
const REQ: Needs = Needs::REQUEST_HEAD;
const RES: Needs = Needs::RESPONSE_HEAD;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("hdr", Type::Str, REQ.and(RES), hdr)
        .args(VALUE, "hdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header of the message whose rules run."),
    Fetch::new("hdr_cnt", Type::Int, REQ, req_hdr_cnt)
        .args(NAME, "hdr_cnt([<name>])")
        .doc("As req.hdr_cnt."),
    Fetch::new("hdr_ip", Type::Addr, REQ, req_hdr_ip)
        .args(VALUE, "hdr_ip([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("As req.hdr_ip."),
    Fetch::new("hdr_val", Type::Int, REQ, req_hdr_val)
        .args(VALUE, "hdr_val([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("As req.hdr_val."),
    Fetch::new("req.fhdr", Type::Str, REQ, req_fhdr)
        .args(VALUE, "req.fhdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("A whole line of a header of the request."),
    Fetch::new("req.fhdr_cnt", Type::Int, REQ, req_fhdr_cnt)
        .args(NAME, "req.fhdr_cnt([<name>])")
        .doc("How many lines a header has of the request."),
    Fetch::new("req.hdr", Type::Str, REQ, req_hdr)
        .args(VALUE, "req.hdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header of the request."),
    Fetch::new("req.hdr_cnt", Type::Int, REQ, req_hdr_cnt)
        .args(NAME, "req.hdr_cnt([<name>])")
        .doc("How many elements a header has of the request."),
    Fetch::new("req.hdr_ip", Type::Addr, REQ, req_hdr_ip)
        .args(VALUE, "req.hdr_ip([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header as an address of the request."),
    Fetch::new("req.hdr_names", Type::Str, REQ, req_hdr_names)
        .args(NAME, "req.hdr_names([<delim>])")
        .doc("The names of all header lines of the request."),
    Fetch::new("req.hdr_val", Type::Int, REQ, req_hdr_val)
        .args(VALUE, "req.hdr_val([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header as a number of the request."),
    Fetch::new("req.hdrs", Type::Str, REQ, req_hdrs)
        .doc("All header lines as text of the request."),
    Fetch::new("req.hdrs_bin", Type::Bin, REQ, req_hdrs_bin)
        .doc("All header lines, each string behind its length of the request."),
    Fetch::new("res.fhdr", Type::Str, RES, res_fhdr)
        .args(VALUE, "res.fhdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("A whole line of a header of the response."),
    Fetch::new("res.fhdr_cnt", Type::Int, RES, res_fhdr_cnt)
        .args(NAME, "res.fhdr_cnt([<name>])")
        .doc("How many lines a header has of the response."),
    Fetch::new("res.hdr", Type::Str, RES, res_hdr)
        .args(VALUE, "res.hdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header of the response."),
    Fetch::new("res.hdr_cnt", Type::Int, RES, res_hdr_cnt)
        .args(NAME, "res.hdr_cnt([<name>])")
        .doc("How many elements a header has of the response."),
    Fetch::new("res.hdr_ip", Type::Addr, RES, res_hdr_ip)
        .args(VALUE, "res.hdr_ip([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header as an address of the response."),
    Fetch::new("res.hdr_names", Type::Str, RES, res_hdr_names)
        .args(NAME, "res.hdr_names([<delim>])")
        .doc("The names of all header lines of the response."),
    Fetch::new("res.hdr_val", Type::Int, RES, res_hdr_val)
        .args(VALUE, "res.hdr_val([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("An element of a header as a number of the response."),
    Fetch::new("res.hdrs", Type::Str, RES, res_hdrs)
        .doc("All header lines as text of the response."),
    Fetch::new("res.hdrs_bin", Type::Bin, RES, res_hdrs_bin)
        .doc("All header lines, each string behind its length of the response."),
    Fetch::new("shdr", Type::Str, RES, res_hdr)
        .args(VALUE, "shdr([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("As res.hdr."),
    Fetch::new("shdr_cnt", Type::Int, RES, res_hdr_cnt)
        .args(NAME, "shdr_cnt([<name>])")
        .doc("As res.hdr_cnt."),
    Fetch::new("shdr_ip", Type::Addr, RES, res_hdr_ip)
        .args(VALUE, "shdr_ip([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("As res.hdr_ip."),
    Fetch::new("shdr_val", Type::Int, RES, res_hdr_val)
        .args(VALUE, "shdr_val([<name>[,<occ>]])")
        .checked(check_occurrence)
        .doc("As res.hdr_val."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_alone_or_with_a_port_behind_ipv4() {
        let is = |text: &str| address_of(text.as_bytes()).map(|address| address.to_string());
        assert_eq!(is("1.2.3.4").as_deref(), Some("1.2.3.4"));
        assert_eq!(is("1.2.3.4:80").as_deref(), Some("1.2.3.4"));
        assert_eq!(is("::1").as_deref(), Some("::1"));
        for text in [
            "",
            "1.2.3.4x",
            "1.2.3.4:",
            "1.2.3.4:99999",
            "1.2.3.4:+8",
            "[::1]",
            "a",
        ] {
            assert_eq!(is(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_take_one_byte_or_more() {
        let arena = bumpalo::Bump::new();
        for (length, bytes) in [
            (0, &[0][..]),
            (239, &[239]),
            (240, &[240, 0]),
            (2_287, &[255, 127]),
            (2_288, &[240, 128, 0]),
        ] {
            let mut out = ArenaVec::new_in(&arena);
            push_length(&mut out, length);
            assert_eq!(out.as_slice(), bytes, "{length}");
        }
    }
}
