//! ACLs and the conditions made of them (manual, section 7).
//!
//! An [`Acl`] is a set of tests, any of which makes it true; a [`Condition`] is what stands
//! behind `if` or `unless`: ACLs in groups, all of a group, any of the groups. The answer
//! has three values, since a test may have to wait for data ([`Answer`]).

use std::sync::Arc;

use super::context::{Context, Cursor, Fetched};
use super::expression::Expression;
use super::fetch::Needs;
use super::language::{Language, PatternId};
use super::pattern::{Input, MatchMethod};
use super::value::{Sample, Type};

/// A named or anonymous ACL.
#[derive(Debug)]
pub struct Acl {
    /// Its name, empty for an anonymous one.
    pub name: String,
    /// The tests, one per `acl` line of that name.
    pub tests: Vec<AclTest>,
}

/// One expression and what its values are compared with.
#[derive(Clone, Debug)]
pub struct AclTest {
    pub(super) expression: Expression,
    pub(super) method: MatchMethod,
    pub(super) patterns: PatternId,
}

/// What is known about a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It does not hold.
    Fail,
    /// Data is missing that may still arrive.
    Unknown,
    /// It holds.
    Pass,
}

impl Answer {
    const fn negated(self) -> Self {
        match self {
            Self::Fail => Self::Pass,
            Self::Unknown => Self::Unknown,
            Self::Pass => Self::Fail,
        }
    }
}

/// `if` or `unless` and what follows.
#[derive(Clone, Debug)]
pub struct Condition {
    pub(super) terms: Box<[Term]>,
    /// `unless`.
    pub(super) negated: bool,
}

/// One word of a condition.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) acl: Arc<Acl>,
    /// `!` before it.
    pub(super) negated: bool,
    /// The group of ACLs that must all hold ends here.
    pub(super) ends_group: bool,
}

impl Condition {
    /// Whether it holds for this message.
    pub fn eval(&self, context: &Context<'_>) -> Answer {
        let mut any = Answer::Fail;
        let mut group = Answer::Pass;
        for term in &self.terms {
            // Once a group has failed, its other ACLs need not be looked at.
            if group != Answer::Fail {
                let answer = term.acl.eval(context);
                let answer = if term.negated {
                    answer.negated()
                } else {
                    answer
                };
                group = group.min(answer);
            }
            if term.ends_group {
                any = any.max(group);
                if any == Answer::Pass {
                    break;
                }
                group = Answer::Pass;
            }
        }
        if self.negated { any.negated() } else { any }
    }

    /// The first ACL that can never match where only `available` is, else the first with a
    /// test that cannot.
    pub fn conflict(&self, available: Needs) -> Option<Conflict<'_>> {
        let conflicts = || {
            let terms = self.terms.iter();
            terms.filter_map(|term| term.acl.conflict(available))
        };
        conflicts()
            .find(|conflict| conflict.is_whole)
            .or_else(|| conflicts().next())
    }
}

/// An ACL that asks for what is not there.
#[derive(Clone, Copy, Debug)]
pub struct Conflict<'a> {
    /// Its name, empty for an anonymous one.
    pub acl: &'a str,
    /// The fetch that asks.
    pub fetch: &'static str,
    /// None of its tests can be answered.
    pub is_whole: bool,
}

impl Acl {
    fn conflict(&self, available: Needs) -> Option<Conflict<'_>> {
        let fails = |test: &&AclTest| !test.expression.needs().is_met_by(available);
        let failing = self.tests.iter().find(fails)?;
        Some(Conflict {
            acl: &self.name,
            fetch: failing.expression.fetch_name(),
            is_whole: self.tests.iter().all(|test| fails(&test)),
        })
    }

    /// Whether one of its tests succeeds.
    fn eval(&self, context: &Context<'_>) -> Answer {
        let mut answer = Answer::Fail;
        for test in &self.tests {
            answer = answer.max(test.eval(context));
            if answer == Answer::Pass {
                break;
            }
        }
        answer
    }
}

impl AclTest {
    /// Tries all values of the expression.
    fn eval(&self, context: &Context<'_>) -> Answer {
        let mut cursor = Cursor {
            walks: true,
            ..Cursor::default()
        };
        loop {
            match self.expression.eval_next(context, &mut cursor) {
                Fetched::NotYet => return Answer::Unknown,
                Fetched::Found(sample) if self.matches(context, sample) => return Answer::Pass,
                // More bytes may match, or be what a converter needs.
                Fetched::Found(_) | Fetched::Missing if cursor.may_change && !context.is_final => {
                    return Answer::Unknown;
                }
                Fetched::Found(_) | Fetched::Missing => {}
            }
            if !cursor.has_more {
                return Answer::Fail;
            }
        }
    }

    fn matches(&self, context: &Context<'_>, sample: Sample<'_>) -> bool {
        match input_of(self.method, sample, context) {
            Some(input) => context.core.patterns(self.patterns).lookup(input).is_some(),
            None => false,
        }
    }
}

/// A sample as the matching method takes it; `None` when it has no such form.
pub fn input_of<'a>(
    method: MatchMethod,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Input<'a>> {
    match method {
        MatchMethod::Found => Some(Input::Bool(true)),
        MatchMethod::Bool => sample.as_bool().map(Input::Bool),
        MatchMethod::Int => sample.as_int().map(Input::Int),
        MatchMethod::Ip => sample.as_ip().map(Input::Ip),
        MatchMethod::Bin => Some(Input::Bytes(sample.as_bytes(context.arena))),
        MatchMethod::Len
        | MatchMethod::Str
        | MatchMethod::Beg
        | MatchMethod::Sub
        | MatchMethod::Dir
        | MatchMethod::Dom
        | MatchMethod::End
        | MatchMethod::Reg => Some(Input::Bytes(match sample {
            // Bytes are matched as they are, not as their digits.
            Sample::Bin(bytes) => bytes,
            other => other.as_text(context.arena),
        })),
    }
}

/// The method that a type is matched with when none is named.
pub(super) const fn natural_method(output: Type) -> MatchMethod {
    match output {
        Type::Bool => MatchMethod::Bool,
        Type::Int => MatchMethod::Int,
        Type::Addr | Type::Ip4 | Type::Ip6 => MatchMethod::Ip,
        Type::Bin => MatchMethod::Bin,
        Type::Any | Type::Str | Type::Method => MatchMethod::Str,
    }
}

/// An ACL that exists without being declared, made when it is first used.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    PREDEFINED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// Names of the predefined ACLs.
pub fn predefined_names() -> impl Iterator<Item = &'static str> {
    PREDEFINED.iter().map(|(name, _)| *name)
}

/// Adds a test to the ACL of that name in the open section.
pub(super) fn declare(language: &mut Language, name: &str, test: AclTest) {
    let present = language.acls.remove(name);
    let mut tests = present.map_or_else(Vec::new, |acl| acl.tests.clone());
    tests.push(test);
    let acl = Arc::new(Acl {
        name: name.to_owned(),
        tests,
    });
    language.acls.insert(name.to_owned(), acl);
}

/// Predefined ACLs (manual, section 7.4) and what they stand for.
const PREDEFINED: &[(&str, &str)] = &[
    ("FALSE", "always_false"),
    ("HTTP", "req.proto_http"),
    ("HTTP_1.0", "req.ver 1.0"),
    ("HTTP_1.1", "req.ver 1.1"),
    ("HTTP_2.0", "req.ver 2.0"),
    ("HTTP_CONTENT", "req.hdr_val(content-length) gt 0"),
    ("HTTP_URL_ABS", "url_reg ^[^/:]*://"),
    ("HTTP_URL_SLASH", "url_beg /"),
    ("HTTP_URL_STAR", "url *"),
    ("LOCALHOST", "src 127.0.0.1/8 ::1"),
    ("METH_CONNECT", "method CONNECT"),
    ("METH_DELETE", "method DELETE"),
    ("METH_GET", "method GET HEAD"),
    ("METH_HEAD", "method HEAD"),
    ("METH_OPTIONS", "method OPTIONS"),
    ("METH_POST", "method POST"),
    ("METH_PUT", "method PUT"),
    ("METH_TRACE", "method TRACE"),
    ("RDP_COOKIE", "req.rdp_cookie_cnt gt 0"),
    ("REQ_CONTENT", "req.len gt 0"),
    ("TRUE", "always_true"),
    ("WAIT_END", "wait_end"),
];
