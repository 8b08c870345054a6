//! Words, as HAProxy 2.6 cuts them.

use proptest::prelude::*;

use super::*;

fn environment() -> Environment {
    Environment::from([("HOME", "/root"), ("LIST", "w1 w2  w3"), ("EMPTY", "")])
}

fn cut(line: &[u8]) -> Parse<Vec<Word>> {
    let environment = environment();
    let scope = Scope {
        environment: &environment,
        file_name: "site.cfg",
        section: "web",
        place: Place { file: 0, line: 7 },
    };
    tokenize(line, &scope)
}

fn texts(line: &str) -> Vec<String> {
    let words = cut(line.as_bytes()).unwrap();
    words.iter().map(|word| word.text().to_owned()).collect()
}

#[test]
fn blanks_and_comments_separate() {
    assert_eq!(texts("  a\tb  c # d"), ["a", "b", "c"]);
    assert_eq!(texts("x#y"), ["x"]);
    assert_eq!(texts("global#this"), ["global"]);
    assert_eq!(texts("a b\r"), ["a", "b"]);
    assert_eq!(texts("   "), Vec::<String>::new());
    assert_eq!(texts("# all"), Vec::<String>::new());
}

#[test]
fn sixty_four_words_are_the_most() {
    let line = "w ".repeat(64);
    assert_eq!(texts(&line).len(), 64);
    let error = cut(format!("{line} x").as_bytes()).unwrap_err();
    let expected = "too many words, truncating after word 64, position 127: <w>.";
    assert_eq!(error.message, expected);
    assert_eq!(error.at.map(|span| span.column), Some(130));
}

#[test]
fn quotes_protect() {
    assert_eq!(texts(r"'a b#c\n$HOME'"), [r"a b#c\n$HOME"]);
    assert_eq!(texts(r#""a b#c'd""#), ["a b#c'd"]);
    assert_eq!(texts(r#"x"y"'z'w"#), ["xyzw"]);
    assert_eq!(texts(r#""" b"#), ["", "b"]);
}

#[test]
fn escapes_resolve_and_other_pairs_stay() {
    assert_eq!(texts(r"a\ b\#c\\d\'e"), [r"a b#c\d'e"]);
    assert_eq!(texts(r"a\n\r\t\x41"), ["a\n\r\tA"]);
    assert_eq!(
        texts(r"\1x \.y \$z end\"),
        [r"\1x", r"\.y", r"\$z", r"end\"]
    );
    assert_eq!(texts(r#""\$x\'\q\"""#), [r#"$x'\q""#]);
}

#[test]
fn variables_expand_inside_double_quotes_only() {
    assert_eq!(
        texts(r#""x$HOME" x$HOME '$HOME'"#),
        ["x/root", "x$HOME", "$HOME"]
    );
    assert_eq!(texts(r#""x${HOME}y" "b${NOPE}""#), ["x/rooty", "b"]);
    assert_eq!(
        texts(r#""a${NOPE-de f}" "${EMPTY-x}" "${NOPE-}""#),
        ["ade f", "", ""]
    );
    assert_eq!(
        texts(r#""$.LINE-${.LINE}-${.FILE}-${.SECTION}""#),
        ["7-7-site.cfg-web"]
    );
    assert_eq!(
        texts(r#""${LIST}" "$LIST[*]""#),
        ["w1 w2  w3", "w1 w2  w3[*]"]
    );
    assert_eq!(texts(r#""${NOPE-a b[*]}""#), ["a b[*]"]);
}

#[test]
fn lists_become_words() {
    assert_eq!(texts(r#""${LIST[*]}" a"#), ["w1", "w2", "w3", "a"]);
    assert_eq!(texts(r#""a${LIST[*]}b""#), ["aw1", "w2", "w3b"]);
    assert_eq!(texts(r#""${NOPE[*]}" b"#), ["", "b"]);
}

#[test]
fn addresses_expand_without_quotes() {
    let words = cut(b"fd@${HOME} ${HOME $ $HOME:1 ${}").unwrap();
    let expanded: Vec<String> = words
        .iter()
        .map(|word| word.as_address().text().to_owned())
        .collect();
    assert_eq!(expanded, ["fd@/root", "${HOME", "$", "/root:1", "${}"]);
}

#[test]
fn positions_are_those_of_the_source() {
    let words = cut(br#" ab "c d"e "${LIST[*]}" f"#).unwrap();
    let spans: Vec<(u32, u32)> = words
        .iter()
        .map(|word| (word.span().column, word.span().width))
        .collect();
    assert_eq!(
        spans,
        [(2, 2), (5, 6), (12, 11), (13, 10), (13, 11), (25, 1)]
    );
}

#[test]
fn faults_say_where() {
    for (line, column, message) in [
        ("  log-format 'abc", 14, "unmatched quote at position 14"),
        ("a\"", 2, "unmatched quote at position 2"),
        (
            r" bo\xZZ",
            4,
            "truncated or invalid hexadecimal sequence at position 4",
        ),
        (
            r"a\x4",
            2,
            "truncated or invalid hexadecimal sequence at position 2",
        ),
        (
            "\"x$1\"",
            4,
            "forbidden first char in environment variable name at position 4",
        ),
        (
            "\"x$.1\"",
            4,
            "forbidden first char in environment variable name at position 4",
        ),
        (
            "\"x$.LINES\"",
            4,
            "forbidden first char in environment variable name at position 4",
        ),
        (
            "\"x${.line}\"",
            5,
            "forbidden first char in environment variable name at position 5",
        ),
        (
            "\"x${}\"",
            5,
            "forbidden first char in environment variable name at position 5",
        ),
        (
            "\"${A%}\"",
            3,
            "unmatched brace in environment variable name at position 3",
        ),
        (
            "\"${A-\"",
            3,
            "unmatched brace in environment variable name at position 3",
        ),
        (
            "\"${LIST[0]}\"",
            8,
            "truncated or invalid word expansion sequence at position 8",
        ),
        (
            r"a\x00",
            2,
            "a NUL character cannot be part of a word at position 2",
        ),
        ("ab\0c", 3, "stray NUL character at position 3"),
    ] {
        let error = cut(line.as_bytes()).unwrap_err();
        assert_eq!(error.message, message, "{line}");
        assert_eq!(error.at.map(|span| span.column), Some(column), "{line}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = cut(&line);
    }

    #[test]
    fn no_syntax_panics(line in r#"[ab \\x4"'${}\[\]*.#\-\t]{0,40}"#) {
        if let Ok(words) = cut(line.as_bytes()) {
            for word in words {
                let end = word.span().column + word.span().width;
                prop_assert!(usize::try_from(end).unwrap() <= line.len() + 1);
            }
        }
    }

    #[test]
    fn plain_words_stand_where_they_say(
        parts in proptest::collection::vec("[a-z0-9.:/]{1,9}", 1..8)
    ) {
        let line = parts.join("  ");
        for (word, part) in cut(line.as_bytes()).unwrap().iter().zip(&parts) {
            let start = usize::try_from(word.span().column).unwrap() - 1;
            let width = usize::try_from(word.span().width).unwrap();
            prop_assert_eq!(word.text(), part.as_str());
            prop_assert_eq!(&line[start..start + width], part.as_str());
        }
    }

    #[test]
    fn strong_quotes_keep_everything(text in "[^'\u{0}\r\n]{0,40}") {
        let words = cut(format!("'{text}'").as_bytes()).unwrap();
        prop_assert_eq!(words.len(), 1);
        prop_assert_eq!(words[0].text(), text.as_str());
    }
}
