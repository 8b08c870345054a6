//! Socket options, one function each, named after what they achieve.
//!
//! Callers: listeners, outgoing connections, accept. None is fatal here; the caller decides
//! which failures it reports and which it ignores.

use std::io;

use super::Fd;
use super::address::Family;
use super::fd::check;

/// TCP_NODELAY: small writes leave at once.
///
/// # Errors
/// EOPNOTSUPP on unix sockets.
pub fn set_nodelay(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, on.into())
}

/// TCP_QUICKACK; off delays the acknowledgement so that it leaves with the answer
/// (`option tcp-smart-accept`, `option tcp-smart-connect`).
///
/// # Errors
/// EOPNOTSUPP on unix sockets.
pub fn set_quickack(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_QUICKACK, on.into())
}

/// SO_KEEPALIVE (`option tcpka`).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_keepalive(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, on.into())
}

/// SO_LINGER with 0 seconds: closing resets the connection and leaves no TIME_WAIT
/// (`option nolinger`, rejected connections).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_no_linger(fd: Fd) -> io::Result<()> {
    let value = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(fd, libc::SOL_SOCKET, libc::SO_LINGER, &value)
}

/// SO_REUSEADDR: a local address in TIME_WAIT may be bound.
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_reuse_address(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, on.into())
}

/// SO_REUSEPORT: several sockets may listen on one address.
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_reuse_port(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, on.into())
}

/// TCP_DEFER_ACCEPT: connections surface once data came, or after about this many seconds.
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_defer_accept(fd: Fd, wait_s: u32) -> io::Result<()> {
    set_count(fd, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, wait_s)
}

/// TCP_FASTOPEN on a listening socket, with the length of its queue (`tfo`).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_fast_open(fd: Fd, queue_len: u32) -> io::Result<()> {
    set_count(fd, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue_len)
}

/// TCP_FASTOPEN_CONNECT: the handshake waits for the first send and carries its data.
///
/// # Errors
/// EOPNOTSUPP when the system disabled it.
pub fn set_fast_open_connect(fd: Fd) -> io::Result<()> {
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1)
}

/// TCP_MAXSEG: the segment size announced to peers (`mss`).
///
/// # Errors
/// EINVAL for sizes the kernel does not take.
pub fn set_max_segment(fd: Fd, size: u32) -> io::Result<()> {
    set_count(fd, libc::IPPROTO_TCP, libc::TCP_MAXSEG, size)
}

/// TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged before the connection is
/// given up, in milliseconds (`tcp-ut`). Accepted sockets inherit it.
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_user_timeout(fd: Fd, timeout_ms: u32) -> io::Result<()> {
    set_count(fd, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, timeout_ms)
}

/// The segment size in use.
///
/// # Errors
/// What `getsockopt(2)` reports.
pub fn max_segment(fd: Fd) -> io::Result<u32> {
    let size = int(fd, libc::IPPROTO_TCP, libc::TCP_MAXSEG)?;
    Ok(u32::try_from(size).unwrap_or(0))
}

/// IP_TRANSPARENT: foreign addresses may be bound (`transparent`, `usesrc`). Where the
/// privilege is missing, IP_FREEBIND gives the half that does not need it.
///
/// # Errors
/// EPERM without the privilege, EOPNOTSUPP on unix sockets.
pub fn set_transparent(fd: Fd, family: Family) -> io::Result<()> {
    match family {
        Family::V4 => set_int(fd, libc::SOL_IP, libc::IP_TRANSPARENT, 1)
            .or_else(|_| set_int(fd, libc::SOL_IP, libc::IP_FREEBIND, 1)),
        Family::V6 => set_int(fd, libc::SOL_IPV6, libc::IPV6_TRANSPARENT, 1)
            .or_else(|_| set_int(fd, libc::SOL_IPV6, libc::IPV6_FREEBIND, 1)),
        Family::Unix => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// IP_BIND_ADDRESS_NO_PORT: the port is chosen at connect, where one port can serve many
/// destinations.
///
/// # Errors
/// ENOPROTOOPT on old kernels.
pub fn set_late_port(fd: Fd) -> io::Result<()> {
    set_int(fd, libc::SOL_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// IPV6_V6ONLY: whether an IPv6 socket leaves IPv4 alone (`v6only`, `v4v6`).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_v6only(fd: Fd, on: bool) -> io::Result<()> {
    set_int(fd, libc::SOL_IPV6, libc::IPV6_V6ONLY, on.into())
}

/// Whether an IPv6 socket leaves IPv4 alone; `None` for other sockets.
pub fn is_v6only(fd: Fd) -> Option<bool> {
    let value = int(fd, libc::SOL_IPV6, libc::IPV6_V6ONLY).ok()?;
    Some(value != 0)
}

/// SO_BINDTODEVICE: packets of this interface only (`interface`).
///
/// # Errors
/// ENODEV, EPERM.
pub fn bind_to_device(fd: Fd, interface: &str) -> io::Result<()> {
    let name = interface.as_bytes();
    let len = libc::socklen_t::try_from(name.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let level = libc::SOL_SOCKET;
    let pointer = name.as_ptr().cast();
    // SAFETY: the pointer and the length describe `name`, which outlives the call.
    check(unsafe { libc::setsockopt(fd.raw(), level, libc::SO_BINDTODEVICE, pointer, len) })
        .map(|_| ())
}

/// True when the socket is bound to this interface; an empty name means to none.
pub fn is_bound_to_device(fd: Fd, interface: &str) -> bool {
    let mut name = [0_u8; libc::IFNAMSIZ];
    let mut len = libc::socklen_t::try_from(name.len()).unwrap_or(0);
    let level = libc::SOL_SOCKET;
    let pointer = name.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `len` bytes to `name` and the new length to `len`.
    let result = unsafe {
        libc::getsockopt(
            fd.raw(),
            level,
            libc::SO_BINDTODEVICE,
            pointer,
            &raw mut len,
        )
    };
    let bound = name.split(|byte| *byte == 0).next().unwrap_or_default();
    check(result).is_ok() && bound == interface.as_bytes()
}

/// SO_MARK: marks the packets that leave (`set-mark`).
///
/// # Errors
/// EPERM without the privilege.
pub fn set_mark(fd: Fd, mark: u32) -> io::Result<()> {
    set(fd, libc::SOL_SOCKET, libc::SO_MARK, &mark)
}

/// IP_TOS or IPV6_TCLASS: the type of service of the packets that leave (`set-tos`).
///
/// # Errors
/// EOPNOTSUPP on unix sockets.
pub fn set_type_of_service(fd: Fd, family: Family, value: u8) -> io::Result<()> {
    match family {
        Family::V4 => set_int(fd, libc::IPPROTO_IP, libc::IP_TOS, value.into()),
        Family::V6 => set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, value.into()),
        Family::Unix => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Lets the close of this connection send nothing (`silent-drop`): TCP_REPAIR takes it from
/// the kernel's hands. Where the privilege is missing, a time to live of one hop keeps most
/// packets from the peer.
///
/// # Errors
/// EOPNOTSUPP on unix sockets.
pub fn set_silent(fd: Fd, family: Family) -> io::Result<()> {
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_REPAIR, 1).or_else(|_| match family {
        Family::V4 => set_int(fd, libc::IPPROTO_IP, libc::IP_TTL, 1),
        Family::V6 => set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, 1),
        Family::Unix => Err(io::ErrorKind::Unsupported.into()),
    })
}

/// SO_RCVBUF in bytes (`tune.rcvbuf.*`).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_receive_buffer(fd: Fd, size: u32) -> io::Result<()> {
    set_count(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, size)
}

/// SO_SNDBUF in bytes (`tune.sndbuf.*`).
///
/// # Errors
/// What `setsockopt(2)` reports.
pub fn set_send_buffer(fd: Fd, size: u32) -> io::Result<()> {
    set_count(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, size)
}

/// Reads an option that is an integer.
pub(super) fn int(fd: Fd, level: libc::c_int, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut len = INT_LEN;
    let pointer = (&raw mut value).cast();
    // SAFETY: the kernel writes at most `len` bytes, the size of `value`.
    check(unsafe { libc::getsockopt(fd.raw(), level, name, pointer, &raw mut len) })?;
    Ok(value)
}

fn set_int(fd: Fd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    set(fd, level, name, &value)
}

fn set_count(fd: Fd, level: libc::c_int, name: libc::c_int, value: u32) -> io::Result<()> {
    let value = libc::c_int::try_from(value).unwrap_or(libc::c_int::MAX);
    set(fd, level, name, &value)
}

fn set<T: Copy>(fd: Fd, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    let pointer = std::ptr::from_ref(value).cast();
    let len = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: the pointer and the length describe `value`, which outlives the call.
    check(unsafe { libc::setsockopt(fd.raw(), level, name, pointer, len) }).map(|_| ())
}

const INT_LEN: libc::socklen_t = 4;

#[cfg(test)]
mod tests {
    use super::super::fd::close;
    use super::super::socket::stream_socket;
    use super::*;

    #[test]
    fn tcp_options_are_taken_by_the_kernel() {
        for family in [Family::V4, Family::V6] {
            let fd = stream_socket(family).unwrap();
            set_nodelay(fd, true).unwrap();
            set_quickack(fd, false).unwrap();
            set_keepalive(fd, true).unwrap();
            set_no_linger(fd).unwrap();
            set_reuse_address(fd, true).unwrap();
            set_reuse_port(fd, true).unwrap();
            set_defer_accept(fd, 1).unwrap();
            set_fast_open(fd, 16).unwrap();
            set_max_segment(fd, 1000).unwrap();
            set_transparent(fd, family).unwrap();
            set_receive_buffer(fd, 8192).unwrap();
            set_send_buffer(fd, 8192).unwrap();
            set_late_port(fd).unwrap();
            set_type_of_service(fd, family, 16).unwrap();
            set_silent(fd, family).unwrap();
            assert_eq!(int(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY).unwrap(), 1);
            assert_eq!(int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE).unwrap(), 1);
            assert!(int(fd, libc::SOL_SOCKET, libc::SO_RCVBUF).unwrap() >= 8192);
            close(fd).unwrap();
        }
    }

    #[test]
    fn v6only_is_settable_both_ways() {
        let fd = stream_socket(Family::V6).unwrap();
        for on in [true, false] {
            set_v6only(fd, on).unwrap();
            let value = int(fd, libc::SOL_IPV6, libc::IPV6_V6ONLY).unwrap();
            assert_eq!(value != 0, on);
        }
        close(fd).unwrap();
    }

    #[test]
    fn an_unknown_interface_is_an_error() {
        let fd = stream_socket(Family::V4).unwrap();
        assert!(bind_to_device(fd, "weir-none").is_err());
        close(fd).unwrap();
    }

    #[test]
    fn unix_sockets_take_no_foreign_address() {
        let fd = stream_socket(Family::Unix).unwrap();
        assert!(set_transparent(fd, Family::Unix).is_err());
        close(fd).unwrap();
    }
}
