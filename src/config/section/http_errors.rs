//! `http-errors` sections: groups of error files that proxies import by name.
//!
//! Each line adds a page to the open group; `check::error_page` gives the pages to the
//! proxies whose `errorfiles` and `http-error` lines name the group.

use std::sync::Arc;

use super::proxy::{bad_name_character, errorfile};
use super::{Build, Section};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, KeywordInfo, KeywordList, Line, Sections};
use crate::config::model::Place;
use crate::http::errors::ErrorPage;

/// The section.
pub static SECTION: Section = Section {
    name: "http-errors",
    kind: Sections::HTTP_ERRORS,
    usage: "http-errors <name>",
    doc: "A group of error files that proxies import with 'errorfiles'.",
    open,
    line: |build, line| KEYWORDS.dispatch(Sections::HTTP_ERRORS, build, line),
    close: |_| Ok(()),
    keywords: infos,
};

/// One group.
#[derive(Debug)]
pub(crate) struct HttpErrors {
    /// Its name.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) place: Place,
    /// Its pages by status, each status once.
    pub(crate) pages: Vec<(u16, Arc<ErrorPage>)>,
}

fn open(build: &mut Build, line: &Line) -> Parse<()> {
    let name = line.words.get(1).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        let message = "missing name for http-errors section.";
        line.words.error(1, message)
    })?;
    line.words.end(2)?;
    let text = name.utf8()?;
    if let Some(bad) = bad_name_character(text) {
        let message = format!("character '{bad}' is not permitted in http-errors name '{text}'.");
        return Err(name.error(message));
    }
    text.clone_into(&mut build.section_name);
    let twin = build.http_errors.iter().find(|group| group.name == text);
    if let Some(twin) = twin {
        let place = twin.place;
        let message = format!("http-errors section '{text}' already exists.");
        return Err(name.error(message).note_at("declared", place));
    }
    build.http_errors.push(HttpErrors {
        name: text.to_owned(),
        place: line.place,
        pages: Vec::new(),
    });
    Ok(())
}

fn parse_errorfile(build: &mut Build, line: &Line) -> Parse<()> {
    let bufsize = build.config.global.tuning.bufsize;
    let (status, page) = errorfile::read_line(line, bufsize)?;
    let group: Option<&mut HttpErrors> = build.http_errors.last_mut();
    if let Some(group) = group {
        group.pages.retain(|(other, _)| *other != status);
        group.pages.push((status, Arc::new(page)));
    }
    Ok(())
}

fn infos() -> Vec<KeywordInfo> {
    KEYWORDS.infos().collect()
}

static KEYWORDS: KeywordList<Build> = KeywordList {
    tables: &[TABLE],
    retired: &[],
};

static TABLE: &[Keyword<Build>] = &[Keyword {
    name: "errorfile",
    sections: Sections::HTTP_ERRORS,
    usage: "errorfile <code> <file>",
    doc: "Adds the content of a file, headers included, as the answer to an error.",
    since: "2.2",
    negatable: false,
    parse: parse_errorfile,
}];
