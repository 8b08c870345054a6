//! Actions that change the patterns of ACLs and maps, by the name of their file.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, PatternChange, RuleSet};
use crate::sample::language::PatternId;

const MESSAGES: &[RuleSet] = &[RuleSet::HttpRequest, RuleSet::HttpResponse];

/// The patterns of the file between the parentheses.
fn patterns(reader: &mut RuleReader<'_>) -> Parse<PatternId> {
    let Some(file) = reader.argument.filter(|file| !file.is_empty()) else {
        let at = reader.at.saturating_sub(1);
        let message = "the name of a file is expected, as in 'add-acl(file)'";
        return Err(reader.words.error(at, message));
    };
    Ok(reader.context.language.patterns_named(file))
}

fn delete(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let id = patterns(reader)?;
    let key = reader.format("a key")?;
    Ok(Action::Patterns(PatternChange::Delete(id, key)))
}

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "add-acl",
        sets: MESSAGES,
        usage: "add-acl(<file>) <key format>",
        doc: "Adds a pattern to the ACLs of a file.",
        parse: |reader| {
            let id = patterns(reader)?;
            let key = reader.format("a key")?;
            Ok(Action::Patterns(PatternChange::Add(id, key)))
        },
    },
    ActionKeyword {
        name: "del-acl",
        sets: MESSAGES,
        usage: "del-acl(<file>) <key format>",
        doc: "Deletes a pattern from the ACLs of a file.",
        parse: delete,
    },
    ActionKeyword {
        name: "del-map",
        sets: MESSAGES,
        usage: "del-map(<file>) <key format>",
        doc: "Deletes an entry from the maps of a file.",
        parse: delete,
    },
    ActionKeyword {
        name: "set-map",
        sets: MESSAGES,
        usage: "set-map(<file>) <key format> <value format>",
        doc: "Gives an entry of the maps of a file a value, adding it where it is missing.",
        parse: |reader| {
            let id = patterns(reader)?;
            let key = reader.format("a key")?;
            let value = reader.format("a value")?;
            Ok(Action::Patterns(PatternChange::SetMap(id, key, value)))
        },
    },
];
