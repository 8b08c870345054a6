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
    let place = format!(" for [{}]", Written(address));
    let failure = |stage, text: &str, error: &io::Error| BindFailure {
        stage,
        text: format!("{text} ({}){place}", describe(error)),
        is_retryable: error.kind() == io::ErrorKind::AddrInUse,
    };
    let family = Family::of_ip(address.ip());
    let fd = stream_socket(family)
        .map_err(|error| failure(Stage::Binding, "cannot create receiving socket", &error))?;
    let mut warnings = set_options(fd, family, options);
    for warning in &mut warnings {
        warning.text.push_str(&place);
    }
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
        warnings,
    })
}

/// Sets what the line asks for and returns what the kernel refused.
fn set_options(fd: Fd, family: Family, options: &BindOptions) -> Vec<BindFailure> {
    let mut warnings = Vec::new();
    let mut warn = |stage, result: io::Result<()>, text: &dyn Fn(&io::Error) -> String| {
        if let Err(error) = result {
            warnings.push(BindFailure {
                stage,
                text: text(&error),
                is_retryable: false,
            });
        }
    };
    warn(Stage::Binding, option::set_reuse_address(fd, true), &|_| {
        "cannot do so_reuseaddr".into()
    });
    if options.transparent {
        warn(Stage::Binding, option::set_transparent(fd, family), &|_| {
            "cannot make receiving socket transparent".into()
        });
    }
    if let Some(interface) = &options.interface {
        warn(
            Stage::Binding,
            option::bind_to_device(fd, interface),
            &|error| {
                format!(
                    "cannot bind receiver to device '{interface}' ({})",
                    describe(error)
                )
            },
        );
    }
    if let Some(only) = options.v6only.filter(|_| family == Family::V6) {
        warn(Stage::Binding, option::set_v6only(fd, only), &|error| {
            format!("cannot set IPV6_V6ONLY ({})", describe(error))
        });
    }
    if options.mss != 0 {
        let size = segment_size(family, options.mss);
        warn(Stage::Starting, option::set_max_segment(fd, size), &|_| {
            format!("cannot set MSS to {}", options.mss)
        });
    }
    if options.defer_accept {
        warn(
            Stage::Starting,
            option::set_defer_accept(fd, DEFER_ACCEPT_S),
            &|_| "cannot enable DEFER_ACCEPT".into(),
        );
    }
    if options.tcp_fast_open {
        warn(
            Stage::Starting,
            option::set_fast_open(fd, FAST_OPEN_QUEUE),
            &|_| "cannot enable TCP_FASTOPEN".into(),
        );
    }
    warnings
}

/// The segment size for an `mss`: a negative one counts down from what Ethernet carries.
fn segment_size(family: Family, mss: i32) -> u32 {
    let full = match family {
        Family::V4 | Family::Unix => ETHERNET_MTU - V4_HEADERS_LEN,
        Family::V6 => ETHERNET_MTU - V6_HEADERS_LEN,
    };
    u32::try_from(mss).unwrap_or_else(|_| full.saturating_sub(mss.unsigned_abs()))
}

/// An address as HAProxy writes it in messages, IPv6 without brackets of its own.
struct Written(SocketAddr);

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0.ip(), self.0.port())
    }
}

/// Seconds a connection without data stays in the kernel with `defer-accept`.
const DEFER_ACCEPT_S: u32 = 1;
/// Fast-open connections the kernel may hold before their handshake ends.
const FAST_OPEN_QUEUE: u32 = 1_024;
const ETHERNET_MTU: u32 = 1_500;
const V4_HEADERS_LEN: u32 = 40;
const V6_HEADERS_LEN: u32 = 60;
