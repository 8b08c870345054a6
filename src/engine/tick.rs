//! Ticks: moments on a wrapping millisecond counter, as dev7 keeps them.
//!
//! A tick is 32 bits wide, so a task, a channel and a stream interface can each hold several
//! at little cost. Zero is reserved for "never" ([`Tick::ETERNITY`]); arithmetic never yields
//! it. Order is the signed difference, right for moments less than 24 days apart.

use std::fmt;

/// A moment in milliseconds of the process's monotonic clock, or [`Tick::ETERNITY`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Tick(u32);

impl Tick {
    /// Never: a timer that is not set.
    pub const ETERNITY: Self = Self(0);

    /// The tick of a millisecond counter; 0 becomes 1, since 0 means never.
    pub const fn from_ms(ms: u32) -> Self {
        Self(if ms == 0 { 1 } else { ms })
    }

    /// The raw counter, 0 for never.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The moment `delay_ms` after this one. Eternity stays eternity.
    pub const fn add(self, delay_ms: u32) -> Self {
        if self.0 == 0 {
            return self;
        }
        Self::from_ms(self.0.wrapping_add(delay_ms))
    }

    /// The moment `delay_ms` after `self`, or never when the delay is 0 (an unset timeout).
    pub const fn add_if_set(self, delay_ms: u32) -> Self {
        if delay_ms == 0 {
            return Self::ETERNITY;
        }
        self.add(delay_ms)
    }

    /// True when a moment is set at all.
    pub const fn is_set(self) -> bool {
        self.0 != 0
    }

    /// True when the moment is set and not after `now`.
    pub const fn is_expired(self, now: Self) -> bool {
        self.0 != 0 && self.0.wrapping_sub(now.0).cast_signed() <= 0
    }

    /// True when `self` is strictly before `other`; both must be set.
    pub const fn is_before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() < 0
    }

    /// The earlier of two moments, ignoring one that is never.
    pub const fn first(self, other: Self) -> Self {
        if self.0 == 0 || (other.0 != 0 && other.is_before(self)) {
            return other;
        }
        self
    }

    /// Milliseconds from `now` to this moment, 0 when it has passed, `None` for never.
    pub const fn remaining_ms(self, now: Self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let left = self.0.wrapping_sub(now.0);
        Some(if left.cast_signed() <= 0 { 0 } else { left })
    }
}

impl fmt::Debug for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("never");
        }
        write!(f, "{}ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_never_and_arithmetic_never_yields_it() {
        assert!(!Tick::ETERNITY.is_set());
        assert_eq!(Tick::from_ms(u32::MAX).add(1).raw(), 1);
        assert_eq!(Tick::ETERNITY.add(5), Tick::ETERNITY);
        assert_eq!(Tick::from_ms(7).add_if_set(0), Tick::ETERNITY);
    }

    #[test]
    fn order_survives_the_wrap() {
        let before = Tick::from_ms(u32::MAX - 1);
        let after = before.add(10);
        assert!(before.is_before(after));
        assert!(before.is_expired(after));
        assert!(!after.is_expired(before));
        assert_eq!(after.remaining_ms(before), Some(10));
    }

    #[test]
    fn first_ignores_never() {
        let t = Tick::from_ms(9);
        assert_eq!(Tick::ETERNITY.first(t), t);
        assert_eq!(t.first(Tick::ETERNITY), t);
        assert_eq!(t.first(t.add(1)), t);
    }
}
