//! The `global` section: process-wide settings.
//!
//! It may come several times; most keywords may be given once, a second time is warned
//! about and ignored. `stats` and `tune.*` have tables of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Build, Section, compression, header_case, stats, tune};
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, KeywordInfo, KeywordList, Line, Prefix, Retired, Sections};
use crate::config::model::{Global, Place, PollerKind};
use crate::config::owner::{self, ID_MAX};
use crate::config::process_set::PROCESSES_MAX;
use crate::config::section::log::parse_log;
use crate::config::unit::Unit;

/// The section.
pub static SECTION: Section = Section {
    name: "global",
    kind: Sections::GLOBAL,
    usage: "global",
    doc: "Process-wide settings.",
    open: |build, line| {
        build.report.note_result(line.words.end(1));
        Ok(())
    },
    line: |build, line| KEYWORDS.dispatch(Sections::GLOBAL, build, line),
    close: |_| Ok(()),
    keywords: infos,
};

/// What is remembered between lines: where each keyword was given.
#[derive(Debug, Default)]
pub struct GlobalState {
    seen: BTreeMap<&'static str, Place>,
    /// `h1-case-adjust-file`.
    pub(super) case_file: Option<header_case::CaseFile>,
}

/// Completes what the section says once all of it is known.
pub(super) fn check(build: &mut Build) {
    header_case::load_file(build);
    let global = &mut build.config.global;
    let tuning = &mut global.tuning;
    tuning.maxrewrite = tuning.maxrewrite.min(tuning.bufsize / 2);
    if global.stats_timeout_ms == 0 {
        global.stats_timeout_ms = STATS_TIMEOUT_MS;
    }
}

/// A keyword of this section.
pub(super) const fn entry(
    name: &'static str,
    usage: &'static str,
    doc: &'static str,
    since: &'static str,
    parse: fn(&mut Build, &Line) -> Parse<()>,
) -> Keyword<Build> {
    Keyword {
        name,
        sections: Sections::GLOBAL,
        usage,
        doc,
        since,
        negatable: false,
        parse,
    }
}

fn infos() -> Vec<KeywordInfo> {
    KEYWORDS.infos().collect()
}

/// Stores `value` unless `key` was given before, which is warned about.
fn once<T>(
    build: &mut Build,
    line: &Line,
    key: &'static str,
    value: T,
    slot: impl FnOnce(&mut Global) -> &mut T,
) -> Parse<()> {
    match build.global.seen.get(key) {
        None => {
            build.global.seen.insert(key, line.place);
            *slot(&mut build.config.global) = value;
        }
        Some(first) => {
            let message = format!("'{key}' already specified. Continuing.");
            let warning = line.words.keyword_warning(message);
            build
                .report
                .push(warning.note_at("the first one counts", *first));
        }
    }
    Ok(())
}

/// The one argument of the line, an unsigned number.
fn number(line: &Line) -> Parse<u32> {
    let value = line.words.uint(1, 0..=u32::MAX)?;
    line.words.end(2)?;
    Ok(value)
}

/// The one argument of the line.
fn one_text(line: &Line) -> Parse<String> {
    let text = line.words.text(1)?.to_owned();
    line.words.end(2)?;
    Ok(text)
}

/// The one argument of the line, a time in milliseconds.
fn one_time(line: &Line) -> Parse<u32> {
    let time_ms = line.words.time(1, Unit::Ms)?;
    line.words.end(2)?;
    Ok(time_ms)
}

fn disable_poller(build: &mut Build, line: &Line, poller: PollerKind) -> Parse<()> {
    line.words.end(1)?;
    build.config.global.disabled_pollers.insert(poller);
    Ok(())
}

fn nbthread(build: &mut Build, line: &Line) -> Parse<()> {
    let count = line.words.uint(1, 1..=PROCESSES_MAX)?;
    line.words.end(2)?;
    if count > 1 {
        let warning = line
            .words
            .warning(1, "'nbthread' has no effect: a process is one thread.");
        build
            .report
            .push(warning.hint("'nbproc' runs several processes"));
    }
    Ok(())
}

fn node(build: &mut Build, line: &Line) -> Parse<()> {
    let name = one_text(line)?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !name.bytes().all(known) {
        let message = "'node' requires valid node name - digits(0-9), letters(A-Z, a-z), dot(.), \
                       hyphen(-) or underscore(_).";
        return Err(line.words.error(1, message));
    }
    once(build, line, "node", Some(name), |global| &mut global.node)
}

fn log_send_hostname(build: &mut Build, line: &Line) -> Parse<()> {
    let name = if line.words.has(1) {
        Some(line.words.text(1)?.to_owned())
    } else {
        None
    };
    line.words.end(2)?;
    build.config.global.log_send_hostname = Some(name);
    Ok(())
}

fn unix_bind(build: &mut Build, line: &Line) -> Parse<()> {
    let words = &line.words;
    let mut defaults = build.unix_defaults.clone();
    let mut index = 1;
    while words.has(index) {
        if words.is(index, "prefix") {
            words.text(index + 1)?.clone_into(&mut defaults.prefix);
        } else if !owner::parse_permission(words, index, &mut defaults.permissions)? {
            let message = "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' \
                           and 'group' options.";
            return Err(words.error(index, message));
        }
        index += 2;
    }
    words.end(index)?;
    build.unix_defaults = defaults;
    Ok(())
}

/// `setenv` and, unless the variable exists, `presetenv`.
fn set_variable(build: &mut Build, line: &Line, replace: bool) -> Parse<()> {
    let name = line.words.text(1)?;
    let value = line.words.bytes(2)?;
    line.words.end(3)?;
    if replace || build.environment.value(name).is_none() {
        build.environment.set(name, value);
    }
    Ok(())
}

/// The texts of all arguments.
fn all_texts(line: &Line) -> Parse<Vec<&str>> {
    line.words
        .from(1)
        .iter()
        .map(crate::config::word::Word::utf8)
        .collect()
}

static KEYWORDS: KeywordList<Build> = KeywordList {
    tables: &[
        TABLE,
        compression::TABLE,
        header_case::TABLE,
        stats::TABLE,
        tune::TABLE,
    ],
    retired: RETIRED,
};

/// Sorted by name; longer than a file of logic because it is a table.
static TABLE: &[Keyword<Build>] = &[
    entry(
        "chroot",
        "chroot <directory>",
        "Locks the process into a directory before it drops its privileges.",
        "1.0",
        |build, line| {
            let path = Some(PathBuf::from(one_text(line)?));
            once(build, line, "chroot", path, |global| &mut global.chroot)
        },
    ),
    entry(
        "daemon",
        "daemon",
        "Runs in the background.",
        "1.0",
        |build, line| {
            build.config.global.daemon = true;
            line.words.end(1)
        },
    ),
    entry(
        "debug",
        "debug",
        "Stays in the foreground and traces connections on standard output.",
        "1.0",
        |build, line| {
            build.config.global.debug = true;
            line.words.end(1)
        },
    ),
    entry(
        "description",
        "description <text>",
        "Text shown in the statistics.",
        "1.4",
        |build, line| {
            build.config.global.description = Some(line.words.joined(1)?);
            Ok(())
        },
    ),
    entry(
        "expose-experimental-directives",
        "expose-experimental-directives",
        "Accepted; directives that HAProxy calls experimental are always there.",
        "2.4",
        |_, line| line.words.end(1),
    ),
    entry(
        "gid",
        "gid <number>",
        "Group to run as, by number.",
        "1.0",
        |build, line| {
            let gid = Some(line.words.uint(1, 0..=ID_MAX)?);
            line.words.end(2)?;
            once(build, line, "group/gid", gid, |global| &mut global.gid)
        },
    ),
    entry(
        "grace",
        "grace <time>",
        "How long listening goes on after a soft stop was asked for.",
        "1.2",
        |build, line| {
            let time_ms = one_time(line)?;
            once(build, line, "grace", time_ms, |global| &mut global.grace_ms)
        },
    ),
    entry(
        "group",
        "group <name>",
        "Group to run as, by name.",
        "1.3",
        |build, line| {
            let gid = Some(owner::group_id(&line.words, 1)?);
            line.words.end(2)?;
            once(build, line, "group/gid", gid, |global| &mut global.gid)
        },
    ),
    entry(
        "hard-stop-after",
        "hard-stop-after <time>",
        "Longest time a soft stop may take before the remaining connections are cut.",
        "1.8",
        |build, line| {
            let time_ms = one_time(line)?;
            once(build, line, "hard-stop-after", time_ms, |global| {
                &mut global.hard_stop_after_ms
            })
        },
    ),
    entry(
        "log",
        "log <target> [len <length>] [format <format>] <facility> [<max level> [<min level>]]",
        "Adds a destination for traffic logs.",
        "1.0",
        |build, line| {
            if line.words.is(1, "global") {
                let message = "log : 'global' is not supported for a global syslog server";
                return Err(line.words.error(1, message));
            }
            let target = parse_log(&line.words)?;
            build.config.global.logs.push(target);
            Ok(())
        },
    ),
    entry(
        "log-send-hostname",
        "log-send-hostname [<name>]",
        "Puts a host name, by default the machine's, into the header of log lines.",
        "1.5-dev7",
        log_send_hostname,
    ),
    entry(
        "log-tag",
        "log-tag <text>",
        "The program's name in the header of log lines.",
        "1.4",
        |build, line| {
            build.config.global.log_tag = Some(one_text(line)?);
            Ok(())
        },
    ),
    entry(
        "maxconn",
        "maxconn <number>",
        "Most connections that a process serves at once.",
        "1.0",
        |build, line| {
            let maxconn = number(line)?;
            once(build, line, "maxconn", maxconn, |global| {
                &mut global.maxconn
            })
        },
    ),
    entry(
        "maxconnrate",
        "maxconnrate <number>",
        "Most connections that a process accepts per second.",
        "1.5-dev7",
        |build, line| {
            let rate = number(line)?;
            once(build, line, "maxconnrate", rate, |global| {
                &mut global.maxconnrate
            })
        },
    ),
    entry(
        "maxpipes",
        "maxpipes <number>",
        "Most pipes that spliced connections may use.",
        "1.4",
        |build, line| {
            let maxpipes = number(line)?;
            once(build, line, "maxpipes", maxpipes, |global| {
                &mut global.maxpipes
            })
        },
    ),
    entry(
        "maxsessrate",
        "maxsessrate <number>",
        "Most sessions that a process starts per second.",
        "1.5",
        |build, line| {
            let rate = number(line)?;
            once(build, line, "maxsessrate", rate, |global| {
                &mut global.maxsessrate
            })
        },
    ),
    entry(
        "nbproc",
        "nbproc <number>",
        "Number of processes that share the work.",
        "1.1",
        |build, line| {
            let count = line.words.uint(1, 1..=PROCESSES_MAX)?;
            line.words.end(2)?;
            once(build, line, "nbproc", count, |global| &mut global.nbproc)
        },
    ),
    entry(
        "nbthread",
        "nbthread <number>",
        "Accepted for configurations of threaded versions; a process is always one thread.",
        "1.8",
        nbthread,
    ),
    entry(
        "node",
        "node <name>",
        "Name of this machine in the statistics and in health checks.",
        "1.4",
        node,
    ),
    entry(
        "noepoll",
        "noepoll",
        "Never uses the epoll poller.",
        "1.2",
        |build, line| disable_poller(build, line, PollerKind::Epoll),
    ),
    entry(
        "nokqueue",
        "nokqueue",
        "Accepted for configurations of other systems; there is no kqueue poller.",
        "1.3",
        |_, line| line.words.end(1),
    ),
    entry(
        "nopoll",
        "nopoll",
        "Never uses the poll poller.",
        "1.2",
        |build, line| disable_poller(build, line, PollerKind::Poll),
    ),
    entry(
        "nosepoll",
        "nosepoll",
        "Never uses the speculative epoll poller.",
        "1.3",
        |build, line| disable_poller(build, line, PollerKind::Sepoll),
    ),
    entry(
        "nosplice",
        "nosplice",
        "Never splices data in the kernel.",
        "1.4",
        |build, line| {
            build.config.global.nosplice = true;
            line.words.end(1)
        },
    ),
    entry(
        "pidfile",
        "pidfile <path>",
        "File that gets the process numbers.",
        "1.0",
        |build, line| {
            let path = Some(PathBuf::from(one_text(line)?));
            once(build, line, "pidfile", path, |global| &mut global.pidfile)
        },
    ),
    entry(
        "presetenv",
        "presetenv <name> <value>",
        "Sets an environment variable for the lines that follow unless it exists.",
        "1.6",
        |build, line| set_variable(build, line, false),
    ),
    entry(
        "quiet",
        "quiet",
        "Prints nothing at start.",
        "1.0",
        |build, line| {
            build.config.global.quiet = true;
            line.words.end(1)
        },
    ),
    entry(
        "resetenv",
        "resetenv [<name> ...]",
        "Removes all environment variables but the named ones.",
        "1.6",
        |build, line| {
            build.environment.retain(&all_texts(line)?);
            Ok(())
        },
    ),
    entry(
        "setenv",
        "setenv <name> <value>",
        "Sets an environment variable for the lines that follow.",
        "1.6",
        |build, line| set_variable(build, line, true),
    ),
    entry(
        "spread-checks",
        "spread-checks <0..50>",
        "Varies the interval between health checks by up to this many percent.",
        "1.3",
        |build, line| {
            let percent = line.words.uint(1, 0..=50)?;
            line.words.end(2)?;
            once(build, line, "spread-checks", percent, |global| {
                &mut global.spread_checks
            })
        },
    ),
    Keyword {
        negatable: true,
        ..entry(
            "strict-limits",
            "strict-limits",
            "Starts only when all limits can be had; the default.",
            "2.1",
            |build, line| {
                build.config.global.loose_limits = line.prefix == Prefix::No;
                line.words.end(1)
            },
        )
    },
    entry(
        "uid",
        "uid <number>",
        "User to run as, by number.",
        "1.0",
        |build, line| {
            let uid = Some(line.words.uint(1, 0..=ID_MAX)?);
            line.words.end(2)?;
            once(build, line, "user/uid", uid, |global| &mut global.uid)
        },
    ),
    entry(
        "ulimit-n",
        "ulimit-n <number>",
        "Most file descriptors per process, by default derived from 'maxconn'.",
        "1.0",
        |build, line| {
            let limit = line.words.uint(1, 0..=u64::from(u32::MAX))?;
            line.words.end(2)?;
            once(build, line, "ulimit-n", limit, |global| {
                &mut global.ulimit_n
            })
        },
    ),
    entry(
        "unix-bind",
        "unix-bind [prefix <path>] [mode|user|uid|group|gid <value>]*",
        "Path prefix, owner and mode that unix sockets of 'bind' lines take over.",
        "1.5-dev7",
        unix_bind,
    ),
    entry(
        "unsetenv",
        "unsetenv <name> ...",
        "Removes environment variables for the lines that follow.",
        "1.6",
        |build, line| {
            line.words.word(1)?;
            for name in all_texts(line)? {
                build.environment.unset(name);
            }
            Ok(())
        },
    ),
    entry(
        "user",
        "user <name>",
        "User to run as, by name.",
        "1.3",
        |build, line| {
            let uid = Some(owner::user_id(&line.words, 1)?);
            line.words.end(2)?;
            once(build, line, "user/uid", uid, |global| &mut global.uid)
        },
    ),
];

static RETIRED: &[Retired] = &[Retired {
    name: "stats bind-process",
    sections: Sections::GLOBAL,
    hint: "write 'process' on the 'stats socket' line",
}];

/// How long a command socket waits when `stats timeout` is not given.
const STATS_TIMEOUT_MS: u32 = 10_000;

#[cfg(test)]
mod tests;
