//! Rates: how many events there were in the last second, or in a period of choice.
//!
//! Each counter keeps the current and the previous interval. The rate over the last full
//! interval is estimated as the current count plus the share of the previous one that the
//! sliding window still covers. Owned by whatever is counted; time is given to every call.

use super::tick::Tick;

/// Events per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FreqCounter {
    second: u64,
    current: u32,
    previous: u32,
}

impl FreqCounter {
    /// Counts `events` at `now_us` of the monotonic clock; the count of this second so far.
    pub fn add(&mut self, now_us: u64, events: u32) -> u32 {
        *self = self.rotated(now_us);
        self.current = self.current.saturating_add(events);
        self.current
    }

    /// Events per second at `now_us`.
    pub fn read(&self, now_us: u64) -> u32 {
        let at = self.rotated(now_us);
        // One event is shown for two seconds rather than as a rate that flaps to 0.
        if at.previous <= 1 && at.current == 0 {
            return at.previous;
        }
        at.current.saturating_add(at.share_of_previous(now_us))
    }

    /// How many events fit under `limit` per second at `now_us` when `pending` are on their
    /// way already.
    pub fn remain(&self, now_us: u64, limit: u32, pending: u32) -> u32 {
        limit.saturating_sub(self.load(now_us, pending))
    }

    /// Milliseconds until one more event fits under `limit` per second, 0 for now, when
    /// `pending` are on their way already.
    pub fn next_event_delay(&self, now_us: u64, limit: u32, pending: u32) -> u32 {
        let load = self.load(now_us, pending);
        if load < limit {
            return 0;
        }
        (999 / load.max(1)).max(1)
    }

    fn load(&self, now_us: u64, pending: u32) -> u32 {
        let at = self.rotated(now_us);
        let events = if at.previous == 1 && at.current == 0 {
            1
        } else {
            at.current.saturating_add(at.share_of_previous(now_us))
        };
        events.saturating_add(pending)
    }

    /// The counter as it stands at `now_us`, with seconds that have passed moved on.
    fn rotated(&self, now_us: u64) -> Self {
        let second = now_us / SECOND_US;
        let previous = match second.saturating_sub(self.second) {
            0 => return *self,
            1 => self.current,
            _ => 0,
        };
        Self {
            second,
            current: 0,
            previous,
        }
    }

    fn share_of_previous(&self, now_us: u64) -> u32 {
        let left_ms = 1000 - now_us % SECOND_US / 1000;
        scaled(self.previous, left_ms, 1000)
    }
}

/// Events in a period of choice, as stick tables count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeriodCounter {
    start: Tick,
    current: u32,
    previous: u32,
}

impl PeriodCounter {
    /// Counts `events` at `now` for periods of `period_ms`, always the same for a counter;
    /// the count of this period so far.
    pub fn add(&mut self, now: Tick, period_ms: u32, events: u32) -> u32 {
        *self = self.rotated(now, period_ms);
        self.current = self.current.saturating_add(events);
        self.current
    }

    /// Events in the last `period_ms` at `now`.
    pub fn read(&self, now: Tick, period_ms: u32) -> u32 {
        let at = self.rotated(now, period_ms);
        if at.previous <= 1 && at.current == 0 {
            return at.previous;
        }
        let elapsed_ms = now.raw().wrapping_sub(at.start.raw());
        let left_ms = period_ms.saturating_sub(elapsed_ms);
        let share = scaled(at.previous, u64::from(left_ms), u64::from(period_ms.max(1)));
        at.current.saturating_add(share)
    }

    fn rotated(&self, now: Tick, period_ms: u32) -> Self {
        if !self.start.is_set() {
            return Self {
                start: now,
                ..Self::default()
            };
        }
        let elapsed_ms = now.raw().wrapping_sub(self.start.raw());
        // Another process that shares the counter may be a little ahead of this clock.
        let ahead_ms = self.start.raw().wrapping_sub(now.raw());
        if elapsed_ms < period_ms || ahead_ms < CLOCK_SKEW_MS {
            return *self;
        }
        if elapsed_ms / 2 < period_ms {
            return Self {
                start: self.start.add(period_ms),
                current: 0,
                previous: self.current,
            };
        }
        Self {
            start: now,
            current: 0,
            previous: 0,
        }
    }
}

/// `count * part / whole`, where `part` is at most `whole`.
fn scaled(count: u32, part: u64, whole: u64) -> u32 {
    u32::try_from(u64::from(count).saturating_mul(part) / whole).unwrap_or(u32::MAX)
}

const SECOND_US: u64 = 1_000_000;
const CLOCK_SKEW_MS: u32 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = SECOND_US;

    #[test]
    fn a_rate_slides_from_one_second_into_the_next() {
        let mut rate = FreqCounter::default();
        assert_eq!(rate.add(5 * S, 100), 100);
        assert_eq!(rate.read(5 * S + S / 2), 100);
        assert_eq!(rate.read(6 * S), 100);
        assert_eq!(rate.read(6 * S + S / 4), 75);
        assert_eq!(rate.add(6 * S + S / 2, 10), 10);
        assert_eq!(rate.read(6 * S + S / 2), 60);
        assert_eq!(rate.read(8 * S), 0);
    }

    #[test]
    fn a_single_event_does_not_flap() {
        let mut rate = FreqCounter::default();
        rate.add(S, 1);
        assert_eq!(rate.read(2 * S + 999_999), 1);
        assert_eq!(rate.read(3 * S), 0);
    }

    #[test]
    fn a_limit_tells_what_remains_and_how_long_to_wait() {
        let mut rate = FreqCounter::default();
        assert_eq!(rate.next_event_delay(S, 10, 0), 0);
        rate.add(S, 10);
        assert_eq!(rate.remain(S, 10, 0), 0);
        assert_eq!(rate.remain(S, 12, 1), 1);
        assert_eq!(rate.next_event_delay(S, 10, 0), 99);
        assert_eq!(rate.next_event_delay(2 * S + S / 2, 10, 0), 0);
        assert_eq!(rate.next_event_delay(2 * S + S / 2, 10, 5), 99);
        assert_eq!(rate.next_event_delay(9 * S, 0, 0), 999);
        rate.add(S, u32::MAX);
        assert_eq!(rate.next_event_delay(S, 10, 7), 1);
    }

    #[test]
    fn a_period_counter_slides_over_its_period() {
        let start = Tick::from_ms(u32::MAX - 5_000);
        let mut rate = PeriodCounter::default();
        assert_eq!(rate.read(start, 10_000), 0);
        rate.add(start, 10_000, 40);
        assert_eq!(rate.read(start.add(9_999), 10_000), 40);
        assert_eq!(rate.read(start.add(15_000), 10_000), 20);
        assert_eq!(rate.add(start.add(15_000), 10_000, 2), 2);
        assert_eq!(rate.read(start.add(15_000), 10_000), 22);
        assert_eq!(rate.read(start.add(40_000), 10_000), 0);
    }

    #[test]
    fn a_period_counter_forgets_what_is_a_month_old() {
        let start = Tick::from_ms(7);
        let mut rate = PeriodCounter::default();
        rate.add(start, 10_000, 40);
        assert_eq!(rate.read(start.add(30 * 24 * 3_600_000), 10_000), 0);
    }

    #[test]
    fn a_counter_shared_with_a_process_that_is_ahead_is_left_alone() {
        let mut rate = PeriodCounter::default();
        rate.add(Tick::from_ms(1_000_005), 10_000, 40);
        assert_eq!(rate.read(Tick::from_ms(1_000_000), 10_000), 40);
    }

    #[test]
    fn a_period_of_zero_counts_nothing_for_long() {
        let mut rate = PeriodCounter::default();
        rate.add(Tick::from_ms(5), 0, 3);
        assert_eq!(rate.read(Tick::from_ms(6), 0), 0);
    }
}
