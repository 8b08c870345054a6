//! The number of an open file descriptor.

use std::fmt;
use std::os::fd::RawFd;

/// A file descriptor by number. `Copy`, and closes nothing on drop: a descriptor in the
/// engine's `fdtab` is owned by its entry there and closed by deleting the entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fd(RawFd);

impl Fd {
    /// Wraps a number the kernel gave out.
    pub const fn new(raw: RawFd) -> Self {
        Self(raw)
    }

    /// The number for a system call.
    pub const fn raw(self) -> RawFd {
        self.0
    }

    /// The number as a table index; `None` for a negative number.
    pub fn index(self) -> Option<usize> {
        usize::try_from(self.0).ok()
    }
}

impl fmt::Debug for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}", self.0)
    }
}
