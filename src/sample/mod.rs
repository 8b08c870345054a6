//! The language of rules: expressions, ACLs, patterns, variables, formats.
//!
//! An [`expression::Expression`] is a fetch and converters, compiled to a flat list when the
//! configuration is read and evaluated over a [`context::Context`]. Called by the rules of
//! `session::rules`, by the balancer and by log lines. Invariants: evaluation allocates from
//! the arena of the context only; it never changes what it looks at; it needs no connection.

pub mod acl;
mod acl_parse;
pub mod arg;
pub mod compute;
pub mod context;
pub mod convert;
pub mod expression;
pub mod fetch;
pub mod format;
pub mod language;
pub mod pattern;
pub mod pending;
pub mod tls_hello;
pub mod value;
pub mod variables;

pub use acl_parse::{parse_acl_line, parse_condition};
