//! The `poll` poller: a table of rows, kept in step with what is watched.
//!
//! Called by the poller's front in `mod` only. Invariant: a watched descriptor has one row,
//! and `places` finds it in constant time.

use super::{Change, Ready};
use crate::engine::fdtab::{Direction, EventSet};
use crate::engine::key::slot_number;
use crate::sys::poll::{self, PollRow};
use std::io;

/// The rows for `poll(2)`, one per watched descriptor.
#[derive(Default)]
pub(super) struct PollPoller {
    rows: Vec<PollRow>,
    /// The generation of each row.
    generations: Vec<u32>,
    /// For each number the index + 1 of its row, 0 for none.
    places: Vec<u32>,
}

impl PollPoller {
    /// A table of no row; fails where `poll(2)` does not work.
    pub(super) fn open() -> io::Result<Self> {
        poll::wait(&mut [], 0)?;
        Ok(Self::default())
    }

    pub(super) fn update(&mut self, change: Change) {
        let Some(number) = change.fd.index() else {
            return;
        };
        if self.places.len() <= number {
            self.places.resize(number + 1, 0);
        }
        let place = self.places.get(number).copied().unwrap_or(0);
        if change.after.is_empty() {
            self.remove(number, place);
            return;
        }
        let row = PollRow::new(change.fd, asked(change));
        let Some(index) = (place as usize).checked_sub(1) else {
            self.rows.push(row);
            self.generations.push(change.generation);
            self.set_place(number, slot_number(self.rows.len()));
            return;
        };
        if let Some(slot) = self.rows.get_mut(index) {
            *slot = row;
        }
        if let Some(generation) = self.generations.get_mut(index) {
            *generation = change.generation;
        }
    }

    pub(super) fn wait(&mut self, wait_ms: u32, batch: &mut Vec<Ready>) -> io::Result<()> {
        let mut left = poll::wait(&mut self.rows, wait_ms)?;
        for (row, &generation) in self.rows.iter().zip(&self.generations) {
            if left == 0 {
                return Ok(());
            }
            let events = found(row.found());
            if !events.is_empty() {
                left -= 1;
                batch.push(Ready {
                    fd: row.fd(),
                    generation,
                    events,
                });
            }
        }
        Ok(())
    }

    fn remove(&mut self, number: usize, place: u32) {
        let Some(index) = (place as usize).checked_sub(1) else {
            return;
        };
        self.set_place(number, 0);
        if index >= self.rows.len() {
            return;
        }
        self.rows.swap_remove(index);
        self.generations.swap_remove(index);
        if let Some(moved) = self.rows.get(index).and_then(|row| row.fd().index()) {
            self.set_place(moved, place);
        }
    }

    fn set_place(&mut self, number: usize, place: u32) {
        if let Some(slot) = self.places.get_mut(number) {
            *slot = place;
        }
    }
}

fn asked(change: Change) -> i16 {
    let mut events = 0;
    if change.after.has(Direction::Read) {
        events |= poll::POLL_IN | poll::POLL_RDHUP;
    }
    if change.after.has(Direction::Write) {
        events |= poll::POLL_OUT;
    }
    events
}

fn found(found: i16) -> EventSet {
    const PAIRS: [(i16, EventSet); 6] = [
        (poll::POLL_IN, EventSet::IN),
        (poll::POLL_OUT, EventSet::OUT),
        (poll::POLL_ERR, EventSet::ERR),
        (poll::POLL_HUP, EventSet::HUP),
        (poll::POLL_RDHUP, EventSet::RDHUP),
        (poll::POLL_NVAL, EventSet::ERR),
    ];
    let mut events = EventSet::NONE;
    for (flag, event) in PAIRS {
        if found & flag != 0 {
            events = events | event;
        }
    }
    events
}
