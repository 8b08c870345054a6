//! `tcp_inspect_request` and `tcp_inspect_response`: rules over the bytes of a connection.
//!
//! Where bytes are relayed they run over what has arrived so far, and wait as long as
//! `inspect-delay` allows for what they do not know yet. Where HTTP is spoken they look at a
//! complete head: the analyser that parsed it enables them. A wait ends when the delay is
//! over, when nothing more can arrive, or when the buffer takes no more.

use crate::config::model::{ProxyId, RuleSet};
use crate::engine::tick::Tick;
use crate::http::framing::BodyLength;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::{Channel, ChannelFlags};
use crate::session::rules::Flow;
use crate::session::transaction::{Message, MessageState};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Runs the `tcp-request content` rules of a proxy; `bit` is the analyser's own.
    #[inline(never)]
    pub(in crate::session) fn tcp_inspect_request(
        &mut self,
        proxy: ProxyId,
        bit: AnalyserSet,
        core: &mut Core,
    ) -> Verdict {
        log::trace!(
            "tcp_inspect_request {proxy:?} {} bytes",
            self.request.input_len()
        );
        let delay_ms = core.config.proxy(proxy).request_inspect_ms;
        let message = self
            .transaction
            .as_deref()
            .map(|transaction| &transaction.request);
        let is_final = wait_is_over(&mut self.request, message, delay_ms, core);
        match self.inspect(RuleSet::TcpContent, proxy, is_final, core) {
            Flow::Wait => {
                self.request.flags.remove(ChannelFlags::AUTO_CONNECT);
                Verdict::Wait
            }
            Flow::End(verdict) => verdict,
            Flow::Next | Flow::Stop => {
                self.request.analysers.remove(bit);
                self.request.analyse_exp = Tick::ETERNITY;
                Verdict::Continue
            }
        }
    }

    /// Runs the `tcp-response content` rules of the backend.
    #[inline(never)]
    pub(in crate::session) fn tcp_inspect_response(&mut self, core: &mut Core) -> Verdict {
        log::trace!("tcp_inspect_response {} bytes", self.response.input_len());
        let delay_ms = core.config.proxy(self.backend).response_inspect_ms;
        let message = self
            .transaction
            .as_deref()
            .map(|transaction| &transaction.response);
        let is_final = wait_is_over(&mut self.response, message, delay_ms, core);
        match self.inspect(RuleSet::TcpResponse, self.backend, is_final, core) {
            Flow::Wait => Verdict::Wait,
            Flow::End(verdict) => verdict,
            Flow::Next | Flow::Stop => {
                self.response.analysers.remove(AnalyserSet::RES_INSPECT);
                self.response.analyse_exp = Tick::ETERNITY;
                Verdict::Continue
            }
        }
    }

    fn inspect(&mut self, set: RuleSet, proxy: ProxyId, is_final: bool, core: &mut Core) -> Flow {
        self.flags.set(SessionFlags::RULES_FINAL, is_final);
        self.run_rules(set, proxy, core)
    }
}

/// True when rules have to decide with what is there. The delay begins with the first look.
fn wait_is_over(
    channel: &mut Channel,
    message: Option<&Message>,
    delay_ms: u32,
    core: &Core,
) -> bool {
    let now = core.engine.clock.now_ms();
    if delay_ms > 0 && !channel.analyse_exp.is_set() {
        channel.analyse_exp = now.add(delay_ms);
    }
    let ended = ChannelFlags::SHUTR
        .union(ChannelFlags::READ_ERROR)
        .union(ChannelFlags::ANA_TIMEOUT);
    delay_ms == 0
        || channel.analyse_exp.is_expired(now)
        || channel.flags.any(ended)
        || channel.read_room(core.bufsize(), core.maxrewrite()) == 0
        || message.is_some_and(|message| is_whole(channel, message))
}

/// True when all of an HTTP message is here.
fn is_whole(channel: &Channel, message: &Message) -> bool {
    if message.state != MessageState::Parsed {
        return false;
    }
    let held = channel.input_len().saturating_sub(message.head.len());
    match message.body {
        BodyLength::None => true,
        BodyLength::Length(length) => held as u64 >= length,
        BodyLength::Chunked | BodyLength::UntilClose | BodyLength::Tunnel => false,
    }
}
