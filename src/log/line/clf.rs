//! The line of `option httplog clf`: the common log format, then what it lacks.

use super::date::Dates;
use super::escape::{Escape, push_escaped};
use super::http::push_request;
use super::text::{
    push_early_mark, push_frontend, push_host, push_i32, push_padded, push_port, push_retries,
    push_u32, push_u64,
};
use crate::log::record::{NOSRV, Record};

/// Appends the CLF line without a line end. Strings stand in quotes, an absent cookie is
/// `""`, each captured header is a string of its own. Unlike 2.6 it escapes a quote inside a
/// captured cookie, so that no client can make fields up.
pub fn write_http_clf(out: &mut Vec<u8>, dates: &Dates, record: &Record<'_>) {
    push_host(out, record.client);
    out.extend_from_slice(b" - - ");
    out.push(b'[');
    dates.push_gmt(out, record.request_date.0);
    out.extend_from_slice(b"] ");
    push_request(out, record.request_line);
    out.push(b' ');
    push_i32(out, record.status);
    out.push(b' ');
    push_early_mark(out, record);
    push_u64(out, record.bytes_out);
    out.extend_from_slice(b" \"\" \"\" ");
    push_port(out, record.client, record.listener_id);
    out.push(b' ');
    push_padded(out, 3, record.accept_date.1 / 1000);
    push_names(out, record);
    push_timers(out, record);
    out.extend_from_slice(&record.termination);
    push_counts(out, record);
    push_captures(out, record);
}

fn push_names(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(b" \"");
    push_frontend(out, record);
    out.extend_from_slice(b"\" \"");
    out.extend_from_slice(record.backend.as_bytes());
    out.extend_from_slice(b"\" \"");
    out.extend_from_slice(record.server.unwrap_or(NOSRV).as_bytes());
    out.extend_from_slice(b"\" ");
}

fn push_timers(out: &mut Vec<u8>, record: &Record<'_>) {
    let timers = &record.timers;
    for stage_ms in [
        timers.request_ms,
        timers.queue_ms,
        timers.connect_ms,
        timers.response_ms,
    ] {
        push_i32(out, stage_ms);
        out.push(b' ');
    }
    push_early_mark(out, record);
    push_i32(out, timers.active_ms);
    out.push(b' ');
}

fn push_counts(out: &mut Vec<u8>, record: &Record<'_>) {
    let counts = &record.connections;
    for count in [
        counts.process,
        counts.frontend,
        counts.backend,
        counts.server,
    ] {
        out.push(b' ');
        push_u32(out, count);
    }
    out.push(b' ');
    push_retries(out, record);
    for queue in [record.server_queue, record.backend_queue] {
        out.push(b' ');
        push_u32(out, queue);
    }
}

/// Appends the cookies, then the headers of the request and of the response. 2.6 leaves a
/// space at the end when no header is captured.
fn push_captures(out: &mut Vec<u8>, record: &Record<'_>) {
    let captures = &record.captures;
    for cookie in [captures.request_cookie, captures.response_cookie] {
        out.push(b' ');
        push_string(out, cookie.unwrap_or_default());
    }
    for value in captures
        .request_headers
        .iter()
        .chain(captures.response_headers)
    {
        out.push(b' ');
        push_string(out, value);
    }
    if captures.response_headers.is_empty() {
        out.push(b' ');
    }
}

fn push_string(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    push_escaped(out, value, Escape::Header);
    out.push(b'"');
}
