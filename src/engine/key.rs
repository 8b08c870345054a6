//! Slots addressed by typed keys that notice when their object is gone.
//!
//! A [`Key`] is an index and a generation: 8 bytes, `Copy`, and an index into the wrong
//! table is a type error. [`Slots`] holds sessions, checks and idle connections; the object
//! that runs is leased out of its slot, so that its code may borrow all the others.
//! Invariant: a generation is given out once per 2^32 inserts, so a key of a removed object
//! finds nothing, even when its slot is in use again.

use slab::Slab;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;

/// The place of a `T` in its [`Slots`].
pub struct Key<T> {
    index: u32,
    generation: NonZeroU32,
    object: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Packs the key for a field that knows no types, such as the owner of a descriptor.
    pub fn to_u64(self) -> u64 {
        u64::from(self.generation.get()) << 32 | u64::from(self.index)
    }

    /// The key that was packed; `None` when no key packs to `packed`, such as 0.
    pub fn from_u64(packed: u64) -> Option<Self> {
        let generation = u32::try_from(packed >> 32).ok()?;
        let index = u32::try_from(packed & u64::from(u32::MAX)).ok()?;
        Some(Self {
            index,
            generation: NonZeroU32::new(generation)?,
            object: PhantomData,
        })
    }

    /// The number of the slot, for dumps.
    pub fn index(self) -> u32 {
        self.index
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}

impl<T> Eq for Key<T> {}

impl<T> std::hash::Hash for Key<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.to_u64().hash(state);
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}

/// A table of `T` that grows with use. `T` should be a `Box` or small.
pub struct Slots<T> {
    slots: Slab<Slot<T>>,
    generation: Generation,
}

impl<T> Slots<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            slots: Slab::new(),
            generation: Generation::FIRST,
        }
    }

    /// Stores `value` and tells where.
    pub fn insert(&mut self, value: T) -> Key<T> {
        let generation = self.generation.advance();
        let index = self.slots.insert(Slot {
            generation,
            value: Some(value),
        });
        Key {
            index: slot_number(index),
            generation,
            object: PhantomData,
        }
    }

    /// The object of `key`, unless it is removed or leased.
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        slot.value.as_ref()
    }

    /// As [`Self::get`], to change it.
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        self.slot(key)?.value.as_mut()
    }

    /// True while `key` has a slot, leased or not.
    pub fn contains(&self, key: Key<T>) -> bool {
        self.slots
            .get(key.index as usize)
            .is_some_and(|slot| slot.generation == key.generation)
    }

    /// Takes the object out while it runs; its slot stays reserved until [`Self::settle`]
    /// or [`Self::remove`].
    pub fn lease(&mut self, key: Key<T>) -> Option<T> {
        self.slot(key)?.value.take()
    }

    /// Puts a leased object back. Returns it when its slot was removed in the meantime.
    pub fn settle(&mut self, key: Key<T>, value: T) -> Option<T> {
        match self.slot(key) {
            Some(slot) => slot.value.replace(value),
            None => Some(value),
        }
    }

    /// Frees the slot, and returns the object unless it was leased.
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        self.slot(key)?;
        self.slots.try_remove(key.index as usize)?.value
    }

    /// Number of objects, leased ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True when there is no object.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All objects in the order of their slots, leased ones left out.
    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        self.slots
            .iter()
            .filter_map(|(index, slot)| Some((slot.key(index), slot.value.as_ref()?)))
    }

    /// The first object at or after `cursor`. A dump goes on at `key.index() + 1`, and so
    /// survives what is inserted and removed between its steps.
    pub fn next_from(&self, cursor: u32) -> Option<(Key<T>, &T)> {
        let mut index = cursor as usize;
        while index < self.slots.capacity() {
            if let Some(slot) = self.slots.get(index)
                && let Some(value) = slot.value.as_ref()
            {
                return Some((slot.key(index), value));
            }
            index += 1;
        }
        None
    }

    fn slot(&mut self, key: Key<T>) -> Option<&mut Slot<T>> {
        let slot = self.slots.get_mut(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The next generation of a table, counted over all its slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation(NonZeroU32);

impl Generation {
    pub(super) const FIRST: Self = Self(NonZeroU32::MIN);

    /// The generation for a new object; 0 is left out when the counter wraps.
    pub(super) fn advance(&mut self) -> NonZeroU32 {
        let current = self.0;
        self.0 = current.checked_add(1).unwrap_or(NonZeroU32::MIN);
        current
    }
}

/// The number of a slab entry: tables of four thousand million objects do not fit in memory.
pub(super) fn slot_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

struct Slot<T> {
    generation: NonZeroU32,
    /// `None` while leased.
    value: Option<T>,
}

impl<T> Slot<T> {
    fn key(&self, index: usize) -> Key<T> {
        Key {
            index: slot_number(index),
            generation: self.generation,
            object: PhantomData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_removed_object_finds_nothing() {
        let mut slots = Slots::new();
        let old = slots.insert(Box::new(1));
        assert_eq!(slots.remove(old), Some(Box::new(1)));
        let new = slots.insert(Box::new(2));
        assert_eq!(new.index(), old.index());
        assert_eq!(slots.get(old), None);
        assert_eq!(slots.get_mut(old), None);
        assert_eq!(slots.remove(old), None);
        assert_eq!(slots.get(new), Some(&Box::new(2)));
    }

    #[test]
    fn a_leased_object_keeps_its_slot_and_comes_back() {
        let mut slots = Slots::new();
        let key = slots.insert(Box::new(1));
        let leased = slots.lease(key).unwrap();
        assert!(slots.contains(key));
        assert_eq!(slots.get(key), None);
        assert_eq!(slots.lease(key), None);
        assert_ne!(slots.insert(Box::new(2)).index(), key.index());
        assert_eq!(slots.settle(key, leased), None);
        assert_eq!(slots.get(key), Some(&Box::new(1)));
    }

    #[test]
    fn an_object_removed_while_leased_is_handed_back() {
        let mut slots = Slots::new();
        let key = slots.insert(Box::new(1));
        let leased = slots.lease(key).unwrap();
        assert_eq!(slots.remove(key), None);
        assert_eq!(slots.settle(key, leased), Some(Box::new(1)));
        assert!(slots.is_empty());
    }

    #[test]
    fn keys_pack_into_eight_bytes() {
        let mut slots = Slots::new();
        let key = slots.insert(5u8);
        assert_eq!(Key::from_u64(key.to_u64()), Some(key));
        assert_eq!(Key::<u8>::from_u64(0), None);
        assert_eq!(size_of::<Option<Key<u8>>>(), 8);
        assert_eq!(size_of::<Slot<Box<u8>>>(), 16);
    }

    #[test]
    fn a_cursor_survives_changes_between_its_steps() {
        let mut slots = Slots::new();
        let keys: Vec<_> = (0..5).map(|number| slots.insert(number)).collect();
        let (first, _) = slots.next_from(0).unwrap();
        slots.remove(keys[0]);
        slots.remove(keys[1]);
        let (next, value) = slots.next_from(first.index() + 1).unwrap();
        assert_eq!((next, *value), (keys[2], 2));
        assert!(slots.next_from(5).is_none());
        assert_eq!(slots.iter().count(), 3);
    }

    #[test]
    fn generations_skip_zero_when_they_wrap() {
        let mut generation = Generation(NonZeroU32::MAX);
        assert_eq!(generation.advance(), NonZeroU32::MAX);
        assert_eq!(generation.advance(), NonZeroU32::MIN);
    }
}
