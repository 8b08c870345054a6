//! The line of an accepted connection, when no format is chosen (manual, section 8.2.1).

use super::text::{push_peer, push_u32};
use crate::config::model::Mode;
use crate::log::record::Record;
use crate::net::address::PeerAddress;

/// Appends `Connect from host:port to host:port (frontend/MODE)`, or `Connect to unix:id
/// (frontend/MODE)`, without a line end.
pub fn write_connect(out: &mut Vec<u8>, record: &Record<'_>) {
    if record.client == PeerAddress::Unix {
        out.extend_from_slice(b"Connect to unix:");
        push_u32(out, record.listener_id);
    } else {
        out.extend_from_slice(b"Connect from ");
        push_peer(out, record.client, record.listener_id);
        out.extend_from_slice(b" to ");
        push_peer(out, record.destination, record.listener_id);
    }
    out.extend_from_slice(b" (");
    out.extend_from_slice(record.frontend.as_bytes());
    out.extend_from_slice(match record.mode {
        Mode::Http => b"/HTTP)",
        Mode::Tcp | Mode::Health => b"/TCP)",
    });
}
