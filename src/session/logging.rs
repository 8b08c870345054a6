//! The log line of a session or request: which values it shows, and whether it is written.

use super::outcome::Cause;
use super::timing::{Timing, split_date};
use super::{Session, SessionFlags};
use crate::applet::Applet;
use crate::config::model::{
    CookieSettings, LogFormat, LogLevel, Mode, Proxy, ProxyId, ProxyOption,
};
use crate::log::record::{Captures, ConnectionCounts, Record, Timers};
use crate::session::interface::Endpoint;
use crate::session::transaction::MessageState;
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
        let format = proxy.log.format;
        if self.flags.any(SessionFlags::COMMAND) || idle || format == LogFormat::Default {
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
        let separate = abnormal && proxy.options.has(ProxyOption::LogSeparateErrors);
        let level = if separate {
            LogLevel::Err
        } else {
            LogLevel::Info
        };
        self.write_line(proxy, level, core);
    }

    /// `option logasap`: writes the line before the transfer ends.
    pub(super) fn log_early(&mut self, core: &mut Core) {
        let proxy = core.config.proxy(self.frontend);
        if proxy.log.format == LogFormat::Default || self.flags.any(SessionFlags::LOGGED_EARLY) {
            return;
        }
        self.flags.insert(SessionFlags::LOGGED_EARLY);
        self.write_line(proxy, LogLevel::Info, core);
    }

    /// Without a log format, connections are announced when they are accepted.
    pub(super) fn log_connect(&mut self, core: &mut Core) {
        let proxy = core.config.proxy(self.frontend);
        if proxy.log.format != LogFormat::Default || !core.logs.wants(self.frontend, LogLevel::Info)
        {
            return;
        }
        self.client_destination();
        self.write_line(proxy, LogLevel::Info, core);
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

    fn write_line(&mut self, proxy: &'static Proxy, level: LogLevel, core: &mut Core) {
        if !core.logs.wants(self.frontend, level) {
            return;
        }
        let early = self.flags.any(SessionFlags::LOGGED_EARLY);
        let record = Record {
            client: self.source,
            destination: self.destination,
            listener_id: self.listener_number(core),
            accept_date: self.timing.date(),
            request_date: self.timing.request_date(),
            mode: proxy.mode,
            frontend: &proxy.name,
            is_tls: false,
            backend: &core.config.proxy(self.backend).name,
            server: self.server_name(core),
            timers: self.timers(proxy.log.format, core),
            status: self
                .transaction
                .as_deref()
                .map_or(-1, |transaction| transaction.status),
            bytes_out: self.response_total(),
            captures: self.captures(),
            termination: self.termination(core),
            connections: self.connection_counts(core),
            server_queue: self.timing.server_queue,
            backend_queue: self.timing.backend_queue,
            request_line: self.transaction.as_deref().map_or(&[], |t| &t.request_line),
            is_early: early,
        };
        let targets = core.logs.proxy_targets(self.frontend);
        let now = core.engine.clock.date();
        core.logs
            .send_record(targets, (level, now), proxy.log.format, &record);
    }

    /// What `capture cookie` kept.
    fn captures(&self) -> Captures<'_> {
        let Some(transaction) = self.transaction.as_deref() else {
            return Captures::default();
        };
        let cookies = &transaction.cookies;
        Captures {
            request_cookie: kept(&cookies.captured_request),
            response_cookie: kept(&cookies.captured_response),
            ..Captures::default()
        }
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
    fn timers(&self, format: LogFormat, core: &Core) -> Timers {
        let timing = &self.timing;
        let total_ms = timing.since_start_ms(core.engine.clock.monotonic_us());
        let is_http = matches!(format, LogFormat::Http | LogFormat::HttpClf);
        let (begin_ms, request_end_ms) = if is_http {
            (timing.request_begin_ms(), timing.request_ms)
        } else {
            (0, 0)
        };
        Timers {
            request_ms: stage(begin_ms, timing.request_ms),
            queue_ms: stage(request_end_ms, timing.queue_ms),
            connect_ms: stage(timing.queue_ms, timing.connect_ms),
            response_ms: stage(timing.connect_ms, timing.response_ms),
            total_ms: total_ms - begin_ms,
        }
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
