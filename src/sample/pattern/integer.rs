//! Ranges of integers, operators and versions (manual, 7.1.2), and the index over them.
//!
//! Called by the parser of ACLs for operators and by lists of `int` and `len`. Of ranges that
//! overlap, the first in the list wins.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::chain::{Found, Removed};
use super::error::{PatternError, shown};
use super::segments::{NOBODY, Segments};

/// Integers from `min` to `max`, both included; none when `min` is above `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntRange {
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
}

impl IntRange {
    /// Reads `5`, `1024:65535`, `1024:` or `:1023`.
    ///
    /// # Errors
    /// [`PatternError::Number`] or [`PatternError::Range`] for anything else.
    pub fn parse(text: &[u8]) -> Result<Self, PatternError> {
        Self::parse_with(text, int)
    }

    /// As [`parse`](Self::parse) for versions: `3.1` is the integer 3 * 65536 + 1, and `3`
    /// means `3.0`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_dotted(text: &[u8]) -> Result<Self, PatternError> {
        Self::parse_with(text, version)
    }

    /// Whether the value is in the range.
    #[must_use]
    pub const fn contains(&self, value: i64) -> bool {
        self.min <= value && value <= self.max
    }

    fn parse_with(text: &[u8], number: fn(&[u8]) -> Option<i64>) -> Result<Self, PatternError> {
        let Some(colon) = memchr::memchr(b':', text) else {
            let value = number(text).ok_or_else(|| PatternError::Number(shown(text)))?;
            return Ok(Self {
                min: value,
                max: value,
            });
        };
        let wrong = || PatternError::Range(shown(text));
        let (low, rest) = text.split_at(colon);
        let high = rest.get(1..).unwrap_or_default();
        if low.is_empty() && high.is_empty() {
            return Err(wrong());
        }
        let bound = |text: &[u8], open| match text {
            [] => Some(open),
            text => number(text),
        };
        let min = bound(low, i64::MIN).ok_or_else(wrong)?;
        let max = bound(high, i64::MAX).ok_or_else(wrong)?;
        if min > max {
            return Err(wrong());
        }
        Ok(Self { min, max })
    }
}

/// How an ACL compares with the values that follow (manual, 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOperator {
    /// Equal.
    Eq,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
    /// Less or equal.
    Le,
    /// Less.
    Lt,
}

impl IntOperator {
    /// The operator of that name, which is two lower-case letters.
    #[must_use]
    pub fn parse(word: &[u8]) -> Option<Self> {
        match word {
            b"eq" => Some(Self::Eq),
            b"ge" => Some(Self::Ge),
            b"gt" => Some(Self::Gt),
            b"le" => Some(Self::Le),
            b"lt" => Some(Self::Lt),
            _ => None,
        }
    }

    /// The integers that stand in this relation to any of `values`.
    #[must_use]
    pub fn apply(self, values: IntRange) -> IntRange {
        const NONE: IntRange = IntRange {
            min: i64::MAX,
            max: i64::MIN,
        };
        let from = |min| IntRange { min, max: i64::MAX };
        let up_to = |max| IntRange { min: i64::MIN, max };
        match self {
            Self::Eq => values,
            Self::Ge => from(values.min),
            Self::Gt => values.min.checked_add(1).map_or(NONE, from),
            Self::Le => up_to(values.max),
            Self::Lt => values.max.checked_sub(1).map_or(NONE, up_to),
        }
    }
}

/// The ranges of a list.
#[derive(Debug)]
pub(super) struct Ranges {
    segments: Segments<i64>,
    /// In the order of the list, for a look-up that meets a deleted entry.
    ranges: Vec<(IntRange, u32)>,
}

impl Ranges {
    /// Indexes ranges with the entries they belong to, in the order of the list.
    pub(super) fn new(ranges: Vec<(IntRange, u32)>) -> Self {
        Self {
            segments: flatten(&ranges),
            ranges,
        }
    }

    /// The first entry of the list with the value in its range.
    #[inline]
    pub(super) fn find(&self, value: i64, removed: &Removed) -> Option<Found> {
        let first = self.segments.find(value)?;
        if !removed.has(first) {
            return Some(Found::plain(first));
        }
        self.ranges
            .iter()
            .find(|(range, index)| range.contains(value) && !removed.has(*index))
            .map(|(_, index)| Found::plain(*index))
    }
}

/// Cuts overlapping ranges into segments, each owned by the first range that covers it.
fn flatten(ranges: &[(IntRange, u32)]) -> Segments<i64> {
    let mut starts: Vec<_> = ranges.iter().filter(|(r, _)| r.min <= r.max).collect();
    starts.sort_unstable_by_key(|(range, index)| (range.min, *index));
    let mut points: Vec<i64> = Vec::with_capacity(starts.len() * 2);
    for (range, _) in &starts {
        points.push(range.min);
        points.extend(range.max.checked_add(1));
    }
    points.sort_unstable();
    points.dedup();
    let mut segments = Segments::default();
    let mut open: BinaryHeap<Reverse<(u32, i64)>> = BinaryHeap::new();
    let mut starts = starts.into_iter().peekable();
    for point in points {
        while let Some((range, index)) = starts.next_if(|(range, _)| range.min <= point) {
            open.push(Reverse((*index, range.max)));
        }
        while open.peek().is_some_and(|Reverse((_, max))| *max < point) {
            open.pop();
        }
        segments.push(
            point,
            open.peek().map_or(NOBODY, |Reverse((index, _))| *index),
        );
    }
    segments.finish();
    segments
}

/// Digits, maybe behind a minus.
fn int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A major number, and maybe a dot and a minor number below 65536.
fn version(text: &[u8]) -> Option<i64> {
    let (major, minor) = match memchr::memchr(b'.', text) {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..)?),
        None => (text, &b"0"[..]),
    };
    let part = |text| int(text).filter(|value| (0..=0xffff).contains(value));
    Some(part(major)? * 0x1_0000 + part(minor)?)
}
