//! Idle server connections: kept open after a response, taken by a later request.
//!
//! One list per server, newest first, since the newest is the least likely to be closed
//! by the server. The loop watches every one of them: whatever arrives on an idle
//! connection, a close or unasked-for bytes, ends it. Invariant: the fdtab owner of an
//! idle descriptor is its key here; leaving the pool and changing the owner go together.

use crate::config::model::{Config, HttpReuse, ServerId};
use crate::engine::fdtab::{Direction, Polling};
use crate::engine::key::{Key, Slots};
use crate::engine::tick::Tick;
use crate::sys::Fd;
use crate::worker::{Core, Worker};

/// Names an idle connection.
pub type IdleKey = Key<IdleConnection>;

/// An open connection that nobody uses.
#[derive(Debug)]
pub struct IdleConnection {
    fd: Fd,
    server: ServerId,
    /// It may serve only this session (`http-reuse never`).
    owner: Option<u64>,
    /// It served more than one session already.
    reused: bool,
    since: Tick,
    newer: Option<IdleKey>,
    older: Option<IdleKey>,
}

/// What is known of a connection on its way into the pool.
#[derive(Clone, Copy, Debug)]
pub struct IdleEntry {
    /// Its descriptor, registered in the fdtab.
    pub fd: Fd,
    /// The server it is connected to.
    pub server: ServerId,
    /// The only session that may use it again.
    pub owner: Option<u64>,
    /// It served more than one request of different sessions already.
    pub reused: bool,
}

#[derive(Clone, Copy, Default)]
struct List {
    newest: Option<IdleKey>,
    oldest: Option<IdleKey>,
    count: u32,
}

/// The idle connections of a process.
#[derive(Default)]
pub struct IdlePool {
    connections: Slots<IdleConnection>,
    lists: Vec<List>,
}

impl IdlePool {
    /// An empty pool.
    pub fn new(config: &Config) -> Self {
        Self {
            connections: Slots::default(),
            lists: vec![List::default(); config.servers.len()],
        }
    }

    /// Idle connections to a server.
    pub fn count(&self, server: ServerId) -> u32 {
        self.lists[server.index()].count
    }

    /// Idle connections to all servers.
    pub fn total(&self) -> usize {
        self.connections.len()
    }

    /// True when `key` is an idle connection through `fd`.
    pub fn holds(&self, key: IdleKey, fd: Fd) -> bool {
        self.connections
            .get(key)
            .is_some_and(|connection| connection.fd == fd)
    }

    fn insert(&mut self, entry: IdleEntry, now: Tick) -> IdleKey {
        let list = &mut self.lists[entry.server.index()];
        let key = self.connections.insert(IdleConnection {
            fd: entry.fd,
            server: entry.server,
            owner: entry.owner,
            reused: entry.reused,
            since: now,
            newer: None,
            older: list.newest,
        });
        match list.newest {
            Some(newest) => {
                if let Some(connection) = self.connections.get_mut(newest) {
                    connection.newer = Some(key);
                }
            }
            None => list.oldest = Some(key),
        }
        list.newest = Some(key);
        list.count += 1;
        key
    }

    fn remove(&mut self, key: IdleKey) -> Option<IdleConnection> {
        let connection = self.connections.remove(key)?;
        let list = &mut self.lists[connection.server.index()];
        match connection.newer {
            Some(newer) => {
                if let Some(neighbour) = self.connections.get_mut(newer) {
                    neighbour.older = connection.older;
                }
            }
            None => list.newest = connection.older,
        }
        match connection.older {
            Some(older) => {
                if let Some(neighbour) = self.connections.get_mut(older) {
                    neighbour.newer = connection.newer;
                }
            }
            None => list.oldest = connection.newer,
        }
        list.count = list.count.saturating_sub(1);
        Some(connection)
    }

    /// Forgets the connection of a descriptor that was closed behind the pool's back.
    pub fn forget_fd(&mut self, fd: Fd) {
        let mut all = self.connections.iter();
        let found = all.find(|(_, connection)| connection.fd == fd);
        let key = found.map(|(key, _)| key);
        drop(all);
        if let Some(key) = key {
            self.remove(key);
        }
    }

    /// The newest connection that `wish` may use.
    fn find(&self, server: ServerId, wish: &Wish) -> Option<IdleKey> {
        let mut cursor = self.lists[server.index()].newest;
        while let Some(key) = cursor {
            let connection = self.connections.get(key)?;
            if wish.accepts(connection) {
                return Some(key);
            }
            cursor = connection.older;
        }
        None
    }

    fn oldest(&self, server: ServerId) -> Option<(IdleKey, Tick)> {
        let key = self.lists[server.index()].oldest?;
        self.connections
            .get(key)
            .map(|connection| (key, connection.since))
    }
}

/// Who asks for a connection.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The asking session.
    pub session: u64,
    /// The backend's policy.
    pub reuse: HttpReuse,
    /// It is the first request of the session: if the connection is dead, the client
    /// cannot be expected to try again.
    pub first_request: bool,
}

impl Wish {
    fn accepts(&self, connection: &IdleConnection) -> bool {
        if let Some(owner) = connection.owner {
            return owner == self.session;
        }
        match self.reuse {
            HttpReuse::Never => false,
            HttpReuse::Safe => !self.first_request,
            HttpReuse::Aggressive => !self.first_request || connection.reused,
            HttpReuse::Always => true,
        }
    }
}

impl Core {
    /// Keeps a connection for later. One that exceeds `pool-max-conn`, or that the session
    /// alone may use while the pool holds none for it, is treated the same.
    pub fn keep_idle(&mut self, entry: IdleEntry) {
        let settings = self.config.server(entry.server);
        let limit = settings.pool_max_conn.unwrap_or(u32::MAX);
        if self.idle.count(entry.server) >= limit {
            self.close(entry.fd);
            return;
        }
        let now = self.engine.clock.now_ms();
        let key = self.idle.insert(entry, now);
        let fdtab = &mut self.engine.fdtab;
        fdtab.set_owner(entry.fd, key.to_u64());
        fdtab.set_callbacks(entry.fd, idle_connection_event, idle_connection_event);
        fdtab.disarm(entry.fd, Direction::Write);
        fdtab.arm_wait(entry.fd, Direction::Read);
    }

    /// Takes a connection out of the pool; the caller becomes its owner in the fdtab. Also
    /// tells whether it was shared before.
    pub fn take_idle(&mut self, server: ServerId, wish: &Wish) -> Option<Fd> {
        let key = self.idle.find(server, wish)?;
        self.idle.remove(key).map(|connection| connection.fd)
    }

    /// Closes the connections that only `session` might have used, to whatever server.
    pub fn drop_private_idle(&mut self, session: u64) {
        let of_session = |pool: &IdlePool| {
            let mut all = pool.connections.iter();
            all.find(|(_, connection)| connection.owner == Some(session))
                .map(|(key, _)| key)
        };
        while let Some(key) = of_session(&self.idle) {
            self.close_idle(key);
        }
    }

    /// Closes what has been idle for `pool-purge-delay`, half of each server's at most, so
    /// that a short lull does not empty the pools.
    pub fn purge_idle(&mut self) {
        let now = self.engine.clock.now_ms();
        for index in 0..self.config.servers.len() {
            let server = ServerId::of_index(index);
            let delay_ms = self.config.server(server).pool_purge_delay_ms;
            let mut allowed = self.idle.count(server).div_ceil(2);
            while allowed > 0
                && let Some((key, since)) = self.idle.oldest(server)
                && since.add(delay_ms).is_expired(now)
            {
                self.close_idle(key);
                allowed -= 1;
            }
        }
    }

    fn close_idle(&mut self, key: IdleKey) {
        if let Some(connection) = self.idle.remove(key) {
            self.close(connection.fd);
        }
    }
}

/// Callback of an idle connection: whatever happens on it, it cannot be used any more.
#[inline(never)]
pub fn idle_connection_event(worker: &mut Worker, fd: Fd) -> Polling {
    let core = &mut worker.core;
    let key = core.engine.fdtab.owner(fd).and_then(IdleKey::from_u64);
    if let Some(key) = key {
        core.idle.remove(key);
    }
    core.close(fd);
    Polling::Wait
}
