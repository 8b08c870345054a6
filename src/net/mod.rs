//! The network: protocols, listeners, addresses, the PROXY protocol, outgoing connections.

pub mod address;
pub mod proxy_protocol;
