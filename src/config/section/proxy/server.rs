//! `server` and `default-server` lines.

use super::draft::{ProxyContext, ServerDraft};
use super::frontend::COUNT_MAX;
use super::general::ID_MAX;
use super::parameter::{Parameter, Reader, flag, infos, owned_by, read_all, value};
use super::source;
use crate::config::address::{AddressForms, parse_address};
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{AddressSpec, ProxyProtocol, Server};
use crate::config::unit::Unit;
use crate::config::word::Words;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "default-server",
        sections: Sections::DEFAULTS_BACK,
        usage: "default-server [<parameters>]",
        doc: "Changes what the parameters of the following servers are when not given.",
        since: "1.4",
        negatable: false,
        parse: parse_default_server,
    },
    Keyword {
        name: "server",
        sections: Sections::BACK,
        usage: "server <name> <address>[:[<port>]] [<parameters>]",
        doc: "Adds a server to the backend.",
        since: "1.0",
        negatable: false,
        parse: parse_server,
    },
];

fn parse_server(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let name = line.words.word(1)?;
    if let Some(bad) = bad_name_character(name.text()) {
        let text = name.text();
        let message = format!("character '{bad}' is not permitted in server name '{text}'.");
        return Err(name.error(message));
    }
    let owner = format!("'server {}/{}'", context.draft.proxy.name, name.text());
    let address = parse_address(line.words.word(2)?, AddressForms::SERVER)
        .map_err(|error| owned_by(&owner, error))?;
    let mut parameters = ServerParameters::new(context.draft.default_server.clone());
    read_all(PARAMETERS, &mut parameters, &line.words, 3, &owner)?;
    let server = Server {
        name: name.text().to_owned(),
        address: address.spec,
        port_rule: address.port_rule,
        place: line.place,
        ..parameters.server
    };
    let id_span = parameters.id_span;
    context.draft.servers.push(ServerDraft {
        server,
        span: name.span(),
        id_span,
    });
    Ok(())
}

fn parse_default_server(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let mut parameters = ServerParameters::new(context.draft.default_server.clone());
    read_all(
        PARAMETERS,
        &mut parameters,
        &line.words,
        1,
        "'default-server'",
    )?;
    if let Some(span) = parameters.id_span {
        let message = "'id' option is not accepted in default-server sections";
        return Err(Diagnostic::alert(span, message));
    }
    context.draft.default_server = parameters.server;
    Ok(())
}

/// The first character that names of proxies and servers may not hold.
pub(in crate::config::section) fn bad_name_character(name: &str) -> Option<char> {
    name.chars().find(|&character| {
        !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_' | '.' | ':')
    })
}

/// The server that parameters change.
struct ServerParameters {
    server: Server,
    id_span: Option<Span>,
}

impl ServerParameters {
    const fn new(server: Server) -> Self {
        Self {
            server,
            id_span: None,
        }
    }
}

/// Sorted by name.
static PARAMETERS: &[Parameter<ServerParameters>] = &[
    value!(
        "addr",
        "<address>[:<port>]",
        "Is probed in place of its own address.",
        |line, words| {
            let address = parse_address(words.word(1)?, AddressForms::CHECK)?;
            if let AddressSpec::Ip(address) = address.spec {
                line.server.check_settings.address = Some(address);
            }
            Ok(())
        }
    ),
    flag!(
        "backup",
        "Is used only when no other server is left.",
        |line| line.server.backup = true
    ),
    flag!("check", "Probes the server's health.", |line| line
        .server
        .check =
        true),
    value!(
        "cookie",
        "<value>",
        "Is the server's name in a persistence cookie.",
        |line, words| {
            line.server.cookie = Some(words.text(1)?.to_owned());
            Ok(())
        }
    ),
    flag!("disabled", "Starts in maintenance.", |line| line
        .server
        .disabled =
        true),
    value!(
        "downinter",
        "<time>",
        "Is the pause between probes while it is down.",
        |line, words| {
            line.server.check_settings.downinter_ms = interval(words)?;
            Ok(())
        }
    ),
    flag!(
        "enabled",
        "Undoes a 'disabled' of default-server.",
        |line| line.server.disabled = false
    ),
    value!(
        "fall",
        "<count>",
        "Makes it unusable after this many failed probes.",
        |line, words| {
            line.server.check_settings.fall = words.uint(1, 1..=COUNT_MAX)?;
            Ok(())
        }
    ),
    value!(
        "fastinter",
        "<time>",
        "Is the pause between probes while its state changes.",
        |line, words| {
            line.server.check_settings.fastinter_ms = interval(words)?;
            Ok(())
        }
    ),
    Parameter {
        name: "id",
        usage: "id <number>",
        doc: "Gives the server a number of its own.",
        reader: Reader::Words(|line, words| {
            line.server.numeric_id = words.uint(1, 1..=ID_MAX)?;
            line.id_span = Some(words.span_at(1));
            Ok(2)
        }),
    },
    value!(
        "inter",
        "<time>",
        "Is the pause between probes.",
        |line, words| {
            line.server.check_settings.inter_ms = interval(words)?;
            Ok(())
        }
    ),
    value!(
        "maxconn",
        "<count>",
        "Sends it this many connections at a time.",
        |line, words| {
            line.server.maxconn = words.uint(1, 0..=COUNT_MAX)?;
            Ok(())
        }
    ),
    value!(
        "maxqueue",
        "<count>",
        "Lets this many requests wait for it.",
        |line, words| {
            line.server.maxqueue = words.uint(1, 0..=COUNT_MAX)?;
            Ok(())
        }
    ),
    value!(
        "minconn",
        "<count>",
        "Is the connection limit of a quiet backend.",
        |line, words| {
            line.server.minconn = words.uint(1, 0..=COUNT_MAX)?;
            Ok(())
        }
    ),
    flag!(
        "no-backup",
        "Undoes a 'backup' of default-server.",
        |line| line.server.backup = false
    ),
    flag!("no-check", "Undoes a 'check' of default-server.", |line| {
        line.server.check = false;
    }),
    flag!(
        "no-send-proxy",
        "Undoes a 'send-proxy' of default-server.",
        |line| {
            if line.server.send_proxy == ProxyProtocol::V1 {
                line.server.send_proxy = ProxyProtocol::None;
            }
        }
    ),
    flag!(
        "no-send-proxy-v2",
        "Undoes a 'send-proxy-v2' of default-server.",
        |line| {
            if line.server.send_proxy == ProxyProtocol::V2 {
                line.server.send_proxy = ProxyProtocol::None;
            }
        }
    ),
    flag!("no-tfo", "Undoes a 'tfo' of default-server.", |line| {
        line.server.tcp_fast_open = false;
    }),
    value!(
        "pool-low-conn",
        "<count>",
        "Keeps other clients' idle connections.",
        |line, words| {
            line.server.pool_low_conn = words.uint(1, 0..=COUNT_MAX)?;
            Ok(())
        }
    ),
    value!(
        "pool-max-conn",
        "<count>",
        "Keeps this many idle; -1 for all.",
        |line, words| {
            let count: i32 = words.int(1, -1..=i32::MAX)?;
            line.server.pool_max_conn = u32::try_from(count).ok();
            Ok(())
        }
    ),
    value!(
        "pool-purge-delay",
        "<time>",
        "Closes idle connections this often.",
        |line, words| {
            line.server.pool_purge_delay_ms = words.time(1, Unit::Ms)?;
            Ok(())
        }
    ),
    value!(
        "port",
        "<number>",
        "Is the port that is probed.",
        |line, words| {
            line.server.check_settings.port = words.uint(1, 0..=u16::MAX)?;
            Ok(())
        }
    ),
    value!(
        "rise",
        "<count>",
        "Makes it usable after this many good probes.",
        |line, words| {
            line.server.check_settings.rise = words.uint(1, 1..=COUNT_MAX)?;
            Ok(())
        }
    ),
    flag!(
        "send-proxy",
        "Begins connections with a PROXY protocol line.",
        |line| {
            line.server.send_proxy = ProxyProtocol::V1;
        }
    ),
    flag!(
        "send-proxy-v2",
        "Begins connections with a binary PROXY header.",
        |line| {
            line.server.send_proxy = ProxyProtocol::V2;
        }
    ),
    Parameter {
        name: "source",
        usage: source::USAGE,
        doc: "Sets the address that connections to it come from.",
        reader: Reader::Words(|line, words| {
            let (source, used) = source::parse(words, source::Ports::Range)?;
            line.server.source = Some(source);
            Ok(used)
        }),
    },
    flag!(
        "tfo",
        "Sends data in the first packet (TCP fast open).",
        |line| {
            line.server.tcp_fast_open = true;
        }
    ),
    value!(
        "weight",
        "<0..256>",
        "Is its share of the load beside the others'.",
        |line, words| {
            line.server.weight = words.uint(1, 0..=WEIGHT_MAX)?;
            Ok(())
        }
    ),
];

/// A time between probes, which may not be nothing.
fn interval(words: &Words) -> Parse<u32> {
    let time_ms = words.time(1, Unit::Ms)?;
    if time_ms == 0 {
        let name = words.name();
        return Err(words.error(1, format!("invalid value 0 for argument '{name}'")));
    }
    Ok(time_ms)
}

/// Names and descriptions of the parameters.
pub(super) fn parameters() -> impl Iterator<Item = (&'static str, &'static str)> {
    infos(PARAMETERS)
}

/// Largest `weight` (manual, "weight").
const WEIGHT_MAX: u16 = 256;
