//! Substrings: a search each for few, one automaton for many.
//!
//! Called by lists of `sub`. Invariant: searchers and automaton number the patterns as the
//! list does.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use super::chain::{Found, Removed};
use super::entries::Entries;
use super::error::PatternError;
use super::parts::earlier;

/// The patterns of a list, wherever they are in a value.
#[derive(Debug)]
pub(super) enum Substrings {
    /// One vectorised search per pattern.
    Few(Vec<Finder<'static>>),
    /// All patterns in one pass.
    Many(AhoCorasick),
}

impl Substrings {
    /// Prepares all patterns of a list.
    ///
    /// # Errors
    /// When they do not fit an automaton.
    pub(super) fn new(entries: &Entries, ignore_case: bool) -> Result<Self, PatternError> {
        let patterns = (0..entries.count()).map(|index| entries.pattern(index));
        if entries.count() <= FEW && !ignore_case {
            let searcher = |pattern| Finder::new(pattern).into_owned();
            return Ok(Self::Few(patterns.map(searcher).collect()));
        }
        AhoCorasick::builder()
            .ascii_case_insensitive(ignore_case)
            .build(patterns)
            .map(Self::Many)
            .map_err(|error| PatternError::Substrings(error.to_string()))
    }

    /// The first entry of the list that is in the text.
    #[inline]
    pub(super) fn find(&self, text: &[u8], removed: &Removed) -> Option<Found> {
        match self {
            Self::Few(searchers) => (0..).zip(searchers).find_map(|(index, searcher)| {
                let is_in = !removed.has(index) && searcher.find(text).is_some();
                is_in.then_some(Found::plain(index))
            }),
            Self::Many(automaton) => {
                let mut best = None;
                for found in automaton.find_overlapping_iter(text) {
                    let index = found.pattern().as_u32();
                    if removed.has(index) {
                        continue;
                    }
                    best = earlier(best, Found::plain(index));
                    if index == 0 {
                        break;
                    }
                }
                best
            }
        }
    }
}

/// Patterns up to which searching for each is faster than the automaton.
const FEW: u32 = 3;
