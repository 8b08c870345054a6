//! `epoll(7)`: one private instance and its three calls.
//!
//! Called by the engine's epoll poller only. The cookie that the kernel hands back with an
//! event is the caller's own; nothing here interprets it.

use super::Fd;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollTimeout};
use std::io;
use std::os::fd::BorrowedFd;

pub use nix::sys::epoll::{EpollEvent, EpollFlags};

/// An epoll instance of this process, closed on drop.
#[derive(Debug)]
pub struct EpollSet(Epoll);

impl EpollSet {
    /// Creates an empty instance that does not survive `exec`.
    ///
    /// # Errors
    /// What `epoll_create1(2)` reports.
    pub fn open() -> io::Result<Self> {
        Ok(Self(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?))
    }

    /// Starts watching `fd`.
    ///
    /// # Errors
    /// EEXIST when it is watched already, EPERM when it cannot be, ENOMEM, ENOSPC.
    pub fn add(&self, fd: Fd, flags: EpollFlags, cookie: u64) -> io::Result<()> {
        Ok(self.0.add(borrow(fd)?, EpollEvent::new(flags, cookie))?)
    }

    /// Changes what is watched for `fd`.
    ///
    /// # Errors
    /// ENOENT when it is not watched.
    pub fn modify(&self, fd: Fd, flags: EpollFlags, cookie: u64) -> io::Result<()> {
        let mut event = EpollEvent::new(flags, cookie);
        Ok(self.0.modify(borrow(fd)?, &mut event)?)
    }

    /// Stops watching `fd`.
    ///
    /// # Errors
    /// ENOENT when it was not watched, EBADF when it is closed.
    pub fn delete(&self, fd: Fd) -> io::Result<()> {
        Ok(self.0.delete(borrow(fd)?)?)
    }

    /// Waits up to `timeout_ms` and fills `events` from the front; the count of them. A
    /// signal ends the wait with 0.
    ///
    /// # Errors
    /// What `epoll_wait(2)` reports, never EINTR.
    pub fn wait(&self, events: &mut [EpollEvent], timeout_ms: u32) -> io::Result<usize> {
        let timeout = EpollTimeout::try_from(timeout_ms).unwrap_or(EpollTimeout::MAX);
        match self.0.wait(events, timeout) {
            Ok(count) => Ok(count),
            Err(nix::Error::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn borrow<'fd>(fd: Fd) -> io::Result<BorrowedFd<'fd>> {
    if fd.raw() < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not -1, and the borrow ends before the calling method returns.
    Ok(unsafe { BorrowedFd::borrow_raw(fd.raw()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn an_event_carries_its_cookie() {
        let (here, mut there) = UnixStream::pair().unwrap();
        let set = EpollSet::open().unwrap();
        let fd = Fd::new(here.as_raw_fd());
        set.add(fd, EpollFlags::EPOLLIN, 0x1234_0000_0001).unwrap();
        let mut events = [EpollEvent::empty(); 4];
        assert_eq!(set.wait(&mut events, 0).unwrap(), 0);
        there.write_all(b"x").unwrap();
        assert_eq!(set.wait(&mut events, 1000).unwrap(), 1);
        assert_eq!(events[0].data(), 0x1234_0000_0001);
        set.delete(fd).unwrap();
        assert_eq!(set.wait(&mut events, 0).unwrap(), 0);
    }

    #[test]
    fn a_negative_number_is_refused() {
        let set = EpollSet::open().unwrap();
        assert!(set.add(Fd::new(-1), EpollFlags::EPOLLIN, 0).is_err());
    }
}
