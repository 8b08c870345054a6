//! Load from wrk: runs it, checks its answer, and counts the system calls of a proxy meanwhile.
//!
//! Called by `measure`. Invariant: a run with any error response or socket error is a failure, not
//! a figure, because refused requests are cheap and would look like speed.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::Lab;
use crate::process::{Outcome, Program, output};

/// Loads `port` with keep-alive requests for `path` and returns how many were answered.
pub(crate) fn wrk(lab: &Lab, port: u16, seconds: u64) -> Outcome<u64> {
    let mut command = Command::new("wrk");
    command.args(wrk_arguments(port, seconds));
    requests_of(&output(&mut command, lab.file("wrk.err"), limit(seconds))?)
}

/// System calls of `proxy` and requests answered during the same `seconds`, and the tool that
/// counted. `perf stat` costs the proxy next to nothing; strace slows it several times, which makes
/// its batches larger, so that it is used only where perf cannot count.
pub(crate) fn system_calls(
    lab: &Lab,
    proxy: &Program,
    port: u16,
) -> Outcome<(u64, u64, &'static str)> {
    let by_perf = calls_by_perf(lab, proxy, port);
    let (calls, requests, tool) = match by_perf {
        Ok((calls, requests)) => (calls, requests, "perf"),
        Err(_) => {
            let (calls, requests) = calls_by_strace(lab, proxy, port)?;
            (calls, requests, "strace")
        }
    };
    Ok((calls, requests, tool))
}

/// perf runs wrk itself and counts from its start to its end.
fn calls_by_perf(lab: &Lab, proxy: &Program, port: u16) -> Outcome<(u64, u64)> {
    let report = lab.file("perf.csv");
    let seconds = CALLS_SECONDS.min(lab.seconds);
    let mut command = Command::new("perf");
    command.args([
        "stat",
        "-x",
        ",",
        "-e",
        CALL_EVENT,
        "-p",
        &joined(proxy, ","),
    ]);
    command
        .arg("-o")
        .arg(&report)
        .args(["--", "wrk"])
        .args(wrk_arguments(port, seconds));
    let text = output(&mut command, lab.file("perf.err"), limit(seconds))?;
    let csv = fs::read_to_string(&report).map_err(|e| format!("perf: {e}"))?;
    let calls = csv
        .lines()
        .find(|line| line.contains(CALL_EVENT))
        .and_then(|line| line.split(',').next()?.parse::<u64>().ok());
    Ok((calls.ok_or("perf: no count")?, requests_of(&text)?))
}

/// strace is attached before wrk starts and interrupted after it has ended.
fn calls_by_strace(lab: &Lab, proxy: &Program, port: u16) -> Outcome<(u64, u64)> {
    let summary = lab.file("strace.txt");
    let mut command = Command::new("strace");
    command.args(["-c", "-f", "-o"]).arg(&summary);
    for pid in proxy.pids() {
        command.args(["-p", &pid.to_string()]);
    }
    let mut tracer = Program::start(&mut command, lab.cores.load, lab.file("strace.err"))?;
    let deadline = Instant::now() + Duration::from_secs(5);
    while !tracer.complaint().contains("attached") {
        if Instant::now() > deadline {
            return Err(format!("strace: cannot attach {}", tracer.complaint()));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let requests = wrk(lab, port, CALLS_SECONDS.min(lab.seconds))?;
    tracer.finish(Signal::SIGINT)?;
    let text = fs::read_to_string(&summary).map_err(|e| format!("strace: {e}"))?;
    // % time, seconds, usecs/call, calls, [errors], "total"
    let total = text
        .lines()
        .find(|line| line.trim_end().ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    Ok((calls.ok_or("strace: no total")?, requests))
}

fn wrk_arguments(port: u16, seconds: u64) -> Vec<String> {
    let url = format!("http://127.0.0.1:{port}/small");
    [
        String::from("-t1"),
        format!("-c{CONNECTIONS}"),
        format!("-d{seconds}s"),
        url,
    ]
    .into()
}

/// The request count in wrk's report, which must be free of errors.
fn requests_of(report: &str) -> Outcome<u64> {
    for word in ["Non-2xx", "Socket errors"] {
        if let Some(line) = report.lines().find(|line| line.contains(word)) {
            return Err(format!("wrk: {}", line.trim()));
        }
    }
    let line = report.lines().find(|line| line.contains(" requests in "));
    let requests = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    requests
        .filter(|&count| count > 0)
        .ok_or_else(|| String::from("wrk: no requests"))
}

fn joined(proxy: &Program, separator: &str) -> String {
    proxy
        .pids()
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(separator)
}

fn limit(seconds: u64) -> Duration {
    Duration::from_secs(seconds.saturating_add(10))
}

/// Connections of every load, as in the table of budgets.
pub(crate) const CONNECTIONS: usize = 64;
/// Counting calls needs no precision of time: two seconds are over 100,000 requests.
const CALLS_SECONDS: u64 = 2;
const CALL_EVENT: &str = "raw_syscalls:sys_enter";
