//! Samples: what rules and logs compute about a connection or a message.
//!
//! [`compute`] holds the pure functions behind the converters, [`tls_hello`] reads the first
//! message of TLS; nothing here owns a socket, a session or a timer.

pub mod compute;
pub mod tls_hello;
