//! Expressions: a fetch and the converters behind it, compiled when the configuration is
//! read.
//!
//! Used by ACLs, formats and rules. Invariant: every step's input can be made of the output
//! of the step before; what cannot is refused when it is read.

use super::arg::{self, Arg};
use super::context::{Context, Cursor, Fetched};
use super::convert::{self, Converter};
use super::fetch::{self, Fetch, Needs};
use super::language::Language;
use super::value::{Sample, Type};
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::config::word::Words;

/// A fetch and its converters.
#[derive(Clone, Debug)]
pub struct Expression {
    fetch: &'static Fetch,
    args: Box<[Arg]>,
    steps: Box<[Step]>,
    output: Type,
}

#[derive(Clone, Debug)]
struct Step {
    converter: &'static Converter,
    args: Box<[Arg]>,
}

impl Expression {
    /// Evaluates it as a plain expression: one value or none.
    pub fn eval<'a>(&'a self, context: &Context<'a>) -> Fetched<'a> {
        self.eval_next(context, &mut Cursor::default())
    }

    /// Evaluates it for the next value that `cursor` stands before.
    pub fn eval_next<'a>(&'a self, context: &Context<'a>, cursor: &mut Cursor) -> Fetched<'a> {
        cursor.has_more = false;
        cursor.may_change = false;
        let fetched = (self.fetch.run)(context, &self.args, cursor);
        cursor.given += 1;
        let Fetched::Found(mut sample) = fetched else {
            return fetched;
        };
        for step in &self.steps {
            let input = sample.cast(step.converter.input, context.arena);
            let Some(changed) =
                input.and_then(|input| (step.converter.run)(context, &step.args, input))
            else {
                return Fetched::Missing;
            };
            sample = changed;
        }
        Fetched::Found(sample)
    }

    /// Its value as text; `None` when there is none.
    pub fn text<'a>(&'a self, context: &Context<'a>) -> Option<&'a [u8]> {
        let sample = self.eval(context).sample()?;
        Some(sample.as_text(context.arena))
    }

    /// Its value as a number.
    pub fn int<'a>(&'a self, context: &Context<'a>) -> Option<i64> {
        self.eval(context).sample()?.as_int()
    }

    /// Its value as another type.
    pub fn cast<'a>(&'a self, context: &Context<'a>, wanted: Type) -> Option<Sample<'a>> {
        self.eval(context).sample()?.cast(wanted, context.arena)
    }

    /// The type of its values.
    pub const fn output(&self) -> Type {
        self.output
    }

    /// What must be there for it to have a value.
    pub const fn needs(&self) -> Needs {
        self.fetch.needs
    }

    /// The name of its fetch.
    pub const fn fetch_name(&self) -> &'static str {
        self.fetch.name
    }

    /// Reads the expression that begins at word `*at`, and moves `*at` behind it. Further
    /// words that are converters belong to it (the old spelling).
    ///
    /// # Errors
    /// Unknown keywords, arguments that do not fit, converters that cannot follow.
    pub fn parse(language: &mut Language, words: &Words, at: &mut usize) -> Parse<Self> {
        let word = words.word(*at)?;
        let mut reader = Reader::new(word.bytes(), word.span());
        let mut expression = reader.fetch(language, &[])?;
        reader.converters(language, &mut expression)?;
        *at += 1;
        while let Some(word) = words.get(*at) {
            let mut reader = Reader::new(word.bytes(), word.span());
            if convert::find(reader.peek_name()).is_none() {
                break;
            }
            reader.converter(language, &mut expression)?;
            reader.converters(language, &mut expression)?;
            *at += 1;
        }
        Ok(expression)
    }

    /// Reads an expression that fills `text`, as between `%[` and `]`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_text(language: &mut Language, text: &[u8], span: Span) -> Parse<Self> {
        let mut reader = Reader::new(text, span);
        let mut expression = reader.fetch(language, &[])?;
        reader.converters(language, &mut expression)?;
        Ok(expression)
    }

    /// As [`Self::parse_text`], where the name of the fetch may carry one of `suffixes`, as
    /// ACLs write it; the suffix found comes back.
    pub(super) fn parse_with_suffix(
        language: &mut Language,
        text: &[u8],
        span: Span,
        suffixes: &[&'static str],
    ) -> Parse<(Self, Option<&'static str>)> {
        let mut reader = Reader::new(text, span);
        let mut expression = reader.fetch(language, suffixes)?;
        reader.converters(language, &mut expression)?;
        Ok((expression, reader.suffix))
    }
}

/// Reads one word of an expression.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    span: Span,
    suffix: Option<&'static str>,
}

impl<'t> Reader<'t> {
    const fn new(text: &'t [u8], span: Span) -> Self {
        Self {
            text,
            at: 0,
            span,
            suffix: None,
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The keyword at the current place.
    fn peek_name(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| byte == b'(' || byte == b',');
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }

    fn fetch(&mut self, language: &mut Language, suffixes: &[&'static str]) -> Parse<Expression> {
        let name = self.peek_name();
        let fetch = match fetch::find(name) {
            Some(fetch) => fetch,
            None => self.fetch_with_suffix(name, suffixes).ok_or_else(|| {
                let shown = String::from_utf8_lossy(self.text);
                let error = self.error(format!("unknown fetch method '{name}' in '{shown}'"));
                match fetch::closest(name) {
                    Some(close) => error.hint(format!("did you mean '{close}'?")),
                    None => error,
                }
            })?,
        };
        self.at += name.len();
        let args = self.args(language, name, fetch.args, fetch.check)?;
        Ok(Expression {
            fetch,
            args,
            steps: Box::default(),
            output: fetch.output,
        })
    }

    fn fetch_with_suffix(
        &mut self,
        name: &str,
        suffixes: &[&'static str],
    ) -> Option<&'static Fetch> {
        let (base, tail) = name.rsplit_once('_')?;
        let suffix = suffixes.iter().copied().find(|suffix| *suffix == tail)?;
        let fetch = fetch::find(base)?;
        self.suffix = Some(suffix);
        Some(fetch)
    }

    /// The converters that follow, each behind a comma.
    fn converters(&mut self, language: &mut Language, expression: &mut Expression) -> Parse<()> {
        while let Some(&byte) = self.rest().first() {
            if byte != b',' {
                let shown = String::from_utf8_lossy(self.rest());
                return Err(self.error(format!("unexpected '{shown}' in the expression")));
            }
            self.at += 1;
            if self.rest().is_empty() {
                return Err(self.error(String::from("a converter is missing after the comma")));
            }
            self.converter(language, expression)?;
        }
        Ok(())
    }

    fn converter(&mut self, language: &mut Language, expression: &mut Expression) -> Parse<()> {
        let name = self.peek_name();
        let Some(converter) = convert::find(name) else {
            let error = self.error(format!("unknown converter '{name}'"));
            return Err(match convert::closest(name) {
                Some(close) => error.hint(format!("did you mean '{close}'?")),
                None => error,
            });
        };
        if !expression.output.can_become(converter.input) {
            return Err(self.error(format!(
                "converter '{name}' cannot be applied: it takes {}, and gets {}",
                converter.input.name(),
                expression.output.name()
            )));
        }
        self.at += name.len();
        let args = self.args(language, name, converter.args, converter.check)?;
        let mut steps = std::mem::take(&mut expression.steps).into_vec();
        steps.push(Step { converter, args });
        expression.steps = steps.into_boxed_slice();
        expression.output = converter.output;
        Ok(())
    }

    fn args(
        &mut self,
        language: &mut Language,
        name: &str,
        spec: arg::ArgSpec,
        check: Option<fetch::CheckArgs>,
    ) -> Parse<Box<[Arg]>> {
        let texts = match self.rest().first() {
            Some(b'(') => {
                let inner = self.rest().get(1..).unwrap_or_default();
                let (texts, len) =
                    arg::split(inner).map_err(|why| self.error(format!("'{name}': {why}")))?;
                self.at += 1 + len;
                texts
            }
            _ => Vec::new(),
        };
        let args = arg::read(language, spec, &texts, self.span);
        let checked = args.and_then(|mut args| {
            if let Some(check) = check {
                check(language, &mut args)?;
            }
            Ok(args)
        });
        checked
            .map(Vec::into_boxed_slice)
            .map_err(|why| self.error(format!("invalid args in '{name}' : {why}")))
    }

    fn error(&self, message: String) -> Diagnostic {
        Diagnostic::alert(self.span, message)
    }
}
