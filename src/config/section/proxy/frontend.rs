//! Keywords of the accepting side, `bind` apart.

use super::draft::{ProxyContext, Reference};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "backlog",
        sections: Sections::DEFAULTS_FRONT,
        usage: "backlog <count>",
        doc: "Asks the kernel to hold this many connections that are not accepted yet.",
        since: "1.3",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.backlog = line.words.uint(1, 0..=COUNT_MAX)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "default_backend",
        sections: Sections::DEFAULTS_FRONT,
        usage: "default_backend <backend>",
        doc: "Names the backend of requests that no other rule sends elsewhere.",
        since: "1.3",
        negatable: false,
        parse: parse_default_backend,
    },
    Keyword {
        name: "maxconn",
        sections: Sections::DEFAULTS_FRONT,
        usage: "maxconn <count>",
        doc: "Serves this many connections at a time; others wait in the kernel's queue.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.maxconn = line.words.uint(1, 0..=COUNT_MAX)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "rate-limit sessions",
        sections: Sections::DEFAULTS_FRONT,
        usage: "rate-limit sessions <per second>",
        doc: "Accepts at most this many connections per second.",
        since: "1.4",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.rate_limit_sessions = line.words.uint(2, 0..=COUNT_MAX)?;
            line.words.end(3)
        },
    },
];

fn parse_default_backend(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.word(1)?;
    let reference = Reference {
        name: word.utf8()?.to_owned(),
        span: word.span(),
    };
    line.words.end(2)?;
    context.draft.default_backend = Some(reference);
    Ok(())
}

/// Largest count of connections: far above any fd limit, and safe to add up.
pub(super) const COUNT_MAX: u32 = 1_000_000_000;
