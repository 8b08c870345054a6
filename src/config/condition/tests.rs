//! Expressions and blocks, as HAProxy 2.6 evaluates them.

use proptest::prelude::*;

use super::*;
use crate::config::diagnostic::Span;

fn environment() -> Environment {
    Environment::from([("HOME", "/root")])
}

fn value(text: &str) -> Option<bool> {
    evaluate_condition(text, &environment()).ok()
}

#[test]
fn expressions_have_values() {
    for text in [
        "1",
        "-1",
        "0x1",
        "01",
        "99999999999999999999",
        "!0",
        "! ! 1",
        "!!1",
        "!(0)",
        "(0) || 1",
        "1 &&0||1",
        "0||1",
        "1 || 1 && 0",
        "defined(HOME)",
        "!defined(NOPE)",
        "feature(EPOLL)",
        "streq(a,a)",
        r#"streq("a b",a\ b)"#,
        r#"streq("a,b",a\,b)"#,
        "streq(,)",
        "strneq(a,b)",
        "version_atleast(2.6)",
        "version_atleast(2.6.12)",
        "version_atleast(2.6-dev3)",
        "version_atleast()",
        "version_before(2.6.13)",
        "version_before(2.6.12-1)",
        "version_before(2.7-dev0)",
        "version_atleast(2.6)&&!version_before(2.6-dev3)||(0)",
        "! 1 || 1",
    ] {
        assert_eq!(value(text), Some(true), "{text}");
    }
    for text in [
        "",
        "  ",
        "0",
        "00",
        "0x0",
        "1 && 0",
        "1&&0",
        "defined()",
        "defined(a b)",
        "feature(OPENSSL)",
        "feature(THREAD)",
        "streq( a,a)",
        "streq(a,)",
        "version_atleast(3)",
        "version_atleast(2.6.13)",
        "version_before(2.6-rc1)",
    ] {
        assert_eq!(value(text), Some(false), "{text}");
    }
}

#[test]
fn invalid_expressions_say_where() {
    for (text, offset, message) in [
        ("foo", 0, "unparsable conditional expression 'foo'"),
        ("1 || foo", 5, "unparsable conditional expression 'foo'"),
        ("0 && foo", 5, "unparsable conditional expression 'foo'"),
        ("1 && && 1", 5, "unparsable conditional expression '&& 1'"),
        (
            "1 | 1",
            2,
            "unexpected character '|' at the end of conditional expression '1 | 1'",
        ),
        (
            "5a",
            1,
            "unexpected character 'a' at the end of conditional expression '5a'",
        ),
        (
            "(1) 0",
            4,
            "unexpected character '0' at the end of conditional expression '(1) 0'",
        ),
        ("(1", 0, "expected ')' after conditional expression '(1'"),
        (
            "1)",
            1,
            "unexpected character ')' at the end of conditional expression '1)'",
        ),
        (
            "streq (a,a)",
            5,
            "missing arguments (got 0/2) of predicate 'streq'",
        ),
        (
            "streq(a)",
            7,
            "missing arguments (got 1/2) of predicate 'streq'",
        ),
        ("streq(a,b,c)", 9, "expected ')' before ',c)' in 'streq'"),
        (
            "streq(a,a",
            8,
            "expected ')' after the arguments of 'streq'",
        ),
        (
            "defined(HOME,b)",
            12,
            "expected ')' before ',b)' in 'defined'",
        ),
        ("!", 0, "unparsable conditional expression '!'"),
    ] {
        let error = evaluate_condition(text, &environment()).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.offset),
            (message, offset),
            "{text}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(
        value(&format!("{}1{}", "(".repeat(64), ")".repeat(64))),
        Some(true)
    );
    assert_eq!(
        value(&format!("{}1{}", "(".repeat(65), ")".repeat(65))),
        None
    );
    assert_eq!(value(&("!".repeat(100_000) + "1")), Some(true));
}

fn words(text: &str) -> Words {
    let parts = text
        .split(' ')
        .map(|part| Word::new(part.into(), Span::default()));
    Words::new(parts.collect(), Place::default())
}

/// Which of the numbered lines count.
fn counted(lines: &[&str]) -> Vec<String> {
    let mut blocks = Blocks::default();
    let mut taken = Vec::new();
    for line in lines {
        match blocks.directive(&words(line), &environment()) {
            Ok(directive) if directive || !blocks.active() => {}
            Ok(_) => taken.push((*line).to_owned()),
            Err(error) => taken.push(error.message),
        }
    }
    taken.extend(blocks.unterminated().map(|error| error.message));
    taken
}

#[test]
fn one_branch_counts() {
    assert_eq!(
        counted(&[".if 1", "a", ".elif 1", "b", ".else", "c", ".endif", "d"]),
        ["a", "d"]
    );
    assert_eq!(
        counted(&[".if 0", "a", ".elif 1", "b", ".else", "c", ".endif", "d"]),
        ["b", "d"]
    );
    assert_eq!(
        counted(&[".if 0", "a", ".elif 0", "b", ".else", "c", ".endif"]),
        ["c"]
    );
    assert_eq!(
        counted(&[".if 0", ".if 1", "a", ".else", "b", ".endif", "c", ".endif"]),
        [""; 0]
    );
}

#[test]
fn conditions_of_skipped_blocks_are_not_read() {
    let lines = [".if 0", ".if bad(", ".elif bad(", ".endif", ".endif", "a"];
    assert_eq!(counted(&lines), ["a"]);
    assert_eq!(counted(&[".if 1", ".elif bad(", ".endif", "a"]), ["a"]);
}

#[test]
fn a_bad_condition_skips_its_whole_block() {
    let lines = [".if bad(", "a", ".elif 1", "b", ".else", "c", ".endif", "d"];
    assert_eq!(
        counted(&lines),
        ["unparsable conditional expression 'bad('", "d"]
    );
}

#[test]
fn misplaced_directives_are_told() {
    for (lines, message) in [
        (&[".endif"][..], "lone '.endif' with no matching '.if'."),
        (&[".else"], "lone '.else' with no matching '.if'."),
        (&[".elif 1"], "lone '.elif' with no matching '.if'."),
        (
            &[".if 1", ".else", ".else", ".endif"],
            "'.else' after '.else' is not permitted.",
        ),
        (
            &[".if 1", ".else", ".elif 1", ".endif"],
            "'.elif' after '.else' is not permitted.",
        ),
        (
            &[".if 1", ".endif x"],
            "Unexpected argument 'x' for '.endif'.",
        ),
        (&[".if 1"], "non-terminated '.if' block."),
    ] {
        assert_eq!(counted(lines), [message], "{lines:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = value(&text);
    }

    #[test]
    fn no_syntax_panics(text in r#"[01!()&| ,"'\\a]{0,30}|(streq|defined)[(a,")\\]{0,9}"#) {
        let _ = value(&text);
    }
}
