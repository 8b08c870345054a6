//! A seeded hash of keys, whole or byte by byte, that can ignore the case of ASCII letters.
//!
//! Called by the tables of a list. The seed differs between lists, so that nobody can
//! prepare keys that share a slot. Folding happens inside, so no folded copy is needed.

use crate::sys::random;

/// What two hashes of a list have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash {
    seed: u64,
    fold: bool,
}

impl Hash {
    /// A hash with a random seed; `fold` ignores the case of ASCII letters.
    pub(super) fn new(fold: bool) -> Self {
        // Without randomness hashing stays correct, only its worst case is known.
        let seed = random::seed().unwrap_or(ODD_A);
        Self { seed, fold }
    }

    /// The hash of a whole key, eight bytes at a time.
    #[inline]
    pub(super) fn whole(self, key: &[u8]) -> u64 {
        let mut state = self.seed ^ (key.len() as u64).wrapping_mul(ODD_B);
        let (words, rest) = key.as_chunks::<8>();
        for word in words {
            state = mix(state ^ self.folded(u64::from_le_bytes(*word)), ODD_A);
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        let last = self.folded(u64::from_le_bytes(last));
        mix(mix(state ^ last, ODD_B), self.seed | 1)
    }

    /// The start of a hash that takes bytes one by one.
    #[inline]
    pub(super) const fn rolling(self) -> Rolling {
        Rolling {
            state: self.seed,
            hash: self,
        }
    }

    /// Whether two keys are equal, under this hash's idea of case.
    #[inline]
    pub(super) fn is_equal(self, left: &[u8], right: &[u8]) -> bool {
        match self.fold {
            true => left.eq_ignore_ascii_case(right),
            false => left == right,
        }
    }

    #[inline]
    const fn folded(self, word: u64) -> u64 {
        if self.fold { to_lower(word) } else { word }
    }
}

/// A hash of the bytes pushed so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rolling {
    state: u64,
    hash: Hash,
}

impl Rolling {
    #[inline]
    pub(super) const fn push(&mut self, byte: u8) {
        let byte = if self.hash.fold {
            byte.to_ascii_lowercase()
        } else {
            byte
        };
        self.state = (self.state ^ byte as u64).wrapping_mul(ODD_A);
    }

    /// The hash of what was pushed.
    #[inline]
    pub(super) fn value(self) -> u64 {
        mix(self.state, self.hash.seed | 1)
    }
}

/// Both halves of the 128-bit product, folded into one: every bit in reaches every bit out.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of the product are taken one by one"
)]
const fn mix(left: u64, right: u64) -> u64 {
    let product = (left as u128).wrapping_mul(right as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The eight bytes of a word with A to Z made lower case.
#[inline]
const fn to_lower(word: u64) -> u64 {
    let low = word & (EACH * 0x7f);
    let from_a = low + EACH * (0x80 - b'A' as u64);
    let after_z = low + EACH * (0x7f - b'Z' as u64);
    let is_upper = (from_a ^ after_z) & !word & (EACH * 0x80);
    word | (is_upper >> 2)
}

/// One in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Odd numbers with as many ones as zeros, without a pattern.
const ODD_A: u64 = 0x9e6c_63d0_876a_4b35;
const ODD_B: u64 = 0xc3a5_c85c_97cb_3127;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folding_a_word_equals_folding_its_bytes(bytes: [u8; 8]) {
            let folded = to_lower(u64::from_le_bytes(bytes)).to_le_bytes();
            prop_assert_eq!(folded, bytes.map(|byte| byte.to_ascii_lowercase()));
        }

        #[test]
        fn keys_that_differ_in_case_share_a_folded_hash(key: Vec<u8>) {
            let hash = Hash::new(true);
            let upper = key.to_ascii_uppercase();
            prop_assert_eq!(hash.whole(&key), hash.whole(&upper));
            prop_assert!(hash.is_equal(&key, &upper));
        }
    }

    #[test]
    fn all_of_many_keys_differ_by_either_hash() {
        let hash = Hash::new(false);
        let keys = (0..50_000_u32).map(|n| n.to_string().into_bytes());
        let (mut whole, mut rolled) = (Vec::new(), Vec::new());
        for key in keys {
            whole.push(hash.whole(&key));
            let mut rolling = hash.rolling();
            key.iter().for_each(|byte| rolling.push(*byte));
            rolled.push(rolling.value());
        }
        for values in [&mut whole, &mut rolled] {
            values.sort_unstable();
            values.dedup();
            assert_eq!(values.len(), 50_000);
        }
    }
}
