//! Each method against the plainest program that does the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{Input, IntRange, MatchMethod, Network, Options, PatternList};
use proptest::collection::vec;
use proptest::prelude::*;

/// Short texts over few letters, so that they meet.
fn texts() -> impl Strategy<Value = Vec<String>> {
    vec("[aAb./:?]{0,5}", 0..40)
}

fn build(options: Options, patterns: &[String]) -> PatternList {
    let mut builder = PatternList::builder(options);
    for pattern in patterns {
        builder.add(pattern.as_bytes(), None, 0).unwrap();
    }
    builder.finish().unwrap()
}

fn found(list: &PatternList, input: Input<'_>) -> Option<usize> {
    let entry = list.lookup(input)?.entry.unwrap();
    Some(usize::try_from(entry.id).unwrap())
}

/// Whether `word` stands in `text` between delimiters.
fn has_word(text: &str, word: &str, delimiters: &[char]) -> bool {
    let word = word.trim_matches(delimiters);
    let is_edge = |c: Option<char>| c.is_none_or(|c| delimiters.contains(&c));
    !word.is_empty()
        && (0..text.len()).any(|at| {
            text[at..].starts_with(word)
                && is_edge(text[..at].chars().next_back())
                && is_edge(text[at + word.len()..].chars().next())
        })
}

proptest! {
    #[test]
    fn text_methods_agree(patterns in texts(), text in "[aAb./:?]{0,14}", fold: bool) {
        let lower = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
        let value = lower(&text);
        let first = |is_match: &dyn Fn(&str) -> bool| {
            patterns.iter().position(|pattern| is_match(&lower(pattern)))
        };
        let starts = patterns.iter().enumerate();
        let longest = starts
            .filter(|(_, pattern)| value.starts_with(&lower(pattern)))
            .min_by_key(|(index, pattern)| (usize::MAX - pattern.len(), *index))
            .map(|(index, _)| index);
        for (method, expected) in [
            (MatchMethod::Str, first(&|pattern| value == pattern)),
            (MatchMethod::Beg, longest),
            (MatchMethod::End, first(&|pattern| value.ends_with(pattern))),
            (MatchMethod::Sub, first(&|pattern| value.contains(pattern))),
            (MatchMethod::Dir, first(&|pattern| has_word(&value, pattern, &['/', '?']))),
            (MatchMethod::Dom, first(&|p| has_word(&value, p, &['.', ':', '/', '?']))),
        ] {
            let options = Options { ignore_case: fold, ..Options::new(method) };
            let list = build(options, &patterns);
            let found = found(&list, Input::Bytes(text.as_bytes()));
            prop_assert_eq!(found, expected, "{:?}", method);
        }
    }

    #[test]
    fn integers_agree(ranges in vec((-20_i64..20, 0_i64..15), 0..30), value in -25_i64..40) {
        let mut builder = PatternList::builder(Options::new(MatchMethod::Int));
        let mut model = Vec::new();
        for (min, width) in ranges {
            let range = IntRange { min, max: min + width };
            builder.add_range(range, b"", 0).unwrap();
            model.push(range);
        }
        let expected = model.iter().position(|range| range.contains(value));
        prop_assert_eq!(found(&builder.finish().unwrap(), Input::Int(value)), expected);
    }

    #[test]
    fn networks_agree(
        v4 in vec((0_u32..64, 24_u8..=32), 0..30),
        v6 in vec((0_u128..64, 58_u8..=128, 0_u32..2), 0..30),
        value in 0_u32..64,
        high in 0_u128..3,
    ) {
        let mut texts: Vec<String> = Vec::new();
        for (host, length) in v4 {
            texts.push(format!("{}/{length}", Ipv4Addr::from_bits(0x0a00_0000 | host)));
        }
        for (part, length, kind) in v6 {
            let bits = if kind == 0 { (part << 64) | part } else { (0xffff << 32) | part };
            texts.push(format!("{}/{length}", Ipv6Addr::from_bits(bits)));
        }
        let list = build(Options::new(MatchMethod::Ip), &texts);
        let networks: Vec<Network> = texts
            .iter()
            .map(|text| Network::parse(text.as_bytes(), false).unwrap())
            .collect();
        let host = 0x0a00_0000 | value;
        for address in [
            IpAddr::V4(Ipv4Addr::from_bits(host)),
            IpAddr::V6(Ipv6Addr::from_bits((high << 64) | u128::from(value))),
            IpAddr::V6(Ipv6Addr::from_bits((0xffff << 32) | u128::from(host))),
            IpAddr::V6(Ipv6Addr::from_bits((0x2002 << 112) | (u128::from(host) << 80))),
        ] {
            let expected = networks
                .iter()
                .enumerate()
                .filter(|(_, network)| network.contains(address))
                .max_by_key(|(index, network)| {
                    let is_v6 = matches!(network, Network::V6 { .. });
                    let length = network.prefix_length();
                    (is_v6 == address.is_ipv6(), length, usize::MAX - index)
                })
                .map(|(index, _)| index);
            prop_assert_eq!(found(&list, Input::Ip(address)), expected, "{}", address);
        }
    }
}

proptest! {
    // Compiling expressions is slow in debug builds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_pattern_and_no_value_panics(
        patterns in vec(vec(any::<u8>(), 0..12), 0..8), value: Vec<u8>, fold: bool,
    ) {
        for method in MatchMethod::ALL {
            let options = Options { ignore_case: fold, no_dns: true, ..Options::new(method) };
            let mut builder = PatternList::builder(options);
            let mut count = 0;
            for pattern in &patterns {
                count += usize::from(builder.add(pattern, Some(b"v"), 7).is_ok());
            }
            let list = builder.finish().unwrap();
            prop_assert_eq!(list.count(), count);
            prop_assert_eq!(list.entries().count(), count);
            if let Some(entry) = list.lookup(Input::Bytes(&value)).and_then(|hit| hit.entry) {
                prop_assert_eq!(entry.reference, 7);
            }
        }
    }
}
