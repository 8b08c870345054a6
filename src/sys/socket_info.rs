//! What the kernel knows about connections and addresses: TCP's own measurements, and
//! whether an address is one of this machine.
//!
//! Called by fetches while rules are evaluated; every question is a system call.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::Fd;
use super::address::{Endpoint, Family};
use super::datagram::datagram_socket;
use super::fd::{check, close};
use super::socket::bind;

/// What TCP measures of a connection (TCP_INFO of `tcp(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TcpInfo {
    /// Round trip time in microseconds.
    pub rtt_us: u32,
    /// Its variance in microseconds.
    pub rttvar_us: u32,
    /// Segments not acknowledged yet.
    pub unacked: u32,
    /// Segments acknowledged selectively.
    pub sacked: u32,
    /// Segments thought lost.
    pub lost: u32,
    /// Segments sent again and not acknowledged.
    pub retransmits: u32,
    /// Segments acknowledged ahead.
    pub fackets: u32,
    /// How far segments arrive out of order.
    pub reordering: u32,
}

/// Asks the kernel about a TCP connection.
///
/// # Errors
/// What `getsockopt(2)` reports: EOPNOTSUPP or ENOPROTOOPT for a socket of another kind.
pub fn tcp_info(fd: Fd) -> io::Result<TcpInfo> {
    let mut bytes = [0_u8; size_of::<libc::tcp_info>()];
    let mut len = libc::socklen_t::try_from(bytes.len()).unwrap_or(0);
    let pointer = bytes.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `len` bytes to `bytes` and the new length to `len`.
    let result = unsafe {
        libc::getsockopt(
            fd.raw(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            pointer,
            &raw mut len,
        )
    };
    check(result)?;
    let field = |at: usize| {
        let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
        field.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    };
    Ok(TcpInfo {
        rtt_us: field(std::mem::offset_of!(libc::tcp_info, tcpi_rtt)),
        rttvar_us: field(std::mem::offset_of!(libc::tcp_info, tcpi_rttvar)),
        unacked: field(std::mem::offset_of!(libc::tcp_info, tcpi_unacked)),
        sacked: field(std::mem::offset_of!(libc::tcp_info, tcpi_sacked)),
        lost: field(std::mem::offset_of!(libc::tcp_info, tcpi_lost)),
        retransmits: field(std::mem::offset_of!(libc::tcp_info, tcpi_retrans)),
        fackets: field(std::mem::offset_of!(libc::tcp_info, tcpi_fackets)),
        reordering: field(std::mem::offset_of!(libc::tcp_info, tcpi_reordering)),
    })
}

/// True when the address is one of this machine: only such can be bound.
pub fn is_local_address(address: IpAddr) -> bool {
    let family = match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    };
    let Ok(fd) = datagram_socket(family) else {
        return false;
    };
    let is_local = bind(fd, &Endpoint::Ip(SocketAddr::new(address, 0))).is_ok();
    // Nothing was sent: there is nothing that closing could lose.
    let _ = close(fd);
    is_local
}

#[cfg(test)]
mod tests {
    use super::super::socket::{socketpair, stream_socket};
    use super::*;

    #[test]
    fn the_kernel_measures_tcp_sockets_only() {
        let fd = stream_socket(Family::V4).unwrap();
        let info = tcp_info(fd).unwrap();
        assert_eq!((info.unacked, info.lost), (0, 0));
        assert!(info.reordering > 0);
        close(fd).unwrap();
        let (one, other) = socketpair().unwrap();
        assert!(tcp_info(one).is_err());
        close(one).unwrap();
        close(other).unwrap();
    }

    #[test]
    fn own_addresses_are_told_from_others() {
        assert!(is_local_address("127.0.0.1".parse().unwrap()));
        assert!(!is_local_address("192.0.2.1".parse().unwrap()));
        assert!(!is_local_address("2001:db8::1".parse().unwrap()));
    }
}
