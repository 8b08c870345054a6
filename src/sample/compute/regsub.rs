//! The engine behind `regsub` and every other replacement with back references.
//!
//! It knows no regular expressions: the caller finds the matches. Replacements are texts in
//! which `\0` to `\9` stand for groups, `\xHH` for a byte and a backslash before anything
//! else for that byte.
//! Invariant: each turn of the loop moves on by one byte at least, so it ends.

use crate::http::uri::parameters::hex_byte;
use std::ops::Range;

/// Where the whole match and the groups 1 to 9 stand; `None` for a group without a match.
pub type Groups = [Option<Range<usize>>; 10];

/// Appends `text` with the first match, or `all` of them, replaced (converter `regsub`; flag
/// `g` is `all`, flag `i` belongs to the expression).
///
/// `find` looks for a match in the text from a position on, fills the groups and answers
/// whether there is one; it sees the whole text, so that `^` matches at its beginning only.
pub fn regsub(
    text: &[u8],
    replacement: &[u8],
    all: bool,
    out: &mut Vec<u8>,
    mut find: impl FnMut(&[u8], usize, &mut Groups) -> bool,
) {
    let mut groups = Groups::default();
    let mut position = 0;
    while position <= text.len() && find(text, position, &mut groups) {
        let Some(found) = groups.first().and_then(Clone::clone) else {
            break;
        };
        if found.start < position || found.end < found.start {
            break;
        }
        out.extend_from_slice(text.get(position..found.start).unwrap_or_default());
        push_replacement(replacement, |number| group_of(text, &groups, number), out);
        position = found.end;
        if !all {
            break;
        }
        if found.is_empty() {
            // Nothing was taken: the next byte goes through, or the same match comes again.
            out.extend(text.get(position));
            position += 1;
        }
    }
    out.extend_from_slice(text.get(position..).unwrap_or_default());
}

/// What a group matched, nothing for one without a match.
fn group_of<'a>(text: &'a [u8], groups: &Groups, number: usize) -> &'a [u8] {
    let range = groups.get(number).and_then(Clone::clone);
    range.and_then(|range| text.get(range)).unwrap_or_default()
}

/// Appends `replacement` with the groups that it names, 0 to 9, filled in.
pub fn push_replacement<'a>(
    replacement: &[u8],
    group: impl Fn(usize) -> &'a [u8],
    out: &mut Vec<u8>,
) {
    let mut rest = replacement;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match escape {
            [_, digit @ b'0'..=b'9', after @ ..] => {
                out.extend_from_slice(group(usize::from(digit - b'0')));
                after
            }
            [_, b'x', high, low, after @ ..] if hex_byte(*high, *low).is_some() => {
                out.extend(hex_byte(*high, *low));
                after
            }
            [_, other, after @ ..] => {
                out.push(*other);
                after
            }
            other => {
                out.extend_from_slice(other);
                &[]
            }
        };
    }
    out.extend_from_slice(rest);
}

/// What is wrong with a replacement, for the parser of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadReplacement {
    /// Where the backslash stands, in bytes from 0.
    pub offset: usize,
}

/// Checks that each backslash of a replacement is followed by what it needs.
///
/// # Errors
/// The first that ends the text, or stands before an `x` without two digits.
pub fn check_replacement(replacement: &[u8]) -> Result<(), BadReplacement> {
    let mut offset = 0;
    while let Some(rest) = replacement.get(offset..).filter(|rest| !rest.is_empty()) {
        offset += match rest {
            [b'\\', b'x', high, low, ..] if hex_byte(*high, *low).is_some() => 4,
            [b'\\', b'x', ..] | [b'\\'] => return Err(BadReplacement { offset }),
            [b'\\', _, ..] => 2,
            _ => 1,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs with an "expression" that matches runs of `byte`, empty ones too.
    fn starred(text: &str, byte: u8, replacement: &str, all: bool) -> String {
        let mut out = Vec::new();
        regsub(
            text.as_bytes(),
            replacement.as_bytes(),
            all,
            &mut out,
            |text, at, groups| {
                let length = text[at..].iter().take_while(|b| **b == byte).count();
                groups[0] = Some(at..at + length);
                true
            },
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn empty_matches_as_the_reference_replaces_them() {
        assert_eq!(starred("abc", b'x', "-", true), "-a-b-c-");
        assert_eq!(starred("abbc", b'b', "-", true), "-a--c-");
        assert_eq!(starred("abc", b'x', "-", false), "-abc");
    }

    #[test]
    fn replacements_know_groups_and_escapes() {
        let mut groups = Groups::default();
        groups[0] = Some(0..5);
        groups[1] = Some(0..3);
        groups[2] = Some(3..5);
        let expanded = |replacement: &str| {
            let mut out = Vec::new();
            push_replacement(
                replacement.as_bytes(),
                |number| group_of(b"foo12", &groups, number),
                &mut out,
            );
            String::from_utf8(out).unwrap()
        };
        assert_eq!(expanded(r"\2\1"), "12foo");
        assert_eq!(expanded(r"[\0\9]"), "[foo12]");
        assert_eq!(expanded(r"\\\x41-\n"), r"\A-n");
        assert_eq!(expanded(r"\\x41\\n\\0"), r"\x41\n\0");
        assert_eq!(expanded("a\\"), "a\\");
    }

    #[test]
    fn broken_replacements_are_pointed_at() {
        assert_eq!(check_replacement(br"\1\x41\\"), Ok(()));
        assert_eq!(
            check_replacement(br"ab\"),
            Err(BadReplacement { offset: 2 })
        );
        assert_eq!(
            check_replacement(br"\x4"),
            Err(BadReplacement { offset: 0 })
        );
    }

    proptest! {
        #[test]
        fn replacing_a_match_by_itself_changes_nothing(text in "[ab]{0,12}", all in any::<bool>()) {
            prop_assert_eq!(starred(&text, b'a', r"\0", all), text);
        }

        #[test]
        fn any_replacement_is_expanded(
            replacement in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            push_replacement(&replacement, |_| b"", &mut Vec::new());
            let _ = check_replacement(&replacement);
        }
    }
}
