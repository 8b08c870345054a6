//! Fetches over the TLS hello of a connection that is relayed unread (manual, section 7.3.5).

use super::super::arg::Arg;
use super::super::context::{Context, Cursor, Fetched};
use super::super::tls_hello::{ClientHello, Parsed, hello_type, parse_client_hello};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};

/// What the client's hello says. A hello in one record, as clients send it, is read in
/// place; only one that is cut into several is put together first.
fn hello<'a>(
    context: &Context<'a>,
    find: impl FnOnce(&ClientHello<'_>) -> Option<Sample<'a>>,
) -> Fetched<'a> {
    let mut joined = Vec::new();
    match parse_client_hello(context.request_bytes(), &mut joined) {
        Parsed::Complete(hello) => find(&hello).into(),
        Parsed::NeedMore => context.not_yet(),
        Parsed::Invalid => Fetched::Missing,
    }
}

fn sni<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    hello(context, |hello| {
        let name = hello.server_name()?;
        Some(Sample::Str(context.arena.alloc_slice_copy(name)))
    })
}

/// The first protocol; an ACL goes over all of them.
fn alpn<'a>(context: &Context<'a>, _args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    hello(context, |hello| {
        let skipped = if cursor.walks { cursor.given } else { 0 };
        let name = hello.alpn().nth(skipped)?;
        cursor.has_more = cursor.walks;
        Some(Sample::Str(context.arena.alloc_slice_copy(name)))
    })
}

fn version<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    hello(context, |hello| {
        let version = i64::from(hello.version);
        Some(Sample::Int(((version >> 8) << 16) + (version & 0xff)))
    })
}

fn elliptic<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    hello(context, |hello| {
        Some(Sample::Bool(hello.extension(SUPPORTED_GROUPS).is_some()))
    })
}

/// 0 without the extension for tickets, 1 with it, 2 with a ticket in it.
fn ticket<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    hello(context, |hello| {
        Some(Sample::Int(match hello.extension(SESSION_TICKET) {
            None => 0,
            Some([]) => 1,
            Some(_) => 2,
        }))
    })
}

fn kind<'a>(context: &Context<'a>, bytes: &'a [u8]) -> Fetched<'a> {
    match hello_type(bytes) {
        Parsed::Complete(kind) => Fetched::Found(Sample::Int(i64::from(kind))),
        Parsed::NeedMore => context.not_yet(),
        Parsed::Invalid => Fetched::Missing,
    }
}

/// A client's hello counts once it is whole.
fn request_kind<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match hello(context, |_| Some(Sample::Int(CLIENT_HELLO))) {
        Fetched::Missing => kind(context, context.request_bytes()),
        found => found,
    }
}

fn response_kind<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    kind(context, context.response_bytes())
}

/// RFC 8446, section 4.
const CLIENT_HELLO: i64 = 1;
/// RFC 8422, section 5.1.1.
const SUPPORTED_GROUPS: u16 = 10;
/// RFC 5077, section 3.2.
const SESSION_TICKET: u16 = 35;

const REQ: Needs = Needs::REQUEST_BYTES;
const RES: Needs = Needs::RESPONSE_BYTES;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("rep_ssl_hello_type", Type::Int, RES, response_kind).doc("As res.ssl_hello_type."),
    Fetch::new("req.ssl_alpn", Type::Str, REQ, alpn)
        .doc("The protocols that the client's TLS hello offers."),
    Fetch::new("req.ssl_ec_ext", Type::Bool, REQ, elliptic)
        .doc("True when the client's TLS hello names elliptic curves."),
    Fetch::new("req.ssl_hello_type", Type::Int, REQ, request_kind)
        .doc("The type of the client's TLS hello: 1 is a ClientHello."),
    Fetch::new("req.ssl_sni", Type::Str, REQ, sni)
        .doc("The host that the client's TLS hello names."),
    Fetch::new("req.ssl_st_ext", Type::Int, REQ, ticket)
        .doc("0 without tickets in the client's TLS hello, 1 with the extension, 2 with one."),
    Fetch::new("req.ssl_ver", Type::Int, REQ, version)
        .doc("The version of the client's TLS hello: major times 65536 plus minor."),
    Fetch::new("req_ssl_hello_type", Type::Int, REQ, request_kind).doc("As req.ssl_hello_type."),
    Fetch::new("req_ssl_sni", Type::Str, REQ, sni).doc("As req.ssl_sni."),
    Fetch::new("req_ssl_ver", Type::Int, REQ, version).doc("As req.ssl_ver."),
    Fetch::new("res.ssl_hello_type", Type::Int, RES, response_kind)
        .doc("The type of the server's TLS hello: 2 is a ServerHello."),
];
