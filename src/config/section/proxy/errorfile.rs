//! `errorfile`, `errorloc`: what clients are sent in place of the built-in error messages.

use std::sync::Arc;

use super::answer_file;
use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::word::Word;
use crate::http::errors::ErrorPage;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "errorfile",
        sections: Sections::ANY_PROXY,
        usage: "errorfile <code> <file>",
        doc: "Replaces an error answer by the content of a file, headers included.",
        since: "1.1",
        negatable: false,
        parse: parse_errorfile,
    },
    Keyword {
        name: "errorloc",
        sections: Sections::ANY_PROXY,
        usage: "errorloc <code> <url>",
        doc: "Redirects clients (302) instead of answering an error.",
        since: "1.0",
        negatable: false,
        parse: |context, line| parse_errorloc(context, line, "302 Found"),
    },
    Keyword {
        name: "errorloc302",
        sections: Sections::ANY_PROXY,
        usage: "errorloc302 <code> <url>",
        doc: "Redirects clients (302) instead of answering an error.",
        since: "1.1",
        negatable: false,
        parse: |context, line| parse_errorloc(context, line, "302 Found"),
    },
    Keyword {
        name: "errorloc303",
        sections: Sections::ANY_PROXY,
        usage: "errorloc303 <code> <url>",
        doc: "Redirects clients (303, always followed with GET) instead of answering an error.",
        since: "1.1",
        negatable: false,
        parse: |context, line| parse_errorloc(context, line, "303 See Other"),
    },
];

fn parse_errorfile(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let status = parse_code(line)?;
    let file = line.words.word(2)?;
    line.words.end(3)?;
    let page = read_page(file, status, context.bufsize, "errorfile")?;
    replace(context, status, page);
    Ok(())
}

/// The redirection is rendered here, in the shape HAProxy 2.6 gives it.
fn parse_errorloc(context: &mut ProxyContext, line: &Line, redirection: &str) -> Parse<()> {
    let status = parse_code(line)?;
    let url = line.words.word(2)?;
    line.words.end(3)?;
    let location = url.utf8()?;
    let name = line.words.name();
    if location.bytes().any(|byte| byte.is_ascii_control()) {
        let message = format!("{name} : control characters are not allowed in a URL");
        return Err(url.error(message));
    }
    let raw = format!(
        "HTTP/1.1 {redirection}\r\ncache-control: no-cache\r\n\
         content-length: 0\r\nlocation: {location}\r\n\r\n"
    );
    let page = ErrorPage::from_file(raw.as_bytes(), status, context.bufsize)
        .map_err(|error| url.error(format!("{name} : '{location}': {error}")))?;
    replace(context, status, page);
    Ok(())
}

/// The status code at word 1.
fn parse_code(line: &Line) -> Parse<u16> {
    let code = line.words.word(1)?;
    replaceable(code.text()).ok_or_else(|| {
        let name = line.words.name();
        let message = format!("{name} : status code '{}' not handled.", code.text());
        code.error(message)
    })
}

/// The status that `text` names, if its answer can be replaced.
fn replaceable(text: &str) -> Option<u16> {
    let status = text.parse().ok()?;
    can_be_replaced(status).then_some(status)
}

/// True for the statuses whose answers come from files.
pub(super) fn can_be_replaced(status: u16) -> bool {
    STATUSES.contains(&status)
}

/// The page in the file that a word names; `owner` begins the messages.
pub(super) fn read_page(file: &Word, status: u16, bufsize: usize, owner: &str) -> Parse<ErrorPage> {
    let path = file.utf8()?;
    let bytes = answer_file::read(path, bufsize)
        .map_err(|error| file.error(format!("{owner} : '{path}': {error}")))?;
    ErrorPage::from_file(&bytes, status, bufsize)
        .map_err(|error| file.error(format!("{owner} : '{path}': {error}")))
}

fn replace(context: &mut ProxyContext, status: u16, page: ErrorPage) {
    let errorfiles = &mut context.draft.proxy.errorfiles;
    errorfiles.retain(|(other, _)| *other != status);
    errorfiles.push((status, Arc::new(page)));
}

/// The answers that can be replaced (manual, "errorfile").
const STATUSES: [u16; 17] = [
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504,
];
