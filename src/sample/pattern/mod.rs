//! Patterns: what ACLs, maps and `add-acl`/`set-map` compare samples with (manual, 7.1).
//!
//! A [`PatternList`] is one list as loaded: compact, never changed, shared by every process
//! through copy-on-write memory. [`LivePatterns`] is one process's view of it, with what
//! rules and commands added, deleted or changed since. [`load_file`] reads a file of
//! patterns. Called by ACLs, map converters, the rules that change both and the command
//! socket; knows no session and no sample, inputs are primitives ([`Input`]).
//! Invariants: a look-up allocates nothing and never panics, whatever bytes it is given;
//! where several entries match, `str` takes the first, `beg` the longest, `ip` the longest
//! prefix, all others the first in the order of the list.

mod affix;
mod chain;
mod entries;
mod error;
mod exact;
mod expression;
mod hash;
mod input;
mod integer;
mod layer;
mod list;
mod live;
mod load;
mod method;
mod network;
mod network_index;
mod parts;
mod pcre;
mod segments;
mod substring;
mod table;
mod words;

pub use self::entries::{Entry, Hit};
pub use self::error::{LoadError, PatternError};
pub use self::expression::{Captures, compile};
pub use self::input::Input;
pub use self::integer::{IntOperator, IntRange};
pub use self::list::{Builder, PatternList};
pub use self::live::LivePatterns;
pub use self::load::load_file;
pub use self::method::{MatchMethod, Options};
pub use self::network::Network;

#[cfg(test)]
mod tests;
