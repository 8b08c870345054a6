//! Which proxy sends to which: `default_backend`, `use_backend`, `use-server`, and what follows
//! from them.

use std::collections::HashMap;

use crate::config::diagnostic::{Diagnostic, Parse, Report};
use crate::config::model::{Mode, Proxy, ProxyId, Server, ServerId};
use crate::config::section::proxy::draft::{Draft, Reference, type_name};
use crate::config::suggest;
use crate::sample::arg::Late;

/// Turns names into identifiers. A `listen` without `default_backend` is its own backend.
pub(super) fn resolve_default_backends(drafts: &mut [Draft], report: &mut Report) {
    let mut backends: HashMap<String, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if draft.proxy.capabilities.backend {
            backends.entry(draft.proxy.name.clone()).or_insert(index);
        }
    }
    for index in 0..drafts.len() {
        resolve_rules(drafts, &backends, index, report);
        let Some(draft) = drafts.get(index) else {
            return;
        };
        let sides = draft.proxy.capabilities;
        let target = match &draft.default_backend {
            _ if draft.proxy.disabled => Ok(None),
            Some(reference) if sides.frontend => {
                find_backend(drafts, &backends, index, (reference, Use::Default)).map(Some)
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

/// Which keyword names a backend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Default,
    Rule,
}

impl Use {
    const fn keyword(self) -> &'static str {
        match self {
            Self::Default => "default_backend",
            Self::Rule => "use_backend",
        }
    }

    const fn described(self) -> &'static str {
        match self {
            Self::Default => "as its default backend",
            Self::Rule => "in a 'use_backend' rule",
        }
    }
}

/// Fills in what the `use_backend` rules of a frontend name.
fn resolve_rules(
    drafts: &[Draft],
    backends: &HashMap<String, usize>,
    user: usize,
    report: &mut Report,
) {
    let Some(draft) = drafts.get(user).filter(|draft| !draft.proxy.disabled) else {
        return;
    };
    for (reference, late) in &draft.used_backends {
        match find_backend(drafts, backends, user, (reference, Use::Rule)) {
            Ok(index) => late.resolve(ProxyId::of_index(index)),
            Err(error) => report.push(error),
        }
    }
}

fn find_backend(
    drafts: &[Draft],
    backends: &HashMap<String, usize>,
    user: usize,
    (reference, usage): (&Reference, Use),
) -> Parse<usize> {
    let keyword = usage.keyword();
    let owner = drafts
        .get(user)
        .map_or("", |draft| draft.proxy.name.as_str());
    let name = &reference.name;
    let alert = |message| Diagnostic::alert(reference.span, message);
    let found = backends
        .get(name)
        .and_then(|&index| Some((index, drafts.get(index)?)));
    let Some((index, backend)) = found else {
        let message = format!("Proxy '{owner}': unable to find required {keyword}: '{name}'.");
        return Err(
            match suggest::closest(name, backends.keys().map(String::as_str)) {
                Some(close) => alert(message).hint(format!("did you mean '{close}'?")),
                None => alert(message),
            },
        );
    };
    if index == user {
        return Err(alert(format!(
            "Proxy '{owner}': loop detected for {keyword}: '{name}'."
        )));
    }
    let mode = drafts.get(user).map(|draft| draft.proxy.mode);
    if mode == Some(Mode::Http) && backend.proxy.mode == Mode::Tcp {
        let described = usage.described();
        let message = format!(
            "http frontend '{owner}' tries to use incompatible tcp backend '{name}' {described} \
             (see 'mode')."
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
        let mask = match draft.proxy.process_mask {
            0 => u64::MAX,
            mask => mask,
        };
        let used = draft
            .used_backends
            .iter()
            .filter_map(|(_, late)| late.get());
        for target in used.chain(draft.proxy.default_backend) {
            *masks.entry(target.index()).or_default() |= mask;
        }
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

/// Fills in what the `use-server` rules of a proxy name, once its servers have identifiers.
pub(super) fn resolve_servers(
    used: &[(Reference, Late<ServerId>)],
    proxy: &Proxy,
    servers: &[Server],
    report: &mut Report,
) {
    for (reference, late) in used {
        let found = proxy.servers.iter().find(|id| {
            let server = servers.get(id.index());
            server.is_some_and(|server| server.name == reference.name)
        });
        match found {
            Some(id) => late.resolve(*id),
            None if proxy.disabled => {}
            None => {
                let kind = type_name(proxy.capabilities);
                let (owner, name) = (&proxy.name, &reference.name);
                let message = format!(
                    "{kind} '{owner}' : unable to find server '{name}' referenced in a \
                     'use-server' rule."
                );
                report.push(Diagnostic::alert(reference.span, message));
            }
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
