//! The analysers' code, one file per stage of a message.
//!
//! Each is a method of the session named as dev7 names it, called by the walk in
//! `process`. An analyser that is done takes its own bit out of the channel's set.

mod appsession;
mod cookies;
mod decode_proxy;
mod forward_body;
mod inspect;
mod monitor;
mod process_request;
mod process_response;
mod rdp_cookie;
mod resync_states;
mod switching;
mod tarpit;
mod wait_body;
mod wait_request;
mod wait_response;

pub(in crate::session) use forward_body::Progress;
