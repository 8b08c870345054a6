//! What a command is: an entry of the table, started with its words, that answers at once or
//! produces its answer piece by piece.

use super::parse::Words;
use crate::config::model::CliLevel;
use crate::session::{Session, Sessions};
use crate::worker::{Core, Worker};

/// A command of the table.
pub(super) struct Command {
    /// The words that call it.
    pub(super) words: &'static [&'static str],
    /// The lowest level that may call it.
    pub(super) level: CliLevel,
    /// The words with what may follow them.
    pub(super) usage: &'static str,
    /// What it does, in a sentence.
    pub(super) doc: &'static str,
    /// The HAProxy version that had it first.
    pub(super) since: &'static str,
    /// Starts it.
    pub(super) start: fn(&mut Call<'_>) -> Answer,
}

/// What a command may use and change.
pub(super) struct Call<'a> {
    /// Its words, those that called it included.
    pub(super) words: &'a Words,
    /// How the connection is served.
    pub(super) terms: &'a mut Terms,
    /// The session that carries the connection, leased out of its slot.
    pub(super) session: &'a mut Session,
    /// Everything else.
    pub(super) worker: &'a mut Worker,
}

/// How a connection is served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// What its user may do.
    pub(super) level: CliLevel,
    /// A prompt is written, and the connection stays open.
    pub(super) has_prompt: bool,
}

/// What a command has to say.
pub(super) enum Answer {
    /// Nothing: it was carried out.
    Silent,
    /// A message, with its line end.
    Text(String),
    /// More than fits at once.
    Dump(Box<dyn Dump>),
    /// The end of the connection.
    Quit,
}

impl Answer {
    /// A message, with its line end.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Carrying out gives nothing to say; a refusal is a message with its line end.
impl From<Result<(), String>> for Answer {
    fn from(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Silent,
            Err(message) => Self::Text(message),
        }
    }
}

/// An answer in production. It holds numbers and names only, never a borrow: sessions come and
/// go between its steps.
pub(super) trait Dump {
    /// Appends the next piece, some lines at most.
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step;
}

/// Whether a dump goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more.
    More,
    /// That was all.
    Done,
}

/// What dumps look at.
pub(super) struct Scene<'a> {
    /// Configuration, state, descriptors.
    pub(super) core: &'a Core,
    /// All sessions but the running one.
    pub(super) sessions: &'a Sessions,
    /// The running one.
    pub(super) session: &'a Session,
    /// How its connection is served.
    pub(super) terms: Terms,
}
