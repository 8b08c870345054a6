//! A `server` line, parsed.

use std::net::SocketAddr;

use super::{AddressSpec, Place, ProxyId};

/// How a server's port follows from the line (dev7: none, fixed, or an offset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortRule {
    /// The port of the address itself.
    Fixed,
    /// The client's destination port plus this (`server s 1.2.3.4:+1000`, or no port: 0).
    Offset(i32),
}

/// Which PROXY protocol header a server wants first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ProxyProtocol {
    /// None.
    #[default]
    None,
    /// `send-proxy`.
    V1,
    /// `send-proxy-v2`.
    V2,
}

/// The address an outgoing connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceAddress {
    /// A fixed address; port 0 lets the kernel choose.
    Fixed(SocketAddr),
    /// `usesrc client`: the client's address and port.
    Client,
    /// `usesrc clientip`: the client's address.
    ClientIp,
}

/// A `source` setting of a server or backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Address to bind before connecting.
    pub bind: SocketAddr,
    /// `addr:lo-hi`: ports to rotate through, inclusive.
    pub ports: Option<(u16, u16)>,
    /// `usesrc`: the foreign address to show instead.
    pub usesrc: Option<SourceAddress>,
    /// `interface`.
    pub interface: Option<String>,
}

/// How a server is probed (manual, "Server and default-server options").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// `inter`: between two probes, in milliseconds.
    pub inter_ms: u32,
    /// `fastinter`: the same while the state changes; 0 means as `inter`.
    pub fastinter_ms: u32,
    /// `downinter`: the same while it is down; 0 means as `inter`.
    pub downinter_ms: u32,
    /// `rise`: successes in a row that make it usable.
    pub rise: u32,
    /// `fall`: failures in a row that make it unusable.
    pub fall: u32,
    /// `port`: where to probe; 0 means its own.
    pub port: u16,
    /// `addr`: where to probe instead of its own address, a port included unless 0.
    pub address: Option<SocketAddr>,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            inter_ms: 2_000,
            fastinter_ms: 0,
            downinter_ms: 0,
            rise: 2,
            fall: 3,
            port: 0,
            address: None,
        }
    }
}

/// A server of a backend.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its backend.
    pub proxy: ProxyId,
    /// Name on the line.
    pub name: String,
    /// `id`, given or assigned; unique in its backend.
    pub numeric_id: u32,
    /// Where it listens.
    pub address: AddressSpec,
    /// How its port follows.
    pub port_rule: PortRule,
    /// `weight`, 0 to 256.
    pub weight: u16,
    /// `maxconn`; 0 unlimited.
    pub maxconn: u32,
    /// `minconn`; 0 when not given.
    pub minconn: u32,
    /// `maxqueue`; 0 unlimited.
    pub maxqueue: u32,
    /// `backup`.
    pub backup: bool,
    /// `disabled`: starts in maintenance.
    pub disabled: bool,
    /// `check` was given; probing belongs to health checks.
    pub check: bool,
    /// How it would be probed.
    pub check_settings: CheckSettings,
    /// `send-proxy*`.
    pub send_proxy: ProxyProtocol,
    /// `source`.
    pub source: Option<Source>,
    /// `tfo`.
    pub tcp_fast_open: bool,
    /// `pool-max-conn`: idle connections kept; `None` unlimited, `Some(0)` none.
    pub pool_max_conn: Option<u32>,
    /// `pool-purge-delay` in milliseconds.
    pub pool_purge_delay_ms: u32,
    /// `pool-low-conn`.
    pub pool_low_conn: u32,
    /// `cookie` value.
    pub cookie: Option<String>,
    /// The line that declared it.
    pub place: Place,
}
