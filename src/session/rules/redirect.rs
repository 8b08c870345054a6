//! `redirect`: an answer that sends the client elsewhere, without a server.
//!
//! The head is rendered into the arena of the rules; the rest is what all answers of rules
//! share.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::{Flow, Scene};
use crate::config::model::{Redirect, RedirectTarget};
use crate::http::framing::BodyLength;
use crate::http::head::Version;
use crate::http::known::KnownHeader;
use crate::http::status;
use crate::session::Session;
use crate::session::outcome::Cause;
use crate::session::reply::{Answer, AnswerBody, AnswerHead};
use crate::worker::Core;

impl Session {
    /// Answers with a redirect, unless its location is empty and may not be.
    pub(super) fn redirect(
        &mut self,
        redirect: &'static Redirect,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        let location = self.location(redirect, scene, arena, core);
        if location.is_empty() && redirect.ignore_empty {
            return Flow::Next;
        }
        let head = head(redirect, location, arena);
        // A client that sends a body is told to begin anew.
        let has_body = self
            .transaction
            .as_deref()
            .is_some_and(|transaction| transaction.request.body != BodyLength::None);
        self.outcome.note(Cause::Local, scene.stage());
        if scene.set.is_response() {
            self.timing.response_ms = -1;
            self.give_up_response(core);
        }
        let answer = Answer {
            head: AnswerHead::Made([head, b"", b""]),
            body: AnswerBody::Fixed(b""),
            status: redirect.status,
            version: Version::Http11,
            must_close: has_body && !scene.set.is_response(),
        };
        Flow::End(self.answer(&answer, core))
    }

    /// Where to: the rendered text, and what of the request follows it.
    fn location<'a>(
        &self,
        redirect: &'static Redirect,
        scene: Scene,
        arena: &'a Bump,
        core: &Core,
    ) -> &'a [u8] {
        let (format, is_prefix) = match &redirect.target {
            RedirectTarget::Location(format) => return self.rendered(format, scene, arena, core),
            RedirectTarget::Prefix(format) => (format, true),
            RedirectTarget::Scheme(format) => (format, false),
        };
        let start = self.rendered(format, scene, arena, core);
        let context = self.context(scene, arena, core);
        let Some(request) = context.request else {
            return start;
        };
        let head = request.head;
        let path = match redirect.drop_query {
            true => head.path(),
            false => head.path_and_query(),
        };
        let mut out = ArenaVec::with_capacity_in(start.len() + path.len() + LOCATION_GUESS, arena);
        // A prefix of "/" adds nothing to a path that begins with one.
        if !(is_prefix && start == b"/") {
            out.extend_from_slice(start);
        }
        if !is_prefix {
            out.extend_from_slice(b"://");
            out.extend_from_slice(head.value(KnownHeader::Host).unwrap_or_default());
        }
        out.extend_from_slice(path);
        if redirect.append_slash && path.last() != Some(&b'/') {
            out.push(b'/');
        }
        out.into_bump_slice()
    }
}

/// The head of a redirect, without its end. 301 and 308 may be cached.
fn head<'a>(redirect: &Redirect, location: &[u8], arena: &'a Bump) -> &'a [u8] {
    let reason = status::reason(redirect.status);
    let cookie = redirect.set_cookie.as_deref().unwrap_or_default();
    let size = HEAD_GUESS + reason.len() + location.len() + cookie.len();
    let mut out = ArenaVec::with_capacity_in(size, arena);
    let hundreds = [redirect.status / 100, redirect.status / 10, redirect.status];
    out.extend_from_slice(b"HTTP/1.1 ");
    for digit in hundreds {
        out.push(b'0' + u8::try_from(digit % 10).unwrap_or(0));
    }
    out.push(b' ');
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\ncontent-length: 0\r\nlocation: ");
    // What would end the line early is left out: a location comes from the request.
    out.extend(location.iter().copied().filter(|byte| !is_line_end(*byte)));
    out.extend_from_slice(b"\r\n");
    if !matches!(redirect.status, 301 | 308) {
        out.extend_from_slice(b"cache-control: no-cache\r\n");
    }
    if !cookie.is_empty() {
        out.extend_from_slice(b"set-cookie: ");
        out.extend_from_slice(cookie);
        out.extend_from_slice(b"\r\n");
    }
    out.into_bump_slice()
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// The line ends, names and small headers of a redirect.
const HEAD_GUESS: usize = 128;
/// A host name, and what stands between the parts.
const LOCATION_GUESS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::format::Format;

    fn redirect(status: u16, cookie: Option<&[u8]>) -> Redirect {
        Redirect {
            target: RedirectTarget::Location(Format::literal(b"/")),
            status,
            set_cookie: cookie.map(Into::into),
            drop_query: false,
            append_slash: false,
            ignore_empty: false,
        }
    }

    #[test]
    fn only_temporary_redirects_forbid_caching() {
        let arena = Bump::new();
        for (status, is_temporary) in [(301, false), (302, true), (303, true), (308, false)] {
            let head = head(&redirect(status, Some(b"a=b")), b"/x", &arena);
            let text = std::str::from_utf8(head).unwrap();
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")));
            assert_eq!(text.contains("cache-control: no-cache\r\n"), is_temporary);
            assert!(text.ends_with("set-cookie: a=b\r\n"));
        }
    }

    proptest! {
        #[test]
        fn no_location_adds_a_line(location in prop::collection::vec(any::<u8>(), 0..200)) {
            let arena = Bump::new();
            let head = head(&redirect(301, None), &location, &arena);
            let ends = head.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(ends, 3);
            prop_assert_eq!(head.iter().filter(|byte| **byte == b'\r').count(), 3);
            prop_assert!(!head.contains(&0));
        }
    }
}
