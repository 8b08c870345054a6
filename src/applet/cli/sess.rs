//! `show sess` and the commands that end sessions.
//!
//! A session is named by its key, written as a hexadecimal number: what a later command finds
//! under it is that session or nothing.

use std::fmt::Write;

use super::command::{Answer, Call, Dump, Scene, Step};
use super::control::find_server;
use super::format::{date, duration};
use crate::config::model::{Mode, ServerId};
use crate::engine::task::Wake;
use crate::engine::tick::Tick;
use crate::net::address::PeerAddress;
use crate::net::listener::Origin;
use crate::session::channel::{Channel, FORWARD_INFINITE};
use crate::session::interface::{Endpoint, InterfaceState, StreamInterface};
use crate::session::{Session, SessionFlags, SessionKey};
use crate::worker::Core;

/// `show sess [<id>|all]`.
pub(super) fn show_sess(call: &mut Call<'_>) -> Answer {
    let word = call.words.word(2);
    if word == "all" {
        return Answer::Dump(Box::new(ShowSess {
            cursor: 0,
            is_close: true,
            has_own: false,
        }));
    }
    let Some(owner) = session_number(word) else {
        return Answer::Dump(Box::new(ShowSess {
            cursor: 0,
            is_close: false,
            has_own: false,
        }));
    };
    let mut text = String::new();
    let core = &call.worker.core;
    if owner == call.session.owner {
        write_closely(call.session, core, &mut text);
        return Answer::Text(text);
    }
    let key = SessionKey::from_u64(owner);
    match key.and_then(|key| call.worker.sessions.get(key)) {
        Some(session) => write_closely(session, core, &mut text),
        None => text.push_str("Session not found.\n"),
    }
    Answer::Text(text)
}

/// `shutdown session <id>`.
pub(super) fn shutdown_session(call: &mut Call<'_>) -> Answer {
    let Some(owner) = session_number(call.words.word(2)) else {
        return Answer::text("Session pointer expected (use 'show sess').\n");
    };
    if owner == call.session.owner {
        return Answer::Quit;
    }
    let key = SessionKey::from_u64(owner);
    let Some(session) = key.and_then(|key| call.worker.sessions.get_mut(key)) else {
        return Answer::text("No such session (use 'show sess').\n");
    };
    session.flags.insert(SessionFlags::KILLED);
    call.worker
        .core
        .engine
        .scheduler
        .wake(session.task, Wake::OTHER);
    Answer::Silent
}

/// `shutdown sessions server <backend>/<server>`.
pub(super) fn shutdown_sessions_server(call: &mut Call<'_>) -> Answer {
    match find_server(call.words.word(3), &call.worker.core) {
        Ok(server) => {
            kill_sessions_of(call, server);
            Answer::Silent
        }
        Err(message) => Answer::text(message),
    }
}

fn kill_sessions_of(call: &mut Call<'_>, server: ServerId) {
    let sessions = &mut call.worker.sessions;
    let concerned = sessions
        .iter()
        .filter(|(_, session)| session.server == Some(server) || session.slot == Some(server));
    let keys: Vec<SessionKey> = concerned.map(|(key, _)| key).collect();
    for key in keys {
        if let Some(session) = sessions.get_mut(key) {
            session.flags.insert(SessionFlags::KILLED);
            call.worker
                .core
                .engine
                .scheduler
                .wake(session.task, Wake::OTHER);
        }
    }
}

/// The session that a word names.
fn session_number(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

struct ShowSess {
    /// Slot to go on with.
    cursor: u32,
    /// Several lines per session.
    is_close: bool,
    /// The session that asks was shown.
    has_own: bool,
}

impl Dump for ShowSess {
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step {
        // The running session is leased: its slot is empty now.
        if !self.has_own {
            self.has_own = true;
            self.write(scene.session, scene.core, out);
            return Step::More;
        }
        let Some((key, session)) = scene.sessions.next_from(self.cursor) else {
            return Step::Done;
        };
        self.cursor = key.index().saturating_add(1);
        self.write(session, scene.core, out);
        Step::More
    }
}

impl ShowSess {
    fn write(&self, session: &Session, core: &Core, out: &mut String) {
        if self.is_close {
            write_closely(session, core, out);
            return;
        }
        write_line(session, core, out);
    }
}

/// One line about a session.
fn write_line(session: &Session, core: &Core, out: &mut String) {
    let now = core.engine.clock.now_ms();
    let (protocol, source) = (protocol_of(session), source_of(session, core));
    let (frontend, backend, server) = names_of(session, core);
    let calls = core.engine.scheduler.calls(session.task);
    let queued = core.engine.scheduler.is_queued(session.task);
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "{:#x}: proto={protocol} src={source} fe={frontend} be={backend} srv={server} ts={:02x} \
         age={} calls={calls} rq[{}] rp[{}] scf[{}] scb[{}] exp={} rc={}",
        session.owner,
        u8::from(queued),
        age_of(session, core),
        channel_summary(&session.request, now),
        channel_summary(&session.response, now),
        interface_summary(&session.client),
        interface_summary(&session.server_side),
        duration(core.engine.scheduler.expire(session.task).remaining_ms(now)),
        session.retries_left,
    );
    out.push('\n');
}

/// Everything about a session.
fn write_closely(session: &Session, core: &Core, out: &mut String) {
    let now = core.engine.clock.now_ms();
    let (frontend, backend, server) = names_of(session, core);
    let config = core.config;
    let number = |is_there: bool, number: u32| if is_there { i64::from(number) } else { -1 };
    let is_proxied = !session.flags.any(SessionFlags::COMMAND);
    let (fe_id, be_id, mode) = if is_proxied {
        let (fe, be) = (
            config.proxy(session.frontend),
            config.proxy(session.backend),
        );
        (fe.numeric_id, be.numeric_id, mode_name(fe.mode))
    } else {
        (0, 0, "tcp")
    };
    let has_backend = backend != NONE;
    let server_id = session
        .server
        .map_or(-1, |id| i64::from(config.server(id).numeric_id));
    // Writing into a string cannot fail.
    let _ = writeln!(
        out,
        "{:#x}: [{}] id={} proto={} source={}\n  flags={:#x}, conn_retries={}, \
         conn_exp={}, pend_pos={}, outcome={}{}\n  frontend={frontend} (id={} mode={mode}), \
         listener={} addr={}\n  backend={backend} (id={})\n  server={server} (id={server_id})\n  \
         task={} (nice={} calls={} exp={} age={})",
        session.owner,
        date(session.timing.date(), 6),
        session.unique_id,
        protocol_of(session),
        source_of(session, core),
        session.flags.bits(),
        session.retries_left,
        moment(session.server_side.exp, now),
        if session.pending.is_some() {
            "queued"
        } else {
            "none"
        },
        session.outcome.cause.letter(),
        session.outcome.stage.letter(),
        number(true, fe_id),
        session.listener.0,
        session.destination,
        number(has_backend, be_id),
        session.task.index(),
        core.listeners
            .get(session.listener)
            .map_or(0, |listener| listener.options.nice),
        core.engine.scheduler.calls(session.task),
        moment(core.engine.scheduler.expire(session.task), now),
        age_of(session, core),
    );
    for (name, interface) in [("scf", &session.client), ("scb", &session.server_side)] {
        let _ = writeln!(
            out,
            "  {name}={} flags={:#04x} endp={}",
            state_name(interface.state),
            interface.flags.bits(),
            endpoint_name(interface),
        );
    }
    write_channel("req", &session.request, now, out);
    write_channel("res", &session.response, now, out);
}

fn write_channel(name: &str, channel: &Channel, now: Tick, out: &mut String) {
    let to_forward = match channel.to_forward {
        FORWARD_INFINITE => "-1".to_owned(),
        count => count.to_string(),
    };
    let _ = writeln!(
        out,
        "  {name}: f={:#x} an={:#x} pipe={} tofwd={to_forward} total={} o={} i={}\n      \
         an_exp={} rex={} wex={}",
        channel.flags.bits(),
        channel.analysers.bits(),
        channel.pipe.as_ref().map_or(0, |pipe| pipe.pending),
        channel.total,
        channel.output(),
        channel.input_len(),
        moment(channel.analyse_exp, now),
        moment(channel.read_exp, now),
        moment(channel.write_exp, now),
    );
}

fn channel_summary(channel: &Channel, now: Tick) -> String {
    let left = |tick: Tick| duration(tick.remaining_ms(now));
    format!(
        "f={:x}h,i={},an={:02x}h,rx={},wx={},ax={}",
        channel.flags.bits(),
        channel.input_len(),
        channel.analysers.bits(),
        left(channel.read_exp),
        left(channel.write_exp),
        left(channel.analyse_exp),
    )
}

fn interface_summary(interface: &StreamInterface) -> String {
    let fd = interface
        .fd()
        .map_or_else(|| "-1".to_owned(), |fd| fd.raw().to_string());
    format!(
        "{},{:x}h,fd={fd}",
        state_name(interface.state),
        interface.flags.bits()
    )
}

fn endpoint_name(interface: &StreamInterface) -> String {
    match &interface.endpoint {
        Endpoint::Socket(fd) => format!("fd={}", fd.raw()),
        Endpoint::Applet(applet) => format!("applet={}", applet.name()),
        Endpoint::None => "none".to_owned(),
    }
}

const fn state_name(state: InterfaceState) -> &'static str {
    match state {
        InterfaceState::Initial => "INI",
        InterfaceState::Requested => "REQ",
        InterfaceState::Queued => "QUE",
        InterfaceState::TurnAround => "TAR",
        InterfaceState::Assigned => "ASS",
        InterfaceState::Connecting => "CON",
        InterfaceState::ConnectError => "CER",
        InterfaceState::Established => "EST",
        InterfaceState::Disconnected => "DIS",
        InterfaceState::Closed => "CLO",
    }
}

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
        Mode::Health => "health",
    }
}

const fn protocol_of(session: &Session) -> &'static str {
    match session.source {
        PeerAddress::V4(..) => "tcpv4",
        PeerAddress::V6(..) => "tcpv6",
        PeerAddress::Unix => "unix_stream",
        PeerAddress::None => "?",
    }
}

/// The client; behind a unix socket, the number of the listener tells most.
fn source_of(session: &Session, core: &Core) -> String {
    if session.source != PeerAddress::Unix {
        return session.source.to_string();
    }
    match core
        .listeners
        .get(session.listener)
        .map(|listener| listener.origin)
    {
        Some(Origin::Bind(bind)) => format!("unix:{}", core.config.bind(bind).numeric_id),
        Some(Origin::StatsSocket(index)) => format!("unix:{}", u64::from(index) + 1),
        None => "unix".to_owned(),
    }
}

/// Frontend, backend and server by name.
fn names_of(session: &Session, core: &Core) -> (&'static str, &'static str, &'static str) {
    if session.flags.any(SessionFlags::COMMAND) {
        return ("GLOBAL", NONE, NO_SERVER);
    }
    let backend = core.config.proxy(session.backend);
    let server = session.server.map(|server| core.config.server(server));
    (
        &core.config.proxy(session.frontend).name,
        if backend.capabilities.backend {
            &backend.name
        } else {
            NONE
        },
        server.map_or(NO_SERVER, |server| &server.name),
    )
}

fn age_of(session: &Session, core: &Core) -> String {
    let now_us = core.engine.clock.monotonic_us();
    let elapsed_ms = now_us.saturating_sub(session.timing.start_us) / 1_000;
    let seconds = elapsed_ms / 1_000;
    // Up to a day in seconds, so that lines can be sorted.
    if seconds < 86_400 {
        return format!("{seconds}s");
    }
    duration(Some(u32::try_from(elapsed_ms).unwrap_or(u32::MAX)))
}

fn moment(tick: Tick, now: Tick) -> String {
    if tick.is_set() {
        duration(tick.remaining_ms(now))
    } else {
        "<NEVER>".to_owned()
    }
}

const NONE: &str = "<NONE>";
const NO_SERVER: &str = "<none>";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::channel::ChannelFlags;

    #[test]
    fn sessions_are_named_by_hexadecimal_numbers() {
        assert_eq!(session_number("0x1f"), Some(31));
        for word in ["", "1f", "0x", "0xg", "0x11111111111111111"] {
            assert_eq!(session_number(word), None, "{word}");
        }
    }

    #[test]
    fn a_channel_in_short_names_its_flags_and_timers() {
        let now = Tick::from_ms(1000);
        let mut channel = Channel::default();
        channel.flags.insert(ChannelFlags::SHUTR);
        channel.read_exp = now.add(4500);
        assert_eq!(
            channel_summary(&channel, now),
            "f=20h,i=0,an=00h,rx=4s,wx=,ax="
        );
    }
}
