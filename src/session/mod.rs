//! Sessions: what connects a client's end to a server's, and the task that drives it.
//!
//! `session` holds the data, `process` the phases of `process_session`, `analysers` what
//! looks at messages, `server_side` how a server is reached. Callbacks of descriptors change
//! one session and wake its task; only the task ends it.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod accept;
pub mod analyser;
mod analysers;
pub mod capture;
pub mod channel;
pub mod compression;
mod end;
pub mod errors;
mod events;
mod finish;
pub mod flags;
pub mod interface;
mod logging;
pub mod outcome;
pub mod persistence;
mod process;
mod reply;
pub mod rules;
mod server_side;
#[expect(
    clippy::module_inception,
    reason = "the session itself stands in session.rs"
)]
mod session;
mod sides;
pub mod timing;
mod trace;
pub mod transaction;

pub use process::process_session;
pub use rules::CaptureMemory;
pub use session::{Session, SessionFlags};
pub use sides::{Ends, Side};

use crate::engine::key::{Key, Slots};

/// Names a session; late users of a key whose session ended find nothing.
pub type SessionKey = Key<Box<Session>>;

/// All sessions of a process.
#[derive(Default)]
pub struct Sessions {
    slots: Slots<Box<Session>>,
    #[expect(clippy::vec_box, reason = "boxes move between here and the slots")]
    spare: Vec<Box<Session>>,
}

impl Sessions {
    /// Takes a session in; its box is recycled from an earlier one where possible.
    pub fn insert(&mut self, session: Session) -> SessionKey {
        let boxed = match self.spare.pop() {
            Some(mut spare) => {
                *spare = session;
                spare
            }
            None => Box::new(session),
        };
        self.slots.insert(boxed)
    }

    /// The session of a key, unless it is leased or gone.
    pub fn get_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.slots.get_mut(key).map(|boxed| &mut **boxed)
    }

    /// The session of a key, unless it is leased or gone.
    pub fn get(&self, key: SessionKey) -> Option<&Session> {
        self.slots.get(key).map(|boxed| &**boxed)
    }

    /// The session that owns a descriptor, by the owner noted in the fdtab.
    pub fn of_owner(&mut self, owner: u64) -> Option<&mut Session> {
        self.get_mut(SessionKey::from_u64(owner)?)
    }

    /// Takes a session out of its slot for a run of its task.
    pub fn lease(&mut self, key: SessionKey) -> Option<Box<Session>> {
        self.slots.lease(key)
    }

    /// Puts a leased session back.
    pub fn settle(&mut self, key: SessionKey, session: Box<Session>) {
        self.slots.settle(key, session);
    }

    /// Frees the slot of a leased session that ended and keeps its memory for the next.
    pub fn retire(&mut self, key: SessionKey, session: Box<Session>) {
        self.slots.remove(key);
        if self.spare.len() < SPARE_MAX {
            self.spare.push(session);
        }
    }

    /// Sessions there are, leased ones included.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// All sessions in their slots.
    pub fn iter(&self) -> impl Iterator<Item = (SessionKey, &Session)> {
        self.slots.iter().map(|(key, boxed)| (key, &**boxed))
    }

    /// The first session at or behind slot `cursor`, for dumps that go on later.
    pub fn next_from(&self, cursor: u32) -> Option<(SessionKey, &Session)> {
        self.slots
            .next_from(cursor)
            .map(|(key, boxed)| (key, &**boxed))
    }

    /// Gives memory of ended sessions back after a burst.
    pub fn trim(&mut self) {
        self.spare.truncate(SPARE_KEPT);
    }
}

/// Ended sessions whose memory is kept for new ones.
const SPARE_MAX: usize = 1024;
/// What of it survives a trim.
const SPARE_KEPT: usize = 64;
