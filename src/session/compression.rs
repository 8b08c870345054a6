//! Compression of a response's body while it is forwarded.
//!
//! [`Session::offer_compression`] runs when the request leaves, `begin_compression` when the
//! response's head is rewritten, `forward_compressed` in place of plain forwarding. The body
//! is taken out of the channel's input, piece by piece, and put back as chunks in front of what
//! is left of it; where there is no room, it waits for the client. What the encoder holds back
//! is flushed when the server has paused for [`FLUSH_MS`]. Invariant: nothing of the body is
//! ever due to be forwarded unseen, so it is neither spliced nor read into large buffers.

mod body;

use super::Session;
use super::channel::ChannelFlags;
use super::transaction::MessageState;
use crate::config::model::CompressionRules;
use crate::engine::pool::Pool;
use crate::engine::tick::Tick;
use crate::http::compression::encoder::{ENCODER_BYTES, Encoder};
use crate::http::compression::response::{self, HEAD_GROWTH};
use crate::http::compression::{Algorithm, negotiate};
use crate::http::framing::BodyLength;
use crate::http::known::KnownHeader;
use crate::http::rewrite::Rewriter;
use crate::session::analysers::Progress;
use crate::state::Counters;
use crate::worker::Core;
use body::{Rest, Work};

/// How far the compression of a response has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The response is sent as it is.
    #[default]
    Off,
    /// The body is being taken in.
    Body,
    /// All of it was taken in, the encoder has more to yield.
    Ending,
    /// The last chunk was sent, trailers follow.
    Trailers,
    /// The response is complete.
    Done,
}

/// The compression of one response, part of its transaction.
#[derive(Debug, Default)]
pub struct Compression {
    /// What the request asked for; the response has yet to qualify.
    algorithm: Option<Algorithm>,
    stage: Stage,
    /// Absent for `identity`.
    encoder: Option<Box<Encoder>>,
    /// Bytes of the body that are still to come, where its length is known.
    left: u64,
    /// The encoder is being emptied, since the server paused.
    is_flushing: bool,
}

impl Compression {
    /// True when the body is not sent as it came.
    pub const fn is_active(&self) -> bool {
        !matches!(self.stage, Stage::Off)
    }

    /// What the body is compressed with, once it is.
    pub fn in_use(&self) -> Option<Algorithm> {
        self.algorithm.filter(|_| self.is_active())
    }

    /// True when nothing more is needed from the server: what is missing waits for room.
    pub const fn has_whole_body(&self) -> bool {
        matches!(self.stage, Stage::Ending)
    }

    /// The level in force, 0 when nothing is compressed.
    fn level(&self) -> u8 {
        self.encoder.as_ref().map_or(0, |encoder| encoder.level())
    }

    fn holds_input(&self) -> bool {
        self.encoder
            .as_ref()
            .is_some_and(|encoder| encoder.holds_input())
    }
}

/// What all compressed responses of a process share.
pub struct Compressors {
    encoders: Pool<Encoder>,
    /// Where a chunk is made before it goes into the channel; as long as a buffer.
    scratch: Vec<u8>,
}

impl Compressors {
    /// No encoder yet; at most what fits into `memory_mb` megabytes, 0 for any number.
    pub fn new(memory_mb: u32) -> Self {
        let bytes = u64::from(memory_mb) << 20;
        let count = usize::try_from(bytes / ENCODER_BYTES as u64).unwrap_or(usize::MAX);
        Self {
            encoders: Pool::new("compressor", Encoder::default).with_limits(count, 0),
            scratch: Vec::new(),
        }
    }

    /// Takes back what a transaction used.
    pub fn take_back(&mut self, compression: &mut Compression) {
        if let Some(encoder) = compression.encoder.take() {
            self.encoders.put(encoder);
        }
    }

    /// Frees what was not needed lately; the bytes freed.
    pub fn settle(&mut self) -> usize {
        let before = self.encoders.counts().allocated;
        self.encoders.settle();
        let freed = before.saturating_sub(self.encoders.counts().allocated);
        freed.saturating_mul(ENCODER_BYTES)
    }

    /// Bytes of the encoders that exist.
    pub fn memory(&self) -> u64 {
        (self.encoders.counts().allocated as u64).saturating_mul(ENCODER_BYTES as u64)
    }

    fn scratch(&mut self, size: usize) -> &mut [u8] {
        self.scratch.resize(size, 0);
        &mut self.scratch
    }
}

impl Session {
    /// Notes what the response may be compressed with; called when the request is rewritten,
    /// whose Accept-Encoding leaves with `compression offload`.
    pub(in crate::session) fn offer_compression(
        rewriter: &mut Rewriter<'_>,
        compression: &mut Compression,
        (frontend, backend): (&CompressionRules, &CompressionRules),
    ) {
        let algorithms = match backend.algorithms.as_slice() {
            [] => &frontend.algorithms,
            own => own,
        };
        let Some(choice) = negotiate::choose(rewriter.view(), algorithms) else {
            return;
        };
        compression.algorithm = Some(choice.algorithm);
        if choice.is_asked && (frontend.offload || backend.offload) {
            rewriter.remove_all(KnownHeader::AcceptEncoding);
        }
    }

    /// Decides whether the response is compressed, and by what; its head is still as it came.
    pub(in crate::session) fn begin_compression(&mut self, core: &mut Core) -> Option<Algorithm> {
        let frontend = &core.config.proxy(self.frontend).compression;
        let backend = &core.config.proxy(self.backend).compression;
        let types = match backend.types.as_slice() {
            [] => &frontend.types,
            own => own,
        };
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return None;
        };
        let algorithm = transaction.compression.algorithm?;
        let message = &transaction.response;
        let client = transaction.connections.request.version;
        let view = message.head.view(buffer, base);
        let has_room = buffer.room() >= HEAD_GROWTH && core.maxrewrite() >= body::ROOM_MIN;
        if !has_room || !response::qualifies(view, client, message.body, types) {
            return None;
        }
        let encoder = match algorithm {
            Algorithm::Identity => None,
            Algorithm::Gzip | Algorithm::Deflate | Algorithm::RawDeflate => {
                if core.compression_is_limited() {
                    return None;
                }
                let mut encoder = core.compressors.encoders.take()?;
                let level = core.config.global.tuning.compression_level_max;
                encoder.begin(algorithm, level);
                Some(encoder)
            }
        };
        transaction.compression = Compression {
            algorithm: Some(algorithm),
            stage: Stage::Body,
            encoder,
            left: match message.body {
                BodyLength::Length(length) => length,
                BodyLength::None
                | BodyLength::Chunked
                | BodyLength::UntilClose
                | BodyLength::Tunnel => 0,
            },
            is_flushing: false,
        };
        Some(algorithm)
    }

    /// True while the response is compressed.
    pub(in crate::session) fn is_compressing(&self) -> bool {
        self.transaction
            .as_deref()
            .is_some_and(|transaction| transaction.compression.is_active())
    }

    /// Bytes that came for the client: of a compressed response, those that went on to it.
    pub(in crate::session) fn response_total(&self) -> u64 {
        if !self.is_compressing() {
            return self.response.total;
        }
        let held = self.response.input_len() as u64;
        self.response.total.saturating_sub(held)
    }

    /// Hands over the response's head, then as much of its body, compressed, as there is
    /// room for.
    pub(in crate::session) fn forward_compressed(&mut self, core: &mut Core) -> Progress {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Progress::Done;
        };
        let message = &mut transaction.response;
        let compression = &mut transaction.compression;
        if message.state == MessageState::Parsed {
            self.response.forward(message.head.len() as u64);
            message.state = MessageState::Body;
        }
        if message.state >= MessageState::Done {
            return Progress::Done;
        }
        let paused = ChannelFlags::ANA_TIMEOUT.union(ChannelFlags::SHUTR);
        let mut work = Work {
            has_paused: self.response.flags.any(paused),
            channel: &mut self.response,
            chunks: &mut message.chunks,
            is_chunked: message.body == BodyLength::Chunked,
            wanted_level: core.wanted_level(compression.level()),
            compression,
            scratch: core.compressors.scratch(core.buffers.size()),
            buffers: &mut core.buffers,
            taken: 0,
            made: 0,
        };
        let rest = work.run();
        let (taken, made) = (work.taken, work.made);
        let level = compression.level();
        if rest == Rest::Nothing {
            message.state = MessageState::Done;
            core.compressors.take_back(compression);
        }
        self.response.release_if_empty(&mut core.buffers);
        self.count_compressed(level, (taken, made), core);
        self.time_flush(rest, core);
        match rest {
            Rest::Nothing => {
                self.count_at_proxies(core, |counters| counters.compressed_responses += 1);
                Progress::Done
            }
            Rest::Input | Rest::Room => Progress::More,
            Rest::Malformed(word) => Progress::Malformed(word),
        }
    }

    /// What the encoder holds back leaves after a while even if the server says no more.
    fn time_flush(&mut self, rest: Rest, core: &Core) {
        let Some(transaction) = self.transaction.as_deref() else {
            return;
        };
        let compression = &transaction.compression;
        let waits = match rest {
            Rest::Input => compression.holds_input(),
            // Only a lack of buffers can stop an empty channel; nobody tells of the end of that.
            Rest::Room => self.response.out_empty(),
            Rest::Nothing | Rest::Malformed(_) => false,
        };
        if !waits {
            self.response.analyse_exp = Tick::ETERNITY;
        } else if !self.response.analyse_exp.is_set() {
            self.response.analyse_exp = core.engine.clock.now_ms().add(FLUSH_MS);
        }
        if compression.has_whole_body() {
            // The server owes nothing more: its timeout must not run on the client's account.
            self.response.flags.insert(ChannelFlags::DONT_READ);
        }
    }

    fn count_compressed(&self, level: u8, (taken, made): (u64, u64), core: &mut Core) {
        if level > 0 {
            let now_us = core.engine.clock.monotonic_us();
            let narrow = |count| u32::try_from(count).unwrap_or(u32::MAX);
            core.state.compressed_in_rate.add(now_us, narrow(taken));
            core.state.compressed_out_rate.add(now_us, narrow(made));
        }
        self.count_at_proxies(core, |counters| {
            if level == 0 {
                counters.compression_bypassed += taken;
                return;
            }
            counters.compressed_in += taken;
            counters.compressed_out += made;
        });
    }

    fn count_at_proxies(&self, core: &mut Core, count: impl Fn(&mut Counters)) {
        count(&mut core.state.proxy_mut(self.frontend).frontend);
        count(&mut core.state.proxy_mut(self.backend).backend);
    }
}

impl Core {
    /// True while the process is busier, or compresses more, than it may.
    fn compression_is_limited(&self) -> bool {
        let limit = self.state.compression_rate_limit;
        let now_us = self.engine.clock.monotonic_us();
        let is_fast = limit > 0 && self.state.compressed_in_rate.read(now_us) > limit;
        is_fast || self.engine.idle_percent() < self.config.global.compression_idle_min
    }

    /// The level to go on with: one less beyond the limits, else one more up to the highest.
    fn wanted_level(&self, level: u8) -> u8 {
        if self.compression_is_limited() {
            return level.saturating_sub(1);
        }
        let level_max = self.config.global.tuning.compression_level_max;
        level.saturating_add(1).min(level_max)
    }
}

/// How long the server must be silent before what is held back is sent on.
const FLUSH_MS: u32 = 2;
