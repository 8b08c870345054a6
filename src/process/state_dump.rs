//! What SIGHUP and SIGQUIT say about servers and memory.

use std::fmt::Write;

use crate::config::model::ProxyId;
use crate::worker::Core;

/// One line per server of a backend, and one about the backend (dev7's `sig_dump_state`).
pub fn proxy_lines(core: &Core, id: ProxyId) -> Vec<String> {
    let proxy = core.config.proxy(id);
    let state = core.state.proxy(id);
    let mut lines = Vec::new();
    let mut active = 0;
    let mut backup = 0;
    for server in &proxy.servers {
        let settings = core.config.server(*server);
        let server_state = core.state.server(*server);
        let usable = server_state.is_usable();
        if usable && settings.backup {
            backup += 1;
        } else if usable {
            active += 1;
        }
        lines.push(format!(
            "SIGHUP: Server {}/{} is {}. Conn: {} act, {} pend, {} tot.",
            proxy.name,
            settings.name,
            if usable { "UP" } else { "DOWN" },
            server_state.sessions,
            server_state.queued,
            server_state.counters.sessions
        ));
    }
    let counts = format!(
        "Conn: act(FE+BE): {}+{}, {} pend, tot(FE+BE): {}+{}.",
        state.frontend_sessions,
        state.backend_sessions,
        state.queued,
        state.frontend.connections,
        state.backend.sessions
    );
    let about = if proxy.servers.is_empty() {
        "has no servers.".to_owned()
    } else if active == 0 && backup > 0 {
        "is running on backup servers !".to_owned()
    } else if active == 0 {
        "has no server available !".to_owned()
    } else {
        format!("has {active} active servers and {backup} backup servers available.")
    };
    lines.push(format!("SIGHUP: Proxy {} {about} {counts}", proxy.name));
    lines
}

/// The pools of the process, a line each.
pub fn pools(core: &Core) -> String {
    let mut text = String::from("Dumping pools usage.\n");
    for counts in [core.buffers.counts(), core.transactions.counts()] {
        let _ = writeln!(text, "{counts}");
    }
    text
}
