//! The applet that produces an answer of the proxy, at the client's pace.

use crate::session::Session;
use crate::worker::Core;

/// An answer being sent: parts in order, and how far it got.
pub struct ReplyApplet {
    parts: [&'static [u8]; PARTS],
    current: usize,
    offset: usize,
    /// Bytes of the transaction's rendered answer that follow the parts.
    rendered: usize,
}

impl ReplyApplet {
    /// An answer of a head without its end, a Connection header line or nothing, and a body.
    pub const fn new(head: &'static [u8], connection: &'static [u8], body: &'static [u8]) -> Self {
        Self {
            parts: [head, connection, b"\r\n", body],
            current: 0,
            offset: 0,
            rendered: 0,
        }
    }

    /// The end of the head and the body of an answer whose header lines are on their way, with
    /// `rendered` bytes of what the transaction keeps behind it. Never empty: an answer that is
    /// complete before the applet ran would leave the request unread.
    pub const fn body(body: &'static [u8], rendered: usize) -> Self {
        Self {
            parts: [b"\r\n", b"", b"", body],
            current: 0,
            offset: 0,
            rendered,
        }
    }

    /// Bytes of the whole answer.
    pub fn size(&self) -> usize {
        let fixed: usize = self.parts.iter().map(|part| part.len()).sum();
        fixed + self.rendered
    }

    /// True until all of it is in the channel.
    pub(super) const fn is_blocked(&self) -> bool {
        self.current < PARTS || self.offset < self.rendered
    }

    /// Swallows the request's body and fills the response's channel.
    pub(super) fn run(&mut self, session: &mut Session, core: &mut Core) {
        let arrived = session.request.output();
        if arrived > 0 {
            session.request.sent(arrived);
            session.request.release_if_empty(&mut core.buffers);
        }
        while self.is_blocked() {
            let part: &[u8] = match self.parts.get(self.current) {
                Some(part) => part,
                None => {
                    let kept = session.transaction.as_deref();
                    let kept = kept.map_or(&[][..], |transaction| &transaction.answer);
                    kept.get(..self.rendered).unwrap_or(kept)
                }
            };
            let rest = part.get(self.offset..).unwrap_or_default();
            if rest.is_empty() && self.current < PARTS {
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
