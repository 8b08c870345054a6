//! Files holding answers: the whole message of `errorfile`, the body of `http-request return`.
//!
//! Both are read once, at load, and never more than a buffer of them, so that a device or a
//! huge file named by mistake ends in a message.

use std::fs::File;
use std::io::{self, Read};

/// Why a file cannot serve.
#[derive(Debug)]
pub(super) enum FileError {
    /// It could not be opened or read.
    Io(io::Error),
    /// It holds more than this many bytes.
    TooLarge(usize),
    /// It is not an HTTP/1 response; the sentence says why.
    Malformed(String),
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
            Self::Malformed(why) => formatter.write_str(why),
        }
    }
}

/// The content of a file of at most `size_max` bytes.
pub(super) fn read(path: &str, size_max: usize) -> Result<Vec<u8>, FileError> {
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

/// Checks that `message` is one whole HTTP/1 response, or nothing: an empty file closes the
/// connection silently (manual, "errorfile").
pub(super) fn check_message(message: &[u8]) -> Result<(), FileError> {
    if message.is_empty() {
        return Ok(());
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head_len = match response.parse(message) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => {
            return malformed("unable to parse headers: no empty line");
        }
        Err(error) => return malformed(format!("unable to parse headers: {error}")),
    };
    let body_len = message.len().saturating_sub(head_len);
    response
        .headers
        .iter()
        .try_for_each(|header| check_framing(header, body_len))
}

fn check_framing(header: &httparse::Header<'_>, body_len: usize) -> Result<(), FileError> {
    if header.name.eq_ignore_ascii_case("transfer-encoding") {
        return malformed("an encoded payload is not supported");
    }
    if !header.name.eq_ignore_ascii_case("content-length") {
        return Ok(());
    }
    let announced = std::str::from_utf8(header.value).unwrap_or_default().trim();
    if announced.parse() == Ok(body_len) {
        return Ok(());
    }
    malformed(format!(
        "payload size does not match the announced content-length ({body_len} != {announced})"
    ))
}

fn malformed(why: impl Into<String>) -> Result<(), FileError> {
    Err(FileError::Malformed(why.into()))
}

/// As many header lines as a response from a server may have.
const HEADER_COUNT_MAX: usize = 101;

#[cfg(test)]
mod tests {
    use super::*;

    fn why(message: &[u8]) -> String {
        check_message(message).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn whole_and_empty_messages_pass() {
        assert_eq!(why(b""), "");
        assert_eq!(
            why(b"HTTP/1.0 503 Service Unavailable\r\nA: b\r\n\r\n<html>"),
            ""
        );
        assert_eq!(why(b"HTTP/1.0 503\nContent-Length: 3\n\nabc"), "");
    }

    #[test]
    fn broken_heads_are_refused() {
        for message in [
            &b"host"[..],
            b"HTTP/1.0 503 x\r\nA b\r\n\r\n",
            b"HTTP/1.0 503 x\r\nA: b\r\n",
        ] {
            assert!(
                why(message).contains("unable to parse headers"),
                "{message:?}"
            );
        }
    }

    #[test]
    fn announced_and_real_length_must_agree() {
        let message = b"HTTP/1.0 503 x\r\nContent-Length: 10\r\n\r\nabc";
        assert!(why(message).ends_with("content-length (3 != 10)"));
        assert!(why(b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n").contains("encoded"));
    }

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
