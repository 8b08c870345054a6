//! Actions that change the head of a message.

use std::sync::Arc;

use super::{ActionKeyword, RuleReader};
use crate::config::diagnostic::Parse;
use crate::config::model::{Action, Edit, NameMatch, RuleSet, UriPart};
use crate::config::section::proxy::forwarded::is_token;
use crate::config::word::Word;
use crate::sample::format::Format;
use crate::sample::pattern;
use regex::bytes::Regex;

const MESSAGES: &[RuleSet] = &[
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
    RuleSet::HttpAfterResponse,
];
const REQUESTS: &[RuleSet] = &[RuleSet::HttpRequest];
const RESPONSES: &[RuleSet] = &[RuleSet::HttpResponse, RuleSet::HttpAfterResponse];

fn header_name(reader: &mut RuleReader<'_>) -> Parse<Arc<[u8]>> {
    let word = reader.word("the name of a header")?;
    if !is_token(word.text()) {
        return Err(word.error(format!("'{}' cannot be the name of a header", word.text())));
    }
    Ok(word.bytes().into())
}

/// A regular expression of a rule, as PCRE spells it.
pub(super) fn regex(word: &Word) -> Parse<Arc<Regex>> {
    pattern::compile(word.bytes(), false)
        .map(Arc::new)
        .map_err(|error| word.error(error.to_string()))
}

fn replacer(reader: &mut RuleReader<'_>) -> Parse<Arc<Regex>> {
    regex(reader.word("a regular expression")?)
}

fn replace(
    reader: &mut RuleReader<'_>,
    make: fn(Arc<[u8]>, Arc<Regex>, Format) -> Edit,
) -> Parse<Action> {
    let name = header_name(reader)?;
    let pattern = replacer(reader)?;
    let format = reader.format("the text that replaces it")?;
    Ok(Action::Edit(make(name, pattern, format)))
}

fn delete(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("the name of a header")?;
    let text: Arc<[u8]> = word.bytes().into();
    if !reader.takes("-m") {
        return Ok(Action::Edit(Edit::DeleteHeader(NameMatch::Str(text))));
    }
    let method = reader.word("a matching method")?;
    Ok(Action::Edit(Edit::DeleteHeader(match method.text() {
        "str" => NameMatch::Str(text),
        "beg" => NameMatch::Beg(text),
        "end" => NameMatch::End(text),
        "sub" => NameMatch::Sub(text),
        "reg" => NameMatch::Reg(regex(word)?),
        other => {
            let message = format!("unknown way '{other}' to match the names of headers");
            return Err(method
                .error(message)
                .hint("one of 'str', 'beg', 'end', 'sub', 'reg'"));
        }
    })))
}

fn set_uri(reader: &mut RuleReader<'_>, part: UriPart) -> Parse<Action> {
    let format = reader.format("the new value")?;
    Ok(Action::Edit(Edit::SetUri(part, format)))
}

fn replace_uri(reader: &mut RuleReader<'_>, part: UriPart) -> Parse<Action> {
    let pattern = replacer(reader)?;
    let format = reader.format("the text that replaces it")?;
    Ok(Action::Edit(Edit::ReplaceUri(part, pattern, format)))
}

fn set_status(reader: &mut RuleReader<'_>) -> Parse<Action> {
    let word = reader.word("a status from 100 to 999")?;
    let status = word.text().parse().ok();
    let status = status.filter(|status| (100..=999).contains(status));
    let status = status.ok_or_else(|| word.error("expects an integer between 100 and 999"))?;
    let reason = match reader.takes("reason") {
        true => Some(reader.word("a reason")?.bytes().into()),
        false => None,
    };
    Ok(Action::Edit(Edit::SetStatus(status, reason)))
}

/// Sorted by name.
pub(super) static ACTIONS: &[ActionKeyword] = &[
    ActionKeyword {
        name: "add-header",
        sets: MESSAGES,
        usage: "add-header <name> <format>",
        doc: "Adds a header line.",
        parse: |reader| {
            let name = header_name(reader)?;
            Ok(Action::Edit(Edit::AddHeader(
                name,
                reader.format("a value")?,
            )))
        },
    },
    ActionKeyword {
        name: "del-header",
        sets: MESSAGES,
        usage: "del-header <name> [-m {str | beg | end | sub | reg}]",
        doc: "Removes all lines of a header.",
        parse: delete,
    },
    ActionKeyword {
        name: "replace-header",
        sets: MESSAGES,
        usage: "replace-header <name> <regex> <format>",
        doc: "Replaces what matches in every value of a header.",
        parse: |reader| replace(reader, Edit::ReplaceHeader),
    },
    ActionKeyword {
        name: "replace-path",
        sets: REQUESTS,
        usage: "replace-path <regex> <format>",
        doc: "Replaces what matches in the path.",
        parse: |reader| replace_uri(reader, UriPart::Path),
    },
    ActionKeyword {
        name: "replace-pathq",
        sets: REQUESTS,
        usage: "replace-pathq <regex> <format>",
        doc: "Replaces what matches in the path and the query.",
        parse: |reader| replace_uri(reader, UriPart::PathAndQuery),
    },
    ActionKeyword {
        name: "replace-uri",
        sets: REQUESTS,
        usage: "replace-uri <regex> <format>",
        doc: "Replaces what matches in the URI.",
        parse: |reader| replace_uri(reader, UriPart::Whole),
    },
    ActionKeyword {
        name: "replace-value",
        sets: MESSAGES,
        usage: "replace-value <name> <regex> <format>",
        doc: "Replaces what matches in every element of a header.",
        parse: |reader| replace(reader, Edit::ReplaceValue),
    },
    ActionKeyword {
        name: "set-header",
        sets: MESSAGES,
        usage: "set-header <name> <format>",
        doc: "Removes all lines of a header and adds one.",
        parse: |reader| {
            let name = header_name(reader)?;
            Ok(Action::Edit(Edit::SetHeader(
                name,
                reader.format("a value")?,
            )))
        },
    },
    ActionKeyword {
        name: "set-method",
        sets: REQUESTS,
        usage: "set-method <format>",
        doc: "Gives the request another method.",
        parse: |reader| Ok(Action::Edit(Edit::SetMethod(reader.format("a method")?))),
    },
    ActionKeyword {
        name: "set-path",
        sets: REQUESTS,
        usage: "set-path <format>",
        doc: "Gives the request another path and keeps the query.",
        parse: |reader| set_uri(reader, UriPart::Path),
    },
    ActionKeyword {
        name: "set-pathq",
        sets: REQUESTS,
        usage: "set-pathq <format>",
        doc: "Gives the request another path and query.",
        parse: |reader| set_uri(reader, UriPart::PathAndQuery),
    },
    ActionKeyword {
        name: "set-query",
        sets: REQUESTS,
        usage: "set-query <format>",
        doc: "Gives the request another query.",
        parse: |reader| set_uri(reader, UriPart::Query),
    },
    ActionKeyword {
        name: "set-status",
        sets: RESPONSES,
        usage: "set-status <status> [reason <text>]",
        doc: "Gives the response another status.",
        parse: set_status,
    },
    ActionKeyword {
        name: "set-uri",
        sets: REQUESTS,
        usage: "set-uri <format>",
        doc: "Gives the request another URI.",
        parse: |reader| set_uri(reader, UriPart::Whole),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostic::Span;

    fn read(text: &[u8]) -> Result<Arc<Regex>, String> {
        let word = Word::new(text.into(), Span::default());
        regex(&word).map_err(|error| error.message)
    }

    #[test]
    fn expressions_are_read_as_pcre_spells_them() {
        for (expression, text) in [
            (&br"^\h+a\Z"[..], &b" \ta"[..]),
            (br"^\Qa.b\E$", b"a.b"),
            (b"^{x}$", b"{x}"),
            (b"^\xe9$", b"\xe9"),
        ] {
            assert!(read(expression).unwrap().is_match(text));
        }
    }

    #[test]
    fn what_needs_backtracking_is_named() {
        for (expression, why) in [
            (&br"^/(?=a)b"[..], "a look-ahead is not supported"),
            (br"(a)\1", "back"),
            (b"(a", "regex '(a' is invalid (error="),
        ] {
            let error = read(expression).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
