//! The old filters over the lines of a head: `reqrep`, `rspdel` and their relatives.
//!
//! Each looks at the start line first, then at every header line. Once a filter has allowed
//! the message, later ones no longer refuse it, but still change it; a filter that passes it
//! keeps all later ones away. Lines to be added come after all filters, whatever these said.

use bumpalo::Bump;
use regex::bytes::Regex;

use super::captures::Scratch;
use super::{Flow, Scene};
use crate::config::model::{Action, LineEffect, LineFilter, Rule};
use crate::http::rewrite::{RewriteError, Rewriter};
use crate::sample::acl::Answer;
use crate::session::Session;
use crate::session::analyser::Verdict;
use crate::session::outcome::{Cause, Stage};
use crate::worker::Core;

/// What earlier filters have said about the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Open,
    /// It is allowed: no filter refuses it.
    Allowed,
    /// No filter looks at it.
    Passed,
}

impl Session {
    /// Runs the filters of a set, then adds its lines.
    pub(super) fn walk_filters(
        &mut self,
        rules: &'static [Rule],
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        let mut standing = Standing::Open;
        for rule in rules {
            let holds = rule.condition.as_ref().is_none_or(|condition| {
                condition.eval(&self.context(scene, arena, core)) == Answer::Pass
            });
            if !holds {
                continue;
            }
            let flow = match &rule.action {
                Action::Lines(filter) => {
                    self.filter_lines(filter, &mut standing, (scene, arena), core)
                }
                other @ (Action::Decide(_)
                | Action::Edit(_)
                | Action::Set(_)
                | Action::Patterns(_)
                | Action::WaitForBody(_)
                | Action::EarlyHint(..)
                | Action::Nothing) => self.act(other, scene, arena, core),
            };
            if matches!(flow, Flow::End(_)) {
                return flow;
            }
        }
        Flow::Next
    }

    /// Applies one filter.
    pub(super) fn filter_lines(
        &mut self,
        filter: &'static LineFilter,
        standing: &mut Standing,
        (scene, arena): (Scene, &Bump),
        core: &mut Core,
    ) -> Flow {
        if !concerns(&filter.effect, *standing) {
            return Flow::Next;
        }
        let Some(mut rewriter) = self.rewriter(scene) else {
            return Flow::Next;
        };
        let found = match (&filter.effect, filter.regex.as_deref()) {
            (LineEffect::Add(name, value), _) => rewriter.add(name, value).map(|()| false),
            (_, None) => Ok(false),
            (LineEffect::Replace(template), Some(regex)) => {
                let captures = &mut core.captures;
                let mut scratch = Scratch { arena, captures };
                replace(&mut rewriter, regex, template, &mut scratch)
            }
            (LineEffect::Delete, Some(regex)) => delete(&mut rewriter, regex).map(|()| false),
            (
                LineEffect::Allow
                | LineEffect::Deny
                | LineEffect::Tarpit(_)
                | LineEffect::Pass
                | LineEffect::Backend(_),
                Some(regex),
            ) => Ok(matches_any(&rewriter, regex)),
        };
        match (found, &filter.effect) {
            (Err(error), _) => {
                log::debug!("a filter could not change the head: {error:?}");
                return Flow::End(match scene.set.is_response() {
                    false => self.no_room_for_request(core),
                    true => self.no_room_for_response(core),
                });
            }
            (Ok(true), LineEffect::Allow) => *standing = Standing::Allowed,
            (Ok(true), LineEffect::Pass) => *standing = Standing::Passed,
            (Ok(true), LineEffect::Deny) => return Flow::End(self.deny_lines(scene, core)),
            (Ok(true), LineEffect::Tarpit(decision)) => {
                return self.decide(decision, scene, arena, core);
            }
            (Ok(true), LineEffect::Backend(backend)) => {
                if let Some(backend) = backend.get() {
                    self.switch_once(backend, core);
                }
            }
            (Ok(false), _)
            | (Ok(true), LineEffect::Add(..) | LineEffect::Replace(_) | LineEffect::Delete) => {}
        }
        Flow::Next
    }

    /// A request is answered 403, a response 502.
    fn deny_lines(&mut self, scene: Scene, core: &mut Core) -> Verdict {
        self.note_reason("denied");
        let status = if scene.set.is_response() {
            self.count_denied_response(core);
            self.outcome.note(Cause::Proxy, Stage::Headers);
            502
        } else {
            core.state.proxy_mut(self.frontend).frontend.denied_requests += 1;
            self.outcome.note(Cause::Proxy, Stage::Request);
            403
        };
        self.end_analysis();
        self.http_reply_and_close(Some(status), core);
        Verdict::Wait
    }
}

/// Whether a filter still counts.
const fn concerns(effect: &LineEffect, standing: Standing) -> bool {
    match standing {
        Standing::Open => true,
        Standing::Allowed => !matches!(
            effect,
            LineEffect::Allow | LineEffect::Deny | LineEffect::Tarpit(_)
        ),
        Standing::Passed => matches!(effect, LineEffect::Add(..)),
    }
}

fn matches_any(rewriter: &Rewriter<'_>, regex: &Regex) -> bool {
    let view = rewriter.view();
    if regex.is_match(view.start_line()) {
        return true;
    }
    let mut index = 0;
    while let Some(line) = view.whole_line(index) {
        if regex.is_match(line) {
            return true;
        }
        index += 1;
    }
    false
}

/// The start line when it matches, and else every line that does.
fn replace(
    rewriter: &mut Rewriter<'_>,
    regex: &'static Regex,
    template: &[u8],
    scratch: &mut Scratch<'_, '_>,
) -> Result<bool, RewriteError> {
    if let Some(line) = scratch.replaced(regex, rewriter.view().start_line(), template) {
        return rewriter.set_start_line(line).map(|()| true);
    }
    let mut found = false;
    let mut index = 0;
    while let Some(old) = rewriter.view().whole_line(index) {
        if let Some(line) = scratch.replaced(regex, old, template) {
            rewriter.set_line(index, line)?;
            found = true;
        }
        index += 1;
    }
    Ok(found)
}

fn delete(rewriter: &mut Rewriter<'_>, regex: &Regex) -> Result<(), RewriteError> {
    let mut index = 0;
    while let Some(line) = rewriter.view().whole_line(index) {
        if regex.is_match(line) {
            rewriter.remove(index)?;
        } else {
            index += 1;
        }
    }
    Ok(())
}
