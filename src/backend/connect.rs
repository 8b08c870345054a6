//! `connect_server`: opens the connection to the assigned server or takes an idle one.
//!
//! Called by the session task in state `Assigned`. What happens to the connection after the
//! response, keeping or closing it, is decided here as well.

use super::idle::{IdleEntry, Wish};
use crate::config::model::{
    AddressSpec, HttpReuse, Mode, PortRule, ProxyOption, ProxyProtocol, ServerId, Source,
    SourceAddress,
};
use crate::engine::fdtab::Direction;
use crate::net::address::PeerAddress;
use crate::net::connect::{
    ConnectCause, ConnectOptions, ConnectPlan, OutgoingSource, connect_server,
};
use crate::net::proxy_protocol;
use crate::net::stream_sock::{stream_sock_read, stream_sock_write};
use crate::session::channel::ChannelFlags;
use crate::session::interface::{Endpoint, InterfaceError, InterfaceFlags, InterfaceState};
use crate::session::transaction::MessageState;
use crate::session::{Session, SessionFlags, Side};
use crate::sys::{self, Fd};
use crate::worker::Core;
use std::net::SocketAddr;
use std::path::Path;

impl Session {
    /// Connects to the assigned server; the state becomes `Connecting`, or `Established` on
    /// a reused connection.
    ///
    /// # Errors
    /// `ConnectError` when a retry makes sense, anything else is final.
    #[inline(never)]
    pub fn connect_server(&mut self, core: &mut Core) -> Result<(), InterfaceError> {
        log::trace!("connect_server {:?}", self.server);
        if let Some(server) = self.server {
            self.take_slot(server, core);
            if let Some(fd) = self.reuse_connection(server, core) {
                self.attach_reused(fd, server, core);
                return Ok(());
            }
        }
        let connecting = self.open_connection(core)?;
        core.count_connect(self.backend, self.server);
        self.server_side.endpoint = Endpoint::Socket(connecting);
        self.flags.set(
            SessionFlags::ANNOUNCE,
            self.announcement(core) != ProxyProtocol::None,
        );
        let nolinger = core
            .config
            .proxy(self.backend)
            .options
            .has(ProxyOption::NoLinger);
        self.server_side
            .flags
            .set(InterfaceFlags::NOLINGER, nolinger);
        self.server_side
            .flags
            .remove(InterfaceFlags::REUSED.union(InterfaceFlags::ERR));
        self.server_side.state = InterfaceState::Connecting;
        let connect_ms = core.config.proxy(self.backend).timeouts.connect_ms;
        self.server_side.exp = core.engine.clock.now_ms().add_if_set(connect_ms);
        core.engine
            .fdtab
            .insert(connecting, self.owner, stream_sock_read, stream_sock_write);
        // Tried at once: on a short way the handshake is over already.
        core.engine.fdtab.arm(connecting, Direction::Write);
        Ok(())
    }

    fn open_connection(&mut self, core: &mut Core) -> Result<Fd, InterfaceError> {
        let config = core.config;
        let proxy = config.proxy(self.backend);
        let settings = self.server.map(|server| config.server(server));
        let source = settings
            .and_then(|s| s.source.as_ref())
            .or(proxy.source.as_ref());
        let target = self.target_address(core)?;
        let tuning = &config.global.tuning;
        let one_piece = self.request_leaves_in_one_piece();
        self.flags.set(SessionFlags::UNDELAYED, !one_piece);
        let plan = ConnectPlan {
            address: target.endpoint(),
            source: source.map(|source| self.outgoing_source(source)),
            options: ConnectOptions {
                keepalive: proxy.options.has(ProxyOption::ServerTcpKeepAlive),
                nodelay: !one_piece,
                smart_connect: proxy.options.has(ProxyOption::TcpSmartConnect) || one_piece,
                fast_open: settings.is_some_and(|s| s.tcp_fast_open),
                receive_buffer: tuning.rcvbuf_server,
                send_buffer: tuning.sndbuf_server,
            },
        };
        let ports = self
            .server
            .and_then(|server| core.source_ports.get_mut(&server));
        match connect_server(&plan, ports) {
            Ok(connecting) => {
                if let (Some(port), Some(server)) = (connecting.source_port, self.server) {
                    core.port_leases.insert(connecting.fd, (server, port));
                }
                Ok(connecting.fd)
            }
            Err(error) => {
                log::debug!("connect failed: {error}");
                Err(match error.cause {
                    ConnectCause::Resources => InterfaceError::ConnectResource,
                    ConnectCause::Ports | ConnectCause::Source => InterfaceError::ConnectOther,
                    ConnectCause::Backlog
                    | ConnectCause::Refused
                    | ConnectCause::Unreachable
                    | ConnectCause::TimedOut
                    | ConnectCause::Other => InterfaceError::ConnectError,
                })
            }
        }
    }

    /// True for an HTTP request that is here as a whole: it goes into one segment or into
    /// full ones, and nothing follows it before the answer.
    fn request_leaves_in_one_piece(&self) -> bool {
        self.transaction
            .as_deref()
            .is_some_and(|transaction| transaction.request.state == MessageState::Done)
    }

    /// Asks for short segments to leave at once, when a request turns out to come in pieces.
    pub fn undelay_server(&mut self, side: Side, fd: Fd) {
        if side == Side::Client
            || self.flags.any(SessionFlags::UNDELAYED)
            || self.request_leaves_in_one_piece()
        {
            return;
        }
        self.flags.insert(SessionFlags::UNDELAYED);
        // Without it the pieces arrive a little later.
        let _ = sys::socket_option::set_nodelay(fd, true);
    }

    /// Where to connect: the server's address, with the parts it leaves open taken from the
    /// client's destination.
    fn target_address(&mut self, core: &Core) -> Result<Target, InterfaceError> {
        let Some(server) = self.server else {
            let dispatch = core.config.proxy(self.backend).dispatch;
            let address = match dispatch {
                Some(address) => Some(address),
                None => self.client_destination().socket_addr(),
            };
            return address.map(Target::Ip).ok_or(InterfaceError::ConnectOther);
        };
        let settings = core.config.server(server);
        match &settings.address {
            AddressSpec::Ip(address) => {
                let mut address = *address;
                if address.ip().is_unspecified() || settings.port_rule != PortRule::Fixed {
                    let destination = self.client_destination().socket_addr();
                    let destination = destination.ok_or(InterfaceError::ConnectOther)?;
                    if address.ip().is_unspecified() {
                        address.set_ip(destination.ip());
                    }
                    if let PortRule::Offset(offset) = settings.port_rule {
                        let port = i32::from(destination.port()) + offset;
                        address.set_port(
                            u16::try_from(port).map_err(|_| InterfaceError::ConnectOther)?,
                        );
                    }
                }
                Ok(Target::Ip(address))
            }
            AddressSpec::Unix(path) => Ok(Target::Path(path)),
            AddressSpec::Abstract(name) => Ok(Target::Abstract(name)),
            // The parser refuses descriptors as servers.
            AddressSpec::Inherited(_) => Err(InterfaceError::ConnectOther),
        }
    }

    /// The address the client connected to, asked from the kernel once.
    pub fn client_destination(&mut self) -> PeerAddress {
        if !self.destination.is_known()
            && let Some(fd) = self.client.fd()
        {
            // Without an answer the address stays unknown.
            self.destination = sys::socket::original_destination(fd)
                .or_else(|_| sys::socket::getsockname(fd))
                .unwrap_or(PeerAddress::None);
        }
        self.destination
    }

    fn outgoing_source<'a>(&self, source: &'a Source) -> OutgoingSource<'a> {
        let foreign = match source.usesrc {
            Some(SourceAddress::Fixed(address)) => Some(address),
            Some(SourceAddress::Client) => self.source.socket_addr(),
            Some(SourceAddress::ClientIp) => self.source.with_port(0).socket_addr(),
            None => None,
        };
        let unspecified = source.bind.ip().is_unspecified() && source.bind.port() == 0;
        let bind = (!unspecified || source.ports.is_some()).then_some(source.bind);
        OutgoingSource {
            bind,
            foreign,
            interface: source.interface.as_deref(),
        }
    }

    /// An idle connection this request may use.
    fn reuse_connection(&self, server: ServerId, core: &mut Core) -> Option<Fd> {
        let proxy = core.config.proxy(self.backend);
        if proxy.mode != Mode::Http
            || self.transaction.is_none()
            || self.flags.any(SessionFlags::NO_REUSE)
            || core.idle.count(server) == 0
        {
            return None;
        }
        let wish = Wish {
            session: self.owner,
            reuse: proxy.http_reuse,
            first_request: self.flags.any(SessionFlags::FIRST_REQUEST),
        };
        core.take_idle(server, &wish)
    }

    fn attach_reused(&mut self, fd: Fd, server: ServerId, core: &mut Core) {
        core.count_reuse(self.backend, server);
        let fdtab = &mut core.engine.fdtab;
        fdtab.set_owner(fd, self.owner);
        fdtab.set_callbacks(fd, stream_sock_read, stream_sock_write);
        self.server_side.endpoint = Endpoint::Socket(fd);
        self.server_side.flags.insert(InterfaceFlags::REUSED);
        self.server_side
            .flags
            .remove(InterfaceFlags::ERR.union(InterfaceFlags::NOLINGER));
        self.server_side.state = InterfaceState::Established;
        self.request.keep_sent();
        self.request.flags.insert(ChannelFlags::WRITE_NULL);
    }

    /// After a complete response: the connection goes to the idle pool when it may be used
    /// again, and is closed otherwise.
    pub fn give_up_server_connection(&mut self, core: &mut Core) {
        let keeps = self.server_connection_persists();
        if keeps && let (Some(fd), Some(server)) = (self.server_side.fd(), self.server) {
            let private = self.connection_is_private(server, core);
            self.server_side.endpoint = Endpoint::None;
            if private {
                self.flags.insert(SessionFlags::PRIVATE_IDLE);
            }
            core.keep_idle(IdleEntry {
                fd,
                server,
                owner: private.then_some(self.owner),
                reused: self.server_side.flags.any(InterfaceFlags::REUSED),
            });
        } else {
            let closed_first = self.response.flags.any(ChannelFlags::SHUTR);
            if !closed_first {
                // A reset keeps the local port from waiting for late segments, and costs less
                // than taking leave of a server that has just done so itself.
                self.server_side.flags.insert(InterfaceFlags::NOLINGER);
            }
            self.close_endpoint(Side::Server, core);
        }
        self.server_side.state = InterfaceState::Disconnected;
        self.server_side
            .flags
            .remove(InterfaceFlags::REUSED.union(InterfaceFlags::NOLINGER));
        self.response.flags.insert(ChannelFlags::SHUTR);
        self.request.flags.insert(ChannelFlags::SHUTW);
    }

    /// True when the connection may serve this session only: by configuration, because it
    /// was opened with something of this client's, or because it carries its identity.
    fn connection_is_private(&self, server: ServerId, core: &Core) -> bool {
        let proxy = core.config.proxy(self.backend);
        let settings = core.config.server(server);
        let source = settings.source.as_ref().or(proxy.source.as_ref());
        let address_is_open = match &settings.address {
            AddressSpec::Ip(address) => address.ip().is_unspecified(),
            AddressSpec::Unix(_) | AddressSpec::Abstract(_) | AddressSpec::Inherited(_) => false,
        };
        proxy.http_reuse == HttpReuse::Never
            || self.flags.any(SessionFlags::PRIVATE)
            || settings.send_proxy != ProxyProtocol::None
            || settings.port_rule != PortRule::Fixed
            || address_is_open
            || source.is_some_and(|source| source.usesrc.is_some())
    }

    fn server_connection_persists(&self) -> bool {
        let over = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTR_NOW)
            .union(ChannelFlags::READ_ERROR)
            .union(ChannelFlags::READ_NULL);
        self.server_side.state == InterfaceState::Established
            && !self.response.flags.any(over)
            && !self
                .request
                .flags
                .any(ChannelFlags::SHUTW.union(ChannelFlags::WRITE_ERROR))
            && self.request.out_empty()
            && self.response.input_len() == 0
            && self
                .transaction
                .as_deref()
                .is_some_and(|transaction| transaction.connections.response.keep_server)
    }

    /// Which PROXY protocol header the server wants.
    fn announcement(&self, core: &Core) -> ProxyProtocol {
        self.server.map_or(ProxyProtocol::None, |server| {
            core.config.server(server).send_proxy
        })
    }

    /// True while a PROXY protocol header is still to be sent before anything else.
    pub fn announces_source(&self, side: Side) -> bool {
        side == Side::Server && self.flags.any(SessionFlags::ANNOUNCE)
    }

    /// Sends the PROXY protocol header that a server wants first.
    ///
    /// # Errors
    /// When the connection failed or took only a part of it.
    pub fn announce_source(
        &mut self,
        side: Side,
        fd: Fd,
        core: &mut Core,
    ) -> Result<(), std::io::Error> {
        if !self.announces_source(side) {
            return Ok(());
        }
        let destination = self.client_destination();
        let header = match self.announcement(core) {
            ProxyProtocol::V1 => proxy_protocol::emit_v1(self.source, destination),
            ProxyProtocol::V2 => proxy_protocol::emit_v2(self.source, destination),
            ProxyProtocol::None => return Ok(()),
        };
        let more = !self.request.out_empty();
        match sys::socket::send(fd, header.bytes(), more) {
            Ok(count) if count == header.bytes().len() => {
                self.flags.remove(SessionFlags::ANNOUNCE);
                self.request.flags.insert(ChannelFlags::WRITE_NULL);
                Ok(())
            }
            // A fresh socket has room for a header; one that has not is of no use.
            Ok(_) => Err(std::io::ErrorKind::WriteZero.into()),
            Err(error) => Err(error),
        }
    }
}

/// A resolved destination.
enum Target {
    Ip(SocketAddr),
    Path(&'static Path),
    Abstract(&'static [u8]),
}

impl Target {
    fn endpoint(&self) -> sys::Endpoint<'_> {
        match self {
            Self::Ip(address) => sys::Endpoint::Ip(*address),
            Self::Path(path) => sys::Endpoint::Unix(path),
            Self::Abstract(name) => sys::Endpoint::Abstract(name),
        }
    }
}
