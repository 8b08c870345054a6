//! The error pages of each proxy, from what its lines and those of its defaults say.
//!
//! `http-errors` sections may follow behind the proxies that import them, so that names are
//! looked up here.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{Config, Place};
use crate::config::section::http_errors::HttpErrors;
use crate::config::section::proxy::draft::{Draft, ErrorImport, ErrorPages};
use crate::config::suggest;
use crate::http::errors::ErrorPage;
use crate::sample::language::Language;

/// Fills the pages of all proxies.
pub(super) fn settle(drafts: &mut [Draft], groups: &[HttpErrors], report: &mut Report) {
    let mut told = BTreeSet::new();
    for draft in drafts {
        let lines = std::mem::take(&mut draft.error_pages);
        for line in lines {
            match line {
                ErrorPages::Page(status, page) => put(draft, status, page),
                ErrorPages::Reset(status) => reset(draft, status),
                ErrorPages::Import(import) => {
                    let problems = take_over(draft, &import, groups);
                    let Place { file, line } = import.section.span.place();
                    // A line of a defaults section comes once per proxy that it applies to.
                    if !problems.is_empty() && told.insert((file, line)) {
                        report.extend(problems.into_iter());
                    }
                }
            }
        }
    }
}

/// Finds the pages that rules name, and keeps them in the configuration.
pub(super) fn settle_rules(
    language: &mut Language,
    groups: &[HttpErrors],
    config: &mut Config,
    report: &mut Report,
) {
    for (open, status) in std::mem::take(&mut language.error_pages) {
        let name = &open.name;
        let Some(group) = groups.iter().find(|group| group.name == *name) else {
            let message =
                format!("unknown http-errors section '{name}' referenced by an http reply.");
            let error = Diagnostic::alert(open.span, message);
            report.push(with_hint(error, name, groups));
            continue;
        };
        if let Some((_, page)) = group.pages.iter().find(|(known, _)| *known == status) {
            open.target.resolve(config.reply_pages.len());
            config.reply_pages.push(Arc::clone(page));
        }
    }
}

fn put(draft: &mut Draft, status: u16, page: Arc<ErrorPage>) {
    reset(draft, status);
    draft.proxy.errorfiles.push((status, page));
}

fn reset(draft: &mut Draft, status: u16) {
    let pages = &mut draft.proxy.errorfiles;
    pages.retain(|(other, _)| *other != status);
}

/// Takes pages of a group over and returns what there is to say about it.
fn take_over(draft: &mut Draft, import: &ErrorImport, groups: &[HttpErrors]) -> Vec<Diagnostic> {
    let name = &import.section.name;
    let Some(group) = groups.iter().find(|group| group.name == *name) else {
        return vec![unknown(draft, import, groups)];
    };
    for (status, page) in &group.pages {
        if import.statuses.is_empty() || import.statuses.contains(status) {
            put(draft, *status, Arc::clone(page));
        }
    }
    let is_missing = |status: &&u16| !group.pages.iter().any(|(known, _)| known == *status);
    let missing = import.statuses.iter().filter(is_missing);
    let warnings = missing.filter(|_| import.is_strict).map(|status| {
        let owner = &draft.proxy.name;
        let message = format!(
            "proxy '{owner}' : status '{status}' not declared in http-errors section '{name}'."
        );
        Diagnostic::warning(import.section.span, message).note_at("declared", group.place)
    });
    warnings.collect()
}

fn unknown(draft: &Draft, import: &ErrorImport, groups: &[HttpErrors]) -> Diagnostic {
    let (owner, name) = (&draft.proxy.name, &import.section.name);
    let message = format!("proxy '{owner}': unknown http-errors section '{name}'.");
    let error = Diagnostic::alert(import.section.span, message);
    with_hint(error, name, groups)
}

fn with_hint(error: Diagnostic, name: &str, groups: &[HttpErrors]) -> Diagnostic {
    match suggest::closest(name, groups.iter().map(|group| group.name.as_str())) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}
