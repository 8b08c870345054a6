//! Whole files: what is built and what is said.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::config::model::{CliLevel, LogTransport, PollerKind};

fn load_text(text: impl AsRef<[u8]>) -> (Config, Report) {
    let source = Source::new("site.cfg", text.as_ref());
    let environment = Environment::from([("PORT", "8000"), ("USERS", "a b")]);
    load_sources(
        vec![source],
        &environment,
        Options::default(),
        Report::default(),
    )
}

fn messages(text: impl AsRef<[u8]>) -> Vec<String> {
    let (_, report) = load_text(text);
    report
        .diagnostics()
        .iter()
        .map(|diagnostic| diagnostic.message.clone())
        .collect()
}

/// A directory of its own that goes away with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("weir-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_bad_file_is_told_line_by_line() {
    let (_, report) = load_text(include_str!("bad.cfg"));
    assert_eq!(report.render(29_482), include_str!("bad.expected"));
    assert!(report.has_errors());
}

#[test]
fn a_good_global_section_is_read() {
    let (config, report) = load_text(include_str!("good.cfg"));
    assert_eq!(report.render(1), "");
    let global = &config.global;
    assert_eq!(
        (global.maxconn, global.nbproc, global.spread_checks),
        (4_000, 2, 5)
    );
    assert_eq!(global.tuning.bufsize, 2_048);
    assert_eq!(global.tuning.maxrewrite, 1_024);
    assert_eq!(global.hard_stop_after_ms, 30_000);
    assert_eq!(global.description.as_deref(), Some("the front door"));
    assert_eq!(global.log_send_hostname, Some(Some("edge".into())));
    assert!(global.disabled_pollers.contains(&PollerKind::Sepoll));
    let targets: Vec<&LogTransport> = global.logs.iter().map(|log| &log.transport).collect();
    let udp = LogTransport::Udp("127.0.0.1:514".parse().unwrap());
    let path = LogTransport::UnixDatagram("/dev/log".into());
    assert_eq!(targets, [&udp, &path, &LogTransport::Descriptor(1)]);
    let [unix, tcp] = &global.stats_sockets[..] else {
        panic!("two sockets")
    };
    assert_eq!(unix.level, CliLevel::Admin);
    assert_eq!(
        (unix.unix.mode, unix.expose_fd_listeners),
        (Some(0o600), true)
    );
    assert_eq!((tcp.level, tcp.process_mask), (CliLevel::Operator, 0b10));
    assert_eq!(global.stats_timeout_ms, 10_000);
}

#[test]
fn a_second_value_is_warned_about_and_ignored() {
    let (config, report) = load_text("global\n maxconn 5\n maxconn 6\n uid 1\n user root\n");
    assert_eq!((config.global.maxconn, config.global.uid), (5, Some(1)));
    assert_eq!(report.worst(), Some(Level::Warning));
    assert_eq!(
        report.diagnostics()[0].message,
        "'maxconn' already specified. Continuing."
    );
    assert_eq!(
        report.diagnostics()[1].message,
        "'user/uid' already specified. Continuing."
    );
}

#[test]
fn variables_set_in_the_file_count_below() {
    let text = "global\n setenv A 7\n presetenv A 8\n maxconn \"$A\"\n unsetenv A\n \
                ulimit-n \"${A-9}\"\n stats socket 127.0.0.1:${PORT}\n";
    let (config, report) = load_text(text);
    assert_eq!(report.render(1), "");
    assert_eq!((config.global.maxconn, config.global.ulimit_n), (7, 9));
    assert_eq!(config.global.stats_sockets.len(), 1);
}

#[test]
fn blocks_choose_lines_and_messages_are_reported() {
    let text = ".if streq(\"$PORT\",8000) && version_atleast(2.4)\n.notice \"a b\"\nglobal\n \
                maxconn 3\n.else\n bogus\n.endif\n.warning w\n.diag d\n";
    let (config, report) = load_text(text);
    assert_eq!(config.global.maxconn, 3);
    let expected = [(Level::Notice, "'a b'."), (Level::Warning, "'w'.")];
    let said: Vec<(Level, &str)> = report
        .diagnostics()
        .iter()
        .map(|one| (one.level, one.message.as_str()))
        .collect();
    assert_eq!(said, expected);
}

#[test]
fn unknown_sections_cost_one_error() {
    let text = "peers x\n peer a 1.2.3.4:5\n foo\nring u\n size a\nglobal\n maxconn 4\n";
    let (config, _) = load_text(text);
    assert_eq!(config.global.maxconn, 4);
    let errors = messages(text);
    assert_eq!(
        errors[..2],
        ["unknown section 'peers'", "unknown section 'ring'"]
    );
    assert_eq!(errors.len(), 4);
}

#[test]
fn odd_bytes_are_errors_and_never_more() {
    assert_eq!(
        messages("global\n maxconn 5\0 6\n")[0],
        "stray NUL character at position 11"
    );
    assert_eq!(
        messages(b"global\n foo\xff\xfe x\n")[0],
        "unknown keyword 'foo\u{fffd}\u{fffd}' in 'global' section"
    );
    assert_eq!(messages("global\r\n maxconn 5\r\n"), [""; 0]);
    assert_eq!(
        messages("global\n maxconn 5")[0],
        "Missing LF on last line, file might have been truncated at position 11."
    );
    assert_eq!(messages(""), [""; 0]);
}

#[test]
fn a_hundred_thousand_bad_lines_stop_at_fifty() {
    let text = String::from("global\n") + &" foo\n".repeat(100_000);
    let errors = messages(&text);
    assert_eq!(errors.len(), 50 + 3);
    assert_eq!(errors[50], "too many fatal errors (50), stopping now.");
    let (config, report) = load_text(String::from("global\n") + &" daemon\n".repeat(100_000));
    assert!(config.global.daemon && !report.has_errors());
    let (_, report) = load_text(String::from("global\n") + &" maxconn 5\n".repeat(100_000));
    assert_eq!(report.render(1).lines().count(), 99_999 * 5);
}

#[test]
fn directories_are_read_in_order() {
    let scratch = Scratch::new("loader-directory");
    scratch.write("b.cfg", "global\n node b\n");
    scratch.write("a.cfg", "global\n maxconn 7\n");
    scratch.write(".hidden.cfg", "nonsense\n");
    scratch.write("other.txt", "nonsense\n");
    let (config, report) = load(std::slice::from_ref(&scratch.0), &Environment::default());
    assert_eq!(report.render(1), "");
    let names: Vec<_> = config
        .files
        .iter()
        .filter_map(|name| name.rsplit('/').next())
        .collect();
    assert_eq!(names, ["a.cfg", "b.cfg"]);
    assert_eq!(config.global.maxconn, 7);
}

#[test]
fn what_cannot_be_read_is_told() {
    let scratch = Scratch::new("loader-missing");
    let path = scratch.0.join("none.cfg");
    let (_, report) = load(&[path, scratch.0.clone()], &Environment::default());
    let first = &report.diagnostics()[0].message;
    assert!(
        first.starts_with("Cannot open configuration file/directory "),
        "{first}"
    );
    assert!(
        first.ends_with("none.cfg : No such file or directory"),
        "{first}"
    );
    let second = &report.diagnostics()[1].message;
    assert!(
        second.starts_with("No '*.cfg' file in configuration directory "),
        "{second}"
    );
}

#[test]
fn endless_files_are_refused() {
    let (_, report) = load(&[PathBuf::from("/dev/zero")], &Environment::default());
    let first = &report.diagnostics()[0].message;
    assert!(
        first.ends_with("/dev/zero : it is larger than 67108864 bytes"),
        "{first}"
    );
}

#[test]
fn diagnostic_messages_need_their_option() {
    let sources = || vec![Source::new("f", &b".diag d\n"[..])];
    let environment = Environment::default();
    let options = Options { diagnostic: true };
    let (_, report) = load_sources(sources(), &environment, options, Report::default());
    assert_eq!(report.diagnostics()[0].message, "'d'.");
    let options = Options::default();
    let (_, report) = load_sources(sources(), &environment, options, Report::default());
    assert_eq!(report.worst(), None);
}

#[test]
fn each_file_starts_outside_of_sections() {
    let source = |name: &str, text: &str| Source::new(name, text.as_bytes());
    let sources = vec![
        source("a", ".if 1\nglobal\n"),
        source("b", " maxconn 5\n.endif\n"),
    ];
    let environment = Environment::default();
    let (_, report) = load_sources(sources, &environment, Options::default(), Report::default());
    let text = report.render(9);
    for line in [
        "[ALERT]    (9) : config : parsing [a:1] : non-terminated '.if' block.\n",
        "[ALERT]    (9) : config : Error(s) found in configuration file : a\n",
        "[ALERT]    (9) : config : parsing [b:1] : unknown keyword 'maxconn' out of section.\n",
        "[ALERT]    (9) : config : parsing [b:2] : lone '.endif' with no matching '.if'.\n",
        "[ALERT]    (9) : config : Fatal errors found in configuration.\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

proptest! {
    #[test]
    fn no_file_panics(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = load_text(text).1.render(1);
    }

    #[test]
    fn no_lines_panic(lines in proptest::collection::vec(
        concat!(
            r"(global|\.if|\.else|\.endif|\.alert|no|default",
            r"| log| stats socket| maxconn| unix-bind)",
            r#"[ a-z0-9@:/"'$\\\t-]{0,20}"#,
        ),
        0..12,
    )) {
        let _ = load_text(lines.join("\n")).1.render(1);
    }
}
