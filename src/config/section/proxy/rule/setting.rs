//! Actions that set something that belongs to the session: variables.

use super::ActionKeyword;
use crate::config::model::{Action, RuleSet, Setting};

const ALL: &[RuleSet] = &[
    RuleSet::TcpConnection,
    RuleSet::TcpSession,
    RuleSet::TcpContent,
    RuleSet::TcpResponse,
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
    RuleSet::HttpAfterResponse,
];

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "set-var",
        sets: ALL,
        usage: "set-var(<name>) <expression>",
        doc: "Sets a variable to the value of an expression.",
        parse: |reader| {
            let variable = reader.variable()?;
            Ok(Action::Set(Setting::Variable(
                variable,
                reader.expression()?,
            )))
        },
    },
    ActionKeyword {
        name: "set-var-fmt",
        sets: ALL,
        usage: "set-var-fmt(<name>) <format>",
        doc: "Sets a variable to a rendered format.",
        parse: |reader| {
            let variable = reader.variable()?;
            let format = reader.format("a format")?;
            Ok(Action::Set(Setting::VariableFormat(variable, format)))
        },
    },
    ActionKeyword {
        name: "unset-var",
        sets: ALL,
        usage: "unset-var(<name>)",
        doc: "Takes a variable's value away.",
        parse: |reader| Ok(Action::Set(Setting::Unset(reader.variable()?))),
    },
];
