//! The old filters over the lines of a head, `reqrep` and its relatives, and `block`.
//!
//! Later versions have dropped them; files that still use them load, with a warning that
//! names what replaces them. Added lines always come after all filters, so they are kept at
//! the end of their set.

use std::sync::Arc;

use super::draft::ProxyContext;
use super::forwarded::is_token;
use super::order::RuleStage;
use super::rule::{RuleReader, parse_reader};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{
    Action, Decision, LineEffect, LineFilter, Reply, ReplyBody, ReplyPage, Rule, RuleSet,
};
use crate::config::word::Word;
use crate::sample::pattern;

/// An entry for an old filter.
macro_rules! filter {
    ($name:literal, $usage:literal, $doc:literal, $read:expr) => {
        Keyword {
            name: $name,
            sections: Sections::PROXY,
            usage: $usage,
            doc: $doc,
            since: "1.0",
            negatable: false,
            parse: |context, line| parse(context, line, $name, $read),
        }
    };
}

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "block",
        sections: Sections::PROXY,
        usage: "block {if | unless} <condition>",
        doc: "The old spelling of 'http-request deny', run before all http-request rules.",
        since: "1.3",
        negatable: false,
        parse: parse_block,
    },
    filter!(
        "cliexp",
        "cliexp <regex> <text> [{if | unless} <condition>]",
        "The oldest spelling of 'reqrep'.",
        replace
    ),
    filter!(
        "reqadd",
        "reqadd <line> [{if | unless} <condition>]",
        "Adds a header line to requests.",
        add
    ),
    filter!(
        "reqallow",
        "reqallow <regex> [{if | unless} <condition>]",
        "Keeps later filters from refusing requests with such a line.",
        allow
    ),
    filter!(
        "reqdel",
        "reqdel <regex> [{if | unless} <condition>]",
        "Removes header lines from requests.",
        delete
    ),
    filter!(
        "reqdeny",
        "reqdeny <regex> [{if | unless} <condition>]",
        "Refuses requests with such a line.",
        deny
    ),
    filter!(
        "reqiallow",
        "reqiallow <regex> [{if | unless} <condition>]",
        "As 'reqallow', in any case of letters.",
        allow
    ),
    filter!(
        "reqidel",
        "reqidel <regex> [{if | unless} <condition>]",
        "As 'reqdel', in any case of letters.",
        delete
    ),
    filter!(
        "reqideny",
        "reqideny <regex> [{if | unless} <condition>]",
        "As 'reqdeny', in any case of letters.",
        deny
    ),
    filter!(
        "reqipass",
        "reqipass <regex> [{if | unless} <condition>]",
        "As 'reqpass', in any case of letters.",
        pass
    ),
    filter!(
        "reqirep",
        "reqirep <regex> <text> [{if | unless} <condition>]",
        "As 'reqrep', in any case of letters.",
        replace
    ),
    filter!(
        "reqisetbe",
        "reqisetbe <regex> <backend> [{if | unless} <condition>]",
        "As 'reqsetbe', in any case of letters.",
        backend
    ),
    filter!(
        "reqitarpit",
        "reqitarpit <regex> [{if | unless} <condition>]",
        "As 'reqtarpit', in any case of letters.",
        tarpit
    ),
    filter!(
        "reqpass",
        "reqpass <regex> [{if | unless} <condition>]",
        "Keeps later filters away from requests with such a line.",
        pass
    ),
    filter!(
        "reqrep",
        "reqrep <regex> <text> [{if | unless} <condition>]",
        "Replaces lines of requests, the request line included.",
        replace
    ),
    filter!(
        "reqsetbe",
        "reqsetbe <regex> <backend> [{if | unless} <condition>]",
        "Sends requests with such a line to a backend.",
        backend
    ),
    filter!(
        "reqtarpit",
        "reqtarpit <regex> [{if | unless} <condition>]",
        "Holds requests with such a line, then refuses them.",
        tarpit
    ),
    filter!(
        "rspadd",
        "rspadd <line> [{if | unless} <condition>]",
        "Adds a header line to responses.",
        add
    ),
    filter!(
        "rspdel",
        "rspdel <regex> [{if | unless} <condition>]",
        "Removes header lines from responses.",
        delete
    ),
    filter!(
        "rspdeny",
        "rspdeny <regex> [{if | unless} <condition>]",
        "Refuses responses with such a line.",
        deny
    ),
    filter!(
        "rspidel",
        "rspidel <regex> [{if | unless} <condition>]",
        "As 'rspdel', in any case of letters.",
        delete
    ),
    filter!(
        "rspideny",
        "rspideny <regex> [{if | unless} <condition>]",
        "As 'rspdeny', in any case of letters.",
        deny
    ),
    filter!(
        "rspirep",
        "rspirep <regex> <text> [{if | unless} <condition>]",
        "As 'rsprep', in any case of letters.",
        replace
    ),
    filter!(
        "rsprep",
        "rsprep <regex> <text> [{if | unless} <condition>]",
        "Replaces lines of responses, the status line included.",
        replace
    ),
    filter!(
        "srvexp",
        "srvexp <regex> <text> [{if | unless} <condition>]",
        "The oldest spelling of 'rsprep'.",
        replace
    ),
];

/// What replaces a keyword of these names, for the warning.
const SUCCESSORS: &[(&[&str], &str)] = &[
    (&["reqadd"], "http-request add-header"),
    (
        &["reqallow", "reqiallow", "reqpass", "reqipass"],
        "http-request allow",
    ),
    (&["reqdel", "reqidel"], "http-request del-header"),
    (&["reqdeny", "reqideny"], "http-request deny"),
    (&["reqtarpit", "reqitarpit"], "http-request tarpit"),
    (
        &["cliexp", "reqrep", "reqirep"],
        "http-request replace-path', 'http-request replace-uri' or 'http-request replace-header",
    ),
    (&["reqsetbe", "reqisetbe"], "use_backend"),
    (&["rspadd"], "http-response add-header"),
    (&["rspdel", "rspidel"], "http-response del-header"),
    (&["rspdeny", "rspideny"], "http-response deny"),
    (
        &["rsprep", "rspirep", "srvexp"],
        "http-response replace-header",
    ),
];

fn parse(
    context: &mut ProxyContext,
    line: &Line,
    name: &'static str,
    read: fn(&mut RuleReader<'_>) -> Parse<Action>,
) -> Parse<()> {
    let set = match name.starts_with("rsp") || name == "srvexp" {
        true => RuleSet::LegacyResponse,
        false => RuleSet::LegacyRequest,
    };
    let successor = SUCCESSORS.iter().find(|(names, _)| names.contains(&name));
    let successor = successor.map_or("", |(_, successor)| *successor);
    let message = format!("The '{name}' directive is deprecated. Use '{successor}' instead.");
    context.warnings.push(line.words.keyword_warning(message));
    parse_reader(context, line, set, name, read)?;
    settle_last(context.draft.proxy.rules.of_mut(set));
    match name {
        "reqadd" => context.note_rule(RuleStage::LegacyAdd, line),
        _ if set == RuleSet::LegacyRequest => context.note_rule(RuleStage::LegacyFilter, line),
        _ => {}
    }
    Ok(())
}

/// Moves a filter that was read last before the lines to be added.
fn settle_last(rules: &mut Vec<Rule>) {
    let Some(last) = rules.pop() else {
        return;
    };
    let adds = |rule: &Rule| match &rule.action {
        Action::Lines(filter) => matches!(filter.effect, LineEffect::Add(..)),
        _ => false,
    };
    let at = match adds(&last) {
        true => rules.len(),
        false => rules.iter().position(adds).unwrap_or(rules.len()),
    };
    rules.insert(at, last);
}

fn parse_block(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let message = "The 'block' directive is deprecated. Use 'http-request deny' instead, which \
                   uses the exact same syntax.";
    context.warnings.push(line.words.keyword_warning(message));
    let condition = super::switch::required_condition(context, line, 1)?;
    let at = context.draft.blocks;
    let rules = context.draft.proxy.rules.of_mut(RuleSet::HttpRequest);
    let rule = Rule {
        action: Action::Decide(Decision::Deny(error_page(403))),
        condition: Some(condition),
        place: line.place,
    };
    rules.insert(at.min(rules.len()), rule);
    context.draft.blocks += 1;
    context.note_rule(RuleStage::Block, line);
    Ok(())
}

fn allow(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |_| Ok(LineEffect::Allow))
}

fn deny(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |_| Ok(LineEffect::Deny))
}

fn pass(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |_| Ok(LineEffect::Pass))
}

fn delete(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |_| Ok(LineEffect::Delete))
}

fn tarpit(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |_| {
        let decision = Decision::Tarpit(error_page(500));
        Ok(LineEffect::Tarpit(Box::new(decision)))
    })
}

fn replace(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |reader| {
        let text = reader.word("<search> and <replace> as arguments")?;
        Ok(LineEffect::Replace(text.bytes().into()))
    })
}

fn backend(reader: &mut RuleReader<'_>) -> Parse<Action> {
    filter(reader, |reader| {
        let word = reader.word("<search> and <target> as arguments")?;
        let name = word.utf8()?;
        let late = reader.context.language.late_proxy(name, true, word.span());
        Ok(LineEffect::Backend(late))
    })
}

fn filter(
    reader: &mut RuleReader<'_>,
    effect: fn(&mut RuleReader<'_>) -> Parse<LineEffect>,
) -> Parse<Action> {
    let word = reader.word("<search> as an argument")?;
    let regex = Some(regex(word, ignores_case(reader.words.name()))?);
    let effect = effect(reader)?;
    Ok(Action::Lines(LineFilter { regex, effect }))
}

/// `reqi...` and `rspi...`.
fn ignores_case(name: &str) -> bool {
    name.get(3..).is_some_and(|rest| rest.starts_with('i'))
}

fn regex(word: &Word, ignores_case: bool) -> Parse<Arc<regex::bytes::Regex>> {
    pattern::compile(word.bytes(), ignores_case)
        .map(Arc::new)
        .map_err(|error| word.error(format!("regular expression: {error}")))
}

/// `reqadd Name:\ value`.
fn add(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("<header> as an argument")?;
    let text = word.utf8()?;
    let (name, value) = text
        .split_once(':')
        .map(|(name, value)| (name, value.trim()))
        .filter(|(name, _)| is_token(name))
        .ok_or_else(|| {
            let error = word.error(format!("'{text}' is not a header line"));
            error.hint("a name, a colon and a value; a blank in it is written '\\ '")
        })?;
    if value
        .bytes()
        .any(|byte| byte != b'\t' && (byte < b' ' || byte == 0x7f))
    {
        return Err(word.error("control characters are not allowed in a header"));
    }
    Ok(Action::Lines(LineFilter {
        regex: None,
        effect: LineEffect::Add(name.as_bytes().into(), value.as_bytes().into()),
    }))
}

const fn error_page(status: u16) -> Reply {
    Reply {
        status,
        content_type: None,
        headers: Vec::new(),
        body: ReplyBody::Empty,
        head: Vec::new(),
        page: ReplyPage::Default,
    }
}
