//! Time for one turn of the loop: read once after the wait, the same for everybody since.
//!
//! Owned by the engine, read by all. The wall clock is the monotonic clock plus an offset
//! that is looked up ten times a second at most, so that a turn costs one reading. A manual
//! clock stands still until a test advances it.

use super::tick::Tick;
use crate::sys::clock;

/// The current moment as ticks, microseconds and date.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    monotonic_us: u64,
    now_ms: Tick,
    /// Microseconds since 1970 at monotonic 0.
    wall_offset_us: i64,
    wall_read_us: u64,
}

impl Clock {
    /// The clock of the system.
    pub fn new() -> Self {
        let mut clock = Self::at(Source::System, clock::monotonic_us());
        clock.read_wall();
        clock
    }

    /// A clock that only [`Self::advance`] moves, at 1000 s after its start.
    pub fn manual() -> Self {
        Self::manual_at(1_000_000)
    }

    /// A manual clock at `ms`, such as shortly before the ticks wrap.
    pub fn manual_at(ms: u32) -> Self {
        Self::at(Source::Manual, u64::from(ms) * 1000)
    }

    /// Moves a manual clock forward; the system's clock moves by itself.
    pub fn advance(&mut self, ms: u32) {
        if self.source == Source::Manual {
            self.set(self.monotonic_us.saturating_add(u64::from(ms) * 1000));
        }
    }

    /// Reads the system's clock; called once per turn, after the wait.
    pub fn update(&mut self) {
        if self.source == Source::Manual {
            return;
        }
        self.set(clock::monotonic_us());
        if self.monotonic_us.saturating_sub(self.wall_read_us) >= WALL_PERIOD_US {
            self.read_wall();
        }
    }

    /// The current tick.
    pub fn now_ms(&self) -> Tick {
        self.now_ms
    }

    /// Microseconds of the monotonic clock.
    pub fn monotonic_us(&self) -> u64 {
        self.monotonic_us
    }

    /// The date: seconds since 1970 (UTC) and microseconds.
    pub fn date(&self) -> (i64, u32) {
        let since_start = i64::try_from(self.monotonic_us).unwrap_or(i64::MAX);
        let micros = self.wall_offset_us.saturating_add(since_start);
        let fraction = u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0);
        (micros.div_euclid(1_000_000), fraction)
    }

    /// Reads the system's clock without moving this one; a manual clock tells its time.
    pub(super) fn read_us(&self) -> u64 {
        match self.source {
            Source::System => clock::monotonic_us(),
            Source::Manual => self.monotonic_us,
        }
    }

    /// Milliseconds from `from_us`, not before this clock's moment, until `tick`, rounded up:
    /// a wait that ends early would find nothing expired and turn in circles. `None` for
    /// never.
    pub(super) fn wait_until_ms(&self, tick: Tick, from_us: u64) -> Option<u32> {
        let left_ms = u64::from(tick.remaining_ms(self.now_ms)?);
        let whole_ms_us = self.monotonic_us - self.monotonic_us % 1000;
        let expiry_us = whole_ms_us.saturating_add(left_ms * 1000);
        let wait_ms = expiry_us.saturating_sub(from_us).div_ceil(1000);
        Some(u32::try_from(wait_ms).unwrap_or(u32::MAX))
    }

    fn at(source: Source, monotonic_us: u64) -> Self {
        let mut clock = Self {
            source,
            monotonic_us: 0,
            now_ms: Tick::ETERNITY,
            wall_offset_us: MANUAL_OFFSET_US,
            wall_read_us: 0,
        };
        clock.set(monotonic_us);
        clock
    }

    fn set(&mut self, monotonic_us: u64) {
        self.monotonic_us = monotonic_us;
        self.now_ms = Tick::from_ms(wrapped_ms(monotonic_us));
    }

    fn read_wall(&mut self) {
        let (secs, micros) = clock::wall();
        let wall_us = secs
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(micros));
        let since_start = i64::try_from(self.monotonic_us).unwrap_or(i64::MAX);
        self.wall_offset_us = wall_us.saturating_sub(since_start);
        self.wall_read_us = self.monotonic_us;
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The share of time that the loop spends waiting.
#[derive(Clone, Debug)]
pub(super) struct IdleMeter {
    period_start_us: u64,
    idle_us: u64,
    percent: u32,
}

impl IdleMeter {
    pub(super) fn new(now_us: u64) -> Self {
        Self {
            period_start_us: now_us,
            idle_us: 0,
            percent: 100,
        }
    }

    /// Adds a wait of `idle_us` that ended at `now_us`.
    pub(super) fn record(&mut self, idle_us: u64, now_us: u64) {
        self.idle_us = self.idle_us.saturating_add(idle_us);
        let period_us = now_us.saturating_sub(self.period_start_us);
        if period_us < IDLE_PERIOD_US {
            return;
        }
        let percent = self.idle_us.min(period_us).saturating_mul(100) / period_us;
        self.percent = u32::try_from(percent).unwrap_or(100);
        self.period_start_us = now_us;
        self.idle_us = 0;
    }

    pub(super) fn percent(&self) -> u32 {
        self.percent
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    System,
    Manual,
}

/// The low 32 bits of the milliseconds, as ticks wrap.
fn wrapped_ms(us: u64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a tick is a wrapping counter"
    )]
    let ms = (us / 1000) as u32;
    ms
}

/// A step of the wall clock is noticed this soon.
const WALL_PERIOD_US: u64 = 100_000;
const IDLE_PERIOD_US: u64 = 500_000;
/// The manual clock's date at 0: 2001-09-09 01:46:40 UTC.
const MANUAL_OFFSET_US: i64 = 1_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told() {
        let mut clock = Clock::manual();
        let start = clock.now_ms();
        clock.update();
        assert_eq!(clock.now_ms(), start);
        clock.advance(1500);
        assert_eq!(clock.now_ms(), start.add(1500));
        assert_eq!(clock.date(), (1_000_001_001, 500_000));
    }

    #[test]
    fn ticks_wrap_and_never_are_zero() {
        let mut clock = Clock::manual_at(u32::MAX);
        let before = clock.now_ms();
        clock.advance(1);
        assert_eq!(clock.now_ms().raw(), 1);
        assert!(before.is_before(clock.now_ms()));
    }

    #[test]
    fn the_date_follows_the_system() {
        let now = Clock::new();
        let (secs, _) = clock::wall();
        assert!((now.date().0 - secs).abs() <= 1);
    }

    #[test]
    fn waits_are_rounded_up() {
        let mut clock = Clock::manual();
        clock.set(1_000_000_300);
        let expiry = clock.now_ms().add(10);
        assert_eq!(clock.wait_until_ms(expiry, 1_000_000_300), Some(10));
        assert_eq!(clock.wait_until_ms(expiry, 1_000_001_000), Some(9));
        assert_eq!(clock.wait_until_ms(expiry, 1_000_009_999), Some(1));
        assert_eq!(clock.wait_until_ms(expiry, 1_000_010_000), Some(0));
        assert_eq!(clock.wait_until_ms(expiry, 1_000_020_000), Some(0));
        assert_eq!(clock.wait_until_ms(Tick::ETERNITY, 0), None);
    }

    #[test]
    fn idle_is_the_share_of_half_a_second() {
        let mut idle = IdleMeter::new(0);
        idle.record(100_000, 400_000);
        assert_eq!(idle.percent(), 100);
        idle.record(25_000, 500_000);
        assert_eq!(idle.percent(), 25);
        idle.record(0, 1_000_000);
        assert_eq!(idle.percent(), 0);
    }
}
