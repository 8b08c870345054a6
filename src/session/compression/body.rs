//! One run over a compressed body: from the channel's input, through the encoder, to its
//! output.
//!
//! A [`Work`] lives for one call of the forwarding analyser and goes on until input, room or
//! the body ends. Each piece becomes a chunk of its own. Invariant: every step takes input,
//! makes output or changes the stage, so that a run ends.

use super::{Compression, Stage};
use crate::engine::pool::BufferPool;
use crate::http::chunk::ChunkParser;
use crate::http::compression::encoder::{OUTPUT_MIN, Step};
use crate::session::channel::Channel;

/// What a run was stopped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// The response is complete.
    Nothing,
    /// More has to arrive.
    Input,
    /// Output has to leave first.
    Room,
    /// The body is malformed; the word says how.
    Malformed(&'static str),
}

/// A run over the body.
pub(super) struct Work<'a> {
    pub(super) channel: &'a mut Channel,
    pub(super) chunks: &'a mut ChunkParser,
    pub(super) is_chunked: bool,
    pub(super) compression: &'a mut Compression,
    /// What is held is to be sent on although more will follow.
    pub(super) has_paused: bool,
    /// The level to go on with once nothing is held.
    pub(super) wanted_level: u8,
    pub(super) buffers: &'a mut BufferPool,
    pub(super) scratch: &'a mut [u8],
    /// Bytes of the body taken in.
    pub(super) taken: u64,
    /// Bytes made of them, chunk sizes excluded.
    pub(super) made: u64,
}

/// A step's result: `None` to go on.
type Stepped = Result<(), Rest>;

impl Work<'_> {
    /// Goes on as far as possible.
    pub(super) fn run(&mut self) -> Rest {
        loop {
            let stepped = match self.compression.stage {
                Stage::Body if self.compression.is_flushing => self.flush(),
                Stage::Body => self.take_body(),
                Stage::Ending => self.end_body(),
                Stage::Trailers => self.pass_trailers(),
                Stage::Done | Stage::Off => Err(Rest::Nothing),
            };
            if let Err(rest) = stepped {
                return rest;
            }
        }
    }

    /// Takes in the data at hand, or what stands before it.
    fn take_body(&mut self) -> Stepped {
        let at_end = match self.is_chunked {
            true => self.chunks.is_behind_data(),
            false => self.compression.left == 0,
        };
        if at_end {
            self.compression.stage = Stage::Ending;
            return Ok(());
        }
        if self.channel.input_len() == 0 {
            return self.wait_for_body();
        }
        let left = match self.is_chunked {
            true => self.chunks.data_left(),
            false => self.compression.left,
        };
        if left == 0 {
            return self.drop_chunk_line();
        }
        self.take_data(left)
    }

    /// Nothing is there: what is held may have to leave, which is also the time to change the
    /// level.
    fn wait_for_body(&mut self) -> Stepped {
        let Some(encoder) = self.compression.encoder.as_deref() else {
            return Err(Rest::Input);
        };
        let changes_level = encoder.level() != self.wanted_level;
        if encoder.holds_input() && (self.has_paused || changes_level) {
            self.compression.is_flushing = true;
            return Ok(());
        }
        Err(Rest::Input)
    }

    fn drop_chunk_line(&mut self) -> Stepped {
        match self.chunks.advance_between(self.channel.input()) {
            Ok(count) => self.replace(count, 0..0),
            Err(error) => Err(Rest::Malformed(error.reason.word())),
        }
    }

    /// Takes in data of which `left` bytes are still to come.
    fn take_data(&mut self, left: u64) -> Stepped {
        let room = self.room()?;
        let input = self.channel.input();
        let len = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let input = input.get(..len).unwrap_or_default();
        let out = output(self.scratch, room);
        let step = match self.compression.encoder.as_deref_mut() {
            Some(encoder) => encoder.encode(input, out).map_err(|_| BROKEN)?,
            None => copy(input, out),
        };
        if step.consumed == 0 && step.produced == 0 {
            return Err(BROKEN);
        }
        let consumed = step.consumed as u64;
        self.taken += consumed;
        match self.is_chunked {
            true => self.chunks.skip(consumed),
            false => self.compression.left = self.compression.left.saturating_sub(consumed),
        }
        self.put_chunk(step)
    }

    fn flush(&mut self) -> Stepped {
        let room = self.room()?;
        let Some(encoder) = self.compression.encoder.as_deref_mut() else {
            self.compression.is_flushing = false;
            return Ok(());
        };
        let step = encoder
            .flush(output(self.scratch, room))
            .map_err(|_| BROKEN)?;
        if step.is_done {
            encoder.set_level(self.wanted_level);
            self.compression.is_flushing = false;
        }
        self.put_chunk(step)
    }

    /// Yields what the encoder still holds, then the last chunk.
    fn end_body(&mut self) -> Stepped {
        let room = self.room()?;
        let step = match self.compression.encoder.as_deref_mut() {
            Some(encoder) => encoder
                .finish(output(self.scratch, room))
                .map_err(|_| BROKEN)?,
            None => Step {
                is_done: true,
                ..Step::default()
            },
        };
        self.put_chunk(step)?;
        if !step.is_done {
            return if step.produced > 0 {
                Ok(())
            } else {
                Err(BROKEN)
            };
        }
        let (stage, end): (_, &[u8]) = match self.is_chunked {
            true => (Stage::Trailers, b"0\r\n"),
            false => (Stage::Done, b"0\r\n\r\n"),
        };
        self.compression.stage = stage;
        // The room of a chunk was counted with these bytes.
        self.channel.replace_input(0, end).map_err(|_| BROKEN)
    }

    /// Trailers pass as they are.
    fn pass_trailers(&mut self) -> Stepped {
        if self.chunks.is_done() {
            self.compression.stage = Stage::Done;
            return Ok(());
        }
        match self.chunks.advance_between(self.channel.input()) {
            Ok(0) => Err(Rest::Input),
            Ok(count) => {
                self.channel.forward(count as u64);
                Ok(())
            }
            Err(error) => {
                self.channel.forward(error.offset as u64);
                Err(Rest::Malformed(error.reason.word()))
            }
        }
    }

    /// Bytes that the next chunk may hold.
    fn room(&mut self) -> Result<usize, Rest> {
        if self.channel.attach(self.buffers).is_none() {
            return Err(Rest::Room);
        }
        let room = self.channel.growth_room(0).min(self.scratch.len());
        if room < ROOM_MIN {
            return Err(Rest::Room);
        }
        Ok(room - CHUNK_OVERHEAD)
    }

    /// Puts what a step made, which stands in the scratch memory, in place of what it took.
    fn put_chunk(&mut self, step: Step) -> Stepped {
        if step.produced == 0 {
            return self.replace(step.consumed, 0..0);
        }
        self.made += step.produced as u64;
        let start = write_size(self.scratch, step.produced);
        let end = PAYLOAD_AT + step.produced;
        if let Some(place) = self.scratch.get_mut(end..end + 2) {
            place.copy_from_slice(b"\r\n");
        }
        self.replace(step.consumed, start..end + 2)
    }

    fn replace(&mut self, count: usize, made: std::ops::Range<usize>) -> Stepped {
        let made = self.scratch.get(made).unwrap_or_default();
        self.channel.replace_input(count, made).map_err(|_| BROKEN)
    }
}

/// Where a chunk of at most `room` bytes is made.
fn output(scratch: &mut [u8], room: usize) -> &mut [u8] {
    scratch
        .get_mut(PAYLOAD_AT..PAYLOAD_AT + room)
        .unwrap_or_default()
}

/// `identity`.
fn copy(input: &[u8], out: &mut [u8]) -> Step {
    let count = input.len().min(out.len());
    for (place, byte) in out.iter_mut().zip(input) {
        *place = *byte;
    }
    Step {
        consumed: count,
        produced: count,
        is_done: false,
    }
}

/// Writes the size line of a chunk right before its data; where it begins.
fn write_size(scratch: &mut [u8], size: usize) -> usize {
    let mut at = PAYLOAD_AT - 2;
    if let Some(place) = scratch.get_mut(at..PAYLOAD_AT) {
        place.copy_from_slice(b"\r\n");
    }
    let mut size = size;
    while at > 0 {
        at -= 1;
        if let (Some(place), Some(digit)) = (scratch.get_mut(at), DIGITS.get(size % 16)) {
            *place = *digit;
        }
        size /= 16;
        if size == 0 {
            break;
        }
    }
    at
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Bytes of the longest size line: no buffer is longer than 1 GiB.
const PAYLOAD_AT: usize = 10;
/// What stands around the data of a chunk, and behind the last one.
const CHUNK_OVERHEAD: usize = PAYLOAD_AT + 2 + 5;
/// Free bytes of a buffer that are worth a chunk. An empty output leaves `tune.maxrewrite`.
pub(super) const ROOM_MIN: usize = 128;
const _: () = assert!(ROOM_MIN >= CHUNK_OVERHEAD + OUTPUT_MIN);
/// Deflate does not fail on valid calls; if it does, the response cannot be completed.
const BROKEN: Rest = Rest::Malformed("compression");

#[cfg(test)]
mod tests;
