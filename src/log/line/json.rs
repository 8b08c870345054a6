//! The line of `option httplog json`: one JSON object (RFC 8259) per request.
//!
//! The field names are stable: programs read them. What is absent is `null`, numbers are
//! numbers, and whatever bytes a peer sends, the line is valid JSON in ASCII and UTF-8:
//! bytes that are no UTF-8 become U+FFFD.

use super::date::Dates;
use super::text::{Sink, push_host, push_i32, push_port, push_u32, push_u64};
use crate::log::record::{NOSRV, Record};
use crate::net::address::PeerAddress;

/// Appends the object without a line end.
pub fn write_http_json(out: &mut Vec<u8>, dates: &Dates, record: &Record<'_>) {
    out.extend_from_slice(b"{\"time\":\"");
    dates.push_iso(out, record.request_date);
    out.push(b'"');
    push_ends(out, record);
    push_timers(out, record);
    push_outcome(out, record);
    push_counts(out, record);
    push_texts(out, record);
    out.push(b'}');
}

fn push_ends(out: &mut Vec<u8>, record: &Record<'_>) {
    key(out, "client_ip");
    if record.client == PeerAddress::None {
        out.extend_from_slice(b"null");
    } else {
        out.push(b'"');
        push_host(out, record.client);
        out.push(b'"');
    }
    key(out, "client_port");
    if record.client == PeerAddress::None {
        out.extend_from_slice(b"null");
    } else {
        push_port(out, record.client, record.listener_id);
    }
    text(out, "frontend", record.frontend.as_bytes());
    text(out, "backend", record.backend.as_bytes());
    let server = record.server.filter(|name| *name != NOSRV);
    optional(out, "server", server.map(str::as_bytes));
}

fn push_timers(out: &mut Vec<u8>, record: &Record<'_>) {
    let timers = &record.timers;
    for (name, stage_ms) in [
        ("request_ms", timers.request_ms),
        ("queue_ms", timers.queue_ms),
        ("connect_ms", timers.connect_ms),
        ("response_ms", timers.response_ms),
        ("total_ms", timers.active_ms),
    ] {
        key(out, name);
        if stage_ms < 0 {
            out.extend_from_slice(b"null");
        } else {
            push_i32(out, stage_ms);
        }
    }
}

fn push_outcome(out: &mut Vec<u8>, record: &Record<'_>) {
    key(out, "status");
    if record.status < 0 {
        out.extend_from_slice(b"null");
    } else {
        push_i32(out, record.status);
    }
    key(out, "bytes_out");
    push_u64(out, record.bytes_out);
    key(out, "bytes_in");
    push_u64(out, record.bytes_in);
    key(out, "complete");
    out.extend_from_slice(if record.is_early { b"false" } else { b"true" });
    text(out, "termination", &record.termination);
    optional(out, "reason", record.reason.map(str::as_bytes));
}

fn push_counts(out: &mut Vec<u8>, record: &Record<'_>) {
    let counts = &record.connections;
    for (name, count) in [
        ("connections", counts.process),
        ("frontend_connections", counts.frontend),
        ("backend_connections", counts.backend),
        ("server_connections", counts.server),
        ("retries", counts.retries),
        ("server_queue", record.server_queue),
        ("backend_queue", record.backend_queue),
    ] {
        key(out, name);
        push_u32(out, count);
    }
    key(out, "redispatched");
    out.extend_from_slice(if counts.redispatched {
        b"true"
    } else {
        b"false"
    });
}

fn push_texts(out: &mut Vec<u8>, record: &Record<'_>) {
    let captures = &record.captures;
    optional(out, "request_cookie", captures.request_cookie);
    optional(out, "response_cookie", captures.response_cookie);
    list(out, "request_headers", captures.request_headers);
    list(out, "response_headers", captures.response_headers);
    let id = (!record.unique_id.is_empty()).then_some(record.unique_id);
    optional(out, "unique_id", id);
    let line = (!record.request_line.is_empty()).then_some(record.request_line);
    optional(out, "request", line);
}

fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    key(out, name);
    push_string(out, value);
}

fn optional(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    key(out, name);
    match value {
        Some(value) => push_string(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// One value per capture, `null` for those that captured nothing.
fn list(out: &mut Vec<u8>, name: &str, values: &[Vec<u8>]) {
    key(out, name);
    out.push(b'[');
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if value.is_empty() {
            out.extend_from_slice(b"null");
        } else {
            push_string(out, value);
        }
    }
    out.push(b']');
}

/// Appends a string of JSON, quotes included (RFC 8259, section 7).
pub(crate) fn push_string(out: &mut impl Sink, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..=31 | 127 => {
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[nibble(byte >> 4), nibble(byte)]);
                }
                _ => out.push(byte),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn nibble(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn string(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        push_string(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    /// Undoes the escapes of a string that has no surrogates.
    fn read(text: &str) -> String {
        let inner = text.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        let mut out = String::new();
        let mut chars = inner.chars();
        while let Some(char) = chars.next() {
            assert!(char != '"' && !char.is_ascii_control());
            if char != '\\' {
                out.push(char);
                continue;
            }
            out.push(match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
                }
                other => {
                    assert!(other == '"' || other == '\\');
                    other
                }
            });
        }
        out
    }

    #[test]
    fn what_json_forbids_is_escaped() {
        assert_eq!(string(b"a\"b\\c\n\x01\x7f"), r#""a\"b\\c\n\u0001\u007f""#);
        assert_eq!(string("\u{e4}".as_bytes()), "\"\u{e4}\"");
        assert_eq!(string(b"\xe4x\xf0\x9f"), "\"\u{fffd}x\u{fffd}\"");
    }

    #[test]
    fn absent_values_are_null_and_numbers_are_numbers() {
        let record = Record {
            frontend: "f",
            backend: "f",
            status: -1,
            termination: *b"PR--",
            request_line: b"",
            ..Record::default()
        };
        let mut out = Vec::new();
        write_http_json(&mut out, &Dates::new(), &record);
        let line = String::from_utf8(out).unwrap();
        let behind = line.split_once("\"client_ip\"").unwrap().1;
        assert_eq!(
            behind,
            ":null,\"client_port\":null,\"frontend\":\"f\",\"backend\":\"f\",\"server\":null,\
             \"request_ms\":null,\"queue_ms\":null,\"connect_ms\":null,\"response_ms\":null,\
             \"total_ms\":0,\"status\":null,\"bytes_out\":0,\"bytes_in\":0,\"complete\":true,\
             \"termination\":\"PR--\",\"reason\":null,\"connections\":0,\
             \"frontend_connections\":0,\"backend_connections\":0,\"server_connections\":0,\
             \"retries\":0,\"server_queue\":0,\"backend_queue\":0,\"redispatched\":false,\
             \"request_cookie\":null,\"response_cookie\":null,\"request_headers\":[],\
             \"response_headers\":[],\"unique_id\":null,\"request\":null}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_make_a_string_that_reads_back(bytes: Vec<u8>) {
            prop_assert_eq!(read(&string(&bytes)), String::from_utf8_lossy(&bytes));
        }
    }
}
