//! The command line: words in, typed [`Arguments`] out.
//!
//! Owns the reading of flags; [`flags`] holds their table, [`version`] the texts of `-v` and
//! `-vv`. Called once by start-up. HAProxy's grammar has flags of several letters behind one
//! dash (`-db`) and lists without an end (`-sf 12 13`), which getopts cannot read: a pre-pass
//! turns those into long options, getopts reads the rest. Invariant: nothing here touches
//! the kernel but [`expand_directories`], and no word is ever silently dropped.

pub mod flags;
pub mod version;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::model::{Global, PollerKind};
use crate::sys::process::{Pid, error_text};
use flags::{FLAGS, Flag, Value};

/// What the process is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Action {
    /// Serve.
    #[default]
    Run,
    /// `-c`: read and check the configuration, then leave.
    Check,
    /// `-cc`: evaluate one condition; exit 0 when true, 1 when false, 2 when it is not one.
    Condition(String),
    /// `-v`: print [`version::banner`].
    Version,
    /// `-vv`: print [`version::details`].
    VersionDetails,
    /// `--help`: print the usage on standard output and succeed.
    Help,
    /// `--manual`: describe one keyword, or list all.
    Manual(Option<String>),
}

/// How the processes that are replaced shall leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// `-sf`: finish their sessions first (SIGUSR1).
    Finish,
    /// `-st`: leave at once (SIGTERM).
    Terminate,
}

/// `-sf` or `-st`: the processes that this one replaces. The list may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// How they leave.
    pub departure: Departure,
    /// Their numbers, all positive.
    pub pids: Vec<Pid>,
}

/// The command line, understood.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Arguments {
    /// What to do.
    pub action: Action,
    /// `-f` and the words after `--`: files and directories in the order given.
    pub configuration: Vec<PathBuf>,
    /// `-C`: go here before reading files.
    pub directory: Option<PathBuf>,
    /// `-p`: overrides `global pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `-L`: this peer's name; the host name otherwise.
    pub local_peer: Option<String>,
    /// `-n`: overrides `global maxconn`.
    pub maxconn: Option<u32>,
    /// `-N`: default `maxconn` of each proxy.
    pub proxy_maxconn: Option<u32>,
    /// `-m`: megabytes of address space, for all processes together.
    pub memory_limit_mb: Option<u64>,
    /// `-d`: stay in the foreground and trace sessions on standard output.
    pub debug: bool,
    /// `-db`: stay in the foreground, one process.
    pub foreground: bool,
    /// `-D`: go to the background.
    pub daemon: bool,
    /// `-q`: say nothing.
    pub quiet: bool,
    /// `-V`: undo `-q` and `quiet`, and tell more.
    pub verbose: bool,
    /// `-dW`: a warning in the configuration is an error.
    pub warnings_are_errors: bool,
    /// `-dD`: warn about suspicious statements.
    pub diagnostics: bool,
    /// `-dr`: a server name that does not resolve does not stop the start.
    pub ignore_resolution_failures: bool,
    /// `-dR`: no SO_REUSEPORT on listening sockets.
    pub no_reuseport: bool,
    /// `-dV`: do not verify certificates of servers.
    pub no_server_verify: bool,
    /// `-dS`: no splicing.
    pub nosplice: bool,
    /// `-de`, `-ds`, `-dp`.
    pub disabled_pollers: BTreeSet<PollerKind>,
    /// `-dK`: dump the known keywords of these classes.
    pub keyword_classes: Option<String>,
    /// `-sf`, `-st`.
    pub replaced: Option<Replaced>,
}

/// Why a command line was refused. The process prints it and exits with 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// One line without a full stop.
    pub message: String,
    /// True when the usage helps: the banner on standard output, the usage on standard error.
    pub show_usage: bool,
}

impl Arguments {
    /// Reads the words of the command line, program name excluded.
    ///
    /// # Errors
    /// The first word that cannot be understood, or that no configuration file is named.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentError> {
        let (tokens, files) = untangle(words)?;
        let matches = options()
            .parse(tokens)
            .map_err(|failure| ArgumentError::usage(describe(&failure)))?;
        let mut arguments = Self::default();
        for (flag, value) in in_order(&matches) {
            (flag.apply)(&mut arguments, &value)?;
        }
        arguments.configuration.extend(files);
        let needs_files = matches!(arguments.action, Action::Run | Action::Check);
        if needs_files && arguments.configuration.is_empty() {
            return Err(ArgumentError::usage("no configuration file given (-f)"));
        }
        Ok(arguments)
    }

    /// Puts limits, paths and switches of the command line over those of the configuration.
    /// Background, debug and quiet modes are settled by `process::daemon::Modes` instead.
    pub fn override_global(&self, global: &mut Global) {
        global.maxconn = self.maxconn.unwrap_or(global.maxconn);
        global.memory_limit_mb = self.memory_limit_mb.unwrap_or(global.memory_limit_mb);
        if self.pidfile.is_some() {
            global.pidfile.clone_from(&self.pidfile);
        }
        global.nosplice |= self.nosplice;
        global.disabled_pollers.extend(&self.disabled_pollers);
    }
}

impl ArgumentError {
    /// An error that the usage text answers.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            show_usage: true,
        }
    }

    /// An error that says all there is to say.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            show_usage: false,
        }
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ArgumentError {}

/// Replaces each directory by its `.cfg` files in byte order, hidden ones left out, as the
/// manual of 2.6 ("-f") has it; other names pass unchanged, whether they exist or not.
///
/// # Errors
/// The line to print when a name can not be examined or a directory not be read.
pub fn expand_directories(names: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for name in names {
        let cannot = |error: io::Error| {
            let (name, reason) = (name.display(), error_text(&error));
            format!("Cannot open configuration file/directory {name} : {reason}")
        };
        if !std::fs::metadata(name).map_err(cannot)?.is_dir() {
            files.push(name.clone());
            continue;
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(name).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if is_configuration_file(&path) {
                found.push(path);
            }
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// The last part of the path a program was called by: it names messages and the log tag.
pub fn program_name(first_word: Option<&OsString>) -> String {
    first_word
        .and_then(|word| Path::new(word).file_name())
        .map_or_else(
            || String::from("weir"),
            |name| name.to_string_lossy().into_owned(),
        )
}

fn is_configuration_file(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let named_cfg = path.extension().is_some_and(|extension| extension == "cfg");
    named_cfg && !hidden && path.is_file()
}

/// Rewrites what getopts cannot read into long options, and splits off the files after `--`.
fn untangle(
    words: impl IntoIterator<Item = OsString>,
) -> Result<(Vec<String>, Vec<PathBuf>), ArgumentError> {
    let mut words = words.into_iter().peekable();
    let mut tokens = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            return Ok((tokens, words.map(PathBuf::from).collect()));
        }
        let word = text(word)?;
        let Some((flag, attached)) = flags::find(&word) else {
            let takes_next = cluster_takes_next(&word)?;
            tokens.push(word);
            if takes_next && let Some(value) = words.next() {
                tokens.push(text(value)?);
            }
            continue;
        };
        let mut token = flag.long_option();
        match flag.value {
            Value::Absent => {}
            Value::Attached(_) => token = format!("{token}={attached}"),
            Value::Needed(_) => {
                let Some(value) = words.next() else {
                    let message = format!("'{word}' needs a value");
                    return Err(ArgumentError::usage(message));
                };
                token = format!("{token}={}", text(value)?);
            }
            Value::Optional(_) => {
                let value = words.next_if(is_value);
                token = format!("{token}={}", text(value.unwrap_or_default())?);
            }
            Value::Pids => {
                let mut list = Vec::new();
                while let Some(value) = words.next_if(is_value) {
                    list.push(text(value)?);
                }
                token = format!("{token}={}", list.join(" "));
            }
        }
        tokens.push(token);
    }
    Ok((tokens, Vec::new()))
}

fn is_value(word: &OsString) -> bool {
    !word.as_encoded_bytes().starts_with(b"-")
}

fn text(word: OsString) -> Result<String, ArgumentError> {
    word.into_string().map_err(|word| {
        let shown = word.display();
        ArgumentError::usage(format!("'{shown}' is not valid UTF-8"))
    })
}

/// True when the word is a cluster of one-letter flags (`-Vf`) whose last one takes a value.
/// Words that are no such cluster are refused: `-dx` belongs to a family of its own.
fn cluster_takes_next(word: &str) -> Result<bool, ArgumentError> {
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
        let message = format!("'{word}' is no flag; configuration files follow -f or --");
        return Err(ArgumentError::usage(message));
    };
    let several = letters.chars().count() > 1;
    if several && letters.starts_with(['-', 'd', 's']) {
        return Err(ArgumentError::usage(format!("unknown flag '{word}'")));
    }
    for (index, letter) in letters.char_indices() {
        let Some(flag) = flags::find_letter(letter) else {
            return Err(ArgumentError::usage(format!("unknown flag '{word}'")));
        };
        if matches!(flag.value, Value::Needed(_)) {
            return Ok(index + letter.len_utf8() == letters.len());
        }
    }
    Ok(false)
}

fn options() -> getopts::Options {
    let mut options = getopts::Options::new();
    for flag in FLAGS {
        let key = flag.key();
        let (short, long) = if flag.is_letter() {
            (key, "")
        } else {
            ("", key)
        };
        match flag.value {
            Value::Absent => options.optflagmulti(short, long, ""),
            Value::Needed(_) | Value::Attached(_) | Value::Optional(_) | Value::Pids => {
                options.optmulti(short, long, "", "")
            }
        };
    }
    options
}

/// All flags found, with their values, in the order of the command line.
fn in_order(matches: &getopts::Matches) -> Vec<(&'static Flag, String)> {
    let mut found = Vec::new();
    for flag in FLAGS {
        match flag.value {
            Value::Absent => {
                let positions = matches.opt_positions(flag.key()).into_iter();
                found.extend(positions.map(|position| (position, flag, String::new())));
            }
            Value::Needed(_) | Value::Attached(_) | Value::Optional(_) | Value::Pids => {
                let values = matches.opt_strs_pos(flag.key()).into_iter();
                found.extend(values.map(|(position, value)| (position, flag, value)));
            }
        }
    }
    found.sort_by_key(|(position, _, _)| *position);
    let without_position = |(_, flag, value)| (flag, value);
    found.into_iter().map(without_position).collect()
}

fn describe(failure: &getopts::Fail) -> String {
    match failure {
        getopts::Fail::ArgumentMissing(key) => format!("'-{key}' needs a value"),
        getopts::Fail::UnrecognizedOption(key) => format!("unknown flag '-{key}'"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
