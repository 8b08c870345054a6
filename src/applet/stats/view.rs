//! What columns need to know of a row: settings, state and counters behind it.
//!
//! Called by the columns' value functions only; whatever a row does not have is `None`.

use super::rows::{Row, RowKind};
use super::value::Value;
use crate::config::model::{AddressSpec, Balance, Mode, Proxy, Server, ServerId};
use crate::net::listener::{Listener, ListenerState, Origin};
use crate::state::{Counters, ProxyState, ServerState};
use crate::worker::Core;

/// A row with the process it belongs to.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The process.
    pub core: &'a Core,
    /// The row.
    pub row: Row,
}

impl View<'_> {
    /// The proxy's settings.
    pub fn proxy(&self) -> &'static Proxy {
        self.core.config.proxy(self.row.proxy)
    }

    /// The proxy's state.
    pub fn proxy_state(&self) -> &ProxyState {
        self.core.state.proxy(self.row.proxy)
    }

    /// The server's identifier, settings and state.
    pub fn server(&self) -> Option<(ServerId, &'static Server, &ServerState)> {
        match self.row.kind {
            RowKind::Server(id) => {
                Some((id, self.core.config.server(id), self.core.state.server(id)))
            }
            RowKind::Frontend | RowKind::Backend | RowKind::Listener(_) => None,
        }
    }

    /// The listener.
    pub fn listener(&self) -> Option<&Listener> {
        match self.row.kind {
            RowKind::Listener(id) => self.core.listeners.get(id),
            RowKind::Frontend | RowKind::Backend | RowKind::Server(_) => None,
        }
    }

    /// The counters.
    pub fn counters(&self) -> Option<&Counters> {
        match self.row.kind {
            RowKind::Frontend => Some(&self.proxy_state().frontend),
            RowKind::Backend => Some(&self.proxy_state().backend),
            RowKind::Server(id) => Some(&self.core.state.server(id).counters),
            RowKind::Listener(_) => match self.listener()?.origin {
                Origin::Bind(bind) => self.core.state.bind(bind),
                Origin::StatsSocket(_) => None,
            },
        }
    }

    /// A value of the counters.
    pub fn count(&self, read: fn(&Counters) -> u64) -> Value {
        self.counters()
            .map_or(Value::Empty, |counters| Value::Number(read(counters)))
    }

    /// The same where the proxy speaks HTTP.
    pub fn count_http(&self, read: fn(&Counters) -> u64) -> Value {
        if self.proxy().mode == Mode::Http {
            self.count(read)
        } else {
            Value::Empty
        }
    }

    /// A value of the server's settings and state.
    pub fn of_server(&self, read: fn(&Server, &ServerState) -> u64) -> Value {
        match self.server() {
            Some((_, settings, state)) => Value::Number(read(settings, state)),
            None => Value::Empty,
        }
    }

    /// `svname`.
    pub fn name(&self) -> Value {
        match self.row.kind {
            RowKind::Frontend => Value::text("FRONTEND"),
            RowKind::Backend => Value::text("BACKEND"),
            RowKind::Server(id) => Value::text(&self.core.config.server(id).name),
            RowKind::Listener(_) => Value::Text(self.listener_name()),
        }
    }

    fn listener_name(&self) -> String {
        let Some(Origin::Bind(bind)) = self.listener().map(|listener| listener.origin) else {
            return String::new();
        };
        let settings = self.core.config.bind(bind);
        settings
            .name
            .clone()
            .unwrap_or_else(|| format!("sock-{}", settings.numeric_id))
    }

    /// `sid`: 0 for the sides of a proxy.
    pub fn numeric_id(&self) -> u32 {
        match self.row.kind {
            RowKind::Frontend | RowKind::Backend => 0,
            RowKind::Server(id) => self.core.config.server(id).numeric_id,
            RowKind::Listener(_) => match self.listener().map(|listener| listener.origin) {
                Some(Origin::Bind(bind)) => self.core.config.bind(bind).numeric_id,
                Some(Origin::StatsSocket(_)) | None => 0,
            },
        }
    }

    /// Sessions now.
    pub fn sessions(&self) -> u32 {
        match self.row.kind {
            RowKind::Frontend => self.proxy_state().frontend_sessions,
            RowKind::Backend => self.proxy_state().backend_sessions,
            RowKind::Server(id) => self.core.state.server(id).sessions,
            RowKind::Listener(_) => self.listener().map_or(0, |listener| listener.connections),
        }
    }

    /// `slim`.
    pub fn sessions_limit(&self) -> Value {
        match self.row.kind {
            RowKind::Frontend => match self.proxy_state().maxconn {
                0 => Value::Number(u64::from(self.core.process.maxconn)),
                limit => Value::Number(u64::from(limit)),
            },
            RowKind::Backend => Value::Number(u64::from(self.proxy().fullconn)),
            RowKind::Server(id) => match self.core.state.server(id).maxconn {
                0 => Value::Empty,
                limit => Value::Number(u64::from(limit)),
            },
            RowKind::Listener(_) => {
                let limit = self
                    .listener()
                    .map_or(0, |listener| listener.options.maxconn);
                Value::Number(u64::from(limit))
            }
        }
    }

    /// `rate`.
    pub fn session_rate(&self) -> Value {
        let now_us = self.core.engine.clock.monotonic_us();
        let rate = match self.row.kind {
            RowKind::Frontend => &self.proxy_state().session_rate,
            RowKind::Backend => &self.proxy_state().backend_session_rate,
            RowKind::Server(id) => &self.core.state.server(id).session_rate,
            RowKind::Listener(_) => return Value::Empty,
        };
        Value::Number(u64::from(rate.read(now_us)))
    }

    /// `status`.
    pub fn status(&self) -> &'static str {
        match self.row.kind {
            RowKind::Frontend => self.frontend_status(),
            RowKind::Backend if self.backend_is_up() => "UP",
            RowKind::Backend => "DOWN",
            RowKind::Server(id) => {
                server_status(self.core.config.server(id), self.core.state.server(id))
            }
            RowKind::Listener(_) => match self.listener().map(|listener| listener.state) {
                Some(ListenerState::Full) => "FULL",
                Some(ListenerState::Limited) => "WAITING",
                Some(_) | None => "OPEN",
            },
        }
    }

    fn frontend_status(&self) -> &'static str {
        if self.proxy_state().stopping {
            return "STOP";
        }
        let mut listeners = self.core.listeners.of_proxy(self.row.proxy).peekable();
        let has_some = listeners.peek().is_some();
        if has_some && listeners.all(|listener| listener.state == ListenerState::Paused) {
            return "PAUSED";
        }
        "OPEN"
    }

    fn backend_is_up(&self) -> bool {
        let servers = &self.proxy().servers;
        servers.is_empty()
            || servers
                .iter()
                .any(|id| self.core.state.server(*id).is_usable())
    }

    /// Usable servers of a backend that are backups or are not.
    pub fn usable_servers(&self, backup: bool) -> u64 {
        let usable = self.proxy().servers.iter().filter(|id| {
            self.core.config.server(**id).backup == backup
                && self.core.state.server(**id).is_usable()
        });
        usable.count() as u64
    }

    /// Weight in force: of a server, or of all usable servers of a backend that are in use.
    pub fn weight(&self) -> Value {
        match self.row.kind {
            RowKind::Server(id) => Value::Number(u64::from(self.core.state.server(id).weight)),
            RowKind::Backend => {
                let backup = self.usable_servers(false) == 0;
                let usable = self.proxy().servers.iter().filter(|id| {
                    self.core.config.server(**id).backup == backup
                        && self.core.state.server(**id).is_usable()
                });
                let weights = usable.map(|id| u64::from(self.core.state.server(*id).weight));
                Value::Number(weights.sum())
            }
            RowKind::Frontend | RowKind::Listener(_) => Value::Empty,
        }
    }

    /// Seconds since the state changed.
    pub fn since_change(&self) -> Value {
        let since = match self.row.kind {
            RowKind::Server(id) => self.core.state.server(id).last_change,
            RowKind::Backend => self.proxy_state().last_change,
            RowKind::Frontend | RowKind::Listener(_) => return Value::Empty,
        };
        let (now_s, _) = self.core.engine.clock.date();
        Value::Number(u64::try_from(now_s.saturating_sub(since)).unwrap_or(0))
    }

    /// Seconds since the last session, -1 before any.
    pub fn since_session(&self) -> Value {
        let Some(counters) = self.counters() else {
            return Value::Empty;
        };
        if counters.last_session_us == 0 {
            return Value::Signed(-1);
        }
        let now_us = self.core.engine.clock.monotonic_us();
        let elapsed_s = now_us.saturating_sub(counters.last_session_us) / 1_000_000;
        Value::Signed(i64::try_from(elapsed_s).unwrap_or(i64::MAX))
    }

    /// Where it listens or is reached.
    pub fn address(&self) -> Value {
        let address = match self.row.kind {
            RowKind::Server(id) => Some(&self.core.config.server(id).address),
            RowKind::Listener(_) => self.listener().map(|listener| &listener.address),
            RowKind::Frontend | RowKind::Backend => None,
        };
        match address {
            Some(AddressSpec::Ip(address)) => Value::Text(address.to_string()),
            Some(AddressSpec::Unix(_) | AddressSpec::Abstract(_)) => Value::text("unix"),
            Some(AddressSpec::Inherited(fd)) => Value::Text(format!("fd@{fd}")),
            None => Value::Empty,
        }
    }

    /// How the proxy works.
    pub fn mode(&self) -> &'static str {
        match self.proxy().mode {
            Mode::Tcp => "tcp",
            Mode::Http => "http",
            Mode::Health => "health",
        }
    }

    /// The load balancing algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self.proxy().balance {
            Balance::RoundRobin => "roundrobin",
            Balance::StaticRoundRobin => "static-rr",
            Balance::Source => "source",
            Balance::RdpCookie => "rdp-cookie",
            Balance::LeastConnections => "leastconn",
        }
    }
}

/// The state of a server in a word.
fn server_status(settings: &Server, state: &ServerState) -> &'static str {
    if state.maintenance {
        return "MAINT";
    }
    if state.drain {
        return "DRAIN";
    }
    match (settings.check, state.down) {
        (false, _) => "no check",
        (true, false) => "UP",
        (true, true) => "DOWN",
    }
}
