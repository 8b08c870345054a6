//! Names and numbers: unique where they must be, assigned where they were not given.

use std::collections::{HashMap, HashSet};

use crate::config::diagnostic::{Diagnostic, Report, Span};
use crate::config::section::proxy::draft::{Draft, ServerDraft};

/// A name may be shared by one frontend and one backend, and by nothing else.
pub(super) fn check_names(drafts: &[Draft], report: &mut Report) {
    let mut frontends: HashMap<&str, &Draft> = HashMap::new();
    let mut backends: HashMap<&str, &Draft> = HashMap::new();
    for draft in drafts {
        let (name, sides) = (draft.proxy.name.as_str(), draft.proxy.capabilities);
        let before = [
            (sides.frontend, &mut frontends),
            (sides.backend, &mut backends),
        ]
        .into_iter()
        .filter_map(|(has_side, known)| has_side.then(|| known.insert(name, draft))?)
        .min_by_key(|first| (first.proxy.place.file, first.proxy.place.line));
        if let Some(first) = before {
            let (own, other) = (draft.type_name(), first.type_name());
            let message = format!("{own} '{name}' has the same name as {other} '{name}'");
            report.push(
                Diagnostic::alert(draft.span, message).note_at("declared", first.proxy.place),
            );
        }
    }
}

/// Servers of one proxy need different names: statistics and commands go by them.
pub(super) fn check_server_names(drafts: &[Draft], report: &mut Report) {
    for proxy in drafts {
        let mut known: HashMap<&str, &ServerDraft> = HashMap::new();
        for draft in &proxy.servers {
            let (owner, name) = (&proxy.proxy.name, draft.server.name.as_str());
            if let Some(first) = known.insert(name, draft) {
                let message =
                    format!("proxy '{owner}', another server named '{name}' was already defined");
                report.push(
                    Diagnostic::alert(draft.span, message)
                        .note_at("the other one", first.server.place),
                );
            }
        }
    }
}

/// Refuses numbers given twice and counts up from 1 for everything without one: proxies
/// among themselves, the sockets and the servers of each proxy among themselves.
pub(super) fn assign_ids(drafts: &mut [Draft], report: &mut Report) {
    assign(
        drafts.iter_mut().map(|draft| Numbered {
            what: format!("{} '{}'", draft.type_name(), draft.proxy.name),
            id: &mut draft.proxy.numeric_id,
            span: draft.id_span,
        }),
        report,
    );
    for draft in drafts {
        let proxy = &draft.proxy.name;
        assign(
            draft.binds.iter_mut().map(|draft| Numbered {
                what: format!("'bind' in '{proxy}'"),
                id: &mut draft.bind.numeric_id,
                span: draft.id_span,
            }),
            report,
        );
        assign(
            draft.servers.iter_mut().map(|draft| Numbered {
                what: format!("'server {proxy}/{}'", draft.server.name),
                id: &mut draft.server.numeric_id,
                span: draft.id_span,
            }),
            report,
        );
    }
}

/// Something with a number, 0 while it has none.
struct Numbered<'a> {
    what: String,
    id: &'a mut u32,
    span: Option<Span>,
}

fn assign<'a>(items: impl Iterator<Item = Numbered<'a>>, report: &mut Report) {
    let mut used: HashSet<u32> = HashSet::new();
    let mut given: HashMap<u32, (String, Span)> = HashMap::new();
    let mut without = Vec::new();
    for item in items {
        let Some(span) = item.span else {
            without.push(item.id);
            continue;
        };
        used.insert(*item.id);
        if let Some((first, place)) = given.get(item.id) {
            let message = format!(
                "{} : custom id {} already used by {first}",
                item.what, item.id
            );
            report.push(Diagnostic::alert(span, message).note_at("given", place.place()));
            continue;
        }
        given.insert(*item.id, (item.what, span));
    }
    let mut next: u32 = 1;
    for id in without {
        while used.contains(&next) {
            next = next.saturating_add(1);
        }
        *id = next;
        next = next.saturating_add(1);
    }
}
