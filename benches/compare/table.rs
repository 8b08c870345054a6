//! The report: what the machine and the programs are, the table, and the spread of the rounds.
//!
//! Called by `main`. Prints to standard output, as Markdown, so that it can be quoted as it is.

use std::cmp::Ordering;
use std::env;
use std::fs;
use std::process::Command;

use crate::lab::{Contestant, Cores, Sample};
use crate::measure::{Budget, Row, Unit};
use crate::process::Outcome;

/// What the rounds of one row gave, by column.
pub(crate) struct Figures {
    pub(crate) row: &'static Row,
    pub(crate) columns: [Column; Contestant::ALL.len()],
}

/// The rounds of one contestant in one row.
#[derive(Default)]
pub(crate) struct Column {
    pub(crate) rounds: Vec<Sample>,
    /// Why there are no more rounds.
    pub(crate) failure: Option<String>,
}

impl Column {
    /// Adds the result of a round.
    pub(crate) fn add(&mut self, outcome: Outcome<Sample>) {
        match outcome {
            Ok(sample) => self.rounds.push(sample),
            Err(why) => self.failure = Some(why),
        }
    }

    /// The round in the middle; `None` without rounds or after a failure, because a program that
    /// fails now and then has no figure.
    fn median(&self) -> Option<&Sample> {
        if self.failure.is_some() {
            return None;
        }
        middle(self.rounds.iter().collect(), |a, b| {
            a.value.total_cmp(&b.value)
        })
    }

    /// One round; `None` after a failure.
    fn sample(&self, index: usize) -> Option<&Sample> {
        self.rounds.get(index).filter(|_| self.failure.is_none())
    }

    fn cell(&self, unit: Unit) -> String {
        if let Some(why) = &self.failure {
            let why: String = why.chars().take(FAILURE_LENGTH_MAX).collect();
            return format!("failed: {}", why.replace(['|', '\n'], " ").trim_end());
        }
        match self.median() {
            Some(sample) => written(sample, unit),
            None => String::from("-"),
        }
    }
}

impl Figures {
    /// Nothing measured yet.
    pub(crate) fn new(row: &'static Row) -> Self {
        Self {
            row,
            columns: Default::default(),
        }
    }

    /// The column of `contestant`.
    pub(crate) fn column(&self, contestant: Contestant) -> &Column {
        let [weir, nginx, haproxy] = &self.columns;
        match contestant {
            Contestant::Weir => weir,
            Contestant::Nginx => nginx,
            Contestant::Haproxy => haproxy,
        }
    }

    /// The same, to add to it.
    pub(crate) fn column_mut(&mut self, contestant: Contestant) -> &mut Column {
        let [weir, nginx, haproxy] = &mut self.columns;
        match contestant {
            Contestant::Weir => weir,
            Contestant::Nginx => nginx,
            Contestant::Haproxy => haproxy,
        }
    }

    /// weir's figure as a multiple of that of `other`: the median of the rounds' own ratios,
    /// because a slow minute of the machine meets both sides of a round. `None` when half of the
    /// rounds or more have none.
    fn ratio(&self, other: Contestant) -> Option<f64> {
        let count = self.column(Contestant::Weir).rounds.len();
        let rounds = 0..count;
        let ratios: Vec<f64> = rounds.filter_map(|i| self.round_ratio(other, i)).collect();
        if ratios.len() * 2 <= count {
            return None;
        }
        middle(ratios, f64::total_cmp)
    }

    /// The ratio in one round. There is none when one of the two is not positive: what something
    /// adds is a difference, which noise can turn round.
    fn round_ratio(&self, other: Contestant, index: usize) -> Option<f64> {
        let weir = self.column(Contestant::Weir).sample(index)?.value;
        let other = self.column(other).sample(index)?.value;
        (weir > 0.0 && other > 0.0).then(|| weir / other)
    }

    /// Whether every bound of the budget holds for these values; `None` when one cannot be told.
    fn holds(&self, weir: f64, ratio: impl Fn(Contestant) -> Option<f64>) -> Option<bool> {
        let Budget {
            absolute,
            of_nginx,
            of_haproxy,
        } = self.row.budget;
        let bounds = [
            absolute.map(|bound| Some(weir <= bound)),
            of_nginx.map(|bound| Some(ratio(Contestant::Nginx)? <= bound)),
            of_haproxy.map(|bound| Some(ratio(Contestant::Haproxy)? <= bound)),
        ];
        let known: Vec<Option<bool>> = bounds.into_iter().flatten().collect();
        if known.contains(&Some(false)) {
            return Some(false);
        }
        known.iter().all(Option::is_some).then_some(true)
    }

    /// `met` or `missed` by the medians, and in how many rounds it was met when not all agree.
    fn verdict(&self) -> String {
        let weir = self.column(Contestant::Weir);
        let met = weir
            .median()
            .and_then(|median| self.holds(median.value, |other| self.ratio(other)));
        let Some(met) = met else {
            return String::from("not known");
        };
        let rounds = weir.rounds.iter().enumerate();
        let in_rounds = rounds.filter(|(index, sample)| {
            self.holds(sample.value, |other| self.round_ratio(other, *index)) == Some(true)
        });
        let (count, of) = (in_rounds.count(), weir.rounds.len());
        match (met, count) {
            (true, _) if count == of => String::from("met"),
            (true, _) => format!("met (in {count} of {of} rounds)"),
            (false, 0) => String::from("missed"),
            (false, _) => format!("missed (met in {count} of {of} rounds)"),
        }
    }
}

/// Prints the machine, the versions and the command.
pub(crate) fn print_machine(cores: Cores, seconds: u64, rounds: usize) {
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    println!("# weir beside nginx and haproxy\n");
    println!("- CPU: {}", model.map_or("unknown", |(_, name)| name));
    let count = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    println!(
        "- cores: {count}; proxy on core {}, load and origin on core {}",
        cores.proxy, cores.load
    );
    println!("- kernel: {}", read("/proc/sys/kernel/osrelease").trim());
    println!("- load average before: {}", read("/proc/loadavg").trim());
    for contestant in Contestant::ALL {
        let binary = contestant.binary();
        println!("- {}: {} ({binary})", contestant.name(), version(&binary));
    }
    println!("- wrk: {}", version("wrk"));
    println!("- {rounds} rounds, {seconds} s each, medians");
    println!("- command: `{}cargo bench --bench compare`\n", settings());
}

/// Prints the table itself.
pub(crate) fn print_figures(all: &[Figures]) {
    println!("| what | budget | weir | nginx | haproxy | weir/nginx | weir/haproxy | result |");
    println!("|---|---|---|---|---|---|---|---|");
    for figures in all {
        let unit = figures.row.unit;
        let [weir, nginx, haproxy] = &figures.columns;
        let ratio = |other| {
            figures
                .ratio(other)
                .map_or(String::from("-"), |r| format!("{r:.2}"))
        };
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            figures.row.what,
            bounds(figures.row.budget, unit),
            weir.cell(unit),
            nginx.cell(unit),
            haproxy.cell(unit),
            ratio(Contestant::Nginx),
            ratio(Contestant::Haproxy),
            figures.verdict(),
        );
    }
}

/// Prints what each round gave, so that a reader can tell a difference from noise.
pub(crate) fn print_rounds(all: &[Figures]) {
    println!(
        "\nRounds, in the unit of the row, and how the proxy's core was used at its idlest:\n"
    );
    for figures in all {
        println!("- {}", figures.row.what);
        for contestant in Contestant::ALL {
            let column = figures.column(contestant);
            if column.rounds.is_empty() {
                continue;
            }
            let values: Vec<String> = column
                .rounds
                .iter()
                .map(|s| number(s.value, figures.row.unit))
                .collect();
            println!(
                "  - {}: {}{}",
                contestant.name(),
                values.join(", "),
                remarks(column)
            );
        }
    }
}

/// How the core was used in the round that was idle most, and the note of the last round.
fn remarks(column: &Column) -> String {
    let loads = column.rounds.iter().filter_map(|sample| sample.load);
    let load = loads.max_by(|a, b| a.idle.total_cmp(&b.idle)).map(|load| {
        format!(
            "; busy {:.0} %, idle {:.0} %",
            load.busy * 100.0,
            load.idle * 100.0
        )
    });
    let load = load.unwrap_or_default();
    let note = column
        .rounds
        .last()
        .map(|sample| sample.note.as_str())
        .unwrap_or_default();
    if note.is_empty() {
        load
    } else {
        format!("{load}; {note}")
    }
}

/// The value in the middle of the sorted ones; the lower one of two.
fn middle<T: Copy>(mut values: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Option<T> {
    values.sort_by(order);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

fn written(sample: &Sample, unit: Unit) -> String {
    let value = number(sample.value, unit);
    let word = match unit {
        Unit::Microseconds => " us",
        Unit::Calls => "",
        Unit::Bytes => " B",
        Unit::SecondsPerGigabyte => " s",
    };
    let parts = sample
        .split
        .map(|(user, system)| format!(" ({} + {})", number(user, unit), number(system, unit)));
    format!("{value}{word}{}", parts.unwrap_or_default())
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Microseconds | Unit::Calls => format!("{value:.2}"),
        Unit::Bytes => format!("{value:.0}"),
        Unit::SecondsPerGigabyte => format!("{value:.3}"),
    }
}

fn bounds(budget: Budget, unit: Unit) -> String {
    let absolute = budget.absolute.map(|bound| match unit {
        Unit::Bytes => format!("{bound:.0} B"),
        Unit::Microseconds | Unit::Calls | Unit::SecondsPerGigabyte => format!("{bound}"),
    });
    let of_nginx = budget.of_nginx.map(|bound| format!("{bound:.2} x nginx"));
    let of_haproxy = budget
        .of_haproxy
        .map(|bound| format!("{bound:.2} x haproxy"));
    let all: Vec<String> = [absolute, of_nginx, of_haproxy]
        .into_iter()
        .flatten()
        .collect();
    format!("<= {}", all.join(", "))
}

/// The first line that the program says of itself with `-v`, on either output.
fn version(binary: &str) -> String {
    let Ok(output) = Command::new(binary).arg("-v").output() else {
        return String::from("does not start");
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines()
        .next()
        .unwrap_or("says nothing of its version")
        .to_owned()
}

/// The environment variables that changed this run, as one would type them.
fn settings() -> String {
    let known = [
        "WEIR",
        "NGINX",
        "HAPROXY",
        "BENCH_SECONDS",
        "BENCH_ROUNDS",
        "BENCH_ROWS",
    ];
    let set = known
        .iter()
        .filter_map(|name| Some(format!("{name}={} ", env::var(name).ok()?)));
    set.collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Long reasons would push the other columns off the screen; the whole text is on standard error.
const FAILURE_LENGTH_MAX: usize = 80;
