//! The answers weir itself gives: error pages by status, built in or read from a file.
//!
//! The built-in pages are bytes at compile time; `errorfile` pages are made once, when the
//! configuration is read. Whoever ends a request with an error looks a page up in the
//! backend, in the frontend, then here with [`builtin`], and writes it with
//! [`ErrorPage::write`].
//!
//! What the session must do: when [`ErrorPage::must_close`] says so (400, 408 and files whose
//! body has no stated length), when the request was not parsed, or when its body was not read
//! to the end, it passes [`Farewell::Close`] and closes behind the page. Otherwise the client
//! may be kept: [`Farewell::KeepAlive`] for an HTTP/1.0 client, [`Farewell::Silent`] else. An
//! answer to HEAD is written without its body. An empty page means to close silently.
//! Nothing may be written once a byte of a response has been sent.

use std::borrow::Cow;
use std::fmt;

use super::connection::is_interim;
use super::framing::Declared;
use super::head::{Head, Version};
use super::known::KnownHeader;
use super::parse::{Policy, parse_response};
use super::reason::HeadError;
use super::rewrite::Rewriter;
use super::scan::{HeadScanner, Scan};
use crate::engine::buffer::{Buffer, NoRoom};
use crate::http::parse::Kind;

/// What a page says about the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// It is kept, which HTTP/1.1 clients expect without a word.
    Silent,
    /// It is kept and an HTTP/1.0 client is told so.
    KeepAlive,
    /// It is closed.
    Close,
}

impl Farewell {
    /// The Connection header line of an answer of that version, or nothing.
    pub const fn line(self, version: Version) -> &'static [u8] {
        match (self, version) {
            (Self::Close, Version::Http11) => b"Connection: close\r\n",
            (Self::KeepAlive, _) | (Self::Silent, Version::Http10) => b"Connection: keep-alive\r\n",
            (Self::Close, Version::Http10) | (Self::Silent, Version::Http11) => b"",
        }
    }

    /// As [`Self::line`], behind lines whose names are written small.
    pub const fn small_line(self, version: Version) -> &'static [u8] {
        match (self, version) {
            (Self::Close, Version::Http11) => b"connection: close\r\n",
            (Self::KeepAlive, _) | (Self::Silent, Version::Http10) => b"connection: keep-alive\r\n",
            (Self::Close, Version::Http10) | (Self::Silent, Version::Http11) => b"",
        }
    }
}

/// A whole response: head without Connection header, and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    bytes: Cow<'static, [u8]>,
    /// Offset of the empty line that ends the head.
    lines_end: usize,
    status: u16,
    version: Version,
    must_close: bool,
    /// The head tells where the body ends.
    is_framed: bool,
}

impl ErrorPage {
    /// The status in the page, which an error file may choose freely.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// True for the empty page: the connection is closed without an answer.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// True when the connection cannot be kept behind this page.
    pub const fn must_close(&self) -> bool {
        self.must_close
    }

    /// The version in the status line.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The status line and headers, without the empty line.
    pub fn head(&self) -> &[u8] {
        self.bytes.get(..self.lines_end).unwrap_or_default()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        let at = self.lines_end.saturating_add(2);
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The page as an answer that lets the client be kept: head without Connection header and
    /// without the empty line, and body. What a file leaves open is settled: the length is
    /// stated, the version is weir's own.
    pub fn into_answer(self) -> (Vec<u8>, Vec<u8>) {
        let (lines, rest) = self
            .bytes
            .split_at_checked(self.lines_end)
            .unwrap_or_default();
        let body = rest.get(2..).unwrap_or_default();
        let after_version = lines.get(VERSION.len()..).unwrap_or_default();
        let mut head = Vec::with_capacity(lines.len() + 32);
        if !lines.is_empty() {
            head.extend_from_slice(VERSION);
            head.extend_from_slice(after_version);
        }
        if !self.is_framed && !lines.is_empty() {
            head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        (head, body.to_vec())
    }

    /// Appends the page to `buffer`. `extra` holds parts of further header lines, each line
    /// with its CRLF (`WWW-Authenticate`, for example); `head_only` leaves the body out.
    ///
    /// # Errors
    /// [`NoRoom`] when the page does not fit whole; nothing is written then.
    pub fn write(
        &self,
        buffer: &mut Buffer,
        farewell: Farewell,
        extra: &[&[u8]],
        head_only: bool,
    ) -> Result<(), NoRoom> {
        let Some((lines, rest)) = self.bytes.split_at_checked(self.lines_end) else {
            return Ok(());
        };
        let connection = match self.is_empty() {
            true => b"",
            false => farewell.line(self.version),
        };
        let rest = match head_only {
            true => rest.get(..2).unwrap_or_default(),
            false => rest,
        };
        let added: usize = extra.iter().map(|part| part.len()).sum();
        if lines.len() + added + connection.len() + rest.len() > buffer.room() {
            return Err(NoRoom);
        }
        buffer.push(lines)?;
        for part in extra {
            buffer.push(part)?;
        }
        buffer.push(connection)?;
        buffer.push(rest)
    }

    /// The page of an `errorfile`, from the bytes of the file. `size_max` is what a response
    /// may take of a buffer. Line ends become CRLF; the Connection header is weir's to set.
    /// An empty file is the empty page.
    ///
    /// # Errors
    /// [`ErrorFileError`] when the file is no complete HTTP/1 response of that size.
    pub fn from_file(raw: &[u8], status: u16, size_max: usize) -> Result<Self, ErrorFileError> {
        if raw.is_empty() {
            return Ok(Self {
                bytes: Cow::Borrowed(b""),
                lines_end: 0,
                status,
                version: Version::Http11,
                must_close: true,
                is_framed: false,
            });
        }
        if raw.len() > size_max {
            return Err(ErrorFileError::TooLarge { size_max });
        }
        // Bare line feeds grow by one byte each, a missing version or reason by a few.
        let mut buffer = Buffer::new(raw.len().saturating_mul(2).saturating_add(64));
        let mut head = Head::new();
        parse_file(raw, &mut buffer, &mut head)?;
        let had_connection = {
            let mut message = Rewriter::new(&mut buffer, 0, &mut head);
            message.remove_all(KnownHeader::Connection) > 0
        };
        let payload = u64::try_from(buffer.len() - head.len()).unwrap_or(u64::MAX);
        let framed = match head.framing().declared {
            Declared::Nothing => matches!(head.status(), 204 | 304),
            Declared::Chunked => return Err(ErrorFileError::Chunked),
            Declared::Length(announced) if announced != payload => {
                return Err(ErrorFileError::Length { announced, payload });
            }
            Declared::Length(_) => true,
        };
        Ok(Self {
            lines_end: head.len().saturating_sub(2),
            status: head.status(),
            version: head.version(),
            must_close: !framed || had_connection,
            is_framed: framed,
            bytes: Cow::Owned(buffer.bytes().to_vec()),
        })
    }
}

fn parse_file(raw: &[u8], buffer: &mut Buffer, head: &mut Head) -> Result<(), ErrorFileError> {
    let head_len = match HeadScanner::new(Kind::Response).scan_bytes(raw) {
        Scan::Complete { head_len } => head_len,
        Scan::Incomplete => return Err(ErrorFileError::Incomplete),
        Scan::Invalid(error) => return Err(ErrorFileError::Head(error)),
    };
    buffer.push(raw).map_err(|_| ErrorFileError::Incomplete)?;
    let policy = Policy::default();
    parse_response(buffer, 0, head_len, policy, head).map_err(ErrorFileError::Head)?;
    if is_interim(head) || head.status() == 101 {
        return Err(ErrorFileError::Interim);
    }
    Ok(())
}

/// Why a file cannot serve as an error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFileError {
    /// The file has more bytes than a response may take.
    TooLarge {
        /// The limit in bytes.
        size_max: usize,
    },
    /// The headers do not end.
    Incomplete,
    /// The headers are wrong.
    Head(HeadError),
    /// The status is one that another response follows.
    Interim,
    /// The body is chunked.
    Chunked,
    /// The body is not as long as the Content-Length says.
    Length {
        /// Bytes announced.
        announced: u64,
        /// Bytes behind the head.
        payload: u64,
    },
}

impl fmt::Display for ErrorFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size_max } => write!(f, "larger than {size_max} bytes"),
            Self::Incomplete => f.write_str("unable to parse headers: no empty line ends them"),
            Self::Head(error) => write!(f, "unable to parse headers: {error}"),
            Self::Interim => f.write_str("a 1xx status does not end a request"),
            Self::Chunked => f.write_str("a chunked body is not supported"),
            Self::Length { announced, payload } => write!(
                f,
                "payload size does not match the announced content-length \
                 ({payload} != {announced})"
            ),
        }
    }
}

/// The built-in page of a status, `None` when weir never gives that status by itself.
pub fn builtin(status: u16) -> Option<&'static ErrorPage> {
    PAGES.iter().find(|page| page.status == status)
}

/// The built-in page of a status, or that of 500.
pub fn builtin_or_500(status: u16) -> &'static ErrorPage {
    builtin(status).unwrap_or(&PAGE_500)
}

/// Statuses with a built-in page, in rising order.
pub fn statuses() -> impl Iterator<Item = u16> {
    PAGES.iter().map(|page| page.status)
}

/// One page from its status line, the length of its body and its sentence.
macro_rules! page {
    ($status:literal, $reason:literal, $length:literal, $sentence:literal) => {
        page!(@ $status, $reason, $length, $sentence, false)
    };
    ($status:literal, $reason:literal, $length:literal, $sentence:literal, closes) => {
        page!(@ $status, $reason, $length, $sentence, true)
    };
    (@ $status:literal, $reason:literal, $length:literal, $sentence:literal, $closes:literal) => {{
        const LINES: &str = concat!(
            "HTTP/1.1 ", $status, " ", $reason, "\r\n",
            "Content-length: ", $length, "\r\n",
            "Cache-Control: no-cache\r\n",
            "Content-Type: text/html\r\n"
        );
        const BYTES: &str = concat!(
            "HTTP/1.1 ", $status, " ", $reason, "\r\n",
            "Content-length: ", $length, "\r\n",
            "Cache-Control: no-cache\r\n",
            "Content-Type: text/html\r\n",
            "\r\n",
            "<html><body><h1>", $status, " ", $reason, "</h1>\n",
            $sentence, "\n</body></html>\n"
        );
        ErrorPage {
            bytes: Cow::Borrowed(BYTES.as_bytes()),
            lines_end: LINES.len(),
            status: $status,
            version: Version::Http11,
            must_close: $closes,
            is_framed: true,
        }
    }};
}

/// The version that weir's own answers have.
const VERSION: &[u8] = b"HTTP/1.1";

/// The page of last resort.
static PAGE_500: ErrorPage = page!(
    500,
    "Internal Server Error",
    97,
    "An internal server error occurred."
);

/// All built-in pages. Reasons and sentences are what users of HAProxy see and match.
static PAGES: [ErrorPage; 20] = [
    page!(200, "OK", 58, "Service ready."),
    page!(
        400,
        "Bad request",
        90,
        "Your browser sent an invalid request.",
        closes
    ),
    page!(
        401,
        "Unauthorized",
        112,
        "You need a valid user and password to access this content."
    ),
    page!(
        403,
        "Forbidden",
        93,
        "Request forbidden by administrative rules."
    ),
    page!(404, "Not Found", 83, "The resource could not be found."),
    page!(
        405,
        "Method Not Allowed",
        146,
        "A request was made of a resource using a request method not supported by that resource"
    ),
    page!(
        407,
        "Unauthorized",
        112,
        "You need a valid user and password to access this content."
    ),
    page!(
        408,
        "Request Time-out",
        110,
        "Your browser didn't send a complete request in time.",
        closes
    ),
    page!(
        410,
        "Gone",
        114,
        "The resource is no longer available and will not be available again."
    ),
    page!(
        413,
        "Payload Too Large",
        106,
        "The request entity exceeds the maximum allowed."
    ),
    page!(
        414,
        "URI Too Long",
        94,
        "The request URI exceeds the buffer size.",
        closes
    ),
    page!(
        421,
        "Misdirected Request",
        104,
        "Request sent to a non-authoritative server."
    ),
    page!(
        422,
        "Unprocessable Content",
        116,
        "The server cannot process the contained instructions."
    ),
    page!(425, "Too Early", 80, "Your browser sent early data."),
    page!(
        429,
        "Too Many Requests",
        117,
        "You have sent too many requests in a given amount of time."
    ),
    page!(
        500,
        "Internal Server Error",
        97,
        "An internal server error occurred."
    ),
    page!(
        501,
        "Not Implemented",
        136,
        ".The server does not support the functionality required to fulfill the request."
    ),
    page!(
        502,
        "Bad Gateway",
        107,
        "The server returned an invalid or incomplete response."
    ),
    page!(
        503,
        "Service Unavailable",
        107,
        "No server is available to handle this request."
    ),
    page!(
        504,
        "Gateway Time-out",
        92,
        "The server didn't respond in time."
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn written(page: &ErrorPage, farewell: Farewell, head_only: bool) -> String {
        let mut buffer = Buffer::new(4096);
        page.write(&mut buffer, farewell, &[], head_only).unwrap();
        String::from_utf8(buffer.bytes().to_vec()).unwrap()
    }

    fn file(raw: &str) -> Result<ErrorPage, ErrorFileError> {
        ErrorPage::from_file(raw.as_bytes(), 503, 1000)
    }

    #[test]
    fn every_builtin_page_states_its_length() {
        for page in &PAGES {
            let text = written(page, Farewell::Silent, false);
            let (lines, body) = text.split_once("\r\n\r\n").unwrap();
            let length = format!("\r\nContent-length: {}\r\n", body.len());
            assert!(
                lines.contains(&length),
                "{} has {}",
                page.status,
                body.len()
            );
            assert!(lines.starts_with(&format!("HTTP/1.1 {} ", page.status)));
            assert_eq!(page.must_close(), [400, 408, 414].contains(&page.status));
        }
        assert!(statuses().is_sorted());
        assert_eq!(builtin(500), Some(&PAGE_500));
        assert_eq!(builtin(418), None);
        assert_eq!(builtin_or_500(418).status(), 500);
    }

    #[test]
    fn a_page_says_what_becomes_of_the_connection() {
        let page = builtin(503).unwrap();
        assert!(written(page, Farewell::Close, false).contains("\r\nConnection: close\r\n\r\n<"));
        assert!(
            written(page, Farewell::KeepAlive, true).ends_with("Connection: keep-alive\r\n\r\n")
        );
        assert!(!written(page, Farewell::Silent, false).contains("Connection"));
    }

    #[test]
    fn extra_lines_stand_in_the_head_and_a_full_buffer_gets_nothing() {
        let page = builtin(401).unwrap();
        let extra: [&[u8]; 3] = [b"WWW-Authenticate: Basic realm=\"", b"x", b"\"\r\n"];
        let mut buffer = Buffer::new(4096);
        page.write(&mut buffer, Farewell::Silent, &extra, true)
            .unwrap();
        assert!(
            buffer
                .bytes()
                .ends_with(b"\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")
        );
        let mut small = Buffer::new(100);
        assert_eq!(
            page.write(&mut small, Farewell::Silent, &extra, true),
            Err(NoRoom)
        );
        assert!(small.is_empty());
    }

    #[test]
    fn an_error_file_is_sent_as_it_is_but_for_line_ends_and_connection() {
        let page = file("HTTP/1.0 403 X\nConnection: close\nA: b\n\nbody\n").unwrap();
        assert_eq!(page.status(), 403);
        assert!(page.must_close());
        assert_eq!(
            written(&page, Farewell::Close, false),
            "HTTP/1.0 403 X\r\nA: b\r\n\r\nbody\n"
        );
        let page = file("HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\nbody").unwrap();
        assert!(!page.must_close());
        let empty = file("").unwrap();
        assert!(empty.is_empty() && empty.must_close());
        assert_eq!(written(&empty, Farewell::Close, false), "");
    }

    #[test]
    fn an_error_file_as_an_answer_has_our_version_and_a_length() {
        let answer = |raw| {
            let (head, body) = file(raw).unwrap().into_answer();
            (String::from_utf8(head).unwrap(), body)
        };
        let (head, body) = answer("HTTP/1.0 503 Gone\nConnection: close\nA: b\n\nsoon");
        assert_eq!(head, "HTTP/1.1 503 Gone\r\nA: b\r\ncontent-length: 4\r\n");
        assert_eq!(body, b"soon");
        let (head, _) = answer("HTTP/1.0 503 Gone\r\nContent-Length: 4\r\n\r\nsoon");
        assert_eq!(head, "HTTP/1.1 503 Gone\r\nContent-Length: 4\r\n");
        assert_eq!(answer(""), (String::new(), Vec::new()));
    }

    #[test]
    fn a_file_that_is_no_response_is_refused() {
        assert!(matches!(file("hello"), Err(ErrorFileError::Head(_))));
        assert_eq!(
            file("HTTP/1.0 503 X\r\nA: b\r\n"),
            Err(ErrorFileError::Incomplete)
        );
        assert!(matches!(
            file("HTTP/1.0 50 X\r\n\r\n"),
            Err(ErrorFileError::Head(_))
        ));
        assert_eq!(file("HTTP/1.1 100 X\r\n\r\n"), Err(ErrorFileError::Interim));
        assert_eq!(
            file("HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Err(ErrorFileError::Chunked)
        );
        for length in [2, 10] {
            let raw = format!("HTTP/1.1 503 X\r\nContent-Length: {length}\r\n\r\nbody");
            let error = file(&raw).unwrap_err();
            assert_eq!(
                error,
                ErrorFileError::Length {
                    announced: length,
                    payload: 4
                }
            );
        }
        let large = format!("HTTP/1.0 503 X\r\n\r\n{}", "a".repeat(1000));
        let error = file(&large).unwrap_err();
        assert_eq!(error.to_string(), "larger than 1000 bytes");
    }
}
