//! Lines that wait for the end of the turn, back to back in one buffer.
//!
//! Owned by one sender, which takes lines from the front as far as its receiver takes them.
//! Memory is kept from turn to turn, so that a line costs no allocation.

use super::{BYTES_MAX, LINES_MAX};

/// Lines with their ends. What was sent stays in front until a line is added or nothing is
/// left. Invariant: `sent` lies in the line at `first`, or at its start.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
    /// Position of the first line that was not sent wholly.
    first: usize,
    /// Bytes that were sent.
    sent: usize,
}

impl Queue {
    /// Adds the line that `write` appends.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.compact();
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= LINES_MAX || self.bytes.len().saturating_sub(self.sent) >= BYTES_MAX
    }

    /// Lines that wait; one sent in part counts.
    pub(super) fn len(&self) -> usize {
        self.ends.len().saturating_sub(self.first)
    }

    /// The lines that wait.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = self.sent;
        self.waiting_ends().iter().map(move |end| {
            let line = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            line
        })
    }

    /// As many waiting lines as fit `len_max` bytes, one at least, in one piece.
    pub(super) fn chunk(&self, len_max: usize) -> &[u8] {
        let ends = self.waiting_ends();
        let limit = self.sent.saturating_add(len_max);
        let fitting = ends.partition_point(|end| *end <= limit);
        let last = ends.get(fitting.saturating_sub(1));
        let end = last.copied().unwrap_or(self.sent);
        self.bytes.get(self.sent..end).unwrap_or_default()
    }

    /// Takes `count` lines off the front.
    pub(super) fn skip_lines(&mut self, count: usize) {
        self.first = self.first.saturating_add(count).min(self.ends.len());
        let before = self.first.checked_sub(1);
        let end = before.and_then(|before| self.ends.get(before));
        self.sent = end.copied().unwrap_or(self.sent);
        self.clear_if_empty();
    }

    /// Takes `len` bytes off the front; the number of lines that went wholly with them.
    pub(super) fn skip_bytes(&mut self, len: usize) -> usize {
        self.sent = self.sent.saturating_add(len).min(self.bytes.len());
        let whole = self.waiting_ends().partition_point(|end| *end <= self.sent);
        self.first = self.first.saturating_add(whole);
        self.clear_if_empty();
        whole
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.first = 0;
        self.sent = 0;
    }

    fn waiting_ends(&self) -> &[usize] {
        self.ends.get(self.first..).unwrap_or_default()
    }

    fn clear_if_empty(&mut self) {
        if self.is_empty() {
            self.clear();
        }
    }

    /// Moves what waits to the front, so that a slow receiver cannot make the buffer grow.
    fn compact(&mut self) {
        if self.sent == 0 {
            return;
        }
        self.bytes.drain(..self.sent.min(self.bytes.len()));
        self.ends.drain(..self.first.min(self.ends.len()));
        for end in &mut self.ends {
            *end = end.saturating_sub(self.sent);
        }
        self.first = 0;
        self.sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue_of(lines: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for line in lines {
            queue.push(|out| out.extend_from_slice(line.as_bytes()));
        }
        queue
    }

    fn waiting(queue: &Queue) -> Vec<&str> {
        let lines = queue.lines();
        lines
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect()
    }

    #[test]
    fn sent_lines_leave_the_front() {
        let mut queue = queue_of(&["a\n", "bb\n", "ccc\n"]);
        queue.skip_lines(1);
        assert_eq!((queue.len(), waiting(&queue)), (2, vec!["bb\n", "ccc\n"]));
        queue.push(|out| out.extend_from_slice(b"d\n"));
        assert_eq!(waiting(&queue), ["bb\n", "ccc\n", "d\n"]);
        queue.skip_lines(9);
        assert!(queue.is_empty());
        assert_eq!(queue.bytes.len(), 0);
    }

    #[test]
    fn a_line_sent_in_part_keeps_its_rest() {
        let mut queue = queue_of(&["a\n", "bb\n", "ccc\n"]);
        assert_eq!(queue.skip_bytes(3), 1);
        assert_eq!(waiting(&queue), ["b\n", "ccc\n"]);
        queue.push(|out| out.extend_from_slice(b"d\n"));
        assert_eq!(waiting(&queue), ["b\n", "ccc\n", "d\n"]);
        assert_eq!(queue.skip_bytes(2), 1);
        assert_eq!(queue.skip_bytes(100), 2);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_chunk_is_whole_lines_and_one_at_least() {
        let mut queue = queue_of(&["aaaa\n", "bb\n", "c\n"]);
        assert_eq!(queue.chunk(1), b"aaaa\n");
        assert_eq!(queue.chunk(9), b"aaaa\nbb\n");
        queue.skip_bytes(2);
        assert_eq!(queue.chunk(5), b"aa\n");
        assert_eq!(queue.chunk(100), b"aa\nbb\nc\n");
        queue.clear();
        assert_eq!(queue.chunk(100), b"");
    }
}
