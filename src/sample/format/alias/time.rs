//! Variables over dates and durations (manual, section 8.4).

use super::{Alias, Shows, alias};
use crate::log::line::text::{push_early_mark, push_hexadecimal, push_padded};

/// Sorted by name.
pub(super) static ALIASES: &[Alias] = &[
    alias!("T", "date of the accept, GMT", |facts, field| {
        let dates = facts.core.logs.dates();
        dates.push_gmt(field.out, facts.record.accept_date.0);
    }),
    alias!(http "TR", "time to receive the request", |facts, field| {
        field.duration(facts.record.timers.request_ms);
    }),
    alias!(http "Ta", "active time of the request", |facts, field| {
        push_early_mark(field.out, facts.record);
        field.duration(facts.record.timers.active_ms);
    }),
    alias!("Tc", "time to connect to the server", |facts, field| {
        field.duration(facts.record.timers.connect_ms);
    }),
    alias!("Td", "time of the transfer of data", |facts, field| {
        field.duration(facts.record.timers.data_ms);
    }),
    alias!(
        "Th",
        "time of the connection's handshakes",
        |facts, field| {
            field.duration(facts.record.timers.handshake_ms);
        }
    ),
    alias!(http "Ti", "idle time before the request", |facts, field| {
        field.duration(facts.record.timers.idle_ms);
    }),
    alias!("Tl", "date of the accept, local", |facts, field| {
        let dates = facts.core.logs.dates();
        dates.push_local(field.out, facts.record.accept_date.0);
    }),
    alias!(http "Tq", "Th, Ti and TR together", |facts, field| {
        let timers = &facts.record.timers;
        let parts = [timers.handshake_ms, timers.idle_ms, timers.request_ms];
        let whole = parts.iter().all(|part| *part >= 0);
        let sum = parts.into_iter().fold(0, i32::saturating_add);
        field.duration(if whole { sum } else { -1 });
    }),
    alias!(http "Tr", "time to the server's response", |facts, field| {
        field.duration(facts.record.timers.response_ms);
    }),
    alias!("Ts", "date of the accept in seconds", |facts, field| {
        let seconds = u64::try_from(facts.record.accept_date.0).unwrap_or(0);
        field.number_or_hexadecimal(seconds, 4);
    }),
    alias!("Tt", "total time", |facts, field| {
        push_early_mark(field.out, facts.record);
        field.duration(facts.record.timers.total_ms);
    }),
    alias!("Tu", "total time without the idle time", |facts, field| {
        push_early_mark(field.out, facts.record);
        field.duration(facts.record.timers.user_ms);
    }),
    alias!("Tw", "time in queues", |facts, field| {
        field.duration(facts.record.timers.queue_ms);
    }),
    alias!("ms", "milliseconds of the accept's date", |facts, field| {
        let millis = facts.record.accept_date.1 / 1000;
        match field.flags.hexadecimal {
            true => push_hexadecimal(field.out, 2, u64::from(millis)),
            false => push_padded(field.out, 3, millis),
        }
    }),
    alias!(
        "t",
        "date of the accept with milliseconds",
        |facts, field| {
            let dates = facts.core.logs.dates();
            dates.push_stamp(field.out, facts.record.accept_date);
        }
    ),
    alias!(http "tr", "date of the request with milliseconds", |f, o| {
        f.core.logs.dates().push_stamp(o.out, f.record.request_date);
    }),
    alias!(http "trg", "date of the request, GMT", |facts, field| {
        let dates = facts.core.logs.dates();
        dates.push_gmt(field.out, facts.record.request_date.0);
    }),
    alias!(http "trl", "date of the request, local", |facts, field| {
        let dates = facts.core.logs.dates();
        dates.push_local(field.out, facts.record.request_date.0);
    }),
];
