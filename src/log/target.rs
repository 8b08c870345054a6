//! The `log` lines of all proxies, resolved: which header, which limits, which sender.
//!
//! Built once from the configuration. A [`TargetSet`] names the lines of one proxy; lines
//! that go to the same place share one sender, whatever their format.

use super::header::{Header, Identity, Moment};
use super::line::date::Dates;
use super::record::Date;
use super::sender::{Sender, Senders};
use crate::config::model::{Config, LogLevel, LogTarget};

/// The targets of one proxy, or of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TargetSet {
    start: usize,
    end: usize,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Structured data, where the header takes them (RFC 5424, section 6.3).
    pub(super) data: &'a [u8],
    /// The message.
    pub(super) text: &'a [u8],
}

/// One `log` line of one proxy.
#[derive(Debug)]
pub(super) struct Target {
    header: Header,
    level_max: LogLevel,
    level_min: LogLevel,
    len_max: usize,
    /// Position among the senders.
    sender: usize,
}

impl Target {
    /// True when lines of this level are sent here.
    pub(super) fn wants(&self, level: LogLevel) -> bool {
        level <= self.level_max
    }

    /// The sender's position.
    pub(super) const fn sender(&self) -> usize {
        self.sender
    }

    /// Queues a line that is [wanted](Self::wants) with its header. It is cut to `len`:
    /// the line end counts for a descriptor and not for a datagram, as in 2.6.
    pub(super) fn queue(
        &self,
        sender: &mut Sender,
        dates: &Dates,
        (level, now): (LogLevel, Date),
        line: Line<'_>,
    ) {
        let moment = Moment {
            level: level.max(self.level_min),
            now,
        };
        let Line { data, text: line } = line;
        let len_max = sender.text_len_max(self.len_max);
        sender.queue(now, |out| {
            let start = out.len();
            self.header.push(out, dates, moment, data);
            let header_len = out.len().saturating_sub(start);
            let room = len_max.saturating_sub(header_len).min(line.len());
            out.extend_from_slice(line.get(..room).unwrap_or(line));
            out.truncate(start.saturating_add(len_max));
            out.push(b'\n');
        });
    }
}

/// All targets of a configuration.
#[derive(Debug, Default)]
pub(super) struct Targets {
    targets: Vec<Target>,
    proxies: Vec<TargetSet>,
    global: TargetSet,
}

impl Targets {
    pub(super) fn new(config: &Config, identity: &Identity<'_>, senders: &mut Senders) -> Self {
        let global = &config.global;
        let default_tag = global.log_tag.as_deref().unwrap_or(identity.tag);
        let hostname = global
            .log_send_hostname
            .as_ref()
            .map(|name| name.as_deref().unwrap_or(identity.hostname));
        let mut targets = Self::default();
        let mut add = |lines: &[LogTarget], tag: Option<&str>| {
            let tag = tag.unwrap_or(default_tag);
            let identity = Identity { tag, ..*identity };
            targets.add(lines, senders, |line| {
                Header::new(line.format, line.facility, &identity, hostname)
            })
        };
        let global_set = add(&global.logs, None);
        let proxies = config.proxies.iter();
        let proxies = proxies.map(|proxy| add(&proxy.log.targets, proxy.log.tag.as_deref()));
        let proxies: Vec<TargetSet> = proxies.collect();
        targets.proxies = proxies;
        targets.global = global_set;
        targets
    }

    pub(super) const fn global(&self) -> TargetSet {
        self.global
    }

    pub(super) fn of_proxy(&self, index: usize) -> TargetSet {
        self.proxies.get(index).copied().unwrap_or_default()
    }

    pub(super) fn of_set(&self, set: TargetSet) -> &[Target] {
        self.targets.get(set.start..set.end).unwrap_or_default()
    }

    fn add(
        &mut self,
        lines: &[LogTarget],
        senders: &mut Senders,
        header: impl Fn(&LogTarget) -> Header,
    ) -> TargetSet {
        let start = self.targets.len();
        for line in lines {
            self.targets.push(Target {
                header: header(line),
                level_max: line.level_max,
                level_min: line.level_min,
                len_max: line.len_max,
                sender: senders.position(&line.transport),
            });
        }
        TargetSet {
            start,
            end: self.targets.len(),
        }
    }
}
