//! Rules that decide what becomes of a message.

use bumpalo::Bump;

use super::{Flow, Scene};
use crate::config::model::Decision;
use crate::session::Session;
use crate::session::analyser::Verdict;
use crate::session::outcome::{Cause, Stage};
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
            Decision::Reject => {
                self.count_denied(scene, core);
                self.timing.request_ms = -1;
                self.outcome.note(Cause::Proxy, stage_of(scene));
                self.end_analysis();
                self.http_reply_and_close(None, core);
                Flow::End(Verdict::Wait)
            }
            Decision::SilentDrop | Decision::CloseServer | Decision::Redirect(_) => Flow::Next,
        }
    }

    fn count_denied(&mut self, scene: Scene, core: &mut Core) {
        self.note_reason("denied");
        if !scene.set.is_response() {
            core.state.proxy_mut(self.frontend).frontend.denied_requests += 1;
            if let Some(counters) = core.listener_counters(self.listener) {
                counters.denied_requests += 1;
            }
            return;
        }
        core.state.proxy_mut(self.backend).backend.denied_responses += 1;
        let frontend = core.state.proxy_mut(self.frontend);
        frontend.frontend.denied_responses += 1;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.denied_responses += 1;
        }
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.denied_responses += 1;
        }
    }
}

const fn stage_of(scene: Scene) -> Stage {
    match scene.set.is_response() {
        true => Stage::Headers,
        false => Stage::Request,
    }
}
