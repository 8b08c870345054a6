//! Lines compared with those that HAProxy 2.6 wrote for the same events.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::clf::write_http_clf;
use super::connect::write_connect;
use super::date::Dates;
use super::http::write_http;
use super::tcp::write_tcp;
use crate::config::model::Mode;
use crate::log::record::{Captures, ConnectionCounts, Record, STATS, Timers};
use crate::net::address::PeerAddress;
use crate::sys::clock::local_time;

/// 2026-11-21 01:36:44.400 UTC.
const DATE: (i64, u32) = (1_795_225_004, 400_999);

fn record() -> Record<'static> {
    Record {
        client: PeerAddress::V4(Ipv4Addr::LOCALHOST, 36410),
        destination: PeerAddress::V4(Ipv4Addr::LOCALHOST, 60069),
        listener_id: 1,
        accept_date: DATE,
        request_date: DATE,
        mode: Mode::Http,
        frontend: "http",
        is_tls: false,
        backend: "be",
        server: Some("s1"),
        timers: Timers {
            request_ms: 0,
            queue_ms: 0,
            connect_ms: 0,
            response_ms: 350,
            active_ms: 351,
            total_ms: 351,
            ..Timers::default()
        },
        status: 200,
        bytes_out: 95,
        captures: Captures::default(),
        termination: *b"----",
        connections: ConnectionCounts {
            process: 1,
            frontend: 1,
            ..ConnectionCounts::default()
        },
        server_queue: 0,
        backend_queue: 0,
        request_line: b"GET /x?a=b HTTP/1.1",
        is_early: false,
        ..Record::default()
    }
}

fn refused() -> Record<'static> {
    Record {
        backend: "http",
        server: None,
        timers: Timers::default(),
        status: 400,
        bytes_out: 0,
        termination: *b"PR--",
        request_line: b"",
        ..record()
    }
}

type Writer = fn(&mut Vec<u8>, &Dates, &Record<'_>);

fn line(write: Writer, record: &Record<'_>) -> String {
    let mut out = Vec::new();
    write(&mut out, &Dates::new(), record);
    String::from_utf8(out).unwrap()
}

/// The line with its local date in place of `DATE`, whatever the time zone of the machine.
fn expected(line: &str) -> String {
    let time = local_time(DATE.0).unwrap();
    let (day, year) = (time.day, time.year);
    let (hour, minute, second) = (time.hour, time.minute, time.second);
    let date = format!("[{day:02}/Nov/{year}:{hour:02}:{minute:02}:{second:02}.400]");
    line.replace("DATE", &date)
}

#[test]
fn http_lines_are_those_of_haproxy() {
    let table = [
        (
            record(),
            "127.0.0.1:36410 DATE http be/s1 0/0/0/350/351 200 95 - - ---- 1/1/0/0/0 0/0 \
             \"GET /x?a=b HTTP/1.1\"",
        ),
        (
            refused(),
            "127.0.0.1:36410 DATE http http/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 \
             \"<BADREQ>\"",
        ),
        (
            Record {
                is_early: true,
                ..record()
            },
            "127.0.0.1:36410 DATE http be/s1 0/0/0/350/+351 200 +95 - - ---- 1/1/0/0/0 0/0 \
             \"GET /x?a=b HTTP/1.1\"",
        ),
        (
            Record {
                client: PeerAddress::V6(Ipv6Addr::LOCALHOST, 58476),
                server: Some(STATS),
                is_tls: true,
                termination: *b"LR--",
                ..record()
            },
            "::1:58476 DATE http~ be/<STATS> 0/0/0/350/351 200 95 - - LR-- 1/1/0/0/0 0/0 \
             \"GET /x?a=b HTTP/1.1\"",
        ),
        (
            Record {
                client: PeerAddress::Unix,
                connections: ConnectionCounts {
                    process: 5,
                    frontend: 4,
                    backend: 3,
                    server: 2,
                    retries: 2,
                    redispatched: true,
                },
                server_queue: 7,
                backend_queue: 8,
                status: -1,
                ..record()
            },
            "unix:1 DATE http be/s1 0/0/0/350/351 -1 95 - - ---- 5/4/3/2/+2 7/8 \
             \"GET /x?a=b HTTP/1.1\"",
        ),
        (
            Record {
                request_line: b"GET /a\"b#c{d|e}f\x80\xff\x7f\\'~<>`^ HTTP/1.1",
                ..record()
            },
            "127.0.0.1:36410 DATE http be/s1 0/0/0/350/351 200 95 - - ---- 1/1/0/0/0 0/0 \
             \"GET /a#22b#23c{d|e}f#80#FF#7F\\'~<>`^ HTTP/1.1\"",
        ),
    ];
    for (record, text) in table {
        assert_eq!(line(write_http, &record), expected(text));
    }
}

#[test]
fn captures_stand_in_braces() {
    let request = [b"v{a|b}\"#\x81\x03".to_vec(), Vec::new()];
    let response = [b"r|es{\"#\x02".to_vec()];
    let captures = Captures {
        request_cookie: None,
        response_cookie: Some(b"sid=q\"{|}#"),
        request_headers: &request,
        response_headers: &response,
    };
    let record = Record {
        captures,
        ..record()
    };
    let text = "127.0.0.1:36410 DATE http be/s1 0/0/0/350/351 200 95 - sid=q\"{|}# ---- \
                1/1/0/0/0 0/0 {v#7Ba#7Cb#7D#22#23#81#03|} {r#7Ces#7B#22#23#02} \
                \"GET /x?a=b HTTP/1.1\"";
    assert_eq!(line(write_http, &record), expected(text));
    let nothing_found = Record {
        captures: Captures {
            response_headers: &[Vec::new()],
            ..Captures::default()
        },
        ..record
    };
    assert!(line(write_http, &nothing_found).contains(" 0/0 {} \"GET"));
}

#[test]
fn tcp_lines_are_those_of_haproxy() {
    let record = Record {
        frontend: "tcp",
        backend: "tcpbe",
        server: Some("t1"),
        timers: Timers {
            queue_ms: 1,
            connect_ms: 0,
            total_ms: 3,
            ..Timers::default()
        },
        bytes_out: 8,
        ..record()
    };
    let text = "127.0.0.1:36410 DATE tcp tcpbe/t1 1/0/3 8 -- 1/1/0/0/0 0/0";
    assert_eq!(line(write_tcp, &record), expected(text));
    let failed = Record {
        timers: Timers {
            queue_ms: 404,
            total_ms: 404,
            ..Timers::default()
        },
        bytes_out: 0,
        termination: *b"SC--",
        ..record
    };
    let text = "127.0.0.1:36410 DATE tcp tcpbe/t1 404/-1/404 0 SC 1/1/0/0/0 0/0";
    assert_eq!(line(write_tcp, &failed), expected(text));
    let early = Record {
        is_early: true,
        ..record
    };
    let text = "127.0.0.1:36410 DATE tcp tcpbe/t1 1/0/+3 +8 -- 1/1/0/0/0 0/0";
    assert_eq!(line(write_tcp, &early), expected(text));
}

#[test]
fn clf_lines_are_those_of_haproxy() {
    let text = "127.0.0.1 - - [21/Nov/2026:01:36:44 +0000] \"GET /x?a=b HTTP/1.1\" 200 95 \
                \"\" \"\" 36410 400 \"http\" \"be\" \"s1\" 0 0 0 350 351 ---- 1 1 0 0 0 0 0 \
                \"\" \"\" ";
    assert_eq!(line(write_http_clf, &record()), text);
    let text = "127.0.0.1 - - [21/Nov/2026:01:36:44 +0000] \"<BADREQ>\" 400 0 \
                \"\" \"\" 36410 400 \"http\" \"http\" \"<NOSRV>\" -1 -1 -1 -1 0 PR-- \
                1 1 0 0 0 0 0 \"\" \"\" ";
    assert_eq!(line(write_http_clf, &refused()), text);
    let request = [b"v{a|b}\"#\x81\x03".to_vec(), Vec::new()];
    let response = [b"r|es{\"#\x02".to_vec()];
    let early = Record {
        client: PeerAddress::Unix,
        is_early: true,
        captures: Captures {
            request_cookie: None,
            response_cookie: Some(b"sid=abc"),
            request_headers: &request,
            response_headers: &response,
        },
        ..record()
    };
    let text = "unix - - [21/Nov/2026:01:36:44 +0000] \"GET /x?a=b HTTP/1.1\" 200 +95 \
                \"\" \"\" 1 400 \"http\" \"be\" \"s1\" 0 0 0 350 +351 ---- 1 1 0 0 0 0 0 \
                \"\" \"sid=abc\" \"v#7Ba#7Cb#7D#22#23#81#03\" \"\" \"r#7Ces#7B#22#23#02\"";
    assert_eq!(line(write_http_clf, &early), text);
    let request_only = Record {
        captures: Captures {
            request_headers: &[Vec::new()],
            ..Captures::default()
        },
        ..record()
    };
    assert!(line(write_http_clf, &request_only).ends_with(" 0 0 \"\" \"\" \"\" "));
}

#[test]
fn accepted_connections_are_named_as_haproxy_does() {
    let text_of = |record: &Record<'_>| {
        let mut out = Vec::new();
        write_connect(&mut out, record);
        String::from_utf8(out).unwrap()
    };
    let text = "Connect from 127.0.0.1:36410 to 127.0.0.1:60069 (http/HTTP)";
    assert_eq!(text_of(&record()), text);
    let v6 = Record {
        client: PeerAddress::V6(Ipv6Addr::LOCALHOST, 58884),
        destination: PeerAddress::V6(Ipv6Addr::LOCALHOST, 57447),
        mode: Mode::Tcp,
        ..record()
    };
    assert_eq!(
        text_of(&v6),
        "Connect from ::1:58884 to ::1:57447 (http/TCP)"
    );
    let unix = Record {
        client: PeerAddress::Unix,
        ..record()
    };
    assert_eq!(text_of(&unix), "Connect to unix:1 (http/HTTP)");
}

proptest! {
    #[test]
    fn no_byte_of_a_peer_breaks_a_line(
        request: Vec<u8>,
        cookie: Vec<u8>,
        header: Vec<u8>,
    ) {
        let headers = [header];
        let captures = Captures {
            request_cookie: Some(&cookie),
            response_cookie: Some(&cookie),
            request_headers: &headers,
            response_headers: &headers,
        };
        let record = Record { captures, request_line: &request, ..record() };
        let harmless = |text: &str| text.bytes().all(|byte| (b' '..127).contains(&byte));
        prop_assert!(harmless(&line(write_http, &record)));
        let clf = line(write_http_clf, &record);
        prop_assert!(harmless(&clf));
        prop_assert_eq!(clf.matches('"').count(), 20);
    }
}
