//! Answers that the proxy itself gives: error pages, `http-request return`, `monitor-uri`.

use super::Session;
use super::analyser::{AnalyserSet, Verdict};
use super::channel::ChannelFlags;
use super::interface::{Endpoint, InterfaceState};
use super::outcome::{Cause, Stage};
use super::transaction::MessageState;
use crate::applet::{Applet, ReplyApplet};
use crate::config::model::{Mode, Reply, ReplyBody};
use crate::http::connection;
use crate::http::errors::Farewell;
use crate::http::framing::BodyLength;
use crate::http::head::{Method, Version};
use crate::http::rewrite::Rewriter;
use crate::worker::Core;

impl Session {
    /// Ends the exchange with an error page, or without any answer when `status` is `None`.
    /// A page is only sent while nothing of a response has left; what was scheduled
    /// before leaves first.
    pub(super) fn http_reply_and_close(&mut self, status: Option<u16>, core: &mut Core) {
        self.request.drop_kept();
        let held = self.request.input_len();
        self.request.skip_input(held);
        self.request.to_forward = 0;
        self.request.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.request.abort();
        self.request.analysers = AnalyserSet::EMPTY;
        self.response.analysers = AnalyserSet::EMPTY;
        let pending = self.response.input_len();
        self.response.skip_input(pending);
        self.response.to_forward = 0;
        let is_http = [self.frontend, self.backend]
            .into_iter()
            .any(|proxy| core.config.proxy(proxy).mode == Mode::Http);
        if let Some(status) = status
            && is_http
            && !self.response_has_begun()
        {
            self.send_error_page(status, core);
        }
        self.response.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.response.shutr_now();
    }

    fn send_error_page(&mut self, status: u16, core: &mut Core) {
        let page = core.error_page(self.backend, self.frontend, status);
        let head_only = self
            .transaction
            .as_deref()
            .is_some_and(|t| t.request.head.method() == Method::Head);
        let Some(buffer) = self.response.attach(&mut core.buffers) else {
            return;
        };
        let before = buffer.len();
        if page.write(buffer, Farewell::Close, &[], head_only).is_err() {
            log::debug!("no room for the {status} page");
        }
        let written = buffer.len() - before;
        self.response.received(written);
        self.response.forward(written as u64);
        self.response.release_if_empty(&mut core.buffers);
        self.note_status(status, core);
        core.count_local_response(self.frontend, status);
    }

    /// Notes the status for the log, with or without an answer.
    pub(super) fn note_status(&mut self, status: u16, core: &mut Core) {
        if self.transaction.is_none() {
            self.transaction = core.transactions.take();
        }
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.status = i32::from(status);
            transaction.response.state = MessageState::Done;
        }
    }

    /// Answers with a configured reply.
    pub(super) fn answer_with(&mut self, reply: &'static Reply, core: &mut Core) -> Verdict {
        let body: &'static [u8] = match &reply.body {
            ReplyBody::Bytes(bytes) => bytes,
            ReplyBody::Empty | ReplyBody::Format(_) => b"",
        };
        let answer = Answer {
            head: &reply.head,
            body,
            status: reply.status,
            version: Version::Http11,
            must_close: false,
        };
        self.outcome.note(Cause::Local, Stage::Request);
        self.answer_by_applet(&answer, core)
    }

    /// Answers a request that was received whole with the page of a status, and keeps the
    /// client's connection where the page allows. Who calls this notes the outcome.
    pub(super) fn answer_with_page(&mut self, status: u16, core: &mut Core) -> Verdict {
        let page = core.error_page(self.backend, self.frontend, status);
        let answer = Answer {
            head: page.head(),
            body: page.body(),
            status: page.status(),
            version: page.version(),
            must_close: page.must_close(),
        };
        self.answer_by_applet(&answer, core)
    }

    /// Lets an applet take the server's place and produce the answer, so that a long body
    /// respects the client's pace.
    fn answer_by_applet(&mut self, answer: &Answer, core: &mut Core) -> Verdict {
        if answer.head.is_empty() {
            self.http_reply_and_close(None, core);
            return Verdict::Wait;
        }
        let options = self.connection_options(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return Verdict::Wait;
        };
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.request.head);
        let plan = connection::request(&mut rewriter, options);
        transaction.connections.options = options;
        if let Ok(plan) = plan {
            transaction.connections.request = plan;
            transaction.connections.response.keep_client = plan.keep_client && !answer.must_close;
        }
        let head_only = transaction.request.head.method() == Method::Head;
        let body = if head_only { b"" } else { answer.body };
        let connection = transaction.connections.farewell().line(answer.version);
        let applet = ReplyApplet::new(answer.head, connection, body);
        transaction.status = i32::from(answer.status);
        transaction.response.state = MessageState::Body;
        transaction.response.body = BodyLength::Length(body.len() as u64);
        self.response.forward(applet.size() as u64);
        self.request.analysers = AnalyserSet::XFER_BODY;
        self.response.analysers = AnalyserSet::RES_XFER_BODY;
        self.server_side.endpoint = Endpoint::Applet(core.place_applet(Applet::Reply(applet)));
        self.server_side.state = InterfaceState::Established;
        core.count_local_response(self.frontend, answer.status);
        Verdict::Continue
    }
}

/// An answer from the configuration.
struct Answer {
    /// Status line and headers, without Connection and the empty line; empty to close without
    /// an answer.
    head: &'static [u8],
    body: &'static [u8],
    status: u16,
    version: Version,
    /// The client cannot tell where the body ends, or is told to leave.
    must_close: bool,
}
