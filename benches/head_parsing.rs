//! The cost of finding, parsing and indexing one message head.
//!
//! Every request pays `scan` and `parse` once, and so does its response: a rise here shows
//! in the user time of each request. The slow path may cost several times as much; it
//! serves odd clients only.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use weir::engine::buffer::Buffer;
use weir::http::connection::{self, Options};
use weir::http::head::Head;
use weir::http::parse::{Kind, Policy, parse_request, parse_response};
use weir::http::rewrite::Rewriter;
use weir::http::scan::HeadScanner;

const SMALL: &str = "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
const BROWSER: &str = "GET /static/app/main.js?v=20261120 HTTP/1.1\r\n\
    Host: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br\r\n\
    Referer: https://www.example.com/\r\n\
    Connection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; SERVERID=app1\r\n\
    Cache-Control: max-age=0\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 20 Nov 2026 21:00:00 GMT\r\n\
    Content-Type: text/html\r\nContent-Length: 612\r\n\
    Last-Modified: Fri, 20 Nov 2026 20:00:00 GMT\r\n\
    Connection: keep-alive\r\nETag: \"6560-264\"\r\nAccept-Ranges: bytes\r\n\r\n";

fn buffer_of(text: &str) -> Buffer {
    let mut buffer = Buffer::new(16384);
    assert_eq!(buffer.push(text.as_bytes()), Ok(()));
    buffer
}

fn scan_and_parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("head");
    for (name, text) in [("small", SMALL), ("browser", BROWSER)] {
        let mut buffer = buffer_of(text);
        let mut head = Head::new();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("scan/{name}"), |bencher| {
            bencher.iter(|| HeadScanner::new(Kind::Request).scan(&buffer, 0));
        });
        group.bench_function(format!("parse/{name}"), |bencher| {
            let policy = Policy::default();
            bencher.iter(|| parse_request(&mut buffer, 0, text.len(), policy, &mut head));
        });
    }
    let mut buffer = buffer_of(RESPONSE);
    let mut head = Head::new();
    group.throughput(Throughput::Bytes(RESPONSE.len() as u64));
    group.bench_function("parse/response", |bencher| {
        let policy = Policy::default();
        bencher.iter(|| parse_response(&mut buffer, 0, RESPONSE.len(), policy, &mut head));
    });
    group.finish();
}

fn slow_path(criterion: &mut Criterion) {
    let text = BROWSER.replace("\r\n", "\n");
    criterion.bench_function("head/parse/bare LF", |bencher| {
        bencher.iter_batched_ref(
            || (buffer_of(&text), Head::new()),
            |(buffer, head)| parse_request(buffer, 0, text.len(), Policy::default(), head),
            BatchSize::SmallInput,
        );
    });
}

/// What a plain proxy does to a request: the Connection header and one added line.
fn rewrite(criterion: &mut Criterion) {
    criterion.bench_function("head/rewrite", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut buffer = buffer_of(BROWSER);
                let mut head = Head::new();
                let policy = Policy::default();
                let parsed = parse_request(&mut buffer, 0, BROWSER.len(), policy, &mut head);
                assert_eq!(parsed, Ok(()));
                (buffer, head)
            },
            |(buffer, head)| {
                let mut message = Rewriter::new(buffer, 0, head);
                let added = message.add(b"X-Forwarded-For", b"192.0.2.1");
                (added, connection::request(&mut message, Options::default()))
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, scan_and_parse, slow_path, rewrite);
criterion_main!(benches);
