//! `return`: answers that rules make.
//!
//! They are rendered here, once, so that a request only copies bytes.

use super::draft::ProxyContext;
use super::forwarded::is_token;
use super::rule::RuleReader;
use super::{answer_file, errorfile, reply};
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::model::{Reply, ReplyBody, ReplyPage};
use crate::config::word::{Word, Words};

/// Reads what an answer is made of: status, content, headers.
pub(super) fn read_reply(reader: &mut RuleReader<'_>) -> Parse<Reply> {
    let bufsize = reader.context.bufsize;
    let parameters = Parameters::read(reader.words, reader.at, bufsize)?;
    reader.at = parameters.end;
    parameters.into_reply(reader.words, reader.context)
}

/// What the words of an answer say: of `http-request return`, and of `http-error`.
pub(super) struct Parameters {
    pub(super) status: Option<u16>,
    content_type: Option<(String, usize)>,
    headers: Vec<(String, String)>,
    ignored_headers: Vec<Diagnostic>,
    pub(super) payload: Option<Payload>,
    /// The first word that does not belong to it.
    pub(super) end: usize,
}

/// Where the answer comes from.
pub(super) enum Payload {
    /// It has this body.
    Body(Vec<u8>),
    /// It is whole in the file at this word.
    ErrorFile(usize),
    /// It is that of the `http-errors` section at this word.
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
                "status" => parameters.status = Some(parse_status(words, at + 1)?),
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
                        let message = format!("unexpected '{text}' argument, one body is enough");
                        return Err(word.error(message));
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
        let value = header_value(&unescape_format(value)?)?;
        let is_own = |own: &&str| own.eq_ignore_ascii_case(name.text());
        if OWN_HEADERS.iter().any(is_own) {
            let message = format!("header '{}' always ignored by the http reply.", name.text());
            self.ignored_headers.push(name.warning(message));
            return Ok(());
        }
        self.headers.push((name.text().to_owned(), value));
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

    /// The answer as bytes, ready to be copied.
    pub(super) fn into_reply(self, words: &Words, context: &mut ProxyContext) -> Parse<Reply> {
        let status = self.status.unwrap_or(STATUS_DEFAULT);
        let body = match self.payload {
            Some(Payload::ErrorFile(at)) => {
                let file = words.word(at)?;
                return self.into_file_reply(file, context);
            }
            Some(Payload::ErrorFiles(at) | Payload::DefaultErrorFiles(at)) => {
                let message = "error files cannot be imported by a rule";
                return Err(words.error(at, message).hint("use 'errorfile'"));
            }
            Some(Payload::Body(body)) => body,
            None => Vec::new(),
        };
        let type_at = self.content_type.as_ref().map(|(_, at)| *at);
        check_payload(words, status, &body, type_at)?;
        if let (Some(at), true) = (type_at, body.is_empty()) {
            let message = "the content-type is ignored by the http reply because it has no body";
            context.warnings.push(words.warning(at, message));
        }
        let content_type = self
            .content_type
            .map(|(text, _)| text)
            .filter(|_| !body.is_empty());
        let head = reply::head(status, &self.headers, content_type.as_deref(), body.len());
        let size = head.len().saturating_add(body.len());
        if size > context.bufsize {
            let limit = context.bufsize;
            let message = format!("the answer exceeds the buffer size ({size} > {limit}).");
            return Err(words.keyword_error(message));
        }
        context.warnings.extend(self.ignored_headers);
        let body = if body.is_empty() {
            ReplyBody::Empty
        } else {
            ReplyBody::Bytes(body)
        };
        Ok(Reply {
            status,
            content_type,
            headers: Vec::new(),
            body,
            head,
            page: ReplyPage::Own,
        })
    }
}

/// Refuses a body where none is expected, and one of an unknown type.
fn check_payload(words: &Words, status: u16, body: &[u8], type_at: Option<usize>) -> Parse<()> {
    if body.is_empty() {
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

/// Header values are format strings in HAProxy: `%%` is a percent sign, and what else could
/// follow one is refused rather than sent literally.
fn unescape_format(word: &Word) -> Parse<Word> {
    let text = word.utf8()?;
    let literal = text.replace("%%", "");
    if literal.contains('%') {
        let message = format!("log-format expressions are not supported yet in '{text}'");
        return Err(word.error(message).hint("a percent sign is written '%%'"));
    }
    Ok(Word::new(text.replace("%%", "%").into_bytes(), word.span()))
}

fn unknown(word: &Word, text: &str) -> Diagnostic {
    match text {
        "if" | "unless" => word.error(format!(
            "conditions are not supported yet: '{text}' cannot follow an answer"
        )),
        "lf-string" | "lf-file" => word
            .error(format!("'{text}' is not supported yet"))
            .hint("use 'string', 'file' or 'errorfile'"),
        _ => {
            let message = format!(
                "expects 'status', 'content-type', 'string', 'file' or 'hdr' but found '{text}'."
            );
            word.error(message)
        }
    }
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
