//! Fetches over the addresses of both connections (manual, section 7.3.3).
//!
//! What the session knows is used; the kernel is asked for the rest.

use bumpalo::collections::Vec as ArenaVec;
use std::net::IpAddr;

use super::super::arg::Arg;
use super::super::context::{Context, Cursor, Fetched};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::net::address::PeerAddress;
use crate::sys::{socket, socket_info};

/// One end of a connection.
type End = fn(&Context<'_>) -> Option<PeerAddress>;

fn source(context: &Context<'_>) -> Option<PeerAddress> {
    Some(context.session?.source)
}

/// The address that the client connected to.
fn destination(context: &Context<'_>) -> Option<PeerAddress> {
    let session = context.session?;
    if session.destination.is_known() {
        return Some(session.destination);
    }
    let fd = session.client.fd()?;
    let redirected = socket::original_destination(fd);
    redirected.or_else(|_| socket::getsockname(fd)).ok()
}

fn server_source(context: &Context<'_>) -> Option<PeerAddress> {
    socket::getsockname(context.session?.server_side.fd()?).ok()
}

fn server_destination(context: &Context<'_>) -> Option<PeerAddress> {
    socket::getpeername(context.session?.server_side.fd()?).ok()
}

fn ip<'a>(context: &Context<'a>, end: End) -> Fetched<'a> {
    let ip = end(context).and_then(PeerAddress::ip);
    ip.map(Sample::of_ip).into()
}

fn port<'a>(context: &Context<'a>, end: End) -> Fetched<'a> {
    let end = end(context).filter(|end| end.ip().is_some());
    end.map(|end| Sample::Int(i64::from(end.port()))).into()
}

/// True when the address belongs to this machine; unix sockets always do.
fn is_local<'a>(context: &Context<'a>, end: End) -> Fetched<'a> {
    let is_local = match end(context) {
        Some(PeerAddress::Unix) => Some(true),
        Some(end) => end.ip().map(socket_info::is_local_address),
        None => None,
    };
    is_local.map(Sample::Bool).into()
}

/// Appends the client's address as on the wire.
pub(super) fn source_octets(context: &Context<'_>, out: &mut ArenaVec<'_, u8>) -> Option<()> {
    match source(context)?.ip()? {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
    Some(())
}

/// Declares fetches that ask `$what` of `$end`.
macro_rules! of_end {
    ($($name:ident: $what:ident of $end:ident),+) => {
        $(fn $name<'a>(
            context: &Context<'a>,
            _args: &'a [Arg],
            _cursor: &mut Cursor,
        ) -> Fetched<'a> {
            $what(context, $end)
        })+
    };
}

of_end!(
    src: ip of source,
    src_port: port of source,
    src_is_local: is_local of source,
    dst: ip of destination,
    dst_port: port of destination,
    dst_is_local: is_local of destination,
    bc_src: ip of server_source,
    bc_src_port: port of server_source,
    bc_dst: ip of server_destination,
    bc_dst_port: port of server_destination
);

const CLIENT: Needs = Needs::CLIENT;
const SERVER: Needs = Needs::SERVER;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("bc_dst", Type::Addr, SERVER, bc_dst).doc("The server's address, as connected to."),
    Fetch::new("bc_dst_port", Type::Int, SERVER, bc_dst_port)
        .doc("The server's port, as connected to."),
    Fetch::new("bc_src", Type::Addr, SERVER, bc_src)
        .doc("The address that the server was connected to from."),
    Fetch::new("bc_src_port", Type::Int, SERVER, bc_src_port)
        .doc("The port that the server was connected to from."),
    Fetch::new("dst", Type::Addr, CLIENT, dst).doc("The address that the client connected to."),
    Fetch::new("dst_is_local", Type::Bool, CLIENT, dst_is_local)
        .doc("True when the client connected to an address of this machine."),
    Fetch::new("dst_port", Type::Int, CLIENT, dst_port)
        .doc("The port that the client connected to."),
    Fetch::new("fc_dst", Type::Addr, CLIENT, dst)
        .doc("The address that the client connected to, before rules change it."),
    Fetch::new("fc_dst_is_local", Type::Bool, CLIENT, dst_is_local)
        .doc("True when fc_dst is an address of this machine."),
    Fetch::new("fc_dst_port", Type::Int, CLIENT, dst_port)
        .doc("The port that the client connected to, before rules change it."),
    Fetch::new("fc_src", Type::Addr, CLIENT, src)
        .doc("The client's address, before rules change it."),
    Fetch::new("fc_src_is_local", Type::Bool, CLIENT, src_is_local)
        .doc("True when fc_src is an address of this machine."),
    Fetch::new("fc_src_port", Type::Int, CLIENT, src_port)
        .doc("The client's port, before rules change it."),
    Fetch::new("src", Type::Addr, CLIENT, src).doc("The client's address."),
    Fetch::new("src_is_local", Type::Bool, CLIENT, src_is_local)
        .doc("True when the client is on this machine."),
    Fetch::new("src_port", Type::Int, CLIENT, src_port).doc("The client's port."),
];
