//! What weir does otherwise than HAProxy 2.6 on purpose, each with its reason.
//!
//! An entry changes both sides so that its difference, and no other, is gone; one that changed
//! nothing in a full run is reported as a failure of the test.

use std::sync::LazyLock;

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
        name: "bytes of early errors",
        reason: "2.6 logs no bytes for its answer to a request that it could not parse",
        even_out: |_, weir, haproxy| {
            for (weir, haproxy) in weir.log.iter_mut().zip(&haproxy.log) {
                if haproxy.contains(" 400 0 - - PR-- ") {
                    *weir = BYTES.replace(weir, "${1}0").into_owned();
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
    let responses = seen.client.iter_mut().filter_map(|item| match item {
        Item::Response(response) => Some(response),
        Item::Closed | Item::Silent => None,
    });
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
    let (last, mut head): (Vec<String>, Vec<String>) =
        message.head.drain(..).partition(is_connection);
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
    LazyLock::new(|| Regex::new(r"( [1-5][0-9]{2} (?:bytes=)?)([0-9]+)").unwrap());

/// What the head of a response may count differently.
const BYTES_APART: i64 = 200;
