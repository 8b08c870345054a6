//! Statistics of proxies and servers as rows of columns.
//!
//! `rows` walks over frontends, listeners, servers and backends, `columns` is the table of
//! what a row tells, `view` what they are read from,
//! `value` writes single values in the machine-readable formats. The
//! command socket shows them as CSV, typed lines and JSON.

mod columns;
mod rows;
pub mod value;
mod view;

pub use columns::{COLUMNS, Column, MODULE_COLUMNS};
pub use rows::{Row, RowCursor, RowKind};
pub use view::View;
