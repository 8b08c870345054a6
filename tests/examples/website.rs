//! conf/website.cfg: redirects, headers, static files, pages of its own.

use crate::stage::{Setting, Stage, ask_on};

const HTTPS: &[&str] = &["Host: www.example.com", "X-Forwarded-Proto: https"];

#[test]
fn plain_http_and_other_names_are_sent_to_the_one_name_in_one_step() {
    let stage = Stage::of("website");
    for headers in [
        &["Host: www.example.com"][..],
        &["Host: example.com"],
        &["Host: example.com", "X-Forwarded-Proto: https"],
        &[
            "Host: www.example.com.evil.example:8080",
            "X-Forwarded-Proto: https",
        ],
    ] {
        let answer = stage.ask("GET /a/b?c=d", headers);
        assert_eq!(answer.status, 301, "{headers:?}");
        let location = answer.header("Location").unwrap();
        assert_eq!(location, "https://www.example.com/a/b?c=d", "{headers:?}");
        assert_eq!(answer.header("Strict-Transport-Security"), None);
    }
    for host in ["Host: www.example.com", "Host: WWW.Example.COM:443"] {
        let answer = stage.ask("GET /a", &[host, "X-Forwarded-Proto: https"]);
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[test]
fn only_the_terminator_is_believed() {
    let stage = Stage::of("website");
    let mut stranger = stage.client_from([127, 0, 0, 2]);
    assert_eq!(ask_on(&mut stranger, "GET /", HTTPS).status, 301);
    assert_eq!(stage.ask("GET /", HTTPS).status, 200);
}

#[test]
fn answers_have_headers_of_security_and_say_nothing_of_servers() {
    let stage = Stage::of("website");
    let answer = stage.ask("GET /", HTTPS);
    let expected = [
        ("Strict-Transport-Security", Some("max-age=31536000")),
        ("X-Content-Type-Options", Some("nosniff")),
        ("X-Frame-Options", Some("SAMEORIGIN")),
        ("Referrer-Policy", Some("strict-origin-when-cross-origin")),
        ("Server", None),
        ("X-Powered-By", None),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[test]
fn static_files_have_a_server_and_a_lifetime_of_their_own() {
    let stage = Stage::of("website");
    for path in [
        "/static/a",
        "/images/b.gif",
        "/site.css",
        "/deep/down/logo.png",
    ] {
        let answer = stage.ask(&format!("GET {path}"), HTTPS);
        assert_eq!(answer.server(), Some(8001), "{path}");
        assert_eq!(
            answer.header("Cache-Control"),
            Some("public, max-age=86400")
        );
    }
    let missing = stage.ask("GET /static/missing", HTTPS);
    assert_eq!(
        (missing.status, missing.header("Cache-Control")),
        (404, None)
    );
    let page = stage.ask("GET /statically", HTTPS);
    assert!(matches!(page.server(), Some(8002 | 8003)));
    assert_eq!(page.header("Cache-Control"), None);
}

#[test]
fn what_compresses_well_is_compressed() {
    let stage = Stage::of("website");
    let headers = [HTTPS, &["Accept-Encoding: gzip"]].concat();
    for (path, coding) in [
        ("/", Some("gzip")),
        ("/a.css", Some("gzip")),
        ("/a.png", None),
    ] {
        let answer = stage.ask(&format!("GET {path}"), &headers);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("Content-Encoding"), coding, "{path}");
    }
}

#[test]
fn servers_learn_the_address_that_the_terminator_told() {
    let stage = Stage::of("website");
    let told = [HTTPS, &["X-Forwarded-For: 192.0.2.7"]].concat();
    let head = stage.ask("GET /", &told).text().to_ascii_lowercase();
    assert_eq!(head.matches("x-forwarded-for: ").count(), 1);
    assert!(head.contains("x-forwarded-for: 192.0.2.7\r\n"), "{head}");
    let head = stage.ask("GET /", HTTPS).text().to_ascii_lowercase();
    assert!(head.contains("x-forwarded-for: 127.0.0.1\r\n"), "{head}");
}

#[test]
fn the_probes_of_the_terminator_are_answered_and_not_logged() {
    let stage = Stage::of("website");
    assert_eq!(stage.ask("GET /alive", &["Host: a"]).status, 200);
    stage.ask("GET /next", HTTPS);
    let line = stage.logged("HTTP/1.1\"");
    assert!(line.contains("\"GET /next HTTP/1.1\""), "{line}");
}

#[test]
fn visitors_see_our_own_page_when_no_server_answers() {
    let setting = Setting {
        missing: &[8002, 8003],
        ..Setting::HTTP
    };
    let answer = Stage::with("website", &setting).ask("GET /", HTTPS);
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text(), "<h1>Back in a moment</h1>\n");
    assert_eq!(answer.header("Content-Type"), Some("text/html"));
}
