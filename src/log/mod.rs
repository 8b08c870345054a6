//! Traffic logs: formats and senders.
//!
//! [`Logs`] is owned by the worker. Sessions fill a [`Record`] and hand it over, anybody may
//! send a line of text; both only queue. The worker flushes once per turn of the loop,
//! before the poller waits, and at the end. Invariants: nothing here blocks or fails, no
//! line leaves with a control byte in it, and lines of one target keep their order.

mod header;
pub mod line;
pub mod record;
mod sender;
mod target;

pub use self::header::Identity;
pub use self::line::clf::write_http_clf;
pub use self::line::connect::write_connect;
pub use self::line::date::Dates;
pub use self::line::http::{push_reason, write_http, write_https};
pub use self::line::json::write_http_json;
pub use self::line::tcp::write_tcp;
pub use self::record::{Captures, ConnectionCounts, Date, NOSRV, Record, STATS, Timers};
pub use self::sender::SenderCounts;
pub use self::target::TargetSet;

use self::line::escape::{Escape, has_control, push_escaped};
use self::sender::Senders;
use self::target::{Line, Targets};
use crate::config::model::{Config, LogFormat, LogLevel, LogTransport, ProxyId};

/// Where log lines leave: the targets of all proxies and their senders.
#[derive(Debug)]
pub struct Logs {
    targets: Targets,
    senders: Senders,
    dates: Dates,
    /// The line of a record while it is written.
    line: Vec<u8>,
    /// A line without the control bytes it came with.
    clean: Vec<u8>,
    /// Lines were queued since the last flush, or a receiver left some.
    is_pending: bool,
}

impl Logs {
    /// Resolves the targets of `config`. Nothing is opened yet: that waits for the first
    /// line, when the process has changed its root. Queues do not survive a fork: flush
    /// before it, or build this after it.
    pub fn new(config: &Config, identity: &Identity<'_>) -> Self {
        let mut senders = Senders::default();
        Self {
            targets: Targets::new(config, identity, &mut senders),
            senders,
            dates: Dates::new(),
            line: Vec::new(),
            clean: Vec::new(),
            is_pending: false,
        }
    }

    /// The targets of a proxy, those of `log global` included.
    pub fn proxy_targets(&self, proxy: ProxyId) -> TargetSet {
        self.targets.of_proxy(proxy.index())
    }

    /// The targets of the process.
    pub fn global_targets(&self) -> TargetSet {
        self.targets.global()
    }

    /// True when a line of this level would go anywhere: worth writing it.
    pub fn wants(&self, proxy: ProxyId, level: LogLevel) -> bool {
        let targets = self.targets.of_set(self.proxy_targets(proxy));
        targets.iter().any(|target| target.wants(level))
    }

    /// Queues the line of a session in the shape that its frontend wants; `data` are the
    /// structured data for receivers that take them.
    pub fn send_record(
        &mut self,
        targets: TargetSet,
        (level, now): (LogLevel, Date),
        format: LogFormat,
        record: &Record<'_>,
        data: &[u8],
    ) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        match format {
            LogFormat::Default => write_connect(&mut line, record),
            LogFormat::Tcp => write_tcp(&mut line, &self.dates, record),
            LogFormat::Http => write_http(&mut line, &self.dates, record),
            LogFormat::HttpClf => write_http_clf(&mut line, &self.dates, record),
            LogFormat::HttpJson => write_http_json(&mut line, &self.dates, record),
            LogFormat::Https => write_https(&mut line, &self.dates, record),
            // Such a line is rendered by its owner.
            LogFormat::Custom => {}
        }
        if matches!(format, LogFormat::Tcp | LogFormat::Http | LogFormat::Https) {
            push_reason(&mut line, record);
        }
        self.send_with(targets, (level, now), &line, data);
        self.line = line;
    }

    /// Queues a line with the header of each target that wants its level. The line end may
    /// be missing; control bytes are escaped.
    pub fn send(&mut self, targets: TargetSet, level: LogLevel, now: Date, line: &[u8]) {
        self.send_with(targets, (level, now), line, b"");
    }

    /// The same with structured data for receivers that take them.
    pub fn send_with(
        &mut self,
        targets: TargetSet,
        at: (LogLevel, Date),
        line: &[u8],
        data: &[u8],
    ) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !has_control(line) && !has_control(data) {
            self.queue(targets, at, Line { data, text: line });
            return;
        }
        let mut clean = std::mem::take(&mut self.clean);
        clean.clear();
        push_escaped(&mut clean, data, Escape::Control);
        let split = clean.len();
        push_escaped(&mut clean, line, Escape::Control);
        let (data, text) = clean.split_at(split);
        self.queue(targets, at, Line { data, text });
        self.clean = clean;
    }

    /// The dates of lines, for those who render their own.
    pub const fn dates(&self) -> &Dates {
        &self.dates
    }

    /// Sends what is queued, as far as receivers take it at once. True when a busy receiver
    /// left lines waiting: the next call should not be far away.
    pub fn flush(&mut self) -> bool {
        self.is_pending = self.senders.flush();
        self.is_pending
    }

    /// True when there is something to flush.
    pub const fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Lines that were dropped since the start (`DroppedLogs` of `show info`).
    pub fn dropped(&self) -> u64 {
        let dropped = self.senders.iter().map(|sender| sender.counts().dropped);
        dropped.fold(0, u64::saturating_add)
    }

    /// What happened to the lines of each place that lines go to.
    pub fn counts(&self) -> impl Iterator<Item = (&LogTransport, SenderCounts)> {
        let senders = self.senders.iter();
        senders.map(|sender| (sender.transport(), sender.counts()))
    }

    fn queue(&mut self, targets: TargetSet, at: (LogLevel, Date), line: Line<'_>) {
        for target in self.targets.of_set(targets) {
            if !target.wants(at.0) {
                continue;
            }
            self.is_pending = true;
            if let Some(sender) = self.senders.at(target.sender()) {
                target.queue(sender, &self.dates, at, line);
            }
        }
    }
}

#[cfg(test)]
mod tests;
