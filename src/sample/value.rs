//! Typed samples: what a fetch finds, a converter changes and a pattern is matched against.
//!
//! A sample borrows its bytes from where they were found, the message or the arena of the
//! evaluation, so that passing it on costs nothing. Types change by [`Sample::cast`], along
//! the ways of the manual (section 7.1); [`Type::can_become`] says at load which ways there
//! are, so that an expression that could never produce a value is refused when it is read.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bumpalo::Bump;

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any of them: what a variable holds is only known when it is read.
    Any,
    /// True or false.
    Bool,
    /// A signed 64-bit number.
    Int,
    /// An IPv4 or IPv6 address.
    Addr,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// A request method.
    Method,
}

impl Type {
    /// The name that messages and the manual use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Addr => "address",
            Self::Ip4 => "ipv4",
            Self::Ip6 => "ipv6",
            Self::Str => "string",
            Self::Bin => "binary",
            Self::Method => "method",
        }
    }

    /// True when a sample of this type may be used where `wanted` is expected; whether one
    /// value can be converted is only known when it is there.
    pub const fn can_become(self, wanted: Self) -> bool {
        match self {
            Self::Any | Self::Str => true,
            Self::Bool => matches!(wanted, Self::Any | Self::Bool | Self::Int | Self::Str),
            Self::Int => !matches!(wanted, Self::Method),
            Self::Addr | Self::Ip4 => !matches!(wanted, Self::Bool | Self::Method),
            Self::Ip6 => !matches!(wanted, Self::Bool | Self::Int | Self::Method),
            Self::Bin => matches!(wanted, Self::Any | Self::Str | Self::Bin),
            Self::Method => !matches!(
                wanted,
                Self::Bool | Self::Int | Self::Addr | Self::Ip4 | Self::Ip6
            ),
        }
    }
}

/// A value on its way through an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample<'a> {
    /// See [`Type::Bool`].
    Bool(bool),
    /// See [`Type::Int`].
    Int(i64),
    /// See [`Type::Ip4`].
    Ip4(Ipv4Addr),
    /// See [`Type::Ip6`].
    Ip6(Ipv6Addr),
    /// See [`Type::Str`].
    Str(&'a [u8]),
    /// See [`Type::Bin`].
    Bin(&'a [u8]),
    /// See [`Type::Method`].
    Method(&'a [u8]),
}

impl<'a> Sample<'a> {
    /// The sample of an address.
    pub const fn of_ip(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ip4(address),
            IpAddr::V6(address) => Self::Ip6(address),
        }
    }

    /// Its type.
    pub const fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Ip4(_) => Type::Ip4,
            Self::Ip6(_) => Type::Ip6,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Method(_) => Type::Method,
        }
    }

    /// The bytes of a sample that is made of bytes.
    pub const fn raw(&self) -> Option<&'a [u8]> {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(bytes) => Some(bytes),
            Self::Bool(_) | Self::Int(_) | Self::Ip4(_) | Self::Ip6(_) => None,
        }
    }

    /// The same value as another type; `None` when this one has none.
    pub fn cast(self, wanted: Type, arena: &'a Bump) -> Option<Self> {
        match wanted {
            Type::Any => Some(self),
            Type::Bool => self.as_bool().map(Self::Bool),
            Type::Int => self.as_int().map(Self::Int),
            Type::Addr => self.as_ip().map(Self::of_ip),
            Type::Ip4 => self.as_ip4().map(Self::Ip4),
            Type::Ip6 => self.as_ip6().map(Self::Ip6),
            Type::Str => Some(Self::Str(self.as_text(arena))),
            Type::Bin => Some(Self::Bin(self.as_bytes(arena))),
            Type::Method => match self {
                Self::Str(text) | Self::Method(text) => Some(Self::Method(text)),
                _ => None,
            },
        }
    }

    /// As a truth value: numbers are true unless 0, text when it is such a number or a word
    /// for it.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            Self::Str(text) => parse_int(text).map(|number| number != 0),
            Self::Ip4(_) | Self::Ip6(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    /// As a number: the leading one of a text.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Int(value) => Some(*value),
            Self::Ip4(address) => Some(i64::from(u32::from(*address))),
            Self::Str(text) => parse_int(text),
            Self::Ip6(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    /// As an address.
    pub fn as_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip4(address) => Some(IpAddr::V4(*address)),
            Self::Ip6(address) => Some(IpAddr::V6(*address)),
            Self::Int(_) => self.as_ip4().map(IpAddr::V4),
            Self::Str(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Self::Bool(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    fn as_ip4(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Int(number) => {
                // The low 32 bits, as the manual has it: a number has no other address.
                let low = u32::try_from(number & 0xffff_ffff).ok()?;
                Some(Ipv4Addr::from(low))
            }
            _ => match self.as_ip()? {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(address) => address.to_ipv4_mapped(),
            },
        }
    }

    fn as_ip6(&self) -> Option<Ipv6Addr> {
        match self.as_ip()? {
            IpAddr::V4(address) => Some(address.to_ipv6_mapped()),
            IpAddr::V6(address) => Some(address),
        }
    }

    /// As text: bytes up to the first null byte, truth as 1 or 0.
    pub fn as_text(&self, arena: &'a Bump) -> &'a [u8] {
        match self {
            Self::Str(text) | Self::Method(text) => text,
            Self::Bin(bytes) => until_null(bytes),
            Self::Bool(value) => match value {
                true => b"1",
                false => b"0",
            },
            Self::Int(number) => print(arena, format_args!("{number}")),
            Self::Ip4(address) => dotted(*address, arena),
            Self::Ip6(address) => print(arena, format_args!("{address}")),
        }
    }

    /// As bytes: numbers in network order, addresses as on the wire.
    pub fn as_bytes(&self, arena: &'a Bump) -> &'a [u8] {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(bytes) => bytes,
            Self::Bool(value) => arena.alloc_slice_copy(&i64::from(*value).to_be_bytes()),
            Self::Int(number) => arena.alloc_slice_copy(&number.to_be_bytes()),
            Self::Ip4(address) => arena.alloc_slice_copy(&address.octets()),
            Self::Ip6(address) => arena.alloc_slice_copy(&address.octets()),
        }
    }
}

/// An IPv4 address as text, without the formatting machinery: rules tell it to servers in
/// most configurations.
fn dotted(address: Ipv4Addr, arena: &Bump) -> &[u8] {
    let mut out = bumpalo::collections::Vec::with_capacity_in(DOTTED_LEN_MAX, arena);
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let leading = digits
            .iter()
            .take(2)
            .take_while(|&&digit| digit == 0)
            .count();
        out.extend(digits.iter().skip(leading).map(|digit| b'0' + digit));
    }
    out.into_bump_slice()
}

/// Prints into the arena.
pub fn print<'a>(arena: &'a Bump, text: std::fmt::Arguments<'_>) -> &'a [u8] {
    let mut out = bumpalo::collections::String::new_in(arena);
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.into_bump_str().as_bytes()
}

/// Bytes as text: as they are, up to the first null byte.
fn until_null(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

/// The number that a text begins with, with an optional sign; 0 when there are no digits, as
/// in the language's other implementations. Out of range is the nearest number.
pub fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first() {
        None => return None,
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        value = value.saturating_mul(10);
        value = match negative {
            true => value.saturating_sub(digit),
            false => value.saturating_add(digit),
        };
    }
    Some(value)
}

/// `255.255.255.255`
const DOTTED_LEN_MAX: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_what_it_says() {
        let arena = Bump::new();
        let text = Sample::Str(b"192.168.0.1");
        assert_eq!(
            text.cast(Type::Ip4, &arena),
            Some(Sample::Ip4(Ipv4Addr::new(192, 168, 0, 1)))
        );
        assert_eq!(
            Sample::Str(b"-12x").cast(Type::Int, &arena),
            Some(Sample::Int(-12))
        );
        assert_eq!(Sample::Str(b"nothing").cast(Type::Ip6, &arena), None);
        assert_eq!(
            Sample::Bin(b"\x01\xab\0c").cast(Type::Str, &arena),
            Some(Sample::Str(b"\x01\xab"))
        );
        assert_eq!(
            Sample::Int(258).cast(Type::Bin, &arena),
            Some(Sample::Bin(&[0, 0, 0, 0, 0, 0, 1, 2]))
        );
        assert_eq!(
            Sample::Bool(true).cast(Type::Str, &arena),
            Some(Sample::Str(b"1"))
        );
    }

    #[test]
    fn addresses_are_written_without_leading_zeros() {
        let arena = Bump::new();
        for text in ["0.0.0.0", "1.20.100.255", "10.9.8.200", "255.255.255.255"] {
            let address = text.parse().map(Sample::Ip4).unwrap();
            assert_eq!(address.as_text(&arena), text.as_bytes());
        }
    }

    #[test]
    fn every_way_that_a_value_takes_is_declared() {
        let arena = Bump::new();
        let values = [
            Sample::Bool(true),
            Sample::Int(7),
            Sample::Ip4(Ipv4Addr::LOCALHOST),
            Sample::Ip6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()),
            Sample::Str(b"127.0.0.1"),
            Sample::Bin(b"GET"),
            Sample::Method(b"GET"),
        ];
        let types = [Type::Bool, Type::Int, Type::Ip4, Type::Ip6, Type::Method];
        for value in values {
            for wanted in types {
                if value.cast(wanted, &arena).is_some() {
                    assert!(value.kind().can_become(wanted), "{value:?} as {wanted:?}");
                }
            }
        }
    }
}
