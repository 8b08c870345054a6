//! The session: two stream interfaces, two channels, the task that runs them, and where it
//! came from and goes to.
//!
//! Boxed and pooled by [`Sessions`](super::Sessions); kept small, since an idle keep-alive
//! client costs one of these. What only a running HTTP request needs is in its
//! [`Transaction`], attached with the first byte of a request and taken off when the
//! session idles.

use super::channel::Channel;
use super::flags::flag_set;
use super::interface::StreamInterface;
use super::outcome::Outcome;
use super::timing::Timing;
use super::transaction::Transaction;
use crate::backend::queue::PendingKey;
use crate::config::model::{ProxyId, ServerId};
use crate::engine::task::TaskId;
use crate::net::address::PeerAddress;
use crate::net::listener::ListenerId;
use crate::net::proxy_protocol::{TlvType, tlvs};
use crate::sample::variables::Variables;

flag_set! {
    /// Facts about a session that analysers and the end of it need.
    SessionFlags: u32 {
        /// The server was chosen by persistence, not by load balancing.
        DIRECT = 0x1;
        /// A server was assigned.
        ASSIGNED = 0x2;
        /// The backend was chosen.
        BE_ASSIGNED = 0x8;
        /// A retry went to another server.
        REDISPATCHED = 0x20;
        /// It is over for logging purposes: the line was written.
        LOGGED = 0x100;
        /// `logasap`: the line was written early.
        LOGGED_EARLY = 0x200;
        /// The client's connection carries its first request.
        FIRST_REQUEST = 0x400;
        /// A retry of the request on a fresh connection was done already.
        REPLAYED = 0x1000;
        /// It is a command socket's session, not a proxy's.
        COMMAND = 0x2000;
        /// The server connection may not be shared with other sessions.
        PRIVATE = 0x4000;
        /// The backend's session counters include it.
        BE_COUNTED = 0x8000;
        /// It must end at the task's next run (administrator, panic).
        KILLED = 0x10000;
        /// It must take a fresh connection (a reused one died).
        NO_REUSE = 0x20000;
        /// `ignore-persist`: cookies choose no server.
        IGNORE_PERSIST = 0x40000;
        /// `force-persist`: a cookie's server is used even when it is down.
        FORCE_PERSIST = 0x80000;
        /// Its PROXY header was missing or wrong.
        NO_PROXY_HEADER = 0x1000000;
        /// Idle connections wait for this session alone.
        PRIVATE_IDLE = 0x2000000;
        /// Short segments to the server leave at once (`TCP_NODELAY` is set).
        UNDELAYED = 0x400000;
        /// The rules of the running set have waited long enough: what they do not know counts
        /// as unknown for good.
        RULES_FINAL = 0x800000;
        /// A PROXY protocol header is still to be sent to the server.
        ANNOUNCE = 0x200000;
    }
}

/// Extensions of a PROXY header that rules can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyFacts {
    /// The host name that the client asked for.
    pub authority: Option<Box<[u8]>>,
    /// An identifier of the connection.
    pub unique_id: Option<Box<[u8]>>,
}

impl ProxyFacts {
    /// What a complete header tells; `None` when it is nothing.
    pub fn of_header(header: &[u8]) -> Option<Box<Self>> {
        let mut facts = Self::default();
        for tlv in tlvs(header) {
            match tlv.kind {
                TlvType::Authority => facts.authority = Some(tlv.value.into()),
                TlvType::UniqueId => facts.unique_id = Some(tlv.value.into()),
                TlvType::Alpn
                | TlvType::Crc32c
                | TlvType::Noop
                | TlvType::Ssl
                | TlvType::NetworkNamespace
                | TlvType::Other(_) => {}
            }
        }
        (facts != Self::default()).then(|| Box::new(facts))
    }
}

/// A session.
pub struct Session {
    /// Its own key, packed, as the owner of its descriptors and task.
    pub owner: u64,
    /// Its task.
    pub task: TaskId,
    /// Number shown in traces and dumps.
    pub unique_id: u32,
    /// Facts.
    pub flags: SessionFlags,
    /// The listener that accepted it.
    pub listener: ListenerId,
    /// The frontend; meaningless for command sockets.
    pub frontend: ProxyId,
    /// The backend, the frontend itself until one was chosen.
    pub backend: ProxyId,
    /// The server assigned or connected to.
    pub server: Option<ServerId>,
    /// The server whose session slot it occupies.
    pub slot: Option<ServerId>,
    /// The server of the previous request, for `prefer-last-server`.
    pub last_server: Option<ServerId>,
    /// The server a redispatch turns away from.
    pub avoid: Option<ServerId>,
    /// Its place in a queue.
    pub pending: Option<PendingKey>,
    /// Connection attempts left.
    pub retries_left: u32,
    /// The client's address, as received or as a PROXY header says.
    pub source: PeerAddress,
    /// The address the client connected to, looked up when needed.
    pub destination: PeerAddress,
    /// Bytes from the client.
    pub request: Channel,
    /// Bytes to the client.
    pub response: Channel,
    /// The client's end.
    pub client: StreamInterface,
    /// The server's end.
    pub server_side: StreamInterface,
    /// How it ended, so far.
    pub outcome: Outcome,
    /// Dates and durations.
    pub timing: Timing,
    /// Bytes of this request already added to the counters, in and out (`contstats`).
    pub counted: (u64, u64),
    /// Milliseconds from the accept to the end of the PROXY header, 65,535 at most.
    pub handshake_ms: u16,
    /// The rule that waits for data, by its place in its set.
    pub rule_at: u16,
    /// Variables of the session's scope, once one was set.
    pub variables: Option<Box<Variables>>,
    /// What a PROXY header told besides addresses.
    pub proxy_header: Option<Box<ProxyFacts>>,
    /// The HTTP request being processed.
    pub transaction: Option<Box<Transaction>>,
}

impl Session {
    /// A session for a connection accepted by `frontend`, everything else unset.
    pub fn new(task: TaskId, frontend: ProxyId) -> Self {
        Self {
            owner: 0,
            task,
            unique_id: 0,
            flags: SessionFlags::FIRST_REQUEST,
            listener: ListenerId(0),
            frontend,
            backend: frontend,
            server: None,
            slot: None,
            last_server: None,
            avoid: None,
            pending: None,
            retries_left: 0,
            source: PeerAddress::None,
            destination: PeerAddress::None,
            request: Channel::default(),
            response: Channel::default(),
            client: StreamInterface::default(),
            server_side: StreamInterface::default(),
            outcome: Outcome::default(),
            timing: Timing::default(),
            counted: (0, 0),
            handshake_ms: 0,
            rule_at: 0,
            variables: None,
            proxy_header: None,
            transaction: None,
        }
    }

    /// True for a client that waits with no request begun, after having sent one before.
    pub fn is_between_requests(&self) -> bool {
        self.transaction.is_none()
            && !self.flags.any(SessionFlags::FIRST_REQUEST)
            && self
                .request
                .analysers
                .any(super::analyser::AnalyserSet::WAIT_HTTP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_stays_small() {
        // An idle client costs one session: 640 bytes with its descriptor, task and timer.
        assert!(size_of::<Session>() <= 384, "{}", size_of::<Session>());
    }
}
