//! Fetches over the run-time state of frontends, backends and servers (manual, section
//! 7.3.2).
//!
//! A backend or frontend that is not named is the one whose rules run.

use super::super::arg::{Arg, ArgKind, ArgSpec};
use super::super::context::{Context, Cursor, Fetched};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::config::model::{ProxyId, ProxyOption, Server, ServerId};
use crate::state::{ProxyState, ServerState};

fn number<'a>(number: impl Into<i64>) -> Fetched<'a> {
    Fetched::Found(Sample::Int(number.into()))
}

/// The proxy that an argument names.
fn proxy_id(context: &Context<'_>, args: &[Arg]) -> Option<ProxyId> {
    match args.first() {
        Some(Arg::Proxy(proxy)) => proxy.get(),
        _ => Some(context.proxy),
    }
}

fn of_proxy<'a>(
    context: &Context<'a>,
    args: &[Arg],
    value: impl FnOnce(&ProxyState) -> u32,
) -> Fetched<'a> {
    match proxy_id(context, args) {
        Some(proxy) => number(value(context.core.state.proxy(proxy))),
        None => Fetched::Missing,
    }
}

/// Settings and state of the servers of a proxy.
fn servers<'a>(
    context: &Context<'a>,
    proxy: ProxyId,
) -> impl Iterator<Item = (&'a Server, &'a ServerState)> + Clone {
    let core = context.core;
    let servers = core.config.proxy(proxy).servers.iter();
    servers.map(|server| (core.config.server(*server), core.state.server(*server)))
}

/// Servers that requests may go to: backups only when no other is left, and then the first
/// one unless all of them are used.
fn usable(context: &Context<'_>, proxy: ProxyId) -> i64 {
    let count = |backup: bool| {
        let found = servers(context, proxy)
            .filter(|(server, state)| server.backup == backup && state.is_usable());
        i64::try_from(found.count()).unwrap_or(i64::MAX)
    };
    let active = count(false);
    if active > 0 {
        return active;
    }
    let options = context.core.config.proxy(proxy).options;
    match options.has(ProxyOption::AllBackups) {
        true => count(true),
        false => count(true).min(1),
    }
}

/// Sessions that wait for a backend or one of its servers.
fn waiting(context: &Context<'_>, proxy: ProxyId) -> i64 {
    let at_servers: i64 = servers(context, proxy)
        .map(|(_, state)| i64::from(state.queued))
        .sum();
    i64::from(context.core.state.proxy(proxy).queued) + at_servers
}

fn nbsrv<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    proxy_id(context, args).map_or(Fetched::Missing, |proxy| number(usable(context, proxy)))
}

fn queue<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    proxy_id(context, args).map_or(Fetched::Missing, |proxy| number(waiting(context, proxy)))
}

/// Sessions that wait per usable server, rounded up; without one, twice as many as wait.
fn avg_queue<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let Some(proxy) = proxy_id(context, args) else {
        return Fetched::Missing;
    };
    let waiting = waiting(context, proxy);
    match usable(context, proxy) {
        0 => number(waiting.saturating_mul(2)),
        usable => number((waiting + usable - 1) / usable),
    }
}

/// Places for sessions at the servers and in their queues; -1 when they are not limited.
fn connslots<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let Some(proxy) = proxy_id(context, args) else {
        return Fetched::Missing;
    };
    let up = servers(context, proxy).filter(|(_, state)| is_up(state));
    let slots = up.map(|(server, state)| match (state.maxconn, server.maxqueue) {
        (0, _) | (_, 0) => None,
        (connections, queue) => {
            let connections = i64::from(connections) - i64::from(state.sessions);
            Some(connections + i64::from(queue) - i64::from(state.queued))
        }
    });
    number(slots.sum::<Option<i64>>().unwrap_or(UNLIMITED))
}

/// Places for sessions at the servers in use; -1 when they are not limited.
fn be_conn_free<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let Some(proxy) = proxy_id(context, args) else {
        return Fetched::Missing;
    };
    let up = servers(context, proxy).filter(|(_, state)| is_up(state));
    let has_active = up.clone().any(|(server, _)| !server.backup);
    let backups = match context
        .core
        .config
        .proxy(proxy)
        .options
        .has(ProxyOption::AllBackups)
    {
        true => usize::MAX,
        false => 1,
    };
    let limit = if has_active { usize::MAX } else { backups };
    let used = up
        .filter(|(server, _)| server.backup != has_active)
        .take(limit);
    let free = used.map(|(_, state)| free_places(state));
    number(free.sum::<Option<i64>>().unwrap_or(UNLIMITED))
}

/// How many more sessions a server takes; `None` for any number.
fn free_places(state: &ServerState) -> Option<i64> {
    (state.maxconn > 0).then(|| i64::from(state.maxconn.saturating_sub(state.sessions)))
}

const fn is_up(state: &ServerState) -> bool {
    !state.maintenance && state.is_up()
}

fn be_conn<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_proxy(context, args, |state| state.backend_sessions)
}

fn be_sess_rate<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let now_us = context.core.engine.clock.monotonic_us();
    of_proxy(context, args, |state| {
        state.backend_session_rate.read(now_us)
    })
}

fn fe_conn<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_proxy(context, args, |state| state.frontend_sessions)
}

fn fe_req_rate<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let now_us = context.core.engine.clock.monotonic_us();
    of_proxy(context, args, |state| state.request_rate.read(now_us))
}

fn fe_sess_rate<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let now_us = context.core.engine.clock.monotonic_us();
    of_proxy(context, args, |state| state.session_rate.read(now_us))
}

fn server_id(args: &[Arg]) -> Option<ServerId> {
    match args.first() {
        Some(Arg::Server(server)) => server.get(),
        _ => None,
    }
}

fn of_server<'a>(
    context: &Context<'a>,
    args: &[Arg],
    value: impl FnOnce(&Server, &ServerState) -> Sample<'a>,
) -> Fetched<'a> {
    let core = context.core;
    let found =
        server_id(args).map(|server| value(core.config.server(server), core.state.server(server)));
    found.into()
}

fn srv_conn<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_server(context, args, |_, state| {
        Sample::Int(i64::from(state.sessions))
    })
}

fn srv_conn_free<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_server(context, args, |_, state| {
        Sample::Int(free_places(state).unwrap_or(UNLIMITED))
    })
}

fn srv_is_up<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_server(context, args, |_, state| Sample::Bool(is_up(state)))
}

fn srv_queue<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_server(context, args, |_, state| {
        Sample::Int(i64::from(state.queued))
    })
}

fn srv_sess_rate<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let now_us = context.core.engine.clock.monotonic_us();
    of_server(context, args, |_, state| {
        Sample::Int(i64::from(state.session_rate.read(now_us)))
    })
}

fn srv_initial_weight<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    of_server(context, args, |server, _| {
        Sample::Int(i64::from(server.weight))
    })
}

fn srv_weight<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    of_server(context, args, |_, state| {
        Sample::Int(i64::from(state.weight))
    })
}

/// What stands for "as many as come".
const UNLIMITED: i64 = -1;

const BACKEND: ArgSpec = ArgSpec::some(0, &[ArgKind::Backend]);
const FRONTEND: ArgSpec = ArgSpec::some(0, &[ArgKind::Frontend]);
const SERVER: ArgSpec = ArgSpec::all(&[ArgKind::Server]);
const NOTHING: Needs = Needs::NOTHING;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("avg_queue", Type::Int, NOTHING, avg_queue)
        .args(BACKEND, "avg_queue([<backend>])")
        .doc("Sessions that wait per usable server."),
    Fetch::new("be_conn", Type::Int, NOTHING, be_conn)
        .args(BACKEND, "be_conn([<backend>])")
        .doc("Sessions that a backend holds."),
    Fetch::new("be_conn_free", Type::Int, NOTHING, be_conn_free)
        .args(BACKEND, "be_conn_free([<backend>])")
        .doc("Sessions that the servers in use still take, -1 for any number."),
    Fetch::new("be_sess_rate", Type::Int, NOTHING, be_sess_rate)
        .args(BACKEND, "be_sess_rate([<backend>])")
        .doc("New sessions of a backend per second."),
    Fetch::new("connslots", Type::Int, NOTHING, connslots)
        .args(BACKEND, "connslots([<backend>])")
        .doc("Free places at a backend's servers and in their queues, -1 for any number."),
    Fetch::new("fe_conn", Type::Int, NOTHING, fe_conn)
        .args(FRONTEND, "fe_conn([<frontend>])")
        .doc("Sessions that a frontend holds."),
    Fetch::new("fe_req_rate", Type::Int, NOTHING, fe_req_rate)
        .args(FRONTEND, "fe_req_rate([<frontend>])")
        .doc("Requests to a frontend per second."),
    Fetch::new("fe_sess_rate", Type::Int, NOTHING, fe_sess_rate)
        .args(FRONTEND, "fe_sess_rate([<frontend>])")
        .doc("New sessions of a frontend per second."),
    Fetch::new("nbsrv", Type::Int, NOTHING, nbsrv)
        .args(BACKEND, "nbsrv([<backend>])")
        .doc("Servers of a backend that requests may go to."),
    Fetch::new("queue", Type::Int, NOTHING, queue)
        .args(BACKEND, "queue([<backend>])")
        .doc("Sessions that wait for a backend or one of its servers."),
    Fetch::new("srv_conn", Type::Int, NOTHING, srv_conn)
        .args(SERVER, "srv_conn([<backend>/]<server>)")
        .doc("Sessions that a server serves."),
    Fetch::new("srv_conn_free", Type::Int, NOTHING, srv_conn_free)
        .args(SERVER, "srv_conn_free([<backend>/]<server>)")
        .doc("Sessions that a server still takes, -1 for any number."),
    Fetch::new("srv_is_up", Type::Bool, NOTHING, srv_is_up)
        .args(SERVER, "srv_is_up([<backend>/]<server>)")
        .doc("True unless a server is down or in maintenance."),
    Fetch::new("srv_iweight", Type::Int, NOTHING, srv_initial_weight)
        .args(SERVER, "srv_iweight([<backend>/]<server>)")
        .doc("The weight of a server as configured."),
    Fetch::new("srv_queue", Type::Int, NOTHING, srv_queue)
        .args(SERVER, "srv_queue([<backend>/]<server>)")
        .doc("Sessions that wait for a server."),
    Fetch::new("srv_sess_rate", Type::Int, NOTHING, srv_sess_rate)
        .args(SERVER, "srv_sess_rate([<backend>/]<server>)")
        .doc("New sessions of a server per second."),
    Fetch::new("srv_uweight", Type::Int, NOTHING, srv_weight)
        .args(SERVER, "srv_uweight([<backend>/]<server>)")
        .doc("The weight of a server as set."),
    Fetch::new("srv_weight", Type::Int, NOTHING, srv_weight)
        .args(SERVER, "srv_weight([<backend>/]<server>)")
        .doc("The weight of a server in force."),
];
