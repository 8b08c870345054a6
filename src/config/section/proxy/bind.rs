//! `bind`: where a frontend listens, one [`Bind`] per address and port.

use super::draft::{BindDraft, ProxyContext};
use super::frontend::COUNT_MAX;
use super::general::ID_MAX;
use super::parameter::{Parameter, Reader, flag, infos, owned_by, read_all, value};
use super::process_set;
use crate::config::address::{AddressForms, ParsedAddress, parse_address_list};
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{AddressSpec, Bind, BindOptions, ProxyId};
use crate::config::unit::Unit;
use crate::config::word::{Word, Words};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[Keyword {
    name: "bind",
    sections: Sections::FRONT,
    usage: "bind [<address>]:<port>[-<port>][,...] | <path>[,...] [<parameters>]",
    doc: "Listens on these addresses.",
    since: "1.0",
    negatable: false,
    parse: parse_bind,
}];

/// Reads the addresses and the parameters behind them.
fn parse_bind(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let owner = format!("'bind {}'", line.words.word(1)?.text());
    let mut parameters = BindParameters::default();
    read_all(PARAMETERS, &mut parameters, &line.words, 2, &owner)?;
    add(context, line, 1, &parameters)
}

/// Reads addresses alone at word `at`: `listen <name> <address>`.
pub(super) fn read_bare(context: &mut ProxyContext, line: &Line, at: usize) -> Parse<()> {
    add(context, line, at, &BindParameters::default())
}

fn add(
    context: &mut ProxyContext,
    line: &Line,
    at: usize,
    parameters: &BindParameters,
) -> Parse<()> {
    let owner = format!("'{}'", line.words.name());
    let addresses = parse_address_list(line.words.word(at)?, AddressForms::BIND)
        .map_err(|error| owned_by(&owner, error))?;
    let sockets: Vec<AddressSpec> = addresses.iter().flat_map(each_port).collect();
    if let (Some(span), true) = (parameters.id_span, sockets.len() > 1) {
        let message = "'bind' : 'id' can only be used with a single socket";
        return Err(Diagnostic::alert(span, message));
    }
    for address in sockets {
        let bind = parameters.bind(address, context, line);
        context.draft.binds.push(BindDraft {
            bind,
            id_span: parameters.id_span,
        });
    }
    Ok(())
}

/// What the words behind the address say.
#[derive(Debug, Default)]
struct BindParameters {
    options: BindOptions,
    name: Option<String>,
    id: u32,
    id_span: Option<Span>,
}

impl BindParameters {
    fn bind(&self, address: AddressSpec, context: &ProxyContext, line: &Line) -> Bind {
        let mut options = self.options.clone();
        let address = match address {
            AddressSpec::Unix(path) => {
                let defaults = &context.unix.permissions;
                let unix = &mut options.unix;
                unix.mode = unix.mode.or(defaults.mode);
                unix.uid = unix.uid.or(defaults.uid);
                unix.gid = unix.gid.or(defaults.gid);
                let mut prefixed = std::ffi::OsString::from(&context.unix.prefix);
                prefixed.push(path);
                AddressSpec::Unix(prefixed.into())
            }
            other @ (AddressSpec::Ip(_) | AddressSpec::Abstract(_) | AddressSpec::Inherited(_)) => {
                other
            }
        };
        Bind {
            proxy: ProxyId(0),
            address,
            name: self.name.clone(),
            numeric_id: self.id,
            options,
            place: line.place,
        }
    }
}

/// One address per port of a range.
fn each_port(address: &ParsedAddress) -> Vec<AddressSpec> {
    match &address.spec {
        AddressSpec::Ip(first) => (address.ports.0..=address.ports.1)
            .map(|port| {
                let mut socket = *first;
                socket.set_port(port);
                AddressSpec::Ip(socket)
            })
            .collect(),
        other @ (AddressSpec::Unix(_) | AddressSpec::Abstract(_) | AddressSpec::Inherited(_)) => {
            vec![other.clone()]
        }
    }
}

/// Sorted by name.
static PARAMETERS: &[Parameter<BindParameters>] = &[
    flag!(
        "accept-proxy",
        "Expects a PROXY protocol header before anything else.",
        |bind| {
            bind.options.accept_proxy = true;
        }
    ),
    value!(
        "backlog",
        "<count>",
        "Replaces the backlog for this socket.",
        |bind, words| {
            bind.options.backlog = words.uint(1, 1..=COUNT_MAX)?;
            Ok(())
        }
    ),
    flag!(
        "defer-accept",
        "Accepts connections only once data arrived.",
        |bind| {
            bind.options.defer_accept = true;
        }
    ),
    value!(
        "gid",
        "<number>",
        "Sets the group of the socket's file.",
        |bind, words| {
            bind.options.unix.gid = Some(words.uint(1, 0..=u32::MAX)?);
            Ok(())
        }
    ),
    value!(
        "group",
        "<name>",
        "Sets the group of the socket's file.",
        |bind, words| {
            bind.options.unix.gid = Some(group_id(words)?);
            Ok(())
        }
    ),
    value!(
        "id",
        "<number>",
        "Gives the socket a number of its own.",
        |bind, words| {
            bind.id = words.uint(1, 1..=ID_MAX)?;
            bind.id_span = Some(words.span_at(1));
            Ok(())
        }
    ),
    value!(
        "interface",
        "<name>",
        "Listens on this network interface only.",
        |bind, words| {
            bind.options.interface = Some(interface(words)?.to_owned());
            Ok(())
        }
    ),
    value!(
        "maxconn",
        "<count>",
        "Limits the connections of this socket.",
        |bind, words| {
            bind.options.maxconn = words.uint(1, 0..=COUNT_MAX)?;
            Ok(())
        }
    ),
    value!(
        "mode",
        "<octal>",
        "Sets the access rights of the socket's file.",
        |bind, words| {
            bind.options.unix.mode = Some(file_mode(words)?);
            Ok(())
        }
    ),
    value!(
        "mss",
        "<size>",
        "Announces, or when negative reduces, the segment size.",
        |bind, words| {
            let mss = words.int(1, -MSS_MAX..=MSS_MAX)?;
            if mss == 0 {
                return Err(words.error(1, "'mss' must not be zero"));
            }
            bind.options.mss = mss;
            Ok(())
        }
    ),
    value!(
        "name",
        "<text>",
        "Names the socket in statistics.",
        |bind, words| {
            bind.name = Some(words.text(1)?.to_owned());
            Ok(())
        }
    ),
    value!(
        "nice",
        "<value>",
        "Serves its connections later when positive.",
        |bind, words| {
            bind.options.nice = words.int(1, -NICE_MAX..=NICE_MAX)?;
            Ok(())
        }
    ),
    Parameter {
        name: "process",
        usage: "process all|odd|even|<number>[-<number>]",
        doc: "Listens only in these processes.",
        reader: Reader::Words(|parameters, words| {
            words.word(1)?;
            let value = words
                .from(1)
                .first()
                .map(std::slice::from_ref)
                .unwrap_or_default();
            parameters.options.process_mask = process_set::parse(value)?;
            Ok(2)
        }),
    },
    value!(
        "tcp-ut",
        "<time>",
        "Gives clients up that acknowledge nothing for so long.",
        |bind, words| {
            bind.options.tcp_user_timeout_ms = words.time(1, Unit::Ms)?;
            Ok(())
        }
    ),
    flag!(
        "tfo",
        "Accepts data in the first packet (TCP fast open).",
        |bind| {
            bind.options.tcp_fast_open = true;
        }
    ),
    flag!(
        "transparent",
        "Allows addresses that the machine does not have.",
        |bind| {
            bind.options.transparent = true;
        }
    ),
    value!(
        "uid",
        "<number>",
        "Sets the owner of the socket's file.",
        |bind, words| {
            bind.options.unix.uid = Some(words.uint(1, 0..=u32::MAX)?);
            Ok(())
        }
    ),
    value!(
        "user",
        "<name>",
        "Sets the owner of the socket's file.",
        |bind, words| {
            bind.options.unix.uid = Some(user_id(words)?);
            Ok(())
        }
    ),
    flag!("v4v6", "Accepts IPv4 too on an IPv6 address.", |bind| {
        bind.options.v6only = Some(false);
    }),
    flag!("v6only", "Accepts IPv6 only.", |bind| {
        bind.options.v6only = Some(true);
    }),
];

/// Names and descriptions of the parameters.
pub(super) fn parameters() -> impl Iterator<Item = (&'static str, &'static str)> {
    infos(PARAMETERS)
}

/// The kernel's names are shorter than a fixed size, and never paths.
fn interface(words: &Words) -> Parse<&str> {
    let text = words.text(1)?;
    if text.len() <= INTERFACE_LEN_MAX && !text.contains('/') {
        return Ok(text);
    }
    Err(words.error(1, format!("'{text}' cannot be the name of an interface")))
}

fn file_mode(words: &Words) -> Parse<u32> {
    let word = words.word(1)?;
    let digits = word
        .text()
        .bytes()
        .all(|byte| (b'0'..=b'7').contains(&byte));
    let mode = u32::from_str_radix(word.text(), 8)
        .ok()
        .filter(|mode| digits && *mode <= 0o7777);
    mode.ok_or_else(|| word.error("'mode' : missing or invalid mode (octal integer expected)"))
}

fn user_id(words: &Words) -> Parse<u32> {
    let found = nix::unistd::User::from_name(words.text(1)?).ok().flatten();
    let word = words.word(1)?;
    found
        .map(|user| user.uid.as_raw())
        .ok_or_else(|| unknown_name(word, "user"))
}

fn group_id(words: &Words) -> Parse<u32> {
    let found = nix::unistd::Group::from_name(words.text(1)?).ok().flatten();
    let word = words.word(1)?;
    found
        .map(|group| group.gid.as_raw())
        .ok_or_else(|| unknown_name(word, "group"))
}

fn unknown_name(word: &Word, kind: &str) -> Diagnostic {
    word.error(format!("'{kind}' : unknown {kind} name '{}'", word.text()))
}

/// `mss` counts bytes of a segment, whose length field has 16 bits.
const MSS_MAX: i32 = 65_535;

/// Range of `nice` (manual, "nice").
const NICE_MAX: i16 = 1_024;

/// Linux's `IFNAMSIZ` without the final NUL.
const INTERFACE_LEN_MAX: usize = 15;
