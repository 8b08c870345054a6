//! Addresses as `bind`, `server`, `log` and socket lines write them.
//!
//! `[<family>@]<address>[:<port>]` with families `ipv4`, `ipv6`, `unix`, `abns`, `fd`, plus
//! `udp`, `tcp` variants that only name a transport. Host names are resolved once, here.
//! Which forms a keyword accepts is a set of [`AddressForms`]; anything else is an error
//! that underlines the word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use super::diagnostic::{Diagnostic, Parse};
use super::model::{AddressSpec, PortRule};
use super::word::Word;

/// What a keyword accepts as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressForms {
    /// What is said about the port.
    pub port: PortNeed,
    /// `lo-hi`.
    pub port_range: bool,
    /// `+N` and `-N`.
    pub port_offset: bool,
    /// Paths, `unix@`, `abns@`.
    pub unix: bool,
    /// `fd@N`.
    pub descriptor: bool,
    /// Host names; otherwise only literal addresses.
    pub resolve: bool,
}

/// Whether a port must, may or must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortNeed {
    /// Missing is an error.
    Mandatory,
    /// Missing means this one.
    Default(u16),
    /// Present is an error.
    Forbidden,
}

impl AddressForms {
    /// `bind` and socket lines.
    pub const BIND: Self = Self {
        port: PortNeed::Mandatory,
        port_range: true,
        port_offset: false,
        unix: true,
        descriptor: true,
        resolve: true,
    };
    /// `server` lines: the port may be missing or an offset.
    pub const SERVER: Self = Self {
        port: PortNeed::Default(0),
        port_range: false,
        port_offset: true,
        unix: true,
        descriptor: false,
        resolve: true,
    };
    /// `source` lines: ports may be missing or a range.
    pub const SOURCE: Self = Self {
        port: PortNeed::Default(0),
        port_range: true,
        port_offset: false,
        unix: false,
        descriptor: false,
        resolve: true,
    };
    /// `dispatch` lines.
    pub const DISPATCH: Self = Self {
        port: PortNeed::Mandatory,
        port_range: false,
        port_offset: false,
        unix: false,
        descriptor: false,
        resolve: true,
    };
    /// `addr` of servers: an address with or without a port.
    pub const CHECK: Self = Self {
        port: PortNeed::Default(0),
        port_range: false,
        port_offset: false,
        unix: false,
        descriptor: false,
        resolve: true,
    };
    /// `log` lines.
    pub const LOG: Self = Self {
        port: PortNeed::Default(514),
        port_range: false,
        port_offset: false,
        unix: true,
        descriptor: true,
        resolve: true,
    };
}

/// One address of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedAddress {
    /// Where, with the first port of a range.
    pub spec: AddressSpec,
    /// First and last port, inclusive; equal without a range, 0 without a port.
    pub ports: (u16, u16),
    /// How a server's port follows: an offset for `:+N`, `:-N` and for a missing port.
    pub port_rule: PortRule,
}

/// Parses the one address in `word`.
pub fn parse_address(word: &Word, forms: AddressForms) -> Parse<ParsedAddress> {
    let word = &*word.as_address();
    parse_one(word.utf8()?, forms).map_err(|message| refused(word, &message))
}

/// Parses the comma-separated addresses in `word` (`bind`).
pub fn parse_address_list(word: &Word, forms: AddressForms) -> Parse<Vec<ParsedAddress>> {
    let word = &*word.as_address();
    let text = word.utf8()?;
    let parts = text.strip_suffix(',').unwrap_or(text).split(',');
    let list: Result<Vec<_>, String> = parts
        .map(|part| match part {
            "" => Err(format!(
                "an address is empty in '{text}' (environment variable missing?)"
            )),
            _ => parse_one(part, forms),
        })
        .collect();
    list.map_err(|message| refused(word, &message))
}

fn refused(word: &Word, message: &str) -> Diagnostic {
    word.error(message)
}

fn parse_one(text: &str, forms: AddressForms) -> Result<ParsedAddress, String> {
    let fixed = |spec| ParsedAddress {
        spec,
        ports: (0, 0),
        port_rule: PortRule::Fixed,
    };
    let unix = |path: &str| match () {
        () if !forms.unix => Err(format!("a unix socket is not acceptable here in '{text}'")),
        () if path.is_empty() => Err(format!("the socket's path is missing in '{text}'")),
        () if path.len() > UNIX_PATH_MAX => Err(format!(
            "the socket's path is longer than {UNIX_PATH_MAX} bytes in '{text}'"
        )),
        () => Ok(path.to_owned()),
    };
    if let Some(path) = text.strip_prefix("unix@") {
        return Ok(fixed(AddressSpec::Unix(PathBuf::from(unix(path)?))));
    }
    if let Some(name) = text.strip_prefix("abns@") {
        return Ok(fixed(AddressSpec::Abstract(unix(name)?.into_bytes())));
    }
    if text.starts_with('/') {
        return Ok(fixed(AddressSpec::Unix(PathBuf::from(unix(text)?))));
    }
    if let Some(number) = text.strip_prefix("fd@") {
        return Ok(fixed(AddressSpec::Inherited(parse_descriptor(
            number, text, forms,
        )?)));
    }
    if let Some(rest) = text.strip_prefix("ipv4@") {
        return parse_ip(rest, Family::V4, text, forms);
    }
    if let Some(rest) = text.strip_prefix("ipv6@") {
        return parse_ip(rest, Family::V6, text, forms);
    }
    parse_ip(text, Family::Any, text, forms)
}

fn parse_descriptor(number: &str, text: &str, forms: AddressForms) -> Result<i32, String> {
    if !forms.descriptor {
        return Err(format!(
            "a file descriptor is not acceptable here in '{text}'"
        ));
    }
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| format!("file descriptor '{number}' is not a valid integer in '{text}'"))
}

/// The address families a prefix restricts to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
    Any,
}

impl Family {
    const fn has(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
            Self::Any => true,
        }
    }
}

fn parse_ip(
    rest: &str,
    family: Family,
    text: &str,
    forms: AddressForms,
) -> Result<ParsedAddress, String> {
    let (host, port) = split_port(rest);
    let (ports, port_rule) = parse_port(port, text, forms)?;
    let address = parse_host(host, family, forms).ok_or_else(|| match host == text {
        true => format!("invalid address: '{host}'"),
        false => format!("invalid address: '{host}' in '{text}'"),
    })?;
    let spec = AddressSpec::Ip(SocketAddr::new(address, ports.0));
    Ok(ParsedAddress {
        spec,
        ports,
        port_rule,
    })
}

/// Cuts at the last colon, except that a bracketed IPv6 address needs none after it and a
/// colon alone at the end is no port (`::1:` is the old way to write an address).
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some(inner) = text.strip_prefix('[')
        && let Some((address, after)) = inner.split_once(']')
    {
        match after.strip_prefix(':') {
            Some(port) => return (address, Some(port).filter(|port| !port.is_empty())),
            None if after.is_empty() => return (address, None),
            None => return (text, None),
        }
    }
    match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
        None => (text, None),
    }
}

fn parse_port(
    port: Option<&str>,
    text: &str,
    forms: AddressForms,
) -> Result<((u16, u16), PortRule), String> {
    let Some(port) = port else {
        return match forms.port {
            PortNeed::Mandatory => Err(format!("missing port specification in '{text}'")),
            PortNeed::Default(port) if forms.port_offset => Ok(((port, port), PortRule::Offset(0))),
            PortNeed::Default(port) => Ok(((port, port), PortRule::Fixed)),
            PortNeed::Forbidden => Ok(((0, 0), PortRule::Fixed)),
        };
    };
    if forms.port == PortNeed::Forbidden {
        return Err(format!("port specification not permitted here in '{text}'"));
    }
    if port.starts_with(['+', '-']) {
        if !forms.port_offset {
            return Err(format!("port offset not permitted here in '{text}'"));
        }
        let digits = port.get(1..).unwrap_or_default();
        let offset = i32::from(parse_port_number(digits, port, text)?);
        let offset = if port.starts_with('-') {
            -offset
        } else {
            offset
        };
        return Ok(((0, 0), PortRule::Offset(offset)));
    }
    let Some((low, high)) = port.split_once('-') else {
        let number = parse_port_number(port, port, text)?;
        if number == 0 && forms.port == PortNeed::Mandatory {
            return Err(format!("invalid port '{port}' in '{text}'"));
        }
        return Ok(((number, number), PortRule::Fixed));
    };
    if !forms.port_range {
        return Err(format!("port range not permitted here in '{text}'"));
    }
    let low = parse_port_number(low, port, text)?;
    let high = parse_port_number(high, port, text)?;
    if low == 0 || low > high {
        return Err(format!("invalid port range '{port}' in '{text}'"));
    }
    Ok(((low, high), PortRule::Fixed))
}

fn parse_port_number(digits: &str, port: &str, text: &str) -> Result<u16, String> {
    if let Some(other) = digits.chars().find(|character| !character.is_ascii_digit()) {
        return Err(format!(
            "invalid character '{other}' in port number '{port}' in '{text}'"
        ));
    }
    digits
        .parse()
        .map_err(|_| format!("invalid port '{port}' in '{text}'"))
}

fn parse_host(host: &str, family: Family, forms: AddressForms) -> Option<IpAddr> {
    if host.is_empty() || host == "*" {
        return Some(match family {
            Family::V4 | Family::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        });
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address).filter(|address| family.has(*address));
    }
    if !forms.resolve || !is_host_name(host) {
        return None;
    }
    let addresses: Vec<IpAddr> = (host, 0)
        .to_socket_addrs()
        .ok()?
        .map(|address| address.ip())
        .collect();
    let fitting = || {
        addresses
            .iter()
            .copied()
            .filter(|address| family.has(*address))
    };
    fitting().find(IpAddr::is_ipv4).or_else(|| fitting().next())
}

/// True for text that may name a host; anything else never reaches the resolver. A name
/// of digits and dots only would be a mistyped address, which resolvers guess about.
fn is_host_name(text: &str) -> bool {
    text.len() <= HOST_NAME_LEN_MAX
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Longest path that fits a unix socket address with its final NUL.
const UNIX_PATH_MAX: usize = 107;

/// Longest DNS name in text form (RFC 1035, section 2.3.4).
const HOST_NAME_LEN_MAX: usize = 255;

#[cfg(test)]
mod tests;
