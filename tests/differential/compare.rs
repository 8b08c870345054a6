//! The two sides of one exchange, the differences that are meant, and the report on the others.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::differences::DIFFERENCES;
use crate::generator::Exchange;
use crate::proxy::{Item, Seen};

/// One exchange as it went through both programs.
pub(crate) struct Comparison<'a> {
    exchange: &'a Exchange,
    weir: Seen,
    haproxy: Seen,
}

impl<'a> Comparison<'a> {
    /// Evens out what differs on purpose and notes in `applied` which entries of the list did.
    pub(crate) fn new(
        exchange: &'a Exchange,
        weir: Seen,
        haproxy: Seen,
        applied: &mut BTreeSet<&'static str>,
    ) -> Self {
        let mut comparison = Self {
            exchange,
            weir,
            haproxy,
        };
        for difference in DIFFERENCES {
            if comparison.is_equal() {
                break;
            }
            let before = (comparison.weir.clone(), comparison.haproxy.clone());
            (difference.even_out)(exchange, &mut comparison.weir, &mut comparison.haproxy);
            if before.0 != comparison.weir || before.1 != comparison.haproxy {
                applied.insert(difference.name);
            }
        }
        comparison
    }

    pub(crate) fn is_equal(&self) -> bool {
        self.weir == self.haproxy
    }

    /// The request and both sides; lines that only one side has are marked.
    pub(crate) fn report(&self, name: &str, seed: u64) -> String {
        let mut report = String::new();
        let exchange = self.exchange;
        let hostile = exchange.hostile.unwrap_or("ordinary");
        writeln!(
            report,
            "==== {name}, exchange {}, seed {seed}, listener {}, {hostile}",
            exchange.number, exchange.listener
        )
        .unwrap();
        for step in &exchange.steps {
            let text = step.bytes[..step.bytes.len().min(SENT_SHOWN)].escape_ascii();
            let text = text.to_string().replace("\\r\\n", "\n    > ");
            writeln!(report, "    > {}", text.replace("\\\"", "\"")).unwrap();
        }
        let weir = lines(&self.weir);
        let haproxy = lines(&self.haproxy);
        let same = common(&weir, &haproxy);
        let (mut left, mut right) = (weir.iter(), haproxy.iter());
        for line in same.into_iter().map(Some).chain([None]) {
            for only in left.by_ref().take_while(|only| Some(*only) != line) {
                writeln!(report, "weir    | {only}").unwrap();
            }
            for only in right.by_ref().take_while(|only| Some(*only) != line) {
                writeln!(report, "haproxy | {only}").unwrap();
            }
            if let Some(line) = line {
                writeln!(report, "        | {line}").unwrap();
            }
        }
        report
    }
}

/// All that was seen, line by line.
fn lines(seen: &Seen) -> Vec<String> {
    let mut lines = Vec::new();
    for item in &seen.client {
        match item {
            Item::Response(response) => {
                lines.push("client got".to_owned());
                lines.extend(response.to_string().lines().map(str::to_owned));
            }
            Item::Closed => lines.push("client: closed".to_owned()),
            Item::Silent => lines.push("client: no answer".to_owned()),
        }
    }
    for (server, request) in &seen.origin {
        lines.push(format!("server {server} got"));
        lines.extend(request.to_string().lines().map(str::to_owned));
    }
    lines.extend(seen.log.iter().map(|line| format!("log {line}")));
    lines
}

/// The longest sequence of lines that both have in order.
fn common<'a>(left: &'a [String], right: &[String]) -> Vec<&'a String> {
    let mut lens = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for at in (0..left.len()).rev() {
        for other in (0..right.len()).rev() {
            lens[at][other] = match left[at] == right[other] {
                true => lens[at + 1][other + 1] + 1,
                false => lens[at + 1][other].max(lens[at][other + 1]),
            };
        }
    }
    let (mut at, mut other, mut same) = (0, 0, Vec::new());
    while at < left.len() && other < right.len() {
        if left[at] == right[other] {
            same.push(&left[at]);
            (at, other) = (at + 1, other + 1);
        } else if lens[at + 1][other] >= lens[at][other + 1] {
            at += 1;
        } else {
            other += 1;
        }
    }
    same
}

/// Bytes of a step that a report shows.
const SENT_SHOWN: usize = 2000;
