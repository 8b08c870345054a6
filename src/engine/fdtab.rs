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

use super::poller::{Change, Poller, Ready};
use super::poller::{PollerChoice, PollerKind};
use crate::sys::{self, Fd};
use std::fmt;
use std::io;
use std::ops::{BitAnd, BitOr, Not};

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

/// A direction of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Receiving, and accepting.
    Read,
    /// Sending, and the end of connecting.
    Write,
}

impl Direction {
    /// Both, in the order in which they are served.
    pub const BOTH: [Self; 2] = [Self::Read, Self::Write];
}

/// What is being done about a direction; see the module for the way from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollState {
    /// Nothing is wanted, and the kernel reports nothing.
    Idle,
    /// Wanted, and attempted without asking the kernel first.
    Spec,
    /// Wanted, and the kernel tells when it is possible.
    Wait,
    /// Not wanted any more, but the kernel has not been told.
    Stop,
}

/// What was reported for a descriptor: a set of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet(u8);

impl EventSet {
    /// No event.
    pub const NONE: Self = Self(0);
    /// Data, a connection, or an end of file can be read.
    pub const IN: Self = Self(0x01);
    /// There is room to write.
    pub const OUT: Self = Self(0x02);
    /// An error is pending.
    pub const ERR: Self = Self(0x04);
    /// Both directions are closed.
    pub const HUP: Self = Self(0x08);
    /// The peer has closed its sending direction.
    pub const RDHUP: Self = Self(0x10);
    /// Events that stay set once they were reported.
    pub const STICKY: Self = Self(Self::ERR.0 | Self::HUP.0 | Self::RDHUP.0);
    const FOR_READ: Self = Self(Self::IN.0 | Self::ERR.0 | Self::HUP.0 | Self::RDHUP.0);
    const FOR_WRITE: Self = Self(Self::OUT.0 | Self::ERR.0 | Self::HUP.0);

    /// True when any of `events` is in the set.
    pub const fn has(self, events: Self) -> bool {
        self.0 & events.0 != 0
    }

    /// True when there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when an event concerns `direction`.
    pub(super) const fn concerns(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.has(Self::FOR_READ),
            Direction::Write => self.has(Self::FOR_WRITE),
        }
    }
}

impl BitOr for EventSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for EventSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// A set of directions, such as those the kernel watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directions(u8);

impl Directions {
    /// Neither.
    pub const NONE: Self = Self(0);
    /// Receiving.
    pub const READ: Self = Self(0x01);
    /// Sending.
    pub const WRITE: Self = Self(0x02);

    /// True when `direction` is in the set.
    pub const fn has(self, direction: Direction) -> bool {
        self.0 & Self::of(direction).0 != 0
    }

    /// True when the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn of(direction: Direction) -> Self {
        match direction {
            Direction::Read => Self::READ,
            Direction::Write => Self::WRITE,
        }
    }
}

impl BitOr for Directions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Directions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Directions {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & 0x03)
    }
}

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
    /// The kernel reported a descriptor that this table does not have.
    leaked: bool,
    /// The kernel refused to watch a descriptor, which is attempted on and on instead.
    refused: bool,
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
            refused: false,
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
            entry.events.0 &= !events.0;
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
            PollState::Spec => entry.states.set(direction, PollState::Idle),
            PollState::Wait if entry.watched.has(direction) => {
                entry.states.set(direction, PollState::Stop);
                if entry.is_exclusive {
                    self.list(fd);
                }
            }
            // Armed since the last poll: the kernel has not heard of it.
            PollState::Wait => entry.states.set(direction, PollState::Idle),
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

    /// Gives this process a kernel set of its own; see [`super::Engine::after_fork`].
    pub(super) fn after_fork(&mut self) -> io::Result<()> {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_open) {
            entry.is_shared = true;
        }
        self.batch.clear();
        self.rebuild()
    }

    /// How long a wait may be: not at all while attempts are left to make, and shortly when
    /// all that is left are descriptors that the kernel refuses to watch.
    pub(super) fn wait_limit_ms(&self) -> u32 {
        match (self.list.is_empty(), self.refused) {
            (true, _) => u32::MAX,
            (false, true) => REFUSED_WAIT_MS,
            (false, false) => 0,
        }
    }

    /// Waits and keeps what is ready; the count of it.
    pub(super) fn wait(&mut self, wait_ms: u32) -> usize {
        self.deletions_at_wait = self.deletions;
        self.batch.clear();
        if let Err(error) = self.poller.wait(wait_ms, &mut self.batch) {
            log::error!("{} failed: {error}", self.poller.kind().name());
            sys::clock::sleep_ms(FAILED_WAIT_MS);
        }
        self.batch.len()
    }

    /// The event at `index` of the last wait.
    pub(super) fn ready(&self, index: usize) -> Option<Ready> {
        self.batch.get(index).copied()
    }

    /// Ends a batch. The kernel keeps reporting a descriptor that was closed here while
    /// another process holds it; it can only be stopped by a new set.
    pub(super) fn finish_batch(&mut self) {
        if !std::mem::take(&mut self.leaked) {
            return;
        }
        if let Err(error) = self.rebuild() {
            log::error!(
                "{} cannot be opened again: {error}",
                self.poller.kind().name()
            );
        }
    }

    /// Number of descriptors in the list.
    pub(super) fn listed_count(&self) -> usize {
        self.list.len()
    }

    /// Begins the attempts on the list entry at `index`: which descriptor it is.
    pub(super) fn begin_scan(&mut self, index: usize) -> Option<(Fd, u32)> {
        let fd = *self.list.get(index)?;
        let entry = self.entry_mut(fd)?;
        entry.events = entry.events & EventSet::STICKY;
        Some((fd, entry.generation))
    }

    /// The callback to try when a direction is in Spec; the event is assumed.
    pub(super) fn begin_attempt(
        &mut self,
        (fd, generation): (Fd, u32),
        direction: Direction,
    ) -> Option<FdCallback<C>> {
        let entry = self.current(fd, generation)?;
        if entry.states.of(direction) != PollState::Spec {
            return None;
        }
        let assumed = match direction {
            Direction::Read => EventSet::IN,
            Direction::Write => EventSet::OUT,
        };
        entry.events = entry.events | assumed;
        Some(entry.callback(direction))
    }

    /// An attempt that would block goes on with the kernel's help.
    pub(super) fn end_attempt(&mut self, (fd, generation): (Fd, u32), direction: Direction) {
        if let Some(entry) = self.current(fd, generation)
            && entry.states.of(direction) == PollState::Spec
        {
            entry.states.set(direction, PollState::Wait);
        }
    }

    /// Ends the attempts on a descriptor: tells the kernel what is waited for now, and takes
    /// the descriptor off the list when there is nothing more to try.
    pub(super) fn end_scan(&mut self, (fd, generation): (Fd, u32)) {
        let Some(entry) = self.current(fd, generation) else {
            return;
        };
        let waiting = entry.states.all(PollState::Wait);
        let stopped = entry.states.all(PollState::Stop);
        let kept = if entry.is_exclusive {
            Directions::NONE
        } else {
            stopped
        };
        self.watch(fd, waiting | kept);
        let Some(entry) = self.current(fd, generation) else {
            return;
        };
        if entry.states.all(PollState::Spec).is_empty() {
            self.unlist(fd);
        }
    }

    /// Takes in an event of the batch. Directions that it concerns and nobody wants leave
    /// the kernel's set. False when the descriptor is gone.
    pub(super) fn begin_event(&mut self, ready: Ready) -> bool {
        let deletions = self.deletions;
        let Some(entry) = self.current(ready.fd, ready.generation) else {
            self.leaked |= deletions == self.deletions_at_wait;
            return false;
        };
        entry.events = (entry.events & EventSet::STICKY) | ready.events;
        let mut unwanted = Directions::NONE;
        for direction in Direction::BOTH {
            if ready.events.concerns(direction) && entry.states.of(direction) == PollState::Stop {
                unwanted = unwanted | Directions::of(direction);
            }
        }
        if !unwanted.is_empty() {
            let watched = entry.watched & !unwanted;
            self.watch(ready.fd, watched);
        }
        true
    }

    /// The callback for an event, when its direction is waiting.
    pub(super) fn event_callback(
        &mut self,
        ready: Ready,
        direction: Direction,
    ) -> Option<FdCallback<C>> {
        if !ready.events.concerns(direction) {
            return None;
        }
        let entry = self.current(ready.fd, ready.generation)?;
        (entry.states.of(direction) == PollState::Wait).then(|| entry.callback(direction))
    }

    /// Makes `wanted` what the kernel watches. Stopped directions that are not in it become
    /// idle; waiting ones that the kernel refuses are attempted instead.
    fn watch(&mut self, fd: Fd, wanted: Directions) {
        let Some(entry) = fd.index().and_then(|index| self.entries.get_mut(index)) else {
            return;
        };
        if entry.watched != wanted {
            let change = Change {
                fd,
                generation: entry.generation,
                before: entry.watched,
                after: wanted,
                is_exclusive: entry.is_exclusive,
            };
            match self.poller.update(change) {
                Ok(()) => entry.watched = wanted,
                Err(error) => {
                    log::debug!("{fd:?} cannot be watched: {error}");
                    self.refused = true;
                    entry.watched = wanted & entry.watched;
                }
            }
        }
        let watched = entry.watched;
        let mut must_try = false;
        for direction in Direction::BOTH {
            if watched.has(direction) {
                continue;
            }
            match entry.states.of(direction) {
                PollState::Stop => entry.states.set(direction, PollState::Idle),
                PollState::Wait if wanted.has(direction) => {
                    entry.states.set(direction, PollState::Spec);
                    must_try = true;
                }
                PollState::Wait | PollState::Idle | PollState::Spec => {}
            }
        }
        if must_try {
            self.list(fd);
        }
    }

    /// A fresh kernel set with everything that is to be watched.
    fn rebuild(&mut self) -> io::Result<()> {
        self.poller.reopen()?;
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get_mut(index) else {
                break;
            };
            let watched = std::mem::take(&mut entry.watched);
            if let Ok(number) = i32::try_from(index)
                && !watched.is_empty()
            {
                self.watch(Fd::new(number), watched);
            }
        }
        Ok(())
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
        if self.list.is_empty() {
            self.refused = false;
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
        }
    }

    fn callback(&self, direction: Direction) -> FdCallback<C> {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }
}

/// The states of both directions, two bits each: the read direction in the low ones.
#[derive(Clone, Copy, Default)]
struct States(u8);

impl States {
    fn of(self, direction: Direction) -> PollState {
        match self.0 >> Self::shift(direction) & 0x03 {
            0 => PollState::Idle,
            1 => PollState::Spec,
            2 => PollState::Wait,
            _ => PollState::Stop,
        }
    }

    fn set(&mut self, direction: Direction, state: PollState) {
        let shift = Self::shift(direction);
        self.0 = self.0 & !(0x03 << shift) | (state as u8) << shift;
    }

    /// The directions in `state`.
    fn all(self, state: PollState) -> Directions {
        let mut all = Directions::NONE;
        for direction in Direction::BOTH {
            if self.of(direction) == state {
                all = all | Directions::of(direction);
            }
        }
        all
    }

    const fn shift(direction: Direction) -> u8 {
        match direction {
            Direction::Read => 0,
            Direction::Write => 2,
        }
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}/{:?}",
            self.of(Direction::Read),
            self.of(Direction::Write)
        )
    }
}

/// Stands in the entry of a number that is not open.
fn no_callback<C>(_context: &mut C, _fd: Fd) -> Polling {
    Polling::Wait
}

/// How soon a descriptor that the kernel refuses to watch is tried again.
const REFUSED_WAIT_MS: u32 = 10;
/// A poller that fails must not make the loop spin.
const FAILED_WAIT_MS: u64 = 10;

#[cfg(test)]
mod tests;
