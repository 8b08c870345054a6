//! The worker: everything one process owns while it serves, built after the fork.
//!
//! [`Worker`] is the context that the event loop hands to callbacks; [`Core`] is what is
//! left of it while one session is leased to run. Code further down takes the narrowest
//! part it can do with. Invariant: nothing here is shared or global; a second worker in
//! the same process would not notice the first.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use bumpalo::Bump;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::applet::Applet;
use crate::backend::appsession::AppsessionTable;
use crate::backend::idle::IdlePool;
use crate::backend::lb::Balancer;
use crate::backend::queue::Queues;
use crate::config::model::{Config, PatternChange, ProxyId, ProxyOption, ServerId, Tuning};
use crate::engine::clock::Clock;
use crate::engine::fdtab::{FdCallback, Polling};
use crate::engine::poller::PollerChoice;
use crate::engine::pool::{BufferPool, Pool, Reclaim};
use crate::engine::task::{TaskId, TaskOutcome, TaskProcess, TaskRun, Wake};
use crate::engine::tick::Tick;
use crate::engine::{Context, Engine, run_poll_loop};
use crate::http::auth::VerifiedPasswords;
use crate::http::errors::{self, ErrorPage};
use crate::log::{Identity, Logs};
use crate::net::accept::{manage_global_listener_queue, stream_sock_accept};
use crate::net::inherited_options;
use crate::net::listener::{ListenerId, Origin};
use crate::net::listeners::Listeners;
use crate::net::pipe::PipePool;
use crate::net::port_range::PortRange;
use crate::process::signals;
use crate::sample::language::PatternId;
use crate::sample::pattern::LivePatterns;
use crate::sample::pending::Pending;
use crate::sample::variables::Variables;
use crate::session::compression::Compressors;
use crate::session::errors::ErrorCaptures;
use crate::session::rules::PeekedRequest;
use crate::session::transaction::Transaction;
use crate::session::{CaptureMemory, SessionFlags, Sessions};
use crate::state::{Counters, State};
use crate::sys::{self, Fd};

/// Everything one process owns.
pub struct Worker {
    /// The sessions.
    pub sessions: Sessions,
    /// The rest.
    pub core: Core,
}

/// What a running session may touch besides itself.
pub struct Core {
    /// The configuration.
    pub config: &'static Config,
    /// Loop, descriptors, tasks, clock.
    pub engine: Engine<Worker>,
    /// Counters and run-time state.
    pub state: State,
    /// Buffers of channels.
    pub buffers: BufferPool,
    /// HTTP transactions.
    pub transactions: Pool<Transaction>,
    /// Memory for compressing responses.
    pub compressors: Compressors,
    /// Sockets that are listened on.
    pub listeners: Listeners,
    /// Load balancing, one per proxy.
    pub balancers: Vec<Balancer>,
    /// Sessions waiting for servers.
    pub queues: Queues,
    /// What `appsession` learned, for backends that have it.
    pub appsessions: HashMap<ProxyId, AppsessionTable>,
    /// Idle server connections.
    pub idle: IdlePool,
    /// Where log lines leave.
    pub logs: Logs,
    /// Lets held listeners accept again when their pause is over.
    pub release_task: TaskId,
    /// Moment of the last flush of the logs.
    pub logs_flushed_us: u64,
    /// Makes the loop turn while log lines wait.
    pub log_task: TaskId,
    /// Pipes for splicing.
    pub pipes: PipePool,
    /// Messages that were refused, for `show errors`.
    pub errors: ErrorCaptures,
    /// Source port ranges of servers that have one.
    pub source_ports: HashMap<ServerId, PortRange>,
    /// Ports of those ranges in use, by the descriptor that uses them.
    pub port_leases: HashMap<Fd, (ServerId, u16)>,
    /// Identity of the process.
    pub process: ProcessInfo,
    /// Places of applets that are done, for the next ones.
    pub spare_applets: Vec<Box<Applet>>,
    /// Memory given back by pools, to be returned to the system.
    pub reclaim: Reclaim,
    /// Memory of the rules that run, empty in between.
    pub arena: Bump,
    /// Room for what converters write before they know its length; empty in between.
    pub scratch: Cell<Vec<u8>>,
    /// Memory for the groups of the expressions of rules.
    pub captures: CaptureMemory,
    /// Variables of the process.
    pub variables: Variables,
    /// Variables that the expression last evaluated sets.
    pub pending: Pending,
    /// The request that rules over relayed bytes see.
    pub peeked: PeekedRequest,
    /// Passwords verified lately; borrowed while one is verified, and never longer.
    pub passwords: RefCell<VerifiedPasswords>,
    /// Patterns and maps as this process sees them.
    patterns: Vec<LivePatterns>,
}

/// Memory that the rules of one message take at most times: what is more is allocated.
const ARENA_BYTES: usize = 32 << 10;

/// What a process knows about itself.
#[derive(Clone, Debug, Default)]
pub struct ProcessInfo {
    /// Its number among its siblings, from 1.
    pub number: u32,
    /// Its process id.
    pub pid: u32,
    /// Wall-clock second of its start.
    pub start_s: i64,
    /// Monotonic microsecond of its start.
    pub start_us: u64,
    /// Sessions it may hold.
    pub maxconn: u32,
    /// Descriptors it may open.
    pub ulimit_n: u64,
    /// Descriptors it expects to need.
    pub maxsock: u64,
    /// Pipes it may open for splicing.
    pub maxpipes: u32,
    /// Host name, or `node`.
    pub node: String,
    /// Host name.
    pub host: String,
    /// Name it was started by.
    pub program: String,
}

impl ProcessInfo {
    /// What can be known about any process.
    pub fn of_this_process(config: &Config) -> Self {
        let host = sys::process::host_name();
        Self {
            number: 1,
            pid: std::process::id(),
            start_s: sys::clock::wall().0,
            start_us: sys::clock::monotonic_us(),
            node: config.global.node.clone().unwrap_or_else(|| host.clone()),
            host,
            ..Self::default()
        }
    }
}

impl Worker {
    /// A worker that has not begun to serve. To be called in the process that is to serve.
    ///
    /// # Errors
    /// When the poller or the signal descriptor cannot be opened.
    pub fn new(
        config: &'static Config,
        choice: PollerChoice,
        listeners: Listeners,
        process: ProcessInfo,
    ) -> io::Result<Self> {
        Self::with_clock(config, choice, (listeners, process), Clock::new())
    }

    /// The same with a clock of the caller's choice; tests advance it by hand.
    ///
    /// # Errors
    /// When the poller or the signal descriptor cannot be opened.
    pub fn with_clock(
        config: &'static Config,
        choice: PollerChoice,
        (listeners, process): (Listeners, ProcessInfo),
        clock: Clock,
    ) -> io::Result<Self> {
        let mut engine = Engine::new(choice, clock)?;
        let release_task = engine.scheduler.spawn(manage_global_listener_queue, 0, 0);
        let log_task = engine
            .scheduler
            .spawn(|_, _| TaskOutcome::Sleep(Tick::ETERNITY), 0, 0);
        let tuning = &config.global.tuning;
        let proxies = (0..config.proxies.len()).map(ProxyId::of_index);
        let core = Core {
            config,
            state: State::new(config, process.start_s),
            buffers: BufferPool::new("buffer", tuning.bufsize),
            transactions: Pool::new("transaction", Transaction::default),
            compressors: Compressors::new(config.global.compression_memory_mb),
            listeners,
            balancers: proxies.map(|proxy| Balancer::new(config, proxy)).collect(),
            queues: Queues::new(config),
            appsessions: appsession_tables(config)?,
            idle: IdlePool::new(config),
            logs: Logs::new(
                config,
                &Identity {
                    tag: &process.program,
                    pid: process.pid,
                    hostname: &process.node,
                },
            ),
            pipes: pipe_pool(&process, tuning),
            errors: ErrorCaptures::default(),
            source_ports: source_ports(config),
            port_leases: HashMap::new(),
            process,
            spare_applets: Vec::new(),
            reclaim: Reclaim::default(),
            arena: Bump::with_capacity(ARENA_BYTES),
            scratch: Cell::default(),
            captures: CaptureMemory::default(),
            variables: Variables::new(),
            pending: Pending::default(),
            peeked: PeekedRequest::default(),
            passwords: RefCell::new(VerifiedPasswords::new()?),
            patterns: config
                .patterns
                .iter()
                .map(|source| LivePatterns::new(Arc::clone(&source.list)))
                .collect(),
            release_task,
            logs_flushed_us: 0,
            log_task,
            engine,
        };
        Ok(Self {
            sessions: Sessions::default(),
            core,
        })
    }

    /// Serves until there is nothing left to serve.
    pub fn serve(&mut self) {
        signals::install(self);
        self.start_listening();
        run_poll_loop(self);
        self.core.logs.flush();
    }

    /// Lets all listeners accept.
    pub fn start_listening(&mut self) {
        let core = &mut self.core;
        for listener in core.listeners.iter() {
            if let (Some(fd), Some(proxy), Some(_)) =
                (listener.fd, listener.proxy, listener.local.ip())
            {
                let options = core.config.proxy(proxy).options;
                inherited_options::prepare(fd, options, &core.config.global.tuning);
            }
        }
        core.listeners
            .protocol_enable_all(&mut core.engine.fdtab, |_| stream_sock_accept);
        core.engine.jobs += u32::try_from(core.listeners.bound_count()).unwrap_or(u32::MAX);
    }
}

fn pipe_pool(process: &ProcessInfo, tuning: &Tuning) -> PipePool {
    let pipes_max = usize::try_from(process.maxpipes).unwrap_or(usize::MAX);
    PipePool::new(pipes_max, u32::try_from(tuning.pipesize).unwrap_or(0))
}

/// A table for each backend with `appsession`.
fn appsession_tables(config: &Config) -> io::Result<HashMap<ProxyId, AppsessionTable>> {
    let mut tables = HashMap::new();
    for (index, proxy) in config.proxies.iter().enumerate() {
        if let Some(settings) = &proxy.appsession {
            let table = AppsessionTable::new(settings, sys::random::seed()?);
            tables.insert(ProxyId::of_index(index), table);
        }
    }
    Ok(tables)
}

/// The port ranges of servers whose `source` names one.
fn source_ports(config: &Config) -> HashMap<ServerId, PortRange> {
    let mut ranges = HashMap::new();
    for (index, server) in config.servers.iter().enumerate() {
        let source = server
            .source
            .as_ref()
            .or(config.proxy(server.proxy).source.as_ref());
        if let Some((low, high)) = source.and_then(|source| source.ports) {
            ranges.insert(ServerId::of_index(index), PortRange::new(low, high));
        }
    }
    ranges
}

impl Context for Worker {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.core.engine
    }

    /// A panic in a callback ends the session that owns the descriptor, or closes the
    /// descriptor when it belongs to none.
    fn run_callback(&mut self, callback: FdCallback<Self>, fd: Fd) -> Polling {
        if let Ok(polling) = catch_unwind(AssertUnwindSafe(|| callback(self, fd))) {
            return polling;
        }
        self.core.state.panics += 1;
        if self.core.listeners.iter().any(|l| l.fd == Some(fd)) {
            // The connection it was about to make is lost; the listener is not.
            return Polling::Wait;
        }
        let owner = self.core.engine.fdtab.owner(fd);
        let session = owner.and_then(|owner| self.sessions.of_owner(owner));
        let Some(session) = session.filter(|session| session.side_of(fd).is_some()) else {
            self.core.idle.forget_fd(fd);
            self.core.close(fd);
            return Polling::Wait;
        };
        session.flags.insert(SessionFlags::KILLED);
        let task = session.task;
        self.core.engine.scheduler.wake(task, Wake::OTHER);
        Polling::Wait
    }

    /// Sessions catch their panics themselves; any other task that panics runs again later.
    fn run_task(&mut self, process: TaskProcess<Self>, run: TaskRun) -> TaskOutcome {
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| process(self, run))) {
            return outcome;
        }
        self.core.state.panics += 1;
        log::error!("a task was stopped by a caught panic: see the message above");
        let now = self.core.engine.clock.now_ms();
        TaskOutcome::Sleep(now.add(PANIC_PAUSE_MS))
    }

    /// Log lines leave together: those of one turn of the loop and, under load, those of
    /// one millisecond. A receiver that takes no more is tried again shortly.
    fn finish_tasks(&mut self) {
        let core = &mut self.core;
        if !core.logs.is_pending() {
            return;
        }
        let now = core.engine.clock.now_ms();
        let now_us = core.engine.clock.monotonic_us();
        let is_early = now_us.saturating_sub(core.logs_flushed_us) < LOG_FLUSH_US;
        if is_early {
            core.engine
                .scheduler
                .schedule_earlier(core.log_task, now.add(1));
            return;
        }
        core.logs_flushed_us = now_us;
        if core.logs.flush() {
            let soon = now.add(LOG_RETRY_MS);
            core.engine.scheduler.schedule_earlier(core.log_task, soon);
        }
    }

    fn maintain(&mut self) {
        self.sessions.trim();
        let core = &mut self.core;
        core.purge_idle();
        core.pipes.trim();
        core.reclaim.add(core.buffers.settle());
        core.reclaim.add(core.transactions.settle());
        core.reclaim.add(core.compressors.settle());
        core.reclaim.run();
    }
}

impl Core {
    /// A list of patterns as this process sees it.
    pub fn patterns(&self, id: PatternId) -> &LivePatterns {
        &self.patterns[id.index()]
    }

    /// Changes the patterns of a file, in all lists that were made of it.
    pub fn change_patterns(&mut self, change: &PatternChange, key: &[u8], value: Option<&[u8]>) {
        let (PatternChange::Add(id, _)
        | PatternChange::Delete(id, _)
        | PatternChange::SetMap(id, ..)) = change;
        let file = &self.config.patterns[id.index()].file;
        for (source, live) in self.config.patterns.iter().zip(&mut self.patterns) {
            if source.file != *file {
                continue;
            }
            let refused = match (change, value) {
                (PatternChange::Add(..), _) => live.add(key, None).err(),
                (PatternChange::Delete(..), _) => {
                    live.delete(key);
                    None
                }
                (PatternChange::SetMap(..), value) => {
                    let value = value.unwrap_or_default();
                    match live.set_value(key, value) {
                        0 => live.add(key, Some(value)).err(),
                        _ => None,
                    }
                }
            };
            if let Some(error) = refused {
                log::debug!("a pattern was not added to '{file}': {error}");
            }
        }
    }

    /// `tune.bufsize`.
    pub const fn bufsize(&self) -> usize {
        self.config.global.tuning.bufsize
    }

    /// `tune.maxrewrite`.
    pub const fn maxrewrite(&self) -> usize {
        self.config.global.tuning.maxrewrite
    }

    /// Counts a request.
    pub fn count_request(&mut self, frontend: ProxyId) {
        let now_us = self.engine.clock.monotonic_us();
        self.state.requests_total += 1;
        let state = self.state.proxy_mut(frontend);
        state.frontend.requests += 1;
        let rate = state.request_rate.add(now_us, 1);
        state.frontend.request_rate_max = state.frontend.request_rate_max.max(rate);
    }

    /// The traffic of a listener, where `option socket-stats` has it counted.
    pub fn listener_counters(&mut self, id: ListenerId) -> Option<&mut Counters> {
        let listener = self.listeners.get(id)?;
        let (proxy, Origin::Bind(bind)) = (listener.proxy?, listener.origin) else {
            return None;
        };
        let options = self.config.proxy(proxy).options;
        if !options.has(ProxyOption::SocketStats) {
            return None;
        }
        self.state.bind_mut(bind)
    }

    /// Counts a session in at its backend.
    pub fn count_backend_session(&mut self, backend: ProxyId) {
        let now_us = self.engine.clock.monotonic_us();
        let state = self.state.proxy_mut(backend);
        state.backend_sessions += 1;
        state.backend.last_session_us = now_us;
        state.backend.sessions += 1;
        state.backend.sessions_max = state.backend.sessions_max.max(state.backend_sessions);
        let rate = state.backend_session_rate.add(now_us, 1);
        state.backend.session_rate_max = state.backend.session_rate_max.max(rate);
    }

    /// Counts a response from a server.
    pub fn count_response(
        &mut self,
        frontend: ProxyId,
        backend: ProxyId,
        server: Option<ServerId>,
        status: u16,
    ) {
        self.state
            .proxy_mut(frontend)
            .frontend
            .count_response(status);
        let backend = &mut self.state.proxy_mut(backend).backend;
        backend.requests += 1;
        backend.count_response(status);
        if let Some(server) = server {
            let counters = &mut self.state.server_mut(server).counters;
            counters.requests += 1;
            counters.count_response(status);
        }
    }

    /// Counts a response that the proxy made itself.
    pub fn count_local_response(&mut self, frontend: ProxyId, status: u16) {
        self.state
            .proxy_mut(frontend)
            .frontend
            .count_response(status);
    }

    /// Counts a connection opened to a server.
    pub fn count_connect(&mut self, backend: ProxyId, server: Option<ServerId>) {
        self.state.proxy_mut(backend).backend.connects += 1;
        if let Some(server) = server {
            self.state.server_mut(server).counters.connects += 1;
        }
    }

    /// Counts a server connection used again.
    pub fn count_reuse(&mut self, backend: ProxyId, server: ServerId) {
        self.state.proxy_mut(backend).backend.reuses += 1;
        self.state.server_mut(server).counters.reuses += 1;
    }

    /// The error page for a status: the backend's file, the frontend's, the built-in one.
    pub fn error_page(
        &self,
        backend: ProxyId,
        frontend: ProxyId,
        status: u16,
    ) -> &'static ErrorPage {
        for proxy in [backend, frontend] {
            let files = &self.config.proxy(proxy).errorfiles;
            if let Some((_, page)) = files.iter().find(|(code, _)| *code == status) {
                return page;
            }
        }
        errors::builtin_or_500(status)
    }

    /// What `appsession` learned for a backend.
    pub fn appsession_table(&mut self, backend: ProxyId) -> Option<&mut AppsessionTable> {
        self.appsessions.get_mut(&backend)
    }

    /// Takes the arena back, with nothing in it.
    pub fn return_arena(&mut self, mut arena: Bump) {
        arena.reset();
        self.arena = arena;
    }

    /// Takes a finished transaction back into its pool.
    pub fn recycle_transaction(&mut self, mut transaction: Box<Transaction>) {
        self.compressors.take_back(&mut transaction.compression);
        transaction.reset();
        self.transactions.put(transaction);
    }

    /// Closes a descriptor and gives back the source port it may have leased.
    pub fn close(&mut self, fd: Fd) {
        if !self.port_leases.is_empty()
            && let Some((server, port)) = self.port_leases.remove(&fd)
            && let Some(range) = self.source_ports.get_mut(&server)
        {
            range.put(port);
        }
        self.engine.fdtab.delete(fd);
    }
}

/// Pause of a task that panicked.
const PANIC_PAUSE_MS: u32 = 1_000;
/// Pause before lines are offered again to a receiver that was busy.
const LOG_RETRY_MS: u32 = 5;

/// Lines of at least this time leave together once there are that many.
const LOG_FLUSH_US: u64 = 1_000;
