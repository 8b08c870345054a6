//! The log line of a session or request: which values it shows, and whether it is written.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::outcome::Cause;
use super::rules::Scene;
use super::timing::{Timing, split_date};
use super::transaction::LevelChoice;
use super::{Session, SessionFlags};
use crate::applet::Applet;
use crate::config::model::{
    AddressSpec, CookieSettings, LogFormat, LogLevel, Mode, PortRule, Proxy, ProxyId, ProxyOption,
    RuleSet,
};
use crate::log::record::{Captures, ConnectionCounts, Record, Timers};
use crate::net::address::PeerAddress;
use crate::sample::context::Context;
use crate::sample::format::Format;
use crate::session::interface::Endpoint;
use crate::session::transaction::MessageState;
use crate::sys;
use crate::worker::Core;

impl Session {
    /// Writes the line at the end of a session or request, unless it was written before.
    pub(super) fn log_session(&mut self, core: &mut Core) {
        if self
            .flags
            .any(SessionFlags::LOGGED.union(SessionFlags::LOGGED_EARLY))
        {
            return;
        }
        let proxy = core.config.proxy(self.frontend);
        let idle = proxy.mode == Mode::Http && self.is_between_requests();
        // What is announced at its accept has a line at its end only for a failure.
        let is_announced = proxy.log.format == LogFormat::Default
            && (proxy.log.error.is_none() || !self.failed_early(proxy));
        if self.flags.any(SessionFlags::COMMAND) || idle || is_announced {
            return;
        }
        self.flags.insert(SessionFlags::LOGGED);
        let nothing_came = self.request.total == 0;
        if nothing_came && proxy.options.has(ProxyOption::DontLogNull) {
            return;
        }
        let abnormal = self.is_abnormal(core);
        if !abnormal && proxy.options.has(ProxyOption::DontLogNormal) {
            return;
        }
        self.write_line(proxy, abnormal, core);
    }

    /// `option logasap`: writes the line before the transfer ends.
    pub(super) fn log_early(&mut self, core: &mut Core) {
        let proxy = core.config.proxy(self.frontend);
        if proxy.log.format == LogFormat::Default || self.flags.any(SessionFlags::LOGGED_EARLY) {
            return;
        }
        let abnormal = self.is_abnormal(core);
        if !abnormal && proxy.options.has(ProxyOption::DontLogNormal) {
            return;
        }
        self.flags.insert(SessionFlags::LOGGED_EARLY);
        self.write_line(proxy, abnormal, core);
    }

    /// Without a log format, connections are announced when they are accepted.
    pub(super) fn log_connect(&mut self, core: &mut Core) {
        let proxy = core.config.proxy(self.frontend);
        if proxy.log.format != LogFormat::Default || !core.logs.wants(self.frontend, LogLevel::Info)
        {
            return;
        }
        self.client_destination();
        self.write_line(proxy, false, core);
    }

    /// What `dontlog-normal` keeps and `log-separate-errors` raises.
    fn is_abnormal(&self, core: &Core) -> bool {
        let status = self
            .transaction
            .as_deref()
            .map_or(0, |transaction| transaction.status);
        let failed = !matches!(self.outcome.cause, Cause::Normal | Cause::Local);
        failed
            || status >= 500
            || self.retries(core) > 0
            || self.flags.any(SessionFlags::REDISPATCHED)
    }

    /// The connection ended before there was anything to process: its PROXY header was wrong,
    /// or no request could be read. Such lines have a format of their own (manual,
    /// "error-log-format").
    fn failed_early(&self, proxy: &Proxy) -> bool {
        self.flags.any(SessionFlags::NO_PROXY_HEADER)
            || (proxy.mode == Mode::Http && self.timing.request_ms < 0)
    }

    /// Connection attempts beyond the first.
    fn retries(&self, core: &Core) -> u32 {
        if !self.flags.any(SessionFlags::BE_ASSIGNED) {
            return 0;
        }
        core.config
            .proxy(self.backend)
            .retries
            .saturating_sub(self.retries_left)
    }

    /// The level of the line; `None` when there is to be none.
    fn log_level(&self, proxy: &Proxy, abnormal: bool) -> Option<LogLevel> {
        let transaction = self.transaction.as_deref();
        match transaction.map_or(LevelChoice::Usual, |transaction| transaction.log_level) {
            LevelChoice::Silent => None,
            LevelChoice::Level(level) => Some(level),
            LevelChoice::Usual => {
                let raised = abnormal && proxy.options.has(ProxyOption::LogSeparateErrors);
                Some(if raised {
                    LogLevel::Err
                } else {
                    LogLevel::Info
                })
            }
        }
    }

    /// One line, in the arena where it is made of a format, and to the log's buffer.
    fn write_line(&mut self, proxy: &'static Proxy, abnormal: bool, core: &mut Core) {
        let Some(level) = self.log_level(proxy, abnormal) else {
            return;
        };
        if !core.logs.wants(self.frontend, level) {
            return;
        }
        // A connection that is announced at its accept has no request yet.
        if proxy.unique_id.format.is_some() && proxy.log.format != LogFormat::Default {
            self.make_unique_id(core);
        }
        self.settle_captures(core);
        let arena = std::mem::take(&mut core.arena);
        let is_early_failure = abnormal && self.failed_early(proxy);
        self.render_line(proxy, (level, is_early_failure), &arena, core);
        self.settle_notes(&arena, core);
        core.return_arena(arena);
        let count = &mut core.state.proxy_mut(self.frontend).log_count;
        *count = count.saturating_add(1);
    }

    fn render_line(
        &self,
        proxy: &'static Proxy,
        (level, is_early_failure): (LogLevel, bool),
        arena: &Bump,
        core: &mut Core,
    ) {
        let error = proxy.log.error.as_deref().filter(|_| is_early_failure);
        let custom = error.or(proxy.log.custom.as_deref());
        let record = self.record(core);
        let render = |format: Option<&'static Format>, guess| {
            let mut out = ArenaVec::new_in(arena);
            if let Some(format) = format {
                out.reserve(guess);
                format.append_line(&self.log_context(arena, core), Some(&record), &mut out);
            }
            out
        };
        let data = render(proxy.log.structured.as_deref(), DATA_GUESS);
        let line = render(custom, LINE_GUESS);
        let at = (level, core.engine.clock.date());
        let targets = core.logs.proxy_targets(self.frontend);
        match custom {
            Some(_) => core.logs.send_with(targets, at, &line, &data),
            None => {
                let record = Record {
                    reason: record
                        .reason
                        .filter(|_| proxy.options.has(ProxyOption::LogReason)),
                    structured: &data,
                    ..record
                };
                let format = proxy.log.format;
                core.logs.send_record(targets, at, format, &record);
            }
        }
    }

    /// What the expressions of a log line see: heads are gone by then, unless the line is
    /// written early.
    pub(crate) fn log_context<'a>(&'a self, arena: &'a Bump, core: &'a Core) -> Context<'a> {
        let scene = Scene {
            set: RuleSet::HttpAfterResponse,
            proxy: self.frontend,
        };
        self.context(scene, arena, core)
    }

    /// The facts that lines and formats show.
    pub fn record(&self, core: &Core) -> Record<'_> {
        let config = core.config;
        let proxy = config.proxy(self.frontend);
        let transaction = self.transaction.as_deref();
        Record {
            client: self.source,
            destination: self.destination,
            listener_id: self.listener_number(core),
            accept_date: self.timing.date(),
            request_date: self.timing.request_date(),
            mode: proxy.mode,
            frontend: &proxy.name,
            is_tls: false,
            backend: &config.proxy(self.backend).name,
            server: self.server_name(core),
            timers: self.timers(proxy.mode, core),
            status: transaction.map_or(-1, |transaction| transaction.status),
            bytes_out: self.response_total(),
            bytes_in: self.request.total,
            log_count: core.state.proxy(self.frontend).log_count,
            request_number: transaction
                .and_then(|transaction| transaction.number)
                .unwrap_or(self.unique_id),
            unique_id: transaction.map_or(&[], |transaction| &transaction.unique_id),
            reason: transaction.and_then(|transaction| transaction.reason),
            captures: self.captures(),
            termination: self.termination(core),
            connections: self.connection_counts(core),
            server_queue: self.timing.server_queue,
            backend_queue: self.timing.backend_queue,
            request_line: transaction.map_or(&[], |transaction| &transaction.request_line),
            structured: &[],
            is_early: self.flags.any(SessionFlags::LOGGED_EARLY),
        }
    }

    /// What `capture` kept.
    fn captures(&self) -> Captures<'_> {
        let Some(transaction) = self.transaction.as_deref() else {
            return Captures::default();
        };
        Captures {
            request_headers: transaction.captures.of_request(),
            response_headers: transaction.captures.of_response(),
            request_cookie: kept(&transaction.cookies.captured_request),
            response_cookie: kept(&transaction.cookies.captured_response),
        }
    }

    /// Makes the request's unique-id, unless there is one.
    pub(super) fn make_unique_id(&mut self, core: &mut Core) {
        let format = core.config.proxy(self.frontend).unique_id.format.as_deref();
        if self.transaction.is_none() {
            self.transaction = core.transactions.take();
        }
        let (Some(format), Some(transaction)) = (format, self.transaction.as_deref_mut()) else {
            return;
        };
        if !transaction.unique_id.is_empty() {
            return;
        }
        let mut id = std::mem::take(&mut transaction.unique_id);
        let arena = std::mem::take(&mut core.arena);
        {
            let scene = Scene {
                set: RuleSet::HttpRequest,
                proxy: self.frontend,
            };
            let mut out = ArenaVec::with_capacity_in(DATA_GUESS, &arena);
            format.append(&self.context(scene, &arena, core), &mut out);
            id.extend_from_slice(&out);
        }
        self.settle_notes(&arena, core);
        core.return_arena(arena);
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.unique_id = id;
        }
    }

    /// The address that the client connected to; asked from the kernel while that can tell.
    pub fn known_destination(&self) -> PeerAddress {
        if self.destination.is_known() {
            return self.destination;
        }
        let answer = self.client.fd().map(sys::socket::getsockname);
        answer.and_then(Result::ok).unwrap_or(PeerAddress::None)
    }

    /// The address that the server is reached from, where it was noted.
    pub fn server_source(&self) -> PeerAddress {
        self.transaction
            .as_deref()
            .map_or(PeerAddress::None, |transaction| transaction.server_source)
    }

    /// Notes that address for lines that show it: the connection may be gone by then.
    pub(super) fn note_server_source(&mut self, core: &mut Core) {
        if !core.config.proxy(self.frontend).log.shows_server_source {
            return;
        }
        if self.transaction.is_none() {
            self.transaction = core.transactions.take();
        }
        let fd = self.server_side.fd();
        if let (Some(transaction), Some(fd)) = (self.transaction.as_deref_mut(), fd) {
            // Without an answer the address stays unknown.
            let answer = sys::socket::getsockname(fd);
            transaction.server_source = answer.unwrap_or(PeerAddress::None);
        }
    }

    /// The address of the server, as the configuration and the client's wish have it.
    pub fn server_address(&self, core: &Core) -> PeerAddress {
        let Some(server) = self.server else {
            return PeerAddress::None;
        };
        let settings = core.config.server(server);
        let AddressSpec::Ip(mut address) = settings.address else {
            return PeerAddress::Unix;
        };
        let destination = self.known_destination().socket_addr();
        if let Some(destination) = destination {
            if address.ip().is_unspecified() {
                address.set_ip(destination.ip());
            }
            if let PortRule::Offset(offset) = settings.port_rule {
                let port = i32::from(destination.port()).saturating_add(offset);
                address.set_port(u16::try_from(port).unwrap_or(0));
            }
        }
        PeerAddress::from(address)
    }

    /// The four letters of the termination state; the last two tell of the persistence
    /// cookie where the backend has one and a whole request came.
    fn termination(&self, core: &Core) -> [u8; 4] {
        let ascii = |letter: char| u8::try_from(letter).unwrap_or(b'-');
        let (cause, stage) = (self.outcome.cause.letter(), self.outcome.stage.letter());
        let settings = core.config.proxy(self.backend).cookie.as_ref();
        let is_logged = settings.is_some_and(CookieSettings::is_logged);
        let request = self
            .transaction
            .as_deref()
            .filter(|transaction| is_logged && transaction.request.state != MessageState::Head);
        let (client, server) = request.map_or((b'-', b'-'), |transaction| {
            let cookies = &transaction.cookies;
            (cookies.client.letter(), cookies.server.letter())
        });
        [ascii(cause), ascii(stage), client, server]
    }

    /// The number of the listener: stands for the port of clients on unix sockets.
    fn listener_number(&self, core: &Core) -> u32 {
        match core
            .listeners
            .get(self.listener)
            .map(|listener| listener.origin)
        {
            Some(crate::net::listener::Origin::Bind(bind)) => core.config.bind(bind).numeric_id,
            Some(crate::net::listener::Origin::StatsSocket(_)) | None => 0,
        }
    }

    fn server_name(&self, core: &Core) -> Option<&'static str> {
        if let Some(server) = self.server {
            return Some(&core.config.server(server).name);
        }
        match &self.server_side.endpoint {
            Endpoint::Applet(applet) => match **applet {
                Applet::Reply(_) => None,
                Applet::Cli(_) => Some("<CLI>"),
            },
            Endpoint::None | Endpoint::Socket(_) => None,
        }
    }

    fn connection_counts(&self, core: &Core) -> ConnectionCounts {
        let server = self
            .server
            .map_or(0, |server| core.state.server(server).sessions);
        ConnectionCounts {
            process: core.state.sessions,
            frontend: core.state.proxy(self.frontend).frontend_sessions,
            backend: core.state.proxy(self.backend).backend_sessions,
            server,
            retries: self.retries(core),
            redispatched: self.flags.any(SessionFlags::REDISPATCHED),
        }
    }

    /// Durations as the line shows them: each stage by itself.
    fn timers(&self, mode: Mode, core: &Core) -> Timers {
        let timing = &self.timing;
        let total_ms = timing.since_start_ms(core.engine.clock.monotonic_us());
        let is_http = mode == Mode::Http;
        let handshake_ms = self.handshake_ms();
        let (begin_ms, request_end_ms, data_from_ms) = if is_http {
            (
                timing.request_begin_ms(),
                timing.request_ms,
                timing.response_ms,
            )
        } else {
            (0, 0, timing.connect_ms)
        };
        let idle_ms = if timing.request_us == 0 {
            -1
        } else {
            begin_ms.saturating_sub(handshake_ms).max(0)
        };
        Timers {
            handshake_ms,
            idle_ms,
            request_ms: stage(begin_ms, timing.request_ms),
            queue_ms: stage(request_end_ms, timing.queue_ms),
            connect_ms: stage(timing.queue_ms, timing.connect_ms),
            response_ms: stage(timing.connect_ms, timing.response_ms),
            data_ms: if data_from_ms < 0 {
                -1
            } else {
                total_ms.saturating_sub(data_from_ms)
            },
            active_ms: total_ms.saturating_sub(begin_ms),
            total_ms,
            user_ms: total_ms.saturating_sub(idle_ms.max(0)),
        }
    }

    /// How long the PROXY header took; later requests of a connection have none.
    fn handshake_ms(&self) -> i32 {
        if !self.flags.any(SessionFlags::FIRST_REQUEST) {
            return 0;
        }
        i32::from(self.handshake_ms)
    }
}

impl Timing {
    /// When the first byte of the request came, from the start.
    fn request_begin_ms(&self) -> i32 {
        if self.request_us == 0 {
            return 0;
        }
        self.since_start_ms(self.request_us)
    }

    /// The date of the first byte of the request.
    fn request_date(&self) -> (i64, u32) {
        if self.request_us == 0 {
            return self.date();
        }
        split_date(self.date_us + self.request_us.saturating_sub(self.start_us))
    }
}

/// A capture, unless nothing was captured.
fn kept(text: &[u8]) -> Option<&[u8]> {
    (!text.is_empty()).then_some(text)
}

/// The time between two moments, -1 when the second was not reached.
const fn stage(from_ms: i32, to_ms: i32) -> i32 {
    if to_ms < 0 {
        return -1;
    }
    if from_ms < 0 { to_ms } else { to_ms - from_ms }
}

impl Core {
    /// Logs a sentence about a proxy to its targets.
    pub fn log_proxy(&mut self, proxy: ProxyId, level: LogLevel, text: &str) {
        let targets = self.logs.proxy_targets(proxy);
        let now = self.engine.clock.date();
        self.logs.send(targets, level, now, text.as_bytes());
    }
}

/// Room that most lines need.
const LINE_GUESS: usize = 512;

/// Room that most structured data and unique-ids need.
const DATA_GUESS: usize = 128;
