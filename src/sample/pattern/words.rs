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
    is_delimiter: [bool; 256],
    /// Words of the pattern that has most, empty ones between two delimiters included.
    words_max: usize,
}

impl Words {
    /// Indexes all patterns of a list.
    pub(super) fn new(entries: &Entries, hash: Hash, delimiters: &'static [u8]) -> Self {
        let mut parts = Parts::new(entries.count(), hash);
        let mut words_max = 0;
        for entry in 0..entries.count() {
            let key = trimmed(entries.pattern(entry), delimiters);
            if key.is_empty() {
                continue;
            }
            let inner = key.iter().filter(|byte| delimiters.contains(byte));
            words_max = words_max.max(inner.count() + 1);
            parts.insert(key.len(), hash.whole(key), entry, |other| {
                hash.is_equal(trimmed(entries.pattern(other), delimiters), key)
            });
        }
        parts.finish();
        let mut is_delimiter = [false; 256];
        for (byte, is_one) in (0..=u8::MAX).zip(&mut is_delimiter) {
            *is_one = delimiters.contains(&byte);
        }
        Self {
            parts,
            delimiters,
            is_delimiter,
            words_max,
        }
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
    #[inline]
    fn find_at(
        &self,
        text: &[u8],
        best: Option<Found>,
        entries: &Entries,
        removed: &Removed,
    ) -> Option<Found> {
        let mut best = best;
        let mut length = 0;
        for _ in 0..self.words_max {
            let rest = text.get(length..).unwrap_or_default();
            // A delimiter that ended the last try is part of this one.
            let skipped = usize::from(length > 0);
            let word = rest
                .iter()
                .skip(skipped)
                .position(|byte| self.is_delimiter(*byte));
            length = word.map_or(text.len(), |word| length + skipped + word);
            if length > self.parts.longest() {
                break;
            }
            best = self.find_key(
                text.get(..length).unwrap_or_default(),
                best,
                entries,
                removed,
            );
            if word.is_none() {
                break;
            }
        }
        best
    }

    #[inline]
    fn find_key(
        &self,
        key: &[u8],
        best: Option<Found>,
        entries: &Entries,
        removed: &Removed,
    ) -> Option<Found> {
        if !self.parts.has_length(key.len()) {
            return best;
        }
        let hash = self.parts.hash().whole(key);
        if !self.parts.may_have(hash) {
            return best;
        }
        let key_of = |entry| trimmed(entries.pattern(entry), self.delimiters);
        match self.parts.find(hash, key, key_of, removed) {
            Some(found) => earlier(best, found),
            None => best,
        }
    }

    #[inline]
    fn is_delimiter(&self, byte: u8) -> bool {
        self.is_delimiter
            .get(usize::from(byte))
            .copied()
            .unwrap_or(false)
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
