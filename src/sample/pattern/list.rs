//! A list of patterns as loaded: built once, then only asked.
//!
//! Owns the entries and the index that their method needs. Built by configuration parsers and
//! the file loader, asked by [`LivePatterns`](super::LivePatterns). Invariant: an entry's
//! number in the index is its place in the list.

use bumpalo::Bump;

use super::affix::{Affixes, Side};
use super::chain::{Found, Removed};
use super::entries::{Entries, Entry, Hit};
use super::error::PatternError;
use super::exact::Exact;
use super::expression::{Captures, Expressions};
use super::hash::Hash;
use super::input::{Input, Room};
use super::integer::{IntRange, Ranges};
use super::method::{MatchMethod, Options};
use super::network::Network;
use super::network_index::Networks;
use super::substring::Substrings;
use super::words::{DIR_DELIMITERS, DOM_DELIMITERS, Words};

/// Patterns of one method with their values, immutable.
#[derive(Debug)]
pub struct PatternList {
    options: Options,
    entries: Entries,
    index: Index,
}

impl PatternList {
    /// Starts a list.
    #[must_use]
    pub fn builder(options: Options) -> Builder {
        let parsed = match options.method {
            MatchMethod::Int | MatchMethod::Len => Parsed::Ranges(Vec::new()),
            MatchMethod::Ip => Parsed::Networks(Box::new(Networks::new())),
            MatchMethod::Bin => Parsed::Blocks(Entries::new()),
            MatchMethod::Reg => Parsed::Expressions(Expressions::new()),
            _ => Parsed::Text,
        };
        Builder {
            options,
            entries: Entries::new(),
            parsed,
        }
    }

    /// A list without entries, which only `found` and `bool` match.
    #[must_use]
    pub fn empty(options: Options) -> Self {
        Self {
            options,
            entries: Entries::new(),
            index: Index::Empty,
        }
    }

    /// Looks a value up. The id of the entry is its place in the list, from 0.
    #[must_use]
    #[inline]
    pub fn lookup(&self, input: Input<'_>) -> Option<Hit<'_>> {
        Some(self.hit(self.find(input, &Removed::NONE)?))
    }

    /// As [`lookup`](Self::lookup), with what the groups of a regular expression matched;
    /// the arena holds that.
    #[must_use]
    pub fn lookup_captures<'a>(
        &'a self,
        input: Input<'a>,
        arena: &'a Bump,
    ) -> Option<(Hit<'a>, Captures<'a>)> {
        let found = self.find(input, &Removed::NONE)?;
        Some((self.hit(found), self.captures(found, input, arena)))
    }

    /// Number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.count() as usize
    }

    /// What holds for every pattern of the list.
    #[must_use]
    pub const fn options(&self) -> Options {
        self.options
    }

    /// The entries in the order of the list.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.entries.count()).filter_map(|index| self.entries.entry(index))
    }

    /// The entry at a place of the list, from 0.
    pub(super) fn entry(&self, index: u32) -> Option<Entry<'_>> {
        self.entries.entry(index)
    }

    /// The texts of the entries.
    pub(super) const fn texts(&self) -> &Entries {
        &self.entries
    }

    /// The index, when it finds patterns as written.
    pub(super) const fn exact(&self) -> Option<&Exact> {
        match &self.index {
            Index::Exact(exact) if !self.options.ignore_case => Some(exact),
            _ => None,
        }
    }

    /// What matches, but for deleted entries.
    #[inline]
    pub(super) fn find(&self, input: Input<'_>, removed: &Removed) -> Option<Match> {
        match self.options.method {
            MatchMethod::Found => return Some(Match::Any),
            MatchMethod::Bool => return (input.as_int()? != 0).then_some(Match::Any),
            _ => {}
        }
        let found = match &self.index {
            Index::Empty => None,
            Index::Ranges(ranges) => ranges.find(self.number(input)?, removed),
            Index::Networks(networks) => networks.find(input.as_ip()?, removed),
            Index::Blocks(exact, blocks) => match input {
                Input::Bytes(bytes) => exact.find(bytes, blocks, removed),
                Input::Int(_) | Input::Ip(_) | Input::Bool(_) => None,
            },
            _ => self.find_text(input.as_text(&mut Room::default()), removed),
        };
        found.map(Match::Entry)
    }

    /// How near a match came, to compare it with one of another list of the same kind.
    pub(super) fn rank(&self, found: Match) -> u32 {
        match (&self.index, found) {
            (_, Match::Any) => 0,
            (Index::Networks(networks), Match::Entry(found)) => networks.rank(found),
            (_, Match::Entry(found)) => found.rank,
        }
    }

    /// What the groups of a match are; none for other methods.
    pub(super) fn captures<'a>(
        &self,
        found: Match,
        input: Input<'a>,
        arena: &'a Bump,
    ) -> Captures<'a> {
        let text = match input {
            Input::Bytes(text) => text,
            other => arena.alloc_slice_copy(other.as_text(&mut Room::default())),
        };
        let captures = match (&self.index, found) {
            (Index::Expressions(all), Match::Entry(found)) => {
                all.captures(found.index, text, arena)
            }
            _ => None,
        };
        captures.unwrap_or(Captures::none(text))
    }

    #[inline]
    fn find_text(&self, text: &[u8], removed: &Removed) -> Option<Found> {
        match &self.index {
            Index::Exact(exact) => exact.find(text, &self.entries, removed),
            Index::Affixes(affixes) => affixes.find(text, &self.entries, removed),
            Index::Words(words) => words.find(text, &self.entries, removed),
            Index::Substrings(substrings) => substrings.find(text, removed),
            Index::Expressions(expressions) => expressions.find(text, removed),
            Index::Empty | Index::Ranges(_) | Index::Networks(_) | Index::Blocks(..) => None,
        }
    }

    /// The number that ranges are compared with.
    #[inline]
    fn number(&self, input: Input<'_>) -> Option<i64> {
        if self.options.method == MatchMethod::Int {
            return input.as_int();
        }
        i64::try_from(input.as_text(&mut Room::default()).len()).ok()
    }

    #[inline]
    fn hit(&self, found: Match) -> Hit<'_> {
        let entry = match found {
            Match::Any => None,
            Match::Entry(found) => self.entries.entry(found.index),
        };
        Hit { entry }
    }
}

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The method compares with no entry.
    Any,
    /// An entry.
    Entry(Found),
}

/// A list while it is filled.
#[derive(Debug)]
pub struct Builder {
    options: Options,
    entries: Entries,
    parsed: Parsed,
}

impl Builder {
    /// Adds an entry with the line that it comes from.
    ///
    /// # Errors
    /// When the pattern is not valid for the method, or the list is full; the list is then
    /// as before.
    pub fn add(
        &mut self,
        pattern: &[u8],
        value: Option<&[u8]>,
        reference: u32,
    ) -> Result<(), PatternError> {
        let entries = &mut self.entries;
        match &mut self.parsed {
            Parsed::Text => {
                entries.push(pattern, value, reference)?;
            }
            Parsed::Ranges(ranges) => {
                let range = match self.options.dotted {
                    true => IntRange::parse_dotted(pattern)?,
                    false => IntRange::parse(pattern)?,
                };
                ranges.push((range, entries.push(pattern, value, reference)?));
            }
            Parsed::Networks(networks) => {
                let network = Network::parse(pattern, !self.options.no_dns)?;
                networks.push(network, entries.push(pattern, value, reference)?);
            }
            Parsed::Blocks(blocks) => {
                let block = from_hex(pattern)?;
                entries.push(pattern, value, reference)?;
                blocks.push(&block, None, reference)?;
            }
            Parsed::Expressions(expressions) => {
                expressions.push(pattern, self.options.ignore_case)?;
                entries.push(pattern, value, reference)?;
            }
        }
        Ok(())
    }

    /// Adds a range that was read already, such as one made by an operator, to a list of
    /// `int` or `len`; other methods compare with its text.
    ///
    /// # Errors
    /// When the list is full.
    pub fn add_range(
        &mut self,
        range: IntRange,
        text: &[u8],
        reference: u32,
    ) -> Result<(), PatternError> {
        let Parsed::Ranges(ranges) = &mut self.parsed else {
            return self.add(text, None, reference);
        };
        ranges.push((range, self.entries.push(text, None, reference)?));
        Ok(())
    }

    /// How the patterns of the list match.
    pub(super) const fn method(&self) -> MatchMethod {
        self.options.method
    }

    /// Number of entries so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.count() as usize
    }

    /// Builds the index.
    ///
    /// # Errors
    /// When the substrings of a list do not fit one automaton.
    pub fn finish(self) -> Result<PatternList, PatternError> {
        let Self {
            options,
            mut entries,
            parsed,
        } = self;
        entries.shrink();
        let index = match parsed {
            Parsed::Text => text_index(options, &entries)?,
            Parsed::Ranges(mut ranges) => {
                ranges.shrink_to_fit();
                Index::Ranges(Ranges::new(ranges))
            }
            Parsed::Networks(mut networks) => {
                networks.finish();
                Index::Networks(networks)
            }
            Parsed::Blocks(mut blocks) => {
                blocks.shrink();
                Index::Blocks(Exact::new(&blocks, Hash::new(false)), blocks)
            }
            Parsed::Expressions(mut expressions) => {
                expressions.finish(options.ignore_case);
                Index::Expressions(expressions)
            }
        };
        Ok(PatternList {
            options,
            entries,
            index,
        })
    }
}

/// What finds the entry that matches.
#[derive(Debug)]
enum Index {
    /// Entries are kept, and never compared with.
    Empty,
    Ranges(Ranges),
    Networks(Box<Networks>),
    /// The blocks that hexadecimal patterns spell.
    Blocks(Exact, Entries),
    Exact(Exact),
    Affixes(Affixes),
    Words(Box<Words>),
    Substrings(Substrings),
    Expressions(Expressions),
}

/// What patterns mean, until the index is built.
#[derive(Debug)]
enum Parsed {
    /// Patterns mean themselves.
    Text,
    Ranges(Vec<(IntRange, u32)>),
    Networks(Box<Networks>),
    Blocks(Entries),
    Expressions(Expressions),
}

/// The index of patterns that mean themselves.
fn text_index(options: Options, entries: &Entries) -> Result<Index, PatternError> {
    let hash = Hash::new(options.ignore_case);
    Ok(match options.method {
        MatchMethod::Str => Index::Exact(Exact::new(entries, hash)),
        MatchMethod::Beg => Index::Affixes(Affixes::new(entries, hash, Side::Start)),
        MatchMethod::End => Index::Affixes(Affixes::new(entries, hash, Side::End)),
        MatchMethod::Dir => Index::Words(Box::new(Words::new(entries, hash, DIR_DELIMITERS))),
        MatchMethod::Dom => Index::Words(Box::new(Words::new(entries, hash, DOM_DELIMITERS))),
        MatchMethod::Sub => Index::Substrings(Substrings::new(entries, options.ignore_case)?),
        MatchMethod::Found
        | MatchMethod::Bool
        | MatchMethod::Int
        | MatchMethod::Ip
        | MatchMethod::Bin
        | MatchMethod::Len
        | MatchMethod::Reg => Index::Empty,
    })
}

/// The bytes that pairs of hexadecimal digits spell.
fn from_hex(text: &[u8]) -> Result<Vec<u8>, PatternError> {
    if !text.len().is_multiple_of(2) {
        return Err(PatternError::HexCount);
    }
    let digit = |byte: u8| {
        let found = char::from(byte);
        let value = found
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok());
        value.ok_or(PatternError::HexDigit(found))
    };
    let (pairs, _) = text.as_chunks::<2>();
    pairs
        .iter()
        .map(|[high, low]| Ok((digit(*high)? << 4) | digit(*low)?))
        .collect()
}
