//! Binding a TCP listener: the options, in the order in which they can fail.

use std::io;
use std::net::SocketAddr;

use super::bind::{BindFailure, Bound, Stage, describe};
use crate::config::model::BindOptions;
use crate::sys::socket::{self, stream_socket};
use crate::sys::socket_option as option;
use crate::sys::{self, Endpoint, Family, Fd};

/// Opens, binds and starts a listening TCP socket (dev7: `tcp_bind_listener`). Options the
/// kernel refuses become warnings, as HAProxy does; the address itself must be had.
///
/// # Errors
/// The failure in HAProxy's words; nothing stays open.
pub(super) fn bind_tcp(
    address: SocketAddr,
    options: &BindOptions,
    backlog: u32,
) -> Result<Bound, BindFailure> {
    let place = place(address);
    let failure = |stage, text: &str, error: &io::Error| BindFailure {
        stage,
        text: format!("{text} ({}){place}", describe(error)),
        is_retryable: error.kind() == io::ErrorKind::AddrInUse,
    };
    let family = Family::of_ip(address.ip());
    let fd = stream_socket(family)
        .map_err(|error| failure(Stage::Binding, "cannot create receiving socket", &error))?;
    let mut warnings = Warnings::default();
    warnings.set_binding_options(fd, family, options);
    warnings.set_listening_options(fd, family, options);
    let started = socket::bind(fd, &Endpoint::Ip(address))
        .map_err(|error| failure(Stage::Binding, "cannot bind socket", &error))
        .and_then(|()| {
            socket::listen(fd, backlog)
                .map_err(|error| failure(Stage::Starting, "cannot listen to socket", &error))
        });
    if let Err(failed) = started {
        // The failure to report is the one at hand, not what closing might add.
        let _ = sys::close(fd);
        return Err(failed);
    }
    Ok(Bound {
        fd,
        local: socket::getsockname(fd).unwrap_or_else(|_| address.into()),
        backup: None,
        warnings: warnings.placed_at(address),
    })
}

/// Sets what a socket taken over from another process may still get.
pub(super) fn adjust(fd: Fd, address: SocketAddr, options: &BindOptions) -> Vec<BindFailure> {
    let mut warnings = Warnings::default();
    warnings.set_listening_options(fd, Family::of_ip(address.ip()), options);
    warnings.placed_at(address)
}

/// What the kernel refused so far.
#[derive(Default)]
struct Warnings(Vec<BindFailure>);

impl Warnings {
    fn note(&mut self, stage: Stage, result: io::Result<()>, text: &str) {
        if result.is_err() {
            self.0.push(BindFailure {
                stage,
                text: text.to_string(),
                is_retryable: false,
            });
        }
    }

    /// What must be set before the address is bound.
    fn set_binding_options(&mut self, fd: Fd, family: Family, options: &BindOptions) {
        let stage = Stage::Binding;
        self.note(
            stage,
            option::set_reuse_address(fd, true),
            "cannot do so_reuseaddr",
        );
        if options.transparent {
            let result = option::set_transparent(fd, family);
            self.note(stage, result, "cannot make receiving socket transparent");
        }
        if let Some(interface) = &options.interface {
            let result = option::bind_to_device(fd, interface);
            let reason = result.as_ref().err().map(describe).unwrap_or_default();
            let text = format!("cannot bind receiver to device '{interface}' ({reason})");
            self.note(stage, result, &text);
        }
        if let Some(only) = options.v6only.filter(|_| family == Family::V6) {
            self.note(
                stage,
                option::set_v6only(fd, only),
                "cannot change IPV6_V6ONLY",
            );
        }
    }

    /// What may be set at any time.
    fn set_listening_options(&mut self, fd: Fd, family: Family, options: &BindOptions) {
        let stage = Stage::Starting;
        if options.mss != 0 {
            let result = option::set_max_segment(fd, segment_size(family, options.mss));
            self.note(stage, result, &format!("cannot set MSS to {}", options.mss));
        }
        if options.tcp_user_timeout_ms != 0 {
            let result = option::set_user_timeout(fd, options.tcp_user_timeout_ms);
            self.note(stage, result, "cannot set TCP User Timeout");
        }
        if options.defer_accept {
            let result = option::set_defer_accept(fd, DEFER_ACCEPT_S);
            self.note(stage, result, "cannot enable DEFER_ACCEPT");
        }
        if options.tcp_fast_open {
            let result = option::set_fast_open(fd, FAST_OPEN_QUEUE);
            self.note(stage, result, "cannot enable TCP_FASTOPEN");
        }
    }

    fn placed_at(mut self, address: SocketAddr) -> Vec<BindFailure> {
        for warning in &mut self.0 {
            warning.text.push_str(&place(address));
        }
        self.0
    }
}

/// An address as HAProxy writes it in messages, IPv6 without brackets of its own.
fn place(address: SocketAddr) -> String {
    format!(" for [{}:{}]", address.ip(), address.port())
}

/// The segment size for an `mss`: a negative one counts down from what Ethernet carries.
fn segment_size(family: Family, mss: i32) -> u32 {
    let full = match family {
        Family::V4 | Family::Unix => ETHERNET_MTU - V4_HEADERS_LEN,
        Family::V6 => ETHERNET_MTU - V6_HEADERS_LEN,
    };
    u32::try_from(mss).unwrap_or_else(|_| full.saturating_sub(mss.unsigned_abs()))
}

/// Seconds a connection without data stays in the kernel with `defer-accept`.
const DEFER_ACCEPT_S: u32 = 1;
/// Fast-open connections the kernel may hold before their handshake ends.
const FAST_OPEN_QUEUE: u32 = 1_024;
const ETHERNET_MTU: u32 = 1_500;
const V4_HEADERS_LEN: u32 = 40;
const V6_HEADERS_LEN: u32 = 60;
