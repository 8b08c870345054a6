//! `tcp-request` and `tcp-response`: rules over connections and over the bytes they carry.

use super::draft::ProxyContext;
use super::order::RuleStage;
use super::rule::parse_rule;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::RuleSet;
use crate::config::unit::Unit;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "tcp-request",
        sections: Sections::ANY_PROXY,
        usage: "tcp-request {connection | session | content} <action> [{if | unless} <condition>] \
                | tcp-request inspect-delay <time>",
        doc: "A rule over client connections or what they bring, or the time it may wait for it.",
        since: "1.4",
        negatable: false,
        parse: parse_request,
    },
    Keyword {
        name: "tcp-response",
        sections: Sections::ANY_PROXY,
        usage: "tcp-response content <action> [{if | unless} <condition>] \
                | tcp-response inspect-delay <time>",
        doc: "A rule over what servers send, or the time it may wait for it.",
        since: "1.5",
        negatable: false,
        parse: parse_response,
    },
];

fn parse_request(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let kind = kind(context, line)?;
    let (set, stage) = match kind.as_str() {
        "inspect-delay" => {
            context.draft.proxy.request_inspect_ms = delay(context, line)?;
            return Ok(());
        }
        "connection" => (RuleSet::TcpConnection, RuleStage::TcpConnection),
        "session" => (RuleSet::TcpSession, RuleStage::TcpSession),
        "content" => (RuleSet::TcpContent, RuleStage::TcpContent),
        other => {
            let place = owner(context);
            let message = format!(
                "'tcp-request' expects 'inspect-delay', 'connection', 'session' or 'content' in \
                 {place} (got '{other}')"
            );
            return Err(line.words.error(1, message));
        }
    };
    let accepts = context.draft.proxy.capabilities.frontend || context.draft.is_defaults();
    if set != RuleSet::TcpContent && !accepts {
        let place = owner_bare(context);
        let message = format!(
            "{} is not allowed because {place} is not a frontend",
            set.name()
        );
        return Err(line.words.keyword_error(message));
    }
    parse_of_set(context, line, set)?;
    context.note_rule(stage, line);
    Ok(())
}

fn parse_response(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let kind = kind(context, line)?;
    if !context.draft.proxy.capabilities.backend && !context.draft.is_defaults() {
        let place = owner_bare(context);
        let message =
            format!("tcp-response {kind} is not allowed because {place} is not a backend");
        return Err(line.words.keyword_error(message));
    }
    match kind.as_str() {
        "inspect-delay" => {
            context.draft.proxy.response_inspect_ms = delay(context, line)?;
            Ok(())
        }
        "content" => parse_of_set(context, line, RuleSet::TcpResponse),
        other => {
            let place = owner(context);
            let message = format!(
                "'tcp-response' expects 'inspect-delay' or 'content' in {place} (got '{other}')"
            );
            Err(line.words.error(1, message))
        }
    }
}

fn parse_of_set(context: &mut ProxyContext, line: &Line, set: RuleSet) -> Parse<()> {
    if context.draft.is_defaults() && context.draft.proxy.name.is_empty() {
        let message = format!(
            "{} is not allowed in anonymous 'defaults' sections",
            set.name()
        );
        let error = line.words.keyword_error(message);
        return Err(error.hint("give the section a name"));
    }
    parse_rule(context, line, set, 2)
}

/// The word behind the keyword.
fn kind(context: &ProxyContext, line: &Line) -> Parse<String> {
    match line.words.get(1).filter(|word| !word.is_empty()) {
        Some(word) => Ok(word.text().to_owned()),
        None => {
            let (name, place) = (line.words.name().to_owned(), owner(context));
            let message = format!("missing argument for '{name}' in {place}");
            Err(line.words.error(1, message))
        }
    }
}

fn delay(context: &ProxyContext, line: &Line) -> Parse<u32> {
    let value_ms = line.words.time(2, Unit::Ms);
    let value_ms = value_ms.map_err(|error| explained(context, line, error))?;
    line.words.end(3)?;
    Ok(value_ms)
}

fn explained(context: &ProxyContext, line: &Line, mut error: Diagnostic) -> Diagnostic {
    let (name, place) = (line.words.name(), owner(context));
    let why = std::mem::take(&mut error.message);
    error.message =
        format!("'{name} inspect-delay' expects a positive delay in milliseconds, in {place}");
    error.note(why)
}

/// `frontend 'name'`, for messages.
pub(super) fn owner(context: &ProxyContext) -> String {
    let draft = &context.draft;
    match draft.is_defaults() {
        true => format!("defaults '{}'", draft.proxy.name),
        false => format!("{} '{}'", draft.type_name(), draft.proxy.name),
    }
}

fn owner_bare(context: &ProxyContext) -> String {
    format!("{} {}", context.draft.type_name(), context.draft.proxy.name)
}
