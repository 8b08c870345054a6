//! The line of `option tcplog` (manual, section 8.2.2).

use super::date::Dates;
use super::text::{push_counts, push_early_mark, push_i32, push_names, push_peer, push_u64};
use crate::log::record::Record;

/// Appends `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`, without
/// a line end.
pub fn write_tcp(out: &mut Vec<u8>, dates: &Dates, record: &Record<'_>) {
    push_peer(out, record.client, record.listener_id);
    out.push(b' ');
    dates.push_traffic(out, record.accept_date);
    push_names(out, record);
    push_i32(out, record.timers.queue_ms);
    out.push(b'/');
    push_i32(out, record.timers.connect_ms);
    out.push(b'/');
    push_early_mark(out, record);
    push_i32(out, record.timers.total_ms);
    out.push(b' ');
    push_early_mark(out, record);
    push_u64(out, record.bytes_out);
    out.push(b' ');
    let [cause, stage, _, _] = record.termination;
    out.extend_from_slice(&[cause, stage]);
    push_counts(out, record);
}
