//! Datagram sockets (UDP, unix) and sending many messages with one system call.
//!
//! Log senders call this: the lines of one turn of the loop leave together. Nothing here
//! allocates once a destination is encoded.

use std::io;
use std::ptr;

use super::Fd;
use super::address::{Endpoint, Family, RawAddress};
use super::fd::check;

/// A destination in the kernel's shape, encoded once and used for every message.
#[derive(Clone, Copy)]
pub struct Destination(RawAddress);

impl Destination {
    /// Encodes `endpoint`.
    ///
    /// # Errors
    /// `InvalidInput` for a unix name that is empty or too long.
    pub fn new(endpoint: &Endpoint<'_>) -> io::Result<Self> {
        RawAddress::encode(endpoint).map(Self)
    }
}

/// Opens a datagram socket, non-blocking and close-on-exec.
///
/// # Errors
/// EMFILE and the like.
pub fn datagram_socket(family: Family) -> io::Result<Fd> {
    let flags = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes integers and touches no memory of ours.
    check(unsafe { libc::socket(family.raw(), flags, 0) }).map(Fd::new)
}

/// Opens a datagram socket that knows its destination; a unix receiver that restarts needs
/// a new one, an unconnected socket does not.
///
/// # Errors
/// As [`datagram_socket`], and what `connect(2)` reports.
pub fn connected_datagram_socket(endpoint: &Endpoint<'_>) -> io::Result<Fd> {
    let fd = datagram_socket(endpoint.family())?;
    if let Err(error) = super::socket::connect(fd, endpoint) {
        let _ = super::fd::close(fd);
        return Err(error);
    }
    Ok(fd)
}

/// Sends each message as one datagram, to `destination` or where the socket is connected,
/// and returns how many left. Fewer than given means that the kernel refused the next one;
/// calling again with the rest tells why.
///
/// # Errors
/// Why the first message did not leave: `WouldBlock` when the queue is full, ECONNREFUSED,
/// EMSGSIZE, ENOENT.
pub fn sendmmsg<'a>(
    fd: Fd,
    destination: Option<&Destination>,
    messages: impl IntoIterator<Item = &'a [u8]>,
) -> io::Result<usize> {
    let mut messages = messages.into_iter();
    let mut sent: usize = 0;
    loop {
        let mut batch = Batch::default();
        batch.fill(&mut messages);
        if batch.count == 0 {
            return Ok(sent);
        }
        match batch.send(fd, destination) {
            Ok(count) => sent = sent.saturating_add(count),
            Err(error) if sent == 0 => return Err(error),
            Err(_) => return Ok(sent),
        }
        if !batch.is_sent() {
            return Ok(sent);
        }
    }
}

/// Up to [`BATCH_MAX`] messages on the stack.
struct Batch<'a> {
    messages: [&'a [u8]; BATCH_MAX],
    count: usize,
    sent: usize,
}

impl Default for Batch<'_> {
    fn default() -> Self {
        Self {
            messages: [&[]; BATCH_MAX],
            count: 0,
            sent: 0,
        }
    }
}

impl<'a> Batch<'a> {
    fn fill(&mut self, messages: &mut impl Iterator<Item = &'a [u8]>) {
        for (slot, message) in self.messages.iter_mut().zip(messages) {
            *slot = message;
            self.count += 1;
        }
    }

    fn is_sent(&self) -> bool {
        self.sent == self.count
    }

    fn send(&mut self, fd: Fd, destination: Option<&Destination>) -> io::Result<usize> {
        let mut parts = self.messages.map(|message| libc::iovec {
            iov_base: message.as_ptr().cast_mut().cast(),
            iov_len: message.len(),
        });
        let mut headers = [const { empty_header() }; BATCH_MAX];
        for (header, part) in headers.iter_mut().zip(&mut parts) {
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            if let Some(Destination(raw)) = destination {
                header.msg_hdr.msg_name = raw.as_ptr().cast_mut().cast();
                header.msg_hdr.msg_namelen = raw.len();
            }
        }
        let count = libc::c_uint::try_from(self.count).unwrap_or(0);
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: `count` headers are filled; they point into `parts`, the messages and the
        // destination, which all outlive the call and are only read.
        let result = unsafe { libc::sendmmsg(fd.raw(), headers.as_mut_ptr(), count, flags) };
        self.sent = usize::try_from(check(result)?).unwrap_or(0);
        Ok(self.sent)
    }
}

const fn empty_header() -> libc::mmsghdr {
    libc::mmsghdr {
        msg_hdr: libc::msghdr {
            msg_name: ptr::null_mut(),
            msg_namelen: 0,
            msg_iov: ptr::null_mut(),
            msg_iovlen: 0,
            msg_control: ptr::null_mut(),
            msg_controllen: 0,
            msg_flags: 0,
        },
        msg_len: 0,
    }
}

/// Messages per system call; the headers for them take about 3 KiB of stack.
const BATCH_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;

    use super::super::fd::close;
    use super::*;

    fn lines(count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|n| format!("line {n}").into_bytes())
            .collect()
    }

    #[test]
    fn a_batch_larger_than_one_call_arrives_in_order() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let receiver = UdpSocket::bind(address).unwrap();
            let endpoint = Endpoint::Ip(receiver.local_addr().unwrap());
            let destination = Destination::new(&endpoint).unwrap();
            let fd = datagram_socket(endpoint.family()).unwrap();
            let lines = lines(BATCH_MAX * 2 + 5);
            let sent = sendmmsg(fd, Some(&destination), lines.iter().map(Vec::as_slice));
            assert_eq!(sent.unwrap(), lines.len());
            for line in &lines {
                let mut buffer = [0; 64];
                let len = receiver.recv(&mut buffer).unwrap();
                assert_eq!(&buffer[..len], line);
            }
            close(fd).unwrap();
        }
    }

    #[test]
    fn unix_datagrams_reach_a_connected_and_a_named_receiver() {
        let directory = std::env::temp_dir().join(format!("weir-dgram-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("log");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let connected = connected_datagram_socket(&Endpoint::Unix(&path)).unwrap();
        assert_eq!(
            sendmmsg(connected, None, [b"a".as_slice(), b"b"]).unwrap(),
            2
        );
        let named = datagram_socket(Family::Unix).unwrap();
        let destination = Destination::new(&Endpoint::Unix(&path)).unwrap();
        assert_eq!(
            sendmmsg(named, Some(&destination), [b"c".as_slice()]).unwrap(),
            1
        );
        for expected in [b"a", b"b", b"c"] {
            let mut buffer = [0; 8];
            assert_eq!(receiver.recv(&mut buffer).unwrap(), 1);
            assert_eq!(&buffer[..1], expected);
        }
        close(connected).unwrap();
        close(named).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let gone = connected_datagram_socket(&Endpoint::Unix(&path)).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_full_queue_stops_the_batch_without_blocking() {
        let (sender, _receiver) = UnixDatagram::pair().unwrap();
        let fd = Fd::new(std::os::fd::AsRawFd::as_raw_fd(&sender));
        let line = b"x".as_slice();
        let mut total = 0;
        let error = loop {
            match sendmmsg(fd, None, std::iter::repeat_n(line, 100)) {
                Ok(sent) => total += sent,
                Err(error) => break error,
            }
            assert!(total < 1_000_000, "the queue is finite");
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(sendmmsg(fd, None, []).is_ok_and(|sent| sent == 0));
    }
}
