//! The applet that produces an answer from the configuration, at the client's pace.

use crate::session::Session;
use crate::worker::Core;

/// An answer being sent: parts in order, and how far it got.
pub struct ReplyApplet {
    parts: [&'static [u8]; PARTS],
    current: usize,
    offset: usize,
}

impl ReplyApplet {
    /// An answer of a head without its end, a Connection header line or nothing, and a body.
    pub const fn new(head: &'static [u8], connection: &'static [u8], body: &'static [u8]) -> Self {
        Self {
            parts: [head, connection, b"\r\n", body],
            current: 0,
            offset: 0,
        }
    }

    /// True until the last byte was produced.
    pub const fn has_more(&self) -> bool {
        self.current < PARTS
    }

    /// Bytes of the whole answer.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// Swallows the request's body and fills the response's channel.
    pub(super) fn run(&mut self, session: &mut Session, core: &mut Core) {
        let arrived = session.request.output();
        if arrived > 0 {
            session.request.sent(arrived);
            session.request.release_if_empty(&mut core.buffers);
        }
        while let Some(part) = self.parts.get(self.current) {
            let rest = part.get(self.offset..).unwrap_or_default();
            if rest.is_empty() {
                self.current += 1;
                self.offset = 0;
                continue;
            }
            let Some(buffer) = session.response.attach(&mut core.buffers) else {
                return;
            };
            let count = rest.len().min(buffer.room());
            if count == 0 || buffer.push(rest.get(..count).unwrap_or_default()).is_err() {
                return;
            }
            session.response.received(count);
            self.offset += count;
        }
    }
}

/// Head, Connection header, end of head, body.
const PARTS: usize = 4;
