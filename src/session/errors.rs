//! Refused messages, kept for `show errors`: the last one per proxy and direction.

use std::collections::BTreeMap;

use super::Session;
use crate::config::model::{ProxyId, ServerId};
use crate::engine::clock::Clock;
use crate::http::reason::HeadError;
use crate::net::address::PeerAddress;

/// A refused message with what an administrator needs to understand it.
#[derive(Clone, Debug)]
pub struct ErrorCapture {
    /// Wall-clock date.
    pub date: (i64, u32),
    /// Number of the event, from 1, over all proxies.
    pub event: u64,
    /// Number of the session.
    pub session: u32,
    /// The client.
    pub source: PeerAddress,
    /// The other proxy: the backend of a request, the frontend of a response.
    pub other: ProxyId,
    /// The server, once one was assigned.
    pub server: Option<ServerId>,
    /// Bytes from the message's first to the wrong one.
    pub position: usize,
    /// What is wrong.
    pub reason: &'static str,
    /// Flags of the channel.
    pub channel_flags: u32,
    /// Flags of the session.
    pub session_flags: u32,
    /// Bytes the channel had received before.
    pub total: u64,
    /// The beginning of the message.
    pub bytes: Vec<u8>,
}

/// Which way a refused message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From a client, kept at its frontend.
    Request,
    /// From a server, kept at its backend.
    Response,
}

/// The refused messages of a process.
#[derive(Debug, Default)]
pub struct ErrorCaptures {
    events: u64,
    last: BTreeMap<(ProxyId, Direction), ErrorCapture>,
}

impl ErrorCaptures {
    /// Events so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// What is kept, by proxy.
    pub fn iter(&self) -> impl Iterator<Item = (ProxyId, Direction, &ErrorCapture)> {
        self.last
            .iter()
            .map(|((proxy, direction), capture)| (*proxy, *direction, capture))
    }

    /// Keeps a refused request.
    pub fn capture_request(&mut self, session: &Session, error: HeadError, clock: &Clock) {
        let key = (session.frontend, Direction::Request);
        let capture = self.capture(session, Direction::Request, error, clock);
        self.last.insert(key, capture);
    }

    /// Keeps a refused response.
    pub fn capture_response(&mut self, session: &Session, error: HeadError, clock: &Clock) {
        let key = (session.backend, Direction::Response);
        let capture = self.capture(session, Direction::Response, error, clock);
        self.last.insert(key, capture);
    }

    fn capture(
        &mut self,
        session: &Session,
        direction: Direction,
        error: HeadError,
        clock: &Clock,
    ) -> ErrorCapture {
        self.events += 1;
        let (channel, other) = match direction {
            Direction::Request => (&session.request, session.backend),
            Direction::Response => (&session.response, session.frontend),
        };
        ErrorCapture {
            date: clock.date(),
            event: self.events,
            session: session.unique_id,
            source: session.source,
            other,
            server: session.server,
            position: error.offset,
            reason: error.reason.sentence(),
            channel_flags: channel.flags.bits(),
            session_flags: session.flags.bits(),
            total: channel.total,
            bytes: channel.input().to_vec(),
        }
    }
}
