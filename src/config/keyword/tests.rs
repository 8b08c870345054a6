//! Tests of keyword.
