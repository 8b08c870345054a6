//! Keywords of the side that has servers, `server` lines apart.

use super::draft::ProxyContext;
use super::frontend::COUNT_MAX;
use super::source;
use crate::config::address::{AddressForms, parse_address};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{AddressSpec, Balance, HttpReuse, ProxyOption};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "balance",
        sections: Sections::DEFAULTS_BACK,
        usage: "balance roundrobin|static-rr|leastconn|source|rdp-cookie[(<name>)]",
        doc: "Chooses how a server is chosen.",
        since: "1.0",
        negatable: false,
        parse: parse_balance,
    },
    Keyword {
        name: "dispatch",
        sections: Sections::BACK,
        usage: "dispatch <address>:<port>",
        doc: "Sends everything to one address, without a server's features.",
        since: "1.0",
        negatable: false,
        parse: parse_dispatch,
    },
    Keyword {
        name: "fullconn",
        sections: Sections::DEFAULTS_BACK,
        usage: "fullconn <count>",
        doc: "Lets servers reach their maxconn when the backend has this many connections.",
        since: "1.2",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.fullconn = line.words.uint(1, 0..=COUNT_MAX)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "http-reuse",
        sections: Sections::DEFAULTS_BACK,
        usage: "http-reuse never|safe|aggressive|always",
        doc: "Tells which requests may go out on an idle connection of another client.",
        since: "1.6",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.http_reuse = line.words.choice(1, &REUSES)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "redisp",
        sections: Sections::DEFAULTS_BACK,
        usage: "redisp",
        doc: "The old spelling of 'option redispatch'.",
        since: "1.0",
        negatable: false,
        parse: parse_redispatch,
    },
    Keyword {
        name: "redispatch",
        sections: Sections::DEFAULTS_BACK,
        usage: "redispatch",
        doc: "The old spelling of 'option redispatch'.",
        since: "1.0",
        negatable: false,
        parse: parse_redispatch,
    },
    Keyword {
        name: "retries",
        sections: Sections::DEFAULTS_BACK,
        usage: "retries <count>",
        doc: "Tries a server this many times more after a failed connection.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.retries = line.words.uint(1, 0..=COUNT_MAX)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "source",
        sections: Sections::DEFAULTS_BACK,
        usage: source::USAGE,
        doc: "Sets the address that connections to servers come from.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            let (source, next) = source::parse(&line.words, source::Ports::One)?;
            line.words.end(next)?;
            context.draft.proxy.source = Some(source);
            Ok(())
        },
    },
    Keyword {
        name: "transparent",
        sections: Sections::DEFAULTS_BACK,
        usage: "transparent",
        doc: "The old spelling of 'option transparent'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            line.words.end(1)?;
            context
                .draft
                .proxy
                .options
                .set(ProxyOption::Transparent, true);
            Ok(())
        },
    },
];

fn parse_balance(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    context.draft.balance_given = true;
    if !line.words.has(1) {
        context.draft.proxy.balance = Balance::RoundRobin;
        return Ok(());
    }
    let argument = line.words.text(1)?.strip_prefix("rdp-cookie");
    if let Some(argument) = argument.filter(|rest| rest.is_empty() || rest.starts_with('(')) {
        let missing = || {
            line.words
                .error(1, "balance rdp-cookie : missing cookie name.")
        };
        let name = parenthesised(argument, BALANCE_COOKIE).ok_or_else(missing)?;
        name.clone_into(&mut context.draft.proxy.balance_cookie);
        context.draft.proxy.balance = Balance::RdpCookie;
        return line.words.end(2);
    }
    context.draft.proxy.balance = line.words.choice(1, &ALGORITHMS)?;
    line.words.end(2)
}

/// What stands in parentheses, or `otherwise` without any.
pub(super) fn parenthesised<'a>(argument: &'a str, otherwise: &'a str) -> Option<&'a str> {
    if argument.is_empty() {
        return Some(otherwise);
    }
    let inner = argument.strip_prefix('(')?.strip_suffix(')')?;
    (!inner.is_empty()).then_some(inner)
}

fn parse_dispatch(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.word(1)?;
    let address = parse_address(word, AddressForms::DISPATCH)?;
    line.words.end(2)?;
    let AddressSpec::Ip(address) = address.spec else {
        let message = format!("'dispatch' : '{}' is not an IP address", word.text());
        return Err(word.error(message));
    };
    context.draft.proxy.dispatch = Some(address);
    Ok(())
}

fn parse_redispatch(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(1)?;
    let name = line.words.name();
    let message = format!("'{name}' is deprecated, please use 'option redispatch'.");
    context.warnings.push(line.words.keyword_warning(message));
    context
        .draft
        .proxy
        .options
        .set(ProxyOption::Redispatch, true);
    context.draft.proxy.redispatch_after = -1;
    Ok(())
}

/// The cookie that holds a user's name (manual, "balance rdp-cookie").
const BALANCE_COOKIE: &str = "mstshash";

const ALGORITHMS: [(&str, Balance); 4] = [
    ("roundrobin", Balance::RoundRobin),
    ("static-rr", Balance::StaticRoundRobin),
    ("leastconn", Balance::LeastConnections),
    ("source", Balance::Source),
];

const REUSES: [(&str, HttpReuse); 4] = [
    ("never", HttpReuse::Never),
    ("safe", HttpReuse::Safe),
    ("aggressive", HttpReuse::Aggressive),
    ("always", HttpReuse::Always),
];
