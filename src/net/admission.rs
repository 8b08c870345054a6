//! Whether one more connection may be accepted: the limits, in dev7's order.
//!
//! Pure bookkeeping on figures that the accept callback has at hand; it is asked before each
//! `accept4`. What it answers is carried out by `Listeners::hold`.

use super::listener::Listener;
use crate::config::model::ProxyId;
use crate::engine::tick::Tick;

/// The figures to judge by. Limits of 0 are no limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Sessions of the process.
    pub process_connections: u32,
    /// `maxconn` of the process.
    pub process_connections_max: u32,
    /// Milliseconds until `maxconnrate` allows another connection
    /// (`FreqCounter::next_event_delay`); 0 for now.
    pub process_rate_delay_ms: u32,
    /// Sessions of the frontend.
    pub frontend_connections: u32,
    /// `maxconn` of the frontend.
    pub frontend_connections_max: u32,
    /// Milliseconds until `rate-limit sessions` allows another connection; 0 for now.
    pub frontend_rate_delay_ms: u32,
}

/// Whom a Limited listener waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// The process: its connections, its rate, its descriptors or memory.
    Process,
    /// A frontend: its connections or its rate.
    Frontend(ProxyId),
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// Accept.
    Yes,
    /// The listener's own limit is reached: Full until one of its connections ends.
    Full,
    /// Limited until capacity returns, or `until`; [`Tick::ETERNITY`] waits for capacity only.
    Limited {
        /// Whose capacity.
        on: WaitFor,
        /// When to try again at the latest.
        until: Tick,
    },
}

/// May `listener` accept one more connection?
pub fn admission(listener: &Listener, load: &Load, now: Tick) -> Admit {
    if listener.is_at_limit() {
        return Admit::Full;
    }
    if load.process_rate_delay_ms != 0 {
        return limited(WaitFor::Process, now.add(load.process_rate_delay_ms));
    }
    if let Some(proxy) = listener.proxy.filter(|_| load.frontend_rate_delay_ms != 0) {
        let on = WaitFor::Frontend(proxy);
        return limited(on, now.add(load.frontend_rate_delay_ms));
    }
    if is_reached(load.process_connections, load.process_connections_max) {
        return limited(WaitFor::Process, now.add(PROCESS_RETRY_MS));
    }
    match listener.proxy {
        Some(proxy) if is_reached(load.frontend_connections, load.frontend_connections_max) => {
            limited(WaitFor::Frontend(proxy), Tick::ETERNITY)
        }
        Some(_) | None => Admit::Yes,
    }
}

/// The answer after accepting failed for want of descriptors or memory (EMFILE, ENFILE,
/// ENOBUFS, ENOMEM), or a session could not be allocated: a pause of the process.
pub fn after_shortage(now: Tick) -> Admit {
    limited(WaitFor::Process, now.add(SHORTAGE_PAUSE_MS))
}

const fn limited(on: WaitFor, until: Tick) -> Admit {
    Admit::Limited { on, until }
}

const fn is_reached(count: u32, max: u32) -> bool {
    max != 0 && count >= max
}

/// A full process is tried again after this long even if no session ended.
const PROCESS_RETRY_MS: u32 = 1_000;
/// Pause after a shortage of descriptors or memory.
const SHORTAGE_PAUSE_MS: u32 = 100;
