//! What `cookie` and `capture cookie` lines mean beside the rest of their proxy: lengths
//! capped, values of servers made of their addresses where `dynamic` asks for it.

use std::net::IpAddr;

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{AddressSpec, Global, Mode};
use crate::config::section::proxy::draft::Draft;

/// Drops, with a warning each, cookies of a proxy that does not speak HTTP.
pub(super) fn check_mode(draft: &mut Draft, report: &mut Report) {
    if draft.proxy.mode == Mode::Http {
        return;
    }
    let (type_name, name) = (draft.type_name(), &draft.proxy.name);
    if draft.proxy.cookie.take().is_some() && draft.proxy.capabilities.backend {
        let span = draft.cookie_span.unwrap_or(draft.span);
        let message =
            format!("cookie will be ignored for {type_name} '{name}' (needs 'mode http').");
        report.push(Diagnostic::warning(span, message));
    }
    if draft.proxy.cookie_capture.take().is_some() {
        let span = draft.cookie_capture_span.unwrap_or(draft.span);
        let message = format!(
            "'capture' statement ignored for {type_name} '{name}' as it requires HTTP mode."
        );
        report.push(Diagnostic::warning(span, message));
    }
    if draft.proxy.appsession.take().is_some() {
        let message =
            format!("'appsession' will be ignored for {type_name} '{name}' (needs 'mode http').");
        report.push(Diagnostic::warning(draft.span, message));
    }
}

/// Caps the capture and names the servers; those of a frontend alone have nothing to name.
pub(super) fn settle(draft: &mut Draft, global: &Global, report: &mut Report) {
    let longest = global.tuning.http_cookielen;
    let name = draft.proxy.name.clone();
    if let Some(capture) = draft.proxy.cookie_capture.as_mut()
        && capture.len > longest
    {
        capture.len = longest;
        let span = draft.cookie_capture_span.unwrap_or(draft.span);
        let message = format!("truncating capture length to {longest} bytes for proxy '{name}'.");
        report.push(Diagnostic::warning(span, message).hint("see 'tune.http.cookielen'"));
    }
    let is_dynamic = draft
        .proxy
        .cookie
        .as_ref()
        .is_some_and(|cookie| cookie.dynamic);
    let Some(key) = draft
        .proxy
        .dynamic_cookie_key
        .as_deref()
        .filter(|_| is_dynamic)
    else {
        return;
    };
    for server in &mut draft.servers {
        let server = &mut server.server;
        if let (None, AddressSpec::Ip(address)) = (&server.cookie, &server.address) {
            server.cookie = Some(dynamic_value(key, address.ip(), address.port()));
        }
    }
}

/// The value that every HAProxy with the same key gives a server at this address: the
/// 64-bit xxHash of key, address and port in hexadecimal.
fn dynamic_value(key: &str, ip: IpAddr, port: u16) -> String {
    let mut bytes = key.as_bytes().to_vec();
    match ip {
        IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
    }
    bytes.extend_from_slice(&u32::from(port).to_be_bytes());
    format!("{:016x}", xxh64(&bytes))
}

/// XXH64 with seed 0, as its public specification says.
fn xxh64(input: &[u8]) -> u64 {
    let (stripes, mut tail) = input.as_chunks::<32>();
    let mut hash = match stripes {
        [] => PRIME_5,
        _ => mix_stripes(stripes),
    };
    hash = hash.wrapping_add(u64::try_from(input.len()).unwrap_or(u64::MAX));
    while let Some((word, rest)) = tail.split_first_chunk::<8>() {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash
            .rotate_left(27)
            .wrapping_mul(PRIME_1)
            .wrapping_add(PRIME_4);
        tail = rest;
    }
    if let Some((word, rest)) = tail.split_first_chunk::<4>() {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(PRIME_1);
        hash = hash
            .rotate_left(23)
            .wrapping_mul(PRIME_2)
            .wrapping_add(PRIME_3);
        tail = rest;
    }
    for &byte in tail {
        hash ^= u64::from(byte).wrapping_mul(PRIME_5);
        hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
    hash ^ (hash >> 32)
}

fn mix_stripes(stripes: &[[u8; 32]]) -> u64 {
    let mut lanes = [
        PRIME_1.wrapping_add(PRIME_2),
        PRIME_2,
        0,
        0u64.wrapping_sub(PRIME_1),
    ];
    for stripe in stripes {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
    let turns = [1, 7, 12, 18];
    let start = lanes.iter().zip(turns).fold(0u64, |sum, (lane, turn)| {
        sum.wrapping_add(lane.rotate_left(turn))
    });
    lanes.iter().fold(start, |hash, &lane| {
        (hash ^ round(0, lane))
            .wrapping_mul(PRIME_1)
            .wrapping_add(PRIME_4)
    })
}

const fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIME_2))
        .rotate_left(31)
        .wrapping_mul(PRIME_1)
}

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_values_are_those_of_haproxy() {
        // Seen in Set-Cookie lines of HAProxy 2.6 with the same key and address.
        let local = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(dynamic_value("MYKEY", local, 21_001), "15b9c62dddff0beb");
        let long = "thisisamuchlongersecretkeyof32+bytes";
        assert_eq!(dynamic_value(long, local, 21_001), "d2bdbdd2f41aeccb");
    }

    #[test]
    fn the_hash_is_xxh64() {
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
    }
}
