//! The pollers: how the loop learns which descriptors are ready.
//!
//! Owned by `fdtab`, which tells a poller what to watch; the loop calls `dispatch` for
//! what it found. `sepoll` attempts a direction before it asks the kernel, `epoll`, `poll`
//! and `select` ask first; all are level triggered, and all go through the same states and
//! callbacks. The user can disable each (`noepoll`, `nosepoll`, `nopoll`); the best one left
//! that works is used.

pub mod epoll;
pub mod poll;
pub mod select;
mod sepoll;

use super::Context;
use super::fdtab::{Direction, Directions, EventSet};
use crate::sys::Fd;
use epoll::EpollPoller;
use poll::PollPoller;
use select::SelectPoller;
use std::io;

pub(super) use sepoll::process_spec_list;

/// The kinds of pollers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PollerKind {
    /// Speculative epoll: tries first.
    Sepoll,
    /// Plain epoll.
    Epoll,
    /// `poll(2)`.
    Poll,
    /// `select(2)`.
    Select,
}

impl PollerKind {
    /// All kinds, the preferred first.
    pub const ALL: [Self; 4] = [Self::Sepoll, Self::Epoll, Self::Poll, Self::Select];

    /// The name in the output of `-vv` and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sepoll => "sepoll",
            Self::Epoll => "epoll",
            Self::Poll => "poll",
            Self::Select => "select",
        }
    }

    /// The preference in the output of `-vv`; the highest is used.
    pub const fn pref(self) -> u32 {
        match self {
            Self::Sepoll => 400,
            Self::Epoll => 300,
            Self::Poll => 200,
            Self::Select => 150,
        }
    }
}

/// Which pollers the user leaves to choose from, and how many events one wait may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollerChoice {
    disabled: u8,
    events_max: usize,
}

impl PollerChoice {
    /// Leaves `kind` out of the choice.
    pub fn disable(&mut self, kind: PollerKind) {
        self.disabled |= 1 << kind as u8;
    }

    /// True when `kind` may be chosen.
    pub fn allows(self, kind: PollerKind) -> bool {
        self.disabled & 1 << kind as u8 == 0
    }

    /// Sets the most events of one wait (`tune.maxpollevents`), at least 1.
    pub fn set_events_max(&mut self, count: usize) {
        self.events_max = count.max(1);
    }
}

impl Default for PollerChoice {
    fn default() -> Self {
        Self {
            disabled: 0,
            events_max: EVENTS_MAX,
        }
    }
}

/// A poller as `-vv` lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Which one.
    pub kind: PollerKind,
    /// Not disabled by the user.
    pub is_allowed: bool,
    /// It could be set up in a test.
    pub is_usable: bool,
}

/// All pollers with the result of a test, the preferred first.
pub fn available(choice: PollerChoice) -> [Available; 4] {
    PollerKind::ALL.map(|kind| Available {
        kind,
        is_allowed: choice.allows(kind),
        is_usable: Poller::open(kind, 1).is_ok(),
    })
}

/// What changes for one descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) fd: Fd,
    pub(super) generation: u32,
    /// What is watched so far.
    pub(super) before: Directions,
    /// What is to be watched.
    pub(super) after: Directions,
    /// Only one of the processes that share the descriptor is to be woken.
    pub(super) is_exclusive: bool,
}

/// One event of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) fd: Fd,
    pub(super) generation: u32,
    pub(super) events: EventSet,
}

/// The poller in use.
pub(super) struct Poller {
    kind: PollerKind,
    watcher: Watcher,
    changes: u64,
}

impl Poller {
    /// Sets up the best poller that `choice` leaves and the system supports.
    pub(super) fn choose(choice: PollerChoice) -> io::Result<Self> {
        let mut failure = io::Error::other("every poller is disabled");
        for kind in PollerKind::ALL {
            if !choice.allows(kind) {
                continue;
            }
            match Self::open(kind, choice.events_max) {
                Ok(poller) => return Ok(poller),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn open(kind: PollerKind, events_max: usize) -> io::Result<Self> {
        let watcher = match kind {
            PollerKind::Sepoll | PollerKind::Epoll => {
                Watcher::Epoll(EpollPoller::open(events_max)?)
            }
            PollerKind::Poll => Watcher::Poll(PollPoller::open()?),
            PollerKind::Select => Watcher::Select(SelectPoller::open()?),
        };
        Ok(Self {
            kind,
            watcher,
            changes: 0,
        })
    }

    pub(super) fn kind(&self) -> PollerKind {
        self.kind
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// True when a direction is attempted before the kernel is asked.
    pub(super) fn is_speculative(&self) -> bool {
        self.kind == PollerKind::Sepoll
    }

    /// True when closing a descriptor takes it out of the set.
    pub(super) fn forgets_closed(&self) -> bool {
        matches!(self.watcher, Watcher::Epoll(_))
    }

    /// Changes what is watched for one descriptor.
    pub(super) fn update(&mut self, change: Change) -> io::Result<()> {
        self.changes += 1;
        match &mut self.watcher {
            Watcher::Epoll(epoll) => epoll.update(change),
            Watcher::Poll(poll) => {
                poll.update(change);
                Ok(())
            }
            Watcher::Select(select) => {
                select.update(change);
                Ok(())
            }
        }
    }

    /// Waits up to `wait_ms` and appends what is ready to `batch`.
    pub(super) fn wait(&mut self, wait_ms: u32, batch: &mut Vec<Ready>) -> io::Result<()> {
        match &mut self.watcher {
            Watcher::Epoll(epoll) => epoll.wait(wait_ms, batch),
            Watcher::Poll(poll) => poll.wait(wait_ms, batch),
            Watcher::Select(select) => select.wait(wait_ms, batch),
        }
    }

    /// Starts over with an empty set, and one that no other process has.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match &mut self.watcher {
            Watcher::Epoll(epoll) => epoll.reopen()?,
            Watcher::Poll(poll) => *poll = PollPoller::open()?,
            Watcher::Select(select) => *select = SelectPoller::open()?,
        }
        Ok(())
    }
}

/// Calls the callbacks for the `count` events of the last wait. A descriptor that an earlier
/// callback of the batch has deleted is skipped.
pub(super) fn dispatch<C: Context>(context: &mut C, count: usize) {
    for index in 0..count {
        let fdtab = &mut context.engine().fdtab;
        let Some(ready) = fdtab.ready(index) else {
            return;
        };
        if !fdtab.begin_event(ready) {
            continue;
        }
        for direction in Direction::BOTH {
            let callback = context.engine().fdtab.event_callback(ready, direction);
            if let Some(callback) = callback {
                // Level triggered: whatever is left to do is reported again.
                context.run_callback(callback, ready.fd);
            }
        }
    }
}

enum Watcher {
    Epoll(EpollPoller),
    Poll(PollPoller),
    Select(SelectPoller),
}

/// Default of `tune.maxpollevents`.
const EVENTS_MAX: usize = 200;

#[cfg(test)]
mod tests;
