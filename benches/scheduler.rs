//! What a wake-up and a run of a task cost. Every request runs its session's task twice or
//! more, so 10 ns here are about 0.3 % of weir's own time per request.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use weir::engine::clock::Clock;
use weir::engine::poller::PollerChoice;
use weir::engine::task::{TaskId, TaskOutcome, TaskRun, Wake, process_runnable_tasks};
use weir::engine::tick::Tick;
use weir::engine::{Context, Engine};

struct World {
    engine: Engine<Self>,
    runs: u64,
}

impl Context for World {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.engine
    }
}

fn world() -> World {
    let engine = Engine::new(PollerChoice::default(), Clock::manual()).expect("a poller");
    World { engine, runs: 0 }
}

fn sleep(world: &mut World, run: TaskRun) -> TaskOutcome {
    world.runs += run.owner;
    TaskOutcome::Sleep(Tick::ETERNITY)
}

fn spawn(world: &mut World, nice: impl Fn(u64) -> i16) -> Vec<TaskId> {
    (0..TASKS)
        .map(|owner| world.engine.scheduler.spawn(sleep, owner, nice(owner)))
        .collect()
}

fn wake_and_run(world: &mut World, tasks: &[TaskId]) {
    for &task in tasks {
        world.engine.scheduler.wake(task, Wake::IO);
    }
    while world.engine.scheduler.run_queue() > 0 {
        process_runnable_tasks(world);
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scheduler");
    group.throughput(Throughput::Elements(TASKS));
    // The steady state: a rise here is paid by every request.
    group.bench_function("wake and run 200 tasks", |bencher| {
        let mut world = world();
        let tasks = spawn(&mut world, |_| 0);
        bencher.iter(|| wake_and_run(&mut world, black_box(&tasks)));
    });
    // One niced listener among others: a rise here is paid when `nice` is configured.
    group.bench_function("wake and run 200 tasks, each fourth niced", |bencher| {
        let mut world = world();
        let tasks = spawn(&mut world, |owner| if owner % 4 == 0 { -32 } else { 0 });
        bencher.iter(|| wake_and_run(&mut world, black_box(&tasks)));
    });
    // Once per connection: a rise here is paid by short connections only.
    group.bench_function("spawn, schedule, remove 200 tasks", |bencher| {
        let mut world = world();
        let now = world.engine.clock.now_ms();
        bencher.iter(|| {
            let tasks = spawn(&mut world, |_| 0);
            for &task in &tasks {
                world.engine.scheduler.schedule(task, now.add(50_000));
            }
            for task in tasks {
                world.engine.scheduler.remove(task);
            }
        });
    });
    group.finish();
}

const TASKS: u64 = 200;

criterion_group!(scheduler, benches);
criterion_main!(scheduler);
