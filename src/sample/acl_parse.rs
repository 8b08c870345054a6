//! Reading ACLs and conditions: flags, operators, values, groups.
//!
//! Called by the keyword handlers of every rule that takes a condition. Values go into
//! pattern lists of the [`Language`]; lists from files are shared by all who name them the
//! same way.

use std::path::Path;
use std::sync::Arc;

use super::acl::{
    Acl, AclTest, Condition, Term, declare, natural_method, predefined, predefined_names,
};
use super::expression::Expression;
use super::language::{Language, PatternId, PatternSource};
use super::pattern::{Builder, IntOperator, IntRange, MatchMethod, Options, PatternList};
use super::value::Type;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::suggest;
use crate::config::word::{Word, Words};

/// Reads an `acl` line from the name on, at word `at`.
///
/// # Errors
/// A bad name, expression, flag or value.
pub fn parse_acl_line(language: &mut Language, words: &Words, at: usize) -> Parse<()> {
    let name = words.word(at)?;
    let is_bad = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-_.:".contains(byte));
    if let Some(bad) = name.bytes().iter().find(|byte| is_bad(byte)) {
        let bad = char::from(*bad);
        let text = name.text();
        return Err(name.error(format!(
            "character '{bad}' is not permitted in acl name '{text}'."
        )));
    }
    if name.text().eq_ignore_ascii_case("or") {
        let text = "an acl cannot be named 'or', which separates the groups of a condition.";
        return Err(name.error(text));
    }
    let test = parse_test(language, words.from(at + 1), words)?;
    let name = name.utf8()?;
    declare(language, name, test);
    Ok(())
}

/// Reads `if` or `unless` and the condition that fills the rest of the line; `None` when
/// nothing is left.
///
/// # Errors
/// Another word than these, or a bad condition.
pub fn parse_condition(
    language: &mut Language,
    words: &Words,
    at: usize,
) -> Parse<Option<Condition>> {
    let Some(word) = words.get(at) else {
        return Ok(None);
    };
    let negated = match word.text() {
        "if" => false,
        "unless" => true,
        text => {
            let message =
                format!("expects 'if' or 'unless' followed by a condition but found '{text}'");
            return Err(word.error(message));
        }
    };
    let terms = parse_terms(language, words, at + 1)?;
    Ok(Some(Condition { terms, negated }))
}

fn parse_terms(language: &mut Language, words: &Words, from: usize) -> Parse<Box<[Term]>> {
    let mut terms: Vec<Term> = Vec::new();
    let mut at = from;
    while let Some(word) = words.get(at) {
        let text = word.text();
        if text == "||" || text.eq_ignore_ascii_case("or") {
            end_group(&mut terms, word)?;
            at += 1;
            continue;
        }
        let marks = text.bytes().take_while(|&byte| byte == b'!').count();
        let mut negated = marks % 2 == 1;
        let mut name = text.get(marks..).unwrap_or_default();
        while name.is_empty() {
            // A mark that stands alone belongs to what follows.
            at += 1;
            let next = words
                .word(at)
                .map_err(|_| word.error("an ACL is missing behind '!'"))?;
            let marks = next.text().bytes().take_while(|&byte| byte == b'!').count();
            negated ^= marks % 2 == 1;
            name = next.text().get(marks..).unwrap_or_default();
        }
        let acl = if name == "{" {
            let (acl, end) = parse_anonymous(language, words, at)?;
            at = end;
            acl
        } else {
            let place = words.get(at).unwrap_or(word);
            named(language, name, place, words)?
        };
        terms.push(Term {
            acl,
            negated,
            ends_group: false,
        });
        at += 1;
    }
    match terms.last_mut() {
        Some(last) if !last.ends_group => last.ends_group = true,
        Some(_) => return Err(words.error(at, "a condition ends with 'or'")),
        None => return Err(words.error(from, "a condition is missing")),
    }
    Ok(terms.into_boxed_slice())
}

fn end_group(terms: &mut [Term], word: &Word) -> Parse<()> {
    match terms.last_mut() {
        Some(last) if !last.ends_group => {
            last.ends_group = true;
            Ok(())
        }
        _ => Err(word.error("'or' stands between two conditions")),
    }
}

/// `{ expression [flags] [values] }`; the place of the closing brace comes back.
fn parse_anonymous(
    language: &mut Language,
    words: &Words,
    open: usize,
) -> Parse<(Arc<Acl>, usize)> {
    let rest = words.from(open + 1);
    let Some(len) = rest.iter().position(|word| word.text() == "}") else {
        return Err(words.error(open, "missing closing '}' in condition"));
    };
    let test = parse_test(language, rest.get(..len).unwrap_or_default(), words)?;
    let acl = Acl {
        name: String::new(),
        tests: vec![test],
    };
    Ok((Arc::new(acl), open + 1 + len))
}

/// The ACL of that name: declared before, or predefined.
fn named(language: &mut Language, name: &str, word: &Word, words: &Words) -> Parse<Arc<Acl>> {
    if let Some(acl) = language.acls.get(name) {
        return Ok(Arc::clone(acl));
    }
    let Some(text) = predefined(name) else {
        let error = word.error(format!("no such ACL : '{name}'"));
        let declared: Vec<&str> = language.acls.keys().map(String::as_str).collect();
        let known = declared
            .into_iter()
            .chain(predefined_names().map(|name: &str| name));
        return Err(match suggest::closest(name, known) {
            Some(close) => error.hint(format!("did you mean '{close}'?")),
            None => error,
        });
    };
    let parts = text
        .split(' ')
        .map(|part| Word::new(part.as_bytes().to_vec(), word.span()));
    let parts: Vec<Word> = parts.collect();
    let test = parse_test(language, &parts, words)?;
    let acl = Arc::new(Acl {
        name: name.to_owned(),
        tests: vec![test],
    });
    language.acls.insert(name.to_owned(), Arc::clone(&acl));
    Ok(acl)
}

/// What stands on an ACL between its expression and its values.
struct Flags {
    ignore_case: bool,
    no_dns: bool,
    is_map: bool,
    /// The values are versions, `3.1`.
    is_version: bool,
    method: Option<MatchMethod>,
    number: Option<u32>,
    files: Vec<Word>,
}

/// Reads expression, flags and values.
fn parse_test(language: &mut Language, rest: &[Word], words: &Words) -> Parse<AclTest> {
    let Some((first, rest)) = rest.split_first() else {
        return Err(words.error(words.len(), "missing fetch method in ACL expression"));
    };
    let (expression, suffix) =
        Expression::parse_with_suffix(language, first.bytes(), first.span(), &SUFFIXES)?;
    let (mut flags, values) = parse_flags(rest)?;
    flags.is_version = VERSIONS.contains(&expression.fetch_name());
    let suffix = suffix.and_then(MatchMethod::from_name);
    let method = flags
        .method
        .or(suffix)
        .unwrap_or_else(|| natural_method(expression.output()));
    if !expression.output().can_become(input_type(method)) {
        let message = format!(
            "matching method '{}' cannot be used with {} samples",
            method.name(),
            expression.output().name()
        );
        return Err(first.error(message));
    }
    let patterns = collect(language, method, &flags, (first, values))?;
    Ok(AclTest {
        expression,
        method,
        patterns,
    })
}

fn parse_flags(rest: &[Word]) -> Parse<(Flags, &[Word])> {
    let mut flags = Flags {
        ignore_case: false,
        no_dns: false,
        is_map: false,
        is_version: false,
        method: None,
        number: None,
        files: Vec::new(),
    };
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let value = || {
            rest.get(at + 1)
                .ok_or_else(|| word.error(format!("'{}' expects a value", word.text())))
        };
        match word.text() {
            "-i" => flags.ignore_case = true,
            "-n" => flags.no_dns = true,
            "-M" => flags.is_map = true,
            "-f" => flags.files.push(value()?.clone()),
            "-u" => flags.number = Some(number_of(value()?)?),
            "-m" => flags.method = Some(method_of(value()?)?),
            "--" => return Ok((flags, rest.get(at + 1..).unwrap_or_default())),
            text if text.starts_with('-') && text.len() == 2 && !is_number(text) => {
                let message = format!("'{text}' : flag not supported");
                return Err(word.error(message).hint("'--' ends the flags"));
            }
            _ => break,
        }
        at += if matches!(word.text(), "-f" | "-u" | "-m") {
            2
        } else {
            1
        };
    }
    Ok((flags, rest.get(at..).unwrap_or_default()))
}

fn is_number(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

fn number_of(word: &Word) -> Parse<u32> {
    word.text()
        .parse()
        .map_err(|_| word.error("'-u' expects a number"))
}

fn method_of(word: &Word) -> Parse<MatchMethod> {
    MatchMethod::from_name(word.text()).ok_or_else(|| {
        let message = format!("unknown matching method '{}' for '-m'", word.text());
        let names = MatchMethod::ALL.map(MatchMethod::name).join("', '");
        word.error(message).hint(format!("one of '{names}'"))
    })
}

/// Brings values from the line and from files into one pattern list.
fn collect(
    language: &mut Language,
    method: MatchMethod,
    flags: &Flags,
    (first, values): (&Word, &[Word]),
) -> Parse<PatternId> {
    let options = Options {
        method,
        ignore_case: flags.ignore_case,
        no_dns: flags.no_dns,
        dotted: flags.is_version,
    };
    if let ([file], []) = (flags.files.as_slice(), values) {
        return load(language, options, flags, file);
    }
    let mut builder = PatternList::builder(options);
    for file in &flags.files {
        builder
            .add_file(Path::new(file.utf8()?), flags.is_map)
            .map_err(|error| file.error(error.to_string()))?;
    }
    add_values(&mut builder, options, values)?;
    let list = builder.finish();
    let list = list.map_err(|error| first.error(error.to_string()))?;
    let source = PatternSource {
        file: String::new(),
        number: flags.number,
        list: Arc::new(list),
    };
    Ok(language.add_patterns(source))
}

/// Adds the values of a line; an operator before numbers holds for all that follow.
fn add_values(builder: &mut Builder, options: Options, values: &[Word]) -> Parse<()> {
    let method = options.method;
    let range_of = match options.dotted {
        true => IntRange::parse_dotted,
        false => IntRange::parse,
    };
    let mut operator = None;
    for word in values {
        let found = IntOperator::parse(word.bytes()).filter(|_| compares_numbers(method));
        if found.is_some() {
            operator = found;
            continue;
        }
        let added = match operator {
            None => builder.add(word.bytes(), None, 0),
            Some(operator) => range_of(word.bytes())
                .and_then(|range| builder.add_range(operator.apply(range), word.bytes(), 0)),
        };
        added.map_err(|error| value_error(word, method, &error.to_string()))?;
    }
    Ok(())
}

fn value_error(word: &Word, method: MatchMethod, why: &str) -> Diagnostic {
    word.error(format!(
        "'{}' is not a pattern of type '{}': {why}",
        word.text(),
        method.name()
    ))
}

/// The list of a file, loaded once for all who match it the same way.
fn load(language: &mut Language, options: Options, flags: &Flags, file: &Word) -> Parse<PatternId> {
    language
        .load_patterns(file.utf8()?, options, flags.is_map, flags.number)
        .map_err(|why| file.error(why))
}

/// The type that samples take before a method looks at them.
const fn input_type(method: MatchMethod) -> Type {
    match method {
        MatchMethod::Found => Type::Any,
        MatchMethod::Bool => Type::Bool,
        MatchMethod::Int => Type::Int,
        MatchMethod::Ip => Type::Addr,
        MatchMethod::Bin => Type::Bin,
        MatchMethod::Len
        | MatchMethod::Str
        | MatchMethod::Beg
        | MatchMethod::Sub
        | MatchMethod::Dir
        | MatchMethod::Dom
        | MatchMethod::End
        | MatchMethod::Reg => Type::Str,
    }
}

/// Fetches whose numbers are versions.
const VERSIONS: [&str; 2] = ["req.ssl_ver", "req_ssl_ver"];

/// Suffixes of fetch names in ACLs that choose a matching method.
const SUFFIXES: [&str; 9] = ["beg", "dir", "dom", "end", "len", "reg", "sub", "str", "ip"];

/// True for the methods that compare numbers, before which an operator may stand.
const fn compares_numbers(method: MatchMethod) -> bool {
    matches!(method, MatchMethod::Int | MatchMethod::Len)
}
