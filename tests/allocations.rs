//! A steady load allocates nothing: counted on the worker's turns, with an access log.
//!
//! Each kind of traffic runs until every table and pool has its size, then some more, and not
//! one of these requests or connections may ask the allocator for anything.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

#[allow(
    unsafe_code,
    unreachable_pub,
    reason = "the allocator of the unit tests; its trait is an unsafe one"
)]
#[path = "../src/sys/allocation.rs"]
mod allocation;

use std::sync::{Mutex, PoisonError};

use allocation::allocations_of;
use harness::{Harness, Peer};
use weir::engine;

/// One test at a time: descriptors of another would make the tables of this one grow.
static ALONE: Mutex<()> = Mutex::new(());

/// Turns the loop until `done`, and counts what the turns allocate.
fn turns(harness: &mut Harness, mut done: impl FnMut(&mut Harness) -> bool) -> u64 {
    let mut allocations = 0;
    for _ in 0..1_000_000 {
        if done(harness) {
            return allocations;
        }
        allocations += allocations_of(|| engine::turn(&mut harness.worker, 0));
    }
    panic!("the exchange never ended");
}

/// Runs `exchange` until tables and pools have their size, then counts what more of it costs.
/// The clock moves along, so that dates, rates and the housekeeping of each second take part.
fn assert_steady(harness: &mut Harness, mut exchange: impl FnMut(&mut Harness) -> u64) {
    for _ in 0..WARM_UP {
        exchange(harness);
        harness.worker.core.engine.clock.advance(STEP_MS);
    }
    assert!(harness.drop_log() > 0, "no log line was written");
    let mut allocations = 0;
    for _ in 0..MEASURED {
        allocations += exchange(harness);
        harness.worker.core.engine.clock.advance(STEP_MS);
        harness.drop_log();
    }
    assert_eq!(allocations, 0, "allocations of {MEASURED} exchanges");
}

fn answered(peer: &mut Peer, end: &[u8]) -> bool {
    if !peer.bytes().ends_with(end) {
        return false;
    }
    peer.clear();
    true
}

const DEFAULTS: &str = "
global
    log LOG local0
defaults
    log global
    timeout client 10s
    timeout server 10s
    timeout connect 5s
    timeout http-request 10s
";

#[test]
fn keep_alive_on_both_sides() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    option httplog
    option forwardfor
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(REQUEST);
    let mut server = harness.accept(0);
    harness.until("the request", |_| answered(&mut server, b"\r\n\r\n"));
    server.send(ANSWER);
    harness.until("the answer", |_| answered(&mut client, b"body"));
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        let mut count = turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count
    });
}

#[test]
fn formats_captures_and_unique_ids() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %ID %hr %hs %{{+Q}}r %fi %bi\"
    log-format-sd \"%{{+Q,+E}}o [my@1 uri=%[capture.req.uri]]\"
    unique-id-format \"%{{+X}}o%ci:%cp_%fi:%fp_%Ts_%rt:%pid\"
    unique-id-header X-Unique-ID
    capture request header Host len 20
    capture response header Content-Length len 20
    http-request capture path len 9
    http-request set-var(txn.a) path,capture-req(1)
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(REQUEST);
    let mut server = harness.accept(0);
    harness.until("the request", |_| answered(&mut server, b"\r\n\r\n"));
    server.send(ANSWER);
    harness.until("the answer", |_| answered(&mut client, b"body"));
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        let mut count = turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count
    });
}

#[test]
fn a_server_connection_for_each_request() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    option httplog
    option http-server-close
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        let mut server = None;
        let mut count = turns(harness, |harness| {
            server = harness.origin(0).accept();
            server.is_some()
        });
        let mut server = server.unwrap();
        count += turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count += turns(harness, |_| server.is_closed());
        count
    });
}

#[test]
fn tcp_connections_that_come_and_go() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode tcp
    option tcplog
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    assert_steady(&mut harness, |harness| {
        let mut client = harness.client();
        let mut server = None;
        let mut count = turns(harness, |harness| {
            server = harness.origin(0).accept();
            server.is_some()
        });
        let mut server = server.unwrap();
        for _ in 0..3 {
            client.send(b"ping");
            count += turns(harness, |_| answered(&mut server, b"ping"));
            server.send(b"pong");
            count += turns(harness, |_| answered(&mut client, b"pong"));
        }
        drop(client);
        count += turns(harness, |_| server.is_closed());
        drop(server);
        count += turns(harness, |harness| harness.sessions() == 0);
        count
    });
}

#[test]
fn http_connections_that_come_and_go() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    option httplog
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    assert_steady(&mut harness, |harness| {
        let mut client = harness.client();
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let mut server = None;
        let mut count = turns(harness, |harness| {
            server = harness.origin(0).accept();
            server.is_some()
        });
        let mut server = server.unwrap();
        count += turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody");
        count += turns(harness, |_| answered(&mut client, b"body"));
        count += turns(harness, |harness| harness.sessions() == 0);
        count
    });
}

#[test]
fn cookies_come_and_go() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    option httplog
    capture cookie app len 32
    cookie SRV insert indirect nocache maxidle 1h maxlife 8h
    appsession JID len 16 timeout 1h request-learn
    bind LISTENER
    server s1 ORIGIN0 cookie one
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(REQUEST_WITH_COOKIES);
    let mut server = harness.accept(0);
    harness.until("the request", |_| answered(&mut server, b"\r\n\r\n"));
    server.send(ANSWER_WITH_COOKIES);
    harness.until("the answer", |_| answered(&mut client, b"body"));
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST_WITH_COOKIES);
        let mut count = turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(ANSWER_WITH_COOKIES);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count
    });
}

#[test]
fn compressed_responses() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode http
    option httplog
    compression algo gzip deflate
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(COMPRESSIBLE_REQUEST);
    let mut server = harness.accept(0);
    harness.until("the request", |_| answered(&mut server, b"\r\n\r\n"));
    server.send(ANSWER);
    harness.until("the answer", |_| answered(&mut client, b"\r\n0\r\n\r\n"));
    assert_steady(&mut harness, |harness| {
        client.send(COMPRESSIBLE_REQUEST);
        let mut count = turns(harness, |_| answered(&mut server, b"\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"\r\n0\r\n\r\n"));
        count
    });
}

#[test]
fn answers_of_the_configuration() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
frontend main
    mode http
    option httplog
    bind LISTENER
    http-request return status 200 content-type text/plain string \"body\"
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        turns(harness, |_| answered(&mut client, b"body"))
    });
}

#[test]
fn redirects_and_rules_that_refuse() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
frontend main
    mode http
    option httplog
    bind LISTENER
    tcp-request inspect-delay 5s
    tcp-request content accept if {{ path /path }}
    tcp-request content reject
    http-request redirect prefix https://%[req.hdr(host)] set-cookie a=b
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        turns(harness, |_| answered(&mut client, b"path=/;\r\n\r\n"))
    });
}

#[test]
fn rules_that_switch_and_filter() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
frontend main
    mode http
    option httplog
    bind LISTENER
    tcp-request connection set-src-port int(80)
    tcp-request session accept if TRUE
    tcp-request content set-dst-port int(81)
    reqrep ^([^\\ ]*)\\ /(.*) \\1\\ /new/\\2
    reqidel ^user-agent:
    reqadd X-New:\\ 1
    redirect location / if {{ path /none }}
    use_backend none if {{ path /none }}
    use_backend b-%[req.hdr(x-new)]
backend none
    mode http
backend b-1
    mode http
    tcp-request content reject if {{ path /none }}
    tcp-response content accept if {{ status 200 }}
    use-server s%[req.hdr(x-new)] if TRUE
    rsprep ^Server:.* Server:\\ other
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(REQUEST);
    let mut server = harness.accept(0);
    harness.until("the request", |_| {
        answered(&mut server, b"X-New: 1\r\n\r\n")
    });
    server.send(ANSWER);
    harness.until("the answer", |_| answered(&mut client, b"body"));
    assert_steady(&mut harness, |harness| {
        client.send(REQUEST);
        let mut count = turns(harness, |_| answered(&mut server, b"X-New: 1\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count
    });
}

#[test]
fn connections_that_rules_refuse() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
listen main
    mode tcp
    option tcplog
    bind LISTENER
    tcp-request connection accept if FALSE
    tcp-request connection reject
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    for _ in 0..WARM_UP {
        let mut client = harness.client();
        turns(&mut harness, |_| client.is_closed());
    }
    let mut allocations = 0;
    for _ in 0..MEASURED {
        let mut client = harness.client();
        allocations += turns(&mut harness, |_| client.is_closed());
        assert_eq!(harness.sessions(), 0);
    }
    assert_eq!(
        allocations, 0,
        "allocations of {MEASURED} refused connections"
    );
}

#[test]
fn options_over_messages() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = format!(
        "{DEFAULTS}
global
    h1-case-adjust host HOST
    h1-case-adjust server SERVER
listen main
    mode http
    option httplog
    option http-buffer-request
    option http-restrict-req-hdr-names delete
    option checkcache
    option socket-stats
    option h1-case-adjust-bogus-client
    option h1-case-adjust-bogus-server
    monitor-uri /alive
    bind LISTENER
    server s1 ORIGIN0
"
    );
    let mut harness = Harness::new(&text);
    let mut client = harness.client();
    client.send(CHUNKED);
    client.send(CHUNKED_END);
    let mut server = harness.accept(0);
    harness.until("the request", |_| answered(&mut server, b"0\r\n\r\n"));
    server.send(ANSWER);
    harness.until("the answer", |_| answered(&mut client, b"body"));
    assert_steady(&mut harness, |harness| {
        client.send(b"GET /alive HTTP/1.1\r\nHost: h\r\n\r\n");
        let mut count = turns(harness, |_| answered(&mut client, b"</html>\n"));
        client.send(CHUNKED);
        for _ in 0..3 {
            count += allocations_of(|| engine::turn(&mut harness.worker, 0));
        }
        client.send(CHUNKED_END);
        count += turns(harness, |_| answered(&mut server, b"0\r\n\r\n"));
        server.send(ANSWER);
        count += turns(harness, |_| answered(&mut client, b"body"));
        count
    });
}

const REQUEST: &[u8] =
    b"GET /path HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
/// A request and, behind it, what is missing of its body.
const CHUNKED: &[u8] =
    b"POST /path HTTP/1.1\r\nHost: h\r\nX_Y: z\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
const CHUNKED_END: &[u8] = b"2\r\nde\r\n0\r\n\r\n";
const COMPRESSIBLE_REQUEST: &[u8] =
    b"GET /path HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: gzip\r\n\r\n";
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nbody";
const WARM_UP: usize = 300;
const MEASURED: usize = 1_000;
/// 1,300 exchanges take nine seconds of the worker's clock.
const STEP_MS: u32 = 7;

const REQUEST_WITH_COOKIES: &[u8] =
    b"GET /path HTTP/1.1\r\nHost: h\r\nCookie: a=b; SRV=one; app=x; JID=123; c=d\r\n\r\n";

const ANSWER_WITH_COOKIES: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: \"x\"\r\n\
    Set-Cookie: SRV=own\r\nSet-Cookie: app=y\r\nSet-Cookie: JID=123; path=/\r\n\r\nbody";
