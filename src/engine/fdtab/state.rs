//! The small types of `fdtab`: directions, their poll states, and sets of events.
//!
//! Plain values without a rule of their own: how states follow each other is the business of
//! `fdtab` and its `scan`.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A direction of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Receiving, and accepting.
    Read,
    /// Sending, and the end of connecting.
    Write,
}

impl Direction {
    /// Both, in the order in which they are served.
    pub const BOTH: [Self; 2] = [Self::Read, Self::Write];
}

/// What is being done about a direction; see the module for the way from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollState {
    /// Nothing is wanted, and the kernel reports nothing.
    Idle,
    /// Wanted, and attempted without asking the kernel first.
    Spec,
    /// Wanted, and the kernel tells when it is possible.
    Wait,
    /// Not wanted any more, but the kernel has not been told.
    Stop,
}

/// What was reported for a descriptor: a set of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet(u8);

impl EventSet {
    /// No event.
    pub const NONE: Self = Self(0);
    /// Data, a connection, or an end of file can be read.
    pub const IN: Self = Self(0x01);
    /// There is room to write.
    pub const OUT: Self = Self(0x02);
    /// An error is pending.
    pub const ERR: Self = Self(0x04);
    /// Both directions are closed.
    pub const HUP: Self = Self(0x08);
    /// The peer has closed its sending direction.
    pub const RDHUP: Self = Self(0x10);
    /// Events that stay set once they were reported.
    pub const STICKY: Self = Self(Self::ERR.0 | Self::HUP.0 | Self::RDHUP.0);
    const FOR_READ: Self = Self(Self::IN.0 | Self::ERR.0 | Self::HUP.0 | Self::RDHUP.0);
    const FOR_WRITE: Self = Self(Self::OUT.0 | Self::ERR.0 | Self::HUP.0);

    /// True when any of `events` is in the set.
    pub const fn has(self, events: Self) -> bool {
        self.0 & events.0 != 0
    }

    /// True when there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set less `events`.
    #[must_use]
    pub const fn without(self, events: Self) -> Self {
        Self(self.0 & !events.0)
    }

    /// True when an event concerns `direction`.
    pub(in crate::engine) const fn concerns(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.has(Self::FOR_READ),
            Direction::Write => self.has(Self::FOR_WRITE),
        }
    }
}

impl BitOr for EventSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for EventSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// A set of directions, such as those the kernel watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directions(u8);

impl Directions {
    /// Neither.
    pub const NONE: Self = Self(0);
    /// Receiving.
    pub const READ: Self = Self(0x01);
    /// Sending.
    pub const WRITE: Self = Self(0x02);

    /// True when `direction` is in the set.
    pub const fn has(self, direction: Direction) -> bool {
        self.0 & Self::of(direction).0 != 0
    }

    /// True when the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set of one direction.
    pub const fn of(direction: Direction) -> Self {
        match direction {
            Direction::Read => Self::READ,
            Direction::Write => Self::WRITE,
        }
    }
}

impl BitOr for Directions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Directions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Directions {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & 0x03)
    }
}

/// The states of both directions, two bits each: the read direction in the low ones.
#[derive(Clone, Copy, Default)]
pub(super) struct States(u8);

impl States {
    pub(super) fn of(self, direction: Direction) -> PollState {
        match self.0 >> Self::shift(direction) & 0x03 {
            0 => PollState::Idle,
            1 => PollState::Spec,
            2 => PollState::Wait,
            _ => PollState::Stop,
        }
    }

    pub(super) fn set(&mut self, direction: Direction, state: PollState) {
        let shift = Self::shift(direction);
        self.0 = self.0 & !(0x03 << shift) | (state as u8) << shift;
    }

    /// The directions in `state`.
    pub(super) fn all(self, state: PollState) -> Directions {
        let mut all = Directions::NONE;
        for direction in Direction::BOTH {
            if self.of(direction) == state {
                all = all | Directions::of(direction);
            }
        }
        all
    }

    const fn shift(direction: Direction) -> u8 {
        match direction {
            Direction::Read => 0,
            Direction::Write => 2,
        }
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}/{:?}",
            self.of(Direction::Read),
            self.of(Direction::Write)
        )
    }
}
