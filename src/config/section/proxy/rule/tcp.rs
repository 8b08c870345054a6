//! Actions over connections: closing them, and changing what is known about the client's.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, AddressPart, Decision, RuleSet, Setting};

const REQUESTS: &[RuleSet] = &[
    RuleSet::TcpConnection,
    RuleSet::TcpSession,
    RuleSet::TcpContent,
    RuleSet::HttpRequest,
];
const MESSAGES: &[RuleSet] = &[
    RuleSet::TcpConnection,
    RuleSet::TcpSession,
    RuleSet::TcpContent,
    RuleSet::TcpResponse,
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
];

fn address(reader: &mut RuleReader<'_>, part: AddressPart) -> Parse<Action> {
    let expression = reader.expression()?;
    Ok(Action::Set(Setting::Address(part, expression)))
}

fn expect_proxy(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let place = super::super::tcp_rule::owner(reader.context);
    let set = reader.set.name();
    let word = reader.word("'layer4'")?;
    if word.text() != "layer4" {
        let got = word.text();
        return Err(word.error(format!(
            "'{set} expect-proxy' only supports 'layer4' in {place} (got '{got}')"
        )));
    }
    if reader.set != RuleSet::TcpConnection {
        let message = format!("'expect-proxy layer4' is not allowed in '{set}' rules in {place}");
        return Err(word.error(message));
    }
    Ok(Action::Set(Setting::ExpectProxy))
}

/// A number, decimal or `0x` and hexadecimal digits, up to `max`.
fn number(reader: &mut RuleReader<'_>, max: u32) -> Parse<u32> {
    let word = reader.word("a number")?;
    let text = word.text();
    let value = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    value.ok().filter(|value| *value <= max).ok_or_else(|| {
        let message =
            format!("invalid character starting at '{text}' (integer/hex value expected)");
        word.error(message).hint(format!("between 0 and {max}"))
    })
}

fn set_nice(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("a number from -1024 to 1024")?;
    let value: i16 = word.text().parse().map_err(|_| {
        word.error(format!(
            "'{}' is not a number from -1024 to 1024",
            word.text()
        ))
    })?;
    Ok(Action::Set(Setting::Nice(value.clamp(-1024, 1024))))
}

/// Actions that are known and not offered, and why.
pub(super) fn refusal(set: RuleSet, name: &str) -> Option<&'static str> {
    let is_tcp = matches!(
        set,
        RuleSet::TcpConnection | RuleSet::TcpSession | RuleSet::TcpContent | RuleSet::TcpResponse
    );
    REFUSED
        .iter()
        .find(|(known, _)| is_tcp && *known == name)
        .map(|(_, why)| *why)
}

const REFUSED: &[(&str, &str)] = &[
    (
        "do-resolve",
        "host names are not resolved while connections wait",
    ),
    (
        "expect-netscaler-cip",
        "only the PROXY protocol is understood in front of a connection",
    ),
    ("ot-group", "there is no OpenTracing filter"),
    (
        "send-spoe-group",
        "there is no stream processing offload engine",
    ),
    (
        "switch-mode",
        "a connection stays in the mode of its frontend; use a frontend of its own",
    ),
    ("use-service", "there are no services besides 'return'"),
];

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "close",
        sets: &[RuleSet::TcpResponse],
        usage: "close",
        doc: "Closes the connection to the server; what it sent still leaves.",
        parse: |_| Ok(Action::Decide(Decision::CloseServer)),
    },
    ActionKeyword {
        name: "expect-proxy",
        sets: &[
            RuleSet::TcpConnection,
            RuleSet::TcpSession,
            RuleSet::TcpContent,
        ],
        usage: "expect-proxy layer4",
        doc: "Reads a PROXY header in front of what the client sends.",
        parse: expect_proxy,
    },
    ActionKeyword {
        name: "reject",
        sets: &[
            RuleSet::TcpConnection,
            RuleSet::TcpSession,
            RuleSet::TcpContent,
            RuleSet::TcpResponse,
        ],
        usage: "reject",
        doc: "Closes the connection without an answer.",
        parse: |_| Ok(Action::Decide(Decision::Reject)),
    },
    ActionKeyword {
        name: "set-dst",
        sets: REQUESTS,
        usage: "set-dst <expression>",
        doc: "Replaces the address that the client connected to.",
        parse: |reader| address(reader, AddressPart::Destination),
    },
    ActionKeyword {
        name: "set-dst-port",
        sets: REQUESTS,
        usage: "set-dst-port <expression>",
        doc: "Replaces the port that the client connected to.",
        parse: |reader| address(reader, AddressPart::DestinationPort),
    },
    ActionKeyword {
        name: "set-mark",
        sets: MESSAGES,
        usage: "set-mark <mark>",
        doc: "Marks the packets that leave for the client, for the system's own rules.",
        parse: |reader| Ok(Action::Set(Setting::Mark(number(reader, u32::MAX)?))),
    },
    ActionKeyword {
        name: "set-nice",
        sets: &[
            RuleSet::TcpContent,
            RuleSet::TcpResponse,
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
        ],
        usage: "set-nice <nice>",
        doc: "Makes the session wait for others, or others for it, from -1024 to 1024.",
        parse: set_nice,
    },
    ActionKeyword {
        name: "set-src",
        sets: REQUESTS,
        usage: "set-src <expression>",
        doc: "Replaces the client's address.",
        parse: |reader| address(reader, AddressPart::Source),
    },
    ActionKeyword {
        name: "set-src-port",
        sets: REQUESTS,
        usage: "set-src-port <expression>",
        doc: "Replaces the client's port.",
        parse: |reader| address(reader, AddressPart::SourcePort),
    },
    ActionKeyword {
        name: "set-tos",
        sets: MESSAGES,
        usage: "set-tos <tos>",
        doc: "Sets the type of service of the packets that leave for the client.",
        parse: |reader| {
            let value = number(reader, u32::from(u8::MAX))?;
            let value = u8::try_from(value).unwrap_or(u8::MAX);
            Ok(Action::Set(Setting::TypeOfService(value)))
        },
    },
    ActionKeyword {
        name: "silent-drop",
        sets: MESSAGES,
        usage: "silent-drop",
        doc: "Forgets the connection and lets the client find out by itself.",
        parse: |_| Ok(Action::Decide(Decision::SilentDrop)),
    },
];
