//! One HTTP/1 message as it came over a connection: its head by lines, its body without framing.
//!
//! Used by the client for responses and by the origin for requests; it takes whatever comes,
//! since the peers are under test. Where chunks begin is not kept: a proxy may move it.

use std::fmt;
use std::io::Read;

/// A message, or what was there in place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The start line and the headers, escaped.
    pub(crate) head: Vec<String>,
    pub(crate) framing: Framing,
    /// The body without chunk sizes.
    pub(crate) body: Vec<u8>,
    /// Lines behind the last chunk, escaped.
    pub(crate) trailers: Vec<String>,
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no body.
    Empty,
    /// Content-Length, or less than it says where the connection closed before.
    Length {
        is_cut: bool,
    },
    Chunked {
        is_cut: bool,
    },
    /// The end of the connection.
    Close,
    /// No head of HTTP/1: everything up to the end of the connection.
    Raw,
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
    /// A response that has no body whatever its head says.
    Bodiless,
}

impl Message {
    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether the connection cannot go on behind it.
    pub(crate) fn is_broken(&self) -> bool {
        use Framing::{Chunked, Length, Raw};
        matches!(
            self.framing,
            Raw | Chunked { is_cut: true } | Length { is_cut: true }
        )
    }

    /// The status of a response; 0 for what is none.
    pub(crate) fn status(&self) -> u16 {
        let word = self.head.first().and_then(|line| line.split(' ').nth(1));
        word.and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self {
            head: Vec::new(),
            framing: Framing::Raw,
            body: bytes,
            trailers: Vec::new(),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.head {
            writeln!(to, "{line}")?;
        }
        let shown = &self.body[..self.body.len().min(BODY_SHOWN)];
        writeln!(
            to,
            "[{:?}, {} bytes, sum {:08x}: {}]",
            self.framing,
            self.body.len(),
            sum_of(&self.body),
            shown.escape_ascii()
        )?;
        for line in &self.trailers {
            writeln!(to, "[trailer] {line}")?;
        }
        Ok(())
    }
}

/// Reads messages one after the other from a connection.
pub(crate) struct Reader<S> {
    stream: S,
    buffer: Vec<u8>,
    /// How the stream ended, once it has.
    pub(crate) end: Option<End>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Closed or reset: which of the two depends on what the kernel still held.
    Closed,
    /// Nothing came for the time that the stream allows.
    Silent,
}

impl<S: Read> Reader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            end: None,
        }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// The next message; none when the connection ends before its first byte.
    pub(crate) fn message(&mut self, kind: Kind) -> Option<Message> {
        while kind == Kind::Request && self.buffer.starts_with(b"\r\n") {
            self.buffer.drain(..2);
        }
        let Some(head) = self.head(kind) else {
            let rest = self.rest();
            return (!rest.is_empty()).then(|| Message::raw(rest));
        };
        let mut message = Message {
            head,
            framing: Framing::Empty,
            body: Vec::new(),
            trailers: Vec::new(),
        };
        let is_chunked = message
            .header("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked"));
        let length = message.header("content-length").map(str::to_owned);
        if kind == Kind::Bodiless || matches!(message.status(), 100..=199 | 204 | 304) {
            return Some(message);
        }
        if is_chunked {
            let is_cut = self.chunks(&mut message).is_none();
            message.framing = Framing::Chunked { is_cut };
            return Some(message);
        }
        if let Some(length) = length.and_then(|length| length.parse::<usize>().ok()) {
            let is_cut = !self.fill(|buffer| buffer.len() >= length);
            message.body = self.take(length);
            message.framing = Framing::Length { is_cut };
            return Some(message);
        }
        if kind == Kind::Response {
            message.body = self.rest();
            message.framing = Framing::Close;
        }
        Some(message)
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.fill(|_| false);
        std::mem::take(&mut self.buffer)
    }

    /// The lines of a head; none when the stream ends before, or what comes is no head.
    fn head(&mut self, kind: Kind) -> Option<Vec<String>> {
        let is_head = |buffer: &[u8]| {
            kind == Kind::Request || b"HTTP/"[..].iter().zip(buffer).all(|(a, b)| a == b)
        };
        let found = self.fill(|buffer| head_len(buffer).is_some() || !is_head(buffer));
        let len = head_len(&self.buffer).filter(|_| found && is_head(&self.buffer))?;
        let head = self.take(len);
        let lines = head.split(|&byte| byte == b'\n').map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.escape_ascii()
                .to_string()
                .replace("\\\"", "\"")
                .replace("\\'", "'")
        });
        Some(lines.filter(|line| !line.is_empty()).collect())
    }

    /// Reads chunks up to the end of the trailers; none when they break off or are none.
    fn chunks(&mut self, message: &mut Message) -> Option<()> {
        loop {
            let line = self.line()?;
            let digits = line.split([';', ' ']).next().unwrap_or_default();
            let size = usize::from_str_radix(digits, 16).ok()?;
            if size == 0 {
                break;
            }
            self.fill(|buffer| buffer.len() >= size);
            let data = self.take(size);
            let is_whole = data.len() == size;
            message.body.extend(data);
            if !is_whole || !self.line()?.is_empty() {
                return None;
            }
        }
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(());
            }
            message.trailers.push(line);
        }
    }

    fn line(&mut self) -> Option<String> {
        self.fill(|buffer| buffer.contains(&b'\n'));
        let len = self.buffer.iter().position(|&byte| byte == b'\n')? + 1;
        let line = self.take(len);
        Some(line.trim_ascii_end().escape_ascii().to_string())
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        self.buffer.drain(..len.min(self.buffer.len())).collect()
    }

    /// Reads until `enough`; false when the stream ends before.
    fn fill(&mut self, enough: impl Fn(&[u8]) -> bool) -> bool {
        let mut piece = [0; 16384];
        while !enough(&self.buffer) {
            if self.end.is_some() {
                return false;
            }
            match self.stream.read(&mut piece) {
                Ok(0) => self.end = Some(End::Closed),
                Ok(count) => self.buffer.extend_from_slice(&piece[..count]),
                Err(error) => match error.kind() {
                    std::io::ErrorKind::Interrupted => {}
                    std::io::ErrorKind::WouldBlock => self.end = Some(End::Silent),
                    _ => self.end = Some(End::Closed),
                },
            }
        }
        true
    }
}

/// The length of a head with its empty line, once that is there.
fn head_len(buffer: &[u8]) -> Option<usize> {
    let ends = buffer
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    let mut ends = ends.map(|(at, _)| at).peekable();
    while let Some(at) = ends.next() {
        let line = match ends.peek() {
            Some(&next) => &buffer[at + 1..next],
            None => return None,
        };
        if line.is_empty() || line == b"\r" {
            return Some(at + 1 + line.len() + 1);
        }
    }
    None
}

/// FNV-1a over 32 bits: tells bodies apart that are too long to show.
pub(crate) fn sum_of(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

/// Bytes of a body that a report shows.
const BODY_SHOWN: usize = 160;
