//! What follows from `mode`: settings that only HTTP uses, found in a proxy that relays
//! bytes, and the other way round a default of HTTP frontends.

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{LogFormat, Mode, ProxyOption, RuleSet};
use crate::config::section::proxy::draft::Draft;

/// Takes the format back that a frontend cannot fill, and tells when no line will be sent.
pub(super) fn check_log_format(draft: &mut Draft, report: &mut Report) {
    if !draft.proxy.capabilities.frontend {
        return;
    }
    let (type_name, name) = (draft.type_name(), draft.proxy.name.as_str());
    let log = &mut draft.proxy.log;
    let span = draft.log_format_span.unwrap_or(draft.span);
    let is_http = matches!(log.format, LogFormat::Http | LogFormat::HttpClf);
    if is_http && draft.proxy.mode != Mode::Http {
        let message = format!(
            "'option httplog' not usable with {type_name} '{name}' (needs 'mode http'). Falling \
             back to 'option tcplog'."
        );
        report.push(Diagnostic::warning(span, message).note_at("used by", draft.proxy.place));
        log.format = LogFormat::Tcp;
    }
    if log.format != LogFormat::Default && log.targets.is_empty() {
        let message =
            format!("log format ignored for {type_name} '{name}' since it has no log address.");
        report.push(Diagnostic::warning(span, message));
    }
}

/// Delays acknowledgements where the manual says so: HTTP frontends answer soon anyway.
pub(super) fn settle_smart_accept(draft: &mut Draft) {
    let proxy = &mut draft.proxy;
    let is_default = proxy.capabilities.frontend && proxy.mode == Mode::Http;
    let on = draft.smart_accept.unwrap_or(is_default);
    proxy.options.set(ProxyOption::TcpSmartAccept, on);
}

/// Rules over HTTP messages.
const HTTP_RULES: [RuleSet; 6] = [
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
    RuleSet::HttpAfterResponse,
    RuleSet::LegacyRequest,
    RuleSet::LegacyResponse,
    RuleSet::Redirect,
];

/// Drops, with a warning each, what only HTTP mode would use.
pub(super) fn check_http_settings(draft: &mut Draft, report: &mut Report) {
    if draft.proxy.mode == Mode::Http {
        return;
    }
    drop_monitor_uri(draft, report);
    let (type_name, name) = (draft.type_name(), draft.proxy.name.clone());
    let mut warn = |span, what: &str, verb: &str| {
        let message = format!("{what} ignored for {type_name} '{name}' as {verb} HTTP mode.");
        report.push(Diagnostic::warning(span, message));
    };
    let (span, proxy) = (draft.span, &mut draft.proxy);
    for set in HTTP_RULES {
        if let Some(rule) = proxy.rules.of(set).first() {
            let what = format!("'{}' rules", set.name());
            warn(rule.place.into(), &what, "they require");
            proxy.rules.of_mut(set).clear();
        }
    }
    for (option, frontend, backend, text) in HTTP_OPTIONS {
        let sides = proxy.capabilities;
        let concerns = (sides.frontend && frontend) || (sides.backend && backend);
        if proxy.options.has(option) && concerns {
            warn(span, &format!("'option {text}'"), "it requires");
        }
        proxy.options.set(option, false);
    }
    if proxy.forwardfor.take().is_some() {
        warn(span, "'option forwardfor'", "it requires");
    }
    if proxy.originalto.take().is_some() {
        warn(span, "'option originalto'", "it requires");
    }
    for draft in &mut draft.servers {
        if draft.server.cookie.take().is_some() {
            let server = &draft.server.name;
            let message = format!(
                "{type_name} '{name}' : ignoring cookie for server '{server}' as HTTP mode is \
                 disabled."
            );
            report.push(Diagnostic::warning(draft.span, message));
        }
    }
}

fn drop_monitor_uri(draft: &mut Draft, report: &mut Report) {
    if draft.proxy.monitor_uri.take().is_none() || !draft.proxy.capabilities.frontend {
        return;
    }
    let (type_name, name) = (draft.type_name(), &draft.proxy.name);
    let message =
        format!("monitor-uri will be ignored for {type_name} '{name}' (needs 'mode http').");
    report.push(Diagnostic::warning(draft.span, message));
}

/// Options of HTTP mode: whether they concern frontends, backends, and their names.
const HTTP_OPTIONS: [(ProxyOption, bool, bool, &str); 10] = [
    (
        ProxyOption::AcceptInvalidHttpRequest,
        true,
        false,
        "accept-invalid-http-request",
    ),
    (
        ProxyOption::AcceptInvalidHttpResponse,
        false,
        true,
        "accept-invalid-http-response",
    ),
    (ProxyOption::CheckCache, false, true, "checkcache"),
    (
        ProxyOption::DisableH2Upgrade,
        true,
        false,
        "disable-h2-upgrade",
    ),
    (
        ProxyOption::HttpBufferRequest,
        true,
        true,
        "http-buffer-request",
    ),
    (
        ProxyOption::HttpIgnoreProbes,
        true,
        false,
        "http-ignore-probes",
    ),
    (ProxyOption::HttpNoDelay, true, true, "http-no-delay"),
    (
        ProxyOption::HttpPretendKeepAlive,
        false,
        true,
        "http-pretend-keepalive",
    ),
    (
        ProxyOption::HttpUseProxyHeader,
        true,
        false,
        "http-use-proxy-header",
    ),
    (
        ProxyOption::PreferLastServer,
        false,
        true,
        "prefer-last-server",
    ),
];
