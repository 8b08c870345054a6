//! Files of patterns: one per line, or a map's key and value (manual, 7.1 `-f`, 7.3.1 `map`).
//!
//! Called while configuration is read. A line that begins with `#` is a comment, a line of
//! blanks is nothing, blanks before a pattern do not count. A line ends at its first CR or
//! LF.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::error::{LoadError, PatternError};
use super::list::{Builder, PatternList};
use super::method::{MatchMethod, Options};

/// Reads a file; in a map each line has a key and a value.
///
/// # Errors
/// When the file cannot be read, or at its first line that is not valid.
pub fn load_file(
    path: impl AsRef<Path>,
    options: Options,
    is_map: bool,
) -> Result<PatternList, LoadError> {
    let path = path.as_ref();
    let mut builder = PatternList::builder(options);
    builder.add_file(path, is_map)?;
    builder.finish().map_err(|error| LoadError::List {
        path: path.to_owned(),
        error,
    })
}

impl Builder {
    /// Adds all lines of a file, as [`load_file`] does; an ACL may name several.
    ///
    /// # Errors
    /// As [`load_file`].
    pub fn add_file(&mut self, path: &Path, is_map: bool) -> Result<(), LoadError> {
        let failed = |error| LoadError::File {
            path: path.to_owned(),
            error,
        };
        let mut reader = BufReader::with_capacity(READ_SIZE, File::open(path).map_err(failed)?);
        let mut line = Vec::new();
        let mut number = 0_u32;
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                return Ok(());
            }
            number = number.saturating_add(1);
            self.add_line(&line, is_map, number)
                .map_err(|error| LoadError::Line {
                    path: path.to_owned(),
                    line: number,
                    error,
                })?;
        }
    }

    fn add_line(&mut self, line: &[u8], is_map: bool, number: u32) -> Result<(), PatternError> {
        if line.first() == Some(&b'#') {
            return Ok(());
        }
        let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
        let text = trim_start(line.get(..end).unwrap_or_default());
        if text.is_empty() {
            return Ok(());
        }
        if !is_map {
            return self.add(self.without_trailing_blanks(text), None, number);
        }
        let length = text.iter().position(is_blank).unwrap_or(text.len());
        let (key, rest) = text.split_at_checked(length).unwrap_or_default();
        self.add(key, Some(trim_end(trim_start(rest))), number)
    }

    /// Blanks behind a pattern count where they can be part of what it matches.
    fn without_trailing_blanks<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        match self.method() {
            MatchMethod::Int | MatchMethod::Len | MatchMethod::Ip | MatchMethod::Bin => {
                trim_end(text)
            }
            _ => text,
        }
    }
}

const fn is_blank(byte: &u8) -> bool {
    matches!(*byte, b' ' | b'\t')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(byte));
    text.get(start.unwrap_or(text.len())..).unwrap_or_default()
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|byte| !is_blank(byte))
        .map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Bytes read from a file at once.
const READ_SIZE: usize = 64 * 1024;
