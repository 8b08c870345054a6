//! The networks of a list, flattened so that a look-up is one search per family.
//!
//! Called by lists of `ip`. A network that contains another one owns only what the inner one
//! leaves; the inner one is chained to it, for when it is deleted. The families are asked
//! in HAProxy's order: the address's own, then the other one's form of it, then the IPv4
//! masks with holes in the order of the list.

use std::cmp::Reverse;
use std::net::IpAddr;

use super::chain::{Chain, Found, Removed};
use super::network::{Network, embedded_v4, mapped};
use super::segments::{NOBODY, Segments};

/// All networks of a list.
#[derive(Debug)]
pub(super) struct Networks {
    v4: Laminar<u32>,
    /// IPv6 prefixes of up to 64 bits, by the upper half of the address.
    v6_wide: Laminar<u64>,
    /// IPv6 prefixes of more than 64 bits.
    v6_narrow: Laminar<u128>,
    /// IPv4 masks with holes.
    holed: Vec<(Network, u32)>,
    /// The length of each entry's prefix; 0 for a mask with holes.
    lengths: Vec<u8>,
}

impl Networks {
    /// Starts a list.
    pub(super) fn new() -> Self {
        Self {
            v4: Laminar::new(),
            v6_wide: Laminar::new(),
            v6_narrow: Laminar::new(),
            holed: Vec::new(),
            lengths: Vec::new(),
        }
    }

    /// Adds the next network of the list.
    pub(super) fn push(&mut self, network: Network, index: u32) {
        let length = network.prefix_length();
        self.lengths.push(length.unwrap_or(0));
        match network {
            Network::V4 { bits, mask } if length.is_some() => {
                self.v4.push(bits, bits | !mask, index);
            }
            Network::V4 { .. } => self.holed.push((network, index)),
            Network::V6 { bits, length } if length <= 64 => {
                let bits = upper(bits);
                let host = u64::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                self.v6_wide.push(bits, bits | host, index);
            }
            Network::V6 { bits, length } => {
                let host = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                self.v6_narrow.push(bits, bits | host, index);
            }
        }
    }

    /// Ends the building.
    pub(super) fn finish(&mut self) {
        self.v4.finish();
        self.v6_wide.finish();
        self.v6_narrow.finish();
        self.holed.shrink_to_fit();
        self.lengths.shrink_to_fit();
    }

    /// The entry with the longest prefix around the address.
    #[inline]
    pub(super) fn find(&self, address: IpAddr, removed: &Removed) -> Option<Found> {
        let own = match address {
            IpAddr::V4(address) => self.v4.find(address.to_bits(), removed),
            IpAddr::V6(address) => self.find_v6(address.to_bits(), removed),
        };
        if let Some(index) = own {
            return Some(Found {
                index,
                rank: OWN_FAMILY,
            });
        }
        let other = match address {
            IpAddr::V4(address) => self.find_v6(mapped(address.to_bits()), removed),
            IpAddr::V6(address) => {
                embedded_v4(address).and_then(|bits| self.v4.find(bits, removed))
            }
        };
        if let Some(index) = other {
            return Some(Found {
                index,
                rank: OTHER_FAMILY,
            });
        }
        self.find_holed(address, removed)
    }

    #[inline]
    fn find_v6(&self, bits: u128, removed: &Removed) -> Option<u32> {
        let narrow = self.v6_narrow.find(bits, removed);
        narrow.or_else(|| self.v6_wide.find(upper(bits), removed))
    }

    fn find_holed(&self, address: IpAddr, removed: &Removed) -> Option<Found> {
        let mut holed = self.holed.iter();
        holed
            .find(|(network, index)| network.contains(address) && !removed.has(*index))
            .map(|(_, index)| Found::plain(*index))
    }

    /// How near a match came, to compare it with one of another list.
    pub(super) fn rank(&self, found: Found) -> u32 {
        let length = self.lengths.get(found.index as usize).copied().unwrap_or(0);
        found.rank.saturating_add(u32::from(length))
    }
}

/// Ranges of which any two are equal, apart, or one within the other.
#[derive(Debug)]
struct Laminar<K> {
    segments: Segments<K>,
    around: Chain,
    /// First key, last key and entry, until the index is built.
    pushed: Vec<(K, K, u32)>,
}

impl<K: Copy + Ord + Key> Laminar<K> {
    fn new() -> Self {
        Self {
            segments: Segments::default(),
            around: Chain::default(),
            pushed: Vec::new(),
        }
    }

    fn push(&mut self, first: K, last: K, index: u32) {
        self.pushed.push((first, last, index));
    }

    /// Walks the ranges from left to right with a stack of those that are open: the top owns
    /// what comes. Of equal ranges the first of the list comes last and so is on top.
    fn finish(&mut self) {
        let mut pushed = std::mem::take(&mut self.pushed);
        pushed.sort_unstable_by_key(|(first, last, index)| (*first, Reverse((*last, *index))));
        let mut open: Vec<(K, u32)> = Vec::new();
        for (first, last, index) in pushed {
            while let Some((ended, _)) = open.pop_if(|(last, _)| *last < first) {
                self.uncover(ended, &open);
            }
            if let Some((_, around)) = open.last() {
                self.around.link(index, *around);
            }
            self.segments.push(first, index);
            open.push((last, index));
        }
        while let Some((ended, _)) = open.pop() {
            self.uncover(ended, &open);
        }
        self.segments.finish();
        self.around.finish();
    }

    /// After the last key of a range its surroundings own again.
    fn uncover(&mut self, ended: K, open: &[(K, u32)]) {
        if let Some(next) = ended.next() {
            let owner = open.last().map_or(NOBODY, |(_, index)| *index);
            self.segments.push(next, owner);
        }
    }

    #[inline]
    fn find(&self, key: K, removed: &Removed) -> Option<u32> {
        let owner = self.segments.find(key)?;
        self.around.first_alive(owner, removed)
    }
}

/// A key that can be counted up.
trait Key: Sized {
    /// The key after this one; none after the last.
    fn next(self) -> Option<Self>;
}

impl Key for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Key for u64 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Key for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// The upper half of an IPv6 address.
#[inline]
const fn upper(bits: u128) -> u64 {
    (bits >> 64) as u64
}

/// Ranks, above the length of any prefix: masks with holes come last, with 0.
const OTHER_FAMILY: u32 = 0x100;
const OWN_FAMILY: u32 = 0x200;
