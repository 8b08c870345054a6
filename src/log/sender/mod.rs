//! Senders: one per place that log lines go to, with the lines that wait for the turn's end.
//!
//! Owned by `Logs`. A sender never blocks: lines that a busy receiver does not take wait for
//! the next turn, and while the queue is full new ones are dropped and counted, so that a
//! stuck log server costs lines and not traffic. Those that leave do so in order.
//! Invariant: a queue holds [`LINES_MAX`] lines and about [`BYTES_MAX`] bytes at most.

mod datagram;
mod descriptor;
mod queue;

use self::datagram::Datagrams;
use self::descriptor::Descriptor;
use self::queue::Queue;
use crate::config::model::LogTransport;
use crate::log::record::Date;
use crate::sys::Fd;

/// All senders, one per distinct transport.
#[derive(Debug, Default)]
pub(super) struct Senders {
    senders: Vec<Sender>,
}

impl Senders {
    /// The position of the sender for this transport, made when there is none.
    pub(super) fn position(&mut self, transport: &LogTransport) -> usize {
        let same = |sender: &Sender| sender.transport == *transport;
        if let Some(position) = self.senders.iter().position(same) {
            return position;
        }
        self.senders.push(Sender::new(transport.clone()));
        self.senders.len() - 1
    }

    pub(super) fn at(&mut self, position: usize) -> Option<&mut Sender> {
        self.senders.get_mut(position)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sender> {
        self.senders.iter()
    }

    /// Sends what waits; true when something still does.
    pub(super) fn flush(&mut self) -> bool {
        let mut is_waiting = false;
        for sender in &mut self.senders {
            is_waiting |= sender.flush();
        }
        is_waiting
    }
}

/// What one sender did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderCounts {
    /// Lines handed to the kernel.
    pub sent: u64,
    /// Lines that the kernel or the receiver did not take.
    pub dropped: u64,
}

/// A place that lines go to, and those that wait.
#[derive(Debug)]
pub(super) struct Sender {
    transport: LogTransport,
    channel: Channel,
    queue: Queue,
    counts: SenderCounts,
    /// Moment of the latest line, in microseconds of the wall clock.
    now_us: i64,
    /// The receiver did not take all at the latest attempt.
    is_busy: bool,
}

#[derive(Debug)]
enum Channel {
    Datagrams(Datagrams),
    Descriptor(Descriptor),
}

impl Sender {
    fn new(transport: LogTransport) -> Self {
        let channel = match transport {
            LogTransport::Udp(_) | LogTransport::UnixDatagram(_) => {
                Channel::Datagrams(Datagrams::default())
            }
            LogTransport::Descriptor(raw) => Channel::Descriptor(Descriptor::new(Fd::new(raw))),
        };
        Self {
            transport,
            channel,
            queue: Queue::default(),
            counts: SenderCounts::default(),
            now_us: 0,
            is_busy: false,
        }
    }

    /// Where the lines go.
    pub(super) const fn transport(&self) -> &LogTransport {
        &self.transport
    }

    pub(super) const fn counts(&self) -> SenderCounts {
        self.counts
    }

    /// Longest text before the line end that fits `len`.
    pub(super) const fn text_len_max(&self, len: usize) -> usize {
        match self.channel {
            Channel::Datagrams(_) => len,
            Channel::Descriptor(_) => len.saturating_sub(1),
        }
    }

    /// Queues the line that `write` appends, its end included. A full queue is sent first,
    /// unless its receiver was busy in this turn already: then the line is dropped.
    pub(super) fn queue(&mut self, now: Date, write: impl FnOnce(&mut Vec<u8>)) {
        self.now_us = now
            .0
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(now.1));
        if self.queue.is_full() && !self.is_busy {
            self.send();
        }
        if self.queue.is_full() {
            self.counts.dropped = self.counts.dropped.saturating_add(1);
            return;
        }
        self.queue.push(write);
    }

    /// Sends what waits; true when the receiver is busy and some of it still does.
    pub(super) fn flush(&mut self) -> bool {
        self.is_busy = false;
        self.send();
        self.is_busy
    }

    fn send(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let queue = &mut self.queue;
        let counts = match &mut self.channel {
            Channel::Datagrams(datagrams) => datagrams.send(&self.transport, queue, self.now_us),
            Channel::Descriptor(descriptor) => descriptor.send(queue),
        };
        self.counts.sent = self.counts.sent.saturating_add(counts.sent);
        self.counts.dropped = self.counts.dropped.saturating_add(counts.dropped);
        self.is_busy = !self.queue.is_empty();
    }
}

/// A number of lines for the counters.
fn lines(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Lines that wait at most.
const LINES_MAX: usize = 64;
/// A queue with more bytes is sent before it takes another line.
const BYTES_MAX: usize = 64 * 1024;
