//! weir: a TCP and HTTP load balancer with the event loop of HAProxy 1.5-dev7.

pub mod applet;
pub mod args;
pub mod backend;
pub mod config;
pub mod engine;
pub mod http;
pub mod log;
pub mod net;
pub mod process;
pub mod session;
pub mod startup;
pub mod state;
pub mod sys;
pub mod worker;
