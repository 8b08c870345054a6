//! The text of all entries of a list: patterns and values in one piece of memory.
//!
//! Called by lists and their indexes. Invariant: `starts` holds one offset per text and a
//! last one for the end, in rising order, so a text is what lies between two offsets; an
//! entry is one text, or two (pattern and value) once any entry has a value.

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
    starts: Vec<u32>,
    references: Vec<u32>,
    has_values: bool,
}

impl Entries {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            starts: vec![0],
            references: Vec::new(),
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
        let index = self.count();
        let added = pattern.len().saturating_add(value.map_or(0, <[u8]>::len));
        let room = (u32::MAX as usize).saturating_sub(self.bytes.len());
        if added > room || index >= COUNT_MAX {
            return Err(PatternError::Full);
        }
        if value.is_some() && !self.has_values {
            self.make_room_for_values();
        }
        self.push_text(pattern)?;
        if self.has_values {
            self.push_text(value.unwrap_or_default())?;
        }
        self.references.push(reference);
        Ok(index)
    }

    /// Number of entries.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.references.len()).unwrap_or(COUNT_MAX)
    }

    /// The pattern of an entry; empty beyond the end.
    pub(super) fn pattern(&self, index: u32) -> &[u8] {
        self.text((index as usize) << u32::from(self.has_values))
    }

    /// The value of an entry of a map.
    pub(super) fn value(&self, index: u32) -> Option<&[u8]> {
        self.has_values.then(|| self.text((index as usize) * 2 + 1))
    }

    /// An entry with the index as its id.
    pub(super) fn entry(&self, index: u32) -> Option<Entry<'_>> {
        Some(Entry {
            id: u64::from(index),
            reference: *self.references.get(index as usize)?,
            pattern: self.pattern(index),
            value: self.value(index),
        })
    }

    /// Gives back what growing reserved.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.references.shrink_to_fit();
    }

    fn push_text(&mut self, text: &[u8]) -> Result<(), PatternError> {
        self.bytes.extend_from_slice(text);
        let end = u32::try_from(self.bytes.len()).map_err(|_| PatternError::Full)?;
        self.starts.push(end);
        Ok(())
    }

    /// Gives every entry so far an empty value.
    fn make_room_for_values(&mut self) {
        let mut starts = Vec::with_capacity(self.starts.len() * 2);
        starts.push(0);
        for end in self.starts.iter().skip(1) {
            starts.extend([*end, *end]);
        }
        self.starts = starts;
        self.has_values = true;
    }

    fn text(&self, number: usize) -> &[u8] {
        let Some([start, end]) = self.starts.get(number..number.saturating_add(2)) else {
            return &[];
        };
        let range = *start as usize..*end as usize;
        self.bytes.get(range).unwrap_or_default()
    }
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
        assert_eq!(entries.value(0), None);
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
