//! Dates as texts: `ltime`, `utime`, their relatives in milliseconds and microseconds, and
//! `http_date`.
//!
//! Formats are those of strftime(3) of the C library, as the manual says; the zone is what
//! the process read at its start, so that a chroot does not change it.
//! Invariant: what a format may write is bounded by [`clock::FORMATTED_LEN_MAX`].

use crate::sys::clock::{self, Zone};
use std::ffi::CStr;
use std::io::Write;

/// How many of a number's units make one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `ltime`, `utime`.
    Seconds,
    /// `ms_ltime`, `ms_utime`.
    Milliseconds,
    /// `us_ltime`, `us_utime`.
    Microseconds,
}

impl Unit {
    fn per_second(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Milliseconds => 1_000,
            Self::Microseconds => 1_000_000,
        }
    }

    /// Whole seconds, rounded down, and nanoseconds.
    fn split(self, date: i64) -> (i64, u32) {
        let nanoseconds = date.rem_euclid(self.per_second()) * (1_000_000_000 / self.per_second());
        (
            date.div_euclid(self.per_second()),
            u32::try_from(nanoseconds).unwrap_or(0),
        )
    }
}

/// Appends `date`, in `unit` since 1970, by a format of strftime(3). With fractions of a
/// second, `%N` stands for the nanoseconds and `%3N` for the first three digits of them.
/// False when the year or the text is too long.
#[must_use]
pub fn format_date(format: &CStr, zone: Zone, date: i64, unit: Unit, out: &mut Vec<u8>) -> bool {
    let (secs, nanoseconds) = unit.split(date);
    if unit == Unit::Seconds {
        return clock::format_time(format, zone, secs, out);
    }
    let mut room = [0; FORMAT_LEN_MAX];
    let Some(format) = with_fraction(format.to_bytes(), nanoseconds, &mut room) else {
        return false;
    };
    clock::format_time(format, zone, secs, out)
}

/// Appends `date`, in `unit` since 1970, as HTTP writes dates (RFC 9110, section 5.6.7), with
/// milliseconds or microseconds when the unit has them (converter `http_date`).
#[must_use]
pub fn http_date(date: i64, unit: Unit, out: &mut Vec<u8>) -> bool {
    let (secs, nanoseconds) = unit.split(date);
    let start = out.len();
    if !clock::format_time(c"%a, %d %b %Y %H:%M:%S", Zone::Utc, secs, out) {
        return false;
    }
    let written = match unit {
        Unit::Seconds => write!(out, " GMT"),
        Unit::Milliseconds => write!(out, ".{:03} GMT", nanoseconds / 1_000_000),
        Unit::Microseconds => write!(out, ".{:06} GMT", nanoseconds / 1_000),
    };
    if written.is_err() {
        out.truncate(start);
    }
    written.is_ok()
}

/// The format with `%N` and `%3N` replaced by digits, in `room`; `None` when it is too small.
fn with_fraction<'a>(format: &[u8], nanoseconds: u32, room: &'a mut [u8]) -> Option<&'a CStr> {
    let mut digits = [b'0'; 9];
    write!(&mut digits[..], "{nanoseconds:09}").ok()?;
    let mut length = 0;
    let mut rest = format;
    while let Some((&byte, after)) = rest.split_first() {
        let (piece, after) = match rest {
            [b'%', b'N', after @ ..] => (&digits[..], after),
            [b'%', width @ b'1'..=b'9', b'N', after @ ..] => {
                (digits.get(..usize::from(width - b'0'))?, after)
            }
            [b'%', b'%', after @ ..] => (&b"%%"[..], after),
            _ => (std::slice::from_ref(&byte), after),
        };
        let end = length + piece.len();
        room.get_mut(length..end)?.copy_from_slice(piece);
        (length, rest) = (end, after);
    }
    *room.get_mut(length)? = 0;
    CStr::from_bytes_with_nul(room.get(..=length)?).ok()
}

/// Formats with fractions of a second are put together on the stack.
const FORMAT_LEN_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(format: &CStr, date: i64, unit: Unit) -> String {
        let mut out = Vec::new();
        assert!(format_date(format, Zone::Utc, date, unit, &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formats_as_the_reference_prints_them() {
        let at = 1_700_000_000;
        assert_eq!(utc(c"%Y%m%d%H%M%S", at, Unit::Seconds), "20231114221320");
        assert_eq!(
            utc(c"%a %j %U %p %s %z %%", at, Unit::Seconds),
            "Tue 318 46 PM 1700000000 +0000 %"
        );
        assert_eq!(utc(c"", at, Unit::Seconds), "");
        assert_eq!(utc(c"%-d|%05d|%^a", at, Unit::Seconds), "14|00014|TUE");
    }

    #[test]
    fn fractions_of_a_second() {
        let at = 1_700_000_000_012_345;
        assert_eq!(
            utc(c"%S.%6N %3N %N %%N", at, Unit::Microseconds),
            "20.012345 012 012345000 %N"
        );
        assert_eq!(utc(c"%s.%3N", -1, Unit::Milliseconds), "-1.999");
        let long = std::ffi::CString::new("x".repeat(600)).unwrap();
        assert!(!format_date(
            &long,
            Zone::Utc,
            0,
            Unit::Milliseconds,
            &mut Vec::new()
        ));
    }

    #[test]
    fn dates_of_headers() {
        let mut out = Vec::new();
        assert!(http_date(1_700_000_000, Unit::Seconds, &mut out));
        assert_eq!(out, b"Tue, 14 Nov 2023 22:13:20 GMT");
        out.clear();
        assert!(http_date(1_700_000_000_123, Unit::Milliseconds, &mut out));
        assert_eq!(out, b"Tue, 14 Nov 2023 22:13:20.123 GMT");
        assert!(!http_date(i64::MAX, Unit::Seconds, &mut out));
    }

    proptest! {
        #[test]
        fn any_format_and_date_end(format in "[ -~]{0,20}", date in any::<i64>()) {
            let format = std::ffi::CString::new(format).unwrap();
            for unit in [Unit::Seconds, Unit::Milliseconds, Unit::Microseconds] {
                let mut out = Vec::new();
                let _ = format_date(&format, Zone::Local, date, unit, &mut out);
                prop_assert!(out.len() <= clock::FORMATTED_LEN_MAX);
            }
        }
    }
}
