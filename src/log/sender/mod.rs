//! Senders: one per place that log lines go to, with the lines that wait for the turn's end.
//!
//! Owned by `Logs`. A sender never blocks: what the receiver does not take at once is
//! dropped and counted, in order, so that a stuck log server costs lines and not traffic.
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

    pub(super) fn flush(&mut self) {
        for sender in &mut self.senders {
            sender.flush();
        }
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

    /// Queues the line that `write` appends, its end included. A full queue leaves first.
    pub(super) fn queue(&mut self, now: Date, write: impl FnOnce(&mut Vec<u8>)) {
        if self.queue.is_full() {
            self.flush();
        }
        self.now_us = now
            .0
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(now.1));
        self.queue.push(write);
    }

    /// Sends what waits; afterwards nothing does, but the rest of a line cut in the middle.
    pub(super) fn flush(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let counts = match &mut self.channel {
            Channel::Datagrams(datagrams) => {
                datagrams.send(&self.transport, &self.queue, self.now_us)
            }
            Channel::Descriptor(descriptor) => descriptor.send(&self.queue),
        };
        self.counts.sent = self.counts.sent.saturating_add(counts.sent);
        self.counts.dropped = self.counts.dropped.saturating_add(counts.dropped);
        self.queue.clear();
    }
}

/// Lines that wait at most.
const LINES_MAX: usize = 64;
/// A queue with more bytes is sent before it takes another line.
const BYTES_MAX: usize = 64 * 1024;
