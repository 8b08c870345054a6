//! Commands that change limits while the process serves: connections, rates, patience.

use super::command::{Answer, Call};
use super::control::{find_server, split_number};
use super::frontend::find_frontend;
use crate::config::unit::{Unit, parse_time_ms};
use crate::net::listener::ListenerId;
use crate::worker::Core;

/// `set maxconn frontend <frontend> <n>`.
pub(super) fn set_maxconn_frontend(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    let proxy = match find_frontend(call.words.word(3), core) {
        Ok(proxy) => proxy,
        Err(message) => return Answer::text(message),
    };
    let limit = match number(call.words.word(4), "Integer value expected.\n") {
        // Nobody could be served: `disable frontend` says that better.
        Ok(0) => return Answer::text(OUT_OF_RANGE),
        Ok(limit) => limit,
        Err(message) => return Answer::text(message),
    };
    let before = core.state.proxy(proxy).maxconn;
    core.state.proxy_mut(proxy).maxconn = limit;
    let listeners = core.listeners.of_proxy(proxy);
    let own_limits: Vec<(ListenerId, u32)> = listeners
        .filter(|listener| listener.connections_max == before)
        .map(|listener| (listener.id, limit))
        .collect();
    for (listener, limit) in own_limits {
        core.listeners
            .set_connections_max(listener, limit, &mut core.engine.fdtab);
    }
    core.capacity_returned(proxy);
    Answer::Silent
}

/// `set maxconn global <n>`; 0 goes back to the limit of the start.
pub(super) fn set_maxconn_global(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    let hard_limit = core.config.global.maxconn;
    let limit = match number(call.words.word(3), INTEGER_EXPECTED) {
        Ok(0) => hard_limit,
        Ok(limit) if limit > hard_limit => return Answer::text(OUT_OF_RANGE),
        Ok(limit) => limit,
        Err(message) => return Answer::text(message),
    };
    core.process.maxconn = limit;
    release_all(core);
    Answer::Silent
}

/// `set maxconn server <backend>/<server> <n>`.
pub(super) fn set_maxconn_server(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    let server = match find_server(call.words.word(3), core) {
        Ok(server) => server,
        Err(message) => return Answer::text(message),
    };
    let word = call.words.word(4);
    if word.is_empty() {
        return Answer::text("Require <maxconn>.\n");
    }
    let Some((limit, rest)) = split_number(word) else {
        return Answer::text("maxconn string empty or preceded by garbage");
    };
    if !rest.is_empty() {
        return Answer::text("Trailing garbage in maxconn string");
    }
    let Ok(limit) = u32::try_from(limit) else {
        return Answer::text(OUT_OF_RANGE);
    };
    core.state.server_mut(server).maxconn = limit;
    core.server_changed(server);
    Answer::Silent
}

/// `set rate-limit connections|sessions|http-compression global <n>`; the last in kilobytes.
pub(super) fn set_rate_limit(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    let words = call.words;
    let (limit, unit) = match (words.word(2), words.word(3)) {
        ("connections", "global") => (&mut core.state.connection_rate_limit, 1),
        ("sessions", "global") => (&mut core.state.session_rate_limit, 1),
        ("http-compression", "global") => (&mut core.state.compression_rate_limit, 1024),
        _ => return Answer::text(RATE_LIMITS),
    };
    match number(words.word(4), INTEGER_EXPECTED) {
        Ok(given) => *limit = given.saturating_mul(unit),
        Err(message) => return Answer::text(message),
    }
    release_all(core);
    Answer::Silent
}

/// `set timeout cli <delay>`, in seconds unless it has a unit.
pub(super) fn set_timeout(call: &mut Call<'_>) -> Answer {
    if call.words.word(2) != "cli" {
        return Answer::text("'set timeout' only supports 'cli'.\n");
    }
    let word = call.words.word(3);
    if word.is_empty() {
        return Answer::text(INTEGER_EXPECTED);
    }
    match parse_time_ms(word, Unit::S) {
        Ok(timeout_ms) if timeout_ms > 0 => {
            call.session.request.read_timeout_ms = timeout_ms;
            call.session.response.write_timeout_ms = timeout_ms;
            Answer::Silent
        }
        Ok(_) | Err(_) => Answer::text("Invalid timeout value.\n"),
    }
}

/// A limit; `missing` says that there is none.
fn number(word: &str, missing: &'static str) -> Result<u32, &'static str> {
    match split_number(word) {
        Some((number, "")) => u32::try_from(number).map_err(|_| OUT_OF_RANGE),
        Some(_) | None => Err(missing),
    }
}

/// Listeners that were held by the old limit try again.
fn release_all(core: &mut Core) {
    core.listeners.release(
        crate::net::admission::WaitFor::Process,
        &mut core.engine.fdtab,
    );
}

const OUT_OF_RANGE: &str = "Value out of range.\n";
const INTEGER_EXPECTED: &str = "Expects an integer value.\n";
const RATE_LIMITS: &str = "'set rate-limit' only supports :\n   - 'connections global', the \
                           connections per second of the process\n   - 'sessions global', its \
                           sessions per second\n   - 'http-compression global', the \
                           kilobytes per second given to compression\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_numbers() {
        assert_eq!(number("12", INTEGER_EXPECTED), Ok(12));
        for word in ["-1", "4294967296"] {
            assert_eq!(number(word, INTEGER_EXPECTED), Err(OUT_OF_RANGE), "{word}");
        }
        for word in ["", "x", "5x", "-", "99999999999999999999"] {
            assert_eq!(
                number(word, INTEGER_EXPECTED),
                Err(INTEGER_EXPECTED),
                "{word}"
            );
        }
    }
}
