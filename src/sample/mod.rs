//! Samples: what rules, ACLs and log formats take from a connection or a message.
//!
//! Owns the patterns that samples are compared with. Rules call in here; nothing here knows
//! the event loop.

pub mod pattern;
