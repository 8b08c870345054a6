//! `stats` in the `global` section: the command sockets.

use super::Build;
use crate::config::address::{self, AddressForms};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line};
use crate::config::model::{CliLevel, StatsSocket, UnixPermissions};
use crate::config::owner;
use crate::config::process_set::parse_process_set;
use crate::config::section::global::entry;
use crate::config::suggest;
use crate::config::unit::Unit;
use crate::config::word::Words;

/// The keywords.
pub(super) static TABLE: &[Keyword<Build>] = &[
    entry(
        "stats maxconn",
        "stats maxconn <number>",
        "Most connections that the command sockets serve at once.",
        "1.3",
        |build, line| {
            build.config.global.stats_maxconn = line.words.uint(2, 1..=u32::MAX)?;
            line.words.end(3)
        },
    ),
    entry(
        "stats socket",
        "stats socket <address> [mode|user|uid|group|gid|level|expose-fd|process <value>]*",
        "Listens for commands at an address, usually the path of a unix socket.",
        "1.3",
        stats_socket,
    ),
    entry(
        "stats timeout",
        "stats timeout <time>",
        "How long a command socket waits for the next command.",
        "1.3",
        |build, line| {
            build.config.global.stats_timeout_ms = line.words.time(2, Unit::Ms)?;
            line.words.end(3)
        },
    ),
];

fn stats_socket(build: &mut Build, line: &Line) -> Parse<()> {
    let words = &line.words;
    let addresses = address::parse_address_list(words.word(2)?, FORMS)
        .map_err(|error| error.about("stats socket"))?;
    let mut socket = Parameters::default();
    let mut index = 3;
    while words.has(index) {
        socket.parse(words, index)?;
        index += 2;
    }
    words.end(index)?;
    for address in addresses {
        build.config.global.stats_sockets.push(StatsSocket {
            address: address.spec,
            unix: socket.unix.clone(),
            level: socket.level,
            expose_fd_listeners: socket.expose_fd_listeners,
            process_mask: socket.process_mask,
            place: line.place,
        });
    }
    Ok(())
}

/// What follows the addresses.
#[derive(Default)]
struct Parameters {
    unix: UnixPermissions,
    level: CliLevel,
    expose_fd_listeners: bool,
    process_mask: u64,
}

impl Parameters {
    /// Reads the parameter at `index` and its value.
    fn parse(&mut self, words: &Words, index: usize) -> Parse<()> {
        if owner::parse_permission(words, index, &mut self.unix)? {
            return Ok(());
        }
        let value = index.saturating_add(1);
        let name = words.text(index)?;
        match name {
            "level" => self.level = words.choice(value, &LEVELS)?,
            "expose-fd" => {
                words.choice(value, &[("listeners", ())])?;
                self.expose_fd_listeners = true;
            }
            "process" => {
                self.process_mask = parse_process_set(words.text(value)?)
                    .map_err(|message| words.error(value, message))?;
            }
            _ => {
                let error =
                    words.error(index, format!("'stats socket' : unknown keyword '{name}'."));
                return Err(match suggest::closest(name, PARAMETERS.into_iter()) {
                    Some(close) => error.hint(format!("did you mean '{close}'?")),
                    None => error,
                });
            }
        }
        Ok(())
    }
}

const FORMS: AddressForms = AddressForms {
    port_range: false,
    ..AddressForms::BIND
};

const LEVELS: [(&str, CliLevel); 3] = [
    ("user", CliLevel::User),
    ("operator", CliLevel::Operator),
    ("admin", CliLevel::Admin),
];

const PARAMETERS: [&str; 8] = [
    "expose-fd",
    "gid",
    "group",
    "level",
    "mode",
    "process",
    "uid",
    "user",
];
