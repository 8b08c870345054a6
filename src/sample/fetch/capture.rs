//! Fetches over what was kept of a request and its response: captures, the request line, the
//! unique-id (manual, section 7.3.6). They work wherever the transaction is known, log lines
//! included.

use bumpalo::collections::Vec as ArenaVec;

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at};
use super::super::context::{Context, Cursor, Fetched};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::http::uri::split_at_path;
use crate::session::transaction::Transaction;

fn transaction<'a>(context: &Context<'a>) -> Option<&'a Transaction> {
    context.session?.transaction.as_deref()
}

/// The value of a slot; nothing when it is empty.
fn slot<'a>(values: &'a [Vec<u8>], args: &[Arg]) -> Option<&'a [u8]> {
    let index = usize::try_from(int_at(args, 0)?).ok()?;
    let value = values.get(index)?.as_slice();
    (!value.is_empty()).then_some(value)
}

fn request_header<'a>(context: &Context<'a>, args: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let values = transaction(context).map(|known| known.captures.of_request());
    let value = values.and_then(|values| slot(values, args));
    value.map(Sample::Str).into()
}

fn response_header<'a>(context: &Context<'a>, args: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let values = transaction(context).map(|known| known.captures.of_response());
    let value = values.and_then(|values| slot(values, args));
    value.map(Sample::Str).into()
}

/// A word of the request line as the client sent it, by its place.
fn request_word<'a>(context: &Context<'a>, place: usize) -> Option<&'a [u8]> {
    let line = transaction(context)?.request_line.as_slice();
    let word = line.splitn(3, |byte| *byte == b' ').nth(place)?;
    (!word.is_empty()).then_some(word)
}

fn method<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    request_word(context, 0).map(Sample::Str).into()
}

fn uri<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let path = request_word(context, 1).map(|uri| split_at_path(uri).1);
    let path = path.filter(|path| !path.is_empty());
    path.map(Sample::Str).into()
}

fn request_version<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let word = request_word(context, 2).map(|word| -> &'static [u8] {
        match word {
            b"HTTP/1.1" => b"HTTP/1.1",
            _ => b"HTTP/1.0",
        }
    });
    word.map(Sample::Str).into()
}

fn response_version<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    use crate::http::head::Version;
    let Some(known) = transaction(context).filter(|known| known.response.head.status() > 0) else {
        return Fetched::Missing;
    };
    Fetched::Found(Sample::Str(match known.response.head.version() {
        Version::Http10 => b"HTTP/1.0",
        Version::Http11 => b"HTTP/1.1",
    }))
}

/// The unique-id; made on the spot where none is kept yet.
fn unique_id<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let Some(session) = context.session else {
        return Fetched::Missing;
    };
    if let Some(known) = transaction(context)
        && !known.unique_id.is_empty()
    {
        return Fetched::Found(Sample::Str(&known.unique_id));
    }
    let frontend = context.core.config.proxy(session.frontend);
    let Some(format) = frontend.unique_id.format.as_deref() else {
        return Fetched::Missing;
    };
    let mut out = ArenaVec::new_in(context.arena);
    format.append(context, &mut out);
    Fetched::Found(Sample::Str(out.into_bump_slice()))
}

fn reason<'a>(context: &Context<'a>, _: &'a [Arg], _: &mut Cursor) -> Fetched<'a> {
    let word = transaction(context).and_then(|known| known.reason);
    word.map(|word| Sample::Str(word.as_bytes())).into()
}

const SLOT: ArgSpec = ArgSpec::all(&[ArgKind::Int]);

/// Sorted by name.
pub(super) static FETCHES: &[Fetch] = &[
    Fetch {
        name: "capture.req.hdr",
        args: SLOT,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "capture.req.hdr(<slot>)",
        doc: "What a slot captured of the request; the first slot is 0.",
        check: None,
        run: request_header,
    },
    Fetch {
        name: "capture.req.method",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "capture.req.method",
        doc: "The method that the client sent, also when the request is gone.",
        check: None,
        run: method,
    },
    Fetch {
        name: "capture.req.uri",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "capture.req.uri",
        doc: "The path and query that the client sent, also when the request is gone.",
        check: None,
        run: uri,
    },
    Fetch {
        name: "capture.req.ver",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "capture.req.ver",
        doc: "The version of the request, HTTP/1.0 or HTTP/1.1, also when it is gone.",
        check: None,
        run: request_version,
    },
    Fetch {
        name: "capture.res.hdr",
        args: SLOT,
        output: Type::Str,
        needs: Needs::RESPONSE_BYTES.and(Needs::SERVER),
        usage: "capture.res.hdr(<slot>)",
        doc: "What a slot captured of the response; the first slot is 0.",
        check: None,
        run: response_header,
    },
    Fetch {
        name: "capture.res.ver",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "capture.res.ver",
        doc: "The version of the response, HTTP/1.0 or HTTP/1.1, also when it is gone.",
        check: None,
        run: response_version,
    },
    Fetch {
        name: "unique-id",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::NOTHING,
        usage: "unique-id",
        doc: "What 'unique-id-format' makes of the request.",
        check: None,
        run: unique_id,
    },
    Fetch {
        name: "weir.reason",
        args: ArgSpec::NONE,
        output: Type::Str,
        needs: Needs::TRANSACTION,
        usage: "weir.reason",
        doc: "Why the request or its response was refused, one word; nothing when it was not.",
        check: None,
        run: reason,
    },
];
