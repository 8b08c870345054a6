//! Address blocks as `except` writes them: an address, optionally followed by a prefix length
//! or, for IPv4, by a mask in dotted form.

use std::net::{IpAddr, Ipv4Addr};

use crate::config::model::Network;

/// Reads `address[/prefix]` or `address[/mask]`; `None` when it is neither.
///
/// Bits behind the prefix may be set, as in `192.168.0.1/24`; they do not count.
pub(super) fn parse(text: &str) -> Option<Network> {
    let (address, suffix) = match text.split_once('/') {
        Some((address, suffix)) => (address, Some(suffix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix_len = match suffix {
        None => longest,
        Some(suffix) => prefix_len(suffix, address.is_ipv4())?,
    };
    (prefix_len <= longest).then_some(Network {
        address,
        prefix_len,
    })
}

fn prefix_len(text: &str, dotted_allowed: bool) -> Option<u8> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    if !dotted_allowed {
        return None;
    }
    let mask: Ipv4Addr = text.parse().ok()?;
    let ones = mask.to_bits().leading_ones();
    let contiguous = mask.to_bits().count_ones() == ones;
    contiguous.then(|| u8::try_from(ones).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> Option<(String, u8)> {
        parse(text).map(|network| (network.address.to_string(), network.prefix_len))
    }

    #[test]
    fn an_address_alone_is_itself() {
        assert_eq!(block("10.0.0.1"), Some(("10.0.0.1".to_owned(), 32)));
        assert_eq!(block("::1"), Some(("::1".to_owned(), 128)));
    }

    #[test]
    fn a_length_or_a_mask_may_follow() {
        assert_eq!(block("10.0.0.0/8"), Some(("10.0.0.0".to_owned(), 8)));
        assert_eq!(
            block("10.0.0.0/255.255.0.0"),
            Some(("10.0.0.0".to_owned(), 16))
        );
        assert_eq!(block("fe80::/10"), Some(("fe80::".to_owned(), 10)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/255.0.255.0",
            "::/129",
            "x",
        ] {
            assert_eq!(block(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_in_range(text in "[0-9a-f:./]{0,24}") {
            if let Some(network) = parse(&text) {
                prop_assert!(network.prefix_len <= 128);
            }
        }
    }
}
