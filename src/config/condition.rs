//! Conditional blocks: `.if`, `.elif`, `.else`, `.endif` and the expressions they test.
//!
//! The loader asks [`Blocks`] whether a line counts and hands it the directives; `-cc` calls
//! [`evaluate_condition`] (manual, "Conditional blocks").

use std::fmt;

use super::COMPATIBLE_VERSION;
use super::diagnostic::{Diagnostic, Parse};
use super::environment::Environment;
use super::model::Place;
use super::word::{Word, Words};

/// Why a condition cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// Byte of the text it is about.
    pub offset: usize,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Evaluates a condition; the empty one is false. Both sides of `&&` and `||` must be
/// valid, whatever the result.
pub fn evaluate_condition(text: &str, environment: &Environment) -> Result<bool, ConditionError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        environment,
    };
    parser.skip_blanks();
    if parser.rest().is_empty() {
        return Ok(false);
    }
    let value = parser.any()?;
    parser.skip_blanks();
    match parser.rest().chars().next() {
        None => Ok(value),
        Some(other) => Err(parser.error(format!(
            "unexpected character '{other}' at the end of conditional expression '{text}'"
        ))),
    }
}

/// Optional parts as HAProxy names them, in byte order, and whether they are there: what
/// `feature()` answers and `-vv` lists.
pub const FEATURES: &[(&str, bool)] = &[
    ("ACCEPT4", true),
    ("EPOLL", true),
    ("EVPORTS", false),
    ("GETADDRINFO", true),
    ("KQUEUE", false),
    ("LINUX_SPLICE", true),
    ("LINUX_TPROXY", true),
    ("LUA", false),
    ("OPENSSL", false),
    ("POLL", true),
    ("QUIC", false),
    ("SYSTEMD", false),
    ("TFO", true),
    ("THREAD", false),
    ("TPROXY", true),
    ("ZLIB", false),
];

/// What a line that begins with a dot was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// The lines that follow count.
    Taken,
    /// They do not, a later branch may.
    Waiting,
    /// They do not, nor does any later branch.
    Done,
}

#[derive(Debug)]
struct Block {
    opened: Place,
    branch: Branch,
    else_seen: bool,
}

/// The open `.if` blocks of a file, outermost first.
#[derive(Debug, Default)]
pub struct Blocks {
    open: Vec<Block>,
}

impl Blocks {
    /// True when ordinary lines count here.
    pub fn active(&self) -> bool {
        self.open.iter().all(|block| block.branch == Branch::Taken)
    }

    /// Runs a block directive; `false` when the line is none.
    pub fn directive(&mut self, words: &Words, environment: &Environment) -> Parse<bool> {
        match words.get(0).map(Word::text) {
            Some(".if") => self.begin(words, environment)?,
            Some(".elif") => self.next_branch(words, environment)?,
            Some(".else") => self.last_branch(words)?,
            Some(".endif") => {
                if self.open.pop().is_none() {
                    return Err(lone(words, ".endif"));
                }
                no_argument(words, ".endif")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Errors for the blocks that are still open at the end of a file.
    pub fn unterminated(&self) -> impl Iterator<Item = Diagnostic> {
        let message = "non-terminated '.if' block.";
        self.open
            .iter()
            .map(move |block| Diagnostic::alert(block.opened, message).hint("no '.endif' follows"))
    }

    /// A condition that cannot be evaluated closes all branches of its block.
    fn begin(&mut self, words: &Words, environment: &Environment) -> Parse<()> {
        let mut block = Block {
            opened: words.place(),
            branch: Branch::Done,
            else_seen: false,
        };
        if !self.active() {
            self.open.push(block);
            return Ok(());
        }
        let result = evaluate_words(words, environment);
        if let Ok(value) = result {
            block.branch = if value {
                Branch::Taken
            } else {
                Branch::Waiting
            };
        }
        self.open.push(block);
        result.map(|_| ())
    }

    fn next_branch(&mut self, words: &Words, environment: &Environment) -> Parse<()> {
        let Some(block) = self.open.last_mut() else {
            return Err(lone(words, ".elif"));
        };
        if block.else_seen {
            return Err(after_else(words, ".elif"));
        }
        if block.branch != Branch::Waiting {
            block.branch = Branch::Done;
            return Ok(());
        }
        match evaluate_words(words, environment) {
            Ok(true) => block.branch = Branch::Taken,
            Ok(false) => {}
            Err(error) => {
                block.branch = Branch::Done;
                return Err(error);
            }
        }
        Ok(())
    }

    fn last_branch(&mut self, words: &Words) -> Parse<()> {
        let Some(block) = self.open.last_mut() else {
            return Err(lone(words, ".else"));
        };
        if block.else_seen {
            return Err(after_else(words, ".else"));
        }
        block.else_seen = true;
        block.branch = match block.branch {
            Branch::Waiting => Branch::Taken,
            Branch::Taken | Branch::Done => Branch::Done,
        };
        no_argument(words, ".else")
    }
}

fn lone(words: &Words, name: &str) -> Diagnostic {
    words.error(0, format!("lone '{name}' with no matching '.if'."))
}

fn after_else(words: &Words, name: &str) -> Diagnostic {
    words.error(0, format!("'{name}' after '.else' is not permitted."))
}

fn no_argument(words: &Words, name: &str) -> Parse<()> {
    match words.from(1).iter().find(|word| !word.is_empty()) {
        None => Ok(()),
        Some(word) => {
            let text = word.text();
            Err(word.error(format!("Unexpected argument '{text}' for '{name}'.")))
        }
    }
}

/// Evaluates the words after the directive, joined by spaces; an error underlines the word
/// it begins in.
fn evaluate_words(words: &Words, environment: &Environment) -> Parse<bool> {
    let arguments = words.from(1);
    let texts: Parse<Vec<&str>> = arguments.iter().map(Word::utf8).collect();
    evaluate_condition(&texts?.join(" "), environment).map_err(|error| {
        let mut end = 0;
        let word = arguments.iter().find(|word| {
            end += word.text().len() + 1;
            error.offset < end
        });
        let span = word
            .or(arguments.last())
            .map_or_else(|| words.span_at(0), Word::span);
        Diagnostic::alert(span, error.message)
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    environment: &'a Environment,
}

impl<'a> Parser<'a> {
    /// `a || b || ..`
    fn any(&mut self) -> Result<bool, ConditionError> {
        let mut value = self.all()?;
        while self.accept("||") {
            value |= self.all()?;
        }
        Ok(value)
    }

    /// `a && b && ..`
    fn all(&mut self) -> Result<bool, ConditionError> {
        let mut value = self.term()?;
        while self.accept("&&") {
            value &= self.term()?;
        }
        Ok(value)
    }

    /// `! a`, `( .. )`, a number or a predicate.
    fn term(&mut self) -> Result<bool, ConditionError> {
        let mut negated = false;
        let mut start = self.at;
        while self.accept("!") {
            negated = !negated;
        }
        self.skip_blanks();
        if self.rest().is_empty() {
            start = start.min(self.at);
            return Err(self.unparsable(start));
        }
        let value = if self.rest().starts_with('(') {
            self.group()?
        } else {
            self.leaf()?
        };
        Ok(value != negated)
    }

    fn group(&mut self) -> Result<bool, ConditionError> {
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(format!("more than {DEPTH_MAX} parentheses are open")));
        }
        let value = self.any()?;
        if !self.accept(")") {
            let text = self.text.get(start..).unwrap_or_default();
            return Err(ConditionError {
                message: format!("expected ')' after conditional expression '{text}'"),
                offset: start,
            });
        }
        self.depth -= 1;
        Ok(value)
    }

    fn leaf(&mut self) -> Result<bool, ConditionError> {
        if let Some(value) = self.number() {
            return Ok(value);
        }
        let start = self.at;
        let len = self
            .rest()
            .bytes()
            .take_while(|byte| is_name(*byte))
            .count();
        let name = self.rest().get(..len).unwrap_or_default();
        let Some((_, arity)) = PREDICATES.iter().find(|(known, _)| *known == name) else {
            return Err(self.unparsable(start));
        };
        self.at += len;
        let arguments = self.arguments(name, *arity)?;
        Ok(self.predicate(name, &arguments))
    }

    /// True for a number other than zero; `None` when there is no number.
    fn number(&mut self) -> Option<bool> {
        let unsigned = self.rest().trim_start_matches(['-', '+']);
        let sign_len = self.rest().len() - unsigned.len();
        let (prefix_len, radix) = match unsigned.get(..2) {
            Some("0x" | "0X") => (2, 16),
            _ => (0, 10),
        };
        let digits = unsigned.get(prefix_len..)?;
        let len = digits
            .chars()
            .take_while(|digit| digit.is_digit(radix))
            .count();
        if sign_len > 1 || len == 0 {
            return None;
        }
        let value = digits.chars().take(len).any(|digit| digit != '0');
        self.at += sign_len + prefix_len + len;
        Some(value)
    }

    /// `(a,b)`, exactly `count` of them.
    fn arguments(&mut self, name: &str, count: usize) -> Result<Vec<String>, ConditionError> {
        if !self.rest().starts_with('(') {
            return Err(self.missing_argument(name, 0, count));
        }
        self.at += 1;
        let mut arguments = vec![self.argument(name)?];
        while self.rest().starts_with(',') && arguments.len() < count {
            self.at += 1;
            arguments.push(self.argument(name)?);
        }
        if !self.rest().starts_with(')') {
            let rest = self.rest();
            return Err(self.error(format!("expected ')' before '{rest}' in '{name}'")));
        }
        if arguments.len() < count {
            return Err(self.missing_argument(name, arguments.len(), count));
        }
        self.at += 1;
        Ok(arguments)
    }

    /// One argument with quotes and escapes resolved, up to a comma or parenthesis.
    fn argument(&mut self, name: &str) -> Result<String, ConditionError> {
        let start = self.at;
        let mut value = String::new();
        let mut quote = None;
        while let Some(next) = self.rest().chars().next() {
            match (quote, next) {
                (None, ',' | ')') => return Ok(value),
                (None, '"' | '\'') => quote = Some(next),
                (Some(open), _) if next == open => quote = None,
                (None | Some('"'), '\\') => {
                    self.at += 1;
                    let escaped = self.rest().chars().next();
                    value.extend(unescape(escaped));
                    self.at += escaped.map_or(0, char::len_utf8);
                    continue;
                }
                _ => value.push(next),
            }
            self.at += next.len_utf8();
        }
        let message = format!("expected ')' after the arguments of '{name}'");
        Err(ConditionError {
            message,
            offset: start,
        })
    }

    fn predicate(&self, name: &str, arguments: &[String]) -> bool {
        let first = arguments.first().map_or("", String::as_str);
        let second = arguments.get(1).map_or("", String::as_str);
        match name {
            "defined" => self.environment.value(first).is_some(),
            "feature" => FEATURES.contains(&(first, true)),
            "streq" => first == second,
            "strneq" => first != second,
            "version_atleast" => version(COMPATIBLE_VERSION) >= version(first),
            "version_before" => version(COMPATIBLE_VERSION) < version(first),
            _ => false,
        }
    }

    fn accept(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn skip_blanks(&mut self) {
        self.at += self
            .rest()
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn unparsable(&self, start: usize) -> ConditionError {
        let text = self.text.get(start..).unwrap_or_default();
        let message = format!("unparsable conditional expression '{text}'");
        ConditionError {
            message,
            offset: start,
        }
    }

    fn missing_argument(&self, name: &str, got: usize, count: usize) -> ConditionError {
        self.error(format!(
            "missing arguments (got {got}/{count}) of predicate '{name}'"
        ))
    }

    fn error(&self, message: String) -> ConditionError {
        ConditionError {
            message,
            offset: self.at,
        }
    }
}

/// What a backslash and this character mean in an argument.
fn unescape(escaped: Option<char>) -> impl Iterator<Item = char> {
    let (first, second) = match escaped {
        Some('n') => (Some('\n'), None),
        Some('r') => (Some('\r'), None),
        Some('t') => (Some('\t'), None),
        Some(plain @ (' ' | '\\' | '"' | '\'' | ',' | '(' | ')')) => (Some(plain), None),
        other => (Some('\\'), other),
    };
    first.into_iter().chain(second)
}

/// A version as numbers that compare in order of age: major, minor, then the stage (`-dev`,
/// `-rc`, release) or the patch level, then commits. Missing parts are zero.
fn version(text: &str) -> [u32; 6] {
    let (numbers, suffix) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = numbers.split('.').map(leading_number);
    let mut next = || parts.next().unwrap_or(0);
    let (major, minor, patch) = (next(), next(), next());
    let (stage, suffix) = if let Some(rest) = suffix.strip_prefix("dev") {
        (0, rest)
    } else if let Some(rest) = suffix.strip_prefix("rc") {
        (1, rest)
    } else {
        (2, suffix)
    };
    let mut counts = suffix.split('-').map(leading_number);
    let first = counts.next().unwrap_or(0);
    [
        major,
        minor,
        patch,
        stage,
        first,
        counts.next().unwrap_or(0),
    ]
}

fn leading_number(text: &str) -> u32 {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text.get(..len).unwrap_or_default();
    if digits.is_empty() {
        0
    } else {
        digits.parse().unwrap_or(u32::MAX)
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Predicates and how many arguments they take.
const PREDICATES: [(&str, usize); 6] = [
    ("defined", 1),
    ("feature", 1),
    ("streq", 2),
    ("strneq", 2),
    ("version_atleast", 1),
    ("version_before", 1),
];

/// Parentheses that may be open at once, which bounds the recursion.
const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests;
