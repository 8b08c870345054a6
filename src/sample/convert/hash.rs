//! Converters that hash (manual, section 7.3.1).

use super::super::arg::{Arg, ArgKind, int_at};
use super::super::compute::hash;
use super::super::value::{Sample, Type};
use super::Converter;

/// With the avalanche that an argument other than 0 asks for.
fn of_32_bits<'a>(args: &[Arg], sample: Sample<'a>, apply: fn(&[u8]) -> u32) -> Option<Sample<'a>> {
    let value = apply(sample.raw()?);
    let value = match int_at(args, 0) {
        None | Some(0) => value,
        Some(_) => hash::avalanche(value),
    };
    Some(Sample::Int(i64::from(value)))
}

/// The lowest 64 bits of the seed's argument, 0 without.
fn seed(args: &[Arg]) -> u64 {
    int_at(args, 0).unwrap_or(0).cast_unsigned()
}

/// A seed of 32 bits.
fn short_seed(args: &[Arg]) -> u32 {
    u32::try_from(seed(args) & u64::from(u32::MAX)).unwrap_or(0)
}

const HASH: (Type, Type) = (Type::Bin, Type::Int);
const OPTION: &[ArgKind] = &[ArgKind::Int];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("crc32", HASH, |_, a, s| of_32_bits(a, s, hash::crc32))
        .takes(0, OPTION)
        .says(
            "crc32([<avalanche>])",
            "The CRC32 of Ethernet, gzip and PNG.",
        ),
    Converter::new("crc32c", HASH, |_, a, s| of_32_bits(a, s, hash::crc32c))
        .takes(0, OPTION)
        .says("crc32c([<avalanche>])", "The CRC32C of RFC 4960."),
    Converter::new("djb2", HASH, |_, a, s| of_32_bits(a, s, hash::djb2))
        .takes(0, OPTION)
        .says("djb2([<avalanche>])", "The hash DJB2."),
    Converter::new("sdbm", HASH, |_, a, s| of_32_bits(a, s, hash::sdbm))
        .takes(0, OPTION)
        .says("sdbm([<avalanche>])", "The hash SDBM."),
    Converter::new("wt6", HASH, |_, a, s| of_32_bits(a, s, hash::wt6))
        .takes(0, OPTION)
        .says("wt6([<avalanche>])", "The hash WT6."),
    Converter::new("xxh3", HASH, |_, args, sample| {
        Some(Sample::Int(hash::xxh3(sample.raw()?, seed(args))))
    })
    .takes(0, OPTION)
    .says("xxh3([<seed>])", "The hash XXH3, 64 bits."),
    Converter::new("xxh32", HASH, |_, args, sample| {
        let value = hash::xxh32(sample.raw()?, short_seed(args));
        Some(Sample::Int(i64::from(value)))
    })
    .takes(0, OPTION)
    .says("xxh32([<seed>])", "The hash XXH32."),
    Converter::new("xxh64", HASH, |_, args, sample| {
        Some(Sample::Int(hash::xxh64(sample.raw()?, seed(args))))
    })
    .takes(0, OPTION)
    .says("xxh64([<seed>])", "The hash XXH64."),
];
