//! The style rules of this repository as a test: every violation is a line `path:line: message`.
//!
//! Owns the rules on headers, sizes, widths, characters and forbidden words. `cargo test` runs it
//! over all Rust files below src/, tests/ and benches/; the tests at the bottom feed it bad
//! snippets, so that no rule can rot into one that never fails.
//! Invariant: words are looked for in code whose comments and literals were blanked out first,
//! so that a brace or a keyword inside a string never counts.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

#[test]
fn every_rust_file_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        collect_rust_files(&root.join(folder), &mut files);
    }
    files.sort();
    assert!(!files.is_empty(), "no Rust file below {}", root.display());
    let mut violations = Vec::new();
    for file in &files {
        let path = file.strip_prefix(root).unwrap().to_str().unwrap();
        violations.extend(violations_of(path, &fs::read(file).unwrap()));
    }
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// All violations of one file, given by its path from the root and its bytes, in line order.
fn violations_of(path: &str, bytes: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec![format!("{path}:1: not UTF-8")];
    };
    let source = Source::new(path, text);
    let mut found = Vec::new();
    check_header(&source, &mut found);
    check_lines(&source, &mut found);
    check_file_size(&source, &mut found);
    check_function_sizes(&source, &mut found);
    check_words(&source, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|(line, message)| format!("{path}:{line}: {message}"))
        .collect()
}

/// A violation: line from 1, message.
type Found = Vec<(usize, String)>;

/// One file in the forms that the rules look at.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
    /// The text with the inside of comments and literals turned into spaces, of equal length.
    code: String,
    /// Byte ranges of `code` that are compiled for tests only.
    tests: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    fn new(path: &'a str, text: &'a str) -> Self {
        let code = blank_out(text);
        let whole = 0..code.len();
        let tests = match is_test_file(path) {
            true => vec![whole],
            false => test_items(&code),
        };
        Self {
            path,
            text,
            code,
            tests,
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        self.code.as_bytes()[..offset]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
            + 1
    }

    fn is_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&offset))
    }

    fn is_product(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// Offsets where `word` stands in the code with no identifier character around it.
    fn words(&self, word: &'a str) -> impl Iterator<Item = usize> {
        let code = self.code.as_bytes();
        self.code
            .match_indices(word)
            .map(|(at, _)| at)
            .filter(move |&at| {
                let edge = |index: Option<usize>| {
                    index
                        .and_then(|i| code.get(i))
                        .is_none_or(|&b| !is_identifier(b))
                };
                edge(at.checked_sub(1)) && edge(Some(at + word.len()))
            })
    }
}

fn check_header(source: &Source<'_>, found: &mut Found) {
    if !source.text.starts_with("//!") {
        found.push((
            1,
            "the file does not start with //! and what it owns".into(),
        ));
    }
}

fn check_lines(source: &Source<'_>, found: &mut Found) {
    for (index, line) in source.text.lines().enumerate() {
        let width = line.chars().count();
        if width > LINE_WIDTH_MAX {
            found.push((
                index + 1,
                format!("{width} columns, the limit is {LINE_WIDTH_MAX}"),
            ));
        }
        if let Some(character) = line.chars().find(|c| !c.is_ascii()) {
            found.push((index + 1, format!("{character:?} is not ASCII")));
        }
    }
}

fn check_file_size(source: &Source<'_>, found: &mut Found) {
    let mut offset = 0;
    let mut count = 0;
    for line in source.text.split_inclusive('\n') {
        count += usize::from(!source.is_test(offset));
        offset += line.len();
    }
    if count > FILE_LINES_MAX && !is_exempt_from_size(source.text) {
        let message = format!("{count} lines without tests, the limit is {FILE_LINES_MAX}");
        found.push((1, message));
    }
}

/// Whether the header tells why the file may be long: tables are.
fn is_exempt_from_size(text: &str) -> bool {
    let header = text.lines().take_while(|line| line.starts_with("//!"));
    header
        .filter_map(|line| line.split_once(SIZE_EXEMPTION))
        .any(|(_, why)| !why.trim().is_empty())
}

fn check_function_sizes(source: &Source<'_>, found: &mut Found) {
    for start in source.words("fn") {
        let Some(end) = item_end(&source.code, start) else {
            continue;
        };
        let first = source.line_at(start);
        let lines = source.line_at(end) - first + 1;
        if lines > FUNCTION_LINES_MAX {
            let message = format!("a function of {lines} lines, the limit is {FUNCTION_LINES_MAX}");
            found.push((first, message));
        }
    }
}

fn check_words(source: &Source<'_>, found: &mut Found) {
    if !source.path.starts_with("src/sys/") && source.path != "src/sys.rs" {
        for at in source.words("unsafe") {
            found.push((source.line_at(at), "unsafe outside of src/sys".into()));
        }
    }
    if !source.is_product() {
        return;
    }
    for (word, advice) in FORBIDDEN_CODE {
        let may_print = PRINTING.iter().any(|place| source.path.starts_with(place));
        if may_print && word.ends_with("println") {
            continue;
        }
        for at in source.words(word).filter(|&at| !source.is_test(at)) {
            if is_use_of(word, &source.code, at) {
                found.push((source.line_at(at), (*advice).into()));
            }
        }
    }
    for (index, line) in source.text.lines().enumerate() {
        for word in FORBIDDEN_NOTES.iter().filter(|word| line.contains(*word)) {
            found.push((
                index + 1,
                format!("{word}: finish it or describe it in an issue"),
            ));
        }
    }
}

/// Whether the word at `at` is the macro call or method call that the rule means.
fn is_use_of(word: &str, code: &str, at: usize) -> bool {
    let before = code[..at].trim_end();
    let after = code[at + word.len()..].trim_start();
    if matches!(word, "unwrap" | "expect") {
        return after.starts_with('(') && (before.ends_with('.') || before.ends_with("::"));
    }
    after.starts_with('!')
}

/// Whether a whole file is test code: integration tests, and `tests.rs` beside the code.
fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The ranges of items behind `#[cfg(test)]`.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for (start, _) in code
        .match_indices("#[cfg(")
        .filter(|(at, _)| is_test_attribute(code, *at))
    {
        let Some(length) = code[start..].find(']') else {
            continue;
        };
        let body = start + length + 1;
        let end = item_end(code, body).or_else(|| code[body..].find(';').map(|n| body + n));
        items.push(start..end.map_or(code.len(), |end| end + 1));
    }
    items
}

fn is_test_attribute(code: &str, at: usize) -> bool {
    let condition = &code[at + "#[cfg(".len()..];
    condition.starts_with("test)") || condition.starts_with("all(test")
}

/// Offset of the brace that closes the body of the item at `start`; none when `;` ends it first.
fn item_end(code: &str, start: usize) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b';' if brackets == 0 && braces == 0 => return None,
            b'{' if brackets == 0 || braces > 0 => braces += 1,
            b'}' if braces == 1 => return Some(offset),
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The text with the inside of comments, strings and characters replaced by spaces.
fn blank_out(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    while code.len() < bytes.len() {
        let at = code.len();
        let end = literal_end(bytes, at).unwrap_or(at);
        if end == at {
            code.push(if bytes[at].is_ascii() {
                bytes[at]
            } else {
                b' '
            });
            continue;
        }
        code.extend(
            bytes[at..end]
                .iter()
                .map(|&b| if b == b'\n' { b'\n' } else { b' ' }),
        );
    }
    code.into_iter().map(char::from).collect()
}

/// End of the comment or literal that begins at `at`, when one does.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_identifier(bytes[at - 1]);
    let length = match rest {
        [b'/', b'/', ..] => rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment_length(rest),
        [b'"', ..] => quoted_length(rest, b'"'),
        [b'\'', b'\\', ..] => quoted_length(rest, b'\''),
        [b'\'', ..] => character_length(rest)?,
        [b'r', ..] | [b'b' | b'c', b'r', ..] if !inside_word => raw_string_length(rest)?,
        _ => return None,
    };
    Some(at + length.min(rest.len()))
}

fn block_comment_length(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a literal between two `quote`s in which a backslash protects the next byte.
fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a character literal without a backslash; none for a lifetime.
fn character_length(rest: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(rest.get(1..rest.len().min(6))?);
    let character = text.chars().next()?;
    let end = 1 + character.len_utf8();
    (rest.get(end) == Some(&b'\'')).then_some(end + 1)
}

fn raw_string_length(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().position(|&b| b == b'r')? + 1;
    let hashes = rest[prefix..].iter().take_while(|&&b| b == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let body = &rest[open + 1..];
    let close = body
        .windows(closing.len())
        .position(|window| window == closing);
    Some(close.map_or(rest.len(), |n| open + 1 + n + closing.len()))
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn collect_rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect_rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

const LINE_WIDTH_MAX: usize = 100;
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const SIZE_EXEMPTION: &str = "Exempt from the size limit:";

/// Calls that may not stand in the program outside of its tests, each with what to do instead.
const FORBIDDEN_CODE: &[(&str, &str)] = &[
    ("dbg", "dbg! in the program"),
    (
        "eprintln",
        "eprintln! outside of main.rs, args.rs and process/",
    ),
    ("expect", "expect() in the program: handle the other case"),
    (
        "println",
        "println! outside of main.rs, args.rs and process/",
    ),
    ("todo", "todo! in the program"),
    ("unwrap", "unwrap() in the program: handle the other case"),
];

const FORBIDDEN_NOTES: &[&str] = &["FIXME", "TODO"];

/// Where the program may print.
const PRINTING: &[&str] = &[
    "src/args.rs",
    "src/main.rs",
    "src/process/",
    "src/process.rs",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        violations_of(path, text.as_bytes())
    }

    fn body(path: &str, body: &str) -> Vec<String> {
        check(path, &format!("//! Header.\n{body}\n"))
    }

    #[test]
    fn a_clean_file_passes() {
        let text = "fn f() -> Option<u8> {\n    None\n}\n";
        assert_eq!(body("src/a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_missing_header_is_found() {
        let found = check("src/a.rs", "// Plain.\nfn f() {}\n");
        assert_eq!(
            found,
            ["src/a.rs:1: the file does not start with //! and what it owns"]
        );
        assert_eq!(check("benches/b.rs", "").len(), 1);
    }

    #[test]
    fn wide_lines_and_other_characters_are_found_with_their_line() {
        let wide = format!("// {}", "x".repeat(98));
        assert_eq!(
            body("tests/a.rs", &wide),
            ["tests/a.rs:2: 101 columns, the limit is 100"]
        );
        assert_eq!(
            body("src/a.rs", "// caf\u{e9}"),
            ["src/a.rs:2: '\u{e9}' is not ASCII"]
        );
        assert_eq!(
            violations_of("src/a.rs", b"//! \xff\n"),
            ["src/a.rs:1: not UTF-8"]
        );
    }

    #[test]
    fn a_long_file_is_found_unless_its_tests_or_its_header_excuse_it() {
        let long = "const A: u8 = 0;\n".repeat(FILE_LINES_MAX);
        let found = body("src/a.rs", &long);
        assert_eq!(
            found,
            ["src/a.rs:1: 602 lines without tests, the limit is 600"]
        );
        let tested = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(body("src/a.rs", &tested).is_empty());
        assert!(body("src/a/tests.rs", &long).is_empty());
        let excuse = "//! Exempt from the size limit:";
        assert!(
            check(
                "src/a.rs",
                &format!("{excuse} a table of keywords.\n{long}")
            )
            .is_empty()
        );
        assert_eq!(check("src/a.rs", &format!("{excuse}\n{long}")).len(), 1);
    }

    #[test]
    fn a_long_function_is_found_where_it_starts() {
        let lines = "    g();\n".repeat(FUNCTION_LINES_MAX - 2);
        let fits = format!("fn f(a: [u8; 2]) {{\n{lines}}}\n");
        assert!(body("src/a.rs", &fits).is_empty());
        let long = format!("type F = fn(u8);\nfn f() {{\n{lines}    let _ = \"}}\"; // }}\n}}\n");
        let found = body("src/a.rs", &long);
        assert_eq!(
            found,
            ["src/a.rs:3: a function of 71 lines, the limit is 70"]
        );
    }

    #[test]
    fn unsafe_is_found_everywhere_but_in_sys() {
        let text = "fn f() {\n    unsafe { g() }\n}";
        assert_eq!(
            body("src/net/a.rs", text),
            ["src/net/a.rs:3: unsafe outside of src/sys"]
        );
        assert_eq!(body("tests/a.rs", text).len(), 1);
        assert!(body("src/sys/a.rs", text).is_empty());
        assert!(body("src/a.rs", "// unsafe\n#![deny(unsafe_code)]\n").is_empty());
    }

    #[test]
    fn each_forbidden_call_is_found_in_the_program() {
        for call in ["a.unwrap()", "a\n.expect(\"b\")", "Option::unwrap(a)"] {
            assert_eq!(
                body("src/a.rs", &format!("fn f() {{ {call}; }}")).len(),
                1,
                "{call}"
            );
        }
        for call in ["println!(\"a\")", "eprintln!()", "todo!()", "dbg!(a)"] {
            assert_eq!(
                body("src/a.rs", &format!("fn f() {{ {call} }}")).len(),
                1,
                "{call}"
            );
        }
    }

    #[test]
    fn forbidden_calls_are_allowed_in_tests_strings_and_comments() {
        let call = "fn f() { a.unwrap(); println!() }";
        assert!(body("tests/a.rs", call).is_empty());
        assert!(body("src/a/tests.rs", call).is_empty());
        assert!(body("src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {call} }}")).is_empty());
        for harmless in [
            "// a.unwrap() println!()\nconst A: &str = \"todo!()\";",
            "#[expect(dead_code, reason = \"b\")]\nfn unwrap() {}",
            "fn f() { a.unwrap_or(b) }",
        ] {
            assert!(body("src/a.rs", harmless).is_empty(), "{harmless}");
        }
    }

    #[test]
    fn code_behind_a_test_module_is_program_again() {
        let text = "#[cfg(test)]\nuse a::b;\n#[cfg(test)]\nmod tests;\nfn f() { a.unwrap(); }";
        assert_eq!(body("src/a.rs", text).len(), 1);
        let text = "#[cfg(test)]\nmod tests { fn g() {} }\nfn f() { a.unwrap(); }";
        assert_eq!(body("src/a.rs", text).len(), 1);
    }

    #[test]
    fn printing_is_allowed_where_the_program_talks_to_its_user() {
        let text = "fn f() { println!(); eprintln!() }";
        assert!(body("src/main.rs", text).is_empty());
        assert!(body("src/args.rs", text).is_empty());
        assert!(body("src/process/daemon.rs", text).is_empty());
        assert_eq!(body("src/log/main.rs", text).len(), 2);
        assert_eq!(body("src/main.rs", "fn f() { dbg!(a) }").len(), 1);
    }

    #[test]
    fn notes_of_unfinished_work_are_found_in_comments_too() {
        for note in FORBIDDEN_NOTES {
            let found = body("src/a.rs", &format!("// {note}: later"));
            assert_eq!(found.len(), 1, "{note}");
            assert!(body("tests/a.rs", &format!("// {note}")).is_empty());
        }
    }

    #[test]
    fn literals_and_comments_are_blanked_out() {
        let text = "a \"{\\\"\" b '{' c '\\'' r#\"\"{\"# 'life /* { /* } */ */ d // {\ne";
        let code = blank_out(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains(['{', '}', '"']), "{code}");
        let kept: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(kept, ["a", "b", "c", "'life", "d", "e"]);
    }
}
