//! `compression`: which responses of a proxy are compressed, and how.

use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::suggest;
use crate::config::word::Word;
use crate::http::compression::Algorithm;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[Keyword {
    name: "compression",
    sections: Sections::ANY_PROXY,
    usage: "compression algo <algorithm>... | type <mime type>... | offload | direction response",
    doc: "Compresses responses for clients that accept it.",
    since: "1.5",
    negatable: false,
    parse,
}];

fn parse(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    match line.words.get(1).map(Word::text) {
        Some("algo") => parse_algorithms(context, line),
        Some("type") => parse_types(context, line),
        Some("offload") => parse_offload(context, line),
        Some("direction") => parse_direction(line),
        Some(_) | None => {
            let message = "'compression' expects 'algo', 'type' or 'offload'";
            Err(line.words.error(1, message))
        }
    }
}

/// Each line adds to those before, the ones of `defaults` included.
fn parse_algorithms(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    if !line.words.has(2) {
        let message = "'compression' expects <algorithm>.";
        return Err(line.words.error(2, message).hint(ALGORITHMS));
    }
    for word in line.words.from(2) {
        let algorithm = parse_algorithm(word)?;
        let algorithms = &mut context.draft.proxy.compression.algorithms;
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    Ok(())
}

fn parse_algorithm(word: &Word) -> Parse<Algorithm> {
    let names = Algorithm::NAMED;
    if let Some((_, algorithm)) = names.iter().find(|(name, _)| *name == word.text()) {
        return Ok(*algorithm);
    }
    let message = format!(
        "'compression' : '{}' is not a supported algorithm.",
        word.text()
    );
    let close = suggest::closest(word.text(), names.iter().map(|(name, _)| *name));
    Err(word.error(message).hint(match close {
        Some(close) => format!("did you mean '{close}'?"),
        None => ALGORITHMS.to_owned(),
    }))
}

fn parse_types(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    if !line.words.has(2) {
        let message = "'compression' expects <type>.";
        return Err(line.words.error(2, message));
    }
    for word in line.words.from(2) {
        let kind = word.utf8()?.to_owned();
        context.draft.proxy.compression.types.push(kind);
    }
    Ok(())
}

fn parse_offload(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.end(2)?;
    if context.draft.is_defaults() {
        let message = "'compression' : 'offload' ignored in 'defaults' section.";
        context.warnings.push(line.words.warning(1, message));
        return Ok(());
    }
    context.draft.proxy.compression.offload = true;
    Ok(())
}

/// Since 2.8: only responses are compressed, which is what happens without it too.
fn parse_direction(line: &Line) -> Parse<()> {
    if !line.words.is(2, "response") {
        let message = "'compression direction' only supports 'response'.";
        return Err(line.words.error(2, message));
    }
    line.words.end(3)
}

const ALGORITHMS: &str = "algorithms are 'identity', 'gzip', 'deflate' and 'raw-deflate'";

#[cfg(test)]
mod tests;
