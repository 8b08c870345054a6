//! `http_wait_for_response`: waits for a complete response head and parses it.

use crate::config::model::{ProxyOption, RuleSet};
use crate::engine::tick::Tick;
use crate::http::framing::{BodyLength, response_body};
use crate::http::head::Method;
use crate::http::parse::{Kind, Policy, parse_response, tolerated_fault};
use crate::http::reason::{ErrorReason, HeadError};
use crate::http::scan::Scan;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::interface::InterfaceFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::trace::{self, Traced};
use crate::session::transaction::MessageState;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Waits for a response head; interim responses pass and the wait goes on.
    #[inline(never)]
    pub(in crate::session) fn http_wait_for_response(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_wait_for_response {} bytes", self.response.input_len());
        self.response.flags.remove(ChannelFlags::AUTO_CLOSE);
        if self.transaction.is_none() {
            return Verdict::Continue;
        }
        while self.response.input_len() > 0 {
            let Some(transaction) = self.transaction.as_deref_mut() else {
                return Verdict::Continue;
            };
            match transaction
                .response
                .scanner
                .scan_bytes(self.response.input())
            {
                Scan::Complete { head_len } => match self.parse_response_head(head_len, core) {
                    Ok(true) => continue,
                    Ok(false) => return self.response_received(core),
                    Err(error) => return self.refuse_response(error, core),
                },
                Scan::Invalid(error) => return self.refuse_response(error, core),
                Scan::Incomplete => {
                    if self.response.read_room(core.bufsize(), core.maxrewrite()) == 0
                        && self.response.out_empty()
                    {
                        let error = transaction.response.scanner.too_large();
                        return self.refuse_response(error, core);
                    }
                    break;
                }
            }
        }
        self.incomplete_response(core)
    }

    /// Parses the head; true when it was an interim one, which is on its way already.
    fn parse_response_head(&mut self, head_len: usize, core: &mut Core) -> Result<bool, HeadError> {
        let proxy = core.config.proxy(self.backend);
        let policy = Policy {
            accept_invalid: proxy.options.has(ProxyOption::AcceptInvalidHttpResponse),
            max_headers: core.config.global.tuning.http_maxhdr,
            ..Policy::default()
        };
        if policy.accept_invalid {
            self.capture_tolerated_response(head_len, policy, core);
        }
        let subject = self.subject(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Ok(false);
        };
        let message = &mut transaction.response;
        parse_response(buffer, base, head_len, policy, &mut message.head)?;
        if core.config.global.debug {
            trace::head(subject, Traced::Response, message.head.view(buffer, base));
        }
        let status = message.head.status();
        if (100..200).contains(&status) && status != 101 {
            // RFC 9110 section 15.2: interim responses precede the final one. A client of
            // HTTP/1.0 knows none of them.
            let len = message.head.len();
            message.reset();
            if transaction.request.head.version() == crate::http::head::Version::Http10 {
                self.response.skip_input(len);
            } else {
                self.response.forward(len as u64);
            }
            return Ok(true);
        }
        let asked = transaction.connections.request.upgrade;
        if status == 101 && !asked && transaction.request.head.method() != Method::Connect {
            // RFC 9110 section 15.2.2: nobody asked for another protocol.
            return Err(HeadError::response(0, ErrorReason::Status));
        }
        message.body = response_body(&message.head, transaction.request.head.method());
        message.head_received();
        // Variables of the request end with it.
        transaction.request_variables.clear();
        transaction.status = i32::from(status);
        let slots = &core.config.proxy(self.frontend).captures.response;
        let view = message.head.view(buffer, base);
        transaction.captures.capture_response(slots, view);
        Ok(false)
    }

    /// What only `option accept-invalid-http-response` lets pass is kept for `show errors`
    /// (manual, that option).
    fn capture_tolerated_response(&mut self, head_len: usize, policy: Policy, core: &mut Core) {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return;
        };
        let input = self.response.input();
        let head = &mut transaction.response.head;
        if let Some(fault) = tolerated_fault(input, head_len, Kind::Response, policy, head) {
            core.errors
                .capture_response(self, fault, &core.engine.clock);
        }
    }

    /// A valid final response begins its way.
    fn response_received(&mut self, core: &mut Core) -> Verdict {
        let now_us = core.engine.clock.monotonic_us();
        self.timing.response_ms = self.timing.since_start_ms(now_us);
        self.request.drop_kept();
        self.request.release_if_empty(&mut core.buffers);
        self.response.analysers.remove(AnalyserSet::RES_WAIT_HTTP);
        self.response.analyse_exp = Tick::ETERNITY;
        let rules = &core.config.proxy(self.backend).rules;
        if !rules.of(RuleSet::TcpResponse).is_empty() {
            self.response.analysers.insert(AnalyserSet::RES_INSPECT);
        }
        self.note_connection_identity();
        let status = self
            .transaction
            .as_deref()
            .map_or(0, |t| t.response.head.status());
        core.count_response(self.frontend, self.backend, self.server, status);
        Verdict::Continue
    }

    /// NTLM and Negotiate authenticate a connection, not a request: it must never serve
    /// another client.
    fn note_connection_identity(&mut self) {
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref(), self.response.message())
        else {
            return;
        };
        let head = &transaction.response.head;
        if !matches!(head.status(), 401 | 407) {
            return;
        }
        let view = head.view(buffer, base);
        let scheme = |value: &[u8]| {
            let word = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            word.eq_ignore_ascii_case(b"NTLM") || word.eq_ignore_ascii_case(b"Negotiate")
        };
        let asked = view.lines().any(|(name, value)| {
            let challenge = name.eq_ignore_ascii_case(b"WWW-Authenticate")
                || name.eq_ignore_ascii_case(b"Proxy-Authenticate");
            challenge && scheme(value)
        });
        if asked {
            self.flags.insert(SessionFlags::PRIVATE);
        }
    }

    /// The head is not complete: decides between waiting, trying again and giving up.
    fn incomplete_response(&mut self, core: &mut Core) -> Verdict {
        let flags = self.response.flags;
        let stalled = self.request.flags.any(ChannelFlags::WRITE_TIMEOUT);
        if stalled || flags.any(ChannelFlags::READ_TIMEOUT) {
            return self.fail_response(504, Cause::ServerTimeout, core);
        }
        let server_left = flags.any(ChannelFlags::READ_ERROR.union(ChannelFlags::SHUTR))
            || self.server_side.flags.any(InterfaceFlags::ERR);
        if server_left {
            if self.try_replay(core) {
                return Verdict::Wait;
            }
            return self.server_left_before_response(core);
        }
        if flags.any(ChannelFlags::WRITE_ERROR) {
            self.count_client_abort(core);
            self.outcome.note(Cause::ClientAbort, Stage::Headers);
            self.end_analysis();
            self.http_reply_and_close(None, core);
            return Verdict::Wait;
        }
        Verdict::Wait
    }

    /// A request that a reused connection did not take may be sent again on a fresh one:
    /// nothing of an answer came, all of it is still held, and its method says that
    /// repeating does no harm (RFC 9110 section 9.2.2).
    fn try_replay(&mut self, core: &mut Core) -> bool {
        let Some(transaction) = self.transaction.as_deref() else {
            return false;
        };
        let safe = match transaction.request.head.method() {
            Method::Get
            | Method::Head
            | Method::Options
            | Method::Put
            | Method::Delete
            | Method::Trace => true,
            Method::Post | Method::Connect | Method::Other => false,
        };
        let complete = transaction.request.state == MessageState::Done;
        let possible = self.server_side.flags.any(InterfaceFlags::REUSED)
            && self.request.can_replay()
            && self.response.input_len() == 0
            && !self.flags.any(SessionFlags::REPLAYED)
            && !transaction.said.no_replay
            && safe
            && complete;
        if !possible {
            return false;
        }
        self.replay_request(core);
        true
    }

    /// The server closed before answering. On a connection that was reused this is most
    /// likely its idle timeout: a client that sent requests before is left to try again.
    fn server_left_before_response(&mut self, core: &mut Core) -> Verdict {
        let reused = self.server_side.flags.any(InterfaceFlags::REUSED);
        if reused && !self.flags.any(SessionFlags::FIRST_REQUEST) {
            self.count_failed_response(core);
            self.outcome.note(Cause::ServerAbort, Stage::Headers);
            self.end_analysis();
            self.http_reply_and_close(None, core);
            return Verdict::Wait;
        }
        self.fail_response(502, Cause::ServerAbort, core)
    }

    pub(super) fn fail_response(&mut self, status: u16, cause: Cause, core: &mut Core) -> Verdict {
        self.count_failed_response(core);
        if cause == Cause::ServerAbort {
            self.count_server_abort(core);
        }
        self.outcome.note(cause, Stage::Headers);
        let is_through = self
            .transaction
            .as_deref()
            .is_some_and(|transaction| transaction.request.state == MessageState::Done);
        if is_through && self.response.out_empty() {
            // The client has said all of its request: it may go on behind the error.
            self.give_up_response(core);
            return self.answer_with_page(status, core);
        }
        self.end_analysis();
        self.http_reply_and_close(Some(status), core);
        Verdict::Wait
    }

    /// An invalid response is kept for `show errors` and replaced by an error.
    fn refuse_response(&mut self, error: HeadError, core: &mut Core) -> Verdict {
        log::debug!("response refused: {error}");
        core.errors
            .capture_response(self, error, &core.engine.clock);
        self.note_reason(error.reason.word());
        self.fail_response(502, Cause::Proxy, core)
    }

    /// How the response's body ends; nothing while there is no response.
    pub(super) fn response_length(&self) -> BodyLength {
        self.transaction
            .as_deref()
            .map_or(BodyLength::None, |t| t.response.body)
    }
}
