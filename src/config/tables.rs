//! Everything the language knows, from all of its tables, in one shape.
//!
//! Owns nothing: each entry is made of what a keyword, parameter, action, fetch, converter or
//! variable says about itself. Called by the manual, by `-dK`, and by the tests that walk
//! the whole language. Invariant: a table that the parser looks into is listed here.

use std::borrow::Cow;

use super::keyword::KeywordInfo;
use super::model::RuleSet;
use super::section::{self, proxy};
use crate::sample::arg::ArgSpec;
use crate::sample::value::Type;
use crate::sample::{convert, fetch, format};

/// One entry of one table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How it is named where it is used, a variable without its percent sign.
    pub name: &'static str,
    /// How it is written.
    pub usage: Cow<'static, str>,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Which table it is from.
    pub kind: Kind,
}

/// The tables, and what only their own entries have.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Begins a line of a section.
    Keyword(KeywordInfo),
    /// Follows the address on the lines of this keyword.
    Parameter(&'static str),
    /// What a rule of these sets does.
    Action(&'static [RuleSet]),
    /// Finds a sample of this type.
    Fetch(ArgSpec, Type),
    /// Changes a sample of the first type into one of the second.
    Converter(ArgSpec, Type, Type),
    /// Stands behind a percent sign in a format.
    Variable,
}

impl Kind {
    /// The table's name, in the plural.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Keyword(_) => "keywords",
            Self::Parameter(_) => "parameters",
            Self::Action(_) => "actions",
            Self::Fetch(..) => "fetches",
            Self::Converter(..) => "converters",
            Self::Variable => "variables",
        }
    }

    /// What the manual tells behind the description.
    pub fn detail(self) -> String {
        match self {
            Self::Keyword(info) => {
                let sections = info.sections.names().collect::<Vec<_>>().join(", ");
                format!("in: {sections}; since: {}", info.since)
            }
            Self::Parameter(keyword) => format!("a parameter of '{keyword}'"),
            Self::Action(sets) => {
                let sets: Vec<_> = sets.iter().map(|set| set.name()).collect();
                format!("an action of: {}", sets.join(", "))
            }
            Self::Fetch(_, output) => format!("a fetch; type: {}", output.name()),
            Self::Converter(_, input, output) => {
                format!("a converter; {} to {}", input.name(), output.name())
            }
            Self::Variable => String::from("a variable of formats"),
        }
    }
}

/// Every entry of every table, table after table.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = section::all_keywords().into_iter().map(keyword).collect();
    for owner in PARAMETER_OWNERS {
        let parameters = proxy::parameters(owner).into_iter();
        entries.extend(parameters.map(|(usage, doc)| Entry {
            name: usage.split_once(' ').map_or(usage, |(name, _)| name),
            usage: usage.into(),
            doc,
            kind: Kind::Parameter(owner),
        }));
    }
    entries.extend(proxy::rule::actions().map(|action| Entry {
        name: action.name,
        usage: action.usage.into(),
        doc: action.doc,
        kind: Kind::Action(action.sets),
    }));
    entries.extend(fetch::all().map(|fetch| Entry {
        name: fetch.name,
        usage: fetch.usage.into(),
        doc: fetch.doc,
        kind: Kind::Fetch(fetch.args, fetch.output),
    }));
    entries.extend(convert::all().map(|converter| Entry {
        name: converter.name,
        usage: converter.usage.into(),
        doc: converter.doc,
        kind: Kind::Converter(converter.args, converter.input, converter.output),
    }));
    entries.extend(format::all_aliases().map(|alias| Entry {
        name: alias.name,
        usage: format!("%{}", alias.name).into(),
        doc: alias.doc,
        kind: Kind::Variable,
    }));
    entries
}

/// The entry of a keyword.
pub(super) fn keyword(info: KeywordInfo) -> Entry {
    let prefix = if info.negatable { "[no|default] " } else { "" };
    Entry {
        name: info.name,
        usage: format!("{prefix}{}", info.usage).into(),
        doc: info.doc,
        kind: Kind::Keyword(info),
    }
}

/// Keywords whose lines have parameters; `default-server` shares those of `server`.
const PARAMETER_OWNERS: [&str; 2] = ["bind", "server"];
