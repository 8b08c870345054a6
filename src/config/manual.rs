//! The reference text and keyword list, printed from the tables that the parser uses.
//!
//! `-dK` prints [`keyword_list`], `--manual [keyword]` prints [`manual`].

use std::fmt::Write as _;

use super::keyword::KeywordInfo;
use super::section::{self, SECTIONS};
use super::suggest;
use super::tables::{self, Entry, Kind};
use crate::sample::arg::ArgSpec;

/// What is known, one per line, as scripts and completion read it: of the `classes`, which
/// commas separate (`cfg,smp`), or of all. As in HAProxy, `help` lists the classes, and one
/// that is not known lists nothing.
pub fn keyword_list(classes: &str) -> String {
    let mut output = String::new();
    let is_all = classes.is_empty() || classes.split(',').any(|class| class == "all");
    if classes.split(',').any(|class| class == "help") {
        output.push_str("# List of supported keyword classes:\nall: list all keywords\n");
        for (class, title, _) in CLASSES {
            let _ = writeln!(output, "{class}: {title}");
        }
    }
    for (class, title, list) in CLASSES {
        if is_all || classes.split(',').any(|wanted| wanted == *class) {
            let _ = writeln!(output, "# List of registered {title}:");
            list(&mut output);
        }
    }
    output
}

/// Every section with its keywords; behind them the parameters and actions of their lines.
fn list_sections(output: &mut String) {
    let entries = tables::entries();
    for section in SECTIONS {
        let _ = writeln!(output, "{}", section.name);
        let keywords = keywords_of(section.kind);
        for info in &keywords {
            let prefix = if info.negatable { "[no|default] " } else { "" };
            let _ = writeln!(output, "\t{prefix}{}", info.name);
        }
        let is_known = |name: &str| {
            let mut names = keywords.iter().map(|info| info.name);
            // `tcp-request` is one keyword, `tcp-request content` a set of rules.
            names.any(|known| {
                let rest = name.strip_prefix(known);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        };
        for entry in &entries {
            match entry.kind {
                Kind::Parameter("bind") if is_known("bind") => {
                    let _ = writeln!(output, "\tbind <address> {}", entry.name);
                }
                Kind::Parameter(owner) if is_known(owner) => {
                    let _ = writeln!(output, "\t{owner} <name> <address> {}", entry.name);
                }
                Kind::Action(sets) => {
                    for set in sets.iter().filter(|set| is_known(set.name())) {
                        let _ = writeln!(output, "\t{} {}", set.name(), entry.name);
                    }
                }
                Kind::Parameter(_)
                | Kind::Keyword(_)
                | Kind::Fetch(..)
                | Kind::Converter(..)
                | Kind::Variable => {}
            }
        }
    }
}

fn list_fetches(output: &mut String) {
    list_sorted(output, |entry| match entry.kind {
        Kind::Fetch(args, result) => Some((args, result.name().to_owned())),
        _ => None,
    });
}

fn list_converters(output: &mut String) {
    list_sorted(output, |entry| match entry.kind {
        Kind::Converter(args, input, result) => {
            Some((args, format!("{} => {}", input.name(), result.name())))
        }
        _ => None,
    });
}

/// The entries that `signature` knows by name, with their arguments and types.
fn list_sorted(output: &mut String, signature: impl Fn(&Entry) -> Option<(ArgSpec, String)>) {
    let mut entries = tables::entries();
    entries.sort_by_key(|entry| entry.name);
    for entry in &entries {
        if let Some((args, types)) = signature(entry) {
            let _ = writeln!(output, "{}{}: {types}", entry.name, arguments(args));
        }
    }
}

/// The types of the arguments: `(string[,integer])`.
fn arguments(args: ArgSpec) -> String {
    if args.kinds.is_empty() {
        return String::new();
    }
    let mut text = String::from("(");
    for (index, kind) in args.kinds.iter().enumerate() {
        if index == args.required {
            text.push('[');
        }
        if index > 0 {
            text.push(',');
        }
        text.push_str(kind.name());
    }
    if args.required < args.kinds.len() {
        text.push(']');
    }
    text + ")"
}

fn list_variables(output: &mut String) {
    let entries = tables::entries().into_iter();
    for entry in entries.filter(|entry| matches!(entry.kind, Kind::Variable)) {
        let _ = writeln!(output, "{}", entry.usage);
    }
}

/// The reference text: of everything, of a section or table, or of what has the name
/// `topic` or one that begins with it. The error names what is close to an unknown topic.
pub fn manual(topic: Option<&str>) -> Result<String, String> {
    let Some(topic) = topic else {
        let sections = SECTIONS.iter().map(|section| section_text(section));
        let entries = tables::entries();
        let others = entries
            .iter()
            .filter(|entry| !matches!(entry.kind, Kind::Keyword(_)));
        return Ok(sections.chain(others.map(entry_text)).collect());
    };
    let topic = topic.strip_prefix('%').unwrap_or(topic);
    let all = tables::entries();
    let is_meant = |entry: &&Entry| {
        let rest = entry.name.strip_prefix(topic);
        entry.kind.table() == topic
            || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.']))
    };
    let entries: Vec<String> = all.iter().filter(is_meant).map(entry_text).collect();
    let section = section::section_named(topic).map(section_text);
    if section.is_some() || !entries.is_empty() {
        return Ok(section.unwrap_or_default() + &entries.concat());
    }
    let mut message = format!("unknown keyword '{topic}'");
    if let Some(close) = suggest::closest(topic, all.iter().map(|entry| entry.name)) {
        let _ = write!(message, "; did you mean '{close}'?");
    }
    Err(message)
}

fn section_text(section: &section::Section) -> String {
    let mut output = format!("{}\n    {}\n\n", section.usage, section.doc);
    for info in keywords_of(section.kind) {
        output.push_str(&entry_text(&tables::keyword(info)));
    }
    output
}

fn entry_text(entry: &Entry) -> String {
    let Entry { usage, doc, .. } = entry;
    format!("{usage}\n    {doc}\n    {}\n\n", entry.kind.detail())
}

/// The keywords of a section, by name.
fn keywords_of(kind: super::keyword::Sections) -> Vec<KeywordInfo> {
    let mut keywords = section::all_keywords();
    keywords.retain(|info| info.sections.overlaps(kind));
    keywords.sort_by_key(|info| info.name);
    keywords
}

/// A class of `-dK`: name, title, list. HAProxy's names, and `var` besides.
type Class = (&'static str, &'static str, fn(&mut String));

const CLASSES: &[Class] = &[
    ("cfg", "configuration keywords", list_sections),
    ("cnv", "sample converter functions", list_converters),
    ("smp", "sample fetch functions", list_fetches),
    ("var", "variables of formats", list_variables),
];

#[cfg(test)]
mod tests;
