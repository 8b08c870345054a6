//! `http_process_req_common` and `http_process_request`: rules over a request, and what is
//! rewritten in its head before the server sees it.

use std::net::IpAddr;

use crate::config::model::{Forwarded, HeaderNames, ProxyId, ProxyOption, RuleSet};
use crate::http::connection::{self, Mode, Options};
use crate::http::forwarded::add_address;
use crate::http::head::HeadView;
use crate::http::rewrite::{RewriteError, Rewriter};
use crate::session::Session;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::rules::Flow;
use crate::worker::Core;

impl Session {
    /// What one proxy, the frontend or the backend, has to say about the request. `analyser`
    /// stays enabled while a rule waits.
    pub(in crate::session) fn process_request_rules(
        &mut self,
        proxy: ProxyId,
        analyser: AnalyserSet,
        core: &mut Core,
    ) -> Verdict {
        if self.wait_for_buffered_request(proxy, core) == Verdict::Wait {
            return Verdict::Wait;
        }
        self.http_process_req_common(proxy, analyser, core)
    }

    /// Runs the rules of one proxy over the request.
    #[inline(never)]
    pub(in crate::session) fn http_process_req_common(
        &mut self,
        proxy: ProxyId,
        analyser: AnalyserSet,
        core: &mut Core,
    ) -> Verdict {
        log::trace!("http_process_req_common {proxy:?}");
        for set in REQUEST_SETS {
            match self.run_rules(set, proxy, core) {
                Flow::Next | Flow::Stop => {}
                Flow::Wait => return Verdict::Wait,
                Flow::End(verdict) => {
                    self.request.analysers.remove(analyser);
                    return verdict;
                }
            }
        }
        self.request.analysers.remove(analyser);
        self.restrict_header_names(proxy, core)
    }

    /// `option http-restrict-req-hdr-names` of `proxy`, which comes behind its rules.
    fn restrict_header_names(&mut self, proxy: ProxyId, core: &mut Core) -> Verdict {
        let policy = core.config.proxy(proxy).header_names;
        if policy == HeaderNames::Preserve {
            return Verdict::Continue;
        }
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return Verdict::Continue;
        };
        let mut message = Rewriter::new(buffer, base, &mut transaction.request.head);
        let mut from = 0;
        while let Some(odd) = odd_name(message.view(), from) {
            if policy == HeaderNames::Reject {
                return self.reject_header_name(core);
            }
            if message.remove(odd).is_err() {
                break;
            }
            from = odd;
        }
        Verdict::Continue
    }

    fn reject_header_name(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("header-name");
        self.count_failed_request(core);
        self.outcome.note(Cause::Proxy, Stage::Request);
        self.answer_with_page(403, core)
    }

    /// Rewrites the head for the server and lets the connection be opened.
    #[inline(never)]
    pub(in crate::session) fn http_process_request(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_process_request");
        self.request.analysers.remove(AnalyserSet::HTTP_INNER);
        let rewritten = self
            .manage_client_side_cookies(core)
            .and_then(|()| self.rewrite_request(core));
        if rewritten.is_err() {
            return self.no_room_for_request(core);
        }
        self.request.analysers.insert(AnalyserSet::XFER_BODY);
        self.request.flags.insert(ChannelFlags::AUTO_CONNECT);
        Verdict::Continue
    }

    fn rewrite_request(&mut self, core: &mut Core) -> Result<(), RewriteError> {
        let frontend = core.config.proxy(self.frontend);
        let backend = core.config.proxy(self.backend);
        let source = self.source.ip();
        let destination = match backend.originalto.as_ref().or(frontend.originalto.as_ref()) {
            Some(_) => self.client_destination().ip(),
            None => None,
        };
        let options = self.connection_options(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return Ok(());
        };
        transaction.connections.options = options;
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.request.head)
            .with_growth(core.config.global.tuning.maxrewrite);
        let rule = merged(
            frontend.forwardfor.as_ref(),
            backend.forwardfor.as_ref(),
            source,
        );
        if let (Some((header, if_none)), Some(address)) = (rule, source) {
            add_address(&mut rewriter, header, address, if_none)?;
        }
        let rule = merged(
            frontend.originalto.as_ref(),
            backend.originalto.as_ref(),
            destination,
        );
        if let (Some((header, if_none)), Some(address)) = (rule, destination) {
            add_address(&mut rewriter, header, address, if_none)?;
        }
        if let Some(header) = &frontend.unique_id.header
            && !transaction.unique_id.is_empty()
        {
            rewriter.add(header, &transaction.unique_id)?;
        }
        let rules = (&frontend.compression, &backend.compression);
        Self::offer_compression(&mut rewriter, &mut transaction.compression, rules);
        let options = transaction.connections.options;
        transaction.connections.request = connection::request(&mut rewriter, options)?;
        if backend.options.has(ProxyOption::CaseAdjustServer) {
            core.config.global.header_cases.apply(&mut rewriter);
        }
        Ok(())
    }

    /// What configuration and process say about the connections of this request.
    pub(in crate::session) fn connection_options(&self, core: &Core) -> Options {
        let frontend = core.config.proxy(self.frontend);
        let backend = core.config.proxy(self.backend);
        let either = |option| frontend.options.has(option) || backend.options.has(option);
        Options {
            mode: frontend.connection_mode.combine(backend.connection_mode),
            pretend_keepalive: either(ProxyOption::HttpPretendKeepAlive),
            proxy_header: frontend.options.has(ProxyOption::HttpUseProxyHeader),
            spare_client: frontend.connection_mode != Mode::Close
                && backend.connection_mode == Mode::Close,
            stopping: core.state.stopping || core.state.proxy(self.frontend).stopping,
        }
    }

    /// A URI that `normalize-uri` is strict about is answered 400.
    pub(in crate::session) fn refuse_uri(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("uri-encoding");
        self.count_failed_request(core);
        self.outcome.note(Cause::Proxy, Stage::Request);
        self.end_analysis();
        self.http_reply_and_close(Some(400), core);
        Verdict::Wait
    }

    /// A rule's change of the request does not fit, or makes no message.
    pub(in crate::session) fn fail_request_rewrite(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("rewrite");
        self.timing.request_ms = -1;
        self.outcome.note(Cause::Proxy, Stage::Request);
        self.end_analysis();
        self.http_reply_and_close(Some(500), core);
        Verdict::Wait
    }

    /// The request grew beyond what the buffer holds.
    pub(in crate::session) fn no_room_for_request(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("rewrite-room");
        self.count_failed_request(core);
        self.outcome.note(Cause::Proxy, Stage::Request);
        self.end_analysis();
        self.http_reply_and_close(Some(400), core);
        Verdict::Wait
    }
}

/// The first line at or after `from` whose name holds other than letters, digits and hyphens.
fn odd_name(request: HeadView<'_>, from: usize) -> Option<usize> {
    let is_odd = |name: &[u8]| {
        !name
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let odd = request
        .lines()
        .skip(from)
        .position(|(name, _)| is_odd(name))?;
    Some(from + odd)
}
/// The rules over a request in the order in which they run.
const REQUEST_SETS: [RuleSet; 3] = [
    RuleSet::HttpRequest,
    RuleSet::LegacyRequest,
    RuleSet::Redirect,
];

/// The header to add, and whether only where there is none. The backend's name comes before the
/// frontend's, one of the two that adds in any case is enough to do so, and neither adds an
/// address that one of them excepts.
fn merged<'a>(
    frontend: Option<&'a Forwarded>,
    backend: Option<&'a Forwarded>,
    address: Option<IpAddr>,
) -> Option<(&'a [u8], bool)> {
    let address = address?;
    let rules = || [backend, frontend].into_iter().flatten();
    let excepted = rules().any(|rule| rule.except.is_some_and(|network| network.contains(address)));
    if excepted {
        return None;
    }
    let rule = rules().next()?;
    Some((rule.header.as_bytes(), rules().all(|rule| rule.if_none)))
}
