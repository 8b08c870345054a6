//! Replacing running processes: `-sf` and `-st`.
//!
//! Owns the policy of dev7 and its successors: bind first; when a port is taken, ask the old
//! processes to let go of it (SIGTTOU) and try again for two seconds; then either tell them
//! to leave (SIGUSR1, SIGTERM) or, when the start failed for good, to go on (SIGTTIN). Called
//! by start-up, which lets go of the addresses before it resumes anybody. Signals and
//! waiting are behind [`OldProcesses`], so that a test can pretend them. Invariant: whoever
//! was paused is either released or resumed.

use std::time::Duration;

use crate::args::{Departure, Replaced};
use crate::sys::process::{Pid, Signal, current_pid, send_signal};

/// How the old processes are reached.
pub trait OldProcesses {
    /// Sends a signal; false when the process is gone or somebody else's.
    fn signal(&mut self, pid: Pid, signal: Signal) -> bool;
    /// Lets time pass.
    fn wait(&mut self, time: Duration);
}

/// Real processes and real time.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunningProcesses;

/// Why binding failed.
#[derive(Debug, PartialEq, Eq)]
pub enum BindFailure<E> {
    /// An old process may be in the way (`EADDRINUSE`): trying again can help.
    Busy(E),
    /// Trying again cannot help.
    Fatal(E),
}

/// Binds all listeners. While `bind` finds an address busy and old processes can be
/// reached, they are paused and `bind` is tried again, 200 times at most, 10 ms apart.
///
/// `bind` must be repeatable: what it bound before stays bound.
///
/// # Errors
/// The last failure of `bind`. Once what was bound is closed, the caller has to [`resume`]
/// the old processes: before, they would find their addresses taken.
pub fn bind_all<T, E>(
    old: &[Pid],
    processes: &mut impl OldProcesses,
    mut bind: impl FnMut() -> Result<T, BindFailure<E>>,
) -> Result<T, E> {
    let mut retries = RETRIES_MAX;
    loop {
        let error = match bind() {
            Ok(bound) => return Ok(bound),
            Err(BindFailure::Busy(error)) if retries > 0 && !old.is_empty() => error,
            Err(BindFailure::Busy(error) | BindFailure::Fatal(error)) => return Err(error),
        };
        drop(error);
        retries -= 1;
        if signal_all(old, processes, Signal::SIGTTOU) == 0 {
            // Nobody left to wait for: what they held is free by now, or never will be.
            retries = 0;
            continue;
        }
        processes.wait(RETRY_DELAY);
    }
}

/// Lets the old processes go on after this one failed; those that were not paused ignore it.
pub fn resume(replaced: &Replaced, processes: &mut impl OldProcesses) {
    signal_all(&replaced.pids, processes, Signal::SIGTTIN);
}

/// Tells the old processes to leave. Returns how many heard it.
pub fn release(replaced: &Replaced, processes: &mut impl OldProcesses) -> usize {
    let signal = match replaced.departure {
        Departure::Finish => Signal::SIGUSR1,
        Departure::Terminate => Signal::SIGTERM,
    };
    signal_all(&replaced.pids, processes, signal)
}

impl OldProcesses for RunningProcesses {
    fn signal(&mut self, pid: Pid, signal: Signal) -> bool {
        // A pid file that outlived a reboot may well name this very process.
        pid != current_pid() && send_signal(pid, signal).is_ok()
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

fn signal_all(pids: &[Pid], processes: &mut impl OldProcesses, signal: Signal) -> usize {
    let heard = |pid: &&Pid| processes.signal(**pid, signal);
    pids.iter().filter(heard).count()
}

/// How often binding is tried again.
const RETRIES_MAX: u32 = 200;

/// The time between two tries.
const RETRY_DELAY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes of which some are alive, and what happened to them.
    #[derive(Default)]
    struct Pretended {
        alive: Vec<i32>,
        events: Vec<String>,
        waited: Duration,
    }

    impl Pretended {
        fn with(alive: &[i32]) -> Self {
            Self {
                alive: alive.to_vec(),
                ..Self::default()
            }
        }
    }

    impl OldProcesses for Pretended {
        fn signal(&mut self, pid: Pid, signal: Signal) -> bool {
            let name = signal.as_str();
            self.events.push(format!("{name} {pid}"));
            self.alive.contains(&pid.as_raw())
        }

        fn wait(&mut self, time: Duration) {
            self.waited += time;
        }
    }

    fn pids(numbers: &[i32]) -> Vec<Pid> {
        numbers.iter().copied().map(Pid::from_raw).collect()
    }

    /// A bind that is busy some times and then succeeds with the number of tries.
    fn busy(times: u32) -> impl FnMut() -> Result<u32, BindFailure<u32>> {
        let mut tries = 0;
        move || {
            tries += 1;
            if tries <= times {
                return Err(BindFailure::Busy(tries));
            }
            Ok(tries)
        }
    }

    #[test]
    fn free_addresses_disturb_nobody() {
        let mut processes = Pretended::with(&[7]);
        assert_eq!(bind_all(&pids(&[7]), &mut processes, busy(0)), Ok(1));
        assert!(processes.events.is_empty());
    }

    #[test]
    fn a_busy_address_pauses_the_old_processes_before_the_next_try() {
        let mut processes = Pretended::with(&[7, 8]);
        assert_eq!(bind_all(&pids(&[7, 8]), &mut processes, busy(2)), Ok(3));
        let each = ["SIGTTOU 7", "SIGTTOU 8", "SIGTTOU 7", "SIGTTOU 8"];
        assert_eq!(processes.events, each);
        assert_eq!(processes.waited, Duration::from_millis(20));
    }

    #[test]
    fn after_two_seconds_it_gives_up() {
        let mut processes = Pretended::with(&[7]);
        let result = bind_all(&pids(&[7]), &mut processes, busy(u32::MAX));
        assert_eq!(result, Err(201));
        assert_eq!(processes.waited, Duration::from_secs(2));
        assert_eq!(processes.events, ["SIGTTOU 7"].repeat(200));
    }

    #[test]
    fn without_old_processes_the_first_failure_is_the_last() {
        let mut processes = Pretended::default();
        assert_eq!(bind_all(&[], &mut processes, busy(9)), Err(1));
        assert!(processes.events.is_empty());
    }

    #[test]
    fn processes_that_are_gone_get_one_more_try_without_waiting() {
        let mut processes = Pretended::default();
        assert_eq!(bind_all(&pids(&[7]), &mut processes, busy(9)), Err(2));
        assert_eq!(processes.events, ["SIGTTOU 7"]);
        assert_eq!(processes.waited, Duration::ZERO);
        assert_eq!(bind_all(&pids(&[7]), &mut processes, busy(1)), Ok(2));
    }

    #[test]
    fn a_fatal_failure_is_not_retried() {
        let mut failures = [BindFailure::Busy(1), BindFailure::Fatal(2)].into_iter();
        let mut processes = Pretended::with(&[7]);
        let bind = || Err::<(), _>(failures.next().unwrap());
        assert_eq!(bind_all(&pids(&[7]), &mut processes, bind), Err(2));
        assert_eq!(processes.events, ["SIGTTOU 7"]);
    }

    #[test]
    fn the_old_processes_leave_as_asked() {
        let mut processes = Pretended::with(&[7]);
        let replaced = |departure| Replaced {
            departure,
            pids: pids(&[7, 8]),
        };
        assert_eq!(release(&replaced(Departure::Finish), &mut processes), 1);
        assert_eq!(release(&replaced(Departure::Terminate), &mut processes), 1);
        resume(&replaced(Departure::Finish), &mut processes);
        let expected = "SIGUSR1 7,SIGUSR1 8,SIGTERM 7,SIGTERM 8,SIGTTIN 7,SIGTTIN 8";
        assert_eq!(processes.events.join(","), expected);
    }

    #[test]
    fn a_real_process_hears_it_and_this_one_is_spared() {
        use std::os::unix::process::ExitStatusExt;
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let replaced = Replaced {
            departure: Departure::Terminate,
            pids: vec![Pid::from_raw(child.id().cast_signed()), current_pid()],
        };
        assert_eq!(release(&replaced, &mut RunningProcesses), 1);
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
        assert_eq!(release(&replaced, &mut RunningProcesses), 0);
    }
}
