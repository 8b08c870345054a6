//! The two sides of a session, so that code for one end serves both.

use super::channel::Channel;
use super::interface::StreamInterface;
use super::session::Session;
use crate::sys::Fd;

/// One end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Towards the client.
    Client,
    /// Towards the server.
    Server,
}

impl Side {
    /// The opposite end.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One end with the channels it fills and drains.
pub struct Ends<'a> {
    /// The end itself.
    pub interface: &'a mut StreamInterface,
    /// What it produces into.
    pub input: &'a mut Channel,
    /// What it consumes.
    pub output: &'a mut Channel,
}

impl Session {
    /// One side with its channels.
    pub const fn ends(&mut self, side: Side) -> Ends<'_> {
        match side {
            Side::Client => Ends {
                interface: &mut self.client,
                input: &mut self.request,
                output: &mut self.response,
            },
            Side::Server => Ends {
                interface: &mut self.server_side,
                input: &mut self.response,
                output: &mut self.request,
            },
        }
    }

    /// The interface of one side.
    pub const fn interface(&mut self, side: Side) -> &mut StreamInterface {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server_side,
        }
    }

    /// Which side a descriptor belongs to.
    pub fn side_of(&self, fd: Fd) -> Option<Side> {
        if self.client.fd() == Some(fd) {
            return Some(Side::Client);
        }
        (self.server_side.fd() == Some(fd)).then_some(Side::Server)
    }
}
