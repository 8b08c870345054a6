//! Stream sockets: creation, naming, accepting, connecting, moving bytes.
//!
//! Every socket is non-blocking and close-on-exec from its creation. `Fd` is a number: who
//! opened it owns it until it is closed or handed to fdtab. Bytes never raise SIGPIPE.
//! Callers: listeners, outgoing connections, transports.

use std::io;
use std::net::SocketAddr;
use std::os::fd::IntoRawFd;

use nix::sys::socket::{self as kernel, AddressFamily, MsgFlags, SockFlag, SockType};

use super::Fd;
use super::address::{Endpoint, Family, RawAddress, SocketName};
use super::fd::check;
use super::socket_option;
use crate::net::address::PeerAddress;

/// Which direction of a connection to shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// No more receiving.
    Read,
    /// No more sending: the peer reads the end of the stream.
    Write,
    /// Both.
    Both,
}

/// Opens a stream socket, non-blocking and close-on-exec.
///
/// # Errors
/// EMFILE, ENFILE, ENOBUFS, ENOMEM when a resource ran out; EAFNOSUPPORT for a family the
/// kernel lacks.
pub fn stream_socket(family: Family) -> io::Result<Fd> {
    let flags = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes integers and touches no memory of ours.
    check(unsafe { libc::socket(family.raw(), flags, 0) }).map(Fd::new)
}

/// Gives the socket its local address.
///
/// # Errors
/// EADDRINUSE, EADDRNOTAVAIL, EACCES and what else `bind(2)` reports.
pub fn bind(fd: Fd, endpoint: &Endpoint<'_>) -> io::Result<()> {
    let raw = RawAddress::encode(endpoint)?;
    // SAFETY: the pointer and the length describe `raw`, which outlives the call.
    check(unsafe { libc::bind(fd.raw(), raw.as_ptr(), raw.len()) }).map(|_| ())
}

/// Starts listening, or changes the backlog of a listening socket.
///
/// # Errors
/// EADDRINUSE and what else `listen(2)` reports.
pub fn listen(fd: Fd, backlog: u32) -> io::Result<()> {
    let backlog = libc::c_int::try_from(backlog).unwrap_or(libc::c_int::MAX);
    // SAFETY: listen(2) takes integers and touches no memory of ours.
    check(unsafe { libc::listen(fd.raw(), backlog) }).map(|_| ())
}

/// Takes one connection from a listening socket, with its peer's address.
///
/// # Errors
/// `WouldBlock` when none waits; EMFILE, ENFILE, ENOBUFS, ENOMEM when a resource ran out;
/// ECONNABORTED and the like when the connection died meanwhile.
pub fn accept4(fd: Fd) -> io::Result<(Fd, PeerAddress)> {
    let mut raw = RawAddress::room();
    let mut len = raw.len();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: the kernel writes at most `len` bytes to `raw` and the new length to `len`.
    let result = unsafe { libc::accept4(fd.raw(), raw.as_mut_ptr(), &raw mut len, flags) };
    let accepted = check(result)?;
    raw.set_len(len);
    Ok((Fd::new(accepted), raw.peer()))
}

/// Starts connecting. `Ok` means connected already (unix sockets, fast open).
///
/// # Errors
/// EINPROGRESS while TCP shakes hands; the causes of `connect(2)` otherwise.
pub fn connect(fd: Fd, endpoint: &Endpoint<'_>) -> io::Result<()> {
    let raw = RawAddress::encode(endpoint)?;
    // SAFETY: the pointer and the length describe `raw`, which outlives the call.
    check(unsafe { libc::connect(fd.raw(), raw.as_ptr(), raw.len()) }).map(|_| ())
}

/// Takes a socket back to where it was before it listened or connected, its address kept:
/// connecting to nothing, `AF_UNSPEC`. Unlike `shutdown(2)` it may be repeated, and leaves
/// no mark on a socket that somebody else disconnected before.
///
/// # Errors
/// What `connect(2)` reports; EAFNOSUPPORT for unix sockets.
pub fn disconnect(fd: Fd) -> io::Result<()> {
    let nothing = libc::sockaddr {
        sa_family: FAMILY_NONE,
        sa_data: [0; 14],
    };
    let len = libc::socklen_t::try_from(size_of_val(&nothing)).unwrap_or(0);
    // SAFETY: the pointer and the length describe `nothing`, which outlives the call.
    check(unsafe { libc::connect(fd.raw(), &raw const nothing, len) }).map(|_| ())
}

/// Receives into `buffer`. 0 is the end of the stream (for a buffer that is not empty).
///
/// # Errors
/// `WouldBlock` when nothing waits; ECONNRESET and the like.
pub fn recv(fd: Fd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(kernel::recv(fd.raw(), buffer, MsgFlags::MSG_DONTWAIT)?)
}

/// Looks at what waits without consuming it.
///
/// # Errors
/// As [`recv`].
pub fn peek(fd: Fd, buffer: &mut [u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK;
    Ok(kernel::recv(fd.raw(), buffer, flags)?)
}

/// Sends from `bytes`; `more` tells the kernel to wait with a partial segment.
///
/// # Errors
/// `WouldBlock` when the send buffer is full; EPIPE, ECONNRESET and the like.
pub fn send(fd: Fd, bytes: &[u8], more: bool) -> io::Result<usize> {
    Ok(kernel::send(fd.raw(), bytes, send_flags(more))?)
}

/// Sends two slices in one call, the second after the first.
///
/// # Errors
/// As [`send`].
pub fn sendv(fd: Fd, slices: [&[u8]; 2], more: bool) -> io::Result<usize> {
    let parts = slices.map(io::IoSlice::new);
    let flags = send_flags(more);
    Ok(kernel::sendmsg::<()>(fd.raw(), &parts, &[], flags, None)?)
}

/// Shuts one or both directions.
///
/// # Errors
/// ENOTCONN when the connection is gone or was never made.
pub fn shutdown(fd: Fd, how: How) -> io::Result<()> {
    let how = match how {
        How::Read => kernel::Shutdown::Read,
        How::Write => kernel::Shutdown::Write,
        How::Both => kernel::Shutdown::Both,
    };
    Ok(kernel::shutdown(fd.raw(), how)?)
}

/// The local address; for an accepted connection, what the client connected to.
///
/// # Errors
/// What `getsockname(2)` reports.
pub fn getsockname(fd: Fd) -> io::Result<PeerAddress> {
    Ok(local_name(fd)?.peer())
}

/// The local name, unix names included; for listening sockets.
///
/// # Errors
/// What `getsockname(2)` reports; `Unsupported` for a family weir does not know.
pub fn socket_name(fd: Fd) -> io::Result<SocketName> {
    local_name(fd)?
        .name()
        .ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// The peer's address.
///
/// # Errors
/// ENOTCONN while or when not connected.
pub fn getpeername(fd: Fd) -> io::Result<PeerAddress> {
    let mut raw = RawAddress::room();
    let mut len = raw.len();
    // SAFETY: the kernel writes at most `len` bytes to `raw` and the new length to `len`.
    check(unsafe { libc::getpeername(fd.raw(), raw.as_mut_ptr(), &raw mut len) })?;
    raw.set_len(len);
    Ok(raw.peer())
}

/// The error a socket holds (SO_ERROR), taken; `Ok` when there is none.
///
/// # Errors
/// The pending error, for instance ECONNREFUSED of a failed connect.
pub fn take_error(fd: Fd) -> io::Result<()> {
    let errno = socket_option::int(fd, libc::SOL_SOCKET, libc::SO_ERROR)?;
    if errno == 0 {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(errno))
}

/// True when the socket listens (SO_ACCEPTCONN).
///
/// # Errors
/// ENOTSOCK, EBADF.
pub fn is_listening(fd: Fd) -> io::Result<bool> {
    Ok(socket_option::int(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? != 0)
}

/// True when the socket carries a stream (SO_TYPE).
///
/// # Errors
/// ENOTSOCK, EBADF.
pub fn is_stream(fd: Fd) -> io::Result<bool> {
    Ok(socket_option::int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? == libc::SOCK_STREAM)
}

/// Where the client meant to go before the firewall redirected it (SO_ORIGINAL_DST).
///
/// # Errors
/// ENOENT or ENOPROTOOPT when nothing was redirected.
pub fn original_destination(fd: Fd) -> io::Result<PeerAddress> {
    let level = match getsockname(fd)? {
        PeerAddress::V4(..) => libc::SOL_IP,
        PeerAddress::V6(..) => libc::SOL_IPV6,
        PeerAddress::Unix | PeerAddress::None => return Err(io::ErrorKind::Unsupported.into()),
    };
    let mut raw = RawAddress::room();
    let mut len = raw.len();
    let value = raw.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most `len` bytes to `raw` and the new length to `len`.
    let result = unsafe { libc::getsockopt(fd.raw(), level, SO_ORIGINAL_DST, value, &raw mut len) };
    check(result)?;
    raw.set_len(len);
    let address = raw.peer();
    match address.socket_addr() {
        Some(SocketAddr::V4(_) | SocketAddr::V6(_)) => Ok(address),
        None => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// A connected pair of unix stream sockets, non-blocking.
///
/// # Errors
/// EMFILE and the like.
pub fn socketpair() -> io::Result<(Fd, Fd)> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let pair = kernel::socketpair(AddressFamily::Unix, SockType::Stream, None, flags)?;
    Ok((Fd::new(pair.0.into_raw_fd()), Fd::new(pair.1.into_raw_fd())))
}

fn local_name(fd: Fd) -> io::Result<RawAddress> {
    let mut raw = RawAddress::room();
    let mut len = raw.len();
    // SAFETY: the kernel writes at most `len` bytes to `raw` and the new length to `len`.
    check(unsafe { libc::getsockname(fd.raw(), raw.as_mut_ptr(), &raw mut len) })?;
    raw.set_len(len);
    Ok(raw)
}

fn send_flags(more: bool) -> MsgFlags {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    if more {
        return flags | MsgFlags::from_bits_retain(libc::MSG_MORE);
    }
    flags
}

/// AF_UNSPEC in the type of its field: no address at all.
const FAMILY_NONE: libc::sa_family_t = 0;
/// The same number for IPv4 (linux/netfilter_ipv4.h) and IPv6 (IP6T_SO_ORIGINAL_DST).
const SO_ORIGINAL_DST: libc::c_int = 80;

#[cfg(test)]
mod tests;
