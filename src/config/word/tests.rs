//! Typed arguments and the messages about them.

use super::*;
use crate::config::environment::Environment;
use crate::config::token::{Scope, tokenize};

fn words(line: &[u8], name: &'static str, usage: &'static str) -> Words {
    let environment = Environment::default();
    let place = Place { file: 0, line: 3 };
    let scope = Scope {
        environment: &environment,
        file_name: "f",
        section: "",
        place,
    };
    let mut words = Words::new(tokenize(line, &scope).unwrap(), place);
    words.recognise(name, usage);
    words
}

fn told<T: std::fmt::Debug>(result: Parse<T>) -> (String, u32, u32) {
    let error = result.unwrap_err();
    let span = error.at.unwrap();
    (error.message, span.column, span.width)
}

#[test]
fn integers_are_read_within_their_range() {
    let words = words(b"maxconn 10 -3 x 99999999999999999999 +4", "maxconn", "");
    assert_eq!(words.uint(1, 0..=20u32), Ok(10));
    assert_eq!(words.uint(1, 0..=20usize), Ok(10));
    assert_eq!(words.int(2, -5..=5i32), Ok(-3));
    assert_eq!(words.int(5, -5..=5i64), Ok(4));
    let message = |text| format!("'maxconn' expects an integer argument (got '{text}').");
    assert_eq!(told(words.uint(2, 0..=20u32)), (message("-3"), 12, 2));
    assert_eq!(told(words.uint(3, 0..=20u32)), (message("x"), 15, 1));
    let out = String::from("'maxconn' : '10' must be between 1 and 9.");
    assert_eq!(told(words.uint(1, 1..=9u16)), (out, 9, 2));
    assert!(words.uint(4, 0..=u64::MAX).is_err());
    assert!(words.int(4, 0..=i64::MAX).is_err());
}

#[test]
fn a_missing_argument_tells_the_usage() {
    let words = words(b"timeout client", "timeout client", "timeout client <time>");
    let message = "'timeout client' : an argument is missing, expects 'timeout client <time>'";
    assert_eq!(told(words.text(2)), (message.to_owned(), 16, 1));
    assert_eq!(told(words.time(2, Unit::Ms)), (message.to_owned(), 16, 1));
}

#[test]
fn an_empty_argument_is_missing() {
    let words = words(b"log-tag ''", "log-tag", "log-tag <text>");
    assert_eq!(told(words.text(1)).1, 9);
}

#[test]
fn surplus_arguments_are_errors_unless_empty() {
    let words = words(b"daemon x '' ", "daemon", "daemon");
    let message = "'daemon' cannot handle unexpected argument 'x'.".to_owned();
    assert_eq!(told(words.end(1)), (message, 8, 1));
    assert_eq!(words.end(2), Ok(()));
    assert_eq!(words.end(9), Ok(()));
}

#[test]
fn times_say_what_is_wrong() {
    let words = words(b"timeout client 5x 25d 3s 1.5s 'a b'", "timeout client", "");
    let unit = String::from("unknown unit in 'timeout client' (got '5x')");
    assert_eq!(told(words.time(2, Unit::Ms)), (unit, 17, 1));
    let overflow = "timer overflow in argument '25d' to 'timeout client' (maximum value is \
                    2147483647 ms or ~24.8 days)";
    assert_eq!(told(words.time(3, Unit::Ms)), (overflow.to_owned(), 19, 3));
    assert_eq!(words.time(4, Unit::Ms), Ok(3_000));
    let dot = String::from("unexpected character '.' in 'timeout client' (got '1.5s')");
    assert_eq!(told(words.time(5, Unit::Ms)), (dot, 27, 3));
    assert_eq!(told(words.time(6, Unit::Ms)).1, 31);
}

#[test]
fn sizes_have_units_and_limits() {
    let words = words(b"tune.bufsize 16k 8g 1t x", "tune.bufsize", "");
    assert_eq!(words.size(1), Ok(16_384usize));
    let large = String::from("'tune.bufsize' : size '8g' is too large");
    assert_eq!(told(words.size::<u32>(2)), (large, 18, 2));
    let unit = String::from("'tune.bufsize' : unknown unit in size '1t'");
    assert_eq!(told(words.size::<u32>(3)), (unit, 22, 1));
    assert!(words.size::<u32>(4).is_err());
}

#[test]
fn choices_list_what_is_known() {
    let words = words(b"mode htpp", "mode", "");
    let error = words.choice(1, &[("http", 1), ("tcp", 2)]).unwrap_err();
    assert_eq!(
        error.message,
        "'mode' only supports 'http', 'tcp' (got 'htpp')"
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean 'http'?"));
}

#[test]
fn texts_must_be_utf8_but_bytes_need_not() {
    let words = words(b"description a\xff b", "description", "");
    assert_eq!(words.bytes(1), Ok(&b"a\xff"[..]));
    assert_eq!(told(words.text(1)).0, "'a\u{fffd}' is not valid UTF-8");
    assert!(words.joined(1).is_err());
    assert_eq!(words.joined(2), Ok(String::from("b")));
}

#[test]
fn keyword_errors_underline_the_whole_name() {
    let words = words(b" timeout  client 5s", "timeout client", "");
    let span = words.keyword_error("x").at.unwrap();
    assert_eq!((span.column, span.width), (2, 15));
}
