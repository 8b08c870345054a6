//! The order in which the rules of a proxy run, whatever the order of their lines.
//!
//! The handlers of rules call [`ProxyContext::note_rule`] before they read a line; a line that
//! stands behind one of a later stage is told to run before it nevertheless.

use super::draft::ProxyContext;
use crate::config::keyword::Line;

/// When rules run, the first stage first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleStage {
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content`
    TcpContent,
    /// `monitor fail`
    MonitorFail,
    /// `block`
    Block,
    /// `http-request`
    HttpRequest,
    /// `reqrep` and its relatives
    LegacyFilter,
    /// `reqadd`
    LegacyAdd,
    /// `redirect`
    Redirect,
    /// `use_backend`
    UseBackend,
    /// `use-server`
    UseServer,
}

/// The stages that have a line in the open section.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StagesSeen(u16);

impl StagesSeen {
    const fn insert(&mut self, stage: RuleStage) {
        self.0 |= 1 << stage as u16;
    }

    const fn has(self, stage: RuleStage) -> bool {
        self.0 & (1 << stage as u16) != 0
    }

    /// The first stage behind `stage` that has a line already.
    fn first_after(self, stage: RuleStage) -> Option<RuleStage> {
        STAGES
            .into_iter()
            .map(|(later, _, _)| later)
            .find(|later| *later > stage && self.has(*later))
    }
}

impl ProxyContext {
    /// Takes note of a rule and warns when a rule of a later stage stands before it.
    pub(crate) fn note_rule(&mut self, stage: RuleStage, line: &Line) {
        if let Some(later) = self.draft.stages_seen.first_after(stage) {
            let (rule, other) = (name_of(stage).0, name_of(later).1);
            let message = format!(
                "a '{rule}' rule placed after {other} rule will still be processed before."
            );
            self.warnings.push(line.words.keyword_warning(message));
        }
        self.draft.stages_seen.insert(stage);
    }
}

fn name_of(stage: RuleStage) -> (&'static str, &'static str) {
    STAGES
        .into_iter()
        .find(|(known, _, _)| *known == stage)
        .map_or(("", ""), |(_, name, named)| (name, named))
}

/// The stages in order, what their rules are called, and the same with an article.
const STAGES: [(RuleStage, &str, &str); 11] = [
    (
        RuleStage::TcpConnection,
        "tcp-request",
        "a 'tcp-request connection'",
    ),
    (
        RuleStage::TcpSession,
        "tcp-request",
        "a 'tcp-request session'",
    ),
    (
        RuleStage::TcpContent,
        "tcp-request",
        "a 'tcp-request content'",
    ),
    (RuleStage::MonitorFail, "monitor fail", "a 'monitor fail'"),
    (RuleStage::Block, "block", "a 'block'"),
    (RuleStage::HttpRequest, "http-request", "an 'http-request'"),
    (RuleStage::LegacyFilter, "reqxxx", "a 'reqxxx'"),
    (RuleStage::LegacyAdd, "reqadd", "a 'reqadd'"),
    (RuleStage::Redirect, "redirect", "a 'redirect'"),
    (RuleStage::UseBackend, "use_backend", "a 'use_backend'"),
    (RuleStage::UseServer, "use-server", "a 'use-server'"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_listed_in_their_order() {
        let stages: Vec<RuleStage> = STAGES.iter().map(|(stage, _, _)| *stage).collect();
        assert!(stages.is_sorted());
        assert_eq!(stages.last(), Some(&RuleStage::UseServer));
    }

    #[test]
    fn the_nearest_later_stage_is_named() {
        let mut seen = StagesSeen::default();
        seen.insert(RuleStage::UseBackend);
        seen.insert(RuleStage::HttpRequest);
        let later = seen.first_after(RuleStage::TcpContent);
        assert_eq!(later, Some(RuleStage::HttpRequest));
        assert_eq!(seen.first_after(RuleStage::UseBackend), None);
    }
}
