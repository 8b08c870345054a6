//! Load balancing: which server of a backend gets the next session.
//!
//! One [`Balancer`] per proxy, owned by the worker's core and asked by `assign`. The order
//! of the servers is HAProxy 2.6's to the last turn, for every algorithm and through changes
//! of weights and states; the sequences in the tests were recorded from it.
//!
//! Any usable active server keeps the backups out; without one, the first usable backup in
//! declaration order serves, or all of them under `option allbackups`. A server is full at
//! its limit or when sessions wait for it, and is then passed over, except where its place
//! is due to the client (`source`) or nobody else could serve (the first backup): those
//! sessions wait in the server's own queue. Invariant: a choice never allocates, and what a
//! balancer knows of states, weights and session counts is what it was told last.

use std::net::IpAddr;

use crate::config::model::{Balance, Config, ProxyId, ServerId};
use crate::state::State;

mod farm;
mod least_connections;
mod map;
mod ordered;
mod round_robin;
mod source;
mod static_rr;

use farm::{Change, Farm, Layer};
use least_connections::LeastConnections;
use round_robin::RoundRobin;
use source::{Source, hash_address, hash_text};
use static_rr::StaticRoundRobin;

/// The answer of load balancing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This server; it may be full where the algorithm leaves no other.
    Server(ServerId),
    /// Servers are usable, but none has room.
    AllFull,
    /// No server is usable.
    NoneUsable,
}

/// What a choice depends on besides the balancer's own turns.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceContext<'a> {
    /// The configuration.
    pub config: &'static Config,
    /// Sessions, queues and limits at this moment.
    pub state: &'a State,
    /// The backend whose server is wanted.
    pub backend: ProxyId,
    /// The server that just failed this session: taken only if no other is to be had.
    pub avoid: Option<ServerId>,
    /// The client's address, when it has one.
    pub client: Option<IpAddr>,
    /// The part of the request that the algorithm hashes, when there is one.
    pub key: Option<&'a [u8]>,
}

impl ChoiceContext<'_> {
    /// True when the server takes one more session at once.
    fn has_room(&self, server: ServerId) -> bool {
        server_has_room(self.config, self.state, server)
    }

    /// True when the server serves fewer sessions than it may, whoever waits for it.
    fn is_below_limit(&self, server: ServerId) -> bool {
        let limit = server_limit(self.config, self.state, server);
        limit == 0 || self.state.server(server).sessions < limit
    }
}

/// The load balancing of one proxy (manual, "balance").
#[derive(Debug)]
pub struct Balancer {
    farm: Farm,
    algorithm: Algorithm,
}

#[derive(Debug)]
enum Algorithm {
    RoundRobin(Box<RoundRobin>),
    StaticRoundRobin(StaticRoundRobin),
    Source(Source),
    RdpCookie(Source),
    LeastConnections(LeastConnections),
}

impl Balancer {
    /// A balancer over the proxy's servers as configured, none of them in use yet.
    pub fn new(config: &'static Config, proxy: ProxyId) -> Self {
        let farm = Farm::new(config, proxy);
        let algorithm = match config.proxy(proxy).balance {
            Balance::RoundRobin => Algorithm::RoundRobin(Box::new(RoundRobin::new(&farm))),
            Balance::StaticRoundRobin => Algorithm::StaticRoundRobin(StaticRoundRobin::new(&farm)),
            Balance::Source => Algorithm::Source(Source::new(&farm)),
            Balance::RdpCookie => Algorithm::RdpCookie(Source::new(&farm)),
            Balance::LeastConnections => Algorithm::LeastConnections(LeastConnections::new(&farm)),
        };
        Self { farm, algorithm }
    }

    /// The server whose turn it is; the turn counts as taken.
    pub fn choose(&mut self, context: &ChoiceContext<'_>) -> Choice {
        let farm = &self.farm;
        let layer = farm.layer();
        if layer == Layer::Nobody {
            return Choice::NoneUsable;
        }
        let slot = match &mut self.algorithm {
            Algorithm::RoundRobin(turns) => turns.choose(farm, layer, context),
            Algorithm::StaticRoundRobin(turns) => turns.choose(farm, context),
            Algorithm::Source(source) => {
                source.choose(farm, context, context.client.map(hash_address))
            }
            Algorithm::RdpCookie(source) => {
                source.choose(farm, context, context.key.map(hash_text))
            }
            Algorithm::LeastConnections(load) => load.choose(farm, layer, context),
        };
        slot.map_or(Choice::AllFull, |slot| Choice::Server(farm.server(slot)))
    }

    /// Tells that the server now serves `sessions` sessions; to be called at every change.
    pub fn session_count_changed(&mut self, server: ServerId, sessions: u32) {
        if let Algorithm::LeastConnections(load) = &mut self.algorithm
            && let Some(slot) = self.farm.slot(server)
        {
            load.session_count_changed(&self.farm, slot, sessions);
        }
    }

    /// Tells that the server went up or down, into or out of maintenance, or has another
    /// weight. Telling it without a change does nothing.
    pub fn server_changed(&mut self, state: &State, server: ServerId) {
        let Some(slot) = self.farm.slot(server) else {
            return;
        };
        let change = self.farm.update(slot, state);
        if change == Change::Nothing {
            return;
        }
        match &mut self.algorithm {
            Algorithm::RoundRobin(turns) => turns.server_changed(&self.farm, slot, change),
            Algorithm::StaticRoundRobin(turns) => turns.server_changed(),
            Algorithm::Source(source) | Algorithm::RdpCookie(source) => source.server_changed(),
            Algorithm::LeastConnections(load) => load.server_changed(&self.farm, slot),
        }
    }
}

/// Sessions a server may serve right now, 0 for any number: `maxconn`, or between
/// `minconn` and it by the backend's load (manual, "fullconn").
pub fn server_limit(config: &Config, state: &State, server: ServerId) -> u32 {
    let settings = config.server(server);
    let (minconn, maxconn) = (settings.minconn, state.server(server).maxconn);
    // A minconn that equals the configured maxconn was not given.
    if maxconn == 0 || minconn == 0 || minconn >= settings.maxconn.min(maxconn) {
        return maxconn;
    }
    let fullconn = u64::from(config.proxy(settings.proxy).fullconn.max(1));
    let load = u64::from(state.proxy(settings.proxy).backend_sessions);
    if load >= fullconn {
        return maxconn;
    }
    let share = load * u64::from(maxconn) / fullconn;
    u32::try_from(share).unwrap_or(maxconn).max(minconn).max(1)
}

/// True when the server takes one more session at once: it is below its limit and nobody
/// waits for it.
pub fn server_has_room(config: &Config, state: &State, server: ServerId) -> bool {
    let limit = server_limit(config, state, server);
    let server = state.server(server);
    limit == 0 || (server.sessions < limit && server.queued == 0)
}

#[cfg(test)]
mod tests;
