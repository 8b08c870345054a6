//! Converters: what changes samples on their way.
//!
//! One static table per subject, one entry per keyword, as for fetches. A converter works
//! in the arena and copies only what it changes; one that cannot convert a value loses it.

use super::arg::{Arg, ArgSpec};
use super::context::Context;
use super::fetch::CheckArgs;
use super::value::{Sample, Type};
use crate::config::suggest;

mod capture;
mod text;

/// Changes a sample; `None` when it has no such value.
pub type ConvertFn = for<'a> fn(&Context<'a>, &'a [Arg], Sample<'a>) -> Option<Sample<'a>>;

/// One keyword that converts.
pub struct Converter {
    /// Its name.
    pub name: &'static str,
    /// What stands between the parentheses.
    pub args: ArgSpec,
    /// The type it works on; samples are cast to it.
    pub input: Type,
    /// The type of its result; [`Type::Any`] when that depends.
    pub output: Type,
    /// How it is written: `field(<index>,<delimiters>[,<count>])`.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Checks and completes the arguments; most need nothing.
    pub check: Option<CheckArgs>,
    /// Converts.
    pub run: ConvertFn,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The converter of this name.
pub fn find(name: &str) -> Option<&'static Converter> {
    all().find(|converter| converter.name == name)
}

/// Every converter there is.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The converter whose name is most like this one, for a message.
pub fn closest(name: &str) -> Option<&'static str> {
    suggest::closest(name, all().map(|converter| converter.name))
}

static TABLES: &[&[Converter]] = &[capture::CONVERTERS, text::CONVERTERS];
