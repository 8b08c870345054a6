//! `poll(2)` over a table that the caller keeps.

use super::Fd;
use std::io;

/// Something to read, or an end of file.
pub const POLL_IN: i16 = libc::POLLIN;
/// Room to write.
pub const POLL_OUT: i16 = libc::POLLOUT;
/// An error is pending. Always reported.
pub const POLL_ERR: i16 = libc::POLLERR;
/// Both directions are closed. Always reported.
pub const POLL_HUP: i16 = libc::POLLHUP;
/// The peer will not write any more.
pub const POLL_RDHUP: i16 = libc::POLLRDHUP;
/// The descriptor is not open. Always reported.
pub const POLL_NVAL: i16 = libc::POLLNVAL;

/// One row of the table: what is asked for one descriptor, and what the last call found.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct PollRow(libc::pollfd);

impl PollRow {
    /// A row that asks for `events`, a sum of `POLL_*`.
    pub const fn new(fd: Fd, events: i16) -> Self {
        Self(libc::pollfd {
            fd: fd.raw(),
            events,
            revents: 0,
        })
    }

    /// The descriptor of this row.
    pub const fn fd(&self) -> Fd {
        Fd::new(self.0.fd)
    }

    /// What the last call found.
    pub const fn found(&self) -> i16 {
        self.0.revents
    }
}

/// Waits up to `timeout_ms` for any row; the count of rows with something found. A signal
/// ends the wait with 0.
///
/// # Errors
/// What `poll(2)` reports, never EINTR.
pub fn wait(rows: &mut [PollRow], timeout_ms: u32) -> io::Result<usize> {
    let timeout = i32::try_from(timeout_ms).unwrap_or(i32::MAX);
    let count = rows.len() as libc::nfds_t;
    // SAFETY: PollRow is a transparent pollfd, and pointer and count describe one slice.
    let found = unsafe { libc::poll(rows.as_mut_ptr().cast(), count, timeout) };
    if let Ok(found) = usize::try_from(found) {
        return Ok(found);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted {
        return Ok(0);
    }
    Err(error)
}
