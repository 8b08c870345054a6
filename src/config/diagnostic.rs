//! What is wrong with a configuration, where, and how it is told.
//!
//! Leaf parsers and handlers return a [`Diagnostic`] as their error, the loader collects
//! them in a [`Report`] and goes on, `main` prints [`Report::render`] and takes the exit
//! status from the worst level. The first line of each keeps HAProxy 2.6's shape, because
//! scripts match it; the place with its underline is indented below.

use std::fmt::Write as _;
use std::sync::Arc;

use super::model::Place;

/// How bad it is. Ordered: the worst of a run decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing (`.notice`).
    Notice,
    /// Doubtful, but the configuration works.
    Warning,
    /// The configuration cannot be used.
    Alert,
}

impl Level {
    /// The tag at the start of a line, padded so that messages align.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Notice => "[NOTICE]  ",
            Self::Warning => "[WARNING] ",
            Self::Alert => "[ALERT]   ",
        }
    }
}

/// A piece of one line of one file. Columns and widths count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// Position in the report's sources, which is that in `Config::files`.
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// First byte, from 1; 0 means the line as a whole.
    pub column: u32,
    /// Length; 0 underlines one column.
    pub width: u32,
}

impl Span {
    /// The file and line of this piece.
    pub const fn place(self) -> Place {
        Place {
            file: self.file,
            line: self.line,
        }
    }

    /// The piece from the start of this one to the end of `last`, both on one line.
    pub const fn through(self, last: Self) -> Self {
        let end = last.column.saturating_add(last.width);
        Self {
            width: end.saturating_sub(self.column),
            ..self
        }
    }
}

impl From<Place> for Span {
    fn from(place: Place) -> Self {
        Self {
            file: place.file,
            line: place.line,
            column: 0,
            width: 0,
        }
    }
}

/// A further sentence, possibly about another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// What it is about, for instance the first definition of a duplicate.
    pub at: Option<Place>,
}

/// One fault or remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub level: Level,
    /// Where, unless it concerns no line.
    pub at: Option<Span>,
    /// What, in one line.
    pub message: String,
    /// A few words printed beside the underline.
    pub hint: Option<String>,
    /// Further sentences.
    pub notes: Vec<Note>,
}

/// The result of everything that reads configuration text.
pub type Parse<T> = Result<T, Diagnostic>;

impl Diagnostic {
    /// An alert about `at`.
    pub fn alert(at: impl Into<Span>, message: impl Into<String>) -> Self {
        Self::new(Level::Alert, Some(at.into()), message.into())
    }

    /// A warning about `at`.
    pub fn warning(at: impl Into<Span>, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, Some(at.into()), message.into())
    }

    /// A notice about `at`.
    pub fn notice(at: impl Into<Span>, message: impl Into<String>) -> Self {
        Self::new(Level::Notice, Some(at.into()), message.into())
    }

    /// A message about no line in particular.
    pub fn general(level: Level, message: impl Into<String>) -> Self {
        Self::new(level, None, message.into())
    }

    /// The same with a few words beside the underline.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more sentence.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(Note {
            text: text.into(),
            at: None,
        });
        self
    }

    /// The same with one more sentence about another place.
    #[must_use]
    pub fn note_at(mut self, text: impl Into<String>, at: Place) -> Self {
        self.notes.push(Note {
            text: text.into(),
            at: Some(at),
        });
        self
    }

    /// The same with the keyword it is about before the message.
    #[must_use]
    pub fn about(mut self, keyword: &str) -> Self {
        self.message = format!("'{keyword}' : {}", self.message);
        self
    }

    /// The same at another level.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    fn new(level: Level, at: Option<Span>, message: String) -> Self {
        Self {
            level,
            at,
            message,
            hint: None,
            notes: Vec::new(),
        }
    }
}

/// A file as it was read, kept to cite its lines.
#[derive(Clone, Debug, Default)]
pub struct Source {
    name: String,
    text: Arc<[u8]>,
    /// Offsets where lines start, so that citing one costs the same in any file.
    line_starts: Vec<usize>,
}

impl Source {
    /// A file with this content.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<[u8]>>) -> Self {
        let text = text.into();
        let after_ends = memchr::memchr_iter(b'\n', &text).map(|offset| offset + 1);
        let line_starts = std::iter::once(0).chain(after_ends).collect();
        Self {
            name: name.into(),
            text,
            line_starts,
        }
    }

    /// Its name as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its content; a clone shares it.
    pub fn text(&self) -> Arc<[u8]> {
        Arc::clone(&self.text)
    }

    /// The line with this number (from 1), without its end.
    pub fn line(&self, number: u32) -> Option<&[u8]> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let rest = self.text.get(*self.line_starts.get(index)?..)?;
        let line = rest.split(|&byte| byte == b'\n').next()?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Everything said about one configuration, in order, with the sources it cites.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files read; `Span::file` indexes them.
    pub sources: Vec<Source>,
    diagnostics: Vec<Diagnostic>,
    error_count: usize,
}

impl Report {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.error_count += usize::from(diagnostic.level == Level::Alert);
        self.diagnostics.push(diagnostic);
    }

    /// Adds several.
    pub fn extend(&mut self, diagnostics: impl Iterator<Item = Diagnostic>) {
        diagnostics.for_each(|diagnostic| self.push(diagnostic));
    }

    /// Adds the error of a result and drops its value.
    pub fn note_result(&mut self, result: Parse<()>) {
        if let Err(diagnostic) = result {
            self.push(diagnostic);
        }
    }

    /// All of them, in order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The worst level, `None` when nothing was said.
    pub fn worst(&self) -> Option<Level> {
        self.diagnostics
            .iter()
            .map(|diagnostic| diagnostic.level)
            .max()
    }

    /// True when the configuration cannot be used.
    pub const fn has_errors(&self) -> bool {
        self.error_count > 0
    }

    /// How many alerts.
    pub const fn error_count(&self) -> usize {
        self.error_count
    }

    /// The whole text for the standard error of process `pid`.
    pub fn render(&self, pid: u32) -> String {
        let mut output = String::new();
        for diagnostic in &self.diagnostics {
            self.render_one(diagnostic, pid, &mut output);
        }
        output
    }

    /// Name of a source.
    pub fn file_name(&self, file: u32) -> &str {
        self.source(file).map_or("?", Source::name)
    }

    fn source(&self, file: u32) -> Option<&Source> {
        self.sources.get(usize::try_from(file).ok()?)
    }

    fn render_one(&self, diagnostic: &Diagnostic, pid: u32, output: &mut String) {
        let tag = diagnostic.level.tag();
        let _ = write!(output, "{tag} ({pid}) : config : ");
        if let Some(at) = diagnostic.at {
            let _ = write!(
                output,
                "parsing [{}:{}] : ",
                self.file_name(at.file),
                at.line
            );
        }
        push_printable(output, &diagnostic.message);
        output.push('\n');
        if let Some(at) = diagnostic.at {
            self.render_cited(at, diagnostic.hint.as_deref(), output);
        }
        for note in &diagnostic.notes {
            output.push_str("       = ");
            push_printable(output, &note.text);
            if let Some(place) = note.at {
                let _ = write!(output, " [{}:{}]", self.file_name(place.file), place.line);
            }
            output.push('\n');
        }
    }

    /// The place, the line and its underline; a line that cannot be cited is left out and
    /// never hides the message.
    fn render_cited(&self, at: Span, hint: Option<&str>, output: &mut String) {
        let Some(line) = self.source(at.file).and_then(|source| source.line(at.line)) else {
            return;
        };
        let name = self.file_name(at.file);
        let column = usize::try_from(at.column.max(1)).unwrap_or(1) - 1;
        let column = if at.column == 0 {
            indent_len(line)
        } else {
            column.min(line.len())
        };
        let _ = writeln!(output, "    --> {name}:{}:{}", at.line, column + 1);
        let width = match (at.column, at.width) {
            (0, _) => line.trim_ascii().len(),
            (_, width) => usize::try_from(width).unwrap_or(1),
        };
        let end = column.saturating_add(width.max(1)).min(line.len());
        let (before, rest) = line.split_at(column);
        let under = rest.get(..end.saturating_sub(column)).unwrap_or_default();
        let after = line.get(end..).unwrap_or_default();
        let window = Window::around(before, under, after);
        let _ = writeln!(output, "{:>6} | {}", at.line, window.text);
        let blank = " ".repeat(window.start);
        let carets = "^".repeat(window.width.max(1));
        let _ = write!(output, "       | {blank}{carets}");
        if let Some(hint) = hint {
            output.push(' ');
            push_printable(output, hint);
        }
        output.push('\n');
    }
}

/// The printable part of a long line that holds the underlined piece.
struct Window {
    text: String,
    start: usize,
    width: usize,
}

impl Window {
    fn around(before: &[u8], under: &[u8], after: &[u8]) -> Self {
        let (before, under, after) = (printable(before), printable(under), printable(after));
        let start = before.chars().count();
        let width = under.chars().count();
        let text = format!("{before}{under}{after}");
        if start + width <= CITED_LEN_MAX {
            let text = text.chars().take(CITED_LEN_MAX).collect();
            return Self { text, start, width };
        }
        let skip = start.saturating_sub(CITED_LEN_MAX / 4);
        let text = text.chars().skip(skip).take(CITED_LEN_MAX).collect();
        let start = start - skip;
        Self {
            text,
            start,
            width: width.min(CITED_LEN_MAX - start),
        }
    }
}

fn indent_len(line: &[u8]) -> usize {
    line.iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

/// Text that is safe on a terminal: tabs become four spaces, other controls a dot.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(bytes).chars() {
        match character {
            '\t' => text.push_str("    "),
            control if control.is_control() => text.push('.'),
            other => text.push(other),
        }
    }
    text
}

/// Appends a message, its control characters shown as escapes so that it stays one line.
fn push_printable(output: &mut String, message: &str) {
    for character in message.chars() {
        if character.is_control() {
            output.extend(character.escape_default());
        } else {
            output.push(character);
        }
    }
}

/// Longest citation, in characters; longer lines are shown around the fault.
const CITED_LEN_MAX: usize = 160;

#[cfg(test)]
mod tests;
