//! The pool of pipes that spliced bytes wait in.
//!
//! Owned by the worker; channels take a pipe when they start to splice and put it back when
//! it is empty. Invariant: an idle pipe holds no byte, so that none ever reaches another
//! session; at most `pipes_max` pipes exist (`maxpipes`).

use std::io;

use crate::sys;
use crate::sys::Fd;

/// A pipe of the pool, or lent by it.
#[derive(Debug)]
pub struct Pipe {
    /// The end to splice out of.
    pub read: Fd,
    /// The end to splice into.
    pub write: Fd,
    /// Bytes inside; kept by who splices.
    pub pending: usize,
}

/// Pipes in use and idle.
#[derive(Debug)]
pub struct PipePool {
    #[expect(
        clippy::vec_box,
        reason = "a channel has room for a pointer, not for a pipe"
    )]
    idle: Vec<Box<Pipe>>,
    used: usize,
    pipes_max: usize,
    pipe_size: u32,
}

impl PipePool {
    /// An empty pool of at most `pipes_max` pipes, each resized to `pipe_size` bytes unless
    /// that is 0 (`tune.pipesize`).
    pub const fn new(pipes_max: usize, pipe_size: u32) -> Self {
        Self {
            idle: Vec::new(),
            used: 0,
            pipes_max,
            pipe_size,
        }
    }

    /// Lends a pipe; `None` at the limit or when the kernel gives none: bytes are copied then.
    pub fn take(&mut self) -> Option<Box<Pipe>> {
        let pipe = match self.idle.pop() {
            Some(pipe) => pipe,
            None if self.used >= self.pipes_max => return None,
            None => Box::new(self.open().ok()?),
        };
        self.used += 1;
        Some(pipe)
    }

    /// Takes a pipe back; one that still holds bytes is closed.
    pub fn put(&mut self, pipe: Box<Pipe>) {
        self.used = self.used.saturating_sub(1);
        if pipe.pending == 0 {
            self.idle.push(pipe);
            return;
        }
        close(&pipe);
    }

    /// Closes the idle pipes.
    pub fn trim(&mut self) {
        for pipe in self.idle.drain(..) {
            close(&pipe);
        }
    }

    /// Pipes lent (`PipesUsed` of `show info`).
    pub const fn used(&self) -> usize {
        self.used
    }

    /// Pipes waiting (`PipesFree` of `show info`).
    pub const fn idle(&self) -> usize {
        self.idle.len()
    }

    fn open(&self) -> io::Result<Pipe> {
        let (read, write) = sys::pipe::pipe()?;
        if self.pipe_size != 0 {
            // A size above the system's limit leaves the default, which works as well.
            let _ = sys::pipe::set_pipe_size(write, self.pipe_size);
        }
        let pending = 0;
        Ok(Pipe {
            read,
            write,
            pending,
        })
    }
}

impl Drop for PipePool {
    fn drop(&mut self) {
        self.trim();
    }
}

fn close(pipe: &Pipe) {
    // Closing a pipe reports nothing that could be acted upon.
    let _ = sys::close(pipe.read);
    let _ = sys::close(pipe.write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_lent_up_to_the_limit_and_reused() {
        let mut pool = PipePool::new(2, 0);
        let first = pool.take().unwrap();
        let second = pool.take().unwrap();
        assert!(pool.take().is_none());
        let number = first.write;
        pool.put(first);
        assert_eq!((pool.used(), pool.idle()), (1, 1));
        let again = pool.take().unwrap();
        assert_eq!(again.write, number);
        pool.put(again);
        pool.put(second);
        pool.trim();
        assert_eq!((pool.used(), pool.idle()), (0, 0));
    }

    #[test]
    fn a_pipe_with_bytes_inside_is_not_lent_again() {
        let mut pool = PipePool::new(1, 8192);
        let mut pipe = pool.take().unwrap();
        pipe.pending = 1;
        pool.put(pipe);
        assert_eq!((pool.used(), pool.idle()), (0, 0));
        assert!(pool.take().is_some_and(|pipe| pipe.pending == 0));
    }
}
