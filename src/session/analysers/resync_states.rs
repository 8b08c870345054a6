//! `http_resync_states`: what happens when a request, a response or both are complete.
//!
//! Called by the forwarding analysers whenever one of them has handed over its message. It
//! ends the transaction and decides what becomes of the two connections: kept for the next
//! request, closed, or joined to a tunnel.

use crate::config::model::ProxyOption;
use crate::http::framing::BodyLength;
use crate::session::analyser::AnalyserSet;
use crate::session::channel::{ChannelFlags, FORWARD_INFINITE};
use crate::session::interface::InterfaceState;
use crate::session::outcome::{Cause, Stage};
use crate::session::transaction::MessageState;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Looks at both messages and ends what can be ended.
    #[inline(never)]
    pub(super) fn http_resync_states(&mut self, core: &mut Core) {
        let Some(transaction) = self.transaction.as_deref() else {
            return;
        };
        let request = transaction.request.state;
        let response = transaction.response.state;
        let lost = transaction.request_lost;
        if request >= MessageState::Done && self.request_is_over(core) {
            return;
        }
        if response < MessageState::Done {
            return;
        }
        if self.response_length() == BodyLength::Tunnel {
            self.begin_tunnel(core);
            return;
        }
        if request >= MessageState::Done {
            self.end_transaction(core);
            return;
        }
        // The answer is complete although the request is not: its rest has no reader any
        // more once the server has stopped taking it.
        if lost || self.response.flags.any(ChannelFlags::SHUTR) {
            self.close_after_response(core);
        }
    }

    /// The request is complete: what the client sends now belongs to its next one and is
    /// left where it is, unless its leaving is to be noticed (`option abortonclose`). True
    /// when it has left.
    fn request_is_over(&mut self, core: &mut Core) -> bool {
        let watched = core
            .config
            .proxy(self.backend)
            .options
            .has(ProxyOption::AbortOnClose);
        if !watched {
            self.request.flags.insert(ChannelFlags::DONT_READ);
            return false;
        }
        let left = self.request.flags.any(ChannelFlags::SHUTR)
            && self.server_side.state == InterfaceState::Established
            && self.server_side.fd().is_some()
            && !self.response_has_begun();
        if left {
            self.count_client_abort(core);
            self.outcome.note(Cause::ClientAbort, Stage::Headers);
            self.end_analysis();
            self.note_status(400, core);
            self.http_reply_and_close(None, core);
        }
        left
    }

    /// Both messages are complete.
    fn end_transaction(&mut self, core: &mut Core) {
        let (client_keeps, stopping) = match self.transaction.as_deref() {
            Some(transaction) => (
                transaction.connections.response.keep_client,
                core.state.proxy(self.frontend).stopping,
            ),
            None => (false, false),
        };
        if client_keeps && !stopping && !self.response.is_closing() {
            self.http_end_txn_clean_session(core);
            return;
        }
        self.close_after_response(core);
    }

    /// The response leaves, then everything is closed.
    fn close_after_response(&mut self, core: &mut Core) {
        self.end_analysis();
        self.give_up_server_connection(core);
        // What the server sent beyond its response is nothing that the client asked for.
        let beyond = self.response.input_len();
        self.response.skip_input(beyond);
        self.request.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.request.abort();
        self.response.flags.insert(ChannelFlags::AUTO_CLOSE);
        self.response.shutw_now();
    }

    /// From here on bytes are relayed both ways until one side closes.
    fn begin_tunnel(&mut self, core: &mut Core) {
        self.end_analysis();
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.request.state = MessageState::Tunnel;
            transaction.response.state = MessageState::Tunnel;
        }
        for channel in [&mut self.request, &mut self.response] {
            channel.flags.remove(ChannelFlags::DONT_READ);
            channel.flags.insert(ChannelFlags::AUTO_CLOSE);
            channel.forward(FORWARD_INFINITE);
        }
        self.adopt_tunnel_timeouts(core);
    }

    /// `timeout tunnel` replaces the client's and the server's where it is set.
    pub(in crate::session) fn adopt_tunnel_timeouts(&mut self, core: &Core) {
        let said = self
            .transaction
            .as_deref()
            .map(|transaction| transaction.said);
        let tunnel_ms = match said.map_or(0, |said| said.tunnel_timeout_ms) {
            0 => core.config.proxy(self.backend).timeouts.tunnel_ms,
            given => given,
        };
        if tunnel_ms == 0 {
            return;
        }
        let now = core.engine.clock.now_ms();
        for channel in [&mut self.request, &mut self.response] {
            channel.read_timeout_ms = tunnel_ms;
            channel.write_timeout_ms = tunnel_ms;
            channel.read_exp = now.add(tunnel_ms);
        }
    }

    /// Ends the transaction and gets ready for the client's next request.
    #[inline(never)]
    fn http_end_txn_clean_session(&mut self, core: &mut Core) {
        log::trace!("http_end_txn_clean_session");
        self.request.drop_kept();
        self.last_server = self.server;
        self.give_up_server_connection(core);
        // What the server sent beyond its response must never answer the next request.
        let beyond = self.response.input_len();
        self.response.skip_input(beyond);
        self.close_books(core);
        self.forget_backend();
        // Totals are those of one request; what is pipelined belongs to the next.
        self.request.total = self.request.input_len() as u64;
        self.response.total = 0;
        self.counted = (self.request.total, 0);
        self.flags.remove(SessionFlags::FIRST_REQUEST);
        let date = core.engine.clock.date();
        self.timing.restart(core.engine.clock.monotonic_us(), date);
        self.prepare_channels(core);
        self.request.release_if_empty(&mut core.buffers);
        if let Some(transaction) = self.transaction.take() {
            core.recycle_transaction(transaction);
        }
    }

    /// Sets both channels up as they were after the accept; bytes stay where they are.
    fn prepare_channels(&mut self, core: &Core) {
        let frontend = core.config.proxy(self.frontend);
        self.request.analysers = AnalyserSet::HTTP_FRONTEND;
        self.response.analysers = AnalyserSet::EMPTY;
        self.request.to_forward = 0;
        self.response.to_forward = 0;
        let over = ChannelFlags::SHUTW
            .union(ChannelFlags::SHUTW_NOW)
            .union(ChannelFlags::WRITE_ERROR)
            .union(ChannelFlags::WRITE_TIMEOUT)
            .union(ChannelFlags::WRITE_PARTIAL)
            .union(ChannelFlags::WRITE_NULL)
            .union(ChannelFlags::AUTO_CONNECT)
            .union(ChannelFlags::DONT_READ)
            .union(ChannelFlags::STREAMER_FAST);
        self.request.flags.remove(over);
        let ended = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTR_NOW)
            .union(ChannelFlags::READ_ERROR)
            .union(ChannelFlags::READ_TIMEOUT)
            .union(ChannelFlags::READ_NULL)
            .union(ChannelFlags::READ_PARTIAL)
            .union(ChannelFlags::READ_ATTACHED)
            .union(ChannelFlags::DONT_READ)
            .union(ChannelFlags::STREAMER_FAST);
        self.response.flags.remove(ended);
        // The backend of the next request may be another one.
        let no_delay = frontend.options.has(ProxyOption::HttpNoDelay);
        self.request.flags.set(ChannelFlags::NEVER_WAIT, no_delay);
        self.response.flags.set(ChannelFlags::NEVER_WAIT, no_delay);
        self.request.read_timeout_ms = frontend.timeouts.client_ms;
        self.response.write_timeout_ms = frontend.timeouts.client_ms;
        self.request.write_timeout_ms = 0;
        self.response.read_timeout_ms = 0;
        self.request.write_exp = crate::engine::tick::Tick::ETERNITY;
        self.response.read_exp = crate::engine::tick::Tick::ETERNITY;
        self.request.analyse_exp = crate::engine::tick::Tick::ETERNITY;
    }
}
