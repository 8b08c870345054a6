//! Converters that set and unset variables on the way (manual, section 7.3.1).
//!
//! What they do is noted (see [`super::super::pending`]); the sample goes on as it came.

use super::super::arg::{Arg, ArgKind};
use super::super::context::Context;
use super::super::language::Language;
use super::super::pending::{exists, note, value_of};
use super::super::value::{Sample, Type};
use super::super::variables::Variable;
use super::prepared::{self, Prepared};
use super::{Converter, lossy_at, replace};

/// When `set-var` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetIf {
    /// `ifempty`: the input has no bytes.
    Empty,
    /// `ifexists`: the variable has or had a value.
    Exists,
    /// `ifgt`: the variable's number is greater than the input.
    Greater,
    /// `iflt`: the variable's number is less than the input.
    Less,
    /// `ifnotempty`
    NotEmpty,
    /// `ifnotexists`
    NotExists,
    /// `ifnotset`
    NotSet,
    /// `ifset`: the variable has a value.
    Set,
}

impl SetIf {
    fn holds<'a>(self, context: &Context<'a>, variable: Variable, sample: &Sample<'a>) -> bool {
        let is_empty = sample.raw().is_some_and(<[u8]>::is_empty);
        let compared = || match (value_of(context, variable), sample) {
            (Some(Sample::Int(old)), Sample::Int(new)) => Some(old.cmp(new)),
            _ => None,
        };
        match self {
            Self::Empty => is_empty,
            Self::NotEmpty => !is_empty,
            Self::Exists => exists(context, variable),
            Self::NotExists => !exists(context, variable),
            Self::Set => value_of(context, variable).is_some(),
            Self::NotSet => value_of(context, variable).is_none(),
            // What cannot be compared does not stand in the way.
            Self::Greater => compared().is_none_or(std::cmp::Ordering::is_gt),
            Self::Less => compared().is_none_or(std::cmp::Ordering::is_lt),
        }
    }
}

fn set_var<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let variable = variable(args)?;
    let holds = (1..args.len()).all(|index| match prepared::at(args, index) {
        Some(Prepared::SetIf(condition)) => condition.holds(context, variable, &sample),
        _ => true,
    });
    if holds {
        note(context, variable, Some(sample));
    }
    Some(sample)
}

fn unset_var<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    note(context, variable(args)?, None);
    Some(sample)
}

fn variable(args: &[Arg]) -> Option<Variable> {
    match args.first() {
        Some(Arg::Variable(variable)) => Some(*variable),
        _ => None,
    }
}

fn check_conditions(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    for index in 1..args.len() {
        let name = lossy_at(args, index);
        if name.is_empty() {
            continue;
        }
        let known = CONDITIONS.iter().find(|(known, _)| *known == name);
        let Some((_, condition)) = known else {
            return Err(format!("unknown condition \"{name}\""));
        };
        replace(args, index, Arg::Prepared(Prepared::SetIf(*condition)));
    }
    Ok(())
}

const CONDITIONS: &[(&str, SetIf)] = &[
    ("ifempty", SetIf::Empty),
    ("ifexists", SetIf::Exists),
    ("ifgt", SetIf::Greater),
    ("iflt", SetIf::Less),
    ("ifnotempty", SetIf::NotEmpty),
    ("ifnotexists", SetIf::NotExists),
    ("ifnotset", SetIf::NotSet),
    ("ifset", SetIf::Set),
];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("set-var", (Type::Any, Type::Any), set_var)
        .takes(
            1,
            &[
                ArgKind::Variable,
                ArgKind::Str,
                ArgKind::Str,
                ArgKind::Str,
                ArgKind::Str,
            ],
        )
        .checked(check_conditions)
        .says("set-var(<var>[,<cond>...])", "Sets a variable on the way."),
    Converter::new("unset-var", (Type::Any, Type::Any), unset_var)
        .takes(1, &[ArgKind::Variable])
        .says("unset-var(<var>)", "Unsets a variable on the way."),
];
