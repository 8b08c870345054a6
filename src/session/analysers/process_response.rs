//! `http_process_res_common`: rules over a response and what is rewritten in its head.

use crate::config::model::{LogLevel, ProxyOption, RuleSet};
use crate::http::checkcache::exposes_cookie;
use crate::http::compression::response as compression;
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
        if let Some(verdict) = self.run_response_rules(core) {
            return verdict;
        }
        if self.exposes_cookie(core) {
            return self.block_cookie(core);
        }
        if self.manage_server_side_cookies(core).is_err() {
            return self.no_room_for_response(core);
        }
        let stopping = core.state.proxy(self.frontend).stopping || core.state.stopping;
        let algorithm = self.begin_compression(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Verdict::Continue;
        };
        let body = match algorithm {
            Some(_) => BodyLength::Chunked,
            None => transaction.response.body,
        };
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.response.head)
            .with_growth(core.config.global.tuning.maxrewrite);
        let mut options = transaction.connections.options;
        options.stopping |= stopping;
        let request = transaction.connections.request;
        let rewritten = algorithm
            .map_or(Ok(()), |algorithm| {
                compression::rewrite(&mut rewriter, algorithm)
            })
            .and_then(|()| connection::response(&mut rewriter, options, request, body))
            .map(|plan| transaction.connections.response = plan);
        let frontend = core.config.proxy(self.frontend);
        if frontend.options.has(ProxyOption::CaseAdjustClient) {
            core.config.global.header_cases.apply(&mut rewriter);
        }
        if rewritten.is_err() {
            return self.no_room_for_response(core);
        }
        self.response.analysers.insert(AnalyserSet::RES_XFER_BODY);
        if frontend.options.has(ProxyOption::LogAsap) && body != BodyLength::Tunnel {
            self.log_early(core);
        }
        Verdict::Continue
    }

    /// `option checkcache`: a cache could hand this response's cookie to others.
    fn exposes_cookie(&mut self, core: &Core) -> bool {
        let backend = core.config.proxy(self.backend);
        if !backend.options.has(ProxyOption::CheckCache) {
            return false;
        }
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref(), self.response.message())
        else {
            return false;
        };
        let response = transaction.response.head.view(buffer, base);
        exposes_cookie(transaction.request.head.method(), response)
    }

    /// Answers 502 in place of the response, and tells who has to be told.
    fn block_cookie(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("cacheable-cookie");
        core.state
            .proxy_mut(self.frontend)
            .frontend
            .denied_responses += 1;
        core.state.proxy_mut(self.backend).backend.denied_responses += 1;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.denied_responses += 1;
        }
        let mut server_name = "<dispatch>";
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.denied_responses += 1;
            server_name = &core.config.server(server).name;
        }
        let backend = &core.config.proxy(self.backend).name;
        let text = format!(
            "Blocking cacheable cookie in response from instance {backend}, server {server_name}."
        );
        core.log_proxy(self.backend, LogLevel::Alert, &text);
        self.outcome.note(Cause::Proxy, Stage::Headers);
        self.end_analysis();
        self.http_reply_and_close(Some(502), core);
        Verdict::Wait
    }

    /// The backend's rules over the response, then the frontend's. A verdict when one of them
    /// decided.
    fn run_response_rules(&mut self, core: &mut Core) -> Option<Verdict> {
        let frontend = (self.frontend != self.backend).then_some(self.frontend);
        for proxy in [Some(self.backend), frontend].into_iter().flatten() {
            for set in RESPONSE_SETS {
                match self.run_rules(set, proxy, core) {
                    Flow::Next | Flow::Stop => {}
                    Flow::Wait => return Some(Verdict::Wait),
                    Flow::End(verdict) => return Some(verdict),
                }
            }
        }
        None
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

/// The rules over a response in the order in which they run.
const RESPONSE_SETS: [RuleSet; 2] = [RuleSet::HttpResponse, RuleSet::LegacyResponse];
