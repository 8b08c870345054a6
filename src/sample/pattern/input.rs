//! The values that patterns are compared with, and their other forms.
//!
//! Called by look-ups. The conversions are those of HAProxy's samples, so that any value can
//! meet any method (the table of manual, 7.1); where there is none, nothing matches.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

/// A value to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A string or a block of data.
    Bytes(&'a [u8]),
    /// An integer.
    Int(i64),
    /// An address.
    Ip(IpAddr),
    /// A truth value.
    Bool(bool),
}

impl<'a> Input<'a> {
    /// The value as an integer: of text the digits it begins with, 0 without any; none of
    /// an empty text and an IPv6 address.
    pub(super) fn as_int(self) -> Option<i64> {
        match self {
            Self::Bytes(text) => leading_int(text),
            Self::Int(value) => Some(value),
            Self::Ip(IpAddr::V4(address)) => Some(i64::from(address.to_bits())),
            Self::Ip(IpAddr::V6(_)) => None,
            Self::Bool(value) => Some(i64::from(value)),
        }
    }

    /// The value as an address.
    pub(super) fn as_ip(self) -> Option<IpAddr> {
        match self {
            Self::Bytes(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Self::Int(value) => {
                let bits = u32::try_from(value).ok()?;
                Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
            }
            Self::Ip(address) => Some(address),
            Self::Bool(_) => None,
        }
    }

    /// The value as text, which `room` may have to hold.
    pub(super) fn as_text(self, room: &'a mut Room) -> &'a [u8] {
        // The longest number and the longest address fit, so that writing cannot fail.
        let _ = match self {
            Self::Bytes(text) => return text,
            Self::Int(value) => write!(room, "{value}"),
            Self::Ip(address) => write!(room, "{address}"),
            Self::Bool(value) => write!(room, "{}", u8::from(value)),
        };
        room.bytes.get(..room.length).unwrap_or_default()
    }
}

/// Room for the text of a number or an address.
#[derive(Debug)]
pub(super) struct Room {
    bytes: [u8; ROOM],
    length: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            bytes: [0; ROOM],
            length: 0,
        }
    }
}

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.saturating_add(text.len());
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The integer that a text begins with.
fn leading_int(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [] => return None,
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let mut value = 0_i64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let added = sign * i64::from(digit - b'0');
        value = value.saturating_mul(10).saturating_add(added);
    }
    Some(value)
}

/// Longer than any address or number in decimal.
const ROOM: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_an_integer_as_far_as_it_goes() {
        let int = |text: &str| Input::Bytes(text.as_bytes()).as_int();
        assert_eq!(int("1x"), Some(1));
        assert_eq!(int("x"), Some(0));
        assert_eq!(int("+1"), Some(1));
        assert_eq!(int("-12"), Some(-12));
        assert_eq!(int(""), None);
        assert_eq!(int("99999999999999999999"), Some(i64::MAX));
        assert_eq!(int("-99999999999999999999"), Some(i64::MIN));
    }

    #[test]
    fn numbers_and_addresses_become_text() {
        let text = |input: Input<'_>| input.as_text(&mut Room::default()).to_vec();
        assert_eq!(text(Input::Int(i64::MIN)), b"-9223372036854775808");
        assert_eq!(text(Input::Bool(true)), b"1");
        let long = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(text(Input::Ip(long.parse().unwrap())), long.as_bytes());
        assert_eq!(text(Input::Bytes(b"x")), b"x");
    }
}
