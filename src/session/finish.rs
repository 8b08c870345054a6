//! The end of a session, regular or not: counters settled, line logged, memory returned.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::analyser::AnalyserSet;
use super::outcome::{Cause, Stage};
use super::{Session, SessionFlags, Side};
use crate::worker::Core;

impl Session {
    /// Both ends are closed: settles everything that outlives the session.
    pub(super) fn finish(&mut self, core: &mut Core) {
        log::trace!("session {} ends", self.unique_id);
        if core.config.global.debug {
            self.trace_closed(core);
        }
        for step in FINISH {
            step(self, core);
        }
    }

    /// Gives back what was taken from pools.
    fn return_memory(&mut self, core: &mut Core) {
        self.request.discard(&mut core.buffers);
        self.response.discard(&mut core.buffers);
        for channel in [&mut self.request, &mut self.response] {
            if let Some(pipe) = channel.pipe.take() {
                core.pipes.put(pipe);
            }
        }
        if let Some(transaction) = self.transaction.take() {
            core.recycle_transaction(transaction);
        }
    }

    /// Idle connections that waited for this session wait for nobody now.
    fn drop_idle(&mut self, core: &mut Core) {
        if self.flags.any(SessionFlags::PRIVATE_IDLE) {
            core.drop_private_idle(self.owner);
        }
    }

    /// After a panic: closes what is open, then settles as much as the session's state, which
    /// is not to be trusted, allows. A step that panics too does not keep the others from it.
    pub(super) fn abandon(&mut self, core: &mut Core) {
        core.state.panics += 1;
        if !self.flags.any(SessionFlags::COMMAND) {
            core.state.proxy_mut(self.frontend).frontend.panics += 1;
        }
        log::error!("a session ended by a caught panic: see the message above");
        self.outcome = super::outcome::Outcome {
            cause: Cause::Internal,
            stage: Stage::None,
        };
        self.close_endpoint(Side::Client, core);
        self.close_endpoint(Side::Server, core);
        for step in FINISH {
            if catch_unwind(AssertUnwindSafe(|| step(self, core))).is_err() {
                log::error!("something of the session could not be settled");
            }
        }
    }

    /// The session was told to end: closes both ends at once.
    pub(super) fn kill(&mut self, core: &mut Core) {
        self.outcome.note(Cause::Killed, Stage::None);
        self.request.analysers = AnalyserSet::EMPTY;
        self.response.analysers = AnalyserSet::EMPTY;
        for side in [Side::Client, Side::Server] {
            self.shutr(side, core);
            self.shutw(side, core);
        }
    }

    /// Adds up bytes, logs, and gives the server's slot back: at the end of each request.
    pub(super) fn close_books(&mut self, core: &mut Core) {
        self.count_bytes(core);
        self.leave_queue(core);
        self.release_slot(core);
        self.leave_backend(core);
        self.log_session(core);
    }

    /// Counts the session out at its backend; the line that is logged then shows who else
    /// is there.
    fn leave_backend(&mut self, core: &mut Core) {
        if self.flags.any(SessionFlags::BE_COUNTED) {
            self.flags.remove(SessionFlags::BE_COUNTED);
            let state = core.state.proxy_mut(self.backend);
            state.backend_sessions = state.backend_sessions.saturating_sub(1);
        }
    }

    /// Adds bytes that were not counted yet to the counters they concern.
    pub(super) fn count_bytes(&mut self, core: &mut Core) {
        let bytes_in = self.request.total - self.counted.0;
        // What was counted as it came may be less once it is compressed.
        let response_total = self.response_total().max(self.counted.1);
        let bytes_out = response_total - self.counted.1;
        self.counted = (self.request.total, response_total);
        if (bytes_in == 0 && bytes_out == 0) || self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        let frontend = &mut core.state.proxy_mut(self.frontend).frontend;
        frontend.bytes_in += bytes_in;
        frontend.bytes_out += bytes_out;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.bytes_in += bytes_in;
            counters.bytes_out += bytes_out;
        }
        if !self.flags.any(SessionFlags::BE_COUNTED) {
            return;
        }
        let backend = &mut core.state.proxy_mut(self.backend).backend;
        backend.bytes_in += bytes_in;
        backend.bytes_out += bytes_out;
        if let Some(server) = self.server {
            let counters = &mut core.state.server_mut(server).counters;
            counters.bytes_in += bytes_in;
            counters.bytes_out += bytes_out;
        }
    }

    /// Detaches the session from its backend.
    pub(super) fn forget_backend(&mut self) {
        let of_request = SessionFlags::BE_ASSIGNED
            .union(SessionFlags::DIRECT)
            .union(SessionFlags::ASSIGNED)
            .union(SessionFlags::REDISPATCHED)
            .union(SessionFlags::REPLAYED)
            .union(SessionFlags::NO_REUSE)
            .union(SessionFlags::IGNORE_PERSIST)
            .union(SessionFlags::FORCE_PERSIST)
            .union(SessionFlags::ANNOUNCE)
            .union(SessionFlags::UNDELAYED)
            .union(SessionFlags::IGNORE_PERSIST)
            .union(SessionFlags::FORCE_PERSIST)
            .union(SessionFlags::LOGGED)
            .union(SessionFlags::LOGGED_EARLY);
        self.flags.remove(of_request);
        self.backend = self.frontend;
        self.server = None;
        self.avoid = None;
        self.outcome = super::outcome::Outcome::default();
        self.server_side = super::interface::StreamInterface::default();
        self.server_side
            .flags
            .insert(super::interface::InterfaceFlags::DONT_WAKE);
    }

    fn leave_frontend(&mut self, core: &mut Core) {
        core.engine.jobs = core.engine.jobs.saturating_sub(1);
        core.listeners
            .connection_closed(self.listener, &mut core.engine.fdtab);
        if self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        core.state.sessions = core.state.sessions.saturating_sub(1);
        let state = core.state.proxy_mut(self.frontend);
        state.frontend_sessions = state.frontend_sessions.saturating_sub(1);
        core.capacity_returned(self.frontend);
    }
}

/// What is settled at the end of a session, in order: counters, places in queues and at servers,
/// the line, places at listeners, memory.
const FINISH: [fn(&mut Session, &mut Core); 9] = [
    Session::count_bytes,
    Session::leave_queue,
    Session::release_slot,
    Session::leave_backend,
    Session::log_session,
    |session, _| session.forget_backend(),
    Session::leave_frontend,
    Session::return_memory,
    Session::drop_idle,
];
