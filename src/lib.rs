//! weir: a TCP and HTTP load balancer that reads HAProxy's configuration files and runs the
//! event loop of HAProxy 1.5-dev7. This page is the map: follow one connection through it.
//!
//! # The life of one connection
//!
//! 1. [`startup::run`] reads the configuration ([`config::loader::load`]), binds every
//!    listener ([`protocol_bind_all`](net::listeners::Listeners::protocol_bind_all)), drops
//!    privileges and forks ([`fork_workers`](process::daemon::fork_workers)). Each process
//!    builds a [`worker::Worker`], lets its listeners accept
//!    ([`protocol_enable_all`](net::listeners::Listeners::protocol_enable_all)) and enters
//! 2. [`run_poll_loop`](engine::run_poll_loop): signals, expired timers, runnable tasks, then
//!    the poller, which calls the read or write callback that [`engine::fdtab`] holds for each
//!    ready descriptor. A listener's read callback is
//! 3. [`stream_sock_accept`](net::accept::stream_sock_accept): takes connections while the
//!    limits allow ([`net::admission`]) and hands each to
//! 4. [`session_accept`](session::accept::session_accept), which makes the
//!    [`Session`](session::Session) and its task, registers the socket and calls
//! 5. [`frontend_accept`](session::Session::frontend_accept): the frontend's timeouts, options
//!    and first analysers. The session's task runs once and then sleeps until
//! 6. [`stream_sock_read`](net::stream_sock::stream_sock_read) has put bytes into the request
//!    [`channel`](session::channel) and wakes it:
//!    [`process_runnable_tasks`](engine::task::process_runnable_tasks) calls
//! 7. [`process_session`](session::process_session). It looks at timers and errors, then goes
//!    round four phases until nothing changes:
//!    [`resync_stream_interface`](session::Session::resync_stream_interface) (ends that closed),
//!    [`resync_request`](session::Session::resync_request) and
//!    [`resync_response`](session::Session::resync_response) (analysers),
//!    [`forward`](session::Session::forward) (connection, bytes, shutdowns).
//! 8. The request's analysers, in the order of
//!    [`REQUEST_ORDER`](session::analyser::Analyser::REQUEST_ORDER):
//!    [`tcp_decode_proxy`](session::Session::tcp_decode_proxy),
//!    [`http_wait_for_request`](session::Session::http_wait_for_request) (parses the head),
//!    [`http_process_req_common`](session::Session::http_process_req_common) (the frontend's
//!    rules), [`process_switching_rules`](session::Session::process_switching_rules) (chooses
//!    the backend), `http_process_req_common` again (the backend's rules),
//!    [`http_process_request`](session::Session::http_process_request) (rewrites the head),
//!    [`http_request_forward_body`](session::Session::http_request_forward_body).
//!    [`call_analyser`](session::Session::call_analyser) is the whole pipeline in one `match`.
//! 9. In `forward`, [`connect_phase`](session::Session::connect_phase) reaches a server:
//!    [`assign_server_and_queue`](session::Session::assign_server_and_queue) asks the
//!    [`Balancer`](backend::lb::Balancer) or waits in [`backend::queue`];
//!    [`connect_server`](session::Session::connect_server) takes a connection from
//!    [`backend::idle`] or opens one. Retries and redispatch are in
//!    [`sess_update_st_cer`](session::Session::sess_update_st_cer).
//! 10. [`stream_sock_write`](net::stream_sock::stream_sock_write) sees the connection come up
//!     and sends; [`sess_establish`](session::Session::sess_establish) enables the response's
//!     analysers ([`RESPONSE_ORDER`](session::analyser::Analyser::RESPONSE_ORDER)):
//!     [`http_wait_for_response`](session::Session::http_wait_for_response),
//!     [`http_process_res_common`](session::Session::http_process_res_common),
//!     [`http_response_forward_body`](session::Session::http_response_forward_body).
//! 11. [`Channel::forward`](session::channel::Channel::forward) is how an analyser lets bytes
//!     pass. While more are due than have come, the two socket callbacks move them, by copy or
//!     by splicing ([`choose_splicing`](session::Session::choose_splicing)), without waking
//!     the task. In TCP mode no analyser is left after the backend was chosen: everything
//!     passes until both sides have closed.
//! 12. When both messages are complete,
//!     [`http_resync_states`](session::Session::http_resync_states) decides:
//!     [`http_end_txn_clean_session`](session::Session::http_end_txn_clean_session)
//!     logs the request, gives the server's connection to the idle pool
//!     ([`give_up_server_connection`](session::Session::give_up_server_connection)) and puts
//!     the session back at step 8; otherwise the response leaves and the ends are shut.
//! 13. [`shutr`](session::Session::shutr) and [`shutw`](session::Session::shutw) close an end,
//!     `resync_stream_interface` passes the server's slot to the next in line
//!     ([`release_slot`](session::Session::release_slot)),
//!     [`finish`](session::Session::finish) writes the log line and returns buffers, pipes and
//!     transaction, [`retire`](session::Sessions::retire) keeps the session's memory for the
//!     next, [`capacity_returned`](worker::Core::capacity_returned) lets held listeners accept.
//!
//! # What always holds
//!
//! - Invariant: a descriptor's callback changes its own session and wakes tasks; only the
//!   session's task ends a session.
//! - Invariant: an effect on another object is a wake, or a note in its queue entry, never a
//!   write into it.
//! - Invariant: a whole batch of ready descriptors is served before any task runs, and time
//!   stands still within a turn of the loop.
//! - Invariant: what is named by a key (index and generation) is found alive or not at all: a
//!   late event or grant for something gone falls through.
//! - Invariant: a channel has a buffer only while it holds bytes; an idle connection has none.
//! - Invariant: a slot taken at a server is released once, whatever way the session ends.
//! - Invariant: the framing of a message is decided once, in [`http::framing`], from a strictly
//!   parsed head.
//! - Invariant: parsed configuration never changes; what traffic changes is in [`state::State`].
//! - Invariant: nothing is global; [`worker::Worker`] owns everything and is passed down in the
//!   narrowest part that does.
//! - Invariant: a panic in a session's callback or task ends that session alone.
//!
//! # Folders, in the order of the flow
//!
//! | module | what it owns |
//! |---|---|
//! | [`startup`], [`args`] | from the command line to a serving process |
//! | [`worker`], [`state`] | everything a process owns; its counters |
//! | [`sys`] | the only `unsafe`, the only door to kernel, clock and randomness |
//! | [`engine`] | fdtab, pollers, tasks, timers, pools, buffers, signals, rates; knows no proxy |
//! | [`net`] | listeners, accept, stream sockets, splicing, PROXY protocol, outgoing connections |
//! | [`session`] | session, channel, stream interface, phases, analysers, server side |
//! | [`mod@http`] | heads, framing, bodies, rewriting, error pages |
//! | [`sample`] | patterns that samples are compared with: lists, maps, their files |
//! | [`backend`] | assignment, queues, load balancing, idle connections |
//! | [`applet`] | endpoints inside the process: configured answers, the command socket |
//! | [`mod@log`] | the lines of traffic logs and where they leave |
//! | [`config`] | tokens, sections, keyword tables, diagnostics, the model |
//! | [`process`] | daemon, limits, privileges, takeover, signals |
//!
//! # Reading order
//!
//! [`engine`] (the loop, then `fdtab`, `task`), [`worker`], [`net::stream_sock`],
//! [`session::channel`] and [`session::interface`] (their headers first), then `process`,
//! `analysers` and `server_side` in [`session`] from top to bottom. With
//! `RUST_LOG=trace` in its environment a debug build names the functions that a connection
//! passes through, and `make perf` shows the same names with what they cost.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the map names private functions too; --document-private-items links them"
)]

pub mod applet;
pub mod args;
pub mod backend;
pub mod config;
pub mod engine;
pub mod http;
pub mod log;
pub mod net;
pub mod process;
pub mod sample;
pub mod session;
pub mod startup;
pub mod state;
pub mod sys;
pub mod worker;
