//! Resource limits: how many descriptors the configuration needs, how many connections the
//! limits allow, and raising the former to fit the latter.
//!
//! Called by start-up after the configuration is checked and before listeners are bound.
//! [`Plan::of`] is arithmetic on what it is given; [`raise_fd_limit`] and the functions after
//! it ask the kernel. Invariant: nothing is ever allocated by these numbers, they only decide
//! when connections wait.

use std::fmt;
use std::io;

use crate::sys::process::{Limit, LimitKind, error_text, limit, set_dumpable, set_limit};

/// What the configuration needs, as far as descriptors and memory go. Counts of one process.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// `global maxconn` or `-n`; 0 when neither is given.
    pub maxconn: u32,
    /// `ulimit-n`; 0 when not given.
    pub ulimit_n: u64,
    /// `maxpipes`; `None` when not given, `Some(0)` when nothing can splice.
    pub maxpipes: Option<u32>,
    /// Listening sockets, the command sockets among them.
    pub listeners: u32,
    /// Servers with a health check.
    pub checks: u32,
    /// Sessions of peers.
    pub peers: u32,
    /// `stats maxconn`: connections to the command sockets.
    pub stats_maxconn: u32,
    /// Address space of one process in bytes (`-m`); 0 when not limited.
    pub memory: u64,
    /// `tune.bufsize` in bytes.
    pub bufsize: usize,
}

/// The numbers that follow from a [`Demand`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Connections at once.
    pub maxconn: u32,
    /// How `maxconn` was found when the user gave none.
    pub derivation: Option<Derivation>,
    /// Pipes for splicing.
    pub maxpipes: u32,
    /// Descriptors that may be open at once.
    pub maxsock: u64,
    /// The descriptor limit to ask for: `ulimit-n`, or `maxsock`.
    pub fd_limit: u64,
}

/// Where a `maxconn` came from that nobody gave; shows as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// All descriptors that are not reserved, shared between connections.
    Descriptors {
        /// The result.
        maxconn: u32,
        /// The limit the calculation starts from.
        fd_limit: u64,
        /// Descriptors that are not for connections.
        reserved: u64,
    },
    /// The memory that buffers may take, shared between connections.
    Memory {
        /// The result.
        maxconn: u32,
        /// Bytes of one process.
        memory: u64,
        /// Bytes that one busy connection may take.
        each: u64,
    },
}

impl Plan {
    /// The plan for `demand` in a process whose descriptor limit is `current`.
    ///
    /// `maxsock` is the sum of 10 for logs, pollers and the like, two per connection, two per
    /// pipe, the listeners, the checks, the peers and the command connections. Without a
    /// `maxconn`, as many connections are allowed as fit into `ulimit-n` or else into the
    /// hard limit, and into the memory limit if there is one.
    pub fn of(demand: &Demand, current: Limit) -> Self {
        let reserved = demand.reserved();
        let derivation = (demand.maxconn == 0).then(|| demand.derive(reserved, current));
        let maxconn = derivation
            .as_ref()
            .map_or(demand.maxconn, Derivation::maxconn);
        let maxpipes = demand.maxpipes.unwrap_or(maxconn / 4);
        let per_pipe = 2 * u64::from(maxpipes);
        let maxsock = reserved + 2 * u64::from(maxconn) + per_pipe;
        let fd_limit = match demand.ulimit_n {
            0 => maxsock,
            given => given,
        };
        Self {
            maxconn,
            derivation,
            maxpipes,
            maxsock,
            fd_limit,
        }
    }
}

impl Demand {
    /// Descriptors that no connection uses.
    fn reserved(&self) -> u64 {
        let counts = [self.listeners, self.checks, self.peers, self.stats_maxconn];
        FDS_BASE + counts.into_iter().map(u64::from).sum::<u64>()
    }

    fn derive(&self, reserved: u64, current: Limit) -> Derivation {
        let fd_limit = match self.ulimit_n {
            0 => current.hard.unwrap_or(FD_LIMIT_MAX).min(FD_LIMIT_MAX),
            given => given,
        };
        // Half-descriptors: 4 per connection, and 1 for its share of pipes, of which there is
        // one for every four connections unless the user fixed their number.
        let (fixed, halves) = match self.maxpipes {
            Some(pipes) => (2 * u64::from(pipes), 4),
            None => (0, 5),
        };
        let free = fd_limit.saturating_sub(reserved).saturating_sub(fixed);
        let by_descriptors = connections(free.saturating_mul(2) / halves);
        let bufsize = u64::try_from(self.bufsize).unwrap_or(u64::MAX);
        let each = bufsize.saturating_mul(2).saturating_add(SESSION_BYTES);
        let by_memory = connections((self.memory / 4 * 3) / each);
        if self.memory != 0 && by_memory < by_descriptors {
            return Derivation::Memory {
                maxconn: by_memory,
                memory: self.memory,
                each,
            };
        }
        Derivation::Descriptors {
            maxconn: by_descriptors,
            fd_limit,
            reserved: reserved + fixed,
        }
    }
}

impl Derivation {
    /// The number of connections.
    pub const fn maxconn(&self) -> u32 {
        match self {
            Self::Descriptors { maxconn, .. } | Self::Memory { maxconn, .. } => *maxconn,
        }
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors {
                maxconn,
                fd_limit,
                reserved,
            } => write!(
                f,
                "maxconn set to {maxconn} : fd limit of {fd_limit} less {reserved} reserved, \
                 shared between connections and their pipes."
            ),
            Self::Memory {
                maxconn,
                memory,
                each,
            } => write!(
                f,
                "maxconn set to {maxconn} : three quarters of {memory} bytes of memory, \
                 {each} for each connection."
            ),
        }
    }
}

/// Why a limit is not what it should be; shows as the text of the alert or warning. With
/// `strict-limits` (the default since 2.3) the start ends here, otherwise it goes on.
#[derive(Debug)]
pub enum LimitError {
    /// Descriptors cannot be raised as far as asked for; the limit is what `have` says.
    Descriptors {
        /// What was asked for.
        want: u64,
        /// What there is.
        have: u64,
    },
    /// Enough descriptors were asked for in vain or not at all.
    TooLow {
        /// What there is.
        have: u64,
        /// The plan's connections.
        maxconn: u32,
        /// The plan's descriptors.
        maxsock: u64,
    },
    /// The memory limit was refused.
    Memory {
        /// Megabytes of one process.
        megabytes: u64,
        /// The kernel's reason.
        error: io::Error,
    },
    /// The core file limit was refused.
    Core(io::Error),
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors { want, have } => {
                write!(f, "Cannot raise FD limit to {want}, limit is {have}.")
            }
            Self::TooLow {
                have,
                maxconn,
                maxsock,
            } => write!(
                f,
                "FD limit ({have}) too low for maxconn={maxconn}/maxsock={maxsock}. \
                 Please raise 'ulimit-n' to {maxsock} or more to avoid any trouble."
            ),
            Self::Memory { megabytes, error } => write!(
                f,
                "Cannot limit memory to {megabytes} megabytes : {}.",
                error_text(error)
            ),
            Self::Core(error) => {
                write!(f, "Cannot allow core files : {}.", error_text(error))
            }
        }
    }
}

impl std::error::Error for LimitError {}

/// The descriptor limit of this process.
///
/// # Errors
/// Those of getrlimit(2).
pub fn current_fd_limit() -> io::Result<Limit> {
    limit(LimitKind::OpenFiles)
}

/// Raises the descriptor limit to the plan's, or as far as the kernel lets it; never lowers
/// it. Returns every complaint, to be shown in this order; none when all is well.
///
/// # Errors
/// Those of getrlimit(2).
pub fn raise_fd_limit(plan: &Plan) -> io::Result<Vec<LimitError>> {
    let set = |limit| set_limit(LimitKind::OpenFiles, limit);
    Ok(raise(plan, current_fd_limit()?, set))
}

/// Limits the address space of one process to `bytes`; 0 leaves it.
///
/// # Errors
/// [`LimitError::Memory`].
pub fn limit_memory(bytes: u64) -> Result<(), LimitError> {
    if bytes == 0 {
        return Ok(());
    }
    let both = Limit {
        soft: Some(bytes),
        hard: Some(bytes),
    };
    set_limit(LimitKind::AddressSpace, both).map_err(|error| LimitError::Memory {
        megabytes: bytes / MEGABYTE,
        error,
    })
}

/// The share of `-m` that one of `processes` gets, in bytes; 0 stays 0.
pub fn memory_per_process(megabytes: u64, processes: u32) -> u64 {
    megabytes.saturating_mul(MEGABYTE) / u64::from(processes.max(1))
}

/// Lets the kernel write core files of any size (`set-dumpable`). After the identity has
/// changed the process must say again that it may be dumped, so this comes after that.
///
/// # Errors
/// [`LimitError::Core`].
pub fn allow_core_files() -> Result<(), LimitError> {
    let raised = limit(LimitKind::CoreSize).and_then(|current| {
        let soft = current.hard;
        set_limit(LimitKind::CoreSize, Limit { soft, ..current })
    });
    raised
        .and_then(|()| set_dumpable())
        .map_err(LimitError::Core)
}

fn raise(
    plan: &Plan,
    current: Limit,
    mut set: impl FnMut(Limit) -> io::Result<()>,
) -> Vec<LimitError> {
    let mut complaints = Vec::new();
    let Some(mut have) = current.soft else {
        return complaints;
    };
    if have < plan.fd_limit {
        let want = Some(plan.fd_limit);
        let hard = current.hard.map(|hard| hard.max(plan.fd_limit));
        let highest = current.hard.unwrap_or(plan.fd_limit);
        if set(Limit { soft: want, hard }).is_ok() {
            have = plan.fd_limit;
        } else {
            let soft = Some(highest);
            have = set(Limit { soft, ..current }).map_or(have, |()| highest);
            let want = plan.fd_limit;
            complaints.push(LimitError::Descriptors { want, have });
        }
    }
    if have < plan.maxsock {
        complaints.push(LimitError::TooLow {
            have,
            maxconn: plan.maxconn,
            maxsock: plan.maxsock,
        });
    }
    complaints
}

/// A count of connections: at least one, at most what the field holds.
fn connections(count: u64) -> u32 {
    u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// Descriptors for the standard streams, logs, the poller, files being read.
const FDS_BASE: u64 = 10;

/// A hard limit above this is no statement about this process: containers often have one of
/// a thousand million. It is the kernel's default for `fs.nr_open`.
const FD_LIMIT_MAX: u64 = 1_048_576;

/// A session's own memory beside its two buffers, generously.
const SESSION_BYTES: u64 = 4_096;

const MEGABYTE: u64 = 1_048_576;

#[cfg(test)]
mod tests;
