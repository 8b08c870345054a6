//! Actions for the log: `capture` and `set-log-level`.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, CaptureInto, CaptureSlot, RuleSet, Setting};
use crate::config::section::log::LEVELS;
use crate::config::section::proxy::capture::CAPTURE_LEN_MAX;
use crate::config::section::proxy::draft::CaptureId;
use crate::config::word::Word;

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "capture",
        sets: &[
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
            RuleSet::TcpContent,
        ],
        usage: "capture <expression> len <length> | id <slot>",
        doc: "Keeps the value of an expression for the log and for rules.",
        parse: capture,
    },
    ActionKeyword {
        name: "set-log-level",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "set-log-level <level>|silent",
        doc: "Logs the request at another level, or not at all.",
        parse: set_log_level,
    },
];

fn capture(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let of_response = reader.set.is_response();
    let usage = if of_response {
        "expects <expression> id <idx>."
    } else {
        "expects <expression> [ 'len' <length> | id <idx> ]."
    };
    let start = reader.at;
    let incomplete = |reader: &RuleReader<'_>| reader.words.error(start, usage);
    if reader.peek().is_none() {
        return Err(incomplete(reader));
    }
    let expression = reader.expression()?;
    let Some(kind) = reader.peek().map(Word::text) else {
        return Err(incomplete(reader));
    };
    let kind_at = reader.at;
    reader.at += 1;
    let slot = match kind {
        "len" if !of_response => {
            let Some(word) = reader.peek() else {
                return Err(incomplete(reader));
            };
            reader.at += 1;
            declared_slot(reader, word)?
        }
        "id" if reader.set != RuleSet::TcpContent => {
            let Some(word) = reader.peek() else {
                return Err(incomplete(reader));
            };
            reader.at += 1;
            known_slot(reader, word)?
        }
        other => {
            let wanted = match reader.set {
                RuleSet::HttpRequest => "'len' or 'id'",
                RuleSet::TcpContent => "'len'",
                _ => "'id'",
            };
            let message = format!("expects {wanted}, found '{other}'.");
            return Err(reader.words.error(kind_at, message));
        }
    };
    let into = CaptureInto { slot, of_response };
    Ok(Action::Set(Setting::Capture(into, expression)))
}

/// `len`: a slot of its own.
fn declared_slot(reader: &mut RuleReader<'_>, word: &Word) -> Parse<usize> {
    let proxy = &mut reader.context.draft.proxy;
    if !proxy.capabilities.frontend {
        let message = format!("proxy '{}' has no frontend capability.", proxy.name);
        return Err(word
            .error(message)
            .hint("'id' names a slot of the frontend"));
    }
    let len = word.text().parse().unwrap_or(0);
    if !(1..=CAPTURE_LEN_MAX).contains(&len) {
        return Err(word.error("length must be > 0."));
    }
    proxy
        .captures
        .request
        .push(CaptureSlot { header: None, len });
    Ok(proxy.captures.request.len() - 1)
}

/// `id`: a slot that is declared, perhaps further down.
fn known_slot(reader: &mut RuleReader<'_>, word: &Word) -> Parse<usize> {
    let slot = word.text().parse();
    let slot = slot.map_err(|_| word.error(format!("cannot parse id '{}'.", word.text())))?;
    reader.context.draft.capture_ids.push(CaptureId {
        slot,
        set: reader.set,
        span: word.span(),
    });
    Ok(slot)
}

fn set_log_level(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let expected = "expects exactly 1 argument (log level name or 'silent').";
    let Some(word) = reader.peek() else {
        return Err(reader.words.error(reader.at, expected));
    };
    reader.at += 1;
    let known = LEVELS.iter().find(|(name, _)| *name == word.text());
    match (word.text(), known) {
        ("silent", _) => Ok(Action::Set(Setting::LogLevel(None))),
        (_, Some((_, level))) => Ok(Action::Set(Setting::LogLevel(Some(*level)))),
        (_, None) => Err(word.error(expected)),
    }
}
