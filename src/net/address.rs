//! Addresses of the two ends of a connection, small enough to sit in every session.
//!
//! [`PeerAddress`] is what accepting, the PROXY protocol and the kernel's name queries give;
//! sessions, logs and header rules read it. Where to listen or connect is described by the
//! configuration's `AddressSpec` and, for system calls, by `sys::Endpoint`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// One end of a connection. 20 bytes, `Copy`; names of unix sockets are not kept, since
/// connected clients have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum PeerAddress {
    /// IPv4 address and port.
    V4(Ipv4Addr, u16),
    /// IPv6 address and port.
    V6(Ipv6Addr, u16),
    /// A unix socket of any name.
    Unix,
    /// Not known: not asked for yet, or the kernel or a header did not say.
    #[default]
    None,
}

impl PeerAddress {
    /// The address without its port; `None` for unix sockets and unknown ends.
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::V4(ip, _) => Some(IpAddr::V4(ip)),
            Self::V6(ip, _) => Some(IpAddr::V6(ip)),
            Self::Unix | Self::None => None,
        }
    }

    /// The port, 0 where there is none.
    pub const fn port(self) -> u16 {
        match self {
            Self::V4(_, port) | Self::V6(_, port) => port,
            Self::Unix | Self::None => 0,
        }
    }

    /// The same end with another port; unix sockets and unknown ends stay as they are.
    #[must_use]
    pub const fn with_port(self, port: u16) -> Self {
        match self {
            Self::V4(ip, _) => Self::V4(ip, port),
            Self::V6(ip, _) => Self::V6(ip, port),
            Self::Unix => Self::Unix,
            Self::None => Self::None,
        }
    }

    /// Address and port for a system call; `None` for unix sockets and unknown ends.
    pub const fn socket_addr(self) -> Option<SocketAddr> {
        match self {
            Self::V4(ip, port) => Some(SocketAddr::V4(SocketAddrV4::new(ip, port))),
            Self::V6(ip, port) => Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, 0))),
            Self::Unix | Self::None => None,
        }
    }

    /// True when the end is known, be it by an address or as a unix socket.
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::None)
    }

    /// What logs print for the host alone (`%ci`): the address, or `unix`.
    pub const fn host(self) -> Host {
        Host(self)
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => Self::V4(*v4.ip(), v4.port()),
            SocketAddr::V6(v6) => Self::V6(*v6.ip(), v6.port()),
        }
    }
}

/// As HAProxy logs it: `address:port` without brackets around IPv6, `unix` for unix sockets.
impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip, port) => write!(f, "{ip}:{port}"),
            Self::V6(ip, port) => write!(f, "{ip}:{port}"),
            Self::Unix => f.write_str("unix"),
            Self::None => f.write_str("-"),
        }
    }
}

/// The host part of a [`PeerAddress`] for display.
#[derive(Clone, Copy, Debug)]
pub struct Host(PeerAddress);

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            PeerAddress::V4(ip, _) => write!(f, "{ip}"),
            PeerAddress::V6(ip, _) => write!(f, "{ip}"),
            PeerAddress::Unix => f.write_str("unix"),
            PeerAddress::None => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_takes_twenty_bytes() {
        assert!(size_of::<PeerAddress>() <= 20);
    }

    #[test]
    fn displays_as_haproxy_logs_it() {
        let v4 = PeerAddress::V4(Ipv4Addr::new(192, 0, 2, 7), 80);
        let v6 = PeerAddress::V6(Ipv6Addr::LOCALHOST, 8080);
        assert_eq!(v4.to_string(), "192.0.2.7:80");
        assert_eq!(v6.to_string(), "::1:8080");
        assert_eq!(PeerAddress::Unix.to_string(), "unix");
        assert_eq!(PeerAddress::None.to_string(), "-");
        assert_eq!(v4.host().to_string(), "192.0.2.7");
        assert_eq!(v6.host().to_string(), "::1");
    }

    #[test]
    fn converts_both_ways() {
        for text in ["192.0.2.7:80", "[2001:db8::1]:443"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(PeerAddress::from(address).socket_addr(), Some(address));
        }
        assert_eq!(PeerAddress::Unix.socket_addr(), None);
        assert_eq!(PeerAddress::Unix.with_port(7), PeerAddress::Unix);
        let v4 = PeerAddress::V4(Ipv4Addr::LOCALHOST, 1).with_port(9);
        assert_eq!((v4.port(), v4.ip()), (9, Some(Ipv4Addr::LOCALHOST.into())));
    }
}
