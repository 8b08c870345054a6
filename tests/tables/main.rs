//! Walks every table of the language: each entry is tested somewhere, and each is refused
//! properly when it is written wrongly.
//!
//! Owns the two promises that hold for keywords, parameters, actions, fetches, converters and
//! variables without anybody thinking of them again: a new entry that no test or example
//! mentions fails here, and so does one whose bad lines panic, pass, or are blamed on
//! another place.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bad;
mod mentions;
mod usage;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use weir::config::diagnostic::{Diagnostic, Level, Report, Source};
use weir::config::environment::Environment;
use weir::config::loader::{Options, load_sources};
use weir::config::section::section_named;
use weir::config::tables::{Entry, Kind, entries};

use bad::Line;
use mentions::Mentions;

#[test]
fn everything_in_the_tables_is_in_a_test_or_example() {
    let mentions = Mentions::of_repository();
    let mut missing = Vec::new();
    for entry in entries() {
        let mut families = FAMILIES.iter();
        if families.any(|(table, start, _)| is_of(&entry, table) && entry.name.starts_with(start)) {
            continue;
        }
        let excused = UNMENTIONED
            .iter()
            .any(|(table, name, _)| is_of(&entry, table) && *name == entry.name);
        if mentions.has(&entry) == excused {
            let (table, name) = (entry.kind.table(), entry.name);
            let owner = match entry.kind {
                Kind::Parameter(owner) => format!(" of {owner}"),
                _ => String::new(),
            };
            missing.push(match excused {
                true => format!("{table}{owner}: '{name}' is excused, but there is a test"),
                false => format!("{table}{owner}: '{name}' is in no test or example"),
            });
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn every_bad_line_is_one_alert_at_its_place() {
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in entries() {
        let lines = bad::bad_lines(&entry);
        if lines.is_empty() && !has_excuse(ALWAYS_GOOD, entry.name) {
            let table = entry.kind.table();
            failures.push(format!(
                "{table}: no bad line was found for '{}'",
                entry.name
            ));
        }
        for line in lines {
            count += 1;
            if let Err(why) = check_bad(&line)
                && !has_excuse(TOLERATED, &line.text)
            {
                failures.push(format!("{}: {}: {why}", line.section, line.text));
            }
        }
    }
    let len = failures.len();
    assert!(
        len == 0,
        "{len} of {count} bad lines:\n{}\n",
        failures.join("\n")
    );
}

#[test]
fn rules_are_accepted_as_their_usage_writes_them() {
    let mut failures = Vec::new();
    for line in entries().iter().flat_map(bad::good_rules) {
        let (text, _) = file_with(&line);
        let report = load(&text).unwrap_or_else(|| panic!("a panic from: {}", line.text));
        let alerts: Vec<_> = alerts(&report).map(|alert| alert.message.clone()).collect();
        if let Some(alert) = alerts.first()
            && !has_excuse(REFUSED, &line.text)
        {
            failures.push(format!("{}: {alert}", line.text));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn the_program_refuses_a_bad_line_with_its_place_underlined() {
    let directory = std::env::temp_dir().join(format!("weir-tables-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for table in ["keywords", "parameters", "actions", "fetches", "converters"] {
        let entries = entries();
        let of_table = entries.iter().filter(|entry| entry.kind.table() == table);
        let line = of_table.flat_map(bad::bad_lines).next().unwrap();
        let (text, number) = file_with(&line);
        let path = directory.join(format!("{table}.cfg"));
        std::fs::write(&path, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["-c", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{}\n{said}", line.text);
        let place = format!("parsing [{}:{number}] : ", path.display());
        assert_eq!(said.matches(&place).count(), 1, "{}\n{said}", line.text);
        assert!(said.contains("| ") && said.contains('^'), "{said}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

fn is_of(entry: &Entry, table: &str) -> bool {
    entry.kind.table() == table
}

/// Loads a file with this line and says what is wrong about what is said about it.
fn check_bad(line: &Line) -> Result<(), String> {
    let (text, number) = file_with(line);
    let report = load(&text).ok_or("a panic")?;
    let placed: Vec<&Diagnostic> = alerts(&report).collect();
    let [alert] = placed.as_slice() else {
        let messages: Vec<_> = placed.iter().map(|alert| alert.message.as_str()).collect();
        return Err(format!("{} alerts {messages:?}", placed.len()));
    };
    let message = &alert.message;
    let at = alert.at.ok_or_else(|| format!("no place: {message}"))?;
    if at.line != number {
        return Err(format!("line {} instead of {number}: {message}", at.line));
    }
    if at.column == 0 {
        return Err(format!("no word is underlined: {message}"));
    }
    if message.trim().len() < 8 || message.contains('\n') {
        return Err(format!("the message is '{message}'"));
    }
    let rendered = report.render(1);
    let place = format!("parsing [bad.cfg:{number}] : ");
    if rendered.matches(&place).count() < 1 || !rendered.contains("^") {
        return Err(format!("not shown: {rendered}"));
    }
    Ok(())
}

/// The alerts but for the two sentences that end every refusal.
fn alerts(report: &Report) -> impl Iterator<Item = &Diagnostic> {
    report.diagnostics().iter().filter(|diagnostic| {
        let is_trailer = diagnostic.at.is_none()
            && (diagnostic.message.starts_with("Error(s) found in")
                || diagnostic.message.starts_with("Fatal errors found"));
        diagnostic.level == Level::Alert && !is_trailer
    })
}

/// What is said about this text; `None` after a panic.
fn load(text: &str) -> Option<Report> {
    let read = || {
        let sources = vec![Source::new("bad.cfg", text.as_bytes())];
        let environment = Environment::default();
        load_sources(sources, &environment, Options::default(), Report::default()).1
    };
    catch_unwind(AssertUnwindSafe(read)).ok()
}

/// A file that is right but for this line, and the line's number.
fn file_with(line: &Line) -> (String, u32) {
    let mut text = String::from(FRAME);
    if section_named("userlist").is_some() {
        text.push_str(PEOPLE);
    }
    match line.section {
        "listen" => text.push_str(OPEN_LISTEN),
        "global" => text.push_str("global\n"),
        section => text.push_str(&format!("{section} extra\n")),
    }
    let number = text.lines().count() + 1;
    text.push_str(&format!("    {}\n", line.text));
    (text, u32::try_from(number).unwrap())
}

fn has_excuse(list: &[(&str, &str)], text: &str) -> bool {
    list.iter().any(|(excused, _)| *excused == text)
}

const FRAME: &str = "\
defaults base
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend front
    bind 127.0.0.1:1
";

const PEOPLE: &str = "\
userlist people
    user one insecure-password one
";

const OPEN_LISTEN: &str = "\
listen main
    bind 127.0.0.1:2
    server one 127.0.0.1:3
";

/// Entries that no test mentions: table, name, reason.
const UNMENTIONED: &[(&str, &str, &str)] = &[];

/// Entries that are alike, told by the start of their names: table, start, reason. One member
/// is tested for all.
const FAMILIES: &[(&str, &str, &str)] = &[
    (
        "fetches",
        "ssl_bc_",
        "without TLS to servers all of them find nothing",
    ),
    (
        "fetches",
        "ssl_c_",
        "without certificates of clients all of them find nothing",
    ),
    (
        "fetches",
        "ssl_f_",
        "without certificates of ours all of them find nothing",
    ),
    (
        "fetches",
        "ssl_fc_",
        "without TLS from clients all of them find nothing",
    ),
    (
        "fetches",
        "ssl_s_",
        "without certificates of servers all of them find nothing",
    ),
];

/// Entries that cannot be written wrongly: name, reason.
const ALWAYS_GOOD: &[(&str, &str)] = &[];

/// Rules that are known in their set only to say that they cannot stand there: text, reason.
const REFUSED: &[(&str, &str)] = &[
    (
        "http-response capture str(10.1.2.3) len 1",
        "responses have declared slots only: 'id'",
    ),
    (
        "tcp-request session expect-proxy layer4",
        "the header was read, or is not expected",
    ),
    (
        "tcp-request content expect-proxy layer4",
        "the header was read, or is not expected",
    ),
];

/// Generated lines that are right after all, or wrong about more than one thing: text, reason.
const TOLERATED: &[(&str, &str)] = &[
    ("balance", "stands for 'balance roundrobin', as in 2.6"),
    (
        "http-request add-acl(nowhere.name) 1",
        "a file that nothing uses is no error, as in 2.6",
    ),
    ("http-response add-acl(nowhere.name) 1", "as add-acl"),
    ("http-request del-acl(nowhere.name) 1", "as add-acl"),
    ("http-response del-acl(nowhere.name) 1", "as add-acl"),
    ("http-request del-map(nowhere.name) 1", "as add-acl"),
    ("http-response del-map(nowhere.name) 1", "as add-acl"),
    ("http-request set-map(nowhere.name) 1 1", "as add-acl"),
    ("http-response set-map(nowhere.name) 1 1", "as add-acl"),
    ("acl bad bin() -m found", "one empty argument, as in 2.6"),
    ("acl bad env() -m found", "as bin()"),
    ("acl bad meth() -m found", "as bin()"),
    ("acl bad str() -m found", "as bin()"),
    ("acl bad str(1),param() -m found", "as bin()"),
];
