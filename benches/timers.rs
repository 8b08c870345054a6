//! The timer queue against a B-tree with the same entries, which is what justifies the heap.
//! If the B-tree wins both the steady and the random case, the queue should become one.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeSet;
use std::hint::black_box;
use weir::engine::tick::Tick;
use weir::engine::timer::TimerQueue;

/// The B-tree: key and task number in one word, and the key of each task to find it again.
#[derive(Default)]
struct TreeQueue {
    tree: BTreeSet<u64>,
    ticks: Vec<u32>,
}

impl TreeQueue {
    fn insert(&mut self, task: u32, tick: Tick) {
        let index = task as usize;
        if self.ticks.len() <= index {
            self.ticks.resize(index + 1, 0);
        }
        self.remove(task);
        self.ticks[index] = tick.raw();
        self.tree
            .insert(u64::from(tick.raw()) << 32 | u64::from(task));
    }

    fn remove(&mut self, task: u32) {
        let tick = std::mem::take(&mut self.ticks[task as usize]);
        if tick != 0 {
            self.tree.remove(&(u64::from(tick) << 32 | u64::from(task)));
        }
    }

    fn first(&self) -> Option<u64> {
        self.tree.first().copied()
    }
}

/// What both do for one short connection: a timeout at the far end, an earlier one, a look
/// at the first, and the end of the task that came `tasks` connections before.
trait Queue: Default {
    fn insert(&mut self, task: u32, tick: Tick);
    fn remove(&mut self, task: u32);
    fn is_due(&self) -> bool;
}

impl Queue for TimerQueue {
    fn insert(&mut self, task: u32, tick: Tick) {
        Self::insert(self, task, tick);
    }

    fn remove(&mut self, task: u32) {
        Self::remove(self, task);
    }

    fn is_due(&self) -> bool {
        self.first().is_some_and(|(tick, _)| tick.raw() < 10)
    }
}

impl Queue for TreeQueue {
    fn insert(&mut self, task: u32, tick: Tick) {
        Self::insert(self, task, tick);
    }

    fn remove(&mut self, task: u32) {
        Self::remove(self, task);
    }

    fn is_due(&self) -> bool {
        self.first().is_some_and(|first| first >> 32 < 10)
    }
}

/// Fixed pseudo-random delays, the same in every run.
fn delay(step: u32) -> u32 {
    step.wrapping_mul(2_654_435_761) >> 16
}

fn connections<Q: Queue>(queue: &mut Q, clock: &mut u32, tasks: u32, spread: fn(u32) -> u32) {
    for _ in 0..STEPS {
        *clock += 1;
        let step = *clock;
        let task = delay(step) % tasks;
        queue.remove(task);
        queue.insert(task, Tick::from_ms(*clock + spread(step)));
        black_box(queue.is_due());
    }
}

fn filled<Q: Queue>(tasks: u32, spread: fn(u32) -> u32) -> Q {
    let mut queue = Q::default();
    for task in 0..tasks {
        queue.insert(task, Tick::from_ms(1000 + task + spread(task)));
    }
    queue
}

fn benches(criterion: &mut Criterion) {
    // Steady: all time out after the same time, as clients of one frontend do. Random: every
    // task has a timeout of its own, the worst there is.
    compare(criterion, "steady", |_| 50_000);
    compare(criterion, "random", delay);
}

fn compare(criterion: &mut Criterion, case: &str, spread: fn(u32) -> u32) {
    let mut group = criterion.benchmark_group(format!("timers, {case}"));
    group.throughput(Throughput::Elements(u64::from(STEPS)));
    for tasks in [1_000, 50_000] {
        group.bench_function(BenchmarkId::new("heap", tasks), |bencher| {
            let mut queue: TimerQueue = filled(tasks, spread);
            let mut clock = tasks;
            bencher.iter(|| connections(&mut queue, &mut clock, tasks, spread));
        });
        group.bench_function(BenchmarkId::new("tree", tasks), |bencher| {
            let mut queue: TreeQueue = filled(tasks, spread);
            let mut clock = tasks;
            bencher.iter(|| connections(&mut queue, &mut clock, tasks, spread));
        });
    }
    group.finish();
}

const STEPS: u32 = 1000;

criterion_group!(timers, benches);
criterion_main!(timers);
