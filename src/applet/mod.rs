//! Applets: endpoints that live inside the process instead of behind a socket.
//!
//! An applet stands where a server would, behind a session's stream interface. It is run by
//! the session's task, consumes what is scheduled for it, produces into the channel towards
//! the client and stops when that is full, as a socket does. Closed set, so an enum.

mod reply;

pub mod cli;
pub mod stats;

pub use reply::ReplyApplet;

use crate::session::{Session, Side};
use crate::worker::{Core, Worker};

/// An endpoint inside the process.
pub enum Applet {
    /// Produces a configured answer (`http-request return`).
    Reply(ReplyApplet),
    /// Serves a command socket.
    Cli(Box<cli::CliApplet>),
}

impl Applet {
    /// An applet for a connection to command socket number `socket`.
    pub fn cli(socket: u32, core: &Core) -> Self {
        Self::Cli(Box::new(cli::CliApplet::new(socket, core)))
    }

    /// Consumes and produces as much as there is and fits.
    pub fn run(&mut self, session: &mut Session, side: Side, worker: &mut Worker) {
        match self {
            Self::Reply(reply) => reply.run(session, &mut worker.core),
            Self::Cli(cli) => cli.run(session, side, worker),
        }
    }

    /// True when it has produced more than the channel took.
    pub fn is_blocked(&self) -> bool {
        match self {
            Self::Reply(reply) => reply.is_blocked(),
            Self::Cli(cli) => cli.is_blocked(),
        }
    }

    /// True for one whose memory is worth keeping for the next.
    const fn is_small(&self) -> bool {
        match self {
            Self::Reply(_) => true,
            Self::Cli(_) => false,
        }
    }

    /// The name shown where a server's name would be.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reply(_) => "<REPLY>",
            Self::Cli(_) => "<CLI>",
        }
    }
}

impl Core {
    /// Gives an applet a place of its own, a used one where possible.
    pub fn place_applet(&mut self, applet: Applet) -> Box<Applet> {
        match self.spare_applets.pop() {
            Some(mut place) => {
                *place = applet;
                place
            }
            None => Box::new(applet),
        }
    }

    /// Takes the place of an applet that is done, for the next one.
    pub fn recycle_applet(&mut self, applet: Box<Applet>) {
        if applet.is_small() && self.spare_applets.len() < SPARE_MAX {
            self.spare_applets.push(applet);
        }
    }
}

/// Places that are kept; more are only used at once while slow clients take their answers.
const SPARE_MAX: usize = 256;
