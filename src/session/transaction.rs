//! An HTTP request and its response while they are being processed.
//!
//! Attached to a session with the first byte of a request, returned to its pool when the
//! connection idles, so that an idle client costs none of it. Its vectors keep their memory
//! from request to request: a steady load allocates nothing.

use std::ops::Range;

use super::capture::CapturedValues;
use super::compression::Compression;
use crate::config::model::{LogLevel, Place, Reply};
use crate::http::chunk::ChunkParser;
use crate::http::connection::{Mode, Options, RequestPlan, ResponsePlan};
use crate::http::errors::Farewell;
use crate::http::framing::BodyLength;
use crate::http::head::{Head, Version};
use crate::http::known::KnownHeader;
use crate::http::parse::Kind;
use crate::http::scan::HeadScanner;
use crate::net::address::PeerAddress;
use crate::sample::variables::Variables;
use crate::session::persistence::CookieState;

/// How far a message was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageState {
    /// Its head is awaited.
    Head,
    /// The head was parsed and not forwarded yet.
    Parsed,
    /// The body is being forwarded.
    Body,
    /// All of it was handed to the channel's output.
    Done,
    /// What follows is no message: bytes are relayed.
    Tunnel,
}

/// The level of a request's log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelChoice {
    /// The one that its outcome asks for.
    Usual,
    /// This one.
    Level(LogLevel),
    /// No line at all.
    Silent,
}

/// One direction of a transaction.
#[derive(Debug)]
pub struct Message {
    /// Progress.
    pub state: MessageState,
    /// Searches the end of the head.
    pub scanner: HeadScanner,
    /// The parsed head.
    pub head: Head,
    /// How the body ends.
    pub body: BodyLength,
    /// Follows a chunked body.
    pub chunks: ChunkParser,
    /// What was seen of the body while it was held back.
    ahead: LookAhead,
}

/// How far a body was looked at before any of it was forwarded.
#[derive(Debug)]
struct LookAhead {
    /// Follows a chunked body.
    chunks: ChunkParser,
    /// Bytes it was shown.
    shown: usize,
}

impl LookAhead {
    const fn new() -> Self {
        Self {
            chunks: ChunkParser::new(),
            shown: 0,
        }
    }
}

/// What has arrived of a body that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Bytes of payload, without the framing of chunks.
    pub payload: u64,
    /// All of it is there, as far as the framing tells.
    pub is_complete: bool,
}

impl Message {
    const fn new(kind: Kind) -> Self {
        Self {
            state: MessageState::Head,
            scanner: HeadScanner::new(kind),
            head: Head::new(),
            body: BodyLength::None,
            chunks: ChunkParser::new(),
            ahead: LookAhead::new(),
        }
    }

    /// What has arrived of the body, `input` being the head and all that follows it. Each
    /// byte of a chunked body is looked at once, however often this is called; the head may
    /// be rewritten in between.
    ///
    /// # Errors
    /// The word for logs when a chunked body is malformed.
    pub fn arrived(&mut self, input: &[u8]) -> Result<Arrived, &'static str> {
        let body = input.get(self.head.len()..).unwrap_or_default();
        let payload = body.len() as u64;
        let is_complete = match self.body {
            BodyLength::None | BodyLength::Tunnel => true,
            BodyLength::Length(length) => payload >= length,
            BodyLength::UntilClose => false,
            BodyLength::Chunked => return self.arrived_chunks(body),
        };
        Ok(Arrived {
            payload,
            is_complete,
        })
    }

    fn arrived_chunks(&mut self, body: &[u8]) -> Result<Arrived, &'static str> {
        let ahead = &mut self.ahead;
        while !ahead.chunks.is_done()
            && let Some(rest) = body.get(ahead.shown..).filter(|rest| !rest.is_empty())
        {
            let progress = ahead
                .chunks
                .advance(rest)
                .map_err(|error| error.reason.word())?;
            ahead.shown += progress.forward + progress.dropped;
        }
        Ok(Arrived {
            payload: ahead.chunks.data_seen(),
            is_complete: ahead.chunks.is_done(),
        })
    }

    /// The head was parsed.
    pub fn head_received(&mut self) {
        self.state = MessageState::Parsed;
    }

    /// Gets ready for the next message, keeping memory.
    pub fn reset(&mut self) {
        self.state = MessageState::Head;
        self.scanner.reset();
        self.head.clear();
        self.body = BodyLength::None;
        self.chunks = ChunkParser::new();
        self.ahead = LookAhead::new();
    }
}

/// What was decided about the two connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// What configuration and process say.
    pub options: Options,
    /// Decided when the request left.
    pub request: RequestPlan,
    /// Decided when the response left; nothing is kept before.
    pub response: ResponsePlan,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            options: Options {
                mode: Mode::KeepAlive,
                ..Options::default()
            },
            request: RequestPlan {
                keep_client: false,
                keep_server: false,
                upgrade: false,
                version: Version::Http11,
                header: KnownHeader::Connection,
            },
            response: ResponsePlan {
                keep_client: false,
                keep_server: false,
            },
        }
    }
}

impl Connections {
    /// What an answer made by the proxy says about the client's connection.
    pub fn farewell(&self) -> Farewell {
        match (self.response.keep_client, self.request.version) {
            (false, _) => Farewell::Close,
            (true, Version::Http10) => Farewell::KeepAlive,
            (true, Version::Http11) => Farewell::Silent,
        }
    }
}

/// What rules said about an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// What is answered once the tarpit lets the client go.
    pub tarpit_reply: Option<&'static Reply>,
    /// `strict-mode off`, until the running set of rules ends.
    pub lenient: bool,
    /// `http-after-response` rules have failed: the error in the answer's place meets none.
    pub after_rules_failed: bool,
    /// `disable-l7-retry`.
    pub no_replay: bool,
    /// Sets of rules over the response that are through, while one waits.
    pub response_sets_done: u8,
    /// `set-timeout server` in milliseconds; 0 without.
    pub server_timeout_ms: u32,
    /// `set-timeout tunnel` in milliseconds; 0 without.
    pub tunnel_timeout_ms: u32,
    /// `set-priority-class`.
    pub priority_class: i16,
    /// `set-priority-offset` in milliseconds.
    pub priority_offset_ms: i32,
}

/// One request with its response.
#[derive(Debug)]
pub struct Transaction {
    /// From the client.
    pub request: Message,
    /// From the server.
    pub response: Message,
    /// Which connections persist, and what the Connection headers say.
    pub connections: Connections,
    /// The compression of the response.
    pub compression: Compression,
    /// Persistence cookie and captured cookies.
    pub cookies: CookieState,
    /// Status answered to the client, -1 while there is none.
    pub status: i32,
    /// The request line as logged, not escaped.
    pub request_line: Vec<u8>,
    /// Why the request or response was refused, one word.
    pub reason: Option<&'static str>,
    /// The server stopped taking the request; its answer may still come.
    pub request_lost: bool,
    /// What `capture` keeps of it.
    pub captures: CapturedValues,
    /// What `unique-id-format` made; empty until it is needed.
    pub unique_id: Vec<u8>,
    /// Number of the request in this process; `None` for the session's own.
    pub number: Option<u32>,
    /// What `set-log-level` chose.
    pub log_level: LevelChoice,
    /// The address that the server is reached from, where a log line shows it.
    pub server_source: PeerAddress,
    /// The last rule that ended a set of rules.
    pub last_rule: Option<Place>,
    /// What rules said about this exchange.
    pub said: Said,
    /// The body of an answer that was rendered for this request; scratch memory before.
    pub answer: Vec<u8>,
    /// Scratch memory of rules.
    pub ranges: Vec<Range<usize>>,
    /// Variables of the transaction.
    pub variables: Variables,
    /// Variables of the request's rules.
    pub request_variables: Variables,
    /// Variables of the response's rules.
    pub response_variables: Variables,
}

impl Default for Transaction {
    fn default() -> Self {
        Self {
            request: Message::new(Kind::Request),
            response: Message::new(Kind::Response),
            connections: Connections::default(),
            compression: Compression::default(),
            cookies: CookieState::default(),
            status: -1,
            request_line: Vec::new(),
            reason: None,
            request_lost: false,
            captures: CapturedValues::default(),
            unique_id: Vec::new(),
            number: None,
            log_level: LevelChoice::Usual,
            server_source: PeerAddress::None,
            last_rule: None,
            said: Said::default(),
            answer: Vec::new(),
            ranges: Vec::new(),
            variables: Variables::new(),
            request_variables: Variables::new(),
            response_variables: Variables::new(),
        }
    }
}

impl Transaction {
    /// Gets ready for the next request, keeping memory.
    pub fn reset(&mut self) {
        self.request.reset();
        self.response.reset();
        self.connections = Connections::default();
        self.compression = Compression::default();
        self.cookies.reset();
        self.status = -1;
        self.request_line.clear();
        self.reason = None;
        self.request_lost = false;
        self.captures.reset();
        self.unique_id.clear();
        self.number = None;
        self.log_level = LevelChoice::Usual;
        self.server_source = PeerAddress::None;
        self.last_rule = None;
        self.said = Said::default();
        self.answer.clear();
        self.ranges.clear();
        self.variables.clear();
        self.request_variables.clear();
        self.response_variables.clear();
    }
}

/// Keeps the request line for the log, cut to what a log line takes.
pub fn keep_line(kept: &mut Vec<u8>, line: &[u8]) {
    kept.clear();
    kept.extend_from_slice(line.get(..REQUEST_LINE_MAX).unwrap_or(line));
}

/// Longest request line that is logged (dev7: 1023 bytes).
const REQUEST_LINE_MAX: usize = 1023;

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked() -> Message {
        let mut message = Message::new(Kind::Request);
        message.body = BodyLength::Chunked;
        message
    }

    #[test]
    fn a_body_of_known_length_is_complete_when_that_much_is_there() {
        let mut message = Message::new(Kind::Request);
        message.body = BodyLength::Length(5);
        let arrived = |message: &mut Message, input: &[u8]| message.arrived(input).unwrap();
        assert!(!arrived(&mut message, b"1234").is_complete);
        let whole = arrived(&mut message, b"12345GET");
        assert!(whole.is_complete && whole.payload >= 5);
        message.body = BodyLength::UntilClose;
        assert!(!arrived(&mut message, b"12345").is_complete);
        message.body = BodyLength::None;
        assert!(arrived(&mut message, b"").is_complete);
    }

    #[test]
    fn a_chunked_body_is_followed_at_any_cut() {
        let text = b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\nGET / ";
        let end = text.len() - 6;
        let mut message = chunked();
        for len in 0..=text.len() {
            let arrived = message.arrived(&text[..len]).unwrap();
            assert_eq!(arrived.is_complete, len >= end, "{len}");
        }
        assert_eq!(message.arrived(text).unwrap().payload, 5);
        message.reset();
        message.body = BodyLength::Chunked;
        assert!(!message.arrived(b"3\r\nab").unwrap().is_complete);
        assert_eq!(message.arrived(b"3\r\nab").unwrap().payload, 2);
    }

    #[test]
    fn a_malformed_chunk_is_told() {
        assert_eq!(chunked().arrived(b"3\r\nabcx"), Err("chunk-line-end"));
    }
}
