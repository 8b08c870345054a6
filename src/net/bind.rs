//! From an address to a listening socket: newly bound, inherited, or handed over.
//!
//! `Listeners::protocol_bind_all` calls [`bind_address`] for each listener; the protocols
//! are in `bind_tcp` and `bind_unix`. Invariant: a failure leaves nothing open and the file
//! system as it was.

use std::io;

use nix::errno::Errno;

use super::address::PeerAddress;
use super::bind_tcp::{adjust, bind_tcp};
use super::bind_unix::{UnixBackup, bind_abstract, bind_path};
use crate::config::model::{AddressSpec, BindOptions};
use crate::sys::{self, Fd, SocketName, socket, socket_option};

/// A listening socket.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub fd: Fd,
    /// Where it listens.
    pub local: PeerAddress,
    /// How to undo the binding of a path.
    pub backup: Option<UnixBackup>,
    /// What the kernel refused without stopping us.
    pub warnings: Vec<BindFailure>,
}

/// The part of a start that failed; HAProxy's messages begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Getting the address.
    Binding,
    /// Listening on it.
    Starting,
}

impl Stage {
    /// The word messages begin with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Binding => "Binding",
            Self::Starting => "Starting",
        }
    }
}

/// What went wrong, in HAProxy's words, without the place and the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindFailure {
    /// Where it went wrong.
    pub stage: Stage,
    /// For instance `cannot bind socket (Address already in use) for [127.0.0.1:80]`.
    pub text: String,
    /// Trying again may help: another process may still let go of the address.
    pub is_retryable: bool,
}

/// Listening sockets received from the process that is being replaced, by name.
#[derive(Debug, Default)]
pub struct HandedOver {
    sockets: Vec<(SocketName, Fd)>,
}

impl HandedOver {
    /// Takes in a received descriptor; false when it is no listening stream socket, and it
    /// stays the caller's.
    pub fn add(&mut self, fd: Fd) -> bool {
        let is_usable =
            socket::is_listening(fd).unwrap_or(false) && socket::is_stream(fd).unwrap_or(false);
        let Some(name) = socket::socket_name(fd).ok().filter(|_| is_usable) else {
            return false;
        };
        self.sockets.push((name, fd));
        true
    }

    /// Sockets nobody has taken.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// The socket that listens where `address` says, through the same interface.
    fn take(&mut self, address: &AddressSpec, options: &BindOptions) -> Option<Fd> {
        let wanted = match address {
            AddressSpec::Ip(ip) => SocketName::Ip(*ip),
            AddressSpec::Unix(path) => SocketName::Unix(path.clone()),
            AddressSpec::Abstract(name) => SocketName::Abstract(name.clone()),
            AddressSpec::Inherited(_) => return None,
        };
        let is_ip = matches!(address, AddressSpec::Ip(_));
        let index = self
            .sockets
            .iter()
            .position(|(name, fd)| *name == wanted && (!is_ip || is_of_same_scope(*fd, options)))?;
        Some(self.sockets.swap_remove(index).1)
    }
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        for (_, fd) in self.sockets.drain(..) {
            // A listener the new configuration does not have: nothing to report.
            let _ = sys::close(fd);
        }
    }
}

/// True when an IP socket hears the interface and the families that `options` ask for, which
/// cannot be changed once it is bound.
fn is_of_same_scope(fd: Fd, options: &BindOptions) -> bool {
    let interface = options.interface.as_deref().unwrap_or_default();
    let families_agree = match options.v6only {
        Some(wanted) => socket_option::is_v6only(fd).is_none_or(|only| only == wanted),
        None => true,
    };
    families_agree && socket_option::is_bound_to_device(fd, interface)
}

/// Gets a socket that listens at `address`: one handed over if there is, else a new one.
///
/// # Errors
/// The failure in HAProxy's words.
pub fn bind_address(
    address: &AddressSpec,
    options: &BindOptions,
    backlog: u32,
    handed_over: &mut HandedOver,
) -> Result<Bound, BindFailure> {
    if let Some(fd) = handed_over.take(address, options) {
        let mut bound = adopt(fd, backlog).map_err(|error| refused(fd, &error))?;
        if let AddressSpec::Ip(ip) = address {
            bound.warnings = adjust(fd, *ip, options);
        }
        return Ok(bound);
    }
    match address {
        AddressSpec::Ip(ip) => bind_tcp(*ip, options, backlog),
        AddressSpec::Unix(path) => bind_path(path, &options.unix, backlog),
        AddressSpec::Abstract(name) => bind_abstract(name, backlog),
        AddressSpec::Inherited(number) => {
            let fd = Fd::new(*number);
            adopt(fd, backlog).map_err(|error| refused(fd, &error))
        }
    }
}

/// Takes over a socket that is bound already: it is never bound again, and told to listen
/// only if it does not.
fn adopt(fd: Fd, backlog: u32) -> io::Result<Bound> {
    if !socket::is_stream(fd)? {
        return Err(Errno::EPROTOTYPE.into());
    }
    let local = socket::getsockname(fd)?;
    if !local.is_known() {
        return Err(Errno::EAFNOSUPPORT.into());
    }
    sys::set_nonblocking(fd)?;
    sys::set_close_on_exec(fd)?;
    if !socket::is_listening(fd)? {
        socket::listen(fd, backlog)?;
    }
    Ok(Bound {
        fd,
        local,
        backup: None,
        warnings: Vec::new(),
    })
}

fn refused(fd: Fd, error: &io::Error) -> BindFailure {
    BindFailure {
        stage: Stage::Binding,
        text: format!(
            "cannot use file descriptor '{}' : {}.",
            fd.raw(),
            describe(error)
        ),
        is_retryable: false,
    }
}

/// The system's sentence for an error, as `strerror` gives it: without the number that Rust
/// writes behind it.
pub(super) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text.get(..end).unwrap_or_default().to_string(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
