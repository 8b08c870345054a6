//! The process: start-up, daemon, privileges, limits, signals to other processes.
