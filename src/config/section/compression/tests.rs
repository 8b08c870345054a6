//! The limits and what is said of wrong ones.

use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::Config;

fn load(line: &str) -> (Config, Report) {
    let source = Source::new(
        "g.cfg".to_owned(),
        format!("global\n {line}\n").into_bytes(),
    );
    load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    )
}

#[test]
fn limits_are_read() {
    let global = |line| load(line).0.global;
    assert_eq!(global("maxcomprate 3").compression_rate_max, 3 * 1024);
    assert_eq!(
        global("maxcomprate 4294967295").compression_rate_max,
        u32::MAX
    );
    assert_eq!(global("maxcompcpuusage 90").compression_idle_min, 10);
    assert_eq!(global("").compression_idle_min, 0);
    assert_eq!(global("maxzlibmem 5").compression_memory_mb, 5);
    assert_eq!(
        global("tune.comp.maxlevel 9").tuning.compression_level_max,
        9
    );
    assert_eq!(global("").tuning.compression_level_max, 1);
}

#[test]
fn wrong_limits_are_refused() {
    for (line, message) in [
        (
            "maxcomprate",
            "'maxcomprate' expects an integer argument in kb/s.",
        ),
        (
            "maxcomprate x",
            "'maxcomprate' expects an integer argument in kb/s.",
        ),
        (
            "maxcompcpuusage 101",
            "'maxcompcpuusage' expects an integer argument between 0 and 100.",
        ),
        ("maxzlibmem -1", "'maxzlibmem' expects an integer argument."),
        (
            "tune.comp.maxlevel 0",
            "'tune.comp.maxlevel' expects a numeric value between 1 and 9",
        ),
    ] {
        let (_, report) = load(line);
        assert_eq!(report.diagnostics()[0].message, message, "{line}");
    }
    assert!(load("maxzlibmem 1 2").1.has_errors());
}
