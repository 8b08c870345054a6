//! The dates and durations of a request that its log line shows.

/// Moments are microseconds of the monotonic clock, durations milliseconds; -1 means that
/// the stage was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Wall-clock date of the accept, or of the end of the request before, in microseconds.
    pub date_us: u64,
    /// Moment of that date.
    pub start_us: u64,
    /// Moment of the first byte of the request.
    pub request_us: u64,
    /// Until the request's head was complete (`Tq`), from `start_us`.
    pub request_ms: i32,
    /// Until the server's slot was free (`Tw` counted from the start).
    pub queue_ms: i32,
    /// Until the connection was established, from the start.
    pub connect_ms: i32,
    /// Until the response's head was complete, from the start.
    pub response_ms: i32,
    /// Its place in the server's queue when it joined, from 1; 0 when it never waited there.
    pub server_queue: u32,
    /// Its place in the backend's queue when it joined, from 1; 0 when it never waited there.
    pub backend_queue: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            date_us: 0,
            start_us: 0,
            request_us: 0,
            request_ms: -1,
            queue_ms: -1,
            connect_ms: -1,
            response_ms: -1,
            server_queue: 0,
            backend_queue: 0,
        }
    }
}

impl Timing {
    /// Starts anew at this moment and date: an accept or the end of the previous request.
    pub fn restart(&mut self, now_us: u64, date: (i64, u32)) {
        *self = Self {
            date_us: join_date(date),
            start_us: now_us,
            ..Self::default()
        };
    }

    /// The date as seconds and microseconds.
    pub fn date(&self) -> (i64, u32) {
        split_date(self.date_us)
    }

    /// Milliseconds from the start to `now_us`.
    pub fn since_start_ms(&self, now_us: u64) -> i32 {
        let elapsed = now_us.saturating_sub(self.start_us) / 1_000;
        i32::try_from(elapsed).unwrap_or(i32::MAX)
    }
}

/// Seconds and microseconds as one number; dates before 1970 do not occur.
fn join_date((seconds, micros): (i64, u32)) -> u64 {
    u64::try_from(seconds).unwrap_or(0) * MICROS + u64::from(micros)
}

/// The reverse.
pub(super) fn split_date(date_us: u64) -> (i64, u32) {
    let seconds = i64::try_from(date_us / MICROS).unwrap_or(i64::MAX);
    (seconds, u32::try_from(date_us % MICROS).unwrap_or(0))
}

const MICROS: u64 = 1_000_000;
