//! Escaping of what peers chose: bytes that a log reader must not meet become `#XX`.
//!
//! The sets are those of the manual's section 8.6. Cookies are the exception: 2.6 writes
//! them as they came; here control and non-ASCII bytes of them are escaped too, because a
//! raw byte could end the line or reach somebody's terminal.

use super::text::Sink;

/// Which bytes are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Control bytes only; for text of weir's own that quotes something.
    Control,
    /// Control and non-ASCII bytes.
    Cookie,
    /// Those, the double quote and the escape character: everything between quotes.
    Quoted,
    /// Those and the delimiters of captures, `{`, `|`, `}`.
    Header,
}

/// Appends `bytes`, escaped.
pub fn push_escaped(out: &mut impl Sink, bytes: &[u8], escape: Escape) {
    let bit = escape.bit();
    let is_bad = |byte: &u8| class_of(*byte) & bit != 0;
    let mut rest = bytes;
    while let Some(position) = rest.iter().position(is_bad) {
        let (plain, tail) = rest.split_at(position);
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else {
            return;
        };
        out.extend_from_slice(&[b'#', hex(byte >> 4), hex(byte & 0xf)]);
        rest = tail;
    }
    out.extend_from_slice(rest);
}

/// True when `bytes` hold a control byte. Looks at all of them, which compiles to a few wide
/// comparisons.
pub fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| {
        found | (*byte < b' ') | (*byte == DELETE)
    })
}

impl Escape {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

fn class_of(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(u8::MAX)
}

const fn hex(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'A' + (nibble & 0xf) - 10,
    }
}

/// One bit per [`Escape`] in which the byte is escaped.
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let cookie = Escape::Cookie.bit() | Escape::Quoted.bit() | Escape::Header.bit();
    let mut table = [cookie; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            0..=31 | DELETE => cookie | Escape::Control.bit(),
            b'"' | b'#' => Escape::Quoted.bit() | Escape::Header.bit(),
            b'{' | b'|' | b'}' => Escape::Header.bit(),
            _ => 0,
        };
        byte += 1;
    }
    table
}

const DELETE: u8 = 127;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(bytes: &[u8], escape: Escape) -> String {
        let mut out = Vec::new();
        push_escaped(&mut out, bytes, escape);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_set_escapes_its_own() {
        let bytes = b"a\"#{|}\x80\x01\x7f\\";
        assert_eq!(
            escaped(bytes, Escape::Header),
            "a#22#23#7B#7C#7D#80#01#7F\\"
        );
        assert_eq!(escaped(bytes, Escape::Quoted), "a#22#23{|}#80#01#7F\\");
        assert_eq!(escaped(bytes, Escape::Cookie), "a\"#{|}#80#01#7F\\");
        assert_eq!(escaped(b"\xc3\xa4\n#", Escape::Control), "\u{e4}#0A#");
    }

    /// Undoes the escaping of a set that escapes `#` itself.
    fn unescaped(text: &str) -> Vec<u8> {
        let mut parts = text.split('#');
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        bytes
    }

    proptest! {
        #[test]
        fn nothing_harmful_passes_and_nothing_is_lost(bytes: Vec<u8>) {
            for escape in [Escape::Quoted, Escape::Header] {
                let text = escaped(&bytes, escape);
                prop_assert!(text.bytes().all(|byte| (b' '..DELETE).contains(&byte)));
                prop_assert!(!text.contains('"'));
                prop_assert_eq!(unescaped(&text), bytes.clone());
            }
            let text = escaped(&bytes, Escape::Header);
            let has_delimiter = text.contains(['{', '|', '}']);
            prop_assert!(!has_delimiter);
            for escape in [Escape::Control, Escape::Cookie] {
                let mut out = Vec::new();
                push_escaped(&mut out, &bytes, escape);
                prop_assert!(!has_control(&out));
            }
        }
    }
}
