//! Networks: addresses with masks, as patterns write them (manual, 7.1.6).
//!
//! Called by lists of `ip` and by whoever reads a network from a configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::error::{PatternError, shown};

/// A set of addresses under one mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// IPv4 addresses that equal `bits` where `mask` has ones.
    V4 { bits: u32, mask: u32 },
    /// IPv6 addresses that equal `bits` in the first `length` bits.
    V6 { bits: u128, length: u8 },
}

impl Network {
    /// Reads an address, maybe with `/length` or, for IPv4, a dotted mask. With `resolve`,
    /// IPv4 addresses may be abbreviated (`10.12` is `10.0.0.12`) or be host names.
    ///
    /// # Errors
    /// [`PatternError::Address`] for anything else, and names that do not resolve.
    pub fn parse(text: &[u8], resolve: bool) -> Result<Self, PatternError> {
        std::str::from_utf8(text)
            .ok()
            .and_then(|text| read(text, resolve))
            .ok_or_else(|| PatternError::Address(shown(text)))
    }

    /// Whether the address is in the network, under the rules for mixed families of 7.1.6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (*self, address) {
            (Self::V4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == bits,
            (Self::V4 { bits, mask }, IpAddr::V6(address)) => {
                embedded_v4(address).is_some_and(|address| address & mask == bits)
            }
            (Self::V6 { bits, length }, IpAddr::V4(address)) => {
                mapped(address.to_bits()) & v6_mask(length) == bits
            }
            (Self::V6 { bits, length }, IpAddr::V6(address)) => {
                address.to_bits() & v6_mask(length) == bits
            }
        }
    }

    /// The number of leading bits that count; none for a mask with holes.
    #[must_use]
    pub fn prefix_length(&self) -> Option<u8> {
        match *self {
            Self::V4 { mask, .. } if mask.leading_ones() != mask.count_ones() => None,
            Self::V4 { mask, .. } => u8::try_from(mask.leading_ones()).ok(),
            Self::V6 { length, .. } => Some(length),
        }
    }
}

/// The IPv4 address inside `::a.b.c.d`, `::ffff:a.b.c.d` or `2002:aabb:ccdd::/48`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "32 bits are cut out of 128"
)]
pub(super) fn embedded_v4(address: Ipv6Addr) -> Option<u32> {
    let bits = address.to_bits();
    if bits >> 112 == 0x2002 {
        return Some((bits >> 80) as u32);
    }
    matches!(bits >> 32, 0 | 0xffff).then_some(bits as u32)
}

/// `::ffff:a.b.c.d`.
#[inline]
pub(super) fn mapped(bits: u32) -> u128 {
    0xffff_0000_0000 | u128::from(bits)
}

/// The mask of an IPv6 prefix; lengths above 128 count as 128.
#[inline]
pub(super) fn v6_mask(length: u8) -> u128 {
    let zeros = 128_u32.saturating_sub(u32::from(length));
    u128::MAX.checked_shl(zeros).unwrap_or(0)
}

fn read(text: &str, resolve: bool) -> Option<Network> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        let length = mask.map_or(Some(128), |mask| prefix_length(mask, 128))?;
        let bits = address.to_bits() & v6_mask(length);
        return Some(Network::V6 { bits, length });
    }
    let mask = mask.map_or(Some(u32::MAX), v4_mask)?;
    let address = match host.parse::<Ipv4Addr>() {
        Ok(address) => address,
        Err(_) if resolve => abbreviated(host).or_else(|| resolved(host))?,
        Err(_) => return None,
    };
    let bits = address.to_bits() & mask;
    Some(Network::V4 { bits, mask })
}

/// A number of bits, or a mask in dotted form, which may have holes.
fn v4_mask(text: &str) -> Option<u32> {
    if let Ok(mask) = text.parse::<Ipv4Addr>() {
        return Some(mask.to_bits());
    }
    let zeros = 32 - u32::from(prefix_length(text, 32)?);
    Some(u32::MAX.checked_shl(zeros).unwrap_or(0))
}

fn prefix_length(text: &str, max: u8) -> Option<u8> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse::<u8>().ok().filter(|_| is_number)?;
    (length <= max).then_some(length)
}

/// One to three numbers, the last of which stands for all the bytes that are left.
fn abbreviated(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last()?;
    if first.len() > 2 || parts.iter().any(|part| !is_plain_number(part)) {
        return None;
    }
    let mut bits = 0_u32;
    for (part, shift) in first.iter().zip([24, 16]) {
        bits |= u32::from(part.parse::<u8>().ok()?) << shift;
    }
    let left = 32 - 8 * u32::try_from(first.len()).ok()?;
    let last: u32 = last.parse().ok()?;
    (u64::from(last) < 1 << left).then(|| Ipv4Addr::from_bits(bits | last))
}

/// Digits; a leading zero would make some readers take them as octal.
fn is_plain_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

/// The first IPv4 address of a host name.
fn resolved(host: &str) -> Option<Ipv4Addr> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    // Resolvers take these for addresses in notations that nobody else reads.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || last.starts_with("0x") || host.len() > 255 || !host.bytes().all(is_name) {
        return None;
    }
    let mut addresses = (host, 0).to_socket_addrs().ok()?;
    addresses.find_map(|address| match address.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(network: &str, address: &str) -> bool {
        let network = Network::parse(network.as_bytes(), true).unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn abbreviated_addresses_omit_zero_bytes_in_the_middle() {
        assert!(is_in("10.12", "10.0.0.12"));
        assert!(is_in("127.1/8", "127.200.0.1"));
        assert!(is_in("192.168.1", "192.168.0.1"));
        assert!(is_in("192.168.1/22", "192.168.3.1"));
        assert!(is_in("10", "0.0.0.10"));
        assert!(!is_in("10.12", "10.12.0.0"));
    }

    #[test]
    fn malformed_networks_are_refused() {
        for text in [
            "10.0.0.0/33",
            "10.0.0.0/24.5",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "0x7f.1",
            "0x7f000001",
            "010.1.1.1",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "1.16777216",
            "2001::/129",
            "2001::/",
            "2001::/ffff::",
            "fe80::1%1",
            "[::1]",
            "/8",
            "",
            "a b",
            "10.0.0.0/255",
            "10.0.0.0/0xff",
        ] {
            let error = Network::parse(text.as_bytes(), true).unwrap_err();
            let expected = format!("'{text}' is not a valid IPv4 or IPv6 address");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn without_resolution_only_whole_addresses_count() {
        for text in ["10.12", "localhost", "192.168.1/22"] {
            assert!(Network::parse(text.as_bytes(), false).is_err(), "{text}");
        }
        assert!(Network::parse(b"1.2.3.4", false).is_ok());
        assert!(is_in("localhost", "127.0.0.1"));
    }
}
