//! HTTP/1: heads, framing, rewriting, error pages.
//!
//! Pure functions over the bytes of a [`crate::engine::buffer::Buffer`]; nothing here owns a
//! socket or a timer. A message stands in its buffer at an offset `base`, because bytes of an
//! earlier message may stand before it until they are sent; every stored position counts
//! from the first byte of the message, so that sending the others moves nothing.
//!
//! The way of a message: [`scan::HeadScanner`] finds the end of the head, [`parse`] turns it
//! into a [`head::Head`] and makes it canonical, [`framing`] says how its body ends,
//! [`connection`] what becomes of both connections, [`rewrite`] changes it in place and
//! [`chunk::ChunkParser`] follows a chunked body, [`compression`] codes one for the client.
//! [`errors`] holds the answers weir gives.

pub mod auth;
pub mod cacheable;
pub mod case;
pub mod checkcache;
pub mod chunk;
pub mod compression;
pub mod connection;
pub mod cookie;
pub mod errors;
pub mod forwarded;
pub mod framing;
pub mod head;
pub mod known;
pub mod parse;
pub mod reason;
pub mod rewrite;
pub mod scan;
pub mod status;
pub mod uri;

mod check;
mod slow;
