//! Configuration: tokens, sections, keyword tables, diagnostics, the model they fill.
//!
//! `loader::load` reads files line by line: `token` cuts a line into `word::Words`,
//! `condition` decides whether it counts, `section` hands it to the open section, whose
//! keyword table (`keyword`) names the handler that fills the `model`. Every fault becomes
//! a `diagnostic::Diagnostic` in one report; nothing stops at the first one.

pub mod address;
pub mod check;
pub mod condition;
pub mod diagnostic;
pub mod environment;
pub mod keyword;
pub mod loader;
pub mod manual;
pub mod model;
pub mod owner;
pub mod process_set;
pub mod section;
pub mod suggest;
pub mod tables;
pub mod token;
pub mod unit;
pub mod word;

/// The HAProxy version whose configuration language is spoken: what `version_atleast()`
/// and `version_before()` compare with.
pub const COMPATIBLE_VERSION: &str = "2.6.12";
