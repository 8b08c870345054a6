//! The compressor of one body: takes it in pieces of any size and yields what a client reads.
//!
//! Pooled: an encoder is begun for a response and used again for another one later, so that
//! its memory ([`ENCODER_BYTES`]) is allocated once. It never holds back more than deflate
//! itself does, and takes no more input than its output has room for. Invariant: what it
//! yields, from `begin` to the end of `finish`, is one complete stream of the algorithm.

use flate2::{Compress, CompressError, Compression, Crc, FlushCompress, Status};

use super::Algorithm;

/// A compressor of one body at a time.
#[derive(Debug)]
pub struct Encoder {
    deflate: Compress,
    algorithm: Algorithm,
    level: u8,
    checksum: Checksum,
    /// The header has not been yielded yet.
    header_due: bool,
    /// Input was taken that the output so far does not show.
    holds_input: bool,
    /// What follows the deflate stream, once that has ended.
    trailer: Option<Trailer>,
}

/// What one call did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Bytes taken from the input.
    pub consumed: usize,
    /// Bytes put into the output.
    pub produced: usize,
    /// All that was asked for has been yielded.
    pub is_done: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            deflate: Compress::new(Compression::new(1), false),
            algorithm: Algorithm::RawDeflate,
            level: 1,
            checksum: Checksum::None,
            header_due: false,
            holds_input: false,
            trailer: None,
        }
    }
}

impl Encoder {
    /// Starts a new stream with a level from 0, which only wraps, to 9.
    pub fn begin(&mut self, algorithm: Algorithm, level: u8) {
        self.algorithm = algorithm;
        self.checksum = match algorithm {
            Algorithm::Gzip => Checksum::Crc(Crc::new()),
            Algorithm::Deflate => Checksum::Adler(Adler::default()),
            Algorithm::RawDeflate | Algorithm::Identity => Checksum::None,
        };
        self.header_due = true;
        self.holds_input = false;
        self.trailer = None;
        self.restart(level.min(LEVEL_MAX));
    }

    /// The level in force.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Changes the level when nothing is held, between two flushes; otherwise it stays.
    pub fn set_level(&mut self, level: u8) {
        if level != self.level && !self.holds_input && self.trailer.is_none() {
            self.restart(level.min(LEVEL_MAX));
        }
    }

    /// Deflate from here on with this level and an empty window: blocks that begin at a byte
    /// and refer to nothing before them continue any stream.
    fn restart(&mut self, level: u8) {
        self.deflate.reset();
        if self
            .deflate
            .set_level(Compression::new(u32::from(level)))
            .is_ok()
        {
            self.level = level;
        }
    }

    /// True when the output so far does not show all of the input.
    pub const fn holds_input(&self) -> bool {
        self.holds_input
    }

    /// Compresses some of `input`, as much as `out`, of at least [`OUTPUT_MIN`] bytes, has
    /// room for. What is yielded may be nothing for a long time.
    ///
    /// # Errors
    /// When deflate refuses to go on; the stream cannot be completed then.
    pub fn encode(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, CompressError> {
        let (step, _) = self.run(input, out, FlushCompress::None)?;
        let taken = input.get(..step.consumed).unwrap_or_default();
        self.checksum.update(taken);
        self.holds_input |= !taken.is_empty();
        Ok(step)
    }

    /// Yields all that is held, so that the client can decode what came in so far. To be
    /// called again until it is done.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn flush(&mut self, out: &mut [u8]) -> Result<Step, CompressError> {
        let room = out.len();
        let (mut step, _) = self.run(b"", out, FlushCompress::Sync)?;
        step.is_done = step.produced < room;
        self.holds_input &= !step.is_done;
        Ok(step)
    }

    /// Ends the stream. To be called again until it is done.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn finish(&mut self, out: &mut [u8]) -> Result<Step, CompressError> {
        let mut step = Step::default();
        if self.trailer.is_none() {
            let (ended, status) = self.run(b"", out, FlushCompress::Finish)?;
            step = ended;
            if status == Status::StreamEnd {
                self.holds_input = false;
                self.trailer = Some(self.checksum.trailer());
            }
        }
        if let Some(trailer) = &mut self.trailer {
            step.produced += trailer.write(out.get_mut(step.produced..).unwrap_or_default());
            step.is_done = trailer.is_empty();
        }
        Ok(step)
    }

    /// Runs deflate; the header goes in front of the first bytes that it yields.
    fn run(
        &mut self,
        input: &[u8],
        out: &mut [u8],
        flush: FlushCompress,
    ) -> Result<(Step, Status), CompressError> {
        let header = self.header();
        let (taken_before, made_before) = (self.deflate.total_in(), self.deflate.total_out());
        let room = out.get_mut(header.len()..).unwrap_or_default();
        let status = self.deflate.compress(input, room, flush)?;
        let consumed = difference(self.deflate.total_in(), taken_before);
        let mut produced = difference(self.deflate.total_out(), made_before);
        if produced > 0
            && let Some(place) = out.get_mut(..header.len())
        {
            place.copy_from_slice(header);
            produced += header.len();
            self.header_due = false;
        }
        let step = Step {
            consumed,
            produced,
            is_done: false,
        };
        Ok((step, status))
    }

    const fn header(&self) -> &'static [u8] {
        match self.algorithm {
            Algorithm::Gzip if self.header_due => GZIP_HEADER,
            Algorithm::Deflate if self.header_due => ZLIB_HEADER,
            _ => b"",
        }
    }
}

fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(0)
}

/// The sum over the input that the algorithm's format ends with.
#[derive(Debug)]
enum Checksum {
    None,
    Crc(Crc),
    Adler(Adler),
}

impl Checksum {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Crc(crc) => crc.update(bytes),
            Self::Adler(adler) => adler.update(bytes),
        }
    }

    fn trailer(&self) -> Trailer {
        match self {
            Self::None => Trailer::of(b""),
            Self::Crc(crc) => {
                let [a, b, c, d] = crc.sum().to_le_bytes();
                // RFC 1952 section 2.3.1: the length modulo 2^32.
                let [e, f, g, h] = crc.amount().to_le_bytes();
                Trailer::of(&[a, b, c, d, e, f, g, h])
            }
            Self::Adler(adler) => Trailer::of(&adler.sum().to_be_bytes()),
        }
    }
}

/// The checksum of the zlib format (RFC 1950 section 8.2).
#[derive(Debug)]
struct Adler {
    low: u32,
    high: u32,
}

impl Default for Adler {
    fn default() -> Self {
        Self { low: 1, high: 0 }
    }
}

impl Adler {
    fn update(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(ADLER_PIECE) {
            for byte in piece {
                self.low += u32::from(*byte);
                self.high += self.low;
            }
            self.low %= ADLER_BASE;
            self.high %= ADLER_BASE;
        }
    }

    const fn sum(&self) -> u32 {
        (self.high << 16) | self.low
    }
}

/// The last bytes of a stream.
#[derive(Debug)]
struct Trailer {
    bytes: [u8; 8],
    at: usize,
    end: usize,
}

impl Trailer {
    fn of(text: &[u8]) -> Self {
        let mut bytes = [0; 8];
        let end = text.len().min(bytes.len());
        for (place, byte) in bytes.iter_mut().zip(text) {
            *place = *byte;
        }
        Self { bytes, at: 0, end }
    }

    fn write(&mut self, out: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.at..self.end).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (place, byte) in out.iter_mut().zip(rest) {
            *place = *byte;
        }
        self.at += count;
        count
    }

    const fn is_empty(&self) -> bool {
        self.at >= self.end
    }
}

/// No name, no date, unknown system.
const GZIP_HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// A window of 32 KiB, the fastest level.
const ZLIB_HEADER: &[u8] = &[0x78, 0x01];
/// The largest prime below 2^16.
const ADLER_BASE: u32 = 65_521;
/// Bytes that can be summed up before `high` overflows.
const ADLER_PIECE: usize = 5_552;
/// The highest level of deflate.
pub const LEVEL_MAX: u8 = 9;
/// Output that every call needs at least: the header, and more than a mark of a flush.
pub const OUTPUT_MIN: usize = 32;
/// Memory of one encoder: the window and the tables of deflate, as measured.
pub const ENCODER_BYTES: usize = 372 << 10;
