//! `http_wait_for_request`: waits for a complete request head and parses it.

use crate::config::model::{Mode, ProxyOption, RuleSet, Timeouts};
use crate::engine::tick::Tick;
use crate::http::framing::request_body;
use crate::http::parse::{Kind, Policy, parse_request, tolerated_fault};
use crate::http::reason::HeadError;
use crate::http::scan::Scan;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::trace::{self, Traced};
use crate::session::transaction::{MessageState, keep_line};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Waits for a request head; parses it when it is complete, answers for it when it will
    /// never be.
    #[inline(never)]
    pub(in crate::session) fn http_wait_for_request(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_wait_for_request {} bytes", self.request.input_len());
        self.request
            .flags
            .remove(ChannelFlags::AUTO_CONNECT.union(ChannelFlags::AUTO_CLOSE));
        if self.request.input_len() > 0 {
            if self.must_wait_for_response_room(core) {
                self.request.flags.insert(ChannelFlags::DONT_READ);
                return Verdict::Wait;
            }
            match self.scan_request(core) {
                Scan::Complete { head_len } => return self.parse_request_head(head_len, core),
                Scan::Invalid(error) => return self.refuse_request(error, core),
                Scan::Incomplete => {
                    if self.request.read_room(core.bufsize(), core.maxrewrite()) == 0 {
                        let error = self.request_too_large();
                        return self.refuse_request(error, core);
                    }
                }
            }
        }
        self.incomplete_request(core)
    }

    /// A pipelined request waits until the previous answer has left, so that an error of
    /// its own would have room.
    pub(in crate::session) fn must_wait_for_response_room(&self, core: &Core) -> bool {
        self.response.output_room(core.bufsize()) < core.bufsize() / 2
    }

    fn scan_request(&mut self, core: &mut Core) -> Scan {
        // Rules over the connection may have attached a transaction before.
        if self.timing.request_us == 0 {
            if self.transaction.is_none() {
                self.transaction = core.transactions.take();
            }
            self.number_request(core);
            self.timing.request_us = core.engine.clock.monotonic_us();
            self.start_request_timer(core);
        }
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Scan::Incomplete;
        };
        transaction.request.scanner.scan_bytes(self.request.input())
    }

    /// The first request of a connection has the session's number, later ones have their own.
    fn number_request(&mut self, core: &mut Core) {
        if self.flags.any(SessionFlags::FIRST_REQUEST) {
            return;
        }
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.number = Some(core.state.next_session_id);
            core.state.next_session_id = core.state.next_session_id.wrapping_add(1);
        }
    }

    /// On a kept-alive connection the request's own time begins with its first byte.
    fn start_request_timer(&mut self, core: &Core) {
        if self.flags.any(SessionFlags::FIRST_REQUEST) {
            return;
        }
        let limit_ms = core.config.proxy(self.frontend).timeouts.http_request_ms;
        self.request.analyse_exp = core.engine.clock.now_ms().add_if_set(limit_ms);
    }

    fn request_too_large(&self) -> HeadError {
        match self.transaction.as_deref() {
            Some(transaction) => transaction.request.scanner.too_large(),
            None => crate::http::scan::HeadScanner::new(Kind::Request).too_large(),
        }
    }

    /// The head is not complete: decides between waiting and giving up.
    fn incomplete_request(&mut self, core: &mut Core) -> Verdict {
        let flags = self.request.flags;
        if flags.any(ChannelFlags::READ_ERROR) {
            return self.abandon_request(None, Cause::ClientAbort, core);
        }
        if flags.any(ChannelFlags::READ_TIMEOUT.union(ChannelFlags::ANA_TIMEOUT)) {
            return self.abandon_request(Some(408), Cause::ClientTimeout, core);
        }
        if flags.any(ChannelFlags::SHUTR) {
            return self.abandon_request(Some(400), Cause::ClientAbort, core);
        }
        if !self.request.analyse_exp.is_set() {
            let timeouts = &core.config.proxy(self.frontend).timeouts;
            let limit_ms = self.wait_limit_ms(timeouts);
            self.request.analyse_exp = core.engine.clock.now_ms().add_if_set(limit_ms);
        }
        Verdict::Wait
    }

    /// How long the wait may take: idle time between requests and the time of a request
    /// are limited apart (manual, "timeout http-keep-alive").
    const fn wait_limit_ms(&self, timeouts: &Timeouts) -> u32 {
        if self.flags.any(SessionFlags::FIRST_REQUEST) || timeouts.http_keep_alive_ms == 0 {
            return timeouts.http_request_ms;
        }
        timeouts.http_keep_alive_ms
    }

    /// The request will never be complete. A connection that idles between requests, or
    /// that never sent a byte where such are ignored, is closed without an answer.
    fn abandon_request(&mut self, status: Option<u16>, cause: Cause, core: &mut Core) -> Verdict {
        let proxy = core.config.proxy(self.frontend);
        let nothing_came = self.transaction.is_none();
        let kept_alive = !self.flags.any(SessionFlags::FIRST_REQUEST);
        let is_probe = proxy.options.has(ProxyOption::HttpIgnoreProbes);
        let unnoticed = nothing_came && (kept_alive || is_probe);
        if unnoticed {
            self.flags.insert(SessionFlags::LOGGED);
        }
        let left_unseen = nothing_came && cause == Cause::ClientAbort;
        let answer = if unnoticed || left_unseen {
            None
        } else {
            status
        };
        self.outcome.note(cause, Stage::Request);
        if !unnoticed {
            self.count_failed_request(core);
        }
        self.request.analysers = AnalyserSet::EMPTY;
        self.request.analyse_exp = Tick::ETERNITY;
        self.http_reply_and_close(answer, core);
        if let (None, Some(status), false) = (answer, status, kept_alive) {
            self.note_status(status, core);
        }
        Verdict::Wait
    }

    fn parse_request_head(&mut self, head_len: usize, core: &mut Core) -> Verdict {
        let proxy = core.config.proxy(self.frontend);
        let policy = Policy {
            accept_invalid: proxy.options.has(ProxyOption::AcceptInvalidHttpRequest),
            max_headers: core.config.global.tuning.http_maxhdr,
            ..Policy::default()
        };
        if policy.accept_invalid {
            self.capture_tolerated_request(head_len, policy, core);
        }
        let subject = self.subject(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return Verdict::Wait;
        };
        let message = &mut transaction.request;
        if let Err(error) = parse_request(buffer, base, head_len, policy, &mut message.head) {
            return self.refuse_request(error, core);
        }
        message.body = request_body(&message.head);
        message.state = MessageState::Parsed;
        let view = message.head.view(buffer, base);
        keep_line(&mut transaction.request_line, view.start_line());
        let slots = &proxy.captures;
        transaction
            .captures
            .open(slots.request.len(), slots.response.len());
        transaction.captures.capture_request(&slots.request, view);
        if core.config.global.debug {
            trace::head(subject, Traced::Request, view);
        }
        if proxy.unique_id.format.is_some() {
            self.make_unique_id(core);
        }
        self.request_received(core);
        if self.is_monitor_request(core) {
            return self.answer_monitor(core);
        }
        Verdict::Continue
    }

    /// What only `option accept-invalid-http-request` lets pass is kept for `show errors`
    /// (manual, that option).
    fn capture_tolerated_request(&mut self, head_len: usize, policy: Policy, core: &mut Core) {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return;
        };
        let input = self.request.input();
        let head = &mut transaction.request.head;
        if let Some(fault) = tolerated_fault(input, head_len, Kind::Request, policy, head) {
            core.errors.capture_request(self, fault, &core.engine.clock);
        }
    }

    /// A valid request begins its way.
    fn request_received(&mut self, core: &mut Core) {
        let now_us = core.engine.clock.monotonic_us();
        self.timing.request_ms = self.timing.since_start_ms(now_us);
        self.request.analysers.remove(AnalyserSet::WAIT_HTTP);
        self.request.analyse_exp = Tick::ETERNITY;
        let frontend = core.config.proxy(self.frontend);
        let has_rules = !frontend.rules.of(RuleSet::TcpContent).is_empty();
        if has_rules && frontend.mode == Mode::Http {
            self.request.analysers.insert(AnalyserSet::INSPECT_FE);
        }
        core.count_request(self.frontend);
    }

    /// An invalid request is answered, kept for `show errors`, and its connection closed.
    fn refuse_request(&mut self, error: HeadError, core: &mut Core) -> Verdict {
        log::debug!("request refused: {error}");
        core.errors.capture_request(self, error, &core.engine.clock);
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.reason = Some(error.reason.word());
        }
        self.keep_bad_request_line();
        core.count_request(self.frontend);
        self.count_failed_request(core);
        self.outcome.note(Cause::Proxy, Stage::Request);
        self.request.analysers = AnalyserSet::EMPTY;
        self.request.analyse_exp = Tick::ETERNITY;
        self.http_reply_and_close(Some(error.status), core);
        Verdict::Wait
    }

    fn keep_bad_request_line(&mut self) {
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.request_line.clear();
        }
    }
}
