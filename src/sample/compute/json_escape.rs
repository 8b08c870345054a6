//! The converter `json`: a text as the inside of a JSON string, in ASCII.
//!
//! Called by the converter table and by log formats that write JSON.
//! Invariant: the output is at most six times as long as the input.

/// How the input is read, by the names of the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `ascii`: each byte is a character; never fails.
    Ascii,
    /// `utf8`: fails on any error.
    Utf8,
    /// `utf8s`: leaves erroneous characters out.
    Utf8Silent,
    /// `utf8p`: takes overlong characters for what they mean, fails on other errors.
    Utf8Permissive,
    /// `utf8ps`: takes overlong characters for what they mean, leaves others out.
    Utf8PermissiveSilent,
}

impl Charset {
    /// By its name in the configuration.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "ascii" => Some(Self::Ascii),
            "utf8" => Some(Self::Utf8),
            "utf8s" => Some(Self::Utf8Silent),
            "utf8p" => Some(Self::Utf8Permissive),
            "utf8ps" => Some(Self::Utf8PermissiveSilent),
            _ => None,
        }
    }

    fn is_silent(self) -> bool {
        matches!(self, Self::Utf8Silent | Self::Utf8PermissiveSilent)
    }

    fn is_permissive(self) -> bool {
        matches!(self, Self::Utf8Permissive | Self::Utf8PermissiveSilent)
    }
}

/// Appends `text`, escaped. False when `charset` finds an error that it does not forgive;
/// `out` is as it was then.
#[must_use]
pub fn json_escape(text: &[u8], charset: Charset, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    if charset == Charset::Ascii {
        text.iter().for_each(|&byte| push_escaped(byte.into(), out));
        return true;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let (character, length) = next_character(rest);
        rest = rest.get(length..).unwrap_or_default();
        let unit = match character {
            Character::Valid(code) => u16::try_from(code).ok(),
            Character::Overlong(code) if charset.is_permissive() => u16::try_from(code).ok(),
            Character::Overlong(_) | Character::Invalid => None,
        };
        match unit {
            Some(unit) => push_escaped(unit, out),
            None if charset.is_silent() => {}
            None => {
                out.truncate(start);
                return false;
            }
        }
    }
    true
}

enum Character {
    Valid(u32),
    /// Written with more bytes than it needs.
    Overlong(u32),
    Invalid,
}

/// The character at the beginning of `bytes`, which hold one at least, and its length.
fn next_character(bytes: &[u8]) -> (Character, usize) {
    let lead = bytes.first().copied().unwrap_or_default();
    let (length, bits) = match lead {
        0x00..=0x7f => return (Character::Valid(lead.into()), 1),
        0xc0..=0xdf => (2, lead & 0x1f),
        0xe0..=0xef => (3, lead & 0x0f),
        0xf0..=0xf7 => (4, lead & 0x07),
        0xf8..=0xfb => (5, lead & 0x03),
        0xfc..=0xfd => (6, lead & 0x01),
        0x80..=0xbf | 0xfe..=0xff => return (Character::Invalid, 1),
    };
    let continuation = bytes.iter().skip(1).take(length - 1);
    let mut code = u32::from(bits);
    let mut seen = 1;
    for byte in continuation.take_while(|byte| (0x80..=0xbf).contains(*byte)) {
        code = code << 6 | u32::from(byte & 0x3f);
        seen += 1;
    }
    if seen < length || is_prohibited(code) {
        return (Character::Invalid, seen);
    }
    match code < smallest_code(length) {
        true => (Character::Overlong(code), length),
        false => (Character::Valid(code), length),
    }
}

/// Surrogates, and the two that no character may be at the end of the plane.
fn is_prohibited(code: u32) -> bool {
    matches!(code, 0xd800..=0xdfff | 0xfffe | 0xffff)
}

/// The least code that needs a sequence of `length` bytes.
fn smallest_code(length: usize) -> u32 {
    match length {
        2 => 0x80,
        3 => 0x800,
        4 => 0x1_0000,
        5 => 0x20_0000,
        _ => 0x400_0000,
    }
}

fn push_escaped(unit: u16, out: &mut Vec<u8>) {
    let [high, low] = unit.to_be_bytes();
    if high == 0 {
        let short = match low {
            b'"' | b'\\' | b'/' => Some(low),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\t' => Some(b't'),
            0x08 => Some(b'b'),
            0x0c => Some(b'f'),
            _ => None,
        };
        if let Some(short) = short {
            return out.extend_from_slice(&[b'\\', short]);
        }
        if matches!(low, b' '..=b'~') {
            return out.push(low);
        }
    }
    out.extend_from_slice(b"\\u");
    for digit in [high >> 4, high & 0x0f, low >> 4, low & 0x0f] {
        out.push(match digit {
            0..=9 => b'0' + digit,
            _ => b'a' + (digit - 10),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &[u8], name: &str) -> Option<String> {
        let mut out = Vec::new();
        let done = json_escape(text, Charset::by_name(name).unwrap(), &mut out);
        assert!(done || out.is_empty());
        done.then(|| String::from_utf8(out).unwrap())
    }

    /// The results in the order utf8, utf8s, utf8p, utf8ps; a dash where the converter fails.
    #[test]
    fn each_charset_as_the_reference_reads_it() {
        for (text, results) in [
            (
                &b"\xc3\xa9\x09\x0a\x0d\x08\x0c\x1f\x7f/\""[..],
                [r#"\u00e9\t\n\r\b\f\u001f\u007f\/\""#; 4],
            ),
            (b"a\xffb", ["-", "ab", "-", "ab"]),
            (b"a\xed\xa0\x80b", ["-", "ab", "-", "ab"]),
            (b"a\xc0\x80b", ["-", "ab", r"a\u0000b", r"a\u0000b"]),
            (b"a\xe0\x80\xafb", ["-", "ab", r"a\/b", r"a\/b"]),
            (b"a\xf0\x9f\x98\x80b", ["-", "ab", "-", "ab"]),
            (b"a\xf0\x9f\x98b", ["-", "ab", "-", "ab"]),
            (b"a\xf8\x88\x80\x80\x80bc", ["-", "abc", "-", "abc"]),
            (b"\xe2\x82\xac", [r"\u20ac"; 4]),
            (b"\xef\xbf\xbf", ["-", "", "-", ""]),
            (b"\xef\xb7\x90", [r"\ufdd0"; 4]),
        ] {
            for (name, expected) in ["utf8", "utf8s", "utf8p", "utf8ps"].iter().zip(results) {
                let found = escaped(text, name);
                assert_eq!(found.as_deref().unwrap_or("-"), expected, "{name} {text:?}");
            }
        }
        assert_eq!(escaped(b"a\xff\xc3", "ascii").unwrap(), r"a\u00ff\u00c3");
        assert_eq!(Charset::by_name("latin1"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_json_string(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for name in ["ascii", "utf8s", "utf8ps"] {
                let text = format!("\"{}\"", escaped(&bytes, name).unwrap());
                prop_assert!(serde_json::from_str::<String>(&text).is_ok());
            }
        }
    }
}
