//! Lines as datagrams, over UDP or to a unix socket: all that wait leave with one call.
//!
//! The socket is opened with the first line and connected, which spares the kernel a look-up
//! per line and tells when nobody listens. A unix path is looked up when it is opened, so
//! relative to the chroot.

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

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// Lines left, or one that never can was dropped.
    Passed,
    /// An earlier line met nobody, and the kernel told it: this one may still leave.
    Refused,
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
        let is_udp = matches!(transport, LogTransport::Udp(_));
        while !queue.is_empty() {
            let Some(fd) = self.open(transport, now_us) else {
                drop_lines(queue, usize::MAX, &mut counts);
                break;
            };
            match attempt(fd, is_udp, queue, &mut counts) {
                Attempt::Passed => refused = false,
                Attempt::Full => break,
                Attempt::Broken => self.close(),
                // A second time the receiver is away: a line or two per turn ask for it.
                Attempt::Refused if refused => drop_lines(queue, usize::MAX, &mut counts),
                Attempt::Refused => refused = true,
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

/// One call for all lines that wait.
fn attempt(fd: Fd, is_udp: bool, queue: &mut Queue, counts: &mut SenderCounts) -> Attempt {
    let error = match sendmmsg(fd, None, queue.lines()) {
        Ok(sent) => {
            queue.skip_lines(sent.max(1));
            counts.sent = counts.sent.saturating_add(lines(sent));
            // The kernel forgets a refusal once it has stopped a batch for it; every
            // other reason is still there at the next attempt.
            let is_refused = is_udp && !queue.is_empty();
            return if is_refused {
                Attempt::Refused
            } else {
                Attempt::Passed
            };
        }
        Err(error) => error,
    };
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => Attempt::Full,
        Some(libc::ECONNREFUSED) if is_udp => Attempt::Refused,
        Some(libc::EMSGSIZE) => {
            drop_lines(queue, 1, counts);
            Attempt::Passed
        }
        _ => Attempt::Broken,
    }
}

fn drop_lines(queue: &mut Queue, count: usize, counts: &mut SenderCounts) {
    let count = count.min(queue.len());
    counts.dropped = counts.dropped.saturating_add(lines(count));
    queue.skip_lines(count);
}

/// A destination that could not be reached is tried again after this time.
const RETRY_US: u64 = 1_000_000;
