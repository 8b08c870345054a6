//! `show activity`, `show pools`, `show fd`, `show env`, `show version` and `show cli`: what
//! the process is made of and what it is busy with.

use std::fmt::Write;

use super::command::{Answer, Call, Dump, Scene, Step};
use super::info::pools;
use crate::args::version;
use crate::config::model::{AddressSpec, CliLevel};
use crate::engine::fdtab::FdStatus;
use crate::net::listener::{Listener, Origin};
use crate::sys::Fd;
use crate::worker::Core;

/// `show activity`.
pub(super) fn show_activity(call: &mut Call<'_>) -> Answer {
    let core = &call.worker.core;
    let engine = &core.engine;
    let activity = engine.activity;
    let (seconds, micros) = engine.clock.date();
    let refused: u64 = pools(core).iter().map(|pool| pool.refused).sum();
    let lines = [
        ("ctxsw", activity.task_runs.saturating_add(activity.events)),
        ("tasksw", activity.task_runs),
        ("empty_rq", activity.idle_turns),
        ("long_rq", activity.busy_turns),
        ("loops", activity.loops),
        ("poll_io", activity.events),
        ("poll_exp", activity.expired_waits),
        ("poll_changes", engine.fdtab.changes()),
        ("pool_fail", refused),
        ("accepted", core.state.connections_total),
        ("panics", core.state.panics),
    ];
    let mut text = format!("thread_id: 1 (1..1)\ndate_now: {seconds}.{micros:06}\n");
    for (name, value) in lines {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    Answer::Text(text)
}

/// `show pools`.
pub(super) fn show_pools(call: &mut Call<'_>) -> Answer {
    let mut text = String::from("Dumping pools usage. Use SIGQUIT to flush them.\n");
    let pools = pools(&call.worker.core);
    let (mut allocated, mut used) = (0_usize, 0_usize);
    for pool in pools {
        let bytes = |objects: usize| objects.saturating_mul(pool.size);
        allocated = allocated.saturating_add(bytes(pool.allocated));
        used = used.saturating_add(bytes(pool.used));
        let _ = writeln!(
            text,
            "  - Pool {} ({} bytes) : {} allocated ({} bytes), {} used, {} failures, 1 users",
            pool.name,
            pool.size,
            pool.allocated,
            bytes(pool.allocated),
            pool.used,
            pool.refused,
        );
    }
    let count = pools.len();
    let _ = writeln!(
        text,
        "Total: {count} pools, {allocated} bytes allocated, {used} used."
    );
    Answer::Text(text)
}

/// `show version`.
pub(super) fn show_version(_call: &mut Call<'_>) -> Answer {
    Answer::Text(format!("{}\n", version::REPORTED_VERSION))
}

/// `show cli level`.
pub(super) fn show_cli_level(call: &mut Call<'_>) -> Answer {
    Answer::Text(format!("{}\n", level_name(call.terms.level)))
}

/// `show cli sockets`.
pub(super) fn show_cli_sockets(call: &mut Call<'_>) -> Answer {
    let mut text = String::from("# socket lvl processes\n");
    for socket in &call.worker.core.config.global.stats_sockets {
        let address = address_text(&socket.address);
        let level = level_name(socket.level);
        let _ = write!(text, "{address} {level} ");
        if socket.process_mask == 0 {
            text.push_str("all\n");
            continue;
        }
        let served = (0..u64::BITS).filter(|bit| socket.process_mask & (1 << bit) != 0);
        let numbers: Vec<String> = served.map(|bit| (bit + 1).to_string()).collect();
        let _ = writeln!(text, "{}", numbers.join(","));
    }
    Answer::Text(text)
}

/// `show env [<name>]`.
pub(super) fn show_env(call: &mut Call<'_>) -> Answer {
    let wanted = call.words.word(2);
    let mut text = String::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if wanted.is_empty() || wanted == name {
            let _ = writeln!(text, "{name}={}", value.to_string_lossy());
        }
    }
    if text.is_empty() && !wanted.is_empty() {
        return Answer::text("Variable not found\n");
    }
    Answer::Text(text)
}

/// `show fd [<number>]`.
pub(super) fn show_fd(call: &mut Call<'_>) -> Answer {
    let word = call.words.word(2);
    if word.is_empty() {
        return Answer::Dump(Box::new(ShowFd { next: 0 }));
    }
    let core = &call.worker.core;
    let wanted = word.parse::<i32>().ok();
    let found = core
        .engine
        .fdtab
        .iter()
        .find(|status| Some(status.fd.raw()) == wanted);
    let mut text = String::new();
    if let Some(status) = found {
        write_fd(&status, call.session.owner, core, &mut text);
    }
    Answer::Text(text)
}

struct ShowFd {
    next: i32,
}

impl Dump for ShowFd {
    /// A batch of descriptors: the table is walked from its start each time.
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step {
        let open = scene.core.engine.fdtab.iter();
        let from = self.next;
        let rest = open.filter(|status| status.fd.raw() >= from);
        let mut count = 0;
        for status in rest.take(FDS_PER_STEP) {
            write_fd(&status, scene.session.owner, scene.core, out);
            self.next = status.fd.raw().saturating_add(1);
            count += 1;
        }
        if count < FDS_PER_STEP {
            Step::Done
        } else {
            Step::More
        }
    }
}

fn write_fd(status: &FdStatus, own: u64, core: &Core, out: &mut String) {
    let FdStatus {
        fd,
        owner,
        read,
        write,
        events,
    } = status;
    let _ = write!(
        out,
        "{:7} : st(R:{read:?} W:{write:?}) ev={events:?} owner={owner:#x}",
        fd.raw()
    );
    match core
        .listeners
        .iter()
        .find(|listener| listener.fd == Some(*fd))
    {
        Some(listener) => write_listener(listener, core, out),
        None if *owner == own => out.push_str(" cb=stream_sock fe=GLOBAL"),
        None => out.push_str(if is_idle(*fd, core) {
            " cb=idle"
        } else {
            " cb=stream_sock"
        }),
    }
    out.push('\n');
}

fn write_listener(listener: &Listener, core: &Core, out: &mut String) {
    let name = match listener.origin {
        Origin::Bind(bind) => core
            .config
            .proxy(core.config.bind(bind).proxy)
            .name
            .as_str(),
        Origin::StatsSocket(_) => "GLOBAL",
    };
    let address = address_text(&listener.address);
    let _ = write!(
        out,
        " cb=accept l.st={:?} fe={name} addr={address}",
        listener.state
    );
}

/// An idle server connection is owned by its key in the idle pool, which no session has.
fn is_idle(fd: Fd, core: &Core) -> bool {
    let owner = core.engine.fdtab.owner(fd);
    owner
        .and_then(crate::backend::idle::IdleKey::from_u64)
        .is_some_and(|key| core.idle.holds(key, fd))
}

/// An address as `stats socket` and `bind` write it.
fn address_text(address: &AddressSpec) -> String {
    match address {
        AddressSpec::Ip(address) if address.is_ipv4() => format!("ipv4@{address}"),
        AddressSpec::Ip(address) => format!("ipv6@{address}"),
        AddressSpec::Unix(path) => format!("unix@{}", path.display()),
        AddressSpec::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(name)),
        AddressSpec::Inherited(fd) => format!("fd@{fd}"),
    }
}

const fn level_name(level: CliLevel) -> &'static str {
    match level {
        CliLevel::User => "user",
        CliLevel::Operator => "operator",
        CliLevel::Admin => "admin",
    }
}

const FDS_PER_STEP: usize = 64;
