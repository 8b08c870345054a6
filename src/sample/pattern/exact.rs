//! Whole texts, found by their hash.
//!
//! Called by lists of `str` and `bin`, and to find entries by their pattern as written.
//! Invariant: of equal texts the first is found, the others follow by [`Exact::next`].

use super::chain::{Found, Removed};
use super::entries::Entries;
use super::hash::Hash;
use super::table::Table;

/// An index of the patterns of a list.
#[derive(Debug)]
pub(super) struct Exact {
    hash: Hash,
    table: Table,
    /// Longer texts need no hash to be told absent.
    longest: usize,
}

impl Exact {
    /// Indexes all patterns of `entries`.
    pub(super) fn new(entries: &Entries, hash: Hash) -> Self {
        let mut table = Table::new(entries.count());
        let mut longest = 0;
        for index in 0..entries.count() {
            let key = entries.pattern(index);
            longest = longest.max(key.len());
            table.insert(hash.whole(key), index, |other| {
                hash.is_equal(entries.pattern(other), key)
            });
        }
        table.finish();
        Self {
            hash,
            table,
            longest,
        }
    }

    /// The first entry with that text that is not deleted.
    #[inline]
    pub(super) fn find(&self, text: &[u8], entries: &Entries, removed: &Removed) -> Option<Found> {
        if text.len() > self.longest {
            return None;
        }
        let is_same = |index| self.hash.is_equal(entries.pattern(index), text);
        self.table
            .find_alive(self.hash.whole(text), removed, is_same)
    }

    /// The first entry with that text, deleted or not.
    pub(super) fn first(&self, text: &[u8], entries: &Entries) -> Option<u32> {
        let is_same = |index| self.hash.is_equal(entries.pattern(index), text);
        self.table.find(self.hash.whole(text), is_same)
    }

    /// The next entry with the text of `index`.
    pub(super) fn next(&self, index: u32) -> Option<u32> {
        self.table.next(index)
    }
}
