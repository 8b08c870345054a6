//! The measurements, one function per kind of figure, and the table of rows that they fill.
//!
//! Called by `main`. Owns `ROWS`: what is measured, for whom, against which budget.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::bulk;
use crate::config::{LogTarget, Mode, Plan};
use crate::idle::{self, Held};
use crate::lab::{Contestant, Lab, Sample, Window};
use crate::load;
use crate::process::{Outcome, free_port};
use crate::relay::Exchange;
use crate::sink::Sink;

/// A row of the table.
pub(crate) struct Row {
    /// The name that `BENCH_ROWS` chooses it by; rows may share one.
    pub(crate) name: &'static str,
    /// What a reader sees.
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) budget: Budget,
    /// Whether nginx takes part.
    pub(crate) with_nginx: bool,
    pub(crate) measure: fn(&Lab, Contestant) -> Outcome<Sample>,
}

/// How a figure is written.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Microseconds,
    Calls,
    Bytes,
    SecondsPerGigabyte,
}

/// What weir may cost at most; every bound that is given has to hold.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// In the row's unit. Given only where the machine's speed does not matter.
    pub(crate) absolute: Option<f64>,
    /// As a multiple of nginx's figure.
    pub(crate) of_nginx: Option<f64>,
    /// As a multiple of haproxy's figure.
    pub(crate) of_haproxy: Option<f64>,
}

/// All rows, in the order of the table.
pub(crate) static ROWS: [Row; 13] = [
    Row {
        name: "keepalive",
        what: "HTTP keep-alive on both sides, 128 bytes: CPU per request",
        unit: Unit::Microseconds,
        budget: Budget {
            of_nginx: Some(0.84),
            of_haproxy: Some(0.80),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: |lab, contestant| request_cpu(lab, contestant, Mode::KeepAlive),
    },
    Row {
        name: "keepalive",
        what: "HTTP keep-alive on both sides: system calls per request",
        unit: Unit::Calls,
        budget: Budget {
            absolute: Some(4.3),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: |lab, contestant| request_calls(lab, contestant, Mode::KeepAlive),
    },
    Row {
        name: "close",
        what: "HTTP, server connection closed each time: CPU per request",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.65),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: |lab, contestant| request_cpu(lab, contestant, Mode::ServerClose),
    },
    Row {
        name: "close",
        what: "HTTP, server connection closed each time: system calls per request",
        unit: Unit::Calls,
        budget: Budget {
            absolute: Some(10.5),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: |lab, contestant| request_calls(lab, contestant, Mode::ServerClose),
    },
    Row {
        name: "tcp",
        what: "TCP relay of 100-byte messages: CPU per message pair",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.95),
            ..NO_BUDGET
        },
        with_nginx: false,
        measure: message_pair,
    },
    Row {
        name: "idle",
        what: "idle keep-alive client, 4,000 opened one by one: resident memory each",
        unit: Unit::Bytes,
        budget: Budget {
            absolute: Some(640.0),
            of_haproxy: Some(0.5),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: idle_one_by_one,
    },
    Row {
        name: "burst",
        what: "idle keep-alive client after 4,000 requests at once: resident memory each",
        unit: Unit::Bytes,
        budget: Budget {
            absolute: Some(1024.0),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: idle_after_burst,
    },
    Row {
        name: "bulk",
        what: "bulk HTTP download, spliced: CPU per GB",
        unit: Unit::SecondsPerGigabyte,
        budget: Budget {
            of_haproxy: Some(0.95),
            ..NO_BUDGET
        },
        with_nginx: false,
        measure: |lab, contestant| download(lab, contestant, Mode::Spliced),
    },
    Row {
        name: "bulk",
        what: "bulk HTTP download, not spliced: CPU per GB",
        unit: Unit::SecondsPerGigabyte,
        budget: Budget {
            of_haproxy: Some(0.85),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: |lab, contestant| download(lab, contestant, Mode::KeepAlive),
    },
    Row {
        name: "log",
        what: "what an access log adds per request: syslog over UDP",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.5),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: log_over_udp,
    },
    Row {
        name: "log",
        what: "what an access log adds per request: syslog over a unix socket",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.5),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: log_over_unix,
    },
    Row {
        name: "log",
        what: "what an access log adds per request: to a file descriptor (a file)",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.5),
            ..NO_BUDGET
        },
        with_nginx: true,
        measure: log_to_file,
    },
    Row {
        name: "rules",
        what: "what twenty typical rules add per request",
        unit: Unit::Microseconds,
        budget: Budget {
            of_haproxy: Some(0.22),
            ..NO_BUDGET
        },
        with_nginx: false,
        measure: rules,
    },
];

/// CPU per request under saturation.
fn request_cpu(lab: &Lab, contestant: Contestant, mode: Mode) -> Outcome<Sample> {
    Ok(loaded(lab, contestant, &lab.plan(mode))?.0)
}

/// Loads a fresh proxy with wrk; returns its CPU per request and how many requests there were.
fn loaded(lab: &Lab, contestant: Contestant, plan: &Plan) -> Outcome<(Sample, u64)> {
    let proxy = lab.start(contestant, plan)?;
    let window = Window::open(&proxy)?;
    let requests = load::wrk(lab, proxy.port, lab.seconds)?;
    let window = window.close(&proxy)?;
    Ok((window.per(requests as f64, 1e6), requests))
}

fn request_calls(lab: &Lab, contestant: Contestant, mode: Mode) -> Outcome<Sample> {
    let proxy = lab.start(contestant, &lab.plan(mode))?;
    let (calls, requests, tool) = load::system_calls(lab, &proxy.program, proxy.port)?;
    Ok(Sample::plain(
        calls as f64 / requests as f64,
        format!("by {tool}"),
    ))
}

fn message_pair(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let (listener, plan) = own_origin(lab, Mode::Tcp)?;
    let proxy = lab.start(contestant, &plan)?;
    let mut exchange = Exchange::connect(proxy.port, &listener)?;
    let (window, pairs) = exchange.run(&proxy, lab.seconds)?;
    if pairs == 0 {
        return Err(String::from("relay: no messages"));
    }
    Ok(window.per(pairs as f64, 1e6))
}

fn idle_one_by_one(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let proxy = lab.start(contestant, &lab.plan(Mode::KeepAlive))?;
    let bytes = idle::one_by_one(&proxy.program, proxy.port)?;
    Ok(Sample::plain(bytes, String::new()))
}

fn idle_after_burst(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let (listener, plan) = own_origin(lab, Mode::KeepAlive)?;
    let _origin = Held::serve(listener)?;
    let proxy = lab.start(contestant, &plan)?;
    let bytes = idle::all_at_once(&proxy.program, proxy.port)?;
    Ok(Sample::plain(bytes, String::new()))
}

/// A listener of our own and the plan that has it as its origin.
fn own_origin(lab: &Lab, mode: Mode) -> Outcome<(TcpListener, Plan)> {
    let mut plan = lab.plan(mode);
    plan.origin_port = free_port()?;
    let address = (Ipv4Addr::LOCALHOST, plan.origin_port);
    let listener = TcpListener::bind(address).map_err(|e| format!("own origin: {e}"))?;
    Ok((listener, plan))
}

fn download(lab: &Lab, contestant: Contestant, mode: Mode) -> Outcome<Sample> {
    let proxy = lab.start(contestant, &lab.plan(mode))?;
    let (window, bytes) = bulk::download(&proxy, lab.seconds)?;
    if bytes == 0 {
        return Err(String::from("download: no bytes"));
    }
    let mut sample = window.per(bytes as f64, 1e9);
    sample.note = format!("{:.1} GB", bytes as f64 / 1e9);
    Ok(sample)
}

fn log_over_udp(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let port = free_port()?;
    let sink = Sink::udp(port)?;
    log_cost(lab, contestant, LogTarget::Udp(port), |_| sink.lines())
}

fn log_over_unix(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let path = lab.file("log.sock");
    let sink = Sink::unix(&path)?;
    log_cost(lab, contestant, LogTarget::Unix(path), |_| sink.lines())
}

fn log_to_file(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let path = lab.file("access.log");
    let counted = path.clone();
    let result = log_cost(lab, contestant, LogTarget::File(path.clone()), |requests| {
        lines_of(&counted).unwrap_or(requests)
    });
    let _ = fs::remove_file(path);
    result
}

fn lines_of(path: &Path) -> Option<u64> {
    let text = fs::read(path).ok()?;
    u64::try_from(memchr::memchr_iter(b'\n', &text).count()).ok()
}

/// CPU per request with the log less without, both measured one after the other; `lines` tells how
/// many lines arrived, of so many requests.
fn log_cost(
    lab: &Lab,
    contestant: Contestant,
    target: LogTarget,
    lines: impl Fn(u64) -> u64,
) -> Outcome<Sample> {
    let mut plan = lab.plan(Mode::KeepAlive);
    let (without, _) = loaded(lab, contestant, &plan)?;
    plan.log = Some(target);
    let (with, requests) = loaded(lab, contestant, &plan)?;
    let arrived = lines(requests);
    if arrived == 0 {
        return Err(String::from("no log line arrived"));
    }
    let share = 100.0 * arrived as f64 / requests as f64;
    let mut sample = difference(&with, &without);
    sample.note = format!("{share:.0} % of the lines arrived");
    Ok(sample)
}

fn rules(lab: &Lab, contestant: Contestant) -> Outcome<Sample> {
    let mut plan = lab.plan(Mode::KeepAlive);
    let (without, _) = loaded(lab, contestant, &plan)?;
    plan.rules = true;
    let (with, _) = loaded(lab, contestant, &plan)?;
    Ok(difference(&with, &without))
}

fn difference(with: &Sample, without: &Sample) -> Sample {
    let split = with
        .split
        .zip(without.split)
        .map(|(a, b)| (a.0 - b.0, a.1 - b.1));
    Sample {
        value: with.value - without.value,
        split,
        load: with.load,
        note: String::new(),
    }
}

const NO_BUDGET: Budget = Budget {
    absolute: None,
    of_nginx: None,
    of_haproxy: None,
};
