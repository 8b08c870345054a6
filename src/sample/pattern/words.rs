//! Words of a value: the parts between delimiters, one or several in a row.
//!
//! Called by lists of `dir` and `dom`. Delimiters around a pattern are ignored (manual,
//! 7.1.3); a pattern of nothing else matches nothing. A match begins after a delimiter or
//! at the start, and ends before one or at the end.

use super::chain::{Found, Removed};
use super::entries::Entries;
use super::hash::Hash;
use super::parts::{Parts, earlier};

/// Patterns that match whole words.
#[derive(Debug)]
pub(super) struct Words {
    parts: Parts,
    delimiters: &'static [u8],
}

impl Words {
    /// Indexes all patterns of a list.
    pub(super) fn new(entries: &Entries, hash: Hash, delimiters: &'static [u8]) -> Self {
        let mut parts = Parts::new(entries.count(), hash);
        for entry in 0..entries.count() {
            let key = trimmed(entries.pattern(entry), delimiters);
            if key.is_empty() {
                continue;
            }
            parts.insert(key.iter(), entry, |other| {
                hash.is_equal(trimmed(entries.pattern(other), delimiters), key)
            });
        }
        parts.finish();
        Self { parts, delimiters }
    }

    /// The first entry of the list that is a word of the text.
    #[inline]
    pub(super) fn find(&self, text: &[u8], entries: &Entries, removed: &Removed) -> Option<Found> {
        let mut best = None;
        let mut is_start = true;
        for (start, byte) in text.iter().enumerate() {
            let is_delimiter = self.is_delimiter(*byte);
            if is_start && !is_delimiter {
                let rest = text.get(start..).unwrap_or_default();
                best = self.find_at(rest, best, entries, removed);
            }
            is_start = is_delimiter;
        }
        best
    }

    /// Tries the words at the beginning of `text`, each with those behind it.
    fn find_at(
        &self,
        text: &[u8],
        best: Option<Found>,
        entries: &Entries,
        removed: &Removed,
    ) -> Option<Found> {
        let mut best = best;
        let mut rolling = self.parts.hash().rolling();
        for (before, byte) in text.iter().take(self.parts.longest()).enumerate() {
            rolling.push(*byte);
            let length = before + 1;
            let (key, rest) = text.split_at_checked(length).unwrap_or_default();
            let is_end = rest.first().is_none_or(|byte| self.is_delimiter(*byte));
            if !is_end || !self.parts.has_length(length) {
                continue;
            }
            let hash = rolling.value();
            if !self.parts.may_have(hash) {
                continue;
            }
            let key_of = |entry| trimmed(entries.pattern(entry), self.delimiters);
            if let Some(found) = self.parts.find(hash, key, key_of, removed) {
                best = earlier(best, found);
            }
        }
        best
    }

    #[inline]
    fn is_delimiter(&self, byte: u8) -> bool {
        self.delimiters.contains(&byte)
    }
}

/// A pattern without delimiters around it.
fn trimmed<'a>(pattern: &'a [u8], delimiters: &[u8]) -> &'a [u8] {
    let is_inner = |byte: &u8| !delimiters.contains(byte);
    let start = pattern.iter().position(is_inner).unwrap_or(pattern.len());
    let end = pattern
        .iter()
        .rposition(is_inner)
        .map_or(start, |last| last + 1);
    pattern.get(start..end).unwrap_or_default()
}

/// What separates the words of `dir`.
pub(super) const DIR_DELIMITERS: &[u8] = b"/?";

/// What separates the words of `dom`.
pub(super) const DOM_DELIMITERS: &[u8] = b"/?.:";
