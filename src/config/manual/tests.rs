//! The reference text names everything the parser knows.

use super::*;

#[test]
fn the_list_has_every_keyword_under_its_sections() {
    let list = keyword_list("");
    let begin = "# List of registered configuration keywords:\nglobal\n\tchroot\n\tdaemon\n";
    assert!(list.starts_with(begin), "{list}");
    for info in section::all_keywords() {
        assert!(list.contains(info.name), "{}", info.name);
    }
}

#[test]
fn the_list_has_the_classes_that_were_asked_for() {
    let fetches = keyword_list("smp");
    assert!(fetches.starts_with("# List of registered sample fetch functions:\n"));
    assert!(
        fetches.contains("\nreq.hdr([string,signed integer]): string\n"),
        "{fetches}"
    );
    assert!(fetches.contains("\nstr(string): string\n"), "{fetches}");
    let both = keyword_list("cnv,cfg");
    assert!(both.contains("\nlower: string => string\n"), "{both}");
    assert!(both.contains("\tbind <address> backlog\n"), "{both}");
    assert!(both.contains("\thttp-request set-header\n"), "{both}");
    assert!(!both.contains("sample fetch functions"));
    assert_eq!(keyword_list("nothing"), "");
    let help = keyword_list("help");
    assert!(help.contains("\nsmp: sample fetch functions\n"), "{help}");
    assert_eq!(keyword_list("all"), keyword_list(""));
}

#[test]
fn every_table_is_in_the_manual() {
    let text = manual(None).unwrap();
    for entry in tables::entries() {
        let expected = format!("{}\n    {}\n", entry.usage, entry.doc);
        assert!(text.contains(&expected), "{expected}");
        assert!(
            manual(Some(entry.name)).unwrap().contains(&expected),
            "{expected}"
        );
    }
    let converter = manual(Some("lower")).unwrap();
    assert!(
        converter.contains("    a converter; string to string\n"),
        "{converter}"
    );
    let action = manual(Some("set-method")).unwrap();
    assert!(
        action.contains("    an action of: http-request\n"),
        "{action}"
    );
    assert!(manual(Some("fetches")).unwrap().contains("req.hdr("));
    let error = manual(Some("set-methud")).unwrap_err();
    assert_eq!(
        error,
        "unknown keyword 'set-methud'; did you mean 'set-method'?"
    );
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
