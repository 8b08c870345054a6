//! The number of an open file descriptor, and the calls that concern nothing but it.

use std::fmt;
use std::io;
use std::os::fd::RawFd;

/// A file descriptor by number. `Copy`, and closes nothing on drop: a descriptor in the
/// engine's `fdtab` is owned by its entry there and closed by deleting the entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fd(RawFd);

impl Fd {
    /// Wraps a number the kernel gave out.
    pub const fn new(raw: RawFd) -> Self {
        Self(raw)
    }

    /// The number for a system call.
    pub const fn raw(self) -> RawFd {
        self.0
    }

    /// The number as a table index; `None` for a negative number.
    pub fn index(self) -> Option<usize> {
        usize::try_from(self.0).ok()
    }
}

impl fmt::Debug for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}", self.0)
    }
}

/// Closes `fd`. Not repeated after EINTR: on Linux the number is already free then, and
/// could belong to somebody else.
///
/// # Errors
/// What `close(2)` reports; the descriptor is gone in every case but EBADF.
pub fn close(fd: Fd) -> io::Result<()> {
    // SAFETY: the caller owns the descriptor, and no Rust object closes it a second time.
    check(unsafe { libc::close(fd.raw()) }).map(|_| ())
}

/// Makes reads and writes of `fd` return at once (`O_NONBLOCK`).
///
/// # Errors
/// What `fcntl(2)` reports.
pub fn set_nonblocking(fd: Fd) -> io::Result<()> {
    // SAFETY: F_GETFL takes no third argument and touches no memory of ours.
    let flags = check(unsafe { libc::fcntl(fd.raw(), libc::F_GETFL) })?;
    if flags & libc::O_NONBLOCK != 0 {
        return Ok(());
    }
    // SAFETY: F_SETFL takes an integer and touches no memory of ours.
    check(unsafe { libc::fcntl(fd.raw(), libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(|_| ())
}

/// Lets no program that this process executes inherit `fd` (`FD_CLOEXEC`).
///
/// # Errors
/// What `fcntl(2)` reports.
pub fn set_close_on_exec(fd: Fd) -> io::Result<()> {
    // SAFETY: F_SETFD takes an integer and touches no memory of ours.
    check(unsafe { libc::fcntl(fd.raw(), libc::F_SETFD, libc::FD_CLOEXEC) }).map(|_| ())
}

/// Writes to a file, pipe, terminal or socket, and returns how much it took. An interrupted
/// write is repeated.
///
/// # Errors
/// `WouldBlock` when nothing fits, `BrokenPipe` when nobody reads any more, and what else
/// `write(2)` reports.
pub fn write(fd: Fd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        // SAFETY: the pointer and length are those of `bytes`, which the call only reads.
        let written = unsafe { libc::write(fd.raw(), bytes.as_ptr().cast(), bytes.len()) };
        if let Ok(written) = usize::try_from(written) {
            return Ok(written);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Turns the -1 of a system call into the errno it left.
pub(super) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::{AsRawFd, IntoRawFd};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_nonblocking_read_returns_at_once() {
        let (mut here, _there) = UnixStream::pair().unwrap();
        set_nonblocking(Fd::new(here.as_raw_fd())).unwrap();
        let error = here.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_write_arrives_and_a_full_or_bad_descriptor_says_so() {
        let (here, mut there) = UnixStream::pair().unwrap();
        let fd = Fd::new(here.as_raw_fd());
        assert_eq!(write(fd, b"line").unwrap(), 4);
        let mut buffer = [0; 4];
        there.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"line");
        set_nonblocking(fd).unwrap();
        let error = loop {
            if let Err(error) = write(fd, &[0; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let error = write(Fd::new(-1), b"x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }

    #[test]
    fn close_ends_the_stream_and_reports_a_bad_number() {
        let (here, mut there) = UnixStream::pair().unwrap();
        close(Fd::new(here.into_raw_fd())).unwrap();
        assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
        let error = close(Fd::new(-1)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
}
