//! Actions that end the walk over a rule set: allow, deny, return, and the like.

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, Decision, Reply, ReplyBody, ReplyPage, RuleSet};
use crate::config::section::proxy::http_request;

/// `deny [deny_status <code>]`.
fn deny(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let mut status = 403;
    if reader.takes("deny_status") || reader.takes("status") {
        let word = reader.word("a status")?;
        let given = word.text().parse().ok();
        let given = given.filter(|status| (200..=599).contains(status));
        status = given
            .ok_or_else(|| word.error(format!("Unexpected status code '{}'.", word.text())))?;
    }
    Ok(Action::Decide(Decision::Deny(error_page(status))))
}

/// A reply that is the error page of its status.
pub(super) const fn error_page(status: u16) -> Reply {
    Reply {
        status,
        content_type: None,
        headers: Vec::new(),
        body: ReplyBody::Empty,
        head: Vec::new(),
        page: ReplyPage::Default,
    }
}

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "accept",
        sets: &[
            RuleSet::TcpConnection,
            RuleSet::TcpSession,
            RuleSet::TcpContent,
            RuleSet::TcpResponse,
        ],
        usage: "accept",
        doc: "No further rule of the set is looked at.",
        parse: |_| Ok(Action::Decide(Decision::Allow)),
    },
    ActionKeyword {
        name: "allow",
        sets: &[
            RuleSet::HttpRequest,
            RuleSet::HttpResponse,
            RuleSet::HttpAfterResponse,
        ],
        usage: "allow",
        doc: "No further rule of the set is looked at.",
        parse: |_| Ok(Action::Decide(Decision::Allow)),
    },
    ActionKeyword {
        name: "deny",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "deny [deny_status <code>]",
        doc: "Answers with an error.",
        parse: deny,
    },
    ActionKeyword {
        name: "return",
        sets: &[RuleSet::HttpRequest, RuleSet::HttpResponse],
        usage: "return [status <code>] [content-type <type>] [string <text> | file <path> | \
                errorfile <path>] [hdr <name> <value>]...",
        doc: "Answers here, without a server.",
        parse: |reader| {
            Ok(Action::Decide(Decision::Return(http_request::read_reply(
                reader,
            )?)))
        },
    },
];
