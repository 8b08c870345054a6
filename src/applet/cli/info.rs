//! `show info`: what the process says about itself, key by key as HAProxy 2.6 does.
//!
//! A table, exempt from the size rule. Keys of parts that weir does not have say 0; keys that
//! nothing is counted for are left out. Positions are those of HAProxy's typed format.

use std::fmt::Write;

use super::command::{Answer, Call, Dump, Scene, Step};
use super::format::Format;
use crate::applet::stats::value::{Field, Kind, Value, write_json, write_typed};
use crate::args::version;
use crate::config::model::ProxyId;
use crate::engine::pool::PoolCounts;
use crate::engine::rate::FreqCounter;
use crate::worker::Core;

/// `show info [typed|json] [desc] [float]`.
pub(super) fn show_info(call: &mut Call<'_>) -> Answer {
    let options = call.words.from(2);
    Answer::Dump(Box::new(ShowInfo {
        format: Format::of_options(options),
        has_docs: options.iter().any(|word| word == "desc"),
        is_exact: options.iter().any(|word| word == "float"),
    }))
}

struct ShowInfo {
    format: Format,
    has_docs: bool,
    is_exact: bool,
}

impl Dump for ShowInfo {
    /// Few enough lines to come at once.
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step {
        let mut separator = "[";
        for entry in ENTRIES {
            let value = (entry.value)(scene.core, self.is_exact);
            if value == Value::Empty {
                continue;
            }
            let field = Field {
                position: entry.position,
                name: entry.name,
                tag: entry.tag.0,
                kind: entry.tag.1,
                process: scene.core.process.number,
            };
            match self.format {
                Format::Plain => {
                    // Writing into a string cannot fail.
                    let _ = write!(out, "{}: {value}", entry.name);
                }
                Format::Typed => write_typed(out, &field, &value),
                Format::Json => {
                    out.push_str(separator);
                    write_json(out, "", &field, &value);
                    separator = ",";
                    continue;
                }
            }
            if self.has_docs {
                let _ = write!(out, ":\"{}\"", entry.doc);
            }
            out.push('\n');
        }
        if self.format == Format::Json {
            out.push_str("]\n");
        }
        Step::Done
    }
}

struct Entry {
    position: usize,
    name: &'static str,
    tag: (&'static str, Kind),
    doc: &'static str,
    value: fn(&Core, bool) -> Value,
}

#[rustfmt::skip]
static ENTRIES: &[Entry] = &[
    // Programs take a socket for HAProxy's by this name alone; "Build info" tells the truth.
    entry(0, "Name", ("POS", Kind::Text),
        "The program whose commands are spoken; Build info names this one.",
        |_, _| Value::text("HAProxy")),
    entry(1, "Version", ("POS", Kind::Text),
        "The HAProxy version whose language and commands it follows.",
        |_, _| Value::text(version::REPORTED_VERSION)),
    entry(2, "Release_date", ("POS", Kind::Text), "Day of the release.",
        |_, _| Value::text(version::RELEASE_DATE)),
    entry(3, "Nbthread", ("CGS", Kind::Unsigned32), "Threads per process, always 1.",
        |_, _| Value::Number(1)),
    entry(4, "Nbproc", ("CGS", Kind::Unsigned32), "Processes started.",
        |core, _| number(core.config.global.nbproc.max(1))),
    entry(5, "Process_num", ("KGP", Kind::Unsigned32), "Which of the processes answers.",
        |core, _| number(core.process.number)),
    entry(6, "Pid", ("SGP", Kind::Unsigned32), "Its process id.",
        |core, _| number(core.process.pid)),
    entry(7, "Uptime", ("MDP", Kind::Text), "Time since its start.",
        |core, _| uptime(core)),
    entry(8, "Uptime_sec", ("MDP", Kind::Unsigned32), "Seconds since its start.",
        uptime_s),
    entry(9, "Memmax_MB", ("CLP", Kind::Unsigned32), "Megabytes that it may use, 0 for any amount.",
        |core, _| Value::Number(core.config.global.memory_limit_mb)),
    entry(10, "PoolAlloc_MB", ("MGP", Kind::Unsigned32), "Megabytes held by pools.",
        |core, _| Value::Number(pool_bytes(core, |c| c.allocated) >> 20)),
    entry(11, "PoolUsed_MB", ("MGP", Kind::Unsigned32), "Megabytes of pools in use.",
        |core, _| Value::Number(pool_bytes(core, |c| c.used) >> 20)),
    entry(12, "PoolFailed", ("MCP", Kind::Unsigned32), "Times that a pool had nothing to give.",
        |core, _| Value::Number(pools(core).iter().map(|c| c.refused).sum())),
    entry(13, "Ulimit-n", ("CLP", Kind::Unsigned32), "Descriptors that it may open.",
        |core, _| Value::Number(core.process.ulimit_n)),
    entry(14, "Maxsock", ("CLP", Kind::Unsigned32), "Descriptors that it expects to need at most.",
        |core, _| Value::Number(core.process.maxsock)),
    entry(15, "Maxconn", ("CLP", Kind::Unsigned32), "Connections accepted at once.",
        |core, _| number(core.process.maxconn)),
    entry(16, "Hard_maxconn", ("CLP", Kind::Unsigned32), "The highest Maxconn that can be set.",
        |core, _| number(core.config.global.maxconn)),
    entry(17, "CurrConns", ("MGP", Kind::Unsigned32), "Connections of clients now.",
        |core, _| number(core.state.sessions)),
    entry(18, "CumConns", ("MCP", Kind::Unsigned32), "Connections of clients since start.",
        |core, _| Value::Number(core.state.connections_total)),
    entry(19, "CumReq", ("MCP", Kind::Unsigned32), "Requests since start.",
        |core, _| Value::Number(core.state.requests_total)),
    entry(20, "MaxSslConns", ("MMP", Kind::Unsigned32),
        "TLS connections allowed, 0 for any number.",
        |_, _| Value::Number(0)),
    entry(21, "CurrSslConns", ("MGP", Kind::Unsigned32), "TLS connections now.",
        |_, _| Value::Number(0)),
    entry(22, "CumSslConns", ("MCP", Kind::Unsigned32), "TLS connections since start.",
        |_, _| Value::Number(0)),
    entry(23, "Maxpipes", ("CLP", Kind::Unsigned32), "Pipes for splicing that may be opened.",
        |core, _| number(core.process.maxpipes)),
    entry(24, "PipesUsed", ("MGP", Kind::Unsigned32), "Pipes in use.",
        |core, _| Value::size(core.pipes.used())),
    entry(25, "PipesFree", ("MGP", Kind::Unsigned32), "Pipes kept for later.",
        |core, _| Value::size(core.pipes.idle())),
    entry(26, "ConnRate", ("MRP", Kind::Unsigned32), "Connections in the last second.",
        |core, _| connection_rate(core)),
    entry(27, "ConnRateLimit", ("CLP", Kind::Unsigned32),
        "Connections allowed per second, 0 for any number.",
        |core, _| number(core.state.connection_rate_limit)),
    entry(28, "MaxConnRate", ("MMP", Kind::Unsigned32), "Most connections in a second.",
        |core, _| number(core.state.connection_rate_max)),
    entry(29, "SessRate", ("MRP", Kind::Unsigned32), "Sessions in the last second.",
        |core, _| connection_rate(core)),
    entry(30, "SessRateLimit", ("CLP", Kind::Unsigned32),
        "Sessions allowed per second, 0 for any number.",
        |core, _| number(core.state.session_rate_limit)),
    entry(31, "MaxSessRate", ("MRP", Kind::Unsigned32), "Most sessions in a second.",
        |core, _| number(core.state.connection_rate_max)),
    entry(32, "SslRate", ("MRP", Kind::Unsigned32), "TLS connections in the last second.",
        |_, _| Value::Number(0)),
    entry(33, "SslRateLimit", ("CLP", Kind::Unsigned32),
        "TLS connections allowed per second, 0 for any number.",
        |_, _| Value::Number(0)),
    entry(34, "MaxSslRate", ("MMP", Kind::Unsigned32), "Most TLS connections in a second.",
        |_, _| Value::Number(0)),
    entry(35, "SslFrontendKeyRate", ("MGP", Kind::Unsigned32),
        "TLS keys made for clients in the last second.",
        |_, _| Value::Number(0)),
    entry(36, "SslFrontendMaxKeyRate", ("MMP", Kind::Unsigned32),
        "Most TLS keys made for clients in a second.",
        |_, _| Value::Number(0)),
    entry(37, "SslFrontendSessionReuse_pct", ("MGP", Kind::Unsigned32),
        "Percentage of TLS clients that came back with a session.",
        |_, _| Value::Number(0)),
    entry(38, "SslBackendKeyRate", ("MRP", Kind::Unsigned32),
        "TLS keys made for servers in the last second.",
        |_, _| Value::Number(0)),
    entry(39, "SslBackendMaxKeyRate", ("MMP", Kind::Unsigned32),
        "Most TLS keys made for servers in a second.",
        |_, _| Value::Number(0)),
    entry(40, "SslCacheLookups", ("MCP", Kind::Unsigned32), "TLS sessions looked for.",
        |_, _| Value::Number(0)),
    entry(41, "SslCacheMisses", ("MCP", Kind::Unsigned32), "TLS sessions looked for in vain.",
        |_, _| Value::Number(0)),
    entry(42, "CompressBpsIn", ("MRP", Kind::Unsigned32), "Bytes per second given to compression.",
        |core, _| rate(core, &core.state.compressed_in_rate)),
    entry(43, "CompressBpsOut", ("MRP", Kind::Unsigned32),
        "Bytes per second that compression made.",
        |core, _| rate(core, &core.state.compressed_out_rate)),
    entry(44, "CompressBpsRateLim", ("CLP", Kind::Unsigned32),
        "Bytes per second that compression may be given, 0 for any number.",
        |core, _| number(core.state.compression_rate_limit)),
    entry(45, "ZlibMemUsage", ("MGP", Kind::Unsigned32), "Bytes of memory for compression.",
        |core, _| Value::Number(core.compressors.memory())),
    entry(46, "MaxZlibMemUsage", ("CLP", Kind::Unsigned32),
        "Bytes of memory that compression may use, 0 for any amount.",
        |core, _| Value::Number(u64::from(core.config.global.compression_memory_mb) << 20)),
    entry(47, "Tasks", ("MGP", Kind::Unsigned32), "Tasks, running or asleep.",
        |core, _| number(core.engine.scheduler.tasks())),
    entry(48, "Run_queue", ("MGP", Kind::Unsigned32), "Tasks waiting to run.",
        |core, _| number(core.engine.scheduler.run_queue())),
    entry(49, "Idle_pct", ("MaP", Kind::Unsigned32),
        "Percentage of the last half second spent waiting.",
        |core, _| number(core.engine.idle_percent())),
    entry(50, "node", ("COS", Kind::Text), "Name of this node.",
        |core, _| Value::text(&core.process.node)),
    entry(51, "description", ("COS", Kind::Text), "Description of this node.",
        |core, _| description(core)),
    entry(52, "Stopping", ("MGP", Kind::Unsigned32), "1 once a soft stop has begun.",
        |core, _| Value::flag(core.state.stopping)),
    entry(53, "Jobs", ("MGP", Kind::Unsigned32), "Connections and listeners that keep it alive.",
        |core, _| number(core.engine.jobs)),
    entry(54, "Unstoppable Jobs", ("MGP", Kind::Unsigned32),
        "Those of them that a soft stop does not wait for.",
        |_, _| Value::Number(0)),
    entry(55, "Listeners", ("MGP", Kind::Unsigned32), "Sockets that it listens on.",
        |core, _| Value::size(core.listeners.bound_count())),
    entry(56, "ActivePeers", ("MGP", Kind::Unsigned32), "Peers that tables are exchanged with.",
        |_, _| Value::Number(0)),
    entry(57, "ConnectedPeers", ("MGP", Kind::Unsigned32), "Peers connected.",
        |_, _| Value::Number(0)),
    entry(58, "DroppedLogs", ("MGP", Kind::Unsigned32), "Log lines that could not be sent.",
        |_, _| Value::Empty),
    entry(59, "BusyPolling", ("MGP", Kind::Unsigned32), "1 when it polls without ever waiting.",
        |_, _| Value::Number(0)),
    entry(60, "FailedResolutions", ("MGP", Kind::Unsigned32),
        "Names that could not be resolved at run time.",
        |_, _| Value::Number(0)),
    entry(61, "TotalBytesOut", ("MGP", Kind::Unsigned64), "Bytes sent to clients since start.",
        |core, _| Value::Number(bytes_out(core))),
    entry(62, "TotalSplicdedBytesOut", ("MGP", Kind::Unsigned64),
        "Those of them that went through pipes.",
        |_, _| Value::Empty),
    entry(63, "BytesOutRate", ("MRP", Kind::Unsigned64),
        "Bytes sent to clients in the last second.",
        |_, _| Value::Empty),
    entry(64, "DebugCommandsIssued", ("MGP", Kind::Unsigned32),
        "Debugging commands given, always 0.",
        |_, _| Value::Number(0)),
    entry(65, "CumRecvLogs", ("MCP", Kind::Unsigned32),
        "Log messages received from others, always 0.",
        |_, _| Value::Number(0)),
    entry(66, "Build info", ("POS", Kind::Text), "Version of this program itself.",
        |_, _| Value::Text(format!("weir {}", version::WEIR_VERSION))),
    entry(67, "Memmax_bytes", ("CLP", Kind::Unsigned32), "Bytes that it may use, 0 for any amount.",
        |core, _| Value::Number(core.config.global.memory_limit_mb << 20)),
    entry(68, "PoolAlloc_bytes", ("MGP", Kind::Unsigned64), "Bytes held by pools.",
        |core, _| Value::Number(pool_bytes(core, |c| c.allocated))),
    entry(69, "PoolUsed_bytes", ("MGP", Kind::Unsigned64), "Bytes of pools in use.",
        |core, _| Value::Number(pool_bytes(core, |c| c.used))),
    entry(70, "Start_time_sec", ("MDP", Kind::Unsigned32), "Date of its start, seconds since 1970.",
        |core, _| Value::Number(u64::try_from(core.process.start_s).unwrap_or(0))),
    entry(71, "Tainted", ("SGP", Kind::Text), "Experimental features in use, always 0.",
        |_, _| Value::text("0")),
];

const fn entry(
    position: usize,
    name: &'static str,
    tag: (&'static str, Kind),
    doc: &'static str,
    value: fn(&Core, bool) -> Value,
) -> Entry {
    Entry {
        position,
        name,
        tag,
        doc,
        value,
    }
}

fn number(number: u32) -> Value {
    Value::Number(u64::from(number))
}

fn elapsed_us(core: &Core) -> u64 {
    core.engine
        .clock
        .monotonic_us()
        .saturating_sub(core.process.start_us)
}

fn uptime(core: &Core) -> Value {
    let seconds = elapsed_us(core) / 1_000_000;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    Value::Text(format!("{days}d {hours}h{minutes:02}m{seconds:02}s"))
}

fn uptime_s(core: &Core, is_exact: bool) -> Value {
    let elapsed = std::time::Duration::from_micros(elapsed_us(core));
    if is_exact {
        return Value::Seconds(elapsed.as_secs_f64());
    }
    Value::Number(elapsed.as_secs())
}

fn connection_rate(core: &Core) -> Value {
    rate(core, &core.state.connection_rate)
}

fn rate(core: &Core, counter: &FreqCounter) -> Value {
    number(counter.read(core.engine.clock.monotonic_us()))
}

fn description(core: &Core) -> Value {
    core.config
        .global
        .description
        .as_deref()
        .map_or(Value::Empty, Value::text)
}

/// The pools of the process.
pub(super) fn pools(core: &Core) -> [PoolCounts; 2] {
    [core.buffers.counts(), core.transactions.counts()]
}

fn pool_bytes(core: &Core, objects: fn(&PoolCounts) -> usize) -> u64 {
    let bytes = |pool: &PoolCounts| objects(pool).saturating_mul(pool.size) as u64;
    pools(core).iter().map(bytes).sum()
}

fn bytes_out(core: &Core) -> u64 {
    let proxies = (0..core.config.proxies.len()).map(ProxyId::of_index);
    proxies
        .map(|proxy| core.state.proxy(proxy).frontend.bytes_out)
        .sum()
}
