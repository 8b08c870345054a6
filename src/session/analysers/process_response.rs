//! `http_process_res_common`: rules over a response and what is rewritten in its head.

use crate::config::model::{ProxyOption, RuleSet};
use crate::http::connection;
use crate::http::framing::BodyLength;
use crate::http::rewrite::Rewriter;
use crate::session::Session;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::outcome::{Cause, Stage};
use crate::session::rules::Flow;
use crate::worker::Core;

impl Session {
    /// Rewrites the response's head for the client.
    #[inline(never)]
    pub(in crate::session) fn http_process_res_common(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_process_res_common");
        self.response
            .analysers
            .remove(AnalyserSet::RES_HTTP_PROCESS);
        for (set, proxy) in [
            (RuleSet::HttpResponse, Some(self.backend)),
            (
                RuleSet::HttpResponse,
                (self.backend != self.frontend).then_some(self.frontend),
            ),
        ] {
            let Some(proxy) = proxy else { continue };
            match self.run_rules(set, proxy, core) {
                Flow::Next | Flow::Stop => {}
                Flow::Wait => return Verdict::Wait,
                Flow::End(verdict) => return verdict,
            }
        }
        if self.manage_server_side_cookies(core).is_err() {
            return self.no_room_for_response(core);
        }
        let stopping = core.state.proxy(self.frontend).stopping || core.state.stopping;
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Verdict::Continue;
        };
        let body = transaction.response.body;
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.response.head)
            .with_growth(core.config.global.tuning.maxrewrite);
        let mut options = transaction.connections.options;
        options.stopping |= stopping;
        let request = transaction.connections.request;
        let rewritten = connection::response(&mut rewriter, options, request, body)
            .map(|plan| transaction.connections.response = plan);
        if rewritten.is_err() {
            return self.no_room_for_response(core);
        }
        self.response.analysers.insert(AnalyserSet::RES_XFER_BODY);
        let early = core
            .config
            .proxy(self.frontend)
            .options
            .has(ProxyOption::LogAsap);
        if early && body != BodyLength::Tunnel {
            self.log_early(core);
        }
        Verdict::Continue
    }

    pub(in crate::session) fn no_room_for_response(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("rewrite-room");
        self.count_failed_response(core);
        self.outcome.note(Cause::Proxy, Stage::Headers);
        self.end_analysis();
        self.http_reply_and_close(Some(502), core);
        Verdict::Wait
    }
}
