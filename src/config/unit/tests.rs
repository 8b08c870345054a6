//! Times and sizes.

use proptest::prelude::*;

use super::*;

#[test]
fn times_take_every_unit_and_round_up() {
    for (text, ms) in [
        ("0", 0),
        ("5", 5),
        ("1us", 1),
        ("1500us", 2),
        ("0us", 0),
        ("7ms", 7),
        ("5s", 5_000),
        ("2m", 120_000),
        ("1h", 3_600_000),
        ("24d", 2_073_600_000),
        ("2147483647", TIME_MS_MAX),
    ] {
        assert_eq!(parse_time_ms(text, Unit::Ms), Ok(ms), "{text}");
    }
    assert_eq!(parse_time_ms("5", Unit::S), Ok(5_000));
}

#[test]
fn times_out_of_range_or_with_garbage_are_refused() {
    for text in [
        "25d",
        "2147483648",
        "99999999999999999999999",
        "18446744073709551615d",
    ] {
        assert_eq!(
            parse_time_ms(text, Unit::Ms),
            Err(UnitError::Overflow),
            "{text}"
        );
    }
    assert_eq!(parse_time_ms("", Unit::Ms), Err(UnitError::Empty));
    for (text, character, offset) in [
        ("-1", '-', 0),
        ("+5", '+', 0),
        ("1.5s", '.', 1),
        ("5S", 'S', 1),
        ("ms", 'm', 0),
    ] {
        let expected = UnitError::Unexpected { character, offset };
        assert_eq!(parse_time_ms(text, Unit::Ms), Err(expected), "{text}");
    }
    assert_eq!(
        parse_time_ms("5sec", Unit::Ms),
        Err(UnitError::Suffix { offset: 1 })
    );
}

#[test]
fn sizes_are_powers_of_1024() {
    assert_eq!(parse_size("10"), Ok(10));
    assert_eq!(parse_size("1k"), Ok(1_024));
    assert_eq!(parse_size("2M"), Ok(2 << 20));
    assert_eq!(parse_size("3g"), Ok(3 << 30));
    assert_eq!(parse_size("1t"), Err(UnitError::Suffix { offset: 1 }));
    assert_eq!(
        parse_size("18446744073709551615k"),
        Err(UnitError::Overflow)
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse_time_ms(&text, Unit::Ms);
        let _ = parse_size(&text);
    }

    #[test]
    fn a_unit_scales(value in 0u32..2_000_000) {
        prop_assert_eq!(parse_time_ms(&format!("{value}s"), Unit::Ms), Ok(value * 1_000));
    }
}
