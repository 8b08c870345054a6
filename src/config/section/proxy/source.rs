//! `source`: where connections to servers come from, for backends and for single servers.

use crate::config::address::{AddressForms, ParsedAddress, parse_address};
use crate::config::diagnostic::Parse;
use crate::config::model::{AddressSpec, Source, SourceAddress};
use crate::config::word::{Word, Words};

/// Whether the address may carry a port range (servers only).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ports {
    /// One port, or none.
    One,
    /// A range too.
    Range,
}

/// The whole line.
pub(super) const USAGE: &str =
    "source <address>[:<port>] [usesrc <address>|client|clientip] [interface <name>]";

/// Reads the address at word 1 and what follows it; returns the first word not understood.
pub(super) fn parse(words: &Words, ports: Ports) -> Parse<(Source, usize)> {
    let forms = AddressForms {
        port_range: ports == Ports::Range,
        ..AddressForms::SOURCE
    };
    let address = parse_address(words.word(1)?, forms)?;
    let mut source = Source {
        bind: ip_address(words, 1, &address)?,
        ports: (address.ports.0 != address.ports.1).then_some(address.ports),
        usesrc: None,
        interface: None,
    };
    let mut at = 2;
    loop {
        match words.get(at).map(Word::text) {
            Some("usesrc") => source.usesrc = Some(parse_usesrc(words, at + 1)?),
            Some("interface") => source.interface = Some(words.text(at + 1)?.to_owned()),
            _ => return Ok((source, at)),
        }
        at += 2;
    }
}

fn parse_usesrc(words: &Words, at: usize) -> Parse<SourceAddress> {
    let word = words.word(at)?;
    match word.text() {
        "client" => Ok(SourceAddress::Client),
        "clientip" => Ok(SourceAddress::ClientIp),
        text if text.starts_with("hdr_ip(") => {
            let message = format!("'usesrc' : '{text}' is not supported");
            Err(word
                .error(message)
                .hint("<address>[:<port>], 'client' or 'clientip'"))
        }
        _ => {
            let forms = AddressForms {
                port_range: false,
                ..AddressForms::SOURCE
            };
            let address = parse_address(word, forms)?;
            Ok(SourceAddress::Fixed(ip_address(words, at, &address)?))
        }
    }
}

fn ip_address(words: &Words, at: usize, address: &ParsedAddress) -> Parse<std::net::SocketAddr> {
    match &address.spec {
        AddressSpec::Ip(address) => Ok(*address),
        AddressSpec::Unix(_) | AddressSpec::Abstract(_) | AddressSpec::Inherited(_) => {
            Err(words.error(at, "'source' : an IP address is needed here"))
        }
    }
}
