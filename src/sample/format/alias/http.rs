//! Variables over the request line and over what was captured.

use super::super::encode::Field;
use super::{Alias, Facts, Shows, alias};
use crate::log::record::Record;

/// Sorted by name.
pub(super) static ALIASES: &[Alias] = &[
    alias!(http "CC", "captured cookie of the request", |facts, field| {
        field.text(facts.record.captures.request_cookie);
    }),
    alias!(http "CS", "captured cookie of the response", |facts, field| {
        field.text(facts.record.captures.response_cookie);
    }),
    alias!(http "HM", "method of the request", |facts, field| {
        part(facts, field, |line| line.method);
    }),
    alias!(http "HP", "URI of the request without its query", |facts, field| {
        part(facts, field, |line| before_query(line.uri));
    }),
    alias!(http "HPO", "path of the request", |facts, field| {
        part(facts, field, |line| before_query(path_and_query(line.uri)));
    }),
    alias!(http "HQ", "query of the request with its '?'", |facts, field| {
        query(facts, field);
    }),
    alias!(http "HU", "URI of the request", |facts, field| {
        part(facts, field, |line| line.uri);
    }),
    alias!(http "HV", "version of the request", |facts, field| {
        part(facts, field, |line| line.version);
    }),
    alias!(
        "hr",
        "captured headers of the request, in braces",
        |f, o| {
            braced(f.record.captures.request_headers, o);
        }
    ),
    alias!(
        "hrl",
        "captured headers of the request, one by one",
        |f, o| {
            listed(f.record.captures.request_headers, o);
        }
    ),
    alias!(
        "hs",
        "captured headers of the response, in braces",
        |f, o| {
            braced(f.record.captures.response_headers, o);
        }
    ),
    alias!(
        "hsl",
        "captured headers of the response, one by one",
        |f, o| {
            listed(f.record.captures.response_headers, o);
        }
    ),
    alias!(http "r", "request line", |facts, field| {
        part(facts, field, |line| line.whole);
    }),
];

/// A request line and its parts.
struct Line<'a> {
    whole: &'a [u8],
    method: &'a [u8],
    uri: &'a [u8],
    version: &'a [u8],
}

impl<'a> Line<'a> {
    fn of(record: &Record<'a>) -> Option<Self> {
        let whole = record.request_line;
        if whole.is_empty() {
            return None;
        }
        let mut words = whole.splitn(3, |byte| *byte == b' ');
        let mut next = || words.next().unwrap_or_default();
        Some(Self {
            whole,
            method: next(),
            uri: next(),
            version: next(),
        })
    }
}

/// A part of the request line, or what stands for one that could not be read.
fn part(facts: &Facts<'_>, field: &mut Field<'_, '_>, choose: for<'a> fn(&Line<'a>) -> &'a [u8]) {
    match Line::of(facts.record) {
        None => field.request_part(b"<BADREQ>"),
        Some(line) => match choose(&line) {
            [] => field.text(None),
            part => field.request_part(part),
        },
    }
}

/// The query, which a request may well lack: nothing stands for it then.
fn query(facts: &Facts<'_>, field: &mut Field<'_, '_>) {
    match Line::of(facts.record) {
        None => field.request_part(b"<BADREQ>"),
        Some(line) => {
            let query_at = before_query(line.uri).len();
            field.request_part(line.uri.get(query_at..).unwrap_or_default());
        }
    }
}

fn before_query(uri: &[u8]) -> &[u8] {
    let end = uri.iter().position(|byte| *byte == b'?');
    uri.get(..end.unwrap_or(uri.len())).unwrap_or_default()
}

/// The URI without scheme and authority (RFC 9112, section 3.2).
fn path_and_query(uri: &[u8]) -> &[u8] {
    let scheme = uri.windows(3).position(|bytes| bytes == b"://");
    let is_absolute = !uri.starts_with(b"/") && scheme.is_some();
    if !is_absolute {
        return uri;
    }
    let authority = uri.get(scheme.unwrap_or(0) + 3..).unwrap_or_default();
    let path_at = authority.iter().position(|byte| *byte == b'/');
    path_at
        .and_then(|path_at| authority.get(path_at..))
        .unwrap_or_default()
}

/// `{a|b}`; nothing at all when no header is captured.
fn braced(values: &[Vec<u8>], field: &mut Field<'_, '_>) {
    if values.is_empty() {
        return;
    }
    field.in_quotes(|field| {
        for (position, value) in values.iter().enumerate() {
            field.out.push(if position == 0 { b'{' } else { b'|' });
            field.captured(value);
        }
        field.out.push(b'}');
    });
}

/// Values with blanks between them.
fn listed(values: &[Vec<u8>], field: &mut Field<'_, '_>) {
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            field.out.push(b' ');
        }
        if value.is_empty() {
            field.text(None);
            continue;
        }
        field.in_quotes(|field| field.captured(value));
    }
}
