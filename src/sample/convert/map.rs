//! Maps: a value for a key, out of a file (manual, section 7.3.1, `map`).
//!
//! The name says how keys match and what values are: `map_beg_int`. Values are checked when
//! the file is loaded, and read again at each look-up, since commands may change them.

use std::net::IpAddr;

use super::super::acl::input_of;
use super::super::arg::{Arg, ArgKind};
use super::super::compute::regsub;
use super::super::context::Context;
use super::super::language::{Language, PatternId};
use super::super::pattern::{MatchMethod, Options};
use super::super::value::{Sample, Type};
use super::{Converter, built_text, lossy_at, replace};

fn find<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
    (method, output): (MatchMethod, Type),
) -> Option<Sample<'a>> {
    let patterns = context.core.patterns(file_of(args)?);
    let hit = input_of(method, sample, context).and_then(|input| patterns.lookup(input));
    match hit {
        Some(hit) => value(hit.value()?, output),
        None => default(args),
    }
}

/// As [`find`], with what the groups of the expression matched put into the value.
fn find_with_groups<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let patterns = context.core.patterns(file_of(args)?);
    let input = input_of(MatchMethod::Reg, sample, context)?;
    let Some((hit, groups)) = patterns.lookup_captures(input, context.arena) else {
        return default(args);
    };
    let template = hit.value()?;
    built_text(context, |out| {
        let group = |number| groups.group(number).unwrap_or_default();
        regsub::push_replacement(template, group, out);
    })
}

fn file_of(args: &[Arg]) -> Option<PatternId> {
    match args.first() {
        Some(Arg::Patterns(id)) => Some(*id),
        _ => None,
    }
}

/// What is returned for a key that the map does not have.
fn default(args: &[Arg]) -> Option<Sample<'_>> {
    match args.get(1)? {
        Arg::Str(text) => Some(Sample::Str(text)),
        Arg::Int(number) => Some(Sample::Int(*number)),
        Arg::Ip(address) => Some(Sample::of_ip(*address)),
        _ => None,
    }
}

/// The value of an entry; `None` when it is not of the type.
fn value(text: &[u8], output: Type) -> Option<Sample<'_>> {
    let utf8 = || std::str::from_utf8(text).ok();
    match output {
        Type::Int => utf8()?.parse().ok().map(Sample::Int),
        Type::Addr => utf8()?.parse::<IpAddr>().ok().map(Sample::of_ip),
        _ => Some(Sample::Str(text)),
    }
}

/// Loads the file.
fn check(
    language: &mut Language,
    args: &mut [Arg],
    (method, output): (MatchMethod, Type),
) -> Result<(), String> {
    let file = lossy_at(args, 0);
    let id = language.load_patterns(&file, Options::new(method), true, None)?;
    let source = language.patterns.get(id.index());
    let entries = source.iter().flat_map(|source| source.list.entries());
    for entry in entries {
        let text = entry.value.unwrap_or_default();
        if value(text, output).is_none() {
            let shown = String::from_utf8_lossy(text);
            let line = entry.reference;
            return Err(format!(
                "unable to parse '{shown}' at line {line} of file '{file}'"
            ));
        }
    }
    replace(args, 0, Arg::Patterns(id));
    Ok(())
}

/// An entry of the table: name, method, type of the key, type of the value.
macro_rules! map {
    ($name:literal, $method:ident, $input:ident, $output:ident, $default:ident) => {
        Converter::new(
            $name,
            (Type::$input, Type::$output),
            |context, args, sample| {
                find(context, args, sample, (MatchMethod::$method, Type::$output))
            },
        )
        .takes(1, &[ArgKind::Str, ArgKind::$default])
        .checked(|language, args| check(language, args, (MatchMethod::$method, Type::$output)))
        .says(
            concat!($name, "(<map_file>[,<default_value>])"),
            "The value that a map has for the key.",
        )
    };
}

pub(super) static CONVERTERS: &[Converter] = &[
    map!("map", Str, Str, Str, Str),
    map!("map_beg", Beg, Str, Str, Str),
    map!("map_beg_int", Beg, Str, Int, Int),
    map!("map_beg_ip", Beg, Str, Addr, Ip),
    map!("map_dir", Dir, Str, Str, Str),
    map!("map_dir_int", Dir, Str, Int, Int),
    map!("map_dir_ip", Dir, Str, Addr, Ip),
    map!("map_dom", Dom, Str, Str, Str),
    map!("map_dom_int", Dom, Str, Int, Int),
    map!("map_dom_ip", Dom, Str, Addr, Ip),
    map!("map_end", End, Str, Str, Str),
    map!("map_end_int", End, Str, Int, Int),
    map!("map_end_ip", End, Str, Addr, Ip),
    map!("map_int", Int, Int, Str, Str),
    map!("map_int_int", Int, Int, Int, Int),
    map!("map_int_ip", Int, Int, Addr, Ip),
    map!("map_ip", Ip, Addr, Str, Str),
    map!("map_ip_int", Ip, Addr, Int, Int),
    map!("map_ip_ip", Ip, Addr, Addr, Ip),
    map!("map_reg", Reg, Str, Str, Str),
    map!("map_reg_int", Reg, Str, Int, Int),
    map!("map_reg_ip", Reg, Str, Addr, Ip),
    Converter::new("map_regm", (Type::Str, Type::Str), find_with_groups)
        .takes(1, &[ArgKind::Str, ArgKind::Str])
        .checked(|language, args| check(language, args, (MatchMethod::Reg, Type::Str)))
        .says(
            "map_regm(<map_file>[,<default_value>])",
            "The value that a map has, with the groups of the match in it.",
        ),
    map!("map_str", Str, Str, Str, Str),
    map!("map_str_int", Str, Str, Int, Int),
    map!("map_str_ip", Str, Str, Addr, Ip),
    map!("map_sub", Sub, Str, Str, Str),
    map!("map_sub_int", Sub, Str, Int, Int),
    map!("map_sub_ip", Sub, Str, Addr, Ip),
];
