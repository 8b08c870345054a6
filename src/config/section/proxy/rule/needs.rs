//! Whether what a rule asks for can be there where the rule runs.
//!
//! An ACL that can never match is warned about; a value that can never be there is refused,
//! as HAProxy does both.

use super::RuleReader;
use crate::config::diagnostic::Parse;
use crate::config::model::{Capabilities, RuleSet};
use crate::config::word::Word;
use crate::sample::acl::Condition;
use crate::sample::expression::Expression;
use crate::sample::fetch::Needs;

impl RuleReader<'_> {
    /// Refuses a format whose samples are never there.
    pub(crate) fn check_samples<'n>(
        &self,
        needs: impl Iterator<Item = (&'n str, Needs)>,
        word: &Word,
    ) -> Parse<()> {
        let available = self.available();
        let mut missing = needs.filter(|(_, needs)| !needs.is_met_by(available));
        match missing.next() {
            None => Ok(()),
            Some((fetch, needs)) => Err(word.error(format!(
                "sample fetch <{fetch}> may not be reliably used here because it needs '{}' whic\
                h is not available here.",
                needs.describe()
            ))),
        }
    }

    /// Refuses an expression that never has a value.
    pub(super) fn check_expression(&self, expression: &Expression, word: &Word) -> Parse<()> {
        let needs = expression.needs();
        if needs.is_met_by(self.available()) {
            return Ok(());
        }
        Err(word.error(format!(
            "fetch method '{}' extracts information from '{}', none of which is available here.",
            expression.fetch_name(),
            needs.describe()
        )))
    }

    /// Warns about a condition with an ACL that can never match.
    pub(super) fn check_condition(&mut self, condition: &Condition, word: &Word) {
        let Some(conflict) = condition.conflict(self.available()) else {
            return;
        };
        let set = match self.set {
            RuleSet::TcpConnection
            | RuleSet::TcpSession
            | RuleSet::TcpContent
            | RuleSet::TcpResponse => {
                format!(" in '{}'", self.set.name())
            }
            _ => String::new(),
        };
        let place = place(self.set, self.sides());
        let (acl, fetch) = (conflict.acl, conflict.fetch);
        let message = match (acl, conflict.is_whole) {
            ("", _) => format!(
                "anonymous acl will never match{set} because it uses keyword '{fetch}' which is \
                incompatible with '{place}'"
            ),
            (_, true) => format!(
                "acl '{acl}' will never match{set} because it only involves keywords that are in\
                compatible with '{place}'"
            ),
            (_, false) => format!(
                "acl '{acl}' involves keywords '{fetch}' which is incompatible with '{place}'"
            ),
        };
        self.context.warnings.push(word.warning(message));
    }

    fn sides(&self) -> Capabilities {
        match self.context.draft.is_defaults() {
            // Whoever inherits the rule decides.
            true => Capabilities {
                frontend: true,
                backend: true,
            },
            false => self.context.draft.proxy.capabilities,
        }
    }

    fn available(&self) -> Needs {
        available(self.set, self.sides())
    }
}

/// What fetches find where the rules of a set run.
const fn available(set: RuleSet, sides: Capabilities) -> Needs {
    let client = Needs::CLIENT.and(Needs::HANDSHAKE);
    let request = client
        .and(Needs::REQUEST_BYTES)
        .and(Needs::REQUEST_HEAD)
        .and(Needs::REQUEST_BODY)
        .and(Needs::TRANSACTION);
    match set {
        RuleSet::TcpConnection => Needs::CLIENT,
        RuleSet::TcpSession => client,
        RuleSet::TcpContent | RuleSet::HttpRequest | RuleSet::LegacyRequest | RuleSet::Redirect => {
            match sides.backend {
                true => request.and(Needs::BACKEND),
                false => request,
            }
        }
        RuleSet::TcpResponse
        | RuleSet::HttpResponse
        | RuleSet::LegacyResponse
        | RuleSet::HttpAfterResponse => client
            .and(Needs::BACKEND)
            .and(Needs::CHOSEN_SERVER)
            .and(Needs::SERVER)
            .and(Needs::RESPONSE_BYTES)
            .and(Needs::RESPONSE_HEAD)
            .and(Needs::RESPONSE_BODY)
            .and(Needs::TRANSACTION),
    }
}

/// What messages call the place where the rules of a set run.
const fn place(set: RuleSet, sides: Capabilities) -> &'static str {
    match (set, sides.frontend, sides.backend) {
        (RuleSet::TcpConnection, ..) => "frontend tcp-request connection rule",
        (RuleSet::TcpSession, ..) => "frontend tcp-request session rule",
        (RuleSet::TcpContent, true, _) => "frontend tcp-request content rule",
        (RuleSet::TcpContent, false, _) => "backend tcp-request content rule",
        (RuleSet::HttpRequest | RuleSet::LegacyRequest | RuleSet::Redirect, true, _) => {
            "frontend http-request header rule"
        }
        (RuleSet::HttpRequest | RuleSet::LegacyRequest | RuleSet::Redirect, false, _) => {
            "backend http-request header rule"
        }
        (RuleSet::TcpResponse, _, true) => "backend tcp-response content rule",
        (RuleSet::TcpResponse, _, false) => "frontend tcp-response content rule",
        (_, _, true) => "backend http-response header rule",
        (_, _, false) => "frontend http-response header rule",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::fetch;

    /// Places where rules run, and the columns of HAProxy's table of fetches about them.
    const COLUMNS: [(usize, RuleSet, bool); 8] = [
        (0, RuleSet::TcpConnection, false),
        (1, RuleSet::TcpSession, false),
        (2, RuleSet::TcpContent, false),
        (3, RuleSet::HttpRequest, false),
        (7, RuleSet::HttpRequest, true),
        (12, RuleSet::HttpResponse, true),
        (11, RuleSet::TcpResponse, true),
        (16, RuleSet::HttpResponse, false),
    ];

    #[test]
    fn fetches_may_stand_where_they_stand_in_haproxy() {
        let program = "/usr/sbin/haproxy";
        if !std::path::Path::new(program).exists() {
            return;
        }
        let path = std::env::temp_dir().join(format!("weir-needs-{}.cfg", std::process::id()));
        std::fs::write(&path, "global\n").unwrap();
        let output = std::process::Command::new(program)
            .args(["-dKsmp", "-q", "-c", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        std::fs::remove_file(&path).unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        let mut differ = Vec::new();
        let mut compared = 0;
        for line in table.lines().filter(|line| line.starts_with("[ ")) {
            let (flags, rest) = line.split_once("] ").unwrap();
            let end = rest.find(['(', ':']).unwrap();
            let Some(fetch) = fetch::find(&rest[..end]) else {
                continue;
            };
            let flags: Vec<&str> = flags.trim_start_matches("[ ").split(' ').collect();
            for (column, set, backend) in COLUMNS {
                let sides = Capabilities {
                    frontend: !backend,
                    backend,
                };
                let here = fetch.needs.is_met_by(available(set, sides));
                if here != (flags[column] == "Y") {
                    differ.push((fetch.name, set, backend));
                }
            }
            compared += 1;
        }
        assert_eq!(differ, []);
        assert!(compared > 200, "{compared}");
    }
}
