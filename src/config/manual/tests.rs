//! The reference text names everything the parser knows.

use super::*;

#[test]
fn the_list_has_every_keyword_under_its_sections() {
    let list = keyword_list();
    assert!(list.starts_with("global\n\tchroot\n\tdaemon\n"), "{list}");
    for info in section::all_keywords() {
        assert!(list.contains(info.name), "{}", info.name);
    }
}

#[test]
fn topics_select() {
    let text = manual(Some("maxconn")).unwrap();
    assert!(
        text.contains("maxconn <number>\n    Most connections"),
        "{text}"
    );
    assert!(
        manual(Some("stats"))
            .unwrap()
            .contains("stats socket <address>")
    );
    assert!(
        manual(Some("tune"))
            .unwrap()
            .contains("tune.sndbuf.server <size>")
    );
    assert!(manual(Some("global")).unwrap().starts_with("global\n"));
    let error = manual(Some("maxcon")).unwrap_err();
    assert_eq!(error, "unknown keyword 'maxcon'; did you mean 'maxconn'?");
}

#[test]
fn the_whole_text_documents_every_keyword() {
    let text = manual(None).unwrap();
    for info in section::all_keywords() {
        assert!(
            text.contains(info.usage) && text.contains(info.doc),
            "{}",
            info.name
        );
    }
}
