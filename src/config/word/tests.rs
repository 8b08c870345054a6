//! Tests of word.
