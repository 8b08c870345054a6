//! Traffic logs: formats and senders.
