//! Rules that choose: `use_backend`, `use-server`, `force-persist`, `ignore-persist`, and
//! `monitor fail`.

use super::draft::{ProxyContext, Reference};
use super::order::RuleStage;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{
    Persist, PersistRule, ServerRule, ServerTarget, SwitchRule, SwitchTarget,
};
use crate::config::word::Word;
use crate::sample::acl::Condition;
use crate::sample::arg::Late;
use crate::sample::format::{Format, Purpose};
use crate::sample::parse_condition;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "force-persist",
        sections: Sections::PROXY,
        usage: "force-persist {if | unless} <condition>",
        doc: "Keeps to a persistent server even when it is down.",
        since: "1.4",
        negatable: false,
        parse: |context, line| persist(context, line, Persist::Forced),
    },
    Keyword {
        name: "ignore-persist",
        sections: Sections::PROXY,
        usage: "ignore-persist {if | unless} <condition>",
        doc: "Lets persistence count for nothing.",
        since: "1.4",
        negatable: false,
        parse: |context, line| persist(context, line, Persist::Ignored),
    },
    Keyword {
        name: "monitor fail",
        sections: Sections::FRONT,
        usage: "monitor fail {if | unless} <condition>",
        doc: "Answers the monitor URI with 503 while the condition holds.",
        since: "1.3",
        negatable: false,
        parse: monitor_fail,
    },
    Keyword {
        name: "use-server",
        sections: Sections::BACK,
        usage: "use-server {<server> | <format>} {if | unless} <condition>",
        doc: "Names the server of the requests that meet a condition.",
        since: "1.5",
        negatable: false,
        parse: use_server,
    },
    Keyword {
        name: "use_backend",
        sections: Sections::FRONT,
        usage: "use_backend {<backend> | <format>} [{if | unless} <condition>]",
        doc: "Names the backend of the requests that meet a condition.",
        since: "1.3",
        negatable: false,
        parse: use_backend,
    },
];

fn use_backend(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.get(1).filter(|word| !word.is_empty());
    let word = word.ok_or_else(|| {
        let message = "'use_backend' expects a backend name.";
        line.words.error(1, message)
    })?;
    if let Some(other) = line.words.get(2)
        && !matches!(other.text(), "if" | "unless")
    {
        let message = format!(
            "unexpected keyword '{}' after switching rule, only 'if' and 'unless' are allowed.",
            other.text()
        );
        return Err(other.error(message));
    }
    let target = match is_format(word) {
        true => {
            let name = word.text();
            let what = format!("failed to parse use_backend rule '{name}'");
            SwitchTarget::Format(format(context, word, &what)?)
        }
        false => {
            let late = Late::new();
            let reference = reference(word)?;
            context.draft.used_backends.push((reference, late.clone()));
            SwitchTarget::Backend(late)
        }
    };
    let condition = parse_condition(&mut context.language, &line.words, 2)?;
    context.draft.proxy.switch_rules.push(SwitchRule {
        target,
        condition,
        place: line.place,
    });
    context.note_rule(RuleStage::UseBackend, line);
    Ok(())
}

fn use_server(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.get(1).filter(|word| !word.is_empty());
    let word = word.ok_or_else(|| {
        let message = "'use-server' expects a server name.";
        line.words.error(1, message)
    })?;
    let condition = required_condition(context, line, 2)?;
    let target = match is_format(word) {
        true => {
            let name = word.text();
            let what = format!("use-server rule failed to parse log-format '{name}'");
            ServerTarget::Format(format(context, word, &what)?)
        }
        false => {
            let late = Late::new();
            let reference = reference(word)?;
            context.draft.used_servers.push((reference, late.clone()));
            ServerTarget::Server(late)
        }
    };
    context.draft.proxy.server_rules.push(ServerRule {
        target,
        condition: Some(condition),
        place: line.place,
    });
    context.note_rule(RuleStage::UseServer, line);
    Ok(())
}

fn persist(context: &mut ProxyContext, line: &Line, persist: Persist) -> Parse<()> {
    let condition = required_condition(context, line, 1)?;
    let rule = PersistRule { persist, condition };
    context.draft.proxy.persist_rules.push(rule);
    Ok(())
}

fn monitor_fail(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let condition = required_condition(context, line, 2)?;
    context.draft.proxy.monitor_fail.push(condition);
    context.note_rule(RuleStage::MonitorFail, line);
    Ok(())
}

/// The condition from word `at` on, which must be there.
pub(super) fn required_condition(
    context: &mut ProxyContext,
    line: &Line,
    at: usize,
) -> Parse<Condition> {
    let begins = line.words.is(at, "if") || line.words.is(at, "unless");
    let condition = match begins {
        true => parse_condition(&mut context.language, &line.words, at)?,
        false => None,
    };
    condition.ok_or_else(|| {
        let name = line.words.name();
        let message = format!("'{name}' requires either 'if' or 'unless' followed by a condition.");
        line.words.error(at, message)
    })
}

/// A name that is resolved once all files are read.
fn reference(word: &Word) -> Parse<Reference> {
    Ok(Reference {
        name: word.utf8()?.to_owned(),
        span: word.span(),
    })
}

/// A name with a variable in it is rendered for each request.
fn is_format(word: &Word) -> bool {
    word.bytes().contains(&b'%')
}

fn format(context: &mut ProxyContext, word: &Word, what: &str) -> Parse<Format> {
    Format::parse(
        &mut context.language,
        word.bytes(),
        word.span(),
        Purpose::Http,
    )
    .map_err(|error| super::parameter::owned_by(what, error))
}
