//! `balance roundrobin`: smooth weighted turns that follow changes of weights at once.
//!
//! The active servers and the backups each form a group that counts positions, one per
//! choice. A server of weight w among a total of W comes every W/w positions, the remainder
//! carried along. A group keeps its servers in three orders: `init`, those that have not had
//! a turn in this round, the heaviest first; `curr`, those due again in this round, by their
//! next position; `next`, those whose next position lies beyond the round. The first of
//! `curr` serves when its position has come, otherwise the first of `init` fills the hole.
//! When both are used up, `next` becomes the `init` of another round.
//!
//! Invariants: a usable server is in exactly one of the three orders of its group between
//! two choices, any other server in none; `next_weight` is the sum of the usable weights.

use super::ChoiceContext;
use super::farm::{Change, Farm, Layer, Member};
use super::ordered::Ordered;

/// The turns of a backend.
#[derive(Debug)]
pub(super) struct RoundRobin {
    active: Group,
    backup: Group,
}

impl RoundRobin {
    /// Turns that start with the heaviest server.
    pub(super) fn new(farm: &Farm) -> Self {
        Self {
            active: Group::new(farm, false),
            backup: Group::new(farm, true),
        }
    }

    /// The next server with room, or none.
    pub(super) fn choose(
        &mut self,
        farm: &Farm,
        layer: Layer,
        context: &ChoiceContext<'_>,
    ) -> Option<usize> {
        let group = match layer {
            Layer::Nobody => return None,
            Layer::FirstBackup(slot) => return Some(slot),
            Layer::Active => &mut self.active,
            Layer::Backups => &mut self.backup,
        };
        let avoid = context.avoid.and_then(|server| farm.slot(server));
        group.choose(avoid, |slot| context.has_room(farm.server(slot)))
    }

    /// Moves the server to where its new state or weight puts it.
    pub(super) fn server_changed(&mut self, farm: &Farm, slot: usize, change: Change) {
        let member = farm.member(slot);
        let group = if member.backup {
            &mut self.backup
        } else {
            &mut self.active
        };
        match change {
            Change::Nothing => {}
            Change::Up => group.server_up(slot, effective_weight(member)),
            Change::Down => group.server_down(slot),
            Change::Weight => group.weight_changed(slot, effective_weight(member)),
        }
    }
}

/// A server's place among the positions of its group.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    /// Effective weight.
    weight: u64,
    /// Its last position.
    last: u64,
    /// Its next position, 0 when it has not had one in this round.
    next: u64,
    /// What the division of the round by its weight has left over so far.
    remainder: u64,
}

#[derive(Debug)]
struct Group {
    turns: Vec<Turn>,
    init: Ordered,
    curr: Ordered,
    next: Ordered,
    /// Position of the next choice.
    position: u64,
    /// Sum of the weights when the round began.
    curr_weight: u64,
    /// Sum of the weights now.
    next_weight: u64,
    /// Servers passed over during a choice.
    aside: Vec<usize>,
}

impl Group {
    fn new(farm: &Farm, backup: bool) -> Self {
        let in_group = |member: &Member| member.backup == backup;
        let is_empty = !farm.members().iter().any(in_group);
        let count = if is_empty { 0 } else { farm.members().len() };
        let mut group = Self {
            turns: vec![Turn::default(); count],
            init: Ordered::new(count),
            curr: Ordered::new(count),
            next: Ordered::new(count),
            position: 0,
            curr_weight: 0,
            next_weight: 0,
            aside: Vec::with_capacity(count),
        };
        for (slot, member) in farm.members().iter().enumerate() {
            if in_group(member) && member.usable {
                let weight = effective_weight(member);
                group.turns[slot].weight = weight;
                group.next_weight += weight;
                group.init.insert(slot, by_weight(weight));
            }
        }
        group.curr_weight = group.next_weight;
        group.position = group.curr_weight;
        group
    }

    fn choose(&mut self, avoid: Option<usize>, has_room: impl Fn(usize) -> bool) -> Option<usize> {
        // All servers were down when the round began: it takes the weights there are now.
        if self.curr_weight == 0 {
            self.curr_weight = self.next_weight;
            self.position = self.next_weight;
        }
        let mut avoided = None;
        let mut switched = false;
        let choice = loop {
            let Some(slot) = self.take_first() else {
                if switched {
                    break avoided;
                }
                self.begin_round();
                switched = true;
                continue;
            };
            if has_room(slot) {
                if avoid != Some(slot) {
                    break Some(slot);
                }
                avoided = Some(slot);
            }
            self.aside.push(slot);
        };
        if let Some(slot) = choice {
            self.queue(slot);
        }
        self.requeue_aside(choice, switched);
        choice
    }

    /// Takes out the server whose turn it is, its next position known.
    fn take_first(&mut self) -> Option<usize> {
        let due = self.curr.first().map(|entry| entry.slot);
        let is_due = due.is_some_and(|slot| self.turns[slot].next <= self.position);
        let fresh = if is_due { None } else { self.init.first() };
        let slot = match fresh {
            Some(entry) => {
                self.init.remove(entry.slot);
                let turn = &mut self.turns[entry.slot];
                turn.next = 0;
                turn.remainder = 0;
                entry.slot
            }
            None => {
                let slot = due?;
                self.curr.remove(slot);
                slot
            }
        };
        self.turns[slot].advance(self.position, self.next_weight);
        self.position += 1;
        Some(slot)
    }

    fn begin_round(&mut self) {
        std::mem::swap(&mut self.init, &mut self.next);
        self.curr_weight = self.next_weight;
        self.position = self.curr_weight;
    }

    /// Puts a server where its next position belongs.
    fn queue(&mut self, slot: usize) {
        let turn = &mut self.turns[slot];
        let is_beyond =
            turn.next >= 2 * self.curr_weight || turn.next >= self.curr_weight + self.next_weight;
        if is_beyond {
            turn.next = turn.next.saturating_sub(self.curr_weight);
            self.next.insert(slot, by_weight(turn.weight));
            return;
        }
        // Of servers due at the same position, the one with the least left over goes first.
        let lead = (WEIGHT_MAX + turn.remainder).saturating_sub(turn.weight) / WEIGHT_SCALE;
        self.curr.insert(slot, turn.next * POSITION_SCALE + lead);
    }

    /// Puts the servers back that were passed over: into a new round by weight alone, since
    /// their places are lost, otherwise as if they had served.
    fn requeue_aside(&mut self, choice: Option<usize>, switched: bool) {
        while let Some(slot) = self.aside.pop() {
            if Some(slot) == choice {
                continue;
            }
            if switched {
                self.init.insert(slot, by_weight(self.turns[slot].weight));
            } else {
                self.queue(slot);
            }
        }
    }

    fn server_up(&mut self, slot: usize, weight: u64) {
        self.next_weight += weight;
        let left = (self.next_weight + self.curr_weight).saturating_sub(self.position);
        let turn = &mut self.turns[slot];
        turn.weight = weight;
        // What its last turn left over stays with it while it is away.
        turn.next = self.position + left / weight;
        self.queue(slot);
    }

    fn server_down(&mut self, slot: usize) {
        self.next_weight = self.next_weight.saturating_sub(self.turns[slot].weight);
        self.init.remove(slot);
        self.curr.remove(slot);
        self.next.remove(slot);
    }

    fn weight_changed(&mut self, slot: usize, weight: u64) {
        let turn = &mut self.turns[slot];
        self.next_weight = (self.next_weight + weight).saturating_sub(turn.weight);
        turn.weight = weight;
        if self.init.contains(slot) {
            self.init.insert(slot, by_weight(weight));
            return;
        }
        if self.next.contains(slot) {
            turn.next += self.curr_weight;
        }
        let step = self.next_weight / weight;
        turn.next = turn.next.min(turn.last + step);
        turn.remainder = 0;
        if turn.next < self.position + 2 {
            turn.next = self.position + step;
        }
        self.curr.remove(slot);
        self.next.remove(slot);
        self.queue(slot);
    }
}

impl Turn {
    /// Takes the turn at `position` of a group that weighs `group_weight`.
    fn advance(&mut self, position: u64, group_weight: u64) {
        if self.next == 0 {
            self.next = position;
        }
        let weight = self.weight.max(1);
        self.last = self.next;
        self.next += group_weight / weight;
        self.remainder += group_weight % weight;
        if self.remainder >= weight {
            self.remainder -= weight;
            self.next += 1;
        }
    }
}

/// The weight that positions are counted in: finer than the configured one, so that a round
/// is long enough for its order to be smooth.
fn effective_weight(member: &Member) -> u64 {
    u64::from(member.weight.max(1)) * WEIGHT_SCALE
}

/// The key that puts heavy servers first.
const fn by_weight(weight: u64) -> u64 {
    WEIGHT_MAX.saturating_sub(weight)
}

/// Effective weight of a configured weight of 1.
pub(super) const WEIGHT_SCALE: u64 = 16;
/// Effective weight of the highest configured weight, 256.
pub(super) const WEIGHT_MAX: u64 = 256 * WEIGHT_SCALE;
/// Keys per position, to order the servers due at the same one.
const POSITION_SCALE: u64 = 256;
