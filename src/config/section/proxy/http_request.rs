//! `return`, `deny`, `tarpit`: answers that rules make.
//!
//! What does not depend on the request is rendered here, once, so that a request only copies
//! bytes; with formats in it an answer is rendered for each request (`session::rules::answer`).

use super::draft::ProxyContext;
use super::forwarded::is_token;
use super::rule::RuleReader;
use super::{answer_file, errorfile, reply};
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::model::{Reply, ReplyBody, ReplyPage};
use crate::config::word::{Word, Words};
use crate::http::status;
use crate::sample::format::{Format, Purpose};

/// Reads what an answer is made of: status, content, headers. `status` is that of an answer
/// that names none.
pub(super) fn read_reply(reader: &mut RuleReader<'_>, status: u16) -> Parse<Reply> {
    let bufsize = reader.context.bufsize;
    let first = reader.words.get(reader.at);
    let mut parameters = Parameters::read(reader.words, reader.at, bufsize)?;
    reader.at = parameters.end;
    parameters.status = parameters.status.or(Some(status));
    let reply = parameters.into_reply(reader.words, reader.context)?;
    if let Some(word) = first {
        for (_, format) in &reply.headers {
            reader.check_samples(format.needs(), word)?;
        }
        if let ReplyBody::Format(format) = &reply.body {
            reader.check_samples(format.needs(), word)?;
        }
    }
    Ok(reply)
}

/// As [`read_reply`], for rules that refuse: without a word about the answer, or with
/// `deny_status` alone, it is the error page of the status.
pub(super) fn read_refusal(reader: &mut RuleReader<'_>, status: u16) -> Parse<Reply> {
    let is_legacy = match reader.peek().map(Word::text) {
        None => true,
        Some("deny_status") => {
            let after = reader.words.get(reader.at + 2).map(Word::text);
            matches!(after, None | Some("if" | "unless"))
        }
        Some(_) => false,
    };
    if !is_legacy {
        return read_reply(reader, status);
    }
    let mut status = status;
    if reader.peek().is_some() {
        let word = reader.words.word(reader.at)?;
        status = parse_status(reader.words, reader.at + 1)?;
        check_page_status(word, status)?;
        reader.at += 2;
    }
    Ok(page_reply(status, ReplyPage::Default))
}

/// A reply that is an error page.
fn page_reply(status: u16, page: ReplyPage) -> Reply {
    Reply {
        status,
        content_type: None,
        headers: Vec::new(),
        body: ReplyBody::Empty,
        head: Vec::new(),
        page,
    }
}

/// Only some statuses have pages.
fn check_page_status(word: &Word, status: u16) -> Parse<()> {
    if errorfile::can_be_replaced(status) {
        return Ok(());
    }
    let name = match word.text() {
        "errorfiles" => "errorfiles",
        _ => "default-errorfiles",
    };
    Err(word.error(format!(
        "status code '{status}' not handled by default with '{name}' argument."
    )))
}

/// What the words of an answer say: of `http-request return`, and of `http-error`.
pub(super) struct Parameters {
    pub(super) status: Option<u16>,
    content_type: Option<(String, usize)>,
    /// Names, and the words that hold the values.
    headers: Vec<(String, usize)>,
    ignored_headers: Vec<Diagnostic>,
    pub(super) payload: Option<Payload>,
    /// The first word that does not belong to it.
    pub(super) end: usize,
}

/// Where the answer comes from.
pub(super) enum Payload {
    /// It has this body.
    Body(Vec<u8>),
    /// Its body is rendered of this text, which the word at that place gave.
    Format(Vec<u8>, usize),
    /// It is whole in the file at this word.
    ErrorFile(usize),
    /// It is that of the `http-errors` section that this word names.
    ErrorFiles(usize),
    /// It is what there would be without the line; the word that says so.
    DefaultErrorFiles(usize),
}

impl Parameters {
    /// Reads the words from `first` on.
    pub(super) fn read(words: &Words, first: usize, bufsize: usize) -> Parse<Self> {
        let mut parameters = Self {
            status: None,
            content_type: None,
            headers: Vec::new(),
            ignored_headers: Vec::new(),
            payload: None,
            end: first,
        };
        let mut at = first;
        let ends = |word: &&Word| matches!(word.text(), "if" | "unless");
        while let Some(word) = words.get(at).filter(|word| !ends(word)) {
            match word.text() {
                "status" | "deny_status" => parameters.status = Some(parse_status(words, at + 1)?),
                "content-type" => {
                    let content_type = header_value(argument(words, at, "<type>")?)?;
                    parameters.content_type = Some((content_type, at));
                }
                "hdr" => {
                    parameters.add_header(words, at)?;
                    at += 1;
                }
                text => {
                    let Some(payload) = read_payload(words, at, bufsize)? else {
                        return Err(unknown(word, text));
                    };
                    if parameters.payload.is_some() {
                        let message = format!("unexpected '{text}' argument, already defined.");
                        return Err(word.error(message).hint("one body is enough"));
                    }
                    at -= usize::from(matches!(payload, Payload::DefaultErrorFiles(_)));
                    parameters.payload = Some(payload);
                }
            }
            at += 2;
        }
        parameters.end = at.min(words.len());
        Ok(parameters)
    }

    fn add_header(&mut self, words: &Words, at: usize) -> Parse<()> {
        let name = argument(words, at, "<name> and <value>")?;
        let value = words
            .get(at + 2)
            .filter(|word| !word.is_empty())
            .ok_or_else(|| words.error(at + 2, "'hdr' expects <name> and <value> as arguments."))?;
        if !is_token(name.text()) {
            return Err(name.error(format!("'{}' cannot be the name of a header", name.text())));
        }
        header_value(value)?;
        let is_own = |own: &&str| own.eq_ignore_ascii_case(name.text());
        if OWN_HEADERS.iter().any(is_own) {
            let message = format!("header '{}' always ignored by the http reply.", name.text());
            self.ignored_headers.push(name.warning(message));
            return Ok(());
        }
        self.headers.push((name.text().to_owned(), at + 2));
        Ok(())
    }

    /// The whole answer is in a file; what else the rule says cannot apply.
    fn into_file_reply(self, file: &Word, context: &mut ProxyContext) -> Parse<Reply> {
        let status = self.status.unwrap_or(STATUS_DEFAULT);
        if !errorfile::can_be_replaced(status) {
            let message = format!("status code '{status}' not handled for error files.");
            return Err(file.error(message));
        }
        let page = errorfile::read_page(file, status, context.bufsize, "errorfile")?;
        self.warn_ignored(file, context);
        let status = if page.is_empty() {
            status
        } else {
            page.status()
        };
        let (head, body) = page.into_answer();
        Ok(Reply {
            status,
            content_type: None,
            headers: Vec::new(),
            body: ReplyBody::Bytes(body),
            head,
            page: ReplyPage::Own,
        })
    }

    /// Warns about what an error file leaves without effect.
    pub(super) fn warn_ignored(&self, file: &Word, context: &mut ProxyContext) {
        if self.content_type.is_some() {
            let message = "content-type ignored by the http reply when used with an errorfile.";
            context.warnings.push(file.warning(message));
        }
        if !(self.headers.is_empty() && self.ignored_headers.is_empty()) {
            let message = "hdr parameters ignored by the http reply when used with an errorfile.";
            context.warnings.push(file.warning(message));
        }
    }

    /// The answer, ready to be copied, or to be rendered where it has formats.
    pub(super) fn into_reply(mut self, words: &Words, context: &mut ProxyContext) -> Parse<Reply> {
        let status = self.status.unwrap_or(STATUS_DEFAULT);
        let body = match self.payload.take() {
            Some(Payload::ErrorFile(at)) => {
                let file = words.word(at)?;
                return self.into_file_reply(file, context);
            }
            Some(Payload::ErrorFiles(at)) => {
                let name = words.word(at)?;
                check_page_status(words.word(at.saturating_sub(1))?, status)?;
                self.warn_ignored(name, context);
                let language = &mut context.language;
                let page = language.late_error_page(name.utf8()?, status, name.span());
                return Ok(page_reply(status, ReplyPage::Section(page)));
            }
            Some(Payload::DefaultErrorFiles(at)) => {
                let word = words.word(at)?;
                check_page_status(word, status)?;
                self.warn_ignored(word, context);
                return Ok(page_reply(status, ReplyPage::Default));
            }
            Some(Payload::Format(text, at)) => {
                let word = words.word(at)?;
                let format =
                    Format::parse(&mut context.language, &text, word.span(), Purpose::Http)?;
                match format.as_literal() {
                    Some(literal) => ReplyBody::Bytes(literal.to_vec()),
                    None => ReplyBody::Format(format),
                }
            }
            Some(Payload::Body(body)) => ReplyBody::Bytes(body),
            None => ReplyBody::Empty,
        };
        let headers = self.read_headers(words, context)?;
        let type_at = self.content_type.as_ref().map(|(_, at)| *at);
        let has_body = match &body {
            ReplyBody::Empty => false,
            ReplyBody::Bytes(bytes) => !bytes.is_empty(),
            ReplyBody::Format(_) => true,
        };
        check_payload(words, status, has_body, type_at)?;
        if let (Some(at), false) = (type_at, has_body) {
            let message = "content-type ignored by the http reply because neither errorfile nor \
                           payload defined.";
            context.warnings.push(words.warning(at, message));
        }
        context.warnings.append(&mut self.ignored_headers);
        let content_type = self.content_type.map(|(text, _)| text);
        let reply = Reply {
            status,
            content_type: content_type.filter(|_| has_body),
            headers,
            body,
            head: Vec::new(),
            page: ReplyPage::Own,
        };
        finished(reply, words, context)
    }

    /// The values of the headers, compiled.
    fn read_headers(
        &self,
        words: &Words,
        context: &mut ProxyContext,
    ) -> Parse<Vec<(String, Format)>> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, at) in &self.headers {
            let word = words.word(*at)?;
            let language = &mut context.language;
            let format = Format::parse(language, word.bytes(), word.span(), Purpose::Http)?;
            headers.push((name.clone(), format));
        }
        Ok(headers)
    }
}

/// The reply with its head: whole where nothing of it is rendered later, the status line alone
/// otherwise.
fn finished(mut reply: Reply, words: &Words, context: &ProxyContext) -> Parse<Reply> {
    let literal = |(name, format): &(String, Format)| {
        let value = String::from_utf8_lossy(format.as_literal()?)
            .trim()
            .to_owned();
        Some((name.clone(), value))
    };
    let literals: Option<Vec<_>> = reply.headers.iter().map(literal).collect();
    let body_len = match &reply.body {
        ReplyBody::Empty => Some(0),
        ReplyBody::Bytes(bytes) => Some(bytes.len()),
        ReplyBody::Format(_) => None,
    };
    let (Some(headers), Some(body_len)) = (literals, body_len) else {
        let (status, reason) = (reply.status, status::reason(reply.status));
        reply.head = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
        return Ok(reply);
    };
    reply.head = reply::head(
        reply.status,
        &headers,
        reply.content_type.as_deref(),
        body_len,
    );
    reply.headers.clear();
    let size = reply.head.len().saturating_add(body_len);
    let limit = context.bufsize;
    if size > limit {
        let message = format!("the answer exceeds the buffer size ({size} > {limit}).");
        return Err(words.keyword_error(message));
    }
    Ok(reply)
}

/// Refuses a body where none is expected, and one of an unknown type.
fn check_payload(words: &Words, status: u16, has_body: bool, type_at: Option<usize>) -> Parse<()> {
    if !has_body {
        return Ok(());
    }
    if matches!(status, 204 | 304) {
        let message = format!("No body expected for {status} responses.");
        return Err(words.keyword_error(message));
    }
    if type_at.is_none() {
        let message = "a content type must be defined when non-empty payload is configured.";
        return Err(words.keyword_error(message));
    }
    Ok(())
}

/// The payload that the word at `at` introduces; `None` when it is no such word.
fn read_payload(words: &Words, at: usize, bufsize: usize) -> Parse<Option<Payload>> {
    let payload = match words.get(at).map(Word::text) {
        Some("string") => Payload::Body(argument(words, at, "<str>")?.bytes().to_vec()),
        Some("file") => Payload::Body(read_body(words, at, bufsize)?),
        Some("lf-string") => {
            Payload::Format(argument(words, at, "<fmt>")?.bytes().to_vec(), at + 1)
        }
        Some("lf-file") => Payload::Format(read_body(words, at, bufsize)?, at + 1),
        Some("errorfile") => {
            argument(words, at, "<file>")?;
            Payload::ErrorFile(at + 1)
        }
        Some("errorfiles") => {
            argument(words, at, "<name>")?;
            Payload::ErrorFiles(at + 1)
        }
        Some("default-errorfiles") => Payload::DefaultErrorFiles(at),
        Some(_) | None => return Ok(None),
    };
    Ok(Some(payload))
}

fn parse_status(words: &Words, at: usize) -> Parse<u16> {
    let word = words.get(at).filter(|word| !word.is_empty());
    let word =
        word.ok_or_else(|| words.error(at, "'status' expects <status_code> as argument."))?;
    let status = word
        .text()
        .parse()
        .ok()
        .filter(|status| (200..=599).contains(status));
    status.ok_or_else(|| {
        let message = format!("Unexpected status code '{}'.", word.text());
        word.error(message).hint("between 200 and 599")
    })
}

fn read_body(words: &Words, at: usize, bufsize: usize) -> Parse<Vec<u8>> {
    let word = argument(words, at, "<file>")?;
    let path = word.utf8()?;
    answer_file::read(path, bufsize).map_err(|error| word.error(format!("'{path}': {error}")))
}

/// The word behind the parameter at `at`.
fn argument<'a>(words: &'a Words, at: usize, expected: &str) -> Parse<&'a Word> {
    words
        .get(at + 1)
        .filter(|word| !word.is_empty())
        .ok_or_else(|| {
            let name = words.get(at).map(Word::text).unwrap_or_default();
            words.error(at + 1, format!("'{name}' expects {expected} as argument."))
        })
}

/// The text of a word that may stand in a header line.
fn header_value(word: &Word) -> Parse<String> {
    let text = word.utf8()?;
    let is_allowed = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    if text.bytes().all(is_allowed) {
        return Ok(text.trim().to_owned());
    }
    Err(word.error("control characters are not allowed in a header"))
}

fn unknown(word: &Word, text: &str) -> Diagnostic {
    word.error(format!(
        "'{text}' is no word of an answer: expects 'if', 'unless', 'status', 'content-type', 'hdr' \
         or a body."
    ))
    .hint(
        "a body is one of 'default-errorfiles', 'errorfile', 'errorfiles', 'file', 'lf-file', \
         'string' and 'lf-string'",
    )
}

/// The status of an answer that names none.
const STATUS_DEFAULT: u16 = 200;

/// Headers that follow from the rest of the rule or from the connection.
const OWN_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
];
