//! The named variables of formats, `%ci` to `%Ts` (manual, "Custom log format"): one table
//! per subject.
//!
//! Their values come from the same [`Record`] that the fixed log lines are made of.

use super::encode::Field;
use crate::config::suggest;
use crate::log::record::Record;
use crate::session::Session;
use crate::worker::Core;

mod connection;
mod counter;
mod http;
mod time;

/// What variables read.
pub struct Facts<'a> {
    /// The session's facts, as log lines show them.
    pub record: &'a Record<'a>,
    /// The session, for what few lines show.
    pub session: &'a Session,
    /// The process.
    pub core: &'a Core,
}

/// What a variable looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// What every line has at hand.
    Record,
    /// The address that the client connected to.
    Destination,
    /// The address that the server is reached from.
    ServerSource,
}

/// One variable.
pub struct Alias {
    /// Its name, without the percent sign.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub doc: &'static str,
    /// Only HTTP has it.
    pub http_only: bool,
    /// What must have been looked up while the connections were open.
    pub shows: Shows,
    /// Writes its value.
    pub run: fn(&Facts<'_>, &mut Field<'_, '_>),
}

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A variable that every mode has, or that only HTTP has.
macro_rules! alias {
    ($name:literal, $doc:literal, $run:expr) => {
        Alias {
            name: $name,
            doc: $doc,
            http_only: false,
            shows: Shows::Record,
            run: $run,
        }
    };
    (http $name:literal, $doc:literal, $run:expr) => {
        Alias {
            name: $name,
            doc: $doc,
            http_only: true,
            shows: Shows::Record,
            run: $run,
        }
    };
    ($shows:ident $name:literal, $doc:literal, $run:expr) => {
        Alias {
            name: $name,
            doc: $doc,
            http_only: false,
            shows: Shows::$shows,
            run: $run,
        }
    };
}
use alias;

/// The variable of this name.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    all().find(|alias| alias.name == name)
}

/// The variable whose name is this one in other letters, for a message.
pub(super) fn closest(name: &str) -> Option<&'static str> {
    suggest::closest(name, all().map(|alias| alias.name))
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Alias> {
    TABLES.iter().flat_map(|table| table.iter())
}

static TABLES: &[&[Alias]] = &[
    connection::ALIASES,
    counter::ALIASES,
    http::ALIASES,
    time::ALIASES,
];
