//! What a buffer and its pool cost per request. A buffer attaches on the first byte and goes
//! back as soon as it is empty, so each request takes and puts one or two.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use weir::engine::pool::BufferPool;

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("buffers");
    // A rise here is paid by every request: taking a buffer must stay a few instructions.
    group.bench_function("take and put", |bencher| {
        let mut pool = BufferPool::new("buffer", SIZE);
        bencher.iter(|| {
            if let Some(buffer) = pool.take() {
                pool.put(black_box(buffer));
            }
        });
    });
    // A request head is received, one header is rewritten, all is sent. Less the line above,
    // these are the copies: a rise means that more bytes move than the rewrite needs.
    group.throughput(Throughput::Bytes(HEAD.len() as u64));
    group.bench_function("receive, rewrite and send a head", |bencher| {
        let mut pool = BufferPool::new("buffer", SIZE);
        bencher.iter(|| {
            let Some(mut buffer) = pool.take() else {
                return;
            };
            buffer.tail(SIZE)[..HEAD.len()].copy_from_slice(black_box(HEAD));
            buffer.commit(HEAD.len());
            let rewritten = buffer.splice(16, 17, b"Host: backend.internal");
            assert!(rewritten.is_ok());
            black_box(buffer.bytes());
            buffer.consume(buffer.len());
            pool.put(buffer);
        });
    });
    // A slow reader: the window reaches the end with bytes held and slides to the front.
    group.throughput(Throughput::Bytes(SIZE as u64 / 2));
    group.bench_function("slide a half full window", |bencher| {
        let mut pool = BufferPool::new("buffer", SIZE);
        let Some(mut buffer) = pool.take() else {
            return;
        };
        let half = buffer.tail(SIZE / 2).len();
        buffer.commit(half);
        bencher.iter(|| {
            let half = buffer.tail(SIZE / 2).len();
            buffer.commit(half);
            buffer.consume(half);
        });
    });
    group.finish();
}

const SIZE: usize = 16_384;
const HEAD: &[u8] =
    b"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

criterion_group!(buffers, benches);
criterion_main!(buffers);
