//! Actions that end the walk over a rule set: allow, deny, return, and the like.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, Decision, RuleSet};
use crate::config::section::proxy::http_request;

/// `deny [deny_status <code>]`, or the words of an answer.
fn deny(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let status = if reader.set.is_response() { 502 } else { 403 };
    let reply = http_request::read_refusal(reader, status)?;
    Ok(Action::Decide(Decision::Deny(reply)))
}

fn tarpit(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let reply = http_request::read_refusal(reader, 500)?;
    Ok(Action::Decide(Decision::Tarpit(reply)))
}

/// `auth [realm <name>]`.
fn auth(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let mut realm = None;
    if reader.takes("realm") {
        let Some(word) = reader.peek() else {
            return Err(reader.words.error(reader.at, "missing realm value."));
        };
        reader.at += 1;
        if word.text().bytes().any(|byte| byte.is_ascii_control()) {
            return Err(word.error("control characters are not allowed in a realm"));
        }
        realm = Some(word.bytes().into());
    }
    Ok(Action::Decide(Decision::Auth { realm }))
}

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "accept",
        sets: &[
            RuleSet::TcpConnection,
            RuleSet::TcpSession,
            RuleSet::TcpContent,
            RuleSet::TcpResponse,
        ],
        usage: "accept",
        doc: "No further rule of the set is looked at.",
        parse: |_| Ok(Action::Decide(Decision::Allow)),
    },
    ActionKeyword {
        name: "allow",
        sets: &[
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
            RuleSet::HttpAfterResponse,
        ],
        usage: "allow",
        doc: "No further rule of the set is looked at.",
        parse: |_| Ok(Action::Decide(Decision::Allow)),
    },
    ActionKeyword {
        name: "auth",
        sets: &[RuleSet::HttpRequest],
        usage: "auth [realm <name>]",
        doc: "Asks the client for a name and a password.",
        parse: auth,
    },
    ActionKeyword {
        name: "deny",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "deny [{status | deny_status} <code>] [content-type <type>] [<body>] \
                [hdr <name> <format>]...",
        doc: "Answers with an error.",
        parse: deny,
    },
    ActionKeyword {
        name: "reject",
        sets: &[RuleSet::HttpRequest],
        usage: "reject",
        doc: "Closes the client's connection without an answer.",
        parse: |_| Ok(Action::Decide(Decision::Reject)),
    },
    ActionKeyword {
        name: "return",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "return [status <code>] [content-type <type>] [default-errorfiles | \
                errorfile <path> | errorfiles <section> | file <path> | lf-file <path> | \
                string <text> | lf-string <format>] [hdr <name> <format>]...",
        doc: "Answers here, without a server.",
        parse: |reader| {
            let reply = http_request::read_reply(reader, 200)?;
            Ok(Action::Decide(Decision::Return(reply)))
        },
    },
    ActionKeyword {
        name: "tarpit",
        sets: &[RuleSet::HttpRequest],
        usage: "tarpit [{status | deny_status} <code>] [content-type <type>] [<body>] \
                [hdr <name> <format>]...",
        doc: "Answers with an error once 'timeout tarpit' has passed.",
        parse: tarpit,
    },
];
