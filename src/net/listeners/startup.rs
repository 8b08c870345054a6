//! From the configuration to bound listeners, and each forked process to its share of them.
//!
//! The start calls, in this order: `new`, `protocol_bind_all` (again while its alerts are
//! retryable), `commit` or `roll_back`, and in each process `keep_share`. Nothing here needs
//! an engine. Invariant: until `commit`, `roll_back` restores what other processes served.

use std::fmt;

use super::Listeners;
use crate::config::model::{AddressSpec, BindId, BindOptions, Config, Place};
use crate::net::address::PeerAddress;
use crate::net::bind::{BindFailure, HandedOver, bind_address};
use crate::net::listener::{Listener, ListenerId, ListenerState, Origin};

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
        address: AddressSpec::Inherited(-1),
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
