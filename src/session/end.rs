//! Shutting and closing the ends of a session, and keeping their polling and timers in step
//! with what the channels want.
//!
//! Called by the session task, and by the socket callbacks for a close they have just seen.

use super::channel::ChannelFlags;
use super::interface::{Endpoint, InterfaceFlags, InterfaceState};
use super::{Session, SessionFlags, Side};
use crate::engine::fdtab::Direction;
use crate::engine::tick::Tick;
use crate::sys;
use crate::worker::Core;

impl Session {
    /// Shuts the receiving direction of one end. An end that sends no more either is
    /// closed.
    pub fn shutr(&mut self, side: Side, core: &mut Core) {
        let ends = self.ends(side);
        ends.input.flags.remove(ChannelFlags::SHUTR_NOW);
        if ends.input.flags.any(ChannelFlags::SHUTR) {
            return;
        }
        ends.input.flags.insert(ChannelFlags::SHUTR);
        ends.input.read_exp = Tick::ETERNITY;
        ends.interface.flags.remove(InterfaceFlags::WAIT_ROOM);
        if !matches!(
            ends.interface.state,
            InterfaceState::Established | InterfaceState::Connecting
        ) {
            return;
        }
        if ends.output.flags.any(ChannelFlags::SHUTW) {
            self.disconnect(side, core);
            return;
        }
        if let Some(fd) = ends.interface.fd() {
            core.engine.fdtab.disarm(fd, Direction::Read);
        }
        self.adopt_fin_timeout(side, core);
    }

    /// Shuts the sending direction of one end; the whole end when nothing more is read from
    /// it either, or when it is not established.
    pub fn shutw(&mut self, side: Side, core: &mut Core) {
        let ends = self.ends(side);
        ends.output.flags.remove(ChannelFlags::SHUTW_NOW);
        if ends.output.flags.any(ChannelFlags::SHUTW) {
            return;
        }
        ends.output.flags.insert(ChannelFlags::SHUTW);
        ends.output.write_exp = Tick::ETERNITY;
        ends.interface.flags.remove(InterfaceFlags::WAIT_DATA);
        match ends.interface.state {
            InterfaceState::Established => self.shutw_established(side, core),
            InterfaceState::Connecting
            | InterfaceState::Queued
            | InterfaceState::TurnAround
            | InterfaceState::ConnectError
            | InterfaceState::Assigned => {
                self.disconnect(side, core);
                self.close_input(side);
            }
            InterfaceState::Initial
            | InterfaceState::Requested
            | InterfaceState::Disconnected
            | InterfaceState::Closed => self.close_input(side),
        }
    }

    fn shutw_established(&mut self, side: Side, core: &mut Core) {
        let ends = self.ends(side);
        let read_is_over = ends.input.flags.any(ChannelFlags::SHUTR)
            || ends
                .interface
                .flags
                .any(InterfaceFlags::ERR.union(InterfaceFlags::NOLINGER));
        if read_is_over {
            self.disconnect(side, core);
            self.close_input(side);
            return;
        }
        if let Some(fd) = ends.interface.fd() {
            core.engine.fdtab.disarm(fd, Direction::Write);
            // A peer that is gone already shows on the read side.
            let _ = sys::socket::shutdown(fd, sys::socket::How::Write);
        }
        self.adopt_fin_timeout(side, core);
    }

    fn close_input(&mut self, side: Side) {
        let ends = self.ends(side);
        ends.input.flags.remove(ChannelFlags::SHUTR_NOW);
        ends.input.flags.insert(ChannelFlags::SHUTR);
        ends.input.read_exp = Tick::ETERNITY;
        ends.interface.exp = Tick::ETERNITY;
    }

    /// A half-closed end gets the `client-fin` or `server-fin` timeout where one is set.
    fn adopt_fin_timeout(&mut self, side: Side, core: &Core) {
        if self.flags.any(SessionFlags::COMMAND) {
            return;
        }
        let fin_ms = match side {
            Side::Client => core.config.proxy(self.frontend).timeouts.client_fin_ms,
            Side::Server => core.config.proxy(self.backend).timeouts.server_fin_ms,
        };
        if fin_ms == 0 {
            return;
        }
        let now = core.engine.clock.now_ms();
        let ends = self.ends(side);
        ends.input.read_timeout_ms = fin_ms;
        ends.output.write_timeout_ms = fin_ms;
        if ends.input.read_exp.is_set() {
            ends.input.read_exp = now.add(fin_ms);
        }
    }

    /// Closes what stands behind an end; its state becomes `Disconnected`.
    fn disconnect(&mut self, side: Side, core: &mut Core) {
        self.close_endpoint(side, core);
        let interface = self.interface(side);
        interface.state = InterfaceState::Disconnected;
        interface.exp = Tick::ETERNITY;
    }

    /// Closes the socket or drops the applet behind an end, whatever its state.
    pub fn close_endpoint(&mut self, side: Side, core: &mut Core) {
        let interface = self.interface(side);
        let reset = interface.flags.any(InterfaceFlags::NOLINGER);
        match std::mem::take(&mut interface.endpoint) {
            Endpoint::Socket(fd) => {
                if reset {
                    // A socket that refuses the option is closed the polite way.
                    let _ = sys::socket_option::set_no_linger(fd);
                }
                core.close(fd);
            }
            Endpoint::Applet(applet) => core.recycle_applet(applet),
            Endpoint::None => {}
        }
    }

    /// Adjusts polling and timers of both ends to what the channels hold and allow. Called
    /// once at the end of each run of the task.
    pub fn update_ends(&mut self, core: &mut Core) {
        for side in [Side::Client, Side::Server] {
            if self.interface(side).state == InterfaceState::Established {
                self.update_reading(side, core);
                self.update_writing(side, core);
            }
        }
    }

    fn update_reading(&mut self, side: Side, core: &mut Core) {
        let now = core.engine.clock.now_ms();
        let (size, reserve) = (core.bufsize(), core.maxrewrite());
        let ends = self.ends(side);
        if ends.input.flags.any(ChannelFlags::SHUTR) {
            return;
        }
        let has_room = ends.input.read_room(size, reserve) > 0 || ends.input.can_replay();
        let wanted = !ends.input.flags.any(ChannelFlags::DONT_READ);
        // An applet with more to say wants to hear of any room, however much there is now.
        let is_held = !has_room || ends.interface.has_blocked_applet();
        ends.interface
            .flags
            .set(InterfaceFlags::WAIT_ROOM, wanted && is_held);
        let fd = ends.interface.fd();
        if !wanted || !has_room {
            ends.input.read_exp = Tick::ETERNITY;
            if let Some(fd) = fd {
                core.engine.fdtab.disarm(fd, Direction::Read);
            }
            return;
        }
        if !ends.input.read_exp.is_set() && !ends.input.flags.any(ChannelFlags::READ_NOEXP) {
            ends.input.read_exp = now.add_if_set(ends.input.read_timeout_ms);
        }
        let Some(fd) = fd else {
            return;
        };
        match side {
            Side::Client => core.engine.fdtab.arm(fd, Direction::Read),
            // A response cannot be there before the request left: no need to try.
            Side::Server => core.engine.fdtab.arm_wait(fd, Direction::Read),
        }
    }

    fn update_writing(&mut self, side: Side, core: &mut Core) {
        let now = core.engine.clock.now_ms();
        let ends = self.ends(side);
        if ends.output.flags.any(ChannelFlags::SHUTW) {
            return;
        }
        let fd = ends.interface.fd();
        let pending = !ends.output.out_empty();
        ends.interface
            .flags
            .set(InterfaceFlags::WAIT_DATA, !pending);
        if !pending {
            ends.output.write_exp = Tick::ETERNITY;
            if let Some(fd) = fd {
                core.engine.fdtab.disarm(fd, Direction::Write);
            }
            return;
        }
        if !ends.output.write_exp.is_set() {
            ends.output.write_exp = now.add_if_set(ends.output.write_timeout_ms);
            if ends.input.read_exp.is_set()
                && !ends.interface.flags.any(InterfaceFlags::INDEPENDENT)
            {
                ends.input.read_exp = now.add_if_set(ends.input.read_timeout_ms);
            }
        }
        if let Some(fd) = fd {
            // The task has tried to send just now: the socket takes no more.
            core.engine.fdtab.arm_wait(fd, Direction::Write);
        }
    }
}
