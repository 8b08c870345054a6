//! The normalizers over the manual's examples and more, each result taken from haproxy 2.6.

use super::*;
use proptest::prelude::*;

fn normalized(normalizer: Normalizer, uri: &str) -> Option<String> {
    let (before, path) = super::super::split_at_path(uri.as_bytes());
    let mut out = before.to_vec();
    normalizer.apply(path, &mut out, &mut Vec::new()).ok()?;
    Some(String::from_utf8(out).unwrap())
}

fn check(normalizer: Normalizer, cases: &[(&str, &str)]) {
    for (uri, expected) in cases {
        assert_eq!(
            normalized(normalizer, uri).as_deref(),
            Some(*expected),
            "{uri}"
        );
    }
}

#[test]
fn fragments() {
    check(
        Normalizer::FragmentEncode,
        &[
            ("/a#b#c?d#", "/a%23b%23c?d%23"),
            ("http://h/a#b", "http://h/a%23b"),
        ],
    );
    check(
        Normalizer::FragmentStrip,
        &[
            ("/a#b#c?d#", "/a"),
            ("http://h/a#b", "http://h/a"),
            ("*", "*"),
        ],
    );
}

#[test]
fn merged_slashes() {
    check(
        Normalizer::PathMergeSlashes,
        &[
            ("/a//b?x=//", "/a/b?x=//"),
            ("http://h//a//b", "http://h/a/b"),
            ("http://h", "http://h"),
            ("/a//b#//", "/a/b#/"),
            ("///", "/"),
        ],
    );
}

#[test]
fn single_dots() {
    check(
        Normalizer::PathStripDot,
        &[
            ("/.", "/"),
            ("/./bar/?/./", "/bar/?/./"),
            ("/a/./a/.", "/a/a/"),
            ("/a//././/b/.x/..", "/a///b/.x/.."),
            ("/a#/./b", "/a#/b"),
            ("http://h", "http://h"),
            ("*", "*"),
        ],
    );
}

#[test]
fn double_dots() {
    check(
        Normalizer::PathStripDotdot { full: false },
        &[
            ("/foo/../", "/"),
            ("/foo/../bar/", "/bar/"),
            ("/foo/bar/..", "/foo/"),
            ("/../bar/", "/../bar/"),
            ("/bar/../../", "/../"),
            ("/bar/../..", "/../"),
            ("/a/../../b/../c", "/../c"),
            ("/a/../../b/../../c/..", "/../../"),
            ("/foo//../", "/foo/"),
            ("/..", "/../"),
            ("/a/..?x", "/?x"),
        ],
    );
    check(
        Normalizer::PathStripDotdot { full: true },
        &[
            ("/..", "/"),
            ("/../bar/", "/bar/"),
            ("/bar/../../../x?q", "/x?q"),
            ("http://h/bar/../../../x?q", "http://h/x?q"),
            ("/a/..", "/"),
        ],
    );
}

#[test]
fn percent_sequences() {
    check(
        Normalizer::PercentDecodeUnreserved { strict: false },
        &[
            ("/%61%2e%2F%zz%%36%36%6", "/a.%2F%zz%66%6"),
            ("/x?%61=%5f#%61", "/x?a=_#a"),
            ("http://h%61/%61", "http://h%61/a"),
        ],
    );
    check(
        Normalizer::PercentToUppercase { strict: false },
        &[
            ("/%6f%zz%f", "/%6F%zz%f"),
            ("http://h%6f/%6f?%6f", "http://h%6f/%6F?%6F"),
        ],
    );
    let strict = Normalizer::PercentDecodeUnreserved { strict: true };
    assert_eq!(normalized(strict, "/%61%2F").as_deref(), Some("/a%2F"));
    assert_eq!(normalized(strict, "/%61%zz"), None);
    assert_eq!(normalized(strict, "/%6"), None);
    let strict = Normalizer::PercentToUppercase { strict: true };
    assert_eq!(normalized(strict, "/%6f").as_deref(), Some("/%6F"));
    assert_eq!(normalized(strict, "/%6f?%f"), None);
}

#[test]
fn sorted_queries() {
    check(
        Normalizer::QuerySortByName,
        &[
            ("/?c=3&a=1&b=2", "/?a=1&b=2&c=3"),
            ("/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"),
            ("/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"),
            ("/?&c&&a=b=c&=&", "/?&&=&a=b=c&c"),
            ("/?b=1&a=2#x", "/?a=2#x&b=1"),
            ("/?", "/?"),
            ("/", "/"),
            ("http://h/?b&a", "http://h/?a&b"),
        ],
    );
}

proptest! {
    #[test]
    fn no_dots_are_left_after_both_strips(path in "(/[a.]{0,3}){0,8}") {
        let full = Normalizer::PathStripDotdot { full: true };
        let once = normalized(full, &normalized(Normalizer::PathStripDot, &path).unwrap()).unwrap();
        prop_assert!(once.split('/').all(|segment| segment != "." && segment != ".."));
        prop_assert_eq!(normalized(full, &once).unwrap(), once);
    }

    #[test]
    fn a_sorted_query_stays_as_it_is(query in "[ab=&]{0,20}") {
        let once = normalized(Normalizer::QuerySortByName, &format!("/?{query}")).unwrap();
        let twice = normalized(Normalizer::QuerySortByName, &once).unwrap();
        prop_assert_eq!(twice.trim_end_matches('&'), once.trim_end_matches('&'));
    }

    #[test]
    fn any_bytes_are_normalized(path in proptest::collection::vec(any::<u8>(), 0..50)) {
        for normalizer in [
            Normalizer::FragmentEncode,
            Normalizer::PathStripDotdot { full: false },
            Normalizer::PercentDecodeUnreserved { strict: false },
            Normalizer::PercentToUppercase { strict: true },
            Normalizer::QuerySortByName,
        ] {
            let mut out = Vec::new();
            let _ = normalizer.apply(&path, &mut out, &mut Vec::new());
            prop_assert!(out.len() <= path.len() * 3 + 1);
        }
    }
}
