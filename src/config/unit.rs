//! Times and sizes as configuration files write them (manual, "Time format").
//!
//! Pure text to number; `word::Words` attaches the place.

use std::fmt;

/// A unit of time, for values written without a suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Minutes.
    M,
    /// Hours.
    H,
    /// Days.
    D,
}

impl Unit {
    const fn us(self) -> u64 {
        match self {
            Self::Us => 1,
            Self::Ms => 1_000,
            Self::S => 1_000_000,
            Self::M => 60_000_000,
            Self::H => 3_600_000_000,
            Self::D => 86_400_000_000,
        }
    }

    fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "us" => Some(Self::Us),
            "ms" => Some(Self::Ms),
            "s" => Some(Self::S),
            "m" => Some(Self::M),
            "h" => Some(Self::H),
            "d" => Some(Self::D),
            _ => None,
        }
    }
}

/// Why a time or size was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// No digits, or something else before or after them, at this byte.
    Unexpected {
        /// The character found.
        character: char,
        /// Its offset in the text.
        offset: usize,
    },
    /// Digits are followed by no known unit, from this byte on.
    Suffix {
        /// Offset of the suffix.
        offset: usize,
    },
    /// Nothing there.
    Empty,
    /// More than the largest value.
    Overflow,
}

impl UnitError {
    /// Where in the text the fault begins.
    pub const fn offset(&self) -> usize {
        match self {
            Self::Unexpected { offset, .. } | Self::Suffix { offset } => *offset,
            Self::Empty | Self::Overflow => 0,
        }
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { character, .. } => {
                write!(formatter, "unexpected character '{character}'")
            }
            Self::Suffix { .. } => formatter.write_str("unknown unit"),
            Self::Empty => formatter.write_str("a value is missing"),
            Self::Overflow => formatter.write_str("overflow"),
        }
    }
}

/// Parses a time into milliseconds, rounded up; `default` is the unit of bare numbers.
pub fn parse_time_ms(text: &str, default: Unit) -> Result<u32, UnitError> {
    let ms = parse_time_us(text, default)?.div_ceil(1_000);
    u32::try_from(ms)
        .ok()
        .filter(|&ms| ms <= TIME_MS_MAX)
        .ok_or(UnitError::Overflow)
}

/// Parses a time into seconds, rounded up, for ages that exceed the timers' range; a bare
/// number counts seconds.
pub fn parse_time_s(text: &str) -> Result<u32, UnitError> {
    let seconds = parse_time_us(text, Unit::S)?.div_ceil(1_000_000);
    u32::try_from(seconds)
        .ok()
        .filter(|&seconds| seconds <= TIME_S_MAX)
        .ok_or(UnitError::Overflow)
}

fn parse_time_us(text: &str, default: Unit) -> Result<u64, UnitError> {
    let (value, suffix, offset) = split_number(text)?;
    let unit = match suffix {
        "" => default,
        _ => Unit::of_suffix(suffix).ok_or_else(|| suffix_error(suffix, offset))?,
    };
    value.checked_mul(unit.us()).ok_or(UnitError::Overflow)
}

/// Parses a size in bytes with an optional `k`, `m` or `g` (powers of 1024).
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let (value, suffix, offset) = split_number(text)?;
    let shift = match suffix {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        _ => return Err(suffix_error(suffix, offset)),
    };
    value.checked_mul(1 << shift).ok_or(UnitError::Overflow)
}

/// The digits' value, what follows them, and where that starts.
fn split_number(text: &str) -> Result<(u64, &str, usize), UnitError> {
    let offset = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, suffix) = text.split_at(offset);
    if !digits.is_empty() {
        let value = digits.parse().map_err(|_| UnitError::Overflow)?;
        return Ok((value, suffix, offset));
    }
    match suffix.chars().next() {
        Some(character) => Err(UnitError::Unexpected { character, offset }),
        None => Err(UnitError::Empty),
    }
}

/// One letter that starts no unit is named; longer endings are unknown units.
fn suffix_error(suffix: &str, offset: usize) -> UnitError {
    match suffix.chars().next() {
        Some(character) if !character.is_ascii_lowercase() => {
            UnitError::Unexpected { character, offset }
        }
        _ => UnitError::Suffix { offset },
    }
}

/// Longest time: the signed 32-bit milliseconds of the timers, about 24.8 days.
pub const TIME_MS_MAX: u32 = 2_147_483_647;

/// Longest age in seconds: about 68 years.
pub const TIME_S_MAX: u32 = 2_147_483_647;

#[cfg(test)]
mod tests;
