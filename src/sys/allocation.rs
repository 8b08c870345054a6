//! Counts heap allocations per thread, so that tests can hold hot paths to none.
//!
//! Compiled for tests alone, where it is the allocator of the test binary.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator with a counter in front.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Number of allocations and growths that this thread makes while `run` runs.
pub fn allocations_of(run: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    run();
    COUNT.get().wrapping_sub(before)
}

/// A thread that is ending has no counter any more, and nobody to read it.
fn count() {
    let _ = COUNT.try_with(|count| count.set(count.get().wrapping_add(1)));
}

// SAFETY: every method hands its arguments on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` by way of this allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `pointer` came from `System` by way of this allocator, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_and_growths_are_counted() {
        let mut bytes = Vec::new();
        assert_eq!(allocations_of(|| bytes.push(1u8)), 1);
        assert_eq!(allocations_of(|| bytes.reserve(1 << 20)), 1);
        assert_eq!(allocations_of(|| bytes.push(2)), 0);
    }
}
