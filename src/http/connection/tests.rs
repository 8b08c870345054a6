//! The tables of what servers and clients are told, as recorded from HAProxy 2.6.

use super::*;
use crate::engine::buffer::Buffer;
use crate::http::framing::response_body;
use crate::http::head::Method;
use crate::http::parse::{Policy, parse_request, parse_response};

const KEEP: Options = options(Mode::KeepAlive, false);
const SERVER_CLOSE: Options = options(Mode::ServerClose, false);
const BOTH_CLOSE: Options = options(Mode::Close, false);

const fn options(mode: Mode, pretend_keepalive: bool) -> Options {
    Options {
        spare_client: false,
        mode,
        pretend_keepalive,
        proxy_header: false,
        stopping: false,
    }
}

/// The lines behind the start line that leave, joined by `|`, and the plan.
fn send_request(options: Options, input: &str) -> (String, RequestPlan) {
    let (line, lines) = input.split_once('|').unwrap_or((input, ""));
    let mut text = format!("{line}\r\n");
    for line in lines.split('|').filter(|line| !line.is_empty()) {
        text += line;
        text += "\r\n";
    }
    text += "\r\n";
    let mut buffer = Buffer::new(1024);
    buffer.push(text.as_bytes()).unwrap();
    let mut head = Head::new();
    parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
    let plan = request(&mut Rewriter::new(&mut buffer, 0, &mut head), options).unwrap();
    (shown(&buffer), plan)
}

fn send_response(
    options: Options,
    plan: RequestPlan,
    method: Method,
    input: &str,
) -> (String, ResponsePlan) {
    let text = format!("{}\r\n\r\n", input.replace('|', "\r\n"));
    let mut buffer = Buffer::new(1024);
    buffer.push(text.as_bytes()).unwrap();
    let mut head = Head::new();
    parse_response(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
    let body = response_body(&head, method);
    let mut message = Rewriter::new(&mut buffer, 0, &mut head);
    let decided = response(&mut message, options, plan, body).unwrap();
    (shown(&buffer), decided)
}

fn shown(buffer: &Buffer) -> String {
    let text = String::from_utf8_lossy(buffer.bytes()).into_owned();
    let lines: Vec<&str> = text.split("\r\n").filter(|line| !line.is_empty()).collect();
    lines.get(1..).unwrap_or_default().join("|")
}

/// Request, then what leaves in keep-alive, close modes and pretended keep-alive.
const TOLD_SERVER: &[(&str, [&str; 3])] = &[
    ("GET / HTTP/1.1", ["", "Connection: close", ""]),
    (
        "GET / HTTP/1.1|Connection: keep-alive",
        ["", "Connection: close", ""],
    ),
    (
        "GET / HTTP/1.1|Connection: close",
        ["", "Connection: close", ""],
    ),
    (
        "GET / HTTP/1.0",
        ["Connection: keep-alive", "", "Connection: keep-alive"],
    ),
    (
        "GET / HTTP/1.0|Connection: Keep-Alive",
        ["Connection: keep-alive", "", "Connection: keep-alive"],
    ),
    (
        "GET / HTTP/1.0|X: y",
        [
            "X: y|Connection: keep-alive",
            "X: y",
            "X: y|Connection: keep-alive",
        ],
    ),
    (
        "GET / HTTP/1.1|Connection: close, keep-alive, foo|Connection: bar",
        [
            "Connection: foo|Connection: bar",
            "Connection: foo|Connection: bar|Connection: close",
            "Connection: foo|Connection: bar",
        ],
    ),
    (
        "GET / HTTP/1.1|Connection: a, close, b,",
        [
            "Connection: a, b",
            "Connection: a, b|Connection: close",
            "Connection: a, b",
        ],
    ),
    (
        "GET / HTTP/1.1|Keep-Alive: 5",
        [
            "Keep-Alive: 5",
            "Keep-Alive: 5|Connection: close",
            "Keep-Alive: 5",
        ],
    ),
    (
        "GET / HTTP/1.1|Proxy-Connection: close",
        [
            "Proxy-Connection: close",
            "Proxy-Connection: close|Connection: close",
            "Proxy-Connection: close",
        ],
    ),
    (
        "GET / HTTP/1.1|Connection: keep-alive, Upgrade|Upgrade: foo",
        ["Connection: Upgrade|Upgrade: foo"; 3],
    ),
    (
        "GET / HTTP/1.1|Upgrade: foo",
        [
            "Upgrade: foo",
            "Upgrade: foo|Connection: close",
            "Upgrade: foo",
        ],
    ),
    (
        "GET / HTTP/1.1|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMA",
        ["", "Connection: close", ""],
    ),
    ("CONNECT a:80 HTTP/1.1", ["", "Connection: close", ""]),
    (
        "POST / HTTP/1.0|Transfer-Encoding: chunked",
        ["Transfer-Encoding: chunked"; 3],
    ),
];

#[test]
fn what_the_server_is_told() {
    let pretend = options(Mode::ServerClose, true);
    for &(input, [keep, close, pretended]) in TOLD_SERVER {
        assert_eq!(send_request(KEEP, input).0, keep, "{input}");
        assert_eq!(send_request(SERVER_CLOSE, input).0, close, "{input}");
        assert_eq!(send_request(BOTH_CLOSE, input).0, close, "{input}");
        assert_eq!(send_request(pretend, input).0, pretended, "{input}");
        let tunnel = options(Mode::Tunnel, false);
        assert!(!send_request(tunnel, input).1.keep_client);
    }
}

#[test]
fn what_the_client_is_told() {
    let new = "GET / HTTP/1.1";
    let new_close = "GET / HTTP/1.1|Connection: close";
    let old = "GET / HTTP/1.0";
    let old_keep = "GET / HTTP/1.0|Connection: keep-alive";
    let kept = "Connection: keep-alive";
    let closed = "Connection: close";
    // request, response without its length, what the client is told, client kept
    let table = [
        (new, "HTTP/1.1 200 OK", "", true),
        (new, "HTTP/1.1 200 OK|Connection: keep-alive", "", true),
        (new, "HTTP/1.1 200 OK|Connection: close", "", true),
        (new, "HTTP/1.0 200 OK", kept, true),
        (new, "HTTP/1.0 200 OK|Connection: keep-alive", kept, true),
        (
            new,
            "HTTP/1.1 200 OK|Connection: foo",
            "Connection: foo",
            true,
        ),
        (new_close, "HTTP/1.1 200 OK", closed, false),
        (
            new_close,
            "HTTP/1.1 200 OK|Connection: keep-alive",
            closed,
            false,
        ),
        (new_close, "HTTP/1.0 200 OK", "", false),
        (
            new_close,
            "HTTP/1.0 200 OK|Connection: keep-alive",
            "",
            false,
        ),
        (old, "HTTP/1.1 200 OK", closed, false),
        (old, "HTTP/1.0 200 OK", "", false),
        (old_keep, "HTTP/1.1 200 OK", kept, true),
        (old_keep, "HTTP/1.1 200 OK|Connection: close", kept, true),
        (old_keep, "HTTP/1.0 200 OK", kept, true),
    ];
    for (request, response, told, keep) in table {
        let with_length = format!("{response}|Content-Length: 2");
        for options in [KEEP, SERVER_CLOSE] {
            let (_, plan) = send_request(options, request);
            let (lines, decided) = send_response(options, plan, Method::Get, &with_length);
            assert_eq!(without_length(&lines), told, "{request} {response}");
            assert_eq!(decided.keep_client, keep, "{request} {response}");
        }
        let (_, plan) = send_request(BOTH_CLOSE, request);
        let (lines, decided) = send_response(BOTH_CLOSE, plan, Method::Get, &with_length);
        assert!(!decided.keep_client && !decided.keep_server);
        assert_eq!(lines.contains("close"), response.starts_with("HTTP/1.1"));
    }
}

fn without_length(lines: &str) -> String {
    let lines: Vec<&str> = lines.split('|').collect();
    let kept = lines
        .into_iter()
        .filter(|line| !line.starts_with("Content-L"));
    kept.collect::<Vec<_>>().join("|")
}

#[test]
fn a_body_without_end_or_with_doubtful_framing_closes_the_client() {
    let table = [
        ("GET / HTTP/1.1", "HTTP/1.1 200 OK", "Connection: close"),
        ("GET / HTTP/1.1", "HTTP/1.0 200 OK", ""),
        (
            "GET / HTTP/1.1",
            "HTTP/1.0 200 OK|Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked",
        ),
        (
            "GET / HTTP/1.0|Connection: keep-alive",
            "HTTP/1.1 200 OK|Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked|Connection: close",
        ),
        (
            "POST / HTTP/1.1|Content-Length: 3|Transfer-Encoding: chunked",
            "HTTP/1.1 204 OK",
            "Connection: close",
        ),
    ];
    for (request, response, told) in table {
        let (_, plan) = send_request(KEEP, request);
        let (lines, decided) = send_response(KEEP, plan, Method::Get, response);
        assert_eq!(lines, told, "{request} {response}");
        assert!(!decided.keep_client, "{request} {response}");
    }
    let (_, plan) = send_request(KEEP, "HEAD / HTTP/1.1");
    let (lines, decided) = send_response(KEEP, plan, Method::Head, "HTTP/1.0 200 OK");
    assert_eq!(lines, "Connection: keep-alive");
    assert!(decided.keep_client);
}

#[test]
fn a_server_that_sends_two_lengths_is_closed_and_its_client_kept() {
    let (_, plan) = send_request(KEEP, "GET / HTTP/1.1");
    let both = "HTTP/1.1 200 OK|Content-Length: 7|Transfer-Encoding: chunked";
    let (lines, decided) = send_response(KEEP, plan, Method::Get, both);
    assert_eq!(lines, "Transfer-Encoding: chunked");
    assert!(decided.keep_client && !decided.keep_server);
}

#[test]
fn the_server_is_kept_when_both_sides_agree() {
    let (_, plan) = send_request(KEEP, "GET / HTTP/1.1|Connection: close");
    let keep = |options, response: &str| {
        let response = format!("{response}|Content-Length: 2");
        send_response(options, plan, Method::Get, &response)
            .1
            .keep_server
    };
    assert!(keep(KEEP, "HTTP/1.1 200 OK"));
    assert!(keep(KEEP, "HTTP/1.0 200 OK|Connection: keep-alive"));
    assert!(!keep(KEEP, "HTTP/1.1 200 OK|Connection: foo, Close"));
    assert!(!keep(KEEP, "HTTP/1.0 200 OK"));
    assert!(!keep(SERVER_CLOSE, "HTTP/1.1 200 OK"));
    assert!(
        !send_request(options(Mode::ServerClose, true), "GET / HTTP/1.1")
            .1
            .keep_server
    );
}

#[test]
fn protocol_switches_and_interim_responses_pass_untouched() {
    let upgrade = "GET / HTTP/1.1|Connection: Upgrade|Upgrade: foo";
    let switching = "HTTP/1.1 101 Switching|Connection: Upgrade|Upgrade: foo";
    let (_, plan) = send_request(BOTH_CLOSE, upgrade);
    assert!(plan.upgrade);
    let (lines, _) = send_response(BOTH_CLOSE, plan, Method::Get, switching);
    assert_eq!(lines, "Connection: Upgrade|Upgrade: foo");
    assert!(!send_request(KEEP, "GET / HTTP/1.1|Upgrade: foo").1.upgrade);
    assert!(
        !send_request(KEEP, "GET / HTTP/1.0|Connection: Upgrade|Upgrade: foo")
            .1
            .upgrade
    );

    let (_, plan) = send_request(KEEP, "CONNECT a:80 HTTP/1.1");
    let (lines, decided) = send_response(KEEP, plan, Method::Connect, "HTTP/1.1 200 OK");
    assert_eq!(lines, "");
    assert!(!decided.keep_client && !decided.keep_server);

    let (_, plan) = send_request(KEEP, "GET / HTTP/1.1");
    let (lines, decided) = send_response(KEEP, plan, Method::Get, "HTTP/1.1 100 Continue");
    assert_eq!(lines, "");
    assert!(decided.keep_client && decided.keep_server);
}

#[test]
fn proxy_connection_is_used_towards_a_proxy_when_configured() {
    let proxy = Options {
        proxy_header: true,
        ..SERVER_CLOSE
    };
    let absolute = "GET http://a/ HTTP/1.1|Proxy-Connection: keep-alive";
    let (lines, plan) = send_request(proxy, absolute);
    assert_eq!(lines, "Proxy-Connection: close");
    assert_eq!(plan.header, KnownHeader::ProxyConnection);
    let (lines, plan) = send_request(proxy, "GET / HTTP/1.1");
    assert_eq!(lines, "Connection: close");
    assert_eq!(plan.header, KnownHeader::Connection);
}

#[test]
fn a_stopping_frontend_keeps_no_client() {
    let stopping = Options {
        stopping: true,
        ..KEEP
    };
    let (_, plan) = send_request(stopping, "GET / HTTP/1.1");
    assert!(!plan.keep_client);
    assert!(plan.keep_server);
}

#[test]
fn the_stricter_of_two_modes_wins() {
    assert_eq!(Mode::KeepAlive.combine(Mode::Close), Mode::Close);
    assert_eq!(
        Mode::ServerClose.combine(Mode::KeepAlive),
        Mode::ServerClose
    );
    assert_eq!(Mode::Tunnel.combine(Mode::Tunnel), Mode::Tunnel);
}
