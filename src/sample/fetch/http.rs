//! Fetches over start lines, and how all HTTP fetches reach their message (manual, section
//! 7.3.6).
//!
//! Invariant: a message whose head is not here is "not yet" to the rules of its own
//! direction and missing to the others.

use super::super::arg::Arg;
use super::super::context::{Context, Cursor, Direction, Fetched, MessageView};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::session::SessionFlags;

/// The message that a fetch looks into, or why there is none.
pub(super) type Message<'a> = Result<MessageView<'a>, Fetched<'a>>;

/// The request, for fetches that exist in requests only.
pub(super) fn request<'a>(context: &Context<'a>) -> Message<'a> {
    context.request.ok_or(match context.direction {
        Direction::Request if context.core.peeked.is_other() => Fetched::Missing,
        Direction::Request => context.not_yet(),
        Direction::Response => Fetched::Missing,
    })
}

/// The response, for fetches that exist in responses only.
pub(super) fn response<'a>(context: &Context<'a>) -> Message<'a> {
    context.response.ok_or(match context.direction {
        Direction::Request => Fetched::Missing,
        Direction::Response => context.not_yet(),
    })
}

/// The message whose rules run.
pub(super) fn current<'a>(context: &Context<'a>) -> Message<'a> {
    match context.direction {
        Direction::Request => request(context),
        Direction::Response => response(context),
    }
}

/// What is found in a message.
pub(super) fn find<'a>(
    message: Message<'a>,
    find: impl FnOnce(MessageView<'a>) -> Option<Sample<'a>>,
) -> Fetched<'a> {
    match message {
        Ok(message) => find(message).into(),
        Err(absent) => absent,
    }
}

/// The method of the request, which stays known when the request is gone.
fn kept_method<'a>(context: &Context<'a>) -> Option<&'a [u8]> {
    let line = &context.session?.transaction.as_deref()?.request_line;
    let (method, _) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
    Some(method)
}

fn method<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    if let Some(message) = context.request {
        return Fetched::Found(Sample::Method(message.head.method_name()));
    }
    match kept_method(context) {
        Some(method) => Fetched::Found(Sample::Method(method)),
        None => context.not_yet(),
    }
}

fn status<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(response(context), |message| {
        Some(Sample::Int(i64::from(message.head.head().status())))
    })
}

/// What stands behind the slash of `HTTP/1.1`.
fn number_of(version: &[u8]) -> Option<Sample<'_>> {
    let slash = memchr::memchr(b'/', version)?;
    version.get(slash + 1..).map(Sample::Str)
}

fn request_version<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        number_of(message.head.version_name())
    })
}

fn response_version<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(response(context), |message| {
        let line = message.head.start_line();
        number_of(line.split(|&byte| byte == b' ').next()?)
    })
}

fn first_request<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let is_first = |session: &crate::session::Session| {
        Sample::Bool(session.flags.any(SessionFlags::FIRST_REQUEST))
    };
    context.session.map(is_first).into()
}

/// True once a request was parsed; false when there will be none.
fn is_http<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let is_parsed = context.request.is_some() || kept_method(context).is_some();
    match (
        is_parsed,
        context.is_final || context.core.peeked.is_other(),
    ) {
        (true, _) => Fetched::Found(Sample::Bool(true)),
        (false, true) => Fetched::Found(Sample::Bool(false)),
        (false, false) => Fetched::NotYet,
    }
}

const EITHER: Needs = Needs::REQUEST_HEAD.and(Needs::TRANSACTION);

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new(
        "http_first_req",
        Type::Bool,
        Needs::TRANSACTION,
        first_request,
    )
    .doc("True for the first request of its connection."),
    Fetch::new("method", Type::Method, EITHER, method).doc("The method of the request."),
    Fetch::new("req.proto_http", Type::Bool, EITHER, is_http)
        .doc("True when the request is HTTP, which is known once its head is complete."),
    Fetch::new("req.ver", Type::Str, Needs::REQUEST_HEAD, request_version)
        .doc("The version of the request: 1.1."),
    Fetch::new("req_proto_http", Type::Bool, EITHER, is_http).doc("As req.proto_http."),
    Fetch::new("req_ver", Type::Str, Needs::REQUEST_HEAD, request_version).doc("As req.ver."),
    Fetch::new("res.ver", Type::Str, Needs::RESPONSE_HEAD, response_version)
        .doc("The version of the response: 1.1."),
    Fetch::new(
        "resp_ver",
        Type::Str,
        Needs::RESPONSE_HEAD,
        response_version,
    )
    .doc("As res.ver."),
    Fetch::new("status", Type::Int, Needs::RESPONSE_HEAD, status)
        .doc("The status of the response."),
];
