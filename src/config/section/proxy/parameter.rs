//! Parameters behind an address: the small keywords of `bind` and `server` lines.
//!
//! Both lines have a static table of [`Parameter`]s; [`read_all`] walks the words with it.
//! A parameter sees itself as word 0 of its own [`Words`], so that messages about its value
//! name the parameter and not the line's keyword.

use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::suggest;
use crate::config::word::{Word, Words};

/// One parameter.
pub(super) struct Parameter<T: 'static> {
    /// Its word.
    pub(super) name: &'static str,
    /// The word and its values.
    pub(super) usage: &'static str,
    /// What it does, in one sentence.
    pub(super) doc: &'static str,
    /// How its words are read.
    pub(super) reader: Reader<T>,
}

/// How the words of a parameter are read.
pub(super) enum Reader<T: 'static> {
    /// It has no value.
    Flag(fn(&mut T)),
    /// It has one value.
    Value(fn(&mut T, &Words) -> Parse<()>),
    /// It tells how many words, its own included, it used.
    Words(fn(&mut T, &Words) -> Parse<usize>),
}

impl<T> Reader<T> {
    /// Reads the values and returns how many words, the parameter's own included, were used.
    fn read(&self, context: &mut T, words: &Words) -> Parse<usize> {
        match self {
            Self::Flag(set) => {
                set(context);
                Ok(1)
            }
            Self::Value(set) => {
                set(context, words)?;
                Ok(2)
            }
            Self::Words(read) => read(context, words),
        }
    }
}

/// A parameter without a value: name, description, what it sets.
macro_rules! flag {
    ($name:literal, $doc:literal, $set:expr) => {
        Parameter {
            name: $name,
            usage: $name,
            doc: $doc,
            reader: Reader::Flag($set),
        }
    };
}
pub(super) use flag;

/// A parameter with one value: name, what the value is, description, what it sets.
macro_rules! value {
    ($name:literal, $value:literal, $doc:literal, $set:expr) => {
        Parameter {
            name: $name,
            usage: concat!($name, " ", $value),
            doc: $doc,
            reader: Reader::Value($set),
        }
    };
}
pub(super) use value;

/// Reads the parameters from word `first` on; `owner` begins the messages.
pub(super) fn read_all<T>(
    table: &'static [Parameter<T>],
    context: &mut T,
    words: &Words,
    first: usize,
    owner: &str,
) -> Parse<()> {
    let mut at = first;
    while let Some(word) = words.get(at) {
        if word.is_empty() {
            at += 1;
            continue;
        }
        let parameter = find(table, word, owner)?;
        let own = words
            .from(at)
            .iter()
            .take(WORD_COUNT_MAX)
            .cloned()
            .collect();
        let mut own = Words::new(own, words.place());
        own.recognise(parameter.name, parameter.usage);
        let read = parameter.reader.read(context, &own);
        let used = read.map_err(|error| owned_by(owner, error))?;
        at = at.saturating_add(used.max(1));
    }
    Ok(())
}

/// Usage and description of the parameters of a table, for the manual.
pub(super) fn infos<T>(
    table: &'static [Parameter<T>],
) -> impl Iterator<Item = (&'static str, &'static str)> {
    table
        .iter()
        .map(|parameter| (parameter.usage, parameter.doc))
}

/// The same message, its owner in front.
pub(super) fn owned_by(owner: &str, mut error: Diagnostic) -> Diagnostic {
    error.message = format!("{owner} : {}", error.message);
    error
}

fn find<T>(
    table: &'static [Parameter<T>],
    word: &Word,
    owner: &str,
) -> Parse<&'static Parameter<T>> {
    let text = word.text();
    if let Some(parameter) = table.iter().find(|parameter| parameter.name == text) {
        return Ok(parameter);
    }
    let error = word.error(format!("{owner} : unknown keyword '{text}'"));
    let names = table.iter().map(|parameter| parameter.name);
    Err(match suggest::closest(text, names) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    })
}

/// More words than any parameter has values.
const WORD_COUNT_MAX: usize = 16;
