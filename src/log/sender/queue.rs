//! Lines that wait for the end of the turn, back to back in one buffer.

use super::{BYTES_MAX, LINES_MAX};

/// Lines with their ends.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
}

impl Queue {
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.ends.len() >= LINES_MAX || self.bytes.len() >= BYTES_MAX
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The lines from position `first` on.
    pub(super) fn lines(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        let ends = self.ends.get(first..).unwrap_or_default();
        let mut start = self.start(first);
        ends.iter().map(move |end| {
            let line = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            line
        })
    }

    /// As many whole lines from position `first` on as fit `len_max` bytes, one at least;
    /// with their number.
    pub(super) fn chunk(&self, first: usize, len_max: usize) -> (&[u8], usize) {
        let start = self.start(first);
        let ends = self.ends.get(first..).unwrap_or_default();
        let limit = start.saturating_add(len_max);
        let count = ends.partition_point(|end| *end <= limit).max(1);
        let end = ends.get(count - 1).copied().unwrap_or(start);
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        (bytes, count.min(ends.len()))
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn start(&self, line: usize) -> usize {
        let before = line.checked_sub(1).and_then(|before| self.ends.get(before));
        before.copied().unwrap_or(0)
    }
}
