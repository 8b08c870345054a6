//! The network: protocols, listeners, addresses, the PROXY protocol, outgoing connections.
#![warn(
    clippy::wildcard_enum_match_arm,
    reason = "a new state or address kind must be thought of everywhere"
)]

pub mod accept;
pub mod address;
pub mod admission;
pub mod bind;
mod bind_tcp;
mod bind_unix;
pub mod connect;
pub mod inherited_options;
pub mod listener;
pub mod listeners;
pub mod pipe;
pub mod port_range;
pub mod proxy_protocol;
pub mod rdp_cookie;
pub mod splice;
pub mod stream_sock;
