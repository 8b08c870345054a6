//! `stream_sock_accept`: what the loop calls when a listening socket has connections.
//!
//! Takes up to `tune.maxaccept` connections per wake-up, asking before each whether limits
//! allow one more, and hands them to `session_accept`. Shortages of descriptors or memory
//! pause the listener: they never spin.

use std::io;

use super::admission::{Load, WaitFor, admission, after_shortage};
use super::listener::{ListenerId, Origin};
use crate::config::model::LogLevel;
use crate::engine::fdtab::Polling;
use crate::engine::task::{TaskOutcome, TaskRun};
use crate::session::accept::{Accepted, session_accept};
use crate::sys::{self, Fd};
use crate::worker::{Core, Worker};

/// Accept callback of every listener.
#[inline(never)]
pub fn stream_sock_accept(worker: &mut Worker, fd: Fd) -> Polling {
    log::trace!("stream_sock_accept {fd:?}");
    let owner = worker.core.engine.fdtab.owner(fd);
    let listener = owner.and_then(|owner| worker.core.listeners.of_owner(owner));
    let Some(id) = listener.map(|listener| listener.id) else {
        return Polling::Wait;
    };
    let limit = worker.core.accepts_per_wakeup();
    for _ in 0..limit {
        if !worker.core.admits(id) {
            return Polling::Wait;
        }
        match sys::socket::accept4(fd) {
            Ok((client, peer)) => match session_accept(worker, id, client, peer) {
                Accepted::Kept | Accepted::Closed => {}
                Accepted::Shortage => {
                    worker.core.hold_after_shortage(id);
                    return Polling::Wait;
                }
            },
            Err(error) => match worker.core.accept_failed(id, &error) {
                Some(polling) => return polling,
                None => continue,
            },
        }
    }
    Polling::More
}

impl Core {
    fn accepts_per_wakeup(&self) -> usize {
        match usize::try_from(self.config.global.tuning.maxaccept) {
            Ok(0) => MAXACCEPT_DEFAULT,
            Ok(limit) => limit,
            Err(_) => usize::MAX,
        }
    }

    /// Whether the listener may take one more connection; holds it when not.
    fn admits(&mut self, id: ListenerId) -> bool {
        let now = self.engine.clock.now_ms();
        let Some(listener) = self.listeners.get(id) else {
            return false;
        };
        let load = match listener.proxy {
            Some(proxy) => self.load_of(proxy),
            None => Load::default(),
        };
        let admit = admission(listener, &load, now);
        let admitted = self.listeners.hold(id, admit, &mut self.engine.fdtab);
        if !admitted {
            self.schedule_release();
        }
        admitted
    }

    fn load_of(&self, proxy: crate::config::model::ProxyId) -> Load {
        let now_us = self.engine.clock.monotonic_us();
        let settings = self.config.proxy(proxy);
        let state = self.state.proxy(proxy);
        let delay = |rate: &crate::engine::rate::FreqCounter, limit: u32| {
            if limit == 0 || rate.remain(now_us, limit, 0) > 0 {
                return 0;
            }
            rate.next_event_delay(now_us, limit, 0).max(1)
        };
        Load {
            process_connections: self.state.sessions,
            process_connections_max: self.process.maxconn,
            // Each connection is a session, so one rate is held to both limits.
            process_rate_delay_ms: delay(
                &self.state.connection_rate,
                self.state.connection_rate_limit,
            )
            .max(delay(
                &self.state.connection_rate,
                self.state.session_rate_limit,
            )),
            frontend_connections: state.frontend_sessions,
            frontend_connections_max: state.maxconn,
            frontend_rate_delay_ms: delay(&state.session_rate, settings.rate_limit_sessions),
        }
    }

    fn hold_after_shortage(&mut self, id: ListenerId) {
        let admit = after_shortage(self.engine.clock.now_ms());
        self.listeners.hold(id, admit, &mut self.engine.fdtab);
        self.schedule_release();
    }

    /// What a failed accept means; `None` to try the next one.
    fn accept_failed(&mut self, id: ListenerId, error: &io::Error) -> Option<Polling> {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => Some(Polling::Wait),
            Some(libc::EINTR | libc::ECONNABORTED | libc::EPROTO | libc::EPERM) => None,
            Some(libc::EMFILE) => Some(self.shortage(id, "reached process FD limit")),
            Some(libc::ENFILE) => Some(self.shortage(id, "reached system FD limit")),
            // Another process that shares the socket has paused it: no reason to spin until
            // this one is told as well.
            Some(libc::EINVAL) => {
                self.hold_after_shortage(id);
                Some(Polling::Wait)
            }
            Some(libc::ENOBUFS | libc::ENOMEM) => {
                Some(self.shortage(id, "reached system memory limit"))
            }
            _ => {
                log::debug!("accept failed: {error}");
                Some(Polling::Wait)
            }
        }
    }

    fn shortage(&mut self, id: ListenerId, what: &str) -> Polling {
        let sockets = self.engine.fdtab.count();
        if let Some(Origin::Bind(bind)) = self.listeners.get(id).map(|listener| listener.origin) {
            let proxy = self.config.bind(bind).proxy;
            let name = &self.config.proxy(proxy).name;
            let text =
                format!("Proxy {name} {what} at {sockets}. Please check 'ulimit-n' and restart.");
            self.log_proxy(proxy, LogLevel::Emerg, &text);
        }
        self.hold_after_shortage(id);
        Polling::Wait
    }

    /// Sets the alarm of the task that releases held listeners.
    fn schedule_release(&mut self) {
        let next = self.listeners.next_release();
        if next.is_set() {
            self.engine
                .scheduler
                .schedule_earlier(self.release_task, next);
        }
    }

    /// A session of `proxy` ended: those that waited for its place accept again.
    pub fn capacity_returned(&mut self, proxy: crate::config::model::ProxyId) {
        let now_us = self.engine.clock.monotonic_us();
        let limits = [
            self.state.connection_rate_limit,
            self.state.session_rate_limit,
        ];
        let rate_allows = limits
            .into_iter()
            .all(|limit| limit == 0 || self.state.connection_rate.remain(now_us, limit, 0) > 0);
        if rate_allows && self.listeners.is_awaited(WaitFor::Process) {
            self.listeners
                .release(WaitFor::Process, &mut self.engine.fdtab);
        }
        if self.listeners.is_awaited(WaitFor::Frontend(proxy)) {
            self.listeners
                .release(WaitFor::Frontend(proxy), &mut self.engine.fdtab);
        }
    }
}

/// Task that lets listeners accept again when their pause is over.
pub fn manage_global_listener_queue(worker: &mut Worker, _run: TaskRun) -> TaskOutcome {
    let core = &mut worker.core;
    let now = core.engine.clock.now_ms();
    core.listeners.release_due(now, &mut core.engine.fdtab);
    TaskOutcome::Sleep(core.listeners.next_release())
}

/// Connections taken per wake-up of a listener unless `tune.maxaccept` says otherwise.
const MAXACCEPT_DEFAULT: usize = 32;
