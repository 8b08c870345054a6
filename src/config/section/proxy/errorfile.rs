//! `errorfile`, `errorfiles`, `errorloc`: what clients are sent in place of the built-in messages.

use std::sync::Arc;

use super::answer_file;
use super::draft::{ErrorImport, ErrorPages, ProxyContext, Reference};
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
        name: "errorfiles",
        sections: Sections::ANY_PROXY,
        usage: "errorfiles <section> [<code>...]",
        doc: "Takes error answers over from an 'http-errors' section.",
        since: "2.2",
        negatable: false,
        parse: parse_errorfiles,
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
    let (status, page) = read_line(line, context.bufsize)?;
    replace(context, status, page);
    Ok(())
}

/// Reads `errorfile <code> <file>`.
pub(in crate::config::section) fn read_line(
    line: &Line,
    bufsize: usize,
) -> Parse<(u16, ErrorPage)> {
    let status = parse_code(line)?;
    let file = line.words.word(2)?;
    line.words.end(3)?;
    let page = read_page(file, status, bufsize, "errorfile")?;
    Ok((status, page))
}

fn parse_errorfiles(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let name = line.words.get(1).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        let message = "errorfiles : expects <name> as argument.";
        line.words.error(1, message)
    })?;
    let codes = line.words.from(2).iter().filter(|code| !code.is_empty());
    let statuses = codes.map(|code| status_of(code, "errorfiles"));
    let import = ErrorImport {
        section: reference(name)?,
        statuses: statuses.collect::<Parse<_>>()?,
        is_strict: true,
    };
    context.draft.error_pages.push(ErrorPages::Import(import));
    Ok(())
}

/// The `http-errors` section that a word names.
pub(super) fn reference(name: &Word) -> Parse<Reference> {
    Ok(Reference {
        name: name.utf8()?.to_owned(),
        span: name.span(),
    })
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
    status_of(line.words.word(1)?, line.words.name())
}

/// The status that a word names; `owner` begins the message when its answer cannot be
/// replaced.
fn status_of(code: &Word, owner: &str) -> Parse<u16> {
    let status = code.text().parse().ok();
    status
        .filter(|status| can_be_replaced(*status))
        .ok_or_else(|| {
            let message = format!("{owner} : status code '{}' not handled.", code.text());
            code.error(message)
        })
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

/// Answers errors of this status with this page.
pub(super) fn replace(context: &mut ProxyContext, status: u16, page: ErrorPage) {
    let page = ErrorPages::Page(status, Arc::new(page));
    context.draft.error_pages.push(page);
}

/// The answers that can be replaced (manual, "errorfile").
const STATUSES: [u16; 19] = [
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
];
