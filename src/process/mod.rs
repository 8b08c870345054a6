//! The process: start-up, daemon, privileges, limits, signals to other processes.
//!
//! Start-up calls these in this order: [`daemon::Modes::settle`]; [`limits::Plan::of`],
//! [`limits::raise_fd_limit`] and [`limits::limit_memory`]; [`takeover::bind_all`] around the
//! binding of listeners; when going to the background, [`pidfile::PidFile::open`] and the null
//! device; [`privileges::check`] and [`privileges::enter_chroot`]; [`takeover::release`];
//! [`privileges::drop_identity`]; [`daemon::fork_workers`]. Then the parent writes the pid
//! file and leaves, and each worker calls [`daemon::detach`] and enables its listeners.
//! [`messages`] carries what is said all along.

pub mod daemon;
pub mod limits;
pub mod messages;
pub mod pidfile;
pub mod privileges;
pub mod signals;
pub mod state_dump;
pub mod takeover;
