//! One direction of a session: a buffer on loan, what may leave it, timers and analysers.
//!
//! The producing stream interface fills it, the consuming one drains it, analysers decide
//! how much of the content may pass. A channel never meets a descriptor. Bytes in the
//! buffer stand in this order: `kept` (sent already, held for a replay), `output` (may be
//! sent), input (not yet released by the analysers). Invariants: `kept + output` never
//! exceeds the bytes held; a buffer is attached while bytes are held and returned to the
//! pool as soon as none are.

use super::analyser::AnalyserSet;
use super::flags::flag_set;
use crate::engine::buffer::{Buffer, NoRoom};
use crate::engine::pool::{BufferPool, LARGE_BYTES};
use crate::engine::tick::Tick;
use crate::net::pipe::Pipe;

flag_set! {
    /// Events and states of a channel; values as dev7 documents them.
    ChannelFlags: u32 {
        /// The producer closed: a read returned nothing.
        READ_NULL = 0x1;
        /// Bytes arrived since the last run of the task.
        READ_PARTIAL = 0x2;
        /// The read timer fired.
        READ_TIMEOUT = 0x4;
        /// Reading failed.
        READ_ERROR = 0x8;
        /// The buffer takes no more (only in [`Channel::snapshot`]).
        FULL = 0x10;
        /// The producer is shut: nothing more will be read.
        SHUTR = 0x20;
        /// The producer is to be shut as soon as possible.
        SHUTR_NOW = 0x40;
        /// The read timer is suspended for this run.
        READ_NOEXP = 0x80;
        /// A write that carried nothing succeeded: connected, or shut.
        WRITE_NULL = 0x100;
        /// Bytes left since the last run of the task.
        WRITE_PARTIAL = 0x200;
        /// The write timer fired.
        WRITE_TIMEOUT = 0x400;
        /// Writing failed.
        WRITE_ERROR = 0x800;
        /// Nothing is scheduled to be sent (only in snapshots).
        OUT_EMPTY = 0x1000;
        /// The consumer is shut: nothing more will be sent.
        SHUTW = 0x2000;
        /// The consumer is to be shut once the output is sent.
        SHUTW_NOW = 0x4000;
        /// A shut producer shuts the consumer.
        AUTO_CLOSE = 0x8000;
        /// Full reads follow each other: bulk data.
        STREAMER_FAST = 0x20000;
        /// An analyser's timer fired.
        ANA_TIMEOUT = 0x80000;
        /// The producer was just attached.
        READ_ATTACHED = 0x100000;
        /// Bytes may pass through a pipe instead of the buffer.
        KERN_SPLICING = 0x200000;
        /// The connection may be opened although nothing is to be sent.
        AUTO_CONNECT = 0x800000;
        /// The producer is not to be read.
        DONT_READ = 0x1000000;
        /// No write ever waits for more (`option http-no-delay`).
        NEVER_WAIT = 0x8000000;
        /// Analysers are to be called once more.
        WAKE_ONCE = 0x10000000;
    }
}

impl ChannelFlags {
    /// New events that call for the analysers.
    pub const MASK_ANALYSER: Self = Self::READ_ATTACHED
        .union(Self::READ_NULL)
        .union(Self::READ_PARTIAL)
        .union(Self::READ_ERROR)
        .union(Self::READ_TIMEOUT)
        .union(Self::ANA_TIMEOUT)
        .union(Self::WRITE_NULL)
        .union(Self::WRITE_PARTIAL)
        .union(Self::WRITE_ERROR)
        .union(Self::WAKE_ONCE);

    /// States whose change calls for another look.
    pub const MASK_STATIC: Self = Self::OUT_EMPTY
        .union(Self::FULL)
        .union(Self::SHUTR)
        .union(Self::SHUTW)
        .union(Self::SHUTR_NOW)
        .union(Self::SHUTW_NOW);

    /// What lasts from one run of the task to the next only.
    pub const TRANSIENT: Self = Self::READ_NULL
        .union(Self::READ_PARTIAL)
        .union(Self::READ_TIMEOUT)
        .union(Self::WRITE_NULL)
        .union(Self::WRITE_PARTIAL)
        .union(Self::WRITE_TIMEOUT)
        .union(Self::ANA_TIMEOUT)
        .union(Self::READ_ATTACHED)
        .union(Self::WAKE_ONCE);

    /// True when there are events that `seen` did not have, or when states differ from it.
    pub const fn calls_analysers(self, seen: Self) -> bool {
        let new = Self(self.0 & !seen.0);
        new.any(Self::MASK_ANALYSER) || self.differs_statically(seen)
    }

    /// True when a lasting state is not the same.
    pub const fn differs_statically(self, seen: Self) -> bool {
        Self(self.0 ^ seen.0).any(Self::MASK_STATIC)
    }

    /// The same without events, which are then new again.
    pub const fn without_events(self) -> Self {
        Self(self.0 & !Self::MASK_ANALYSER.0)
    }

    /// Failures that end a direction.
    pub const MASK_ERROR: Self = Self::READ_ERROR
        .union(Self::READ_TIMEOUT)
        .union(Self::WRITE_ERROR)
        .union(Self::WRITE_TIMEOUT);
}

/// Bytes to forward without limit.
pub const FORWARD_INFINITE: u64 = u64::MAX;

/// One direction of a session.
#[derive(Default)]
pub struct Channel {
    /// Events and states.
    pub flags: ChannelFlags,
    /// Analysers still to run.
    pub analysers: AnalyserSet,
    buffer: Option<Box<Buffer>>,
    kept: u32,
    output: u32,
    /// Future bytes that pass without being looked at.
    pub to_forward: u64,
    /// Bytes that ever came in.
    pub total: u64,
    /// Bytes on their way through the kernel.
    pub pipe: Option<Box<Pipe>>,
    /// When the producer counts as stalled.
    pub read_exp: Tick,
    /// When the consumer counts as stalled.
    pub write_exp: Tick,
    /// When the analysers' patience ends.
    pub analyse_exp: Tick,
    /// Inactivity allowed to the producer, 0 for ever.
    pub read_timeout_ms: u32,
    /// Inactivity allowed to the consumer, 0 for ever.
    pub write_timeout_ms: u32,
    /// Full reads in a row, to recognise bulk data.
    pub full_reads: u8,
    /// Sent bytes stay in the buffer until [`Self::drop_kept`].
    keep_sent: bool,
}

impl Channel {
    /// Bytes held in the buffer, sent and kept ones excluded.
    pub fn len(&self) -> usize {
        self.buffer.as_ref().map_or(0, |b| b.len()) - self.kept as usize
    }

    /// True when the buffer holds nothing that is still to be sent or looked at.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes scheduled to be sent, those in the pipe excluded.
    pub const fn output(&self) -> usize {
        self.output as usize
    }

    /// True when nothing is scheduled to be sent, through the buffer or the pipe.
    pub fn out_empty(&self) -> bool {
        self.output == 0 && self.pipe.as_ref().is_none_or(|pipe| pipe.pending == 0)
    }

    /// Bytes that analysers have not released.
    pub fn input_len(&self) -> usize {
        self.len() - self.output()
    }

    /// The bytes that analysers have not released.
    pub fn input(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => buffer.bytes().get(self.input_base()..).unwrap_or_default(),
            None => &[],
        }
    }

    /// The bytes to send next.
    pub fn output_bytes(&self) -> &[u8] {
        let from = self.kept as usize;
        match &self.buffer {
            Some(buffer) => buffer
                .bytes()
                .get(from..from + self.output())
                .unwrap_or_default(),
            None => &[],
        }
    }

    /// Offset of the first unreleased byte in the buffer.
    pub const fn input_base(&self) -> usize {
        self.kept as usize + self.output as usize
    }

    /// The buffer and the offset of the message in it, for parsers and rewriters.
    pub fn message(&mut self) -> Option<(&mut Buffer, usize)> {
        let base = self.input_base();
        self.buffer.as_deref_mut().map(|buffer| (buffer, base))
    }

    /// True while a buffer is attached.
    pub const fn has_buffer(&self) -> bool {
        self.buffer.is_some()
    }

    /// The attached buffer, one from the pool if there is none; `None` when the pool's
    /// limit is reached.
    pub fn attach(&mut self, pool: &mut BufferPool) -> Option<&mut Buffer> {
        if self.buffer.is_none() {
            self.buffer = pool.take();
        }
        self.buffer.as_deref_mut()
    }

    /// Attaches a large buffer when the channel is empty, its producer fast, and enough of
    /// what follows is to be forwarded unseen that no analyser ever meets a byte in it.
    pub fn attach_large(&mut self, pool: &mut BufferPool) {
        if self.buffer.is_none()
            && self.flags.any(ChannelFlags::STREAMER_FAST)
            && self.to_forward >= LARGE_BYTES as u64
            && !self.can_replay()
        {
            self.buffer = pool.take_large();
        }
    }

    /// Size of the attached buffer; `None` without one.
    pub fn buffer_size(&self) -> Option<usize> {
        self.buffer.as_ref().map(|buffer| buffer.size())
    }

    /// Returns the buffer to the pool when it holds nothing.
    pub fn release_if_empty(&mut self, pool: &mut BufferPool) {
        if self.buffer.as_ref().is_some_and(|b| b.is_empty())
            && let Some(buffer) = self.buffer.take()
        {
            pool.put(buffer);
        }
    }

    /// Drops all content and returns the buffer.
    pub fn discard(&mut self, pool: &mut BufferPool) {
        self.kept = 0;
        self.output = 0;
        self.keep_sent = false;
        if let Some(mut buffer) = self.buffer.take() {
            buffer.clear();
            pool.put(buffer);
        }
    }

    /// How many more bytes may be read, with `reserve` bytes left free for rewriting unless
    /// all of the content is going to be forwarded unseen (dev7's `buffer_max_len`).
    pub fn read_room(&self, size: usize, reserve: usize) -> usize {
        let limit = if self.to_forward == FORWARD_INFINITE {
            size
        } else {
            let passing = usize::try_from(self.to_forward).unwrap_or(usize::MAX);
            let passing = passing.saturating_add(self.output());
            if passing >= reserve {
                size
            } else {
                size - reserve + passing
            }
        };
        limit.saturating_sub(self.len() + self.kept as usize)
    }

    /// Takes note of `count` bytes just read into the buffer: bytes due to be forwarded
    /// become output.
    pub fn received(&mut self, count: usize) {
        self.total += count as u64;
        self.flags.insert(ChannelFlags::READ_PARTIAL);
        if self.to_forward == FORWARD_INFINITE {
            self.schedule_all();
            return;
        }
        let passing = (count as u64).min(self.to_forward);
        self.to_forward -= passing;
        self.schedule(usize::try_from(passing).unwrap_or(count));
    }

    /// Takes note of `count` bytes that went into the pipe.
    pub const fn spliced(&mut self, count: usize) {
        self.total += count as u64;
        self.flags.insert(ChannelFlags::READ_PARTIAL);
        if self.to_forward != FORWARD_INFINITE {
            self.to_forward = self.to_forward.saturating_sub(count as u64);
        }
    }

    /// Takes note of `count` bytes that were sent from the output.
    pub fn sent(&mut self, count: usize) {
        let count = count.min(self.output());
        let narrow = u32::try_from(count).unwrap_or(self.output);
        self.output -= narrow;
        self.flags.insert(ChannelFlags::WRITE_PARTIAL);
        if self.keep_sent {
            self.kept += narrow;
            return;
        }
        if let Some(buffer) = self.buffer.as_deref_mut() {
            buffer.consume(count);
        }
    }

    /// Releases `count` bytes: those held become output, the rest will pass on arrival
    /// (dev7's `buffer_forward`).
    pub fn forward(&mut self, count: u64) {
        let held = self.input_len() as u64;
        if count == FORWARD_INFINITE {
            self.schedule_all();
            self.to_forward = FORWARD_INFINITE;
            return;
        }
        let now = count.min(held);
        self.schedule(usize::try_from(now).unwrap_or(0));
        if self.to_forward != FORWARD_INFINITE {
            self.to_forward = self.to_forward.saturating_add(count - now);
        }
    }

    fn schedule(&mut self, count: usize) {
        let count = count.min(self.input_len());
        self.output += u32::try_from(count).unwrap_or(0);
    }

    fn schedule_all(&mut self) {
        self.schedule(self.input_len());
    }

    /// Drops `count` unreleased bytes.
    pub fn skip_input(&mut self, count: usize) {
        let count = count.min(self.input_len());
        let base = self.input_base();
        if let Some(buffer) = self.buffer.as_deref_mut() {
            // Removing bytes always fits.
            let _ = buffer.splice(base, count, b"");
        }
    }

    /// Room that [`Self::replace_input`] finds, in a buffer of `size` bytes where none is
    /// attached.
    pub fn growth_room(&self, size: usize) -> usize {
        self.buffer.as_ref().map_or(size, |buffer| buffer.room())
    }

    /// Puts `bytes` into the output in place of the first `count` unreleased bytes; the total
    /// is then that of the bytes put.
    ///
    /// # Errors
    /// [`NoRoom`] when they do not fit or no buffer is attached; nothing is changed.
    pub fn replace_input(&mut self, count: usize, bytes: &[u8]) -> Result<(), NoRoom> {
        let count = count.min(self.input_len());
        let base = self.input_base();
        match self.buffer.as_deref_mut() {
            Some(buffer) => buffer.splice(base, count, bytes)?,
            None if bytes.is_empty() => return Ok(()),
            None => return Err(NoRoom),
        }
        self.total = self.total.saturating_sub(count as u64) + bytes.len() as u64;
        self.schedule(bytes.len());
        Ok(())
    }

    /// Appends bytes straight to the output; only right while no input is held.
    ///
    /// # Errors
    /// [`NoRoom`] when they do not fit or no buffer is to be had; nothing is appended.
    pub fn write_output(&mut self, pool: &mut BufferPool, bytes: &[u8]) -> Result<(), NoRoom> {
        let buffer = self.attach(pool).ok_or(NoRoom)?;
        buffer.push(bytes)?;
        self.received(bytes.len());
        self.schedule_all();
        Ok(())
    }

    /// Room for [`Self::write_output`] in a buffer of `size` bytes.
    pub fn output_room(&self, size: usize) -> usize {
        size - self.buffer.as_ref().map_or(0, |b| b.len()).min(size)
    }

    /// Drops everything that was not sent yet (an error answer replaces it).
    pub fn erase(&mut self, pool: &mut BufferPool) {
        self.to_forward = 0;
        self.discard(pool);
    }

    /// From now on sent bytes stay in the buffer, so that the request can be replayed.
    pub const fn keep_sent(&mut self) {
        self.keep_sent = true;
    }

    /// Forgets the sent bytes: no replay will be needed.
    pub fn drop_kept(&mut self) {
        let count = self.kept as usize;
        self.keep_sent = false;
        self.kept = 0;
        if count > 0
            && let Some(buffer) = self.buffer.as_deref_mut()
        {
            buffer.consume(count);
        }
    }

    /// True while all bytes sent on this connection are still held.
    pub const fn can_replay(&self) -> bool {
        self.keep_sent && self.kept > 0
    }

    /// Schedules the kept bytes to be sent again.
    pub const fn replay(&mut self) {
        self.output += self.kept;
        self.kept = 0;
    }

    /// Flags as they are plus the two computed ones, `FULL` and `OUT_EMPTY`.
    pub fn snapshot(&self, size: usize, reserve: usize) -> ChannelFlags {
        let mut snapshot = self.flags;
        snapshot.set(ChannelFlags::OUT_EMPTY, self.out_empty());
        snapshot.set(ChannelFlags::FULL, self.read_room(size, reserve) == 0);
        snapshot
    }

    /// Asks for the producer to be shut.
    pub const fn shutr_now(&mut self) {
        self.flags.insert(ChannelFlags::SHUTR_NOW);
    }

    /// Asks for the consumer to be shut once the output is gone.
    pub const fn shutw_now(&mut self) {
        self.flags.insert(ChannelFlags::SHUTW_NOW);
    }

    /// Ends the direction: nothing more is read, pending bytes are dropped by the caller.
    pub const fn abort(&mut self) {
        self.flags.insert(ChannelFlags::SHUTR_NOW);
        self.flags.insert(ChannelFlags::SHUTW_NOW);
        self.flags.remove(ChannelFlags::AUTO_CONNECT);
    }

    /// True when the consumer is or is about to be shut.
    pub const fn is_closing(&self) -> bool {
        self.flags
            .any(ChannelFlags::SHUTW.union(ChannelFlags::SHUTW_NOW))
    }
}
