//! What an expression is evaluated on: a message, the session that carries it if there is
//! one, and what the process knows.
//!
//! Made anew, from references only, for every evaluation, since rules change the message in
//! between. Invariant: nothing here is required; a fetch that finds its source absent
//! reports a missing sample, so that a configuration can be tried on a message that no
//! connection carries.

use bumpalo::Bump;

use super::value::Sample;
use crate::config::model::ProxyId;
use crate::http::head::HeadView;
use crate::session::Session;
use crate::worker::Core;

/// The message that rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the client sent.
    Request,
    /// What the server sent.
    Response,
}

/// An HTTP message as far as it has arrived.
#[derive(Clone, Copy, Debug)]
pub struct MessageView<'a> {
    /// Its head.
    pub head: HeadView<'a>,
    /// What is here of its body, in the coding of the transfer.
    pub body: &'a [u8],
    /// All of the body is here, or the buffer takes no more of it.
    pub body_is_whole: bool,
    /// The body is in chunks.
    pub is_chunked: bool,
}

/// What fetches read.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Memory for what has to be made; emptied after the rules have run.
    pub arena: &'a Bump,
    /// The process.
    pub core: &'a Core,
    /// The session, when a connection carries the message.
    pub session: Option<&'a Session>,
    /// The request, while its head is here.
    pub request: Option<MessageView<'a>>,
    /// The response, while its head is here.
    pub response: Option<MessageView<'a>>,
    /// The proxy whose rules run.
    pub proxy: ProxyId,
    /// Which of them is being worked on.
    pub direction: Direction,
    /// Nothing more of the message is going to be waited for.
    pub is_final: bool,
}

/// What a fetch found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched<'a> {
    /// A value.
    Found(Sample<'a>),
    /// Nothing, and waiting would not change that.
    Missing,
    /// Nothing yet: what it looks at has not arrived.
    NotYet,
}

impl<'a> Fetched<'a> {
    /// The sample found.
    pub const fn sample(self) -> Option<Sample<'a>> {
        match self {
            Self::Found(sample) => Some(sample),
            Self::Missing | Self::NotYet => None,
        }
    }
}

impl<'a> From<Option<Sample<'a>>> for Fetched<'a> {
    fn from(sample: Option<Sample<'a>>) -> Self {
        sample.map_or(Self::Missing, Self::Found)
    }
}

/// Walks over the values of a fetch that can have several, for ACLs: all are tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    /// The caller asks for one value after the other; without, for the one that a plain
    /// expression means.
    pub walks: bool,
    /// How many values were given before; the fetch counts and looks them up by it.
    pub given: usize,
    /// A place in what is searched that the fetch wants to remember: a line, say, and an
    /// offset in it.
    pub place: (usize, usize),
    /// Set by the fetch: there may be one more value.
    pub has_more: bool,
    /// Set by the fetch: the value may be another once more of the message has arrived, so
    /// that an ACL which it does not match yet may still come true.
    pub may_change: bool,
}

impl<'a> Context<'a> {
    /// The message that rules work on.
    pub const fn message(&self) -> Option<MessageView<'a>> {
        match self.direction {
            Direction::Request => self.request,
            Direction::Response => self.response,
        }
    }

    /// The bytes of the request's channel that were not forwarded.
    pub fn request_bytes(&self) -> &'a [u8] {
        self.session.map_or(&[], |session| session.request.input())
    }

    /// The bytes of the response's channel that were not forwarded.
    pub fn response_bytes(&self) -> &'a [u8] {
        self.session.map_or(&[], |session| session.response.input())
    }

    /// Nothing found: for good, or so far when more of the message may still arrive.
    pub const fn not_yet(&self) -> Fetched<'a> {
        if self.is_final {
            Fetched::Missing
        } else {
            Fetched::NotYet
        }
    }
}
