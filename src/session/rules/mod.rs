//! Carrying out the rules of a configuration: `tcp-request`, `http-request` and the others.
//!
//! The analysers call [`Session::run_rules`] for one set of one proxy. Conditions and values
//! are evaluated over a [`Context`] of references into the session; what they make lives in
//! the arena, so that the session can then be changed. Invariants: a rule that must wait is
//! resumed where it stood; the arena is emptied when the set is through.

mod address;
mod answer;
mod captures;
mod decide;
mod edit;
mod legacy;
mod peek;
mod redirect;
mod setting;

pub use captures::CaptureMemory;
pub use peek::PeekedRequest;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use legacy::Standing;

use super::analyser::{AnalyserSet, Verdict};
use super::channel::Channel;
use super::outcome::Stage;
use super::transaction::{MessageState, Transaction};
use super::{Session, SessionFlags};
use crate::config::model::{Action, BodyWait, ProxyId, Rule, RuleSet};
use crate::http::framing::BodyLength;
use crate::sample::acl::{Answer, Condition};
use crate::sample::context::{Context, Direction, MessageView};
use crate::sample::format::Format;
use crate::sample::variables::{Scope, Variables};
use crate::worker::Core;

/// How a walk over rules goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// With the next rule.
    Next,
    /// Not at all: no further rule of the set is looked at.
    Stop,
    /// Later, with the same rule: data is missing.
    Wait,
    /// The rule has taken the message's fate into its hands.
    End(Verdict),
}

impl Session {
    /// Runs the rules of a set of a proxy over the message.
    pub(super) fn run_rules(&mut self, set: RuleSet, proxy: ProxyId, core: &mut Core) -> Flow {
        let rules = core.config.proxy(proxy).rules.of(set);
        if rules.is_empty() {
            return Flow::Next;
        }
        let scene = Scene { set, proxy };
        // Rules over an answer run while the rule that gives it holds the other arena.
        let mut arena = std::mem::take(arena_of(set, core));
        self.peek_request(set, core);
        let flow = match set {
            RuleSet::LegacyRequest | RuleSet::LegacyResponse => {
                self.walk_filters(rules, scene, &arena, core)
            }
            RuleSet::TcpConnection
            | RuleSet::TcpSession
            | RuleSet::TcpContent
            | RuleSet::HttpRequest
            | RuleSet::Redirect
            | RuleSet::TcpResponse
            | RuleSet::HttpResponse
            | RuleSet::HttpAfterResponse => self.walk(rules, scene, &arena, core),
        };
        core.peeked.forget();
        arena.reset();
        *arena_of(set, core) = arena;
        if flow != Flow::Wait
            && let Some(transaction) = self.transaction.as_deref_mut()
        {
            transaction.said.lenient = false;
        }
        flow
    }

    fn walk(
        &mut self,
        rules: &'static [Rule],
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        let start = usize::from(std::mem::take(&mut self.rule_at));
        for (index, rule) in rules.iter().enumerate().skip(start) {
            let answer = match &rule.condition {
                None => Answer::Pass,
                Some(condition) => condition.eval(&self.context(scene, arena, core)),
            };
            self.settle_variables(arena, core);
            let flow = match answer {
                Answer::Pass => self.act(&rule.action, scene, arena, core),
                Answer::Fail => Flow::Next,
                // What is not known by now is not going to be.
                Answer::Unknown if self.is_final(scene) => Flow::Next,
                Answer::Unknown => Flow::Wait,
            };
            self.settle_notes(arena, core);
            match flow {
                Flow::Next => {}
                Flow::Wait => {
                    self.rule_at = u16::try_from(index).unwrap_or(u16::MAX);
                    return Flow::Wait;
                }
                Flow::Stop | Flow::End(_) => {
                    self.note_last_rule(rule, scene);
                    return flow;
                }
            }
        }
        Flow::Next
    }

    /// Remembers the rule that ended a set, for `last_rule_line`.
    fn note_last_rule(&mut self, rule: &Rule, scene: Scene) {
        if scene.set != RuleSet::Redirect
            && let Some(transaction) = self.transaction.as_deref_mut()
        {
            transaction.last_rule = Some(rule.place);
        }
    }

    /// Looks for a request among bytes that are relayed, for rules that ask for one.
    fn peek_request(&self, set: RuleSet, core: &mut Core) {
        if set == RuleSet::TcpContent && self.transaction.is_none() {
            let max_headers = core.config.global.tuning.http_maxhdr;
            let bufsize = core.bufsize();
            core.peeked.look(self.request.input(), bufsize, max_headers);
        }
    }

    /// One action.
    fn act(
        &mut self,
        action: &'static Action,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        match action {
            Action::Decide(decision) => self.decide(decision, scene, arena, core),
            Action::Edit(edit) => self.edit(edit, scene, arena, core),
            Action::Set(setting) => self.set(setting, scene, arena, core),
            Action::Patterns(change) => self.change_patterns(change, scene, arena, core),
            Action::Lines(filter) => {
                self.filter_lines(filter, &mut Standing::Open, (scene, arena), core)
            }
            Action::WaitForBody(wait) => self.wait_for_body(*wait, scene, core),
            Action::EarlyHint(name, format) => self.hint_early(name, format, scene, (arena, core)),
            Action::Nothing => Flow::Next,
        }
    }

    /// A format's text, which does not depend on what it was made of any more.
    pub(super) fn rendered<'a>(
        &self,
        format: &'static Format,
        scene: Scene,
        arena: &'a Bump,
        core: &Core,
    ) -> &'a [u8] {
        if let Some(text) = format.as_literal() {
            return text;
        }
        let mut out = ArenaVec::with_capacity_in(RENDERED_GUESS, arena);
        format.append(&self.context(scene, arena, core), &mut out);
        out.into_bump_slice()
    }

    /// What expressions see of the session.
    pub(crate) fn context<'a>(
        &'a self,
        scene: Scene,
        arena: &'a Bump,
        core: &'a Core,
    ) -> Context<'a> {
        let transaction = self.transaction.as_deref();
        Context {
            arena,
            core,
            session: Some(self),
            request: transaction
                .and_then(|transaction| self.request_view(transaction))
                .or_else(|| core.peeked.view()),
            response: transaction.and_then(|transaction| self.response_view(transaction)),
            proxy: scene.proxy,
            direction: match scene.set.is_response() {
                true => Direction::Response,
                false => Direction::Request,
            },
            is_final: self.is_final(scene),
        }
    }

    /// Whether a condition outside of any set of rules holds: what is not known counts as
    /// unknown for good.
    pub(crate) fn condition_holds(
        &mut self,
        condition: &Condition,
        scene: Scene,
        core: &mut Core,
    ) -> bool {
        let mut arena = std::mem::take(&mut core.arena);
        let answer = condition.eval(&self.context(scene, &arena, core));
        self.settle_notes(&arena, core);
        arena.reset();
        core.arena = arena;
        answer == Answer::Pass
    }

    /// Takes over what expressions noted on their way: variables and captures. Whoever
    /// evaluates calls this before another session is looked at, or the notes are lost.
    pub(crate) fn settle_notes(&mut self, arena: &Bump, core: &mut Core) {
        self.settle_variables(arena, core);
        self.settle_captures(core);
    }

    /// True when the rules of a set are not going to wait for data: HTTP rules run over
    /// complete heads, those over bytes have a limit to their patience.
    const fn is_final(&self, scene: Scene) -> bool {
        match scene.set {
            RuleSet::TcpContent | RuleSet::TcpResponse => self.flags.any(SessionFlags::RULES_FINAL),
            RuleSet::TcpConnection
            | RuleSet::TcpSession
            | RuleSet::HttpRequest
            | RuleSet::LegacyRequest
            | RuleSet::Redirect
            | RuleSet::HttpResponse
            | RuleSet::LegacyResponse
            | RuleSet::HttpAfterResponse => true,
        }
    }

    /// `wait-for-body`. The analyser that runs the rules stays enabled while one waits; it is
    /// not any more when the wait was given up and answered.
    fn wait_for_body(&mut self, wait: BodyWait, scene: Scene, core: &mut Core) -> Flow {
        let (verdict, is_waiting) = match scene.set.is_response() {
            false => (
                self.wait_for_request_body(wait.time_ms, wait.at_least, core),
                self.request.analysers.any(REQUEST_RULES),
            ),
            true => (
                self.wait_for_response_body(wait.time_ms, wait.at_least, core),
                self.response.analysers.any(AnalyserSet::RES_HTTP_PROCESS),
            ),
        };
        match verdict {
            Verdict::Continue => Flow::Next,
            Verdict::Wait if is_waiting => Flow::Wait,
            Verdict::Wait => Flow::End(Verdict::Wait),
        }
    }

    fn request_view<'a>(&'a self, transaction: &'a Transaction) -> Option<MessageView<'a>> {
        view(&self.request, &transaction.request)
    }

    fn response_view<'a>(&'a self, transaction: &'a Transaction) -> Option<MessageView<'a>> {
        view(&self.response, &transaction.response)
    }

    /// The variables of a scope; `None` while none was set.
    pub fn variables(&self, scope: Scope) -> Option<&Variables> {
        match scope {
            Scope::Process => None,
            Scope::Session => Some(&self.notes.as_deref()?.variables),
            Scope::Transaction => Some(&self.transaction.as_deref()?.variables),
            Scope::Request => Some(&self.transaction.as_deref()?.request_variables),
            Scope::Response => Some(&self.transaction.as_deref()?.response_variables),
        }
    }
}

/// The arena for rules of a set.
const fn arena_of(set: RuleSet, core: &mut Core) -> &mut Bump {
    match matches!(set, RuleSet::HttpAfterResponse) {
        true => &mut core.after_arena,
        false => &mut core.arena,
    }
}

/// Where rules run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// The set.
    pub(crate) set: RuleSet,
    /// The proxy whose rules they are.
    pub(crate) proxy: ProxyId,
}

impl Scene {
    /// How far a session has come where its rules end it.
    const fn stage(self) -> Stage {
        match self.set.is_response() {
            true => Stage::Headers,
            false => Stage::Request,
        }
    }
}

/// A message whose head is in its channel.
fn view<'a>(
    channel: &'a Channel,
    message: &'a super::transaction::Message,
) -> Option<MessageView<'a>> {
    if message.state != MessageState::Parsed {
        return None;
    }
    let bytes = channel.input();
    if bytes.len() < message.head.len() {
        return None;
    }
    let rest = bytes.get(message.head.len()..).unwrap_or_default();
    // What follows the body is another message.
    let body = match message.body {
        BodyLength::None => b"",
        BodyLength::Length(length) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            rest.get(..length).unwrap_or(rest)
        }
        BodyLength::Chunked | BodyLength::UntilClose | BodyLength::Tunnel => rest,
    };
    Some(MessageView {
        head: message.head.view_bytes(bytes),
        body,
        body_is_whole: false,
        is_chunked: message.body == BodyLength::Chunked,
    })
}

/// The analysers that run rules over requests.
const REQUEST_RULES: AnalyserSet = AnalyserSet::HTTP_PROCESS_FE.union(AnalyserSet::HTTP_PROCESS_BE);
/// Room that most rendered values need.
const RENDERED_GUESS: usize = 64;
