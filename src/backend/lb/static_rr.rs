//! `balance static-rr`: weighted turns round the static map.
//!
//! Also the way of `balance source` for clients without an address. Servers at their limit
//! are passed over; unlike with `roundrobin`, sessions that wait for a server do not count.

use super::ChoiceContext;
use super::farm::Farm;
use super::map::ServerMap;

/// The turns of a backend.
#[derive(Debug)]
pub(super) struct StaticRoundRobin {
    map: ServerMap,
    /// The entry whose turn is next.
    index: usize,
}

impl StaticRoundRobin {
    /// Turns that start with the first server.
    pub(super) fn new(farm: &Farm) -> Self {
        Self {
            map: ServerMap::new(farm),
            index: 0,
        }
    }

    /// The next server below its limit, or none.
    pub(super) fn choose(&mut self, farm: &Farm, context: &ChoiceContext<'_>) -> Option<usize> {
        let entries = self.map.entries(farm);
        let start = if self.index < entries.len() {
            self.index
        } else {
            0
        };
        let (before, after) = entries.split_at(start);
        let mut avoided = None;
        for (distance, &slot) in after.iter().chain(before).enumerate() {
            let server = farm.server(slot);
            if !context.is_below_limit(server) {
                continue;
            }
            let next = (start + distance) % entries.len() + 1;
            if context.avoid != Some(server) {
                self.index = next;
                return Some(slot);
            }
            avoided = Some((slot, next));
        }
        let (slot, next) = avoided?;
        self.index = next;
        Some(slot)
    }

    /// Notes that a server changed.
    pub(super) const fn server_changed(&mut self) {
        self.map.server_changed();
    }

    /// The map that the turns go round.
    pub(super) fn entries(&mut self, farm: &Farm) -> &[usize] {
        self.map.entries(farm)
    }
}
