//! `option forwardfor` and `option originalto`.

use super::draft::ProxyContext;
use super::network;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::Line;
use crate::config::model::{Forwarded, Network};
use crate::config::word::Word;

/// Reads `option forwardfor`.
pub(super) fn parse_forwardfor(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let forwarded = parse(line, "X-Forwarded-For", IfNone::Accepted)?;
    context.draft.proxy.forwardfor = Some(forwarded);
    Ok(())
}

/// Reads `option originalto`.
pub(super) fn parse_originalto(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let forwarded = parse(line, "X-Original-To", IfNone::Refused)?;
    context.draft.proxy.originalto = Some(forwarded);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IfNone {
    Accepted,
    Refused,
}

fn parse(line: &Line, header: &str, if_none: IfNone) -> Parse<Forwarded> {
    let mut forwarded = Forwarded {
        header: header.to_owned(),
        except: None,
        if_none: false,
    };
    let mut at = 2;
    while let Some(word) = line.words.get(at) {
        match word.text() {
            "except" => forwarded.except = Some(parse_except(line, at + 1)?),
            "header" => forwarded.header = parse_header(line, at + 1)?,
            "if-none" if if_none == IfNone::Accepted => {
                forwarded.if_none = true;
                at += 1;
                continue;
            }
            _ => return Err(unknown(line, word, if_none)),
        }
        at += 2;
    }
    Ok(forwarded)
}

fn parse_except(line: &Line, at: usize) -> Parse<Network> {
    let parsed = line
        .words
        .get(at)
        .and_then(|word| network::parse(word.text()));
    parsed.ok_or_else(|| {
        let name = line.words.name();
        line.words.error(
            at,
            format!("'{name} except' expects <address>[/mask] as argument."),
        )
    })
}

fn parse_header(line: &Line, at: usize) -> Parse<String> {
    let word = line.words.get(at).filter(|word| is_token(word.text()));
    word.map(|word| word.text().to_owned()).ok_or_else(|| {
        let name = line.words.name();
        line.words.error(
            at,
            format!("'{name} header' expects <header_name> as argument."),
        )
    })
}

fn unknown(line: &Line, word: &Word, if_none: IfNone) -> Diagnostic {
    let known = match if_none {
        IfNone::Accepted => "'except', 'header' and 'if-none'",
        IfNone::Refused => "'except' and 'header'",
    };
    let name = line.words.name();
    word.error(format!("'{name}' only supports optional values: {known}."))
}

/// True for a name that may stand before the colon of a header (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}
