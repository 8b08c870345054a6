//! Waiting for the body of a message before its way goes on.
//!
//! `option http-buffer-request` waits at the front of the rules of its proxy, through
//! [`Session::wait_for_buffered_request`]; rules that wait (`http-request wait-for-body`,
//! `http-response wait-for-body`) call [`Session::wait_for_request_body`] and
//! [`Session::wait_for_response_body`] again in each run until they continue. While a body is
//! awaited nothing of its message has left. A body larger than the buffer is never awaited
//! whole: what fits is enough.

use crate::config::model::{ProxyId, ProxyOption};
use crate::engine::tick::Tick;
use crate::http::head::Version;
use crate::http::known::KnownHeader;
use crate::http::rewrite::Rewriter;
use crate::session::Session;
use crate::session::analyser::Verdict;
use crate::session::channel::{Channel, ChannelFlags};
use crate::session::outcome::{Cause, Stage};
use crate::session::transaction::Message;
use crate::worker::Core;

impl Session {
    /// `option http-buffer-request` of `proxy`: the body, or as much of it as fits, arrives
    /// within `timeout http-request`.
    pub(in crate::session) fn wait_for_buffered_request(
        &mut self,
        proxy: ProxyId,
        core: &mut Core,
    ) -> Verdict {
        let settings = core.config.proxy(proxy);
        if !settings.options.has(ProxyOption::HttpBufferRequest) {
            return Verdict::Continue;
        }
        let verdict = self.wait_for_request_body(settings.timeouts.http_request_ms, 0, core);
        if verdict == Verdict::Continue {
            let now_us = core.engine.clock.monotonic_us();
            self.timing.request_ms = self.timing.since_start_ms(now_us);
        }
        verdict
    }

    /// Waits for the request's body at most `time_ms` (0: for ever) and only until `at_least`
    /// bytes of it are there (0: for all of it).
    #[inline(never)]
    pub fn wait_for_request_body(
        &mut self,
        time_ms: u32,
        at_least: u64,
        core: &mut Core,
    ) -> Verdict {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Verdict::Continue;
        };
        match is_there(&mut self.request, &mut transaction.request, at_least, core) {
            Ok(true) => return Verdict::Continue,
            Ok(false) => {}
            Err(word) => return self.refuse_awaited_body(word, core),
        }
        let flags = self.request.flags;
        if flags.any(ChannelFlags::READ_TIMEOUT.union(ChannelFlags::ANA_TIMEOUT)) {
            return self.give_up_body(Some(408), Cause::ClientTimeout, core);
        }
        if flags.any(ChannelFlags::READ_ERROR.union(ChannelFlags::SHUTR)) {
            self.count_client_abort(core);
            return self.give_up_body(None, Cause::ClientAbort, core);
        }
        self.answer_expectation(core);
        let held = ChannelFlags::AUTO_CONNECT.union(ChannelFlags::AUTO_CLOSE);
        hold(&mut self.request, held, time_ms, core);
        Verdict::Wait
    }

    /// Waits for the response's body at most `time_ms` (0: for ever) and only until `at_least`
    /// bytes of it are there (0: for all of it). A server that leaves early ends the wait:
    /// what is missing shows when the rest is forwarded.
    #[inline(never)]
    pub fn wait_for_response_body(
        &mut self,
        time_ms: u32,
        at_least: u64,
        core: &mut Core,
    ) -> Verdict {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Verdict::Continue;
        };
        let there = is_there(
            &mut self.response,
            &mut transaction.response,
            at_least,
            core,
        );
        let flags = self.response.flags;
        // A malformed chunk is found again, and dealt with, when the body is forwarded.
        let ended = flags.any(ChannelFlags::READ_ERROR.union(ChannelFlags::SHUTR));
        if there.unwrap_or(true) || (ended && !flags.any(ChannelFlags::READ_TIMEOUT)) {
            self.response.analyse_exp = Tick::ETERNITY;
            return Verdict::Continue;
        }
        if flags.any(ChannelFlags::READ_TIMEOUT.union(ChannelFlags::ANA_TIMEOUT)) {
            self.response.analyse_exp = Tick::ETERNITY;
            return self.fail_response(504, Cause::ServerTimeout, core);
        }
        hold(&mut self.response, ChannelFlags::AUTO_CLOSE, time_ms, core);
        Verdict::Wait
    }

    /// A client that waits for permission before it sends the body gets it here
    /// (RFC 9110 section 10.1.1); the server is not asked any more.
    fn answer_expectation(&mut self, core: &mut Core) {
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return;
        };
        let head = &mut transaction.request.head;
        let expects = head.version() == Version::Http11
            && head
                .view(buffer, base)
                .has_token(KnownHeader::Expect, b"100-continue");
        let written = expects
            && self
                .response
                .write_output(&mut core.buffers, CONTINUE)
                .is_ok();
        if written {
            Rewriter::new(buffer, base, head).remove_all(KnownHeader::Expect);
        }
    }

    fn refuse_awaited_body(&mut self, word: &'static str, core: &mut Core) -> Verdict {
        self.note_reason(word);
        self.give_up_body(Some(400), Cause::Proxy, core)
    }

    fn give_up_body(&mut self, status: Option<u16>, cause: Cause, core: &mut Core) -> Verdict {
        self.count_failed_request(core);
        self.timing.request_ms = -1;
        self.request.analyse_exp = Tick::ETERNITY;
        self.outcome.note(cause, Stage::Request);
        self.end_analysis();
        self.http_reply_and_close(status, core);
        Verdict::Wait
    }
}

/// True when enough of the body is there, or as much as the buffer takes.
fn is_there(
    channel: &mut Channel,
    message: &mut Message,
    at_least: u64,
    core: &Core,
) -> Result<bool, &'static str> {
    let arrived = message.arrived(channel.input())?;
    let enough = arrived.is_complete
        || (at_least > 0 && arrived.payload >= at_least)
        || channel.read_room(core.bufsize(), core.maxrewrite()) == 0;
    if enough {
        channel.analyse_exp = Tick::ETERNITY;
    }
    Ok(enough)
}

/// Keeps the message where it is; the first call starts the clock.
fn hold(channel: &mut Channel, automatic: ChannelFlags, time_ms: u32, core: &Core) {
    channel.flags.remove(automatic);
    if !channel.analyse_exp.is_set() {
        channel.analyse_exp = core.engine.clock.now_ms().add_if_set(time_ms);
    }
}

/// The interim response that invites the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
