//! Actions over HTTP messages that neither decide nor edit: waiting, hints, timeouts, queues.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, BodyWait, Edit, RuleSet, Setting, TimeoutKind, TimeoutValue};
use crate::config::section::proxy::forwarded::is_token;
use crate::config::unit::{Unit, parse_size, parse_time_ms};
use crate::http::uri::normalize::Normalizer;

const REQUESTS: &[RuleSet] = &[RuleSet::HttpRequest];

/// `wait-for-body time <time> [at-least <bytes>]`.
fn wait_for_body(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let mut wait = BodyWait {
        time_ms: 0,
        at_least: 0,
    };
    let mut has_time = false;
    while let Some(word) = reader.peek() {
        let name = word.text();
        if !matches!(name, "time" | "at-least") {
            break;
        }
        reader.at += 1;
        let Some(value) = reader.peek() else {
            return Err(word.error(format!("missing argument for '{name}'.")));
        };
        reader.at += 1;
        if name == "time" {
            has_time = true;
            wait.time_ms = parse_time_ms(value.text(), Unit::Ms)
                .map_err(|error| value.error(error.to_string()))?;
        } else {
            wait.at_least =
                parse_size(value.text()).map_err(|error| value.error(error.to_string()))?;
        }
    }
    if !has_time {
        let at = reader.at.saturating_sub(1);
        let message = "expects time <time> [ at-least <bytes> ].";
        return Err(reader.words.error(at, message));
    }
    Ok(Action::WaitForBody(wait))
}

fn early_hint(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let name = reader.word("the name of a header")?;
    if !is_token(name.text()) {
        return Err(name.error(format!("'{}' cannot be the name of a header", name.text())));
    }
    let format = reader.format("a value")?;
    Ok(Action::EarlyHint(name.bytes().into(), format))
}

/// `normalize-uri <normalizer> [full | strict]`.
fn normalize_uri(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("a normalizer")?;
    let normalizer = match word.text() {
        "fragment-encode" => Normalizer::FragmentEncode,
        "fragment-strip" => Normalizer::FragmentStrip,
        "path-merge-slashes" => Normalizer::PathMergeSlashes,
        "path-strip-dot" => Normalizer::PathStripDot,
        "path-strip-dotdot" => Normalizer::PathStripDotdot {
            full: reader.takes("full"),
        },
        "percent-decode-unreserved" => Normalizer::PercentDecodeUnreserved {
            strict: reader.takes("strict"),
        },
        "percent-to-uppercase" => Normalizer::PercentToUppercase {
            strict: reader.takes("strict"),
        },
        "query-sort-by-name" => Normalizer::QuerySortByName,
        other => {
            let error = word.error(format!("unknown normalizer '{other}'."));
            return Err(error.hint(
                "one of 'fragment-encode', 'fragment-strip', 'path-merge-slashes', \
                 'path-strip-dot', 'path-strip-dotdot', 'percent-decode-unreserved', \
                 'percent-to-uppercase' and 'query-sort-by-name'",
            ));
        }
    };
    Ok(Action::Edit(Edit::NormalizeUri(normalizer)))
}

/// `set-timeout {server | tunnel} {<time> | <expression>}`.
fn set_timeout(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("'server' or 'tunnel', and a time")?;
    let kind = match word.text() {
        "server" => TimeoutKind::Server,
        "tunnel" => TimeoutKind::Tunnel,
        other => {
            let message = format!("'set-timeout' rule supports 'server'/'tunnel' (got '{other}').");
            return Err(word.error(message));
        }
    };
    if !reader.context.draft.proxy.capabilities.backend && !reader.context.draft.is_defaults() {
        let message = "a proxy without servers has no such timeout";
        return Err(word.error(message).hint("put the rule into the backend"));
    }
    let Some(value) = reader.peek() else {
        let message = "expects exactly 2 arguments.";
        return Err(reader.words.error(reader.at, message));
    };
    let value = match parse_time_ms(value.text(), Unit::Ms) {
        Ok(0) => return Err(value.error("null value is not valid for a 'set-timeout' rule")),
        Ok(time_ms) => {
            reader.at += 1;
            TimeoutValue::Fixed(time_ms)
        }
        Err(error)
            if value
                .text()
                .starts_with(|first: char| first.is_ascii_digit()) =>
        {
            return Err(value.error(error.to_string()));
        }
        Err(_) => TimeoutValue::Computed(reader.expression()?),
    };
    Ok(Action::Set(Setting::Timeout(kind, value)))
}

/// `strict-mode {on | off}`.
fn strict_mode(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let Some(word) = reader.peek() else {
        let message = "expects exactly 1 arguments.";
        return Err(reader.words.error(reader.at, message).hint("'on' or 'off'"));
    };
    reader.at += 1;
    match word.text() {
        "on" => Ok(Action::Set(Setting::StrictMode(true))),
        "off" => Ok(Action::Set(Setting::StrictMode(false))),
        other => Err(word.error(format!(
            "Unexpected value '{other}'. Only 'on' and 'off' are supported."
        ))),
    }
}

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "disable-l7-retry",
        sets: REQUESTS,
        usage: "disable-l7-retry",
        doc: "The request is not sent a second time when its server connection fails.",
        parse: |_| Ok(Action::Set(Setting::NoReplay)),
    },
    ActionKeyword {
        name: "early-hint",
        sets: REQUESTS,
        usage: "early-hint <name> <format>",
        doc: "Tells the client a header at once, in an interim response.",
        parse: early_hint,
    },
    ActionKeyword {
        name: "normalize-uri",
        sets: REQUESTS,
        usage: "normalize-uri <normalizer> [full | strict]",
        doc: "Brings the URI into a common form.",
        parse: normalize_uri,
    },
    ActionKeyword {
        name: "set-priority-class",
        sets: REQUESTS,
        usage: "set-priority-class <expression>",
        doc: "Queues serve requests of a lower class first.",
        parse: |reader| {
            let expression = reader.expression()?;
            Ok(Action::Set(Setting::PriorityClass(expression)))
        },
    },
    ActionKeyword {
        name: "set-priority-offset",
        sets: REQUESTS,
        usage: "set-priority-offset <expression>",
        doc: "Queues take the request for younger by that many milliseconds, or older.",
        parse: |reader| {
            let expression = reader.expression()?;
            Ok(Action::Set(Setting::PriorityOffset(expression)))
        },
    },
    ActionKeyword {
        name: "set-timeout",
        sets: REQUESTS,
        usage: "set-timeout {server | tunnel} {<time> | <expression>}",
        doc: "Sets a timeout for this session alone.",
        parse: set_timeout,
    },
    ActionKeyword {
        name: "strict-mode",
        sets: &[
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
            RuleSet::HttpAfterResponse,
        ],
        usage: "strict-mode {on | off}",
        doc: "Whether a change of a head that fails ends the exchange.",
        parse: strict_mode,
    },
    ActionKeyword {
        name: "wait-for-body",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "wait-for-body time <time> [at-least <bytes>]",
        doc: "Waits for the body before the next rule.",
        parse: wait_for_body,
    },
    ActionKeyword {
        name: "wait-for-handshake",
        sets: REQUESTS,
        usage: "wait-for-handshake",
        doc: "Nothing: there is no TLS handshake to wait for.",
        parse: |_| Ok(Action::Nothing),
    },
];
