//! Proxy sections: `defaults`, `frontend`, `listen`, `backend`.
//!
//! Opening one makes a draft, as a copy of the `defaults` section that applies; every line
//! goes to the handler its keyword names; closing it puts the draft aside. Once all files
//! are read, `config::check` makes proxies, servers and listening addresses of the drafts.

pub(super) mod answer_file;
mod backend;
mod bind;
mod capture;
mod compression;
mod cookie;
pub(crate) mod draft;
pub(super) mod errorfile;
mod forwarded;
mod frontend;
mod general;
mod http_error;
mod http_request;
mod legacy;
mod log_format;
mod monitor;
mod network;
mod option;
mod order;
mod parameter;
mod persistence;
mod process_set;
mod redirect;
mod reply;
pub(crate) mod rule;
mod server;
mod source;
mod switch;
mod tcp_rule;
mod timeout;

use draft::{Draft, ProxyContext, Reference};
pub(super) use server::bad_name_character;

use super::{Build, Section};
use crate::config::diagnostic::{Diagnostic, Parse, Span};
use crate::config::keyword::{Keyword, KeywordInfo, KeywordList, Line, Sections};
use crate::config::suggest;
use crate::config::word::Word;

/// State shared by `defaults`, `frontend`, `listen` and `backend` while files are read.
#[derive(Debug, Default)]
pub struct ProxySections {
    /// The open section.
    context: Option<Box<ProxyContext>>,
    /// The closed `defaults` sections, in order.
    defaults: Vec<Draft>,
    /// The closed proxies, in order.
    pub(crate) drafts: Vec<Draft>,
}

/// The settings that the following proxies start with.
pub static DEFAULTS: Section = Section {
    name: "defaults",
    kind: Sections::DEFAULTS,
    usage: "defaults [<name>] [from <defaults>]",
    doc: "Settings that the proxies after it start with.",
    open: open_defaults,
    line,
    close,
    keywords: infos,
};

/// A side that accepts connections.
pub static FRONTEND: Section = Section {
    name: "frontend",
    kind: Sections::FRONTEND,
    usage: "frontend <name> [from <defaults>]",
    doc: "Listens for clients and chooses a backend for them.",
    open: |build, line| open_proxy(build, line, Sections::FRONTEND),
    line,
    close,
    keywords: infos,
};

/// Both sides in one.
pub static LISTEN: Section = Section {
    name: "listen",
    kind: Sections::LISTEN,
    usage: "listen <name> [from <defaults>]",
    doc: "A frontend and its backend in one section.",
    open: |build, line| open_proxy(build, line, Sections::LISTEN),
    line,
    close,
    keywords: infos,
};

/// A side that has servers.
pub static BACKEND: Section = Section {
    name: "backend",
    kind: Sections::BACKEND,
    usage: "backend <name> [from <defaults>]",
    doc: "A set of servers that frontends send connections to.",
    open: |build, line| open_proxy(build, line, Sections::BACKEND),
    line,
    close,
    keywords: infos,
};

fn open_defaults(build: &mut Build, line: &Line) -> Parse<()> {
    let has_name = line.words.has(1) && !line.words.is(1, "from");
    let name = if has_name { line.words.text(1)? } else { "" };
    let span = line.words.span_at(usize::from(has_name));
    if has_name {
        name.clone_into(&mut build.section_name);
    }
    let from = parse_from(line, 1 + usize::from(has_name));
    let parent = from.and_then(|from| match from {
        None => Ok(None),
        Some(from) => find_defaults(build, &from, &format!("defaults '{name}'")).map(Some),
    });
    let (draft, fault) = derive(parent, Sections::DEFAULTS, name, span);
    begin(build, draft, fault);
    Ok(())
}

fn open_proxy(build: &mut Build, line: &Line, kind: Sections) -> Parse<()> {
    let name = parse_name(line)?;
    name.text().clone_into(&mut build.section_name);
    let has_address =
        line.words.has(2) && !line.words.is(2, "from") && kind.overlaps(Sections::FRONT);
    let from = parse_from(line, 2 + usize::from(has_address));
    let parent = from.and_then(|from| match from {
        None => Ok(build.proxies.defaults.last()),
        Some(from) => find_defaults(build, &from, &format!("proxy '{}'", name.text())).map(Some),
    });
    let (draft, fault) = derive(parent, kind, name.text(), name.span());
    begin(build, draft, fault);
    if has_address {
        let result = old_addresses(build, line);
        build.report.note_result(result);
    }
    Ok(())
}

fn parse_name(line: &Line) -> Parse<&Word> {
    let type_name = line.words.name();
    let Some(name) = line.words.get(1).filter(|name| !name.is_empty()) else {
        let message = format!("'{type_name}' expects an <id> argument");
        return Err(line.words.error(1, message));
    };
    let Some(bad) = bad_name_character(name.text()) else {
        return Ok(name);
    };
    let text = name.text();
    let message = format!("character '{bad}' is not permitted in '{type_name}' name '{text}'.");
    Err(name.error(message))
}

/// The section name behind `from` at word `at`.
fn parse_from(line: &Line, at: usize) -> Parse<Option<Reference>> {
    if !line.words.has(at) {
        return Ok(None);
    }
    if !line.words.is(at, "from") {
        let text = line.words.get(at).map(Word::text).unwrap_or_default();
        let message = format!("unexpected argument '{text}', only 'from <defaults>' may follow");
        return Err(line.words.error(at, message));
    }
    let word = line.words.word(at + 1)?;
    line.words.end(at + 2)?;
    Ok(Some(Reference {
        name: word.utf8()?.to_owned(),
        span: word.span(),
    }))
}

fn find_defaults<'a>(build: &'a Build, from: &Reference, owner: &str) -> Parse<&'a Draft> {
    let named = build
        .proxies
        .defaults
        .iter()
        .filter(|draft| draft.proxy.name == from.name);
    let named: Vec<&Draft> = named.collect();
    let name = &from.name;
    match named.as_slice() {
        [one] => Ok(one),
        [] => {
            let message = format!("defaults section '{name}' not found for {owner}.");
            let error = Diagnostic::alert(from.span, message);
            let names = build
                .proxies
                .defaults
                .iter()
                .map(|draft| draft.proxy.name.as_str());
            Err(match suggest::closest(name, names) {
                Some(close) => error.hint(format!("did you mean '{close}'?")),
                None => error,
            })
        }
        [first, second, ..] => {
            let message = format!("ambiguous defaults section name '{name}' referenced by {owner}");
            Err(Diagnostic::alert(from.span, message)
                .note_at("declared", first.span.place())
                .note_at("and declared again", second.span.place()))
        }
    }
}

/// The new section's draft. After a fault in the choice of its defaults it goes on without
/// any, so that its name is known to others.
fn derive(
    parent: Parse<Option<&Draft>>,
    kind: Sections,
    name: &str,
    span: Span,
) -> (Draft, Option<Diagnostic>) {
    match parent {
        Ok(Some(parent)) => (parent.heir(kind, name, span), None),
        Ok(None) => (Draft::new(kind, name, span), None),
        Err(fault) => (Draft::new(kind, name, span), Some(fault)),
    }
}

fn begin(build: &mut Build, mut draft: Draft, fault: Option<Diagnostic>) {
    if let Some(fault) = fault {
        draft.has_errors = true;
        build.report.push(fault);
    }
    build.language.open_section(&draft.proxy.name);
    build.language.environment.clone_from(&build.environment);
    let context = ProxyContext {
        draft,
        warnings: Vec::new(),
        bufsize: build.config.global.tuning.bufsize,
        unix: build.unix_defaults.clone(),
        language: std::mem::take(&mut build.language),
    };
    build.proxies.context = Some(Box::new(context));
}

/// `listen <name> <address>`: the addresses that a `bind` line says since 1.3.
fn old_addresses(build: &mut Build, line: &Line) -> Parse<()> {
    let warning = "addresses on the section's line are deprecated, please use 'bind'.";
    build.report.push(line.words.warning(2, warning));
    with_context(build, |context| bind::read_bare(context, line, 2))
}

fn line(build: &mut Build, line: Line) -> Parse<()> {
    with_context(build, |context| {
        let here = context.draft.kind;
        if KEYWORDS.find(&line.words, here).is_none()
            && let Some(keyword) = KEYWORDS.find(&line.words, Sections::ANY_PROXY)
        {
            return misplaced(context, line, keyword);
        }
        KEYWORDS.dispatch(here, context, line)
    })
}

/// Runs `work` on the open section and reports what it warns about.
fn with_context(build: &mut Build, work: impl FnOnce(&mut ProxyContext) -> Parse<()>) -> Parse<()> {
    let Some(mut context) = build.proxies.context.take() else {
        return Ok(());
    };
    let result = work(&mut context);
    for warning in context.warnings.drain(..) {
        build.report.push(warning);
    }
    context.draft.has_errors |= result.is_err();
    build.proxies.context = Some(context);
    result
}

/// A keyword of another kind of proxy: ignored with a warning where that does no harm.
fn misplaced(
    context: &mut ProxyContext,
    mut line: Line,
    keyword: &'static Keyword<ProxyContext>,
) -> Parse<()> {
    let name = keyword.name;
    line.words.recognise(name, keyword.usage);
    if context.draft.is_defaults() {
        let message = format!("'{name}' not allowed in 'defaults' section.");
        return Err(line.words.keyword_error(message));
    }
    let (type_name, proxy) = (context.draft.type_name(), &context.draft.proxy.name);
    let missing = if keyword.sections.overlaps(Sections::BACKEND) {
        "backend"
    } else {
        "frontend"
    };
    if matches!(name, "server" | "default-server") {
        let message = format!(
            "'{name}' not allowed because {type_name} '{proxy}' has no {missing} capability."
        );
        return Err(line.words.keyword_error(message));
    }
    let message =
        format!("'{name}' ignored because {type_name} '{proxy}' has no {missing} capability.");
    let warning = line.words.keyword_warning(message);
    context.warnings.push(match name {
        "maxconn" => warning.hint("maybe 'fullconn' is meant"),
        "fullconn" => warning.hint("maybe 'maxconn' is meant"),
        _ => warning,
    });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the section table's signature")]
fn close(build: &mut Build) -> Parse<()> {
    let Some(context) = build.proxies.context.take() else {
        return Ok(());
    };
    build.language = context.language;
    if context.draft.is_defaults() {
        build.proxies.defaults.push(context.draft);
        return Ok(());
    }
    build.proxies.drafts.push(context.draft);
    Ok(())
}

fn infos() -> Vec<KeywordInfo> {
    KEYWORDS.infos().collect()
}

/// Parameters of `bind` and `server` lines as usage and description, for the manual.
pub fn parameters(keyword: &str) -> Vec<(&'static str, &'static str)> {
    match keyword {
        "bind" => bind::parameters().collect(),
        "server" | "default-server" => server::parameters().collect(),
        _ => Vec::new(),
    }
}

static KEYWORDS: KeywordList<ProxyContext> = KeywordList {
    tables: &[
        backend::KEYWORDS,
        bind::KEYWORDS,
        capture::KEYWORDS,
        compression::KEYWORDS,
        cookie::KEYWORDS,
        errorfile::KEYWORDS,
        frontend::KEYWORDS,
        general::KEYWORDS,
        http_error::KEYWORDS,
        legacy::KEYWORDS,
        log_format::KEYWORDS,
        monitor::KEYWORDS,
        option::KEYWORDS,
        persistence::KEYWORDS,
        redirect::KEYWORDS,
        rule::KEYWORDS,
        server::KEYWORDS,
        switch::KEYWORDS,
        tcp_rule::KEYWORDS,
        timeout::KEYWORDS,
    ],
    retired: &[],
};

#[cfg(test)]
mod tests;
