//! A listener: one socket that accepts connections for a frontend, and its state.
//!
//! `Listeners` owns them all and calls the transitions here; accept callbacks, the end of
//! sessions, signals and commands go through it. Invariants: `fd` is there exactly in the
//! states from Paused on; the poller watches it exactly in the state Ready; a listener that
//! is Limited waits in the queue of `Listeners`.

use std::io;

use super::address::PeerAddress;
use super::bind_unix::UnixBackup;
use crate::config::model::{AddressSpec, BindId, BindOptions, Place, ProxyId};
use crate::engine::fdtab::{Direction, FdCallback, Fdtab, Polling};
use crate::sys::socket;
use crate::sys::{self, Fd};

/// What a listener is doing, in dev7's order: comparisons like "at least listening" hold.
///
/// ```text
/// New -> Init -> Assigned --bind--> Listen --enable--> Ready <----------+
///                   ^                 ^ |               | | |           | resume
///                   |                 | +--- disable ---+ | |           |
///                   |                 |                   | +--full---> Full
///                   +------stop-------+--- any state      +--limit----> Limited
///
/// Paused: from Listen on by pause; to Ready (or Full) by resume, to Listen if never enabled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenerState {
    /// Not initialised.
    New,
    /// All parameters known, not yet assigned to a protocol.
    Init,
    /// Assigned to its protocol, without a socket.
    Assigned,
    /// Its socket was told to stop listening, and may listen again.
    Paused,
    /// Its socket listens; nobody accepts yet.
    Listen,
    /// Accepting.
    Ready,
    /// Its own limit of connections is reached.
    Full,
    /// A limit of the frontend or of the process is reached.
    Limited,
}

/// A listener: its position in the table of the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ListenerId(pub u32);

impl ListenerId {
    /// The position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which line of the configuration asked for a listener, and so who serves its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A `bind` line: sessions of its proxy.
    Bind(BindId),
    /// The n-th `stats socket` line: the command applet.
    StatsSocket(u32),
}

/// One socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    /// Its position in the table; the owner of its fd in fdtab.
    pub id: ListenerId,
    /// Where it comes from.
    pub origin: Origin,
    /// The frontend; `None` for command sockets.
    pub proxy: Option<ProxyId>,
    /// Where it listens, as configured.
    pub address: AddressSpec,
    /// How.
    pub options: BindOptions,
    /// The line that declared it.
    pub place: Place,
    /// Where it listens, as the kernel tells: the port chosen for port 0 included.
    pub local: PeerAddress,
    /// Its socket.
    pub fd: Option<Fd>,
    /// What it is doing.
    pub state: ListenerState,
    /// Connections accepted here and still open.
    pub connections: u32,
    /// `maxconn` of the line or its frontend; 0 unlimited.
    pub connections_max: u32,
    /// Connections the kernel may queue.
    pub backlog: u32,
    /// Processes that serve it: bit 0 is process 1; 0 means all.
    pub process_mask: u64,
    pub(super) backup: Option<UnixBackup>,
    /// Several processes accept from its socket.
    pub(super) is_shared: bool,
}

/// What pausing achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// The address is free and the socket kept.
    Kept,
    /// The socket had to be closed: abstract names are only free once nobody holds them.
    Closed,
}

impl Listener {
    /// True when it has a socket.
    pub fn is_bound(&self) -> bool {
        self.state >= ListenerState::Paused
    }

    /// True when its own limit of connections is reached.
    pub const fn is_at_limit(&self) -> bool {
        self.connections_max != 0 && self.connections >= self.connections_max
    }

    /// True when process `number` (from 1) serves it.
    pub const fn belongs_to(&self, number: u32) -> bool {
        match number.checked_sub(1) {
            Some(bit) if self.process_mask != 0 => {
                bit < u64::BITS && self.process_mask & (1 << bit) != 0
            }
            Some(_) | None => true,
        }
    }

    /// Listen -> Ready, or Full (dev7: `enable_listener`).
    pub(super) fn enable<C>(&mut self, fdtab: &mut Fdtab<C>, accept: FdCallback<C>) {
        let Some(fd) = self.fd.filter(|_| self.state == ListenerState::Listen) else {
            return;
        };
        if !fdtab.contains(fd) {
            fdtab.insert(fd, u64::from(self.id.0), accept, never::<C>);
        }
        self.accept_again(fdtab);
    }

    /// Ready, Full or Limited -> Listen (dev7: `disable_listener`).
    pub(super) fn disable<C>(&mut self, fdtab: &mut Fdtab<C>) {
        if self.state >= ListenerState::Ready {
            self.hold(fdtab, ListenerState::Listen);
        }
    }

    /// Listen, Ready, Full or Limited -> Paused: the address is free for another process.
    ///
    /// # Errors
    /// What the kernel said to shutting the socket; the state stays as it was.
    pub(super) fn pause<C>(&mut self, fdtab: &mut Fdtab<C>) -> io::Result<Paused> {
        let Some(fd) = self.fd.filter(|_| self.state > ListenerState::Paused) else {
            return Ok(Paused::Kept);
        };
        match self.address {
            // Several processes may do this to one socket, in any order.
            AddressSpec::Ip(_) => socket::disconnect(fd)?,
            AddressSpec::Abstract(_) => {
                self.stop(fdtab);
                return Ok(Paused::Closed);
            }
            // Another process takes a path over by renaming, and inherited sockets are not
            // ours to shut.
            AddressSpec::Unix(_) | AddressSpec::Inherited(_) => {}
        }
        self.hold(fdtab, ListenerState::Paused);
        Ok(Paused::Kept)
    }

    /// Paused, Full or Limited -> Ready, or Full (dev7: `resume_listener`).
    ///
    /// # Errors
    /// EADDRINUSE when another process listens there meanwhile; it stays Paused.
    pub(super) fn resume<C>(&mut self, fdtab: &mut Fdtab<C>) -> io::Result<()> {
        let Some(fd) = self.fd else {
            return Ok(());
        };
        match self.state {
            ListenerState::Paused => {
                if matches!(self.address, AddressSpec::Ip(_)) {
                    socket::listen(fd, self.backlog)?;
                }
                self.accept_again(fdtab);
            }
            ListenerState::Full | ListenerState::Limited => self.accept_again(fdtab),
            ListenerState::New
            | ListenerState::Init
            | ListenerState::Assigned
            | ListenerState::Listen
            | ListenerState::Ready => {}
        }
        Ok(())
    }

    /// Ready or Limited -> Full (dev7: `listener_full`).
    pub(super) fn full<C>(&mut self, fdtab: &mut Fdtab<C>) {
        if self.state >= ListenerState::Ready {
            self.hold(fdtab, ListenerState::Full);
        }
    }

    /// Ready -> Limited (dev7: `limit_listener`); false when it was not accepting.
    pub(super) fn limit<C>(&mut self, fdtab: &mut Fdtab<C>) -> bool {
        if self.state != ListenerState::Ready {
            return false;
        }
        self.hold(fdtab, ListenerState::Limited);
        true
    }

    /// Any state with a socket -> Assigned: the socket is closed (dev7: `unbind_listener`).
    /// True when there was one.
    pub(super) fn stop<C>(&mut self, fdtab: &mut Fdtab<C>) -> bool {
        let Some(fd) = self.fd.take() else {
            return false;
        };
        self.state = ListenerState::Assigned;
        if fdtab.contains(fd) {
            fdtab.delete(fd);
        } else {
            close_quietly(fd);
        }
        true
    }

    /// As [`Self::stop`] for a process whose fdtab has not met the socket yet.
    pub(super) fn unbind(&mut self) -> bool {
        let Some(fd) = self.fd.take() else {
            return false;
        };
        self.state = ListenerState::Assigned;
        close_quietly(fd);
        true
    }

    fn accept_again<C>(&mut self, fdtab: &mut Fdtab<C>) {
        let Some(fd) = self.fd else {
            return;
        };
        if !fdtab.contains(fd) {
            // Paused before it was ever enabled, which it still has to be.
            self.state = ListenerState::Listen;
            return;
        }
        if self.is_at_limit() {
            self.hold(fdtab, ListenerState::Full);
            return;
        }
        self.state = ListenerState::Ready;
        if self.is_shared {
            fdtab.arm_exclusive(fd);
            return;
        }
        fdtab.arm(fd, Direction::Read);
    }

    fn hold<C>(&mut self, fdtab: &mut Fdtab<C>, state: ListenerState) {
        if let Some(fd) = self.fd {
            fdtab.disarm(fd, Direction::Read);
        }
        self.state = state;
    }
}

/// Nothing that closing a listening socket reports could be acted upon.
fn close_quietly(fd: Fd) {
    let _ = sys::close(fd);
}

/// Listening sockets are never armed for writing.
fn never<C>(_: &mut C, _: Fd) -> Polling {
    Polling::Wait
}
