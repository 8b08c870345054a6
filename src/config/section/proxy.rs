//! What proxy sections remember between their lines.

/// State shared by `defaults`, `frontend`, `listen` and `backend` while files are read.
#[derive(Debug, Default)]
pub struct ProxySections {}
