//! Version 2: a binary header of declared length, with addresses and extensions (TLVs).
//!
//! Unknown extensions are skipped, but each must end inside the header; a checksum that is
//! present must be right. LOCAL headers are skipped whole, whatever family they name.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Emitted, Header, Parse, Reason};
use crate::net::address::PeerAddress;

/// Reads a header; `input` matches the signature as far as it goes.
pub(super) fn parse(input: &[u8], len_max: usize) -> Parse {
    let command = match input.get(COMMAND_AT) {
        None => return Parse::Incomplete,
        Some(&LOCAL) => Command::Local,
        Some(&PROXY) => Command::Proxy,
        Some(_) => return Parse::Invalid(Reason::Command),
    };
    let Some((head, _)) = input.split_first_chunk::<HEAD_LEN>() else {
        return Parse::Incomplete;
    };
    let [.., family, len_high, len_low] = *head;
    let header_len = HEAD_LEN + usize::from(u16::from_be_bytes([len_high, len_low]));
    if header_len > len_max {
        return Parse::Invalid(Reason::TooLong);
    }
    let Some(header) = input.get(..header_len) else {
        return Parse::Incomplete;
    };
    match addresses(command, family, header) {
        Ok((source, destination)) => Parse::Complete(Header {
            header_len,
            source,
            destination,
            local: matches!(command, Command::Local),
        }),
        Err(reason) => Parse::Invalid(reason),
    }
}

/// The header for a connection. An IPv4 end facing an IPv6 end is written as IPv4-mapped;
/// where an end has no IP address the header is LOCAL, as HAProxy sends it.
pub fn emit(source: PeerAddress, destination: PeerAddress) -> Emitted {
    let (Some(from), Some(to)) = (source.ip(), destination.ip()) else {
        return emit_local();
    };
    let mut header = Emitted::empty();
    header.push(SIGNATURE);
    if let (PeerAddress::V4(from, _), PeerAddress::V4(to, _)) = (source, destination) {
        header.push(&[PROXY, TCP4, 0, V4_LEN_BYTE]);
        header.push(&from.octets());
        header.push(&to.octets());
    } else {
        header.push(&[PROXY, TCP6, 0, V6_LEN_BYTE]);
        header.push(&mapped(from).octets());
        header.push(&mapped(to).octets());
    }
    header.push(&source.port().to_be_bytes());
    header.push(&destination.port().to_be_bytes());
    header
}

/// The header of a connection weir makes for itself, such as a health check.
pub fn emit_local() -> Emitted {
    let mut header = Emitted::empty();
    header.push(SIGNATURE);
    header.push(&[LOCAL, 0, 0, 0]);
    header
}

/// What an extension holds (specification, 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlvType {
    /// 0x01: the application protocol negotiated.
    Alpn,
    /// 0x02: the host name the client asked for.
    Authority,
    /// 0x03: CRC32c of the header.
    Crc32c,
    /// 0x04: padding.
    Noop,
    /// 0x05: an opaque identifier of the connection.
    UniqueId,
    /// 0x20: facts about TLS, holding extensions of its own.
    Ssl,
    /// 0x30: the network name space.
    NetworkNamespace,
    /// Anything else.
    Other(u8),
}

impl From<u8> for TlvType {
    fn from(byte: u8) -> Self {
        match byte {
            0x01 => Self::Alpn,
            0x02 => Self::Authority,
            0x03 => Self::Crc32c,
            0x04 => Self::Noop,
            0x05 => Self::UniqueId,
            0x20 => Self::Ssl,
            0x30 => Self::NetworkNamespace,
            other => Self::Other(other),
        }
    }
}

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its meaning.
    pub kind: TlvType,
    /// Its value.
    pub value: &'a [u8],
}

/// The extensions of a complete version 2 header; none for LOCAL or a version 1 line.
pub fn tlvs(header: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let extensions = match (header.get(COMMAND_AT), header.get(COMMAND_AT + 1)) {
        (Some(&PROXY), Some(&family)) if header.starts_with(SIGNATURE) => {
            address_len(family).and_then(|len| header.get(HEAD_LEN + len..))
        }
        _ => None,
    };
    Tlvs {
        rest: extensions.unwrap_or_default(),
    }
    .map_while(Result::ok)
}

#[derive(Clone, Copy)]
enum Command {
    Local,
    Proxy,
}

type Ends = (PeerAddress, PeerAddress);

fn addresses(command: Command, family: u8, header: &[u8]) -> Result<Ends, Reason> {
    let unknown = (PeerAddress::None, PeerAddress::None);
    if matches!(command, Command::Local) {
        return Ok(unknown);
    }
    let len = address_len(family).ok_or(Reason::Family)?;
    let body = header.get(HEAD_LEN..).ok_or(Reason::TooShort)?;
    let (ends, extensions) = body.split_at_checked(len).ok_or(Reason::TooShort)?;
    check_extensions(header, extensions)?;
    match family {
        TCP4 => v4(ends).ok_or(Reason::TooShort),
        TCP6 => v6(ends).ok_or(Reason::TooShort),
        UNIX_STREAM => Ok((PeerAddress::Unix, PeerAddress::Unix)),
        // Unspecified, or datagrams, which no stream carries: the connection's own ends hold.
        _ => Ok(unknown),
    }
}

/// Bytes the addresses of a family take; `None` for what the specification does not name.
fn address_len(family: u8) -> Option<usize> {
    if family & 0x0f > DATAGRAM {
        return None;
    }
    match family >> 4 {
        0 => Some(0),
        1 => Some(V4_LEN),
        2 => Some(V6_LEN),
        3 => Some(UNIX_LEN),
        _ => None,
    }
}

fn v4(ends: &[u8]) -> Option<Ends> {
    let (from, rest) = ends.split_first_chunk::<4>()?;
    let (to, ports) = rest.split_first_chunk::<4>()?;
    let (from_port, to_port) = port_pair(ports)?;
    let source = PeerAddress::V4(Ipv4Addr::from(*from), from_port);
    Some((source, PeerAddress::V4(Ipv4Addr::from(*to), to_port)))
}

fn v6(ends: &[u8]) -> Option<Ends> {
    let (from, rest) = ends.split_first_chunk::<16>()?;
    let (to, ports) = rest.split_first_chunk::<16>()?;
    let (from_port, to_port) = port_pair(ports)?;
    let source = PeerAddress::V6(Ipv6Addr::from(*from), from_port);
    Some((source, PeerAddress::V6(Ipv6Addr::from(*to), to_port)))
}

fn port_pair(ports: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d] = *ports.first_chunk()?;
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

fn check_extensions(header: &[u8], extensions: &[u8]) -> Result<(), Reason> {
    let mut at = header.len().saturating_sub(extensions.len());
    for tlv in (Tlvs { rest: extensions }) {
        let tlv = tlv?;
        let value_at = at + TLV_HEAD_LEN;
        at = value_at + tlv.value.len();
        if tlv.kind == TlvType::Crc32c && !checksum_matches(header, value_at, tlv.value) {
            return Err(Reason::Checksum);
        }
    }
    Ok(())
}

struct Tlvs<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<Tlv<'a>, Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self.rest.split_first_chunk::<TLV_HEAD_LEN>();
        let Some(([kind, high, low], rest)) = split else {
            self.rest = &[];
            return Some(Err(Reason::Extension));
        };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, rest)) = rest.split_at_checked(len) else {
            self.rest = &[];
            return Some(Err(Reason::Extension));
        };
        self.rest = rest;
        let kind = TlvType::from(*kind);
        Some(Ok(Tlv { kind, value }))
    }
}

/// The sum is taken over the whole header with the sum itself as zeros.
fn checksum_matches(header: &[u8], value_at: usize, value: &[u8]) -> bool {
    let Some(expected) = value.first_chunk::<4>().filter(|_| value.len() == 4) else {
        return false;
    };
    let (before, rest) = header.split_at(value_at.min(header.len()));
    let after = rest.get(4..).unwrap_or_default();
    let bytes = before.iter().chain(&[0; 4]).chain(after);
    crc32c(bytes.copied()) == u32::from_be_bytes(*expected)
}

/// Bit by bit: headers are short, and few senders add the sum.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    let sum = bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            let shifted = sum >> 1;
            if sum & 1 == 1 {
                shifted ^ CRC32C
            } else {
                shifted
            }
        })
    });
    !sum
}

const fn mapped(ip: std::net::IpAddr) -> Ipv6Addr {
    match ip {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        std::net::IpAddr::V6(v6) => v6,
    }
}

/// Every version 2 header begins so; no valid line of another protocol does.
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const COMMAND_AT: usize = 12;
const HEAD_LEN: usize = 16;
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;
const DATAGRAM: u8 = 2;
const V4_LEN_BYTE: u8 = 12;
const V6_LEN_BYTE: u8 = 36;
const V4_LEN: usize = V4_LEN_BYTE as usize;
const V6_LEN: usize = V6_LEN_BYTE as usize;
const UNIX_LEN: usize = 216;
const TLV_HEAD_LEN: usize = 3;
/// The Castagnoli polynomial, reflected.
const CRC32C: u32 = 0x82f6_3b78;

#[cfg(test)]
pub(super) fn checksum_for_tests(bytes: &[u8]) -> u32 {
    crc32c(bytes.iter().copied())
}
