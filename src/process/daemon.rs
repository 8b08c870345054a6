//! Foreground or background, and the processes that serve.
//!
//! Owns the decision how to run ([`Modes`]) and the fork. Called by start-up: modes before
//! anything is opened, [`fork_workers`] after privileges are dropped, [`detach`] first thing
//! in each worker. As in dev7 the parent writes the pid file and leaves with 0 at once:
//! everything that can fail for the user has been done before the fork. Invariant: either
//! all workers run or none does.

use std::fmt;
use std::fs::File;
use std::io;

use crate::args::Arguments;
use crate::config::model::Global;
use crate::sys::process::{
    ForkSide, Pid, Signal, error_text, fork, redirect_standard_streams, send_signal, start_session,
};

/// How the process runs, from the command line and the configuration together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Fork and leave the terminal.
    pub daemon: bool,
    /// Trace sessions on standard output.
    pub debug: bool,
    /// Say nothing.
    pub quiet: bool,
    /// Say more, and undo `quiet`.
    pub verbose: bool,
    /// Processes that serve; 1 in the foreground.
    pub processes: u32,
}

/// Which process returned from [`fork_workers`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that was started, with its workers: write the pid file and leave with 0.
    Parent {
        /// The workers, in the order of their numbers.
        workers: Vec<Pid>,
    },
    /// One that serves.
    Worker {
        /// Its number, from 1, as `bind-process` counts.
        number: u32,
    },
}

/// Not all workers could be started; those that could have been told to leave.
#[derive(Debug)]
pub struct ForkError(io::Error);

impl Modes {
    /// Settles the modes of the process `pid`; beside them the warnings to show.
    ///
    /// `-d` and `-db` keep the process in the foreground whatever else is said, as the
    /// manual has it. So does being process 1: its end would be the end of the container.
    pub fn settle(arguments: &Arguments, global: &Global, pid: Pid) -> (Self, Vec<&'static str>) {
        let mut warnings = Vec::new();
        let debug = arguments.debug || global.debug;
        let mut daemon = arguments.daemon || global.daemon;
        let mut quiet = arguments.quiet || global.quiet;
        let asked_at_once = arguments.debug && (arguments.daemon || arguments.quiet)
            || global.debug && (global.daemon || global.quiet);
        if asked_at_once {
            warnings.push(DEBUG_WINS);
        }
        if debug {
            quiet = false;
        }
        let foreground = debug || arguments.foreground;
        if foreground {
            daemon = false;
        }
        if daemon && pid == FIRST_PROCESS {
            daemon = false;
            warnings.push(FIRST_PROCESS_STAYS);
        }
        let processes = global.nbproc.max(1);
        if !daemon && !foreground && processes > 1 {
            warnings.push(ONE_IN_FOREGROUND);
        }
        let modes = Self {
            daemon,
            debug,
            quiet,
            verbose: arguments.verbose,
            processes: if daemon { processes } else { 1 },
        };
        (modes, warnings)
    }
}

/// Starts `count` workers. Returns once in each of them and once in the caller.
///
/// # Errors
/// The kernel's reason why one could not be started.
pub fn fork_workers(count: u32) -> Result<Role, ForkError> {
    fork_with(count, fork, |worker| {
        let _ = send_signal(worker, Signal::SIGTERM);
    })
}

/// Cuts a worker off from the terminal: a session of its own, and the null device (opened
/// before the chroot) over the standard streams.
///
/// # Errors
/// Those of setsid(2) and dup2(2).
pub fn detach(null: &File) -> io::Result<()> {
    start_session()?;
    redirect_standard_streams(null)
}

fn fork_with(
    count: u32,
    mut fork: impl FnMut() -> io::Result<ForkSide>,
    mut stop: impl FnMut(Pid),
) -> Result<Role, ForkError> {
    let mut workers = Vec::new();
    for number in 1..=count {
        match fork() {
            Ok(ForkSide::Child) => return Ok(Role::Worker { number }),
            Ok(ForkSide::Parent(worker)) => workers.push(worker),
            Err(error) => {
                workers.into_iter().for_each(&mut stop);
                return Err(ForkError(error));
            }
        }
    }
    Ok(Role::Parent { workers })
}

impl fmt::Display for ForkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cannot fork : {}.", error_text(&self.0))
    }
}

impl std::error::Error for ForkError {}

const FIRST_PROCESS: Pid = Pid::from_raw(1);

const DEBUG_WINS: &str =
    "<debug> mode incompatible with <quiet> and <daemon>. Keeping <debug> only.";

const ONE_IN_FOREGROUND: &str =
    "<nbproc> is only meaningful in daemon mode. Setting limit to 1 process.";

const FIRST_PROCESS_STAYS: &str = "<daemon> ignored : this is process 1, whose end would be the \
     container's. Staying in the foreground.";

#[cfg(test)]
mod tests;
