//! Keys that may be any part of a value: which lengths exist, a filter, and the table.
//!
//! Called by the indexes of prefixes, suffixes and words, which try many parts of a value;
//! only lengths that some key has are asked about. Invariants: the filter has both bits of
//! every key, so that a bit missing proves absence; an index hashes all its keys alike,
//! whole or byte by byte.

use super::chain::{Found, Removed};
use super::hash::Hash;
use super::table::Table;

/// Keys found by length and hash.
#[derive(Debug)]
pub(super) struct Parts {
    hash: Hash,
    table: Table,
    filter: Vec<u64>,
    /// One bit per length of a key.
    lengths: Vec<u64>,
    longest: usize,
}

impl Parts {
    /// An index for entries with indexes below `count`.
    pub(super) fn new(count: u32, hash: Hash) -> Self {
        let words = (count as usize / FILTER_KEYS_PER_WORD + 1).next_power_of_two();
        Self {
            hash,
            table: Table::new(count),
            filter: vec![0; words],
            lengths: Vec::new(),
            longest: 0,
        }
    }

    /// Inserts a key of `length` bytes, in the order of the list.
    pub(super) fn insert(
        &mut self,
        length: usize,
        hash: u64,
        index: u32,
        is_same: impl Fn(u32) -> bool,
    ) {
        self.note_length(length);
        let (at, bits) = self.filter_place(hash);
        if let Some(word) = self.filter.get_mut(at) {
            *word |= bits;
        }
        self.table.insert(hash, index, is_same);
    }

    /// The hash of a key that [`scan`](Self::scan) comes across in this direction.
    pub(super) fn hash_of<'a>(&self, key: impl Iterator<Item = &'a u8>) -> u64 {
        let mut rolling = self.hash.rolling();
        for byte in key {
            rolling.push(*byte);
        }
        rolling.value()
    }

    /// Ends the building.
    pub(super) fn finish(&mut self) {
        self.table.finish();
    }

    /// The first entry with that key that is not deleted.
    #[inline]
    pub(super) fn find<'a>(
        &self,
        hash: u64,
        key: &[u8],
        key_of: impl Fn(u32) -> &'a [u8],
        removed: &Removed,
    ) -> Option<Found> {
        let is_same = |index| self.hash.is_equal(key_of(index), key);
        self.table.find_alive(hash, removed, is_same)
    }

    /// Calls `visit` with length and hash of every beginning of `bytes` that may be a key.
    #[inline]
    pub(super) fn scan<'a>(
        &self,
        bytes: impl Iterator<Item = &'a u8>,
        mut visit: impl FnMut(usize, u64),
    ) {
        let mut rolling = self.hash.rolling();
        if self.has_length(0) {
            visit(0, rolling.value());
        }
        for (before, byte) in bytes.take(self.longest).enumerate() {
            rolling.push(*byte);
            let length = before + 1;
            if !self.has_length(length) {
                continue;
            }
            let hash = rolling.value();
            if self.may_have(hash) {
                visit(length, hash);
            }
        }
    }

    /// The longest key, in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The hash of whole keys.
    pub(super) const fn hash(&self) -> Hash {
        self.hash
    }

    #[inline]
    pub(super) fn has_length(&self, length: usize) -> bool {
        let word = self.lengths.get(length / 64);
        word.is_some_and(|word| word & (1 << (length % 64)) != 0)
    }

    /// False when no key has this hash.
    #[inline]
    pub(super) fn may_have(&self, hash: u64) -> bool {
        let (at, bits) = self.filter_place(hash);
        self.filter.get(at).is_some_and(|word| word & bits == bits)
    }

    fn note_length(&mut self, length: usize) {
        let at = length / 64;
        if self.lengths.len() <= at {
            self.lengths.resize(at + 1, 0);
        }
        if let Some(word) = self.lengths.get_mut(at) {
            *word |= 1 << (length % 64);
        }
        self.longest = self.longest.max(length);
    }

    /// The word of the filter, and the two bits in it, that stand for a hash.
    #[inline]
    fn filter_place(&self, hash: u64) -> (usize, u64) {
        let at = (hash >> 12) as usize & (self.filter.len().wrapping_sub(1));
        (at, (1 << (hash & 63)) | (1 << ((hash >> 6) & 63)))
    }
}

/// Of 64 bits, about eight for each key.
const FILTER_KEYS_PER_WORD: usize = 8;

/// The match that is earlier in the list.
#[inline]
pub(super) fn earlier(best: Option<Found>, found: Found) -> Option<Found> {
    match best {
        Some(best) if best.index < found.index => Some(best),
        _ => Some(found),
    }
}
