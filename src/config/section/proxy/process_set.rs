//! Sets of process numbers: `bind-process`, and `process` on `bind` lines.

use crate::config::diagnostic::Parse;
use crate::config::word::Word;

/// The union of the sets that `words` name, bit 0 for process 1; 0 when it means all.
pub(super) fn parse(words: &[Word]) -> Parse<u64> {
    let mut mask = 0;
    for word in words.iter().filter(|word| !word.is_empty()) {
        mask |= one(word.text()).ok_or_else(|| {
            let message = format!(
                "'{}' is not a valid number/range of processes.",
                word.text()
            );
            word.error(message)
                .hint("all, odd, even, <number> or <number>-<number>, 1 to 64")
        })?;
    }
    Ok(if mask == u64::MAX { 0 } else { mask })
}

fn one(text: &str) -> Option<u64> {
    match text {
        "all" => return Some(u64::MAX),
        "odd" => return Some(ODD),
        "even" => return Some(!ODD),
        _ => {}
    }
    let (low, high) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((low, "")) => (number(low)?, PROCESS_MAX),
        Some((low, high)) => (number(low)?, number(high)?),
    };
    let count = high.checked_sub(low)?;
    Some((u64::MAX >> (PROCESS_MAX - 1 - count)) << (low - 1))
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.then(|| text.parse().ok())??;
    (1..=PROCESS_MAX).contains(&value).then_some(value)
}

/// Most processes a set can name: the bits of a mask.
const PROCESS_MAX: u32 = 64;

/// Processes 1, 3, 5...
const ODD: u64 = 0x5555_5555_5555_5555;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostic::Span;
    use proptest::prelude::*;

    fn mask(text: &str) -> Option<u64> {
        let word = |text: &str| Word::new(text.as_bytes().to_vec(), Span::default());
        let words: Vec<Word> = text.split(' ').map(word).collect();
        parse(&words).ok()
    }

    #[test]
    fn numbers_and_ranges_add_up() {
        assert_eq!(mask("1"), Some(1));
        assert_eq!(mask("2-4 6"), Some(0b10_1110));
        assert_eq!(mask("64"), Some(1 << 63));
        assert_eq!(mask("63-"), Some(0b11 << 62));
    }

    #[test]
    fn all_is_no_restriction() {
        assert_eq!(mask("all"), Some(0));
        assert_eq!(mask("odd even"), Some(0));
        assert_eq!(mask("1-64"), Some(0));
        assert_eq!(mask("odd"), Some(ODD));
    }

    #[test]
    fn others_are_refused() {
        for text in ["0", "65", "x", "4-2", "-3", "1-65", "+1", "1-2-3"] {
            assert_eq!(mask(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9a-z+-]{0,8}") {
            let _ = mask(&text);
        }
    }
}
