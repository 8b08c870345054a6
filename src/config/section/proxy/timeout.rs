//! The `timeout` keywords and their spellings of before 1.3.14.

use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::Timeouts;
use crate::config::unit::Unit;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "clitimeout",
        sections: Sections::DEFAULTS_FRONT,
        usage: "clitimeout <time>",
        doc: "The old spelling of 'timeout client'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout client");
            set(context, line, |timeouts| &mut timeouts.client_ms)
        },
    },
    Keyword {
        name: "contimeout",
        sections: Sections::DEFAULTS_BACK,
        usage: "contimeout <time>",
        doc: "The old spelling of 'timeout connect'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout connect");
            set(context, line, |timeouts| &mut timeouts.connect_ms)
        },
    },
    Keyword {
        name: "srvtimeout",
        sections: Sections::DEFAULTS_BACK,
        usage: "srvtimeout <time>",
        doc: "The old spelling of 'timeout server'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout server");
            set(context, line, |timeouts| &mut timeouts.server_ms)
        },
    },
    Keyword {
        name: "timeout check",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout check <time>",
        doc: "Limits the wait for the answer to a health check.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.check_ms),
    },
    Keyword {
        name: "timeout client",
        sections: Sections::DEFAULTS_FRONT,
        usage: "timeout client <time>",
        doc: "Ends a session whose client neither sends nor takes anything.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.client_ms),
    },
    Keyword {
        name: "timeout client-fin",
        sections: Sections::DEFAULTS_FRONT,
        usage: "timeout client-fin <time>",
        doc: "Replaces the client timeout once one direction is closed.",
        since: "1.5",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.client_fin_ms),
    },
    Keyword {
        name: "timeout clitimeout",
        sections: Sections::DEFAULTS_FRONT,
        usage: "timeout clitimeout <time>",
        doc: "The old spelling of 'timeout client'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout client");
            set(context, line, |timeouts| &mut timeouts.client_ms)
        },
    },
    Keyword {
        name: "timeout connect",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout connect <time>",
        doc: "Limits one attempt to connect to a server.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.connect_ms),
    },
    Keyword {
        name: "timeout contimeout",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout contimeout <time>",
        doc: "The old spelling of 'timeout connect'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout connect");
            set(context, line, |timeouts| &mut timeouts.connect_ms)
        },
    },
    Keyword {
        name: "timeout http-keep-alive",
        sections: Sections::ANY_PROXY,
        usage: "timeout http-keep-alive <time>",
        doc: "Limits the wait for the next request of a connection.",
        since: "1.4",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.http_keep_alive_ms),
    },
    Keyword {
        name: "timeout http-request",
        sections: Sections::ANY_PROXY,
        usage: "timeout http-request <time>",
        doc: "Limits the arrival of a whole request head.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.http_request_ms),
    },
    Keyword {
        name: "timeout queue",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout queue <time>",
        doc: "Limits the wait for a server with a free slot.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.queue_ms),
    },
    Keyword {
        name: "timeout server",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout server <time>",
        doc: "Ends a session whose server neither sends nor takes anything.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.server_ms),
    },
    Keyword {
        name: "timeout server-fin",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout server-fin <time>",
        doc: "Replaces the server timeout once one direction is closed.",
        since: "1.5",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.server_fin_ms),
    },
    Keyword {
        name: "timeout srvtimeout",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout srvtimeout <time>",
        doc: "The old spelling of 'timeout server'.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            deprecated(context, line, "timeout server");
            set(context, line, |timeouts| &mut timeouts.server_ms)
        },
    },
    Keyword {
        name: "timeout tarpit",
        sections: Sections::ANY_PROXY,
        usage: "timeout tarpit <time>",
        doc: "Holds a tarpitted connection this long.",
        since: "1.3",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.tarpit_ms),
    },
    Keyword {
        name: "timeout tunnel",
        sections: Sections::DEFAULTS_BACK,
        usage: "timeout tunnel <time>",
        doc: "Replaces both inactivity timeouts once a session only relays.",
        since: "1.5",
        negatable: false,
        parse: |context, line| set(context, line, |timeouts| &mut timeouts.tunnel_ms),
    },
];

/// Reads the time behind the keyword into the field that `field` finds.
fn set(context: &mut ProxyContext, line: &Line, field: fn(&mut Timeouts) -> &mut u32) -> Parse<()> {
    let name = line.words.name();
    let at = name.split(' ').count();
    let value_ms = line.words.time(at, Unit::Ms)?;
    line.words.end(at + 1)?;
    let mut inherited = context.draft.inherited_timeouts;
    let current = field(&mut context.draft.proxy.timeouts);
    if *current != *field(&mut inherited) {
        let message = format!("overwriting '{name}' which was already specified");
        context.warnings.push(line.words.keyword_warning(message));
    }
    *current = value_ms;
    Ok(())
}

fn deprecated(context: &mut ProxyContext, line: &Line, current: &str) {
    let name = line.words.name();
    let message = format!("the '{name}' directive is deprecated, please use '{current}'.");
    context.warnings.push(line.words.keyword_warning(message));
}
