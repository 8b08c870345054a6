//! The event loop: fdtab, pollers, tasks, timers, pools, buffers, signals, rates.
//!
//! [`run_poll_loop`] is the heart of a process: signals, expired timers, runnable tasks, and
//! then the poller, which waits and calls the callbacks of ready descriptors. Knows no proxy:
//! everything is generic over the [`Context`] that callbacks receive, a worker in the program
//! and a few fields in a test. Invariants: events only wake tasks, tasks run after the whole
//! batch of events; no borrow of the engine lives across a callback; time stands still
//! within a turn.

pub mod buffer;
pub mod clock;
pub mod fdtab;
pub mod key;
pub mod poller;
pub mod pool;
pub mod rate;
pub mod signal;
pub mod task;
pub mod tick;
pub mod timer;

use crate::sys::Fd;
use clock::{Clock, IdleMeter};
use fdtab::{FdCallback, Fdtab, Polling};
use poller::PollerChoice;
use signal::{SignalQueue, signal_process_queue};
use std::io;
use task::{Scheduler, TaskOutcome, TaskProcess, TaskRun, process_runnable_tasks};
use tick::Tick;

/// What the callbacks of descriptors, tasks and signals receive.
pub trait Context: Sized + 'static {
    /// The engine inside the context.
    fn engine(&mut self) -> &mut Engine<Self>;

    /// Runs the callback of a descriptor; overridden to end a session alone when it panics.
    fn run_callback(&mut self, callback: FdCallback<Self>, fd: Fd) -> Polling {
        callback(self, fd)
    }

    /// Runs a task; overridden to end a session alone when it panics.
    fn run_task(&mut self, process: TaskProcess<Self>, run: TaskRun) -> TaskOutcome {
        process(self, run)
    }

    /// Called in every turn after the tasks and before the wait: the moment to send together
    /// what they have collected, such as log lines.
    fn finish_tasks(&mut self) {}

    /// Called about once a second, before the wait: the moment to settle pools after a burst.
    fn maintain(&mut self) {}
}

/// Everything the loop needs; owned by the context.
pub struct Engine<C> {
    /// Time, read once per turn.
    pub clock: Clock,
    /// The open descriptors and the poller that watches them.
    pub fdtab: Fdtab<C>,
    /// The tasks, run queue and timers.
    pub scheduler: Scheduler<C>,
    /// The signals that came in and their handlers.
    pub signals: SignalQueue<C>,
    /// What keeps the process alive: sessions and active listeners. The loop ends at 0.
    pub jobs: u32,
    /// What the loop did.
    pub activity: Activity,
    idle: IdleMeter,
    next_maintenance: Tick,
    skipped_wait: bool,
}

/// What the loop did since start, for administrators (`show activity`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Activity {
    /// Turns.
    pub loops: u64,
    /// Runs of tasks.
    pub task_runs: u64,
    /// Turns in which no task was to run.
    pub idle_turns: u64,
    /// Turns that left tasks in the run queue.
    pub busy_turns: u64,
    /// Events that the poller reported.
    pub events: u64,
    /// Waits that ended without an event.
    pub expired_waits: u64,
}

impl<C: Context> Engine<C> {
    /// An engine with the best poller that `choice` leaves and the system supports.
    ///
    /// # Errors
    /// When no poller can be set up.
    pub fn new(choice: PollerChoice, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            fdtab: Fdtab::new(choice)?,
            scheduler: Scheduler::new(),
            signals: SignalQueue::new(),
            jobs: 0,
            activity: Activity::default(),
            idle: IdleMeter::new(clock.monotonic_us()),
            next_maintenance: clock.now_ms(),
            skipped_wait: false,
            clock,
        })
    }

    /// To be called first in a process that `fork` made: replaces everything the kernel
    /// shares with the parent, which is the epoll instance and the signal descriptor.
    ///
    /// # Errors
    /// When one of them cannot be opened again.
    pub fn after_fork(&mut self) -> io::Result<()> {
        self.fdtab.after_fork()?;
        self.signals.after_fork(&mut self.fdtab)?;
        self.clock.update();
        self.idle = IdleMeter::new(self.clock.monotonic_us());
        Ok(())
    }

    /// Starts the delivery of registered signals through the loop.
    ///
    /// # Errors
    /// When the signal descriptor cannot be opened.
    pub fn signal_init(&mut self) -> io::Result<()> {
        self.signals.open(&mut self.fdtab)
    }

    /// Percentage of the last half second that was spent waiting, 100 at start.
    pub fn idle_percent(&self) -> u32 {
        self.idle.percent()
    }

    /// How long the poller may sleep, at most `wait_max_ms`; and the moment that was
    /// computed at, unless there is no time to sleep at all.
    fn wait_ms(&self, wait_max_ms: u32) -> (u32, Option<u64>) {
        let limit_ms = wait_max_ms.min(self.fdtab.wait_limit_ms());
        if limit_ms == 0 || self.scheduler.run_queue() > 0 || self.signals.is_pending() {
            return (0, None);
        }
        let from_us = self.clock.read_us();
        let until_expiry = self
            .clock
            .wait_until_ms(self.scheduler.next_expiry(), from_us);
        (
            until_expiry.map_or(limit_ms, |until_ms| until_ms.min(limit_ms)),
            Some(from_us),
        )
    }
}

/// Serves until nothing is left to serve, that is until `jobs` is 0.
pub fn run_poll_loop<C: Context>(context: &mut C) {
    log::trace!("run_poll_loop");
    loop {
        run_pending(context);
        if context.engine().jobs == 0 {
            return;
        }
        poll(context, DELAY_MAX_MS);
    }
}

/// One turn of the loop, waiting at most `wait_max_ms` for events. Tests step with it.
pub fn turn<C: Context>(context: &mut C, wait_max_ms: u32) {
    run_pending(context);
    poll(context, wait_max_ms);
}

/// What the events of the last turn, and time, have made due.
fn run_pending<C: Context>(context: &mut C) {
    signal_process_queue(context);
    let engine = context.engine();
    let now = engine.clock.now_ms();
    engine.scheduler.wake_expired_tasks(now);
    process_runnable_tasks(context);
    let engine = context.engine();
    if engine.next_maintenance.is_expired(now) {
        engine.next_maintenance = now.add(MAINTENANCE_MS);
        context.maintain();
    }
    context.finish_tasks();
}

/// Speculative attempts, the wait, the callbacks of what is ready, and attempts on the
/// descriptors that those callbacks have just opened.
fn poll<C: Context>(context: &mut C, wait_max_ms: u32) {
    let successes = poller::process_spec_list(context, 0);
    let engine = context.engine();
    engine.activity.loops += 1;
    // With much done already, events can wait for one turn: the tasks run first.
    if successes >= SUCCESSES_TO_SKIP_WAIT && !engine.skipped_wait {
        engine.skipped_wait = true;
        engine.clock.update();
        return;
    }
    engine.skipped_wait = false;
    let wait_max_ms = if successes > 0 { 0 } else { wait_max_ms };
    let (wait_ms, before_us) = engine.wait_ms(wait_max_ms);
    let count = engine.fdtab.wait(wait_ms);
    engine.activity.events += count as u64;
    engine.activity.expired_waits += u64::from(count == 0);
    engine.clock.update();
    let after_us = engine.clock.monotonic_us();
    let idle_us = before_us.map_or(0, |before| after_us.saturating_sub(before));
    engine.idle.record(idle_us, after_us);
    let listed = engine.fdtab.listed_count();
    poller::dispatch(context, count);
    poller::process_spec_list(context, listed);
    context.engine().fdtab.finish_batch();
}

/// Longest wait, as in dev7: the wall clock and rates are looked at now and then.
const DELAY_MAX_MS: u32 = 1000;
const MAINTENANCE_MS: u32 = 1000;
/// Speculative successes from which the wait is left out, once in a row (dev7).
const SUCCESSES_TO_SKIP_WAIT: usize = 25;

#[cfg(test)]
mod tests;
