//! Pools: objects that are used again instead of being allocated.
//!
//! Owned by the worker; sessions, tasks and channels take an object and put it back. A pool
//! keeps what was recently needed at once and lets the rest go after a burst, so that steady
//! traffic allocates nothing and memory falls back when it ends. Invariant: `used` counts
//! what was taken and not put back; it never exceeds a limit that is set.

use super::buffer::Buffer;
use crate::sys::memory;
use std::fmt;

/// A pool of boxed objects.
pub struct Pool<T> {
    stock: Stock<Box<T>>,
    make: fn() -> T,
}

impl<T> Pool<T> {
    /// An empty pool without limit whose objects come from `make`.
    pub const fn new(name: &'static str, make: fn() -> T) -> Self {
        Self {
            stock: Stock::new(name, size_of::<T>()),
            make,
        }
    }

    /// At most `limit` objects in use at once, 0 for any number; `minimum` idle ones are
    /// kept always.
    pub const fn with_limits(mut self, limit: usize, minimum: usize) -> Self {
        self.stock.limit = limit;
        self.stock.minimum = minimum;
        self
    }

    /// An object, used before or new; `None` at the limit. A used one is as it was put back.
    pub fn take(&mut self) -> Option<Box<T>> {
        self.stock.take(|| Box::new((self.make)()))
    }

    /// Puts an object back.
    pub fn put(&mut self, object: Box<T>) {
        self.stock.put(object);
    }

    /// Frees the idle objects that were not needed since the last call but one; the bytes
    /// freed. To be called about once a second, from [`super::Context::maintain`].
    pub fn settle(&mut self) -> usize {
        self.stock.settle()
    }

    /// Frees all idle objects but the minimum; the bytes freed.
    pub fn trim(&mut self) -> usize {
        self.stock.trim()
    }

    /// What the pool holds.
    pub fn counts(&self) -> PoolCounts {
        self.stock.counts()
    }
}

/// A pool of buffers of one size, and of a few large ones for bulk data: the kernel moves it
/// in far fewer pieces through them, and being few, they cannot use up the memory.
pub struct BufferPool {
    stock: Stock<Box<Buffer>>,
    large: Stock<Box<Buffer>>,
    size: usize,
}

impl BufferPool {
    /// An empty pool without limit of buffers of `size` bytes.
    pub const fn new(name: &'static str, size: usize) -> Self {
        let mut large = Stock::new("large buffer", LARGE_BYTES);
        large.limit = LARGE_COUNT_MAX;
        Self {
            stock: Stock::new(name, size),
            large,
            size,
        }
    }

    /// As [`Pool::with_limits`] (`tune.buffers.limit`).
    pub const fn with_limits(mut self, limit: usize, minimum: usize) -> Self {
        self.stock.limit = limit;
        self.stock.minimum = minimum;
        self
    }

    /// Bytes that a buffer holds.
    pub fn size(&self) -> usize {
        self.size
    }

    /// An empty buffer; `None` at the limit.
    pub fn take(&mut self) -> Option<Box<Buffer>> {
        let size = self.size;
        self.stock.take(|| Box::new(Buffer::new(size)))
    }

    /// An empty buffer of [`LARGE_BYTES`]; `None` when all of them are in use, or when the
    /// others are as large.
    pub fn take_large(&mut self) -> Option<Box<Buffer>> {
        if self.size >= LARGE_BYTES {
            return None;
        }
        self.large.take(|| Box::new(Buffer::new(LARGE_BYTES)))
    }

    /// Puts a buffer back, large or not; what it holds is dropped.
    pub fn put(&mut self, mut buffer: Box<Buffer>) {
        buffer.clear();
        if buffer.size() == self.size {
            self.stock.put(buffer);
        } else {
            self.large.put(buffer);
        }
    }

    /// As [`Pool::settle`].
    pub fn settle(&mut self) -> usize {
        self.stock.settle() + self.large.settle()
    }

    /// As [`Pool::trim`].
    pub fn trim(&mut self) -> usize {
        self.stock.trim() + self.large.trim()
    }

    /// What the pool holds.
    pub fn counts(&self) -> PoolCounts {
        self.stock.counts()
    }
}

/// Size of a large buffer: two of the largest segments of the loopback.
pub const LARGE_BYTES: usize = 128 << 10;
/// Most large buffers in use at once.
const LARGE_COUNT_MAX: usize = 32;

/// A pool in numbers. Printed as dev7's dump on SIGQUIT prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolCounts {
    /// Name of the pool.
    pub name: &'static str,
    /// Bytes of one object.
    pub size: usize,
    /// Objects that exist, used or idle.
    pub allocated: usize,
    /// Objects taken and not put back.
    pub used: usize,
    /// Objects that wait to be taken.
    pub idle: usize,
    /// Most objects in use at once, 0 for any number.
    pub limit: usize,
    /// How often an object was wanted at the limit.
    pub refused: u64,
}

impl fmt::Display for PoolCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Pool {} ({} bytes) : {} allocated ({} bytes), {} used, 1 users",
            self.name,
            self.size,
            self.allocated,
            self.allocated.saturating_mul(self.size),
            self.used,
        )
    }
}

/// Collects what pools have freed and returns it to the system once it is worth the walk
/// over the heap.
#[derive(Debug, Default)]
pub struct Reclaim {
    freed: usize,
}

impl Reclaim {
    /// Adds bytes that a pool has freed.
    pub fn add(&mut self, bytes: usize) {
        self.freed = self.freed.saturating_add(bytes);
    }

    /// Returns memory to the system when much was freed since the last time. True when it
    /// was attempted.
    pub fn run(&mut self) -> bool {
        if self.freed < RECLAIM_BYTES {
            return false;
        }
        self.freed = 0;
        memory::trim();
        true
    }
}

/// What both pools are made of.
struct Stock<V> {
    name: &'static str,
    size: usize,
    limit: usize,
    minimum: usize,
    idle: Vec<V>,
    used: usize,
    refused: u64,
    /// Most objects in use at once since the last settling, and in the time before.
    peak: usize,
    peak_before: usize,
}

impl<V> Stock<V> {
    const fn new(name: &'static str, size: usize) -> Self {
        Self {
            name,
            size,
            limit: 0,
            minimum: 0,
            idle: Vec::new(),
            used: 0,
            refused: 0,
            peak: 0,
            peak_before: 0,
        }
    }

    fn take(&mut self, make: impl FnOnce() -> V) -> Option<V> {
        if self.limit > 0 && self.used >= self.limit {
            self.refused += 1;
            return None;
        }
        self.used += 1;
        self.peak = self.peak.max(self.used);
        Some(self.idle.pop().unwrap_or_else(make))
    }

    fn put(&mut self, value: V) {
        self.used = self.used.saturating_sub(1);
        self.idle.push(value);
    }

    fn settle(&mut self) -> usize {
        let needed = self.peak.max(self.peak_before);
        self.peak_before = self.peak;
        self.peak = self.used;
        self.free_idle(needed.saturating_sub(self.used))
    }

    fn trim(&mut self) -> usize {
        self.free_idle(0)
    }

    /// Frees the idle objects beyond `kept` and the minimum.
    fn free_idle(&mut self, kept: usize) -> usize {
        let kept = kept.max(self.minimum);
        let freed = self.idle.len().saturating_sub(kept);
        if freed == 0 {
            return 0;
        }
        self.idle.truncate(kept);
        // The list itself is memory too after a large burst.
        if self.idle.capacity() / 4 > kept.max(LIST_MIN) {
            self.idle.shrink_to(kept.max(LIST_MIN));
        }
        freed.saturating_mul(self.size)
    }

    fn counts(&self) -> PoolCounts {
        PoolCounts {
            name: self.name,
            size: self.size,
            allocated: self.used + self.idle.len(),
            used: self.used,
            idle: self.idle.len(),
            limit: self.limit,
            refused: self.refused,
        }
    }
}

/// Freed memory from which on it is returned to the system: the walk costs some
/// microseconds per megabyte of heap.
const RECLAIM_BYTES: usize = 1 << 20;
/// Idle lists below this are not worth shrinking.
const LIST_MIN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_put_back_is_taken_again() {
        let mut pool = Pool::new("number", || 5u64);
        let mut object = pool.take().unwrap();
        *object = 6;
        let place = &raw const *object;
        pool.put(object);
        let again = pool.take().unwrap();
        assert_eq!((&raw const *again, *again), (place, 6));
        let counts = pool.counts();
        assert_eq!((counts.allocated, counts.used, counts.idle), (1, 1, 0));
        assert_eq!(
            counts.to_string(),
            "Pool number (8 bytes) : 1 allocated (8 bytes), 1 used, 1 users"
        );
    }

    #[test]
    fn a_limit_counts_what_is_in_use() {
        let mut pool = BufferPool::new("buffer", 64).with_limits(1, 0);
        let first = pool.take().unwrap();
        assert!(pool.take().is_none());
        assert_eq!(pool.counts().refused, 1);
        pool.put(first);
        assert!(pool.take().is_some());
    }

    #[test]
    fn buffers_come_empty_and_of_one_size() {
        let mut pool = BufferPool::new("buffer", 64);
        let mut buffer = pool.take().unwrap();
        buffer.push(b"left over").unwrap();
        pool.put(buffer);
        assert!(pool.take().unwrap().is_empty());
        let _foreign = pool.take();
        pool.put(Box::new(Buffer::new(32)));
        assert_eq!(pool.counts().idle, 0);
    }

    #[test]
    fn idle_memory_falls_back_after_a_burst_but_not_between_its_waves() {
        let mut pool = BufferPool::new("buffer", 1000);
        let burst: Vec<_> = (0..100).filter_map(|_| pool.take()).collect();
        burst.into_iter().for_each(|buffer| pool.put(buffer));
        assert_eq!(pool.settle(), 0);
        assert_eq!(pool.settle(), 0);
        assert_eq!(pool.settle(), 100_000);
        assert_eq!(pool.counts().allocated, 0);
    }

    #[test]
    fn trimming_leaves_the_minimum() {
        let mut pool = Pool::new("number", || 0u32).with_limits(0, 2);
        let objects: Vec<_> = (0..5).filter_map(|_| pool.take()).collect();
        objects.into_iter().for_each(|object| pool.put(object));
        assert_eq!(pool.trim(), 12);
        assert_eq!(pool.counts().idle, 2);
        assert_eq!(pool.trim(), 0);
    }

    #[test]
    fn memory_goes_back_to_the_system_in_large_steps() {
        let mut reclaim = Reclaim::default();
        reclaim.add(RECLAIM_BYTES - 1);
        assert!(!reclaim.run());
        reclaim.add(1);
        assert!(reclaim.run());
        assert!(!reclaim.run());
    }
}
