//! Signals: queued when they come in, handled at the top of the loop.
//!
//! Registered signals are blocked in the process and read from a descriptor of `fdtab`, so
//! that nothing ever interrupts a callback. A handler is an ordinary function with the whole
//! context. Invariant: each process has its own descriptor, see
//! [`super::Engine::after_fork`]; a signal that is pending several times is handled once.

use super::Context;
use super::fdtab::{Direction, Fdtab, Polling};
use crate::sys::{Fd, signal};
use std::collections::VecDeque;
use std::io;

/// What runs for a signal.
pub type SignalHandler<C> = fn(&mut C, i32);

/// The signals that came in and the handlers for them.
pub struct SignalQueue<C> {
    handlers: Vec<(i32, Option<SignalHandler<C>>)>,
    pending: VecDeque<i32>,
    mask: signal::SignalMask,
    fd: Option<Fd>,
}

impl<C: Context> SignalQueue<C> {
    /// A queue without handlers.
    pub fn new() -> Self {
        Self {
            handlers: Vec::new(),
            pending: VecDeque::new(),
            mask: signal::SignalMask::empty(),
            fd: None,
        }
    }

    /// Sets the handler of `signo`. The signal is blocked from now on and no longer has its
    /// default effect; children inherit that, so handlers are registered before forks.
    ///
    /// # Errors
    /// EINVAL for a number that is no standard signal.
    pub fn register(&mut self, signo: i32, handler: SignalHandler<C>) -> io::Result<()> {
        self.mask.insert(signo)?;
        self.mask.block()?;
        if let Some(fd) = self.fd {
            signal::set_mask(fd, &self.mask)?;
        }
        match self
            .handlers
            .iter_mut()
            .find(|(number, _)| *number == signo)
        {
            Some((_, slot)) => *slot = Some(handler),
            None => self.handlers.push((signo, Some(handler))),
        }
        Ok(())
    }

    /// Forgets the handler of `signo`. The signal stays blocked and is without effect.
    pub fn unregister(&mut self, signo: i32) {
        if let Some((_, slot)) = self
            .handlers
            .iter_mut()
            .find(|(number, _)| *number == signo)
        {
            *slot = None;
        }
    }

    /// True when a signal waits for its handler.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Queues `signo` as if it had come in.
    pub fn push(&mut self, signo: i32) {
        if !self.pending.contains(&signo) {
            self.pending.push_back(signo);
        }
    }

    /// Opens the descriptor of the signals, once; see [`super::Engine::signal_init`].
    pub(super) fn open(&mut self, fdtab: &mut Fdtab<C>) -> io::Result<()> {
        if self.fd.is_some() {
            return Ok(());
        }
        signal::ignore(libc::SIGPIPE)?;
        let fd = signal::open(&self.mask)?;
        fdtab.insert(fd, 0, signal_read::<C>, no_write::<C>);
        fdtab.arm_wait(fd, Direction::Read);
        self.fd = Some(fd);
        Ok(())
    }

    /// Opens a descriptor of this process's own in place of the parent's.
    pub(super) fn after_fork(&mut self, fdtab: &mut Fdtab<C>) -> io::Result<()> {
        let Some(fd) = self.fd.take() else {
            return Ok(());
        };
        fdtab.delete(fd);
        self.pending.clear();
        self.open(fdtab)
    }

    fn pop(&mut self) -> Option<(i32, Option<SignalHandler<C>>)> {
        let signo = self.pending.pop_front()?;
        let handler = self.handlers.iter().find(|(number, _)| *number == signo);
        Some((signo, handler.and_then(|(_, handler)| *handler)))
    }
}

impl<C: Context> Default for SignalQueue<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs the handlers of all signals that came in.
pub fn signal_process_queue<C: Context>(context: &mut C) {
    for _ in 0..context.engine().signals.pending.len() {
        let Some((signo, handler)) = context.engine().signals.pop() else {
            return;
        };
        if let Some(handler) = handler {
            handler(context, signo);
        }
    }
}

/// The read callback of the signals' descriptor.
fn signal_read<C: Context>(context: &mut C, fd: Fd) -> Polling {
    while let Some(signo) = signal::read(fd) {
        context.engine().signals.push(signo);
    }
    Polling::Wait
}

fn no_write<C: Context>(context: &mut C, fd: Fd) -> Polling {
    context.engine().fdtab.disarm(fd, Direction::Write);
    Polling::Wait
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{World, world};
    use crate::engine::turn;
    use nix::sys::signal::{Signal, raise};

    fn note(world: &mut World, signo: i32) {
        world.log.push(format!("signal {signo}"));
    }

    fn once(world: &mut World, signo: i32) {
        note(world, signo);
        world.engine().signals.unregister(signo);
    }

    #[test]
    fn a_signal_is_handled_at_the_top_of_the_next_turn() {
        let mut world = world();
        world.engine.signals.register(libc::SIGUSR2, note).unwrap();
        world.engine.signal_init().unwrap();
        turn(&mut world, 0);
        raise(Signal::SIGUSR2).unwrap();
        raise(Signal::SIGUSR2).unwrap();
        turn(&mut world, 1000);
        assert!(world.engine.signals.is_pending());
        assert!(world.log.is_empty());
        turn(&mut world, 1000);
        assert_eq!(world.log, [format!("signal {}", libc::SIGUSR2)]);
    }

    #[test]
    fn a_handler_registered_later_is_served_and_can_end_itself() {
        let mut world = world();
        world.engine.signal_init().unwrap();
        world.engine.signals.register(libc::SIGTTIN, once).unwrap();
        for _ in 0..2 {
            raise(Signal::SIGTTIN).unwrap();
            turn(&mut world, 1000);
            turn(&mut world, 0);
        }
        assert_eq!(world.log.len(), 1);
    }

    #[test]
    fn a_new_descriptor_serves_after_a_fork() {
        let mut world = world();
        world.engine.signals.register(libc::SIGTTOU, note).unwrap();
        world.engine.signal_init().unwrap();
        world.engine.after_fork().unwrap();
        assert_eq!(world.engine.fdtab.count(), 1);
        raise(Signal::SIGTTOU).unwrap();
        turn(&mut world, 1000);
        turn(&mut world, 0);
        assert_eq!(world.log.len(), 1);
    }

    #[test]
    fn numbers_that_are_no_signal_are_refused() {
        let mut world = world();
        assert!(world.engine.signals.register(0, note).is_err());
        assert!(world.engine.signals.register(999, note).is_err());
    }
}
