//! The epoll set behind the pollers `sepoll` and `epoll`.
//!
//! The cookie of an event is the entry's generation and the descriptor's number, so that an
//! event for a closed descriptor is recognised even when its number is in use again. The
//! peer's close (`EPOLLRDHUP`) is watched along with reading.

use super::{Change, Ready};
use crate::engine::fdtab::{Direction, EventSet};
use crate::sys::Fd;
use crate::sys::epoll::{EpollEvent, EpollFlags, EpollSet};
use std::io;

/// An epoll set and the room for its events.
pub(super) struct EpollPoller {
    set: EpollSet,
    events: Vec<EpollEvent>,
}

impl EpollPoller {
    /// An empty set that reports up to `events_max` events at once.
    pub(super) fn open(events_max: usize) -> io::Result<Self> {
        Ok(Self {
            set: EpollSet::open()?,
            events: vec![EpollEvent::empty(); events_max],
        })
    }

    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.set = EpollSet::open()?;
        Ok(())
    }

    pub(super) fn update(&mut self, change: Change) -> io::Result<()> {
        if change.after.is_empty() {
            return self.remove(change.fd);
        }
        let flags = flags(change);
        let cookie = cookie(change.fd, change.generation);
        // The kernel does not modify an exclusive registration.
        if change.is_exclusive && !change.before.is_empty() {
            self.remove(change.fd)?;
        }
        if change.before.is_empty() || change.is_exclusive {
            return match self.set.add(change.fd, flags, cookie) {
                Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {
                    self.set.modify(change.fd, flags, cookie)
                }
                result => result,
            };
        }
        match self.set.modify(change.fd, flags, cookie) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                self.set.add(change.fd, flags, cookie)
            }
            result => result,
        }
    }

    pub(super) fn wait(&mut self, wait_ms: u32, batch: &mut Vec<Ready>) -> io::Result<()> {
        let count = self.set.wait(&mut self.events, wait_ms)?;
        batch.extend(self.events.iter().take(count).map(ready));
        Ok(())
    }

    /// Not being in the set, or not being open any more, is what was asked for.
    fn remove(&mut self, fd: Fd) -> io::Result<()> {
        match self.set.delete(fd) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EBADF)) => {
                Ok(())
            }
            result => result,
        }
    }
}

fn flags(change: Change) -> EpollFlags {
    let mut flags = EpollFlags::empty();
    if change.after.has(Direction::Read) {
        flags |= EpollFlags::EPOLLIN;
        // The kernel refuses the two together; a listener has no peer that could close.
        if !change.is_exclusive {
            flags |= EpollFlags::EPOLLRDHUP;
        }
    }
    if change.after.has(Direction::Write) {
        flags |= EpollFlags::EPOLLOUT;
    }
    if change.is_exclusive {
        flags |= EpollFlags::EPOLLEXCLUSIVE;
    }
    flags
}

fn cookie(fd: Fd, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(fd.raw().cast_unsigned())
}

fn ready(event: &EpollEvent) -> Ready {
    const PAIRS: [(EpollFlags, EventSet); 5] = [
        (EpollFlags::EPOLLIN, EventSet::IN),
        (EpollFlags::EPOLLOUT, EventSet::OUT),
        (EpollFlags::EPOLLERR, EventSet::ERR),
        (EpollFlags::EPOLLHUP, EventSet::HUP),
        (EpollFlags::EPOLLRDHUP, EventSet::RDHUP),
    ];
    let cookie = event.data();
    let low = u32::try_from(cookie & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let found = event.events();
    let mut events = EventSet::NONE;
    for (flag, event) in PAIRS {
        if found.contains(flag) {
            events = events | event;
        }
    }
    Ready {
        fd: Fd::new(low.cast_signed()),
        generation: u32::try_from(cookie >> 32).unwrap_or(0),
        events,
    }
}
