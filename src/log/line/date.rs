//! Dates as logs print them, made once per second and kept.
//!
//! Owned by `Logs`. Requests of the last few seconds and the headers of lines leaving now
//! ask for the same handful of seconds, so a small table by second answers nearly all. The
//! slots are cells: variables of formats ask while everything around is borrowed.

use std::cell::RefCell;

use super::text::{Sink, push_padded, push_u32};
use crate::sys::clock::{self, LocalTime};

/// Texts of the seconds asked for lately.
#[derive(Debug)]
pub struct Dates {
    slots: [RefCell<Second>; SLOT_COUNT],
}

/// The texts of one second.
#[derive(Debug)]
struct Second {
    secs: Option<i64>,
    /// `21/Nov/2026:07:06:44`, local time.
    traffic: Vec<u8>,
    /// `21/Nov/2026:01:36:44 +0000`.
    gmt: Vec<u8>,
    /// `Nov 21 07:06:44`, local time, the day padded by a space (RFC 3164).
    syslog: Vec<u8>,
    /// `2026-11-21T07:06:44`, local time.
    iso: Vec<u8>,
    /// `+05:30`.
    offset: Vec<u8>,
}

impl Dates {
    /// No second known yet.
    pub fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| RefCell::new(Second::empty())),
        }
    }

    /// Appends `[21/Nov/2026:07:06:44.400]`, local time.
    pub fn push_traffic(&self, out: &mut impl Sink, date: (i64, u32)) {
        out.push(b'[');
        self.push_stamp(out, date);
        out.push(b']');
    }

    /// Appends `21/Nov/2026:07:06:44.400`, local time (`%t`, `%tr`).
    pub fn push_stamp(&self, out: &mut impl Sink, (secs, micros): (i64, u32)) {
        self.with_second(secs, |second| out.extend_from_slice(&second.traffic));
        out.push(b'.');
        push_padded(out, 3, micros / 1000);
    }

    /// Appends `21/Nov/2026:01:36:44 +0000` (`%T`, `%trg`).
    pub fn push_gmt(&self, out: &mut impl Sink, secs: i64) {
        self.with_second(secs, |second| out.extend_from_slice(&second.gmt));
    }

    /// Appends `21/Nov/2026:07:06:44 +0530`, local time (`%Tl`, `%trl`).
    pub fn push_local(&self, out: &mut impl Sink, secs: i64) {
        self.with_second(secs, |second| {
            out.extend_from_slice(&second.traffic);
            out.push(b' ');
            for byte in second.offset.iter().filter(|byte| **byte != b':') {
                out.push(*byte);
            }
        });
    }

    /// Appends `Nov 21 07:06:44`, local time (RFC 3164, section 4.1.2).
    pub fn push_syslog(&self, out: &mut impl Sink, secs: i64) {
        self.with_second(secs, |second| out.extend_from_slice(&second.syslog));
    }

    /// Appends `2026-11-21T07:06:50.732541+05:30`, local time (RFC 5424, section 6.2.3).
    pub fn push_iso(&self, out: &mut impl Sink, (secs, micros): (i64, u32)) {
        self.with_second(secs, |second| {
            out.extend_from_slice(&second.iso);
            out.push(b'.');
            push_padded(out, 6, micros);
            out.extend_from_slice(&second.offset);
        });
    }

    /// Shows the texts of a second, made when they are not at hand.
    fn with_second(&self, secs: i64, show: impl FnOnce(&Second)) {
        let index = usize::try_from(secs.rem_euclid(SLOT_COUNT_I64)).unwrap_or(0);
        // What shows a second never asks for another one.
        let mut slot = self.slots[index % SLOT_COUNT].borrow_mut();
        if slot.secs != Some(secs) {
            slot.fill(secs);
        }
        show(&slot);
    }
}

impl Default for Dates {
    fn default() -> Self {
        Self::new()
    }
}

impl Second {
    /// Room for the texts, so that filling it never allocates.
    fn empty() -> Self {
        let text = || Vec::with_capacity(TEXT_LEN_MAX);
        Self {
            secs: None,
            traffic: text(),
            gmt: text(),
            syslog: text(),
            iso: text(),
            offset: text(),
        }
    }

    fn fill(&mut self, secs: i64) {
        self.secs = Some(secs);
        let local = clock::local_time(secs).unwrap_or(EPOCH);
        let gmt = clock::utc_time(secs).unwrap_or(EPOCH);
        self.traffic.clear();
        push_common(&mut self.traffic, &local);
        self.gmt.clear();
        push_common(&mut self.gmt, &gmt);
        self.gmt.extend_from_slice(b" +0000");
        self.syslog.clear();
        push_rfc3164(&mut self.syslog, &local);
        self.iso.clear();
        push_rfc3339(&mut self.iso, &local);
        self.offset.clear();
        push_offset(&mut self.offset, local.gmt_offset_secs);
    }
}

fn push_common(out: &mut impl Sink, time: &LocalTime) {
    push_padded(out, 2, time.day);
    out.push(b'/');
    out.extend_from_slice(month_name(time));
    out.push(b'/');
    push_padded(out, 4, year(time));
    out.push(b':');
    push_clock(out, time);
}

fn push_rfc3164(out: &mut impl Sink, time: &LocalTime) {
    out.extend_from_slice(month_name(time));
    out.push(b' ');
    if time.day < 10 {
        out.push(b' ');
    }
    push_u32(out, time.day);
    out.push(b' ');
    push_clock(out, time);
}

fn push_rfc3339(out: &mut impl Sink, time: &LocalTime) {
    push_padded(out, 4, year(time));
    out.push(b'-');
    push_padded(out, 2, time.month);
    out.push(b'-');
    push_padded(out, 2, time.day);
    out.push(b'T');
    push_clock(out, time);
}

fn push_clock(out: &mut impl Sink, time: &LocalTime) {
    push_padded(out, 2, time.hour);
    out.push(b':');
    push_padded(out, 2, time.minute);
    out.push(b':');
    push_padded(out, 2, time.second);
}

fn push_offset(out: &mut impl Sink, offset_secs: i64) {
    out.push(if offset_secs < 0 { b'-' } else { b'+' });
    let minutes = u32::try_from(offset_secs.unsigned_abs() / 60).unwrap_or(0);
    push_padded(out, 2, minutes / 60);
    out.push(b':');
    push_padded(out, 2, minutes % 60);
}

fn year(time: &LocalTime) -> u32 {
    u32::try_from(time.year).unwrap_or(0)
}

fn month_name(time: &LocalTime) -> &'static [u8] {
    let index = usize::try_from(time.month.saturating_sub(1)).unwrap_or(0);
    MONTHS.get(index).copied().unwrap_or(b"Jan")
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// `21/Nov/2026:01:36:44 +0000` is the longest.
const TEXT_LEN_MAX: usize = 26;
const SLOT_COUNT: usize = 16;
const SLOT_COUNT_I64: i64 = 16;

/// Stands in for a date whose year does not fit.
const EPOCH: LocalTime = LocalTime {
    year: 1970,
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    weekday: 4,
    gmt_offset_secs: 0,
};

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: LocalTime = LocalTime {
        year: 2026,
        month: 11,
        day: 1,
        hour: 7,
        minute: 6,
        second: 4,
        weekday: 0,
        gmt_offset_secs: -12_600,
    };

    fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_local_date_in_each_shape() {
        assert_eq!(
            text_of(|out| push_common(out, &TIME)),
            "01/Nov/2026:07:06:04"
        );
        assert_eq!(text_of(|out| push_rfc3164(out, &TIME)), "Nov  1 07:06:04");
        assert_eq!(
            text_of(|out| push_rfc3339(out, &TIME)),
            "2026-11-01T07:06:04"
        );
        assert_eq!(text_of(|out| push_offset(out, -12_600)), "-03:30");
        assert_eq!(text_of(|out| push_offset(out, 19_800)), "+05:30");
        assert_eq!(text_of(|out| push_offset(out, 0)), "+00:00");
    }

    #[test]
    fn seconds_that_share_a_slot_do_not_mix() {
        let dates = Dates::new();
        let first = 1_795_224_997; // 2026-11-21 01:36:37 UTC
        for secs in [first, first + SLOT_COUNT_I64, first] {
            let seconds = 37 + (secs - first);
            let expected = format!("21/Nov/2026:01:36:{seconds} +0000");
            assert_eq!(text_of(|out| dates.push_gmt(out, secs)), expected);
        }
    }

    #[test]
    fn a_year_that_does_not_fit_is_the_first_one() {
        let text = text_of(|out| Dates::new().push_traffic(out, (i64::MAX, 999_999)));
        assert_eq!(text, "[01/Jan/1970:00:00:00.999]");
        let text = text_of(|out| Dates::new().push_gmt(out, -1));
        assert_eq!(text, "31/Dec/1969:23:59:59 +0000");
    }
}
