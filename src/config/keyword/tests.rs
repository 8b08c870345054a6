//! Lookup, prefixes, suggestions, and the order of every table.

use super::super::section::{SECTIONS, all_keywords};
use super::*;
use crate::config::diagnostic::Span;

const fn row(name: &'static str, sections: Sections, negatable: bool) -> Keyword<Vec<String>> {
    Keyword {
        name,
        sections,
        usage: name,
        doc: "d",
        since: "1",
        negatable,
        parse: record,
    }
}

fn record(seen: &mut Vec<String>, line: &Line) -> Parse<()> {
    seen.push(format!("{} {:?}", line.words.name(), line.prefix));
    Ok(())
}

static LIST: KeywordList<Vec<String>> = KeywordList {
    tables: &[
        &[
            row("option", Sections::GLOBAL, false),
            row("option httplog", Sections::ANY_PROXY, true),
            row("option httplog clf", Sections::ANY_PROXY, false),
        ],
        &[row("option tcplog", Sections::ANY_PROXY, true)],
    ],
    retired: &[Retired {
        name: "clitimeout",
        sections: Sections::PROXY,
        hint: "gone",
    }],
};

fn line(text: &str) -> Line {
    let place = Place::default();
    let words = text
        .split(' ')
        .map(|part| Word::new(part.into(), Span::default()))
        .collect();
    Line::new(Words::new(words, place))
}

fn run(here: Sections, text: &str) -> Parse<String> {
    let mut seen = Vec::new();
    LIST.dispatch(here, &mut seen, line(text))?;
    Ok(seen.concat())
}

#[test]
fn the_longest_name_wins() {
    let found = |text| run(Sections::LISTEN, text);
    assert_eq!(found("option httplog"), Ok("option httplog None".into()));
    assert_eq!(
        found("option httplog clf"),
        Ok("option httplog clf None".into())
    );
    assert_eq!(found("option httplog x"), Ok("option httplog None".into()));
    assert_eq!(found("option tcplog"), Ok("option tcplog None".into()));
    assert_eq!(
        run(Sections::GLOBAL, "option httplog"),
        Ok("option None".into())
    );
}

#[test]
fn prefixes_need_a_keyword_that_takes_them() {
    let found = |text| run(Sections::LISTEN, text);
    assert_eq!(found("no option httplog"), Ok("option httplog No".into()));
    assert_eq!(
        found("default option tcplog"),
        Ok("option tcplog Default".into())
    );
    let error = found("no option httplog clf").unwrap_err();
    let message = "'option httplog clf' supports neither 'no' nor 'default' before it";
    assert_eq!(error.message, message);
    assert!(found("no").is_err());
}

#[test]
fn unknown_keywords_are_explained() {
    let error = run(Sections::LISTEN, "clitimeout 5").unwrap_err();
    assert_eq!(
        error.message,
        "unknown keyword 'clitimeout' in 'listen' section"
    );
    assert_eq!(error.hint.as_deref(), Some("gone"));
    let error = run(Sections::LISTEN, "chroot /").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("is known in 'global'"));
    let error = run(Sections::GLOBAL, "chrot /").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean 'chroot'?"));
    let error = run(Sections::GLOBAL, "stats sockt /").unwrap_err();
    assert_eq!(
        error.message,
        "unknown keyword 'stats sockt' in 'global' section"
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean 'stats socket'?"));
}

#[test]
fn section_sets_know_their_names() {
    assert_eq!(
        Sections::FRONT.names().collect::<Vec<_>>(),
        ["frontend", "listen"]
    );
    assert_eq!(Sections::of_name("backend"), Some(Sections::BACKEND));
    assert!(Sections::FRONT.is_within(Sections::PROXY));
    assert!(!Sections::DEFAULTS.overlaps(Sections::PROXY));
}

#[test]
fn every_keyword_is_documented_and_unique() {
    let keywords = all_keywords();
    for (index, info) in keywords.iter().enumerate() {
        let name = info.name;
        let parts = name.split(' ').count();
        assert!(parts <= NAME_WORDS_MAX, "{name} has too many words");
        assert!(info.usage.starts_with(name), "usage of {name}");
        assert!(
            info.doc.ends_with('.') && info.doc.len() > 10,
            "doc of {name}"
        );
        assert!(
            info.since.starts_with(|first: char| first.is_ascii_digit()),
            "since of {name}"
        );
        let clash = keywords
            .iter()
            .skip(index + 1)
            .any(|other| other.name == name && other.sections.overlaps(info.sections));
        assert!(!clash, "{name} twice in one section");
    }
}

#[test]
fn misplaced_names_are_found() {
    assert_eq!(LIST.misplaced(), None);
    static WRONG: KeywordList<Vec<String>> = KeywordList {
        tables: &[&[
            row("b", Sections::GLOBAL, false),
            row("a", Sections::GLOBAL, false),
        ]],
        retired: &[],
    };
    assert_eq!(WRONG.misplaced(), Some("b"));
}

#[test]
fn misspelt_sections_are_recognised() {
    let error = run(Sections::LISTEN, "globla").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean 'global'?"));
}

#[test]
fn every_section_has_keywords() {
    for section in SECTIONS {
        assert!(!(section.keywords)().is_empty(), "{}", section.name);
        assert_eq!(Sections::of_name(section.name), Some(section.kind));
    }
}
