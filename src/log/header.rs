//! What stands before a line: priority, date, host and tag, in the eight formats of `log`.
//!
//! The part behind the date never changes for one `log` line of one proxy and is made once;
//! a header is then a number, a date from the cache and one copy.

use super::line::date::Dates;
use super::line::escape::{Escape, push_escaped};
use super::line::text::push_u32;
use super::record::Date;
use crate::config::model::{LogFacility, LogLevel, SyslogFormat};

/// Who logs, as headers name it.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The tag without a `log-tag`: the name the program was started by.
    pub tag: &'a str,
    /// The process.
    pub pid: u32,
    /// The machine's name; printed where `log-send-hostname` names no other.
    pub hostname: &'a str,
}

/// How severe a line is, and when it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) level: LogLevel,
    pub(super) now: Date,
}

/// The header of one `log` line of one proxy.
#[derive(Debug)]
pub(super) struct Header {
    format: SyslogFormat,
    facility: LogFacility,
    /// What follows the date.
    suffix: Vec<u8>,
}

impl Header {
    /// `hostname` is what `log-send-hostname` asks for, if it stands in the file.
    pub(super) fn new(
        format: SyslogFormat,
        facility: LogFacility,
        identity: &Identity<'_>,
        hostname: Option<&str>,
    ) -> Self {
        let mut suffix = Vec::new();
        match format {
            SyslogFormat::Rfc3164 | SyslogFormat::Unspecified => {
                push_bsd_suffix(&mut suffix, identity, hostname);
            }
            SyslogFormat::Local => push_bsd_suffix(&mut suffix, identity, None),
            SyslogFormat::Rfc5424 => push_rfc5424_suffix(&mut suffix, identity, hostname),
            SyslogFormat::Timed | SyslogFormat::Iso => suffix.push(b' '),
            SyslogFormat::Short | SyslogFormat::Raw | SyslogFormat::Priority => {}
        }
        Self {
            format,
            facility,
            suffix,
        }
    }

    /// Appends the header of a line of this level, with the structured data of RFC 5424.
    pub(super) fn push(&self, out: &mut Vec<u8>, dates: &Dates, moment: Moment, data: &[u8]) {
        let Moment { level, now } = moment;
        match self.format {
            SyslogFormat::Rfc3164 | SyslogFormat::Local | SyslogFormat::Unspecified => {
                self.push_priority(out, level);
                dates.push_syslog(out, now.0);
            }
            SyslogFormat::Rfc5424 => {
                self.push_priority(out, level);
                out.extend_from_slice(b"1 ");
                dates.push_iso(out, now);
            }
            SyslogFormat::Priority => self.push_priority(out, level),
            SyslogFormat::Short => push_level(out, u32::from(level as u8)),
            SyslogFormat::Timed => {
                push_level(out, u32::from(level as u8));
                dates.push_iso(out, now);
            }
            SyslogFormat::Iso => dates.push_iso(out, now),
            SyslogFormat::Raw => {}
        }
        out.extend_from_slice(&self.suffix);
        if self.format == SyslogFormat::Rfc5424 {
            out.extend_from_slice(if data.is_empty() { b"-" } else { data });
            out.push(b' ');
        }
    }

    fn push_priority(&self, out: &mut Vec<u8>, level: LogLevel) {
        push_level(out, u32::from(self.facility.0) * 8 + u32::from(level as u8));
    }
}

fn push_level(out: &mut Vec<u8>, level: u32) {
    out.push(b'<');
    push_u32(out, level);
    out.push(b'>');
}

/// ` [host ]tag[pid]: ` (RFC 3164, section 4.1).
fn push_bsd_suffix(out: &mut Vec<u8>, identity: &Identity<'_>, hostname: Option<&str>) {
    out.push(b' ');
    if let Some(hostname) = hostname {
        push_name(out, hostname);
        out.push(b' ');
    }
    push_name(out, identity.tag);
    out.push(b'[');
    push_u32(out, identity.pid);
    out.extend_from_slice(b"]: ");
}

/// ` host tag pid - `: no message id; structured data follow (RFC 5424, section 6).
fn push_rfc5424_suffix(out: &mut Vec<u8>, identity: &Identity<'_>, hostname: Option<&str>) {
    out.push(b' ');
    push_name(out, hostname.unwrap_or("-"));
    out.push(b' ');
    push_name(out, identity.tag);
    out.push(b' ');
    push_u32(out, identity.pid);
    out.extend_from_slice(b" - ");
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    push_escaped(out, name.as_bytes(), Escape::Control);
}
