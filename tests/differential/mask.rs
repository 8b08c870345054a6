//! Takes out of what was seen everything that depends on the run: ports, dates, durations.
//!
//! Only these: -1 in place of a duration stays, since it says that a step was never reached.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::message::Message;
use crate::proxy::{Item, Seen};

/// The ports of one run and what they are.
pub(crate) struct Ports {
    names: HashMap<u16, String>,
    /// The exchanges that a client's port served, in order: the kernel gives ports out again.
    clients: HashMap<u16, Vec<usize>>,
}

impl Ports {
    pub(crate) fn new(origins: &[SocketAddr], listeners: &[SocketAddr]) -> Self {
        let mut names = HashMap::new();
        for (number, address) in origins.iter().enumerate() {
            names.insert(address.port(), format!("<origin {number}>"));
        }
        for (number, address) in listeners.iter().enumerate() {
            names.insert(address.port(), format!("<listener {number}>"));
        }
        let clients = HashMap::new();
        Self { names, clients }
    }

    pub(crate) fn add_client(&mut self, port: u16, exchange: usize) {
        self.clients.entry(port).or_default().push(exchange);
        self.names.insert(port, "<client>".to_owned());
    }

    /// The exchange that a log line is about: the one whose port it names, and not long before
    /// that of the line in front of it.
    pub(crate) fn exchange_of(&self, line: &str, from: usize) -> Option<usize> {
        let body = SYSLOG.replace(line, "");
        let ports = NUMBER
            .find_iter(&body)
            .map(|number| number.as_str().parse());
        let exchanges = ports.filter_map(|port| self.clients.get(&port.ok()?));
        let mut exchanges = exchanges.flatten().copied();
        exchanges.find(|exchange| exchange + LATE >= from)
    }

    /// Masks a whole log line.
    pub(crate) fn log_line(&self, line: &str) -> String {
        let line = SYSLOG.replace(line, "$1");
        let line = DATE.replace_all(&line, "<date>");
        let line = TIMERS.replace(&line, |found: &Captures<'_>| {
            let timers: Vec<&str> = found[2].split('/').map(duration).collect();
            format!("{}{}{}", &found[1], timers.join("/"), &found[3])
        });
        let line = CLF.replace(&line, "$1<ms>$2<timers>$3");
        self.text(&line)
    }

    /// Masks what clients and servers saw.
    pub(crate) fn mask(&self, seen: &mut Seen) {
        for item in &mut seen.client {
            if let Item::Response(response) = item {
                self.message(response);
            }
        }
        for (_, request) in &mut seen.origin {
            self.message(request);
        }
    }

    fn message(&self, message: &mut Message) {
        for line in &mut message.head {
            *line = DATE_HEADER
                .replace(&self.text(line), "$1: <date>")
                .into_owned();
        }
        if let Ok(text) = std::str::from_utf8(&message.body) {
            message.body = self.text(text).into_bytes();
        }
    }

    fn text(&self, text: &str) -> String {
        let named = NUMBER.replace_all(text, |found: &Captures<'_>| {
            let number = &found[0];
            let name = number.parse().ok().and_then(|port| self.names.get(&port));
            name.cloned().unwrap_or_else(|| number.to_owned())
        });
        named.into_owned()
    }
}

/// What stands for a duration that was measured.
fn duration(text: &str) -> &str {
    match text.as_bytes() {
        [b'-', ..] => text,
        [b'+', ..] => "+T",
        _ => "T",
    }
}

/// Exchanges that a line may come late, fewer than those after which a port comes back.
const LATE: usize = 100;

/// A number that may be a port.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"(?-u:\b)[1-9][0-9]{3,4}(?-u:\b)"));
/// What syslog puts in front of a line, but for the level.
static SYSLOG: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(<[0-9]+>).{15} (?:[^ ]+ )?[^ \[]+\[[0-9]+\]: "));
/// The date of a log line.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8}(?:\.[0-9]+| [+-][0-9]{4})?")
});
/// The first group of numbers: durations, in all formats of the configurations.
static TIMERS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"( )(\+?-?[0-9]+(?:/\+?-?[0-9]+){2,4})( )"));
/// The milliseconds and the durations of a line in the common log format.
static CLF: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(" [0-9]+ )[0-9]{1,3}((?: "[^"]*"){3} )(?:-?[0-9]+ ){4}-?[0-9]+( )"#)
});
/// A Date header with a date in it.
static DATE_HEADER: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^(date|expires): [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT$")
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}
