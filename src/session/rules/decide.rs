//! Rules that decide what becomes of a message.

use bumpalo::Bump;

use super::{Flow, Scene};
use crate::config::model::{Decision, RuleSet};
use crate::engine::tick::Tick;
use crate::http::connection::Mode;
use crate::session::analyser::Verdict;
use crate::session::interface::InterfaceFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::{Session, SessionFlags, Side};
use crate::worker::Core;

impl Session {
    pub(super) fn decide(
        &mut self,
        decision: &'static Decision,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        match decision {
            Decision::Allow => Flow::Stop,
            Decision::Return(reply) => {
                self.outcome.note(Cause::Local, stage_of(scene));
                Flow::End(self.answer_with(reply, scene, arena, core))
            }
            Decision::Deny(reply) => {
                self.count_denied(scene, core);
                self.outcome.note(Cause::Proxy, stage_of(scene));
                Flow::End(self.answer_with(reply, scene, arena, core))
            }
            Decision::Tarpit(reply) => {
                self.count_denied(scene, core);
                self.begin_tarpit(reply, core);
                Flow::End(Verdict::Continue)
            }
            Decision::Auth { realm } => self.ask_for_password(realm.as_deref(), scene, arena, core),
            Decision::Reject => Flow::End(self.reject(scene, core)),
            Decision::SilentDrop => {
                self.silence_client();
                Flow::End(self.reject(scene, core))
            }
            Decision::CloseServer => {
                self.close_server(core);
                Flow::Stop
            }
            Decision::Redirect(redirect) => self.redirect(redirect, scene, arena, core),
        }
    }

    /// Closes the client's connection without an answer.
    fn reject(&mut self, scene: Scene, core: &mut Core) -> Verdict {
        self.request.analyse_exp = Tick::ETERNITY;
        self.response.analyse_exp = Tick::ETERNITY;
        if scene.set.is_response() {
            self.count_denied_response(core);
            self.outcome.note(Cause::Proxy, Stage::Data);
        } else {
            self.note_rejected_request(scene, core);
        }
        self.http_reply_and_close(None, core);
        Verdict::Wait
    }

    fn note_rejected_request(&mut self, scene: Scene, core: &mut Core) {
        let counters = &mut core.state.proxy_mut(self.frontend).frontend;
        match scene.set {
            RuleSet::TcpConnection => counters.denied_connections += 1,
            RuleSet::TcpSession => counters.denied_sessions += 1,
            RuleSet::TcpContent
            | RuleSet::HttpRequest
            | RuleSet::LegacyRequest
            | RuleSet::Redirect
            | RuleSet::TcpResponse
            | RuleSet::HttpResponse
            | RuleSet::LegacyResponse
            | RuleSet::HttpAfterResponse => counters.denied_requests += 1,
        }
        self.outcome.note(Cause::Proxy, Stage::Request);
        if scene.set == RuleSet::HttpRequest {
            self.timing.request_ms = -1;
        }
        let is_early =
            matches!(scene.set, RuleSet::TcpContent) && !self.flags.any(SessionFlags::BE_ASSIGNED);
        if is_early && let Some(transaction) = self.transaction.as_deref_mut() {
            // No rule over requests has seen it: it is logged like one that never came.
            transaction.request_line.clear();
            self.timing.request_ms = -1;
        }
    }

    /// `close`: what the server sent still leaves, nothing more is taken from it.
    fn close_server(&mut self, core: &mut Core) {
        if let Some(transaction) = self.transaction.as_deref_mut() {
            let mode = &mut transaction.connections.options.mode;
            if *mode == Mode::KeepAlive {
                *mode = Mode::ServerClose;
            }
            return;
        }
        self.server_side.flags.insert(InterfaceFlags::NOLINGER);
        self.shutr(Side::Server, core);
        self.shutw(Side::Server, core);
    }

    pub(super) fn count_denied_response(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.backend).backend.denied_responses += 1;
        core.state
            .proxy_mut(self.frontend)
            .frontend
            .denied_responses += 1;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.denied_responses += 1;
        }
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.denied_responses += 1;
        }
    }

    /// Counts a message that rules refuse.
    fn count_denied(&mut self, scene: Scene, core: &mut Core) {
        self.note_reason("denied");
        if scene.set.is_response() {
            self.count_denied_response(core);
            return;
        }
        core.state.proxy_mut(self.frontend).frontend.denied_requests += 1;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.denied_requests += 1;
        }
    }
}

const fn stage_of(scene: Scene) -> Stage {
    match scene.set.is_response() {
        true => Stage::Headers,
        false => Stage::Request,
    }
}
