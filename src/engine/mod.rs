//! The event loop's machinery: fdtab, pollers, tasks, timers, pools, buffers, signals, rates.
//!
//! Knows no proxy: everything is generic over the context that callbacks receive.

pub mod buffer;
pub mod tick;
