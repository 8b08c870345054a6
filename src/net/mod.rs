//! The network: protocols, listeners, addresses, the PROXY protocol, outgoing connections.

pub mod address;
pub mod connect;
pub mod pipe;
pub mod port_range;
pub mod proxy_protocol;
