//! Prefixes and suffixes of any number, found by the hashes of every length in one pass.
//!
//! Called by lists of `beg` and `end`. The hash of a prefix grows byte by byte; at each length
//! that some pattern has, a filter that stays in the cache rejects nearly all, and the
//! table decides.

use super::chain::{Found, Removed};
use super::entries::Entries;
use super::hash::Hash;
use super::parts::{Parts, earlier};

/// Patterns that are compared with one end of a value.
#[derive(Debug)]
pub(super) struct Affixes {
    parts: Parts,
    side: Side,
}

/// The end of a value that patterns are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `beg`: the longest pattern wins.
    Start,
    /// `end`: the first pattern of the list wins.
    End,
}

impl Affixes {
    /// Indexes all patterns of a list.
    pub(super) fn new(entries: &Entries, hash: Hash, side: Side) -> Self {
        let mut parts = Parts::new(entries.count(), hash);
        for entry in 0..entries.count() {
            let same = |other| hash.is_equal(entries.pattern(other), entries.pattern(entry));
            let key = entries.pattern(entry);
            let value = match side {
                Side::Start => parts.hash_of(key.iter()),
                Side::End => parts.hash_of(key.iter().rev()),
            };
            parts.insert(key.len(), value, entry, same);
        }
        parts.finish();
        Self { parts, side }
    }

    /// The entry whose pattern is at this side of the text.
    #[inline]
    pub(super) fn find(&self, text: &[u8], entries: &Entries, removed: &Removed) -> Option<Found> {
        match self.side {
            Side::Start => self.longest(text, entries, removed),
            Side::End => self.first(text, entries, removed),
        }
    }

    fn longest(&self, text: &[u8], entries: &Entries, removed: &Removed) -> Option<Found> {
        let mut best = None;
        self.parts.scan(text.iter(), |length, hash| {
            let key = text.get(..length).unwrap_or_default();
            let found = self
                .parts
                .find(hash, key, |entry| entries.pattern(entry), removed);
            if let Some(Found { index, .. }) = found {
                let rank = u32::try_from(length).unwrap_or(u32::MAX);
                best = Some(Found { index, rank });
            }
        });
        best
    }

    fn first(&self, text: &[u8], entries: &Entries, removed: &Removed) -> Option<Found> {
        let mut best = None;
        self.parts.scan(text.iter().rev(), |length, hash| {
            let start = text.len().saturating_sub(length);
            let key = text.get(start..).unwrap_or_default();
            let found = self
                .parts
                .find(hash, key, |entry| entries.pattern(entry), removed);
            if let Some(found) = found {
                best = earlier(best, found);
            }
        });
        best
    }
}
