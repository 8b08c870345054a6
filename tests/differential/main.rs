//! The same requests through weir and through Debian's HAProxy, forty configurations wide: what
//! clients, servers and the log got must be equal.
//!
//! By default every configuration meets a few requests; `DIFFERENTIAL=full` makes them thousands.
//! `DIFFERENTIAL_ONLY=NAME` runs the configurations whose name contains NAME,
//! `DIFFERENTIAL_SEED=N` other requests, `DIFFERENTIAL_COUNT=N` so many exchanges of each and
//! `DIFFERENTIAL_WEIR=FILE` another build. Every difference is written to `target/differential/`;
//! the first few are printed.
//! What weir does otherwise on purpose stands in `differences.rs`, each with its reason.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod compare;
mod differences;
mod generator;
mod hostile;
mod mask;
mod message;
mod origin;
mod proxy;
mod syslog;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use compare::Comparison;
use differences::DIFFERENCES;
use generator::{Exchange, Target};
use proxy::Proxy;

#[test]
fn weir_does_what_haproxy_does() {
    let plan = Plan::from_environment();
    assert!(
        Path::new(HAPROXY).exists(),
        "{HAPROXY} is not there; tests/setup installs it"
    );
    let mut failures = Vec::new();
    let mut applied = BTreeSet::new();
    for file in configurations() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if !name.contains(&plan.only) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        if let Err(failure) = plan.run(name, &text, &mut applied) {
            failures.push(failure);
        }
    }
    if plan.is_whole() {
        let unused = DIFFERENCES.iter().map(|difference| difference.name);
        let unused: Vec<&str> = unused.filter(|name| !applied.contains(name)).collect();
        if !unused.is_empty() {
            failures.push(format!("never met, so to be taken out: {unused:?}"));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What is run.
struct Plan {
    seed: u64,
    count: usize,
    only: String,
    weir: PathBuf,
    is_full: bool,
}

impl Plan {
    fn from_environment() -> Self {
        let number = |name| {
            env::var(name)
                .ok()
                .map(|text| text.parse::<usize>().unwrap())
        };
        let is_full = env::var("DIFFERENTIAL").is_ok_and(|value| value == "full");
        let count = if is_full { FULL_COUNT } else { BRIEF_COUNT };
        Self {
            seed: number("DIFFERENTIAL_SEED").unwrap_or(SEED) as u64,
            count: number("DIFFERENTIAL_COUNT").unwrap_or(count),
            only: env::var("DIFFERENTIAL_ONLY").unwrap_or_default(),
            weir: env::var_os("DIFFERENTIAL_WEIR").map_or_else(|| WEIR.into(), PathBuf::from),
            is_full,
        }
    }

    /// Whether every difference on the list has had its chance.
    fn is_whole(&self) -> bool {
        self.is_full && self.only.is_empty() && self.count >= FULL_COUNT
    }

    /// Runs one configuration; an error is the report on it.
    fn run(
        &self,
        name: &str,
        text: &str,
        applied: &mut BTreeSet<&'static str>,
    ) -> Result<(), String> {
        let target = Target {
            name,
            listeners: proxy::listener_count(text),
            takes_attacks: !text.contains("# Without attacks"),
            servers_fail: text.contains("# With servers that fail"),
        };
        let exchanges: Vec<Exchange> = (0..self.count)
            .map(|number| Exchange::generate(self.seed, &target, number))
            .collect();
        let program = |program| Proxy {
            program,
            name,
            text,
        };
        let (weir, haproxy) = thread::scope(|scope| {
            let haproxy = scope.spawn(|| program(Path::new(HAPROXY)).run(&exchanges));
            let weir = program(&self.weir).run(&exchanges);
            (weir, haproxy.join().unwrap())
        });
        let haproxy = haproxy.map_err(|text| format!("{name}: HAProxy refuses it\n{text}"))?;
        let weir = weir.map_err(|text| format!("{name}: weir refuses it\n{text}"))?;
        let mut report = String::new();
        let mut differing = 0;
        let mut shown = 0;
        for (exchange, (weir, haproxy)) in exchanges.iter().zip(weir.into_iter().zip(haproxy)) {
            let comparison = Comparison::new(exchange, weir, haproxy, applied);
            if comparison.is_equal() {
                continue;
            }
            differing += 1;
            report.push_str(&comparison.report(name, self.seed));
            if differing <= SHOWN {
                shown = report.len();
            }
        }
        let place = write_report(name, &report);
        if differing == 0 {
            return Ok(());
        }
        let first = &report[..shown];
        let all = place.display();
        Err(format!(
            "{name}: {differing} of {} exchanges differ, all in {all}; the first:\n{first}",
            self.count
        ))
    }
}

/// Keeps the whole report of a configuration, an empty one too: it takes the place of an old one.
fn write_report(name: &str, report: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../differential");
    fs::create_dir_all(&folder).unwrap();
    let place = folder.join(format!("{name}.txt"));
    fs::write(&place, report).unwrap();
    place
}

/// The files of the configurations, in the order of their numbers.
fn configurations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/configs");
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "cfg"))
        .collect();
    files.sort();
    files
}

const WEIR: &str = env!("CARGO_BIN_EXE_weir");
const HAPROXY: &str = "/usr/sbin/haproxy";
/// Exchanges of one configuration in a full run: each has one request or more.
const FULL_COUNT: usize = 2000;
/// The same where the test must be quick.
const BRIEF_COUNT: usize = 25;
const SEED: usize = 20_111_121;
/// Differences of one configuration that are printed.
const SHOWN: usize = 3;
