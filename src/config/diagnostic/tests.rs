//! How diagnostics look.

use super::*;

fn report(text: &'static str) -> Report {
    Report {
        sources: vec![Source::new("site.cfg", text.as_bytes())],
        ..Report::default()
    }
}

fn span(line: u32, column: u32, width: u32) -> Span {
    Span {
        file: 0,
        line,
        column,
        width,
    }
}

#[test]
fn the_first_line_is_haproxys_and_the_place_follows() {
    let mut report = report("frontend web\n\ttimout client 5s\n");
    let message = "unknown keyword 'timout' in 'frontend' section";
    report.push(Diagnostic::alert(span(2, 2, 6), message).hint("did you mean 'timeout'?"));
    let expected = "\
[ALERT]    (29482) : config : parsing [site.cfg:2] : unknown keyword 'timout' in 'frontend' section
    --> site.cfg:2:2
     2 |     timout client 5s
       |     ^^^^^^ did you mean 'timeout'?
";
    assert_eq!(report.render(29_482), expected);
}

#[test]
fn notes_and_general_messages_have_no_underline() {
    let mut report = report("a\nb\n");
    let first = Place { file: 0, line: 1 };
    report.push(
        Diagnostic::warning(span(2, 1, 1), "again")
            .note_at("first", first)
            .note("more"),
    );
    report.push(Diagnostic::general(Level::Notice, "done"));
    let expected = "\
[WARNING]  (1) : config : parsing [site.cfg:2] : again
    --> site.cfg:2:1
     2 | b
       | ^
       = first [site.cfg:1]
       = more
[NOTICE]   (1) : config : done
";
    assert_eq!(report.render(1), expected);
    assert_eq!(report.worst(), Some(Level::Warning));
    assert!(!report.has_errors());
}

#[test]
fn what_cannot_be_cited_keeps_its_message() {
    let mut report = report("a\n");
    report.push(Diagnostic::alert(span(9, 1, 1), "one"));
    report.push(Diagnostic::alert(
        Span {
            file: 7,
            ..span(1, 1, 1)
        },
        "two",
    ));
    report.push(Diagnostic::alert(span(1, 900, 900), "three\x1b[31m\n"));
    let text = report.render(1);
    assert!(text.contains("parsing [site.cfg:9] : one\n"), "{text}");
    assert!(text.contains("parsing [?:1] : two\n"), "{text}");
    assert!(
        text.contains("three\\u{1b}[31m\\n\n    --> site.cfg:1:2\n"),
        "{text}"
    );
}

#[test]
fn a_place_without_column_underlines_its_statement() {
    let mut report = report("  bind :80\n");
    report.push(Diagnostic::alert(Place { file: 0, line: 1 }, "m"));
    assert!(
        report
            .render(1)
            .ends_with("     1 |   bind :80\n       |   ^^^^^^^^\n")
    );
}

#[test]
fn long_lines_are_cited_around_the_fault() {
    let text = "x".repeat(1_000) + "FAULT" + &"y".repeat(1_000);
    let mut report = Report {
        sources: vec![Source::new("f", text.into_bytes())],
        ..Report::default()
    };
    report.push(Diagnostic::alert(span(1, 1_001, 5), "m"));
    let rendered = report.render(1);
    let lines: Vec<&str> = rendered.lines().collect();
    let under = lines[3].find('^').unwrap();
    assert_eq!(lines[2].get(under..under + 5), Some("FAULT"));
    assert!(lines[2].len() < 180);
}

#[test]
fn columns_count_characters_on_the_screen() {
    let mut report = report("caf\u{e9}\u{e9} x\n");
    report.push(Diagnostic::alert(span(1, 9, 1), "m"));
    assert!(
        report.render(1).ends_with("       |       ^\n"),
        "{}",
        report.render(1)
    );
}
