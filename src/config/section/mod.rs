//! Sections: what opens one, reads its lines and closes it, and the configuration they build.
//!
//! The loader looks the first word of a line up in [`SECTIONS`]: a section's name closes the
//! open section and opens that one, anything else goes to the open section's `line`, which
//! dispatches it over its keyword list. All of them work on one [`Build`].

mod compression;
pub mod global;
mod header_case;
pub mod http_errors;
pub mod log;
pub mod proxy;
mod stats;
mod tune;
mod userlist;

use super::diagnostic::{Parse, Report};
use super::environment::Environment;
use super::keyword::{KeywordInfo, Line, Sections};
use super::model::{Config, UnixPermissions};
use crate::sample::language::Language;

/// A kind of section.
pub struct Section {
    /// The word that begins it.
    pub name: &'static str,
    /// Its kind, for keyword tables.
    pub kind: Sections,
    /// The whole line.
    pub usage: &'static str,
    /// What it holds, in one sentence.
    pub doc: &'static str,
    /// Reads the line that begins it. After an error the lines of the section are skipped;
    /// one that can go on pushes to the report and returns `Ok`.
    pub open: fn(&mut Build, &Line) -> Parse<()>,
    /// Reads one line inside.
    pub line: fn(&mut Build, Line) -> Parse<()>,
    /// Called when it ends, also at the end of each file.
    pub close: fn(&mut Build) -> Parse<()>,
    /// Its keywords.
    pub keywords: fn() -> Vec<KeywordInfo>,
}

/// A configuration under construction: the context of every handler.
#[derive(Debug, Default)]
pub struct Build {
    /// What is built.
    pub config: Config,
    /// What was said on the way; handlers push warnings here.
    pub report: Report,
    /// Variables for `"$NAME"`.
    pub environment: Environment,
    /// `unix-bind`: what unix sockets of `bind` lines take over.
    pub unix_defaults: UnixDefaults,
    /// `.SECTION`: the open section's type; `open` replaces it by the name, if it has one.
    pub section_name: String,
    /// What the `global` section remembers between lines.
    pub global: global::GlobalState,
    /// What expressions share: variables, patterns, open references.
    pub language: Language,
    /// The `http-errors` sections, in order.
    pub(crate) http_errors: Vec<http_errors::HttpErrors>,
    /// What the proxy sections remember between lines and sections.
    pub proxies: proxy::ProxySections,
    /// The `userlist` section that is open.
    pub userlist: userlist::UserlistDraft,
}

/// `unix-bind`: the defaults of unix sockets that listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixDefaults {
    /// `prefix`, put before every path.
    pub prefix: String,
    /// `mode`, `user`, `uid`, `group`, `gid`.
    pub permissions: UnixPermissions,
}

/// The section that this word begins.
pub fn section_named(name: &str) -> Option<&'static Section> {
    SECTIONS
        .iter()
        .copied()
        .find(|section| section.name == name)
}

/// True for sections that HAProxy has and weir does not.
pub fn is_foreign_section(name: &str) -> bool {
    FOREIGN_SECTIONS.contains(&name)
}

/// Every keyword of every section; one that two sections of a table share comes once.
pub fn all_keywords() -> Vec<KeywordInfo> {
    let mut keywords: Vec<KeywordInfo> = Vec::new();
    for section in SECTIONS {
        for info in (section.keywords)() {
            if !keywords.contains(&info) {
                keywords.push(info);
            }
        }
    }
    keywords
}

/// All sections, in the order of the manual.
pub static SECTIONS: &[&Section] = &[
    &global::SECTION,
    &userlist::SECTION,
    &proxy::DEFAULTS,
    &proxy::FRONTEND,
    &proxy::LISTEN,
    &proxy::BACKEND,
    &http_errors::SECTION,
];

/// What runs after the last file, whether or not there were errors, in this order.
pub static CHECKS: &[fn(&mut Build)] = &[global::check, super::check::check];

/// Sections that are skipped as a whole, with one error.
const FOREIGN_SECTIONS: [&str; 10] = [
    "cache",
    "crt-store",
    "fcgi-app",
    "log-forward",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
];
