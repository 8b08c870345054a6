//! Texts and addresses cut and compared: `bytes`, `ltrim`, `rtrim`, `cut_crlf`, `strcmp`,
//! `concat`, `add_item`, `language`, `ipmask`, `lower` and `upper`.
//!
//! Cuts return sub-slices; the others append to a vector of the caller.

use std::cmp::Ordering;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The converter `bytes`: from `offset` to the end, or `length` bytes of it. What lies
/// beyond the end is left out.
pub fn bytes(text: &[u8], offset: usize, length: Option<usize>) -> &[u8] {
    let rest = text.get(offset..).unwrap_or_default();
    match length {
        Some(length) => rest.get(..length).unwrap_or(rest),
        None => rest,
    }
}

/// The converter `ltrim`: without the bytes of `chars` at the beginning.
pub fn ltrim<'a>(text: &'a [u8], chars: &[u8]) -> &'a [u8] {
    let start = text.iter().position(|byte| !chars.contains(byte));
    start.and_then(|at| text.get(at..)).unwrap_or_default()
}

/// The converter `rtrim`: without the bytes of `chars` at the end.
pub fn rtrim<'a>(text: &'a [u8], chars: &[u8]) -> &'a [u8] {
    let last = text.iter().rposition(|byte| !chars.contains(byte));
    last.and_then(|at| text.get(..=at)).unwrap_or_default()
}

/// The converter `cut_crlf`: up to the first carriage return or line feed.
pub fn cut_crlf(text: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b'\r', b'\n', text);
    end.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The converter `strcmp`: below, equal to or above 0, as strcmp(3) answers.
pub fn strcmp(left: &[u8], right: &[u8]) -> i64 {
    match left.cmp(right) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// Appends the converter `concat`: `text`, `start`, the variable if there is one, `end`.
pub fn concat(text: &[u8], start: &[u8], variable: Option<&[u8]>, end: &[u8], out: &mut Vec<u8>) {
    for piece in [text, start, variable.unwrap_or_default(), end] {
        out.extend_from_slice(piece);
    }
}

/// Appends the converter `add_item`: as [`concat()`], but `delimiter` stands only between a
/// text and something that is added to it.
pub fn add_item(
    text: &[u8],
    delimiter: &[u8],
    variable: Option<&[u8]>,
    suffix: &[u8],
    out: &mut Vec<u8>,
) {
    let variable = variable.unwrap_or_default();
    let adds_nothing = variable.is_empty() && suffix.is_empty();
    let delimiter = match text.is_empty() || adds_nothing {
        true => &[],
        false => delimiter,
    };
    concat(text, delimiter, Some(variable), suffix, out);
}

/// Appends `text` in lower case (converter `lower`).
pub fn lower(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(u8::to_ascii_lowercase));
}

/// Appends `text` in upper case (converter `upper`).
pub fn upper(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(u8::to_ascii_uppercase));
}

/// The converter `ipmask` for IPv4.
pub fn mask_v4(address: Ipv4Addr, mask: Ipv4Addr) -> Ipv4Addr {
    address & mask
}

/// The converter `ipmask` for IPv6.
pub fn mask_v6(address: Ipv6Addr, mask: Ipv6Addr) -> Ipv6Addr {
    address & mask
}

/// The mask of a prefix length, none beyond 32.
pub fn prefix_v4(length: u32) -> Option<Ipv4Addr> {
    let zeros = 32_u32.checked_sub(length)?;
    Some(Ipv4Addr::from(u32::MAX.checked_shl(zeros).unwrap_or(0)))
}

/// The mask of a prefix length, none beyond 128.
pub fn prefix_v6(length: u32) -> Option<Ipv6Addr> {
    let zeros = 128_u32.checked_sub(length)?;
    Some(Ipv6Addr::from(u128::MAX.checked_shl(zeros).unwrap_or(0)))
}

/// The converter `language`: of `supported`, divided by `;`, the one that an accept-language
/// header's value likes best. The first of equals wins; a variant (`en-us`) is looked for
/// whole before its base.
pub fn language<'a>(accepted: &[u8], supported: &'a [u8]) -> Option<&'a [u8]> {
    let mut best = None;
    let mut best_quality = 0;
    for item in accepted.split(|&byte| byte == b',') {
        let mut parts = item.split(|&byte| byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let quality = parts.find_map(quality_thousandths).unwrap_or(1000);
        if quality <= best_quality {
            continue;
        }
        if let Some(found) = supported_language(name, supported) {
            best = Some(found);
            best_quality = quality;
        }
    }
    best
}

fn supported_language<'a>(name: &[u8], supported: &'a [u8]) -> Option<&'a [u8]> {
    let base = name.split(|&byte| byte == b'-').next().unwrap_or_default();
    let find = |wanted: &[u8]| {
        let mut all = supported.split(|&byte| byte == b';');
        all.find(|one| !one.is_empty() && *one == wanted)
    };
    find(name).or_else(|| find(base))
}

/// The value of a parameter `q=0.875` in thousandths (RFC 9110, section 12.4.2); none for
/// other parameters and for bad values.
fn quality_thousandths(parameter: &[u8]) -> Option<u32> {
    let text = parameter.trim_ascii();
    let value = text
        .strip_prefix(b"q=")
        .or_else(|| text.strip_prefix(b"Q="))?;
    let (whole, decimals) = match value {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut thousandths = u32::from(whole - b'0') * 1000;
    for (digit, weight) in decimals.iter().zip([100, 10, 1]) {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        thousandths += digit * weight;
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts() {
        assert_eq!(bytes(b"abcdef", 2, None), b"cdef");
        assert_eq!(bytes(b"abcdef", 2, Some(2)), b"cd");
        assert_eq!(bytes(b"abcdef", 2, Some(20)), b"cdef");
        assert_eq!(bytes(b"abcdef", 7, None), b"");
        assert_eq!(
            (ltrim(b"aabxbaa", b"ab"), rtrim(b"aabxbaa", b"ab")),
            (&b"xbaa"[..], &b"aabx"[..])
        );
        assert_eq!(
            (ltrim(b"aab", b"ab"), rtrim(b"aab", b"ab")),
            (&b""[..], &b""[..])
        );
        assert_eq!(cut_crlf(b"a\rb"), b"a");
        assert_eq!(
            (strcmp(b"a", b"ab"), strcmp(b"b", b"ab"), strcmp(b"", b"")),
            (-1, 1, 0)
        );
    }

    #[test]
    fn joins() {
        let joined = |fill: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            fill(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            joined(&|out| concat(b"a", b"<", Some(b"v"), b">", out)),
            "a<v>"
        );
        assert_eq!(joined(&|out| concat(b"a", b"<", None, b"", out)), "a<");
        assert_eq!(joined(&|out| add_item(b"a", b",", None, b"c", out)), "a,c");
        assert_eq!(joined(&|out| add_item(b"", b",", None, b"c", out)), "c");
        assert_eq!(joined(&|out| add_item(b"a", b",", None, b"", out)), "a");
        assert_eq!(joined(&|out| lower(b"aBC-9", out)), "abc-9");
        assert_eq!(joined(&|out| upper(b"aBC-9", out)), "ABC-9");
    }

    #[test]
    fn masks() {
        let address = Ipv4Addr::new(127, 1, 2, 3);
        assert_eq!(
            mask_v4(address, prefix_v4(8).unwrap()),
            Ipv4Addr::new(127, 0, 0, 0)
        );
        assert_eq!(
            (prefix_v4(0), prefix_v4(33)),
            (Some(Ipv4Addr::UNSPECIFIED), None)
        );
        let address: Ipv6Addr = "1234:5678::1".parse().unwrap();
        let masked: Ipv6Addr = "1234:5000::".parse().unwrap();
        assert_eq!(mask_v6(address, prefix_v6(20).unwrap()), masked);
        assert_eq!(
            (prefix_v6(0), prefix_v6(129)),
            (Some(Ipv6Addr::UNSPECIFIED), None)
        );
    }

    #[test]
    fn the_language_that_is_liked_best() {
        let chosen = |accepted: &str| {
            let found = language(accepted.as_bytes(), b"es;fr;en-us;en");
            found.map(|name| std::str::from_utf8(name).unwrap())
        };
        assert_eq!(chosen("de, es;q=0.8, fr;q=0.9"), Some("fr"));
        assert_eq!(chosen("fr-ca,es;q=0.9"), Some("fr"));
        assert_eq!(chosen("en-us;q=0.5,en;q=0.5"), Some("en-us"));
        assert_eq!(chosen("es;q=0"), None);
        assert_eq!(chosen("de"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_within(
            text in proptest::collection::vec(any::<u8>(), 0..20),
            at in any::<usize>(),
        ) {
            prop_assert!(bytes(&text, at, Some(at)).len() <= text.len());
            prop_assert!(language(&text, &text).is_none_or(|name| name.len() <= text.len()));
        }
    }
}
