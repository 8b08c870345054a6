//! How a session or request ended: the first two letters of the termination state.
//!
//! Noted once, by whoever sees the cause first; everything later is a consequence. The
//! letters are those of the manual's section on session state at disconnection.

use super::interface::{InterfaceError, InterfaceState};

/// Who or what ended the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Cause {
    /// It ended normally.
    #[default]
    Normal,
    /// The client aborted.
    ClientAbort,
    /// The client stalled.
    ClientTimeout,
    /// The server aborted or refused.
    ServerAbort,
    /// The server stalled.
    ServerTimeout,
    /// The proxy refused it.
    Proxy,
    /// A resource of the proxy was exhausted.
    Resource,
    /// An internal error, or a shortage of the system's.
    Internal,
    /// The server went down and its sessions were ended.
    Down,
    /// An administrator ended it.
    Killed,
    /// The proxy answered by itself.
    Local,
}

impl Cause {
    /// First letter of the termination state.
    pub const fn letter(self) -> char {
        match self {
            Self::Normal => '-',
            Self::ClientAbort => 'C',
            Self::ClientTimeout => 'c',
            Self::ServerAbort => 'S',
            Self::ServerTimeout => 's',
            Self::Proxy => 'P',
            Self::Resource => 'R',
            Self::Internal => 'I',
            Self::Down => 'D',
            Self::Killed => 'K',
            Self::Local => 'L',
        }
    }
}

/// What the session was doing when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Stage {
    /// Nothing in particular.
    #[default]
    None,
    /// Waiting for the request.
    Request,
    /// Waiting in a queue.
    Queue,
    /// Connecting to the server.
    Connect,
    /// Waiting for the response's head.
    Headers,
    /// Transferring data.
    Data,
    /// Sending the last data to the client.
    Last,
    /// Held in the tarpit.
    Tarpit,
}

impl Stage {
    /// Second letter of the termination state.
    pub const fn letter(self) -> char {
        match self {
            Self::None => '-',
            Self::Request => 'R',
            Self::Queue => 'Q',
            Self::Connect => 'C',
            Self::Headers => 'H',
            Self::Data => 'D',
            Self::Last => 'L',
            Self::Tarpit => 'T',
        }
    }

    /// The stage that a server-side state stands for, when nobody noted a better one.
    pub fn of_server_state(state: InterfaceState) -> Self {
        match state {
            InterfaceState::Initial | InterfaceState::Requested => Self::Request,
            InterfaceState::Queued => Self::Queue,
            InterfaceState::TurnAround
            | InterfaceState::Assigned
            | InterfaceState::Connecting
            | InterfaceState::ConnectError => Self::Connect,
            InterfaceState::Established => Self::Data,
            InterfaceState::Disconnected | InterfaceState::Closed => Self::Last,
        }
    }
}

/// The end of a session as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// First letter.
    pub cause: Cause,
    /// Second letter.
    pub stage: Stage,
}

impl Outcome {
    /// Notes cause and stage unless they are known already.
    pub fn note(&mut self, cause: Cause, stage: Stage) {
        if self.cause == Cause::Normal {
            self.cause = cause;
        }
        if self.stage == Stage::None {
            self.stage = stage;
        }
    }

    /// Notes a cause; the stage follows from the server side's state when unknown.
    pub fn note_at(&mut self, cause: Cause, server_state: InterfaceState) {
        if self.cause == Cause::Normal {
            self.note(cause, Stage::of_server_state(server_state));
        }
    }

    /// Notes why no server could be reached.
    pub fn note_connect_failure(&mut self, error: InterfaceError) {
        let (cause, stage) = match error {
            InterfaceError::QueueAbort => (Cause::ClientAbort, Stage::Queue),
            InterfaceError::ConnectAbort => (Cause::ClientAbort, Stage::Connect),
            InterfaceError::QueueTimeout => (Cause::ServerTimeout, Stage::Queue),
            InterfaceError::QueueError => (Cause::ServerAbort, Stage::Queue),
            InterfaceError::ConnectTimeout => (Cause::ServerTimeout, Stage::Connect),
            InterfaceError::ConnectError => (Cause::ServerAbort, Stage::Connect),
            InterfaceError::ConnectResource => (Cause::Resource, Stage::Connect),
            InterfaceError::None
            | InterfaceError::ConnectOther
            | InterfaceError::DataTimeout
            | InterfaceError::DataError
            | InterfaceError::DataAbort => (Cause::Internal, Stage::Connect),
        };
        self.note(cause, stage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_stays() {
        let mut outcome = Outcome::default();
        outcome.note(Cause::ClientTimeout, Stage::Request);
        outcome.note(Cause::ServerAbort, Stage::Data);
        assert_eq!((outcome.cause.letter(), outcome.stage.letter()), ('c', 'R'));
    }

    #[test]
    fn the_stage_is_inferred_from_the_server_side() {
        let mut outcome = Outcome::default();
        outcome.note_at(Cause::ClientAbort, InterfaceState::Queued);
        assert_eq!((outcome.cause.letter(), outcome.stage.letter()), ('C', 'Q'));
    }

    #[test]
    fn connect_failures_have_their_letters() {
        let table = [
            (InterfaceError::QueueTimeout, "sQ"),
            (InterfaceError::QueueError, "SQ"),
            (InterfaceError::QueueAbort, "CQ"),
            (InterfaceError::ConnectTimeout, "sC"),
            (InterfaceError::ConnectError, "SC"),
            (InterfaceError::ConnectAbort, "CC"),
            (InterfaceError::ConnectResource, "RC"),
            (InterfaceError::ConnectOther, "IC"),
        ];
        for (error, letters) in table {
            let mut outcome = Outcome::default();
            outcome.note_connect_failure(error);
            let seen: String = [outcome.cause.letter(), outcome.stage.letter()]
                .iter()
                .collect();
            assert_eq!(seen, letters);
        }
    }
}
