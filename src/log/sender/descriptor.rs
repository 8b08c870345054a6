//! Lines to an inherited descriptor: a pipe, a terminal, a file, a socket.
//!
//! Whole lines leave together in writes of at most `PIPE_BUF` bytes, which a pipe takes
//! whole or not at all: lines of several processes on one pipe do not mix. Only a longer
//! line can be cut in the middle; its rest stays in the queue and goes first next time.

use std::io;

use super::queue::Queue;
use super::{SenderCounts, lines};
use crate::sys::{self, Fd};

/// A descriptor that was there at the start and stays open.
#[derive(Debug)]
pub(super) struct Descriptor {
    fd: Fd,
    /// Set once it returns at once instead of blocking.
    is_prepared: bool,
}

impl Descriptor {
    pub(super) const fn new(fd: Fd) -> Self {
        let is_prepared = false;
        Self { fd, is_prepared }
    }

    /// Writes the lines of `queue` as far as they are taken at once. What is left waits for
    /// the reader; nothing is left when there is none.
    pub(super) fn send(&mut self, queue: &mut Queue) -> SenderCounts {
        let mut counts = SenderCounts::default();
        while !queue.is_empty() {
            let chunk = queue.chunk(ATOMIC_LEN_MAX);
            match self.write(chunk) {
                Ok(0) => break,
                Ok(written) => {
                    let whole = queue.skip_bytes(written);
                    counts.sent = counts.sent.saturating_add(lines(whole));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    counts.dropped = lines(queue.len());
                    queue.clear();
                }
            }
        }
        counts
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_prepared {
            sys::set_nonblocking(self.fd)?;
            self.is_prepared = true;
        }
        sys::write(self.fd, bytes)
    }
}

/// What a pipe takes whole or not at all (`PIPE_BUF`).
const ATOMIC_LEN_MAX: usize = libc::PIPE_BUF;
