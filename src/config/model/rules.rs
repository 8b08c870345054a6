//! The rules a message runs through, compiled when the file is read.

use super::Place;

/// Where a reply's body comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyBody {
    /// None at all.
    Empty,
    /// These bytes (`string`, or `file` read at start).
    Bytes(Vec<u8>),
}

/// A complete answer made by the proxy (`http-request return`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// `status`, 200 to 599.
    pub status: u16,
    /// `content-type`.
    pub content_type: Option<String>,
    /// `hdr` lines, name and value.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: ReplyBody,
    /// The head without its final empty line, and without Connection: made at load. Empty
    /// for an empty error file: the connection is closed without an answer.
    pub head: Vec<u8>,
}

/// What an `http-request` rule does.
#[derive(Clone, Debug)]
pub enum HttpAction {
    /// `return`: answers the request here.
    Return(Reply),
}

/// An `http-request` rule.
#[derive(Clone, Debug)]
pub struct HttpRule {
    /// Its effect.
    pub action: HttpAction,
    /// The line that declared it.
    pub place: Place,
}
