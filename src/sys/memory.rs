//! Giving freed heap memory back to the system.

/// Returns freed pages of the heap to the kernel (`malloc_trim`). True when some went back.
/// Costs a walk over the heap's free lists: for the rare moment after a burst.
#[cfg(target_env = "gnu")]
pub fn trim() -> bool {
    // SAFETY: malloc_trim only touches the allocator's own state, under its own lock.
    unsafe { libc::malloc_trim(0) == 1 }
}

/// Other C libraries return memory by themselves and offer no such call.
#[cfg(not(target_env = "gnu"))]
pub fn trim() -> bool {
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn trimming_leaves_live_memory_alone() {
        let kept = vec![7u8; 100_000];
        drop(vec![1u8; 100_000]);
        let _released = super::trim();
        assert!(kept.iter().all(|&byte| byte == 7));
    }
}
