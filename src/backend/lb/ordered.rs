//! Slots of servers in order of a key, equal keys in order of insertion.
//!
//! A binary heap that knows where each slot is, so that a server can leave from anywhere.
//! Used by all algorithms. Invariants: a slot is in at most once; all memory is there from
//! the start, as many entries as there are slots.

/// A slot in its place: compared by key, then by the time of its insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// What it is ordered by.
    pub(super) key: u64,
    /// The number of its insertion.
    turn: u64,
    /// Whose place it is.
    pub(super) slot: usize,
}

/// The ordered slots.
#[derive(Debug)]
pub(super) struct Ordered {
    heap: Vec<Entry>,
    /// Where in the heap each slot is, or [`ABSENT`].
    places: Vec<usize>,
    turn: u64,
}

impl Ordered {
    /// An empty order for slots below `slot_count`.
    pub(super) fn new(slot_count: usize) -> Self {
        Self {
            heap: Vec::with_capacity(slot_count),
            places: vec![ABSENT; slot_count],
            turn: 0,
        }
    }

    /// The first entry.
    pub(super) fn first(&self) -> Option<Entry> {
        self.heap.first().copied()
    }

    /// True when the slot is in.
    pub(super) fn contains(&self, slot: usize) -> bool {
        self.entry(slot).is_some()
    }

    /// The entry of a slot.
    pub(super) fn entry(&self, slot: usize) -> Option<Entry> {
        self.heap.get(*self.places.get(slot)?).copied()
    }

    /// Puts the slot behind all entries of the same key, wherever it was before.
    pub(super) fn insert(&mut self, slot: usize, key: u64) {
        self.remove(slot);
        self.turn += 1;
        self.put_back(Entry {
            key,
            turn: self.turn,
            slot,
        });
    }

    /// Puts an entry that was removed back into the very place that it had.
    pub(super) fn put_back(&mut self, entry: Entry) {
        self.heap.push(entry);
        self.rise(self.heap.len() - 1, entry);
    }

    /// Removes the slot, if it is in.
    pub(super) fn remove(&mut self, slot: usize) {
        let Some(&place) = self.places.get(slot) else {
            return;
        };
        if place == ABSENT {
            return;
        }
        self.places[slot] = ABSENT;
        let Some(last) = self.heap.pop() else {
            return;
        };
        if last.slot == slot {
            return;
        }
        if place > 0 && last < self.heap[parent(place)] {
            self.rise(place, last);
            return;
        }
        self.sink(place, last);
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.places.fill(ABSENT);
    }

    /// Finds the place of `entry` at `place` or above it.
    fn rise(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let above = parent(place);
            if self.heap[above] < entry {
                break;
            }
            self.set(place, self.heap[above]);
            place = above;
        }
        self.set(place, entry);
    }

    /// Finds the place of `entry` at `place` or below it.
    fn sink(&mut self, mut place: usize, entry: Entry) {
        loop {
            let left = 2 * place + 1;
            let Some(&first) = self.heap.get(left) else {
                break;
            };
            let (child, child_entry) = match self.heap.get(left + 1) {
                Some(&second) if second < first => (left + 1, second),
                _ => (left, first),
            };
            if entry < child_entry {
                break;
            }
            self.set(place, child_entry);
            place = child;
        }
        self.set(place, entry);
    }

    fn set(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        self.places[entry.slot] = place;
    }
}

const fn parent(place: usize) -> usize {
    (place - 1) / 2
}

/// The place of a slot that is not in.
const ABSENT: usize = usize::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(steps in prop::collection::vec((0usize..9, 0u64..4), 0..200)) {
            let mut ordered = Ordered::new(9);
            let mut list: Vec<(u64, usize)> = Vec::new();
            for (slot, key) in steps {
                list.retain(|&(_, other)| other != slot);
                if key == 3 {
                    ordered.remove(slot);
                } else {
                    ordered.insert(slot, key);
                    list.push((key, slot));
                    list.sort_by_key(|&(key, _)| key);
                }
                prop_assert_eq!(ordered.contains(slot), key != 3);
                let first = ordered.first().map(|entry| (entry.key, entry.slot));
                prop_assert_eq!(first, list.first().copied());
            }
            for (_, slot) in list {
                let first = ordered.first().unwrap();
                prop_assert_eq!(first.slot, slot);
                ordered.remove(slot);
                ordered.put_back(first);
                prop_assert_eq!(ordered.first(), Some(first));
                ordered.remove(slot);
            }
            prop_assert_eq!(ordered.first(), None);
        }
    }
}
