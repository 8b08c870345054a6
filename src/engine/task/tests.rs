//! Order of the run queue, wake-ups, lazy timers, and ids of tasks that are gone.

use super::*;
use crate::engine::clock::Clock;
use crate::engine::tests::{World, log, world};
use crate::engine::turn;

fn note(world: &mut World, run: TaskRun) -> TaskOutcome {
    world.log.push(format!("{}", run.owner));
    let expire = world.engine.scheduler.expire(run.task);
    let now = world.engine.clock.now_ms();
    TaskOutcome::Sleep(if expire.is_expired(now) {
        Tick::ETERNITY
    } else {
        expire
    })
}

fn note_reasons(world: &mut World, run: TaskRun) -> TaskOutcome {
    world.log.push(format!("{:02x}", run.reasons.0));
    TaskOutcome::Sleep(Tick::ETERNITY)
}

fn wake_itself(world: &mut World, run: TaskRun) -> TaskOutcome {
    world.log.push("again".to_string());
    world.engine.scheduler.wake(run.task, Wake::MSG);
    TaskOutcome::Sleep(Tick::ETERNITY)
}

fn remove_itself(world: &mut World, run: TaskRun) -> TaskOutcome {
    world.engine.scheduler.remove(run.task);
    world.engine.scheduler.spawn(note, 0, 0);
    TaskOutcome::Done
}

fn spawn(world: &mut World, owner: u64, nice: i16) -> TaskId {
    world.engine.scheduler.spawn(note, owner, nice)
}

fn wake(world: &mut World, task: TaskId) {
    world.engine.scheduler.wake(task, Wake::IO);
}

#[test]
fn ids_are_eight_bytes_and_tasks_small() {
    assert_eq!(size_of::<Option<TaskId>>(), 8);
    assert!(size_of::<Task<World>>() <= 40);
}

#[test]
fn tasks_run_in_the_order_of_their_wake_ups() {
    let mut world = world();
    let tasks: Vec<_> = (0..4).map(|owner| spawn(&mut world, owner, 0)).collect();
    for index in [2, 0, 3, 2, 1] {
        wake(&mut world, tasks[index]);
    }
    assert_eq!(world.engine.scheduler.run_queue(), 4);
    turn(&mut world, 0);
    assert_eq!(log(&mut world), ["2", "0", "3", "1"]);
    assert_eq!(world.engine.scheduler.run_queue(), 0);
    assert_eq!(world.engine.scheduler.calls(tasks[2]), 1);
}

#[test]
fn niceness_orders_the_queue_and_shortens_the_turn() {
    let mut world = world();
    for owner in 0..6 {
        let task = spawn(&mut world, owner, 0);
        wake(&mut world, task);
    }
    let last = spawn(&mut world, 100, 1024);
    let first = spawn(&mut world, 200, -1024);
    wake(&mut world, last);
    wake(&mut world, first);
    assert_eq!(
        (
            world.engine.scheduler.run_queue(),
            world.engine.scheduler.niced()
        ),
        (8, 2)
    );
    turn(&mut world, 0);
    assert_eq!(log(&mut world), ["200", "0"]);
    while world.engine.scheduler.run_queue() > 0 {
        turn(&mut world, 0);
    }
    assert_eq!(log(&mut world), ["1", "2", "3", "4", "5", "100"]);
    assert_eq!(world.engine.scheduler.niced(), 0);
}

#[test]
fn a_small_niceness_lets_some_pass() {
    let mut world = world();
    let nice = spawn(&mut world, 100, 64);
    wake(&mut world, nice);
    for owner in 0..4 {
        let task = spawn(&mut world, owner, 0);
        wake(&mut world, task);
    }
    while world.engine.scheduler.run_queue() > 0 {
        turn(&mut world, 0);
    }
    assert_eq!(log(&mut world), ["0", "100", "1", "2", "3"]);
}

#[test]
fn a_turn_runs_two_hundred_tasks_at_most() {
    let mut world = world();
    for owner in 0..250 {
        let task = spawn(&mut world, owner, 0);
        wake(&mut world, task);
    }
    turn(&mut world, 0);
    assert_eq!(log(&mut world).len(), 200);
    turn(&mut world, 0);
    assert_eq!(log(&mut world).len(), 50);
}

#[test]
fn a_task_that_wakes_itself_runs_in_the_next_turn() {
    for nice in [0, -1024, 1024] {
        let mut world = world();
        let task = world.engine.scheduler.spawn(wake_itself, 0, nice);
        wake(&mut world, task);
        for owner in 0..3 {
            let other = spawn(&mut world, owner, 0);
            wake(&mut world, other);
        }
        process_runnable_tasks(&mut world);
        assert!(
            log(&mut world)
                .iter()
                .filter(|line| *line == "again")
                .count()
                <= 1,
            "{nice}"
        );
        assert!(world.engine.scheduler.is_queued(task));
    }
}

#[test]
fn reasons_accumulate_while_a_task_is_queued() {
    let mut world = world();
    let task = world.engine.scheduler.spawn(note_reasons, 0, 0);
    world.engine.scheduler.wake(task, Wake::INIT);
    world.engine.scheduler.wake(task, Wake::RES | Wake::MSG);
    turn(&mut world, 0);
    world.engine.scheduler.wake(task, Wake::OTHER);
    turn(&mut world, 0);
    assert_eq!(log(&mut world), ["31", "40"]);
}

#[test]
fn a_removed_task_is_out_of_every_queue() {
    let mut world = world();
    for nice in [0, 5] {
        let task = spawn(&mut world, 1, nice);
        let now = world.engine.clock.now_ms();
        wake(&mut world, task);
        world.engine.scheduler.schedule(task, now.add(10));
        world.engine.scheduler.remove(task);
        let again = spawn(&mut world, 2, 0);
        assert_eq!(again.index(), task.index());
        wake(&mut world, task);
        world.engine.scheduler.schedule(task, now);
        world.engine.scheduler.remove(task);
        assert!(world.engine.scheduler.contains(again));
        assert_eq!(
            (
                world.engine.scheduler.run_queue(),
                world.engine.scheduler.niced()
            ),
            (0, 0)
        );
        assert_eq!(world.engine.scheduler.next_expiry(), Tick::ETERNITY);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        world.engine.scheduler.remove(again);
    }
    assert_eq!(world.engine.scheduler.tasks(), 0);
}

#[test]
fn a_task_removed_in_its_own_run_leaves_the_next_owner_of_its_slot_alone() {
    let mut world = world();
    let task = world.engine.scheduler.spawn(remove_itself, 0, 0);
    wake(&mut world, task);
    turn(&mut world, 0);
    assert!(!world.engine.scheduler.contains(task));
    assert_eq!(world.engine.scheduler.tasks(), 1);
}

#[test]
fn a_task_wakes_at_its_expiry_even_over_the_wrap() {
    for start in [1, u32::MAX - 5, u32::MAX / 2] {
        let mut world = world();
        world.engine.clock = Clock::manual_at(start);
        let task = spawn(&mut world, 1, 0);
        let now = world.engine.clock.now_ms();
        world.engine.scheduler.schedule(task, now.add(10));
        world.engine.clock.advance(9);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        world.engine.clock.advance(2);
        turn(&mut world, 0);
        assert_eq!(log(&mut world), ["1"]);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        assert_eq!(world.engine.scheduler.next_expiry(), Tick::ETERNITY);
    }
}

#[test]
fn a_later_expiry_leaves_the_timer_where_it_is_until_it_comes_up() {
    let mut world = world();
    let task = spawn(&mut world, 1, 0);
    let now = world.engine.clock.now_ms();
    world.engine.scheduler.schedule(task, now.add(10));
    world.engine.scheduler.schedule(task, now.add(30));
    assert_eq!(world.engine.scheduler.next_expiry(), now.add(10));
    world.engine.clock.advance(10);
    turn(&mut world, 0);
    assert!(log(&mut world).is_empty());
    assert_eq!(world.engine.scheduler.next_expiry(), now.add(30));
    world.engine.scheduler.schedule(task, Tick::ETERNITY);
    world.engine.clock.advance(20);
    turn(&mut world, 0);
    assert!(log(&mut world).is_empty());
    assert_eq!(world.engine.scheduler.next_expiry(), Tick::ETERNITY);
}

#[test]
fn an_earlier_expiry_moves_the_timer() {
    let mut world = world();
    let task = spawn(&mut world, 1, 0);
    let now = world.engine.clock.now_ms();
    world.engine.scheduler.schedule(task, now.add(30));
    world.engine.scheduler.schedule_earlier(task, now.add(10));
    assert_eq!(world.engine.scheduler.next_expiry(), now.add(10));
    world.engine.scheduler.schedule_earlier(task, now.add(20));
    world
        .engine
        .scheduler
        .schedule_earlier(task, Tick::ETERNITY);
    assert_eq!(world.engine.scheduler.expire(task), now.add(10));
}

#[test]
fn a_niceness_counts_from_the_next_wake_up() {
    let mut world = world();
    let task = spawn(&mut world, 1, 0);
    wake(&mut world, task);
    world.engine.scheduler.set_nice(task, i16::MAX);
    assert_eq!(world.engine.scheduler.niced(), 0);
    turn(&mut world, 0);
    wake(&mut world, task);
    assert_eq!(world.engine.scheduler.niced(), 1);
    turn(&mut world, 0);
    assert_eq!(
        (
            world.engine.scheduler.niced(),
            world.engine.scheduler.run_queue()
        ),
        (0, 0)
    );
}
