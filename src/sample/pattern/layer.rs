//! Entries that were added to a list at run time, some of them deleted again.
//!
//! Called by [`LivePatterns`](super::LivePatterns), which keeps a few layers of rising size
//! and merges the small ones. A layer is a list of its own, so that whatever is fast in a
//! list is fast here. Invariant: `ids` rise, one per entry of the list.

use super::chain::Removed;
use super::error::PatternError;
use super::exact::Exact;
use super::hash::Hash;
use super::list::PatternList;
use super::method::Options;

/// A list with the ids of its entries.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) list: PatternList,
    pub(super) ids: Vec<u64>,
    pub(super) removed: Removed,
    texts: Option<Exact>,
}

impl Layer {
    /// A layer of one entry.
    ///
    /// # Errors
    /// When the pattern is not valid. Host names never are, at run time.
    pub(super) fn single(
        options: Options,
        pattern: &[u8],
        value: Option<&[u8]>,
        id: u64,
    ) -> Result<Self, PatternError> {
        let mut builder = PatternList::builder(Options {
            no_dns: true,
            ..options
        });
        builder.add(pattern, value, 0)?;
        Ok(Self::new(builder.finish()?, vec![id]))
    }

    /// Both layers in one, without what was deleted; `other` has the higher ids.
    ///
    /// # Errors
    /// When the list cannot be built at this size.
    pub(super) fn merged(&self, other: &Self) -> Result<Self, PatternError> {
        let mut builder = PatternList::builder(self.list.options());
        let mut ids = Vec::with_capacity(self.count() + other.count());
        for layer in [self, other] {
            for (index, id) in (0..).zip(&layer.ids) {
                let Some(entry) = layer
                    .list
                    .entry(index)
                    .filter(|_| !layer.removed.has(index))
                else {
                    continue;
                };
                builder.add(entry.pattern, entry.value, entry.reference)?;
                ids.push(*id);
            }
        }
        Ok(Self::new(builder.finish()?, ids))
    }

    /// Number of entries that are not deleted.
    pub(super) fn count(&self) -> usize {
        self.ids.len().saturating_sub(self.removed.count() as usize)
    }

    /// The index that finds patterns as written.
    pub(super) fn texts(&self) -> Option<&Exact> {
        self.list.exact().or(self.texts.as_ref())
    }

    fn new(list: PatternList, ids: Vec<u64>) -> Self {
        let texts = texts_of(&list);
        Self {
            list,
            ids,
            removed: Removed::NONE,
            texts,
        }
    }
}

/// An index of patterns as written, where the list's own is none.
pub(super) fn texts_of(list: &PatternList) -> Option<Exact> {
    let is_needed = list.exact().is_none();
    is_needed.then(|| Exact::new(list.texts(), Hash::new(false)))
}
