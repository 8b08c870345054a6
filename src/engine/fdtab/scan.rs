//! The poller's half of `fdtab`: what the list and the events of a batch do to the states.
//!
//! Called by the loop and by [`crate::engine::poller`] around each callback, in small steps,
//! so that no borrow of the table lives across one. A descriptor is named by number and
//! generation: what a callback has deleted is not found by the next step.

use super::{Direction, Directions, EventSet, FdCallback, Fdtab, PollState};
use crate::engine::poller::{Change, Ready};
use crate::sys::{self, Fd};
use std::io;

impl<C> Fdtab<C> {
    /// Gives this process a kernel set of its own; see [`crate::engine::Engine::after_fork`].
    pub(in crate::engine) fn after_fork(&mut self) -> io::Result<()> {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_open) {
            entry.is_shared = true;
        }
        self.batch.clear();
        self.rebuild()
    }

    /// How long a wait may be: not at all while attempts are left to make, and shortly when
    /// all that is left are descriptors that the kernel refuses to watch.
    pub(in crate::engine) fn wait_limit_ms(&self) -> u32 {
        if self.list.is_empty() {
            return u32::MAX;
        }
        if self.list.len() > self.refused {
            0
        } else {
            REFUSED_WAIT_MS
        }
    }

    /// Waits and keeps what is ready; the count of it.
    pub(in crate::engine) fn wait(&mut self, wait_ms: u32) -> usize {
        self.deletions_at_wait = self.deletions;
        self.batch.clear();
        if let Err(error) = self.poller.wait(wait_ms, &mut self.batch) {
            log::error!("{} failed: {error}", self.poller.kind().name());
            sys::clock::sleep_ms(FAILED_WAIT_MS);
        }
        self.batch.len()
    }

    /// The event at `index` of the last wait.
    pub(in crate::engine) fn ready(&self, index: usize) -> Option<Ready> {
        self.batch.get(index).copied()
    }

    /// Ends a batch. The kernel keeps reporting a descriptor that was closed here while
    /// another process holds it; it can only be stopped by a new set.
    pub(in crate::engine) fn finish_batch(&mut self) {
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
    pub(in crate::engine) fn listed_count(&self) -> usize {
        self.list.len()
    }

    /// Begins the attempts on the list entry at `index`: which descriptor it is.
    pub(in crate::engine) fn begin_scan(&mut self, index: usize) -> Option<(Fd, u32)> {
        let fd = *self.list.get(index)?;
        let entry = self.entry_mut(fd)?;
        entry.events = entry.events & EventSet::STICKY;
        Some((fd, entry.generation))
    }

    /// The callback to try when a direction is in Spec; the event is assumed.
    pub(in crate::engine) fn begin_attempt(
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
    pub(in crate::engine) fn end_attempt(
        &mut self,
        (fd, generation): (Fd, u32),
        direction: Direction,
    ) {
        if let Some(entry) = self.current(fd, generation)
            && entry.states.of(direction) == PollState::Spec
        {
            entry.states.set(direction, PollState::Wait);
        }
    }

    /// Ends the attempts on a descriptor: tells the kernel what is waited for now, and takes
    /// the descriptor off the list when there is nothing more to try.
    pub(in crate::engine) fn end_scan(&mut self, (fd, generation): (Fd, u32)) {
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
    pub(in crate::engine) fn begin_event(&mut self, ready: Ready) -> bool {
        let deletions = self.deletions;
        let Some(entry) = self.current(ready.fd, ready.generation) else {
            self.leaked |= deletions == self.deletions_at_wait;
            return false;
        };
        entry.events = (entry.events & EventSet::STICKY) | ready.events;
        let mut unwanted = Directions::NONE;
        for direction in Direction::BOTH {
            if ready.events.concerns(direction) && entry.states.of(direction) != PollState::Wait {
                unwanted = unwanted | Directions::of(direction);
            }
        }
        let wanted = entry.watched & !unwanted;
        if entry.watched != wanted {
            self.watch(ready.fd, wanted);
        }
        true
    }

    /// The callback for an event, when its direction is waiting.
    pub(in crate::engine) fn event_callback(
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
    pub(super) fn watch(&mut self, fd: Fd, wanted: Directions) {
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
            entry.watched = match self.poller.update(change) {
                Ok(()) => wanted,
                Err(error) => {
                    log::debug!("{fd:?} cannot be watched: {error}");
                    // What could not be taken out of the set would be reported for ever.
                    self.leaked |= wanted & change.before != change.before;
                    wanted & change.before
                }
            };
        }
        let mut is_refused = false;
        for direction in Direction::BOTH {
            if entry.watched.has(direction) {
                continue;
            }
            match entry.states.of(direction) {
                PollState::Stop => entry.states.set(direction, PollState::Idle),
                PollState::Wait if wanted.has(direction) => {
                    entry.states.set(direction, PollState::Spec);
                    is_refused = true;
                }
                PollState::Wait | PollState::Idle | PollState::Spec => {}
            }
        }
        if is_refused {
            self.list_refused(fd);
        }
    }

    /// Keeps a descriptor that the kernel refuses to watch in the list, to be attempted.
    fn list_refused(&mut self, fd: Fd) {
        self.list(fd);
        if let Some(entry) = self.entry_mut(fd)
            && !std::mem::replace(&mut entry.is_refused, true)
        {
            self.refused += 1;
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
}

/// How soon a descriptor that the kernel refuses to watch is tried again.
const REFUSED_WAIT_MS: u32 = 10;
/// A poller that fails must not make the loop spin.
const FAILED_WAIT_MS: u64 = 10;
