//! The cost of finding a header in a parsed head.
//!
//! Rules and samples look headers up by name many times per request, weir itself by
//! identity: the first must stay near a length comparison per line, the second near one
//! test for a header that is absent.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use weir::engine::buffer::Buffer;
use weir::http::head::Head;
use weir::http::known::KnownHeader;
use weir::http::parse::{Policy, parse_request};

fn lookup(criterion: &mut Criterion) {
    let lines: String = (0..20)
        .map(|n| format!("X-Header-{n:02}: value {n}\r\n"))
        .collect();
    let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}Cookie: a=b\r\n\r\n");
    let mut buffer = Buffer::new(16384);
    assert_eq!(buffer.push(text.as_bytes()), Ok(()));
    let mut head = Head::new();
    let parsed = parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head);
    assert_eq!(parsed, Ok(()));
    let view = head.view(&buffer, 0);

    let mut group = criterion.benchmark_group("lookup");
    group.bench_function("known, absent", |bencher| {
        bencher.iter(|| view.value(black_box(KnownHeader::Expect)));
    });
    group.bench_function("known, last of 22", |bencher| {
        bencher.iter(|| view.value(black_box(KnownHeader::Cookie)));
    });
    group.bench_function("name, 20th of 22", |bencher| {
        bencher.iter(|| view.find_name(black_box(b"x-header-19"), 0));
    });
    group.bench_function("name, absent", |bencher| {
        bencher.iter(|| view.find_name(black_box(b"x-absent"), 0));
    });
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
