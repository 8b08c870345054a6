//! Rules that decide what becomes of a message.

use bumpalo::Bump;

use super::{Flow, Scene};
use crate::config::model::{Decision, Reply, ReplyPage};
use crate::session::Session;
use crate::session::analyser::Verdict;
use crate::session::outcome::{Cause, Stage};
use crate::worker::Core;

impl Session {
    pub(super) fn decide(
        &mut self,
        decision: &'static Decision,
        scene: Scene,
        _arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        match decision {
            Decision::Allow => Flow::Stop,
            Decision::Return(reply) => Flow::End(self.answer_with(reply, core)),
            Decision::Deny(reply) => Flow::End(self.deny(reply, scene, core)),
            _ => Flow::Next,
        }
    }

    /// Answers with an error, the one configured or the page of the status.
    fn deny(&mut self, reply: &'static Reply, scene: Scene, core: &mut Core) -> Verdict {
        if scene.set.is_response() {
            core.state.proxy_mut(self.backend).backend.denied_responses += 1;
            core.state
                .proxy_mut(self.frontend)
                .frontend
                .denied_responses += 1;
            self.outcome.note(Cause::Proxy, Stage::Headers);
        } else {
            core.state.proxy_mut(self.frontend).frontend.denied_requests += 1;
            self.outcome.note(Cause::Proxy, Stage::Request);
        }
        self.note_reason("denied");
        match reply.page {
            ReplyPage::Own => self.answer_with(reply, core),
            ReplyPage::Default | ReplyPage::Page(_) => {
                self.end_analysis();
                self.http_reply_and_close(Some(reply.status), core);
                Verdict::Wait
            }
        }
    }
}
