//! What only the whole configuration shows: references, duplicates, defaults of defaults.
//!
//! The loader calls [`check`] after the last file, through `section::CHECKS`. It looks at the
//! drafts that the proxy sections left, reports everything it finds, and makes the model's
//! tables of them. [`settle_limits`] comes later, once the process's own `maxconn` is known.

mod cookie;
mod error_page;
mod identity;
mod language;
mod limit;
mod mode;
mod reference;

pub use limit::settle_limits;

use super::diagnostic::{Diagnostic, Level, Report};
use super::model::{Bind, BindId, Config, Global, ProxyId, ServerId};
use super::section::Build;
use super::section::proxy::draft::Draft;

/// Checks the drafts of all proxies and turns them into proxies, servers and binds.
pub fn check(build: &mut Build) {
    let mut drafts = std::mem::take(&mut build.proxies.drafts);
    error_page::settle(&mut drafts, &build.http_errors, &mut build.report);
    let Build {
        config,
        report,
        language,
        ..
    } = build;
    identity::check_names(&drafts, report);
    identity::check_server_names(&drafts, report);
    identity::assign_ids(&mut drafts, report);
    reference::resolve_default_backends(&mut drafts, report);
    reference::inherit_processes(&mut drafts);
    for draft in drafts.iter_mut().filter(|draft| !draft.proxy.disabled) {
        check_proxy(draft, &config.global, report);
    }
    for draft in drafts {
        add_proxy(config, draft, report);
    }
    language::settle(language, config, report);
}

/// Why a configuration without errors still cannot start: nothing in it would listen.
///
/// Start-up asks after `load`; `-c` tells it apart from errors, as HAProxy does by its exit
/// status 2.
pub fn nothing_to_serve(config: &Config) -> Option<Diagnostic> {
    let message = match config.proxies.is_empty() {
        true => NOTHING_TO_DO,
        false => NO_LISTENER,
    };
    let listens = |bind: &Bind| !config.proxy(bind.proxy).disabled;
    let is_served = config.binds.iter().any(listens);
    (!is_served).then(|| Diagnostic::general(Level::Alert, message))
}

/// What concerns one enabled proxy alone.
fn check_proxy(draft: &mut Draft, global: &Global, report: &mut Report) {
    if draft.log_global {
        draft
            .proxy
            .log
            .targets
            .splice(0..0, global.logs.iter().cloned());
    }
    reference::check_use_of_sides(draft, report);
    mode::check_log_format(draft, report);
    mode::check_http_settings(draft, report);
    cookie::check_mode(draft, report);
    cookie::settle(draft, global, report);
    mode::settle_smart_accept(draft);
    limit::check_timeouts(draft, report);
    for server in &mut draft.servers {
        limit::settle_server(&mut server.server);
    }
}

/// Moves a draft into the tables; positions there are the identifiers.
fn add_proxy(config: &mut Config, draft: Draft, report: &mut Report) {
    let id = ProxyId::of_index(config.proxies.len());
    let mut proxy = draft.proxy;
    if proxy.capabilities.backend {
        config.backend_names.entry(proxy.name.clone()).or_insert(id);
    }
    for draft in draft.binds {
        proxy.binds.push(BindId::of_index(config.binds.len()));
        let mut bind = draft.bind;
        bind.proxy = id;
        config.binds.push(bind);
    }
    for draft in draft.servers {
        proxy.servers.push(ServerId::of_index(config.servers.len()));
        let mut server = draft.server;
        server.proxy = id;
        config.servers.push(server);
    }
    reference::resolve_servers(&draft.used_servers, &proxy, &config.servers, report);
    config.proxies.push(proxy);
}

const NOTHING_TO_DO: &str = "no <listen> line. Nothing to do !";
const NO_LISTENER: &str = "No enabled listener found (check for 'bind' directives).";

#[cfg(test)]
mod tests;
