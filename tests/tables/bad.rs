//! Bad lines for whatever the tables hold, made from what each entry says about itself.
//!
//! Owns how a line is made wrong, one fault at a time: a missing argument, one too many, a
//! value that cannot be, a parenthesis that does not close, a name that is nearly right.

use weir::config::keyword::{KeywordInfo, Sections};
use weir::config::model::RuleSet;
use weir::config::tables::{Entry, Kind, entries};
use weir::sample::arg::{ArgKind, ArgSpec};

use crate::usage;

/// A line, and the section it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) section: &'static str,
    pub(crate) text: String,
}

/// Lines about this entry that are refused, each for one reason.
pub(crate) fn bad_lines(entry: &Entry) -> Vec<Line> {
    match entry.kind {
        Kind::Keyword(info) => bad_keywords(&info),
        Kind::Parameter(owner) => bad_parameters(entry, owner),
        Kind::Action(sets) => rule_sets(sets)
            .flat_map(|set| bad_actions(entry, set))
            .collect(),
        Kind::Fetch(args, _) => bad_calls(entry.name, args)
            .into_iter()
            .map(|call| in_listen(format!("acl bad {call} -m found")))
            .collect(),
        Kind::Converter(args, ..) => bad_calls(entry.name, args)
            .into_iter()
            .map(|call| in_listen(format!("acl bad str(1),{call} -m found")))
            .collect(),
        Kind::Variable => ["%{Q", "%{+Q}", "%QQ"]
            .map(|before| {
                in_listen(format!(
                    "http-request set-header x {before}{}QQ",
                    entry.name
                ))
            })
            .into(),
    }
}

/// The rules of this action in every set it may stand in, as its usage writes them.
pub(crate) fn good_rules(entry: &Entry) -> Vec<Line> {
    let Kind::Action(sets) = entry.kind else {
        return Vec::new();
    };
    rule_sets(sets)
        .map(|set| in_listen(format!("{} {}", set.name(), usage::filled(&entry.usage))))
        .collect()
}

/// Those sets whose rules are a name, an action and a condition, where they are known.
fn rule_sets(sets: &'static [RuleSet]) -> impl Iterator<Item = RuleSet> {
    let keywords: Vec<&str> = entries()
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::Keyword(_)))
        .map(|entry| entry.name)
        .collect();
    sets.iter().copied().filter(move |set| {
        let begins = |name: &&str| {
            let rest = set.name().strip_prefix(*name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        *set != RuleSet::Redirect && keywords.iter().any(begins)
    })
}

fn in_listen(text: String) -> Line {
    let section = "listen";
    Line { section, text }
}

fn bad_keywords(info: &KeywordInfo) -> Vec<Line> {
    let (name, section) = (info.name, section_of(info.sections));
    let mut texts = Vec::new();
    if usage::has_required(info.usage, name) {
        texts.push(name.to_owned());
    }
    if info.usage == name {
        texts.push(format!("{name} surplus"));
    }
    if !info.negatable {
        texts.push(format!("no {}", usage::filled(info.usage)));
        texts.push(format!("default {}", usage::filled(info.usage)));
    }
    if info.usage.contains("[<") && texts.is_empty() {
        texts.push(format!("{name} 12garbage!"));
    }
    let required = usage::required(info.usage);
    if let Some((before, placeholder)) = required.rsplit_once(' ')
        && NUMBERS.contains(&placeholder)
    {
        texts.push(format!("{before} 12garbage!"));
    }
    let line = |text| Line { section, text };
    texts.into_iter().map(line).collect()
}

/// The section to write a keyword in.
fn section_of(sections: Sections) -> &'static str {
    let names: Vec<_> = sections.names().collect();
    let preferred = ["listen", "frontend", "backend"];
    let found = preferred.into_iter().find(|name| names.contains(name));
    found.or(names.first().copied()).unwrap_or("listen")
}

fn bad_parameters(entry: &Entry, owner: &str) -> Vec<Line> {
    let before = match owner {
        "bind" => "bind 127.0.0.1:2",
        _ => "server two 127.0.0.1:3",
    };
    let name = entry.name;
    let mut texts = vec![format!("{name}q9")];
    if usage::has_required(&entry.usage, name) {
        texts.push(name.to_owned());
    }
    let required = usage::required(&entry.usage);
    if let Some((_, placeholder)) = required.split_once(' ')
        && NUMBERS.contains(&placeholder)
    {
        texts.push(format!("{name} 12garbage!"));
    }
    let line = |text| in_listen(format!("{before} {text}"));
    texts.into_iter().map(line).collect()
}

fn bad_actions(entry: &Entry, set: RuleSet) -> Vec<Line> {
    let (name, good) = (entry.name, usage::filled(&entry.usage));
    let required = usage::required(&entry.usage);
    let mut texts = vec![
        format!("{good} surplus!"),
        format!("{good} if no_such_acl"),
        format!("{good} if {{ no_such_fetch }}"),
        format!("{good} if {{ always_true"),
        format!("{good} unless"),
        format!("{good} if !"),
        format!("{name}q9"),
        format!("{name}("),
    ];
    if usage::has_required(&entry.usage, name) {
        texts.push(name.to_owned());
        texts.push(format!("{name} if always_true"));
    }
    if required.contains("(<") {
        texts.push(good.replacen("txn.name", "nowhere.name", 1));
        texts.push(good.replacen("txn.name)", "txn.name", 1));
        texts.push(good.replacen("(txn.name)", "()", 1));
    }
    for (placeholder, garbage) in GARBAGE {
        if required.split(' ').any(|word| word == *placeholder) {
            let wrong = required.replacen(placeholder, garbage, 1);
            texts.push(usage::filled(&wrong));
        }
    }
    let line = |text| in_listen(format!("{} {text}", set.name()));
    texts.into_iter().map(line).collect()
}

/// Uses of a fetch or converter that are wrong.
fn bad_calls(name: &str, args: ArgSpec) -> Vec<String> {
    let listed = |count: usize| {
        let kinds = args.kinds.iter().take(count);
        kinds.map(|kind| right(*kind)).collect::<Vec<_>>().join(",")
    };
    let mut calls = vec![
        format!("{name}("),
        format!("{name}(1"),
        format!("{name}(\"1)"),
        format!("{name}({},x)", listed(args.kinds.len())).replace("(,", "("),
        format!("{name}({})garbage", listed(args.required)),
        format!("{name}({}),", listed(args.required)),
        format!("{name}({}),no_such_converter", listed(args.required)),
        format!("{name}q9"),
    ];
    if args.required > 0 {
        calls.push(name.to_owned());
        calls.push(format!("{name}()"));
    }
    if args.required > 1 {
        calls.push(format!("{name}({})", listed(args.required - 1)));
    }
    for (index, kind) in args.kinds.iter().enumerate() {
        if let Some(garbage) = garbage_for(*kind) {
            let before = match index {
                0 => String::new(),
                count => listed(count) + ",",
            };
            calls.push(format!("{name}({before}{garbage})"));
        }
    }
    calls
}

/// What an argument of this kind can be; names are those of the file around the line.
const fn right(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Str
        | ArgKind::StrOrVariable
        | ArgKind::Int
        | ArgKind::IntOrVariable
        | ArgKind::Time
        | ArgKind::Size => "1",
        ArgKind::Ip => "10.0.0.1",
        ArgKind::Mask4 => "24",
        ArgKind::Mask6 => "64",
        ArgKind::Variable => "txn.a",
        ArgKind::Frontend => "front",
        ArgKind::Backend | ArgKind::Table => "main",
        ArgKind::Server => "one",
        ArgKind::Userlist => "people",
    }
}

/// Text that an argument of this kind cannot be; any text may be a string.
const fn garbage_for(kind: ArgKind) -> Option<&'static str> {
    match kind {
        ArgKind::Str | ArgKind::StrOrVariable => None,
        ArgKind::Int | ArgKind::Time | ArgKind::Size => Some("12garbage!"),
        ArgKind::Ip | ArgKind::Mask4 | ArgKind::Mask6 => Some("1.2.3.400"),
        ArgKind::Variable | ArgKind::IntOrVariable => Some("nowhere.name"),
        ArgKind::Frontend
        | ArgKind::Backend
        | ArgKind::Server
        | ArgKind::Userlist
        | ArgKind::Table => Some("nowhere"),
    }
}

/// Placeholders of numbers.
const NUMBERS: &[&str] = &[
    "<number>",
    "<count>",
    "<time>",
    "<size>",
    "<percent>",
    "<code>",
];

/// What placeholders of rules cannot be.
const GARBAGE: &[(&str, &str)] = &[
    ("<format>", "%[no_such_fetch]"),
    ("<format>", "%[str(a)"),
    ("<fmt>", "%[no_such_fetch]"),
    ("<expression>", "no_such_fetch"),
    ("<expression>", "str(a),no_such_converter"),
    ("<expr>", "no_such_fetch"),
    ("<regex>", "a(b"),
    ("<status>", "12garbage!"),
    ("<code>", "12garbage!"),
    ("<mark>", "12garbage!"),
    ("<tos>", "12garbage!"),
    ("<nice>", "12garbage!"),
];
