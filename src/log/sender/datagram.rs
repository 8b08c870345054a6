//! Lines as datagrams, over UDP or to a unix socket: all that wait leave with one call.
//!
//! The socket is opened with the first line and connected, which spares the kernel a look-up
//! per line and tells when nobody listens. A unix path is looked up when it is opened, so
//! relative to the chroot.

use std::io;

use super::queue::Queue;
use super::{SenderCounts, lines};
use crate::config::model::LogTransport;
use crate::sys::datagram::{connected_datagram_socket, sendmmsg};
use crate::sys::socket_option::set_receive_buffer;
use crate::sys::{self, Endpoint, Fd};

/// The socket of one destination.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    socket: Option<Fd>,
    /// When the socket was last opened, or that was tried.
    opened_us: Option<i64>,
}

/// What a failure of the first waiting line means for it and the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// An earlier line met nobody, and the kernel tells it now: this one may still leave.
    Refused,
    /// This line alone is too long.
    TooLong,
    /// Nothing leaves now.
    Full,
    /// The socket is of no use any more.
    Broken,
}

impl Datagrams {
    /// Sends the lines of `queue`. Those left wait for a receiver that is busy; when there
    /// is none, or no way to it, they are dropped.
    pub(super) fn send(
        &mut self,
        transport: &LogTransport,
        queue: &mut Queue,
        now_us: i64,
    ) -> SenderCounts {
        let mut counts = SenderCounts::default();
        let mut refused = false;
        while !queue.is_empty() {
            let Some(fd) = self.open(transport, now_us) else {
                drop_lines(queue, usize::MAX, &mut counts);
                break;
            };
            let error = match sendmmsg(fd, None, queue.lines()) {
                Ok(sent) => {
                    queue.skip_lines(sent.max(1));
                    counts.sent = counts.sent.saturating_add(lines(sent));
                    continue;
                }
                Err(error) => error,
            };
            match failure(transport, &error) {
                Failure::Full => break,
                Failure::TooLong => drop_lines(queue, 1, &mut counts),
                Failure::Broken => self.close(),
                // A second time the receiver is away: one line per turn asks for it.
                Failure::Refused if refused => drop_lines(queue, usize::MAX, &mut counts),
                Failure::Refused => refused = true,
            }
        }
        counts
    }

    /// The socket, opened when there is none; at most once a second.
    fn open(&mut self, transport: &LogTransport, now_us: i64) -> Option<Fd> {
        if self.socket.is_some() {
            return self.socket;
        }
        let is_early = |at: i64| now_us.abs_diff(at) < RETRY_US;
        if self.opened_us.is_some_and(is_early) {
            return None;
        }
        self.opened_us = Some(now_us);
        let endpoint = match transport {
            LogTransport::Udp(address) => Endpoint::Ip(*address),
            LogTransport::UnixDatagram(path) => Endpoint::Unix(path),
            LogTransport::Descriptor(_) => return None,
        };
        match connected_datagram_socket(&endpoint) {
            Ok(fd) => {
                // Nothing is read from it: what somebody sends back need not be kept.
                let _ = set_receive_buffer(fd, 0);
                self.socket = Some(fd);
            }
            Err(error) => log::debug!("no log socket to {transport:?}: {error}"),
        }
        self.socket
    }

    fn close(&mut self) {
        if let Some(fd) = self.socket.take() {
            // The number is free whatever close says.
            let _ = sys::close(fd);
        }
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.close();
    }
}

fn failure(transport: &LogTransport, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => Failure::Full,
        Some(libc::EMSGSIZE) => Failure::TooLong,
        Some(libc::ECONNREFUSED) if matches!(transport, LogTransport::Udp(_)) => Failure::Refused,
        _ => Failure::Broken,
    }
}

fn drop_lines(queue: &mut Queue, count: usize, counts: &mut SenderCounts) {
    let count = count.min(queue.len());
    counts.dropped = counts.dropped.saturating_add(lines(count));
    queue.skip_lines(count);
}

/// A destination that could not be reached is tried again after this time.
const RETRY_US: u64 = 1_000_000;
