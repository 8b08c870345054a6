//! One process's view of a list: the list as loaded, and what was changed since.
//!
//! Called by ACLs and maps for look-ups, by `http-request add-acl/del-acl/set-map/del-map`
//! and by the command socket for changes. The loaded list is shared and never changes;
//! deletions are marks, new values stand beside it, added entries are in layers. Invariants:
//! a view without changes costs nothing; ids rise in the order of the list and are never
//! used again; the layers' ids lie above the loaded ones.

use std::collections::HashMap;
use std::sync::Arc;

use bumpalo::Bump;

use super::chain::Removed;
use super::entries::{Entry, Hit};
use super::error::PatternError;
use super::exact::Exact;
use super::expression::Captures;
use super::input::Input;
use super::layer::{Layer, texts_of};
use super::list::{Match, PatternList};
use super::method::{MatchMethod, Options};

/// A list that can be changed while it is in use.
#[derive(Debug)]
pub struct LivePatterns {
    base: Arc<PatternList>,
    /// The id of the first loaded entry.
    first_id: u64,
    next_id: u64,
    generation: u64,
    overlay: Option<Box<Overlay>>,
}

/// What differs from the list as loaded.
#[derive(Debug, Default)]
struct Overlay {
    removed: Removed,
    /// Finds loaded patterns as written, once that was asked for.
    texts: Option<Exact>,
    /// Added entries, oldest first.
    layers: Vec<Layer>,
    /// New values by id.
    values: HashMap<u64, Vec<u8>>,
}

impl LivePatterns {
    /// A view of a list as loaded.
    #[must_use]
    pub fn new(base: Arc<PatternList>) -> Self {
        let next_id = base.count() as u64;
        Self {
            base,
            first_id: 0,
            next_id,
            generation: 0,
            overlay: None,
        }
    }

    /// Looks a value up.
    #[must_use]
    #[inline]
    pub fn lookup(&self, input: Input<'_>) -> Option<Hit<'_>> {
        let (list, found) = self.find(input)?;
        Some(self.hit(list, found))
    }

    /// As [`lookup`](Self::lookup), with what the groups of a regular expression matched;
    /// the arena holds that.
    #[must_use]
    pub fn lookup_captures<'a>(
        &'a self,
        input: Input<'a>,
        arena: &'a Bump,
    ) -> Option<(Hit<'a>, Captures<'a>)> {
        let (part, found) = self.find(input)?;
        let captures = self.list(part)?.captures(found, input, arena);
        Some((self.hit(part, found), captures))
    }

    /// What holds for every pattern of the list.
    #[must_use]
    pub fn options(&self) -> Options {
        self.base.options()
    }

    /// Number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        let Some(overlay) = &self.overlay else {
            return self.base.count();
        };
        let added: usize = overlay.layers.iter().map(Layer::count).sum();
        let removed = overlay.removed.count() as usize;
        self.base.count().saturating_sub(removed) + added
    }

    /// Rises with every change, so that a remembered result can be told outdated.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The entries from that id on, in the order of the list; a dump that was interrupted
    /// goes on behind its last id.
    pub fn entries_from(&self, id: u64) -> impl Iterator<Item = Entry<'_>> {
        let parts = 0..=self
            .overlay
            .as_ref()
            .map_or(0, |overlay| overlay.layers.len());
        parts.flat_map(move |part| {
            let (start, count) = self.range_from(part, id);
            (start..count).filter_map(move |index| self.alive(part, index))
        })
    }

    /// The entry of that id.
    #[must_use]
    pub fn entry(&self, id: u64) -> Option<Entry<'_>> {
        let (part, index) = self.place(id)?;
        self.alive(part, index)
    }

    /// The first entry whose pattern is written like that. The first call on a large list
    /// prepares an index.
    pub fn find_pattern(&mut self, pattern: &[u8]) -> Option<Entry<'_>> {
        self.prepare_texts();
        let (part, index) = self.place_after(None, pattern)?;
        self.alive(part, index)
    }

    /// Adds an entry behind all others and returns its id.
    ///
    /// # Errors
    /// When the pattern is not valid; host names never are, at run time.
    pub fn add(&mut self, pattern: &[u8], value: Option<&[u8]>) -> Result<u64, PatternError> {
        let id = self.next_id;
        let options = self.base.options();
        let layer = Layer::single(options, pattern, value, id)?;
        let overlay = self.overlay.get_or_insert_default();
        overlay.layers.push(layer);
        // Compiling expressions again costs more than asking one list more.
        if options.method != MatchMethod::Reg {
            overlay.merge_layers();
        }
        self.next_id += 1;
        self.generation += 1;
        Ok(id)
    }

    /// Deletes all entries whose pattern is written like that; returns how many.
    pub fn delete(&mut self, pattern: &[u8]) -> usize {
        self.prepare_texts();
        let mut count = 0;
        // The places of the others change when a layer has lost its last entry.
        while let Some(entry) = self.find_pattern(pattern) {
            let id = entry.id;
            count += usize::from(self.delete_id(id));
        }
        count
    }

    /// Deletes one entry; false when there is none.
    pub fn delete_id(&mut self, id: u64) -> bool {
        let Some((part, index)) = self.place(id) else {
            return false;
        };
        let overlay = self.overlay.get_or_insert_default();
        let is_new = match part.checked_sub(1) {
            None => overlay.removed.insert(index),
            Some(layer) => overlay
                .layers
                .get_mut(layer)
                .is_some_and(|layer| layer.removed.insert(index)),
        };
        if !is_new {
            return false;
        }
        overlay.values.remove(&id);
        overlay.layers.retain(|layer| layer.count() > 0);
        self.generation += 1;
        true
    }

    /// Gives all entries whose pattern is written like that a value; returns how many there
    /// are. Allocates only when a value grows.
    pub fn set_value(&mut self, pattern: &[u8], value: &[u8]) -> usize {
        self.prepare_texts();
        let mut count = 0;
        let mut last = None;
        while let Some(place) = self.place_after(last, pattern) {
            let id = self.alive(place.0, place.1).map(|entry| entry.id);
            count += usize::from(id.is_some_and(|id| self.set_value_id(id, value)));
            last = Some(place);
        }
        count
    }

    /// Gives one entry a value; false when there is none of that id.
    pub fn set_value_id(&mut self, id: u64, value: &[u8]) -> bool {
        let Some(entry) = self.entry(id) else {
            return false;
        };
        if entry.value == Some(value) {
            return true;
        }
        let values = &mut self.overlay.get_or_insert_default().values;
        let place = values.entry(id).or_default();
        place.clear();
        place.extend_from_slice(value);
        self.generation += 1;
        true
    }

    /// Deletes all entries.
    pub fn clear(&mut self) {
        self.replace(Arc::new(PatternList::empty(self.base.options())));
    }

    /// Puts another list in the place of all entries, at once.
    pub fn replace(&mut self, base: Arc<PatternList>) {
        self.first_id = self.next_id;
        self.next_id = self.next_id.saturating_add(base.count() as u64);
        self.base = base;
        self.overlay = None;
        self.generation += 1;
    }

    /// The best match and the part of the view that has it: 0 is the list as loaded.
    #[inline]
    fn find(&self, input: Input<'_>) -> Option<(usize, Match)> {
        let Some(overlay) = &self.overlay else {
            return Some((0, self.base.find(input, &Removed::NONE)?));
        };
        let method = self.base.options().method;
        let is_ranked = matches!(method, MatchMethod::Ip | MatchMethod::Beg);
        let mut best: Option<(usize, Match, u32)> = None;
        let loaded = std::iter::once((&*self.base, &overlay.removed));
        let added = overlay.layers.iter();
        let added = added.map(|layer| (&layer.list, &layer.removed));
        for (part, (list, removed)) in loaded.chain(added).enumerate() {
            let Some(found) = list.find(input, removed) else {
                continue;
            };
            if !is_ranked {
                return Some((part, found));
            }
            let rank = list.rank(found);
            if best.is_none_or(|(_, _, best)| rank > best) {
                best = Some((part, found, rank));
            }
        }
        best.map(|(part, found, _)| (part, found))
    }

    #[inline]
    fn hit(&self, part: usize, found: Match) -> Hit<'_> {
        let entry = match found {
            Match::Any => None,
            Match::Entry(found) => self.alive(part, found.index),
        };
        Hit { entry }
    }

    /// The list of a part.
    fn list(&self, part: usize) -> Option<&PatternList> {
        match part.checked_sub(1) {
            None => Some(&self.base),
            Some(layer) => Some(&self.layer(layer)?.list),
        }
    }

    fn layer(&self, number: usize) -> Option<&Layer> {
        self.overlay.as_ref()?.layers.get(number)
    }

    /// An entry of a part, unless it is deleted, with its id and its value of now.
    #[inline]
    fn alive(&self, part: usize, index: u32) -> Option<Entry<'_>> {
        let Some(overlay) = &self.overlay else {
            let entry = self.base.entry(index)?;
            let id = self.first_id + entry.id;
            return Some(Entry { id, ..entry });
        };
        let (entry, id, removed) = match part.checked_sub(1) {
            None => {
                let entry = self.base.entry(index)?;
                (entry, self.first_id + entry.id, &overlay.removed)
            }
            Some(layer) => {
                let layer = overlay.layers.get(layer)?;
                let id = *layer.ids.get(index as usize)?;
                (layer.list.entry(index)?, id, &layer.removed)
            }
        };
        let value = overlay.values.get(&id).map(Vec::as_slice).or(entry.value);
        (!removed.has(index)).then_some(Entry { id, value, ..entry })
    }

    /// Where in a part the entries from `id` on are: from which index to which count.
    fn range_from(&self, part: usize, id: u64) -> (u32, u32) {
        let (start, count) = match part.checked_sub(1) {
            None => (
                usize::try_from(id.saturating_sub(self.first_id)).unwrap_or(usize::MAX),
                self.base.count(),
            ),
            Some(layer) => {
                let ids = self.layer(layer).map_or(&[][..], |layer| &layer.ids);
                (ids.partition_point(|other| *other < id), ids.len())
            }
        };
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        (number(start), number(count))
    }

    /// Part and index of an entry that is not deleted.
    fn place(&self, id: u64) -> Option<(usize, u32)> {
        let parts = 0..=self
            .overlay
            .as_ref()
            .map_or(0, |overlay| overlay.layers.len());
        parts
            .map(|part| (part, self.range_from(part, id).0))
            .find(|(part, index)| {
                self.alive(*part, *index)
                    .is_some_and(|entry| entry.id == id)
            })
    }

    /// Part and index of the next entry whose pattern is written like that, behind `last`.
    fn place_after(&self, last: Option<(usize, u32)>, pattern: &[u8]) -> Option<(usize, u32)> {
        let first_of = |part| self.texts(part)?.first(pattern, self.list(part)?.texts());
        let (mut part, mut next) = match last {
            None => (0, first_of(0)),
            Some((part, index)) => (part, self.texts(part)?.next(index)),
        };
        loop {
            while let Some(index) = next {
                if self.alive(part, index).is_some() {
                    return Some((part, index));
                }
                next = self.texts(part)?.next(index);
            }
            part += 1;
            self.layer(part - 1)?;
            next = first_of(part);
        }
    }

    /// The index that finds the patterns of a part as written.
    fn texts(&self, part: usize) -> Option<&Exact> {
        let overlay = self.overlay.as_ref();
        match part.checked_sub(1) {
            None => self.base.exact().or_else(|| overlay?.texts.as_ref()),
            Some(layer) => self.layer(layer)?.texts(),
        }
    }

    /// Makes sure that loaded patterns can be found as written.
    fn prepare_texts(&mut self) {
        if self.texts(0).is_none() {
            self.overlay.get_or_insert_default().texts = texts_of(&self.base);
        }
    }
}

impl Overlay {
    /// Merges the last layers while one is as large as the one before it, so that their
    /// number stays logarithmic.
    fn merge_layers(&mut self) {
        while let [.., before, last] = self.layers.as_slice()
            && last.count() >= before.count()
        {
            // Layers that do not fit together are asked one after the other.
            let Ok(merged) = before.merged(last) else {
                return;
            };
            self.layers.truncate(self.layers.len().saturating_sub(2));
            self.layers.push(merged);
        }
    }
}
