//! weir: a TCP and HTTP load balancer with the event loop of HAProxy 1.5-dev7.
