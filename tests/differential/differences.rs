//! What weir does otherwise than HAProxy 2.6 on purpose, each with its reason.
//!
//! An entry changes both sides so that its difference, and no other, is gone; one that changed
//! nothing in a full run is reported as a failure of the test.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::{GzDecoder, ZlibDecoder};
use regex::Regex;

use crate::generator::Exchange;
use crate::message::Message;
use crate::proxy::{Item, Seen};

/// One thing that differs on purpose.
pub(crate) struct Difference {
    pub(crate) name: &'static str,
    #[expect(dead_code, reason = "for the reader of the list")]
    pub(crate) reason: &'static str,
    /// Makes both sides equal in this respect.
    pub(crate) even_out: fn(&Exchange, &mut Seen, &mut Seen),
}

/// The list, in the order in which the entries are tried.
pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "case of header names",
        reason: "2.6 sends all names in lower case; weir sends them on as they came",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_line(seen, lower_name);
            }
        },
    },
    Difference {
        name: "white space around values",
        reason: "2.6 writes one space before a value and none behind; weir leaves what came",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_line(seen, trim_value);
            }
        },
    },
    Difference {
        name: "white space in cookies",
        reason: "2.6 takes the white space around the equals signs of all cookies out where it \
                 looks for one; weir leaves what came",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_line(seen, |line| {
                    if line.starts_with("cookie:") {
                        *line = EQUALS.replace_all(line, "=").into_owned();
                    }
                });
            }
        },
    },
    Difference {
        name: "reason of 302",
        reason: "2.6 says what RFC 1945 did, but Found for a redirect; weir always Found, as \
                 RFC 9110 does",
        even_out: |_, _, haproxy| {
            for message in haproxy.client.iter_mut().filter_map(Item::response) {
                if let Some(line) = message.head.first_mut() {
                    *line = line.replace(" 302 Moved Temporarily", " 302 Found");
                }
            }
        },
    },
    Difference {
        name: "page files without a length",
        reason: "2.6 sends one that a rule answers with as it is and closes behind it; weir \
                 says the length and its own version, and keeps the client",
        even_out: |_, weir, haproxy| even_page(weir, haproxy),
    },
    Difference {
        name: "lines of requests to repeat",
        reason: "when a kept connection to a server ends before an answer, both close without \
                 one so that the client repeats; 2.6 logs nothing then, weir logs SH",
        even_out: |_, weir, haproxy| {
            let is_silent = |line: &String| line.contains(" -1 ") && line.contains(" SH-- ");
            if weir.log.len() == haproxy.log.len() + 1 && weir.log.last().is_some_and(is_silent) {
                weir.log.pop();
            }
        },
    },
    Difference {
        name: "quotes in captured cookies",
        reason: "2.6 logs them in quotes as they came, so that one ends the field; weir as #22",
        even_out: |_, weir, _| {
            for line in &mut weir.log {
                *line = line.replace("#22quo ted#22", "\"quo ted\"");
            }
        },
    },
    Difference {
        name: "marks of early errors",
        reason: "2.6 marks numbers of `option logasap` that are final with a plus; weir does not",
        even_out: |_, _, haproxy| {
            for line in haproxy
                .log
                .iter_mut()
                .filter(|line| line.contains("<BADREQ>"))
            {
                *line = line.replace("/+T ", "/T ").replace(" +0 ", " 0 ");
            }
        },
    },
    Difference {
        name: "NUL in a name",
        reason: "2.6 forwards it with accept-invalid-http-request; weir never does",
        even_out: |exchange, weir, haproxy| {
            let is_nul = exchange.hostile == Some("NUL in a name");
            if is_nul && status_of(weir) == 400 && status_of(haproxy) == 200 {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "own page for requests that cannot be read",
        reason: "the parser of 2.6 has its own page for 400 whatever `errorfile` says; weir sends \
                 the configured one",
        even_out: |_, weir, haproxy| {
            let is_own = |item: &mut Item| {
                let page = item.response();
                page.is_some_and(|page| page.head.first().is_some_and(|line| line == OWN_400))
            };
            if weir.client.iter_mut().any(is_own) && last_status(haproxy) == 400 {
                for seen in [weir, haproxy] {
                    seen.client.retain(|item| !matches!(item.status(), 0 | 400));
                }
            }
        },
    },
    Difference {
        name: "place of Connection",
        reason: "2.6 takes Connection out of messages and adds its own at the end; weir keeps \
                 the one that is right already",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_message(seen, connection_last);
            }
        },
    },
    Difference {
        name: "HTTP/2 preface",
        reason: "2.6 switches to its HTTP/2 engine; weir speaks HTTP/1 alone and rejects",
        even_out: |exchange, weir, haproxy| {
            if exchange.hostile == Some("preface") {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "bad chunk sizes",
        reason: "2.6 reads the body that came with the head before it looks at the head; weir \
                 begins with the head, and ends with the same 400",
        even_out: |exchange, weir, haproxy| {
            let is_chunk = |name: &str| name.starts_with("chunk size ");
            if exchange.hostile.is_some_and(is_chunk) && status_of(weir) == 400 {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "line feeds behind chunk sizes",
        reason: "2.6 accepts a line feed alone; 3.4 and weir answer 400",
        even_out: |exchange, weir, haproxy| {
            if exchange.hostile == Some("chunk size LF") && status_of(weir) == 400 {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "requests that 3.4 rejects",
        reason: "2.6 forwards them; 3.4 and weir answer 400",
        even_out: |exchange, weir, haproxy| {
            if exchange
                .hostile
                .is_some_and(|name| REJECTED.contains(&name))
                && status_of(weir) == 400
            {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "upgrade to h2c",
        reason: "2.6 forwards it; 3.4 and weir take it out",
        even_out: |exchange, weir, haproxy| {
            if exchange.hostile == Some("h2c") && weir.client == haproxy.client {
                for seen in [weir, haproxy] {
                    each_message(seen, |message| {
                        message.head.retain(|line| !is_upgrade(line));
                    });
                }
            }
        },
    },
    Difference {
        name: "versions that there are not",
        reason: "2.6 logs and shows the version that came, weir the HTTP/1.1 it makes of it",
        even_out: |exchange, weir, haproxy| {
            if matches!(exchange.hostile, Some("HTTP/2.0" | "HTTP/1.2")) {
                for line in &mut haproxy.log {
                    *line = line
                        .replace("HTTP/2.0", "HTTP/1.1")
                        .replace("HTTP/1.2", "HTTP/1.1");
                }
                for seen in [weir, haproxy] {
                    each_message(seen, |message| {
                        message.head.retain(|line| !line.starts_with("f-version:"));
                        message.head.retain(|line| line != "x-g: 1");
                    });
                }
            }
        },
    },
    Difference {
        name: "interim responses to HTTP/1.0",
        reason: "2.6 sends 100 Continue to clients that do not know it, against RFC 9110 15.2",
        even_out: |exchange, weir, haproxy| {
            let is_old = exchange
                .steps
                .iter()
                .any(|step| has(&step.bytes, b" HTTP/1.0\r\n"));
            let mut at = 0;
            while is_old && at < haproxy.client.len() {
                let status = |seen: &Seen| seen.client.get(at).map_or(0, Item::status);
                if status(haproxy) == 100 && status(weir) >= 200 {
                    haproxy.client.remove(at);
                } else {
                    at += 1;
                }
            }
        },
    },
    Difference {
        name: "bodies of errors to HEAD",
        reason: "2.6 sends the body of a 400 that its parser answers to HEAD too; weir none",
        even_out: |_, weir, haproxy| {
            let is_body = |item: &Item| item.status() == 0;
            if haproxy.client.iter().any(is_body) && last_status(haproxy) == 400 {
                weir.client.retain(|item| !is_body(item));
                haproxy.client.retain(|item| !is_body(item));
            }
        },
    },
    Difference {
        name: "Connection: close beside 413",
        reason: "2.6 closes without saying so; weir says it",
        even_out: |_, weir, haproxy| {
            if last_status(weir) == 413 && last_status(haproxy) == 413 {
                let client = weir.client.iter_mut().filter_map(Item::response);
                for message in client.filter(|message| message.status() == 413) {
                    message.head.retain(|line| line != "connection: close");
                }
            }
        },
    },
    Difference {
        name: "connections whose server failed",
        reason: "weir answers a request whose server fails with an error page, logs it and closes; \
                 2.6 keeps the client's connection behind its own errors, and where the request \
                 was not the connection's first it closes without a word or a line. What came \
                 before the failure is compared",
        even_out: |_, weir, haproxy| {
            let closed_at = haproxy.client.iter().position(|item| *item == Item::Closed);
            let mut places = weir.client.iter_mut().enumerate();
            let failed = places.position(|(at, item)| {
                let closes = |message: &mut Message| {
                    message.head.iter().any(|line| line == "connection: close")
                };
                matches!(item.status(), 303 | 500 | 502..=504)
                    && (closed_at == Some(at) || item.response().is_some_and(closes))
            });
            if let Some(at) = failed {
                for seen in [weir, haproxy] {
                    seen.client.truncate(at);
                    seen.origin.clear();
                    seen.log.clear();
                }
            }
        },
    },
    Difference {
        name: "page of a 400",
        reason: "2.6 answers what it cannot parse with its own page; weir with the frontend's",
        even_out: |_, weir, haproxy| {
            let own = |item: &mut Item| {
                let line = |message: &mut Message| message.head.first().cloned();
                item.response()
                    .and_then(line)
                    .is_some_and(|line| line == "HTTP/1.0 400 Bad")
            };
            if let Some(at) = weir.client.iter_mut().position(own)
                && haproxy
                    .client
                    .get(at)
                    .is_some_and(|item| item.status() == 400)
            {
                for seen in [weir, haproxy] {
                    seen.client.truncate(at);
                }
            }
        },
    },
    Difference {
        name: "100 Continue for a body that is here",
        reason: "2.6 sends it whatever has come; weir leaves it out once the body is there, as \
                 RFC 9110 section 10.1.1 allows, and lets the server decide",
        even_out: |_, weir, haproxy| {
            let interim = |seen: &Seen| seen.client.iter().filter(|i| i.status() == 100).count();
            if interim(haproxy) > interim(weir) {
                for seen in [weir, haproxy] {
                    seen.client.retain(|item| item.status() != 100);
                    for (_, message) in &mut seen.origin {
                        message.head.retain(|line| line != "expect: 100-continue");
                    }
                }
            }
        },
    },
    Difference {
        name: "requests cut in the body",
        reason: "2.6 closes without a word; weir answers 400 to a client that may still read",
        even_out: |exchange, weir, haproxy| {
            let is_cut = exchange.hostile == Some("cut in the body");
            if is_cut && matches!(status_of(weir), 0 | 400) && status_of(haproxy) == 0 {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "connections without a request",
        reason: "2.6 sends 400 to a client that has left without a word; weir only logs it",
        even_out: |exchange, weir, haproxy| {
            if exchange.hostile == Some("nothing") && weir.log == haproxy.log {
                forget(weir, haproxy);
            }
        },
    },
    Difference {
        name: "cause of a cut request",
        reason: "whether the client has left or sent no request is a race on both sides",
        even_out: |exchange, weir, haproxy| {
            if exchange.hostile == Some("TLS hello") {
                for line in weir.log.iter_mut().chain(&mut haproxy.log) {
                    *line = line.replace(" PR-- ", " CR-- ");
                }
            }
        },
    },
    Difference {
        name: "Connection among the header names",
        reason: "2.6 hides the header from rules; weir shows what came",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_line(seen, |line| {
                    if line.starts_with("f-names") {
                        *line = CONNECTION.replace_all(line, "").into_owned();
                    }
                });
            }
        },
    },
    Difference {
        name: "odd numbers in headers",
        reason: "2.6 reckons with any byte as if it were a digit, 4 2 is 242, and in 32 bits; \
                 weir stops at rubbish and reckons in 64",
        even_out: |exchange, weir, haproxy| {
            let odd = |bytes: &[u8]| has(bytes, b"-Number: 4 2") || has(bytes, b"-Number: 9999");
            if exchange.steps.iter().any(|step| odd(&step.bytes)) {
                for seen in [weir, haproxy] {
                    each_message(seen, |message| {
                        message.head.retain(|line| !is_rubbish(line));
                    });
                }
            }
        },
    },
    Difference {
        name: "overflow of subtractions",
        reason: "2.6 takes some differences for too large that are not; 3.4 and weir do not",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_message(seen, |message| {
                    message.head.retain(|line| !line.starts_with("n-sub:"));
                    message.head.retain(|line| !line.starts_with("n-least:"));
                });
            }
        },
    },
    Difference {
        name: "padding of ub64dec",
        reason: "2.6 makes one byte too many of a padded text, which this encoding never has",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_message(seen, |message| {
                    message
                        .head
                        .retain(|line| !line.starts_with("h-ub64dec: Hello world"));
                });
            }
        },
    },
    Difference {
        name: "compressed bytes in the log",
        reason: "2.6 logs the bytes that came from the server, weir those that went out",
        even_out: |_, weir, haproxy| {
            let is_packed = |item: &mut Item| {
                let response = item.response();
                response.is_some_and(|response| response.header("content-encoding").is_some())
            };
            if weir.client.iter_mut().any(is_packed) {
                for line in weir.log.iter_mut().chain(&mut haproxy.log) {
                    *line = BYTES.replace(line, "$1<bytes>").into_owned();
                }
            }
        },
    },
    Difference {
        name: "compressed bytes",
        reason: "another library compresses; what comes out of it must be the same",
        even_out: |_, weir, haproxy| {
            for seen in [weir, haproxy] {
                each_message(seen, decompress);
            }
        },
    },
    Difference {
        name: "bytes of early errors",
        reason: "2.6 logs no bytes for its answer to a request that it could not parse",
        even_out: |_, weir, haproxy| {
            for (weir, haproxy) in weir.log.iter_mut().zip(&haproxy.log) {
                if NO_BYTES.is_match(haproxy) {
                    *weir = BYTES.replace(weir, "${1}0").into_owned();
                }
            }
        },
    },
    Difference {
        name: "connections that end",
        reason: "whether the connection before has ended by now is a race on both sides",
        even_out: |_, weir, haproxy| {
            for line in weir.log.iter_mut().chain(&mut haproxy.log) {
                *line = COUNTERS.replace(line, " <ac>/<fc>/$1 ").into_owned();
                *line = CLF_COUNTERS.replace(line, "$1 <ac> <fc> ").into_owned();
            }
        },
    },
    Difference {
        name: "ends of relays",
        reason: "which side of a relay ends first, and what is open then, is a race on both sides",
        even_out: |_, weir, haproxy| {
            for line in weir.log.iter_mut().chain(&mut haproxy.log) {
                if line.contains(" relay ") || line.contains(" soon ") {
                    *line = RELAY.replace(line, " <end> ").into_owned();
                }
            }
        },
    },
    Difference {
        name: "bytes in the log",
        reason: "2.6 counts a message as it stores it, weir as it is sent: some bytes per header",
        even_out: |_, weir, haproxy| {
            for (weir, haproxy) in weir.log.iter_mut().zip(&mut haproxy.log) {
                even_bytes(weir, haproxy);
            }
        },
    },
];

/// Leaves nothing to compare.
fn forget(weir: &mut Seen, haproxy: &mut Seen) {
    for seen in [weir, haproxy] {
        *seen = Seen::default();
    }
}

/// The status of the first response.
fn status_of(seen: &Seen) -> u16 {
    seen.client.first().map_or(0, Item::status)
}

/// The status of the last response.
fn last_status(seen: &Seen) -> u16 {
    let statuses = seen.client.iter().rev().map(Item::status);
    statuses
        .into_iter()
        .find(|status| *status != 0)
        .unwrap_or(0)
}

/// Whether a configuration made this header of a number with rubbish behind it.
fn is_rubbish(line: &str) -> bool {
    line.starts_with("n-value:")
        || line.starts_with("v-number:")
        || line.starts_with("v-big:")
        || line == "x-acl: number"
        || line == "x-acl: small"
}

/// Puts the plain body in the place of a compressed one.
fn decompress(message: &mut Message) {
    let mut body = Vec::new();
    let packed = message.body.as_slice();
    let result = match message.header("content-encoding") {
        Some("gzip") => GzDecoder::new(packed).read_to_end(&mut body),
        Some("deflate") => ZlibDecoder::new(packed).read_to_end(&mut body),
        _ => return,
    };
    if result.is_ok() {
        message.body = body;
    }
}

/// Makes a page that closes and one that does not equal, and takes away what followed the latter.
fn even_page(weir: &mut Seen, haproxy: &mut Seen) {
    let at = haproxy.client.iter_mut().position(|item| {
        let page = item.response();
        page.is_some_and(|page| page.head.first().is_some_and(|line| line == PAGE))
    });
    let Some(at) = at else {
        return;
    };
    let (Some(kept), Some(closed)) = (weir.client.get_mut(at), haproxy.client.get_mut(at)) else {
        return;
    };
    let (Some(kept_page), Some(closed_page)) = (kept.response(), closed.response()) else {
        return;
    };
    if kept_page.body != closed_page.body || kept_page.status() != closed_page.status() {
        return;
    }
    *kept = closed.clone();
    weir.client.truncate(at + 1);
    haproxy.client.truncate(at + 1);
    weir.origin.truncate(haproxy.origin.len());
    weir.log.truncate(haproxy.log.len());
}

fn is_upgrade(line: &str) -> bool {
    ["connection:", "upgrade:", "http2-settings:"]
        .iter()
        .any(|name| line.starts_with(name))
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Calls `change` with every header and trailer that anybody got.
fn each_line(seen: &mut Seen, change: impl Fn(&mut String)) {
    each_message(seen, |message| {
        for line in message.head.iter_mut().skip(1).chain(&mut message.trailers) {
            change(line);
        }
    });
}

/// Calls `change` with every message that anybody got.
fn each_message(seen: &mut Seen, change: impl Fn(&mut Message)) {
    let responses = seen.client.iter_mut().filter_map(Item::response);
    let requests = seen.origin.iter_mut().map(|(_, request)| request);
    for message in responses.chain(requests) {
        change(message);
    }
}

fn trim_value(line: &mut String) {
    if let Some((name, value)) = line.split_once(':') {
        let mut value = value.trim();
        while let Some(rest) = value
            .strip_prefix("\\t")
            .or_else(|| value.strip_suffix("\\t"))
        {
            value = rest.trim();
        }
        *line = format!("{name}: {value}");
    }
}

fn connection_last(message: &mut Message) {
    let is_connection = |line: &String| line.starts_with("connection:");
    let (mut last, mut head): (Vec<String>, Vec<String>) =
        message.head.drain(..).partition(is_connection);
    last.sort();
    head.extend(last);
    message.head = head;
}

fn lower_name(line: &mut String) {
    if let Some((name, rest)) = line.split_once(':') {
        *line = format!("{}:{rest}", name.to_ascii_lowercase());
    }
}

/// Masks the byte counts of two lines when they are near each other.
fn even_bytes(weir: &mut String, haproxy: &mut String) {
    let count = |line: &str| {
        BYTES
            .captures(line)
            .and_then(|found| found[2].parse::<i64>().ok())
    };
    let (Some(one), Some(other)) = (count(weir), count(haproxy)) else {
        return;
    };
    if (one - other).abs() <= BYTES_APART && one > 0 && other > 0 {
        for line in [weir, haproxy] {
            *line = BYTES.replace(line, "$1<bytes>").into_owned();
        }
    }
}

/// The status and the bytes behind it, in all formats of the configurations.
static BYTES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"( [1-5][0-9]{2} (?:bytes=)?\+?)([0-9]+)").unwrap());

/// The equals sign of a cookie with what stands around it.
static EQUALS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" *= *").unwrap());

/// The counters of connections: of the process and the frontend, and the others.
static COUNTERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r" [0-9]+/[0-9]+/([0-9]+/[0-9]+/\+?[0-9]+ [0-9]+/[0-9]+) ?").unwrap()
});

/// The first two of them in the common log format.
static CLF_COUNTERS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"( <timers> [A-Zc-]{4}) [0-9]+ [0-9]+ ").unwrap());

/// How a relay ended and what was open then.
static RELAY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" (?:[A-Zc-]{2,4}) <ac>/<fc>/[0-9/+]+ ").unwrap());

/// A line of an error that the parser of 2.6 answered by itself.
static NO_BYTES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" 4[0-9]{2} (?:bytes=)?0 .*(?:PR|CR|cR)-- ").unwrap());

/// The name of the header among others.
static CONNECTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)[,-]connection\b|\bconnection[,-]").unwrap());

/// The status line of a page file.
const PAGE: &str = "HTTP/1.0 403 Not You";

/// The status line of a configuration's page for 400.
const OWN_400: &str = "HTTP/1.0 400 Bad";

/// Attacks that 2.6 forwards.
const REJECTED: &[&str] = &["NUL in a value", "star", "path without slash"];

/// What the head of a response may count differently.
const BYTES_APART: i64 = 200;
