//! Times, counts and sizes whose default depends on others.

use crate::config::diagnostic::{Diagnostic, Report};
use crate::config::model::{Config, ProxyOption, Server};
use crate::config::section::proxy::draft::Draft;

/// Warns when a session could last forever, and fills the times that fall back on others.
pub(super) fn check_timeouts(draft: &mut Draft, report: &mut Report) {
    let missing = missing_timeouts(draft);
    if !missing.is_empty() && !draft.has_errors {
        let (type_name, name) = (draft.type_name(), &draft.proxy.name);
        let message = format!("missing timeouts for {type_name} '{name}'.");
        let quoted: Vec<String> = missing
            .iter()
            .map(|name| format!("'timeout {name}'"))
            .collect();
        let advice = format!(
            "without {} dead connections are never noticed and pile up until no more fit",
            quoted.join(", ")
        );
        report.push(Diagnostic::warning(draft.span, message).note(advice));
    }
    let timeouts = &mut draft.proxy.timeouts;
    if timeouts.queue_ms == 0 {
        timeouts.queue_ms = timeouts.connect_ms;
    }
    if timeouts.tarpit_ms == 0 {
        timeouts.tarpit_ms = timeouts.connect_ms;
    }
    if timeouts.http_keep_alive_ms == 0 {
        timeouts.http_keep_alive_ms = timeouts.http_request_ms;
    }
}

fn missing_timeouts(draft: &Draft) -> Vec<&'static str> {
    let (proxy, timeouts) = (&draft.proxy, &draft.proxy.timeouts);
    let connects = proxy.capabilities.backend
        && (!draft.servers.is_empty()
            || proxy.dispatch.is_some()
            || proxy.options.has(ProxyOption::Transparent));
    [
        (
            proxy.capabilities.frontend && timeouts.client_ms == 0,
            "client",
        ),
        (connects && timeouts.connect_ms == 0, "connect"),
        (connects && timeouts.server_ms == 0, "server"),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect()
}

/// A limit given alone is both limits; the lower one cannot exceed the other.
pub(super) fn settle_server(server: &mut Server) {
    if server.minconn > server.maxconn {
        server.maxconn = server.minconn;
    }
    if server.minconn == 0 {
        server.minconn = server.maxconn;
    }
}

/// Fills the counts that depend on the process's `maxconn`, which the command line and the
/// fd limit decide after the files are read: `maxconn` and `backlog` of frontends, and
/// `fullconn` of backends, a tenth of the frontends that may use them.
pub fn settle_limits(config: &mut Config, maxconn: u32) {
    for proxy in &mut config.proxies {
        if proxy.capabilities.frontend && proxy.maxconn == 0 {
            proxy.maxconn = maxconn;
        }
        if proxy.capabilities.frontend && proxy.backlog == 0 {
            proxy.backlog = proxy.maxconn;
        }
    }
    let users: Vec<_> = config
        .proxies
        .iter()
        .filter_map(|proxy| Some((proxy.default_backend?, proxy.maxconn)))
        .collect();
    for (index, proxy) in config.proxies.iter_mut().enumerate() {
        if proxy.fullconn == 0 && proxy.capabilities.backend {
            let of_users = users.iter().filter(|(backend, _)| backend.index() == index);
            let sum = of_users.fold(0_u32, |sum, (_, maxconn)| sum.saturating_add(*maxconn));
            proxy.fullconn = (sum / 10).max(1);
        }
    }
}
