//! Pieces of a string between delimiters: the converters `field` and `word`.
//!
//! Pure functions that return sub-slices; called by the converter table.
//! Invariant: one pass per call, whatever index and count are.

use std::num::NonZeroI64;

/// The converter `field`: `count` fields from the one at `index`, which counts from 1 at the
/// beginning or from -1 at the end; towards the other end. Each byte of `delimiters`
/// divides. A `count` of 0 takes all that remain. `None` when there is no such field.
pub fn field<'a>(
    text: &'a [u8],
    index: NonZeroI64,
    delimiters: &[u8],
    count: usize,
) -> Option<&'a [u8]> {
    let is_delimiter = |byte: &u8| delimiters.contains(byte);
    let skip = skipped(index);
    if index.get() > 0 {
        let start = match skip {
            0 => 0,
            _ => nth_position(text.iter(), skip, is_delimiter)?,
        };
        let rest = text.get(start..)?;
        let end = match count {
            0 => None,
            _ => nth_position(rest.iter(), count, is_delimiter),
        };
        return Some(end.map_or(rest, |end| rest.get(..end - 1).unwrap_or(rest)));
    }
    let dropped = match skip {
        0 => 0,
        _ => nth_position(text.iter().rev(), skip, is_delimiter)?,
    };
    let rest = text.get(..text.len().checked_sub(dropped)?)?;
    let start = match count {
        0 => None,
        _ => nth_position(rest.iter().rev(), count, is_delimiter),
    };
    Some(start.map_or(rest, |length| {
        rest.get(rest.len() - (length - 1)..).unwrap_or(rest)
    }))
}

/// The converter `word`: as [`field`], but neighbouring delimiters count as one and those at
/// the ends do not count. When fewer than `count` words remain, or `count` is 0, the text up
/// to its end is the answer, delimiters included. Empty when there is no such word.
pub fn word<'a>(text: &'a [u8], index: NonZeroI64, delimiters: &[u8], count: usize) -> &'a [u8] {
    let is_delimiter = |byte: &u8| delimiters.contains(byte);
    let skip = skipped(index);
    if index.get() > 0 {
        let Some(start) = skip_words(text.iter(), skip, is_delimiter) else {
            return &[];
        };
        let rest = text.get(start..).unwrap_or_default();
        let end = end_of_words(rest.iter(), count, is_delimiter);
        return end.map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    }
    let Some(dropped) = skip_words(text.iter().rev(), skip, is_delimiter) else {
        return &[];
    };
    let rest = text
        .get(..text.len().saturating_sub(dropped))
        .unwrap_or_default();
    let length = end_of_words(rest.iter().rev(), count, is_delimiter);
    length.map_or(rest, |length| {
        rest.get(rest.len().saturating_sub(length)..)
            .unwrap_or(rest)
    })
}

/// How many pieces stand before the one at `index`.
fn skipped(index: NonZeroI64) -> usize {
    usize::try_from(index.unsigned_abs().get() - 1).unwrap_or(usize::MAX)
}

/// The count of bytes up to and including the `nth` delimiter, from 1.
fn nth_position<'a>(
    bytes: impl Iterator<Item = &'a u8>,
    nth: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<usize> {
    let mut positions = bytes.enumerate().filter(|(_, byte)| is_delimiter(byte));
    positions.nth(nth.checked_sub(1)?).map(|(at, _)| at + 1)
}

/// The count of bytes before the word that follows `skip` others.
fn skip_words<'a>(
    bytes: impl Iterator<Item = &'a u8>,
    skip: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<usize> {
    let mut words = 0_usize;
    let mut in_word = false;
    for (at, byte) in bytes.enumerate() {
        let was_in_word = in_word;
        in_word = !is_delimiter(byte);
        if in_word && !was_in_word {
            if words == skip {
                return Some(at);
            }
            words += 1;
        }
    }
    None
}

/// The count of bytes up to the end of the word number `count`, from 1, when a delimiter
/// stands there; `bytes` begins with a word.
fn end_of_words<'a>(
    bytes: impl Iterator<Item = &'a u8>,
    count: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<usize> {
    let mut words = 0_usize;
    let mut in_word = false;
    for (at, byte) in bytes.enumerate() {
        let was_in_word = in_word;
        in_word = !is_delimiter(byte);
        words += usize::from(was_in_word && !in_word);
        if count > 0 && words == count {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn index(number: i64) -> NonZeroI64 {
        NonZeroI64::new(number).unwrap()
    }

    #[test]
    fn fields_as_the_reference_takes_them() {
        for (text, number, count, expected) in [
            ("/f1/f2//f4", 1, 1, Some("")),
            ("/f1/f2//f4", 2, 1, Some("f1")),
            ("/f1/f2//f4", -1, 1, Some("f4")),
            ("/f1/f2//f4", -2, 1, Some("")),
            ("/f1/f2//f4", 6, 1, None),
            ("/f1/f2//f4", -6, 1, None),
            ("/f1/f2//f4", 2, 2, Some("f1/f2")),
            ("/f1/f2//f4", 2, 0, Some("f1/f2//f4")),
            ("/f1/f2//f4", -2, 2, Some("f2/")),
            ("/f1/f2//f4", -2, 0, Some("/f1/f2/")),
            ("/f1/f2//f4", -2, 9, Some("/f1/f2/")),
            ("", 1, 1, Some("")),
            ("/", 2, 1, Some("")),
            ("a/", -1, 1, Some("")),
            ("f1_f2", i64::MIN, 1, None),
        ] {
            let found = field(text.as_bytes(), index(number), b"/_", count);
            assert_eq!(
                found,
                expected.map(str::as_bytes),
                "{text} {number} {count}"
            );
        }
        assert_eq!(field(b"a.b/c", index(2), b"/.", 1), Some(&b"b"[..]));
    }

    #[test]
    fn words_as_the_reference_takes_them() {
        for (number, count, expected) in [
            (1, 1, "f1"),
            (3, 1, "f4"),
            (4, 1, ""),
            (-1, 1, "f4"),
            (-3, 1, "f1"),
            (-4, 1, ""),
            (2, 0, "f2//f4/"),
            (2, 2, "f2//f4"),
            (2, 9, "f2//f4/"),
            (-2, 2, "f1/f2"),
            (-2, 0, "/f1/f2"),
            (-1, 2, "f2//f4"),
            (-1, 9, "/f1/f2//f4"),
        ] {
            let found = word(b"/f1/f2//f4/", index(number), b"/", count);
            assert_eq!(found, expected.as_bytes(), "{number} {count}");
        }
        assert_eq!(word(b"////", index(-1), b"/", 1), b"");
        assert_eq!(word(b"f1_f2_f3__f5", index(3), b"_", 2), b"f3__f5");
        assert_eq!(word(b"f1_f2_f3__f5", index(-2), b"_", 3), b"f1_f2_f3");
    }

    proptest! {
        #[test]
        fn one_field_is_what_split_gives(text in "[ab,;]{0,20}", number in 1_usize..8) {
            let pieces: Vec<&str> = text.split([',', ';']).collect();
            let at = i64::try_from(number).unwrap();
            let forward = field(text.as_bytes(), index(at), b",;", 1);
            prop_assert_eq!(forward, pieces.get(number - 1).map(|p| p.as_bytes()));
            let backward = field(text.as_bytes(), index(-at), b",;", 1);
            prop_assert_eq!(backward, pieces.iter().rev().nth(number - 1).map(|p| p.as_bytes()));
        }

        #[test]
        fn one_word_is_what_a_split_without_empties_gives(
            text in "[ab,;]{0,20}",
            number in 1_usize..8,
        ) {
            let words: Vec<&str> = text.split([',', ';']).filter(|w| !w.is_empty()).collect();
            let at = i64::try_from(number).unwrap();
            let expected = words.get(number - 1).map_or(&b""[..], |w| w.as_bytes());
            prop_assert_eq!(word(text.as_bytes(), index(at), b",;", 1), expected);
            let expected = words.iter().rev().nth(number - 1).map_or(&b""[..], |w| w.as_bytes());
            prop_assert_eq!(word(text.as_bytes(), index(-at), b",;", 1), expected);
        }
    }
}
