//! The backend side: which server gets a session, where sessions wait, how connections to
//! servers are opened, kept and reused.

pub mod appsession;
pub mod assign;
pub mod connect;
pub mod idle;
pub mod lb;
pub mod queue;
