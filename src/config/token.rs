//! Cuts a line into words: blanks, comments, quotes, escapes, environment variables.
//!
//! Called by the loader once per line. Every word remembers where it stands. The rules are
//! those of HAProxy 2.6 (manual, "Quoting and escaping", "Environment variables"):
//! variables expand inside double quotes only, `"${LIST[*]}"` becomes several words, a
//! backslash pair that means nothing stays as it is, and no line continues on the next.

use super::diagnostic::{Diagnostic, Parse, Span};
use super::environment::Environment;
use super::model::Place;
use super::word::Word;

/// What the text of a line may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Variables.
    pub environment: &'a Environment,
    /// `.FILE`.
    pub file_name: &'a str,
    /// `.SECTION`: name of the open section, or its type when it has none.
    pub section: &'a str,
    /// Where the line is; `.LINE`.
    pub place: Place,
}

/// Cuts `line`, which has no line feed, into words. The first fault ends it.
pub fn tokenize(line: &[u8], scope: &Scope<'_>) -> Parse<Vec<Word>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(offset) = memchr::memchr(0, line) {
        return Err(error_at(scope.place, offset, 1, "stray NUL character"));
    }
    let mut cutter = Cutter {
        line,
        scope,
        at: 0,
        words: Vec::new(),
        open: None,
    };
    cutter.run()?;
    refuse_surplus(&cutter.words)?;
    Ok(cutter.words)
}

/// HAProxy reads a limited number of words per line; a file that relies on more would lose
/// its rest elsewhere without anybody noticing.
fn refuse_surplus(words: &[Word]) -> Parse<()> {
    let Some((last, surplus)) = words.get(WORDS_MAX - 1).zip(words.get(WORDS_MAX)) else {
        return Ok(());
    };
    let message = format!(
        "too many words, truncating after word {WORDS_MAX}, position {}: <{}>.",
        last.span().column,
        last.text()
    );
    Err(surplus.error(message))
}

/// A word under construction.
struct OpenWord {
    start: usize,
    bytes: Vec<u8>,
}

struct Cutter<'a> {
    line: &'a [u8],
    scope: &'a Scope<'a>,
    at: usize,
    words: Vec<Word>,
    open: Option<OpenWord>,
}

impl Cutter<'_> {
    fn run(&mut self) -> Parse<()> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'#' => break,
                b'\'' => self.strong_quote()?,
                b'"' => self.weak_quote()?,
                b'\\' => self.escape(false)?,
                blank if is_blank(blank) => {
                    self.close_word(self.at);
                    self.at += 1;
                }
                other => self.take(other),
            }
        }
        self.close_word(self.at);
        Ok(())
    }

    /// Everything up to the next single quote, as it is.
    fn strong_quote(&mut self) -> Parse<()> {
        let start = self.at;
        self.open_word();
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            if byte == b'\'' {
                self.at += 1;
                return Ok(());
            }
            self.take(byte);
        }
        Err(self.unmatched_quote(start))
    }

    /// Everything up to the next double quote, escapes and variables resolved.
    fn weak_quote(&mut self) -> Parse<()> {
        let start = self.at;
        self.open_word();
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape(true)?,
                b'$' => self.variable()?,
                other => self.take(other),
            }
        }
        Err(self.unmatched_quote(start))
    }

    /// A backslash: a known pair becomes one byte, any other stays both.
    fn escape(&mut self, quoted: bool) -> Parse<()> {
        self.open_word();
        let byte = match self.peek(1) {
            Some(b'x') => return self.hexadecimal(),
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(plain @ (b' ' | b'\\' | b'#' | b'"' | b'\'')) => plain,
            Some(b'$') if quoted => b'$',
            _ => {
                self.take(b'\\');
                return Ok(());
            }
        };
        self.push(byte);
        self.at += 2;
        Ok(())
    }

    fn hexadecimal(&mut self) -> Parse<()> {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(self.peek(2)), digit(self.peek(3))) else {
            let message = "truncated or invalid hexadecimal sequence";
            return Err(self
                .error(self.at, 2, message)
                .hint("two hexadecimal digits follow \\x"));
        };
        let byte = u8::try_from(high * 16 + low).unwrap_or(0);
        if byte == 0 {
            return Err(self.error(self.at, 4, "a NUL character cannot be part of a word"));
        }
        self.push(byte);
        self.at += 4;
        Ok(())
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}` or `${NAME[*]}`, inside double quotes.
    fn variable(&mut self) -> Parse<()> {
        let start = self.at;
        let braces = self.peek(1) == Some(b'{');
        self.at += if braces { 2 } else { 1 };
        let name = self.variable_name()?;
        let value = self.value_of(&name);
        if !braces {
            self.push_all(value.as_deref().unwrap_or_default());
            return Ok(());
        }
        let mut list = false;
        if self.peek(0) == Some(b'[') {
            if self.line.get(self.at..self.at + 3) != Some(b"[*]") {
                let message = "truncated or invalid word expansion sequence";
                return Err(self
                    .error(self.at, 1, message)
                    .hint("only '[*]' is known here"));
            }
            list = true;
            self.at += 3;
        }
        let fallback = self.fallback(start)?;
        if self.peek(0) != Some(b'}') {
            return Err(self.unmatched_brace(start));
        }
        self.at += 1;
        let value = value.or(fallback).unwrap_or_default();
        if list {
            self.push_list(&value, start);
            return Ok(());
        }
        self.push_all(&value);
        Ok(())
    }

    /// A name; one that begins with a dot is a fact of the file, and there are few.
    fn variable_name(&mut self) -> Parse<String> {
        let start = self.at;
        let is_fact = self.peek(0) == Some(b'.');
        let first = self.peek(usize::from(is_fact));
        if !first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            return Err(self.forbidden_name(start));
        }
        self.at += 1 + usize::from(is_fact);
        while self
            .peek(0)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.at += 1;
        }
        let name = self.line.get(start..self.at).unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        if is_fact && !FACTS.contains(&name.as_str()) {
            return Err(self.forbidden_name(start));
        }
        Ok(name)
    }

    fn forbidden_name(&self, start: usize) -> Diagnostic {
        self.error(
            start,
            1,
            "forbidden first char in environment variable name",
        )
        .hint("use \\$ or single quotes for a dollar sign")
    }

    /// What follows a dash, up to the closing brace.
    fn fallback(&mut self, start: usize) -> Parse<Option<Vec<u8>>> {
        if self.peek(0) != Some(b'-') {
            return Ok(None);
        }
        let rest = self.line.get(self.at + 1..).unwrap_or_default();
        let Some(len) = memchr::memchr(b'}', rest) else {
            return Err(self.unmatched_brace(start));
        };
        self.at += 1 + len;
        Ok(rest.get(..len).map(<[u8]>::to_vec))
    }

    fn value_of(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            ".FILE" => Some(self.scope.file_name.as_bytes().to_vec()),
            ".LINE" => Some(self.scope.place.line.to_string().into_bytes()),
            ".SECTION" => Some(self.scope.section.as_bytes().to_vec()),
            _ => self.scope.environment.value(name).map(<[u8]>::to_vec),
        }
    }

    /// The first item joins the open word, the last stays open for what follows.
    fn push_list(&mut self, value: &[u8], start: usize) {
        let items = value
            .split(|&byte| is_blank(byte))
            .filter(|item| !item.is_empty());
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.close_word(self.at);
                self.open = Some(OpenWord {
                    start,
                    bytes: Vec::new(),
                });
            }
            self.push_all(item);
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.line.get(self.at.checked_add(ahead)?).copied()
    }

    fn open_word(&mut self) -> &mut OpenWord {
        let start = self.at;
        self.open.get_or_insert_with(|| OpenWord {
            start,
            bytes: Vec::new(),
        })
    }

    fn take(&mut self, byte: u8) {
        self.push(byte);
        self.at += 1;
    }

    fn push(&mut self, byte: u8) {
        self.open_word().bytes.push(byte);
    }

    fn push_all(&mut self, bytes: &[u8]) {
        self.open_word().bytes.extend_from_slice(bytes);
    }

    fn close_word(&mut self, end: usize) {
        if let Some(word) = self.open.take() {
            let span = span_of(self.scope.place, word.start, end.saturating_sub(word.start));
            let expanded = expand(&word.bytes, self.scope.environment);
            self.words
                .push(Word::new(word.bytes, span).with_expanded(expanded));
        }
    }

    fn unmatched_quote(&self, start: usize) -> Diagnostic {
        self.error(start, 1, "unmatched quote")
            .hint("the quote that opens here never closes")
    }

    fn unmatched_brace(&self, start: usize) -> Diagnostic {
        self.error(
            start.saturating_add(1),
            1,
            "unmatched brace in environment variable name",
        )
    }

    fn error(&self, offset: usize, width: usize, message: &str) -> Diagnostic {
        error_at(self.scope.place, offset, width, message)
    }
}

/// The text with `$NAME` and `${NAME}` replaced, variables that do not exist by nothing;
/// `None` for text without a dollar sign. Addresses are read this way, quoted or not.
fn expand(bytes: &[u8], environment: &Environment) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut expanded = Vec::new();
    let mut found = false;
    while let Some(offset) = memchr::memchr(b'$', rest) {
        let (before, after) = rest.split_at(offset);
        expanded.extend_from_slice(before);
        let (name, end) = variable_in(after.get(1..).unwrap_or_default());
        found |= !name.is_empty();
        match name {
            "" => expanded.push(b'$'),
            name => expanded.extend_from_slice(environment.value(name).unwrap_or_default()),
        }
        rest = after.get(1 + end..).unwrap_or_default();
    }
    expanded.extend_from_slice(rest);
    found.then_some(expanded)
}

/// The name of the variable that `text` begins with and the length of its notation; an
/// empty name when there is none.
fn variable_in(text: &[u8]) -> (&str, usize) {
    let inner = text.strip_prefix(b"{").unwrap_or(text);
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let len = inner.iter().take_while(is_name).count();
    let name = std::str::from_utf8(inner.get(..len).unwrap_or_default()).unwrap_or_default();
    match (inner.len() < text.len(), inner.get(len)) {
        (false, _) => (name, len),
        (true, Some(b'}')) if len > 0 => (name, len + 2),
        (true, _) => ("", 0),
    }
}

/// An alert about `width` bytes at `offset`; the message tells the position as 2.6 does.
fn error_at(place: Place, offset: usize, width: usize, message: &str) -> Diagnostic {
    let position = offset.saturating_add(1);
    let span = span_of(place, offset, width);
    Diagnostic::alert(span, format!("{message} at position {position}"))
}

fn span_of(place: Place, offset: usize, width: usize) -> Span {
    Span {
        file: place.file,
        line: place.line,
        column: u32::try_from(offset.saturating_add(1)).unwrap_or(u32::MAX),
        width: u32::try_from(width).unwrap_or(u32::MAX),
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c')
}

/// What a file can say about itself, see [`Scope`].
const FACTS: [&str; 3] = [".FILE", ".LINE", ".SECTION"];
/// Words a line may have, as in HAProxy (`MAX_LINE_ARGS`).
const WORDS_MAX: usize = 64;

#[cfg(test)]
mod tests;
