//! The listeners of a process: binding them all, their states, and who waits for capacity.
//!
//! Built from the configuration and bound before the processes are forked; each process
//! then keeps its share and enables it. Accept callbacks ask `admission` and come here to
//! hold a listener; the end of a session releases those that waited for it. Invariant: a
//! listener is in the waiting queue exactly while it is Limited.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use super::admission::{Admit, WaitFor};
use super::bind::{BindFailure, HandedOver, bind_address};
use super::listener::{Listener, ListenerId, ListenerState, Origin, Paused};
use crate::config::model::{BindId, BindOptions, Config, Place, ProxyId};
use crate::engine::fdtab::{FdCallback, Fdtab};
use crate::engine::tick::Tick;
use crate::net::address::PeerAddress;

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

/// How serious a message of the start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The listener works, with something missing.
    Warning,
    /// The listener has no socket.
    Alert,
}

/// What there is to say about starting one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindMessage {
    /// Which one.
    pub listener: ListenerId,
    /// Alerts stop the start, once retries are used up.
    pub severity: Severity,
    /// Trying again may help.
    pub is_retryable: bool,
    /// The whole message in HAProxy's words.
    pub text: String,
}

impl fmt::Display for BindMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Listeners {
    /// The listeners a configuration asks for, Assigned: those of enabled proxies and the
    /// command sockets. `connections_max` is the frontends' default for `maxconn`.
    pub fn new(config: &Config, connections_max: u32) -> Self {
        let mut listeners = Self::default();
        for (index, bind) in config.binds.iter().enumerate() {
            let proxy = config.proxy(bind.proxy);
            if proxy.disabled {
                continue;
            }
            let first_set = |values: [u32; 3]| values.into_iter().find(|value| *value != 0);
            let limits = [bind.options.maxconn, proxy.maxconn, connections_max];
            let connections_max = first_set(limits).unwrap_or(0);
            let backlogs = [bind.options.backlog, proxy.backlog, connections_max];
            listeners.push(Listener {
                origin: Origin::Bind(BindId::of_index(index)),
                proxy: Some(bind.proxy),
                address: bind.address.clone(),
                options: bind.options.clone(),
                place: bind.place,
                connections_max,
                backlog: first_set(backlogs).unwrap_or(BACKLOG_DEFAULT),
                process_mask: proxy.process_mask,
                ..vacant()
            });
        }
        listeners.push_stats_sockets(config);
        listeners
    }

    fn push_stats_sockets(&mut self, config: &Config) {
        let connections_max = match config.global.stats_maxconn {
            0 => STATS_MAXCONN_DEFAULT,
            given => given,
        };
        for (index, stats) in (0..).zip(&config.global.stats_sockets) {
            self.push(Listener {
                origin: Origin::StatsSocket(index),
                proxy: None,
                address: stats.address.clone(),
                options: BindOptions {
                    unix: stats.unix.clone(),
                    ..BindOptions::default()
                },
                place: stats.place,
                connections_max,
                backlog: connections_max,
                process_mask: stats.process_mask,
                ..vacant()
            });
        }
    }

    fn push(&mut self, listener: Listener) {
        let id = ListenerId(u32::try_from(self.table.len()).unwrap_or(u32::MAX));
        self.table.push(Listener { id, ..listener });
    }

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

    /// Binds every listener that is not bound yet, and says what went wrong. The caller may
    /// try again while all alerts are retryable, and stops the start otherwise, with
    /// [`Self::roll_back`]; after success it calls [`Self::commit`].
    pub fn protocol_bind_all(
        &mut self,
        config: &Config,
        handed_over: &mut HandedOver,
    ) -> Vec<BindMessage> {
        let mut messages = Vec::new();
        let unbound = |listener: &&mut Listener| listener.state == ListenerState::Assigned;
        for listener in self.table.iter_mut().filter(unbound) {
            let Listener {
                address,
                options,
                backlog,
                ..
            } = &*listener;
            match bind_address(address, options, *backlog, handed_over) {
                Ok(bound) => {
                    let warnings = bound.warnings.iter();
                    messages.extend(
                        warnings
                            .map(|warning| message(config, listener, Severity::Warning, warning)),
                    );
                    listener.fd = Some(bound.fd);
                    listener.local = bound.local;
                    listener.backup = bound.backup;
                    listener.state = ListenerState::Listen;
                }
                Err(failure) => {
                    messages.push(message(config, listener, Severity::Alert, &failure));
                }
            }
        }
        messages
    }

    /// The start succeeded: sockets that were replaced in the file system go.
    pub fn commit(&mut self) {
        for backup in self
            .table
            .iter_mut()
            .filter_map(|listener| listener.backup.take())
        {
            backup.commit();
        }
    }

    /// The start failed: everything bound is closed, replaced sockets are put back.
    pub fn roll_back(&mut self) {
        for listener in &mut self.table {
            listener.unbind();
            if let Some(backup) = listener.backup.take() {
                backup.roll_back();
            }
        }
    }

    /// In a forked process: closes what process `number` (from 1) of `processes` does not
    /// serve, and notes what it shares with others.
    pub fn keep_share(&mut self, number: u32, processes: u32) {
        for listener in &mut self.table {
            if !listener.belongs_to(number) {
                listener.unbind();
            }
            let sharers = (1..=processes).filter(|other| listener.belongs_to(*other));
            listener.is_shared = sharers.take(2).count() > 1;
        }
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

/// `Binding [file:line] for frontend NAME: text`, the shape HAProxy 2.6 prints.
fn message(
    config: &Config,
    listener: &Listener,
    severity: Severity,
    failure: &BindFailure,
) -> BindMessage {
    let file = usize::try_from(listener.place.file).ok();
    let file = file
        .and_then(|file| config.files.get(file))
        .map_or("", String::as_str);
    let (kind, name) = match listener.proxy.map(|id| config.proxy(id)) {
        Some(proxy) if proxy.capabilities.backend => ("proxy", proxy.name.as_str()),
        Some(proxy) => ("frontend", proxy.name.as_str()),
        None => ("frontend", "GLOBAL"),
    };
    let stage = failure.stage.word();
    let line = listener.place.line;
    BindMessage {
        listener: listener.id,
        severity,
        is_retryable: failure.is_retryable,
        text: format!(
            "{stage} [{file}:{line}] for {kind} {name}: {}",
            failure.text
        ),
    }
}

/// What a listener is before its own parameters are known.
fn vacant() -> Listener {
    Listener {
        id: ListenerId(0),
        origin: Origin::StatsSocket(0),
        proxy: None,
        address: crate::config::model::AddressSpec::Inherited(-1),
        options: BindOptions::default(),
        place: Place::default(),
        local: PeerAddress::None,
        fd: None,
        state: ListenerState::Assigned,
        connections: 0,
        connections_max: 0,
        backlog: 0,
        process_mask: 0,
        backup: None,
        is_shared: false,
    }
}

/// The backlog of a listener without any limit.
const BACKLOG_DEFAULT: u32 = 1_024;
/// `stats maxconn` when it is not given.
const STATS_MAXCONN_DEFAULT: u32 = 10;

#[cfg(test)]
mod tests;
