//! `h1-case-adjust` and `h1-case-adjust-file` in the `global` section.

use super::Build;
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::config::keyword::{Keyword, Line};
use crate::config::section::global::entry;
use crate::http::case::{CaseError, HeaderCases};

/// The keywords.
pub(super) static TABLE: &[Keyword<Build>] = &[
    entry(
        "h1-case-adjust",
        "h1-case-adjust <from> <to>",
        "Says in which letters a header name is sent where a proxy's option asks for it.",
        "2.1",
        parse_pair,
    ),
    entry(
        "h1-case-adjust-file",
        "h1-case-adjust-file <file>",
        "Reads pairs of names, one per line, as h1-case-adjust has them.",
        "2.1",
        parse_file,
    ),
];

/// A file that is read at the end: the last one named counts.
#[derive(Clone, Debug)]
pub(super) struct CaseFile {
    path: String,
    span: Span,
}

fn parse_pair(build: &mut Build, line: &Line) -> Parse<()> {
    let given = |at| line.words.get(at).filter(|word| !word.is_empty());
    let (Some(from), Some(to)) = (given(1), given(2)) else {
        let message = "'h1-case-adjust' expects <from> and <to> as argument.";
        return Err(line.words.error(1, message));
    };
    line.words.end(3)?;
    let cases = &mut build.config.global.header_cases;
    cases
        .add(from.utf8()?, to.utf8()?)
        .map_err(|error| match error {
            CaseError::Differ => to.error(error.to_string()),
            CaseError::Duplicate => from.error(format!("{error} '{}'", from.text())),
        })
}

fn parse_file(build: &mut Build, line: &Line) -> Parse<()> {
    let file = line.words.get(1).filter(|word| !word.is_empty());
    let file = file.ok_or_else(|| {
        let message = "'h1-case-adjust-file' expects <file> as argument.";
        line.words.error(1, message)
    })?;
    line.words.end(2)?;
    build.global.case_file = Some(CaseFile {
        path: file.utf8()?.to_owned(),
        span: file.span(),
    });
    Ok(())
}

/// Adds what the file says; called once the last line was read.
pub(super) fn load_file(build: &mut Build) {
    let Some(file) = build.global.case_file.take() else {
        return;
    };
    let result = read(&file.path, &mut build.config.global.header_cases);
    let result = result.map_err(|message| {
        let message = format!("h1-headers-case-adjust-file '{}' : {message}.", file.path);
        Diagnostic::alert(file.span, message)
    });
    build.report.note_result(result);
}

fn read(path: &str, cases: &mut HeaderCases) -> Result<(), String> {
    let text = super::proxy::answer_file::read(path, FILE_SIZE_MAX)
        .map_err(|error| format!("failed to open file: it {error}"))?;
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        add(line, cases).map_err(|message| format!("{message} at line {number}"))?;
    }
    Ok(())
}

/// Adds the pair of one line, if it is neither empty nor a comment.
fn add(line: &[u8], cases: &mut HeaderCases) -> Result<(), String> {
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let mut words = line.split_ascii_whitespace();
    let Some(from) = words.next().filter(|from| !from.starts_with('#')) else {
        return Ok(());
    };
    let to = words.next().ok_or("expect <to>")?;
    if words.next().is_some() {
        return Err(CaseError::Differ.to_string());
    }
    cases.add(from, to).map_err(|error| match error {
        CaseError::Differ => error.to_string(),
        CaseError::Duplicate => format!("{error} '{from}'"),
    })
}

/// Far more than all header names there are.
const FILE_SIZE_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Result<HeaderCases, String> {
        let mut cases = HeaderCases::default();
        for line in text.lines() {
            add(line.as_bytes(), &mut cases)?;
        }
        Ok(cases)
    }

    #[test]
    fn each_line_is_a_pair_a_comment_or_empty() {
        let cases = added("a A\n# x y\n\n \tb-c\tB-C \r\n").unwrap();
        assert_eq!(cases.find(b"b-c"), Some("B-C"));
        assert_eq!(cases.find(b"x"), None);
    }

    #[test]
    fn other_lines_are_refused() {
        assert_eq!(added("a").unwrap_err(), "expect <to>");
        assert_eq!(added("a A\na A").unwrap_err(), "duplicate entry 'a'");
        for text in ["a b", "a A b"] {
            let message = "<from> and <to> must not differ except the case";
            assert_eq!(added(text).unwrap_err(), message);
        }
    }
}
