//! Answers that rules give: `return`, `deny`, `tarpit`, `auth`.
//!
//! What depends on the request is rendered into the arena of the rules; the body then moves
//! into memory of the transaction, which outlives them, and the head into the response.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::{Flow, Scene};
use crate::config::model::{ProxyOption, Reply, ReplyBody, ReplyPage, RuleSet};
use crate::http::errors::ErrorPage;
use crate::http::head::Version;
use crate::sample::format::Format;
use crate::session::analyser::Verdict;
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::reply::{Answer, AnswerBody, AnswerHead};
use crate::session::transaction::MessageState;
use crate::session::{Session, Side};
use crate::worker::Core;

impl Session {
    /// Answers the request with a reply of the configuration; an answer of the server that is
    /// there already is given up for it. Who calls this notes the outcome.
    pub(super) fn answer_with(
        &mut self,
        reply: &'static Reply,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Verdict {
        let answer = match self.page_of(reply, core) {
            Some(page) => Answer::page(page),
            None => match self.rendered_answer(reply, scene, arena, core) {
                Some(answer) => answer,
                None => {
                    self.note_unmade(scene);
                    return self.fail_answer(core);
                }
            },
        };
        if scene.set.is_response() {
            self.timing.response_ms = -1;
            self.give_up_response(core);
        }
        self.answer(&answer, core)
    }

    /// The reply of a tarpit, when its time has come.
    pub(in crate::session) fn answer_held(
        &mut self,
        reply: &'static Reply,
        core: &mut Core,
    ) -> Verdict {
        let mut arena = std::mem::take(&mut core.arena);
        let scene = Scene {
            set: RuleSet::HttpRequest,
            proxy: self.backend,
        };
        let verdict = self.answer_with(reply, scene, &arena, core);
        self.settle_notes(&arena, core);
        arena.reset();
        core.arena = arena;
        verdict
    }

    /// `auth`: 401, or 407 for a proxy's client, with the question.
    pub(super) fn ask_for_password(
        &mut self,
        realm: Option<&'static [u8]>,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        let realm = realm.unwrap_or_else(|| core.config.proxy(scene.proxy).name.as_bytes());
        let (status, name): (u16, &[u8]) = match self.is_for_proxy(core) {
            true => (407, b"proxy-authenticate"),
            false => (401, b"www-authenticate"),
        };
        let mut line = ArenaVec::with_capacity_in(realm.len() + LINE_GUESS, arena);
        line.extend_from_slice(name);
        line.extend_from_slice(b": Basic realm=\"");
        push_text(&mut line, realm);
        line.extend_from_slice(b"\"\r\n");
        self.outcome.note(Cause::Local, Stage::Request);
        let page = core.error_page(self.backend, self.frontend, status);
        if page.is_empty() {
            return Flow::End(self.answer(&Answer::page(page), core));
        }
        let answer = Answer {
            head: AnswerHead::Made([page.head(), &line, b""]),
            ..Answer::page(page)
        };
        Flow::End(self.answer(&answer, core))
    }

    /// `early-hint`: an interim response of one header (RFC 8297), which clients of HTTP/1.0
    /// do not know.
    pub(super) fn hint_early(
        &mut self,
        name: &'static [u8],
        format: &'static Format,
        scene: Scene,
        (arena, core): (&Bump, &mut Core),
    ) -> Flow {
        let text = self.rendered(format, scene, arena, core);
        let Some(transaction) = self.transaction.as_deref() else {
            return Flow::Next;
        };
        if transaction.request.head.version() != Version::Http11 {
            return Flow::Next;
        }
        let mut hint = ArenaVec::with_capacity_in(text.len() + name.len() + LINE_GUESS, arena);
        hint.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
        hint.extend(name.iter().map(u8::to_ascii_lowercase));
        hint.extend_from_slice(b": ");
        push_text(&mut hint, text);
        hint.extend_from_slice(b"\r\n\r\n");
        // Half of a buffer stays free for what may have to be answered.
        let fits = hint.len() <= self.response.output_room(core.bufsize()) / 2;
        if !fits
            || self
                .response
                .write_output(&mut core.buffers, &hint)
                .is_err()
        {
            log::debug!("no room for an early hint");
        }
        Flow::Next
    }

    /// The error page that a reply is.
    fn page_of(&self, reply: &'static Reply, core: &Core) -> Option<&'static ErrorPage> {
        let section = match &reply.page {
            ReplyPage::Own => return None,
            ReplyPage::Default => None,
            ReplyPage::Section(page) => page.get(),
        };
        let page = section.and_then(|index| core.config.reply_pages.get(index));
        Some(match page {
            Some(page) => page,
            None => core.error_page(self.backend, self.frontend, reply.status),
        })
    }

    /// The answer of a reply with a body of its own; `None` when it is too large.
    fn rendered_answer<'a>(
        &mut self,
        reply: &'static Reply,
        scene: Scene,
        arena: &'a Bump,
        core: &mut Core,
    ) -> Option<Answer<'a>> {
        let fixed: &'static [u8] = match &reply.body {
            ReplyBody::Bytes(bytes) => bytes,
            ReplyBody::Empty | ReplyBody::Format(_) => b"",
        };
        let mut answer = Answer {
            head: AnswerHead::Fixed(&reply.head),
            body: AnswerBody::Fixed(fixed),
            status: reply.status,
            version: Version::Http11,
            must_close: false,
            is_small: true,
        };
        let format = match &reply.body {
            ReplyBody::Format(format) => Some(format),
            ReplyBody::Empty | ReplyBody::Bytes(_) => None,
        };
        if reply.headers.is_empty() && format.is_none() {
            return Some(answer);
        }
        let body = match format {
            Some(format) => self.rendered(format, scene, arena, core),
            None => fixed,
        };
        let mut lines = ArenaVec::with_capacity_in(HEAD_GUESS, arena);
        for (name, format) in &reply.headers {
            let value = self.rendered(format, scene, arena, core).trim_ascii();
            if !value.is_empty() {
                lines.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
                lines.extend_from_slice(b": ");
                push_text(&mut lines, value);
                lines.extend_from_slice(b"\r\n");
            }
        }
        push_body_lines(&mut lines, reply, body.len());
        if reply.head.len() + lines.len() + body.len() > core.bufsize() {
            return None;
        }
        answer.head = AnswerHead::Made([&reply.head, lines.into_bump_slice(), b""]);
        if format.is_some() {
            let transaction = self.transaction.as_deref_mut()?;
            transaction.answer.clear();
            transaction.answer.extend_from_slice(body);
            answer.body = AnswerBody::Rendered;
        }
        Some(answer)
    }

    fn note_unmade(&mut self, scene: Scene) {
        self.timing.request_ms = -1;
        self.outcome.note(Cause::Proxy, scene.stage());
    }

    /// True when the client takes this for its proxy (`option http-use-proxy-header`).
    fn is_for_proxy(&mut self, core: &Core) -> bool {
        let frontend = core.config.proxy(self.frontend);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref(), self.request.message())
        else {
            return false;
        };
        let uri = transaction.request.head.view(buffer, base).uri();
        frontend.options.has(ProxyOption::HttpUseProxyHeader)
            && !matches!(uri.first(), Some(b'/' | b'*'))
    }

    /// The server's answer is not wanted: its connection ends with the rest of it unread.
    pub(in crate::session) fn give_up_response(&mut self, core: &mut Core) {
        let held = self.response.input_len();
        self.response.skip_input(held);
        self.response.to_forward = 0;
        self.close_endpoint(Side::Server, core);
        self.release_slot(core);
        let ended = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTR_NOW)
            .union(ChannelFlags::READ_NULL)
            .union(ChannelFlags::READ_ERROR);
        self.response.flags.remove(ended);
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.response.state = MessageState::Head;
        }
    }
}

/// Content-Length, and Content-Type where there is a body.
fn push_body_lines(lines: &mut ArenaVec<'_, u8>, reply: &Reply, body_len: usize) {
    if reply.status != 204 {
        lines.extend_from_slice(b"content-length: ");
        push_number(lines, body_len);
        lines.extend_from_slice(b"\r\n");
    }
    if let (Some(content_type), true) = (&reply.content_type, body_len > 0) {
        lines.extend_from_slice(b"content-type: ");
        lines.extend_from_slice(content_type.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
}

fn push_number(out: &mut ArenaVec<'_, u8>, number: usize) {
    let mut digits = [b'0'; 20];
    let mut left = number;
    let mut at = digits.len();
    while let Some(slot) = at.checked_sub(1).and_then(|at| digits.get_mut(at)) {
        *slot = b'0' + u8::try_from(left % 10).unwrap_or(0);
        at -= 1;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends text without what would end its line.
fn push_text(out: &mut ArenaVec<'_, u8>, text: &[u8]) {
    out.extend(
        text.iter()
            .copied()
            .filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)),
    );
}

/// What stands around a value in a line.
const LINE_GUESS: usize = 64;
/// The lines of most answers.
const HEAD_GUESS: usize = 256;
