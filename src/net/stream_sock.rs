//! Stream sockets: what the loop calls when a session's socket is readable or writable.
//!
//! [`stream_sock_read`] fills the channel, [`stream_sock_write`] drains it; both then decide
//! whether the other end can go on alone or the session's task has to run. The session task
//! uses the same two movements directly. Errors are only noted here: the task acts on them.
//! Invariant: a callback touches its own session and wakes tasks, nothing else.

use std::io;

use crate::engine::fdtab::{Direction, PollState, Polling};
use crate::engine::task::Wake;
use crate::engine::tick::Tick;
use crate::session::channel::{Channel, ChannelFlags, FORWARD_INFINITE};
use crate::session::interface::{InterfaceFlags, InterfaceState};
use crate::session::{Session, Sessions, Side};
use crate::sys::{self, Fd};
use crate::worker::{Core, Worker};

/// Read callback of a session's socket.
#[inline(never)]
pub fn stream_sock_read(worker: &mut Worker, fd: Fd) -> Polling {
    log::trace!("stream_sock_read {fd:?}");
    let Worker { sessions, core } = worker;
    let Some((session, side)) = owner_of(sessions, core, fd) else {
        core.close(fd);
        return Polling::Wait;
    };
    let mut polling = Polling::Wait;
    for _ in 0..RELAYS_MAX {
        polling = session.receive(side, fd, core);
        if !session.relay_at_once(side, fd, core) {
            break;
        }
    }
    session.after_read(side, core);
    polling
}

/// Write callback of a session's socket.
#[inline(never)]
pub fn stream_sock_write(worker: &mut Worker, fd: Fd) -> Polling {
    log::trace!("stream_sock_write {fd:?}");
    let Worker { sessions, core } = worker;
    let Some((session, side)) = owner_of(sessions, core, fd) else {
        core.close(fd);
        return Polling::Wait;
    };
    if session.interface(side).state == InterfaceState::Connecting {
        return session.connect_progress(side, fd, core);
    }
    session.transmit(side, core);
    session.after_write(side, core)
}

/// The session a descriptor belongs to, and the end it is; `None` for one left behind.
fn owner_of<'a>(
    sessions: &'a mut Sessions,
    core: &Core,
    fd: Fd,
) -> Option<(&'a mut Session, Side)> {
    let session = sessions.of_owner(core.engine.fdtab.owner(fd)?)?;
    let side = session.side_of(fd)?;
    Some((session, side))
}

/// What one read brought.
pub(super) enum Received {
    /// The socket has no more for now.
    Drained,
    /// There may be more.
    More,
    /// Reading stopped: closed, failed, or no room.
    Stopped,
}

impl Session {
    /// Moves bytes from the socket into the channel, until it is drained or the channel is
    /// full. One read that returns less than asked for means drained.
    fn receive(&mut self, side: Side, fd: Fd, core: &mut Core) -> Polling {
        let input = self.ends(side).input;
        if input
            .flags
            .any(ChannelFlags::SHUTR.union(ChannelFlags::DONT_READ))
        {
            core.engine.fdtab.disarm(fd, Direction::Read);
            return Polling::Wait;
        }
        for _ in 0..READS_MAX {
            let received = if self.may_splice(side) {
                self.splice_once(side, fd, core)
            } else {
                self.receive_once(side, fd, core)
            };
            match received {
                Received::More => {}
                Received::Drained | Received::Stopped => return Polling::Wait,
            }
        }
        Polling::More
    }

    fn receive_once(&mut self, side: Side, fd: Fd, core: &mut Core) -> Received {
        let reserve = core.maxrewrite();
        let ends = self.ends(side);
        ends.input.attach_large(&mut core.buffers);
        let size = ends.input.buffer_size().unwrap_or(core.buffers.size());
        let mut room = ends.input.read_room(size, reserve);
        if room == 0 && ends.input.can_replay() {
            // A body larger than the buffer cannot be replayed any more.
            ends.input.drop_kept();
            room = ends.input.read_room(size, reserve);
        }
        let buffer = if room == 0 {
            None
        } else {
            ends.input.attach(&mut core.buffers)
        };
        let Some(buffer) = buffer else {
            ends.interface.flags.insert(InterfaceFlags::WAIT_ROOM);
            core.engine.fdtab.disarm(fd, Direction::Read);
            return Received::Stopped;
        };
        let tail = buffer.tail(room);
        let asked = tail.len();
        match sys::socket::recv(fd, tail) {
            Ok(0) => {
                ends.input.release_if_empty(&mut core.buffers);
                self.read_closed(side, core);
                Received::Stopped
            }
            Ok(count) => {
                buffer.commit(count);
                self.note_received(side, count, asked, core)
            }
            Err(error) => {
                ends.input.release_if_empty(&mut core.buffers);
                self.read_failed(side, fd, &error, core)
            }
        }
    }

    /// Accounts for bytes read into the buffer and decides whether to read on.
    fn note_received(
        &mut self,
        side: Side,
        count: usize,
        asked: usize,
        core: &mut Core,
    ) -> Received {
        let ends = self.ends(side);
        ends.input.received(count);
        self.refresh_read_timer(side, core);
        let plenty = asked.min(core.buffers.size());
        let input = self.ends(side).input;
        if count < plenty {
            input.full_reads = 0;
            input.flags.remove(ChannelFlags::STREAMER_FAST);
            return Received::Drained;
        }
        input.full_reads = input.full_reads.saturating_add(1);
        if input.full_reads >= STREAMER_READS {
            input.flags.insert(ChannelFlags::STREAMER_FAST);
        }
        if count < asked {
            return Received::Drained;
        }
        Received::More
    }

    /// Whatever arrives shows that the producer is alive.
    pub(super) fn refresh_read_timer(&mut self, side: Side, core: &Core) {
        let now = core.engine.clock.now_ms();
        let input = self.ends(side).input;
        if input.read_exp.is_set() && !input.flags.any(ChannelFlags::READ_NOEXP) {
            input.read_exp = now.add_if_set(input.read_timeout_ms);
        }
    }

    fn read_failed(&mut self, side: Side, fd: Fd, error: &io::Error, core: &mut Core) -> Received {
        if error.kind() == io::ErrorKind::WouldBlock {
            return Received::Drained;
        }
        if error.kind() == io::ErrorKind::Interrupted {
            return Received::More;
        }
        log::debug!("read error on {fd:?}: {error}");
        let ends = self.ends(side);
        ends.input.flags.insert(ChannelFlags::READ_ERROR);
        ends.interface.flags.insert(InterfaceFlags::ERR);
        core.engine.fdtab.disarm(fd, Direction::Read);
        Received::Stopped
    }

    /// The peer closed its sending side.
    pub(super) fn read_closed(&mut self, side: Side, core: &mut Core) {
        let ends = self.ends(side);
        ends.input.flags.insert(ChannelFlags::READ_NULL);
        if ends.input.flags.any(ChannelFlags::AUTO_CLOSE) {
            ends.input.shutw_now();
        }
        self.shutr(side, core);
    }

    /// Sends bulk data on while it is still in the processor's cache. Small pieces wait for
    /// the end of the batch of reads instead: waking their reader at once costs more. True
    /// when all of it left, so that reading may go on.
    fn relay_at_once(&mut self, side: Side, fd: Fd, core: &mut Core) -> bool {
        let far = side.other();
        let far_is_ready = self.interface(far).state == InterfaceState::Established
            && self.interface(far).fd().is_some_and(|far_fd| {
                core.engine.fdtab.poll_state(far_fd, Direction::Write) == PollState::Idle
            });
        let input = self.ends(side).input;
        let over = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTW)
            .union(ChannelFlags::READ_ERROR);
        let is_bulk = input.full_reads > 0
            && input.to_forward > 0
            && input.input_len() == 0
            && !input.out_empty()
            && !input.flags.any(over);
        if !is_bulk || !far_is_ready {
            return false;
        }
        self.transmit(far, core);
        let input = self.ends(side).input;
        let passed = input.out_empty() && !input.flags.any(ChannelFlags::WRITE_ERROR);
        if passed {
            self.interface(side).flags.remove(InterfaceFlags::WAIT_ROOM);
            core.engine.fdtab.arm(fd, Direction::Read);
        } else {
            self.after_write(far, core);
        }
        passed
    }

    /// Passes on what was read without the task when it was all due to be forwarded, and
    /// wakes the task otherwise.
    fn after_read(&mut self, side: Side, core: &mut Core) {
        let task = self.task;
        let far = self.interface(side.other());
        let (far_state, far_fd) = (far.state, far.fd());
        let ends = self.ends(side);
        if ends.interface.flags.any(InterfaceFlags::DONT_WAKE) {
            return;
        }
        let needs_task = ends.input.flags.any(
            ChannelFlags::READ_NULL
                .union(ChannelFlags::READ_ERROR)
                .union(ChannelFlags::SHUTR)
                .union(ChannelFlags::SHUTW),
        ) || ends.input.to_forward == 0
            || ends.input.input_len() > 0
            || far_state != InterfaceState::Established;
        if !needs_task && let Some(far_fd) = far_fd {
            // The write happens in the next scan of the speculative list, after all reads
            // of this batch.
            if !ends.input.out_empty() {
                core.engine.fdtab.arm(far_fd, Direction::Write);
            }
            return;
        }
        if ends.input.flags.any(ChannelFlags::MASK_ANALYSER)
            || ends.interface.flags.any(InterfaceFlags::ERR)
        {
            core.engine.scheduler.wake(task, Wake::IO);
        }
    }

    /// Finds out whether the connection is established, by sending what there is to send or,
    /// with nothing to send, by asking for the peer's address. Wakes the task when decided.
    fn connect_progress(&mut self, side: Side, fd: Fd, core: &mut Core) -> Polling {
        let nothing_to_send = self.ends(side).output.out_empty() && !self.announces_source(side);
        if nothing_to_send {
            match sys::socket::getpeername(fd) {
                Ok(_) => self
                    .ends(side)
                    .output
                    .flags
                    .insert(ChannelFlags::WRITE_NULL),
                Err(_) if sys::socket::take_error(fd).is_ok() => return Polling::Wait,
                Err(_) => self.interface(side).flags.insert(InterfaceFlags::ERR),
            }
        } else {
            self.transmit(side, core);
        }
        let ends = self.ends(side);
        if ends.output.flags.any(ChannelFlags::WRITE_ERROR) {
            // Nothing was established yet, so this is a failed attempt, not a failed write.
            ends.output.flags.remove(ChannelFlags::WRITE_ERROR);
            ends.interface.flags.insert(InterfaceFlags::ERR);
        }
        let failed = ends.interface.flags.any(InterfaceFlags::ERR);
        let connected = ChannelFlags::WRITE_NULL.union(ChannelFlags::WRITE_PARTIAL);
        if !failed && !ends.output.flags.any(connected) {
            return Polling::Wait;
        }
        if failed || ends.output.out_empty() {
            core.engine.fdtab.disarm(fd, Direction::Write);
        }
        core.engine.scheduler.wake(self.task, Wake::IO);
        Polling::Wait
    }

    /// Moves bytes from the channel to the socket until the channel is empty or the socket
    /// takes no more.
    pub fn transmit(&mut self, side: Side, core: &mut Core) {
        let Some(fd) = self.interface(side).fd() else {
            return;
        };
        if let Err(error) = self.announce_source(side, fd, core) {
            if error.kind() != io::ErrorKind::WouldBlock {
                self.write_failed(side);
            }
            return;
        }
        self.undelay_server(side, fd);
        if !self.transmit_pipe(side, fd, core) {
            return;
        }
        let now = core.engine.clock.now_ms();
        let ends = self.ends(side);
        while ends.output.output() > 0 {
            let bytes = ends.output.output_bytes();
            let len = bytes.len();
            let more = expects_more(ends.output);
            match sys::socket::send(fd, bytes, more) {
                Ok(count) => {
                    ends.output.sent(count);
                    note_write(
                        &mut ends.output.write_exp,
                        ends.output.write_timeout_ms,
                        now,
                    );
                    if count < len {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    log::debug!("write error on {fd:?}: {error}");
                    self.write_failed(side);
                    return;
                }
            }
        }
        let ends = self.ends(side);
        ends.output.release_if_empty(&mut core.buffers);
        if !ends.interface.flags.any(InterfaceFlags::INDEPENDENT)
            && ends.output.flags.any(ChannelFlags::WRITE_PARTIAL)
            && ends.input.read_exp.is_set()
        {
            ends.input.read_exp = now.add_if_set(ends.input.read_timeout_ms);
        }
    }

    /// The peer takes nothing more. What it sent before may still be read: the read side
    /// finds out how the connection ended.
    pub(super) fn write_failed(&mut self, side: Side) {
        let answer_awaited = side == Side::Server && !self.response.analysers.is_empty();
        let ends = self.ends(side);
        ends.output.flags.insert(ChannelFlags::WRITE_ERROR);
        if !answer_awaited {
            ends.interface.flags.insert(InterfaceFlags::ERR);
        }
    }

    /// After a write callback: goes on polling or not, lets the producer refill the channel,
    /// and wakes the task for what only it can do.
    fn after_write(&mut self, side: Side, core: &mut Core) -> Polling {
        let task = self.task;
        let far_fd = self.interface(side.other()).fd();
        let far_waits = self
            .interface(side.other())
            .flags
            .any(InterfaceFlags::WAIT_ROOM);
        let ends = self.ends(side);
        let Some(fd) = ends.interface.fd() else {
            return Polling::Wait;
        };
        let drained = ends.output.out_empty();
        let failed = ends.output.flags.any(ChannelFlags::WRITE_ERROR);
        if drained || failed {
            core.engine.fdtab.disarm(fd, Direction::Write);
            ends.output.write_exp = Tick::ETERNITY;
        } else if !ends.output.write_exp.is_set() {
            // Bytes that came without the task's knowledge: it has to know of their timer.
            ends.output.write_exp = core
                .engine
                .clock
                .now_ms()
                .add_if_set(ends.output.write_timeout_ms);
            if ends.output.write_exp.is_set() {
                let expiry = ends.output.write_exp;
                core.engine.scheduler.schedule_earlier(task, expiry);
            }
        }
        let idle = drained && ends.output.to_forward == 0;
        let closing = drained && ends.output.flags.any(ChannelFlags::SHUTW_NOW);
        if failed || idle || closing || ends.interface.state != InterfaceState::Established {
            core.engine.scheduler.wake(task, Wake::IO);
        } else if far_waits
            && let Some(far_fd) = far_fd
            && !ends
                .output
                .flags
                .any(ChannelFlags::SHUTR.union(ChannelFlags::DONT_READ))
        {
            self.interface(side.other())
                .flags
                .remove(InterfaceFlags::WAIT_ROOM);
            core.engine.fdtab.arm(far_fd, Direction::Read);
        } else if far_waits {
            core.engine.scheduler.wake(task, Wake::IO);
        }
        Polling::Wait
    }
}

/// Whether more output is certain to follow at once, so that the kernel may hold back a
/// partial segment: the end is known and the producer fills whole buffers.
const fn expects_more(channel: &Channel) -> bool {
    channel.to_forward != 0
        && channel.to_forward != FORWARD_INFINITE
        && channel.full_reads > 0
        && !channel.flags.any(ChannelFlags::NEVER_WAIT)
}

fn note_write(write_exp: &mut Tick, timeout_ms: u32, now: Tick) {
    if write_exp.is_set() {
        *write_exp = now.add_if_set(timeout_ms);
    }
}

/// Reads per callback: a fast peer must not starve the others.
const READS_MAX: usize = 4;
/// Buffers relayed per read callback, for the same reason.
const RELAYS_MAX: usize = 4;
/// Full reads in a row that make a stream fast.
const STREAMER_READS: u8 = 3;
