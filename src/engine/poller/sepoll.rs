//! The speculative part of the `sepoll` poller: the list of what to try without asking.
//!
//! Called by the loop, before the wait for all of the list, and after the callbacks for the
//! entries that those have added, such as connections just accepted. For the other pollers
//! the list holds descriptors whose wanted directions the kernel has yet to learn.

use crate::engine::Context;
use crate::engine::fdtab::{Direction, Polling};

/// Tries every armed direction in the list from `first` on; the count of callbacks that did
/// something. Walks backwards, so that entries which a callback removes or adds are neither
/// missed nor tried twice in circles.
pub(crate) fn process_spec_list<C: Context>(context: &mut C, first: usize) -> usize {
    let mut successes = 0;
    for index in (first..context.engine().fdtab.listed_count()).rev() {
        let Some(fd) = context.engine().fdtab.begin_scan(index) else {
            continue;
        };
        for direction in Direction::BOTH {
            let Some(callback) = context.engine().fdtab.begin_attempt(fd, direction) else {
                continue;
            };
            match context.run_callback(callback, fd.0) {
                Polling::Wait => context.engine().fdtab.end_attempt(fd, direction),
                Polling::More => successes += 1,
            }
        }
        context.engine().fdtab.end_scan(fd);
    }
    successes
}
