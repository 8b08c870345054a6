//! `capture request header`, `capture response header` and `declare capture`.

use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{CaptureSlot, CaptureSlots};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "capture",
        sections: Sections::FRONT,
        usage: "capture cookie|request header|response header ...",
        doc: "Keeps a part of requests or responses for the log and for rules.",
        since: "1.1",
        negatable: false,
        parse: |_, line| Err(unknown_capture(line)),
    },
    Keyword {
        name: "capture request",
        sections: Sections::FRONT,
        usage: "capture request header <name> len <length>",
        doc: "Keeps a header of requests for the log and for rules.",
        since: "1.2",
        negatable: false,
        parse: |context, line| {
            let slot = header_slot(line)?;
            context.draft.proxy.captures.request.push(slot);
            Ok(())
        },
    },
    Keyword {
        name: "capture response",
        sections: Sections::FRONT,
        usage: "capture response header <name> len <length>",
        doc: "Keeps a header of responses for the log and for rules.",
        since: "1.2",
        negatable: false,
        parse: |context, line| {
            let slot = header_slot(line)?;
            context.draft.proxy.captures.response.push(slot);
            Ok(())
        },
    },
    Keyword {
        name: "declare",
        sections: Sections::ANY_PROXY,
        usage: "declare capture request|response len <length>",
        doc: "Declares a slot that rules, of backends too, may capture into.",
        since: "1.6",
        negatable: false,
        parse: declare,
    },
];

fn unknown_capture(line: &Line) -> crate::config::diagnostic::Diagnostic {
    let message = "'capture' expects 'cookie' or 'request header' or 'response header'.";
    line.words.error(1, message)
}

fn header_slot(line: &Line) -> Parse<CaptureSlot> {
    let words = &line.words;
    let name = words.name();
    if words.has(2) && !words.is(2, "header") {
        return Err(unknown_capture(line));
    }
    if !words.has(3) || !words.is(4, "len") || !words.has(5) {
        let message = format!("'{name}' expects 'header' <header_name> 'len' <len>.");
        return Err(words.error(words.len().min(4), message));
    }
    let slot = CaptureSlot {
        header: Some(words.word(3)?.bytes().into()),
        len: words.uint(5, 0..=CAPTURE_LEN_MAX)?,
    };
    if words.has(6) {
        let extra = words.get(6).map(|word| word.text().to_owned());
        let extra = extra.unwrap_or_default();
        let message = format!("'{name}' cannot handle unexpected argument '{extra}'.");
        return Err(words.error(6, message));
    }
    Ok(slot)
}

fn declare(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let words = &line.words;
    if context.draft.is_defaults() {
        return Err(words.keyword_error("'declare' not available in default section"));
    }
    if !context.draft.proxy.capabilities.frontend {
        let message = "'declare' only available in frontend or listen section";
        return Err(words.keyword_error(message));
    }
    if !words.is(1, "capture") {
        let kind = words.get(1).map(|word| word.text().to_owned());
        let kind = kind.unwrap_or_default();
        let message = format!("unknown declaration type '{kind}' (supports 'capture')");
        return Err(words.error(1, message));
    }
    let slots = &mut context.draft.proxy.captures;
    let into: fn(&mut CaptureSlots) -> &mut Vec<CaptureSlot> = if words.is(2, "request") {
        |slots| &mut slots.request
    } else if words.is(2, "response") {
        |slots| &mut slots.response
    } else {
        let message = "'declare capture' requires a direction ('request' or 'response')";
        return Err(words.error(2, message));
    };
    if !words.is(3, "len") {
        let message = "'declare capture' requires a capture length ('len')";
        return Err(words.error(3, message));
    }
    if !words.has(4) {
        let message = "'declare capture': 'len' requires a numeric value that represents the \
                       capture length";
        return Err(words.error(4, message));
    }
    let len = words.uint(4, 0..=CAPTURE_LEN_MAX)?;
    if len == 0 {
        return Err(words.error(4, "length must be > 0"));
    }
    into(slots).push(CaptureSlot { header: None, len });
    words.end(5)
}

/// Longest capture: what a buffer may hold.
pub(super) const CAPTURE_LEN_MAX: usize = 1 << 20;
