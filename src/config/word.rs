//! The words of a line as keyword handlers read them: typed, checked, with their places.
//!
//! Index 0 is the first word of the keyword itself (`no` and `default` already removed), so
//! the value of `timeout client 5s` is at 2. A missing, malformed or surplus argument is
//! reported here, in one place and one wording; handlers pass the error on with `?`.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::diagnostic::{Diagnostic, Parse, Span};
use super::model::Place;
use super::suggest;
use super::unit::{self, Unit, UnitError};

/// One word, quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    bytes: Vec<u8>,
    text: String,
    span: Span,
    expanded: Option<Vec<u8>>,
}

impl Word {
    /// A word of these bytes that stands at `span`.
    pub fn new(bytes: Vec<u8>, span: Span) -> Self {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Self {
            bytes,
            text,
            span,
            expanded: None,
        }
    }

    /// The same with what it becomes as an address, where variables need no quotes.
    #[must_use]
    pub fn with_expanded(mut self, expanded: Option<Vec<u8>>) -> Self {
        self.expanded = expanded;
        self
    }

    /// The word as an address: `$NAME` and `${NAME}` outside quotes replaced as well.
    pub fn as_address(&self) -> Cow<'_, Self> {
        match &self.expanded {
            None => Cow::Borrowed(self),
            Some(bytes) => Cow::Owned(Self::new(bytes.clone(), self.span)),
        }
    }

    /// Its text, bytes that are not UTF-8 replaced: to compare and to show, not to keep.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it stands.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// True for `""` and for variables without a value.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// An alert that underlines this word.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(self.span, message)
    }

    /// A warning that underlines this word.
    pub fn warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.span, message)
    }

    /// Its text, an error when it is not UTF-8.
    pub fn utf8(&self) -> Parse<&str> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text),
            Err(_) => Err(self.error(format!("'{}' is not valid UTF-8", self.text))),
        }
    }
}

/// The words of one line and the keyword they were found to be.
#[derive(Clone, Debug)]
pub struct Words {
    words: Vec<Word>,
    place: Place,
    name: Cow<'static, str>,
    usage: &'static str,
}

impl Words {
    /// The words of the line at `place`, not yet recognised.
    pub const fn new(words: Vec<Word>, place: Place) -> Self {
        Self {
            words,
            place,
            name: Cow::Borrowed(""),
            usage: "",
        }
    }

    /// Names the keyword that the messages below mention, with its usage line.
    pub fn recognise(&mut self, name: &'static str, usage: &'static str) {
        self.name = Cow::Borrowed(name);
        self.usage = usage;
    }

    /// Removes and returns the first word.
    pub fn take_first(&mut self) -> Option<Word> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    /// Number of words, the keyword's own included.
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// True for a line without words.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The keyword's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the line stands.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The word at `index`, empty ones included.
    pub fn get(&self, index: usize) -> Option<&Word> {
        self.words.get(index)
    }

    /// The words from `index` on; none when there are fewer.
    pub fn from(&self, index: usize) -> &[Word] {
        self.words.get(index..).unwrap_or_default()
    }

    /// True when the word at `index` is exactly `text`.
    pub fn is(&self, index: usize, text: &str) -> bool {
        self.get(index)
            .is_some_and(|word| word.bytes() == text.as_bytes())
    }

    /// True when there is a word at `index` and it is not empty.
    pub fn has(&self, index: usize) -> bool {
        self.get(index).is_some_and(|word| !word.is_empty())
    }

    /// The word at `index`; a missing or empty one is an error that tells the usage.
    pub fn word(&self, index: usize) -> Parse<&Word> {
        self.get(index)
            .filter(|word| !word.is_empty())
            .ok_or_else(|| self.missing(index))
    }

    /// The text of the word at `index`.
    pub fn text(&self, index: usize) -> Parse<&str> {
        self.word(index)?.utf8()
    }

    /// The exact bytes of the word at `index`.
    pub fn bytes(&self, index: usize) -> Parse<&[u8]> {
        Ok(self.word(index)?.bytes())
    }

    /// All words from `index` on, joined by single spaces; at least one must be there.
    pub fn joined(&self, index: usize) -> Parse<String> {
        self.word(index)?;
        let texts: Parse<Vec<&str>> = self.from(index).iter().map(Word::utf8).collect();
        Ok(texts?.join(" "))
    }

    /// The unsigned integer at `index`, within `range`.
    pub fn uint<T>(&self, index: usize, range: RangeInclusive<T>) -> Parse<T>
    where
        T: Copy + PartialOrd + Display + TryFrom<u64>,
    {
        let word = self.word(index)?;
        self.check_digits(word, word.text())?;
        let value = word
            .text()
            .parse::<u64>()
            .ok()
            .and_then(|value| T::try_from(value).ok());
        self.check_range(word, value, &range)
    }

    /// The signed integer at `index`, within `range`.
    pub fn int<T>(&self, index: usize, range: RangeInclusive<T>) -> Parse<T>
    where
        T: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        let word = self.word(index)?;
        let unsigned = word
            .text()
            .strip_prefix(['-', '+'])
            .unwrap_or_else(|| word.text());
        self.check_digits(word, unsigned)?;
        let value = word
            .text()
            .parse::<i64>()
            .ok()
            .and_then(|value| T::try_from(value).ok());
        self.check_range(word, value, &range)
    }

    /// The time at `index` in milliseconds, rounded up; `default` is the unit of a bare number.
    pub fn time(&self, index: usize, default: Unit) -> Parse<u32> {
        let word = self.word(index)?;
        unit::parse_time_ms(word.text(), default).map_err(|error| self.time_error(word, &error))
    }

    /// The size at `index` in bytes: a number with an optional `k`, `m` or `g`.
    pub fn size<T: TryFrom<u64>>(&self, index: usize) -> Parse<T> {
        let word = self.word(index)?;
        let name = &self.name;
        let (text, at) = (word.text(), word.span);
        let too_large = || Diagnostic::alert(at, format!("'{name}' : size '{text}' is too large"));
        let size = unit::parse_size(text).map_err(|error| match error {
            UnitError::Overflow => too_large(),
            other => Diagnostic::alert(
                part_of(word, other.offset()),
                format!("'{name}' : {other} in size '{text}'"),
            )
            .hint("sizes are <number>[k|m|g]"),
        })?;
        T::try_from(size).map_err(|_| too_large())
    }

    /// The value that `choices` give the word at `index`; other words are an error that
    /// lists them.
    pub fn choice<T: Copy>(&self, index: usize, choices: &[(&str, T)]) -> Parse<T> {
        let word = self.word(index)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word.text()) {
            return Ok(*value);
        }
        let names = choices.iter().map(|(name, _)| *name);
        let list = names
            .clone()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!(
            "'{}' only supports {list} (got '{}')",
            self.name,
            word.text()
        );
        let error = word.error(message);
        Err(match suggest::closest(word.text(), names) {
            Some(close) => error.hint(format!("did you mean '{close}'?")),
            None => error,
        })
    }

    /// Checks that no word is left from `index` on.
    pub fn end(&self, index: usize) -> Parse<()> {
        match self.from(index).iter().find(|word| !word.is_empty()) {
            None => Ok(()),
            Some(word) => {
                let (name, text) = (&self.name, word.text());
                let message = format!("'{name}' cannot handle unexpected argument '{text}'.");
                Err(self.with_usage(word.error(message)))
            }
        }
    }

    /// An alert at the word `index`, or at the end of the line when there is none.
    pub fn error(&self, index: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(self.span_at(index), message)
    }

    /// A warning at the word `index`, or at the end of the line when there is none.
    pub fn warning(&self, index: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.span_at(index), message)
    }

    /// An alert that underlines the keyword itself.
    pub fn keyword_error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(self.keyword_span(), message)
    }

    /// A warning that underlines the keyword itself.
    pub fn keyword_warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.keyword_span(), message)
    }

    /// An alert for an argument that is missing at `index`; it tells the usage.
    pub fn missing(&self, index: usize) -> Diagnostic {
        let message = match self.usage {
            "" => format!("'{}' : an argument is missing", self.name),
            usage => format!(
                "'{}' : an argument is missing, expects '{usage}'",
                self.name
            ),
        };
        self.error(index, message)
    }

    /// The piece of the line that names the keyword.
    pub fn keyword_span(&self) -> Span {
        let count = self
            .name
            .split(' ')
            .count()
            .clamp(1, self.words.len().max(1));
        match (self.words.first(), self.words.get(count - 1)) {
            (Some(first), Some(last)) => first.span.through(last.span),
            _ => self.place.into(),
        }
    }

    /// The word at `index`, or the column after the last word.
    pub fn span_at(&self, index: usize) -> Span {
        if let Some(word) = self.get(index) {
            return word.span;
        }
        let Some(last) = self.words.last() else {
            return self.place.into();
        };
        let column = last
            .span
            .column
            .saturating_add(last.span.width)
            .saturating_add(1);
        Span {
            column,
            width: 1,
            ..last.span
        }
    }

    fn with_usage(&self, error: Diagnostic) -> Diagnostic {
        match self.usage {
            "" => error,
            usage => error.hint(format!("usage: {usage}")),
        }
    }

    fn check_digits(&self, word: &Word, digits: &str) -> Parse<()> {
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(());
        }
        let (name, text) = (&self.name, word.text());
        Err(word.error(format!(
            "'{name}' expects an integer argument (got '{text}')."
        )))
    }

    fn check_range<T>(&self, word: &Word, value: Option<T>, range: &RangeInclusive<T>) -> Parse<T>
    where
        T: Copy + PartialOrd + Display,
    {
        let (low, high) = (range.start(), range.end());
        value.filter(|value| range.contains(value)).ok_or_else(|| {
            let (name, text) = (&self.name, word.text());
            let message = format!("'{name}' : '{text}' must be between {low} and {high}.");
            word.error(message)
        })
    }

    fn time_error(&self, word: &Word, error: &UnitError) -> Diagnostic {
        let (name, text) = (&self.name, word.text());
        let at = part_of(word, error.offset());
        match error {
            UnitError::Overflow => Diagnostic::alert(
                at,
                format!(
                    "timer overflow in argument '{text}' to '{name}' (maximum value is {} ms or \
                     ~24.8 days)",
                    unit::TIME_MS_MAX
                ),
            ),
            UnitError::Empty => self.missing(usize::MAX),
            UnitError::Unexpected { .. } | UnitError::Suffix { .. } => {
                Diagnostic::alert(at, format!("{error} in '{name}' (got '{text}')"))
                    .hint("times are <number>[us|ms|s|m|h|d]")
            }
        }
    }
}

/// The piece of a word from `offset` on; exact for words written without quotes.
fn part_of(word: &Word, offset: usize) -> Span {
    let offset = u32::try_from(offset).unwrap_or(0);
    let plain = usize::try_from(word.span.width).is_ok_and(|width| width == word.bytes.len());
    if !plain || offset >= word.span.width {
        return word.span;
    }
    let column = word.span.column.saturating_add(offset);
    Span {
        column,
        width: word.span.width - offset,
        ..word.span
    }
}

#[cfg(test)]
mod tests;
