//! Fetches over both connections and what serves them: listener, frontend, backend, server
//! (manual, section 7.3.3).

use super::super::arg::Arg;
use super::super::context::{Context, Cursor, Fetched};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::config::model::{Bind, Proxy};
use crate::net::listener::{Listener, Origin};
use crate::session::Session;
use crate::session::analyser::AnalyserSet;
use crate::session::interface::InterfaceError;

fn number<'a>(number: impl Into<i64>) -> Sample<'a> {
    Sample::Int(number.into())
}

fn frontend<'a>(context: &Context<'a>) -> &'a Proxy {
    let session = context.session.map(|session| session.frontend);
    context.core.config.proxy(session.unwrap_or(context.proxy))
}

fn backend<'a>(context: &Context<'a>) -> &'a Proxy {
    let session = context.session.map(|session| session.backend);
    context.core.config.proxy(session.unwrap_or(context.proxy))
}

fn listener<'a>(context: &Context<'a>) -> Option<&'a Listener> {
    context.core.listeners.get(context.session?.listener)
}

fn bind<'a>(context: &Context<'a>) -> Option<&'a Bind> {
    match listener(context)?.origin {
        Origin::Bind(bind) => Some(context.core.config.bind(bind)),
        Origin::StatsSocket(_) => None,
    }
}

/// The session once its server is connected.
fn connected<'a>(context: &Context<'a>) -> Option<&'a Session> {
    context
        .session
        .filter(|session| session.server_side.fd().is_some())
}

/// Both ends speak HTTP/1 here.
fn http_major<'a>(session: Option<&'a Session>) -> Fetched<'a> {
    session.map(|_| Sample::Int(1)).into()
}

fn fc_http_major<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    http_major(context.session)
}

fn bc_http_major<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    http_major(connected(context))
}

/// A session is made of a connection that did not fail.
fn fc_err<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    context.session.map(|_| number(NO_ERROR.0)).into()
}

fn fc_err_str<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let text = NO_ERROR.1.as_bytes();
    context.session.map(|_| Sample::Str(text)).into()
}

/// Number and text of what is wrong with the server's connection.
fn server_error(context: &Context<'_>) -> Option<(i64, &'static str)> {
    let side = &context.session?.server_side;
    match side.error {
        InterfaceError::ConnectError => Some((6, "General socket error")),
        InterfaceError::ConnectResource => Some((4, "Out of system buffers")),
        InterfaceError::ConnectOther => Some((9, "Out of local source ports on the system")),
        _ => side.fd().map(|_| NO_ERROR),
    }
}

fn bc_err<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    server_error(context).map(|(code, _)| number(code)).into()
}

fn bc_err_str<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let text = server_error(context).map(|(_, text)| text.as_bytes());
    text.map(Sample::Str).into()
}

fn fc_rcvd_proxy<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let received = |session: &'a Session| {
        let listener = listener(context)?;
        let waits = session.request.analysers.any(AnalyserSet::PROXY);
        Some(Sample::Bool(listener.options.accept_proxy && !waits))
    };
    context.session.and_then(received).into()
}

fn fc_pp_authority<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    let header = context
        .session
        .and_then(|session| session.proxy_header.as_deref());
    let text = header.and_then(|header| header.authority.as_deref());
    text.map(Sample::Str).into()
}

fn fc_pp_unique_id<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    let header = context
        .session
        .and_then(|session| session.proxy_header.as_deref());
    let text = header.and_then(|header| header.unique_id.as_deref());
    text.map(Sample::Str).into()
}

fn dst_conn<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    listener(context)
        .map(|listener| number(listener.connections))
        .into()
}

fn so_id<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    bind(context).map(|bind| number(bind.numeric_id)).into()
}

fn so_name<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let name = bind(context).and_then(|bind| bind.name.as_deref());
    name.map(|name| Sample::Str(name.as_bytes())).into()
}

fn fe_id<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(number(frontend(context).numeric_id))
}

fn fe_name<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Str(frontend(context).name.as_bytes()))
}

fn fe_defbe<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let session = context.session.map(|session| session.frontend);
    let own = session.unwrap_or(context.proxy);
    let default = frontend(context)
        .default_backend
        .filter(|proxy| *proxy != own);
    let name = default.map(|proxy| context.core.config.proxy(proxy).name.as_bytes());
    name.map(Sample::Str).into()
}

fn fe_client_timeout<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    Fetched::Found(number(frontend(context).timeouts.client_ms))
}

fn be_id<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(number(backend(context).numeric_id))
}

fn be_name<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Str(backend(context).name.as_bytes()))
}

fn be_server_timeout<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    Fetched::Found(number(backend(context).timeouts.server_ms))
}

fn be_tunnel_timeout<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    Fetched::Found(number(backend(context).timeouts.tunnel_ms))
}

/// The timeout in force, which a rule may have set.
fn cur_server_timeout<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    let timeout = |session: &Session| number(session.response.read_timeout_ms);
    context.session.map(timeout).into()
}

fn cur_tunnel_timeout<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    let chosen = context
        .session
        .filter(|session| session.flags.any(crate::session::SessionFlags::BE_ASSIGNED));
    let tunnel_ms = match chosen {
        Some(_) => backend(context).timeouts.tunnel_ms,
        None => 0,
    };
    Fetched::Found(number(tunnel_ms))
}

fn srv_id<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let server = context.session.and_then(|session| session.server);
    let id = server.map(|server| context.core.config.server(server).numeric_id);
    id.map(number).into()
}

fn srv_name<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let server = context.session.and_then(|session| session.server);
    let name = server.map(|server| context.core.config.server(server).name.as_bytes());
    name.map(Sample::Str).into()
}

/// What the manual calls a connection without error.
const NO_ERROR: (i64, &str) = (0, "Success");

const CLIENT: Needs = Needs::CLIENT;
const BACKEND: Needs = Needs::BACKEND;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("bc_err", Type::Int, Needs::SERVER, bc_err)
        .doc("Number of the error of the server's connection, 0 without one."),
    Fetch::new("bc_err_str", Type::Str, Needs::SERVER, bc_err_str)
        .doc("The error of the server's connection in words."),
    Fetch::new("bc_http_major", Type::Int, Needs::SERVER, bc_http_major)
        .doc("Major version of HTTP on the server's connection."),
    Fetch::new("be_id", Type::Int, BACKEND, be_id).doc("The backend's id."),
    Fetch::new("be_name", Type::Str, BACKEND, be_name).doc("The backend's name."),
    Fetch::new("be_server_timeout", Type::Int, BACKEND, be_server_timeout)
        .doc("The backend's timeout of servers, in milliseconds."),
    Fetch::new("be_tunnel_timeout", Type::Int, BACKEND, be_tunnel_timeout)
        .doc("The backend's timeout of tunnels, in milliseconds."),
    Fetch::new("cur_server_timeout", Type::Int, BACKEND, cur_server_timeout)
        .doc("The timeout of the server in force, in milliseconds."),
    Fetch::new("cur_tunnel_timeout", Type::Int, BACKEND, cur_tunnel_timeout)
        .doc("The timeout of tunnels in force, in milliseconds."),
    Fetch::new("dst_conn", Type::Int, CLIENT, dst_conn).doc("Connections that the listener holds."),
    Fetch::new("fc_err", Type::Int, CLIENT, fc_err)
        .doc("Number of the error of the client's connection, 0 without one."),
    Fetch::new("fc_err_str", Type::Str, CLIENT, fc_err_str)
        .doc("The error of the client's connection in words."),
    Fetch::new("fc_http_major", Type::Int, CLIENT, fc_http_major)
        .doc("Major version of HTTP on the client's connection."),
    Fetch::new("fc_pp_authority", Type::Str, CLIENT, fc_pp_authority)
        .doc("The host name that the PROXY header tells."),
    Fetch::new("fc_pp_unique_id", Type::Str, CLIENT, fc_pp_unique_id)
        .doc("The identifier that the PROXY header tells."),
    Fetch::new("fc_rcvd_proxy", Type::Bool, CLIENT, fc_rcvd_proxy)
        .doc("True when the connection began with a PROXY header."),
    Fetch::new("fe_client_timeout", Type::Int, CLIENT, fe_client_timeout)
        .doc("The frontend's timeout of clients, in milliseconds."),
    Fetch::new("fe_defbe", Type::Str, CLIENT, fe_defbe)
        .doc("The name of the frontend's default backend."),
    Fetch::new("fe_id", Type::Int, CLIENT, fe_id).doc("The frontend's id."),
    Fetch::new("fe_name", Type::Str, CLIENT, fe_name).doc("The frontend's name."),
    Fetch::new("so_id", Type::Int, CLIENT, so_id).doc("The listener's id."),
    Fetch::new("so_name", Type::Str, CLIENT, so_name).doc("The listener's name."),
    Fetch::new("srv_id", Type::Int, Needs::CHOSEN_SERVER, srv_id).doc("The server's id."),
    Fetch::new("srv_name", Type::Str, Needs::CHOSEN_SERVER, srv_name).doc("The server's name."),
];
