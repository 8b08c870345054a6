//! `process_session`: the task of a session, as phases that hand over to each other.
//!
//! Called by the scheduler only. It first notes what happened (timers, errors, connection
//! progress), then goes round the phases until nothing changes any more, and at last puts
//! polling and timers in step and says when it wants to run again.
//!
//! ```text
//! Interfaces -> Request -> Response -> Forward -> Settled
//!      ^           ^          |           |
//!      +-----------+----------+-----------+      whoever changes something goes back
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::analyser::{Analyser, AnalyserSet, Verdict, Walk, after_analyser};
use super::channel::{Channel, ChannelFlags, FORWARD_INFINITE};
use super::interface::{Endpoint, InterfaceFlags, InterfaceState};
use super::outcome::{Cause, Stage};
use super::{Session, SessionFlags, SessionKey, Side};
use crate::engine::fdtab::{Direction, PollState};
use crate::engine::task::{TaskOutcome, TaskRun, Wake};
use crate::engine::tick::Tick;
use crate::worker::{Core, Worker};

/// Runs a session's task once. A panic inside ends this session alone.
#[inline(never)]
pub fn process_session(worker: &mut Worker, run: TaskRun) -> TaskOutcome {
    log::trace!("process_session {:#x} {:?}", run.owner, run.reasons);
    let lease = SessionKey::from_u64(run.owner)
        .and_then(|key| worker.sessions.lease(key).map(|session| (key, session)));
    let Some((key, mut session)) = lease else {
        return TaskOutcome::Done;
    };
    let ran = catch_unwind(AssertUnwindSafe(|| session.run(worker, run.reasons)));
    match ran {
        Ok(Some(expiry)) => {
            worker.sessions.settle(key, session);
            TaskOutcome::Sleep(expiry)
        }
        Ok(None) => {
            worker.sessions.retire(key, session);
            TaskOutcome::Done
        }
        Err(_) => {
            session.abandon(&mut worker.core);
            worker.sessions.retire(key, session);
            TaskOutcome::Done
        }
    }
}

/// A step of the task; see the module's diagram.
enum Phase {
    Interfaces,
    Request,
    Response,
    Forward,
    Settled,
}

/// What the phases looked at last, to notice changes.
struct Seen {
    request: ChannelFlags,
    response: ChannelFlags,
    request_states: (InterfaceState, InterfaceState),
    response_states: (InterfaceState, InterfaceState),
}

impl Session {
    /// One run; `None` when the session is over.
    fn run(&mut self, worker: &mut Worker, reasons: Wake) -> Option<Tick> {
        let core = &mut worker.core;
        let mut seen = self.seen_at_entry(core);
        self.client.flags.insert(InterfaceFlags::DONT_WAKE);
        self.server_side.flags.insert(InterfaceFlags::DONT_WAKE);
        self.request.flags.remove(ChannelFlags::READ_NOEXP);
        self.response.flags.remove(ChannelFlags::READ_NOEXP);
        if self.flags.any(SessionFlags::KILLED) {
            self.kill(core);
        }
        if reasons.has(Wake::TIMER) {
            self.check_timers(core);
        }
        if reasons.has(Wake::SIGNAL) && self.is_between_requests() {
            // A soft stop: as if the client had said that no further request follows.
            self.shutr(Side::Client, core);
        }
        self.check_end_errors(core);
        if self.server_side.state == InterfaceState::Connecting {
            self.sess_update_st_con_tcp(core);
        }
        let before = self.progress();
        let mut phase = Phase::Interfaces;
        for _round in 0..ROUNDS_MAX {
            phase = match phase {
                Phase::Interfaces => self.resync_stream_interface(&mut worker.core),
                Phase::Request => self.resync_request(&mut worker.core, &mut seen),
                Phase::Response => self.resync_response(&mut worker.core, &mut seen),
                Phase::Forward => self.forward(worker, &mut seen),
                Phase::Settled => break,
            };
            if matches!(phase, Phase::Settled) {
                break;
            }
        }
        if !matches!(phase, Phase::Settled) {
            self.go_on_later(before, &mut worker.core);
        }
        self.client.flags.remove(InterfaceFlags::DONT_WAKE);
        self.server_side.flags.remove(InterfaceFlags::DONT_WAKE);
        let core = &mut worker.core;
        if self.is_over() {
            self.finish(core);
            return None;
        }
        Some(self.settle(core))
    }

    /// What a run that does something changes.
    fn progress(&self) -> (u64, u64, usize, usize) {
        let (request, response) = (&self.request, &self.response);
        (
            request.total,
            response.total,
            request.input_len(),
            response.output(),
        )
    }

    /// The phases did not come to rest. With much to do, a long row of pipelined requests
    /// for instance, the others come first now. A run that changed nothing is a fault: the
    /// session ends, since it would never rest.
    fn go_on_later(&mut self, before: (u64, u64, usize, usize), core: &mut Core) {
        if self.progress() == before {
            log::error!(
                "session {:08x} does not settle, it is ended",
                self.unique_id
            );
            self.outcome.note(Cause::Internal, Stage::None);
            self.flags.insert(SessionFlags::KILLED);
        }
        core.engine.scheduler.wake(self.task, Wake::OTHER);
    }

    /// What counts as known when a run begins: everything but the events.
    fn seen_at_entry(&self, core: &Core) -> Seen {
        let (size, reserve) = (core.bufsize(), core.maxrewrite());
        let previous = (self.client.previous, self.server_side.previous);
        Seen {
            request: self.request.snapshot(size, reserve).without_events(),
            response: self.response.snapshot(size, reserve).without_events(),
            request_states: previous,
            response_states: previous,
        }
    }

    fn states(&self) -> (InterfaceState, InterfaceState) {
        (self.client.state, self.server_side.state)
    }

    /// True when both ends are closed, or the server's was never opened.
    fn is_over(&self) -> bool {
        self.client.state == InterfaceState::Closed
            && matches!(
                self.server_side.state,
                InterfaceState::Closed | InterfaceState::Initial
            )
    }

    /// Finishes ends that just disconnected; the server's slot goes to the next in line.
    #[inline(never)]
    fn resync_stream_interface(&mut self, core: &mut Core) -> Phase {
        log::trace!("resync_stream_interface {:?}", self.states());
        if self.client.state == InterfaceState::Disconnected {
            self.client.state = InterfaceState::Closed;
        }
        if self.server_side.state == InterfaceState::Disconnected {
            self.server_side.state = InterfaceState::Closed;
            self.release_slot(core);
        }
        Phase::Request
    }

    /// Runs the request's analysers when something happened that concerns them.
    #[inline(never)]
    fn resync_request(&mut self, core: &mut Core, seen: &mut Seen) -> Phase {
        let (size, reserve) = (core.bufsize(), core.maxrewrite());
        let before = self.request.snapshot(size, reserve);
        let concerned =
            before.calls_analysers(seen.request) || self.states() != seen.request_states;
        seen.request = before;
        if !concerned {
            return Phase::Response;
        }
        log::trace!("resync_request {:?}", self.request.analysers);
        seen.request_states = self.states();
        self.request.flags.remove(ChannelFlags::WAKE_ONCE);
        if self.client.state >= InterfaceState::Established {
            self.run_request_analysers(core);
        }
        if self.any_disconnected() {
            return Phase::Interfaces;
        }
        if self
            .request
            .snapshot(size, reserve)
            .differs_statically(before)
        {
            return Phase::Request;
        }
        Phase::Response
    }

    fn any_disconnected(&self) -> bool {
        self.client.state == InterfaceState::Disconnected
            || self.server_side.state == InterfaceState::Disconnected
    }

    /// Walks the request's analysers in call order, restarting by dev7's rule.
    fn run_request_analysers(&mut self, core: &mut Core) {
        self.request.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.request.flags.insert(ChannelFlags::AUTO_CONNECT);
        self.request.flags.remove(ChannelFlags::DONT_READ);
        for _ in 0..WALKS_MAX {
            let mut pending = self.request.analysers;
            let mut restart = false;
            for analyser in Analyser::REQUEST_ORDER {
                if !pending.any(analyser.bit()) {
                    continue;
                }
                let before = self.request.analysers;
                let verdict = self.call_analyser(analyser, core);
                if verdict == Verdict::Wait {
                    return;
                }
                let after = self.request.analysers;
                if after_analyser(analyser, before, after, &mut pending) == Walk::Restart {
                    restart = true;
                    break;
                }
            }
            if !restart {
                return;
            }
        }
    }

    /// Runs the response's analysers when something happened that concerns them.
    #[inline(never)]
    fn resync_response(&mut self, core: &mut Core, seen: &mut Seen) -> Phase {
        let (size, reserve) = (core.bufsize(), core.maxrewrite());
        let before = self.response.snapshot(size, reserve);
        let concerned =
            before.calls_analysers(seen.response) || self.states() != seen.response_states;
        seen.response = before;
        if !concerned {
            return Phase::Forward;
        }
        log::trace!("resync_response {:?}", self.response.analysers);
        seen.response_states = self.states();
        self.response.flags.remove(ChannelFlags::WAKE_ONCE);
        let request_analysers = self.request.analysers;
        if self.server_side.state >= InterfaceState::Established {
            self.run_response_analysers(core);
        }
        if self.any_disconnected() {
            return Phase::Interfaces;
        }
        let enabled = self.request.analysers.bits() & !request_analysers.bits() != 0;
        if enabled
            || self
                .request
                .snapshot(size, reserve)
                .differs_statically(seen.request)
        {
            return Phase::Request;
        }
        if self
            .response
            .snapshot(size, reserve)
            .differs_statically(before)
        {
            return Phase::Response;
        }
        Phase::Forward
    }

    fn run_response_analysers(&mut self, core: &mut Core) {
        self.response.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.response.flags.remove(ChannelFlags::DONT_READ);
        for _ in 0..WALKS_MAX {
            let mut pending = self.response.analysers;
            let mut restart = false;
            for analyser in Analyser::RESPONSE_ORDER {
                if !pending.any(analyser.bit()) {
                    continue;
                }
                let before = self.response.analysers;
                if self.call_analyser(analyser, core) == Verdict::Wait {
                    return;
                }
                let after = self.response.analysers;
                if after_analyser(analyser, before, after, &mut pending) == Walk::Restart {
                    restart = true;
                    break;
                }
            }
            if !restart {
                return;
            }
        }
    }

    /// The whole pipeline in one place.
    fn call_analyser(&mut self, analyser: Analyser, core: &mut Core) -> Verdict {
        match analyser {
            Analyser::Proxy => self.tcp_decode_proxy(core),
            Analyser::InspectFrontend => {
                self.tcp_inspect_request(self.frontend, AnalyserSet::INSPECT_FE, core)
            }
            Analyser::InspectBackend => {
                self.tcp_inspect_request(self.backend, AnalyserSet::INSPECT_BE, core)
            }
            Analyser::InspectResponse => self.tcp_inspect_response(core),
            Analyser::HttpTarpit => self.http_process_tarpit(core),
            Analyser::ServerRules => self.process_server_rules(core),
            Analyser::WaitHttp => self.http_wait_for_request(core),
            Analyser::HttpProcessFrontend => {
                if self.wait_for_buffered_request(self.frontend, core) == Verdict::Wait {
                    return Verdict::Wait;
                }
                self.request.analysers.remove(AnalyserSet::HTTP_PROCESS_FE);
                self.http_process_req_common(self.frontend, core)
            }
            Analyser::Switching => self.process_switching_rules(core),
            Analyser::HttpProcessBackend => {
                if self.wait_for_buffered_request(self.backend, core) == Verdict::Wait {
                    return Verdict::Wait;
                }
                self.request.analysers.remove(AnalyserSet::HTTP_PROCESS_BE);
                self.http_process_req_common(self.backend, core)
            }
            Analyser::HttpInner => self.http_process_request(core),
            Analyser::RdpCookie => self.tcp_persist_rdp_cookie(core),
            Analyser::TransferBody => self.http_request_forward_body(core),
            Analyser::WaitResponse => self.http_wait_for_response(core),
            Analyser::HttpProcessResponse => self.http_process_res_common(core),
            Analyser::TransferResponse => self.http_response_forward_body(core),
        }
    }

    /// Ends a direction that failed, passes shutdowns on, opens the connection, and moves
    /// what may leave.
    #[inline(never)]
    fn forward(&mut self, worker: &mut Worker, seen: &mut Seen) -> Phase {
        log::trace!("forward");
        let core = &mut worker.core;
        self.note_channel_faults(core);
        self.forward_request(core);
        self.connect_phase(core);
        if self.any_disconnected() {
            return Phase::Interfaces;
        }
        self.forward_response(core);
        self.run_applets(worker);
        let core = &mut worker.core;
        self.transmit_pending(core);
        if self.any_disconnected() {
            return Phase::Interfaces;
        }
        self.resume_pipelined_request(core);
        let (size, reserve) = (core.bufsize(), core.maxrewrite());
        let request = self.request.snapshot(size, reserve);
        let response = self.response.snapshot(size, reserve);
        let settled = !request.differs_statically(seen.request)
            && !response.differs_statically(seen.response)
            && !request.calls_analysers(seen.request)
            && !response.calls_analysers(seen.response)
            && self.states() == seen.request_states
            && self.states() == seen.response_states;
        if settled {
            Phase::Settled
        } else {
            Phase::Request
        }
    }

    /// A pipelined request that was held until the previous answer had left may go on.
    fn resume_pipelined_request(&mut self, core: &Core) {
        let held = self.request.analysers.any(AnalyserSet::WAIT_HTTP)
            && self.request.flags.any(ChannelFlags::DONT_READ);
        if held && !self.must_wait_for_response_room(core) {
            self.request.flags.remove(ChannelFlags::DONT_READ);
            self.request.flags.insert(ChannelFlags::WAKE_ONCE);
        }
    }

    fn forward_request(&mut self, core: &mut Core) {
        if self.client.state >= InterfaceState::Established
            && self.server_side.state != InterfaceState::Closed
        {
            auto_forward(&mut self.request);
        }
        self.choose_splicing(core);
        if wants_shutw(&self.request) {
            self.request.shutw_now();
        }
        if self.request.flags.any(ChannelFlags::SHUTW_NOW)
            && self.request.out_empty()
            && !self.request.flags.any(ChannelFlags::SHUTW)
        {
            self.shutw(Side::Server, core);
        }
        if shutw_stops_reading(&self.request) {
            self.request.shutr_now();
        }
        if self.request.flags.any(ChannelFlags::SHUTR_NOW) {
            self.shutr(Side::Client, core);
        }
    }

    fn forward_response(&mut self, core: &mut Core) {
        if self.server_side.state >= InterfaceState::Established {
            auto_forward(&mut self.response);
        }
        if wants_shutw(&self.response) {
            self.response.shutw_now();
        }
        if self.response.flags.any(ChannelFlags::SHUTW_NOW)
            && self.response.out_empty()
            && !self.response.flags.any(ChannelFlags::SHUTW)
        {
            self.shutw(Side::Client, core);
        }
        if shutw_stops_reading(&self.response) {
            self.response.shutr_now();
        }
        if self.response.flags.any(ChannelFlags::SHUTR_NOW) {
            self.shutr(Side::Server, core);
        }
    }

    /// Sends what is scheduled on both ends, unless the kernel is going to tell when the socket
    /// takes more: a send that squeezed in some bytes now would count as progress of a peer
    /// that makes none, and put off its timeout. Shuts ends that waited for their output to leave.
    fn transmit_pending(&mut self, core: &mut Core) {
        for side in [Side::Server, Side::Client] {
            let ends = self.ends(side);
            let refused = ends.interface.fd().is_some_and(|fd| {
                core.engine.fdtab.poll_state(fd, Direction::Write) == PollState::Wait
            });
            let ready = ends.interface.state == InterfaceState::Established
                && !refused
                && !ends
                    .output
                    .flags
                    .any(ChannelFlags::SHUTW.union(ChannelFlags::WRITE_ERROR))
                && !ends.output.out_empty();
            if ready {
                self.transmit(side, core);
                if self.ends(side).output.flags.any(ChannelFlags::WRITE_ERROR) {
                    self.check_end_errors(core);
                }
            }
            let output = self.ends(side).output;
            if output.flags.any(ChannelFlags::SHUTW_NOW) && output.out_empty() {
                self.shutw(side, core);
            }
        }
    }

    /// Puts polling and timers in step for the time until the next run, and tells when
    /// that is due at the latest.
    fn settle(&mut self, core: &mut Core) -> Tick {
        if !self.flags.any(SessionFlags::COMMAND)
            && core.config.proxy(self.frontend).counts_continuously()
        {
            self.count_bytes(core);
        }
        self.update_ends(core);
        self.go_on_with_applet(core);
        self.suspend_client_timer();
        self.request.flags.remove(ChannelFlags::TRANSIENT);
        self.response.flags.remove(ChannelFlags::TRANSIENT);
        self.client.flags.remove(InterfaceFlags::EXP);
        self.server_side.flags.remove(InterfaceFlags::EXP);
        self.client.previous = self.client.state;
        self.server_side.previous = self.server_side.state;
        self.request
            .read_exp
            .first(self.request.write_exp)
            .first(self.response.read_exp)
            .first(self.response.write_exp)
            .first(self.request.analyse_exp)
            .first(self.response.analyse_exp)
            .first(self.client.exp)
            .first(self.server_side.exp)
    }

    /// An applet that was stopped by a full channel, all of which has left meanwhile, is not
    /// going to hear of it from any socket.
    fn go_on_with_applet(&self, core: &mut Core) {
        let has_left =
            self.response.out_empty() && self.response.flags.any(ChannelFlags::WRITE_PARTIAL);
        if has_left && self.server_side.has_blocked_applet() {
            core.engine.scheduler.wake(self.task, Wake::OTHER);
        }
    }

    /// While the server is awaited and its own timer runs, the client is not timed: the
    /// server's timeout is the one that must fire.
    fn suspend_client_timer(&mut self) {
        let relaying = ChannelFlags::AUTO_CLOSE.union(ChannelFlags::SHUTR);
        if self.response.flags.any(relaying) {
            return;
        }
        if self.request.write_exp.is_set() || self.response.read_exp.is_set() {
            self.request.flags.insert(ChannelFlags::READ_NOEXP);
            self.request.read_exp = Tick::ETERNITY;
        }
    }

    /// Lets the applet behind an end produce and consume.
    fn run_applets(&mut self, worker: &mut Worker) {
        for side in [Side::Client, Side::Server] {
            let interface = self.interface(side);
            if interface.state != InterfaceState::Established
                || !matches!(interface.endpoint, Endpoint::Applet(_))
            {
                continue;
            }
            if let Endpoint::Applet(mut applet) = std::mem::take(&mut interface.endpoint) {
                applet.run(self, side, worker);
                // An applet whose end was closed meanwhile is done.
                if self.interface(side).state == InterfaceState::Established {
                    self.interface(side).endpoint = Endpoint::Applet(applet);
                } else {
                    worker.core.recycle_applet(applet);
                }
            }
        }
    }
}

/// Lets everything pass once no analyser is left on a channel.
fn auto_forward(channel: &mut Channel) {
    if !channel.analysers.is_empty() || channel.to_forward == FORWARD_INFINITE {
        return;
    }
    channel.flags.remove(ChannelFlags::DONT_READ);
    channel
        .flags
        .insert(ChannelFlags::AUTO_CONNECT.union(ChannelFlags::AUTO_CLOSE));
    if channel.flags.any(ChannelFlags::SHUTR) || channel.is_closing() {
        let held = channel.input_len() as u64;
        channel.forward(held);
        return;
    }
    channel.forward(FORWARD_INFINITE);
}

/// A shut producer shuts the consumer, where that is automatic.
fn wants_shutw(channel: &Channel) -> bool {
    channel
        .flags
        .all(ChannelFlags::SHUTR.union(ChannelFlags::AUTO_CLOSE))
        && !channel.is_closing()
}

/// Reading goes on for nothing once the consumer is shut.
fn shutw_stops_reading(channel: &Channel) -> bool {
    channel.flags.any(ChannelFlags::SHUTW)
        && !channel
            .flags
            .any(ChannelFlags::SHUTR.union(ChannelFlags::SHUTR_NOW))
}

/// Rounds over the phases in one run; dev7 has no bound, but a fault here must not spin.
const ROUNDS_MAX: usize = 200;
/// Restarts of the walk over the analysers (dev7: maxpollevents).
const WALKS_MAX: usize = 200;
