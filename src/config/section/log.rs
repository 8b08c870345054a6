//! `log` lines, of `global` and of proxies.
//!
//! `log <target> [len <length>] [format <format>] <facility> [<max level> [<min level>]]`.
//! `log global` and `no log` belong to the proxies' handler, which calls [`parse_log`] for
//! everything else.

use std::path::PathBuf;

use crate::config::address::{self, AddressForms};
use crate::config::diagnostic::Parse;
use crate::config::model::{
    AddressSpec, LogFacility, LogLevel, LogTarget, LogTransport, SyslogFormat,
};
use crate::config::word::{Word, Words};

/// Reads a whole `log` line whose target stands at word 1.
pub fn parse_log(words: &Words) -> Parse<LogTarget> {
    let target = words.word(1)?;
    let transport = parse_transport(target)?;
    let mut format = SyslogFormat::default();
    let mut len_max = LINE_LEN_DEFAULT;
    let mut at = 2;
    loop {
        match words.get(at).map(Word::text) {
            Some("len") => len_max = words.uint(at + 1, LINE_LEN_MIN..=LINE_LEN_MAX)?,
            Some("format") => format = known(words, at + 1, "log format", &FORMATS)?,
            Some("sample") => {
                let message = "log : 'sample' is not supported";
                return Err(words.error(at, message).hint("every line is sent"));
            }
            _ => break,
        }
        at += 2;
    }
    let facility = LogFacility(known(words, at, "log facility", &FACILITIES)?);
    let mut levels = (LogLevel::Debug, LogLevel::Emerg);
    if words.has(at + 1) {
        levels.0 = known(words, at + 1, "optional log level", &LEVELS)?;
    }
    if words.has(at + 2) {
        levels.1 = known(words, at + 2, "optional minimum log level", &LEVELS)?;
    }
    words.end(at + 3)?;
    let (level_max, level_min) = levels;
    Ok(LogTarget {
        transport,
        format,
        len_max,
        facility,
        level_max,
        level_min,
    })
}

/// The value of a word out of a closed set that is too long to list in a message.
fn known<T: Copy>(words: &Words, index: usize, what: &str, choices: &[(&str, T)]) -> Parse<T> {
    let word = words.word(index)?;
    words.choice(index, choices).map_err(|mut error| {
        error.message = format!("log : unknown {what} '{}'", word.text());
        error
    })
}

fn parse_transport(target: &Word) -> Parse<LogTransport> {
    let target = &*target.as_address();
    match target.text() {
        "stdout" => return Ok(LogTransport::Descriptor(1)),
        "stderr" => return Ok(LogTransport::Descriptor(2)),
        text if text.starts_with("ring@") => {
            return Err(target.error(format!("log : ring buffers are not supported in '{text}'")));
        }
        text if text.starts_with("tcp@") => {
            return Err(target.error(format!("log : TCP is not supported in '{text}'")));
        }
        _ => {}
    }
    let plain = target.bytes().strip_prefix(b"udp@").map(<[u8]>::to_vec);
    let plain = plain.map(|bytes| Word::new(bytes, target.span()));
    let address = address::parse_address(plain.as_ref().unwrap_or(target), AddressForms::LOG)
        .map_err(|mut error| {
            error.message.insert_str(0, "log : ");
            error
        })?;
    match address.spec {
        AddressSpec::Ip(address) => Ok(LogTransport::Udp(address)),
        AddressSpec::Unix(path) => Ok(LogTransport::UnixDatagram(path)),
        AddressSpec::Inherited(fd) => Ok(LogTransport::Descriptor(fd)),
        AddressSpec::Abstract(_) => {
            let path: PathBuf = target.text().into();
            let message = format!("log : '{}' is not supported as a target", path.display());
            Err(target.error(message))
        }
    }
}

/// Longest line when `len` is not given, as dev7's buffer.
const LINE_LEN_DEFAULT: usize = 1_024;
const LINE_LEN_MIN: usize = 80;
const LINE_LEN_MAX: usize = 65_535;

const FORMATS: [(&str, SyslogFormat); 8] = [
    ("rfc3164", SyslogFormat::Rfc3164),
    ("rfc5424", SyslogFormat::Rfc5424),
    ("local", SyslogFormat::Local),
    ("priority", SyslogFormat::Priority),
    ("short", SyslogFormat::Short),
    ("timed", SyslogFormat::Timed),
    ("iso", SyslogFormat::Iso),
    ("raw", SyslogFormat::Raw),
];

const FACILITIES: [(&str, u8); 24] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("auth2", 10),
    ("ftp", 11),
    ("ntp", 12),
    ("audit", 13),
    ("alert", 14),
    ("cron2", 15),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// Names of levels.
pub(crate) const LEVELS: [(&str, LogLevel); 8] = [
    ("emerg", LogLevel::Emerg),
    ("alert", LogLevel::Alert),
    ("crit", LogLevel::Crit),
    ("err", LogLevel::Err),
    ("warning", LogLevel::Warning),
    ("notice", LogLevel::Notice),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

#[cfg(test)]
mod tests;
