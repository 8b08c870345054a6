//! Arguments of fetches and converters: which a keyword takes, and how their text is read.
//!
//! Read once, when the configuration is; what evaluation sees is typed and resolved. The
//! text between the parentheses is split at commas; quotes and backslashes protect them
//! (manual, section 2.2).

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use super::language::Language;
use super::variables::Variable;
use crate::config::diagnostic::Span;
use crate::config::model::{Network, ProxyId, ServerId};
use crate::config::unit::{self, Unit};

/// What a keyword expects at one place of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// Any text.
    Str,
    /// A signed number.
    Int,
    /// A time; a bare number is in milliseconds.
    Time,
    /// A size in bytes.
    Size,
    /// An address.
    Ip,
    /// A netmask or the length of a prefix, for IPv4.
    Mask4,
    /// A netmask or the length of a prefix, for IPv6.
    Mask6,
    /// A variable, `txn.name`.
    Variable,
    /// A number or the name of a variable that holds one.
    IntOrVariable,
    /// Text or the name of a variable that holds it: a name with a scope is a variable.
    StrOrVariable,
    /// The name of a frontend; absent, the current one.
    Frontend,
    /// The name of a backend; absent, the current one.
    Backend,
    /// `[backend/]server`.
    Server,
    /// The name of a userlist.
    Userlist,
    /// The name of a stick table.
    Table,
}

/// Which arguments a keyword takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgSpec {
    /// How many there must be.
    pub required: usize,
    /// What stands at each place.
    pub kinds: &'static [ArgKind],
}

impl ArgSpec {
    /// No argument.
    pub const NONE: Self = Self {
        required: 0,
        kinds: &[],
    };

    /// All of these.
    pub const fn all(kinds: &'static [ArgKind]) -> Self {
        Self {
            required: kinds.len(),
            kinds,
        }
    }

    /// The first `required` of these and any number of the others.
    pub const fn some(required: usize, kinds: &'static [ArgKind]) -> Self {
        Self { required, kinds }
    }
}

/// A reference to something that may be declared further down: filled in when all files were
/// read, before anything is evaluated.
#[derive(Clone, Debug)]
pub struct Late<T>(Arc<OnceLock<T>>);

impl<T: Copy> Late<T> {
    /// Not known yet.
    pub fn new() -> Self {
        Self(Arc::new(OnceLock::new()))
    }

    /// Known from the start.
    pub fn known(value: T) -> Self {
        let late = Self::new();
        late.resolve(value);
        late
    }

    /// Fills it in; the first value stays.
    pub fn resolve(&self, value: T) {
        let _ = self.0.set(value);
    }

    /// What it refers to; `None` for an optional reference that was not made.
    pub fn get(&self) -> Option<T> {
        self.0.get().copied()
    }
}

impl<T: Copy> Default for Late<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// One argument, ready for evaluation.
#[derive(Clone, Debug)]
pub enum Arg {
    /// Left out, or empty where that is allowed.
    Absent,
    /// See [`ArgKind::Str`].
    Str(Arc<[u8]>),
    /// See [`ArgKind::Int`]; a size too.
    Int(i64),
    /// Milliseconds.
    Time(u32),
    /// See [`ArgKind::Ip`].
    Ip(IpAddr),
    /// A network of all ones up to a prefix length.
    Mask(Network),
    /// See [`ArgKind::Variable`].
    Variable(Variable),
    /// A frontend or backend.
    Proxy(Late<ProxyId>),
    /// See [`ArgKind::Server`].
    Server(Late<ServerId>),
    /// Position of the userlist in the configuration.
    Userlist(Late<usize>),
    /// A compiled regular expression, put there by a keyword's check.
    Regex(Arc<regex::bytes::Regex>),
    /// Patterns or a map, put there by a keyword's check.
    Patterns(super::language::PatternId),
    /// What the check of a converter made of the words.
    Prepared(super::convert::Prepared),
}

impl Arg {
    /// The text of the argument, empty for any other.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Str(text) => text,
            _ => &[],
        }
    }

    /// The number of the argument, 0 for any other.
    pub const fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            _ => 0,
        }
    }

    /// True when it was left out.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// The argument at `index` as text; `None` when it was left out.
pub fn text_at(args: &[Arg], index: usize) -> Option<&[u8]> {
    match args.get(index) {
        Some(Arg::Str(text)) => Some(text),
        _ => None,
    }
}

/// The argument at `index` as a number; `None` when it was left out.
pub fn int_at(args: &[Arg], index: usize) -> Option<i64> {
    match args.get(index) {
        Some(Arg::Int(number)) => Some(*number),
        _ => None,
    }
}

/// Reads the arguments of `keyword` from the words between its parentheses.
///
/// # Errors
/// Says which argument is wrong, and how.
pub fn read(
    language: &mut Language,
    spec: ArgSpec,
    texts: &[Vec<u8>],
    span: Span,
) -> Result<Vec<Arg>, String> {
    let given = texts
        .iter()
        .rposition(|text| !text.is_empty())
        .map_or(0, |last| last + 1);
    if given < spec.required && texts.len() < spec.required {
        let missing = spec.required - given;
        return Err(format!(
            "missing arguments (got {}/{}), type '{}' expected",
            given,
            given + missing,
            spec.kinds
                .get(given)
                .copied()
                .map_or("string", ArgKind::name)
        ));
    }
    if texts.len() > spec.kinds.len() && given > spec.kinds.len() {
        let extra = texts
            .get(spec.kinds.len())
            .map(|text| String::from_utf8_lossy(text));
        let extra = extra.unwrap_or_default();
        return Err(match spec.kinds.len() {
            0 => format!("no argument supported, but got '{extra}'"),
            count => format!(
                "end of arguments expected at position {}, but got '{extra}'",
                count + 1
            ),
        });
    }
    let mut args = Vec::with_capacity(spec.kinds.len());
    for (index, kind) in spec.kinds.iter().enumerate() {
        let text = texts.get(index).map_or(&[][..], Vec::as_slice);
        let is_given = index < texts.len() && !(text.is_empty() && index >= spec.required);
        let arg = match is_given {
            true => kind.read(language, text, span).map_err(|why| {
                format!(
                    "failed to parse '{}' as type '{}': {why}",
                    String::from_utf8_lossy(text),
                    kind.name()
                )
            })?,
            false => Arg::Absent,
        };
        args.push(arg);
    }
    Ok(args)
}

impl ArgKind {
    /// The name that messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Str | Self::StrOrVariable => "string",
            Self::Int | Self::IntOrVariable => "signed integer",
            Self::Time => "delay",
            Self::Size => "size",
            Self::Ip => "address",
            Self::Mask4 => "IPv4 mask",
            Self::Mask6 => "IPv6 mask",
            Self::Variable => "variable",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Userlist => "user list",
            Self::Table => "table",
        }
    }

    fn read(self, language: &mut Language, text: &[u8], span: Span) -> Result<Arg, String> {
        let utf8 = || std::str::from_utf8(text).map_err(|_| String::from("it is not text"));
        match self {
            Self::Str => Ok(Arg::Str(text.into())),
            Self::Int => utf8()?
                .parse()
                .map(Arg::Int)
                .map_err(|_| String::from("a number is expected")),
            Self::Time => unit::parse_time_ms(utf8()?, Unit::Ms)
                .map(Arg::Time)
                .map_err(|error| error.to_string()),
            Self::Size => unit::parse_size(utf8()?)
                .map(|size| Arg::Int(i64::try_from(size).unwrap_or(i64::MAX)))
                .map_err(|error| error.to_string()),
            Self::Ip => utf8()?
                .parse()
                .map(Arg::Ip)
                .map_err(|_| String::from("an address is expected")),
            Self::Mask4 => mask(utf8()?, false),
            Self::Mask6 => mask(utf8()?, true),
            Self::Variable => language.variable(utf8()?).map(Arg::Variable),
            Self::IntOrVariable => match utf8()?.parse() {
                Ok(number) => Ok(Arg::Int(number)),
                Err(_) => language.variable(utf8()?).map(Arg::Variable),
            },
            Self::StrOrVariable => match language.variable(utf8()?) {
                Ok(variable) => Ok(Arg::Variable(variable)),
                Err(_) => Ok(Arg::Str(text.into())),
            },
            Self::Frontend | Self::Backend => Ok(Arg::Proxy(language.late_proxy(
                utf8()?,
                self == Self::Backend,
                span,
            ))),
            Self::Server => Ok(Arg::Server(language.late_server(utf8()?, span))),
            Self::Userlist => Ok(Arg::Userlist(language.late_userlist(utf8()?, span))),
            Self::Table => Err(String::from("stick tables are not supported yet")),
        }
    }
}

/// A mask: `255.255.0.0`, `ffff::` or the length of a prefix.
fn mask(text: &str, is_v6: bool) -> Result<Arg, String> {
    let bits = if is_v6 { 128 } else { 32 };
    let ones = match (text.parse::<u8>(), text.parse::<IpAddr>()) {
        (Ok(length), _) if length <= bits => length,
        (_, Ok(IpAddr::V4(mask))) if !is_v6 => {
            let mask = u32::from(mask);
            contiguous(mask.leading_ones(), mask.count_ones())?
        }
        (_, Ok(IpAddr::V6(mask))) if is_v6 => {
            let mask = u128::from(mask);
            contiguous(mask.leading_ones(), mask.count_ones())?
        }
        _ => return Err(format!("a mask or a length from 0 to {bits} is expected")),
    };
    let address = match is_v6 {
        true => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        false => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
    };
    Ok(Arg::Mask(Network {
        address,
        prefix_len: ones,
    }))
}

fn contiguous(leading: u32, ones: u32) -> Result<u8, String> {
    if leading != ones {
        return Err(String::from("the ones of a mask stand together"));
    }
    u8::try_from(ones).map_err(|error| error.to_string())
}

/// Splits what stands between parentheses at its commas. Returns the arguments and the
/// length of what was read, the closing parenthesis included.
///
/// # Errors
/// An open quote or parenthesis.
pub fn split(text: &[u8]) -> Result<(Vec<Vec<u8>>, usize), String> {
    let mut args = Vec::new();
    let mut current = Vec::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(b'"') | None, b'\\') => {
                let next = text.get(at).copied();
                current.push(unescaped(next, quote.is_some()).unwrap_or(b'\\'));
                at += usize::from(unescaped(next, quote.is_some()).is_some());
            }
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b',') => args.push(std::mem::take(&mut current)),
            (None, b')') => {
                if !(args.is_empty() && current.is_empty()) {
                    args.push(current);
                }
                return Ok((args, at));
            }
            _ => current.push(byte),
        }
    }
    match quote {
        Some(open) => Err(format!("unmatched quote {}", char::from(open))),
        None => Err(String::from("expected ')' after the arguments")),
    }
}

/// What a backslash and this byte mean; `None` when the backslash stands for itself.
const fn unescaped(next: Option<u8>, quoted: bool) -> Option<u8> {
    match next {
        Some(b'r') => Some(b'\r'),
        Some(b'n') => Some(b'\n'),
        Some(b't') => Some(b'\t'),
        Some(byte @ (b'\\' | b'"')) => Some(byte),
        Some(byte @ (b'\'' | b' ' | b',' | b'(' | b')')) if !quoted => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_unless_protected() {
        let split_of = |text: &str| {
            let (args, len) = split(text.as_bytes()).unwrap();
            let args: Vec<String> = args
                .into_iter()
                .map(|arg| String::from_utf8(arg).unwrap())
                .collect();
            (args, len)
        };
        assert_eq!(split_of(")rest"), (vec![], 1));
        assert_eq!(split_of("a,b)"), (vec!["a".into(), "b".into()], 4));
        assert_eq!(
            split_of("'a,b',\"c)\")"),
            (vec!["a,b".into(), "c)".into()], 11)
        );
        assert_eq!(split_of(",2)"), (vec![String::new(), "2".into()], 3));
        assert_eq!(split_of("a\\,b)"), (vec!["a,b".into()], 5));
        assert!(split(b"a,b").is_err());
        assert!(split(b"'a)").is_err());
    }
}
