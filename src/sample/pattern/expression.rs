//! The regular expressions of a list, tried in its order.
//!
//! Called by lists of `reg`. Lists of more than a few have prefilters: a set of each block of
//! expressions tells in one pass whether any of them matches. Expressions match bytes, in
//! time linear in the value.

use std::sync::Mutex;

use bumpalo::Bump;
use regex::bytes::{CaptureLocations, Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::chain::{Found, Removed};
use super::error::{PatternError, shown};
use super::pcre;

/// What the groups of an expression matched; group 0 is the whole match.
#[derive(Clone, Copy, Debug)]
pub struct Captures<'a> {
    text: &'a [u8],
    groups: &'a [Option<(usize, usize)>],
}

impl<'a> Captures<'a> {
    /// What a group matched; none when it took no part or does not exist.
    #[must_use]
    pub fn group(&self, number: usize) -> Option<&'a [u8]> {
        let (start, end) = (*self.groups.get(number)?)?;
        self.text.get(start..end)
    }

    /// Number of groups, the whole match included; 0 for methods other than `reg`.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.groups.len()
    }

    pub(super) const fn none(text: &'a [u8]) -> Self {
        Self { text, groups: &[] }
    }
}

/// Compiled expressions, numbered as the list does.
#[derive(Debug)]
pub(super) struct Expressions {
    all: Vec<Expression>,
    /// One for each `BLOCK` expressions; empty for short lists.
    blocks: Vec<RegexSet>,
}

impl Expressions {
    pub(super) const fn new() -> Self {
        Self {
            all: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Compiles the next expression of the list.
    ///
    /// # Errors
    /// [`PatternError::Regex`], or [`PatternError::Construct`] for what PCRE alone can do.
    pub(super) fn push(&mut self, pattern: &[u8], ignore_case: bool) -> Result<(), PatternError> {
        let regex = compile(pattern, ignore_case)?;
        let locations = Mutex::new(regex.capture_locations());
        self.all.push(Expression { regex, locations });
        Ok(())
    }

    /// Builds the prefilters of a long list.
    pub(super) fn finish(&mut self, ignore_case: bool) {
        if self.all.len() <= FEW {
            return;
        }
        let set = |block: &[Expression]| {
            let patterns = block.iter().map(|expression| expression.regex.as_str());
            RegexSetBuilder::new(patterns)
                .unicode(false)
                .case_insensitive(ignore_case)
                .build()
        };
        // A block that is too large for one set leaves the list without prefilters.
        let blocks: Result<Vec<_>, _> = self.all.chunks(BLOCK).map(set).collect();
        self.blocks = blocks.unwrap_or_default();
    }

    /// The first expression of the list that matches.
    pub(super) fn find(&self, text: &[u8], removed: &Removed) -> Option<Found> {
        let mut index = 0;
        for (number, block) in self.all.chunks(BLOCK).enumerate() {
            let set = self.blocks.get(number);
            if set.is_some_and(|set| !set.is_match(text)) {
                index += block.len();
                continue;
            }
            for expression in block {
                let found = Found::plain(u32::try_from(index).ok()?);
                if !removed.has(found.index) && expression.regex.is_match(text) {
                    return Some(found);
                }
                index += 1;
            }
        }
        None
    }

    /// What the groups of an expression match in a text; their places live in the arena.
    pub(super) fn captures<'a>(
        &self,
        index: u32,
        text: &'a [u8],
        arena: &'a Bump,
    ) -> Option<Captures<'a>> {
        let expression = self.all.get(index as usize)?;
        // Nobody holds the lock while it could be poisoned; another thread may hold it.
        let Ok(mut locations) = expression.locations.try_lock() else {
            let mut own = expression.regex.capture_locations();
            return expression.read(&mut own, text, arena);
        };
        expression.read(&mut locations, text, arena)
    }
}

/// An expression, and room for the places of its groups that is used again and again.
#[derive(Debug)]
struct Expression {
    regex: Regex,
    locations: Mutex<CaptureLocations>,
}

impl Expression {
    fn read<'a>(
        &self,
        locations: &mut CaptureLocations,
        text: &'a [u8],
        arena: &'a Bump,
    ) -> Option<Captures<'a>> {
        self.regex.captures_read(locations, text)?;
        let count = locations.len();
        let groups = arena.alloc_slice_fill_with(count, |group| locations.get(group));
        Some(Captures { text, groups })
    }
}

/// Compiles an expression as all parts of the configuration write them.
///
/// # Errors
/// As a pattern that is added to a list.
pub fn compile(pattern: &[u8], ignore_case: bool) -> Result<Regex, PatternError> {
    let text = pcre::translate(pattern)?;
    RegexBuilder::new(&text)
        .unicode(false)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| invalid(pattern, &error))
}

/// The reason without the drawing around it, which spans lines.
fn invalid(pattern: &[u8], error: &regex::Error) -> PatternError {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    PatternError::Regex {
        pattern: shown(pattern),
        reason: last.trim_start_matches("error: ").to_owned(),
    }
}

/// Expressions up to which trying each is good enough.
const FEW: usize = 8;

/// Expressions per prefilter.
const BLOCK: usize = 32;
