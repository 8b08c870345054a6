//! The kernel's shape of socket addresses, encoded and decoded byte by byte in safe code.
//!
//! [`Endpoint`] is what callers name: borrowed, `Copy`, nothing allocated on the way to a
//! system call. [`RawAddress`] holds what the kernel reads and writes; only the wrappers of
//! this folder see it. A name longer than the kernel takes is refused here.

use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::net::address::PeerAddress;

/// Where to bind, connect or send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// IPv4 or IPv6, address and port.
    Ip(SocketAddr),
    /// A unix socket in the file system.
    Unix(&'a Path),
    /// A unix socket in the abstract name space, without the leading NUL (`abns@`). The name
    /// is padded with NULs to the full length, as HAProxy does: both meet under one name.
    Abstract(&'a [u8]),
}

/// The name of a socket as the kernel tells it, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketName {
    /// IPv4 or IPv6, address and port.
    Ip(SocketAddr),
    /// A unix socket in the file system.
    Unix(PathBuf),
    /// A unix socket in the abstract name space, padding removed.
    Abstract(Vec<u8>),
    /// A unix socket that was never bound.
    Unnamed,
}

/// An address family weir opens sockets of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Unix.
    Unix,
}

impl Family {
    pub(super) const fn raw(self) -> libc::c_int {
        match self {
            Self::V4 => libc::AF_INET,
            Self::V6 => libc::AF_INET6,
            Self::Unix => libc::AF_UNIX,
        }
    }

    /// The family of an IP address.
    pub const fn of_ip(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl Endpoint<'_> {
    /// The family a socket for this endpoint needs.
    pub const fn family(&self) -> Family {
        match self {
            Self::Ip(SocketAddr::V4(_)) => Family::V4,
            Self::Ip(SocketAddr::V6(_)) => Family::V6,
            Self::Unix(_) | Self::Abstract(_) => Family::Unix,
        }
    }
}

/// A `sockaddr` of any of the three families, as bytes.
#[derive(Clone, Copy)]
pub(super) struct RawAddress {
    bytes: [u8; RAW_LEN_MAX],
    len: usize,
}

impl RawAddress {
    /// Room for the kernel to write an address into.
    pub(super) const fn room() -> Self {
        Self {
            bytes: [0; RAW_LEN_MAX],
            len: RAW_LEN_MAX,
        }
    }

    /// Encodes `endpoint`.
    ///
    /// # Errors
    /// `InvalidInput` for a unix name that is empty, too long or holds a NUL.
    pub(super) fn encode(endpoint: &Endpoint<'_>) -> io::Result<Self> {
        let mut raw = Self::room();
        raw.len = 0;
        match endpoint {
            Endpoint::Ip(SocketAddr::V4(v4)) => raw.encode_v4(v4),
            Endpoint::Ip(SocketAddr::V6(v6)) => raw.encode_v6(v6),
            Endpoint::Unix(path) => raw.encode_path(path.as_os_str().as_bytes())?,
            Endpoint::Abstract(name) => raw.encode_abstract(name)?,
        }
        Ok(raw)
    }

    pub(super) const fn as_ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }

    pub(super) const fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        self.bytes.as_mut_ptr().cast()
    }

    pub(super) fn len(&self) -> libc::socklen_t {
        libc::socklen_t::try_from(self.len).unwrap_or(0)
    }

    /// Notes how much the kernel wrote; more than the room means that it cut the name.
    pub(super) fn set_len(&mut self, len: libc::socklen_t) {
        self.len = usize::try_from(len).map_or(RAW_LEN_MAX, |len| len.min(RAW_LEN_MAX));
    }

    /// The address as sessions keep it.
    pub(super) fn peer(&self) -> PeerAddress {
        match self.family() {
            Some(libc::AF_UNIX) => PeerAddress::Unix,
            _ => self.ip().map_or(PeerAddress::None, PeerAddress::from),
        }
    }

    /// The name as listeners keep it; `None` for other families than ours.
    pub(super) fn name(&self) -> Option<SocketName> {
        if self.family() != Some(libc::AF_UNIX) {
            return self.ip().map(SocketName::Ip);
        }
        let name = self.bytes.get(FAMILY_LEN..self.len).unwrap_or_default();
        let Some((first, rest)) = name.split_first() else {
            return Some(SocketName::Unnamed);
        };
        if *first == 0 {
            let end = rest
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            return Some(SocketName::Abstract(rest.get(..end)?.to_vec()));
        }
        let path = name.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(SocketName::Unix(PathBuf::from(OsStr::from_bytes(path))))
    }

    fn family(&self) -> Option<libc::c_int> {
        if self.len < FAMILY_LEN {
            return None;
        }
        Some(libc::c_int::from(u16::from_ne_bytes(self.array(0)?)))
    }

    fn ip(&self) -> Option<SocketAddr> {
        let port = u16::from_be_bytes(self.array(2)?);
        match self.family()? {
            libc::AF_INET if self.len >= V4_LEN => {
                let ip = Ipv4Addr::from(self.array::<4>(4)?);
                Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
            }
            libc::AF_INET6 if self.len >= V6_LEN => {
                let ip = Ipv6Addr::from(self.array::<16>(8)?);
                let scope = u32::from_ne_bytes(self.array(24)?);
                Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)))
            }
            _ => None,
        }
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    fn encode_v4(&mut self, address: &SocketAddrV4) {
        self.push_family(Family::V4);
        self.push(&address.port().to_be_bytes());
        self.push(&address.ip().octets());
        self.len = V4_LEN;
    }

    fn encode_v6(&mut self, address: &SocketAddrV6) {
        self.push_family(Family::V6);
        self.push(&address.port().to_be_bytes());
        self.push(&[0; 4]);
        self.push(&address.ip().octets());
        self.push(&address.scope_id().to_ne_bytes());
    }

    fn encode_path(&mut self, path: &[u8]) -> io::Result<()> {
        if path.is_empty() || path.len() > UNIX_NAME_LEN_MAX || path.contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.push_family(Family::Unix);
        self.push(path);
        self.push(&[0]);
        Ok(())
    }

    fn encode_abstract(&mut self, name: &[u8]) -> io::Result<()> {
        if name.is_empty() || name.len() > UNIX_NAME_LEN_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.push_family(Family::Unix);
        self.push(&[0]);
        self.push(name);
        self.len = RAW_LEN_MAX;
        Ok(())
    }

    fn push_family(&mut self, family: Family) {
        let raw = u16::try_from(family.raw()).unwrap_or(0);
        self.push(&raw.to_ne_bytes());
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
            self.len = end;
        }
    }
}

/// Longest name of a unix socket in the file system, or of an abstract one.
pub const UNIX_NAME_LEN_MAX: usize = 107;
const FAMILY_LEN: usize = size_of::<libc::sa_family_t>();
const V4_LEN: usize = size_of::<libc::sockaddr_in>();
const V6_LEN: usize = size_of::<libc::sockaddr_in6>();
const RAW_LEN_MAX: usize = size_of::<libc::sockaddr_un>();

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(endpoint: Endpoint<'_>) -> SocketName {
        RawAddress::encode(&endpoint).unwrap().name().unwrap()
    }

    #[test]
    fn encoding_and_decoding_agree() {
        for text in ["192.0.2.1:80", "[2001:db8::2]:443", "[fe80::1%3]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(name_of(Endpoint::Ip(address)), SocketName::Ip(address));
        }
        let path = Path::new("/run/weir.sock");
        assert_eq!(name_of(Endpoint::Unix(path)), SocketName::Unix(path.into()));
        let name = SocketName::Abstract(b"weir".to_vec());
        assert_eq!(name_of(Endpoint::Abstract(b"weir")), name);
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        let long = "x".repeat(UNIX_NAME_LEN_MAX + 1);
        let bad = [
            Endpoint::Unix(Path::new("")),
            Endpoint::Unix(Path::new("a\0b")),
            Endpoint::Unix(Path::new(&long)),
            Endpoint::Abstract(b""),
            Endpoint::Abstract(long.as_bytes()),
        ];
        for endpoint in bad {
            assert!(RawAddress::encode(&endpoint).is_err(), "{endpoint:?}");
        }
        let longest = "x".repeat(UNIX_NAME_LEN_MAX);
        assert_eq!(
            name_of(Endpoint::Unix(Path::new(&longest))),
            SocketName::Unix(longest.into())
        );
    }

    #[test]
    fn a_cut_or_foreign_address_is_unknown() {
        let v4 = Endpoint::Ip("192.0.2.1:80".parse().unwrap());
        let mut raw = RawAddress::encode(&v4).unwrap();
        raw.set_len(7);
        assert_eq!((raw.peer(), raw.name()), (PeerAddress::None, None));
        raw.set_len(0);
        assert_eq!(raw.peer(), PeerAddress::None);
    }
}
