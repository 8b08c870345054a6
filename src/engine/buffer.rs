//! The byte buffer of a channel: a window sliding over one fixed block of memory.
//!
//! Owned by the buffer pool; lent to a channel while it holds bytes. dev7's buffers wrap
//! around; ours slide instead, so that a message head and its rewriting always see one
//! contiguous slice. The price, a `memmove` when the tail is reached with bytes still held,
//! is only paid by slow readers. Invariant: `start <= end <= data.len()`, and an empty
//! window stands at 0.

/// Bytes in transit, at most as many as the block is long.
pub struct Buffer {
    data: Box<[u8]>,
    start: usize,
    end: usize,
}

/// An insertion that does not fit into the buffer; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Buffer {
    /// An empty buffer over a zeroed block of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self {
            data: vec![0; size].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// Size of the block in bytes.
    pub fn size(&self) -> usize {
        self.data.len()
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True when no byte is held.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes that can still be added.
    pub fn room(&self) -> usize {
        self.data.len() - self.len()
    }

    /// The held bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// The held bytes, to be rewritten in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start..self.end]
    }

    /// Free memory behind the held bytes, at most `limit` bytes of it. Slides the window to
    /// the front first when that is needed to offer `limit` or all room there is.
    pub fn tail(&mut self, limit: usize) -> &mut [u8] {
        let wanted = limit.min(self.room());
        if self.data.len() - self.end < wanted {
            self.realign();
        }
        &mut self.data[self.end..self.end + wanted]
    }

    /// Declares the first `count` bytes of the last [`Self::tail`] as held.
    pub fn commit(&mut self, count: usize) {
        self.end = (self.end + count).min(self.data.len());
    }

    /// Drops `count` bytes from the front, or all when fewer are held.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Keeps the first `len` held bytes only.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.end = self.start + len;
        }
        if self.start == self.end {
            self.clear();
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Appends `bytes` whole.
    ///
    /// # Errors
    /// [`NoRoom`] when they do not fit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        if self.room() < bytes.len() {
            return Err(NoRoom);
        }
        self.tail(bytes.len()).copy_from_slice(bytes);
        self.commit(bytes.len());
        Ok(())
    }

    /// Replaces `remove` bytes at offset `at` (from the first held byte) by `insert`; what
    /// follows moves. A range outside the held bytes is cut to them.
    ///
    /// # Errors
    /// [`NoRoom`] when the result would not fit.
    pub fn splice(&mut self, at: usize, remove: usize, insert: &[u8]) -> Result<(), NoRoom> {
        let at = at.min(self.len());
        let remove = remove.min(self.len() - at);
        if self.room() + remove < insert.len() {
            return Err(NoRoom);
        }
        let grown = insert.len().saturating_sub(remove);
        if self.data.len() - self.end < grown {
            self.realign();
        }
        let from = self.start + at;
        let tail = from + remove;
        self.data.copy_within(tail..self.end, from + insert.len());
        self.data[from..from + insert.len()].copy_from_slice(insert);
        self.end = self.end + insert.len() - remove;
        Ok(())
    }

    /// Moves what follows offset `at` away by `len` bytes. What then stands there is
    /// whatever the block held: the caller writes all of it.
    ///
    /// # Errors
    /// [`NoRoom`] when the result would not fit.
    pub fn open_gap(&mut self, at: usize, len: usize) -> Result<(), NoRoom> {
        let at = at.min(self.len());
        if self.room() < len {
            return Err(NoRoom);
        }
        if self.data.len() - self.end < len {
            self.realign();
        }
        let from = self.start + at;
        self.data.copy_within(from..self.end, from + len);
        self.end += len;
        Ok(())
    }

    fn realign(&mut self) {
        if self.start == 0 {
            return;
        }
        self.data.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tail_slides_the_window_when_the_end_is_reached() {
        let mut buffer = Buffer::new(8);
        buffer.push(b"abcdefgh").unwrap();
        buffer.consume(5);
        assert_eq!(buffer.tail(8).len(), 5);
        buffer.push(b"12345").unwrap();
        assert_eq!(buffer.bytes(), b"fgh12345");
        assert_eq!(buffer.push(b"x"), Err(NoRoom));
    }

    #[test]
    fn splice_grows_and_shrinks_in_the_middle() {
        let mut buffer = Buffer::new(16);
        buffer.push(b"hello world").unwrap();
        buffer.splice(5, 1, b", ").unwrap();
        assert_eq!(buffer.bytes(), b"hello, world");
        buffer.splice(0, 7, b"").unwrap();
        assert_eq!(buffer.bytes(), b"world");
        assert_eq!(buffer.splice(2, 0, &[0; 12]), Err(NoRoom));
        assert_eq!(buffer.bytes(), b"world");
    }

    proptest! {
        #[test]
        fn behaves_like_a_vector(
            steps in prop::collection::vec((0usize..4, 0usize..40, 0usize..40), 0..200)
        ) {
            let mut buffer = Buffer::new(64);
            let mut model: Vec<u8> = Vec::new();
            for (index, (action, a, b)) in steps.into_iter().enumerate() {
                let bytes = vec![u8::try_from(index % 251).unwrap(); b];
                match action {
                    0 => {
                        if buffer.push(&bytes).is_ok() {
                            model.extend_from_slice(&bytes);
                        }
                    }
                    1 => {
                        buffer.consume(a);
                        model.drain(..a.min(model.len()));
                    }
                    2 => {
                        let at = a.min(model.len());
                        let remove = (b / 2).min(model.len() - at);
                        if buffer.splice(at, remove, &bytes).is_ok() {
                            model.splice(at..at + remove, bytes);
                        }
                    }
                    _ => {
                        buffer.truncate(a);
                        model.truncate(a);
                    }
                }
                prop_assert_eq!(buffer.bytes(), &model[..]);
                prop_assert_eq!(buffer.room(), 64 - model.len());
            }
        }
    }
}
