//! Lists and views as their callers see them: values that HAProxy 2.6 gives for the same
//! files, and naive models of each method.

mod changes;
mod files;
mod methods;
mod models;

use super::{Input, MatchMethod, Options, PatternList};

/// A map whose entries are `(pattern, value)`.
fn map(method: MatchMethod, entries: &[(&str, &str)]) -> PatternList {
    with_options(Options::new(method), entries)
}

fn with_options(options: Options, entries: &[(&str, &str)]) -> PatternList {
    let mut builder = PatternList::builder(options);
    for (line, (pattern, value)) in (1..).zip(entries) {
        let value = Some(value.as_bytes());
        builder.add(pattern.as_bytes(), value, line).unwrap();
    }
    builder.finish().unwrap()
}

/// The value that a text maps to.
fn value_of<'a>(list: &'a PatternList, text: &str) -> Option<&'a str> {
    value(list, Input::Bytes(text.as_bytes()))
}

fn value<'a>(list: &'a PatternList, input: Input<'_>) -> Option<&'a str> {
    let value = list.lookup(input)?.value().unwrap_or_default();
    Some(std::str::from_utf8(value).unwrap())
}
