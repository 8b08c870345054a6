//! Kernel splicing: bytes between two sockets through a pipe, never seen by the process.
//!
//! Used by the read and write movements of `stream_sock` for channels whose content is
//! forwarded without limit or in large pieces, when an option asks for it. Anything that
//! does not work falls back to copying.

use std::io;

use super::stream_sock::Received;
use crate::config::model::{ProxyOption, ProxyOptions};
use crate::engine::fdtab::Direction;
use crate::session::channel::{Channel, ChannelFlags, FORWARD_INFINITE};
use crate::session::interface::{InterfaceFlags, InterfaceState};
use crate::session::{Session, Side};
use crate::sys::{self, Fd};
use crate::worker::Core;

impl Session {
    /// Decides for both channels whether their bytes may take the kernel's way.
    pub(crate) fn choose_splicing(&mut self, core: &Core) {
        if core.config.global.nosplice
            || self.client.state != InterfaceState::Established
            || self.server_side.state != InterfaceState::Established
            || self.client.fd().is_none()
            || self.server_side.fd().is_none()
        {
            return;
        }
        let options = core.config.proxy(self.frontend).options;
        let backend = core.config.proxy(self.backend).options;
        let wants = |option| options.has(option) || backend.has(option);
        decide(
            &mut self.request,
            wants(ProxyOption::SpliceRequest),
            wants(ProxyOption::SpliceAuto),
        );
        decide(
            &mut self.response,
            wants(ProxyOption::SpliceResponse),
            wants(ProxyOption::SpliceAuto),
        );
    }

    /// True when the next bytes from this side are to be spliced.
    pub(super) fn may_splice(&mut self, side: Side) -> bool {
        let input = self.ends(side).input;
        input.flags.any(ChannelFlags::KERN_SPLICING)
            && input.to_forward >= SPLICE_LEN_MIN
            && input.is_empty()
    }

    /// Moves bytes from the socket into the channel's pipe.
    pub(super) fn splice_once(&mut self, side: Side, fd: Fd, core: &mut Core) -> Received {
        let input = self.ends(side).input;
        if input.pipe.is_none() {
            input.pipe = core.pipes.take();
        }
        let Some(pipe) = input.pipe.as_mut() else {
            input.flags.remove(ChannelFlags::KERN_SPLICING);
            return Received::More;
        };
        if pipe.pending >= SPLICE_BULK_MIN {
            return self.wait_for_pipe(side, fd, core);
        }
        let wanted = usize::try_from(input.to_forward).unwrap_or(SPLICE_LEN_MAX);
        let wanted = wanted.min(SPLICE_LEN_MAX);
        match sys::splice::splice_in(fd, pipe.write, wanted) {
            Ok(0) => {
                self.release_pipe(side, core);
                self.read_closed(side, core);
                Received::Stopped
            }
            Ok(count) => {
                pipe.pending += count;
                input.spliced(count);
                // One piece fills the pipe or empties the socket, whichever is smaller: asking
                // again before the pipe was drained would only be refused.
                input.full_reads = u8::from(count >= SPLICE_BULK_MIN);
                self.refresh_read_timer(side, core);
                Received::Drained
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if pipe.pending > 0 {
                    // The socket is empty or the pipe full, nobody can tell: what is in the
                    // pipe has to leave first, or a full one would be reported for ever.
                    return self.wait_for_pipe(side, fd, core);
                }
                self.release_pipe(side, core);
                Received::Drained
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Received::More,
            Err(error) => {
                log::debug!("splice failed on {fd:?}, copying instead: {error}");
                input.flags.remove(ChannelFlags::KERN_SPLICING);
                self.release_pipe(side, core);
                Received::More
            }
        }
    }

    /// Reads no more until the writer has drained the pipe and asks for it.
    fn wait_for_pipe(&mut self, side: Side, fd: Fd, core: &mut Core) -> Received {
        self.interface(side).flags.insert(InterfaceFlags::WAIT_ROOM);
        core.engine.fdtab.disarm(fd, Direction::Read);
        Received::Stopped
    }

    /// Moves bytes from the pipe to the socket; true when the buffer may follow.
    pub(super) fn transmit_pipe(&mut self, side: Side, fd: Fd, core: &mut Core) -> bool {
        let output = self.ends(side).output;
        let Some(pipe) = output.pipe.as_mut() else {
            return true;
        };
        let more = output.to_forward > 0 && output.to_forward != FORWARD_INFINITE;
        while pipe.pending > 0 {
            match sys::splice::splice_out(pipe.read, fd, pipe.pending, more) {
                Ok(0) => break,
                Ok(count) => {
                    pipe.pending = pipe.pending.saturating_sub(count);
                    output.flags.insert(ChannelFlags::WRITE_PARTIAL);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    log::debug!("splice out failed on {fd:?}: {error}");
                    self.write_failed(side);
                    return false;
                }
            }
        }
        let empty = pipe.pending == 0;
        if empty && let Some(pipe) = output.pipe.take() {
            core.pipes.put(pipe);
        }
        empty
    }

    fn release_pipe(&mut self, side: Side, core: &mut Core) {
        let input = self.ends(side).input;
        if input.pipe.as_ref().is_some_and(|pipe| pipe.pending == 0)
            && let Some(pipe) = input.pipe.take()
        {
            core.pipes.put(pipe);
        }
    }
}

/// Whether a channel qualifies: always with the option, and with `splice-auto` once it was
/// recognised as bulk data.
fn decide(channel: &mut Channel, asked: bool, auto: bool) {
    let bulk = auto && channel.flags.any(ChannelFlags::STREAMER_FAST);
    if (asked || bulk) && channel.to_forward >= SPLICE_LEN_MIN {
        channel.flags.insert(ChannelFlags::KERN_SPLICING);
    }
}

/// True when a proxy with these options may want pipes.
pub fn may_use_pipes(options: ProxyOptions) -> bool {
    [
        ProxyOption::SpliceAuto,
        ProxyOption::SpliceRequest,
        ProxyOption::SpliceResponse,
    ]
    .into_iter()
    .any(|option| options.has(option))
}

/// Shorter pieces are copied: a pipe does not pay for them (dev7: 4096).
const SPLICE_LEN_MIN: u64 = 4096;
/// A piece of this size is sent on at once, while it is in the processor's cache.
const SPLICE_BULK_MIN: usize = 16 << 10;
/// Longest piece asked of the kernel at once.
const SPLICE_LEN_MAX: usize = 1 << 30;
