//! The listeners of a process: binding them all, their states, and who waits for capacity.
//!
//! Built from the configuration and bound before the processes are forked (`startup`); each
//! process then keeps its share and enables it. Accept callbacks ask `admission` and come here to
//! hold a listener; the end of a session releases those that waited for it. Invariant: a
//! listener is in the waiting queue exactly while it is Limited.

mod startup;

use std::collections::VecDeque;
use std::io;

use super::admission::{Admit, WaitFor};
use super::listener::{Listener, ListenerId, ListenerState, Paused};
use crate::config::model::ProxyId;
use crate::engine::fdtab::{FdCallback, Fdtab};
use crate::engine::tick::Tick;

pub use startup::{BindMessage, Severity};

/// All listeners of a process.
#[derive(Debug, Default)]
pub struct Listeners {
    table: Vec<Listener>,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    listener: ListenerId,
    on: WaitFor,
    until: Tick,
}

impl Listeners {
    /// The listener with this identifier.
    pub fn get(&self, id: ListenerId) -> Option<&Listener> {
        self.table.get(id.index())
    }

    /// The listener that fdtab names as the owner of its socket.
    pub fn of_owner(&self, owner: u64) -> Option<&Listener> {
        self.table.get(usize::try_from(owner).ok()?)
    }

    /// All listeners.
    pub fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.table.iter()
    }

    /// Those of a proxy.
    pub fn of_proxy(&self, proxy: ProxyId) -> impl Iterator<Item = &Listener> {
        self.table
            .iter()
            .filter(move |listener| listener.proxy == Some(proxy))
    }

    /// Listeners that have a socket: their share of the process's jobs.
    pub fn bound_count(&self) -> usize {
        self.table
            .iter()
            .filter(|listener| listener.is_bound())
            .count()
    }

    /// Lets every listening socket accept (dev7: `protocol_enable_all`). `accept` chooses the
    /// callback by origin.
    pub fn protocol_enable_all<C>(
        &mut self,
        fdtab: &mut Fdtab<C>,
        accept: impl Fn(&Listener) -> FdCallback<C>,
    ) {
        for listener in &mut self.table {
            let callback = accept(listener);
            listener.enable(fdtab, callback);
        }
    }

    /// Stops accepting without letting go of the addresses (dev7: `protocol_disable_all`).
    pub fn protocol_disable_all<C>(&mut self, fdtab: &mut Fdtab<C>) {
        for listener in &mut self.table {
            listener.disable(fdtab);
        }
        self.waiting.clear();
    }

    /// Pauses a listener: its address becomes free for another process.
    ///
    /// # Errors
    /// What the kernel said; the state stays as it was, and stopping the listener is the
    /// other way to free its address.
    pub fn pause<C>(&mut self, id: ListenerId, fdtab: &mut Fdtab<C>) -> io::Result<Paused> {
        let Some(listener) = self.table.get_mut(id.index()) else {
            return Ok(Paused::Kept);
        };
        let paused = listener.pause(fdtab)?;
        self.forget_waiting(id);
        Ok(paused)
    }

    /// Resumes a listener, paused or held.
    ///
    /// # Errors
    /// EADDRINUSE when another process listens there; it stays paused.
    pub fn resume<C>(&mut self, id: ListenerId, fdtab: &mut Fdtab<C>) -> io::Result<()> {
        let Some(listener) = self.table.get_mut(id.index()) else {
            return Ok(());
        };
        listener.resume(fdtab)?;
        self.forget_waiting(id);
        Ok(())
    }

    /// Pauses the listeners of a proxy (SIGTTOU, `disable frontend`), or of the command
    /// sockets for `None`; returns those that refused.
    pub fn pause_all<C>(
        &mut self,
        proxy: Option<ProxyId>,
        fdtab: &mut Fdtab<C>,
    ) -> Vec<(ListenerId, io::Error)> {
        let ids = self.ids_of(proxy);
        let pause = |id| self.pause(id, fdtab).err().map(|error| (id, error));
        ids.into_iter().filter_map(pause).collect()
    }

    /// Resumes the listeners of a proxy (SIGTTIN, `enable frontend`); returns those whose
    /// address is busy.
    pub fn resume_all<C>(
        &mut self,
        proxy: Option<ProxyId>,
        fdtab: &mut Fdtab<C>,
    ) -> Vec<(ListenerId, io::Error)> {
        let ids = self.ids_of(proxy);
        let resume = |id| self.resume(id, fdtab).err().map(|error| (id, error));
        ids.into_iter().filter_map(resume).collect()
    }

    /// Closes a listener for good (soft stop, `shutdown frontend`); true when it had a
    /// socket, that is, when a job ended.
    pub fn stop<C>(&mut self, id: ListenerId, fdtab: &mut Fdtab<C>) -> bool {
        self.forget_waiting(id);
        self.table
            .get_mut(id.index())
            .is_some_and(|listener| listener.stop(fdtab))
    }

    /// Closes the listeners of a proxy, or the command sockets for `None`; returns how many
    /// jobs ended.
    pub fn stop_all<C>(&mut self, proxy: Option<ProxyId>, fdtab: &mut Fdtab<C>) -> u32 {
        let ids = self.ids_of(proxy);
        let stopped = ids.into_iter().filter(|id| self.stop(*id, fdtab)).count();
        u32::try_from(stopped).unwrap_or(u32::MAX)
    }

    /// Counts a connection accepted by a listener.
    pub fn connection_opened(&mut self, id: ListenerId) {
        if let Some(listener) = self.table.get_mut(id.index()) {
            listener.connections = listener.connections.saturating_add(1);
        }
    }

    /// Counts the end of one; a Full listener accepts again (dev7: end of `session_free`).
    pub fn connection_closed<C>(&mut self, id: ListenerId, fdtab: &mut Fdtab<C>) {
        if let Some(listener) = self.table.get_mut(id.index()) {
            listener.connections = listener.connections.saturating_sub(1);
            if listener.state == ListenerState::Full {
                // A Full listener listens: only a Paused one could fail to resume.
                let _ = listener.resume(fdtab);
            }
        }
    }

    /// Changes the limit of a listener (`set maxconn frontend`).
    pub fn set_connections_max<C>(&mut self, id: ListenerId, max: u32, fdtab: &mut Fdtab<C>) {
        if let Some(listener) = self.table.get_mut(id.index()) {
            listener.connections_max = max;
            if listener.state == ListenerState::Full {
                let _ = listener.resume(fdtab);
            }
        }
    }

    /// Carries out what `admission` answered; true when the listener may accept.
    pub fn hold<C>(&mut self, id: ListenerId, admit: Admit, fdtab: &mut Fdtab<C>) -> bool {
        let Some(listener) = self.table.get_mut(id.index()) else {
            return false;
        };
        match admit {
            Admit::Yes => return true,
            Admit::Full => {
                listener.full(fdtab);
                self.forget_waiting(id);
            }
            Admit::Limited { on, until } => {
                if listener.limit(fdtab) {
                    let listener = id;
                    self.waiting.push_back(Waiting {
                        listener,
                        on,
                        until,
                    });
                }
            }
        }
        false
    }

    /// True when a listener waits for `on`: cheap, for the end of every session.
    pub fn is_awaited(&self, on: WaitFor) -> bool {
        self.waiting.iter().any(|waiting| waiting.on == on)
    }

    /// Capacity returned: those waiting for it accept again, in the order in which they
    /// came (dev7: `dequeue_all_listeners`).
    pub fn release<C>(&mut self, on: WaitFor, fdtab: &mut Fdtab<C>) {
        self.release_if(fdtab, |waiting| waiting.on == on);
    }

    /// Releases those whose date has come.
    pub fn release_due<C>(&mut self, now: Tick, fdtab: &mut Fdtab<C>) {
        self.release_if(fdtab, |waiting| waiting.until.is_expired(now));
    }

    /// When [`Self::release_due`] has something to do next; never, if nobody has a date.
    pub fn next_release(&self) -> Tick {
        let dates = self.waiting.iter().map(|waiting| waiting.until);
        dates.fold(Tick::ETERNITY, Tick::first)
    }

    fn release_if<C>(&mut self, fdtab: &mut Fdtab<C>, is_free: impl Fn(&Waiting) -> bool) {
        for _waiting in 0..self.waiting.len() {
            let Some(first) = self.waiting.pop_front() else {
                return;
            };
            if !is_free(&first) {
                self.waiting.push_back(first);
                continue;
            }
            if let Some(listener) = self.table.get_mut(first.listener.index()) {
                // A Limited listener listens: only a Paused one could fail to resume.
                let _ = listener.resume(fdtab);
            }
        }
    }

    fn forget_waiting(&mut self, id: ListenerId) {
        self.waiting.retain(|waiting| waiting.listener != id);
    }

    fn ids_of(&self, proxy: Option<ProxyId>) -> Vec<ListenerId> {
        let mine = self.table.iter().filter(|listener| listener.proxy == proxy);
        mine.map(|listener| listener.id).collect()
    }
}

#[cfg(test)]
mod tests;
