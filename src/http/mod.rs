//! HTTP/1: heads, framing, rewriting, error pages.
