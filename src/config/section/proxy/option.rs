//! The `option` keywords: a table, and the few that do more than switch.
//!
//! A switch sets one `ProxyOption`; the connection modes exclude each other, so the last one
//! given counts. The keyword machinery calls the handlers and understands `no` and `default`.

use super::draft::ProxyContext;
use super::{forwarded, log_format};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Prefix, Sections};
use crate::config::model::{ConnectionMode, HeaderNames, LogFormat, ProxyOption};
use crate::config::word::Word;

/// An option that is on or off, off unless given.
macro_rules! switch {
    ($name:literal, $option:ident, $sections:ident, $since:literal, $doc:literal) => {
        Keyword {
            name: concat!("option ", $name),
            sections: Sections::$sections,
            usage: concat!("option ", $name),
            doc: $doc,
            since: $since,
            negatable: true,
            parse: |context, line| {
                line.words.end(2)?;
                context
                    .draft
                    .proxy
                    .options
                    .set(ProxyOption::$option, line.switch(false));
                Ok(())
            },
        }
    };
}

/// One of the connection modes, of which the last one given counts.
macro_rules! connection {
    ($name:literal, $mode:ident, $since:literal, $doc:literal) => {
        Keyword {
            name: concat!("option ", $name),
            sections: Sections::ANY_PROXY,
            usage: concat!("option ", $name),
            doc: $doc,
            since: $since,
            negatable: true,
            parse: |context, line| connection_mode(context, line, ConnectionMode::$mode),
        }
    };
}

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    switch!(
        "abortonclose",
        AbortOnClose,
        DEFAULTS_BACK,
        "1.3",
        "Gives up requests in the queue whose client closed its sending side."
    ),
    switch!(
        "accept-invalid-http-request",
        AcceptInvalidHttpRequest,
        DEFAULTS_FRONT,
        "1.3",
        "Tolerates requests that break the rules in harmless places."
    ),
    switch!(
        "accept-invalid-http-response",
        AcceptInvalidHttpResponse,
        DEFAULTS_BACK,
        "1.3",
        "Tolerates responses that break the rules in harmless places."
    ),
    switch!(
        "allbackups",
        AllBackups,
        DEFAULTS_BACK,
        "1.3",
        "Balances over all backup servers instead of only the first."
    ),
    switch!(
        "checkcache",
        CheckCache,
        DEFAULTS_BACK,
        "1.3",
        "Blocks responses whose cookies a cache could hand to others."
    ),
    switch!(
        "clitcpka",
        ClientTcpKeepAlive,
        DEFAULTS_FRONT,
        "1.3",
        "Lets the kernel probe silent clients."
    ),
    switch!(
        "contstats",
        ContStats,
        DEFAULTS_FRONT,
        "1.3",
        "Counts bytes while a session runs, not only at its end."
    ),
    switch!(
        "disable-h2-upgrade",
        DisableH2Upgrade,
        DEFAULTS_FRONT,
        "2.4",
        "Does not take an HTTP/2 preface for more than an invalid request."
    ),
    switch!(
        "dontlog-normal",
        DontLogNormal,
        DEFAULTS_FRONT,
        "1.3",
        "Logs only what went wrong."
    ),
    switch!(
        "dontlognull",
        DontLogNull,
        DEFAULTS_FRONT,
        "1.1",
        "Does not log connections without any data."
    ),
    connection!(
        "forceclose",
        Close,
        "1.3",
        "The old spelling of 'option httpclose'."
    ),
    Keyword {
        name: "option forwardfor",
        sections: Sections::ANY_PROXY,
        usage: "option forwardfor [except <network>] [header <name>] [if-none]",
        doc: "Adds the client's address to requests.",
        since: "1.0",
        negatable: false,
        parse: forwarded::parse_forwardfor,
    },
    switch!(
        "h1-case-adjust-bogus-client",
        CaseAdjustClient,
        DEFAULTS_FRONT,
        "2.1",
        "Sends clients header names in the letters that h1-case-adjust says."
    ),
    switch!(
        "h1-case-adjust-bogus-server",
        CaseAdjustServer,
        DEFAULTS_BACK,
        "2.1",
        "Sends servers header names in the letters that h1-case-adjust says."
    ),
    switch!(
        "http-buffer-request",
        HttpBufferRequest,
        ANY_PROXY,
        "1.6",
        "Waits for a request's body before the rules of the request."
    ),
    switch!(
        "http-ignore-probes",
        HttpIgnoreProbes,
        DEFAULTS_FRONT,
        "1.5",
        "Neither logs nor answers connections that end before a request."
    ),
    connection!(
        "http-keep-alive",
        KeepAlive,
        "1.5",
        "Keeps both connections open after a response: the default."
    ),
    switch!(
        "http-no-delay",
        HttpNoDelay,
        ANY_PROXY,
        "1.4",
        "Never holds back a small piece of a message."
    ),
    switch!(
        "http-pretend-keepalive",
        HttpPretendKeepAlive,
        DEFAULTS_BACK,
        "1.4",
        "Does not tell servers that their connection will be closed."
    ),
    Keyword {
        name: "option http-restrict-req-hdr-names",
        sections: Sections::ANY_PROXY,
        usage: "option http-restrict-req-hdr-names {preserve | delete | reject}",
        doc: "Decides about request headers with other than letters, digits and hyphens.",
        since: "2.6",
        negatable: false,
        parse: parse_restrict_names,
    },
    connection!(
        "http-server-close",
        ServerClose,
        "1.4",
        "Closes the server's connection after a response, keeps the client's."
    ),
    connection!(
        "http-tunnel",
        Tunnel,
        "1.5",
        "Processes the first request and response, then relays bytes."
    ),
    switch!(
        "http-use-proxy-header",
        HttpUseProxyHeader,
        DEFAULTS_FRONT,
        "1.4",
        "Speaks Proxy-Connection to clients that use weir as their proxy."
    ),
    connection!(
        "httpclose",
        Close,
        "1.1",
        "Closes both connections after a response."
    ),
    Keyword {
        name: "option httplog",
        sections: Sections::DEFAULTS_FRONT,
        usage: "option httplog [clf|json]",
        doc: "Logs one line per request, with timers and states. As JSON an object with time, \
              client_ip, client_port, frontend, backend, server, request_ms, queue_ms, \
              connect_ms, response_ms, total_ms, status, bytes_out, bytes_in, complete, \
              termination, reason, connections, frontend_connections, backend_connections, \
              server_connections, retries, server_queue, backend_queue, redispatched, \
              request_cookie, response_cookie, request_headers, response_headers, unique_id and \
              request.",
        since: "1.0",
        negatable: false,
        parse: parse_httplog,
    },
    Keyword {
        name: "option httpslog",
        sections: Sections::DEFAULTS_FRONT,
        usage: "option httpslog",
        doc: "As 'option httplog', with the state of the client's TLS connection behind.",
        since: "2.5",
        negatable: false,
        parse: parse_httpslog,
    },
    switch!(
        "independant-streams",
        IndependentStreams,
        ANY_PROXY,
        "1.3",
        "The old spelling of 'option independent-streams'."
    ),
    switch!(
        "independent-streams",
        IndependentStreams,
        ANY_PROXY,
        "1.5",
        "Does not let data sent count as activity of the receiving side."
    ),
    switch!(
        "log-reason",
        LogReason,
        DEFAULTS_FRONT,
        "weir 0.1",
        "Adds why a request was refused, one word, to lines of httplog and tcplog."
    ),
    switch!(
        "log-separate-errors",
        LogSeparateErrors,
        DEFAULTS_FRONT,
        "1.3",
        "Raises the level of lines about errors."
    ),
    switch!(
        "logasap",
        LogAsap,
        DEFAULTS_FRONT,
        "1.1",
        "Logs as soon as a response begins."
    ),
    switch!(
        "nolinger",
        NoLinger,
        ANY_PROXY,
        "1.3",
        "Closes with a reset, which frees the kernel's resources at once."
    ),
    Keyword {
        name: "option originalto",
        sections: Sections::ANY_PROXY,
        usage: "option originalto [except <network>] [header <name>]",
        doc: "Adds the address that the client connected to to requests.",
        since: "1.4",
        negatable: false,
        parse: forwarded::parse_originalto,
    },
    switch!(
        "persist",
        Persist,
        DEFAULTS_BACK,
        "1.0",
        "Honours a persistence cookie even when its server is down."
    ),
    switch!(
        "prefer-last-server",
        PreferLastServer,
        DEFAULTS_BACK,
        "1.5",
        "Sends the next request of a connection to the same server if it may."
    ),
    Keyword {
        name: "option redispatch",
        sections: Sections::DEFAULTS_BACK,
        usage: "option redispatch [<interval>]",
        doc: "Lets a retry go to another server.",
        since: "1.0",
        negatable: true,
        parse: parse_redispatch,
    },
    switch!(
        "socket-stats",
        SocketStats,
        DEFAULTS_FRONT,
        "1.4",
        "Counts per listening socket."
    ),
    switch!(
        "splice-auto",
        SpliceAuto,
        ANY_PROXY,
        "1.3",
        "Moves bulk data inside the kernel when it looks worthwhile."
    ),
    switch!(
        "splice-request",
        SpliceRequest,
        ANY_PROXY,
        "1.3",
        "Moves requests' data inside the kernel whenever possible."
    ),
    switch!(
        "splice-response",
        SpliceResponse,
        ANY_PROXY,
        "1.3",
        "Moves responses' data inside the kernel whenever possible."
    ),
    switch!(
        "srvtcpka",
        ServerTcpKeepAlive,
        DEFAULTS_BACK,
        "1.3",
        "Lets the kernel probe silent servers."
    ),
    Keyword {
        name: "option tcp-smart-accept",
        sections: Sections::DEFAULTS_FRONT,
        usage: "option tcp-smart-accept",
        doc: "Delays the first acknowledgement to a client; the default in HTTP mode.",
        since: "1.4",
        negatable: true,
        parse: parse_smart_accept,
    },
    switch!(
        "tcp-smart-connect",
        TcpSmartConnect,
        DEFAULTS_BACK,
        "1.4",
        "Sends the first data together with the end of the handshake."
    ),
    Keyword {
        name: "option tcpka",
        sections: Sections::ANY_PROXY,
        usage: "option tcpka",
        doc: "Lets the kernel probe silent clients and servers.",
        since: "1.3",
        negatable: true,
        parse: parse_tcpka,
    },
    Keyword {
        name: "option tcplog",
        sections: Sections::DEFAULTS_FRONT,
        usage: "option tcplog",
        doc: "Logs one line per connection, with timers and states.",
        since: "1.0",
        negatable: false,
        parse: parse_tcplog,
    },
    switch!(
        "transparent",
        Transparent,
        DEFAULTS_BACK,
        "1.0",
        "Connects to the address that the client asked for."
    ),
];

/// `no` removes this mode if it is the current one, `default` removes any.
fn connection_mode(context: &mut ProxyContext, line: &Line, mode: ConnectionMode) -> Parse<()> {
    line.words.end(2)?;
    let current = &mut context.draft.proxy.connection_mode;
    match line.prefix {
        Prefix::None => *current = mode,
        Prefix::No if *current != mode => {}
        Prefix::No | Prefix::Default => *current = ConnectionMode::default(),
    }
    Ok(())
}

/// Which names of request headers pass.
fn parse_restrict_names(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    const EXPECTED: &str = "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or \
                            'delete' option.";
    let Some(word) = line.words.get(2) else {
        return Err(line
            .words
            .error(2, format!("missing parameter. {EXPECTED}")));
    };
    context.draft.proxy.header_names = match word.text() {
        "preserve" => HeaderNames::Preserve,
        "delete" => HeaderNames::Delete,
        "reject" => HeaderNames::Reject,
        other => return Err(word.error(format!("invalid parameter '{other}'. {EXPECTED}"))),
    };
    line.words.end(3)
}

fn parse_httplog(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let format = match line.words.get(2).map(Word::text) {
        None => LogFormat::Http,
        Some("clf") => LogFormat::HttpClf,
        Some("json") => LogFormat::HttpJson,
        Some(_) => {
            let error = line
                .words
                .error(2, "keyword 'httplog' only supports option 'clf'.");
            return Err(error.hint("and 'json'"));
        }
    };
    line.words.end(3)?;
    log_format::choose(context, line, format);
    Ok(())
}

fn parse_httpslog(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(2)?;
    log_format::choose(context, line, LogFormat::Https);
    Ok(())
}

fn parse_tcplog(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(2)?;
    log_format::choose(context, line, LogFormat::Tcp);
    Ok(())
}

fn parse_redispatch(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let on = line.switch(false);
    let mut after = REDISPATCH_AFTER_DEFAULT;
    if on && line.words.has(2) {
        after = line.words.int(2, i32::MIN..=i32::MAX)?;
        line.words.end(3)?;
    }
    let proxy = &mut context.draft.proxy;
    proxy.options.set(ProxyOption::Redispatch, on && after != 0);
    proxy.redispatch_after = after;
    Ok(())
}

fn parse_tcpka(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(2)?;
    let on = line.switch(false);
    let draft = &mut context.draft;
    let capabilities = draft.proxy.capabilities;
    if draft.is_defaults() || capabilities.frontend {
        draft.proxy.options.set(ProxyOption::ClientTcpKeepAlive, on);
    }
    if draft.is_defaults() || capabilities.backend {
        draft.proxy.options.set(ProxyOption::ServerTcpKeepAlive, on);
    }
    Ok(())
}

/// What is said here wins over the mode's default, which `check::mode` applies.
fn parse_smart_accept(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(2)?;
    let draft = &mut context.draft;
    draft.smart_accept = match line.prefix {
        Prefix::None => Some(true),
        Prefix::No => Some(false),
        Prefix::Default => None,
    };
    Ok(())
}

/// The last retry only (manual, "option redispatch").
const REDISPATCH_AFTER_DEFAULT: i32 = -1;
