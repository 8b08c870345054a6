//! Keywords that any proxy understands: what it is called, how it relays, what it logs.

use super::draft::ProxyContext;
use super::process_set;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Prefix, Sections};
use crate::config::model::Mode;
use crate::config::section::log::parse_log;
use crate::config::unit::Unit;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "bind-process",
        sections: Sections::ANY_PROXY,
        usage: "bind-process all|odd|even|<number>[-<number>]...",
        doc: "Restricts the section to some of the processes that nbproc starts.",
        since: "1.1",
        negatable: false,
        parse: parse_bind_process,
    },
    Keyword {
        name: "description",
        sections: Sections::PROXY,
        usage: "description <text>",
        doc: "Describes the section on the statistics page.",
        since: "1.4",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.description = Some(line.words.joined(1)?);
            Ok(())
        },
    },
    Keyword {
        name: "disabled",
        sections: Sections::ANY_PROXY,
        usage: "disabled",
        doc: "Neither listens nor serves: the section is only read.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            line.words.end(1)?;
            context.draft.proxy.disabled = true;
            Ok(())
        },
    },
    Keyword {
        name: "enabled",
        sections: Sections::ANY_PROXY,
        usage: "enabled",
        doc: "Undoes a 'disabled' that a defaults section said.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            line.words.end(1)?;
            context.draft.proxy.disabled = false;
            Ok(())
        },
    },
    Keyword {
        name: "grace",
        sections: Sections::ANY_PROXY,
        usage: "grace <time>",
        doc: "Keeps listening this long after a soft stop is asked for.",
        since: "1.0",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.grace_ms = line.words.time(1, Unit::Ms)?;
            line.words.end(2)
        },
    },
    Keyword {
        name: "id",
        sections: Sections::PROXY,
        usage: "id <number>",
        doc: "Gives the section a number of its own, for statistics and commands.",
        since: "1.3",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.numeric_id = line.words.uint(1, 1..=ID_MAX)?;
            context.draft.id_span = Some(line.words.span_at(1));
            line.words.end(2)
        },
    },
    Keyword {
        name: "log",
        sections: Sections::ANY_PROXY,
        usage: "log global | log <target> [len <n>] [format <f>] <facility> [<max> [<min>]]",
        doc: "Adds a destination for traffic logs; 'no log' removes all so far.",
        since: "1.0",
        negatable: true,
        parse: parse_log_line,
    },
    Keyword {
        name: "log-tag",
        sections: Sections::ANY_PROXY,
        usage: "log-tag <text>",
        doc: "Replaces the program's name in the header of log lines.",
        since: "1.4",
        negatable: false,
        parse: |context, line| {
            context.draft.proxy.log.tag = Some(line.words.text(1)?.to_owned());
            line.words.end(2)
        },
    },
    Keyword {
        name: "mode",
        sections: Sections::ANY_PROXY,
        usage: "mode tcp|http|health",
        doc: "Tells whether bytes are relayed or HTTP messages processed.",
        since: "1.0",
        negatable: false,
        parse: parse_mode,
    },
];

fn parse_bind_process(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    line.words.word(1)?;
    context.draft.proxy.process_mask = process_set::parse(line.words.from(1))?;
    Ok(())
}

fn parse_log_line(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let draft = &mut context.draft;
    match line.prefix {
        Prefix::Default => Err(line
            .words
            .keyword_error("log : 'default' has no meaning here")),
        Prefix::No => {
            if line.words.has(1) {
                return Err(line
                    .words
                    .error(1, "log : 'no log' does not expect arguments"));
            }
            draft.proxy.log.targets.clear();
            draft.log_global = false;
            Ok(())
        }
        Prefix::None if line.words.is(1, "global") => {
            draft.log_global = true;
            line.words.end(2)
        }
        Prefix::None => {
            draft.proxy.log.targets.push(parse_log(&line.words)?);
            Ok(())
        }
    }
}

fn parse_mode(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.word(1)?;
    context.draft.proxy.mode = match word.text() {
        "tcp" => Mode::Tcp,
        "http" => Mode::Http,
        "health" => {
            let advice = "'mode health' is deprecated";
            context.warnings.push(
                word.warning(advice)
                    .hint("'http-request return status 200' answers as well"),
            );
            Mode::Health
        }
        other => {
            let message = format!("unknown proxy mode '{other}'.");
            return Err(word.error(message).hint("modes are 'tcp' and 'http'"));
        }
    };
    line.words.end(2)
}

/// Largest identifier: what other programs read into a signed 32-bit number.
pub(super) const ID_MAX: u32 = 2_147_483_647;
