//! Variables that count: bytes, connections, queues, lines; and how it all ended.

use super::{Alias, Shows, alias};
use crate::log::line::text::{push_early_mark, push_retries};

/// Sorted by name.
pub(super) static ALIASES: &[Alias] = &[
    alias!("B", "bytes sent to the client", |facts, field| {
        push_early_mark(field.out, facts.record);
        field.number(facts.record.bytes_out);
    }),
    alias!("ID", "the request's unique-id", |facts, field| {
        field.text(Some(facts.record.unique_id));
    }),
    alias!("ST", "status of the response", |facts, field| {
        field.duration(facts.record.status);
    }),
    alias!("U", "bytes received from the client", |facts, field| {
        field.number(facts.record.bytes_in);
    }),
    alias!("ac", "connections of the process", |facts, field| {
        field.number(u64::from(facts.record.connections.process));
    }),
    alias!("bc", "connections of the backend", |facts, field| {
        field.number(u64::from(facts.record.connections.backend));
    }),
    alias!("bq", "place in the backend's queue", |facts, field| {
        field.number(u64::from(facts.record.backend_queue));
    }),
    alias!("fc", "connections of the frontend", |facts, field| {
        field.number(u64::from(facts.record.connections.frontend));
    }),
    alias!("lc", "lines that the frontend has logged", |f, o| {
        o.number_or_hexadecimal(f.record.log_count, 4);
    }),
    alias!(
        "rc",
        "retries, '+' before them when redispatched",
        |f, o| {
            push_retries(o.out, f.record);
        }
    ),
    alias!("rt", "number of the request or session", |facts, field| {
        field.number_or_hexadecimal(u64::from(facts.record.request_number), 4);
    }),
    alias!("sc", "connections of the server", |facts, field| {
        field.number(u64::from(facts.record.connections.server));
    }),
    alias!("sq", "place in the server's queue", |facts, field| {
        field.number(u64::from(facts.record.server_queue));
    }),
    alias!("ts", "termination state", |facts, field| {
        let [cause, stage, _, _] = facts.record.termination;
        field.out.extend_from_slice_copy(&[cause, stage]);
    }),
    alias!("tsc", "termination state with cookies", |facts, field| {
        field.out.extend_from_slice_copy(&facts.record.termination);
    }),
];
