//! The table of open descriptors: callbacks, owner, and what is wanted of the poller.
//!
//! Owned by the engine. Accept, connect and the signal queue insert descriptors; stream
//! interfaces arm and disarm their directions; the poller calls the callbacks. Each
//! direction is in one of four states:
//!
//! ```text
//!            arm                 callback: Wait
//!   Idle ------------> Spec --------------------> Wait <---+
//!    ^ ^                |                         |  ^     |
//!    | +----- disarm ---+                  disarm |  | arm | event: callback
//!    |                                            v  |     |
//!    +------------------------------------------ Stop      +---- Wait
//!        an event comes: the kernel is told
//! ```
//!
//! A disarmed direction costs no system call: it is only taken from the kernel's set when an
//! event comes that nobody wants, and arming it again before that is free. Pollers without
//! speculation go from Idle to Wait directly.
//!
//! Invariants: a direction in Spec is in the list of the speculative poller; one in Wait is
//! known to the kernel or in the list; one in Stop is known to the kernel; nothing else is.
//! The table grows with the numbers in use, never with a limit. A generation per entry keeps
//! events of a closed descriptor from reaching the next owner of its number.

mod scan;
mod state;

use super::poller::{Poller, PollerChoice, PollerKind, Ready};
use crate::sys::{self, Fd};
use state::States;
use std::io;

pub use state::{Direction, Directions, EventSet, PollState};

/// What a descriptor's callback tells the poller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polling {
    /// Nothing more is possible until the kernel reports an event.
    Wait,
    /// Work was done and more may be possible.
    More,
}

/// The function that serves one direction of a descriptor.
pub type FdCallback<C> = fn(&mut C, Fd) -> Polling;

/// One open descriptor, as a dump shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FdStatus {
    /// Its number.
    pub fd: Fd,
    /// Its owner, as given to [`Fdtab::insert`].
    pub owner: u64,
    /// State of the read direction.
    pub read: PollState,
    /// State of the write direction.
    pub write: PollState,
    /// The last events.
    pub events: EventSet,
}

/// All descriptors that the process serves.
pub struct Fdtab<C> {
    entries: Vec<Entry<C>>,
    /// Descriptors with an attempt or a change to make at the next poll.
    list: Vec<Fd>,
    poller: Poller,
    batch: Vec<Ready>,
    count: usize,
    deletions: u64,
    deletions_at_wait: u64,
    /// The kernel reports what this table does not want and cannot take out.
    leaked: bool,
    /// How many in the list are there because the kernel refuses to watch them.
    refused: usize,
}

impl<C> Fdtab<C> {
    /// An empty table with the best poller that `choice` leaves.
    ///
    /// # Errors
    /// When no poller can be set up.
    pub fn new(choice: PollerChoice) -> io::Result<Self> {
        Ok(Self {
            entries: Vec::new(),
            list: Vec::new(),
            poller: Poller::choose(choice)?,
            batch: Vec::new(),
            count: 0,
            deletions: 0,
            deletions_at_wait: 0,
            leaked: false,
            refused: 0,
        })
    }

    /// Takes over `fd`: both directions idle, no events. A negative number is ignored; an
    /// entry that is there already was closed behind the table's back and is forgotten.
    pub fn insert(&mut self, fd: Fd, owner: u64, read: FdCallback<C>, write: FdCallback<C>) {
        let Some(index) = fd.index() else {
            return;
        };
        self.forget(fd);
        if self.entries.len() <= index {
            self.entries.resize_with(index + 1, Entry::vacant);
        }
        if let Some(entry) = self.entries.get_mut(index) {
            *entry = Entry {
                read,
                write,
                owner,
                is_open: true,
                generation: entry.generation.wrapping_add(1),
                ..Entry::vacant()
            };
            self.count += 1;
        }
    }

    /// Removes `fd` and closes it.
    pub fn delete(&mut self, fd: Fd) {
        // Closing takes a descriptor from the kernel's set, unless another process has it too.
        let is_shared = self.entry(fd).is_some_and(|entry| entry.is_shared);
        if self.unlink(fd, is_shared) {
            // Whatever close reports, the number is free and the connection is over.
            let _ = sys::close(fd);
        }
    }

    /// Removes `fd` and leaves it open, for one that is handed elsewhere.
    pub fn forget(&mut self, fd: Fd) {
        self.unlink(fd, true);
    }

    /// The owner of `fd`; `None` when it is not in the table.
    pub fn owner(&self, fd: Fd) -> Option<u64> {
        self.entry(fd).map(|entry| entry.owner)
    }

    /// Gives `fd` another owner.
    pub fn set_owner(&mut self, fd: Fd, owner: u64) {
        if let Some(entry) = self.entry_mut(fd) {
            entry.owner = owner;
        }
    }

    /// Gives `fd` other callbacks, such as those for data once it is connected.
    pub fn set_callbacks(&mut self, fd: Fd, read: FdCallback<C>, write: FdCallback<C>) {
        if let Some(entry) = self.entry_mut(fd) {
            entry.read = read;
            entry.write = write;
        }
    }

    /// True while `fd` is in the table.
    pub fn contains(&self, fd: Fd) -> bool {
        self.entry(fd).is_some()
    }

    /// Notes that another process has the same open file, such as a listener bound before
    /// the fork: the kernel is told when it is deleted here.
    pub fn set_shared(&mut self, fd: Fd) {
        if let Some(entry) = self.entry_mut(fd) {
            entry.is_shared = true;
        }
    }

    /// What was last reported for `fd`; errors and hang-ups stay.
    pub fn events(&self, fd: Fd) -> EventSet {
        self.entry(fd).map_or(EventSet::NONE, |entry| entry.events)
    }

    /// As [`Self::events`], and clears them all, the lasting ones too.
    pub fn take_events(&mut self, fd: Fd) -> EventSet {
        self.entry_mut(fd)
            .map_or(EventSet::NONE, |entry| std::mem::take(&mut entry.events))
    }

    /// Takes `events` away from those of `fd`, such as `IN` once all is read.
    pub fn clear_events(&mut self, fd: Fd, events: EventSet) {
        if let Some(entry) = self.entry_mut(fd) {
            entry.events = entry.events.without(events);
        }
    }

    /// Number of descriptors in the table.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Every descriptor in the table, for dumps.
    pub fn iter(&self) -> impl Iterator<Item = FdStatus> {
        (0..)
            .map(Fd::new)
            .zip(&self.entries)
            .filter(|(_, entry)| entry.is_open)
            .map(|(fd, entry)| FdStatus {
                fd,
                owner: entry.owner,
                read: entry.states.of(Direction::Read),
                write: entry.states.of(Direction::Write),
                events: entry.events,
            })
    }

    /// Wants events of a direction; the speculative poller tries it first (dev7: `EV_FD_SET`).
    pub fn arm(&mut self, fd: Fd, direction: Direction) {
        let is_speculative = self.poller.is_speculative();
        let Some(entry) = self.entry_mut(fd) else {
            return;
        };
        match entry.states.of(direction) {
            PollState::Idle => {
                let next = if is_speculative {
                    PollState::Spec
                } else {
                    PollState::Wait
                };
                entry.states.set(direction, next);
                self.list(fd);
            }
            PollState::Stop => entry.states.set(direction, PollState::Wait),
            PollState::Spec | PollState::Wait => {}
        }
    }

    /// Wants events of a direction that would block now: it is not tried before one comes.
    pub fn arm_wait(&mut self, fd: Fd, direction: Direction) {
        let Some(entry) = self.entry_mut(fd) else {
            return;
        };
        match entry.states.of(direction) {
            PollState::Idle | PollState::Spec => {
                entry.states.set(direction, PollState::Wait);
                self.list(fd);
            }
            PollState::Stop => entry.states.set(direction, PollState::Wait),
            PollState::Wait => {}
        }
    }

    /// Wants connections of a listening descriptor that several processes share: epoll wakes
    /// only one of them for each (`EPOLLEXCLUSIVE`). Disarming is not put off for such a
    /// descriptor, or this process would swallow the wake-ups of the others.
    pub fn arm_exclusive(&mut self, fd: Fd) {
        if let Some(entry) = self.entry_mut(fd) {
            entry.is_exclusive = true;
            entry.is_shared = true;
        }
        self.arm_wait(fd, Direction::Read);
    }

    /// Wants no more events of a direction (dev7: `EV_FD_CLR`).
    pub fn disarm(&mut self, fd: Fd, direction: Direction) {
        let Some(entry) = self.entry_mut(fd) else {
            return;
        };
        match entry.states.of(direction) {
            PollState::Wait if entry.watched.has(direction) => {
                entry.states.set(direction, PollState::Stop);
                if entry.is_exclusive {
                    self.list(fd);
                }
            }
            // Whatever was armed since the last poll: the kernel has not heard of it.
            PollState::Spec | PollState::Wait => entry.states.set(direction, PollState::Idle),
            PollState::Idle | PollState::Stop => {}
        }
    }

    /// True when events of a direction are wanted.
    pub fn is_armed(&self, fd: Fd, direction: Direction) -> bool {
        matches!(
            self.poll_state(fd, direction),
            PollState::Spec | PollState::Wait
        )
    }

    /// The state of a direction, [`PollState::Idle`] when `fd` is not in the table.
    pub fn poll_state(&self, fd: Fd, direction: Direction) -> PollState {
        self.entry(fd)
            .map_or(PollState::Idle, |entry| entry.states.of(direction))
    }

    /// The poller in use.
    pub fn poller(&self) -> PollerKind {
        self.poller.kind()
    }

    /// How often the kernel's set was changed (`epoll_ctl`, or a row of the table of the
    /// others), for tests and statistics.
    pub fn changes(&self) -> u64 {
        self.poller.changes()
    }

    /// Takes `fd` out of everything but the kernel's table; whether it was there.
    fn unlink(&mut self, fd: Fd, must_unwatch: bool) -> bool {
        let Some(entry) = self.entry(fd) else {
            return false;
        };
        let (generation, watched) = (entry.generation, entry.watched);
        if !watched.is_empty() && (must_unwatch || !self.poller.forgets_closed()) {
            self.watch(fd, Directions::NONE);
        }
        self.unlist(fd);
        if let Some(entry) = self.entry_mut(fd) {
            *entry = Entry::vacant();
            entry.generation = generation.wrapping_add(1);
        }
        self.count -= 1;
        self.deletions += 1;
        true
    }

    fn list(&mut self, fd: Fd) {
        let place = super::key::slot_number(self.list.len() + 1);
        let Some(entry) = self.entry_mut(fd) else {
            return;
        };
        if entry.place == 0 {
            entry.place = place;
            self.list.push(fd);
        }
    }

    fn unlist(&mut self, fd: Fd) {
        let Some(entry) = self.entry_mut(fd) else {
            return;
        };
        let place = std::mem::take(&mut entry.place);
        if std::mem::take(&mut entry.is_refused) {
            self.refused -= 1;
        }
        let Some(index) = (place as usize).checked_sub(1) else {
            return;
        };
        if index >= self.list.len() {
            return;
        }
        self.list.swap_remove(index);
        if let Some(&moved) = self.list.get(index)
            && let Some(entry) = self.entry_mut(moved)
        {
            entry.place = place;
        }
    }

    fn entry(&self, fd: Fd) -> Option<&Entry<C>> {
        self.entries.get(fd.index()?).filter(|entry| entry.is_open)
    }

    fn entry_mut(&mut self, fd: Fd) -> Option<&mut Entry<C>> {
        self.entries
            .get_mut(fd.index()?)
            .filter(|entry| entry.is_open)
    }

    fn current(&mut self, fd: Fd, generation: u32) -> Option<&mut Entry<C>> {
        self.entry_mut(fd)
            .filter(|entry| entry.generation == generation)
    }
}

struct Entry<C> {
    read: FdCallback<C>,
    write: FdCallback<C>,
    owner: u64,
    generation: u32,
    /// Index + 1 in the list, 0 when not listed.
    place: u32,
    states: States,
    events: EventSet,
    /// The directions in the kernel's set.
    watched: Directions,
    is_open: bool,
    is_exclusive: bool,
    /// Another process may have the same open file.
    is_shared: bool,
    /// In the list because the kernel refuses to watch it.
    is_refused: bool,
}

impl<C> Entry<C> {
    fn vacant() -> Self {
        Self {
            read: no_callback::<C>,
            write: no_callback::<C>,
            owner: 0,
            generation: 0,
            place: 0,
            states: States::default(),
            events: EventSet::NONE,
            watched: Directions::NONE,
            is_open: false,
            is_exclusive: false,
            is_shared: false,
            is_refused: false,
        }
    }

    fn callback(&self, direction: Direction) -> FdCallback<C> {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }
}

/// Stands in the entry of a number that is not open.
fn no_callback<C>(_context: &mut C, _fd: Fd) -> Polling {
    Polling::Wait
}

#[cfg(test)]
mod tests;
