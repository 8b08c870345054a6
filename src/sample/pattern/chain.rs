//! For the few entries that hide another one: which comes next when they are deleted.
//!
//! Called by indexes that keep one entry per key or network: a duplicate of its key, or the
//! network around it. [`Removed`] tells which entries of a list are deleted.

/// Entry to the entry behind it, sorted by the former.
#[derive(Debug, Default)]
pub(super) struct Chain {
    links: Vec<(u32, u32)>,
}

impl Chain {
    /// Notes that `next` is behind `index`; at most one is.
    pub(super) fn link(&mut self, index: u32, next: u32) {
        self.links.push((index, next));
    }

    /// Ends the building, after which look-ups are valid.
    pub(super) fn finish(&mut self) {
        self.links.sort_unstable();
        self.links.shrink_to_fit();
    }

    /// The first entry from `index` on that is not deleted.
    #[inline]
    pub(super) fn first_alive(&self, index: u32, removed: &Removed) -> Option<u32> {
        let mut index = index;
        while removed.has(index) {
            index = self.next(index)?;
        }
        Some(index)
    }

    /// The entry behind `index`.
    pub(super) fn next(&self, index: u32) -> Option<u32> {
        let at = self
            .links
            .binary_search_by_key(&index, |link| link.0)
            .ok()?;
        self.links.get(at).map(|link| link.1)
    }
}

/// A set of deleted entries, by index; empty in a list as loaded.
#[derive(Debug, Default)]
pub(super) struct Removed {
    words: Vec<u64>,
    count: u32,
}

impl Removed {
    /// Nothing is deleted.
    pub(super) const NONE: Self = Self {
        words: Vec::new(),
        count: 0,
    };

    #[inline]
    pub(super) fn has(&self, index: u32) -> bool {
        let word = self.words.get((index / 64) as usize);
        word.is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// Deletes an entry; false when it was already.
    pub(super) fn insert(&mut self, index: u32) -> bool {
        let at = (index / 64) as usize;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        let Some(word) = self.words.get_mut(at) else {
            return false;
        };
        let is_new = *word & (1 << (index % 64)) == 0;
        *word |= 1 << (index % 64);
        self.count += u32::from(is_new);
        is_new
    }

    /// Number of deleted entries.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }
}

/// What an index found: an entry, and how near it came, where nearer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) index: u32,
    pub(super) rank: u32,
}

impl Found {
    /// A match where only the order of the list counts.
    pub(super) const fn plain(index: u32) -> Self {
        Self { index, rank: 0 }
    }
}
