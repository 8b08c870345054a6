//! The timer queue: which task expires next.
//!
//! Owned by the scheduler. A heap of four children per node with 8 bytes per entry, and the
//! place of each task's entry, so that a removed task takes its entry along at once. Ticks
//! wrap, so order is the signed difference: right while all entries lie within 24 days.
//! The `timers` bench compares it to a B-tree: inserts at the far end, which is where
//! timeouts are inserted, stop after one comparison here, and nothing is allocated.

use super::tick::Tick;

/// Task numbers in the order of their expiry.
#[derive(Debug, Default)]
pub struct TimerQueue {
    heap: Vec<Entry>,
    /// For each task number the index + 1 of its entry, 0 for none.
    places: Vec<u32>,
}

impl TimerQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing will expire.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The earliest entry: when, and which task.
    pub fn first(&self) -> Option<(Tick, u32)> {
        self.heap.first().map(|entry| (entry.tick, entry.task))
    }

    /// When the entry of `task` expires; `None` when it has no entry.
    pub fn expiry(&self, task: u32) -> Option<Tick> {
        self.place(task)
            .and_then(|index| self.heap.get(index))
            .map(|entry| entry.tick)
    }

    /// Makes `task` expire at `tick`, which is not [`Tick::ETERNITY`]; moves its entry when
    /// it has one.
    pub fn insert(&mut self, task: u32, tick: Tick) {
        let entry = Entry { tick, task };
        let Some(index) = self.place(task) else {
            let needed = task as usize + 1;
            if self.places.len() < needed {
                self.places.resize(needed, 0);
            }
            self.heap.push(entry);
            self.sift_up(self.heap.len() - 1, entry);
            return;
        };
        self.settle(index, entry);
    }

    /// Takes the entry of `task` out. False when it has none.
    pub fn remove(&mut self, task: u32) -> bool {
        let Some(index) = self.place(task) else {
            return false;
        };
        self.set_place(task, 0);
        let Some(last) = self.heap.pop() else {
            return false;
        };
        if index < self.heap.len() {
            self.settle(index, last);
        }
        true
    }

    /// Puts `entry` in the heap at `index` or, from there, where it belongs.
    fn settle(&mut self, index: usize, entry: Entry) {
        let parent = self.heap.get(index.wrapping_sub(1) / CHILDREN);
        if index > 0 && parent.is_some_and(|parent| entry.tick.is_before(parent.tick)) {
            self.sift_up(index, entry);
            return;
        }
        self.sift_down(index, entry);
    }

    fn sift_up(&mut self, mut index: usize, entry: Entry) {
        while index > 0 {
            let up = (index - 1) / CHILDREN;
            let Some(&parent) = self.heap.get(up) else {
                break;
            };
            if !entry.tick.is_before(parent.tick) {
                break;
            }
            self.write(index, parent);
            index = up;
        }
        self.write(index, entry);
    }

    fn sift_down(&mut self, mut index: usize, entry: Entry) {
        while let Some((down, child)) = self.earliest_child(index) {
            if !child.tick.is_before(entry.tick) {
                break;
            }
            self.write(index, child);
            index = down;
        }
        self.write(index, entry);
    }

    fn earliest_child(&self, index: usize) -> Option<(usize, Entry)> {
        let first = index * CHILDREN + 1;
        let end = self.heap.len().min(first + CHILDREN);
        let children = self.heap.get(first..end)?;
        let mut earliest = (0, *children.first()?);
        for (offset, child) in children.iter().enumerate().skip(1) {
            if child.tick.is_before(earliest.1.tick) {
                earliest = (offset, *child);
            }
        }
        Some((first + earliest.0, earliest.1))
    }

    fn write(&mut self, index: usize, entry: Entry) {
        if let Some(slot) = self.heap.get_mut(index) {
            *slot = entry;
        }
        self.set_place(entry.task, super::key::slot_number(index + 1));
    }

    fn place(&self, task: u32) -> Option<usize> {
        let place = *self.places.get(task as usize)?;
        (place as usize).checked_sub(1)
    }

    fn set_place(&mut self, task: u32, place: u32) {
        if let Some(slot) = self.places.get_mut(task as usize) {
            *slot = place;
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tick: Tick,
    task: u32,
}

/// Children per node: four share a cache line half, and the heap is half as high as with two.
const CHILDREN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drain(queue: &mut TimerQueue) -> Vec<u32> {
        let mut order = Vec::new();
        while let Some((_, task)) = queue.first() {
            assert!(queue.remove(task));
            order.push(task);
        }
        order
    }

    #[test]
    fn the_earliest_comes_first_over_the_wrap() {
        let mut queue = TimerQueue::new();
        let before = Tick::from_ms(u32::MAX - 5);
        for (task, delay) in [(0, 20), (1, 0), (2, 10), (3, 5)] {
            queue.insert(task, before.add(delay));
        }
        assert_eq!(drain(&mut queue), [1, 3, 2, 0]);
    }

    #[test]
    fn an_insert_moves_the_entry_that_is_there() {
        let mut queue = TimerQueue::new();
        queue.insert(7, Tick::from_ms(50));
        queue.insert(8, Tick::from_ms(40));
        queue.insert(7, Tick::from_ms(30));
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.first(), Some((Tick::from_ms(30), 7)));
        assert_eq!(queue.expiry(8), Some(Tick::from_ms(40)));
        assert_eq!(queue.expiry(9), None);
        assert!(!queue.remove(9));
    }

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(
            start in prop_oneof![Just(u32::MAX - 500), Just(1), any::<u32>()],
            steps in prop::collection::vec((0u32..3, 0u32..40, 0u32..1000), 0..300),
        ) {
            let start = Tick::from_ms(start);
            let mut queue = TimerQueue::new();
            let mut model: Vec<(u32, u32)> = Vec::new();
            for (action, task, delay) in steps {
                let known = model.iter().position(|&(_, other)| other == task);
                if let Some(index) = known {
                    model.remove(index);
                }
                if action == 0 {
                    prop_assert_eq!(queue.remove(task), known.is_some());
                } else {
                    queue.insert(task, start.add(delay));
                    // Eternity is left out of the ticks: two delays may be one moment.
                    model.push((start.add(delay).raw().wrapping_sub(start.raw()), task));
                }
                model.sort_unstable();
                prop_assert_eq!(queue.len(), model.len());
                let first = queue.first().map(|(tick, _)| tick.raw().wrapping_sub(start.raw()));
                prop_assert_eq!(first, model.first().map(|&(delay, _)| delay));
            }
            let mut last = start;
            while let Some((tick, task)) = queue.first() {
                prop_assert!(!tick.is_before(last));
                prop_assert_eq!(queue.expiry(task), Some(tick));
                queue.remove(task);
                last = tick;
            }
        }
    }
}
