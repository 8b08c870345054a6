//! The only door to the kernel, the clock and randomness, and the only place of unsafe code.
//!
//! Everything above calls these small functions and never a system call itself, so that a
//! simulated kernel can stand in for them. Each wrapper turns errno into `io::Result` at
//! the lowest line: nobody above sees -1.
#![allow(
    unsafe_code,
    reason = "system calls end here; each block holds one operation and its SAFETY sentence"
)]

mod fd;
pub mod process;

pub use fd::Fd;
