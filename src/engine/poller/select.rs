//! The `select` poller: two sets of numbers, kept in step with what is watched.

use super::{Change, Ready};
use crate::engine::fdtab::{Direction, EventSet};
use crate::sys::select::{self, FdBits};
use std::io;

/// The sets for `select(2)`: what is watched, and what was found.
#[derive(Default)]
pub(super) struct SelectPoller {
    read: FdBits,
    write: FdBits,
    readable: FdBits,
    writable: FdBits,
    generations: Vec<u32>,
}

impl SelectPoller {
    /// Empty sets; fails where `select(2)` does not work.
    pub(super) fn open() -> io::Result<Self> {
        let mut poller = Self::default();
        poller.wait(0, &mut Vec::new())?;
        Ok(poller)
    }

    pub(super) fn update(&mut self, change: Change) {
        let Some(number) = change.fd.index() else {
            return;
        };
        if self.generations.len() <= number {
            self.generations.resize(number + 1, 0);
        }
        if let Some(generation) = self.generations.get_mut(number) {
            *generation = change.generation;
        }
        let sets = [
            (&mut self.read, Direction::Read),
            (&mut self.write, Direction::Write),
        ];
        for (bits, direction) in sets {
            if change.after.has(direction) {
                bits.insert(change.fd);
            } else {
                bits.remove(change.fd);
            }
        }
    }

    pub(super) fn wait(&mut self, wait_ms: u32, batch: &mut Vec<Ready>) -> io::Result<()> {
        let found = [&mut self.readable, &mut self.writable];
        if select::wait([&self.read, &self.write], found, wait_ms)? == 0 {
            return Ok(());
        }
        let (readable, writable) = (&self.readable, &self.writable);
        readable.for_each_union(writable, |fd| {
            let mut events = EventSet::NONE;
            if readable.contains(fd) {
                events = events | EventSet::IN;
            }
            if writable.contains(fd) {
                events = events | EventSet::OUT;
            }
            let generation = fd
                .index()
                .and_then(|index| self.generations.get(index).copied());
            batch.push(Ready {
                fd,
                generation: generation.unwrap_or(0),
                events,
            });
        });
        Ok(())
    }
}
