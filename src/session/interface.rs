//! A stream interface: one end of a session, a socket or an applet, with its state.
//!
//! A session has two: the client's and the server's. The state tells how far the
//! connection is; errors are noted beside it and acted upon by the session task only.
//!
//! ```text
//! INI -> REQ -> QUE -> ASS -> CON -> EST -> DIS -> CLO
//!         ^      |      |      |
//!         |      |      v      v
//!         +------+---- TAR <- CER ---------> CLO
//! ```

use super::flags::flag_set;
use crate::applet::Applet;
use crate::engine::tick::Tick;
use crate::sys::Fd;

/// How far the end's connection is. Ordered: later states compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum InterfaceState {
    /// Nothing was asked for.
    #[default]
    Initial,
    /// A connection is wanted; left within the same run of the task.
    Requested,
    /// Waiting in a queue for a server's slot.
    Queued,
    /// Pausing before the next try.
    TurnAround,
    /// A server was assigned, the connection is to be opened.
    Assigned,
    /// Connecting.
    Connecting,
    /// The try failed and gave back its resources; left within the same run.
    ConnectError,
    /// Established.
    Established,
    /// Just disconnected; left within the same run.
    Disconnected,
    /// Closed for good.
    Closed,
}

/// Why an end failed, as far as it matters for the answer and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InterfaceError {
    /// It did not.
    #[default]
    None,
    /// The wait in the queue took too long.
    QueueTimeout,
    /// The queue is full.
    QueueError,
    /// The client left while queued.
    QueueAbort,
    /// Connecting took too long.
    ConnectTimeout,
    /// The connection was refused.
    ConnectError,
    /// The client left while connecting.
    ConnectAbort,
    /// Ports or addresses are used up, or the configuration does not fit the system.
    ConnectOther,
    /// Descriptors or memory are used up.
    ConnectResource,
    /// Data did not move in time.
    DataTimeout,
    /// The established connection failed.
    DataError,
    /// The other side left while data was moving.
    DataAbort,
}

flag_set! {
    /// Events and demands of a stream interface.
    InterfaceFlags: u8 {
        /// Its timer fired.
        EXP = 0x1;
        /// A fatal error occurred on the connection.
        ERR = 0x2;
        /// Reading stopped: the buffer is full.
        WAIT_ROOM = 0x4;
        /// Writing stopped: the buffer is empty.
        WAIT_DATA = 0x8;
        /// Events are not to wake the task (the task itself is running).
        DONT_WAKE = 0x10;
        /// A write does not refresh the read timer of the same end.
        INDEPENDENT = 0x20;
        /// Close with a reset.
        NOLINGER = 0x40;
        /// The connection was taken from the idle pool.
        REUSED = 0x80;
    }
}

/// What stands behind an end.
#[derive(Default)]
pub enum Endpoint {
    /// Nothing yet, or nothing any more.
    #[default]
    None,
    /// A connected or connecting socket.
    Socket(Fd),
    /// Code inside the process that produces and consumes like a peer.
    Applet(Box<Applet>),
}

/// One end of a session.
#[derive(Default)]
pub struct StreamInterface {
    /// Progress of the connection.
    pub state: InterfaceState,
    /// State when the task was last left, to notice changes.
    pub previous: InterfaceState,
    /// First reason of failure.
    pub error: InterfaceError,
    /// Events and demands.
    pub flags: InterfaceFlags,
    /// When the connection attempt, queueing or pause ends.
    pub exp: Tick,
    /// What stands behind it.
    pub endpoint: Endpoint,
}

impl StreamInterface {
    /// The socket behind the interface.
    pub const fn fd(&self) -> Option<Fd> {
        match self.endpoint {
            Endpoint::Socket(fd) => Some(fd),
            Endpoint::None | Endpoint::Applet(_) => None,
        }
    }

    /// True when an applet behind it has produced more than the channel took.
    pub fn has_blocked_applet(&self) -> bool {
        match &self.endpoint {
            Endpoint::Applet(applet) => applet.is_blocked(),
            Endpoint::None | Endpoint::Socket(_) => false,
        }
    }

    /// True for states in which a socket may be open.
    pub const fn is_connected(&self) -> bool {
        matches!(self.state, InterfaceState::Established)
    }

    /// Notes the reason of a failure unless an earlier one is known.
    pub fn note_error(&mut self, error: InterfaceError) {
        if self.error == InterfaceError::None {
            self.error = error;
        }
    }
}
