//! What is wrong with a pattern or with a file of patterns.
//!
//! Called by the parsers of single patterns and the loader; the texts begin like HAProxy
//! 2.6's for the same mistake.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// An integer was expected.
    Number(String),
    /// A range of integers was expected.
    Range(String),
    /// Hexadecimal digits come in pairs.
    HexCount,
    /// Not a hexadecimal digit.
    HexDigit(char),
    /// An address, a network or, without `-n`, a name that resolves was expected.
    Address(String),
    /// Not a valid regular expression.
    Regex { pattern: String, reason: String },
    /// A regular expression with a construct that needs backtracking.
    Construct { pattern: String, what: &'static str },
    /// The substrings of a list do not fit one automaton.
    Substrings(String),
    /// The list exceeds 4 GiB of text or 2^31 entries.
    Full,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(text) => write!(f, "'{text}' is not a number"),
            Self::Range(text) => write!(f, "'{text}' is not a valid number range"),
            Self::HexCount => f.write_str("an even number of hex digit is expected"),
            Self::HexDigit(found) => write!(f, "an hex digit is expected (found '{found}')"),
            Self::Address(text) => {
                write!(f, "'{text}' is not a valid IPv4 or IPv6 address")
            }
            Self::Regex { pattern, reason } => {
                write!(f, "regex '{pattern}' is invalid (error={reason})")
            }
            Self::Construct { pattern, what } => write!(
                f,
                "regex '{pattern}' is invalid (error={what} is not supported, since expressions \
                 are matched in linear time)"
            ),
            Self::Substrings(reason) => write!(f, "too many substrings ({reason})"),
            Self::Full => f.write_str("the list is full: 4 GiB of patterns or 2^31 entries"),
        }
    }
}

impl std::error::Error for PatternError {}

/// Why a file of patterns cannot be used.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be opened or read.
    File { path: PathBuf, error: io::Error },
    /// A line of the file is refused; lines count from 1.
    Line {
        path: PathBuf,
        line: u32,
        error: PatternError,
    },
    /// The lines are valid, the list as a whole is not.
    List { path: PathBuf, error: PatternError },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => {
                write!(
                    f,
                    "failed to open pattern file <{}> ({error})",
                    path.display()
                )
            }
            Self::Line { path, line, error } => {
                write!(f, "{error} at line {line} of file '{}'", path.display())
            }
            Self::List { path, error } => write!(f, "{error} in file '{}'", path.display()),
        }
    }
}

impl std::error::Error for LoadError {}

/// Bytes of a pattern as text for a message.
pub(super) fn shown(pattern: &[u8]) -> String {
    String::from_utf8_lossy(pattern).into_owned()
}
