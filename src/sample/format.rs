//! Log formats: text with variables (`%ci`) and expressions (`%[src]`) in it (manual,
//! section 8.2.4).
//!
//! Compiled when the configuration is read, rendered into the arena of an evaluation. The
//! same type makes log lines and the values that rules put into messages; [`Purpose`] says
//! which, since the two escape differently and treat absent values differently.

use bumpalo::collections::Vec as ArenaVec;

use super::context::Context;
use super::expression::Expression;
use super::fetch::Needs;
use super::language::Language;
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::log::record::Record;

mod alias;
mod encode;

pub use alias::{Alias, Facts, Shows, all as all_aliases};
pub use encode::{Field, Flags};

/// What a format is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A line of a log: absent values are dashes, runs of blanks become one.
    Log,
    /// A value in an HTTP message: absent values are empty.
    Http,
    /// `unique-id-format`: as in messages, but runs of blanks become one.
    UniqueId,
}

impl Purpose {
    const fn merges_blanks(self) -> bool {
        matches!(self, Self::Log | Self::UniqueId)
    }
}

/// A compiled format.
#[derive(Clone, Debug)]
pub struct Format {
    parts: Box<[Part]>,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<[u8]>),
    /// A blank, unless one stands before it already.
    Blank,
    Alias(&'static Alias, Flags),
    Sample(Expression, Flags),
}

impl Format {
    /// A format that is this text and nothing else.
    pub fn literal(text: &[u8]) -> Self {
        Self {
            parts: Box::new([Part::Text(text.into())]),
            purpose: Purpose::Http,
        }
    }

    /// The text of a format without variables; `None` when it has some.
    pub fn as_literal(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// True when a log line's facts are needed to render it.
    pub fn has_aliases(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Alias(..)))
    }

    /// The first of its variables that only HTTP has.
    pub fn http_variable(&self) -> Option<&'static str> {
        self.parts.iter().find_map(|part| match part {
            Part::Alias(alias, _) if alias.http_only => Some(alias.name),
            Part::Text(_) | Part::Blank | Part::Alias(..) | Part::Sample(..) => None,
        })
    }

    /// True when one of its variables looks at this.
    pub fn shows(&self, wanted: Shows) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Alias(alias, _) => alias.shows == wanted,
            Part::Text(_) | Part::Blank | Part::Sample(..) => false,
        })
    }

    /// What its expressions need, with the names of their fetches.
    pub fn needs(&self) -> impl Iterator<Item = (&'static str, Needs)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Sample(expression, _) => Some((expression.fetch_name(), expression.needs())),
            Part::Text(_) | Part::Blank | Part::Alias(..) => None,
        })
    }

    /// Appends what it says about a message. What is appended to may outlive the context,
    /// so that the message can be changed by it.
    pub fn append(&self, context: &Context<'_>, out: &mut ArenaVec<'_, u8>) {
        let record = match context.session {
            Some(session) if self.has_aliases() => Some(session.record(context.core)),
            _ => None,
        };
        self.append_line(context, record.as_ref(), out);
    }

    /// The same with the facts of a session, as they were put together for a log line.
    pub fn append_line(
        &self,
        context: &Context<'_>,
        record: Option<&Record<'_>>,
        out: &mut ArenaVec<'_, u8>,
    ) {
        let mut after_blank = true;
        for part in &self.parts {
            let before = out.len();
            match part {
                Part::Text(text) => out.extend_from_slice_copy(text),
                Part::Blank if after_blank => {}
                Part::Blank => out.push(b' '),
                Part::Alias(alias, flags) => {
                    let mut field = Field { out, flags: *flags };
                    match (record, context.session) {
                        (Some(record), Some(session)) => {
                            let core = context.core;
                            let facts = Facts {
                                record,
                                session,
                                core,
                            };
                            (alias.run)(&facts, &mut field);
                        }
                        _ => field.text(None),
                    }
                }
                Part::Sample(expression, flags) => {
                    encode::push_sample(out, expression.text(context), *flags, self.purpose);
                }
            }
            let is_blank = matches!(part, Part::Blank);
            after_blank = is_blank || (after_blank && out.len() == before);
        }
    }

    /// Reads a format.
    ///
    /// # Errors
    /// Unknown variables and flags, faulty expressions, open brackets.
    pub fn parse(
        language: &mut Language,
        text: &[u8],
        span: Span,
        purpose: Purpose,
    ) -> Parse<Self> {
        let mut reader = Reader {
            text,
            at: 0,
            span,
            purpose,
            defaults: Flags::of(purpose),
            literal: Vec::new(),
            parts: Vec::new(),
        };
        while let Some(&byte) = reader.text.get(reader.at) {
            reader.at += 1;
            if byte == b'%' {
                reader.variable(language)?;
            } else {
                reader.push(byte);
            }
        }
        reader.end_literal();
        Ok(Self {
            parts: reader.parts.into_boxed_slice(),
            purpose,
        })
    }
}

/// Reads a format from left to right.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    span: Span,
    purpose: Purpose,
    /// Flags of an empty `%{..}o`: for all that follows.
    defaults: Flags,
    literal: Vec<u8>,
    parts: Vec<Part>,
}

impl<'t> Reader<'t> {
    /// One byte of plain text; in log lines a run of blanks is one blank.
    fn push(&mut self, byte: u8) {
        if self.purpose.merges_blanks() && byte == b' ' {
            self.end_literal();
            self.parts.push(Part::Blank);
            return;
        }
        self.literal.push(byte);
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            let text = std::mem::take(&mut self.literal);
            self.parts.push(Part::Text(text.into_boxed_slice()));
        }
    }

    /// What follows a percent sign.
    fn variable(&mut self, language: &mut Language) -> Parse<()> {
        let mut flags = self.defaults;
        if self.text.get(self.at) == Some(&b'{') {
            let inner = self.bracketed(b'{', b'}')?;
            flags = flags.changed_by(inner).map_err(|why| self.error(why))?;
        }
        match self.text.get(self.at) {
            Some(b'%') => {
                self.at += 1;
                self.push(b'%');
            }
            Some(b'[') => {
                let inner = self.bracketed(b'[', b']')?;
                let expression = Expression::parse_text(language, inner, self.span)?;
                self.end_literal();
                self.parts.push(Part::Sample(expression, flags));
            }
            _ => self.named(flags)?,
        }
        Ok(())
    }

    /// A variable with a name: the longest run of letters.
    fn named(&mut self, flags: Flags) -> Parse<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let name = rest.get(..len).unwrap_or_default();
        let name = std::str::from_utf8(name).unwrap_or_default();
        self.at += len;
        if name == "o" {
            self.defaults = flags;
            return Ok(());
        }
        let Some(alias) = alias::find(name) else {
            return Err(self.unknown(name));
        };
        self.end_literal();
        self.parts.push(Part::Alias(alias, flags));
        Ok(())
    }

    fn unknown(&self, name: &str) -> Diagnostic {
        if name.is_empty() && self.at >= self.text.len() {
            return self.error("truncated line after '%'.");
        }
        let error = self.error(format!(
            "no such format variable '{name}'. If you wanted to emit the '%' character verbatim, \
             you need to use '%%'."
        ));
        match alias::closest(name) {
            Some(close) => error.hint(format!("did you mean '%{close}'?")),
            None => error,
        }
    }

    /// The text between a bracket at the current place and the one that closes it.
    fn bracketed(&mut self, open: u8, close: u8) -> Parse<&'t [u8]> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let mut depth = 1usize;
        let mut quote = None;
        for (index, &byte) in rest.iter().enumerate() {
            match quote {
                Some(mark) if byte == mark => quote = None,
                None if byte == b'"' || byte == b'\'' => quote = Some(byte),
                None if byte == open => depth += 1,
                None if byte == close => depth -= 1,
                Some(_) | None => {}
            }
            if depth == 0 {
                self.at += index + 2;
                return Ok(rest.get(..index).unwrap_or_default());
            }
        }
        let shown = String::from_utf8_lossy(rest);
        Err(self.error(match close {
            b']' => format!("missing ']' after '{shown}'."),
            _ => format!("truncated line after '{shown}'."),
        }))
    }

    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(self.span, message)
    }
}

#[cfg(test)]
mod tests;
