//! What traffic, checks and commands change: counters and the run-time state of proxies and
//! servers, under the identifiers of the configuration.
//!
//! Owned by the worker's core. Plain numbers without pointers, so that they can live in
//! memory shared by several processes.

use crate::config::model::{BindId, Config, ProxyId, Server, ServerId};
use crate::engine::rate::FreqCounter;

/// Traffic of a frontend, a backend or a server since start, for statistics.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Connections accepted (frontend).
    pub connections: u64,
    /// Sessions.
    pub sessions: u64,
    /// Most concurrent sessions seen.
    pub sessions_max: u32,
    /// Most sessions per second seen.
    pub session_rate_max: u32,
    /// Requests.
    pub requests: u64,
    /// Most requests per second seen.
    pub request_rate_max: u32,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
    /// Connections that `tcp-request connection` rules refused.
    pub denied_connections: u64,
    /// Sessions that `tcp-request session` rules refused.
    pub denied_sessions: u64,
    /// Requests denied by rules.
    pub denied_requests: u64,
    /// Responses denied by rules.
    pub denied_responses: u64,
    /// Requests that were invalid or incomplete.
    pub failed_requests: u64,
    /// Connections to servers that failed for good.
    pub failed_connections: u64,
    /// Responses that were invalid, incomplete or late.
    pub failed_responses: u64,
    /// Connection attempts repeated.
    pub retries: u64,
    /// Sessions sent to another server after failures.
    pub redispatches: u64,
    /// Times load balancing chose it.
    pub lb_total: u64,
    /// Transfers aborted by clients.
    pub client_aborts: u64,
    /// Transfers aborted by servers.
    pub server_aborts: u64,
    /// Server connections opened.
    pub connects: u64,
    /// Server connections reused.
    pub reuses: u64,
    /// Responses by class: other, 1xx, 2xx, 3xx, 4xx, 5xx.
    pub responses: [u64; 6],
    /// Sessions ended by a caught panic.
    pub panics: u64,
    /// Bytes given to compression.
    pub compressed_in: u64,
    /// Bytes that compression made of them.
    pub compressed_out: u64,
    /// Bytes of responses to be compressed that were only chunked.
    pub compression_bypassed: u64,
    /// Responses compressed.
    pub compressed_responses: u64,
    /// Monotonic microsecond of the last session, 0 for none yet.
    pub last_session_us: u64,
}

impl Counters {
    /// Counts a response of this status.
    pub fn count_response(&mut self, status: u16) {
        let class = usize::from(status / 100);
        let class = if (1..=5).contains(&class) { class } else { 0 };
        self.responses[class] += 1;
    }

    /// Forgets the highest values seen (`clear counters`).
    pub const fn clear_maxima(&mut self) {
        self.sessions_max = 0;
        self.session_rate_max = 0;
        self.request_rate_max = 0;
    }
}

/// A proxy at run time.
#[derive(Debug)]
pub struct ProxyState {
    /// Sessions its frontend side holds (`feconn`).
    pub frontend_sessions: u32,
    /// Sessions its backend side holds (`beconn`).
    pub backend_sessions: u32,
    /// Sessions waiting for any of its servers.
    pub queued: u32,
    /// Most sessions ever waiting.
    pub queued_max: u32,
    /// Sessions accepted per second.
    pub session_rate: FreqCounter,
    /// Sessions received per second by the backend side.
    pub backend_session_rate: FreqCounter,
    /// Lines that its frontend side has logged.
    pub log_count: u64,
    /// Requests per second.
    pub request_rate: FreqCounter,
    /// Traffic of the frontend side.
    pub frontend: Counters,
    /// Traffic of the backend side.
    pub backend: Counters,
    /// Sessions its frontend may hold; 0 takes the process's limit.
    pub maxconn: u32,
    /// The proxy was told to stop: keep-alive ends after the running request.
    pub stopping: bool,
    /// When the backend last changed between usable and unusable, seconds.
    pub last_change: i64,
}

/// A server at run time.
#[derive(Debug)]
pub struct ServerState {
    /// Sessions it serves.
    pub sessions: u32,
    /// Sessions waiting for it.
    pub queued: u32,
    /// Most sessions ever waiting for it.
    pub queued_max: u32,
    /// Weight in force.
    pub weight: u16,
    /// Sessions it may serve at once; 0 any number.
    pub maxconn: u32,
    /// In maintenance.
    pub maintenance: bool,
    /// Takes no new sessions, but finishes those that persist on it.
    pub drain: bool,
    /// Failed by its checks.
    pub down: bool,
    /// Sessions per second.
    pub session_rate: FreqCounter,
    /// Traffic.
    pub counters: Counters,
    /// Next source port to try of its range.
    pub source_port_next: u16,
    /// When it last changed its state, seconds.
    pub last_change: i64,
}

impl ServerState {
    /// True when it serves those that persist on it: weight and draining do not matter.
    pub const fn is_up(&self) -> bool {
        !self.maintenance && !self.down
    }

    /// True when load balancing may choose it.
    pub const fn is_usable(&self) -> bool {
        !self.maintenance && !self.drain && !self.down && self.weight > 0
    }
}

/// Run-time state of one process.
#[derive(Debug)]
pub struct State {
    proxies: Vec<ProxyState>,
    servers: Vec<ServerState>,
    /// Traffic of listeners, for those that `option socket-stats` concerns.
    binds: Vec<Counters>,
    /// Sessions of all frontends (`actconn`).
    pub sessions: u32,
    /// Connections accepted since start.
    pub connections_total: u64,
    /// Requests since start.
    pub requests_total: u64,
    /// Connections accepted per second.
    pub connection_rate: FreqCounter,
    /// Most connections per second seen.
    pub connection_rate_max: u32,
    /// Connections that may be accepted per second; 0 any number.
    pub connection_rate_limit: u32,
    /// Sessions that may be accepted per second; 0 any number.
    pub session_rate_limit: u32,
    /// Bytes given to compression per second.
    pub compressed_in_rate: FreqCounter,
    /// Bytes that compression makes per second.
    pub compressed_out_rate: FreqCounter,
    /// Bytes per second that compression may be given; 0 any number.
    pub compression_rate_limit: u32,
    /// Next session number.
    pub next_session_id: u32,
    /// Soft stop has begun.
    pub stopping: bool,
    /// Sessions ended by a caught panic.
    pub panics: u64,
}

impl State {
    /// The state before any traffic; `now_s` is the wall clock in seconds.
    pub fn new(config: &Config, now_s: i64) -> Self {
        let proxies = config
            .proxies
            .iter()
            .map(|proxy| ProxyState::new(proxy.maxconn, now_s))
            .collect();
        let servers = config
            .servers
            .iter()
            .map(|server| ServerState::new(server, now_s))
            .collect();
        Self {
            proxies,
            servers,
            binds: vec![Counters::default(); config.binds.len()],
            sessions: 0,
            connections_total: 0,
            requests_total: 0,
            connection_rate: FreqCounter::default(),
            connection_rate_max: 0,
            connection_rate_limit: config.global.maxconnrate,
            session_rate_limit: config.global.maxsessrate,
            compressed_in_rate: FreqCounter::default(),
            compressed_out_rate: FreqCounter::default(),
            compression_rate_limit: config.global.compression_rate_max,
            next_session_id: 0,
            stopping: false,
            panics: 0,
        }
    }

    /// A proxy's state.
    pub fn proxy(&self, id: ProxyId) -> &ProxyState {
        &self.proxies[id.index()]
    }

    /// A proxy's state, to be changed.
    pub fn proxy_mut(&mut self, id: ProxyId) -> &mut ProxyState {
        &mut self.proxies[id.index()]
    }

    /// Forgets the highest values seen, and with `all` every counter too (`clear counters`).
    pub fn clear_counters(&mut self, all: bool) {
        self.connection_rate_max = 0;
        for proxy in &mut self.proxies {
            proxy.queued_max = 0;
            clear(&mut proxy.frontend, all);
            clear(&mut proxy.backend, all);
        }
        for counters in &mut self.binds {
            clear(counters, all);
        }
        for server in &mut self.servers {
            server.queued_max = 0;
            clear(&mut server.counters, all);
        }
    }

    /// The traffic of a listener.
    pub fn bind(&self, id: BindId) -> Option<&Counters> {
        self.binds.get(id.index())
    }

    /// The traffic of a listener, to be changed.
    pub fn bind_mut(&mut self, id: BindId) -> Option<&mut Counters> {
        self.binds.get_mut(id.index())
    }

    /// A server's state.
    pub fn server(&self, id: ServerId) -> &ServerState {
        &self.servers[id.index()]
    }

    /// A server's state, to be changed.
    pub fn server_mut(&mut self, id: ServerId) -> &mut ServerState {
        &mut self.servers[id.index()]
    }
}

fn clear(counters: &mut Counters, all: bool) {
    if all {
        *counters = Counters::default();
        return;
    }
    counters.clear_maxima();
}

impl ProxyState {
    fn new(maxconn: u32, now_s: i64) -> Self {
        Self {
            frontend_sessions: 0,
            backend_sessions: 0,
            queued: 0,
            queued_max: 0,
            session_rate: FreqCounter::default(),
            backend_session_rate: FreqCounter::default(),
            log_count: 0,
            request_rate: FreqCounter::default(),
            frontend: Counters::default(),
            backend: Counters::default(),
            maxconn,
            stopping: false,
            last_change: now_s,
        }
    }
}

impl ServerState {
    fn new(settings: &Server, now_s: i64) -> Self {
        Self {
            sessions: 0,
            queued: 0,
            queued_max: 0,
            weight: settings.weight,
            maxconn: settings.maxconn,
            maintenance: settings.disabled,
            drain: false,
            down: false,
            session_rate: FreqCounter::default(),
            counters: Counters::default(),
            source_port_next: 0,
            last_change: now_s,
        }
    }
}
