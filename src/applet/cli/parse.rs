//! Commands in the bytes that arrive on a command socket.
//!
//! A command ends with a line feed or a semicolon; a backslash takes the special meaning from
//! the byte behind it. Called by the applet. Any bytes may come: nothing here can fail.

/// The place of the byte that ends the first command, if it is there. `from` remembers how
/// far `bytes` were looked at, so that a command which arrives in pieces is scanned once.
pub(super) fn command_end(bytes: &[u8], from: &mut usize) -> Option<usize> {
    while let Some(byte) = bytes.get(*from) {
        match byte {
            b'\n' | b';' => return Some(*from),
            b'\\' if bytes.len() <= *from + 1 => return None,
            b'\\' => *from += 2,
            _ => *from += 1,
        }
    }
    None
}

/// The words of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(Vec<String>);

impl Words {
    /// Splits a command at its blanks. Words beyond [`WORDS_MAX`] are dropped, as HAProxy
    /// does; bytes that are not UTF-8 become U+FFFD, which no name contains.
    pub(super) fn of_line(line: &[u8]) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut word: Vec<u8> = Vec::new();
        let mut is_word = false;
        let mut bytes = line.iter().copied();
        while let Some(byte) = bytes.next() {
            if is_blank(byte) {
                if is_word {
                    words.push(String::from_utf8_lossy(&word).into_owned());
                    word.clear();
                    is_word = false;
                }
                if words.len() == WORDS_MAX {
                    return Self(words);
                }
                continue;
            }
            is_word = true;
            word.push(if byte == b'\\' {
                bytes.next().unwrap_or(byte)
            } else {
                byte
            });
        }
        if is_word {
            words.push(String::from_utf8_lossy(&word).into_owned());
        }
        Self(words)
    }

    /// The word at `index`, empty behind the last one.
    pub(super) fn word(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }

    /// The words from `index` on.
    pub(super) fn from(&self, index: usize) -> &[String] {
        self.0.get(index..).unwrap_or_default()
    }
}

/// NUL and carriage return part words too: the one ends a string for many programs, the other
/// stands before line feeds.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\0')
}

/// Words of a command that are looked at.
const WORDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &[u8]) -> Vec<String> {
        Words::of_line(line).0
    }

    #[test]
    fn a_command_ends_at_line_feed_or_semicolon() {
        assert_eq!(command_end(b"show info\nx", &mut 0), Some(9));
        assert_eq!(command_end(b"show info;x", &mut 0), Some(9));
        assert_eq!(command_end(b"a\\;b;c", &mut 0), Some(4));
        assert_eq!(command_end(b"a\\\nb\n", &mut 0), Some(4));
        assert_eq!(command_end(b"show", &mut 0), None);
    }

    #[test]
    fn an_escape_cut_in_two_is_looked_at_again() {
        let mut from = 0;
        assert_eq!(command_end(b"ab\\", &mut from), None);
        assert_eq!(from, 2);
        assert_eq!(command_end(b"ab\\;;", &mut from), Some(4));
    }

    #[test]
    fn words_stand_between_blanks() {
        assert_eq!(words(b"  show \t info\r"), ["show", "info"]);
        assert_eq!(words(b"a\\ b\\\\ \\;"), ["a b\\", ";"]);
        assert_eq!(words(b"show\0stat"), ["show", "stat"]);
        assert_eq!(words(b"\\"), ["\\"]);
        assert!(words(b" \r\t").is_empty());
    }

    #[test]
    fn words_beyond_the_limit_are_dropped() {
        assert_eq!(words(&b"a ".repeat(100)).len(), WORDS_MAX);
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_into_commands(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut rest = &bytes[..];
            let mut seen = 0;
            while let Some(end) = command_end(rest, &mut 0) {
                prop_assert!(end < rest.len());
                let _ = Words::of_line(&rest[..end]);
                seen += end + 1;
                rest = &rest[end + 1..];
            }
            prop_assert_eq!(seen + rest.len(), bytes.len());
            let _ = Words::of_line(rest);
        }

        #[test]
        fn pieces_make_no_difference(
            text in "[a-z ;\\\\\n]{0,60}",
            cuts in prop::collection::vec(0usize..60, 0..5),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            let early = cuts.iter().find_map(|cut| command_end(&bytes[..*cut], &mut from));
            let end = early.or_else(|| command_end(bytes, &mut from));
            prop_assert_eq!(end, command_end(bytes, &mut 0));
        }
    }
}
