//! `balance leastconn`: the server with the fewest sessions for its weight.
//!
//! Servers are ordered by their load, those of equal load by who reached it first, so that
//! they take turns. A server without sessions comes first whatever its weight. Invariant: a
//! usable server is in the order of its group, under the load of the sessions told last.

use super::ChoiceContext;
use super::farm::{Farm, Layer};
use super::ordered::{Entry, Ordered};
use super::round_robin::{WEIGHT_MAX, WEIGHT_SCALE};

/// The loads of a backend's servers.
#[derive(Debug)]
pub(super) struct LeastConnections {
    active: Ordered,
    backup: Ordered,
    sessions: Vec<u32>,
    /// Servers passed over during a choice.
    aside: Vec<Entry>,
}

impl LeastConnections {
    /// All servers without sessions.
    pub(super) fn new(farm: &Farm) -> Self {
        let count = farm.members().len();
        let mut load = Self {
            active: Ordered::new(count),
            backup: Ordered::new(count),
            sessions: vec![0; count],
            aside: Vec::with_capacity(count),
        };
        for slot in 0..count {
            load.server_changed(farm, slot);
        }
        load
    }

    /// The least loaded server with room, or none.
    pub(super) fn choose(
        &mut self,
        farm: &Farm,
        layer: Layer,
        context: &ChoiceContext<'_>,
    ) -> Option<usize> {
        let order = match layer {
            Layer::Nobody => return None,
            Layer::FirstBackup(slot) => return Some(slot),
            Layer::Active => &mut self.active,
            Layer::Backups => &mut self.backup,
        };
        let mut avoided = None;
        let mut choice = None;
        while let Some(entry) = order.first() {
            let server = farm.server(entry.slot);
            if context.has_room(server) {
                if context.avoid != Some(server) {
                    choice = Some(entry.slot);
                    break;
                }
                avoided = Some(entry.slot);
            }
            order.remove(entry.slot);
            self.aside.push(entry);
        }
        for entry in self.aside.drain(..) {
            order.put_back(entry);
        }
        choice.or(avoided)
    }

    /// Moves the server to its new load; behind its equals if that is another one.
    pub(super) fn session_count_changed(&mut self, farm: &Farm, slot: usize, sessions: u32) {
        self.sessions[slot] = sessions;
        let key = self.load(farm, slot);
        let order = self.order(farm, slot);
        if order.entry(slot).is_some_and(|entry| entry.key != key) {
            order.insert(slot, key);
        }
    }

    /// Takes the server in, out, or to the load that its new weight makes.
    pub(super) fn server_changed(&mut self, farm: &Farm, slot: usize) {
        let key = self.load(farm, slot);
        let order = self.order(farm, slot);
        if farm.member(slot).usable {
            order.insert(slot, key);
            return;
        }
        order.remove(slot);
    }

    fn order(&mut self, farm: &Farm, slot: usize) -> &mut Ordered {
        if farm.member(slot).backup {
            &mut self.backup
        } else {
            &mut self.active
        }
    }

    /// What the server would carry with one more session, per weight.
    fn load(&self, farm: &Farm, slot: usize) -> u64 {
        let sessions = u64::from(self.sessions[slot]);
        if sessions == 0 {
            return 0;
        }
        let weight = u64::from(farm.member(slot).weight.max(1)) * WEIGHT_SCALE;
        (sessions + 1) * WEIGHT_MAX / weight
    }
}
