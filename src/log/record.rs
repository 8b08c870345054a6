//! What a session tells about itself for one log line: plain values, borrowed names.
//!
//! Sessions fill a [`Record`], the writers under `log::line` turn it into text. Nothing here
//! is escaped yet; the writers do that.

use crate::config::model::Mode;
use crate::net::address::PeerAddress;

/// The server's name in a line of the statistics page (manual, section 8.2.3).
pub const STATS: &str = "<STATS>";
/// The server's name when none was reached; what `server: None` prints.
pub const NOSRV: &str = "<NOSRV>";

/// A date: seconds since 1970 and microseconds.
pub type Date = (i64, u32);

/// One line's worth of facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The client's end (`%ci`, `%cp`).
    pub client: PeerAddress,
    /// The end that the client connected to; the "Connect from" line prints it.
    pub destination: PeerAddress,
    /// Number of the listener (`id` of its bind line); stands for the port of unix clients.
    pub listener_id: u32,
    /// When the connection was accepted (`%t`, `%ms`).
    pub accept_date: Date,
    /// When the first byte of the request came (`%tr`); the accept date if none came.
    pub request_date: Date,
    /// The frontend's mode; the "Connect from" line prints it.
    pub mode: Mode,
    /// The frontend's name (`%f`).
    pub frontend: &'a str,
    /// The client speaks TLS to the frontend: `~` follows its name (`%ft`).
    pub is_tls: bool,
    /// The backend's name, the frontend's own before a backend was chosen (`%b`).
    pub backend: &'a str,
    /// The server's name or [`STATS`] and the like; `None` prints [`NOSRV`] (`%s`).
    pub server: Option<&'a str>,
    /// How long the stages took.
    pub timers: Timers,
    /// Status of the response, -1 when there was none (`%ST`).
    pub status: i32,
    /// Bytes sent to the client (`%B`).
    pub bytes_out: u64,
    /// Bytes received from the client (`%U`).
    pub bytes_in: u64,
    /// Lines that the frontend has logged before (`%lc`).
    pub log_count: u64,
    /// Number of the request, or of the session where bytes are relayed (`%rt`).
    pub request_number: u32,
    /// What `unique-id-format` made; empty without (`%ID`).
    pub unique_id: &'a [u8],
    /// Why it was refused, one word, for `option log-reason`.
    pub reason: Option<&'static str>,
    /// What the captures hold.
    pub captures: Captures<'a>,
    /// Termination state with its two cookie letters (`%tsc`); TCP lines print the first two.
    pub termination: [u8; 4],
    /// How many connections there were.
    pub connections: ConnectionCounts,
    /// Requests ahead in the server's queue (`%sq`).
    pub server_queue: u32,
    /// Requests ahead in the backend's queue (`%bq`).
    pub backend_queue: u32,
    /// The request line without its line end, not escaped; empty prints `<BADREQ>` (`%r`).
    pub request_line: &'a [u8],
    /// `option logasap`: the line leaves before the end, total and bytes are marked by `+`.
    pub is_early: bool,
}

/// Durations in milliseconds, -1 where the stage was not reached (manual, section 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// From the accept to the end of the PROXY header, first request only (`%Th`).
    pub handshake_ms: i32,
    /// From there, or the end of the request before, to the first byte (`%Ti`).
    pub idle_ms: i32,
    /// From the first byte of the request to the end of its head (`%TR`).
    pub request_ms: i32,
    /// In queues (`%Tw`).
    pub queue_ms: i32,
    /// Connecting to the server, retries included (`%Tc`).
    pub connect_ms: i32,
    /// Until the server's response head was complete (`%Tr`).
    pub response_ms: i32,
    /// From the response's head, or the connection where bytes are relayed, to the end
    /// (`%Td`).
    pub data_ms: i32,
    /// From the first byte of the request to the end (`%Ta`).
    pub active_ms: i32,
    /// Since the accept or the end of the request before (`%Tt`).
    pub total_ms: i32,
    /// That without the time that the client was idle (`%Tu`).
    pub user_ms: i32,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            handshake_ms: 0,
            idle_ms: -1,
            request_ms: -1,
            queue_ms: -1,
            connect_ms: -1,
            response_ms: -1,
            data_ms: -1,
            active_ms: 0,
            total_ms: 0,
            user_ms: 0,
        }
    }
}

/// Values of `capture` keywords, not escaped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Captures<'a> {
    /// `capture cookie` from the request (`%CC`).
    pub request_cookie: Option<&'a [u8]>,
    /// `capture cookie` from the response (`%CS`).
    pub response_cookie: Option<&'a [u8]>,
    /// One value per `capture request header`, empty when absent; no braces without any
    /// (`%hr`).
    pub request_headers: &'a [Vec<u8>],
    /// The same of the response (`%hs`).
    pub response_headers: &'a [Vec<u8>],
}

/// Concurrent connections when the line was written (`%ac/%fc/%bc/%sc/%rc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ConnectionCounts {
    /// On the process.
    pub process: u32,
    /// On the frontend.
    pub frontend: u32,
    /// On the backend.
    pub backend: u32,
    /// On the server.
    pub server: u32,
    /// Retries this request needed.
    pub retries: u32,
    /// It was sent to another server in the end: `+` precedes the retries.
    pub redispatched: bool,
}
