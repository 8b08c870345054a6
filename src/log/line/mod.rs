//! The text of traffic lines: `option httplog`, `option tcplog`, CLF, "Connect from".
//!
//! Writers append to a buffer that the caller reuses; none of them allocates once the buffer
//! has grown, and none uses the formatting machinery. Invariant: what peers chose (request
//! lines, cookies, captured headers) is escaped, so that no line holds a control byte.

pub mod clf;
pub mod connect;
pub mod date;
pub mod escape;
pub mod http;
pub mod json;
pub mod tcp;
pub mod text;

#[cfg(test)]
mod tests;
