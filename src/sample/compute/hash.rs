//! Hashes that are no secret: `sdbm`, `djb2`, `wt6`, `crc32`, `crc32c` and the XXH family.
//!
//! The first three are weak and old; keys hashed by them must stay where they were, so each
//! result is that of the reference. Called by the converters of these names and by `hash-type`.

/// The converter `sdbm`.
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, &byte| {
        u32::from(byte)
            .wrapping_add(hash << 6)
            .wrapping_add(hash << 16)
            .wrapping_sub(hash)
    })
}

/// The converter `djb2`.
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, &byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
    })
}

/// The converter `wt6`: two words that rotate by distances which they choose themselves.
pub fn wt6(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut rotation_first, mut rotation_second) = (6, 18);
    for &byte in bytes {
        let byte = u32::from(byte);
        first = !(first ^ byte);
        second = !second.wrapping_add(byte);
        (first, second) = (
            second.rotate_left(rotation_first),
            first.rotate_left(rotation_second),
        );
        let mixed = ((first >> 16) ^ second) & 0xffff;
        rotation_first = mixed & 0x1f;
        rotation_second = mixed >> 11;
    }
    first ^ second
}

/// The converter `crc32`: the polynomial of Ethernet, gzip and PNG.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The converter `crc32c`: Castagnoli's polynomial (RFC 4960, appendix B).
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// The converter `xxh32`.
pub fn xxh32(bytes: &[u8], seed: u32) -> u32 {
    xxhash_rust::xxh32::xxh32(bytes, seed)
}

/// The converter `xxh64`, signed as samples are.
pub fn xxh64(bytes: &[u8], seed: u64) -> i64 {
    xxhash_rust::xxh64::xxh64(bytes, seed).cast_signed()
}

/// The converter `xxh3`: the variant of 64 bits, signed as samples are.
pub fn xxh3(bytes: &[u8], seed: u64) -> i64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed).cast_signed()
}

/// The full avalanche that `avalanche` asks for: each bit of `hash` reaches all others.
pub fn avalanche(hash: u32) -> u32 {
    let mut hash = hash;
    hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    hash = (hash ^ 0xc761_c23c) ^ (hash >> 19);
    hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    hash = hash.wrapping_add(0xd3a2_646c) ^ (hash << 9);
    hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    hash = (hash ^ 0xb55a_4f09) ^ (hash >> 16);
    hash.wrapping_mul(3_221_225_473) // a prime near 3 * 2^30, so that low bits count too
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hash_is_the_reference_s() {
        let abc = b"abc";
        assert_eq!(
            (sdbm(abc), avalanche(sdbm(abc))),
            (807_794_786, 659_243_622)
        );
        assert_eq!(
            (djb2(abc), avalanche(djb2(abc))),
            (193_485_963, 2_235_766_107)
        );
        assert_eq!(
            (wt6(abc), avalanche(wt6(abc))),
            (2_483_038_440, 266_135_527)
        );
        assert_eq!(
            (crc32(abc), avalanche(crc32(abc))),
            (891_568_578, 930_845_320)
        );
        assert_eq!(
            (crc32c(abc), avalanche(crc32c(abc))),
            (910_901_175, 1_285_784_220)
        );
        assert_eq!((xxh32(abc, 0), xxh32(abc, 5)), (852_579_327, 1_562_728_233));
        assert_eq!(xxh64(abc, 0), 4_952_883_123_889_572_249);
        assert_eq!(xxh64(abc, 5), -1_753_195_980_308_443_340);
        assert_eq!(xxh3(abc, 0), 8_696_274_497_037_089_104);
        assert_eq!(xxh3(abc, 5), 6_167_986_026_487_092_235);
    }

    #[test]
    fn long_and_empty_input() {
        assert_eq!(wt6(b"abcdefgh1234567890"), 351_931_080);
        assert_eq!(wt6(b"abcdefghijklmnopqrstuvwxyz0123456789"), 955_643_270);
        assert_eq!((wt6(b""), djb2(b""), crc32(b"")), (4_187_620_192, 5381, 0));
    }
}
