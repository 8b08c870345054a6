//! Fetches that look at nothing but the process: constants, variables, dates, randomness
//! (manual, section 7.3.2).

use std::net::IpAddr;

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at, text_at};
use super::super::context::{Context, Cursor, Fetched};
use super::super::language::Language;
use super::super::pending::value_of;
use super::super::value::{Sample, Type, print};
use super::{Fetch, Needs};
use crate::config::model::Place;
use crate::http::uri::parameters::hex_byte;
use crate::sys;

fn always_true<'a>(_context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(true))
}

fn always_false<'a>(_context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(false))
}

/// The argument as text: constants, and what was looked up when the file was read.
fn text<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    text_at(args, 0).map(Sample::Str).into()
}

fn bytes<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    text_at(args, 0).map(Sample::Bin).into()
}

fn meth<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    text_at(args, 0).map(Sample::Method).into()
}

fn int<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    int_at(args, 0).map(Sample::Int).into()
}

fn truth<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    int_at(args, 0)
        .map(|number| Sample::Bool(number != 0))
        .into()
}

fn ip<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    match args.first() {
        Some(Arg::Ip(address)) => Fetched::Found(Sample::of_ip(*address)),
        _ => Fetched::Missing,
    }
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

/// The date in the unit of the second argument, moved by the first.
fn date<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let (seconds, micros) = context.core.engine.clock.date();
    let date = match text_at(args, 1) {
        Some(b"ms") => seconds
            .saturating_mul(1_000)
            .saturating_add(i64::from(micros / 1_000)),
        Some(b"us") => seconds
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(micros)),
        _ => seconds,
    };
    let offset = int_at(args, 0).unwrap_or(0);
    Fetched::Found(Sample::Int(date.saturating_add(offset)))
}

fn date_us<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let (_, micros) = context.core.engine.clock.date();
    Fetched::Found(Sample::Int(i64::from(micros)))
}

fn rand<'a>(_context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let Ok(seed) = sys::random::seed() else {
        return Fetched::Missing;
    };
    // The upper half as a fraction of the range.
    let fraction = i128::from(seed >> 32);
    let range = i128::from(int_at(args, 0).unwrap_or(1 << 32));
    let number = i64::try_from((fraction * range) >> 32);
    number.ok().map(Sample::Int).into()
}

/// A random identifier (RFC 9562, section 5.4).
fn uuid<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let (Ok(high), Ok(low)) = (sys::random::seed(), sys::random::seed()) else {
        return Fetched::Missing;
    };
    let text = print(
        context.arena,
        format_args!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            ((low >> 48) & 0x3fff) | 0x8000,
            low & 0xffff_ffff_ffff,
        ),
    );
    Fetched::Found(Sample::Str(text))
}

fn act_conn<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Int(i64::from(context.core.state.sessions)))
}

fn nbproc<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let count = context.core.config.global.nbproc.max(1);
    Fetched::Found(Sample::Int(i64::from(count)))
}

fn proc<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Int(i64::from(context.core.process.number)))
}

fn pid<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Int(i64::from(context.core.process.pid)))
}

/// A process has one thread, which is the first.
const fn thread<'a>(_context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Int(0))
}

fn stopping<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    Fetched::Found(Sample::Bool(context.core.state.stopping))
}

fn cpu_calls<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    let scheduler = &context.core.engine.scheduler;
    let calls = context.session.map(|session| scheduler.calls(session.task));
    calls.map(|calls| Sample::Int(i64::from(calls))).into()
}

/// Times of tasks are not measured, which other implementations report as 0 too.
const fn not_measured<'a>(
    _context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    Fetched::Found(Sample::Int(0))
}

/// The line of the last rule that ended a set of them.
fn last_rule(context: &Context<'_>) -> Option<Place> {
    context.session?.transaction.as_deref()?.last_rule
}

fn last_rule_file<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    let file = last_rule(context).and_then(|place| usize::try_from(place.file).ok());
    let name = file.and_then(|file| context.core.config.files.get(file));
    name.map(|name| Sample::Str(name.as_bytes())).into()
}

fn last_rule_line<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    last_rule(context)
        .map(|place| Sample::Int(i64::from(place.line)))
        .into()
}

fn check_bin(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let digits = text_at(args, 0).unwrap_or_default();
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| hex_byte(*high, *low))
        .collect();
    let bytes = bytes.filter(|_| rest.is_empty());
    let bytes = bytes.ok_or("an even number of hexadecimal digits is expected")?;
    *args = vec![Arg::Str(bytes.into())];
    Ok(())
}

fn check_bool(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let value = match text_at(args, 0).unwrap_or_default() {
        b"true" | b"1" => 1,
        b"false" | b"0" => 0,
        _ => return Err(String::from("'true', 'false', '1' or '0' is expected")),
    };
    *args = vec![Arg::Int(value)];
    Ok(())
}

fn check_ipv4(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match args.first() {
        Some(Arg::Ip(IpAddr::V4(_))) => Ok(()),
        _ => Err(String::from("an IPv4 address is expected")),
    }
}

fn check_ipv6(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match args.first() {
        Some(Arg::Ip(IpAddr::V6(_))) => Ok(()),
        _ => Err(String::from("an IPv6 address is expected")),
    }
}

fn check_date(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match text_at(args, 1) {
        None | Some(b"s" | b"ms" | b"us") => Ok(()),
        Some(unit) => {
            let unit = String::from_utf8_lossy(unit);
            Err(format!(
                "unknown unit '{unit}': 's', 'ms' or 'us' is expected"
            ))
        }
    }
}

/// The environment is that of the moment in which the file is read.
fn check_env(language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let name = text_at(args, 0).unwrap_or_default();
    let name = std::str::from_utf8(name).unwrap_or_default();
    let value = language.environment.value(name);
    *args = vec![value.map_or(Arg::Absent, |value| Arg::Str(value.into()))];
    Ok(())
}

fn check_hostname(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    *args = vec![Arg::Str(sys::process::host_name().into_bytes().into())];
    Ok(())
}

fn check_rand(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match int_at(args, 0) {
        Some(range) if !(0..=1 << 32).contains(&range) => {
            Err(String::from("the range is a number from 0 to 4294967296"))
        }
        _ => Ok(()),
    }
}

fn check_uuid(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match int_at(args, 0) {
        None | Some(0 | 4) => Ok(()),
        Some(_) => Err(String::from("Unsupported UUID version: only 4 is there")),
    }
}

const NOTHING: Needs = Needs::NOTHING;
const STRING: ArgSpec = ArgSpec::all(&[ArgKind::Str]);
const ADDRESS: ArgSpec = ArgSpec::all(&[ArgKind::Ip]);
const NUMBER: ArgSpec = ArgSpec::some(0, &[ArgKind::Int]);

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("act_conn", Type::Int, NOTHING, act_conn).doc("Sessions that the process holds."),
    Fetch::new("always_false", Type::Bool, NOTHING, always_false).doc("False."),
    Fetch::new("always_true", Type::Bool, NOTHING, always_true).doc("True."),
    Fetch::new("bin", Type::Bin, NOTHING, bytes)
        .args(STRING, "bin(<hex>)")
        .checked(check_bin)
        .doc("The bytes that these digits write."),
    Fetch::new("bool", Type::Bool, NOTHING, truth)
        .args(STRING, "bool(<bool>)")
        .checked(check_bool)
        .doc("True or false."),
    Fetch::new("cpu_calls", Type::Int, NOTHING, cpu_calls).doc("How often the session's task ran."),
    Fetch::new("cpu_ns_avg", Type::Int, NOTHING, not_measured)
        .doc("0: the time that the session's task takes is not measured."),
    Fetch::new("cpu_ns_tot", Type::Int, NOTHING, not_measured)
        .doc("0: the time that the session's task takes is not measured."),
    Fetch::new("date", Type::Int, NOTHING, date)
        .args(
            ArgSpec::some(0, &[ArgKind::Int, ArgKind::Str]),
            "date([<offset>[,<unit>]])",
        )
        .checked(check_date)
        .doc("The date in seconds since 1970, or in ms or us."),
    Fetch::new("date_us", Type::Int, NOTHING, date_us).doc("The microseconds of the date."),
    Fetch::new("env", Type::Str, NOTHING, text)
        .args(STRING, "env(<name>)")
        .checked(check_env)
        .doc("The value of an environment variable."),
    Fetch::new("hostname", Type::Str, NOTHING, text)
        .checked(check_hostname)
        .doc("The machine's name."),
    Fetch::new("int", Type::Int, NOTHING, int)
        .args(ArgSpec::all(&[ArgKind::Int]), "int(<integer>)")
        .doc("The number."),
    Fetch::new("ipv4", Type::Ip4, NOTHING, ip)
        .args(ADDRESS, "ipv4(<ipv4>)")
        .checked(check_ipv4)
        .doc("The IPv4 address."),
    Fetch::new("ipv6", Type::Ip6, NOTHING, ip)
        .args(ADDRESS, "ipv6(<ipv6>)")
        .checked(check_ipv6)
        .doc("The IPv6 address."),
    Fetch::new("last_rule_file", Type::Str, NOTHING, last_rule_file)
        .doc("The file of the last rule that ended a set of rules."),
    Fetch::new("last_rule_line", Type::Int, NOTHING, last_rule_line)
        .doc("The line of the last rule that ended a set of rules."),
    Fetch::new("lat_ns_avg", Type::Int, NOTHING, not_measured)
        .doc("0: the time that the session's task waits is not measured."),
    Fetch::new("lat_ns_tot", Type::Int, NOTHING, not_measured)
        .doc("0: the time that the session's task waits is not measured."),
    Fetch::new("meth", Type::Method, NOTHING, meth)
        .args(STRING, "meth(<method>)")
        .doc("The method."),
    Fetch::new("nbproc", Type::Int, NOTHING, nbproc).doc("How many processes serve."),
    Fetch::new("pid", Type::Int, NOTHING, pid).doc("The number of the process in the system."),
    Fetch::new("proc", Type::Int, NOTHING, proc)
        .doc("The number of the process among its siblings, from 1."),
    Fetch::new("rand", Type::Int, NOTHING, rand)
        .args(NUMBER, "rand([<range>])")
        .checked(check_rand)
        .doc("A random number from 0 to below the range."),
    Fetch::new("stopping", Type::Bool, NOTHING, stopping).doc("True while the process stops."),
    Fetch::new("str", Type::Str, NOTHING, text)
        .args(STRING, "str(<string>)")
        .doc("The text."),
    Fetch::new("thread", Type::Int, NOTHING, thread).doc("The number of the thread, 0."),
    Fetch::new("uuid", Type::Str, NOTHING, uuid)
        .args(NUMBER, "uuid([<version>])")
        .checked(check_uuid)
        .doc("A random UUID of version 4."),
    Fetch::new("var", Type::Any, NOTHING, variable)
        .args(
            ArgSpec::some(1, &[ArgKind::Variable, ArgKind::Str]),
            "var(<name>[,<default>])",
        )
        .doc("The value of a variable, or the default."),
];
