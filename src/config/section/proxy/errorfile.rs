//! `errorfile`: what clients are sent in place of the built-in error messages.

use std::sync::Arc;

use super::answer_file;
use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::http::errors::ErrorPage;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[Keyword {
    name: "errorfile",
    sections: Sections::ANY_PROXY,
    usage: "errorfile <code> <file>",
    doc: "Replaces an error answer by the content of a file, headers included.",
    since: "1.1",
    negatable: false,
    parse: parse_errorfile,
}];

fn parse_errorfile(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let code = line.words.word(1)?;
    let file = line.words.word(2)?;
    line.words.end(3)?;
    let status = code
        .text()
        .parse()
        .ok()
        .filter(|status| STATUSES.contains(status));
    let Some(status) = status else {
        let message = format!("errorfile : status code '{}' not handled.", code.text());
        return Err(code.error(message));
    };
    let path = file.utf8()?;
    let page = answer_file::read(path, context.bufsize)
        .map_err(|error| file.error(format!("errorfile : '{path}': {error}")))?;
    let page = ErrorPage::from_file(&page, status, context.bufsize)
        .map_err(|error| file.error(format!("errorfile : '{path}': {error}")))?;
    let errorfiles = &mut context.draft.proxy.errorfiles;
    errorfiles.retain(|(other, _)| *other != status);
    errorfiles.push((status, Arc::new(page)));
    Ok(())
}

/// The answers that can be replaced (manual, "errorfile").
const STATUSES: [u16; 17] = [
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504,
];
