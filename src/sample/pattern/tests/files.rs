//! Files of patterns, as HAProxy 2.6 reads them.

use std::path::PathBuf;

use super::super::{LoadError, MatchMethod, Options, PatternList, load_file};
use super::value_of;

/// A file that goes when the test ends.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let name = format!("weir-pattern-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn load(&self, method: MatchMethod, is_map: bool) -> Result<PatternList, LoadError> {
        load_file(&self.0, Options::new(method), is_map)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_map_has_a_key_and_a_value_per_line() {
    let file = File::new(
        "map",
        "k  v  with spaces  \t\n #x y\n# c z\nk2\tv2\r\nempty\n\n \t \nlast w",
    );
    let list = file.load(MatchMethod::Str, true).unwrap();
    assert_eq!(value_of(&list, "k"), Some("v  with spaces"));
    assert_eq!(value_of(&list, "#x"), Some("y"));
    assert_eq!(value_of(&list, "#"), None);
    assert_eq!(value_of(&list, "k2"), Some("v2"));
    assert_eq!(value_of(&list, "empty"), Some(""));
    assert_eq!(value_of(&list, "last"), Some("w"));
    let lines: Vec<u32> = list.entries().map(|entry| entry.reference).collect();
    assert_eq!(lines, [1, 2, 4, 5, 8]);
}

#[test]
fn a_line_of_a_list_is_a_pattern() {
    let file = File::new("list", "  a b\n# c\n #d\ncrlf\r\nmid\rdle\ntwo  \n");
    let list = file.load(MatchMethod::Str, false).unwrap();
    let patterns: Vec<&[u8]> = list.entries().map(|entry| entry.pattern).collect();
    assert_eq!(patterns, [&b"a b"[..], b"#d", b"crlf", b"mid", b"two  "]);
    assert!(list.entries().all(|entry| entry.value.is_none()));
    let numbers = File::new("numbers", "5 \n7:9\t\n");
    assert_eq!(numbers.load(MatchMethod::Int, false).unwrap().count(), 2);
}

#[test]
fn an_error_names_line_and_file() {
    let file = File::new("error", "1.2.3.4\n\n1.2.3.4/40\n");
    let error = file.load(MatchMethod::Ip, false).unwrap_err();
    let path = file.0.display();
    let expected =
        format!("'1.2.3.4/40' is not a valid IPv4 or IPv6 address at line 3 of file '{path}'");
    assert_eq!(error.to_string(), expected);
    let missing = load_file("/nonexistent/x", Options::new(MatchMethod::Str), false);
    let text = missing.unwrap_err().to_string();
    assert!(
        text.starts_with("failed to open pattern file </nonexistent/x>"),
        "{text}"
    );
}
