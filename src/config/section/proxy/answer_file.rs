//! Files holding answers: the whole message of `errorfile`, the body of `http-request return`,
//! and the list of `h1-case-adjust-file`.
//!
//! All are read once, at load, and never more than a buffer of them, so that a device or a
//! huge file named by mistake ends in a message.

use std::fs::File;
use std::io::{self, Read};

/// Why a file cannot serve.
#[derive(Debug)]
pub(in crate::config::section) enum FileError {
    /// It could not be opened or read.
    Io(io::Error),
    /// It holds more than this many bytes.
    TooLarge(usize),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => {
                let reason = error.to_string();
                let reason = reason.split(" (os error").next().unwrap_or_default();
                write!(formatter, "cannot be read: {reason}")
            }
            Self::TooLarge(limit) => write!(formatter, "larger than {limit} bytes"),
        }
    }
}

/// The content of a file of at most `size_max` bytes.
pub(in crate::config::section) fn read(path: &str, size_max: usize) -> Result<Vec<u8>, FileError> {
    let mut content = Vec::new();
    let limit = u64::try_from(size_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut content))
        .map_err(FileError::Io)?;
    if content.len() > size_max {
        return Err(FileError::TooLarge(size_max));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_files_are_cut_short() {
        assert!(matches!(
            read("/dev/zero", 100),
            Err(FileError::TooLarge(100))
        ));
        assert!(matches!(read("/nonexistent", 100), Err(FileError::Io(_))));
        assert!(matches!(read("/", 100), Err(FileError::Io(_))));
    }
}
