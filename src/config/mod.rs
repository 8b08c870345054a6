//! Configuration: tokens, sections, keyword tables, diagnostics, the model they fill.

pub mod model;
