//! `cookie` and its neighbours through the loader.

use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::{
    AppsessionMode, Config, CookieCapture, CookieMode, CookieSettings, Proxy,
};

fn read(text: &str) -> (Config, Report) {
    let source = Source::new("t.cfg".to_owned(), text.as_bytes().to_vec());
    load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    )
}

fn listen(lines: &str) -> Proxy {
    let (config, report) = read(&format!("listen l\n mode http\n bind :80\n{lines}\n"));
    assert!(!report.has_errors(), "{}", report.render(1));
    config.proxies.first().cloned().unwrap()
}

fn message(lines: &str) -> String {
    read(&format!("listen l\n mode http\n bind :80\n{lines}\n"))
        .1
        .render(1)
}

fn cookie(options: &str) -> CookieSettings {
    listen(&format!(" cookie SRV {options}")).cookie.unwrap()
}

#[test]
fn every_option_is_read() {
    assert_eq!(
        cookie("insert indirect nocache postonly preserve dynamic maxidle 30m maxlife 400d"),
        CookieSettings {
            name: "SRV".to_owned(),
            mode: CookieMode::Insert,
            indirect: true,
            nocache: true,
            postonly: true,
            preserve: true,
            dynamic: true,
            maxidle_s: 1_800,
            maxlife_s: 34_560_000,
            attributes: "; path=/".to_owned(),
        }
    );
    assert_eq!(cookie("prefix").mode, CookieMode::Prefix);
    assert_eq!(cookie("rewrite").mode, CookieMode::Rewrite);
    assert_eq!(cookie("").mode, CookieMode::Passive);
}

#[test]
fn attributes_stand_in_a_fixed_order() {
    let options = "insert attr A=b secure domain .a.b domain c.d httponly attr \"E f\"";
    assert_eq!(
        cookie(options).attributes,
        "; path=/; domain=.a.b; domain=c.d; HttpOnly; Secure; A=b; E f"
    );
}

#[test]
fn only_logged_modes_are_logged() {
    assert!(!cookie("nocache postonly maxidle 5").is_logged());
    for options in ["insert", "rewrite", "prefix", "indirect"] {
        assert!(cookie(options).is_logged(), "{options}");
    }
}

#[test]
fn contradictions_are_refused() {
    let exclusive = "modes are incompatible.";
    for (options, text) in [
        ("rewrite insert", exclusive),
        ("rewrite prefix", exclusive),
        ("insert prefix", exclusive),
        ("rewrite indirect", exclusive),
        ("preserve", "requires at least 'insert' or 'indirect'."),
        (
            "prefix preserve",
            "requires at least 'insert' or 'indirect'.",
        ),
        ("foo", "'cookie' supports 'rewrite'"),
        ("insret", "did you mean 'insert'?"),
        ("domain", "'domain' expects <domain> as argument."),
        (
            "domain a;b",
            "character ';' is not permitted in domain name 'a;b'.",
        ),
        (
            "maxidle",
            "'maxidle' expects <idletime> in seconds as argument.",
        ),
        (
            "maxlife",
            "'maxlife' expects <lifetime> in seconds as argument.",
        ),
        (
            "maxidle 5x",
            "unexpected character 'x' in argument to <maxidle>.",
        ),
        ("maxidle 99999999d", "maximum value is 2147483647 s"),
        ("attr", "'attr' expects <value> as argument."),
        (
            "attr \"a;b\"",
            "character '%x3B' is not permitted in attribute value.",
        ),
    ] {
        let message = message(&format!(" cookie S {options}"));
        assert!(message.contains(text), "{options}: {message}");
    }
    assert!(message(" cookie").contains("'cookie' expects <cookie_name> as argument."));
    assert!(message(" cookie \"a=b\" insert").contains("cannot be part of a name"));
    let dotless = message(" cookie S insert domain abc");
    assert!(
        dotless.contains("domain 'abc' contains no embedded dot"),
        "{dotless}"
    );
}

#[test]
fn captures_are_read_and_capped() {
    let capture = |line: &str| listen(line).cookie_capture.unwrap();
    assert_eq!(
        capture(" capture cookie app= len 32"),
        CookieCapture {
            prefix: "app=".to_owned(),
            len: 32
        }
    );
    assert_eq!(capture(" capture cookie app len 64").len, 63);
    let text = message(" capture cookie app len 64");
    assert!(
        text.contains("truncating capture length to 63 bytes for proxy 'l'."),
        "{text}"
    );
    for line in ["capture cookie", "capture cookie a", "capture cookie a len"] {
        let text = message(&format!(" {line}"));
        assert!(
            text.contains("'capture' expects 'cookie' <cookie_name> 'len' <len>."),
            "{text}"
        );
    }
}

#[test]
fn tcp_proxies_have_no_cookies() {
    let (config, report) = read(
        "listen l\n mode tcp\n bind :80\n cookie S insert\n capture cookie a len 5\n \
         appsession J len 5 timeout 1h\n",
    );
    let text = report.render(1);
    for part in [
        "cookie will be ignored for proxy 'l' (needs 'mode http').",
        "'capture' statement ignored for proxy 'l' as it requires HTTP mode.",
        "'appsession' will be ignored",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let proxy = &config.proxies[0];
    assert!(proxy.cookie.is_none() && proxy.cookie_capture.is_none() && proxy.appsession.is_none());
}

#[test]
fn dynamic_cookies_name_servers_without_a_value() {
    let (config, _) = read(
        "backend b\n mode http\n cookie S insert dynamic\n dynamic-cookie-key MYKEY\n \
         server a 127.0.0.1:21001\n server b 127.0.0.1:2 cookie own\n server c /tmp/x\n",
    );
    let values: Vec<_> = config.servers.iter().map(|s| s.cookie.as_deref()).collect();
    assert_eq!(values, [Some("15b9c62dddff0beb"), Some("own"), None]);
}

#[test]
fn appsession_is_read() {
    let line = " appsession J len 52 timeout 3h request-learn prefix mode query-string";
    let appsession = listen(line).appsession.unwrap();
    assert_eq!((appsession.name.as_str(), appsession.len), ("J", 52));
    assert_eq!(appsession.timeout_ms, 10_800_000);
    assert!(appsession.request_learn && appsession.prefix);
    assert_eq!(appsession.mode, AppsessionMode::QueryString);
    let plain = listen(" appsession J len 1 timeout 5").appsession.unwrap();
    assert_eq!(plain.timeout_ms, 5);
    assert_eq!(plain.mode, AppsessionMode::PathParameters);
    for (line, text) in [
        ("appsession J", "'appsession' expects"),
        ("appsession J len 0 timeout 5", "must be between 1"),
        (
            "appsession J len 5 timeout 5 foo",
            "only supports 'request-learn'",
        ),
    ] {
        let message = message(&format!(" {line}"));
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn rdp_persistence_is_read() {
    assert_eq!(
        listen(" persist rdp-cookie").rdp_cookie.as_deref(),
        Some("msts")
    );
    assert_eq!(
        listen(" persist rdp-cookie(x)").rdp_cookie.as_deref(),
        Some("x")
    );
    for (line, text) in [
        ("persist", "missing persist method."),
        ("persist foo", "unknown persist method."),
        ("persist rdp-cookie()", "requires an rdp cookie name."),
        ("persist rdp-cookie(a", "requires an rdp cookie name."),
    ] {
        let message = message(&format!(" {line}"));
        assert!(message.contains(text), "{message}");
    }
}
