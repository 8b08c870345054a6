//! Answers that the proxy itself gives: error pages, `http-request return`, `monitor-uri`.

use super::Session;
use super::analyser::{AnalyserSet, Verdict};
use super::channel::ChannelFlags;
use super::interface::{Endpoint, InterfaceState};
use super::local_head::{LocalHead, NoHead};
use super::transaction::MessageState;
use crate::applet::{Applet, ReplyApplet};
use crate::config::model::Mode;
use crate::http::connection;
use crate::http::errors::{ErrorPage, Farewell};
use crate::http::framing::BodyLength;
use crate::http::head::{Method, Version};
use crate::http::rewrite::Rewriter;
use crate::worker::Core;

impl Session {
    /// Ends the exchange with an error page, or without any answer when `status` is `None`.
    /// A page is only sent while nothing of a response has left; what was scheduled
    /// before leaves first.
    pub(super) fn http_reply_and_close(&mut self, status: Option<u16>, core: &mut Core) {
        // A rule that waited waits no more.
        self.rule_at = 0;
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

    /// Writes the page of a status behind what was scheduled before. Rules over answers that
    /// fail have it replaced by the page of 500, which meets no rule.
    fn send_error_page(&mut self, status: u16, core: &mut Core) {
        let page = core.error_page(self.backend, self.frontend, status);
        let sent = self.write_page(page, status, core);
        if sent.is_ok() {
            return self.note_status(sent.unwrap_or(status), core);
        }
        let page = core.error_page(self.backend, self.frontend, 500);
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.said.after_rules_failed = true;
        }
        if self.write_page(page, 500, core).is_err() {
            log::debug!("no room for the {status} page");
        }
        self.note_status(500, core);
    }

    /// Writes the page of a status whole; the status after the rules comes back. A file may
    /// show another one to the client.
    fn write_page(
        &mut self,
        page: &'static ErrorPage,
        status: u16,
        core: &mut Core,
    ) -> Result<u16, NoHead> {
        let head_only = self
            .transaction
            .as_deref()
            .is_some_and(|t| t.request.head.method() == Method::Head);
        let body = if head_only { b"" } else { page.body() };
        let mut status = status;
        if !page.is_empty() {
            let head = LocalHead {
                lines: [page.head(), b"", b""],
                connection: Farewell::Close.line(page.version()),
            };
            let shown = self.place_head(&head, core)?;
            if shown != page.status() {
                status = shown;
            }
            for part in [b"\r\n", body] {
                if self.response.write_output(&mut core.buffers, part).is_err() {
                    log::debug!("no room for the body of the {status} page");
                }
            }
        }
        self.response.release_if_empty(&mut core.buffers);
        core.count_local_response(self.frontend, status);
        Ok(status)
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

    /// Answers a request that was received whole with the page of a status, and keeps the
    /// client's connection where the page allows. Who calls this notes the outcome.
    pub(super) fn answer_with_page(&mut self, status: u16, core: &mut Core) -> Verdict {
        let page = core.error_page(self.backend, self.frontend, status);
        let answer = Answer {
            status,
            ..Answer::page(page)
        };
        self.answer(&answer, core)
    }

    /// Lets an applet take the server's place and produce the answer, so that a long body
    /// respects the client's pace. Where the head is not the same for all, or meets rules, it
    /// is put into the response at once.
    pub(super) fn answer(&mut self, answer: &Answer<'_>, core: &mut Core) -> Verdict {
        if answer.head.is_empty() {
            self.http_reply_and_close(None, core);
            return Verdict::Wait;
        }
        self.plan_answer(answer.must_close, core);
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Verdict::Wait;
        };
        let head_only = transaction.request.head.method() == Method::Head;
        let connection = answer.connection(transaction.connections.farewell());
        let rendered_len = match answer.body {
            AnswerBody::Rendered if !head_only => transaction.answer.len(),
            AnswerBody::Rendered | AnswerBody::Fixed(_) => 0,
        };
        let body: &'static [u8] = match answer.body {
            AnswerBody::Fixed(body) if !head_only => body,
            AnswerBody::Rendered | AnswerBody::Fixed(_) => b"",
        };
        let mut status = answer.status;
        let applet = match answer.head {
            AnswerHead::Fixed(head) if !self.has_after_rules(core) => {
                ReplyApplet::new(head, connection, body)
            }
            AnswerHead::Fixed(head) | AnswerHead::Made([head, ..]) => {
                let more = answer.head.more();
                let head = LocalHead {
                    lines: [head, more[0], more[1]],
                    connection,
                };
                match self.place_head(&head, core) {
                    Ok(changed) => status = changed,
                    Err(NoHead) => return self.fail_answer(core),
                }
                ReplyApplet::body(body, rendered_len)
            }
        };
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.status = i32::from(status);
            transaction.response.state = MessageState::Body;
            transaction.response.body = BodyLength::Length((body.len() + rendered_len) as u64);
        }
        self.response.forward(applet.size() as u64);
        self.request.analysers = AnalyserSet::XFER_BODY;
        self.response.analysers = AnalyserSet::RES_XFER_BODY;
        self.server_side.endpoint = Endpoint::Applet(core.place_applet(Applet::Reply(applet)));
        self.server_side.state = InterfaceState::Established;
        core.count_local_response(self.frontend, status);
        Verdict::Continue
    }

    /// Decides what becomes of the client's connection behind an answer.
    fn plan_answer(&mut self, must_close: bool, core: &Core) {
        let options = self.connection_options(core);
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return;
        };
        if transaction.request.state > MessageState::Parsed {
            // The request has left: what was decided then holds, if all of it is through.
            let is_through = transaction.request.state == MessageState::Done;
            let keeps = transaction.connections.request.keep_client;
            transaction.connections.response.keep_client = keeps && is_through && !must_close;
            return;
        }
        let Some((buffer, base)) = self.request.message() else {
            return;
        };
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.request.head);
        let plan = connection::request(&mut rewriter, options);
        transaction.connections.options = options;
        if let Ok(plan) = plan {
            transaction.connections.request = plan;
            transaction.connections.response.keep_client = plan.keep_client && !must_close;
        }
    }

    /// The answer could not be made: an error goes out in its place.
    pub(super) fn fail_answer(&mut self, core: &mut Core) -> Verdict {
        self.note_reason("rewrite");
        self.end_analysis();
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.response.state = MessageState::Head;
        }
        self.http_reply_and_close(Some(500), core);
        Verdict::Wait
    }
}

/// An answer of the proxy.
pub(super) struct Answer<'a> {
    pub(super) head: AnswerHead<'a>,
    pub(super) body: AnswerBody,
    pub(super) status: u16,
    pub(super) version: Version,
    /// The client cannot tell where the body ends, or is told to leave.
    pub(super) must_close: bool,
    /// The names of its headers are written small, as far as the proxy writes them.
    pub(super) is_small: bool,
}

/// Status line and headers, without Connection and the empty line; empty to close without an
/// answer.
#[derive(Clone, Copy)]
pub(super) enum AnswerHead<'a> {
    /// The same for all requests.
    Fixed(&'static [u8]),
    /// Made for this one, in parts.
    Made([&'a [u8]; 3]),
}

/// What follows the head.
#[derive(Clone, Copy)]
pub(super) enum AnswerBody {
    /// The same for all requests.
    Fixed(&'static [u8]),
    /// What the transaction keeps.
    Rendered,
}

impl AnswerHead<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Fixed(head) => head.is_empty(),
            Self::Made(parts) => parts.iter().all(|part| part.is_empty()),
        }
    }

    /// The parts behind the first.
    const fn more(&self) -> [&[u8]; 2] {
        match self {
            Self::Fixed(_) => [b"", b""],
            Self::Made([_, second, third]) => [second, third],
        }
    }
}

impl Answer<'_> {
    /// An error page.
    pub(super) fn page(page: &'static ErrorPage) -> Self {
        Self {
            head: AnswerHead::Fixed(page.head()),
            body: AnswerBody::Fixed(page.body()),
            status: page.status(),
            version: page.version(),
            must_close: page.must_close(),
            is_small: false,
        }
    }

    /// The line of its Connection header, or nothing.
    const fn connection(&self, farewell: Farewell) -> &'static [u8] {
        match self.is_small {
            true => farewell.small_line(self.version),
            false => farewell.line(self.version),
        }
    }
}
