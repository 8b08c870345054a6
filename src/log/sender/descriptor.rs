//! Lines to an inherited descriptor: a pipe, a terminal, a file, a socket.
//!
//! Whole lines leave together in writes of at most `PIPE_BUF` bytes, which a pipe takes
//! whole or not at all: lines of several processes on one pipe do not mix. Only a longer
//! line can be cut in the middle; its rest is kept and goes first next time.

use std::io;

use super::SenderCounts;
use super::queue::Queue;
use crate::sys::{self, Fd};

/// A descriptor that was there at the start and stays open.
#[derive(Debug)]
pub(super) struct Descriptor {
    fd: Fd,
    /// Set once it returns at once instead of blocking.
    is_prepared: bool,
    /// The rest of a line that was cut in the middle.
    rest: Vec<u8>,
}

impl Descriptor {
    pub(super) const fn new(fd: Fd) -> Self {
        Self {
            fd,
            is_prepared: false,
            rest: Vec::new(),
        }
    }

    /// Writes the lines of `queue` as far as they are taken at once.
    pub(super) fn send(&mut self, queue: &Queue) -> SenderCounts {
        let mut sent = 0;
        if self.prepare().is_ok() && self.write_rest() {
            sent = self.write_lines(queue);
        }
        let count = |lines: usize| u64::try_from(lines).unwrap_or(u64::MAX);
        SenderCounts {
            sent: count(sent),
            dropped: count(queue.len().saturating_sub(sent)),
        }
    }

    fn prepare(&mut self) -> io::Result<()> {
        if !self.is_prepared {
            sys::set_nonblocking(self.fd)?;
            self.is_prepared = true;
        }
        Ok(())
    }

    /// True when no rest is left.
    fn write_rest(&mut self) -> bool {
        while !self.rest.is_empty() {
            match sys::write(self.fd, &self.rest) {
                Ok(0) => return false,
                Ok(written) => {
                    self.rest.drain(..written.min(self.rest.len()));
                }
                Err(error) => {
                    // A reader that is gone will not miss the rest.
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.rest.clear();
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Number of lines taken; one that was cut in the middle counts.
    fn write_lines(&mut self, queue: &Queue) -> usize {
        let mut sent = 0;
        while sent < queue.len() {
            let (bytes, count) = queue.chunk(sent, ATOMIC_LEN_MAX);
            let Ok(written) = sys::write(self.fd, bytes) else {
                return sent;
            };
            if written < bytes.len() {
                return sent.saturating_add(self.keep_rest(bytes, written));
            }
            sent = sent.saturating_add(count);
        }
        sent
    }

    /// Keeps the rest of the line that ended in the middle; the number of lines begun.
    fn keep_rest(&mut self, bytes: &[u8], written: usize) -> usize {
        let (taken, rest) = bytes.split_at_checked(written).unwrap_or((bytes, &[]));
        let whole = memchr::memchr_iter(b'\n', taken).count();
        if taken.is_empty() || taken.ends_with(b"\n") {
            return whole;
        }
        let line = rest.split_inclusive(|byte| *byte == b'\n').next();
        self.rest.extend_from_slice(line.unwrap_or_default());
        whole.saturating_add(1)
    }
}

/// What a pipe takes whole or not at all (`PIPE_BUF`).
const ATOMIC_LEN_MAX: usize = libc::PIPE_BUF;
