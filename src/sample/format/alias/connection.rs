//! Variables that name the ends of a connection and who serves it.

use super::{Alias, Shows, alias};
use crate::log::record::NOSRV;

/// Sorted by name.
pub(super) static ALIASES: &[Alias] = &[
    alias!("H", "name of the machine", |facts, field| {
        field.text(Some(facts.core.process.host.as_bytes()));
    }),
    alias!("b", "name of the backend", |facts, field| {
        field.text(Some(facts.record.backend.as_bytes()));
    }),
    alias!(ServerSource "bi", "address that the server was reached from", |f, o| {
        o.host(f.session.server_source());
    }),
    alias!(ServerSource "bp", "port that the server was reached from", |f, o| {
        o.port(f.session.server_source(), 0);
    }),
    alias!("ci", "address of the client", |facts, field| {
        field.host(facts.record.client);
    }),
    alias!("cp", "port of the client", |facts, field| {
        field.port(facts.record.client, facts.record.listener_id);
    }),
    alias!("f", "name of the frontend", |facts, field| {
        field.text(Some(facts.record.frontend.as_bytes()));
    }),
    alias!(Destination "fi", "address that the client connected to", |f, o| {
        o.host(f.session.known_destination());
    }),
    alias!(Destination "fp", "port that the client connected to", |facts, field| {
        field.port(facts.session.known_destination(), facts.record.listener_id);
    }),
    alias!(
        "ft",
        "name of the frontend, '~' behind it for TLS",
        |f, o| {
            o.in_quotes(|field| crate::log::line::text::push_frontend(field.out, f.record));
        }
    ),
    alias!("pid", "number of the process", |facts, field| {
        field.number_or_hexadecimal(u64::from(facts.core.process.pid), 4);
    }),
    alias!("s", "name of the server", |facts, field| {
        field.text(Some(facts.record.server.unwrap_or(NOSRV).as_bytes()));
    }),
    alias!("si", "address of the server", |facts, field| {
        field.host(facts.session.server_address(facts.core));
    }),
    alias!("sp", "port of the server", |facts, field| {
        field.port(facts.session.server_address(facts.core), 0);
    }),
    alias!("sslc", "cipher of the client's TLS connection", |_, o| {
        o.text(None);
    }),
    alias!("sslv", "version of the client's TLS connection", |_, o| {
        o.text(None);
    }),
];
