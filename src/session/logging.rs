//! The log line of a session or request.

use super::{Session, SessionFlags};
use crate::config::model::{LogLevel, ProxyId};
use crate::worker::Core;

impl Session {
    pub(super) fn log_session(&mut self, core: &mut Core) { let _ = core; self.flags.insert(SessionFlags::LOGGED); }
    pub(super) fn log_early(&mut self, core: &mut Core) { let _ = core; }
    pub(super) fn log_connect(&mut self, core: &mut Core) { let _ = core; }
    pub(super) fn trace_accept(&mut self, fd: crate::sys::Fd, core: &mut Core) { let _ = (fd, core); }
}
impl Core {
    pub fn log_proxy(&mut self, proxy: ProxyId, level: LogLevel, text: &str) { let _ = (proxy, level, text); }
}
