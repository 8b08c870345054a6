//! Outgoing connections: from a plan to a socket that is connecting.
//!
//! The server side of a session calls [`connect_server`], which opens the socket, binds the
//! source (`source`, `usesrc`, `interface`), sets the options and starts to connect; it does
//! not wait. Whoever closes the connection gives the source port back to its [`PortRange`].
//! Invariant: on an error nothing stays open and no port stays taken.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use nix::errno::Errno;

use super::port_range::PortRange;
use crate::sys::socket::{self, stream_socket};
use crate::sys::socket_option as option;
use crate::sys::{self, Endpoint, Family, Fd};

/// What to connect to, from where, and how.
#[derive(Clone, Copy, Debug)]
pub struct ConnectPlan<'a> {
    /// The server.
    pub address: Endpoint<'a>,
    /// `source` of the server or backend, resolved for this session.
    pub source: Option<OutgoingSource<'a>>,
    /// Socket options.
    pub options: ConnectOptions,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutgoingSource<'a> {
    /// The address to bind; a port of 0 lets the kernel choose one.
    pub bind: Option<SocketAddr>,
    /// The foreign address to show instead (`usesrc`); a port of 0 lets the kernel choose.
    pub foreign: Option<SocketAddr>,
    /// `interface`.
    pub interface: Option<&'a str>,
}

/// Options of an outgoing connection. Sizes in bytes, 0 leaves the kernel's.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectOptions {
    /// Segments leave at once, however short. Worth a system call for everything but a
    /// request that leaves in one piece.
    pub nodelay: bool,
    /// `option srvtcpka`.
    pub keepalive: bool,
    /// `option tcp-smart-connect`, and whenever data is ready: the handshake's last
    /// acknowledgement leaves with it.
    pub smart_connect: bool,
    /// `tfo`: the first data travels with the handshake.
    pub fast_open: bool,
    /// `tune.rcvbuf.server`.
    pub receive_buffer: u32,
    /// `tune.sndbuf.server`.
    pub send_buffer: u32,
}

/// A connection on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connecting {
    /// Its socket.
    pub fd: Fd,
    /// True when there is nothing to wait for: data may be sent now.
    pub already: bool,
    /// The port taken from the range, to be released when the connection closes.
    pub source_port: Option<u16>,
}

/// Why no connection is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectCause {
    /// Descriptors or memory ran out (EMFILE, ENFILE, ENOBUFS, ENOMEM).
    Resources,
    /// No source port is free (EAGAIN, EADDRINUSE, EADDRNOTAVAIL, the range is used up).
    Ports,
    /// The source address, interface or an option could not be set.
    Source,
    /// The backlog of a server's unix socket is full.
    Backlog,
    /// The server refused, or its socket file is missing.
    Refused,
    /// No route, or a firewall's answer.
    Unreachable,
    /// An earlier attempt on the way timed out (ETIMEDOUT).
    TimedOut,
    /// Anything else: the kernel lacks the family, an address is malformed.
    Other,
}

impl ConnectCause {
    /// True when weir itself lacks something, as opposed to the server failing: the session
    /// ends with cause `R` rather than `S`.
    pub const fn is_local(self) -> bool {
        match self {
            Self::Resources | Self::Ports | Self::Source | Self::Backlog => true,
            Self::Refused | Self::Unreachable | Self::TimedOut | Self::Other => false,
        }
    }
}

/// A failed attempt.
#[derive(Debug)]
pub struct ConnectError {
    /// What went wrong, for decisions.
    pub cause: ConnectCause,
    /// What the kernel said.
    pub error: io::Error,
    /// The step that failed.
    pub step: ConnectStep,
}

/// The steps of an attempt, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStep {
    /// Opening the socket.
    Socket,
    /// Binding the interface or the source address.
    BindSource,
    /// Binding the foreign address of `usesrc`.
    BindForeign,
    /// Connecting.
    Connect,
}

/// The sentence HAProxy logs at level EMERG, to be followed by ` for backend NAME` where
/// it names none.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.step, self.cause) {
            (ConnectStep::BindSource, _) => {
                f.write_str("Cannot bind to source address before connect()")
            }
            (ConnectStep::BindForeign, _) => {
                f.write_str("Cannot bind to tproxy source address before connect()")
            }
            (_, ConnectCause::Ports) => f.write_str("Connect() failed: no free ports"),
            (_, ConnectCause::Backlog) => f.write_str(
                "Connect() failed: can't connect to destination unix socket, \
                 check backlog size on the server",
            ),
            (ConnectStep::Socket, _) => write!(f, "Cannot open a socket: {}", self.error),
            (ConnectStep::Connect, _) => write!(f, "Connect() failed: {}", self.error),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Starts a connection. `ports` is the range of the plan's source, when it has one: ports
/// are tried in turn, ten at most.
///
/// # Errors
/// See [`ConnectCause`]; nothing stays open.
pub fn connect_server(
    plan: &ConnectPlan<'_>,
    ports: Option<&mut PortRange>,
) -> Result<Connecting, ConnectError> {
    let Some(ports) = ports.filter(|_| plan.address.family() != Family::Unix) else {
        return attempt(plan, None);
    };
    let mut result = Err(failed(ConnectStep::Connect, Errno::EADDRNOTAVAIL.into()));
    for _attempt in 0..PORT_ATTEMPTS_MAX {
        let Some(port) = ports.take() else {
            return result;
        };
        result = attempt(plan, Some(port));
        match &result {
            Ok(_) => return result,
            Err(error) => {
                ports.put(port);
                if error.cause != ConnectCause::Ports {
                    return result;
                }
            }
        }
    }
    result
}

/// One attempt on a socket of its own: a socket once bound takes no other port.
fn attempt(plan: &ConnectPlan<'_>, port: Option<u16>) -> Result<Connecting, ConnectError> {
    let opened = stream_socket(plan.address.family());
    let fd = opened.map_err(|error| failed(ConnectStep::Socket, error))?;
    let result = start(fd, plan, port);
    if result.is_err() {
        // The error to report is the one at hand, not what closing might add.
        let _ = sys::close(fd);
    }
    result.map(|already| Connecting {
        fd,
        already,
        source_port: port,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "there are 130 errno values, and the rest is one case"
)]
fn start(fd: Fd, plan: &ConnectPlan<'_>, port: Option<u16>) -> Result<bool, ConnectError> {
    if plan.address.family() != Family::Unix {
        set_options(fd, &plan.options);
        if let Some(source) = &plan.source {
            bind_source(fd, source, port)?;
        }
    }
    let Err(error) = socket::connect(fd, &plan.address) else {
        return Ok(true);
    };
    match errno(&error) {
        Errno::EINPROGRESS | Errno::EALREADY | Errno::EINTR => Ok(false),
        Errno::EISCONN => Ok(true),
        Errno::EAGAIN if plan.address.family() == Family::Unix => Err(ConnectError {
            cause: ConnectCause::Backlog,
            error,
            step: ConnectStep::Connect,
        }),
        _ => Err(failed(ConnectStep::Connect, error)),
    }
}

/// None of these can stop a connection: what the kernel refuses only makes it slower.
fn set_options(fd: Fd, options: &ConnectOptions) {
    if options.nodelay {
        let _ = option::set_nodelay(fd, true);
    }
    if options.keepalive {
        let _ = option::set_keepalive(fd, true);
    }
    if options.smart_connect {
        let _ = option::set_quickack(fd, false);
    }
    if options.fast_open {
        let _ = option::set_fast_open_connect(fd);
    }
    if options.receive_buffer != 0 {
        let _ = option::set_receive_buffer(fd, options.receive_buffer);
    }
    if options.send_buffer != 0 {
        let _ = option::set_send_buffer(fd, options.send_buffer);
    }
}

fn bind_source(fd: Fd, source: &OutgoingSource<'_>, port: Option<u16>) -> Result<(), ConnectError> {
    let step = match source.foreign {
        Some(_) => ConnectStep::BindForeign,
        None => ConnectStep::BindSource,
    };
    bind_addresses(fd, source, port).map_err(|error| failed(step, error))
}

fn bind_addresses(fd: Fd, source: &OutgoingSource<'_>, port: Option<u16>) -> io::Result<()> {
    if let Some(interface) = source.interface {
        option::bind_to_device(fd, interface)?;
    }
    if let Some(foreign) = source.foreign {
        option::set_transparent(fd, Family::of_ip(foreign.ip()))?;
        return bind_one(fd, foreign);
    }
    let Some(mut address) = source.bind else {
        return Ok(());
    };
    if let Some(port) = port {
        address.set_port(port);
    }
    if address.ip().is_unspecified() && address.port() == 0 {
        return Ok(());
    }
    bind_one(fd, address)
}

fn bind_one(fd: Fd, address: SocketAddr) -> io::Result<()> {
    option::set_reuse_address(fd, true)?;
    if address.port() == 0 {
        // Without it the port is chosen here, and fewer connections find one.
        let _ = option::set_late_port(fd);
    }
    socket::bind(fd, &Endpoint::Ip(address))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "there are 130 errno values, and the rest is one case"
)]
fn failed(step: ConnectStep, error: io::Error) -> ConnectError {
    let cause = match errno(&error) {
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM => ConnectCause::Resources,
        Errno::EADDRINUSE => ConnectCause::Ports,
        _ if matches!(step, ConnectStep::BindSource | ConnectStep::BindForeign) => {
            ConnectCause::Source
        }
        Errno::EAGAIN | Errno::EADDRNOTAVAIL => ConnectCause::Ports,
        Errno::ETIMEDOUT => ConnectCause::TimedOut,
        Errno::ECONNREFUSED | Errno::ECONNRESET | Errno::ENOENT => ConnectCause::Refused,
        Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EACCES | Errno::EPERM => {
            ConnectCause::Unreachable
        }
        _ => ConnectCause::Other,
    };
    ConnectError { cause, error, step }
}

fn errno(error: &io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// Source ports tried for one connection.
const PORT_ATTEMPTS_MAX: u32 = 10;

#[cfg(test)]
mod tests;
