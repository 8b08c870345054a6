//! `select(2)` over bit sets that grow with the numbers in them.
//!
//! The C library's `fd_set` ends at 1024, the system call does not: it reads as many words
//! as the highest number needs. So the sets here are plain words, sized by use.

use super::Fd;
use std::io;

/// A set of descriptors.
#[derive(Clone, Default)]
pub struct FdBits {
    words: Vec<libc::c_ulong>,
}

impl FdBits {
    /// Adds `fd`; a negative number is ignored.
    pub fn insert(&mut self, fd: Fd) {
        let Some((word, mask)) = place(fd) else {
            return;
        };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= mask;
        }
    }

    /// Takes `fd` out.
    pub fn remove(&mut self, fd: Fd) {
        let Some((word, mask)) = place(fd) else {
            return;
        };
        if let Some(bits) = self.words.get_mut(word) {
            *bits &= !mask;
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    /// True when `fd` is in the set.
    pub fn contains(&self, fd: Fd) -> bool {
        place(fd).is_some_and(|(word, mask)| self.words.get(word).is_some_and(|w| w & mask != 0))
    }

    /// Becomes a copy of `other`, padded to `words` words.
    fn copy_from(&mut self, other: &Self, words: usize) {
        self.words.clear();
        self.words.extend_from_slice(&other.words);
        self.words.resize(words, 0);
    }

    /// Calls `each` with every number of the union of both sets, in ascending order.
    pub fn for_each_union(&self, other: &Self, mut each: impl FnMut(Fd)) {
        for index in 0..self.words.len().max(other.words.len()) {
            let word = |bits: &Self| bits.words.get(index).copied().unwrap_or(0);
            let mut left = word(self) | word(other);
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                if let Ok(number) = i32::try_from(index * WORD_BITS + bit) {
                    each(Fd::new(number));
                }
            }
        }
    }
}

/// Waits up to `timeout_ms` until something in `read` can be read or something in `write`
/// written, and puts what was found into `readable` and `writable`. A signal ends the wait
/// with nothing found.
///
/// # Errors
/// What `select(2)` reports, never EINTR.
pub fn wait(
    [read, write]: [&FdBits; 2],
    [readable, writable]: [&mut FdBits; 2],
    timeout_ms: u32,
) -> io::Result<usize> {
    let words = read.words.len().max(write.words.len());
    readable.copy_from(read, words);
    writable.copy_from(write, words);
    let count = i32::try_from(words * WORD_BITS).unwrap_or(i32::MAX);
    let mut timeout = libc::timeval {
        tv_sec: i64::from(timeout_ms / 1000),
        tv_usec: i64::from(timeout_ms % 1000) * 1000,
    };
    // SAFETY: both sets hold `count` bits, so the kernel stays inside the words it is given.
    let found = unsafe {
        libc::select(
            count,
            readable.words.as_mut_ptr().cast(),
            writable.words.as_mut_ptr().cast(),
            std::ptr::null_mut(),
            &raw mut timeout,
        )
    };
    if let Ok(found) = usize::try_from(found) {
        return Ok(found);
    }
    let error = io::Error::last_os_error();
    readable.words.clear();
    writable.words.clear();
    if error.kind() == io::ErrorKind::Interrupted {
        return Ok(0);
    }
    Err(error)
}

fn place(fd: Fd) -> Option<(usize, libc::c_ulong)> {
    let index = fd.index()?;
    Some((index / WORD_BITS, 1 << (index % WORD_BITS)))
}

const WORD_BITS: usize = libc::c_ulong::BITS as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_grows_and_shrinks_with_its_numbers() {
        let mut bits = FdBits::default();
        for number in [3, 64, 5000] {
            bits.insert(Fd::new(number));
        }
        bits.insert(Fd::new(-1));
        let mut seen = Vec::new();
        bits.for_each_union(&FdBits::default(), |fd| seen.push(fd.raw()));
        assert_eq!(seen, [3, 64, 5000]);
        bits.remove(Fd::new(5000));
        assert_eq!(bits.words.len(), 2);
        assert!(bits.contains(Fd::new(64)) && !bits.contains(Fd::new(5000)));
    }

    #[test]
    fn two_empty_sets_only_wait() {
        let (mut readable, mut writable) = (FdBits::default(), FdBits::default());
        let empty = FdBits::default();
        let found = wait([&empty, &empty], [&mut readable, &mut writable], 0).unwrap();
        assert_eq!(found, 0);
    }
}
