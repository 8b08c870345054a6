//! Where a frontend listens: the parsed `bind` lines, one entry per address and port.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Place, ProxyId};

/// A socket address as configuration files write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressSpec {
    /// IPv4 or IPv6, address and port; unspecified addresses mean all.
    Ip(SocketAddr),
    /// A unix stream socket in the file system, prefix already applied.
    Unix(PathBuf),
    /// A socket in Linux's abstract name space (`abns@name`), without the leading NUL.
    Abstract(Vec<u8>),
    /// An already listening or connected descriptor inherited at start (`fd@N`).
    Inherited(i32),
}

/// Owner and mode of a unix socket's file; `None` leaves what the kernel gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixPermissions {
    /// File mode, for instance `0o600`.
    pub mode: Option<u32>,
    /// Numeric user.
    pub uid: Option<u32>,
    /// Numeric group.
    pub gid: Option<u32>,
}

/// The parameters behind a `bind` address (manual, "Bind options").
#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    /// `accept-proxy`: a PROXY protocol header comes first.
    pub accept_proxy: bool,
    /// `backlog`, 0 when not given here.
    pub backlog: u32,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `maxconn` of this listener, 0 when not given here.
    pub maxconn: u32,
    /// `mss`, negative to reduce, 0 when not given.
    pub mss: i32,
    /// `process`: bit 0 is process 1; 0 means all that the proxy runs in.
    pub process_mask: u64,
    /// `nice`.
    pub nice: i16,
    /// `tcp-ut`: how long sent bytes may stay unacknowledged, 0 when not given.
    pub tcp_user_timeout_ms: u32,
    /// `tfo`.
    pub tcp_fast_open: bool,
    /// `transparent`: foreign addresses may be bound.
    pub transparent: bool,
    /// `v4v6` (`Some(false)`) or `v6only` (`Some(true)`); `None` leaves the system's default.
    pub v6only: Option<bool>,
    /// Unix sockets only.
    pub unix: UnixPermissions,
}

/// One socket to listen on.
#[derive(Clone, Debug)]
pub struct Bind {
    /// The frontend whose connections it accepts.
    pub proxy: ProxyId,
    /// Where.
    pub address: AddressSpec,
    /// `name`.
    pub name: Option<String>,
    /// `id`, given or assigned; unique in its proxy.
    pub numeric_id: u32,
    /// How.
    pub options: BindOptions,
    /// The line that declared it.
    pub place: Place,
}
