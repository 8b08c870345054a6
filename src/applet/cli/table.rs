//! The table of all commands, how they are found, and the help that it makes.
//!
//! Sorted by their words. A line is a call of the command with the most leading words in
//! common; what it makes of the rest is its own business.

use std::fmt::Write;

use super::command::{Answer, Call, Command};
use super::{activity, control, errors, frontend, info, limit, sess, stat};
use crate::config::model::CliLevel;
use crate::config::suggest;
use CliLevel::{Admin, Operator, User};

/// The commands.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        words: &["clear", "counters"],
        level: Operator,
        usage: "clear counters [all]",
        doc: "forget the maxima, or all counters",
        since: "1.3",
        start: control::clear_counters,
    },
    Command {
        words: &["disable", "frontend"],
        level: Admin,
        usage: "disable frontend <frontend>",
        doc: "stop listening, so that another process may",
        since: "1.5",
        start: frontend::disable_frontend,
    },
    Command {
        words: &["disable", "server"],
        level: Admin,
        usage: "disable server <bk>/<srv>",
        doc: "put a server into maintenance",
        since: "1.4",
        start: control::disable_server,
    },
    Command {
        words: &["enable", "frontend"],
        level: Admin,
        usage: "enable frontend <frontend>",
        doc: "listen again",
        since: "1.5",
        start: frontend::enable_frontend,
    },
    Command {
        words: &["enable", "server"],
        level: Admin,
        usage: "enable server <bk>/<srv>",
        doc: "take a server out of maintenance",
        since: "1.4",
        start: control::enable_server,
    },
    Command {
        words: &["get", "weight"],
        level: User,
        usage: "get weight <bk>/<srv>",
        doc: "show the weight of a server, and the configured one",
        since: "1.4",
        start: control::get_weight,
    },
    Command {
        words: &["help"],
        level: User,
        usage: "help [<command>]",
        doc: "list all commands, or those that begin so",
        since: "1.3",
        start: help,
    },
    Command {
        words: &["operator"],
        level: Operator,
        usage: "operator",
        doc: "go down to the rights of an operator",
        since: "2.0",
        start: |call| lower(call, Operator),
    },
    Command {
        words: &["prompt"],
        level: User,
        usage: "prompt",
        doc: "write a prompt and stay connected, or no more",
        since: "1.3",
        start: prompt,
    },
    Command {
        words: &["quit"],
        level: User,
        usage: "quit",
        doc: "end the connection",
        since: "1.3",
        start: |_| Answer::Quit,
    },
    Command {
        words: &["set", "maxconn", "frontend"],
        level: Admin,
        usage: "set maxconn frontend <frontend> <n>",
        doc: "change how many connections a frontend holds",
        since: "1.5",
        start: limit::set_maxconn_frontend,
    },
    Command {
        words: &["set", "maxconn", "global"],
        level: Admin,
        usage: "set maxconn global <n>",
        doc: "change how many connections the process holds",
        since: "1.5",
        start: limit::set_maxconn_global,
    },
    Command {
        words: &["set", "maxconn", "server"],
        level: Admin,
        usage: "set maxconn server <bk>/<srv> <n>",
        doc: "change how many sessions a server gets",
        since: "1.6",
        start: limit::set_maxconn_server,
    },
    Command {
        words: &["set", "rate-limit"],
        level: Admin,
        usage: "set rate-limit <setting> <n>",
        doc: "change a limit per second",
        since: "1.5",
        start: limit::set_rate_limit,
    },
    Command {
        words: &["set", "server"],
        level: Admin,
        usage: "set server <bk>/<srv> [state|weight]",
        doc: "change the state or weight of a server",
        since: "1.6",
        start: control::set_server,
    },
    Command {
        words: &["set", "timeout"],
        level: User,
        usage: "set timeout cli <delay>",
        doc: "change how long this connection may idle",
        since: "1.4",
        start: limit::set_timeout,
    },
    Command {
        words: &["set", "weight"],
        level: Admin,
        usage: "set weight <bk>/<srv> <n>[%]",
        doc: "change the weight of a server",
        since: "1.4",
        start: control::set_weight,
    },
    Command {
        words: &["show", "activity"],
        level: User,
        usage: "show activity",
        doc: "count what the event loop did",
        since: "1.9",
        start: activity::show_activity,
    },
    Command {
        words: &["show", "cli", "level"],
        level: User,
        usage: "show cli level",
        doc: "show the rights of this connection",
        since: "1.9",
        start: activity::show_cli_level,
    },
    Command {
        words: &["show", "cli", "sockets"],
        level: User,
        usage: "show cli sockets",
        doc: "list the command sockets",
        since: "1.8",
        start: activity::show_cli_sockets,
    },
    Command {
        words: &["show", "env"],
        level: Operator,
        usage: "show env [<name>]",
        doc: "list the environment of the process",
        since: "1.6",
        start: activity::show_env,
    },
    Command {
        words: &["show", "errors"],
        level: Operator,
        usage: "show errors [<px>] [request|response]",
        doc: "show the last invalid messages of each proxy",
        since: "1.4",
        start: errors::show_errors,
    },
    Command {
        words: &["show", "fd"],
        level: Operator,
        usage: "show fd [<number>]",
        doc: "list descriptors and what waits for them",
        since: "1.8",
        start: activity::show_fd,
    },
    Command {
        words: &["show", "info"],
        level: User,
        usage: "show info [desc|json|typed|float]*",
        doc: "show what the process is and does",
        since: "1.3",
        start: info::show_info,
    },
    Command {
        words: &["show", "pools"],
        level: User,
        usage: "show pools",
        doc: "show the memory held in pools",
        since: "1.5",
        start: activity::show_pools,
    },
    Command {
        words: &["show", "sess"],
        level: Operator,
        usage: "show sess [<id>|all]",
        doc: "list the sessions, or show one or all closely",
        since: "1.3",
        start: sess::show_sess,
    },
    Command {
        words: &["show", "stat"],
        level: User,
        usage: "show stat [<px> <ty> <id>] [<option>]*",
        doc: "count the traffic of proxies and servers",
        since: "1.3",
        start: stat::show_stat,
    },
    Command {
        words: &["show", "version"],
        level: User,
        usage: "show version",
        doc: "show the version",
        since: "2.6",
        start: activity::show_version,
    },
    Command {
        words: &["shutdown", "frontend"],
        level: Admin,
        usage: "shutdown frontend <frontend>",
        doc: "stop a frontend for good",
        since: "1.5",
        start: frontend::shutdown_frontend,
    },
    Command {
        words: &["shutdown", "session"],
        level: Admin,
        usage: "shutdown session <id>",
        doc: "end a session",
        since: "1.5",
        start: sess::shutdown_session,
    },
    Command {
        words: &["shutdown", "sessions", "server"],
        level: Admin,
        usage: "shutdown sessions server <bk>/<srv>",
        doc: "end all sessions of a server",
        since: "1.5",
        start: sess::shutdown_sessions_server,
    },
    Command {
        words: &["user"],
        level: User,
        usage: "user",
        doc: "go down to the rights of a user",
        since: "2.0",
        start: |call| lower(call, User),
    },
];

/// Carries out the command that a line calls.
pub(super) fn call(call: &mut Call<'_>) -> Answer {
    let words = call.words.from(0);
    let Some(command) = find(words) else {
        let meant = similar(words);
        let title = match meant {
            Some(_) => UNKNOWN_BUT_SIMILAR,
            None => UNKNOWN,
        };
        return Answer::Text(list(title, meant.as_deref(), call.terms.level));
    };
    if call.terms.level < command.level {
        return Answer::text("Permission denied\n");
    }
    (command.start)(call)
}

/// The command with the most words, all of which the line begins with.
fn find(words: &[String]) -> Option<&'static Command> {
    let matching = COMMANDS
        .iter()
        .filter(|command| begins_with(words, command.words));
    matching.max_by_key(|command| command.words.len())
}

fn begins_with(words: &[String], start: &[&str]) -> bool {
    words.len() >= start.len() && words.iter().zip(start).all(|(word, wanted)| word == wanted)
}

fn help(call: &mut Call<'_>) -> Answer {
    let title = "The following commands are valid at this level:\n";
    let meant = similar(call.words.from(1));
    Answer::Text(list(title, meant.as_deref(), call.terms.level))
}

fn prompt(call: &mut Call<'_>) -> Answer {
    call.terms.has_prompt = !call.terms.has_prompt;
    Answer::Silent
}

fn lower(call: &mut Call<'_>, level: CliLevel) -> Answer {
    call.terms.level = level;
    Answer::Silent
}

/// The commands that were meant, all for `None`, as far as the level reaches; and how to get
/// on from there.
fn list(title: &str, meant: Option<&[&'static Command]>, level: CliLevel) -> String {
    let mut text = title.to_owned();
    let is_shown = |command: &&Command| {
        command.level <= level
            && !is_basic(command)
            && meant.is_none_or(|meant| meant.iter().any(|one| one.words == command.words))
    };
    let basic = COMMANDS.iter().filter(|command| is_basic(command));
    for command in COMMANDS.iter().filter(is_shown).chain(basic) {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "  {:<40}: {} [{}]",
            command.usage, command.doc, command.since
        );
    }
    text
}

/// Commands that every list ends with.
fn is_basic(command: &Command) -> bool {
    matches!(command.words, ["help" | "prompt" | "quit"])
}

/// The commands that share the most leading words with a line, the last of them perhaps cut
/// short; or those whose first word is spelt nearly like the line's.
fn similar(words: &[String]) -> Option<Vec<&'static Command>> {
    let first = words.first()?;
    let shared = |command: &Command, first: &str| {
        let given = std::iter::once(first).chain(words.iter().skip(1).map(String::as_str));
        given
            .zip(command.words)
            .take_while(|(word, wanted)| !word.is_empty() && wanted.starts_with(*word))
            .count()
    };
    let best_of = |first: &str| {
        let most = COMMANDS
            .iter()
            .map(|command| shared(command, first))
            .max()?;
        let best = COMMANDS
            .iter()
            .filter(|command| shared(command, first) == most);
        (most > 0).then(|| best.collect())
    };
    best_of(first).or_else(|| {
        let names = COMMANDS
            .iter()
            .filter_map(|command| command.words.first().copied());
        best_of(suggest::closest(first, names)?)
    })
}

const UNKNOWN: &str = "Unknown command. Please enter one of the following commands only:\n";
const UNKNOWN_BUT_SIMILAR: &str =
    "Unknown command, but maybe one of the following ones is a better match:\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<String> {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(
            COMMANDS
                .windows(2)
                .all(|pair| pair[0].words < pair[1].words)
        );
        for command in COMMANDS {
            assert!(
                command.usage.starts_with(&command.words.join(" ")),
                "{}",
                command.usage
            );
            assert!(!command.doc.is_empty() && !command.since.is_empty());
        }
    }

    #[test]
    fn the_longest_match_is_called() {
        let found = |text: &str| find(&line(text)).map(|command| command.words);
        assert_eq!(
            found("show cli level x"),
            Some(&["show", "cli", "level"][..])
        );
        assert_eq!(
            found("shutdown sessions server a/b"),
            Some(COMMANDS[30].words)
        );
        assert_eq!(found("shutdown sessions"), None);
        assert_eq!(found("show"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn unknown_words_bring_up_what_was_meant() {
        let names = |text: &str| -> Option<Vec<String>> {
            let commands = similar(&line(text))?;
            Some(
                commands
                    .iter()
                    .map(|command| command.words.join(" "))
                    .collect(),
            )
        };
        assert_eq!(
            names("show cli"),
            Some(vec!["show cli level".into(), "show cli sockets".into()])
        );
        assert_eq!(names("sh inf"), Some(vec!["show info".into()]));
        assert_eq!(names("qiut"), Some(vec!["quit".into()]));
        assert_eq!(names("no-such-command"), None);
    }

    #[test]
    fn a_list_shows_what_the_level_may_use() {
        let text = list("", None, User);
        assert!(text.contains("show info") && !text.contains("set weight"));
        assert!(list("", None, Admin).contains("set weight"));
        let some = similar(&line("show cli"));
        let basic = list("", Some(&[]), User);
        assert_eq!(basic.lines().count(), 3);
        assert!(list("", some.as_deref(), User).ends_with(&basic));
    }
}
