//! The `global` section: process-wide settings.
//!
//! It may come several times; most keywords may be given once, a second time is warned
//! about and ignored.

use std::collections::BTreeMap;

use super::{Build, Section};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, KeywordInfo, KeywordList, Line, Sections};
use crate::config::model::Place;
use crate::config::section::log::parse_log;

/// The section.
pub static SECTION: Section = Section {
    name: "global",
    kind: Sections::GLOBAL,
    usage: "global",
    doc: "Process-wide settings.",
    open,
    line,
    close: |_| Ok(()),
    keywords: infos,
};

/// What is remembered between lines: where each keyword was given.
#[derive(Debug, Default)]
pub struct GlobalState {
    seen: BTreeMap<&'static str, Place>,
}

fn open(_: &mut Build, line: &Line) -> Parse<()> {
    line.words.end(1)
}

fn line(build: &mut Build, line: Line) -> Parse<()> {
    KEYWORDS.dispatch(Sections::GLOBAL, build, line)
}

fn infos() -> Vec<KeywordInfo> {
    KEYWORDS.infos().collect()
}

/// False, with a warning, when `name` was given before.
fn first_time(build: &mut Build, line: &Line, name: &'static str) -> bool {
    let Some(first) = build.global.seen.insert(name, line.place) else {
        return true;
    };
    build.global.seen.insert(name, first);
    let message = format!("'{name}' already specified. Continuing.");
    let warning = line.words.keyword_warning(message);
    build
        .report
        .push(warning.note_at("the first one counts", first));
    false
}

static KEYWORDS: KeywordList<Build> = KeywordList {
    tables: &[TABLE],
    retired: &[],
};

static TABLE: &[Keyword<Build>] = &[
    Keyword {
        name: "log",
        sections: Sections::GLOBAL,
        usage: "log <target> [len <length>] [format <format>] <facility> [<max> [<min>]]",
        doc: "Adds a destination for traffic logs.",
        since: "1.0",
        negatable: false,
        parse: |build, line| {
            let target = parse_log(&line.words)?;
            build.config.global.logs.push(target);
            Ok(())
        },
    },
    Keyword {
        name: "maxconn",
        sections: Sections::GLOBAL,
        usage: "maxconn <number>",
        doc: "Most connections the process serves at once.",
        since: "1.0",
        negatable: false,
        parse: |build, line| {
            let maxconn = line.words.uint(1, 0..=u32::MAX)?;
            line.words.end(2)?;
            if first_time(build, line, "maxconn") {
                build.config.global.maxconn = maxconn;
            }
            Ok(())
        },
    },
];
