//! Pure functions behind the converters, one file per subject.
//!
//! They work on byte slices, know no sample and no session, and write into a vector of the
//! caller or return a sub-slice. Called by the converter table.
//! Invariant: whatever the bytes are, nothing panics and nothing grows without a bound that
//! follows from the input's length.

pub mod date;
pub mod digest;
pub mod encode;
pub mod fix;
pub mod hash;
pub mod json_escape;
pub mod json_query;
pub mod jwt;
pub mod mqtt;
pub mod number;
pub mod protobuf;
pub mod public_key;
pub mod regsub;
pub mod split;
pub mod text;
