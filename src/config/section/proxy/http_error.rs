//! `http-error`: an error answer made of the words of a line.
//!
//! The words are those of `http-request return`; the answer becomes an error page, found by
//! its status like that of an `errorfile`.

use super::draft::{ErrorImport, ErrorPages, ProxyContext};
use super::errorfile;
use super::http_request::{Parameters, Payload};
use super::parameter::owned_by;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{Reply, ReplyBody};
use crate::http::errors::{ErrorFileError, ErrorPage};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[Keyword {
    name: "http-error",
    sections: Sections::ANY_PROXY,
    usage: "http-error status <code> [content-type <type>] [default-errorfiles | \
            errorfile <path> | errorfiles <section> | file <path> | string <text>] \
            [hdr <name> <value>]...",
    doc: "Replaces an error answer by one made here.",
    since: "2.2",
    negatable: false,
    parse: |context, line| parse(context, line).map_err(|error| owned_by("http-error", error)),
}];

fn parse(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let words = &line.words;
    let parameters = Parameters::read(words, 1, context.bufsize)?;
    words.end(parameters.end)?;
    let Some(status) = parameters.status else {
        return Err(words.error(1, "expects at least a <status> as arguments."));
    };
    if !errorfile::can_be_replaced(status) {
        let message = format!("status code '{status}' not handled.");
        return Err(words.keyword_error(message));
    }
    match parameters.payload {
        Some(Payload::ErrorFile(at)) => {
            let file = words.word(at)?;
            let page = errorfile::read_page(file, status, context.bufsize, "errorfile")?;
            parameters.warn_ignored(file, context);
            errorfile::replace(context, status, page);
        }
        Some(Payload::ErrorFiles(at)) => {
            let name = words.word(at)?;
            let import = ErrorImport {
                section: errorfile::reference(name)?,
                statuses: vec![status],
                is_strict: false,
            };
            parameters.warn_ignored(name, context);
            context.draft.error_pages.push(ErrorPages::Import(import));
        }
        Some(Payload::DefaultErrorFiles(at)) => {
            parameters.warn_ignored(words.word(at)?, context);
            context.draft.error_pages.push(ErrorPages::Reset(status));
        }
        Some(Payload::Body(_) | Payload::Format(..)) | None => {
            let reply = parameters.into_reply(words, context)?;
            if !reply.headers.is_empty() || matches!(reply.body, ReplyBody::Format(_)) {
                let message = "log-format expressions are not supported in error pages.";
                let error = words.keyword_error(message);
                return Err(error.hint("'http-request return' and 'deny' know them"));
            }
            let page = page_of(&reply, context.bufsize)
                .map_err(|error| words.keyword_error(error.to_string()))?;
            errorfile::replace(context, status, page);
        }
    }
    Ok(())
}

fn page_of(reply: &Reply, bufsize: usize) -> Result<ErrorPage, ErrorFileError> {
    let mut raw = reply.head.clone();
    raw.extend_from_slice(b"\r\n");
    if let ReplyBody::Bytes(body) = &reply.body {
        raw.extend_from_slice(body);
    }
    ErrorPage::from_file(&raw, reply.status, bufsize)
}
