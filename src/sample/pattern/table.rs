//! A hash table from keys to entries that stores neither: 32 bits per slot.
//!
//! Called by the indexes of exact strings, prefixes, suffixes and words. Invariants: a slot is
//! 0 when empty, else the entry's index plus one in the low bits and bits of the key's hash
//! above, which reject nearly all others without a look at their text; at least a quarter
//! of the slots is empty, so every probe ends. Of equal keys the first is in the table and
//! the others are chained behind it.

use std::collections::HashMap;

use super::chain::{Chain, Found, Removed};

/// Slots of a fixed number of entries.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<u32>,
    /// Low bits of a slot that hold an index plus one.
    index_mask: u32,
    same: Chain,
    /// The last entry behind each first one, while the table is built.
    tails: HashMap<u32, u32>,
}

impl Table {
    /// A table for entries with indexes below `count`, of which all may be inserted.
    pub(super) fn new(count: u32) -> Self {
        let count = count as usize;
        let size = (count + count / 2 + 2).next_power_of_two();
        let bits = u32::BITS - u32::try_from(count).unwrap_or(u32::MAX).leading_zeros();
        Self {
            slots: vec![0; size],
            index_mask: u32::try_from((1_u64 << bits) - 1).unwrap_or(u32::MAX),
            same: Chain::default(),
            tails: HashMap::new(),
        }
    }

    /// Inserts an entry, in the order of the list; `is_same` compares its key with another's.
    pub(super) fn insert(&mut self, hash: u64, index: u32, is_same: impl Fn(u32) -> bool) {
        if let Some(first) = self.find(hash, is_same) {
            self.append(first, index);
            return;
        }
        let mask = self.slots.len() - 1;
        let mut at = position(hash) & mask;
        while self.slots.get(at).is_some_and(|slot| *slot != 0) {
            at = (at + 1) & mask;
        }
        let value = self.tag(hash) | (index.saturating_add(1) & self.index_mask);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = value;
        }
    }

    /// Ends the building.
    pub(super) fn finish(&mut self) {
        self.same.finish();
        self.tails = HashMap::new();
    }

    /// The first entry of that hash that `is_same` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let tag = self.tag(hash);
        let mut at = position(hash) & mask;
        loop {
            let slot = *self.slots.get(at)?;
            if slot == 0 {
                return None;
            }
            let index = (slot & self.index_mask).wrapping_sub(1);
            if slot & !self.index_mask == tag && is_same(index) {
                return Some(index);
            }
            at = (at + 1) & mask;
        }
    }

    /// As [`find`](Self::find), without deleted entries.
    #[inline]
    pub(super) fn find_alive(
        &self,
        hash: u64,
        removed: &Removed,
        is_same: impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let first = self.find(hash, is_same)?;
        self.same.first_alive(first, removed).map(Found::plain)
    }

    /// The next entry with the same key.
    pub(super) fn next(&self, index: u32) -> Option<u32> {
        self.same.next(index)
    }

    /// Chains a duplicate behind the last one of its key.
    fn append(&mut self, first: u32, index: u32) {
        let tail = self.tails.insert(first, index).unwrap_or(first);
        self.same.link(tail, index);
    }

    /// The bits of a hash that a slot has room for.
    #[inline]
    const fn tag(&self, hash: u64) -> u32 {
        ((hash >> 32) as u32) & !self.index_mask
    }
}

/// The bits of a hash that choose a slot.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
const fn position(hash: u64) -> usize {
    hash as usize
}
