//! Why a message is refused: the reason, its place and the status it is answered with.
//!
//! Owned by nobody, returned by the scanner, the parser and the framing decision. Logs show
//! [`ErrorReason::word`], `show errors` the offset and [`ErrorReason::sentence`].

use std::fmt;

/// A refused message head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadError {
    /// Bytes from the first byte of the message to the first wrong one.
    pub offset: usize,
    /// What is wrong there.
    pub reason: ErrorReason,
    /// Status of the answer the client gets: 400, 413, 414 or 422; always 502 when the
    /// refused message came from a server.
    pub status: u16,
}

impl HeadError {
    /// A refused request.
    pub const fn request(offset: usize, reason: ErrorReason) -> Self {
        Self {
            offset,
            reason,
            status: reason.request_status(),
        }
    }

    /// A refused response.
    pub const fn response(offset: usize, reason: ErrorReason) -> Self {
        Self {
            offset,
            reason,
            status: 502,
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason.sentence(), self.offset)
    }
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorReason {
    /// The method is missing or holds a byte that is no token character.
    Method,
    /// The request target is missing or holds a forbidden byte.
    Uri,
    /// The request line does not end within the room a head has.
    UriTooLong,
    /// The form of the target does not suit the method (RFC 9112 section 3.2).
    Target,
    /// The protocol version is not HTTP/1.
    Version,
    /// The connection preface of HTTP/2 where HTTP/1 is spoken.
    Preface,
    /// The status code is not three digits.
    Status,
    /// A line end is wrong: a CR without LF.
    LineEnd,
    /// A header line has no name, or its name holds a byte that is no token character.
    HeaderName,
    /// A header name is longer than 255 bytes.
    HeaderNameLength,
    /// A header value holds a NUL.
    HeaderValue,
    /// More header lines than `tune.http.maxhdr` allows.
    HeaderCount,
    /// The head does not end within the room it has.
    HeadSize,
    /// No room to bring the head into its canonical form.
    NoRoom,
    /// A Content-Length that is not one plain number.
    ContentLength,
    /// Content-Length values that differ.
    ContentLengthDiffers,
    /// A Transfer-Encoding that does not end in a single `chunked`.
    TransferEncoding,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// Two different Host headers.
    HostDiffers,
    /// The authority of the target and the Host header differ.
    Authority,
    /// A body where the sender could not frame it or the method has none.
    Payload,
}

impl ErrorReason {
    /// Status answered to a client whose request is refused for this.
    pub const fn request_status(self) -> u16 {
        match self {
            Self::UriTooLong => 414,
            Self::Payload => 413,
            Self::TransferCoding => 422,
            Self::Method
            | Self::Uri
            | Self::Target
            | Self::Version
            | Self::Preface
            | Self::Status
            | Self::LineEnd
            | Self::HeaderName
            | Self::HeaderNameLength
            | Self::HeaderValue
            | Self::HeaderCount
            | Self::HeadSize
            | Self::NoRoom
            | Self::ContentLength
            | Self::ContentLengthDiffers
            | Self::TransferEncoding
            | Self::HostDiffers
            | Self::Authority => 400,
        }
    }

    /// The one word logs show behind the termination code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Uri => "uri",
            Self::UriTooLong => "uri-length",
            Self::Target => "target",
            Self::Version => "version",
            Self::Preface => "h2-preface",
            Self::Status => "status",
            Self::LineEnd => "line-end",
            Self::HeaderName => "hdr-name",
            Self::HeaderNameLength => "hdr-name-length",
            Self::HeaderValue => "hdr-value",
            Self::HeaderCount => "hdr-count",
            Self::HeadSize => "hdr-size",
            Self::NoRoom => "no-room",
            Self::ContentLength => "content-length",
            Self::ContentLengthDiffers => "content-length-differs",
            Self::TransferEncoding => "transfer-encoding",
            Self::TransferCoding => "transfer-coding",
            Self::HostDiffers => "host-differs",
            Self::Authority => "authority",
            Self::Payload => "payload",
        }
    }

    /// The sentence `show errors` prints.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Method => "the method is missing or holds an invalid character",
            Self::Uri => "the URI is missing or holds an invalid character",
            Self::UriTooLong => "the URI is longer than the buffer",
            Self::Target => "the form of the URI does not suit the method",
            Self::Version => "the protocol version is not HTTP/1",
            Self::Preface => "HTTP/2 is spoken to an HTTP/1 listener",
            Self::Status => "the status code is not three digits",
            Self::LineEnd => "a line ends in CR without LF",
            Self::HeaderName => "a header name is missing or holds an invalid character",
            Self::HeaderNameLength => "a header name is longer than 255 bytes",
            Self::HeaderValue => "a header value holds a NUL character",
            Self::HeaderCount => "there are more headers than tune.http.maxhdr allows",
            Self::HeadSize => "the headers do not fit into the buffer",
            Self::NoRoom => "there is no room in the buffer to normalise the headers",
            Self::ContentLength => "the Content-Length is not a number",
            Self::ContentLengthDiffers => "the Content-Length headers differ",
            Self::TransferEncoding => "the Transfer-Encoding does not end in one 'chunked'",
            Self::TransferCoding => "the transfer coding is not supported",
            Self::HostDiffers => "the Host headers differ",
            Self::Authority => "the authority of the URI differs from the Host header",
            Self::Payload => "the method has no body in this version of HTTP",
        }
    }
}
