//! The server's end of a session: from "a connection is wanted" to "established", with
//! queueing, retries, redispatch and every way this can fail.
//!
//! Called by the session task only. The functions keep dev7's names; the state diagram is
//! in `interface`.

use super::analyser::AnalyserSet;
use super::channel::ChannelFlags;
use super::interface::{InterfaceError, InterfaceFlags, InterfaceState};
use super::{Session, SessionFlags, Side};
use crate::backend::assign::Assignment;
use crate::config::model::{Mode, ProxyOption, RuleSet};
use crate::engine::tick::Tick;
use crate::worker::Core;

impl Session {
    /// Asks for a connection when there is a reason to, and moves it as far as it goes.
    pub(super) fn connect_phase(&mut self, core: &mut Core) {
        if self.server_side.state == InterfaceState::Initial {
            self.request_connection();
        }
        for _ in 0..STEPS_MAX {
            let before = self.server_side.state;
            match before {
                InterfaceState::Requested => self.sess_prepare_conn_req(core),
                InterfaceState::Queued | InterfaceState::TurnAround | InterfaceState::Assigned => {
                    self.sess_update_stream_int(core);
                }
                InterfaceState::ConnectError => self.sess_update_st_cer(core),
                InterfaceState::Initial
                | InterfaceState::Connecting
                | InterfaceState::Established
                | InterfaceState::Disconnected
                | InterfaceState::Closed => return,
            }
            if self.server_side.state == before {
                return;
            }
        }
    }

    /// Leaves `Initial` once the request may be sent, or will never be.
    fn request_connection(&mut self) {
        if self.request.flags.any(ChannelFlags::SHUTW) {
            self.server_side.state = InterfaceState::Closed;
            self.request.flags.insert(ChannelFlags::SHUTW_NOW);
            self.response.flags.insert(ChannelFlags::SHUTR);
            return;
        }
        let wanted =
            self.request.flags.any(ChannelFlags::AUTO_CONNECT) || !self.request.out_empty();
        if wanted && self.flags.any(SessionFlags::BE_ASSIGNED) {
            self.server_side.state = InterfaceState::Requested;
        }
    }

    /// `Requested`: assigns a server or a place in a queue.
    fn sess_prepare_conn_req(&mut self, core: &mut Core) {
        match self.assign_server_and_queue(core) {
            Assignment::Assigned => {
                let now_us = core.engine.clock.monotonic_us();
                self.timing.queue_ms = self.timing.since_start_ms(now_us);
                self.server_side.state = InterfaceState::Assigned;
            }
            Assignment::Queued => {
                let queue_ms = core.config.proxy(self.backend).timeouts.queue_ms;
                self.server_side.exp = core.engine.clock.now_ms().add_if_set(queue_ms);
                self.server_side.state = InterfaceState::Queued;
            }
            Assignment::NoServer => self.give_up(InterfaceError::ConnectError, core),
            Assignment::QueueFull => self.give_up(InterfaceError::QueueError, core),
        }
    }

    /// `Assigned`, `Queued` and `TurnAround`.
    fn sess_update_stream_int(&mut self, core: &mut Core) {
        match self.server_side.state {
            InterfaceState::Assigned => self.start_connection(core),
            InterfaceState::Queued => self.wait_in_queue(core),
            InterfaceState::TurnAround => self.wait_to_retry(core),
            InterfaceState::Initial
            | InterfaceState::Requested
            | InterfaceState::Connecting
            | InterfaceState::ConnectError
            | InterfaceState::Established
            | InterfaceState::Disconnected
            | InterfaceState::Closed => {}
        }
    }

    fn start_connection(&mut self, core: &mut Core) {
        match self.connect_server(core) {
            Ok(()) => {
                if self.server_side.state == InterfaceState::Established {
                    self.sess_establish(core);
                }
            }
            Err(InterfaceError::ConnectError) => {
                self.server_side.note_error(InterfaceError::ConnectError);
                self.server_side.state = InterfaceState::ConnectError;
            }
            Err(error) => self.give_up(error, core),
        }
    }

    fn wait_in_queue(&mut self, core: &mut Core) {
        if self.take_granted_slot(core) {
            self.server_side.exp = Tick::ETERNITY;
            self.server_side.state = InterfaceState::Requested;
            return;
        }
        if self.server_side.flags.any(InterfaceFlags::EXP) {
            self.server_side.exp = Tick::ETERNITY;
            self.give_up(InterfaceError::QueueTimeout, core);
            return;
        }
        if self.client_gave_up(core) {
            self.server_side.exp = Tick::ETERNITY;
            self.count_abort_before_connect(core);
            self.give_up(InterfaceError::QueueAbort, core);
        }
    }

    fn wait_to_retry(&mut self, core: &mut Core) {
        if self.client_gave_up(core) {
            self.server_side.exp = Tick::ETERNITY;
            self.count_abort_before_connect(core);
            self.give_up(InterfaceError::ConnectAbort, core);
            return;
        }
        if !self.server_side.flags.any(InterfaceFlags::EXP) {
            return;
        }
        self.server_side.flags.remove(InterfaceFlags::EXP);
        self.server_side.exp = Tick::ETERNITY;
        let assigned = self.flags.any(SessionFlags::ASSIGNED);
        self.server_side.state = if assigned {
            InterfaceState::Assigned
        } else {
            InterfaceState::Requested
        };
    }

    /// True when nobody waits for an answer any more: the client closed or failed, and the
    /// request is not to be carried out regardless.
    fn client_gave_up(&self, core: &Core) -> bool {
        if self.response.flags.any(ChannelFlags::SHUTW)
            || self.client.state == InterfaceState::Closed
        {
            return true;
        }
        let abort = core
            .config
            .proxy(self.backend)
            .options
            .has(ProxyOption::AbortOnClose);
        let closing = self.request.flags.any(ChannelFlags::SHUTW_NOW)
            || (abort && self.request.flags.any(ChannelFlags::SHUTR));
        closing && (abort || self.request.out_empty())
    }

    fn count_abort_before_connect(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.backend).backend.client_aborts += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.client_aborts += 1;
        }
    }

    /// `Connecting`: looks what became of the attempt.
    #[inline(never)]
    pub(super) fn sess_update_st_con_tcp(&mut self, core: &mut Core) {
        let progress = ChannelFlags::WRITE_NULL.union(ChannelFlags::WRITE_PARTIAL);
        let failed = self.server_side.flags.any(InterfaceFlags::ERR);
        let expired =
            self.server_side.flags.any(InterfaceFlags::EXP) && !self.request.flags.any(progress);
        if failed || expired {
            let error = if failed {
                InterfaceError::ConnectError
            } else {
                InterfaceError::ConnectTimeout
            };
            self.close_endpoint(Side::Server, core);
            self.server_side.exp = Tick::ETERNITY;
            self.server_side
                .flags
                .remove(InterfaceFlags::ERR.union(InterfaceFlags::EXP));
            self.server_side.note_error(error);
            self.server_side.state = InterfaceState::ConnectError;
            self.sess_update_st_cer(core);
            return;
        }
        // Checked first: a client that closed behind its last byte has not given up.
        if self.request.flags.any(progress) {
            self.sess_establish(core);
            return;
        }
        if self.client_gave_up(core) {
            self.server_side.exp = Tick::ETERNITY;
            self.count_abort_before_connect(core);
            self.close_endpoint(Side::Server, core);
            self.give_up(InterfaceError::ConnectAbort, core);
        }
    }

    /// `ConnectError`: another try, on the same server or another one, or the end.
    fn sess_update_st_cer(&mut self, core: &mut Core) {
        self.release_slot(core);
        let proxy = core.config.proxy(self.backend);
        if self.retries_left == 0 {
            let error = self.server_side.error;
            self.give_up(error, core);
            return;
        }
        self.retries_left -= 1;
        let tried = proxy.retries.saturating_sub(self.retries_left);
        if self.must_redispatch(proxy.redispatch_after, tried, core) {
            self.redispatch(core);
            return;
        }
        core.state.proxy_mut(self.backend).backend.retries += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.retries += 1;
        }
        let refused = self.server_side.error == InterfaceError::ConnectError;
        self.server_side.error = InterfaceError::None;
        if !refused {
            self.server_side.state = InterfaceState::Assigned;
            return;
        }
        // A refusal comes at once: a pause gives the server time to restart.
        let connect_ms = proxy.timeouts.connect_ms;
        let pause_ms = if connect_ms == 0 {
            TURN_AROUND_MS
        } else {
            connect_ms.min(TURN_AROUND_MS)
        };
        self.server_side.exp = core.engine.clock.now_ms().add(pause_ms);
        self.server_side.state = InterfaceState::TurnAround;
    }

    /// Whether this retry goes to another server (manual, "option redispatch").
    fn must_redispatch(&self, interval: i32, tried: u32, core: &Core) -> bool {
        let proxy = core.config.proxy(self.backend);
        let forced = self.flags.any(SessionFlags::FORCE_PERSIST);
        if self.server.is_none() || forced || !proxy.options.has(ProxyOption::Redispatch) {
            return false;
        }
        match u32::try_from(interval) {
            Ok(0) => false,
            Ok(every) => tried.is_multiple_of(every),
            Err(_) => {
                let before_last = interval.unsigned_abs() - 1;
                self.retries_left == before_last
            }
        }
    }

    fn redispatch(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.backend).backend.redispatches += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.redispatches += 1;
        }
        self.avoid = self.server.take();
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.cookies.note_redispatch();
        }
        self.flags
            .remove(SessionFlags::DIRECT.union(SessionFlags::ASSIGNED));
        self.flags.insert(SessionFlags::REDISPATCHED);
        self.server_side.error = InterfaceError::None;
        self.server_side.state = InterfaceState::Requested;
    }

    /// The connection is up: data may flow, the response is awaited.
    #[inline(never)]
    pub(super) fn sess_establish(&mut self, core: &mut Core) {
        log::trace!("sess_establish");
        let now_us = core.engine.clock.monotonic_us();
        self.timing.connect_ms = self.timing.since_start_ms(now_us);
        self.server_side.state = InterfaceState::Established;
        self.server_side.exp = Tick::ETERNITY;
        self.server_side.error = InterfaceError::None;
        self.response.flags.insert(ChannelFlags::READ_ATTACHED);
        self.note_server_source(core);
        let backend = core.config.proxy(self.backend);
        if backend.mode == Mode::Http && self.transaction.is_some() {
            self.response.analysers.insert(AnalyserSet::HTTP_RESPONSE);
            return;
        }
        if !backend.rules.of(RuleSet::TcpResponse).is_empty() {
            self.response.analysers.insert(AnalyserSet::RES_INSPECT);
        }
        self.response.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.adopt_tunnel_timeouts(core);
        if core
            .config
            .proxy(self.frontend)
            .options
            .has(ProxyOption::LogAsap)
        {
            self.log_early(core);
        }
    }

    /// No connection will be made: notes why, answers, closes the end.
    fn give_up(&mut self, error: InterfaceError, core: &mut Core) {
        self.server_side.note_error(error);
        self.outcome.note_connect_failure(self.server_side.error);
        if self.pending.is_some() {
            let now_us = core.engine.clock.monotonic_us();
            self.timing.queue_ms = self.timing.since_start_ms(now_us);
        }
        self.leave_queue(core);
        self.release_slot(core);
        let client_left = matches!(
            error,
            InterfaceError::QueueAbort | InterfaceError::ConnectAbort
        );
        if !client_left {
            core.state
                .proxy_mut(self.backend)
                .backend
                .failed_connections += 1;
            if let Some(server) = self.server {
                core.state.server_mut(server).counters.failed_connections += 1;
            }
        }
        self.close_endpoint(Side::Server, core);
        let resource = matches!(
            error,
            InterfaceError::ConnectOther | InterfaceError::ConnectResource
        );
        let status = if resource { 500 } else { 503 };
        self.http_reply_and_close(Some(status), core);
        self.request.flags.insert(ChannelFlags::SHUTW);
        self.request.flags.remove(ChannelFlags::SHUTW_NOW);
        self.response.flags.insert(ChannelFlags::SHUTR);
        self.response.flags.remove(ChannelFlags::SHUTR_NOW);
        self.server_side.exp = Tick::ETERNITY;
        self.server_side.state = InterfaceState::Disconnected;
    }

    /// Sends the request once more, on a fresh connection to the same server.
    pub(super) fn replay_request(&mut self, core: &mut Core) {
        log::debug!("a reused connection died, the request is sent again");
        self.close_endpoint(Side::Server, core);
        self.release_slot(core);
        self.flags
            .insert(SessionFlags::REPLAYED.union(SessionFlags::NO_REUSE));
        self.server_side.flags = InterfaceFlags::DONT_WAKE;
        self.server_side.error = InterfaceError::None;
        self.request.replay();
        let over = ChannelFlags::SHUTW
            .union(ChannelFlags::SHUTW_NOW)
            .union(ChannelFlags::WRITE_ERROR)
            .union(ChannelFlags::WRITE_PARTIAL)
            .union(ChannelFlags::WRITE_NULL);
        self.request.flags.remove(over);
        let ended = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTR_NOW)
            .union(ChannelFlags::READ_ERROR)
            .union(ChannelFlags::READ_NULL);
        self.response.flags.remove(ended);
        self.response.analysers = AnalyserSet::EMPTY;
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.request_lost = false;
        }
        self.server_side.state = InterfaceState::Assigned;
    }
}

/// Pause before trying a server again that refused (dev7: one second).
const TURN_AROUND_MS: u32 = 1_000;
/// State changes within one run; each try consumes a retry, so this is never reached.
const STEPS_MAX: usize = 1_000;
