//! The columns of the statistics: one entry per column of HAProxy 2.6, in its order.
//!
//! A table, exempt from the size rule. Programs find columns by name, so new ones are only
//! ever appended. A column is empty in rows that it does not concern, and where nothing is
//! measured. Invariant: positions in [`COLUMNS`] are those of the typed format.

use super::value::{Kind, Value};
use super::view::View;

/// A column.
pub struct Column {
    /// Its name in the header line.
    pub name: &'static str,
    /// Origin, nature and scope of its values, a letter each.
    pub tag: &'static str,
    /// Kind of its values.
    pub kind: Kind,
    /// The rows that it concerns, bits of [`RowKind::bit`](super::RowKind::bit).
    pub rows: u8,
    /// What it says, in a sentence.
    pub doc: &'static str,
    value: fn(&View<'_>) -> Value,
}

impl Column {
    /// What the column says of a row. `is_detailed` includes what not everybody may see:
    /// addresses, cookies and algorithms.
    pub fn value(&self, view: &View<'_>, is_detailed: bool) -> Value {
        let hidden = !is_detailed && DETAILS.contains(&self.name);
        if hidden || view.row.kind.bit() & self.rows == 0 {
            return Value::Empty;
        }
        (self.value)(view)
    }
}

/// The columns.
#[rustfmt::skip]
#[expect(clippy::redundant_closure_for_method_calls, reason = "paths fit one lifetime only")]
pub static COLUMNS: &[Column] = &[
    column("pxname", "KNS", Kind::Text, ANY, "Name of the proxy.",
        |v| Value::text(&v.proxy().name)),
    column("svname", "KNS", Kind::Text, ANY,
        "FRONTEND, BACKEND, or the name of the server or listener.",
        |v| v.name()),
    column("qcur", "MGP", Kind::Unsigned32, BE | SV, "Sessions waiting now.",
        queued),
    column("qmax", "MMP", Kind::Unsigned32, BE | SV, "Most sessions ever waiting.",
        queued_max),
    column("scur", "MGP", Kind::Unsigned32, ANY, "Sessions now.",
        |v| Value::Number(u64::from(v.sessions()))),
    column("smax", "MMP", Kind::Unsigned32, ANY, "Most sessions at once.",
        |v| v.count(|c| u64::from(c.sessions_max))),
    column("slim", "CLP", Kind::Unsigned32, ANY, "Sessions allowed at once.",
        |v| v.sessions_limit()),
    column("stot", "MCP", Kind::Unsigned64, ANY, "Sessions since start.",
        |v| v.count(|c| c.sessions)),
    column("bin", "MCP", Kind::Unsigned64, ANY, "Bytes received from clients.",
        |v| v.count(|c| c.bytes_in)),
    column("bout", "MCP", Kind::Unsigned64, ANY, "Bytes sent to clients.",
        |v| v.count(|c| c.bytes_out)),
    column("dreq", "MCP", Kind::Unsigned64, FE | BE | LI, "Requests that rules refused.",
        |v| v.count(|c| c.denied_requests)),
    column("dresp", "MCP", Kind::Unsigned64, ANY, "Responses that rules refused.",
        |v| v.count(|c| c.denied_responses)),
    column("ereq", "MCP", Kind::Unsigned64, FE | LI, "Requests that were invalid or incomplete.",
        |v| v.count(|c| c.failed_requests)),
    column("econ", "MCP", Kind::Unsigned64, BE | SV, "Connections to servers that failed.",
        |v| v.count(|c| c.failed_connections)),
    column("eresp", "MCP", Kind::Unsigned64, BE | SV,
        "Responses that were invalid, incomplete or late.",
        |v| v.count(|c| c.failed_responses)),
    column("wretr", "MCP", Kind::Unsigned64, BE | SV, "Connection attempts repeated.",
        |v| v.count(|c| c.retries)),
    column("wredis", "MCP", Kind::Unsigned64, BE | SV, "Sessions sent to another server.",
        |v| v.count(|c| c.redispatches)),
    column("status", "SGP", Kind::Text, ANY, "State in a word.",
        |v| Value::text(v.status())),
    column("weight", "MaP", Kind::Unsigned32, BE | SV,
        "Weight in force; the sum of those in use for a backend.",
        |v| v.weight()),
    column("act", "SGP", Kind::Unsigned32, BE | SV,
        "1 for a server that is no backup; how many usable ones for a backend.",
        |v| servers(v, false)),
    column("bck", "SGP", Kind::Unsigned32, BE | SV,
        "1 for a backup; how many usable ones for a backend.",
        |v| servers(v, true)),
    column("chkfail", "MCP", Kind::Unsigned64, SV, "Failed checks while the server was up.",
        nothing),
    column("chkdown", "MCP", Kind::Unsigned64, BE, "Times it went down.",
        nothing),
    column("lastchg", "MAP", Kind::Unsigned32, BE | SV, "Seconds since its state changed.",
        |v| v.since_change()),
    column("downtime", "MCP", Kind::Unsigned32, BE, "Seconds spent down.",
        nothing),
    column("qlimit", "CGS", Kind::Unsigned32, SV, "Sessions that may wait for the server.",
        queue_limit),
    column("pid", "KGP", Kind::Unsigned32, ANY, "Number of the process.",
        |v| Value::Number(u64::from(v.core.process.number))),
    column("iid", "KGS", Kind::Unsigned32, ANY, "Numeric identifier of the proxy.",
        |v| Value::Number(u64::from(v.proxy().numeric_id))),
    column("sid", "KGS", Kind::Unsigned32, ANY,
        "Numeric identifier of the server or listener, 0 for a side of a proxy.",
        |v| Value::Number(u64::from(v.numeric_id()))),
    column("throttle", "CGS", Kind::Unsigned32, SV,
        "Percentage of the weight in force while a server warms up.",
        nothing),
    column("lbtot", "MCP", Kind::Unsigned64, BE | SV, "Times that load balancing chose it.",
        |v| v.count(|c| c.lb_total)),
    column("tracked", "CNS", Kind::Text, SV, "The server whose state it follows.",
        nothing),
    column("type", "CGS", Kind::Unsigned32, ANY, "0 frontend, 1 backend, 2 server, 3 listener.",
        |v| Value::Number(u64::from(v.row.kind.number()))),
    column("rate", "MRP", Kind::Unsigned32, FE | BE | SV, "Sessions in the last second.",
        |v| v.session_rate()),
    column("rate_lim", "CLP", Kind::Unsigned32, FE, "Sessions allowed per second.",
        |v| Value::Number(u64::from(v.proxy().rate_limit_sessions))),
    column("rate_max", "MMP", Kind::Unsigned32, FE | BE | SV, "Most sessions in a second.",
        |v| v.count(|c| u64::from(c.session_rate_max))),
    column("check_status", "MOP", Kind::Text, SV, "Result of the last check.",
        nothing),
    column("check_code", "MOP", Kind::Unsigned32, SV,
        "Status code that the last check was answered.",
        nothing),
    column("check_duration", "MDP", Kind::Unsigned64, SV, "Milliseconds that the last check took.",
        nothing),
    column("hrsp_1xx", "MCP", Kind::Unsigned64, FE | BE | SV,
        "Responses with a status of 100 to 199.",
        |v| v.count_http(|c| c.responses[1])),
    column("hrsp_2xx", "MCP", Kind::Unsigned64, FE | BE | SV,
        "Responses with a status of 200 to 299.",
        |v| v.count_http(|c| c.responses[2])),
    column("hrsp_3xx", "MCP", Kind::Unsigned64, FE | BE | SV,
        "Responses with a status of 300 to 399.",
        |v| v.count_http(|c| c.responses[3])),
    column("hrsp_4xx", "MCP", Kind::Unsigned64, FE | BE | SV,
        "Responses with a status of 400 to 499.",
        |v| v.count_http(|c| c.responses[4])),
    column("hrsp_5xx", "MCP", Kind::Unsigned64, FE | BE | SV,
        "Responses with a status of 500 to 599.",
        |v| v.count_http(|c| c.responses[5])),
    column("hrsp_other", "MCP", Kind::Unsigned64, FE | BE | SV, "Responses with any other status.",
        |v| v.count_http(|c| c.responses[0])),
    column("hanafail", "MCP", Kind::Unsigned64, SV, "Failures seen in the traffic itself.",
        nothing),
    column("req_rate", "MRP", Kind::Unsigned32, FE, "Requests in the last second.",
        request_rate),
    column("req_rate_max", "MMP", Kind::Unsigned32, FE, "Most requests in a second.",
        |v| v.count_http(|c| u64::from(c.request_rate_max))),
    column("req_tot", "MCP", Kind::Unsigned64, FE | BE | SV, "Requests since start.",
        |v| v.count_http(|c| c.requests)),
    column("cli_abrt", "MCP", Kind::Unsigned64, BE | SV, "Transfers that clients broke off.",
        |v| v.count(|c| c.client_aborts)),
    column("srv_abrt", "MCP", Kind::Unsigned64, BE | SV, "Transfers that servers broke off.",
        |v| v.count(|c| c.server_aborts)),
    column("comp_in", "MCP", Kind::Unsigned64, FE | BE, "Bytes given to compression.",
        |v| v.count(|c| c.compressed_in)),
    column("comp_out", "MCP", Kind::Unsigned64, FE | BE, "Bytes that compression made of them.",
        |v| v.count(|c| c.compressed_out)),
    column("comp_byp", "MCP", Kind::Unsigned64, FE | BE, "Bytes that went past compression.",
        |v| v.count(|c| c.compression_bypassed)),
    column("comp_rsp", "MCP", Kind::Unsigned64, FE | BE, "Responses compressed.",
        |v| v.count(|c| c.compressed_responses)),
    column("lastsess", "MAP", Kind::Signed32, BE | SV,
        "Seconds since the last session, -1 before any.",
        |v| v.since_session()),
    column("last_chk", "MOP", Kind::Text, SV, "Text of the last check.",
        nothing),
    column("last_agt", "MOP", Kind::Text, SV, "Text of the last agent check.",
        nothing),
    column("qtime", "MaP", Kind::Unsigned32, BE | SV,
        "Mean wait in queues of the last 1024 requests, milliseconds.",
        nothing),
    column("ctime", "MaP", Kind::Unsigned32, BE | SV,
        "Mean time to connect of the last 1024 requests, milliseconds.",
        nothing),
    column("rtime", "MaP", Kind::Unsigned32, BE | SV,
        "Mean time to the response of the last 1024 requests, milliseconds.",
        nothing),
    column("ttime", "MaP", Kind::Unsigned32, BE | SV,
        "Mean duration of the last 1024 sessions, milliseconds.",
        nothing),
    column("agent_status", "MOP", Kind::Text, SV, "Result of the last agent check.",
        nothing),
    column("agent_code", "MOP", Kind::Unsigned32, SV, "Code that the agent reported.",
        nothing),
    column("agent_duration", "MDP", Kind::Unsigned64, SV,
        "Milliseconds that the last agent check took.",
        nothing),
    column("check_desc", "MOP", Kind::Text, SV, "The check result in words.",
        nothing),
    column("agent_desc", "MOP", Kind::Text, SV, "The agent result in words.",
        nothing),
    column("check_rise", "CGS", Kind::Unsigned32, SV, "Passed checks that bring a server up.",
        nothing),
    column("check_fall", "CGS", Kind::Unsigned32, SV, "Failed checks that bring a server down.",
        nothing),
    column("check_health", "SGS", Kind::Unsigned32, SV,
        "Where between down and up the checks stand.",
        nothing),
    column("agent_rise", "CGS", Kind::Unsigned32, SV, "Agent reports that bring a server up.",
        nothing),
    column("agent_fall", "CGS", Kind::Unsigned32, SV, "Agent reports that bring a server down.",
        nothing),
    column("agent_health", "SGS", Kind::Unsigned32, SV,
        "Where between down and up the agent stands.",
        nothing),
    column("addr", "CGS", Kind::Text, SV | LI, "Address and port, or unix.",
        |v| v.address()),
    column("cookie", "CNS", Kind::Text, SV, "Value of the persistence cookie.",
        cookie),
    column("mode", "CGS", Kind::Text, ANY, "tcp, http or health.",
        |v| Value::text(v.mode())),
    column("algo", "CGS", Kind::Text, BE, "Load balancing algorithm.",
        |v| Value::text(v.algorithm())),
    column("conn_rate", "MRP", Kind::Unsigned32, FE, "Connections in the last second.",
        |v| v.session_rate()),
    column("conn_rate_max", "MMP", Kind::Unsigned32, FE, "Most connections in a second.",
        |v| v.count(|c| u64::from(c.session_rate_max))),
    column("conn_tot", "MCP", Kind::Unsigned64, FE, "Connections since start.",
        |v| v.count(|c| c.connections)),
    column("intercepted", "MCP", Kind::Unsigned64, FE,
        "Requests that the proxy answered itself on command of a rule.",
        nothing),
    column("dcon", "MCP", Kind::Unsigned64, FE | LI, "Connections that rules refused.",
        |v| v.count(|c| c.denied_connections)),
    column("dses", "MCP", Kind::Unsigned64, FE | LI, "Sessions that rules refused.",
        |v| v.count(|c| c.denied_sessions)),
    column("wrew", "MCP", Kind::Unsigned64, ANY, "Rewrites that did not fit.",
        nothing),
    column("connect", "MCP", Kind::Unsigned64, BE | SV, "Connections opened to servers.",
        |v| v.count(|c| c.connects)),
    column("reuse", "MCP", Kind::Unsigned64, BE | SV, "Server connections used again.",
        |v| v.count(|c| c.reuses)),
    column("cache_lookups", "MCP", Kind::Unsigned64, FE | BE, "Lookups in the cache.",
        |v| v.count_http(|_| 0)),
    column("cache_hits", "MCP", Kind::Unsigned64, FE | BE, "Lookups that the cache could answer.",
        |v| v.count_http(|_| 0)),
    column("srv_icur", "MGP", Kind::Unsigned32, SV, "Idle connections to the server.",
        idle_connections),
    column("src_ilim", "CLP", Kind::Unsigned32, SV, "Idle connections that may be kept.",
        idle_limit),
    column("qtime_max", "MMP", Kind::Unsigned32, BE | SV, "Longest wait in queues, milliseconds.",
        nothing),
    column("ctime_max", "MMP", Kind::Unsigned32, BE | SV, "Longest time to connect, milliseconds.",
        nothing),
    column("rtime_max", "MMP", Kind::Unsigned32, BE | SV,
        "Longest time to a response, milliseconds.",
        nothing),
    column("ttime_max", "MMP", Kind::Unsigned32, BE | SV, "Longest session, milliseconds.",
        nothing),
    column("eint", "MCP", Kind::Unsigned64, ANY, "Failures inside the process.",
        |v| v.count(|c| c.panics)),
    column("idle_conn_cur", "MGP", Kind::Unsigned32, SV,
        "Idle connections that may not be shared at once.",
        nothing),
    column("safe_conn_cur", "MGP", Kind::Unsigned32, SV,
        "Idle connections that any session may take.",
        nothing),
    column("used_conn_cur", "MGP", Kind::Unsigned32, SV, "Connections to the server in use.",
        nothing),
    column("need_conn_est", "MGP", Kind::Unsigned32, SV, "Connections thought to be needed.",
        nothing),
    column("uweight", "MaP", Kind::Unsigned32, BE | SV,
        "Weight as configured or set; the sum of those in use for a backend.",
        |v| v.weight()),
    column("agg_server_status", "MGP", Kind::Unsigned32, BE, "Servers per state.",
        nothing),
    column("agg_server_check_status", "MGP", Kind::Unsigned32, BE,
        "Servers per state of their checks.",
        nothing),
    column("agg_check_status", "MGP", Kind::Unsigned32, BE, "Servers per result of their checks.",
        nothing),
];

/// Columns behind the mark `-`, of parts that weir does not have or does not count apart.
pub static MODULE_COLUMNS: &[&str] = &[
    "ssl_sess",
    "ssl_reused_sess",
    "ssl_failed_handshake",
    "h2_headers_rcvd",
    "h2_data_rcvd",
    "h2_settings_rcvd",
    "h2_rst_stream_rcvd",
    "h2_goaway_rcvd",
    "h2_detected_conn_protocol_errors",
    "h2_detected_strm_protocol_errors",
    "h2_rst_stream_resp",
    "h2_goaway_resp",
    "h2_open_connections",
    "h2_backend_open_streams",
    "h2_total_connections",
    "h2_backend_total_streams",
    "h1_open_connections",
    "h1_open_streams",
    "h1_total_connections",
    "h1_total_streams",
    "h1_bytes_in",
    "h1_bytes_out",
    "h1_spliced_bytes_in",
    "h1_spliced_bytes_out",
];

#[expect(
    clippy::too_many_arguments,
    reason = "one line per column reads as a table"
)]
const fn column(
    name: &'static str,
    tag: &'static str,
    kind: Kind,
    rows: u8,
    doc: &'static str,
    value: fn(&View<'_>) -> Value,
) -> Column {
    Column {
        name,
        tag,
        kind,
        rows,
        doc,
        value,
    }
}

/// Not measured.
const fn nothing(_: &View<'_>) -> Value {
    Value::Empty
}

/// Counts something that cannot happen here.
fn queued(view: &View<'_>) -> Value {
    let state = view.server().map(|(_, _, state)| state.queued);
    Value::Number(u64::from(
        state.unwrap_or_else(|| view.proxy_state().queued),
    ))
}

fn queued_max(view: &View<'_>) -> Value {
    let state = view.server().map(|(_, _, state)| state.queued_max);
    Value::Number(u64::from(
        state.unwrap_or_else(|| view.proxy_state().queued_max),
    ))
}

fn servers(view: &View<'_>, backup: bool) -> Value {
    match view.server() {
        Some((_, settings, _)) => Value::flag(settings.backup == backup),
        None => Value::Number(view.usable_servers(backup)),
    }
}

fn cookie(view: &View<'_>) -> Value {
    let cookie = view
        .server()
        .and_then(|(_, settings, _)| settings.cookie.as_deref());
    cookie.map_or(Value::Empty, Value::text)
}

fn queue_limit(view: &View<'_>) -> Value {
    match view.server() {
        Some((_, settings, _)) if settings.maxqueue > 0 => {
            Value::Number(u64::from(settings.maxqueue))
        }
        Some(_) | None => Value::Empty,
    }
}

fn request_rate(view: &View<'_>) -> Value {
    let now_us = view.core.engine.clock.monotonic_us();
    match view.count_http(|_| 0) {
        Value::Empty => Value::Empty,
        _ => Value::Number(u64::from(view.proxy_state().request_rate.read(now_us))),
    }
}

fn idle_connections(view: &View<'_>) -> Value {
    match view.server() {
        Some((id, _, _)) => Value::Number(u64::from(view.core.idle.count(id))),
        None => Value::Empty,
    }
}

fn idle_limit(view: &View<'_>) -> Value {
    let limit = view
        .server()
        .and_then(|(_, settings, _)| settings.pool_max_conn);
    limit.map_or(Value::Empty, |limit| Value::Number(u64::from(limit)))
}

const FE: u8 = 1;
const BE: u8 = 2;
const SV: u8 = 4;
const LI: u8 = 8;
const ANY: u8 = FE | BE | SV | LI;
/// Columns for the eyes of operators (manual, "stats show-legends").
const DETAILS: [&str; 3] = ["addr", "cookie", "algo"];
