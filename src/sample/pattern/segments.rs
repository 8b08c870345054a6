//! A line of keys cut into segments, each with an owner.
//!
//! Called by the indexes of integers and networks, which flatten what overlaps while they
//! load, so that a look-up is one walk down a tree of blocks, each of which is compared
//! with the key as a whole: few cache lines, no branch to mispredict. Invariants: starts
//! rise; a segment reaches to the next start; a block that is not full repeats its last.

/// Segments over keys of one type.
#[derive(Debug)]
pub(super) struct Segments<K> {
    /// From the root to the blocks above the leaves: the first start of each child.
    levels: Vec<Vec<Block<K>>>,
    leaves: Vec<Leaf<K>>,
    /// Segments of the last leaf that are not repetitions.
    filled: usize,
    /// The last that was pushed, which another one at the same start replaces.
    pending: Option<(K, u32)>,
}

/// The first starts of neighbouring children, at the start of a cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Block<K>([K; FANOUT]);

/// Neighbouring segments: one cache line of 32-bit keys and their owners.
#[derive(Debug)]
#[repr(align(64))]
struct Leaf<K> {
    starts: [K; LEAF],
    owners: [u32; LEAF],
}

impl<K> Default for Segments<K> {
    fn default() -> Self {
        Self {
            levels: Vec::new(),
            leaves: Vec::new(),
            filled: 0,
            pending: None,
        }
    }
}

impl<K: Copy + Ord> Segments<K> {
    /// Lets a segment begin at `start`, which is not before the last one's.
    pub(super) fn push(&mut self, start: K, owner: u32) {
        if self.pending.is_some_and(|(last, _)| last != start) {
            self.settle();
        }
        self.pending = Some((start, owner));
    }

    /// Ends the building, after which look-ups are valid.
    pub(super) fn finish(&mut self) {
        self.settle();
        self.leaves.shrink_to_fit();
        let mut firsts: Vec<K> = self.leaves.iter().map(Leaf::first).collect();
        while firsts.len() > 1 {
            self.levels.push(blocks(&firsts).map(Block).collect());
            firsts = firsts.iter().step_by(FANOUT).copied().collect();
        }
        self.levels.reverse();
    }

    /// Puts the pending segment into the last leaf, unless it goes on with the same owner.
    fn settle(&mut self) {
        let Some((start, owner)) = self.pending.take() else {
            return;
        };
        let last = self.leaves.last_mut();
        if last.as_ref().is_some_and(|leaf| leaf.last_owner() == owner) {
            return;
        }
        match last.filter(|_| self.filled < LEAF) {
            Some(leaf) => {
                let starts = leaf.starts.iter_mut().zip(&mut leaf.owners);
                for place in starts.skip(self.filled) {
                    (*place.0, *place.1) = (start, owner);
                }
                self.filled += 1;
            }
            None => {
                self.leaves.push(Leaf {
                    starts: [start; LEAF],
                    owners: [owner; LEAF],
                });
                self.filled = 1;
            }
        }
    }

    /// The owner of the segment that the key is in.
    #[inline]
    pub(super) fn find(&self, key: K) -> Option<u32> {
        let mut at = 0;
        for level in &self.levels {
            // A block that is not full repeats its last child beyond it.
            at = at.min(level.len().saturating_sub(1));
            at = at * FANOUT + count_until(&level.get(at)?.0, key).checked_sub(1)?;
        }
        at = at.min(self.leaves.len().saturating_sub(1));
        let leaf = self.leaves.get(at)?;
        let within = count_until(&leaf.starts, key).checked_sub(1)?;
        let owner = leaf.owners.get(within).copied();
        owner.filter(|owner| *owner != NOBODY)
    }
}

impl<K: Copy> Leaf<K> {
    const fn first(&self) -> K {
        let [first, ..] = self.starts;
        first
    }

    const fn last_owner(&self) -> u32 {
        let [.., last] = self.owners;
        last
    }
}

/// Number of starts up to the key; all are compared, which beats stopping early.
#[inline]
fn count_until<K: Copy + Ord, const N: usize>(starts: &[K; N], key: K) -> usize {
    let count: u32 = starts.iter().map(|start| u32::from(*start <= key)).sum();
    count as usize
}

/// All values in blocks, the last of which repeats its last value.
fn blocks<T: Copy, const N: usize>(values: &[T]) -> impl Iterator<Item = [T; N]> {
    values.chunks(N).filter_map(|chunk| {
        let mut block = [*chunk.last()?; N];
        for (to, from) in block.iter_mut().zip(chunk) {
            *to = *from;
        }
        Some(block)
    })
}

/// The owner of what no entry covers.
pub(super) const NOBODY: u32 = u32::MAX;

/// Keys per block above the leaves: a cache line of 32-bit keys.
const FANOUT: usize = 16;

/// Segments per leaf.
const LEAF: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_segment_at_any_size() {
        for count in [0, 1, 15, 16, 17, 255, 256, 257, 4095, 4097, 5000_u32] {
            let mut segments = Segments::default();
            for number in 0..count {
                segments.push(10 + number * 3, number);
            }
            segments.finish();
            assert_eq!(segments.find(9), None);
            for number in 0..count {
                let start = 10 + number * 3;
                for key in start..start + 3 {
                    assert_eq!(segments.find(key), Some(number), "{count}");
                }
            }
            let last = count.checked_sub(1);
            assert_eq!(segments.find(u32::MAX), last, "{count}");
        }
    }
}
