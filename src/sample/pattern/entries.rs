//! The text of all entries of a list: patterns and values in one piece of memory.
//!
//! Called by lists and their indexes. Invariant: an entry is a record of numbers (where its
//! pattern starts; in a map, where its value starts; its reference), side by side so that
//! one cache line has them all; a text ends where the next one starts, and a last number is
//! the end of all.

use super::error::PatternError;

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Names the entry within its list for as long as that lives.
    pub id: u64,
    /// The line of the file or configuration that it came from; 0 when added later.
    pub reference: u32,
    /// The pattern as written.
    pub pattern: &'a [u8],
    /// The value in a map, without blanks around it.
    pub value: Option<&'a [u8]>,
}

/// A look-up that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The entry that matched; none for the methods that compare with no pattern.
    pub entry: Option<Entry<'a>>,
}

impl<'a> Hit<'a> {
    /// The value of the entry, in a map.
    #[must_use]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.entry.and_then(|entry| entry.value)
    }
}

/// Patterns, values and references in the order of the list.
#[derive(Debug)]
pub(super) struct Entries {
    bytes: Vec<u8>,
    records: Vec<u32>,
    count: u32,
    /// Each entry has a value, and so three numbers instead of two.
    has_values: bool,
}

impl Entries {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            records: vec![0],
            count: 0,
            has_values: false,
        }
    }

    /// Appends an entry and returns its index.
    pub(super) fn push(
        &mut self,
        pattern: &[u8],
        value: Option<&[u8]>,
        reference: u32,
    ) -> Result<u32, PatternError> {
        let index = self.count;
        let value_len = value.map_or(0, <[u8]>::len);
        let start = u32::try_from(self.bytes.len()).map_err(|_| PatternError::Full)?;
        let middle = grown(start, pattern.len())?;
        let end = grown(middle, value_len)?;
        if index >= COUNT_MAX {
            return Err(PatternError::Full);
        }
        if value.is_some() && !self.has_values {
            self.make_room_for_values();
        }
        self.bytes.extend_from_slice(pattern);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        if self.has_values {
            self.records.push(middle);
        }
        self.records.extend([reference, end]);
        self.count += 1;
        Ok(index)
    }

    /// Number of entries.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// The pattern of an entry; empty beyond the end.
    #[inline]
    pub(super) fn pattern(&self, index: u32) -> &[u8] {
        let record = self.record(index);
        match (self.has_values, record) {
            (false, Some([start, _, end])) => self.text(*start, *end),
            (true, Some([start, middle, ..])) => self.text(*start, *middle),
            _ => &[],
        }
    }

    /// An entry with the index as its id.
    #[inline]
    pub(super) fn entry(&self, index: u32) -> Option<Entry<'_>> {
        let (pattern, value, reference) = match self.record(index)? {
            [start, reference, end] => (self.text(*start, *end), None, reference),
            [start, middle, reference, end] => (
                self.text(*start, *middle),
                Some(self.text(*middle, *end)),
                reference,
            ),
            _ => return None,
        };
        Some(Entry {
            id: u64::from(index),
            reference: *reference,
            pattern,
            value,
        })
    }

    /// Gives back what growing reserved.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.records.shrink_to_fit();
    }

    /// Gives every entry so far an empty value.
    fn make_room_for_values(&mut self) {
        let mut records = Vec::with_capacity(self.records.len() + self.count as usize);
        records.push(0);
        for record in self.records.get(1..).unwrap_or_default().chunks(2) {
            if let [reference, end] = record {
                records.extend([*end, *reference, *end]);
            }
        }
        self.records = records;
        self.has_values = true;
    }

    /// The numbers of an entry and the start of the next one.
    #[inline]
    fn record(&self, index: u32) -> Option<&[u32]> {
        let size = if self.has_values { 3 } else { 2 };
        let start = (index as usize).saturating_mul(size);
        self.records.get(start..start.saturating_add(size + 1))
    }

    #[inline]
    fn text(&self, start: u32, end: u32) -> &[u8] {
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// An offset moved behind a text.
fn grown(offset: u32, length: usize) -> Result<u32, PatternError> {
    let length = u32::try_from(length).map_err(|_| PatternError::Full)?;
    offset.checked_add(length).ok_or(PatternError::Full)
}

/// More entries would leave no room for marks beside an index.
const COUNT_MAX: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_value_gives_earlier_entries_an_empty_one() {
        let mut entries = Entries::new();
        entries.push(b"a", None, 1).unwrap();
        assert_eq!(entries.entry(0).and_then(|entry| entry.value), None);
        entries.push(b"bc", Some(b"v"), 2).unwrap();
        entries.push(b"", None, 3).unwrap();
        let all: Vec<_> = (0..3).filter_map(|index| entries.entry(index)).collect();
        let texts: Vec<_> = all.iter().map(|e| (e.pattern, e.value)).collect();
        let empty: &[u8] = b"";
        assert_eq!(texts[0], (&b"a"[..], Some(empty)));
        assert_eq!(texts[1], (&b"bc"[..], Some(&b"v"[..])));
        assert_eq!(texts[2], (empty, Some(empty)));
        assert_eq!(all[2].reference, 3);
        assert_eq!(entries.entry(3), None);
        assert_eq!(entries.pattern(77), empty);
    }
}
