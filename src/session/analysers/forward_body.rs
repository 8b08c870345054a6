//! `http_request_forward_body` and `http_response_forward_body`: hand a message to the
//! channel's output, body and all, as fast as it arrives and no further than it goes.

use crate::http::framing::BodyLength;
use crate::session::Session;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::{Channel, ChannelFlags, FORWARD_INFINITE};
use crate::session::interface::InterfaceState;
use crate::session::outcome::{Cause, Stage};
use crate::session::transaction::{Message, MessageState};
use crate::worker::Core;

/// How forwarding went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Progress {
    /// The message was handed over whole.
    Done,
    /// More of it has to arrive.
    More,
    /// The body is malformed; the word says how.
    Malformed(&'static str),
}

impl Session {
    /// Forwards the request.
    #[inline(never)]
    pub(in crate::session) fn http_request_forward_body(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_request_forward_body");
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Verdict::Continue;
        };
        let lost = transaction.request_lost;
        self.request.flags.remove(ChannelFlags::AUTO_CLOSE);
        match forward_message(&mut self.request, &mut transaction.request) {
            Progress::Done => {}
            Progress::Malformed(word) => return self.malformed_request_body(word, core),
            Progress::More if lost => {
                self.request.flags.insert(ChannelFlags::DONT_READ);
            }
            Progress::More => {
                if self.request.flags.any(ChannelFlags::SHUTR) && self.request.input_len() == 0 {
                    return self.client_left_during_body(core);
                }
                return Verdict::Wait;
            }
        }
        self.http_resync_states(core);
        Verdict::Wait
    }

    /// Forwards the response.
    #[inline(never)]
    pub(in crate::session) fn http_response_forward_body(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_response_forward_body");
        self.response.flags.remove(ChannelFlags::AUTO_CLOSE);
        let progress = match self.transaction.as_deref_mut() {
            None => return Verdict::Continue,
            Some(transaction) if transaction.compression.is_active() => {
                self.forward_compressed(core)
            }
            Some(transaction) => forward_message(&mut self.response, &mut transaction.response),
        };
        match progress {
            Progress::Done => self.http_resync_states(core),
            Progress::Malformed(word) => return self.malformed_response_body(word, core),
            Progress::More => return self.response_goes_on(core),
        }
        Verdict::Wait
    }

    /// More of the response has to arrive, or to leave.
    fn response_goes_on(&mut self, core: &mut Core) -> Verdict {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Verdict::Continue;
        };
        let ended = self.response.flags.any(ChannelFlags::SHUTR)
            && self.response.input_len() == 0
            && !transaction.compression.has_whole_body();
        if ended && transaction.response.body == BodyLength::UntilClose {
            transaction.response.state = MessageState::Done;
            self.http_resync_states(core);
            return Verdict::Wait;
        }
        if ended {
            return self.server_left_during_body(core);
        }
        let client_gone = self.client.state == InterfaceState::Closed
            || self.response.flags.any(ChannelFlags::SHUTW);
        if client_gone {
            return self.client_left_during_response(core);
        }
        Verdict::Wait
    }

    fn malformed_request_body(&mut self, word: &'static str, core: &mut Core) -> Verdict {
        self.note_reason(word);
        self.count_failed_request(core);
        let answered = self.response_has_begun();
        let stage = if answered {
            Stage::Data
        } else {
            Stage::Headers
        };
        self.outcome.note(Cause::Proxy, stage);
        self.end_analysis();
        self.http_reply_and_close(if answered { None } else { Some(400) }, core);
        Verdict::Wait
    }

    fn client_left_during_body(&mut self, core: &mut Core) -> Verdict {
        self.count_client_abort(core);
        let answered = self.response_has_begun();
        let stage = if answered {
            Stage::Data
        } else {
            Stage::Headers
        };
        self.outcome.note(Cause::ClientAbort, stage);
        self.end_analysis();
        self.http_reply_and_close(if answered { None } else { Some(400) }, core);
        Verdict::Wait
    }

    fn malformed_response_body(&mut self, word: &'static str, core: &mut Core) -> Verdict {
        self.note_reason(word);
        self.count_failed_response(core);
        self.outcome.note(Cause::Proxy, Stage::Data);
        self.cut_response(core);
        Verdict::Wait
    }

    fn server_left_during_body(&mut self, core: &mut Core) -> Verdict {
        let timed_out = self.response.flags.any(ChannelFlags::READ_TIMEOUT);
        self.count_server_abort(core);
        self.count_failed_response(core);
        let cause = if timed_out {
            Cause::ServerTimeout
        } else {
            Cause::ServerAbort
        };
        self.outcome.note(cause, Stage::Data);
        self.cut_response(core);
        Verdict::Wait
    }

    fn client_left_during_response(&mut self, core: &mut Core) -> Verdict {
        let timed_out = self.response.flags.any(ChannelFlags::WRITE_TIMEOUT);
        self.count_client_abort(core);
        let cause = if timed_out {
            Cause::ClientTimeout
        } else {
            Cause::ClientAbort
        };
        self.outcome.note(cause, Stage::Data);
        self.cut_response(core);
        Verdict::Wait
    }

    /// Ends a response that cannot be completed: what came of it leaves, then the client's
    /// connection is closed, so that it sees that something is missing.
    fn cut_response(&mut self, core: &mut Core) {
        self.end_analysis();
        self.http_reply_and_close(None, core);
    }

    pub(in crate::session) fn note_reason(&mut self, word: &'static str) {
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.reason = Some(word);
        }
    }

    pub(in crate::session) const fn end_analysis(&mut self) {
        self.request.analysers = AnalyserSet::EMPTY;
        self.response.analysers = AnalyserSet::EMPTY;
    }

    /// True when bytes of this transaction's response went towards the client.
    pub(in crate::session) fn response_has_begun(&self) -> bool {
        self.transaction
            .as_deref()
            .is_some_and(|transaction| transaction.response.state >= MessageState::Body)
    }

    /// Counts a request that was invalid, incomplete or late.
    pub(in crate::session) fn count_failed_request(&self, core: &mut Core) {
        core.state.proxy_mut(self.frontend).frontend.failed_requests += 1;
        if let Some(counters) = core.listener_counters(self.listener) {
            counters.failed_requests += 1;
        }
    }

    pub(super) fn count_client_abort(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.frontend).frontend.client_aborts += 1;
        core.state.proxy_mut(self.backend).backend.client_aborts += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.client_aborts += 1;
        }
    }

    pub(super) fn count_server_abort(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.frontend).frontend.server_aborts += 1;
        core.state.proxy_mut(self.backend).backend.server_aborts += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.server_aborts += 1;
        }
    }

    pub(super) fn count_failed_response(&mut self, core: &mut Core) {
        core.state.proxy_mut(self.backend).backend.failed_responses += 1;
        if let Some(server) = self.server {
            core.state.server_mut(server).counters.failed_responses += 1;
        }
    }
}

/// Moves a message on: its head first, then as much of its body as is there or announced.
fn forward_message(channel: &mut Channel, message: &mut Message) -> Progress {
    if message.state == MessageState::Parsed {
        channel.forward(message.head.len() as u64);
        message.state = MessageState::Body;
        match message.body {
            BodyLength::Length(length) => channel.forward(length),
            BodyLength::UntilClose => channel.forward(FORWARD_INFINITE),
            BodyLength::None | BodyLength::Chunked | BodyLength::Tunnel => {}
        }
    }
    if message.state >= MessageState::Done {
        return Progress::Done;
    }
    let complete = match message.body {
        BodyLength::None | BodyLength::Tunnel => true,
        BodyLength::Length(_) => channel.to_forward == 0,
        BodyLength::UntilClose => false,
        BodyLength::Chunked => match forward_chunks(channel, message) {
            Ok(done) => done,
            Err(word) => return Progress::Malformed(word),
        },
    };
    if !complete {
        return Progress::More;
    }
    message.state = MessageState::Done;
    Progress::Done
}

/// Hands over complete pieces of a chunked body; true when it ended.
fn forward_chunks(channel: &mut Channel, message: &mut Message) -> Result<bool, &'static str> {
    if message.chunks.is_done() {
        return Ok(true);
    }
    if channel.to_forward > 0 {
        return Ok(false);
    }
    loop {
        match message.chunks.advance(channel.input()) {
            Ok(progress) => {
                channel.forward((progress.forward as u64).saturating_add(progress.data_left));
                message.chunks.skip(progress.data_left);
                channel.skip_input(progress.dropped);
                if progress.dropped == 0 || channel.input_len() == 0 {
                    return Ok(progress.done);
                }
            }
            Err(error) => {
                channel.forward(error.offset as u64);
                return Err(error.reason.word());
            }
        }
    }
}
