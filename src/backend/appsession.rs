//! What `appsession` learned: which server knows which session of an application.
//!
//! One table per backend that has the keyword, owned by the worker's core and used by the
//! cookie analysers. Identifiers are cut to the configured length. Entries stand in the order
//! of their last use, which is the order in which they expire: what is stale is dropped when
//! its place is wanted, and a full table gives up the entry unused for longest, so that memory
//! is bounded whatever clients send. Invariants: every entry in use is in one bucket's chain
//! and in the order of use; the table grows by doubling and never shrinks.

use std::hash::{DefaultHasher, Hasher};

use crate::config::model::{Appsession, ServerId};

/// The sessions known to one backend.
#[derive(Debug)]
pub struct AppsessionTable {
    key_len_max: usize,
    timeout_ms: u64,
    entries_max: usize,
    seed: u64,
    entries: Vec<Entry>,
    /// Identifiers, `key_len_max` bytes for each entry.
    keys: Vec<u8>,
    /// First entry of each chain; a power of two of them.
    buckets: Vec<Option<u32>>,
    newest: Option<u32>,
    oldest: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    key_len: usize,
    server: ServerId,
    /// Moment of the last use, in milliseconds.
    used_ms: u64,
    next_in_bucket: Option<u32>,
    newer: Option<u32>,
    older: Option<u32>,
}

impl AppsessionTable {
    /// An empty table; `seed` keeps clients from choosing identifiers that collide.
    pub fn new(settings: &Appsession, seed: u64) -> Self {
        Self {
            key_len_max: settings.len.max(1),
            timeout_ms: u64::from(settings.timeout_ms),
            entries_max: (KEY_BYTES_MAX / settings.len.max(1)).clamp(1, ENTRIES_MAX),
            seed,
            entries: Vec::new(),
            keys: Vec::new(),
            buckets: Vec::new(),
            newest: None,
            oldest: None,
        }
    }

    /// Sessions it holds, stale ones included.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing was learned.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The server of a session; finding it is a use.
    pub fn find(&mut self, key: &[u8], now_ms: u64) -> Option<ServerId> {
        let key = self.cut(key);
        let at = self.position(key, self.hash(key))?;
        let entry = self.entries.get_mut(at as usize)?;
        if now_ms.saturating_sub(entry.used_ms) > self.timeout_ms {
            return None;
        }
        entry.used_ms = now_ms;
        let server = entry.server;
        self.move_to_front(at);
        Some(server)
    }

    /// Learns the server of a session, or that it is another one now.
    pub fn learn(&mut self, key: &[u8], server: ServerId, now_ms: u64) {
        let key = self.cut(key);
        if key.is_empty() {
            return;
        }
        let hash = self.hash(key);
        let known = self.position(key, hash);
        let at = known.or_else(|| self.place(now_ms));
        let Some(at) = at else {
            return;
        };
        if known.is_none() {
            self.write_key(at, key);
            self.chain(at, hash);
        }
        if let Some(entry) = self.entries.get_mut(at as usize) {
            entry.server = server;
            entry.used_ms = now_ms;
        }
        self.move_to_front(at);
    }

    fn cut<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        key.get(..self.key_len_max).unwrap_or(key)
    }

    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.seed);
        hasher.write(key);
        hasher.finish()
    }

    fn bucket(&self, hash: u64) -> usize {
        let mask = self.buckets.len().saturating_sub(1);
        usize::try_from(hash & u64::try_from(mask).unwrap_or(0)).unwrap_or(0)
    }

    fn entry(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize)
    }

    fn position(&self, key: &[u8], hash: u64) -> Option<u32> {
        let mut next = self.buckets.get(self.bucket(hash)).copied().flatten();
        while let Some(at) = next {
            let entry = self.entry(at)?;
            if entry.hash == hash && self.key(at) == key {
                return Some(at);
            }
            next = entry.next_in_bucket;
        }
        None
    }

    fn key(&self, at: u32) -> &[u8] {
        let from = at as usize * self.key_len_max;
        let len = self.entry(at).map_or(0, |entry| entry.key_len);
        self.keys.get(from..from + len).unwrap_or_default()
    }

    fn write_key(&mut self, at: u32, key: &[u8]) {
        let from = at as usize * self.key_len_max;
        if let Some(place) = self.keys.get_mut(from..from + key.len()) {
            place.copy_from_slice(key);
        }
        if let Some(entry) = self.entries.get_mut(at as usize) {
            entry.key_len = key.len();
        }
    }

    /// A free entry in no chain: the oldest when it is stale or the table full, a new one
    /// otherwise.
    fn place(&mut self, now_ms: u64) -> Option<u32> {
        let oldest = self.oldest.and_then(|at| Some((at, self.entry(at)?)));
        if let Some((at, entry)) = oldest {
            let is_stale = now_ms.saturating_sub(entry.used_ms) > self.timeout_ms;
            if is_stale || self.entries.len() >= self.entries_max {
                self.unchain(at);
                return Some(at);
            }
        }
        let at = u32::try_from(self.entries.len()).ok()?;
        self.entries.push(Entry {
            hash: 0,
            key_len: 0,
            server: ServerId::of_index(0),
            used_ms: now_ms,
            next_in_bucket: None,
            newer: None,
            older: None,
        });
        self.keys.resize(self.entries.len() * self.key_len_max, 0);
        if self.entries.len() > self.buckets.len() {
            self.rehash();
        }
        Some(at)
    }

    fn rehash(&mut self) {
        let count = self.entries.len().next_power_of_two().max(BUCKETS_MIN);
        self.buckets.clear();
        self.buckets.resize(count, None);
        let mut next = self.oldest;
        while let Some(at) = next {
            let Some(entry) = self.entry(at) else {
                return;
            };
            let hash = entry.hash;
            next = entry.newer;
            self.chain(at, hash);
        }
    }

    fn chain(&mut self, at: u32, hash: u64) {
        let bucket = self.bucket(hash);
        let first = self.buckets.get(bucket).copied().flatten();
        if let (Some(entry), Some(slot)) = (
            self.entries.get_mut(at as usize),
            self.buckets.get_mut(bucket),
        ) {
            entry.hash = hash;
            entry.next_in_bucket = first;
            *slot = Some(at);
        }
    }

    fn unchain(&mut self, at: u32) {
        let Some(&Entry {
            hash,
            next_in_bucket,
            ..
        }) = self.entry(at)
        else {
            return;
        };
        let bucket = self.bucket(hash);
        let mut next = self.buckets.get(bucket).copied().flatten();
        if next == Some(at) {
            if let Some(slot) = self.buckets.get_mut(bucket) {
                *slot = next_in_bucket;
            }
            return;
        }
        while let Some(entry) = next.and_then(|before| self.entries.get_mut(before as usize)) {
            if entry.next_in_bucket == Some(at) {
                entry.next_in_bucket = next_in_bucket;
                return;
            }
            next = entry.next_in_bucket;
        }
    }

    /// Makes an entry the newest, from wherever in the order it stands, or from outside.
    fn move_to_front(&mut self, at: u32) {
        if self.newest == Some(at) {
            return;
        }
        let Some(&Entry { newer, older, .. }) = self.entry(at) else {
            return;
        };
        if let Some(neighbour) = newer.and_then(|at| self.entries.get_mut(at as usize)) {
            neighbour.older = older;
        }
        if let Some(neighbour) = older.and_then(|at| self.entries.get_mut(at as usize)) {
            neighbour.newer = newer;
        }
        if self.oldest == Some(at) {
            self.oldest = newer;
        }
        let before = self.newest.replace(at);
        if let Some(neighbour) = before.and_then(|at| self.entries.get_mut(at as usize)) {
            neighbour.newer = Some(at);
        }
        if let Some(entry) = self.entries.get_mut(at as usize) {
            entry.newer = None;
            entry.older = before;
        }
        self.oldest = self.oldest.or(Some(at));
    }
}

/// Most bytes of identifiers that a table holds.
const KEY_BYTES_MAX: usize = 16 << 20;
/// Most sessions that a table holds.
const ENTRIES_MAX: usize = 1 << 18;
const BUCKETS_MIN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::AppsessionMode;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn table(len: usize, timeout_ms: u32) -> AppsessionTable {
        let settings = Appsession {
            name: "J".to_owned(),
            len,
            timeout_ms,
            request_learn: false,
            prefix: false,
            mode: AppsessionMode::PathParameters,
        };
        AppsessionTable::new(&settings, 7)
    }

    fn server(index: usize) -> ServerId {
        ServerId::of_index(index)
    }

    #[test]
    fn sessions_are_remembered_until_they_are_unused_for_the_timeout() {
        let mut table = table(8, 100);
        table.learn(b"one", server(1), 0);
        assert_eq!(table.find(b"one", 100), Some(server(1)));
        assert_eq!(table.find(b"one", 200), Some(server(1)));
        assert_eq!(table.find(b"one", 301), None);
        assert_eq!(table.find(b"two", 0), None);
    }

    #[test]
    fn identifiers_are_cut_and_may_change_their_server() {
        let mut table = table(4, 100);
        table.learn(b"abcdefg", server(1), 0);
        assert_eq!(table.find(b"abcdxxx", 0), Some(server(1)));
        table.learn(b"abcd", server(2), 0);
        assert_eq!(table.find(b"abcd", 0), Some(server(2)));
        assert_eq!(table.len(), 1);
        table.learn(b"", server(2), 0);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn memory_is_bounded_and_stale_places_are_used_again() {
        let mut table = table(8, 100);
        table.entries_max = 3;
        for (moment, key) in [b"k0", b"k1", b"k2", b"k3"].iter().enumerate() {
            table.learn(*key, server(moment), moment as u64);
        }
        assert_eq!(table.len(), 3);
        assert_eq!(table.find(b"k0", 4), None);
        assert_eq!(table.find(b"k1", 4), Some(server(1)));
        table.learn(b"k4", server(4), 5);
        assert_eq!(table.find(b"k2", 5), None);
        table.learn(b"k5", server(5), 1_000);
        assert_eq!(table.find(b"k5", 1_000), Some(server(5)));
        assert_eq!(table.len(), 3);
    }

    proptest! {
        #[test]
        fn a_table_is_a_map(
            steps in proptest::collection::vec((0u8..200, 0usize..4, any::<bool>()), 0..400)
        ) {
            let mut table = table(8, 1_000);
            let mut model: HashMap<u8, usize> = HashMap::new();
            for (moment, (key, index, learns)) in steps.into_iter().enumerate() {
                if learns {
                    table.learn(&[b'k', key], server(index), moment as u64);
                    model.insert(key, index);
                }
                let found = table.find(&[b'k', key], moment as u64);
                prop_assert_eq!(found, model.get(&key).copied().map(server));
            }
            prop_assert_eq!(table.len(), model.len());
        }
    }
}
