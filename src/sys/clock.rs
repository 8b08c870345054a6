//! The kernel's clocks, and the conversion of a date into local time.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A date split the way logs and HTTP print it, in the local time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Full year, such as 2024.
    pub year: i32,
    /// Month from 1 to 12.
    pub month: u32,
    /// Day of the month from 1.
    pub day: u32,
    /// Hour from 0 to 23.
    pub hour: u32,
    /// Minute from 0 to 59.
    pub minute: u32,
    /// Second from 0 to 60 (leap second).
    pub second: u32,
    /// Day of the week, 0 is Sunday.
    pub weekday: u32,
    /// Seconds east of UTC.
    pub gmt_offset_secs: i64,
}

/// Microseconds of `CLOCK_MONOTONIC`, which never steps back.
pub fn monotonic_us() -> u64 {
    let (secs, micros) = read(libc::CLOCK_MONOTONIC);
    let secs = u64::try_from(secs).unwrap_or(0);
    secs.saturating_mul(1_000_000)
        .saturating_add(u64::from(micros))
}

/// The wall clock: seconds since 1970 and microseconds.
pub fn wall() -> (i64, u32) {
    read(libc::CLOCK_REALTIME)
}

/// Converts seconds since 1970 with the time zone of the environment (`TZ`, /etc/localtime).
/// `None` when the year does not fit.
pub fn local_time(secs: i64) -> Option<LocalTime> {
    let mut broken_down = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call; localtime_r fills the second or returns null.
    let filled = unsafe { libc::localtime_r(&raw const secs, broken_down.as_mut_ptr()) };
    if filled.is_null() {
        return None;
    }
    // SAFETY: localtime_r returned non-null, so it has written the whole structure.
    let tm = unsafe { broken_down.assume_init() };
    Some(LocalTime::from_tm(&tm))
}

/// Converts seconds since 1970 to UTC. `None` when the year does not fit.
pub fn utc_time(secs: i64) -> Option<LocalTime> {
    let mut broken_down = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call; gmtime_r fills the second or returns null.
    let filled = unsafe { libc::gmtime_r(&raw const secs, broken_down.as_mut_ptr()) };
    if filled.is_null() {
        return None;
    }
    // SAFETY: gmtime_r returned non-null, so it has written the whole structure.
    let tm = unsafe { broken_down.assume_init() };
    Some(LocalTime::from_tm(&tm))
}

/// Where a date is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The zone of the environment (`TZ`, /etc/localtime).
    Local,
    /// Universal time.
    Utc,
}

/// The longest text that [`format_time`] writes, in bytes.
pub const FORMATTED_LEN_MAX: usize = 16_384;

/// Appends a date by a format of strftime(3). False, with `out` as it was, when the year does
/// not fit or the text is longer than [`FORMATTED_LEN_MAX`].
#[must_use]
pub fn format_time(format: &CStr, zone: Zone, secs: i64, out: &mut Vec<u8>) -> bool {
    if format.is_empty() {
        return true;
    }
    let mut tm = MaybeUninit::<libc::tm>::uninit();
    let filled = match zone {
        // SAFETY: both pointers are valid for the call; localtime_r fills the second.
        Zone::Local => unsafe { libc::localtime_r(&raw const secs, tm.as_mut_ptr()) },
        // SAFETY: both pointers are valid for the call; gmtime_r fills the second.
        Zone::Utc => unsafe { libc::gmtime_r(&raw const secs, tm.as_mut_ptr()) },
    };
    if filled.is_null() {
        return false;
    }
    let start = out.len();
    let mut room = 256;
    while room <= FORMATTED_LEN_MAX {
        out.resize(start.saturating_add(room), 0);
        let text = out.get_mut(start..).unwrap_or_default();
        // SAFETY: the text is ours for its length, the format ends in NUL, `tm` was filled.
        let length = unsafe {
            libc::strftime(
                text.as_mut_ptr().cast(),
                text.len(),
                format.as_ptr(),
                tm.as_ptr(),
            )
        };
        if length > 0 {
            out.truncate(start.saturating_add(length));
            return true;
        }
        room *= 4; // 0 says that the text did not fit
    }
    out.truncate(start);
    false
}

impl LocalTime {
    fn from_tm(tm: &libc::tm) -> Self {
        let part = |value: libc::c_int| u32::try_from(value).unwrap_or(0);
        Self {
            year: tm.tm_year.saturating_add(1900),
            month: part(tm.tm_mon).saturating_add(1),
            day: part(tm.tm_mday),
            hour: part(tm.tm_hour),
            minute: part(tm.tm_min),
            second: part(tm.tm_sec),
            weekday: part(tm.tm_wday),
            gmt_offset_secs: tm.tm_gmtoff,
        }
    }
}

/// Blocks the process. Only for the set-up phase and for a poller that fails, never in a
/// working loop.
pub fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

fn read(clock: libc::clockid_t) -> (i64, u32) {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a valid timespec for the call to fill; on failure it stays zero.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    (now.tv_sec, u32::try_from(now.tv_nsec / 1000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_does_not_step_back() {
        let first = monotonic_us();
        assert!(first > 0);
        assert!(monotonic_us() >= first);
    }

    #[test]
    fn local_time_undone_by_its_offset_is_the_date() {
        let secs: i64 = 1_700_000_000; // 2023-11-14 22:13:20 UTC, a Tuesday
        let time = local_time(secs).unwrap();
        let second_of_day = i64::from(time.hour * 3600 + time.minute * 60 + time.second);
        assert_eq!(
            (secs + time.gmt_offset_secs).rem_euclid(86_400),
            second_of_day
        );
        assert_eq!((time.year, time.month), (2023, 11));
        assert!(local_time(i64::MAX).is_none());
        let utc = utc_time(secs).unwrap();
        assert_eq!(
            (utc.day, utc.hour, utc.minute, utc.second),
            (14, 22, 13, 20)
        );
        assert_eq!((utc.weekday, utc.gmt_offset_secs), (2, 0));
    }
}
