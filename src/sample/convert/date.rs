//! Converters of dates (manual, section 7.3.1).

use std::ffi::CString;
use std::sync::Arc;

use super::super::arg::{Arg, ArgKind, int_at, text_at};
use super::super::compute::date::{self, Unit};
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::prepared::{self, Prepared};
use super::{Converter, built, lossy_at, replace};
use crate::sys::clock::Zone;

/// A date by the format of the first argument; the second is an offset.
fn formatted<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
    (zone, unit): (Zone, Unit),
) -> Option<Sample<'a>> {
    let Some(Prepared::DateFormat(format)) = prepared::at(args, 0) else {
        return None;
    };
    let date = sample
        .as_int()?
        .saturating_add(int_at(args, 1).unwrap_or(0));
    let made = built(context, |out| {
        date::format_date(format, zone, date, unit, out)
    });
    made.map(Sample::Str)
}

fn check_format(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let format = text_at(args, 0).unwrap_or_default();
    let format = CString::new(format).map_err(|_| String::from("a format has no null byte"))?;
    let format = Prepared::DateFormat(Arc::from(format.into_boxed_c_str()));
    replace(args, 0, Arg::Prepared(format));
    Ok(())
}

fn http_date<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let unit = match prepared::at(args, 1) {
        Some(Prepared::Unit(unit)) => *unit,
        _ => Unit::Seconds,
    };
    let date = sample
        .as_int()?
        .saturating_add(int_at(args, 0).unwrap_or(0));
    built(context, |out| date::http_date(date, unit, out)).map(Sample::Str)
}

fn check_unit(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let unit = match lossy_at(args, 1).as_str() {
        "" => return Ok(()),
        "s" => Unit::Seconds,
        "ms" => Unit::Milliseconds,
        "us" => Unit::Microseconds,
        other => return Err(format!("expects 's', 'ms' or 'us', got '{other}'")),
    };
    replace(args, 1, Arg::Prepared(Prepared::Unit(unit)));
    Ok(())
}

/// An entry of the table: name, zone and unit.
macro_rules! date {
    ($name:literal, $zone:ident, $unit:ident, $doc:literal) => {
        Converter::new($name, (Type::Int, Type::Str), |context, args, sample| {
            formatted(context, args, sample, (Zone::$zone, Unit::$unit))
        })
        .takes(0, &[ArgKind::Str, ArgKind::Int])
        .checked(check_format)
        .says(concat!($name, "(<format>[,<offset>])"), $doc)
    };
}

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("http_date", (Type::Int, Type::Str), http_date)
        .takes(0, &[ArgKind::Int, ArgKind::Str])
        .checked(check_unit)
        .says(
            "http_date([<offset>[,<unit>]])",
            "A date as header fields have it.",
        ),
    date!("ltime", Local, Seconds, "A date in local time."),
    date!(
        "ms_ltime",
        Local,
        Milliseconds,
        "Milliseconds in local time."
    ),
    date!("ms_utime", Utc, Milliseconds, "Milliseconds in UTC."),
    date!(
        "us_ltime",
        Local,
        Microseconds,
        "Microseconds in local time."
    ),
    date!("us_utime", Utc, Microseconds, "Microseconds in UTC."),
    date!("utime", Utc, Seconds, "A date in UTC."),
];
