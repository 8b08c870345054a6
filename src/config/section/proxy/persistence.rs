//! `appsession` and `persist`: persistence by what applications and terminal clients send.

use super::backend::parenthesised;
use super::draft::ProxyContext;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{Appsession, AppsessionMode};
use crate::config::unit::Unit;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "appsession",
        sections: Sections::BACK,
        usage: "appsession <cookie> len <length> timeout <holdtime> [request-learn] [prefix] \
                [mode path-parameters|query-string]",
        doc: "Learns which server set an application's session cookie and brings clients back.",
        since: "1.2",
        negatable: false,
        parse: parse_appsession,
    },
    Keyword {
        name: "persist",
        sections: Sections::DEFAULTS_BACK,
        usage: "persist rdp-cookie[(<name>)]",
        doc: "Brings terminal clients back to the server that their RDP cookie names.",
        since: "1.4",
        negatable: false,
        parse: parse_persist,
    },
];

fn parse_appsession(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let (words, here) = (&line.words, (1, 2, 4));
    if !words.has(here.0) || !words.is(here.1, "len") || !words.is(here.2, "timeout") {
        let message = "'appsession' expects 'appsession' <cookie_name> 'len' <len> 'timeout' \
                       <timeout> [options*].";
        let missing = (1..=5).find(|&at| !words.has(at)).unwrap_or(1);
        return Err(words.error(missing, message));
    }
    let mut appsession = Appsession {
        name: words.text(1)?.to_owned(),
        len: words.uint(3, 1..=KEY_LEN_MAX)?,
        timeout_ms: words.time(5, Unit::Ms)?,
        request_learn: false,
        prefix: false,
        mode: AppsessionMode::PathParameters,
    };
    let mut at = 6;
    while words.has(at) {
        at += match words.choice(at, &OPTIONS)? {
            AppsessionOption::RequestLearn => {
                appsession.request_learn = true;
                1
            }
            AppsessionOption::Prefix => {
                appsession.prefix = true;
                1
            }
            AppsessionOption::Mode => {
                appsession.mode = words.choice(at + 1, &MODES)?;
                2
            }
        };
    }
    context.draft.proxy.appsession = Some(appsession);
    Ok(())
}

fn parse_persist(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let Some(word) = line.words.get(1).filter(|word| !word.is_empty()) else {
        return Err(line.words.error(1, "missing persist method."));
    };
    let Some(argument) = word.utf8()?.strip_prefix("rdp-cookie") else {
        return Err(word
            .error("unknown persist method.")
            .hint("the only one is 'rdp-cookie[(<name>)]'"));
    };
    let name = parenthesised(argument, RDP_COOKIE_DEFAULT)
        .ok_or_else(|| word.error("persist rdp-cookie(name)' requires an rdp cookie name."))?;
    line.words.end(2)?;
    context.draft.proxy.rdp_cookie = Some(name.to_owned());
    Ok(())
}

#[derive(Clone, Copy)]
enum AppsessionOption {
    RequestLearn,
    Prefix,
    Mode,
}

const OPTIONS: [(&str, AppsessionOption); 3] = [
    ("request-learn", AppsessionOption::RequestLearn),
    ("prefix", AppsessionOption::Prefix),
    ("mode", AppsessionOption::Mode),
];

const MODES: [(&str, AppsessionMode); 2] = [
    ("path-parameters", AppsessionMode::PathParameters),
    ("query-string", AppsessionMode::QueryString),
];

/// The cookie that brokers set to name a server (manual, "persist rdp-cookie").
const RDP_COOKIE_DEFAULT: &str = "msts";
/// Longest part of a session identifier that is kept.
const KEY_LEN_MAX: usize = 1_024;
