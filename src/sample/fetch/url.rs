//! Fetches over the URL of a request (manual, section 7.3.6).

use bumpalo::collections::Vec as ArenaVec;

use super::super::arg::{Arg, ArgKind, ArgSpec, text_at};
use super::super::compute::hash::{avalanche, sdbm};
use super::super::context::{Context, Cursor, Fetched, MessageView};
use super::super::language::Language;
use super::super::value::{Sample, Type, parse_int};
use super::address::source_octets;
use super::http::{Message, find, request};
use super::{Fetch, Needs};
use crate::http::known::KnownHeader;
use crate::http::uri::parameters::{Parameters, parameter_list};
use crate::http::uri::{UriParts, query, split_at_path};

fn text(text: &[u8]) -> Option<Sample<'_>> {
    (!text.is_empty()).then_some(Sample::Str(text))
}

fn path<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| text(path_of(message)))
}

fn path_and_query<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        text(split_at_path(message.head.uri()).1)
    })
}

fn url<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        Some(Sample::Str(message.head.uri()))
    })
}

fn query_string<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        query(message.head.uri()).map(Sample::Str)
    })
}

fn url_ip<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        let address = UriParts::parse(message.head.uri()).address()?;
        Some(Sample::of_ip(address))
    })
}

fn url_port<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        let parts = UriParts::parse(message.head.uri());
        // A name is not resolved, and has no port either.
        parts.address()?;
        Some(Sample::Int(i64::from(parts.port()?)))
    })
}

fn path_of(message: MessageView<'_>) -> &[u8] {
    let path = split_at_path(message.head.uri()).1;
    let end = memchr::memchr(b'?', path).unwrap_or(path.len());
    path.get(..end).unwrap_or_default()
}

/// The first host header and what of the URL belongs to it.
#[derive(Clone, Copy)]
struct Base<'a> {
    host: &'a [u8],
    path: &'a [u8],
}

impl<'a> Base<'a> {
    fn new(message: MessageView<'a>, path: &'a [u8]) -> Self {
        Self {
            host: message.head.value(KnownHeader::Host).unwrap_or_default(),
            path: match path.first() {
                Some(b'/') => path,
                _ => &[],
            },
        }
    }

    fn joined(self, context: &Context<'a>) -> &'a [u8] {
        let room = self.host.len() + self.path.len();
        let mut out = ArenaVec::with_capacity_in(room, context.arena);
        out.extend_from_slice(self.host);
        out.extend_from_slice(self.path);
        out.into_bump_slice()
    }

    fn hash(self, context: &Context<'a>) -> u32 {
        avalanche(sdbm(self.joined(context)))
    }

    /// The hash and the client's address.
    fn hash_and_source(self, context: &Context<'a>) -> Option<Sample<'a>> {
        let mut out = ArenaVec::with_capacity_in(HASH_AND_SOURCE_MAX, context.arena);
        out.extend_from_slice(&self.hash(context).to_be_bytes());
        source_octets(context, &mut out)?;
        Some(Sample::Bin(out.into_bump_slice()))
    }
}

/// Host and path.
fn base_of(message: MessageView<'_>) -> Base<'_> {
    Base::new(message, path_of(message))
}

/// Host, path and query.
fn full_base_of(message: MessageView<'_>) -> Base<'_> {
    Base::new(message, split_at_path(message.head.uri()).1)
}

fn base<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        Some(Sample::Str(base_of(message).joined(context)))
    })
}

fn base_and_query<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        Some(Sample::Str(full_base_of(message).joined(context)))
    })
}

fn base_hash<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        Some(Sample::Int(i64::from(base_of(message).hash(context))))
    })
}

fn url_hash<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        Some(Sample::Int(i64::from(full_base_of(message).hash(context))))
    })
}

fn base_hash_and_source<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        base_of(message).hash_and_source(context)
    })
}

fn url_hash_and_source<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        full_base_of(message).hash_and_source(context)
    })
}

/// The value of the parameter that `args` name, the first one without a name. A walk goes
/// over all of them; its place counts the bytes gone over.
pub(super) fn parameter<'a>(
    list: &'a [u8],
    parameters: impl FnOnce(&'a [u8]) -> Parameters<'a>,
    args: &'a [Arg],
    cursor: &mut Cursor,
) -> Option<&'a [u8]> {
    let name = text_at(args, 0).filter(|name| !name.is_empty());
    let ignore_case = text_at(args, 2).is_some();
    let mut all = parameters(list.get(cursor.place.1..)?);
    while let Some((found, value)) = all.next() {
        let is_wanted = match name {
            None => true,
            Some(name) if ignore_case => found.eq_ignore_ascii_case(name),
            Some(name) => found == name,
        };
        if let Some(value) = value.filter(|_| is_wanted) {
            if cursor.walks
                && let Some(rest) = all.rest()
            {
                cursor.place.1 = list.len().saturating_sub(rest.len());
                cursor.has_more = true;
            }
            return Some(value);
        }
    }
    None
}

fn url_parameter<'a>(
    message: Message<'a>,
    args: &'a [Arg],
    cursor: &mut Cursor,
) -> Result<Option<&'a [u8]>, Fetched<'a>> {
    let message = message?;
    let delimiter = text_at(args, 1).and_then(|text| text.first().copied());
    let delimiter = delimiter.unwrap_or(b'?');
    let Some(list) = parameter_list(message.head.uri(), delimiter) else {
        return Ok(None);
    };
    let all = |list| Parameters::of_url(list, delimiter);
    Ok(parameter(list, all, args, cursor))
}

fn url_param<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    match url_parameter(request(context), args, cursor) {
        Ok(value) => value.map(Sample::Str).into(),
        Err(absent) => absent,
    }
}

fn url_param_number<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    cursor: &mut Cursor,
) -> Fetched<'a> {
    match url_parameter(request(context), args, cursor) {
        Ok(value) => value
            .map(|text| Sample::Int(parse_int(text).unwrap_or(0)))
            .into(),
        Err(absent) => absent,
    }
}

/// The third argument of parameters, when there is one, says that case does not count.
pub(super) fn check_parameter(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    if text_at(args, 1).is_some_and(|delimiter| delimiter.len() > 1) {
        return Err(String::from("the delimiter is one character"));
    }
    match text_at(args, 2) {
        None | Some(b"i") => Ok(()),
        Some(_) => Err(String::from(
            "'i' for any case of letters is all that may follow",
        )),
    }
}

/// Four bytes of a hash and an IPv6 address.
const HASH_AND_SOURCE_MAX: usize = 20;

const PARAMETER: ArgSpec = ArgSpec::some(0, &[ArgKind::Str, ArgKind::Str, ArgKind::Str]);
const HEAD: Needs = Needs::REQUEST_HEAD;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("base", Type::Str, HEAD, base).doc("The first Host header and the path."),
    Fetch::new("base32", Type::Int, HEAD, base_hash).doc("A hash of base, 32 bits."),
    Fetch::new("base32+src", Type::Bin, HEAD, base_hash_and_source)
        .doc("The hash base32 and the client's address."),
    Fetch::new("baseq", Type::Str, HEAD, base_and_query)
        .doc("The first Host header, the path and the query."),
    Fetch::new("path", Type::Str, HEAD, path).doc("The path of the URL, without the query."),
    Fetch::new("pathq", Type::Str, HEAD, path_and_query).doc("The path and query of the URL."),
    Fetch::new("query", Type::Str, HEAD, query_string)
        .doc("What follows the first question mark of the URL."),
    Fetch::new("url", Type::Str, HEAD, url).doc("The URL as it stands in the request line."),
    Fetch::new("url32", Type::Int, HEAD, url_hash)
        .doc("A hash of the first Host header, path and query, 32 bits."),
    Fetch::new("url32+src", Type::Bin, HEAD, url_hash_and_source)
        .doc("The hash url32 and the client's address."),
    Fetch::new("url_ip", Type::Addr, HEAD, url_ip)
        .doc("The address that stands as host in the URL."),
    Fetch::new("url_param", Type::Str, HEAD, url_param)
        .args(PARAMETER, "url_param([<name>[,<delim>[,i]]])")
        .checked(check_parameter)
        .doc("The value of a parameter of the URL."),
    Fetch::new("url_port", Type::Int, HEAD, url_port)
        .doc("The port of the address in the URL, 80 without one."),
    Fetch::new("urlp", Type::Str, HEAD, url_param)
        .args(PARAMETER, "urlp([<name>[,<delim>[,i]]])")
        .checked(check_parameter)
        .doc("As url_param."),
    Fetch::new("urlp_val", Type::Int, HEAD, url_param_number)
        .args(PARAMETER, "urlp_val([<name>[,<delim>[,i]]])")
        .checked(check_parameter)
        .doc("The value of a parameter of the URL as a number."),
];
