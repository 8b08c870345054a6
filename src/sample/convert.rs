//! Converters: what changes samples on their way.
//!
//! One static table per subject, one entry per keyword, as for fetches. A converter works
//! in the arena and copies only what it changes; one that cannot convert a value loses it.
//! Invariants: evaluation allocates from the arena alone; no value made is longer than
//! `tune.bufsize`; what sets a variable is noted in [`super::pending`] and done later.

use super::arg::{Arg, ArgKind, ArgSpec};
use super::context::Context;
use super::fetch::CheckArgs;
use super::value::{Sample, Type};
use crate::config::suggest;

mod bytes;
mod capture;
mod crypto;
mod date;
mod encode;
mod hash;
mod json;
mod jwt;
mod map;
mod message;
mod number;
mod prepared;
mod regsub;
mod server;
mod text;
mod variable;

pub use prepared::Prepared;

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

impl Converter {
    /// One without arguments.
    const fn new(name: &'static str, types: (Type, Type), run: ConvertFn) -> Self {
        Self {
            name,
            args: ArgSpec::NONE,
            input: types.0,
            output: types.1,
            usage: name,
            doc: "",
            check: None,
            run,
        }
    }

    /// With arguments, of which the first `required` must be there.
    const fn takes(mut self, required: usize, kinds: &'static [ArgKind]) -> Self {
        self.args = ArgSpec { required, kinds };
        self
    }

    /// With a check of its arguments.
    const fn checked(mut self, check: CheckArgs) -> Self {
        self.check = Some(check);
        self
    }

    /// With what the manual says about it.
    const fn says(mut self, usage: &'static str, doc: &'static str) -> Self {
        self.usage = usage;
        self.doc = doc;
        self
    }
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

/// Bytes that `fill` writes, in the arena; `None` when it says that there are none, or when
/// they are more than a buffer holds.
fn built<'a>(context: &Context<'a>, fill: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<&'a [u8]> {
    with_scratch(context, |scratch| {
        let is_value = fill(scratch) && scratch.len() <= context.core.bufsize();
        is_value.then(|| &*context.arena.alloc_slice_copy(scratch))
    })
}

/// Works with empty memory that is used again and again.
fn with_scratch<R>(context: &Context<'_>, work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut scratch = context.core.scratch.take();
    scratch.clear();
    let result = work(&mut scratch);
    scratch.shrink_to(context.core.bufsize().saturating_mul(SCRATCH_BUFFERS));
    context.core.scratch.set(scratch);
    result
}

/// As [`built`], a text.
fn built_text<'a>(context: &Context<'a>, fill: impl FnOnce(&mut Vec<u8>)) -> Option<Sample<'a>> {
    let made = built(context, |out| {
        fill(out);
        true
    });
    made.map(Sample::Str)
}

/// As [`built`], bytes.
fn built_bytes<'a>(context: &Context<'a>, fill: impl FnOnce(&mut Vec<u8>)) -> Option<Sample<'a>> {
    let made = built(context, |out| {
        fill(out);
        true
    });
    made.map(Sample::Bin)
}

/// The arguments that a check replaces: the text at `index`, without checking for UTF-8.
fn lossy_at(args: &[Arg], index: usize) -> String {
    String::from_utf8_lossy(args.get(index).map_or(&[], Arg::text)).into_owned()
}

/// Puts what a check has made of an argument in its place.
fn replace(args: &mut [Arg], index: usize, arg: Arg) {
    if let Some(place) = args.get_mut(index) {
        *place = arg;
    }
}

static TABLES: &[&[Converter]] = &[
    bytes::CONVERTERS,
    capture::CONVERTERS,
    crypto::CONVERTERS,
    date::CONVERTERS,
    encode::CONVERTERS,
    hash::CONVERTERS,
    json::CONVERTERS,
    jwt::CONVERTERS,
    map::CONVERTERS,
    message::CONVERTERS,
    number::CONVERTERS,
    regsub::CONVERTERS,
    server::CONVERTERS,
    text::CONVERTERS,
    variable::CONVERTERS,
];

/// Buffers that the scratch memory may keep: the longest values grow sixfold.
const SCRATCH_BUFFERS: usize = 8;

#[cfg(test)]
mod tests;
