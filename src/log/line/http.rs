//! The line of `option httplog` (manual, section 8.2.3).

use super::date::Dates;
use super::escape::{Escape, push_escaped};
use super::text::{push_counts, push_early_mark, push_i32, push_names, push_peer, push_u64};
use crate::log::record::Record;

/// Appends `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc
/// %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`, without a line end.
pub fn write_http(out: &mut Vec<u8>, dates: &Dates, record: &Record<'_>) {
    push_peer(out, record.client, record.listener_id);
    out.push(b' ');
    dates.push_traffic(out, record.request_date);
    push_names(out, record);
    push_timers(out, record);
    out.push(b' ');
    push_i32(out, record.status);
    out.push(b' ');
    push_early_mark(out, record);
    push_u64(out, record.bytes_out);
    out.push(b' ');
    push_cookie(out, record.captures.request_cookie);
    out.push(b' ');
    push_cookie(out, record.captures.response_cookie);
    out.push(b' ');
    out.extend_from_slice(&record.termination);
    push_counts(out, record);
    out.push(b' ');
    push_headers(out, record.captures.request_headers);
    push_headers(out, record.captures.response_headers);
    push_request(out, record.request_line);
}

/// The line of `option httpslog`: what stands behind tells of the client's TLS connection,
/// of which there is none.
pub fn write_https(out: &mut Vec<u8>, dates: &Dates, record: &Record<'_>) {
    write_http(out, dates, record);
    out.extend_from_slice(b" 0/-/-/-/0 -/-/-");
}

/// Appends ` reason=<word>` of `option log-reason`, when there is one.
pub fn push_reason(out: &mut Vec<u8>, record: &Record<'_>) {
    if let Some(reason) = record.reason {
        out.extend_from_slice(b" reason=");
        out.extend_from_slice(reason.as_bytes());
    }
}

/// Appends the request line in quotes, or what stands for one that could not be read.
pub(super) fn push_request(out: &mut Vec<u8>, request_line: &[u8]) {
    out.push(b'"');
    if request_line.is_empty() {
        out.extend_from_slice(b"<BADREQ>");
    } else {
        push_escaped(out, request_line, Escape::Quoted);
    }
    out.push(b'"');
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
        out.push(b'/');
    }
    push_early_mark(out, record);
    push_i32(out, timers.active_ms);
}

fn push_cookie(out: &mut Vec<u8>, cookie: Option<&[u8]>) {
    let Some(cookie) = cookie else {
        out.push(b'-');
        return;
    };
    push_escaped(out, cookie, Escape::Cookie);
}

/// Appends `{a|b} `, or nothing when the frontend captures no header.
fn push_headers(out: &mut Vec<u8>, values: &[Vec<u8>]) {
    if values.is_empty() {
        return;
    }
    for (position, value) in values.iter().enumerate() {
        out.push(if position == 0 { b'{' } else { b'|' });
        push_escaped(out, value, Escape::Header);
    }
    out.extend_from_slice(b"} ");
}
