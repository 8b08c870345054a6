//! What signals do to a running process (manual of dev7, "Signals"; inventory section 11).
//!
//! Installed by each worker before it serves. Handlers run at the top of the loop, with the
//! whole worker at hand. SIGTERM and SIGINT keep their default effect: immediate death.

use crate::config::model::{LogLevel, ProxyId};
use crate::engine::task::{TaskOutcome, TaskRun, Wake};
use crate::engine::tick::Tick;
use crate::session::SessionFlags;
use crate::worker::{Core, Worker};

/// What runs for a signal, with its number.
type Handler = fn(&mut Worker, i32);

/// Registers all handlers and starts delivery.
pub fn install(worker: &mut Worker) {
    let table: [(i32, Handler); 5] = [
        (libc::SIGUSR1, soft_stop),
        (libc::SIGTTOU, pause),
        (libc::SIGTTIN, resume),
        (libc::SIGHUP, dump_servers),
        (libc::SIGQUIT, dump_pools),
    ];
    for (signo, handler) in table {
        if let Err(error) = worker.core.engine.signals.register(signo, handler) {
            log::error!("signal {signo} keeps its default effect: {error}");
        }
    }
    if let Err(error) = worker.core.engine.signal_init() {
        log::error!("signals are not delivered: {error}");
    }
}

/// SIGUSR1: stops listening, after each proxy's grace time, and leaves when the last
/// session has ended.
fn soft_stop(worker: &mut Worker, _signo: i32) {
    let core = &mut worker.core;
    if core.state.stopping {
        return;
    }
    core.state.stopping = true;
    let now = core.engine.clock.now_ms();
    let limit_ms = core.config.global.hard_stop_after_ms;
    if limit_ms > 0 {
        let task = core.engine.scheduler.spawn(hard_stop, 0, 0);
        core.engine.scheduler.schedule(task, now.add(limit_ms));
    }
    for index in 0..core.config.proxies.len() {
        let id = ProxyId::of_index(index);
        let proxy = core.config.proxy(id);
        if proxy.disabled {
            continue;
        }
        let grace_ms = proxy.grace_ms.max(core.config.global.grace_ms);
        let text = format!(
            "Stopping {} {} in {grace_ms} ms.",
            kind_of(core, id),
            proxy.name
        );
        core.log_proxy(id, LogLevel::Warning, &text);
        if grace_ms == 0 {
            stop_proxy(core, id);
            continue;
        }
        let task = core
            .engine
            .scheduler
            .spawn(manage_proxy, u64::from(id.0), 0);
        core.engine.scheduler.schedule(task, now.add(grace_ms));
    }
    let stopped = core.listeners.stop_all(None, &mut core.engine.fdtab);
    core.engine.jobs = core.engine.jobs.saturating_sub(stopped);
    close_idle_clients(worker);
}

/// The task that stops a proxy when its grace time is over.
fn manage_proxy(worker: &mut Worker, run: TaskRun) -> TaskOutcome {
    if let Ok(id) = u32::try_from(run.owner) {
        stop_proxy(&mut worker.core, ProxyId(id));
        close_idle_clients(worker);
    }
    TaskOutcome::Done
}

/// Closes the listeners of a proxy for good.
pub fn stop_proxy(core: &mut Core, id: ProxyId) {
    if core.state.proxy(id).stopping {
        return;
    }
    core.state.proxy_mut(id).stopping = true;
    let stopped = core.listeners.stop_all(Some(id), &mut core.engine.fdtab);
    core.engine.jobs = core.engine.jobs.saturating_sub(stopped);
    let proxy = core.config.proxy(id);
    let state = core.state.proxy(id);
    let text = format!(
        "Proxy {} stopped (cumulated conns: FE: {}, BE: {}).",
        proxy.name, state.frontend.connections, state.backend.sessions
    );
    core.log_proxy(id, LogLevel::Warning, &text);
}

/// Clients of stopping frontends that sit between two requests are not waited for: their
/// sessions close when they are told.
fn close_idle_clients(worker: &mut Worker) {
    let Worker { sessions, core } = worker;
    let idle: Vec<_> = sessions
        .iter()
        .filter(|(_, session)| {
            core.state.proxy(session.frontend).stopping
                && session.is_between_requests()
                && !session.flags.any(SessionFlags::COMMAND)
        })
        .map(|(_, session)| session.task)
        .collect();
    for task in idle {
        core.engine.scheduler.wake(task, Wake::SIGNAL);
    }
}

/// `hard-stop-after`: what still runs is ended.
fn hard_stop(worker: &mut Worker, _run: TaskRun) -> TaskOutcome {
    let Worker { sessions, core } = worker;
    let keys: Vec<_> = sessions.iter().map(|(key, _)| key).collect();
    for key in keys {
        if let Some(session) = sessions.get_mut(key) {
            session.flags.insert(SessionFlags::KILLED);
            core.engine.scheduler.wake(session.task, Wake::SIGNAL);
        }
    }
    let stopped = (0..core.config.proxies.len())
        .map(|index| {
            core.listeners
                .stop_all(Some(ProxyId::of_index(index)), &mut core.engine.fdtab)
        })
        .sum();
    core.engine.jobs = core.engine.jobs.saturating_sub(stopped);
    TaskOutcome::Sleep(Tick::ETERNITY)
}

/// SIGTTOU: lets go of the addresses, so that a new process can bind them.
fn pause(worker: &mut Worker, _signo: i32) {
    let core = &mut worker.core;
    let mut refused = false;
    for index in 0..core.config.proxies.len() {
        let id = ProxyId::of_index(index);
        if core.config.proxy(id).disabled || core.state.proxy(id).stopping {
            continue;
        }
        let text = format!(
            "Pausing {} {}.",
            kind_of(core, id),
            core.config.proxy(id).name
        );
        core.log_proxy(id, LogLevel::Warning, &text);
        refused |= !core
            .listeners
            .pause_all(Some(id), &mut core.engine.fdtab)
            .is_empty();
    }
    if refused {
        log::warn!("Some proxies refused to pause, performing soft stop now.");
        soft_stop(worker, libc::SIGUSR1);
    }
}

/// SIGTTIN: the new process gave up; listens again.
fn resume(worker: &mut Worker, _signo: i32) {
    let core = &mut worker.core;
    for index in 0..core.config.proxies.len() {
        let id = ProxyId::of_index(index);
        if core.config.proxy(id).disabled || core.state.proxy(id).stopping {
            continue;
        }
        let name = &core.config.proxy(id).name;
        let text = format!("Enabling {} {name}.", kind_of(core, id));
        core.log_proxy(id, LogLevel::Warning, &text);
        for (_, error) in core.listeners.resume_all(Some(id), &mut core.engine.fdtab) {
            let text = format!("Port busy while trying to enable {name}: {error}");
            core.log_proxy(id, LogLevel::Warning, &text);
        }
    }
}

/// SIGHUP: the state of every server and backend goes to the logs.
fn dump_servers(worker: &mut Worker, _signo: i32) {
    let core = &mut worker.core;
    for index in 0..core.config.proxies.len() {
        let id = ProxyId::of_index(index);
        for line in crate::process::state_dump::proxy_lines(core, id) {
            core.log_proxy(id, LogLevel::Notice, &line);
        }
    }
}

/// SIGQUIT: pool usage goes to standard error, and idle memory back to the system.
fn dump_pools(worker: &mut Worker, _signo: i32) {
    let core = &mut worker.core;
    eprint!("{}", crate::process::state_dump::pools(core));
    core.buffers.trim();
    core.transactions.trim();
    sys_trim();
}

fn sys_trim() {
    crate::sys::memory::trim();
}

/// How messages call a proxy.
fn kind_of(core: &Core, id: ProxyId) -> &'static str {
    let capabilities = core.config.proxy(id).capabilities;
    match (capabilities.frontend, capabilities.backend) {
        (true, true) => "proxy",
        (true, false) => "frontend",
        (false, _) => "backend",
    }
}
