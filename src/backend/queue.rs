//! Sessions waiting for a server's slot: one queue per server, one per backend.
//!
//! A freed slot is granted by a note in the waiting entry and a wake of its task; the
//! session reads the note when it runs. Nobody else ever writes into a waiting session.
//! Invariant: an entry stands in exactly one queue until it is granted or left; entries
//! that left are skipped by their key's generation.

use std::collections::VecDeque;

use crate::config::model::{Config, ProxyId, ServerId};
use crate::engine::key::{Key, Slots};
use crate::engine::task::TaskId;

/// Names a waiting entry.
pub type PendingKey = Key<Pending>;

/// A session in a queue.
#[derive(Debug)]
pub struct Pending {
    /// Task to wake when a slot is granted.
    pub task: TaskId,
    /// The backend it waits in.
    pub backend: ProxyId,
    /// The server it waits for; any of the backend's when `None`.
    pub server: Option<ServerId>,
    /// The server whose slot it was given.
    pub granted: Option<ServerId>,
    order: u64,
}

/// All queues of a process.
#[derive(Default)]
pub struct Queues {
    entries: Slots<Pending>,
    backends: Vec<VecDeque<PendingKey>>,
    servers: Vec<VecDeque<PendingKey>>,
    next_order: u64,
}

impl Queues {
    /// Empty queues for all backends and servers; they take memory only when used.
    pub fn new(config: &Config) -> Self {
        Self {
            entries: Slots::default(),
            backends: config.proxies.iter().map(|_| VecDeque::new()).collect(),
            servers: config.servers.iter().map(|_| VecDeque::new()).collect(),
            next_order: 0,
        }
    }

    /// Joins the queue of `server`, or of the whole backend.
    pub fn join(&mut self, task: TaskId, backend: ProxyId, server: Option<ServerId>) -> PendingKey {
        let order = self.next_order;
        self.next_order += 1;
        let key = self.entries.insert(Pending {
            task,
            backend,
            server,
            granted: None,
            order,
        });
        let queue = match server {
            Some(server) => &mut self.servers[server.index()],
            None => &mut self.backends[backend.index()],
        };
        queue.push_back(key);
        key
    }

    /// Leaves the queue, granted or not.
    pub fn leave(&mut self, key: PendingKey) -> Option<Pending> {
        self.entries.remove(key)
    }

    /// The server granted to an entry.
    pub fn granted(&self, key: PendingKey) -> Option<ServerId> {
        self.entries.get(key).and_then(|entry| entry.granted)
    }

    /// Grants a slot of `server` to whoever has waited longest for it or, with a `backend`,
    /// for any server of that.
    pub fn grant(&mut self, server: ServerId, backend: Option<ProxyId>) -> Option<&Pending> {
        let own = front(&mut self.servers[server.index()], &self.entries);
        let any = match backend {
            Some(backend) => front(&mut self.backends[backend.index()], &self.entries),
            None => None,
        };
        let key = match (own, any) {
            (Some(own), Some(any)) => {
                if own.1 <= any.1 {
                    own.0
                } else {
                    any.0
                }
            }
            (Some((key, _)), None) | (None, Some((key, _))) => key,
            (None, None) => return None,
        };
        if own.is_some_and(|(first, _)| first == key) {
            self.servers[server.index()].pop_front();
        } else if let Some(backend) = backend {
            self.backends[backend.index()].pop_front();
        }
        let entry = self.entries.get_mut(key)?;
        entry.granted = Some(server);
        Some(entry)
    }
}

/// The first entry of a queue that is still waiting; those that left are dropped.
fn front(queue: &mut VecDeque<PendingKey>, entries: &Slots<Pending>) -> Option<(PendingKey, u64)> {
    while let Some(&key) = queue.front() {
        if let Some(entry) = entries.get(key).filter(|entry| entry.granted.is_none()) {
            return Some((key, entry.order));
        }
        queue.pop_front();
    }
    None
}
