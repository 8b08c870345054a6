//! Fetches over bodies as far as they are here (manual, section 7.3.6).
//!
//! Chunks are put together in the arena. `option http-buffer-request` waits until there is
//! something to see.

use bumpalo::collections::Vec as ArenaVec;

use super::super::arg::{Arg, ArgKind, ArgSpec};
use super::super::context::{Context, Cursor, Direction, Fetched, MessageView};
use super::super::value::{Sample, Type};
use super::http::{Message, find, request, response};
use super::url::parameter;
use super::{Fetch, Needs};
use crate::http::chunk::data_pieces;
use crate::http::compression::Algorithm;
use crate::http::framing::BodyLength;
use crate::http::uri::parameters::Parameters;

/// What is here of the body, without the coding of the transfer.
fn data<'a>(context: &Context<'a>, message: MessageView<'a>) -> &'a [u8] {
    if !message.is_chunked {
        return message.body;
    }
    let mut out = ArenaVec::with_capacity_in(message.body.len(), context.arena);
    for piece in data_pieces(message.body) {
        out.extend_from_slice(piece);
    }
    out.into_bump_slice()
}

fn data_len(message: MessageView<'_>) -> usize {
    match message.is_chunked {
        false => message.body.len(),
        true => data_pieces(message.body).map(<[u8]>::len).sum(),
    }
}

fn number(count: u64) -> Option<Sample<'static>> {
    Some(Sample::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn body<'a>(context: &Context<'a>, message: Message<'a>) -> Fetched<'a> {
    find(message, |message| Some(Sample::Bin(data(context, message))))
}

fn available<'a>(message: Message<'a>) -> Fetched<'a> {
    find(message, |message| number(data_len(message) as u64))
}

/// The length that the head tells, or what is here of a body that ends in its own way.
fn announced<'a>(context: &Context<'a>, message: Message<'a>, direction: Direction) -> Fetched<'a> {
    let transaction = context
        .session
        .and_then(|session| session.transaction.as_deref());
    let length = transaction.map(|transaction| match direction {
        Direction::Request => transaction.request.body,
        Direction::Response => transaction.response.body,
    });
    find(message, |message| match length {
        Some(BodyLength::Length(length)) => number(length),
        _ => number(data_len(message) as u64),
    })
}

fn request_body<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    body(context, request(context))
}

fn response_body<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    body(context, response(context))
}

fn request_len<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    available(request(context))
}

fn response_len<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    available(response(context))
}

fn request_size<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    announced(context, request(context), Direction::Request)
}

fn response_size<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    announced(context, response(context), Direction::Response)
}

fn body_param<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        let list = data(context, message);
        parameter(list, Parameters::of_body, args, cursor).map(Sample::Str)
    })
}

/// What the response is compressed with here.
fn compression<'a>(context: &Context<'a>) -> Option<Algorithm> {
    let transaction = context.session?.transaction.as_deref()?;
    transaction.compression.in_use()
}

fn is_compressed<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(compression(context).is_some()))
}

fn algorithm<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    compression(context)
        .map(|algorithm| Sample::Str(algorithm.token()))
        .into()
}

const PARAMETER: ArgSpec = ArgSpec::some(0, &[ArgKind::Str]);

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("req.body", Type::Bin, Needs::REQUEST_BODY, request_body)
        .doc("What is here of the request's body."),
    Fetch::new("req.body_len", Type::Int, Needs::REQUEST_BODY, request_len)
        .doc("How much is here of the request's body, in bytes."),
    Fetch::new("req.body_param", Type::Str, Needs::REQUEST_BODY, body_param)
        .args(PARAMETER, "req.body_param([<name>])")
        .doc("The value of a parameter of a urlencoded body."),
    Fetch::new(
        "req.body_size",
        Type::Int,
        Needs::REQUEST_BODY,
        request_size,
    )
    .doc("The length of the request's body as announced, in bytes."),
    Fetch::new("res.body", Type::Bin, Needs::RESPONSE_BODY, response_body)
        .doc("What is here of the response's body."),
    Fetch::new(
        "res.body_len",
        Type::Int,
        Needs::RESPONSE_BODY,
        response_len,
    )
    .doc("How much is here of the response's body, in bytes."),
    Fetch::new(
        "res.body_size",
        Type::Int,
        Needs::RESPONSE_BODY,
        response_size,
    )
    .doc("The length of the response's body as announced, in bytes."),
    Fetch::new("res.comp", Type::Bool, Needs::RESPONSE_HEAD, is_compressed)
        .doc("True when the response is compressed here."),
    Fetch::new("res.comp_algo", Type::Str, Needs::RESPONSE_HEAD, algorithm)
        .doc("What the response is compressed with here: gzip or deflate."),
];
