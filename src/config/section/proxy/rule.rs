//! Rules: `tcp-request`, `tcp-response`, `http-request`, `http-response`,
//! `http-after-response`, each an action and a condition.
//!
//! Actions are an open set: one table per subject under this module, one entry per action,
//! naming the sets it may stand in. [`parse_rule`] finds the entry, lets it read its words
//! through a [`RuleReader`], and reads the condition behind them.

use super::draft::ProxyContext;
use super::order::RuleStage;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{Action, Rule, RuleSet};
use crate::config::suggest;
use crate::config::word::{Word, Words};
use crate::sample::expression::Expression;
use crate::sample::format::{Format, Purpose};
use crate::sample::parse_condition;
use crate::sample::variables::Variable;

mod capture;
mod decide;
mod edit;
mod http;
mod needs;
mod patterns;
mod refused;
mod setting;
mod tcp;

/// An action of a rule.
pub(crate) struct ActionKeyword {
    /// Its name, without what stands in parentheses behind it.
    pub(crate) name: &'static str,
    /// The sets it may stand in.
    pub(crate) sets: &'static [RuleSet],
    /// How it is written.
    pub(crate) usage: &'static str,
    /// What it does, in one sentence.
    pub(crate) doc: &'static str,
    /// Reads what follows its name.
    pub(crate) parse: ParseAction,
}

/// Reads the words of an action.
pub(crate) type ParseAction = fn(&mut RuleReader<'_>) -> Parse<Action>;

/// Reads the words of a rule.
pub(crate) struct RuleReader<'a> {
    /// The section.
    pub(crate) context: &'a mut ProxyContext,
    /// The line.
    pub(crate) words: &'a Words,
    /// The next word.
    pub(crate) at: usize,
    /// Where the rule stands.
    pub(crate) set: RuleSet,
    /// What stands in parentheses behind the action's name.
    pub(crate) argument: Option<&'a str>,
}

impl<'a> RuleReader<'a> {
    /// The next word; an error that names what is missing when the line or the action ends.
    pub(crate) fn word(&mut self, expected: &str) -> Parse<&'a Word> {
        let word = self.peek().ok_or_else(|| {
            let action = self.words.get(self.at.saturating_sub(1)).map(Word::text);
            let action = action.unwrap_or_default();
            self.words
                .error(self.at, format!("'{action}' expects {expected}."))
        })?;
        self.at += 1;
        Ok(word)
    }

    /// The next word, if it belongs to the action.
    pub(crate) fn peek(&self) -> Option<&'a Word> {
        let word = self.words.get(self.at)?;
        let ends = matches!(word.text(), "if" | "unless");
        (!ends).then_some(word)
    }

    /// True when the next word is this one; it is then read.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|word| word.text() == text);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next word as a format of a value in a message.
    pub(crate) fn format(&mut self, expected: &str) -> Parse<Format> {
        let word = self.word(expected)?;
        let language = &mut self.context.language;
        let format = Format::parse(language, word.bytes(), word.span(), Purpose::Http)?;
        self.check_samples(format.needs(), word)?;
        Ok(format)
    }

    /// The next words as an expression.
    pub(crate) fn expression(&mut self) -> Parse<Expression> {
        let first = self.word("an expression")?;
        self.at -= 1;
        let expression = Expression::parse(&mut self.context.language, self.words, &mut self.at)?;
        self.check_expression(&expression, first)?;
        Ok(expression)
    }

    /// The variable between the parentheses behind the action's name.
    pub(crate) fn variable(&mut self) -> Parse<Variable> {
        let Some(name) = self.argument else {
            let message = "a variable is expected, as in 'set-var(txn.name)'";
            return Err(self.words.error(self.at.saturating_sub(1), message));
        };
        let known = self.context.language.variable(name);
        known.map_err(|why| self.words.error(self.at.saturating_sub(1), why))
    }
}

/// Reads the rule whose action is word `at` and adds it to the section's set.
pub(super) fn parse_rule(
    context: &mut ProxyContext,
    line: &Line,
    set: RuleSet,
    at: usize,
) -> Parse<()> {
    let keyword = set.name();
    if context.draft.is_defaults() && context.draft.proxy.name.is_empty() {
        let message = format!("'{keyword}' not allowed in anonymous 'defaults' section.");
        let error = line.words.keyword_error(message);
        return Err(error.hint("give the section a name"));
    }
    let is_http = is_http(set);
    let Some(word) = line.words.get(at).filter(|_| is_http || line.words.has(at)) else {
        return Err(unknown_tcp(context, set, "", line.words.error(at, "")));
    };
    let (name, argument) = split_argument(word)?;
    let entry = find(set, name).ok_or_else(|| match is_http {
        true => unknown(set, name, word),
        false => unknown_tcp(context, set, name, word.error("")),
    })?;
    let mut reader = RuleReader {
        context,
        words: &line.words,
        at: at + 1,
        set,
        argument,
    };
    let rule = read(&mut reader, entry.parse, line).map_err(|error| {
        if !is_http {
            return error;
        }
        let proxy = &reader.context.draft.proxy.name;
        let owner =
            format!("error detected in proxy '{proxy}' while parsing '{keyword} {name}' rule");
        super::parameter::owned_by(&owner, error)
    })?;
    context.draft.proxy.rules.of_mut(set).push(rule);
    Ok(())
}

/// Reads a rule that has a keyword of its own, its action with `parse`, and adds it to a set.
pub(super) fn parse_reader(
    context: &mut ProxyContext,
    line: &Line,
    set: RuleSet,
    name: &str,
    parse: ParseAction,
) -> Parse<()> {
    let mut reader = RuleReader {
        context,
        words: &line.words,
        at: 1,
        set,
        argument: None,
    };
    let rule = read(&mut reader, parse, line).map_err(|error| {
        let place = super::tcp_rule::owner(reader.context);
        let owner = format!("error detected in {place} while parsing {name} rule");
        super::parameter::owned_by(&owner, error)
    })?;
    context.draft.proxy.rules.of_mut(set).push(rule);
    Ok(())
}

fn read(reader: &mut RuleReader<'_>, parse: ParseAction, line: &Line) -> Parse<Rule> {
    let action = parse(reader)?;
    let at = reader.at;
    let condition = parse_condition(&mut reader.context.language, reader.words, at)?;
    if let (Some(condition), Some(word)) = (&condition, reader.words.get(at)) {
        reader.check_condition(condition, word);
    }
    Ok(Rule {
        action,
        condition,
        place: line.place,
    })
}

/// `set-var(txn.a)` as name and argument.
fn split_argument(word: &Word) -> Parse<(&str, Option<&str>)> {
    let text = word.utf8()?;
    match text.split_once('(') {
        None => Ok((text, None)),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(argument) => Ok((name, Some(argument))),
            None => Err(word.error(format!("missing closing ')' in '{text}'"))),
        },
    }
}

fn find(set: RuleSet, name: &str) -> Option<&'static ActionKeyword> {
    actions().find(|entry| entry.name == name && entry.sets.contains(&set))
}

fn unknown(set: RuleSet, name: &str, word: &Word) -> Diagnostic {
    let keyword = set.name();
    if let Some(why) = refused::reason(name) {
        let error = word.error(format!("'{keyword} {name}' is not supported"));
        return error.hint(why);
    }
    let error = word.error(format!("'{keyword}' knows no action '{name}'"));
    let known = actions().filter(|entry| entry.sets.contains(&set));
    match suggest::closest(name, known.map(|entry| entry.name)) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}

/// The error for an action that a `tcp-request` or `tcp-response` rule does not have.
fn unknown_tcp(
    context: &ProxyContext,
    set: RuleSet,
    name: &str,
    mut error: Diagnostic,
) -> Diagnostic {
    let keyword = set.name();
    let place = super::tcp_rule::owner(context);
    if let Some(why) = tcp::refusal(set, name) {
        error.message = format!("'{keyword} {name}' is not supported in {place}");
        return error.hint(why);
    }
    let known = || actions().filter(|entry| entry.sets.contains(&set));
    let names: Vec<String> = known().map(|entry| format!("'{}'", entry.name)).collect();
    let names = names.join(", ");
    error.message = format!("'{keyword}' expects {names} in {place} (got '{name}').");
    match suggest::closest(name, known().map(|entry| entry.name)) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}

const fn is_http(set: RuleSet) -> bool {
    matches!(
        set,
        RuleSet::HttpRequest | RuleSet::HttpResponse | RuleSet::HttpAfterResponse
    )
}

/// Every action of every set.
pub(crate) fn actions() -> impl Iterator<Item = &'static ActionKeyword> {
    TABLES.iter().flat_map(|table| table.iter())
}

static TABLES: &[&[ActionKeyword]] = &[
    decide::ACTIONS,
    edit::ACTIONS,
    http::ACTIONS,
    patterns::ACTIONS,
    super::redirect::ACTIONS,
    setting::ACTIONS,
    tcp::ACTIONS,
    capture::ACTIONS,
];

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "acl",
        sections: Sections::ANY_PROXY,
        usage: "acl <name> <criterion> [flags] [operator] [<value>]...",
        doc: "Declares a test that rules can name.",
        since: "1.3",
        negatable: false,
        parse: |context, line| {
            if context.draft.is_defaults() && context.draft.proxy.name.is_empty() {
                let message = "'acl' not allowed in anonymous 'defaults' section.";
                return Err(line.words.keyword_error(message));
            }
            crate::sample::parse_acl_line(&mut context.language, &line.words, 1)
        },
    },
    Keyword {
        name: "http-after-response",
        sections: Sections::ANY_PROXY,
        usage: "http-after-response <action> [{if | unless} <condition>]",
        doc: "A rule over every response, those of the proxy itself included.",
        since: "2.2",
        negatable: false,
        parse: |context, line| parse_rule(context, line, RuleSet::HttpAfterResponse, 1),
    },
    Keyword {
        name: "http-request",
        sections: Sections::ANY_PROXY,
        usage: "http-request <action> [{if | unless} <condition>]",
        doc: "A rule over requests.",
        since: "1.4",
        negatable: false,
        parse: |context, line| {
            parse_rule(context, line, RuleSet::HttpRequest, 1)?;
            context.note_rule(RuleStage::HttpRequest, line);
            Ok(())
        },
    },
    Keyword {
        name: "http-response",
        sections: Sections::ANY_PROXY,
        usage: "http-response <action> [{if | unless} <condition>]",
        doc: "A rule over responses of servers.",
        since: "1.5",
        negatable: false,
        parse: |context, line| parse_rule(context, line, RuleSet::HttpResponse, 1),
    },
];
