//! The only door to the kernel, the clock and randomness, and the only place of unsafe code.
//!
//! Everything above calls these small functions and never a system call itself, so that a
//! simulated kernel can stand in for them. Each wrapper turns errno into `io::Result` at
//! the lowest line: nobody above sees -1.
#![allow(
    unsafe_code,
    reason = "system calls end here; each block holds one operation and its SAFETY sentence"
)]

mod address;
#[cfg(test)]
pub mod allocation;
pub mod clock;
pub mod datagram;
pub mod epoll;
mod fd;
pub mod memory;
pub mod pipe;
pub mod poll;
pub mod process;
pub mod random;
pub mod select;
pub mod signal;
pub mod socket;
pub mod socket_info;
pub mod socket_option;
pub mod splice;

pub use address::{Endpoint, Family, SocketName, UNIX_NAME_LEN_MAX};
pub use fd::{Fd, close, set_close_on_exec, set_nonblocking, write};
