//! Sets of worker processes: `all`, `odd`, `even`, `2`, `1-4`, as `process` and
//! `bind-process` write them.

/// The mask of a set, bit 0 for process 1; 0 stands for all. The error is a whole message
/// without the keyword.
pub fn parse_process_set(text: &str) -> Result<u64, String> {
    match text {
        "all" => return Ok(0),
        "odd" => return Ok(ODD),
        "even" => return Ok(ODD << 1),
        _ => {}
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (Some(low), Some(high)) = (process_number(low), process_number(high)) else {
        return Err(format!(
            "'{text}' is not a valid number or range, it supports 'all', 'odd', 'even' and \
             numbers from 1 to {PROCESSES_MAX}"
        ));
    };
    let (low, high) = (low.min(high), low.max(high));
    Ok((u64::MAX >> (PROCESSES_MAX - high)) & (u64::MAX << (low - 1)))
}

fn process_number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.filter(|number| (1..=PROCESSES_MAX).contains(number))
}

/// Most processes there can be: one bit each.
pub const PROCESSES_MAX: u32 = 64;

const ODD: u64 = 0x5555_5555_5555_5555;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_become_masks() {
        for (text, mask) in [
            ("all", 0),
            ("1", 1),
            ("64", 1 << 63),
            ("2-4", 0b1110),
            ("4-2", 0b1110),
            ("1-64", u64::MAX),
            ("odd", ODD),
            ("even", !ODD),
        ] {
            assert_eq!(parse_process_set(text), Ok(mask), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "0",
            "65",
            "1-",
            "-1",
            "1-65",
            "+1",
            "x",
            "1-2-3",
            "99999999999",
        ] {
            assert!(parse_process_set(text).is_err(), "{text}");
        }
    }
}
