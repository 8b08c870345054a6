//! What happened to a session since its last run: timers, errors, faults, and who is to
//! blame.
//!
//! Called by the phases of `process_session`. Nothing here moves data; it closes ends,
//! notes causes and counts them.

use super::analyser::AnalyserSet;
use super::channel::ChannelFlags;
use super::interface::{InterfaceFlags, InterfaceState};
use super::outcome::{Cause, Stage};
use super::{Session, SessionFlags, Side};
use crate::engine::fdtab::Direction;
use crate::engine::tick::Tick;
use crate::worker::Core;

impl Session {
    /// Notes which timers fired; a direction that stalled is shut.
    pub(super) fn check_timers(&mut self, core: &mut Core) {
        let now = core.engine.clock.now_ms();
        for side in [Side::Client, Side::Server] {
            let ends = self.ends(side);
            if ends.interface.exp.is_expired(now) {
                ends.interface.exp = Tick::ETERNITY;
                ends.interface.flags.insert(InterfaceFlags::EXP);
            }
            if ends.input.analyse_exp.is_expired(now) {
                ends.input.flags.insert(ChannelFlags::ANA_TIMEOUT);
                if side == Side::Server {
                    // It is set anew by whoever waits for it; nobody else would stop it.
                    ends.input.analyse_exp = Tick::ETERNITY;
                }
            }
            if ends.output.write_exp.is_expired(now) && !ends.output.flags.any(ChannelFlags::SHUTW)
            {
                ends.output.flags.insert(ChannelFlags::WRITE_TIMEOUT);
                ends.interface.flags.insert(InterfaceFlags::NOLINGER);
                self.shutw(side, core);
            }
            let ends = self.ends(side);
            if ends.input.read_exp.is_expired(now) && !ends.input.flags.any(ChannelFlags::SHUTR) {
                ends.input.flags.insert(ChannelFlags::READ_TIMEOUT);
                if ends.input.flags.any(ChannelFlags::AUTO_CLOSE) {
                    ends.input.shutw_now();
                }
                self.shutr(side, core);
            }
        }
    }

    /// Closes ends on which an error was noted.
    pub(super) fn check_end_errors(&mut self, core: &mut Core) {
        for side in [Side::Client, Side::Server] {
            let interface = self.interface(side);
            let open = matches!(
                interface.state,
                InterfaceState::Established | InterfaceState::Disconnected
            );
            if !interface.flags.any(InterfaceFlags::ERR) || !open {
                continue;
            }
            self.shutr(side, core);
            self.shutw(side, core);
            let analysed =
                !self.request.analysers.is_empty() || !self.response.analysers.is_empty();
            if analysed {
                continue;
            }
            match side {
                Side::Client => self.note_client_abort(core),
                Side::Server => self.note_server_abort(core),
            }
        }
        self.check_lost_server(core);
    }

    /// A server that takes no more of the request may still have answered: only the
    /// request's direction ends, the read side tells the rest.
    pub(super) fn check_lost_server(&mut self, core: &mut Core) {
        if self.server_side.state != InterfaceState::Established
            || !self.request.flags.any(ChannelFlags::WRITE_ERROR)
            || self.request.flags.any(ChannelFlags::SHUTW)
            || self.response.analysers.is_empty()
        {
            return;
        }
        self.request.flags.remove(ChannelFlags::WRITE_ERROR);
        self.request.flags.insert(ChannelFlags::DONT_READ);
        self.request.flags.insert(ChannelFlags::SHUTW);
        self.request.write_exp = Tick::ETERNITY;
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.request_lost = true;
        }
        if let Some(fd) = self.server_side.fd() {
            core.engine.fdtab.disarm(fd, Direction::Write);
            core.engine.fdtab.arm(fd, Direction::Read);
        }
    }

    pub(super) fn note_client_abort(&mut self, core: &mut Core) {
        if self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        core.state.proxy_mut(self.frontend).frontend.client_aborts += 1;
        core.state.proxy_mut(self.backend).backend.client_aborts += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.client_aborts += 1;
        }
        self.outcome.note(Cause::ClientAbort, Stage::Data);
    }

    pub(super) fn note_server_abort(&mut self, core: &mut Core) {
        if self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        core.state.proxy_mut(self.backend).backend.server_aborts += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.server_aborts += 1;
        }
        self.outcome.note(Cause::ServerAbort, Stage::Data);
    }

    /// Errors and timeouts of the channels that no analyser has claimed.
    pub(super) fn note_channel_faults(&mut self, core: &mut Core) {
        if self.outcome.cause != Cause::Normal {
            return;
        }
        // An end that was established until this run failed while data was moving.
        let state = if self.server_side.previous == InterfaceState::Established {
            InterfaceState::Established
        } else {
            self.server_side.state
        };
        if self.request.flags.any(ChannelFlags::MASK_ERROR) {
            self.request.analysers = AnalyserSet::EMPTY;
            let cause = cause_of_fault(self.request.flags, Side::Client);
            self.count_fault(cause, core);
            self.outcome.note_at(cause, state);
            return;
        }
        if self.response.flags.any(ChannelFlags::MASK_ERROR) {
            self.response.analysers = AnalyserSet::EMPTY;
            let cause = cause_of_fault(self.response.flags, Side::Server);
            self.count_fault(cause, core);
            self.outcome.note_at(cause, state);
        }
    }

    fn count_fault(&mut self, cause: Cause, core: &mut Core) {
        if self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        if cause == Cause::ClientAbort {
            core.state.proxy_mut(self.backend).backend.client_aborts += 1;
        }
        if cause == Cause::ServerAbort {
            core.state.proxy_mut(self.backend).backend.server_aborts += 1;
        }
    }
}

/// Who is to blame for a fault on the channel that `producer` fills.
fn cause_of_fault(flags: ChannelFlags, producer: Side) -> Cause {
    let reading = match producer {
        Side::Client => (Cause::ClientAbort, Cause::ClientTimeout),
        Side::Server => (Cause::ServerAbort, Cause::ServerTimeout),
    };
    let writing = match producer {
        Side::Client => (Cause::ServerAbort, Cause::ServerTimeout),
        Side::Server => (Cause::ClientAbort, Cause::ClientTimeout),
    };
    if flags.any(ChannelFlags::READ_ERROR) {
        return reading.0;
    }
    if flags.any(ChannelFlags::READ_TIMEOUT) {
        return reading.1;
    }
    if flags.any(ChannelFlags::WRITE_ERROR) {
        return writing.0;
    }
    writing.1
}
