//! Socket options that accepted connections inherit from their listener.
//!
//! Linux copies a listening socket's options to every socket it accepts, so they are set
//! once at start instead of once per connection. Called by the worker before it accepts.

use crate::config::model::{ProxyOption, ProxyOptions, Tuning};
use crate::sys::Fd;
use crate::sys::socket_option as option;

/// Prepares a TCP listener for the clients of a frontend with these options. An option that
/// cannot be set costs speed, not correctness.
pub fn prepare(listener: Fd, options: ProxyOptions, tuning: &Tuning) {
    let _ = option::set_nodelay(listener, true);
    if options.has(ProxyOption::ClientTcpKeepAlive) {
        let _ = option::set_keepalive(listener, true);
    }
    if options.has(ProxyOption::TcpSmartAccept) {
        let _ = option::set_quickack(listener, false);
    }
    if tuning.rcvbuf_client > 0 {
        let _ = option::set_receive_buffer(listener, tuning.rcvbuf_client);
    }
    if tuning.sndbuf_client > 0 {
        let _ = option::set_send_buffer(listener, tuning.sndbuf_client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{getsockopt, sockopt};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    #[test]
    fn accepted_sockets_inherit_what_the_listener_was_given() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut options = ProxyOptions::default();
        options.set(ProxyOption::ClientTcpKeepAlive, true);
        prepare(Fd::new(listener.as_raw_fd()), options, &Tuning::default());
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(getsockopt(&accepted, sockopt::TcpNoDelay).unwrap());
        assert!(getsockopt(&accepted, sockopt::KeepAlive).unwrap());
    }
}
