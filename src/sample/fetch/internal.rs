//! Fetches that look at nothing but the process: constants, variables, dates, randomness
//! (manual, section 7.3.2).

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at};
use super::super::context::{Context, Cursor, Fetched};
use super::super::pending::value_of;
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};

fn always_true<'a>(_context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(true))
}

fn always_false<'a>(_context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(false))
}

fn text<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match args.first() {
        Some(Arg::Str(text)) => Fetched::Found(Sample::Str(text)),
        _ => Fetched::Missing,
    }
}

fn int<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    int_at(args, 0).map(Sample::Int).into()
}

fn variable<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let found = match args.first() {
        Some(Arg::Variable(variable)) => value_of(context, *variable),
        _ => None,
    };
    match (found, args.get(1)) {
        (None, Some(Arg::Str(default))) => Fetched::Found(Sample::Str(default)),
        (found, _) => found.into(),
    }
}

pub(super) static FETCHES: &[Fetch] = &[
    Fetch {
        name: "always_false",
        args: ArgSpec::NONE,
        output: Type::Bool,
        needs: Needs::NOTHING,
        usage: "always_false",
        doc: "False.",
        check: None,
        run: always_false,
    },
    Fetch {
        name: "always_true",
        args: ArgSpec::NONE,
        output: Type::Bool,
        needs: Needs::NOTHING,
        usage: "always_true",
        doc: "True.",
        check: None,
        run: always_true,
    },
    Fetch {
        name: "int",
        args: ArgSpec::all(&[ArgKind::Int]),
        output: Type::Int,
        needs: Needs::NOTHING,
        usage: "int(<integer>)",
        doc: "The number.",
        check: None,
        run: int,
    },
    Fetch {
        name: "str",
        args: ArgSpec::all(&[ArgKind::Str]),
        output: Type::Str,
        needs: Needs::NOTHING,
        usage: "str(<string>)",
        doc: "The text.",
        check: None,
        run: text,
    },
    Fetch {
        name: "var",
        args: ArgSpec::some(1, &[ArgKind::Variable, ArgKind::Str]),
        output: Type::Any,
        needs: Needs::NOTHING,
        usage: "var(<name>[,<default>])",
        doc: "The value of a variable, or the default.",
        check: None,
        run: variable,
    },
];
