//! `tcp_persist_rdp_cookie`: brings a terminal client back to the server that its first
//! packet names (manual, "persist rdp-cookie"), and holds that packet for a balancing by it.

use crate::config::model::{AddressSpec, ProxyOption, ServerId};
use crate::engine::tick::Tick;
use crate::net::rdp_cookie::{RdpCookie, find, server_address};
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Waits for the client's first packet, which an RDP client sends at once, and assigns
    /// the server that its cookie names. A silent client is not waited for long, and one
    /// that speaks another protocol not at all: load balancing chooses then.
    #[inline(never)]
    pub(in crate::session) fn tcp_persist_rdp_cookie(&mut self, core: &mut Core) -> Verdict {
        log::trace!("tcp_persist_rdp_cookie");
        if self.flags.any(SessionFlags::ASSIGNED) {
            return self.end_rdp_wait();
        }
        let name = core.config.proxy(self.backend).rdp_cookie.as_deref();
        match find(self.request.input(), name.unwrap_or_default().as_bytes()) {
            RdpCookie::Value(value) => {
                let server = name.and_then(|_| self.server_of_token(value, core));
                if let Some(server) = server {
                    self.assign_persistent(server);
                }
                self.end_rdp_wait()
            }
            RdpCookie::Absent => self.end_rdp_wait(),
            RdpCookie::Incomplete => self.wait_for_rdp(core),
        }
    }

    fn wait_for_rdp(&mut self, core: &Core) -> Verdict {
        let over = ChannelFlags::SHUTR
            .union(ChannelFlags::READ_ERROR)
            .union(ChannelFlags::READ_TIMEOUT)
            .union(ChannelFlags::ANA_TIMEOUT);
        if self.request.flags.any(over) {
            return self.end_rdp_wait();
        }
        if !self.request.analyse_exp.is_set() {
            self.request.analyse_exp = core.engine.clock.now_ms().add(WAIT_MAX_MS);
        }
        self.request.flags.remove(ChannelFlags::AUTO_CONNECT);
        Verdict::Wait
    }

    const fn end_rdp_wait(&mut self) -> Verdict {
        self.request.analysers.remove(AnalyserSet::RDP_COOKIE);
        self.request.analyse_exp = Tick::ETERNITY;
        Verdict::Continue
    }

    /// The server at the address of a routing token, if it may be used.
    fn server_of_token(&self, value: &[u8], core: &Core) -> Option<ServerId> {
        let address = server_address(value)?.into();
        let proxy = core.config.proxy(self.backend);
        let server = proxy.servers.iter().copied().find(|&server| {
            matches!(&core.config.server(server).address, AddressSpec::Ip(own) if *own == address)
        })?;
        let honours_down =
            proxy.options.has(ProxyOption::Persist) || self.flags.any(SessionFlags::FORCE_PERSIST);
        (core.state.server(server).is_up() || honours_down).then_some(server)
    }
}

/// Longest wait for a first packet, as the manual's example waits for it.
const WAIT_MAX_MS: u32 = 5_000;
