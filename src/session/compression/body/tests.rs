//! Bodies in pieces of any size, through channels of little room, back to what they were.

use std::io::Read as _;

use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;
use crate::http::compression::Algorithm;
use crate::http::compression::encoder::Encoder;

/// A compressed response whose server and client the test plays.
struct Exchange {
    channel: Channel,
    chunks: ChunkParser,
    is_chunked: bool,
    compression: Compression,
    buffers: BufferPool,
    scratch: Vec<u8>,
    sent: Vec<u8>,
    taken: u64,
}

const SIZE: usize = 1_024;
const RESERVE: usize = ROOM_MIN;

impl Exchange {
    fn new(algorithm: Algorithm, length: Option<usize>) -> Self {
        let encoder = (algorithm != Algorithm::Identity).then(|| {
            let mut encoder = Box::new(Encoder::default());
            encoder.begin(algorithm, 6);
            encoder
        });
        Self {
            channel: Channel::default(),
            chunks: ChunkParser::new(),
            is_chunked: length.is_none(),
            compression: Compression {
                algorithm: Some(algorithm),
                stage: Stage::Body,
                encoder,
                left: length.unwrap_or(0) as u64,
                is_flushing: false,
            },
            buffers: BufferPool::new("test", SIZE),
            scratch: vec![0; SIZE],
            sent: Vec::new(),
            taken: 0,
        }
    }

    fn run(&mut self, has_paused: bool) -> Rest {
        let mut work = Work {
            channel: &mut self.channel,
            chunks: &mut self.chunks,
            is_chunked: self.is_chunked,
            compression: &mut self.compression,
            has_paused,
            wanted_level: 6,
            buffers: &mut self.buffers,
            scratch: &mut self.scratch,
            taken: 0,
            made: 0,
        };
        let rest = work.run();
        self.taken += work.taken;
        self.channel.release_if_empty(&mut self.buffers);
        rest
    }

    /// Takes from `bytes` as much as a read would.
    fn receive<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = self.channel.read_room(SIZE, RESERVE).min(bytes.len());
        let (read, rest) = bytes.split_at(room);
        if !read.is_empty() {
            self.channel
                .attach(&mut self.buffers)
                .unwrap()
                .push(read)
                .unwrap();
            self.channel.received(read.len());
        }
        rest
    }

    fn send(&mut self, count: usize) {
        let count = count.min(self.channel.output());
        self.sent
            .extend_from_slice(&self.channel.output_bytes()[..count]);
        self.channel.sent(count);
        self.channel.release_if_empty(&mut self.buffers);
    }

    /// The whole exchange: `piece` bytes arrive and `drain` leave per turn.
    fn play(&mut self, wire: &[u8], piece: usize, drain: usize, pauses: bool) -> Rest {
        let mut left = wire;
        for turn in 0..100_000 {
            let offered = left.get(..piece.min(left.len())).unwrap_or_default();
            let refused = self.receive(offered).len();
            left = &left[offered.len() - refused..];
            let rest = self.run(pauses && turn % 7 == 0);
            self.send(drain);
            match rest {
                Rest::Room => assert!(self.channel.total > 0, "stuck without any output"),
                Rest::Input if left.is_empty() && self.channel.out_empty() => return rest,
                Rest::Input => {}
                Rest::Nothing if !self.channel.out_empty() => {}
                Rest::Nothing | Rest::Malformed(_) => return rest,
            }
        }
        panic!("the exchange never ended");
    }
}

/// The data and the trailers of a chunked body.
fn unchunked(mut wire: &[u8]) -> (Vec<u8>, String) {
    let mut data = Vec::new();
    loop {
        let end = wire.windows(2).position(|at| at == b"\r\n").unwrap();
        let size = std::str::from_utf8(&wire[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        wire = &wire[end + 2..];
        if size == 0 {
            return (data, String::from_utf8(wire.to_vec()).unwrap());
        }
        data.extend_from_slice(&wire[..size]);
        assert_eq!(&wire[size..size + 2], b"\r\n");
        wire = &wire[size + 2..];
    }
}

fn gunzipped(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
    plain
}

fn chunked(body: &[u8], size: usize, trailer: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for chunk in body.chunks(size) {
        wire.extend_from_slice(format!("{:X};x=y\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_decodes_to_the_body(
        body in prop::collection::vec(prop_oneof![0u8..3, any::<u8>()], 1..6_000),
        piece in 1usize..1_500,
        drain in 1usize..1_500,
        chunk in prop_oneof![Just(0), 1usize..2_000],
        pauses in any::<bool>(),
    ) {
        let is_chunked = chunk > 0;
        let wire = if is_chunked {
            chunked(&body, chunk, "Sum: 1\r\n")
        } else {
            body.clone()
        };
        let length = (!is_chunked).then_some(body.len());
        for algorithm in [Algorithm::Gzip, Algorithm::Identity] {
            let mut exchange = Exchange::new(algorithm, length);
            prop_assert_eq!(exchange.play(&wire, piece, drain, pauses), Rest::Nothing);
            let (coded, trailers) = unchunked(&exchange.sent);
            let plain = match algorithm {
                Algorithm::Gzip => gunzipped(&coded),
                Algorithm::Identity | Algorithm::Deflate | Algorithm::RawDeflate => coded,
            };
            prop_assert_eq!(&plain, &body);
            prop_assert_eq!(trailers, if is_chunked { "Sum: 1\r\n\r\n" } else { "\r\n" });
            prop_assert_eq!(exchange.taken, body.len() as u64);
            prop_assert_eq!(exchange.channel.total, exchange.sent.len() as u64);
            prop_assert!(!exchange.channel.has_buffer());
        }
    }
}

#[test]
fn a_pause_makes_each_byte_readable_at_once() {
    let mut exchange = Exchange::new(Algorithm::Gzip, Some(4));
    for (count, byte) in [b"a", b"b", b"c"].into_iter().enumerate() {
        exchange.receive(byte);
        assert_eq!(exchange.run(false), Rest::Input);
        assert!(exchange.compression.holds_input());
        assert_eq!(exchange.run(true), Rest::Input);
        exchange.send(SIZE);
        let mut coded = exchange.sent.clone();
        coded.extend_from_slice(b"0\r\n\r\n");
        let mut plain = vec![0; count + 1];
        GzDecoder::new(unchunked(&coded).0.as_slice())
            .read_exact(&mut plain)
            .unwrap();
        assert_eq!(plain, b"abc"[..=count]);
    }
}

#[test]
fn a_client_that_takes_nothing_stops_it_within_its_buffer() {
    let mut exchange = Exchange::new(Algorithm::Identity, Some(100_000));
    let mut arrived = 0;
    for _ in 0..100 {
        arrived += 900 - exchange.receive(&[7; 900]).len();
        assert!(matches!(exchange.run(true), Rest::Input | Rest::Room));
    }
    assert!(arrived <= SIZE, "{arrived} bytes were taken");
    assert!(exchange.channel.len() <= SIZE);
}

#[test]
fn malformed_chunks_are_told_apart() {
    for (wire, word) in [
        ("5\r\nhelloX", "chunk-line-end"),
        ("zz\r\n", "chunk-size"),
        ("1\r\na\r\n0\r\n: x\r\n\r\n", "trailer"),
    ] {
        let mut exchange = Exchange::new(Algorithm::Gzip, None);
        let rest = exchange.play(wire.as_bytes(), 100, 100, false);
        assert_eq!(rest, Rest::Malformed(word), "{wire}");
    }
}
