//! The side-by-side comparison: weir, nginx and haproxy under the same load in one run.
//!
//! `cargo bench --bench compare` prints the table of budgets as measured here; benches/README.md
//! says how to read it. Owns the order of the measurements: for each row, round after round, the
//! contestants in turn, so that a drift of the machine meets all of them. Never judges a time by
//! its exit status: that is 0 unless nothing at all could be measured.

mod bulk;
mod config;
mod idle;
mod lab;
mod load;
mod measure;
mod process;
mod procfs;
mod relay;
mod sink;
mod table;

use std::env;
use std::process::ExitCode;

use lab::{Contestant, Lab};
use measure::{ROWS, Row};
use process::Outcome;
use table::Figures;

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benches too, without this argument, and must stay quick.
    if !env::args().any(|argument| argument == "--bench") {
        println!("compare: measures only when cargo bench runs it");
        return ExitCode::SUCCESS;
    }
    process::clean_up_on_signals();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("compare: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let seconds = setting("BENCH_SECONDS", 3)?;
    let rounds = usize::try_from(setting("BENCH_ROUNDS", 3)?).map_err(|e| e.to_string())?;
    let rows = chosen_rows()?;
    let lab = Lab::open(seconds)?;
    table::print_machine(lab.cores, seconds, rounds);
    let all: Vec<Figures> = rows
        .into_iter()
        .map(|row| measure_row(&lab, row, rounds))
        .collect();
    table::print_figures(&all);
    table::print_rounds(&all);
    let mut columns = all.iter().flat_map(|figures| &figures.columns);
    if columns.all(|column| column.rounds.is_empty()) {
        return Err(String::from("nothing could be measured"));
    }
    Ok(())
}

/// All rounds of one row. The first contestant changes from round to round, and one that has failed
/// is not tried again.
fn measure_row(lab: &Lab, row: &'static Row, rounds: usize) -> Figures {
    let mut figures = Figures::new(row);
    let mut order = Contestant::ALL;
    for round in 1..=rounds {
        for contestant in order {
            let takes_part = contestant != Contestant::Nginx || row.with_nginx;
            if !takes_part || figures.column(contestant).failure.is_some() {
                continue;
            }
            let outcome = (row.measure)(lab, contestant);
            let name = contestant.name();
            match &outcome {
                Ok(sample) => eprintln!("{} [{round}] {name}: {:.3}", row.what, sample.value),
                Err(why) => eprintln!("{} [{round}] {name}: failed: {why}", row.what),
            }
            figures.column_mut(contestant).add(outcome);
        }
        order.rotate_left(1);
    }
    figures
}

/// The rows that `BENCH_ROWS` names, separated by commas; all without it.
fn chosen_rows() -> Outcome<Vec<&'static Row>> {
    let Ok(names) = env::var("BENCH_ROWS") else {
        return Ok(ROWS.iter().collect());
    };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| !ROWS.iter().any(|row| row.name == **name))
    {
        let mut known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        known.dedup();
        return Err(format!(
            "BENCH_ROWS: no row '{unknown}'; there are {}",
            known.join(", ")
        ));
    }
    Ok(ROWS
        .iter()
        .filter(|row| names.contains(&row.name))
        .collect())
}

/// A positive whole number from the environment.
fn setting(name: &str, default: u64) -> Outcome<u64> {
    let Ok(text) = env::var(name) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(value @ 1..=SETTING_MAX) => Ok(value),
        _ => Err(format!(
            "{name}: '{text}' is not a number from 1 to {SETTING_MAX}"
        )),
    }
}

/// Keeps a mistyped duration from measuring for days.
const SETTING_MAX: u64 = 600;
