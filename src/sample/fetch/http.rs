//! Fetches over the heads of requests and responses (manual, section 7.3.6).

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at, text_at};
use super::super::context::{Context, Cursor, Direction, Fetched, MessageView};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::http::head::Elements;

/// The request's head, for fetches that exist in requests only.
fn request<'a>(context: &Context<'a>) -> Result<MessageView<'a>, Fetched<'a>> {
    context.request.ok_or(match context.direction {
        Direction::Request => context.not_yet(),
        Direction::Response => Fetched::Missing,
    })
}

fn response<'a>(context: &Context<'a>) -> Result<MessageView<'a>, Fetched<'a>> {
    context.response.ok_or(match context.direction {
        Direction::Request => Fetched::Missing,
        Direction::Response => context.not_yet(),
    })
}

fn path<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match request(context) {
        Ok(message) => found_text(message.head.path()),
        Err(absent) => absent,
    }
}

fn url<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match request(context) {
        Ok(message) => Fetched::Found(Sample::Str(message.head.uri())),
        Err(absent) => absent,
    }
}

fn method<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match request(context) {
        Ok(message) => Fetched::Found(Sample::Method(message.head.method_name())),
        Err(absent) => absent,
    }
}

fn status<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match response(context) {
        Ok(message) => Fetched::Found(Sample::Int(i64::from(message.head.head().status()))),
        Err(absent) => absent,
    }
}

fn request_header<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    match request(context) {
        Ok(message) => header_element(message, args, cursor),
        Err(absent) => absent,
    }
}

fn response_header<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    match response(context) {
        Ok(message) => header_element(message, args, cursor),
        Err(absent) => absent,
    }
}

fn header<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    match context.direction {
        Direction::Request => request_header(context, args, cursor),
        Direction::Response => response_header(context, args, cursor),
    }
}

/// One comma-separated element of a header: the one that the arguments number, the next one
/// of a walk, or the last.
fn header_element<'a>(
    message: MessageView<'a>,
    args: &'a [Arg],
    cursor: &mut Cursor,
) -> Fetched<'a> {
    let name = text_at(args, 0).unwrap_or_default();
    let mut elements = message.head.values_named(name).flat_map(Elements::of);
    let wanted = match int_at(args, 1) {
        Some(occurrence) => occurrence,
        None if cursor.walks => {
            let mut rest = elements.skip(cursor.given);
            let found = rest.next();
            cursor.has_more = found.is_some() && rest.next().is_some();
            return found.map(Sample::Str).into();
        }
        None => -1,
    };
    let found = match usize::try_from(wanted) {
        Ok(0) => elements.last(),
        Ok(index) => elements.nth(index - 1),
        Err(_) => {
            let back = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
            let count = message
                .head
                .values_named(name)
                .flat_map(Elements::of)
                .count();
            count
                .checked_sub(back)
                .and_then(|index| elements.nth(index))
        }
    };
    found.map(Sample::Str).into()
}

const fn found_text(text: &[u8]) -> Fetched<'_> {
    if text.is_empty() {
        return Fetched::Missing;
    }
    Fetched::Found(Sample::Str(text))
}

const HEADER_ARGS: ArgSpec = ArgSpec::some(0, &[ArgKind::Str, ArgKind::Int]);

pub(super) static FETCHES: &[Fetch] = &[
    Fetch {
        name: "hdr",
        args: HEADER_ARGS,
        output: Type::Str,
        needs: Needs::NOTHING,
        usage: "hdr([<name>[,<occ>]])",
        doc: "An element of a header of the request, or of the response in its rules.",
        check: None,
        run: header,
    },
    Fetch {
        name: "method",
        args: ArgSpec::NONE,
        output: Type::Method,
        needs: Needs::REQUEST_HEAD,
        usage: "method",
        doc: "The method of the request.",
        check: None,
        run: method,
    },
    Fetch {
        name: "path",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::REQUEST_HEAD,
        usage: "path",
        doc: "The path of the request's URL, without the query.",
        check: None,
        run: path,
    },
    Fetch {
        name: "req.hdr",
        args: HEADER_ARGS,
        output: Type::Str,
        needs: Needs::REQUEST_HEAD,
        usage: "req.hdr([<name>[,<occ>]])",
        doc: "An element of a header of the request.",
        check: None,
        run: request_header,
    },
    Fetch {
        name: "res.hdr",
        args: HEADER_ARGS,
        output: Type::Str,
        needs: Needs::RESPONSE_HEAD,
        usage: "res.hdr([<name>[,<occ>]])",
        doc: "An element of a header of the response.",
        check: None,
        run: response_header,
    },
    Fetch {
        name: "status",
        args: ArgSpec::NONE,
        output: Type::Int,
        needs: Needs::RESPONSE_HEAD,
        usage: "status",
        doc: "The status of the response.",
        check: None,
        run: status,
    },
    Fetch {
        name: "url",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::REQUEST_HEAD,
        usage: "url",
        doc: "The URL of the request as it stands in the request line.",
        check: None,
        run: url,
    },
];
