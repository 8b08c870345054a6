//! What follows from `mode`: settings that only HTTP uses, found in a proxy that relays
//! bytes, and the other way round a default of HTTP frontends.

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{LogFormat, Mode, ProxyOption, RuleSet};
use crate::config::section::proxy::draft::Draft;
use crate::sample::format::{Format, Shows};

/// Takes the format back that a frontend cannot fill, and tells when no line will be sent.
pub(super) fn check_log_format(draft: &mut Draft, report: &mut Report) {
    if !draft.proxy.capabilities.frontend {
        return;
    }
    let (type_name, name) = (draft.type_name(), draft.proxy.name.as_str());
    let log = &mut draft.proxy.log;
    let span = draft.log_format_span.unwrap_or(draft.span);
    if log.format.is_http() && draft.proxy.mode != Mode::Http {
        let option = log
            .format
            .name()
            .trim_end_matches(" clf")
            .trim_end_matches(" json");
        let message = format!(
            "'{option}' not usable with {type_name} '{name}' (needs 'mode http'). Falling \
             back to 'option tcplog'."
        );
        report.push(Diagnostic::warning(span, message).note_at("used by", draft.proxy.place));
        log.format = LogFormat::Tcp;
    }
    let has_format = log.format != LogFormat::Default || log.formats().next().is_some();
    if has_format && log.targets.is_empty() {
        let message =
            format!("log format ignored for {type_name} '{name}' since it has no log address.");
        report.push(Diagnostic::warning(span, message));
    }
    let shows = |wanted| log.formats().any(|format| format.shows(wanted));
    let (destination, source) = (shows(Shows::Destination), shows(Shows::ServerSource));
    log.shows_destination = destination;
    log.shows_server_source = source;
    check_http_variables(draft, report);
    check_capture_ids(draft, report);
}

/// Variables that only HTTP can fill.
fn check_http_variables(draft: &Draft, report: &mut Report) {
    if draft.proxy.mode == Mode::Http {
        return;
    }
    let (log, spans) = (&draft.proxy.log, &draft.format_spans);
    let unique_id = &draft.proxy.unique_id.format;
    for (format, span, name) in [
        (&log.custom, draft.log_format_span, "log-format"),
        (&log.error, spans.error, "error-log-format"),
        (&log.structured, spans.structured, "log-format-sd"),
        (unique_id, spans.unique_id, "unique-id"),
    ] {
        let variable = format.as_deref().and_then(Format::http_variable);
        if let Some(variable) = variable {
            let message = format!(
                "failed to parse {name} : format variable '{variable}' is reserved for HTTP mode."
            );
            let error = Diagnostic::alert(span.unwrap_or(draft.span), message);
            report.push(error.note_at("used by", draft.proxy.place));
        }
    }
}

/// Slots that rules of the frontend itself name must exist.
fn check_capture_ids(draft: &Draft, report: &mut Report) {
    let slots = &draft.proxy.captures;
    for id in &draft.capture_ids {
        let of_direction = match id.set.is_response() {
            false => &slots.request,
            true => &slots.response,
        };
        if id.slot >= of_direction.len() {
            let message = format!(
                "Proxy '{}': unable to find capture id '{}' referenced by {} capture rule.",
                draft.proxy.name,
                id.slot,
                id.set.name()
            );
            let error = Diagnostic::alert(id.span, message);
            report.push(error.hint("'declare capture' makes slots"));
        }
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
