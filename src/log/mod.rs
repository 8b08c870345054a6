//! Traffic logs: formats and senders.
pub struct Logs;
