//! The static map of a backend: its servers laid out over as many entries as their weights
//! sum up to, for algorithms that find a server by number.
//!
//! Owned by `static_rr`, whose turns go round it, and looked up by `source`. The configured
//! weights are divided by their greatest common divisor. Rebuilt on the first use after a
//! server changed, so that a whole farm may change at the price of one rebuild. Its memory
//! is there from the start, for the configured weights: static algorithms know only them
//! and 0.

use super::farm::{Farm, Layer, Member};
use super::ordered::Ordered;

/// The map.
#[derive(Debug)]
pub(super) struct ServerMap {
    entries: Vec<usize>,
    is_stale: bool,
    /// What weights are divided by.
    divisor: u16,
    /// Servers with turns they have earned and not had, by how many and declaration order.
    ready: Ordered,
    /// All servers, by the entry at which they earn another turn.
    earning: Ordered,
    /// Turns each server has earned so far.
    earned: Vec<u64>,
}

impl ServerMap {
    /// A map to be built on first use.
    pub(super) fn new(farm: &Farm) -> Self {
        let weights = farm.members().iter().map(|member| member.weight);
        let divisor = weights.fold(0, greatest_common_divisor).max(1);
        let share = |backup| {
            let group = farm
                .members()
                .iter()
                .filter(move |member| member.backup == backup);
            group
                .map(|member| usize::from(member.weight.div_ceil(divisor)))
                .sum::<usize>()
        };
        let count = farm.members().len();
        Self {
            entries: Vec::with_capacity(share(false).max(share(true))),
            is_stale: true,
            divisor,
            ready: Ordered::new(count),
            earning: Ordered::new(count),
            earned: vec![0; count],
        }
    }

    /// Notes that a server changed.
    pub(super) const fn server_changed(&mut self) {
        self.is_stale = true;
    }

    /// The slots in map order; empty when no server is usable.
    pub(super) fn entries(&mut self, farm: &Farm) -> &[usize] {
        if self.is_stale {
            self.rebuild(farm);
            self.is_stale = false;
        }
        &self.entries
    }

    /// Lays the servers out. One of weight w in a map of W entries earns a turn at the
    /// first entry and then every W/w entries; each entry goes to the server with the most
    /// turns outstanding, among equals to the first declared.
    fn rebuild(&mut self, farm: &Farm) {
        self.entries.clear();
        if let Layer::FirstBackup(slot) = farm.layer() {
            let len = self.weight(farm.member(slot));
            self.entries.extend((0..len).map(|_| slot));
            return;
        }
        let total = self.begin(farm);
        for entry in 0..total {
            self.earn(farm, entry, total);
            let Some(best) = self.ready.first() else {
                return;
            };
            self.entries.push(best.slot);
            self.set_outstanding(best.slot, outstanding(best.key).saturating_sub(1));
        }
    }

    /// Prepares the servers of the layer; their weight.
    fn begin(&mut self, farm: &Farm) -> u64 {
        self.ready.clear();
        self.earning.clear();
        self.earned.fill(0);
        let mut total = 0;
        for (slot, member) in farm.members().iter().enumerate() {
            if farm.is_in_layer(slot) {
                total += self.weight(member);
                self.earning.insert(slot, 0);
            }
        }
        total
    }

    /// Gives the servers the turns that are due at `entry`.
    fn earn(&mut self, farm: &Farm, entry: u64, total: u64) {
        while let Some(next) = self.earning.first().filter(|next| next.key <= entry) {
            let slot = next.slot;
            self.earned[slot] += 1;
            let before = self
                .ready
                .entry(slot)
                .map_or(0, |ready| outstanding(ready.key));
            self.set_outstanding(slot, before + 1);
            let due = (self.earned[slot] * total - 1) / self.weight(farm.member(slot));
            self.earning.insert(slot, due);
        }
    }

    fn set_outstanding(&mut self, slot: usize, turns: u64) {
        self.ready.remove(slot);
        if turns > 0 {
            let order = u64::try_from(slot).unwrap_or(SLOT_MAX).min(SLOT_MAX);
            self.ready
                .insert(slot, (TURNS_MAX.saturating_sub(turns) << SLOT_BITS) | order);
        }
    }

    /// Entries that the server gets, at least one.
    fn weight(&self, member: &Member) -> u64 {
        u64::from(member.weight.div_ceil(self.divisor).max(1))
    }
}

/// The turns outstanding that a key of the ready servers stands for.
const fn outstanding(key: u64) -> u64 {
    TURNS_MAX - (key >> SLOT_BITS)
}

const fn greatest_common_divisor(first: u16, second: u16) -> u16 {
    let (mut larger, mut smaller) = (first, second);
    while smaller != 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    larger
}

/// Bits of a ready server's key that hold its slot; the rest counts down its turns.
const SLOT_BITS: u32 = 32;
const SLOT_MAX: u64 = (1 << SLOT_BITS) - 1;
const TURNS_MAX: u64 = SLOT_MAX;
