//! Limits of compression in the `global` section: level, rate, processor time, memory.

use std::ops::RangeInclusive;

use super::Build;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line};
use crate::config::section::global::entry;

/// The keywords, sorted by name.
pub(super) static TABLE: &[Keyword<Build>] = &[
    entry(
        "maxcompcpuusage",
        "maxcompcpuusage <percent>",
        "Compresses less, or not at all, while the process is busier than this.",
        "1.5",
        |build, line| {
            let expected = "expects an integer argument between 0 and 100.";
            let percent = number(line, 0..=100, expected)?;
            build.config.global.compression_idle_min = 100 - percent;
            Ok(())
        },
    ),
    entry(
        "maxcomprate",
        "maxcomprate <kilobytes>",
        "Compresses less, or not at all, beyond so many kilobytes of input per second.",
        "1.5",
        |build, line| {
            let expected = "expects an integer argument in kb/s.";
            let kilobytes = number(line, 0..=u32::MAX, expected)?;
            build.config.global.compression_rate_max = kilobytes.saturating_mul(1024);
            Ok(())
        },
    ),
    entry(
        "maxzlibmem",
        "maxzlibmem <megabytes>",
        "Most memory for compression; responses beyond it are sent as they are.",
        "1.5",
        |build, line| {
            let megabytes = number(line, 0..=u32::MAX, "expects an integer argument.")?;
            build.config.global.compression_memory_mb = megabytes;
            Ok(())
        },
    ),
    entry(
        "tune.comp.maxlevel",
        "tune.comp.maxlevel <1..9>",
        "Highest level of compression: 1 is fastest, 9 yields least bytes.",
        "1.5",
        |build, line| {
            let level = number(line, 1..=9, "expects a numeric value between 1 and 9")?;
            build.config.global.tuning.compression_level_max = u8::try_from(level).unwrap_or(1);
            Ok(())
        },
    ),
];

/// The one argument of the line; the error for another one says what is `expected`.
fn number(line: &Line, range: RangeInclusive<u32>, expected: &str) -> Parse<u32> {
    let given = line.words.get(1).and_then(|word| word.text().parse().ok());
    let Some(number) = given.filter(|number| range.contains(number)) else {
        let name = line.words.name();
        return Err(line.words.error(1, format!("'{name}' {expected}")));
    };
    line.words.end(2)?;
    Ok(number)
}

#[cfg(test)]
mod tests;
