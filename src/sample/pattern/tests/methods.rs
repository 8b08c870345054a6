//! Every method, with what HAProxy 2.6 answers for the same patterns and values.

use std::net::IpAddr;

use super::super::{Input, IntOperator, IntRange, MatchMethod, Options, PatternList};
use super::{map, value, value_of, with_options};
use crate::sys::allocation::allocations_of;
use bumpalo::Bump;

#[test]
fn found_needs_a_value_and_no_pattern() {
    let list = PatternList::empty(Options::new(MatchMethod::Found));
    let hit = list.lookup(Input::Bytes(b"")).unwrap();
    assert_eq!(hit.entry, None);
    assert!(
        map(MatchMethod::Found, &[("x", "")])
            .lookup(Input::Int(0))
            .is_some()
    );
}

#[test]
fn bool_takes_true_and_numbers_but_zero() {
    let list = PatternList::empty(Options::new(MatchMethod::Bool));
    let is_match = |input| list.lookup(input).is_some();
    assert!(is_match(Input::Bool(true)) && is_match(Input::Int(-1)));
    assert!(is_match(Input::Bytes(b"1")));
    assert!(!is_match(Input::Bool(false)) && !is_match(Input::Int(0)));
    assert!(!is_match(Input::Bytes(b"true")) && !is_match(Input::Bytes(b"")));
}

#[test]
fn int_takes_the_first_range_of_the_list() {
    let entries = [
        ("1", "one"),
        ("5:10", "r"),
        ("7", "seven"),
        (":3", "low"),
        ("100:", "high"),
    ];
    let list = map(MatchMethod::Int, &entries);
    for (text, expected) in [
        ("1", Some("one")),
        ("7", Some("r")),
        ("2", Some("low")),
        ("-15", Some("low")),
        ("1000", Some("high")),
        ("1x", Some("one")),
        ("x", Some("low")),
        ("+1", Some("one")),
        ("50", None),
        ("", None),
    ] {
        assert_eq!(value_of(&list, text), expected, "{text}");
    }
    assert_eq!(value(&list, Input::Int(i64::MAX)), Some("high"));
    assert_eq!(value(&list, Input::Int(i64::MIN)), Some("low"));
    assert_eq!(value(&list, Input::Bool(true)), Some("one"));
    assert_eq!(
        value(&list, Input::Ip("0.0.0.8".parse().unwrap())),
        Some("r")
    );
}

#[test]
fn malformed_integers_are_refused() {
    let refused = |text: &str| {
        let mut builder = PatternList::builder(Options::new(MatchMethod::Int));
        builder
            .add(text.as_bytes(), None, 1)
            .unwrap_err()
            .to_string()
    };
    for text in [
        "+5",
        "0x10",
        "9223372036854775808",
        "1.5",
        "5 6",
        "lt 5",
        "x",
        "--5",
        "",
    ] {
        assert_eq!(refused(text), format!("'{text}' is not a number"));
    }
    for text in [":", "5:3", "1:2:3", "1:+2", "3:3.1"] {
        assert_eq!(
            refused(text),
            format!("'{text}' is not a valid number range")
        );
    }
}

#[test]
fn operators_make_ranges() {
    let matches = |operator: &str, value: &str, tested| {
        let operator = IntOperator::parse(operator.as_bytes()).unwrap();
        let range = IntRange::parse(value.as_bytes()).unwrap();
        operator.apply(range).contains(tested)
    };
    assert!(matches("eq", "5", 5) && !matches("eq", "5", 6));
    assert!(matches("ge", "5", 5) && !matches("gt", "5", 5) && matches("gt", "5", 6));
    assert!(matches("le", "5", 5) && !matches("lt", "5", 5) && matches("lt", "0", -1));
    assert!(!matches("gt", "9223372036854775807", i64::MAX));
    assert_eq!(IntOperator::parse(b"ne"), None);
    let mut builder = PatternList::builder(Options::new(MatchMethod::Int));
    let range = IntOperator::Lt.apply(IntRange { min: 0, max: 0 });
    builder.add_range(range, b"0", 1).unwrap();
    let list = builder.finish().unwrap();
    assert!(list.lookup(Input::Int(-1)).is_some());
    assert!(list.lookup(Input::Int(0)).is_none());
}

#[test]
fn versions_are_two_numbers() {
    let range = IntRange::parse_dotted(b"3:3.1").unwrap();
    assert!(range.contains(0x3_0000) && range.contains(0x3_0001));
    assert!(!range.contains(0x3_0002) && !range.contains(3));
    assert!(IntRange::parse_dotted(b"3.65536").is_err());
    assert!(IntRange::parse_dotted(b"3.1.1").is_err());
    assert!(IntRange::parse_dotted(b"-3.1").is_err());
}

#[test]
fn len_compares_the_length() {
    let list = map(MatchMethod::Len, &[("3", "a"), ("5:6", "b")]);
    assert_eq!(value_of(&list, "abc"), Some("a"));
    assert_eq!(value_of(&list, "abcde"), Some("b"));
    assert_eq!(value_of(&list, ""), None);
    assert_eq!(value(&list, Input::Int(100)), Some("a"));
}

#[test]
fn bin_compares_with_hexadecimal_bytes() {
    let list = map(MatchMethod::Bin, &[("6162", "a"), ("6D00", "b")]);
    assert_eq!(value_of(&list, "ab"), Some("a"));
    assert_eq!(value_of(&list, "m\0"), Some("b"));
    assert_eq!(value_of(&list, "AB"), None);
    assert_eq!(value(&list, Input::Int(61)), None);
    let refused = |text: &str| {
        let mut builder = PatternList::builder(Options::new(MatchMethod::Bin));
        builder
            .add(text.as_bytes(), None, 1)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused("6"), "an even number of hex digit is expected");
    assert_eq!(refused("6g"), "an hex digit is expected (found 'g')");
}

#[test]
fn str_takes_the_first_of_equal_ones() {
    let list = map(
        MatchMethod::Str,
        &[("a", "first"), ("a", "second"), ("A", "x")],
    );
    assert_eq!(value_of(&list, "a"), Some("first"));
    assert_eq!(value_of(&list, "A"), Some("x"));
    assert_eq!(value_of(&list, "aa"), None);
    let numbers = map(MatchMethod::Str, &[("5", "n"), ("10.0.0.1", "ip")]);
    assert_eq!(value(&numbers, Input::Int(5)), Some("n"));
    assert_eq!(
        value(&numbers, Input::Ip("10.0.0.1".parse().unwrap())),
        Some("ip")
    );
}

#[test]
fn beg_takes_the_longest_and_end_the_first() {
    let beg = map(
        MatchMethod::Beg,
        &[("a", "1"), ("abc", "2"), ("ab", "3"), ("ab", "4")],
    );
    assert_eq!(value_of(&beg, "abcd"), Some("2"));
    assert_eq!(value_of(&beg, "abd"), Some("3"));
    assert_eq!(value_of(&beg, "x"), None);
    let end = map(MatchMethod::End, &[("c", "1"), ("bc", "2")]);
    assert_eq!(value_of(&end, "abc"), Some("1"));
    let end = map(MatchMethod::End, &[("bc", "1"), ("c", "2")]);
    assert_eq!(value_of(&end, "abc"), Some("1"));
    assert_eq!(value_of(&end, "c"), Some("2"));
}

#[test]
fn sub_takes_the_first_of_the_list() {
    let few = [("c", "1"), ("bc", "2"), ("zz", "3")];
    let many = [("c", "1"), ("bc", "2"), ("zz", "3"), ("q", "4"), ("y", "5")];
    for list in [map(MatchMethod::Sub, &few), map(MatchMethod::Sub, &many)] {
        assert_eq!(value_of(&list, "abc"), Some("1"));
        assert_eq!(value_of(&list, "xzzx"), Some("3"));
        assert_eq!(value_of(&list, "zzc"), Some("1"));
        assert_eq!(value_of(&list, "ab"), None);
    }
}

#[test]
fn dir_takes_parts_between_slashes() {
    let entries = [
        ("/images", "1"),
        ("images/png", "2"),
        ("/png/logo", "3"),
        ("a//b", "4"),
        ("q", "5"),
        ("x/", "6"),
    ];
    let list = map(MatchMethod::Dir, &entries);
    assert_eq!(value_of(&list, "/images/png/logo/32x32.png"), Some("1"));
    assert_eq!(value_of(&list, "/png/logo"), Some("3"));
    assert_eq!(value_of(&list, "png"), None);
    assert_eq!(value_of(&list, "/a//b/c"), Some("4"));
    assert_eq!(value_of(&list, "x?q"), Some("5"));
    assert_eq!(value_of(&list, "/x?q=1"), Some("6"));
    assert_eq!(value_of(&list, "xx/"), None);
    assert_eq!(value_of(&map(MatchMethod::Dir, &[("/", "")]), "/"), None);
}

#[test]
fn dom_takes_every_part_that_the_manual_names() {
    let url = "http://www1.dc-eu.example.com:80/blah";
    for pattern in [
        "http",
        "www1",
        ".www1",
        "dc-eu",
        "example",
        "com",
        "80",
        "dc-eu.example",
        "blah",
        ":www1:",
        "dc-eu.example:80",
    ] {
        let list = map(MatchMethod::Dom, &[(pattern, "")]);
        // The manual lists the last one, but HAProxy 2.6 does not match it either.
        let expected = pattern != "dc-eu.example:80";
        assert_eq!(value_of(&list, url).is_some(), expected, "{pattern}");
    }
    for pattern in ["eu", "dc", ".", ""] {
        let list = map(MatchMethod::Dom, &[(pattern, "")]);
        assert_eq!(value_of(&list, url), None, "{pattern}");
    }
    let list = map(
        MatchMethod::Dom,
        &[("com", "1"), ("example.com", "2"), ("..a..", "3")],
    );
    assert_eq!(value_of(&list, "www.example.com"), Some("1"));
    assert_eq!(value_of(&list, "exa-com"), None);
    assert_eq!(value_of(&list, "example.com?x"), Some("1"));
    assert_eq!(value_of(&list, "x/a"), Some("3"));
}

#[test]
fn case_is_ignored_on_request() {
    for (method, pattern, text) in [
        (MatchMethod::Str, "AbC", "aBc"),
        (MatchMethod::Beg, "AbC", "aBcd"),
        (MatchMethod::End, "AbC", "xaBc"),
        (MatchMethod::Sub, "AbC", "xaBcx"),
        (MatchMethod::Dir, "/AbC", "x/aBc/y"),
        (MatchMethod::Dom, "Example.COM", "a.eXample.com"),
        (MatchMethod::Reg, "^A.C$", "abc"),
    ] {
        let mut options = Options::new(method);
        assert_eq!(
            value_of(&with_options(options, &[(pattern, "")]), text),
            None
        );
        options.ignore_case = true;
        assert_eq!(
            value_of(&with_options(options, &[(pattern, "")]), text),
            Some("")
        );
    }
}

#[test]
fn ip_takes_the_longest_prefix_of_the_nearest_family() {
    let entries = [
        ("10.0.0.0/8", "8"),
        ("10.1.0.0/16", "16"),
        ("10.1.0.0/16", "duplicate"),
        ("2001:db8::/32", "six"),
        ("2001:db8::/96", "narrow"),
        ("::ffff:9.9.9.0/120", "mapped"),
        ("7.0.7.0/255.0.255.0", "holed"),
        ("2002::/16", "6to4"),
    ];
    let list = map(MatchMethod::Ip, &entries);
    for (text, expected) in [
        ("10.1.2.3", Some("16")),
        ("10.2.0.1", Some("8")),
        ("::ffff:10.1.2.3", Some("16")),
        ("::10.1.2.3", Some("16")),
        ("2002:0a01:0203::", Some("6to4")),
        ("2001:db8::1", Some("narrow")),
        ("2001:db8:1::1", Some("six")),
        ("9.9.9.1", Some("mapped")),
        ("7.5.7.1", Some("holed")),
        ("::ffff:7.5.7.1", Some("holed")),
        ("11.0.0.0", None),
        ("9.255.255.255", None),
        ("10.1.2", None),
        ("abc", None),
    ] {
        assert_eq!(value_of(&list, text), expected, "{text}");
    }
    assert_eq!(value(&list, Input::Int(0x0a01_0000)), Some("16"));
    assert_eq!(value(&list, Input::Bool(true)), None);
    let v4 = map(MatchMethod::Ip, &[("10.0.0.0/8", "8")]);
    assert_eq!(value_of(&v4, "2002:0a01:0203:5::7"), Some("8"));
    let mixed = [
        ("::ffff:10.0.0.0/104", "six"),
        ("10.1.0.0/16", "four"),
        ("::/0", "all"),
    ];
    let mixed = map(MatchMethod::Ip, &mixed);
    assert_eq!(value_of(&mixed, "10.1.2.3"), Some("four"));
    assert_eq!(value_of(&mixed, "::ffff:10.1.2.3"), Some("six"));
    assert_eq!(value_of(&mixed, "8.8.8.8"), Some("all"));
}

#[test]
fn reg_takes_the_first_of_the_list_with_its_groups() {
    let list = map(MatchMethod::Reg, &[("^a(.)c(d)?", "b"), ("ab", "r")]);
    assert_eq!(value_of(&list, "abc"), Some("b"));
    assert_eq!(value_of(&list, "xabx"), Some("r"));
    assert_eq!(value_of(&list, "x"), None);
    let arena = Bump::new();
    let (hit, captures) = list.lookup_captures(Input::Bytes(b"abcx"), &arena).unwrap();
    assert_eq!(hit.value(), Some(&b"b"[..]));
    assert_eq!(captures.count(), 3);
    assert_eq!(captures.group(0), Some(&b"abc"[..]));
    assert_eq!(captures.group(1), Some(&b"b"[..]));
    assert_eq!((captures.group(2), captures.group(3)), (None, None));
}

#[test]
fn a_long_list_of_expressions_keeps_its_order() {
    let texts: Vec<String> = (0..100).map(|n| format!("^x{n}(y|z)?")).collect();
    let entries: Vec<_> = texts
        .iter()
        .map(|text| (text.as_str(), text.as_str()))
        .collect();
    let list = map(MatchMethod::Reg, &entries);
    assert_eq!(value_of(&list, "x99z"), Some("^x9(y|z)?"));
    assert_eq!(value_of(&list, "x70"), Some("^x7(y|z)?"));
    assert_eq!(value_of(&list, "y"), None);
}

#[test]
fn an_invalid_expression_is_named_on_one_line() {
    let mut builder = PatternList::builder(Options::new(MatchMethod::Reg));
    for (pattern, expected) in [
        ("(", "regex '(' is invalid (error=unclosed group)"),
        (
            "a(?=b)",
            "regex 'a(?=b)' is invalid (error=a look-ahead is not supported, since \
             expressions are matched in linear time)",
        ),
    ] {
        let error = builder.add(pattern.as_bytes(), None, 1).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(builder.count(), 0);
}

#[test]
fn lookups_allocate_nothing() {
    let address = Input::Ip("10.0.0.1".parse::<IpAddr>().unwrap());
    let long = vec![b'a'; 5000];
    let inputs = [
        Input::Bytes(b"www.a.b/c"),
        Input::Bytes(&long),
        Input::Int(5),
        address,
    ];
    let mut arena = Bump::with_capacity(65536);
    for method in MatchMethod::ALL {
        let mut options = Options::new(method);
        options.ignore_case = true;
        let patterns = match method {
            MatchMethod::Ip => ["10.0.0.0/8", "10.0.0.1", "::/0", "1.0.0.0/255.0.255.0"],
            MatchMethod::Int | MatchMethod::Len => ["5", "9", "5:9", ":4"],
            _ => ["aa", "61", "bb", "5555"],
        };
        let entries: Vec<_> = patterns.iter().map(|pattern| (*pattern, "v")).collect();
        let list = with_options(options, &entries);
        let mut look = || {
            for input in inputs {
                arena.reset();
                let hit = list.lookup(input).is_some();
                assert_eq!(list.lookup_captures(input, &arena).is_some(), hit);
            }
        };
        look();
        assert_eq!(allocations_of(look), 0, "{}", method.name());
    }
}

#[test]
fn methods_have_names() {
    for method in MatchMethod::ALL {
        assert_eq!(MatchMethod::from_name(method.name()), Some(method));
    }
    assert_eq!(MatchMethod::from_name("regex"), None);
}
