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
    let parameters = read_parameters(reader, bufsize)?;
    parameters.into_reply(reader.words, reader.context)
}

/// What the words of the rule say.
struct Parameters {
    status: u16,
    content_type: Option<(String, usize)>,
    headers: Vec<(String, String)>,
    ignored_headers: Vec<Diagnostic>,
    body: Option<Vec<u8>>,
    /// Place of the file of `errorfile`.
    errorfile_at: Option<usize>,
}

fn read_parameters(reader: &mut RuleReader<'_>, bufsize: usize) -> Parse<Parameters> {
    let words = reader.words;
    let mut parameters = Parameters {
        status: 200,
        content_type: None,
        headers: Vec::new(),
        ignored_headers: Vec::new(),
        body: None,
        errorfile_at: None,
    };
    while let Some(word) = reader.peek() {
        let at = reader.at;
        match word.text() {
            "status" => parameters.status = parse_status(words, at + 1)?,
            "content-type" => {
                let content_type = header_value(argument(words, at, "<type>")?)?;
                parameters.content_type = Some((content_type, at));
            }
            "string" | "file" | "errorfile" if parameters.has_payload() => {
                let text = word.text();
                return Err(word.error(format!("unexpected '{text}' argument, one body is enough")));
            }
            "errorfile" => {
                argument(words, at, "<file>")?;
                parameters.errorfile_at = Some(at + 1);
            }
            "string" => {
                parameters.body = Some(argument(words, at, "<str>")?.bytes().to_vec());
            }
            "file" => parameters.body = Some(read_body(words, at, bufsize)?),
            "hdr" => {
                parameters.add_header(words, at)?;
                reader.at += 1;
            }
            other => return Err(unknown(word, other)),
        }
        reader.at += 2;
    }
    Ok(parameters)
}

impl Parameters {
    const fn has_payload(&self) -> bool {
        self.body.is_some() || self.errorfile_at.is_some()
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
        if !errorfile::can_be_replaced(self.status) {
            let message = format!("status code '{}' not handled for error files.", self.status);
            return Err(file.error(message));
        }
        let page = errorfile::read_page(file, self.status, context.bufsize, "errorfile")?;
        if self.content_type.is_some() {
            let message = "content-type ignored by the http reply when used with an errorfile.";
            context.warnings.push(file.warning(message));
        }
        if !(self.headers.is_empty() && self.ignored_headers.is_empty()) {
            let message = "hdr parameters ignored by the http reply when used with an errorfile.";
            context.warnings.push(file.warning(message));
        }
        let status = if page.is_empty() {
            self.status
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

    fn into_reply(self, words: &Words, context: &mut ProxyContext) -> Parse<Reply> {
        if let Some(file) = self.errorfile_at.and_then(|at| words.get(at)) {
            return self.into_file_reply(file, context);
        }
        let body = self.body.unwrap_or_default();
        let type_at = self.content_type.as_ref().map(|(_, at)| *at);
        if !body.is_empty() && matches!(self.status, 204 | 304) {
            let message = format!("No body expected for {} responses.", self.status);
            return Err(words.keyword_error(message));
        }
        if !body.is_empty() && type_at.is_none() {
            let message = "a content type must be defined when non-empty payload is configured.";
            return Err(words.keyword_error(message));
        }
        if let (Some(at), true) = (type_at, body.is_empty()) {
            let message = "the content-type is ignored by the http reply because it has no body";
            context.warnings.push(words.warning(at, message));
        }
        let content_type = self
            .content_type
            .map(|(text, _)| text)
            .filter(|_| !body.is_empty());
        let head = reply::head(
            self.status,
            &self.headers,
            content_type.as_deref(),
            body.len(),
        );
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
            status: self.status,
            content_type,
            headers: Vec::new(),
            body,
            head,
            page: ReplyPage::Own,
        })
    }
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
        "errorfiles" | "default-errorfiles" | "lf-string" | "lf-file" => word
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

/// Headers that follow from the rest of the rule or from the connection.
const OWN_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
];
