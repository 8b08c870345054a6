//! Configuration files and the verdict on them, compared with HAProxy's.
//!
//! Every row is a small file, what is thought of it, and a piece of the message. With
//! `REFERENCE=/usr/sbin/haproxy cargo test --test config_compat` the same table runs on that
//! program; rows on which the two disagree on purpose carry the other verdict and a reason.

mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use weir::config::diagnostic::Level;
use weir::config::environment::Environment;
use weir::config::loader;

use rows::ROWS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Warning,
    Alert,
}
use Verdict::{Alert, Fine, Warning};

/// A file and what is said about it.
struct Row {
    name: &'static str,
    text: &'static str,
    verdict: Verdict,
    /// A piece of the message, on both programs unless the row differs.
    fragment: &'static str,
    /// What the reference says instead, and why weir does not.
    differs: Option<(Verdict, &'static str)>,
}

const fn same(
    name: &'static str,
    text: &'static str,
    verdict: Verdict,
    fragment: &'static str,
) -> Row {
    Row {
        name,
        text,
        verdict,
        fragment,
        differs: None,
    }
}

const fn but(row: Row, reference: Verdict, reason: &'static str) -> Row {
    Row {
        differs: Some((reference, reason)),
        ..row
    }
}

#[test]
fn verdicts_and_messages() {
    let directory = Scratch::new("config-compat");
    let mut failures = Vec::new();
    for row in ROWS {
        let file = directory.write("c.cfg", &expand(row.text, &directory.0));
        let (_, report) = loader::load(&[file], &Environment::default());
        let verdict = match report.worst() {
            None | Some(Level::Notice) => Fine,
            Some(Level::Warning) => Warning,
            Some(Level::Alert) => Alert,
        };
        let text = report.render(1);
        if verdict != row.verdict || !text.contains(row.fragment) {
            failures.push(format!("{}: {verdict:?}\n{text}", row.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_reference_agrees() {
    let Some(reference) = std::env::var_os("REFERENCE") else {
        return;
    };
    let directory = Scratch::new("config-reference");
    let mut failures = Vec::new();
    for row in ROWS {
        let file = directory.write("c.cfg", &expand(row.text, &directory.0));
        let output = Command::new(&reference)
            .arg("-c")
            .arg("-f")
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let verdict = match output.status.code() {
            Some(1) => Alert,
            _ if text.contains("[WARNING]") => Warning,
            _ => Fine,
        };
        let agrees = match row.differs {
            Some((other, _)) => verdict == other && verdict != row.verdict,
            None => verdict == row.verdict && text.contains(row.fragment),
        };
        if !agrees {
            failures.push(format!("{}: {verdict:?}\n{text}", row.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_files_in_conf_are_clean() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cfg") {
            let (config, report) =
                loader::load(std::slice::from_ref(&path), &Environment::default());
            assert_eq!(report.render(1), "", "{}", path.display());
            assert!(!config.proxies.is_empty(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 3);
}

#[test]
fn rows_have_unique_names() {
    let mut names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// A directory of this test alone, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        for (name, content) in FILES {
            fs::write(path.join(name), content).expect("the directory is new");
        }
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the directory is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Replaces `@D` by a defaults section for HTTP, `@T` by the three timeouts, `@L` by the
/// head of a `listen` section and `@DIR/` by the directory of [`FILES`].
fn expand(text: &str, directory: &Path) -> String {
    text.trim_start_matches('\n')
        .replace("@D\n", "defaults\n mode http\n@T\n")
        .replace(
            "@T\n",
            " timeout client 1s\n timeout server 1s\n timeout connect 1s\n",
        )
        .replace("@L\n", "listen l\n bind 127.0.0.1:8080\n")
        .replace("@DIR/", &format!("{}/", directory.display()))
}

const FILES: [(&str, &str); 5] = [
    (
        "good.http",
        "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n<html>\n",
    ),
    ("empty.http", ""),
    ("text.http", "hello\n"),
    (
        "short.http",
        "HTTP/1.0 503 x\r\nContent-Length: 10\r\n\r\nabc",
    ),
    (
        "chunked.http",
        "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
];
