//! `process_switching_rules` and `process_server_rules`: choose the backend and take over its
//! settings, then the server where rules name one.

use bumpalo::Bump;

use crate::config::model::{
    Balance, Mode, Persist, ProxyId, ProxyOption, RuleSet, ServerId, ServerTarget, SwitchTarget,
};
use crate::sample::format::Format;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::interface::InterfaceFlags;
use crate::session::outcome::{Cause, Stage};
use crate::session::rules::Scene;
use crate::session::transaction::MessageState;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Chooses the backend: the first `use_backend` whose condition holds, `default_backend`,
    /// or the proxy itself when it has servers. Then says what its persistence rules decide.
    #[inline(never)]
    pub(in crate::session) fn process_switching_rules(&mut self, core: &mut Core) -> Verdict {
        log::trace!("process_switching_rules");
        self.request.analysers.remove(AnalyserSet::SWITCHING);
        self.request.analyse_exp = crate::engine::tick::Tick::ETERNITY;
        if !self.flags.any(SessionFlags::BE_ASSIGNED) {
            let frontend = core.config.proxy(self.frontend);
            let own = frontend.capabilities.backend.then_some(self.frontend);
            let ruled = self.backend_of_rules(core);
            let Some(backend) = ruled.or(frontend.default_backend).or(own) else {
                return self.no_backend(core);
            };
            self.session_set_backend(backend, core);
        }
        match self.persistence_allowed(core) {
            Persist::Normal => {}
            Persist::Ignored => self.flags.insert(SessionFlags::IGNORE_PERSIST),
            Persist::Forced => self.flags.insert(SessionFlags::FORCE_PERSIST),
        }
        Verdict::Continue
    }

    /// The backend that the first applying `use_backend` names. A name made of the request
    /// that no backend has ends the search too: the default is next.
    fn backend_of_rules(&mut self, core: &mut Core) -> Option<ProxyId> {
        let frontend = self.frontend;
        let rules = &core.config.proxy(frontend).switch_rules;
        let scene = scene_of(self.frontend);
        let rule = rules.iter().find(|rule| {
            let holds = |condition| self.condition_holds(condition, scene, core);
            rule.condition.as_ref().is_none_or(holds)
        })?;
        match &rule.target {
            SwitchTarget::Backend(backend) => backend.get(),
            SwitchTarget::Format(format) => self.named(format, scene, core, |core, name| {
                backend_named(name, frontend, core)
            }),
        }
    }

    /// What a rendered name refers to.
    fn named<T>(
        &mut self,
        format: &'static Format,
        scene: Scene,
        core: &mut Core,
        find: impl FnOnce(&Core, &[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut arena: Bump = std::mem::take(&mut core.arena);
        let found = find(core, self.rendered(format, scene, &arena, core));
        self.settle_notes(&arena, core);
        arena.reset();
        core.arena = arena;
        found
    }

    /// What the first applying `ignore-persist` or `force-persist` rule of the backend says.
    pub(in crate::session) fn persistence_allowed(&mut self, core: &mut Core) -> Persist {
        let rules = &core.config.proxy(self.backend).persist_rules;
        let scene = scene_of(self.backend);
        let first = rules
            .iter()
            .find(|rule| self.condition_holds(&rule.condition, scene, core));
        first.map_or(Persist::Normal, |rule| rule.persist)
    }

    /// Assigns the server that the first applying `use-server` names whose server may be used.
    #[inline(never)]
    pub(in crate::session) fn process_server_rules(&mut self, core: &mut Core) -> Verdict {
        log::trace!("process_server_rules");
        self.request.analysers.remove(AnalyserSet::SERVER_RULES);
        if self.flags.any(SessionFlags::ASSIGNED) {
            return Verdict::Continue;
        }
        if let Some(server) = self.server_of_rules(core) {
            self.server = Some(server);
            self.flags
                .insert(SessionFlags::DIRECT.union(SessionFlags::ASSIGNED));
        }
        Verdict::Continue
    }

    /// A rule whose server is down is passed over; a name made of the request that no server
    /// has ends the search.
    fn server_of_rules(&mut self, core: &mut Core) -> Option<ServerId> {
        let backend = self.backend;
        let proxy = core.config.proxy(backend);
        let scene = scene_of(backend);
        let is_kept =
            proxy.options.has(ProxyOption::Persist) || self.flags.any(SessionFlags::FORCE_PERSIST);
        for rule in &proxy.server_rules {
            let holds = |condition| self.condition_holds(condition, scene, core);
            if !rule.condition.as_ref().is_none_or(holds) {
                continue;
            }
            let server = match &rule.target {
                ServerTarget::Server(server) => server.get(),
                ServerTarget::Format(format) => self.named(format, scene, core, |core, name| {
                    server_named(name, backend, core)
                }),
            }?;
            let state = core.state.server(server);
            if is_kept || !(state.down || state.maintenance) {
                return Some(server);
            }
        }
        None
    }

    /// True while a `monitor fail` condition of the frontend holds: the monitor URI is then
    /// answered 503.
    pub fn monitor_fails(&mut self, core: &mut Core) -> bool {
        let conditions = &core.config.proxy(self.frontend).monitor_fail;
        let scene = scene_of(self.frontend);
        conditions
            .iter()
            .any(|condition| self.condition_holds(condition, scene, core))
    }

    /// Sends the request to a backend unless it has one (`reqsetbe`).
    pub(in crate::session) fn switch_once(&mut self, backend: ProxyId, core: &mut Core) {
        if !self.flags.any(SessionFlags::BE_ASSIGNED) {
            self.session_set_backend(backend, core);
        }
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
        if !proxy.server_rules.is_empty() {
            self.request.analysers.insert(AnalyserSet::SERVER_RULES);
        }
        let inspects = !proxy.rules.of(RuleSet::TcpContent).is_empty();
        if inspects && backend != self.frontend {
            self.request.analysers.insert(AnalyserSet::INSPECT_BE);
        }
        if proxy.mode == Mode::Http {
            // A frontend that relays bytes has left the request to its backend.
            let is_parsed = self
                .transaction
                .as_deref()
                .is_some_and(|transaction| transaction.request.state >= MessageState::Parsed);
            if !is_parsed {
                self.request.analysers.insert(AnalyserSet::WAIT_HTTP);
            }
            self.request.analysers.insert(AnalyserSet::HTTP_INNER);
            if backend != self.frontend {
                self.request.analysers.insert(AnalyserSet::HTTP_PROCESS_BE);
            }
        }
    }
}

/// The backend of this name, if requests of the frontend can go there.
fn backend_named(name: &[u8], frontend: ProxyId, core: &Core) -> Option<ProxyId> {
    let name = std::str::from_utf8(name).ok()?;
    let id = *core.config.backend_names.get(name)?;
    let is_http = |proxy| core.config.proxy(proxy).mode == Mode::Http;
    (is_http(id) || !is_http(frontend)).then_some(id)
}

/// The server of this name in a backend.
fn server_named(name: &[u8], backend: ProxyId, core: &Core) -> Option<ServerId> {
    let servers = core.config.proxy(backend).servers.iter().copied();
    servers
        .into_iter()
        .find(|server| core.config.server(*server).name.as_bytes() == name)
}

/// Where the conditions of these rules are looked at.
const fn scene_of(proxy: ProxyId) -> Scene {
    Scene {
        set: RuleSet::HttpRequest,
        proxy,
    }
}
