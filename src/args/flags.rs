//! The flags of the command line: one entry each, and the usage text made from them.
//!
//! Called by `args` alone. The table is the only list of flags there is: reading, usage and
//! tests walk it. Exempt from the size limit of files, being a table.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Action, ArgumentError, Arguments, Departure, Replaced};
use crate::config::model::PollerKind;
use crate::sys::process::Pid;

/// One flag.
pub struct Flag {
    /// As typed, dashes included.
    pub name: &'static str,
    /// What follows it.
    pub value: Value,
    /// Under which heading the usage shows it.
    pub group: Group,
    /// What it does, in a few words.
    pub doc: &'static str,
    /// Records it; the text is the value, empty when there is none.
    pub apply: fn(&mut Arguments, &str) -> Result<(), ArgumentError>,
}

/// What follows a flag; the word in it names the value in the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Absent,
    /// The next word, whatever it looks like.
    Needed(&'static str),
    /// The rest of the same word.
    Attached(&'static str),
    /// The next word unless it is a flag.
    Optional(&'static str),
    /// All next words up to the next flag.
    Pids,
}

/// The headings of the usage text, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Which files.
    Configuration,
    /// Leave after printing or checking something.
    Inform,
    /// Background, messages.
    Running,
    /// Connections and memory.
    Limits,
    /// `-sf`, `-st`.
    Replacing,
    /// The `-d` family.
    Debugging,
    /// Recognised and refused.
    Later,
}

impl Flag {
    /// The name without dashes, as getopts knows it.
    pub fn key(&self) -> &'static str {
        self.name.trim_start_matches('-')
    }

    /// True for a flag of one letter, which getopts reads by itself.
    pub fn is_letter(&self) -> bool {
        self.key().chars().count() == 1
    }

    /// The flag as the long option that stands for it after the pre-pass.
    pub fn long_option(&self) -> String {
        format!("--{}", self.key())
    }
}

/// The flag of several letters that `word` is or, for an attached value, begins with;
/// beside it that value.
pub fn find(word: &str) -> Option<(&'static Flag, &str)> {
    FLAGS
        .iter()
        .filter(|flag| !flag.is_letter())
        .find_map(|flag| {
            let rest = word.strip_prefix(flag.name)?;
            let attaches = matches!(flag.value, Value::Attached(_));
            (rest.is_empty() || attaches).then_some((flag, rest))
        })
}

/// The flag of one letter.
pub fn find_letter(letter: char) -> Option<&'static Flag> {
    let named = |flag: &&Flag| flag.is_letter() && flag.key().starts_with(letter);
    FLAGS.iter().find(named)
}

/// The usage text, for standard error when a command line was refused.
pub fn usage(program: &str) -> String {
    let mut text = format!("Usage: {program} [-f <file|dir>]... [flags] [-- <file|dir>...]\n");
    for (group, title) in GROUPS {
        let _ = writeln!(text, "\n{title}:");
        for flag in FLAGS.iter().filter(|flag| flag.group == *group) {
            let call = match flag.value {
                Value::Absent => flag.name.to_owned(),
                Value::Needed(value) => format!("{} {value}", flag.name),
                Value::Attached(value) => format!("{}{value}", flag.name),
                Value::Optional(value) => format!("{} [{value}]", flag.name),
                Value::Pids => format!("{} [<pid>...]", flag.name),
            };
            let _ = writeln!(text, "  {call:20} {}", flag.doc);
        }
    }
    text
}

fn path(name: &str, value: &str) -> Result<PathBuf, ArgumentError> {
    if value.is_empty() {
        return Err(ArgumentError::usage(format!("'{name}' needs a value")));
    }
    Ok(PathBuf::from(value))
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N, ArgumentError> {
    value.parse().map_err(|_error| {
        ArgumentError::usage(format!("'{name}' : '{value}' is not a usable number"))
    })
}

fn replace(
    arguments: &mut Arguments,
    departure: Departure,
    list: &str,
) -> Result<(), ArgumentError> {
    let mut pids = arguments.replaced.take().map_or(Vec::new(), |old| old.pids);
    for word in list.split_whitespace() {
        let raw = word.parse().ok().filter(|raw: &i32| *raw > 0);
        let Some(raw) = raw else {
            let message = format!("'{word}' is not the number of a process");
            return Err(ArgumentError::usage(message));
        };
        pids.push(Pid::from_raw(raw));
    }
    arguments.replaced = Some(Replaced { departure, pids });
    Ok(())
}

fn later(name: &str, what: &str) -> Result<(), ArgumentError> {
    let message = format!("'{name}' ({what}) belongs to a later version of weir");
    Err(ArgumentError::plain(message))
}

/// Shortens the entries below: an action that cannot fail.
macro_rules! set {
    (|$arguments:ident| $body:expr) => {
        |$arguments, _value| {
            $body;
            Ok(())
        }
    };
    (|$arguments:ident, $value:ident| $body:expr) => {
        |$arguments, $value| {
            $body;
            Ok(())
        }
    };
}

macro_rules! flag {
    ($name:literal, $value:expr, $group:ident, $doc:literal, $apply:expr) => {
        Flag {
            name: $name,
            value: $value,
            group: Group::$group,
            doc: $doc,
            apply: $apply,
        }
    };
}

const GROUPS: &[(Group, &str)] = &[
    (Group::Configuration, "Configuration"),
    (Group::Inform, "Print or check something, then leave"),
    (Group::Running, "Running"),
    (Group::Limits, "Limits"),
    (Group::Replacing, "Replacing running processes"),
    (Group::Debugging, "Looking for the cause of a problem"),
    (Group::Later, "Not in this version"),
];

/// All flags, in the order of the usage.
#[rustfmt::skip]
pub static FLAGS: &[Flag] = &[
    flag!("-f", Value::Needed("<file|dir>"), Configuration,
        "read this file, or the .cfg files of this directory; may be repeated",
        |a, value| { a.configuration.push(path("-f", value)?); Ok(()) }),
    flag!("-C", Value::Needed("<dir>"), Configuration,
        "change to this directory before reading files",
        |a, value| { a.directory = Some(path("-C", value)?); Ok(()) }),
    flag!("-L", Value::Needed("<name>"), Configuration,
        "name of this peer (the host name otherwise)",
        set!(|a, value| a.local_peer = Some(value.to_owned()))),
    flag!("-dW", Value::Absent, Configuration,
        "treat warnings as errors",
        set!(|a| a.warnings_are_errors = true)),
    flag!("-dD", Value::Absent, Configuration,
        "warn about suspicious statements",
        set!(|a| a.diagnostics = true)),
    flag!("-dr", Value::Absent, Configuration,
        "start even when a server's name does not resolve",
        set!(|a| a.ignore_resolution_failures = true)),

    flag!("-c", Value::Absent, Inform,
        "check the configuration; exit 0 when it is valid",
        set!(|a| if a.action == Action::Run { a.action = Action::Check })),
    flag!("-cc", Value::Needed("<condition>"), Inform,
        "evaluate a condition; exit 0 for true, 1 for false, 2 for an error",
        set!(|a, value| a.action = Action::Condition(value.to_owned()))),
    flag!("-v", Value::Absent, Inform,
        "print the version",
        set!(|a| a.action = Action::Version)),
    flag!("-vv", Value::Absent, Inform,
        "print the version, what was built in, defaults and pollers",
        set!(|a| a.action = Action::VersionDetails)),
    flag!("-dK", Value::Attached("<class,...>"), Inform,
        "list known keywords; -dKhelp lists the classes",
        set!(|a, value| a.keyword_classes = Some(value.to_owned()))),
    flag!("--manual", Value::Optional("<keyword>"), Inform,
        "describe a keyword, or list all of them",
        set!(|a, value| a.action =
            Action::Manual(Some(value.to_owned()).filter(|word| !word.is_empty())))),
    flag!("--version", Value::Absent, Inform,
        "as -v",
        set!(|a| a.action = Action::Version)),
    flag!("--help", Value::Absent, Inform,
        "print this text",
        set!(|a| a.action = Action::Help)),

    flag!("-D", Value::Absent, Running,
        "go to the background",
        set!(|a| a.daemon = true)),
    flag!("-db", Value::Absent, Running,
        "stay in the foreground as one process, whatever else is said",
        set!(|a| a.foreground = true)),
    flag!("-p", Value::Needed("<file>"), Running,
        "write the numbers of all processes here when in the background",
        |a, value| { a.pidfile = Some(path("-p", value)?); Ok(()) }),
    flag!("-q", Value::Absent, Running,
        "print no messages",
        set!(|a| a.quiet = true)),
    flag!("-V", Value::Absent, Running,
        "print more messages; undoes -q",
        set!(|a| a.verbose = true)),

    flag!("-n", Value::Needed("<number>"), Limits,
        "connections of each process (overrides 'global maxconn')",
        |a, value| { a.maxconn = Some(number("-n", value)?); Ok(()) }),
    flag!("-N", Value::Needed("<number>"), Limits,
        "connections of each proxy that says nothing itself",
        |a, value| { a.proxy_maxconn = Some(number("-N", value)?); Ok(()) }),
    flag!("-m", Value::Needed("<megabytes>"), Limits,
        "memory of all processes together",
        |a, value| { a.memory_limit_mb = Some(number("-m", value)?); Ok(()) }),

    flag!("-sf", Value::Pids, Replacing,
        "once ready, ask these processes to finish their sessions",
        |a, value| replace(a, Departure::Finish, value)),
    flag!("-st", Value::Pids, Replacing,
        "once ready, ask these processes to leave at once",
        |a, value| replace(a, Departure::Terminate, value)),

    flag!("-d", Value::Absent, Debugging,
        "stay in the foreground and trace sessions",
        set!(|a| a.debug = true)),
    flag!("-de", Value::Absent, Debugging,
        "do not use epoll (neither plain nor speculative)",
        set!(|a| a.disabled_pollers.extend([PollerKind::Epoll, PollerKind::Sepoll]))),
    flag!("-ds", Value::Absent, Debugging,
        "do not use speculative epoll",
        set!(|a| a.disabled_pollers.extend([PollerKind::Sepoll]))),
    flag!("-dp", Value::Absent, Debugging,
        "do not use poll",
        set!(|a| a.disabled_pollers.extend([PollerKind::Poll]))),
    flag!("-dk", Value::Absent, Debugging,
        "do not use kqueue; accepted, Linux has none",
        |_a, _value| Ok(())),
    flag!("-dS", Value::Absent, Debugging,
        "do not use splice",
        set!(|a| a.nosplice = true)),
    flag!("-dR", Value::Absent, Debugging,
        "do not use SO_REUSEPORT",
        set!(|a| a.no_reuseport = true)),
    flag!("-dV", Value::Absent, Debugging,
        "do not verify certificates of servers",
        set!(|a| a.no_server_verify = true)),
    flag!("-dG", Value::Absent, Debugging,
        "accepted without effect: there is one resolver",
        |_a, _value| Ok(())),
    flag!("-dM", Value::Attached("[<options>]"), Debugging,
        "accepted without effect: freed memory is never read",
        |_a, _value| Ok(())),

    flag!("-W", Value::Absent, Later,
        "master process with workers",
        |_a, _value| later("-W", "master-worker mode")),
    flag!("-Ws", Value::Absent, Later,
        "master process that notifies systemd",
        |_a, _value| later("-Ws", "master-worker mode with systemd")),
    flag!("-S", Value::Needed("<address>"), Later,
        "command socket of the master process",
        |_a, _value| later("-S", "command socket of a master")),
    flag!("-x", Value::Needed("<socket>"), Later,
        "fetch listening sockets from a running process",
        |_a, _value| later("-x", "listening sockets from a running process")),
];
