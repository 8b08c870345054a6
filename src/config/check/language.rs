//! What expressions left open: references to proxies, servers and userlists, filled in once
//! all files are read, and the tables that evaluation needs.

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{Config, ProxyId, ServerId};
use crate::config::suggest;
use crate::sample::language::{Language, Open};

/// Resolves all references and hands the tables over.
pub(super) fn settle(language: &mut Language, config: &mut Config, report: &mut Report) {
    for (open, is_backend) in std::mem::take(&mut language.proxies) {
        resolve_proxy(&open, is_backend, config, report);
    }
    for (open, section) in std::mem::take(&mut language.servers) {
        resolve_server(&open, &section, config, report);
    }
    for open in std::mem::take(&mut language.userlists) {
        resolve_userlist(&open, config, report);
    }
    config.patterns = std::mem::take(&mut language.patterns);
    config.variables = std::mem::take(&mut language.variables);
}

fn resolve_proxy(open: &Open<ProxyId>, is_backend: bool, config: &Config, report: &mut Report) {
    let kind = if is_backend { "backend" } else { "frontend" };
    let sides = |index: &usize| {
        let sides = config.proxies[*index].capabilities;
        if is_backend {
            sides.backend
        } else {
            sides.frontend
        }
    };
    let named = config
        .proxies
        .iter()
        .enumerate()
        .filter(|(_, proxy)| proxy.name == open.name)
        .map(|(index, _)| index);
    match named.clone().find(sides) {
        Some(index) => open.target.resolve(ProxyId::of_index(index)),
        None => {
            let name = &open.name;
            let error = Diagnostic::alert(open.span, format!("unable to find {kind} '{name}'"));
            let names = config.proxies.iter().map(|proxy| proxy.name.as_str());
            let close = suggest::closest(name, names.filter(|known| known != name));
            report.push(match close {
                Some(close) => error.hint(format!("did you mean '{close}'?")),
                None => error,
            });
        }
    }
}

fn resolve_userlist(open: &Open<usize>, config: &Config, report: &mut Report) {
    let mut lists = config.userlists.iter();
    match lists.position(|list| list.name == open.name) {
        Some(index) => open.target.resolve(index),
        None => {
            let message = format!("unable to find userlist '{}'", open.name);
            let error = Diagnostic::alert(open.span, message);
            let names = config.userlists.iter().map(|list| list.name.as_str());
            report.push(match suggest::closest(&open.name, names) {
                Some(close) => error.hint(format!("did you mean '{close}'?")),
                None => error,
            });
        }
    }
}

fn resolve_server(open: &Open<ServerId>, section: &str, config: &Config, report: &mut Report) {
    let (backend, name) = open.name.split_once('/').unwrap_or((section, &open.name));
    let found = config
        .servers
        .iter()
        .position(|server| server.name == name && config.proxy(server.proxy).name == backend);
    match found {
        Some(index) => open.target.resolve(ServerId::of_index(index)),
        None => {
            let message = format!("unable to find server '{name}' in proxy '{backend}'");
            report.push(Diagnostic::alert(open.span, message));
        }
    }
}
