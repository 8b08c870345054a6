//! A line of keys cut into segments, each with an owner.
//!
//! Called by the indexes of integers and networks, which flatten what overlaps while they
//! load, so that a look-up is one search. Invariants: starts rise; a segment reaches to the
//! next start; `tops` holds every `STRIDE`th start, few enough to stay in the cache.

/// Segments over keys of one type.
#[derive(Debug)]
pub(super) struct Segments<K> {
    starts: Vec<K>,
    owners: Vec<u32>,
    tops: Vec<K>,
}

impl<K> Default for Segments<K> {
    fn default() -> Self {
        Self {
            starts: Vec::new(),
            owners: Vec::new(),
            tops: Vec::new(),
        }
    }
}

impl<K: Copy + Ord> Segments<K> {
    /// Lets a segment begin at `start`, which is not before the last one's.
    pub(super) fn push(&mut self, start: K, owner: u32) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.owners.pop();
        }
        if self.owners.last() == Some(&owner) {
            return;
        }
        self.starts.push(start);
        self.owners.push(owner);
    }

    /// Ends the building, after which look-ups are valid.
    pub(super) fn finish(&mut self) {
        self.tops = self.starts.iter().step_by(STRIDE).copied().collect();
        self.starts.shrink_to_fit();
        self.owners.shrink_to_fit();
    }

    /// The owner of the segment that the key is in.
    #[inline]
    pub(super) fn find(&self, key: K) -> Option<u32> {
        let block = self.tops.partition_point(|start| *start <= key);
        let first = block.checked_sub(1)?.saturating_mul(STRIDE);
        let last = first.saturating_add(STRIDE).min(self.starts.len());
        let starts = self.starts.get(first..last)?;
        let within = starts.partition_point(|start| *start <= key);
        let at = first.saturating_add(within).checked_sub(1)?;
        self.owners
            .get(at)
            .copied()
            .filter(|owner| *owner != NOBODY)
    }
}

/// The owner of what no entry covers.
pub(super) const NOBODY: u32 = u32::MAX;

/// Starts per entry of `tops`.
const STRIDE: usize = 64;
