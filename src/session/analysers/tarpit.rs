//! `http_process_tarpit`: holds a client that rules have caught, then answers with an error.

use crate::config::model::Reply;
use crate::engine::tick::Tick;
use crate::session::Session;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::worker::Core;

impl Session {
    /// The client waits from now on, for `timeout tarpit`, or `timeout connect` without one.
    pub(in crate::session) fn begin_tarpit(&mut self, reply: &'static Reply, core: &mut Core) {
        self.outcome.note(Cause::Proxy, Stage::Tarpit);
        let timeouts = &core.config.proxy(self.backend).timeouts;
        let held_ms = match timeouts.tarpit_ms {
            0 => timeouts.connect_ms,
            given => given,
        };
        self.request.analyse_exp = core.engine.clock.now_ms().add(held_ms);
        self.request.analysers = AnalyserSet::HTTP_TARPIT;
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.said.tarpit_reply = Some(reply);
        }
    }

    /// Answers once the time is over; a client that leaves ends it earlier.
    #[inline(never)]
    pub(in crate::session) fn http_process_tarpit(&mut self, core: &mut Core) -> Verdict {
        log::trace!("http_process_tarpit");
        self.request.flags.remove(ChannelFlags::AUTO_CONNECT);
        let ended = ChannelFlags::SHUTR
            .union(ChannelFlags::READ_ERROR)
            .union(ChannelFlags::ANA_TIMEOUT);
        let now = core.engine.clock.now_ms();
        if !self.request.flags.any(ended) && !self.request.analyse_exp.is_expired(now) {
            return Verdict::Wait;
        }
        self.request.analysers.remove(AnalyserSet::HTTP_TARPIT);
        self.request.analyse_exp = Tick::ETERNITY;
        // The next request of the client has its own time.
        self.request.flags.remove(ChannelFlags::ANA_TIMEOUT);
        let now_us = core.engine.clock.monotonic_us();
        self.timing.request_ms = -1;
        self.timing.queue_ms = self.timing.since_start_ms(now_us);
        let reply = self
            .transaction
            .as_deref_mut()
            .and_then(|transaction| transaction.said.tarpit_reply.take());
        match reply {
            Some(reply) => self.answer_held(reply, core),
            None => Verdict::Wait,
        }
    }
}
