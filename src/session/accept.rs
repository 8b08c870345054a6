//! `session_accept` and `frontend_accept`: from an accepted socket to a running session.

use super::analyser::AnalyserSet;
use super::channel::ChannelFlags;
use super::interface::{Endpoint, InterfaceFlags, InterfaceState};
use super::rules::Flow;
use super::{Session, SessionFlags, SessionKey, process_session};
use crate::applet::Applet;
use crate::config::model::{Mode, ProxyId, ProxyOption, RuleSet};
use crate::engine::fdtab::Direction;
use crate::engine::task::Wake;
use crate::net::address::PeerAddress;
use crate::net::listener::{Listener, ListenerId, Origin};
use crate::net::stream_sock::{stream_sock_read, stream_sock_write};
use crate::sys::{self, Fd};
use crate::worker::{Core, Worker};

/// What became of an accepted connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// A session serves it.
    Kept,
    /// It was answered or refused and closed already.
    Closed,
    /// There is no memory for it; it was closed.
    Shortage,
}

/// Makes a session of an accepted connection.
#[inline(never)]
pub fn session_accept(
    worker: &mut Worker,
    listener: ListenerId,
    fd: Fd,
    peer: PeerAddress,
) -> Accepted {
    log::trace!("session_accept {fd:?}");
    let Worker { sessions, core } = worker;
    let Some(settings) = core.listeners.get(listener) else {
        // Closing is all that is left to do with it.
        let _ = sys::close(fd);
        return Accepted::Closed;
    };
    let (origin, nice, accept_proxy) = (
        settings.origin,
        settings.options.nice,
        settings.options.accept_proxy,
    );
    let frontend = settings.proxy.unwrap_or(ProxyId(0));
    let local = fixed_destination(settings);
    let task = core.engine.scheduler.spawn(process_session, 0, nice);
    let key = sessions.insert(Session::new(task, frontend));
    let Some(session) = sessions.get_mut(key) else {
        return Accepted::Shortage;
    };
    session.owner = key.to_u64();
    core.engine.scheduler.set_owner(task, session.owner);
    session.listener = listener;
    session.source = peer;
    session.destination = local;
    session.unique_id = core.state.next_session_id;
    core.state.next_session_id = core.state.next_session_id.wrapping_add(1);
    session.client.state = InterfaceState::Established;
    session.client.endpoint = Endpoint::Socket(fd);
    session.request.flags.insert(ChannelFlags::READ_ATTACHED);
    let date = core.engine.clock.date();
    session
        .timing
        .restart(core.engine.clock.monotonic_us(), date);
    if accept_proxy {
        session.request.analysers.insert(AnalyserSet::PROXY);
    }
    if matches!(origin, Origin::Bind(_)) {
        core.count_connection(frontend);
        if session.is_refused(fd, core) {
            refuse(worker, key, fd);
            return Accepted::Closed;
        }
    }
    core.listeners.connection_opened(listener);
    core.engine.jobs += 1;
    core.engine
        .fdtab
        .insert(fd, session.owner, stream_sock_read, stream_sock_write);
    match origin {
        Origin::Bind(_) => session.frontend_accept(fd, core),
        Origin::StatsSocket(index) => session.command_accept(index, core),
    }
    core.engine.fdtab.arm(fd, Direction::Read);
    core.engine.scheduler.wake(task, Wake::INIT);
    Accepted::Kept
}

/// Forgets a connection that rules refused before anything was made of it.
fn refuse(worker: &mut Worker, key: SessionKey, fd: Fd) {
    let Worker { sessions, core } = worker;
    // Closing is all that is left to do with it.
    let _ = sys::close(fd);
    let Some(mut session) = sessions.lease(key) else {
        return;
    };
    core.engine.scheduler.remove(session.task);
    if let Some(transaction) = session.transaction.take() {
        core.recycle_transaction(transaction);
    }
    sessions.retire(key, session);
}

/// The destination when the listener's own address tells it; a listener on all addresses
/// has to be asked per connection.
fn fixed_destination(listener: &Listener) -> PeerAddress {
    match listener.local.ip() {
        Some(ip) if ip.is_unspecified() => PeerAddress::None,
        Some(_) if !listener.options.transparent => listener.local,
        Some(_) | None => PeerAddress::None,
    }
}

impl Session {
    /// Runs the rules over new connections and, unless a PROXY header is awaited, those over
    /// sessions; true when one of them refuses it. A refused connection is reset, a refused
    /// session closed.
    fn is_refused(&mut self, fd: Fd, core: &mut Core) -> bool {
        let flow = self.run_rules(RuleSet::TcpConnection, self.frontend, core);
        if matches!(flow, Flow::End(_)) {
            // A socket that refuses the option is closed the polite way.
            let _ = sys::socket_option::set_no_linger(fd);
            return true;
        }
        !self.request.analysers.any(AnalyserSet::PROXY) && self.is_refused_as_session(core)
    }

    /// Runs the rules over sessions; true when one of them refuses it.
    pub(in crate::session) fn is_refused_as_session(&mut self, core: &mut Core) -> bool {
        let flow = self.run_rules(RuleSet::TcpSession, self.frontend, core);
        matches!(flow, Flow::End(_))
    }

    /// What the frontend wants done with a new connection.
    #[inline(never)]
    fn frontend_accept(&mut self, fd: Fd, core: &mut Core) {
        log::trace!("frontend_accept {fd:?}");
        let config = core.config;
        let proxy = config.proxy(self.frontend);
        core.state.sessions += 1;
        core.state.proxy_mut(self.frontend).frontend_sessions += 1;
        if !self.request.analysers.any(AnalyserSet::PROXY) {
            core.count_session(self.frontend, self.listener);
        }
        self.request.read_timeout_ms = proxy.timeouts.client_ms;
        self.response.write_timeout_ms = proxy.timeouts.client_ms;
        self.client.flags.set(
            InterfaceFlags::INDEPENDENT,
            proxy.options.has(ProxyOption::IndependentStreams),
        );
        self.client.flags.set(
            InterfaceFlags::NOLINGER,
            proxy.options.has(ProxyOption::NoLinger),
        );
        let no_delay = proxy.options.has(ProxyOption::HttpNoDelay);
        self.request.flags.set(ChannelFlags::NEVER_WAIT, no_delay);
        self.response.flags.set(ChannelFlags::NEVER_WAIT, no_delay);
        let has_content_rules = !proxy.rules.of(RuleSet::TcpContent).is_empty();
        self.request.analysers.insert(match proxy.mode {
            Mode::Http => AnalyserSet::HTTP_FRONTEND,
            Mode::Tcp if has_content_rules => AnalyserSet::TCP_INSPECTED,
            Mode::Tcp => AnalyserSet::SWITCHING,
            Mode::Health => AnalyserSet::EMPTY,
        });
        if proxy.mode == Mode::Http {
            let limit_ms = proxy.timeouts.http_request_ms;
            self.request.analyse_exp = core.engine.clock.now_ms().add_if_set(limit_ms);
        }
        if proxy.mode == Mode::Health {
            self.answer_health(core);
        }
        if proxy.monitor_net.is_some() && !self.request.analysers.any(AnalyserSet::PROXY) {
            self.accept_monitor(core);
        }
        if config.global.debug {
            self.trace_accept(fd, core);
        }
        if proxy.log.shows_destination {
            self.client_destination();
        }
        if !self.flags.any(SessionFlags::LOGGED) {
            self.log_connect(core);
        }
    }

    /// `mode health`: every connection is told "OK" and closed.
    fn answer_health(&mut self, core: &mut Core) {
        self.flags.insert(SessionFlags::LOGGED);
        // Three bytes always fit into a fresh buffer.
        let _ = self.response.write_output(&mut core.buffers, b"OK\n");
        self.http_reply_and_close(None, core);
    }

    /// A connection to a command socket: an applet takes the server's place.
    fn command_accept(&mut self, socket: u32, core: &mut Core) {
        self.flags.insert(SessionFlags::COMMAND);
        let timeout_ms = match core.config.global.stats_timeout_ms {
            0 => COMMAND_TIMEOUT_MS,
            given => given,
        };
        self.request.read_timeout_ms = timeout_ms;
        self.response.write_timeout_ms = timeout_ms;
        self.server_side.endpoint = Endpoint::Applet(Box::new(Applet::cli(socket, core)));
        self.server_side.state = InterfaceState::Established;
    }
}

impl Core {
    /// Counts a connection, whatever becomes of it.
    fn count_connection(&mut self, frontend: ProxyId) {
        let now_us = self.engine.clock.monotonic_us();
        self.state.connections_total += 1;
        let rate = self.state.connection_rate.add(now_us, 1);
        self.state.connection_rate_max = self.state.connection_rate_max.max(rate);
        self.state.proxy_mut(frontend).frontend.connections += 1;
    }

    /// Counts a session that rules have let in.
    pub(in crate::session) fn count_session(&mut self, frontend: ProxyId, listener: ListenerId) {
        let now_us = self.engine.clock.monotonic_us();
        let state = self.state.proxy_mut(frontend);
        state.frontend.sessions += 1;
        state.frontend.sessions_max = state.frontend.sessions_max.max(state.frontend_sessions);
        let rate = state.session_rate.add(now_us, 1);
        state.frontend.session_rate_max = state.frontend.session_rate_max.max(rate);
        let open = self.listeners.get(listener).map_or(0, |l| l.connections);
        if let Some(counters) = self.listener_counters(listener) {
            counters.sessions += 1;
            counters.sessions_max = counters.sessions_max.max(open);
        }
    }
}

/// `stats timeout` unless given (manual: 10 seconds).
const COMMAND_TIMEOUT_MS: u32 = 10_000;
