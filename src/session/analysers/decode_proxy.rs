//! `tcp_decode_proxy`: takes the PROXY protocol header off the front of a connection.

use crate::net::proxy_protocol::{self, Parse};
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::session::ProxyFacts;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Waits for a complete PROXY header and adopts its addresses.
    #[inline(never)]
    pub(in crate::session) fn tcp_decode_proxy(&mut self, core: &mut Core) -> Verdict {
        self.request.flags.remove(ChannelFlags::AUTO_CONNECT);
        match proxy_protocol::parse(self.request.input(), core.bufsize()) {
            Parse::Complete(header) => {
                let bytes = self.request.input().get(..header.header_len);
                self.proxy_header = bytes.and_then(ProxyFacts::of_header);
                self.request.skip_input(header.header_len);
                self.request.release_if_empty(&mut core.buffers);
                if !header.local && header.source.is_known() {
                    self.source = header.source;
                    self.destination = header.destination;
                }
                let now_us = core.engine.clock.monotonic_us();
                let elapsed_ms = self.timing.since_start_ms(now_us);
                self.handshake_ms = u16::try_from(elapsed_ms).unwrap_or(u16::MAX);
                self.request.analysers.remove(AnalyserSet::PROXY);
                self.begin_announced_session(core)
            }
            Parse::Invalid(reason) => {
                log::debug!("PROXY header refused: {reason:?}");
                self.fail_proxy_header(Cause::Proxy, core)
            }
            Parse::Incomplete => self.incomplete_proxy_header(core),
        }
    }

    /// The client is known now: the rules over sessions see it. A refused one is not logged.
    fn begin_announced_session(&mut self, core: &mut Core) -> Verdict {
        if self.is_refused_as_session(core) {
            self.flags.insert(SessionFlags::LOGGED);
            return Verdict::Wait;
        }
        core.count_session(self.frontend, self.listener);
        Verdict::Continue
    }

    fn incomplete_proxy_header(&mut self, core: &mut Core) -> Verdict {
        let flags = self.request.flags;
        if flags.any(ChannelFlags::READ_TIMEOUT.union(ChannelFlags::ANA_TIMEOUT)) {
            return self.fail_proxy_header(Cause::ClientTimeout, core);
        }
        if flags.any(ChannelFlags::SHUTR.union(ChannelFlags::READ_ERROR)) {
            return self.fail_proxy_header(Cause::ClientAbort, core);
        }
        Verdict::Wait
    }

    fn fail_proxy_header(&mut self, cause: Cause, core: &mut Core) -> Verdict {
        self.count_failed_request(core);
        self.flags.insert(SessionFlags::NO_PROXY_HEADER);
        self.outcome.note(cause, Stage::Request);
        self.http_reply_and_close(None, core);
        Verdict::Wait
    }
}
