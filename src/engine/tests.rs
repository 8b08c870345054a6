//! The context that the engine's tests run in, and tests of whole turns.

use super::clock::Clock;
use super::fdtab::Direction;
use super::poller::{PollerChoice, PollerKind};
use super::task::Wake;
use super::*;
use std::io::{Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

/// An engine and a log of what was called.
pub(super) struct World {
    pub(super) engine: Engine<Self>,
    pub(super) log: Vec<String>,
    /// What the callbacks of tests answer.
    pub(super) answer: Polling,
    /// What a callback does besides, for tests of its effects on others.
    pub(super) effect: Option<fn(&mut Self, Fd)>,
    maintained: u32,
    finished: u32,
}

impl Context for World {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.engine
    }

    fn maintain(&mut self) {
        self.maintained += 1;
    }

    fn finish_tasks(&mut self) {
        self.finished += 1;
    }
}

/// A world with the preferred poller and a clock that stands still.
pub(super) fn world() -> World {
    world_with(PollerKind::Sepoll)
}

/// A world with the poller of choice.
pub(super) fn world_with(kind: PollerKind) -> World {
    let mut choice = PollerChoice::default();
    for other in PollerKind::ALL {
        if other != kind {
            choice.disable(other);
        }
    }
    World {
        engine: Engine::new(choice, Clock::manual()).unwrap(),
        log: Vec::new(),
        answer: Polling::Wait,
        effect: None,
        maintained: 0,
        finished: 0,
    }
}

/// A descriptor in the world's table, and the stream at its other end.
pub(super) fn insert_pair(world: &mut World) -> (Fd, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    there.set_nonblocking(true).unwrap();
    let fd = Fd::new(here.into_raw_fd());
    world.engine.fdtab.insert(fd, 0, note_read, note_write);
    (fd, there)
}

fn note_read(world: &mut World, fd: Fd) -> Polling {
    note(world, "read", fd)
}

fn note_write(world: &mut World, fd: Fd) -> Polling {
    note(world, "write", fd)
}

fn note(world: &mut World, what: &str, fd: Fd) -> Polling {
    world.log.push(what.to_string());
    if let Some(effect) = world.effect {
        effect(world, fd);
    }
    world.answer
}

/// The log so far, which starts over.
pub(super) fn log(world: &mut World) -> Vec<String> {
    std::mem::take(&mut world.log)
}

fn finish(world: &mut World, _run: TaskRun) -> TaskOutcome {
    world.log.push("task".to_string());
    world.engine.jobs -= 1;
    TaskOutcome::Done
}

#[test]
fn the_loop_leaves_when_no_job_is_left() {
    let mut world = world();
    world.engine.jobs = 1;
    let task = world.engine.scheduler.spawn(finish, 0, 0);
    world.engine.scheduler.wake(task, Wake::INIT);
    run_poll_loop(&mut world);
    assert_eq!(world.log, ["task"]);
    assert_eq!(world.finished, 1, "also in the turn that ends the loop");
}

#[test]
fn tasks_run_after_the_whole_batch_of_events() {
    let mut world = world();
    world.effect = Some(|world, fd| {
        world.engine.fdtab.disarm(fd, Direction::Read);
        let task = world.engine.scheduler.spawn(finish, 0, 0);
        world.engine.scheduler.wake(task, Wake::IO);
    });
    world.engine.jobs = 2;
    let (first, mut first_peer) = insert_pair(&mut world);
    let (second, mut second_peer) = insert_pair(&mut world);
    world.engine.fdtab.arm_wait(first, Direction::Read);
    world.engine.fdtab.arm_wait(second, Direction::Read);
    first_peer.write_all(b"x").unwrap();
    second_peer.write_all(b"x").unwrap();
    run_poll_loop(&mut world);
    assert_eq!(world.log, ["read", "read", "task", "task"]);
}

#[test]
fn a_wait_ends_when_the_next_timer_is_due() {
    let mut world = world();
    world.engine.clock = Clock::new();
    world.engine.jobs = 1;
    let task = world.engine.scheduler.spawn(finish, 0, 0);
    let due = world.engine.clock.now_ms().add(20);
    world.engine.scheduler.schedule(task, due);
    run_poll_loop(&mut world);
    assert!(!world.engine.clock.now_ms().is_before(due));
    assert_eq!(world.log, ["task"]);
}

#[test]
fn a_signal_or_a_runnable_task_leaves_no_time_to_wait() {
    let mut world = world();
    assert_eq!(world.engine.wait_ms(1000).0, 1000);
    let task = world.engine.scheduler.spawn(finish, 0, 0);
    world.engine.scheduler.wake(task, Wake::MSG);
    assert_eq!(world.engine.wait_ms(1000), (0, None));
    world.engine.scheduler.remove(task);
    assert_eq!(world.engine.wait_ms(1000).0, 1000);
    world.engine.signals.push(libc::SIGHUP);
    assert_eq!(world.engine.wait_ms(1000), (0, None));
}

#[test]
fn maintenance_comes_once_a_second() {
    let mut world = world();
    for _ in 0..30 {
        turn(&mut world, 0);
        world.engine.clock.advance(100);
    }
    assert_eq!(world.maintained, 3);
}

#[test]
fn after_a_fork_the_child_serves_with_a_set_of_its_own() {
    let mut world = world();
    let (fd, mut peer) = insert_pair(&mut world);
    world.engine.fdtab.arm_wait(fd, Direction::Read);
    turn(&mut world, 0);
    world.engine.after_fork().unwrap();
    peer.write_all(b"x").unwrap();
    turn(&mut world, 1000);
    assert_eq!(log(&mut world), ["read"]);
    world.engine.fdtab.delete(fd);
    // The byte that nobody read turns the close into a reset.
    let error = peer.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_closed_descriptor_that_another_process_holds_does_not_spin() {
    let mut world = world();
    let (here, mut peer) = UnixStream::pair().unwrap();
    // A copy keeps the open file in the kernel's set, as a forked process would.
    let copy = here.try_clone().unwrap();
    let fd = Fd::new(here.into_raw_fd());
    world.engine.fdtab.insert(fd, 0, note_read, note_write);
    world.engine.fdtab.arm_wait(fd, Direction::Read);
    turn(&mut world, 0);
    world.engine.fdtab.delete(fd);
    peer.write_all(b"x").unwrap();
    turn(&mut world, 0);
    assert_eq!(world.engine.fdtab.wait(0), 0);
    assert!(world.log.is_empty());
    drop(copy);
}

/// A context that ends what panics, as a worker does.
struct Guarded {
    engine: Engine<Self>,
    ended: u32,
}

impl Context for Guarded {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.engine
    }

    fn run_callback(&mut self, callback: FdCallback<Self>, fd: Fd) -> Polling {
        let run = std::panic::AssertUnwindSafe(|| callback(self, fd));
        std::panic::catch_unwind(run).unwrap_or_else(|_| {
            self.ended += 1;
            self.engine.fdtab.delete(fd);
            Polling::Wait
        })
    }

    fn run_task(&mut self, process: TaskProcess<Self>, run: TaskRun) -> TaskOutcome {
        let guarded = std::panic::AssertUnwindSafe(|| process(self, run));
        std::panic::catch_unwind(guarded).unwrap_or_else(|_| {
            self.ended += 1;
            TaskOutcome::Done
        })
    }
}

#[test]
fn a_panic_ends_what_it_happened_in_and_the_loop_goes_on() {
    let engine = Engine::new(PollerChoice::default(), Clock::manual()).unwrap();
    let mut guarded = Guarded { engine, ended: 0 };
    let (here, mut peer) = UnixStream::pair().unwrap();
    let fd = Fd::new(here.into_raw_fd());
    let fails: FdCallback<Guarded> = |_, _| panic!("in a callback");
    guarded.engine.fdtab.insert(fd, 0, fails, fails);
    guarded.engine.fdtab.arm(fd, Direction::Read);
    for nice in [0, 5] {
        let task = guarded
            .engine
            .scheduler
            .spawn(|_, _| panic!("in a task"), 0, nice);
        guarded.engine.scheduler.wake(task, Wake::INIT);
    }
    for _ in 0..3 {
        turn(&mut guarded, 0);
    }
    assert_eq!(guarded.ended, 3);
    assert_eq!(
        (
            guarded.engine.scheduler.tasks(),
            guarded.engine.fdtab.count()
        ),
        (0, 0)
    );
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
}
