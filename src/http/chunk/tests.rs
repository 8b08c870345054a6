//! Chunked bodies, whole, cut and hostile.

use proptest::prelude::*;

use super::*;

fn whole(input: &[u8]) -> Result<ChunkProgress, ChunkError> {
    to_the_end(&mut ChunkParser::new(), input)
}

/// Calls the parser again behind each extension; all that was taken counts as forwarded.
fn to_the_end(parser: &mut ChunkParser, input: &[u8]) -> Result<ChunkProgress, ChunkError> {
    let mut at = 0;
    loop {
        let step = parser.advance(&input[at..]).map_err(|error| ChunkError {
            offset: at + error.offset,
            ..error
        })?;
        at += step.forward + step.dropped;
        if step.dropped == 0 || at == input.len() {
            return Ok(ChunkProgress {
                forward: at,
                dropped: 0,
                ..step
            });
        }
    }
}

#[test]
fn extensions_are_left_out() {
    let mut parser = ChunkParser::new();
    let input = b"3 ;name=value\r\nabc\r\n0;end\r\n\r\n";
    let mut sent = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let step = parser.advance(&input[at..]).unwrap();
        sent.extend_from_slice(&input[at..at + step.forward]);
        at += step.forward + step.dropped;
    }
    assert_eq!(sent, b"3\r\nabc\r\n0\r\n\r\n");
}

/// The reason for which `input` is refused.
fn refusal(input: &[u8]) -> ChunkErrorReason {
    whole(input).unwrap_err().reason
}

#[test]
fn a_body_ends_at_its_last_chunk() {
    let body = b"5\r\nhello\r\nA ;x=\"y\"\r\n0123456789\r\n000\r\nTrailer: a\r\nB:\r\n\r\n";
    let input = [&body[..], b"GET / HTTP/1.1"].concat();
    let progress = whole(&input).unwrap();
    assert_eq!(progress.forward, body.len());
    assert!(progress.done);
}

#[test]
fn the_data_of_a_chunk_is_announced_in_one_go() {
    let mut parser = ChunkParser::new();
    let progress = parser.advance(b"100000\r\nabc").unwrap();
    assert_eq!(progress.forward, 11);
    assert_eq!(progress.data_left, 0x10_0000 - 3);
    parser.skip(0x10_0000 - 4);
    assert_eq!(parser.data_left(), 1);
    let progress = parser.advance(b"z\r\n0\r\n\r\n").unwrap();
    assert!(progress.done && parser.is_done());
    assert_eq!(parser.advance(b"more").unwrap().forward, 0);
}

#[test]
fn sizes_are_strict() {
    let size = ChunkErrorReason::Size;
    for input in [
        &b"0x5\r\n"[..],
        b"-5\r\n",
        b"+5\r\n",
        b" 5\r\n",
        b"\r\n",
        b";a\r\n",
        b"5 5\r\n",
        b"g\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"00000000000000005\r\n",
        b"8000000000000000\r\n",
        b"FFFFFFFFFFFFFFFF\r\n",
    ] {
        assert_eq!(refusal(input), size, "{}", input.escape_ascii());
    }
    let largest = whole(b"7FFFFFFFFFFFFFFF\r\n").unwrap();
    assert_eq!(largest.data_left, i64::MAX.unsigned_abs());
}

#[test]
fn lines_end_in_crlf() {
    let end = ChunkErrorReason::LineEnd;
    for input in [
        &b"5\nhello"[..],
        b"5\rhello",
        b"5;x\nhello",
        b"5 \nhello",
        b"5\r\nhello\n",
        b"5\r\nhello\rx",
        b"5\r\nhellox",
        b"0\r\nA: b\n",
        b"0\r\nA: b\rx",
        b"0\r\n\n",
        b"0\r\n\rx",
    ] {
        assert_eq!(refusal(input), end, "{}", input.escape_ascii());
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let long = [b"5;", &[b'x'; 5000][..]].concat();
    assert_eq!(refusal(&long), ChunkErrorReason::Extension);
    assert_eq!(refusal(b"5;\x01"), ChunkErrorReason::Extension);
    let blanks = [b"5", &[b' '; 5000][..]].concat();
    assert_eq!(refusal(&blanks), ChunkErrorReason::Extension);
    let trailers = [b"0\r\n", &b"A: b\r\n".repeat(3000)[..]].concat();
    assert_eq!(refusal(&trailers), ChunkErrorReason::TrailerSize);
    for trailer in [
        &b"A b: c\r\n"[..],
        b": c\r\n",
        b"A\r\n",
        b" A: b\r\n",
        b"A: \0\r\n",
    ] {
        let input = [b"0\r\n", trailer].concat();
        assert_eq!(
            refusal(&input),
            ChunkErrorReason::Trailer,
            "{}",
            trailer.escape_ascii()
        );
    }
}

#[test]
fn an_error_knows_its_place() {
    assert_eq!(whole(b"5\r\nhello\r\nx").unwrap_err().offset, 10);
}

/// What the parser says when `input` comes in pieces of `step` bytes.
fn in_steps(input: &[u8], step: usize) -> Result<ChunkProgress, ChunkError> {
    let mut parser = ChunkParser::new();
    let mut at = 0;
    let mut last = parser.advance(b"")?;
    for piece in input.chunks(step) {
        let progress = to_the_end(&mut parser, piece).map_err(|error| ChunkError {
            offset: at + error.offset,
            ..error
        })?;
        at += progress.forward;
        last = progress;
        if progress.done {
            break;
        }
    }
    last.forward = at;
    Ok(last)
}

const NOISE: &[u8] = b"\r\n0a;: \0";

proptest! {
    #[test]
    fn a_body_cut_anywhere_is_followed_the_same(
        chunks in prop::collection::vec(("[a-z]{1,30}", "( ?;[a-z=]{0,5})?"), 0..6),
        trailers in "([A-Z]{1,5}: [a-z]{0,5}\r\n){0,3}",
        noise in prop::collection::vec((any::<u16>(), prop::sample::select(NOISE)), 0..2),
    ) {
        let mut body: Vec<u8> = chunks
            .iter()
            .map(|(data, extension)| format!("{:x}{extension}\r\n{data}\r\n", data.len()))
            .flat_map(String::into_bytes)
            .collect();
        body.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
        if noise.is_empty() {
            let progress = whole(&body).unwrap();
            prop_assert!(progress.done);
            prop_assert_eq!(progress.forward, body.len());
        }
        for (at, byte) in noise {
            let at = usize::from(at) % body.len();
            body[at] = byte;
        }
        let expected = whole(&body);
        for step in 1..=body.len() {
            prop_assert_eq!(in_steps(&body, step), expected);
        }
    }

    #[test]
    fn no_input_panics(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut parser = ChunkParser::new();
        if let Ok(progress) = to_the_end(&mut parser, &input) {
            prop_assert!(progress.forward <= input.len());
        }
        let _ = to_the_end(&mut parser, &input);
    }
}
