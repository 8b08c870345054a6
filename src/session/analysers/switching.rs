//! `process_switching_rules`: chooses the backend and takes over its settings.

use crate::config::model::ProxyOption;
use crate::config::model::{Balance, Mode, ProxyId};
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::interface::InterfaceFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Chooses the backend: `default_backend`, or the proxy itself when it has servers.
    #[inline(never)]
    pub(in crate::session) fn process_switching_rules(&mut self, core: &mut Core) -> Verdict {
        log::trace!("process_switching_rules");
        self.request.analysers.remove(AnalyserSet::SWITCHING);
        if !self.flags.any(SessionFlags::BE_ASSIGNED) {
            let frontend = core.config.proxy(self.frontend);
            let own = frontend.capabilities.backend.then_some(self.frontend);
            let Some(backend) = frontend.default_backend.or(own) else {
                return self.no_backend(core);
            };
            self.session_set_backend(backend, core);
        }
        Verdict::Continue
    }

    /// There is nowhere to go: 503 for HTTP, a closed connection otherwise.
    fn no_backend(&mut self, core: &mut Core) -> Verdict {
        self.outcome.note(Cause::ServerAbort, Stage::Connect);
        self.request.analysers = AnalyserSet::EMPTY;
        self.http_reply_and_close(Some(503), core);
        Verdict::Wait
    }

    /// Attaches the session to its backend: counters, timeouts, retries, analysers.
    fn session_set_backend(&mut self, backend: ProxyId, core: &mut Core) {
        let proxy = core.config.proxy(backend);
        self.backend = backend;
        self.flags.insert(SessionFlags::BE_ASSIGNED);
        self.flags.insert(SessionFlags::BE_COUNTED);
        core.count_backend_session(backend);
        self.apply_persistence_rules(core);
        let said = self
            .transaction
            .as_deref()
            .map(|transaction| transaction.said);
        let server_ms = match said.map_or(0, |said| said.server_timeout_ms) {
            0 => proxy.timeouts.server_ms,
            given => given,
        };
        self.request.write_timeout_ms = server_ms;
        self.response.read_timeout_ms = server_ms;
        self.retries_left = proxy.retries;
        if proxy.options.has(ProxyOption::IndependentStreams) {
            self.server_side.flags.insert(InterfaceFlags::INDEPENDENT);
        }
        if proxy.options.has(ProxyOption::HttpNoDelay) {
            self.request.flags.insert(ChannelFlags::NEVER_WAIT);
            self.response.flags.insert(ChannelFlags::NEVER_WAIT);
        }
        let looks_for_rdp = proxy.rdp_cookie.is_some() || proxy.balance == Balance::RdpCookie;
        if proxy.mode == Mode::Tcp && looks_for_rdp {
            self.request.analysers.insert(AnalyserSet::RDP_COOKIE);
        }
        if proxy.mode == Mode::Http {
            self.request.analysers.insert(AnalyserSet::HTTP_INNER);
            if backend != self.frontend {
                self.request.analysers.insert(AnalyserSet::HTTP_PROCESS_BE);
            }
        }
    }
}
