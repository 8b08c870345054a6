//! Keyword tables: what may stand first on a line, where, and which function reads it.
//!
//! Every file of `section/` has one static slice of [`Keyword`]s, sorted by name; a
//! [`KeywordList`] puts those of one kind of section together. The section's line function
//! calls [`KeywordList::dispatch`]; the manual and "did you mean" walk the same entries.

use super::diagnostic::{Diagnostic, Parse};
use super::model::Place;
use super::suggest;
use super::word::{Word, Words};

/// One keyword of a section.
pub struct Keyword<T: 'static> {
    /// Its words, one space between: `maxconn`, `timeout client`, `stats socket`.
    pub name: &'static str,
    /// Where it is known.
    pub sections: Sections,
    /// The whole line: `timeout client <time>`.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// The version of the language that brought it.
    pub since: &'static str,
    /// `no` and `default` may stand before it.
    pub negatable: bool,
    /// Reads the line.
    pub parse: fn(&mut T, &Line) -> Parse<()>,
}

/// What the manual and suggestions need to know of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeywordInfo {
    /// See [`Keyword::name`].
    pub name: &'static str,
    /// See [`Keyword::sections`].
    pub sections: Sections,
    /// See [`Keyword::usage`].
    pub usage: &'static str,
    /// See [`Keyword::doc`].
    pub doc: &'static str,
    /// See [`Keyword::since`].
    pub since: &'static str,
    /// See [`Keyword::negatable`].
    pub negatable: bool,
}

impl<T> Keyword<T> {
    /// The entry without its function.
    pub const fn info(&self) -> KeywordInfo {
        KeywordInfo {
            name: self.name,
            sections: self.sections,
            usage: self.usage,
            doc: self.doc,
            since: self.since,
            negatable: self.negatable,
        }
    }
}

/// A spelling that is no longer, or never was, understood: the error tells what to write.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// Its words, as [`Keyword::name`].
    pub name: &'static str,
    /// Where people write it.
    pub sections: Sections,
    /// What to do instead, a few words.
    pub hint: &'static str,
}

/// A set of section kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections(u8);

impl Sections {
    /// `global`
    pub const GLOBAL: Self = Self(1);
    /// `defaults`
    pub const DEFAULTS: Self = Self(2);
    /// `frontend`
    pub const FRONTEND: Self = Self(4);
    /// `listen`
    pub const LISTEN: Self = Self(8);
    /// `backend`
    pub const BACKEND: Self = Self(16);
    /// `http-errors`
    pub const HTTP_ERRORS: Self = Self(32);
    /// `userlist`
    pub const USERLIST: Self = Self(64);
    /// `frontend` and `listen`
    pub const FRONT: Self = Self(4 | 8);
    /// `listen` and `backend`
    pub const BACK: Self = Self(8 | 16);
    /// `defaults`, `frontend` and `listen`
    pub const DEFAULTS_FRONT: Self = Self(2 | 4 | 8);
    /// `defaults`, `listen` and `backend`
    pub const DEFAULTS_BACK: Self = Self(2 | 8 | 16);
    /// `frontend`, `listen` and `backend`
    pub const PROXY: Self = Self(4 | 8 | 16);
    /// `defaults` and all proxies
    pub const ANY_PROXY: Self = Self(2 | 4 | 8 | 16);

    /// True when the sets have a section in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Names of its members, in the order of this type's constants.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        SECTION_NAMES
            .iter()
            .filter(move |(set, _)| self.overlaps(*set))
            .map(|(_, name)| *name)
    }

    /// The set of the one section with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        SECTION_NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(set, _)| *set)
    }

    /// True when every member is in `other`.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// `no` or `default` before a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Prefix {
    /// Neither.
    #[default]
    None,
    /// `no`: the opposite.
    No,
    /// `default`: back to the built-in value.
    Default,
}

/// A line as handlers get it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The words, prefix removed.
    pub words: Words,
    /// The prefix.
    pub prefix: Prefix,
    /// File and line.
    pub place: Place,
}

impl Line {
    /// The line of these words, with `no` and `default` taken off.
    pub fn new(mut words: Words) -> Self {
        let place = words.place();
        let prefix = match words.get(0).map(Word::text) {
            Some("no") => Prefix::No,
            Some("default") => Prefix::Default,
            _ => Prefix::None,
        };
        if prefix != Prefix::None && words.len() > 1 {
            words.take_first();
        }
        Self {
            words,
            prefix,
            place,
        }
    }

    /// Checks that neither `no` nor `default` stands before.
    pub fn no_prefix(&self) -> Parse<()> {
        if self.prefix == Prefix::None {
            return Ok(());
        }
        let name = self.words.name();
        let message = format!("'{name}' supports neither 'no' nor 'default' before it");
        Err(self.words.keyword_error(message))
    }

    /// The value that the prefix gives an on/off keyword: on when bare, off after `no`, and
    /// `built_in` after `default`.
    pub const fn switch(&self, built_in: bool) -> bool {
        match self.prefix {
            Prefix::None => true,
            Prefix::No => false,
            Prefix::Default => built_in,
        }
    }
}

/// The keywords of one kind of section.
pub struct KeywordList<T: 'static> {
    /// One sorted slice per file.
    pub tables: &'static [&'static [Keyword<T>]],
    /// Spellings to explain.
    pub retired: &'static [Retired],
}

impl<T> KeywordList<T> {
    /// Runs the handler of `line` for the section `here` on `context`.
    pub fn dispatch(&self, here: Sections, context: &mut T, mut line: Line) -> Parse<()> {
        let Some(keyword) = self.find(&line.words, here) else {
            return Err(self.unknown(here, &line));
        };
        line.words.recognise(keyword.name, keyword.usage);
        if !keyword.negatable {
            line.no_prefix()?;
        }
        (keyword.parse)(context, &line)
    }

    /// The entry with the most words that begins the line and is known in `here`.
    pub fn find(&self, words: &Words, here: Sections) -> Option<&'static Keyword<T>> {
        (1..=NAME_WORDS_MAX.min(words.len()))
            .rev()
            .find_map(|count| {
                let name = first_words(words, count);
                self.named(&name)
                    .find(|keyword| keyword.sections.overlaps(here))
            })
    }

    /// All entries, in table order.
    pub fn infos(&self) -> impl Iterator<Item = KeywordInfo> {
        self.tables
            .iter()
            .flat_map(|table| table.iter().map(Keyword::info))
    }

    /// The first name that stands before a smaller one in its table, where lookups miss it.
    pub fn misplaced(&self) -> Option<&'static str> {
        self.tables.iter().find_map(|table| {
            let pairs = table.iter().zip(table.iter().skip(1));
            pairs
                .filter(|(before, after)| before.name > after.name)
                .map(|(one, _)| one.name)
                .next()
        })
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &'static Keyword<T>> {
        self.tables.iter().flat_map(move |table| {
            let first = table.partition_point(|keyword| keyword.name < name);
            let rest = table.get(first..).unwrap_or_default();
            let same = rest
                .iter()
                .take_while(|keyword| keyword.name == name)
                .count();
            rest.get(..same).unwrap_or_default()
        })
    }

    /// The error for a line that begins with no keyword of `here`.
    fn unknown(&self, here: Sections, line: &Line) -> Diagnostic {
        let infos = super::section::all_keywords();
        let retired = self
            .retired
            .iter()
            .filter(|entry| entry.sections.overlaps(here));
        unknown_keyword(here, &line.words, &infos, retired)
    }
}

/// The error for words that begin with no keyword known in `here`.
fn unknown_keyword<'a>(
    here: Sections,
    words: &Words,
    infos: &[KeywordInfo],
    mut retired: impl Iterator<Item = &'a Retired>,
) -> Diagnostic {
    let section = here.names().next().unwrap_or("this");
    let shown = unknown_part(here, words, infos);
    let text = first_words(words, shown);
    let last = words
        .get(shown - 1)
        .map_or_else(|| words.span_at(0), Word::span);
    let span = words.span_at(0).through(last);
    let message = format!("unknown keyword '{text}' in '{section}' section");
    let error = Diagnostic::alert(span, message);
    if let Some(entry) = retired.find(|entry| starts_with(words, entry.name)) {
        return error.hint(entry.hint);
    }
    if let Some(other) = infos.iter().find(|info| starts_with(words, info.name)) {
        let names = other
            .sections
            .names()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>();
        return error.hint(format!("is known in {}", names.join(", ")));
    }
    let candidates = infos.iter().filter(|info| info.sections.overlaps(here));
    let sections = super::section::SECTIONS.iter().map(|section| section.name);
    let candidates = candidates
        .map(|info| leading(info.name, shown))
        .chain(sections);
    match suggest::closest(&text, candidates) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}

/// How many words to call unknown: one more than what begins some keyword of `here`, so
/// that `timeout clientx` is told whole and `timout client` by its first word.
fn unknown_part(here: Sections, words: &Words, infos: &[KeywordInfo]) -> usize {
    let begins = |count: usize| {
        let text = first_words(words, count);
        let mut known = infos.iter().filter(|info| info.sections.overlaps(here));
        known.any(|info| {
            info.name
                .strip_prefix(text.as_str())
                .is_some_and(|rest| rest.starts_with(' '))
        })
    };
    let most = NAME_WORDS_MAX.min(words.len()).max(1);
    (1..most).find(|&count| !begins(count)).unwrap_or(most)
}

fn starts_with(words: &Words, name: &str) -> bool {
    name.split(' ')
        .enumerate()
        .all(|(index, part)| words.is(index, part))
}

fn first_words(words: &Words, count: usize) -> String {
    let texts: Vec<&str> = words.from(0).iter().take(count).map(Word::text).collect();
    texts.join(" ")
}

/// The first `count` words of a name.
fn leading(name: &str, count: usize) -> &str {
    let end = name
        .match_indices(' ')
        .nth(count - 1)
        .map_or(name.len(), |(offset, _)| offset);
    name.get(..end).unwrap_or(name)
}

/// Words of the longest keyword name.
const NAME_WORDS_MAX: usize = 3;

const SECTION_NAMES: [(Sections, &str); 7] = [
    (Sections::GLOBAL, "global"),
    (Sections::DEFAULTS, "defaults"),
    (Sections::FRONTEND, "frontend"),
    (Sections::LISTEN, "listen"),
    (Sections::BACKEND, "backend"),
    (Sections::HTTP_ERRORS, "http-errors"),
    (Sections::USERLIST, "userlist"),
];

#[cfg(test)]
mod tests;
