//! The process: start-up, daemon, privileges, limits, signals to other processes.
//!
//! Start-up calls these in the order of DESIGN's "startup": `daemon::Modes::settle`,
//! `limits` before listeners are bound, `takeover::bind_all` around binding, `pidfile` and
//! `privileges::check` before `privileges::enter_chroot`, `takeover` again to release the old
//! processes, `privileges::drop_identity`, `daemon::fork_workers`, then in each worker
//! `daemon::detach`.

pub mod daemon;
pub mod limits;
pub mod messages;
pub mod pidfile;
pub mod privileges;
pub mod takeover;
