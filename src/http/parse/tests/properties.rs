//! Both paths of the parser against each other, on generated heads.

use proptest::prelude::*;

use super::*;

fn token() -> impl Strategy<Value = String> {
    "[!#-'*+.0-9A-Z^-z|~-]{1,20}"
}

fn valid_request() -> impl Strategy<Value = Vec<u8>> {
    let line = (
        token(),
        "[ \t]{0,2}",
        "[!-~\u{80}-\u{ff}]{0,20}( [!-~]{1,5})?",
        "[ \t]{0,2}",
    )
        .prop_map(|(name, before, value, after)| format!("{name}:{before}{value}{after}\r\n"));
    (
        token(),
        "/[!-\"$-~]{0,30}",
        0..2,
        prop::collection::vec(line, 0..12),
    )
        .prop_map(|(method, uri, minor, lines)| {
            format!("{method} {uri} HTTP/1.{minor}\r\n{}\r\n", lines.concat()).into_bytes()
        })
}

const NOISE: &[u8] = b"GET /H:P1.0 \t\r\n\0a#\xe9";

proptest! {
    #[test]
    fn httparse_and_the_slow_path_agree(input in valid_request()) {
        let mut fast = Head::new();
        let mut own = Head::new();
        prop_assert!(fast_request(&input, Policy::default(), &mut fast));
        let canonical = slow::parse(&input, Kind::Request, Policy::default(), &mut own).unwrap();
        prop_assert_eq!(&canonical.bytes, &input);
        prop_assert_eq!(canonical.consumed, input.len());
        prop_assert_eq!(fast, own);
    }

    #[test]
    fn httparse_and_the_slow_path_agree_on_responses(
        line in "HTTP/1\\.[01][ \t]{1,2}[0-9]{3,4}([ \t]{1,2}[!-~\u{80}-\u{ff} \t]{0,9})?",
        lines in "([A-Za-z-]{1,9}:[ \t]?[!-~ ]{0,9}\r\n){0,9}",
    ) {
        let input = format!("{line}\r\n{lines}\r\n").into_bytes();
        let mut fast = Head::new();
        let mut own = Head::new();
        let canonical = slow::parse(&input, Kind::Response, Policy::default(), &mut own);
        if fast_response(&input, Policy::default(), &mut fast) {
            prop_assert_eq!(canonical.unwrap().bytes, input);
            prop_assert_eq!(fast, own);
        } else if let Ok(canonical) = canonical {
            prop_assert!(fast_response(&canonical.bytes, Policy::default(), &mut fast));
            prop_assert_eq!(fast, own);
        }
    }

    #[test]
    fn the_slow_path_accepts_what_the_fast_path_accepts(
        input in prop::collection::vec(prop::sample::select(NOISE), 0..80),
        lines in "[a:\r\n \t]{0,30}",
    ) {
        let lines = lines.as_bytes();
        let text = [b"GET / HTTP/1.1\r\n", &input[..], b"\r\n", lines, b"\r\n\r\n"].concat();
        let mut fast = Head::new();
        let mut own = Head::new();
        if let Scan::Complete { head_len } = HeadScanner::new(Kind::Request).scan_bytes(&text) {
            let head = &text[..head_len];
            if fast_request(head, Policy::default(), &mut fast) {
                let canonical = slow::parse(head, Kind::Request, Policy::default(), &mut own);
                prop_assert_eq!(&canonical.unwrap().bytes, &head);
                prop_assert_eq!(fast, own);
            }
        }
    }

    #[test]
    fn parsing_never_panics_and_canonical_heads_stay(
        line in "[A-Z]{1,4}[ \t]{1,2}/[a-z#]{0,9}[ \t]{1,2}HTTP/[0-2]\\.[0-2]\r?\n",
        noise in prop::collection::vec(any::<u8>(), 0..60),
        text in "([a-zA-Z]{1,9}: ?[ -~]{0,9}\r?\n[ \t]?){0,9}\r?\n",
        accept_invalid: bool,
    ) {
        for kind in [Kind::Request, Kind::Response] {
            let noisy = [line.as_bytes(), &noise].concat();
            let regular = [&line[..], &text].concat().into_bytes();
            for input in [&noise[..], &noisy, &regular] {
                let mut buffer = Buffer::new(4096);
                buffer.push(input).unwrap();
                let policy = Policy { accept_invalid, ..Policy::default() };
                let mut head = Head::new();
                let mut parse = |buffer: &mut Buffer, len| match kind {
                    Kind::Request => parse_request(buffer, 0, len, policy, &mut head),
                    Kind::Response => parse_response(buffer, 0, len, policy, &mut head),
                }.map(|()| head.clone());
                if let Ok(first) = parse(&mut buffer, input.len()) {
                    let bytes = buffer.bytes().to_vec();
                    let again = parse(&mut buffer, first.len()).unwrap();
                    prop_assert_eq!(&first.lines, &again.lines);
                    prop_assert_eq!(first.start, again.start);
                    prop_assert_eq!(buffer.bytes(), &bytes[..]);
                    let canonical = String::from_utf8_lossy(&bytes[..first.len()]).into_owned();
                    prop_assert!(!canonical.replace("\r\n", "").contains(['\r', '\n']));
                    prop_assert!(canonical.ends_with("\r\n\r\n"));
                }
            }
        }
    }

    #[test]
    fn a_head_cut_anywhere_is_read_the_same(
        input in valid_request(),
        lf in prop::bool::weighted(0.3),
        leading in "(\r?\n){0,3}",
    ) {
        let text = String::from_utf8(input).unwrap();
        let text = if lf { text.replace("\r\n", "\n") } else { text };
        let text = format!("{leading}{text}next");
        let whole = HeadScanner::new(Kind::Request).scan_bytes(text.as_bytes());
        let complete = matches!(whole, Scan::Complete { .. });
        prop_assert!(complete);
        let mut bytewise = HeadScanner::new(Kind::Request);
        let mut found = Scan::Incomplete;
        for end in 0..=text.len() {
            found = bytewise.scan_bytes(&text.as_bytes()[..end]);
            if found != Scan::Incomplete {
                break;
            }
        }
        prop_assert_eq!(found, whole);
        for cut in 0..text.len() {
            let mut scanner = HeadScanner::new(Kind::Request);
            let first = scanner.scan_bytes(&text.as_bytes()[..cut]);
            let both = match first {
                Scan::Incomplete => scanner.scan_bytes(text.as_bytes()),
                done => done,
            };
            prop_assert_eq!(both, whole);
        }
    }
}
