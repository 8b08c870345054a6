//! `http_process_tarpit`: holds a client that rules have caught, then answers with an error.

use crate::config::model::{Reply, ReplyPage};
use crate::engine::tick::Tick;
use crate::session::Session;
use crate::session::analyser::{AnalyserSet, Verdict};
use crate::session::channel::ChannelFlags;
use crate::session::outcome::{Cause, Stage};
use crate::worker::Core;

impl Session {
    /// The client waits from now on, for `timeout tarpit`, or `timeout connect` without one.
    pub(in crate::session) fn begin_tarpit(&mut self, reply: &'static Reply, core: &mut Core) {
        core.state.proxy_mut(self.frontend).frontend.denied_requests += 1;
        self.outcome.note(Cause::Proxy, Stage::Tarpit);
        self.note_reason("denied");
        let timeouts = &core.config.proxy(self.backend).timeouts;
        let held_ms = match timeouts.tarpit_ms {
            0 => timeouts.connect_ms,
            given => given,
        };
        let now = core.engine.clock.now_ms();
        self.request.analyse_exp = now.add(held_ms);
        self.request.analysers = AnalyserSet::HTTP_TARPIT;
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.tarpit_reply = Some(reply);
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
        let now_us = core.engine.clock.monotonic_us();
        self.timing.queue_ms = self.timing.since_start_ms(now_us);
        let reply = self
            .transaction
            .as_deref_mut()
            .and_then(|transaction| transaction.tarpit_reply.take());
        match reply {
            Some(reply) if matches!(reply.page, ReplyPage::Own) => self.answer_with(reply, core),
            reply => {
                let status = reply.map_or(STATUS_DEFAULT, |reply| reply.status);
                self.http_reply_and_close(Some(status), core);
                Verdict::Wait
            }
        }
    }
}

/// What a tarpit answers unless told otherwise.
const STATUS_DEFAULT: u16 = 500;
