//! What the kernel tells of processes and cores in /proc.
//!
//! Called by `process` and `lab`. Reads only; a process that has gone meanwhile is left out.

use std::fs;

use crate::process::Outcome;

/// User and system time of a program so far, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct CpuTime {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl CpuTime {
    /// The sum over `processes`.
    pub(crate) fn of(processes: &[Process]) -> Self {
        let seconds = |ticks: u64| ticks as f64 / TICKS_PER_SECOND;
        Self {
            user: seconds(processes.iter().map(|process| process.user_ticks).sum()),
            system: seconds(processes.iter().map(|process| process.system_ticks).sum()),
        }
    }

    /// Seconds spent between an earlier reading and this one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }

    /// User and system time together, in seconds.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

/// One line of `/proc/PID/stat`, as far as it is of use here.
pub(crate) struct Process {
    pub(crate) pid: u32,
    parent: u32,
    /// It has ended, but its parent has not asked how.
    pub(crate) zombie: bool,
    user_ticks: u64,
    system_ticks: u64,
    started: u64,
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold spaces and parentheses itself: the last one ends it.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: u32::try_from(number(1)?).ok()?,
            zombie: fields.first() == Some(&"Z"),
            user_ticks: number(11)?,
            system_ticks: number(12)?,
            started: number(19)?,
        })
    }

    /// Whether this very process, not a later one with its id, still runs.
    pub(crate) fn is_alive(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.started == self.started && !now.zombie)
    }
}

/// The process `root` and its descendants, parents first; empty when it is gone.
pub(crate) fn family(root: u32) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<Process> = pids.filter_map(Process::read).collect();
    let mut members: Vec<Process> = others
        .extract_if(.., |process| process.pid == root)
        .collect();
    let mut next = 0;
    while let Some(parent) = members.get(next).map(|process| process.pid) {
        members.extend(others.extract_if(.., |process| process.parent == parent));
        next += 1;
    }
    members
}

/// Resident memory of one process, in bytes, from `/proc/PID/smaps_rollup`: it is exact, where
/// the counters of `statm` lag behind.
pub(crate) fn resident_bytes(pid: u32) -> Outcome<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    resident_of(&text).ok_or_else(|| format!("{path}: no Rss line"))
}

/// Seconds that `core` has had nothing to do since the machine started; 0 when it cannot be told.
pub(crate) fn idle_seconds(core: usize) -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let name = format!("cpu{core} ");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&name))
        .unwrap_or_default();
    // user nice system idle iowait ..
    let ticks = line
        .split_whitespace()
        .skip(3)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / TICKS_PER_SECOND
}

fn resident_of(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// The unit of `/proc/PID/stat` (`USER_HZ`) is fixed at 100 on every architecture in use.
const TICKS_PER_SECOND: f64 = 100.0;
