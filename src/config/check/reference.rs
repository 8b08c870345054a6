//! Which proxy sends to which: `default_backend`, and what follows from it.

use std::collections::HashMap;

use crate::config::diagnostic::{Diagnostic, Parse, Report};
use crate::config::model::{Mode, ProxyId};
use crate::config::section::proxy::draft::{Draft, Reference};
use crate::config::suggest;

/// Turns names into identifiers. A `listen` without `default_backend` is its own backend.
pub(super) fn resolve_default_backends(drafts: &mut [Draft], report: &mut Report) {
    let mut backends: HashMap<String, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if draft.proxy.capabilities.backend {
            backends.entry(draft.proxy.name.clone()).or_insert(index);
        }
    }
    for index in 0..drafts.len() {
        let Some(draft) = drafts.get(index) else {
            return;
        };
        let sides = draft.proxy.capabilities;
        let target = match &draft.default_backend {
            _ if draft.proxy.disabled => Ok(None),
            Some(reference) if sides.frontend => {
                find_backend(drafts, &backends, index, reference).map(Some)
            }
            None if sides.frontend && sides.backend => Ok(Some(index)),
            Some(_) | None => Ok(None),
        };
        match (target, drafts.get_mut(index)) {
            (Ok(target), Some(draft)) => {
                draft.proxy.default_backend = target.map(ProxyId::of_index);
            }
            (Err(error), _) => report.push(error),
            (Ok(_), None) => {}
        }
    }
}

fn find_backend(
    drafts: &[Draft],
    backends: &HashMap<String, usize>,
    user: usize,
    reference: &Reference,
) -> Parse<usize> {
    let owner = drafts
        .get(user)
        .map_or("", |draft| draft.proxy.name.as_str());
    let name = &reference.name;
    let alert = |message| Diagnostic::alert(reference.span, message);
    let found = backends
        .get(name)
        .and_then(|&index| Some((index, drafts.get(index)?)));
    let Some((index, backend)) = found else {
        let message =
            format!("Proxy '{owner}': unable to find required default_backend: '{name}'.");
        return Err(
            match suggest::closest(name, backends.keys().map(String::as_str)) {
                Some(close) => alert(message).hint(format!("did you mean '{close}'?")),
                None => alert(message),
            },
        );
    };
    if index == user {
        return Err(alert(format!(
            "Proxy '{owner}': loop detected for default_backend: '{name}'."
        )));
    }
    let mode = drafts.get(user).map(|draft| draft.proxy.mode);
    if mode == Some(Mode::Http) && backend.proxy.mode == Mode::Tcp {
        let message = format!(
            "http frontend '{owner}' tries to use incompatible tcp backend '{name}' as its \
             default backend (see 'mode')."
        );
        return Err(alert(message).note_at("the backend", backend.proxy.place));
    }
    Ok(index)
}

/// Lets a backend that says nothing run in the processes of the frontends that use it.
pub(super) fn inherit_processes(drafts: &mut [Draft]) {
    let mut masks: HashMap<usize, u64> = HashMap::new();
    for draft in drafts
        .iter()
        .filter(|draft| draft.proxy.capabilities.frontend)
    {
        let Some(target) = draft.proxy.default_backend else {
            continue;
        };
        let mask = match draft.proxy.process_mask {
            0 => u64::MAX,
            mask => mask,
        };
        *masks.entry(target.index()).or_default() |= mask;
    }
    for (index, mask) in masks {
        let Some(draft) = drafts.get_mut(index) else {
            continue;
        };
        let proxy = &mut draft.proxy;
        if proxy.process_mask == 0 && !proxy.capabilities.frontend {
            proxy.process_mask = if mask == u64::MAX { 0 } else { mask };
        }
    }
}

/// Warns about sides that cannot be reached or that reach nothing.
pub(super) fn check_use_of_sides(draft: &mut Draft, report: &mut Report) {
    let (type_name, name) = (draft.type_name(), draft.proxy.name.as_str());
    let sides = draft.proxy.capabilities;
    if sides.frontend && draft.binds.is_empty() && !draft.has_errors {
        let message = format!("{type_name} '{name}' has no 'bind' directive.");
        let hint = "a section that only has servers is a 'backend'";
        report.push(Diagnostic::warning(draft.span, message).hint(hint));
    }
    if let Some(reference) = &draft.default_backend
        && sides.backend
        && !draft.servers.is_empty()
    {
        let message = format!(
            "In {type_name} '{name}', the 'default_backend' rule always has precedence over the \
             servers, which will never be used."
        );
        report.push(Diagnostic::warning(reference.span, message));
    }
    if draft.proxy.dispatch.is_some() && draft.balance_given {
        let message =
            format!("dispatch address of {type_name} '{name}' will be ignored in balance mode.");
        report.push(Diagnostic::warning(draft.span, message));
        draft.proxy.dispatch = None;
    }
}
