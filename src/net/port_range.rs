//! Source ports of a `source ADDRESS:LOW-HIGH` setting, taken in turn.
//!
//! Owned by the state of the server or backend that has the setting; connecting takes a
//! port, closing the connection puts it back. Rotation keeps a port unused for as long as
//! possible after it was put back, so that the server has left its TIME_WAIT by then.

use std::collections::VecDeque;

/// The free ports of a range.
#[derive(Clone, Debug)]
pub struct PortRange {
    free: VecDeque<u16>,
    low: u16,
    high: u16,
}

impl PortRange {
    /// All ports from `low` to `high`, inclusive; allocates once.
    pub fn new(low: u16, high: u16) -> Self {
        Self {
            free: (low..=high).collect(),
            low,
            high,
        }
    }

    /// The port that has been free longest; `None` when all are in use.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    /// Gives a port back. One of another range is ignored.
    pub fn put(&mut self, port: u16) {
        if (self.low..=self.high).contains(&port) && self.free.len() < self.size() {
            self.free.push_back(port);
        }
    }

    /// Ports free now.
    pub fn available(&self) -> usize {
        self.free.len()
    }

    /// Ports in the range.
    pub fn size(&self) -> usize {
        usize::from(self.high.saturating_sub(self.low)) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_rotate_and_run_out() {
        let mut range = PortRange::new(65_533, 65_535);
        assert_eq!((range.take(), range.take()), (Some(65_533), Some(65_534)));
        range.put(65_533);
        assert_eq!(range.available(), 2);
        assert_eq!((range.take(), range.take()), (Some(65_535), Some(65_533)));
        assert_eq!(range.take(), None);
    }

    #[test]
    fn foreign_ports_are_not_taken_in() {
        let mut range = PortRange::new(10, 11);
        range.take().unwrap();
        range.put(9);
        assert_eq!(range.available(), 1);
        range.put(10);
        range.put(10);
        assert_eq!(range.available(), range.size());
    }
}
