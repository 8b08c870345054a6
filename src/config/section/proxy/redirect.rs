//! `redirect`, as a line of its own and as an action of `http-request` and `http-response`.

use super::draft::ProxyContext;
use super::order::RuleStage;
use super::rule::{ActionKeyword, RuleReader, parse_reader};
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, Sections};
use crate::config::model::{Action, Decision, Redirect, RedirectTarget, RuleSet};
use crate::config::word::Word;
use crate::sample::format::Format;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[Keyword {
    name: "redirect",
    sections: Sections::PROXY,
    usage: "redirect {location | prefix | scheme} <text> [code <code>] [<option>]... \
            [{if | unless} <condition>]",
    doc: "Answers requests with another place to go to.",
    since: "1.3",
    negatable: false,
    parse: |context, line| {
        parse_reader(context, line, RuleSet::Redirect, "redirect", read)?;
        context.note_rule(RuleStage::Redirect, line);
        Ok(())
    },
}];

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[ActionKeyword {
    name: "redirect",
    sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
    usage: "redirect {location | prefix | scheme} <format> [code <code>] [drop-query] \
            [append-slash] [ignore-empty] [set-cookie <name>[=<value>]] [clear-cookie <name>[=]]",
    doc: "Answers with another place to go to.",
    parse: read,
}];

/// What the words say so far.
#[derive(Default)]
struct Reading {
    target: Option<RedirectTarget>,
    status: Option<u16>,
    set_cookie: Option<Vec<u8>>,
    drop_query: bool,
    append_slash: bool,
    ignore_empty: bool,
}

fn read(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let first = reader.at;
    let mut reading = Reading::default();
    while let Some(word) = reader.peek() {
        reader.at += 1;
        read_word(reader, word, &mut reading)?;
    }
    let Some(target) = reading.target else {
        let message = "redirection type expected ('prefix', 'location', or 'scheme').";
        return Err(reader.words.error(first, message));
    };
    let is_location = matches!(target, RedirectTarget::Location(_));
    if reader.set.is_response() && !is_location {
        let message = "response only supports redirect type 'location'.";
        return Err(reader.words.error(first, message));
    }
    Ok(Action::Decide(Decision::Redirect(Redirect {
        target,
        status: reading.status.unwrap_or(STATUS_DEFAULT),
        set_cookie: reading.set_cookie.map(Into::into),
        drop_query: reading.drop_query,
        append_slash: reading.append_slash,
        ignore_empty: reading.ignore_empty,
    })))
}

fn read_word(reader: &mut RuleReader<'_>, word: &Word, reading: &mut Reading) -> Parse<()> {
    match word.text() {
        "location" => reading.target = Some(RedirectTarget::Location(text(reader, word)?)),
        "prefix" => reading.target = Some(RedirectTarget::Prefix(text(reader, word)?)),
        "scheme" => reading.target = Some(RedirectTarget::Scheme(text(reader, word)?)),
        "set-cookie" => {
            let cookie = argument(reader, word)?;
            reading.set_cookie = Some(joined(header_bytes(cookie)?, b"; path=/;"));
        }
        "clear-cookie" => {
            let cookie = argument(reader, word)?;
            reading.set_cookie = Some(joined(header_bytes(cookie)?, b"; path=/; Max-Age=0;"));
        }
        "code" => {
            let code = argument(reader, word)?;
            reading.status = Some(status(code)?);
        }
        "drop-query" => reading.drop_query = true,
        "append-slash" => reading.append_slash = true,
        "ignore-empty" => reading.ignore_empty = true,
        other => return Err(unknown(word, other)),
    }
    Ok(())
}

/// The target's text: a format in an action, the bytes themselves in the old keyword.
fn text(reader: &mut RuleReader<'_>, keyword: &Word) -> Parse<Format> {
    let word = argument(reader, keyword)?;
    if reader.set == RuleSet::Redirect {
        return Ok(Format::literal(header_bytes(word)?));
    }
    reader.at -= 1;
    reader.format("a location")
}

fn argument<'a>(reader: &mut RuleReader<'a>, keyword: &Word) -> Parse<&'a Word> {
    let word = reader.words.get(reader.at).filter(|word| !word.is_empty());
    let word = word.ok_or_else(|| {
        let name = keyword.text();
        let message = format!("missing argument for '{name}'.");
        reader.words.error(reader.at, message)
    })?;
    reader.at += 1;
    Ok(word)
}

/// The bytes of a word that may stand in a header line.
fn header_bytes(word: &Word) -> Parse<&[u8]> {
    let is_allowed = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if word.bytes().iter().all(is_allowed) {
        return Ok(word.bytes());
    }
    Err(word.error("control characters are not allowed in a header"))
}

fn joined(cookie: &[u8], attributes: &[u8]) -> Vec<u8> {
    [cookie, attributes].concat()
}

fn status(word: &Word) -> Parse<u16> {
    let code = word.text().parse().ok();
    code.filter(|code| STATUSES.contains(code)).ok_or_else(|| {
        let text = word.text();
        word.error(format!(
            "'code': unsupported HTTP code '{text}' (must be one of 301, 302, 303, 307 or 308)."
        ))
    })
}

fn unknown(word: &Word, text: &str) -> Diagnostic {
    word.error(format!(
        "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', \
         'drop-query', 'ignore-empty' or 'append-slash' (was '{text}')."
    ))
}

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const STATUS_DEFAULT: u16 = 302;
