//! Formats, captures and levels of log lines through the loader.

use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::{
    Action, CaptureInto, Config, LogFormat, LogLevel, ProxyOption, RuleSet, Setting,
};

fn read(text: &str) -> (Config, Report) {
    load_sources(
        vec![Source::new("t.cfg", text.as_bytes())],
        &Environment::default(),
        Options::default(),
        Report::default(),
    )
}

/// A frontend with these lines, and what is said about it.
fn frontend(mode: &str, lines: &str) -> (Config, String) {
    let (config, report) = read(&format!(
        "frontend f\n mode {mode}\n bind :80\n timeout client 1s\n log 127.0.0.1:1 local0\n\
         {lines}\n"
    ));
    (config, report.render(1))
}

#[test]
fn the_last_shape_counts() {
    for (lines, expected) in [
        (" log-format a", LogFormat::Custom),
        (" log-format a\n option httplog", LogFormat::Http),
        (" option httplog\n log-format a", LogFormat::Custom),
        (" option httplog json", LogFormat::HttpJson),
        (" option httplog clf\n option httpslog", LogFormat::Https),
        (" error-log-format a\n log-format-sd b", LogFormat::Default),
    ] {
        let (config, said) = frontend("http", lines);
        assert_eq!(said, "", "{lines}");
        let log = &config.proxies[0].log;
        assert_eq!(log.format, expected, "{lines}");
        assert_eq!(log.custom.is_some(), expected == LogFormat::Custom);
    }
    let (config, _) = frontend("http", " option log-reason\n log-format %fi%bp");
    let proxy = &config.proxies[0];
    assert!(proxy.options.has(ProxyOption::LogReason));
    assert!(proxy.log.shows_destination && proxy.log.shows_server_source);
}

#[test]
fn defaults_say_what_is_overridden() {
    let text = "defaults\n mode http\n option httplog\n log-format a\nfrontend f\n bind :80\n \
                timeout client 1s\n log 127.0.0.1:1 local0\n option tcplog\n";
    let (config, report) = read(text);
    let said = report.render(1);
    let expected = "'log-format' overrides previous 'option httplog' in 'defaults' section.";
    assert!(said.contains(expected), "{said}");
    assert_eq!(said.matches("overrides").count(), 1);
    assert_eq!(config.proxies[0].log.format, LogFormat::Tcp);
}

#[test]
fn faults_are_told_as_haproxy_tells_them() {
    for (lines, expected) in [
        (" log-format", "log-format expects an argument."),
        (" log-format a b", "log-format expects only one argument"),
        (" unique-id-format", "unique-id-format expects an argument."),
        (" unique-id-header a:b", "cannot be the name of a header"),
        (
            " log-format %[req.hdr(a)]",
            "it needs 'HTTP request headers'",
        ),
        (
            " option httplog xml",
            "keyword 'httplog' only supports option 'clf'.",
        ),
        (
            " capture foo",
            "'capture' expects 'cookie' or 'request header'",
        ),
        (
            " capture request header A",
            "expects 'header' <header_name> 'len' <len>.",
        ),
        (
            " capture request header A len 3 x",
            "cannot handle unexpected argument 'x'.",
        ),
        (
            " declare foo",
            "unknown declaration type 'foo' (supports 'capture')",
        ),
        (
            " declare capture both len 3",
            "requires a direction ('request' or 'response')",
        ),
        (
            " declare capture request",
            "requires a capture length ('len')",
        ),
        (" declare capture request len 0", "length must be > 0"),
        (
            " http-request capture path",
            "expects <expression> [ 'len' <length> | id <idx> ].",
        ),
        (" http-request capture path len 0", "length must be > 0."),
        (" http-request capture path id x", "cannot parse id 'x'."),
        (
            " http-request capture path foo 3",
            "expects 'len' or 'id', found 'foo'.",
        ),
        (
            " http-response capture status len 3",
            "expects 'id', found 'len'.",
        ),
        (
            " http-request capture path id 0",
            "unable to find capture id '0' referenced by",
        ),
        (
            " http-request set-log-level loud",
            "expects exactly 1 argument (log level name",
        ),
    ] {
        let (_, said) = frontend("http", lines);
        assert!(
            said.contains("ALERT") && said.contains(expected),
            "{lines}: {said}"
        );
    }
}

#[test]
fn tcp_frontends_take_no_variables_of_http() {
    for (lines, name) in [
        (" log-format %HM", "log-format"),
        (" error-log-format %TR", "error-log-format"),
        (" log-format-sd %r", "log-format-sd"),
        (" unique-id-format %HU", "unique-id"),
    ] {
        let (_, said) = frontend("tcp", lines);
        let expected = format!("failed to parse {name} : format variable '");
        assert!(said.contains(&expected) && said.contains("ALERT"), "{said}");
    }
    let (config, said) = frontend("tcp", " option httpslog");
    assert!(
        said.contains("'option httpslog' not usable with frontend 'f'"),
        "{said}"
    );
    assert_eq!(config.proxies[0].log.format, LogFormat::Tcp);
    // What is overridden harms nobody.
    assert_eq!(frontend("tcp", " log-format %HM\n option tcplog").1, "");
}

#[test]
fn slots_are_numbered_as_they_are_declared() {
    let lines = " capture request header A len 3\n declare capture request len 4\n \
                 http-request capture path len 5\n declare capture response len 6\n \
                 http-request capture path id 1\n http-response capture status id 0\n \
                 http-request set-log-level silent\n http-request set-log-level err";
    let (config, said) = frontend("http", lines);
    assert_eq!(said, "");
    let proxy = &config.proxies[0];
    let lens: Vec<usize> = proxy.captures.request.iter().map(|slot| slot.len).collect();
    assert_eq!((lens, proxy.captures.response.len()), (vec![3, 4, 5], 1));
    let mut slots = Vec::new();
    let mut levels = Vec::new();
    for set in [RuleSet::HttpRequest, RuleSet::HttpResponse] {
        for rule in proxy.rules.of(set) {
            match &rule.action {
                Action::Set(Setting::Capture(into, _)) => slots.push(*into),
                Action::Set(Setting::LogLevel(level)) => levels.push(*level),
                _ => {}
            }
        }
    }
    let into = |slot, of_response| CaptureInto { slot, of_response };
    assert_eq!(slots, [into(2, false), into(1, false), into(0, true)]);
    assert_eq!(levels, [None, Some(LogLevel::Err)]);
}
