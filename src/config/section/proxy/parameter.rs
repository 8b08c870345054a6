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
    /// Reads the values and returns how many words, its own included, were used.
    pub(super) parse: fn(&mut T, &Words) -> Parse<usize>,
}

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
        let used = (parameter.parse)(context, &own).map_err(|error| owned_by(owner, error))?;
        at = at.saturating_add(used.max(1));
    }
    Ok(())
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
