//! The converter `regsub`: what an expression matches, replaced (manual, section 7.3.1).

use std::sync::{Arc, Mutex};

use regex::bytes::{CaptureLocations, Regex};

use super::super::arg::{Arg, ArgKind, text_at};
use super::super::compute::regsub::{self, Groups};
use super::super::context::Context;
use super::super::language::Language;
use super::super::pattern::compile;
use super::super::value::{Sample, Type};
use super::prepared::{self, Prepared};
use super::{Converter, built, lossy_at, replace};

/// An expression and what its matches become.
#[derive(Debug)]
pub struct Substitution {
    regex: Regex,
    /// Room for the places of groups, used again and again.
    locations: Mutex<CaptureLocations>,
    replacement: Box<[u8]>,
    /// What the replacement is at least long, its groups left out.
    least_len: usize,
    /// All matches are replaced, not only the first.
    all: bool,
}

impl Substitution {
    /// Appends the text with its matches replaced; false when that is more than `limit`.
    fn apply(&self, text: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let mut own;
        let mut shared;
        let locations = match self.locations.try_lock() {
            Ok(lock) => {
                shared = lock;
                &mut *shared
            }
            // Another thread has it, or had it when it panicked.
            Err(_) => {
                own = self.regex.capture_locations();
                &mut own
            }
        };
        let mut left = (limit / self.least_len.max(1)).saturating_add(2);
        let find = |text: &[u8], from: usize, groups: &mut Groups| {
            left = left.saturating_sub(1);
            left > 0 && self.find(text, from, groups, locations)
        };
        regsub::regsub(text, &self.replacement, self.all, out, find);
        left > 0
    }

    fn find(
        &self,
        text: &[u8],
        from: usize,
        groups: &mut Groups,
        locations: &mut CaptureLocations,
    ) -> bool {
        let found = self.regex.captures_read_at(locations, text, from).is_some();
        for (number, group) in groups.iter_mut().enumerate() {
            *group = locations.get(number).map(|(start, end)| start..end);
        }
        found
    }
}

fn run<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let Some(Prepared::Substitution(substitution)) = prepared::at(args, 0) else {
        return None;
    };
    let text = sample.raw()?;
    let limit = context.core.bufsize();
    built(context, |out| substitution.apply(text, limit, out)).map(Sample::Str)
}

fn check(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let flags = lossy_at(args, 2);
    if let Some(flag) = flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        return Err(format!(
            "invalid regex flag '{flag}', only 'i' and 'g' are supported"
        ));
    }
    let pattern = text_at(args, 0).unwrap_or_default();
    let replacement = text_at(args, 1).unwrap_or_default();
    regsub::check_replacement(replacement).map_err(|error| {
        let shown = String::from_utf8_lossy(replacement);
        format!(
            "'\\' at the end or before a wrong '\\x' in '{shown}', byte {}",
            error.offset
        )
    })?;
    let regex = compile(pattern, flags.contains('i')).map_err(|error| error.to_string())?;
    let mut literal = Vec::new();
    regsub::push_replacement(replacement, |_| b"", &mut literal);
    let substitution = Substitution {
        least_len: literal.len(),
        locations: Mutex::new(regex.capture_locations()),
        regex,
        replacement: replacement.into(),
        all: flags.contains('g'),
    };
    let prepared = Prepared::Substitution(Arc::new(substitution));
    replace(args, 0, Arg::Prepared(prepared));
    Ok(())
}

pub(super) static CONVERTERS: &[Converter] =
    &[Converter::new("regsub", (Type::Str, Type::Str), run)
        .takes(2, &[ArgKind::Str, ArgKind::Str, ArgKind::Str])
        .checked(check)
        .says(
            "regsub(<regex>,<subst>[,<flags>])",
            "The text with what an expression matches replaced.",
        )];
