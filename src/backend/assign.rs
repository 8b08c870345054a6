//! Which server a session goes to, and where it waits when none has room.
//!
//! Called by the session task while its server side is `Requested` or `Queued`. A slot of a
//! server is taken here and given back with [`Session::release_slot`], which passes it to
//! the next in line.

use super::lb::{self, Choice, ChoiceContext};
use crate::config::model::{Balance, ConnectionMode, Proxy, ProxyId, ProxyOption, ServerId};
use crate::engine::task::Wake;
use crate::net::rdp_cookie::{self, RdpCookie};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

/// What became of the wish for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// A server, or a fixed destination, is known and has room.
    Assigned,
    /// The session waits in a queue.
    Queued,
    /// No server of the backend is usable.
    NoServer,
    /// The queue it would have to join is full.
    QueueFull,
}

impl Session {
    /// Finds a server with room, or a queue.
    #[inline(never)]
    pub fn assign_server_and_queue(&mut self, core: &mut Core) -> Assignment {
        let proxy = core.config.proxy(self.backend);
        let fixed = proxy.dispatch.is_some() || proxy.options.has(ProxyOption::Transparent);
        if fixed && proxy.servers.is_empty() {
            self.flags.insert(SessionFlags::ASSIGNED);
            return Assignment::Assigned;
        }
        if self.flags.any(SessionFlags::ASSIGNED) {
            return self.claim_assigned(core);
        }
        match self.assign_server(core) {
            Choice::Server(server) => {
                self.server = Some(server);
                self.flags.insert(SessionFlags::ASSIGNED);
                core.state.server_mut(server).counters.lb_total += 1;
                core.state.proxy_mut(self.backend).backend.lb_total += 1;
                self.claim_assigned(core)
            }
            Choice::AllFull => {
                self.join_queue(None, core);
                Assignment::Queued
            }
            Choice::NoneUsable => Assignment::NoServer,
        }
    }

    /// Asks load balancing, unless the previous server is preferred and still usable.
    #[inline(never)]
    fn assign_server(&mut self, core: &mut Core) -> Choice {
        if let Some(last) = self.last_server
            && self.prefers_last_server(last, core)
        {
            return Choice::Server(last);
        }
        let context = ChoiceContext {
            config: core.config,
            state: &core.state,
            backend: self.backend,
            avoid: self.avoid,
            client: self.source.ip(),
            key: self.balanced_key(core.config.proxy(self.backend)),
        };
        core.balancers[self.backend.index()].choose(&context)
    }

    /// What of the client's first bytes chooses the server (`balance rdp-cookie`).
    fn balanced_key(&self, proxy: &Proxy) -> Option<&[u8]> {
        if proxy.balance != Balance::RdpCookie {
            return None;
        }
        let output = self.request.output_bytes();
        let bytes = if output.is_empty() {
            self.request.input()
        } else {
            output
        };
        match rdp_cookie::find(bytes, proxy.balance_cookie.as_bytes()) {
            RdpCookie::Value(value) => Some(value).filter(|value| !value.is_empty()),
            RdpCookie::Incomplete | RdpCookie::Absent => None,
        }
    }

    fn prefers_last_server(&self, last: ServerId, core: &Core) -> bool {
        let proxy = core.config.proxy(self.backend);
        proxy.options.has(ProxyOption::PreferLastServer)
            && proxy.connection_mode == ConnectionMode::KeepAlive
            && core.config.server(last).proxy == self.backend
            && self.avoid != Some(last)
            && core.state.server(last).is_usable()
            && core.server_has_room(last)
    }

    /// Takes a slot of the assigned server, or joins its queue.
    fn claim_assigned(&mut self, core: &mut Core) -> Assignment {
        let Some(server) = self.server else {
            return Assignment::Assigned;
        };
        if self.slot == Some(server) || core.server_has_room(server) {
            self.take_slot(server, core);
            return Assignment::Assigned;
        }
        let maxqueue = core.config.server(server).maxqueue;
        if maxqueue > 0 && core.state.server(server).queued >= maxqueue {
            let redispatch = core
                .config
                .proxy(self.backend)
                .options
                .has(ProxyOption::Redispatch);
            let forced = self.flags.any(SessionFlags::FORCE_PERSIST);
            if !redispatch || forced || !self.flags.any(SessionFlags::DIRECT) {
                return Assignment::QueueFull;
            }
            self.flags
                .remove(SessionFlags::DIRECT.union(SessionFlags::ASSIGNED));
            self.server = None;
            if let Some(transaction) = self.transaction.as_deref_mut() {
                transaction.cookies.note_redispatch();
            }
            return self.assign_server_and_queue(core);
        }
        self.join_queue(Some(server), core);
        Assignment::Queued
    }

    fn join_queue(&mut self, server: Option<ServerId>, core: &mut Core) {
        let proxy = core.state.proxy_mut(self.backend);
        proxy.queued += 1;
        proxy.queued_max = proxy.queued_max.max(proxy.queued);
        match server {
            Some(server) => {
                let state = core.state.server_mut(server);
                state.queued += 1;
                state.queued_max = state.queued_max.max(state.queued);
                self.timing.server_queue = state.queued;
            }
            None => self.timing.backend_queue = proxy.queued,
        }
        self.pending = Some(core.queues.join(self.task, self.backend, server));
    }

    /// Leaves the queue with the slot that was granted meanwhile; false when none was.
    pub fn take_granted_slot(&mut self, core: &mut Core) -> bool {
        let Some(server) = self.pending.and_then(|key| core.queues.granted(key)) else {
            return false;
        };
        self.remove_pending(core);
        self.server = Some(server);
        self.slot = Some(server);
        self.flags.insert(SessionFlags::ASSIGNED);
        true
    }

    /// Leaves the queue for good; a slot granted meanwhile goes to the next in line.
    pub fn leave_queue(&mut self, core: &mut Core) {
        let granted = self.pending.and_then(|key| core.queues.granted(key));
        self.remove_pending(core);
        if let Some(server) = granted {
            core.free_slot(server);
        }
    }

    fn remove_pending(&mut self, core: &mut Core) {
        let Some(key) = self.pending.take() else {
            return;
        };
        let Some(entry) = core.queues.leave(key) else {
            return;
        };
        let proxy = core.state.proxy_mut(entry.backend);
        proxy.queued = proxy.queued.saturating_sub(1);
        if let Some(server) = entry.server {
            let state = core.state.server_mut(server);
            state.queued = state.queued.saturating_sub(1);
        }
    }

    /// Occupies a slot of `server`, unless it does already.
    pub fn take_slot(&mut self, server: ServerId, core: &mut Core) {
        if self.slot == Some(server) {
            return;
        }
        self.release_slot(core);
        self.slot = Some(server);
        core.occupy_slot(server);
    }

    /// Gives the server's slot back to whoever waits for one.
    pub fn release_slot(&mut self, core: &mut Core) {
        if let Some(server) = self.slot.take() {
            core.free_slot(server);
        }
    }
}

impl Core {
    /// Sessions a server may serve right now, 0 for any number.
    pub fn server_limit(&self, server: ServerId) -> u32 {
        lb::server_limit(self.config, &self.state, server)
    }

    /// True when the server takes one more session at once.
    pub fn server_has_room(&self, server: ServerId) -> bool {
        lb::server_has_room(self.config, &self.state, server)
    }

    /// Counts a session in.
    fn occupy_slot(&mut self, server: ServerId) {
        let now_us = self.engine.clock.monotonic_us();
        let state = self.state.server_mut(server);
        state.sessions += 1;
        state.counters.last_session_us = now_us;
        state.counters.sessions += 1;
        state.counters.sessions_max = state.counters.sessions_max.max(state.sessions);
        let rate = state.session_rate.add(now_us, 1);
        state.counters.session_rate_max = state.counters.session_rate_max.max(rate);
        let backend = self.config.server(server).proxy;
        self.balancers[backend.index()].session_count_changed(server, state.sessions);
    }

    /// Counts a session out and lets the next ones in.
    fn free_slot(&mut self, server: ServerId) {
        let state = self.state.server_mut(server);
        state.sessions = state.sessions.saturating_sub(1);
        let sessions = state.sessions;
        let backend = self.config.server(server).proxy;
        self.balancers[backend.index()].session_count_changed(server, sessions);
        if self.state.proxy(backend).queued > 0 {
            self.process_srv_queue(server, backend);
        }
    }

    /// Takes note that a command changed a server's state, weight or limit: load balancing
    /// learns of it, and those who wait may get a slot.
    pub fn server_changed(&mut self, server: ServerId) {
        let backend = self.config.server(server).proxy;
        self.balancers[backend.index()].server_changed(&self.state, server);
        if self.state.proxy(backend).queued > 0 {
            self.process_srv_queue(server, backend);
        }
    }

    /// Grants slots of a server as long as it has some and somebody waits. One that takes no
    /// new clients, by its weight for instance, still serves those that persist on it.
    fn process_srv_queue(&mut self, server: ServerId, backend: ProxyId) {
        loop {
            let limit = self.server_limit(server);
            if limit != 0 && self.state.server(server).sessions >= limit {
                return;
            }
            if !self.state.server(server).is_up() {
                return;
            }
            let anybody = self.state.server(server).is_usable().then_some(backend);
            let Some(entry) = self.queues.grant(server, anybody) else {
                return;
            };
            let task = entry.task;
            self.occupy_slot(server);
            self.engine.scheduler.wake(task, Wake::RES);
        }
    }
}
