//! `balance source` and `balance rdp-cookie`: a client's address or its cookie decides, so
//! that it meets the same server again.
//!
//! The hash of either is looked up in the static map (manual, "hash-type map-based").
//! A full server is chosen all the same and the session waits in its queue, since another
//! server would not know the client. Clients without anything to hash take turns. A redispatched
//! session goes to the next other server of the map, where HAProxy 2.6 would try the one
//! that failed again: `option redispatch` asks for another.

use std::net::IpAddr;

use super::ChoiceContext;
use super::farm::Farm;
use super::static_rr::StaticRoundRobin;

/// The map of a backend, and the turns of clients without anything to hash.
#[derive(Debug)]
pub(super) struct Source {
    turns: StaticRoundRobin,
}

impl Source {
    /// A map of all usable servers.
    pub(super) fn new(farm: &Farm) -> Self {
        Self {
            turns: StaticRoundRobin::new(farm),
        }
    }

    /// The client's server; the next other one of the map when that has just failed it.
    pub(super) fn choose(
        &mut self,
        farm: &Farm,
        context: &ChoiceContext<'_>,
        hash: Option<u32>,
    ) -> Option<usize> {
        let Some(hash) = hash else {
            return self.turns.choose(farm, context);
        };
        let entries = self.turns.entries(farm);
        let hash = usize::try_from(hash).unwrap_or(usize::MAX);
        let (before, after) = entries.split_at(hash.checked_rem(entries.len())?);
        let first = after.first().copied();
        let Some(avoid) = context.avoid else {
            return first;
        };
        let mut others = after.iter().chain(before).copied();
        others.find(|&slot| farm.server(slot) != avoid).or(first)
    }

    /// Notes that a server changed.
    pub(super) const fn server_changed(&mut self) {
        self.turns.server_changed();
    }
}

/// The 32-bit words of an address, folded by exclusive or.
pub(super) fn hash_address(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.segments().map(u32::from);
            ((a ^ c ^ e ^ g) << 16) | (b ^ d ^ f ^ h)
        }
    }
}

/// The default hash of text (manual, "hash-type sdbm"): each byte joins 65,599 times what was
/// before.
pub(super) fn hash_text(text: &[u8]) -> u32 {
    text.iter().fold(0u32, |hash, &byte| {
        hash.wrapping_mul(65_599).wrapping_add(u32::from(byte))
    })
}
