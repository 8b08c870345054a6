//! Tasks: what runs when something happened or a time has come, one short run at a time.
//!
//! The scheduler owns the tasks, the run queue and the timer queue. Descriptor callbacks,
//! timers, signals and other tasks wake a task; [`process_runnable_tasks`] runs it. The run
//! queue is first in, first out, until a task with a niceness moves ahead of or behind the
//! others. Timers are lazy: a later expiry leaves the timer entry where it is, and the task
//! is queued again when the entry comes up. Invariants: a task is in the run queue at most
//! once; a [`TaskId`] of a removed task finds nothing; a task woken while tasks run, itself
//! included, runs in the next turn.

use super::Context;
use super::key::{Generation, slot_number};
use super::tick::Tick;
use super::timer::TimerQueue;
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::num::NonZeroU32;
use std::ops::BitOr;

/// The place of a task: 8 bytes, as is an `Option` of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId {
    index: u32,
    generation: NonZeroU32,
}

impl TaskId {
    /// The number of the task's slot, for dumps.
    pub fn index(self) -> u32 {
        self.index
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}.{}", self.index, self.generation)
    }
}

/// Why a task runs: a set of reasons, which accumulate while it is queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake(u8);

impl Wake {
    /// No reason.
    pub const NONE: Self = Self(0);
    /// The first run of a new task.
    pub const INIT: Self = Self(0x01);
    /// Its expiry has come.
    pub const TIMER: Self = Self(0x02);
    /// Something was read, written, connected or closed.
    pub const IO: Self = Self(0x04);
    /// A signal came in.
    pub const SIGNAL: Self = Self(0x08);
    /// Another task has something for it.
    pub const MSG: Self = Self(0x10);
    /// A resource it waits for may be available.
    pub const RES: Self = Self(0x20);
    /// Any other reason.
    pub const OTHER: Self = Self(0x40);

    /// True when any reason of `reasons` is in the set.
    pub const fn has(self, reasons: Self) -> bool {
        self.0 & reasons.0 != 0
    }

    /// True when there is no reason.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Wake {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One run of a task, as its process function receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskRun {
    /// The task itself.
    pub task: TaskId,
    /// What [`Scheduler::spawn`] was told, such as the packed key of a session.
    pub owner: u64,
    /// Why it runs.
    pub reasons: Wake,
}

/// What becomes of a task after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// It waits for a wake-up, or for the moment given, [`Tick::ETERNITY`] for none.
    Sleep(Tick),
    /// It is removed.
    Done,
}

/// The function of a task.
pub type TaskProcess<C> = fn(&mut C, TaskRun) -> TaskOutcome;

/// All tasks of a process.
pub struct Scheduler<C> {
    tasks: Slab<Task<C>>,
    generation: Generation,
    timers: TimerQueue,
    /// Queued tasks of niceness 0; their keys only grow.
    queue: VecDeque<Queued>,
    /// Queued tasks of another niceness.
    niced_queue: BinaryHeap<Reverse<Queued>>,
    /// Niced tasks woken while tasks run, which join `niced_queue` after the turn.
    niced_later: Vec<Queued>,
    wakeups: i64,
    run_queue: u32,
    niced: u32,
    is_running: bool,
}

impl<C> Scheduler<C> {
    /// A scheduler of no task.
    pub fn new() -> Self {
        Self {
            tasks: Slab::new(),
            generation: Generation::FIRST,
            timers: TimerQueue::new(),
            queue: VecDeque::new(),
            niced_queue: BinaryHeap::new(),
            niced_later: Vec::new(),
            wakeups: 0,
            run_queue: 0,
            niced: 0,
            is_running: false,
        }
    }

    /// Creates a sleeping task that never expires. `nice` runs from -1024, first, to 1024,
    /// last; what is outside counts as the nearer end.
    pub fn spawn(&mut self, process: TaskProcess<C>, owner: u64, nice: i16) -> TaskId {
        let generation = self.generation.advance();
        let index = self.tasks.insert(Task {
            process,
            owner,
            expire: Tick::ETERNITY,
            calls: 0,
            generation,
            nice: nice.clamp(-NICE_MAX, NICE_MAX),
            reasons: Wake::NONE,
            queued: InQueue::Absent,
        });
        let index = slot_number(index);
        TaskId { index, generation }
    }

    /// Changes the owner a task's runs are told, for owners that are named after their task.
    pub fn set_owner(&mut self, id: TaskId, owner: u64) {
        if let Some(task) = self.task_mut(id) {
            task.owner = owner;
        }
    }

    /// Removes a task, wherever it is queued. Later wake-ups with its id do nothing.
    pub fn remove(&mut self, id: TaskId) {
        if self.task(id).is_none() {
            return;
        }
        self.timers.remove(id.index);
        let Some(task) = self.tasks.try_remove(id.index as usize) else {
            return;
        };
        // The entry in the run queue falls through by its generation.
        self.count_unqueued(task.queued);
    }

    /// Queues a task to run and adds `reasons` to why it will (dev7: `task_wakeup`).
    pub fn wake(&mut self, id: TaskId, reasons: Wake) {
        let run_queue = self.run_queue;
        let Some(task) = self.task_mut(id) else {
            return;
        };
        task.reasons = task.reasons | reasons;
        if task.queued != InQueue::Absent {
            return;
        }
        let nice = task.nice;
        task.queued = if nice == 0 {
            InQueue::Plain
        } else {
            InQueue::Niced
        };
        self.wakeups += 1;
        self.run_queue += 1;
        let mut entry = Queued {
            key: self.wakeups,
            wakeup: self.wakeups,
            id,
        };
        if nice == 0 {
            self.queue.push_back(entry);
            return;
        }
        self.niced += 1;
        entry.key += (i64::from(run_queue) + 1) * i64::from(nice) / NICE_SCALE;
        if self.is_running {
            self.niced_later.push(entry);
            return;
        }
        self.niced_queue.push(Reverse(entry));
    }

    /// When the task expires, [`Tick::ETERNITY`] for never or no such task.
    pub fn expire(&self, id: TaskId) -> Tick {
        self.task(id).map_or(Tick::ETERNITY, |task| task.expire)
    }

    /// Sets when the task expires. A later moment than before costs nothing now.
    pub fn schedule(&mut self, id: TaskId, when: Tick) {
        if let Some(task) = self.task_mut(id) {
            task.expire = when;
            self.task_queue(id.index, when);
        }
    }

    /// Lets the task expire at `when` unless it does so before (dev7: `task_schedule`).
    pub fn schedule_earlier(&mut self, id: TaskId, when: Tick) {
        let expire = self.expire(id).first(when);
        self.schedule(id, expire);
    }

    /// Changes the niceness from the next wake-up on.
    pub fn set_nice(&mut self, id: TaskId, nice: i16) {
        if let Some(task) = self.task_mut(id) {
            task.nice = nice.clamp(-NICE_MAX, NICE_MAX);
        }
    }

    /// How often the task has run; 0 when there is no such task.
    pub fn calls(&self, id: TaskId) -> u32 {
        self.task(id).map_or(0, |task| task.calls)
    }

    /// True while the task exists.
    pub fn contains(&self, id: TaskId) -> bool {
        self.task(id).is_some()
    }

    /// True while the task is in the run queue.
    pub fn is_queued(&self, id: TaskId) -> bool {
        self.task(id)
            .is_some_and(|task| task.queued != InQueue::Absent)
    }

    /// Number of tasks.
    pub fn tasks(&self) -> u32 {
        slot_number(self.tasks.len())
    }

    /// Number of tasks in the run queue.
    pub fn run_queue(&self) -> u32 {
        self.run_queue
    }

    /// Number of tasks in the run queue with a niceness.
    pub fn niced(&self) -> u32 {
        self.niced
    }

    /// When the next timer is due; nothing happens by itself before.
    pub fn next_expiry(&self) -> Tick {
        self.timers.first().map_or(Tick::ETERNITY, |(tick, _)| tick)
    }

    /// Wakes every task whose expiry is not after `now`. A timer entry that a later expiry
    /// has left behind is queued again.
    pub fn wake_expired_tasks(&mut self, now: Tick) {
        while let Some((tick, index)) = self.timers.first() {
            if !tick.is_expired(now) {
                return;
            }
            let Some(task) = self.tasks.get(index as usize) else {
                self.timers.remove(index);
                continue;
            };
            let (expire, generation) = (task.expire, task.generation);
            if expire.is_set() && !expire.is_expired(now) {
                self.timers.insert(index, expire);
                continue;
            }
            self.timers.remove(index);
            if expire.is_set() {
                self.wake(TaskId { index, generation }, Wake::TIMER);
            }
        }
    }

    /// Queues the timer of a task when it has none or a later one.
    fn task_queue(&mut self, index: u32, when: Tick) {
        if !when.is_set() {
            return;
        }
        if self
            .timers
            .expiry(index)
            .is_none_or(|queued| when.is_before(queued))
        {
            self.timers.insert(index, when);
        }
    }

    /// Begins a turn of running tasks: how many may run, and the last wake-up that counts.
    fn begin_turn(&mut self) -> (u32, i64) {
        self.is_running = true;
        let runs = self.run_queue.min(RUNS_PER_TURN);
        let runs = if self.niced > 0 {
            runs.div_ceil(4)
        } else {
            runs
        };
        (runs, self.wakeups)
    }

    fn end_turn(&mut self) {
        self.is_running = false;
        if self.run_queue == 0 {
            // All that is left are entries of tasks that were removed while queued.
            self.queue.clear();
            self.niced_queue.clear();
            self.niced_later.clear();
            return;
        }
        self.niced_queue
            .extend(self.niced_later.drain(..).map(Reverse));
    }

    /// Takes the next task to run that was woken not after `last_wakeup`.
    fn pop(&mut self, last_wakeup: i64) -> Option<(TaskProcess<C>, TaskRun)> {
        loop {
            let id = self.pop_entry(last_wakeup)?;
            let Some(task) = self.task_mut(id) else {
                continue;
            };
            task.calls = task.calls.saturating_add(1);
            let queued = std::mem::replace(&mut task.queued, InQueue::Absent);
            let reasons = std::mem::take(&mut task.reasons);
            let run = TaskRun {
                task: id,
                owner: task.owner,
                reasons,
            };
            let process = task.process;
            self.count_unqueued(queued);
            return Some((process, run));
        }
    }

    fn pop_entry(&mut self, last_wakeup: i64) -> Option<TaskId> {
        let plain = self
            .queue
            .front()
            .filter(|entry| entry.wakeup <= last_wakeup);
        let niced = self.niced_queue.peek().map(|Reverse(entry)| entry);
        let takes_niced = match (plain, niced) {
            (Some(plain), Some(niced)) => niced < plain,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if takes_niced {
            return self.niced_queue.pop().map(|Reverse(entry)| entry.id);
        }
        plain?;
        self.queue.pop_front().map(|entry| entry.id)
    }

    fn settle(&mut self, id: TaskId, outcome: TaskOutcome) {
        match outcome {
            TaskOutcome::Sleep(expire) => self.schedule(id, expire),
            TaskOutcome::Done => self.remove(id),
        }
    }

    fn count_unqueued(&mut self, queued: InQueue) {
        match queued {
            InQueue::Absent => {}
            InQueue::Plain => self.run_queue -= 1,
            InQueue::Niced => {
                self.run_queue -= 1;
                self.niced -= 1;
            }
        }
    }

    fn task(&self, id: TaskId) -> Option<&Task<C>> {
        self.tasks
            .get(id.index as usize)
            .filter(|task| task.generation == id.generation)
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task<C>> {
        self.tasks
            .get_mut(id.index as usize)
            .filter(|task| task.generation == id.generation)
    }
}

impl<C> Default for Scheduler<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs the tasks that are queued now, at most 200 of them, and only a quarter when some
/// are niced, so that an urgent one woken meanwhile does not wait for long.
pub fn process_runnable_tasks<C: Context>(context: &mut C) {
    let (runs, last_wakeup) = context.engine().scheduler.begin_turn();
    let activity = &mut context.engine().activity;
    activity.idle_turns += u64::from(runs == 0);
    if runs > 0 {
        log::trace!("process_runnable_tasks {runs}");
    }
    for _ in 0..runs {
        let Some((process, run)) = context.engine().scheduler.pop(last_wakeup) else {
            break;
        };
        context.engine().activity.task_runs += 1;
        let outcome = context.run_task(process, run);
        context.engine().scheduler.settle(run.task, outcome);
    }
    context.engine().scheduler.end_turn();
    let engine = context.engine();
    engine.activity.busy_turns += u64::from(engine.scheduler.run_queue() > 0);
}

struct Task<C> {
    process: TaskProcess<C>,
    owner: u64,
    expire: Tick,
    calls: u32,
    generation: NonZeroU32,
    nice: i16,
    reasons: Wake,
    queued: InQueue,
}

/// Where a task is queued to run. A changed niceness counts from the next wake-up, so the
/// task remembers which queue holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InQueue {
    Absent,
    Plain,
    Niced,
}

/// An entry of the run queue, ordered by key and then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Queued {
    key: i64,
    wakeup: i64,
    id: TaskId,
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.key, self.wakeup).cmp(&(other.key, other.wakeup))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

const RUNS_PER_TURN: u32 = 200;
const NICE_MAX: i16 = 1024;
/// A niceness of 32 puts a task behind one queue length of others (dev7).
const NICE_SCALE: i64 = 32;

#[cfg(test)]
mod tests;
