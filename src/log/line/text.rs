//! Numbers and addresses as text, appended to a buffer without the formatting machinery.
//!
//! Called by all line formats, for each field they share. Nothing here allocates beyond the
//! growth of the buffer, and nothing fails.

use std::net::Ipv6Addr;

use bumpalo::collections::Vec as ArenaVec;

use crate::log::record::{NOSRV, Record};
use crate::net::address::PeerAddress;

/// Where the text of a line goes: the buffer of a fixed shape, or the arena of a format.
pub trait Sink {
    /// Appends a byte.
    fn push(&mut self, byte: u8);
    /// Appends bytes.
    fn extend_from_slice(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn push(&mut self, byte: u8) {
        self.push(byte);
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for ArenaVec<'_, u8> {
    fn push(&mut self, byte: u8) {
        self.push(byte);
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice_copy(bytes);
    }
}

/// Appends a number. Most numbers of a line are below ten.
pub(crate) fn push_u64(out: &mut impl Sink, mut value: u64) {
    if value < 10 {
        out.push(digit(value));
        return;
    }
    let mut digits = [0u8; U64_DIGITS_MAX];
    let mut len = 0;
    for slot in digits.iter_mut().rev() {
        *slot = digit(value % 10);
        len += 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(U64_DIGITS_MAX - len..).unwrap_or_default());
}

/// Appends a number.
pub(crate) fn push_u32(out: &mut impl Sink, value: u32) {
    push_u64(out, u64::from(value));
}

/// Appends a number with its sign.
pub(crate) fn push_i32(out: &mut impl Sink, value: i32) {
    if value < 0 {
        out.push(b'-');
    }
    push_u32(out, value.unsigned_abs());
}

/// Appends the last `width` digits of a number, zeros first; six at most.
pub(crate) fn push_padded(out: &mut impl Sink, width: usize, mut value: u32) {
    let mut digits = [b'0'; PADDED_MAX];
    for slot in digits.iter_mut().rev() {
        *slot = digit(u64::from(value % 10));
        value /= 10;
    }
    let start = PADDED_MAX.saturating_sub(width);
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Appends numbers with slashes between them.
pub(crate) fn push_slashed(out: &mut impl Sink, values: &[u32]) {
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.push(b'/');
        }
        push_u32(out, *value);
    }
}

/// Appends the host of an end (`%ci`): its address, `unix`, or a dash.
pub(crate) fn push_host(out: &mut impl Sink, peer: PeerAddress) {
    match peer {
        PeerAddress::V4(ip, _) => push_v4(out, ip.octets()),
        PeerAddress::V6(ip, _) => push_v6(out, ip),
        PeerAddress::Unix => out.extend_from_slice(b"unix"),
        PeerAddress::None => out.push(b'-'),
    }
}

/// Appends the port of an end (`%cp`); that of a unix client is its listener's number.
pub(crate) fn push_port(out: &mut impl Sink, peer: PeerAddress, listener_id: u32) {
    match peer {
        PeerAddress::V4(_, port) | PeerAddress::V6(_, port) => push_u32(out, u32::from(port)),
        PeerAddress::Unix => push_u32(out, listener_id),
        PeerAddress::None => out.push(b'-'),
    }
}

/// Appends an end as `host:port`.
pub(crate) fn push_peer(out: &mut impl Sink, peer: PeerAddress, listener_id: u32) {
    push_host(out, peer);
    out.push(b':');
    push_port(out, peer, listener_id);
}

/// Appends ` frontend backend/server ` of the TCP and HTTP lines.
pub(crate) fn push_names(out: &mut impl Sink, record: &Record<'_>) {
    out.push(b' ');
    push_frontend(out, record);
    out.push(b' ');
    out.extend_from_slice(record.backend.as_bytes());
    out.push(b'/');
    out.extend_from_slice(record.server.unwrap_or(NOSRV).as_bytes());
    out.push(b' ');
}

/// Appends the frontend's name (`%ft`).
pub(crate) fn push_frontend(out: &mut impl Sink, record: &Record<'_>) {
    out.extend_from_slice(record.frontend.as_bytes());
    if record.is_tls {
        out.push(b'~');
    }
}

/// Appends the `+` of a value that may still grow.
pub(crate) fn push_early_mark(out: &mut impl Sink, record: &Record<'_>) {
    if record.is_early {
        out.push(b'+');
    }
}

/// Appends ` ac/fc/bc/sc/rc sq/bq` of the TCP and HTTP lines.
pub(crate) fn push_counts(out: &mut impl Sink, record: &Record<'_>) {
    let counts = &record.connections;
    out.push(b' ');
    push_slashed(
        out,
        &[
            counts.process,
            counts.frontend,
            counts.backend,
            counts.server,
        ],
    );
    out.push(b'/');
    push_retries(out, record);
    out.push(b' ');
    push_slashed(out, &[record.server_queue, record.backend_queue]);
}

/// Appends the retries (`%rc`), marked when the last one went to another server.
pub(crate) fn push_retries(out: &mut impl Sink, record: &Record<'_>) {
    if record.connections.redispatched {
        out.push(b'+');
    }
    push_u32(out, record.connections.retries);
}

fn push_v4(out: &mut impl Sink, octets: [u8; 4]) {
    for (position, octet) in octets.into_iter().enumerate() {
        if position > 0 {
            out.push(b'.');
        }
        push_u32(out, u32::from(octet));
    }
}

/// The text form of RFC 5952: the longest run of zero groups, two at least, becomes `::`.
fn push_v6(out: &mut impl Sink, ip: Ipv6Addr) {
    if let Some(v4) = ip.to_ipv4_mapped() {
        out.extend_from_slice(b"::ffff:");
        push_v4(out, v4.octets());
        return;
    }
    let groups = ip.segments();
    let (start, len) = longest_zeros(groups);
    for (position, group) in groups.into_iter().enumerate() {
        if len > 1 && position >= start && position < start + len {
            if position == start {
                out.extend_from_slice(b"::");
            }
            continue;
        }
        if position > 0 && (len < 2 || position != start + len) {
            out.push(b':');
        }
        push_hex(out, group);
    }
}

/// Start and length of the longest run of zero groups, the first of equals.
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let mut longest = (0, 0);
    let mut run = (0, 0);
    for (position, group) in groups.into_iter().enumerate() {
        if group != 0 {
            run = (position + 1, 0);
            continue;
        }
        run.1 += 1;
        if run.1 > longest.1 {
            longest = run;
        }
    }
    longest
}

fn push_hex(out: &mut impl Sink, group: u16) {
    let mut leading = true;
    for shift in [12u32, 8, 4, 0] {
        let nibble = (group >> shift) & 0xf;
        leading = leading && nibble == 0 && shift > 0;
        if !leading {
            out.push(hexadecimal_digit(nibble));
        }
    }
}

/// The digit of a value below ten.
fn digit(value: u64) -> u8 {
    b'0'.saturating_add(u8::try_from(value).unwrap_or(0))
}

/// Appends a number in upper-case hexadecimal digits, `width` of them at least.
pub(crate) fn push_hexadecimal(out: &mut impl Sink, width: usize, value: u64) {
    let used = 16 - (value.leading_zeros() / 4) as usize;
    for position in (0..used.max(width).max(1)).rev() {
        let nibble = value.checked_shr(u32::try_from(position * 4).unwrap_or(u32::MAX));
        out.push(upper_digit(nibble.unwrap_or(0)));
    }
}

fn upper_digit(value: u64) -> u8 {
    b"0123456789ABCDEF"[(value & 15) as usize]
}

fn hexadecimal_digit(value: u16) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

const U64_DIGITS_MAX: usize = 20;
const PADDED_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_ends_of_the_number_ranges() {
        assert_eq!(text_of(|out| push_u64(out, u64::MAX)), u64::MAX.to_string());
        assert_eq!(text_of(|out| push_i32(out, i32::MIN)), i32::MIN.to_string());
        assert_eq!(text_of(|out| push_i32(out, -1)), "-1");
        assert_eq!(text_of(|out| push_u32(out, 0)), "0");
        assert_eq!(text_of(|out| push_padded(out, 3, 7)), "007");
        assert_eq!(text_of(|out| push_padded(out, 2, 123)), "23");
    }

    #[test]
    fn unix_ends_show_their_listener() {
        assert_eq!(
            text_of(|out| push_peer(out, PeerAddress::Unix, 3)),
            "unix:3"
        );
        assert_eq!(text_of(|out| push_peer(out, PeerAddress::None, 3)), "-:-");
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_formatter(value: u64, signed: i32) {
            prop_assert_eq!(text_of(|out| push_u64(out, value)), value.to_string());
            prop_assert_eq!(text_of(|out| push_i32(out, signed)), signed.to_string());
        }

        #[test]
        fn addresses_are_those_of_the_formatter(
            groups in prop::array::uniform8(prop_oneof![Just(0u16), Just(0xffff), any::<u16>()]),
            octets: [u8; 4],
            port: u16,
        ) {
            let v6 = PeerAddress::V6(groups.into(), port);
            prop_assert_eq!(text_of(|out| push_peer(out, v6, 0)), v6.to_string());
            let v4 = PeerAddress::V4(octets.into(), port);
            prop_assert_eq!(text_of(|out| push_peer(out, v4, 0)), v4.to_string());
        }
    }
}
