//! The lines of a proxy and what is said of wrong ones.

use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::CompressionRules;
use crate::http::compression::Algorithm::{Deflate, Gzip, Identity, RawDeflate};

fn read(text: &str) -> (CompressionRules, Report) {
    let source = Source::new("t.cfg".to_owned(), text.as_bytes().to_vec());
    let (config, report) = load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    );
    let rules = config
        .proxies
        .first()
        .map(|proxy| proxy.compression.clone());
    (rules.unwrap_or_default(), report)
}

#[test]
fn lines_add_up_and_are_inherited() {
    let (rules, report) = read(
        "defaults\n compression algo gzip\n compression type text/html\n mode http\n\
         backend b\n compression algo identity deflate raw-deflate gzip\n\
         compression type text/plain image/svg\n compression offload\n\
         compression direction response\n",
    );
    assert!(!report.has_errors(), "{}", report.render(1));
    assert_eq!(rules.algorithms, [Gzip, Identity, Deflate, RawDeflate]);
    assert_eq!(rules.types, ["text/html", "text/plain", "image/svg"]);
    assert!(rules.offload);
}

#[test]
fn offload_is_ignored_in_defaults() {
    let (rules, report) = read("defaults\n compression offload\nbackend b\n mode http\n");
    assert!(!rules.offload && !report.has_errors());
    assert_eq!(
        report.diagnostics()[0].message,
        "'compression' : 'offload' ignored in 'defaults' section."
    );
}

#[test]
fn wrong_lines_are_refused() {
    for (words, message) in [
        ("", "'compression' expects 'algo', 'type' or 'offload'"),
        ("foo", "'compression' expects 'algo', 'type' or 'offload'"),
        ("algo", "'compression' expects <algorithm>."),
        (
            "algo gzap",
            "'compression' : 'gzap' is not a supported algorithm.",
        ),
        ("type", "'compression' expects <type>."),
        (
            "direction both",
            "'compression direction' only supports 'response'.",
        ),
    ] {
        let (_, report) = read(&format!("backend b\n mode http\n compression {words}\n"));
        assert_eq!(report.diagnostics()[0].message, message, "{words}");
    }
    assert!(read("backend b\n compression offload x\n").1.has_errors());
}
