//! The network: protocols, listeners, addresses, the PROXY protocol, outgoing connections.
