//! `log-format`, `log-format-sd`, `error-log-format`, and `unique-id-format` with its header.

use std::sync::Arc;

use super::draft::ProxyContext;
use super::forwarded::is_token;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::LogFormat;
use crate::config::word::Word;
use crate::sample::fetch::Needs;
use crate::sample::format::{Format, Purpose};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "error-log-format",
        sections: Sections::DEFAULTS_FRONT,
        usage: "error-log-format <format>",
        doc: "Shapes lines about connections that failed before a request was read.",
        since: "2.5",
        negatable: false,
        parse: |context, line| {
            let format = read(context, line, Purpose::Log)?;
            let draft = &mut context.draft;
            draft.format_spans.error = Some(line.words.keyword_span());
            draft.proxy.log.error = Some(format);
            Ok(())
        },
    },
    Keyword {
        name: "log-format",
        sections: Sections::DEFAULTS_FRONT,
        usage: "log-format <format>",
        doc: "Shapes the lines that requests or connections are logged with.",
        since: "1.5",
        negatable: false,
        parse: |context, line| {
            let format = read(context, line, Purpose::Log)?;
            choose(context, line, LogFormat::Custom);
            context.draft.proxy.log.custom = Some(format);
            Ok(())
        },
    },
    Keyword {
        name: "log-format-sd",
        sections: Sections::DEFAULTS_FRONT,
        usage: "log-format-sd <format>",
        doc: "Adds structured data to lines for receivers of 'format rfc5424'.",
        since: "1.6",
        negatable: false,
        parse: |context, line| {
            let format = read(context, line, Purpose::Log)?;
            let draft = &mut context.draft;
            draft.format_spans.structured = Some(line.words.keyword_span());
            draft.proxy.log.structured = Some(format);
            Ok(())
        },
    },
    Keyword {
        name: "unique-id-format",
        sections: Sections::DEFAULTS_FRONT,
        usage: "unique-id-format <format>",
        doc: "Gives every request an identity, for logs, rules and servers.",
        since: "1.5",
        negatable: false,
        parse: |context, line| {
            let format = read(context, line, Purpose::UniqueId)?;
            let draft = &mut context.draft;
            draft.format_spans.unique_id = Some(line.words.keyword_span());
            draft.proxy.unique_id.format = Some(format);
            Ok(())
        },
    },
    Keyword {
        name: "unique-id-header",
        sections: Sections::DEFAULTS_FRONT,
        usage: "unique-id-header <name>",
        doc: "Tells servers the identity that 'unique-id-format' gives requests.",
        since: "1.5",
        negatable: false,
        parse: |context, line| {
            let word = argument(line)?;
            if !is_token(word.text()) {
                let message = format!("'{}' cannot be the name of a header", word.text());
                return Err(word.error(message));
            }
            context.draft.proxy.unique_id.header = Some(word.bytes().into());
            Ok(())
        },
    },
];

/// Notes which shape lines have from here on, and warns where a `defaults` section had
/// chosen another one.
pub(super) fn choose(context: &mut ProxyContext, line: &Line, format: LogFormat) {
    let draft = &mut context.draft;
    let previous = draft.proxy.log.format;
    if draft.is_defaults() && previous != LogFormat::Default {
        let (name, previous) = (format.name(), previous.name());
        let message = format!("'{name}' overrides previous '{previous}' in 'defaults' section.");
        context.warnings.push(line.words.keyword_warning(message));
    }
    draft.proxy.log.format = format;
    draft.proxy.log.custom = None;
    draft.log_format_span = Some(line.words.keyword_span());
}

/// The one argument of these keywords.
fn argument(line: &Line) -> Parse<&Word> {
    let name = line.words.name();
    let Some(word) = line.words.get(1).filter(|word| !word.is_empty()) else {
        return Err(line
            .words
            .keyword_error(format!("{name} expects an argument.")));
    };
    if line.words.has(2) {
        let message = format!("{name} expects only one argument, don't forget to escape spaces!");
        return Err(line
            .words
            .error(2, message)
            .hint("quotes around the whole format do the same"));
    }
    Ok(word)
}

fn read(context: &mut ProxyContext, line: &Line, purpose: Purpose) -> Parse<Arc<Format>> {
    let word = argument(line)?;
    let name = match purpose {
        Purpose::UniqueId => "unique-id",
        Purpose::Log | Purpose::Http => line.words.name(),
    };
    let owned = |mut error: Diagnostic| {
        error.message = format!("failed to parse {name} : {}", error.message);
        error
    };
    let format =
        Format::parse(&mut context.language, word.bytes(), word.span(), purpose).map_err(owned)?;
    let available = match purpose {
        Purpose::UniqueId => IN_REQUESTS,
        Purpose::Log | Purpose::Http => IN_LOGS,
    };
    let missing = format
        .needs()
        .find(|(_, needs)| !needs.is_met_by(available));
    if let Some((fetch, needs)) = missing {
        let message = format!(
            "sample fetch <{fetch}> may not be reliably used here because it needs '{}' which is \
             not available here.",
            needs.describe()
        );
        let error = owned(word.error(message));
        return Err(error.hint("'http-request capture' or a 'txn' variable keeps it"));
    }
    Ok(Arc::new(format))
}

/// What is left of a request when its line is written.
const IN_LOGS: Needs = Needs::CLIENT.and(Needs::SERVER).and(Needs::TRANSACTION);

/// What is there when a request has arrived.
const IN_REQUESTS: Needs = Needs::CLIENT
    .and(Needs::REQUEST_BYTES)
    .and(Needs::REQUEST_HEAD)
    .and(Needs::REQUEST_BODY)
    .and(Needs::TRANSACTION);
