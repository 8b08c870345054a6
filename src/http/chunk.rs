//! The strict parser of chunked bodies.
//!
//! One parser per direction, owned by the HTTP transaction and fed by the forwarding
//! analyser with the bytes that are not yet scheduled. It reports how many of them may be
//! sent and, for the data of a chunk, how many more may follow unseen, so that a large chunk
//! passes (or is spliced) without being looked at. State is kept across any cut. Grammar:
//! RFC 9112 section 7.1, without its tolerances: a size is 1 to 16 hexadecimal digits, lines
//! end in CRLF.

use super::scan::is_token;

/// Where the parser stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    SizeStart,
    /// Within the digits of a size.
    Size,
    /// Blanks between the size and its extension or line end.
    SizeBlank,
    /// Within an extension.
    Extension,
    /// Behind the CR of a size line.
    SizeLf,
    /// Within the data; `size` bytes are left.
    Data,
    /// Before the CR behind the data.
    DataCr,
    /// Before the LF behind the data.
    DataLf,
    /// At the beginning of a trailer line or of the final CRLF.
    TrailerStart,
    /// Within the name of a trailer.
    TrailerName,
    /// Within the value of a trailer.
    TrailerValue,
    /// Behind the CR of a trailer line.
    TrailerLf,
    /// Behind the final CR.
    FinalLf,
    /// The body has ended.
    Done,
}

/// What one step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkProgress {
    /// Bytes of the input that belong to the body and may be sent.
    pub forward: usize,
    /// Bytes behind them that are to be left out: a chunk extension, which no recipient has
    /// to understand (RFC 9112 section 7.1.1). The parser stops behind them; it is to be
    /// called again with what follows.
    pub dropped: usize,
    /// Bytes of chunk data that follow the input: they may be forwarded as they arrive,
    /// without being shown to the parser, if [`ChunkParser::skip`] is told.
    pub data_left: u64,
    /// True when the body has ended; input behind `forward` belongs to the next message.
    pub done: bool,
}

/// What is wrong with a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkErrorReason {
    /// A chunk size is missing, not hexadecimal or longer than 16 digits.
    Size,
    /// A line or the data of a chunk does not end in CRLF.
    LineEnd,
    /// The chunk extensions of a line are too long or hold a forbidden byte.
    Extension,
    /// A trailer has no valid name or value.
    Trailer,
    /// The trailers are too long.
    TrailerSize,
}

impl ChunkErrorReason {
    /// The one word logs show behind the termination code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Size => "chunk-size",
            Self::LineEnd => "chunk-line-end",
            Self::Extension => "chunk-extension",
            Self::Trailer => "trailer",
            Self::TrailerSize => "trailer-size",
        }
    }
}

/// A body that cannot be followed any further. The connection it came from must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkError {
    /// Offset of the wrong byte in the input; all before it may be sent.
    pub offset: usize,
    /// What is wrong.
    pub reason: ChunkErrorReason,
}

/// Follows one chunked body.
#[derive(Clone, Debug)]
pub struct ChunkParser {
    state: State,
    /// Size being read, then data bytes left of the chunk.
    size: u64,
    /// Digits of the size, bytes of the extension or bytes of all trailers so far.
    count: u32,
    /// Bytes of data so far, of all chunks.
    data: u64,
}

impl Default for ChunkParser {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkParser {
    /// A parser at the beginning of a body.
    pub const fn new() -> Self {
        Self {
            state: State::SizeStart,
            size: 0,
            count: 0,
            data: 0,
        }
    }

    /// Bytes of data so far, of all chunks.
    pub const fn data_seen(&self) -> u64 {
        self.data
    }

    /// True when the body has ended.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Data bytes of the current chunk that have not been seen.
    pub const fn data_left(&self) -> u64 {
        match self.state {
            State::Data => self.size,
            _ => 0,
        }
    }

    /// Tells that `count` bytes of chunk data went past without being shown.
    pub const fn skip(&mut self, count: u64) {
        if matches!(self.state, State::Data) {
            let left = self.size.saturating_sub(count);
            self.data = self.data.saturating_add(self.size - left);
            self.size = left;
            if self.size == 0 {
                self.state = State::DataCr;
            }
        }
    }

    /// True once the last chunk has begun: what follows are trailers and the final line.
    pub const fn is_behind_data(&self) -> bool {
        matches!(
            self.state,
            State::TrailerStart
                | State::TrailerName
                | State::TrailerValue
                | State::TrailerLf
                | State::FinalLf
                | State::Done
        )
    }

    /// Follows what stands between the data: from the end of one chunk's data to the
    /// beginning of the next one's, then to the trailers, then through them. Bytes of
    /// `input` that it took; data is left to the caller, who tells [`Self::skip`].
    ///
    /// # Errors
    /// [`ChunkError`]; there is no sense in a further call then.
    pub fn advance_between(&mut self, input: &[u8]) -> Result<usize, ChunkError> {
        let was_behind_data = self.is_behind_data();
        for (at, &byte) in input.iter().enumerate() {
            let is_boundary = matches!(self.state, State::Data | State::Done)
                || self.is_behind_data() != was_behind_data;
            if is_boundary {
                return Ok(at);
            }
            self.step(byte)
                .map_err(|reason| ChunkError { offset: at, reason })?;
        }
        Ok(input.len())
    }

    /// Follows the body through `input`, which continues where the last call stopped.
    ///
    /// # Errors
    /// [`ChunkError`]; there is no sense in a further call then.
    pub fn advance(&mut self, input: &[u8]) -> Result<ChunkProgress, ChunkError> {
        let mut at = 0;
        let mut dropped = 0;
        while let Some(rest) = input.get(at..)
            && let Some(&byte) = rest.first()
        {
            let in_extension = self.is_extension(byte);
            if dropped > 0 && !in_extension {
                break;
            }
            match self.state {
                State::Done => break,
                State::Data => {
                    let taken =
                        usize::try_from(self.size).map_or(rest.len(), |size| size.min(rest.len()));
                    self.skip(taken as u64);
                    at += taken;
                }
                _ => {
                    self.step(byte)
                        .map_err(|reason| ChunkError { offset: at, reason })?;
                    at += 1;
                    dropped += usize::from(in_extension);
                }
            }
        }
        Ok(ChunkProgress {
            forward: at - dropped,
            dropped,
            data_left: self.data_left(),
            done: self.is_done(),
        })
    }

    /// True when `byte`, the next one, belongs to the extension of a chunk or to the white
    /// space before it.
    const fn is_extension(&self, byte: u8) -> bool {
        match self.state {
            State::Size => matches!(byte, b';' | b' ' | b'\t'),
            State::SizeBlank | State::Extension => byte != b'\r',
            _ => false,
        }
    }

    /// Takes one byte outside of the data.
    fn step(&mut self, byte: u8) -> Result<(), ChunkErrorReason> {
        self.state = match self.state {
            State::SizeStart | State::Size => self.size_byte(byte)?,
            State::SizeBlank => self.blank_byte(byte)?,
            State::Extension => self.extension_byte(byte)?,
            State::SizeLf => {
                line_feed(byte)?;
                self.count = 0;
                match self.size {
                    0 => State::TrailerStart,
                    _ => State::Data,
                }
            }
            State::DataCr => match byte {
                b'\r' => State::DataLf,
                _ => return Err(ChunkErrorReason::LineEnd),
            },
            State::DataLf => {
                line_feed(byte)?;
                State::SizeStart
            }
            State::TrailerStart | State::TrailerName | State::TrailerValue | State::TrailerLf => {
                self.trailer_byte(byte)?
            }
            State::FinalLf => {
                line_feed(byte)?;
                State::Done
            }
            State::Data | State::Done => self.state,
        };
        Ok(())
    }

    fn size_byte(&mut self, byte: u8) -> Result<State, ChunkErrorReason> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            self.count += 1;
            if self.count > SIZE_DIGITS_MAX {
                return Err(ChunkErrorReason::Size);
            }
            self.size = (self.size << 4) | u64::from(digit);
            return Ok(State::Size);
        }
        // A size beyond 2^63 - 1 is larger than any counter of bytes that weir keeps.
        if self.count == 0 || self.size > i64::MAX.unsigned_abs() {
            return Err(ChunkErrorReason::Size);
        }
        self.count = 0;
        match byte {
            b'\r' => Ok(State::SizeLf),
            b' ' | b'\t' => Ok(State::SizeBlank),
            b';' => Ok(State::Extension),
            b'\n' => Err(ChunkErrorReason::LineEnd),
            _ => Err(ChunkErrorReason::Size),
        }
    }

    /// RFC 9112 section 7.1.1 lets white space stand before the semicolon of an extension.
    fn blank_byte(&mut self, byte: u8) -> Result<State, ChunkErrorReason> {
        self.bound(EXTENSION_MAX, ChunkErrorReason::Extension)?;
        match byte {
            b' ' | b'\t' => Ok(State::SizeBlank),
            b';' => Ok(State::Extension),
            b'\r' => Ok(State::SizeLf),
            b'\n' => Err(ChunkErrorReason::LineEnd),
            _ => Err(ChunkErrorReason::Size),
        }
    }

    fn extension_byte(&mut self, byte: u8) -> Result<State, ChunkErrorReason> {
        self.bound(EXTENSION_MAX, ChunkErrorReason::Extension)?;
        match byte {
            b'\r' => Ok(State::SizeLf),
            b'\n' => Err(ChunkErrorReason::LineEnd),
            0..b' ' if byte != b'\t' => Err(ChunkErrorReason::Extension),
            _ => Ok(State::Extension),
        }
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<State, ChunkErrorReason> {
        self.bound(TRAILERS_MAX, ChunkErrorReason::TrailerSize)?;
        match (self.state, byte) {
            (State::TrailerStart, b'\r') => Ok(State::FinalLf),
            (State::TrailerStart | State::TrailerName | State::TrailerValue, b'\n') => {
                Err(ChunkErrorReason::LineEnd)
            }
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => {
                Ok(State::TrailerName)
            }
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerName, b':') | (State::TrailerValue, 1..) => Ok(State::TrailerValue),
            (State::TrailerLf, _) => {
                line_feed(byte)?;
                Ok(State::TrailerStart)
            }
            _ => Err(ChunkErrorReason::Trailer),
        }
    }

    fn bound(&mut self, max: u32, reason: ChunkErrorReason) -> Result<(), ChunkErrorReason> {
        self.count += 1;
        if self.count > max {
            return Err(reason);
        }
        Ok(())
    }
}

const fn line_feed(byte: u8) -> Result<(), ChunkErrorReason> {
    match byte {
        b'\n' => Ok(()),
        _ => Err(ChunkErrorReason::LineEnd),
    }
}

/// Hexadecimal digits of a size.
const SIZE_DIGITS_MAX: u32 = 16;
/// Bytes behind the size in one size line.
const EXTENSION_MAX: u32 = 4096;
/// Bytes of all trailers together.
const TRAILERS_MAX: u32 = 16384;

/// The data of a chunked body without its coding, as far as it is in `body` and valid.
pub fn data_pieces(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut parser = ChunkParser::new();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = body.get(at..)?;
            let byte = *rest.first()?;
            match parser.state {
                State::Done => return None,
                State::Data => {
                    let taken = usize::try_from(parser.size)
                        .map_or(rest.len(), |size| size.min(rest.len()));
                    parser.skip(taken as u64);
                    at += taken;
                    return rest.get(..taken);
                }
                _ => {
                    parser.step(byte).ok()?;
                    at += 1;
                }
            }
        }
    })
}

#[cfg(test)]
mod tests;
