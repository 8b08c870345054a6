//! Commands about servers and counters: weights, maintenance, draining.
//!
//! Replies are those of HAProxy 2.6 to the letter: programs compare them.

use super::command::{Answer, Call};
use crate::config::model::{Balance, Config, ProxyId, ServerId};
use crate::state::ServerState;
use crate::worker::Core;

/// `clear counters [all]`.
pub(super) fn clear_counters(call: &mut Call<'_>) -> Answer {
    let all = call.words.word(2) == "all";
    if all && call.terms.level < crate::config::model::CliLevel::Admin {
        return Answer::text("Permission denied\n");
    }
    call.worker.core.state.clear_counters(all);
    Answer::Silent
}

/// `get weight <backend>/<server>`.
pub(super) fn get_weight(call: &mut Call<'_>) -> Answer {
    let core = &call.worker.core;
    match find_server(call.words.word(2), core) {
        Ok(server) => {
            let weight = core.state.server(server).weight;
            let initial = core.config.server(server).weight;
            Answer::Text(format!("{weight} (initial {initial})\n"))
        }
        Err(message) => Answer::text(message),
    }
}

/// `set weight <backend>/<server> <weight>`.
pub(super) fn set_weight(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    match find_server(call.words.word(2), core) {
        Ok(server) => change_weight(core, server, call.words.word(3)),
        Err(message) => Answer::text(message),
    }
}

/// `disable server <backend>/<server>`.
pub(super) fn disable_server(call: &mut Call<'_>) -> Answer {
    on_server(call, |core, server| {
        change_state(core, server, |state| state.maintenance = true);
    })
}

/// `enable server <backend>/<server>`.
pub(super) fn enable_server(call: &mut Call<'_>) -> Answer {
    on_server(call, |core, server| {
        change_state(core, server, |state| state.maintenance = false);
    })
}

/// `set server <backend>/<server> state|weight <value>`.
pub(super) fn set_server(call: &mut Call<'_>) -> Answer {
    let words = call.words;
    let core = &mut call.worker.core;
    let server = match find_server(words.word(2), core) {
        Ok(server) => server,
        Err(message) => return Answer::text(message),
    };
    match (words.word(3), words.word(4)) {
        ("weight", weight) => return change_weight(core, server, weight),
        ("state", "ready") => change_state(core, server, |state| {
            state.maintenance = false;
            state.drain = false;
        }),
        ("state", "drain") => change_state(core, server, |state| {
            state.maintenance = false;
            state.drain = true;
        }),
        ("state", "maint") => change_state(core, server, |state| {
            state.maintenance = true;
            state.drain = false;
        }),
        ("state", _) => {
            return Answer::text(
                "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n",
            );
        }
        _ => return Answer::text("usage: set server <backend>/<server> state | weight\n"),
    }
    Answer::Silent
}

fn on_server(call: &mut Call<'_>, act: fn(&mut Core, ServerId)) -> Answer {
    let core = &mut call.worker.core;
    match find_server(call.words.word(2), core) {
        Ok(server) => {
            act(core, server);
            Answer::Silent
        }
        Err(message) => Answer::text(message),
    }
}

/// The server that `backend/server` means; both may be numbers behind a `#`.
///
/// # Errors
/// What is missing, with its line end.
pub(super) fn find_server(word: &str, core: &Core) -> Result<ServerId, &'static str> {
    let config = core.config;
    let Some((backend, server)) = word
        .split_once('/')
        .filter(|(_, server)| !server.is_empty())
    else {
        return Err("Require 'backend/server'.\n");
    };
    let proxies = config.proxies.iter();
    let proxy = proxies.enumerate().find(|(_, proxy)| {
        proxy.capabilities.backend && is_called(backend, &proxy.name, proxy.numeric_id)
    });
    let Some((index, proxy)) = proxy else {
        return Err("No such backend.\n");
    };
    let found = proxy.servers.iter().copied().find(|id| {
        let settings = config.server(*id);
        is_called(server, &settings.name, settings.numeric_id)
    });
    let Some(found) = found else {
        return Err("No such server.\n");
    };
    if proxy.disabled || core.state.proxy(ProxyId::of_index(index)).stopping {
        return Err("Proxy is disabled.\n");
    }
    Ok(found)
}

/// True when `word` is the name, or the number behind a `#`.
pub(super) fn is_called(word: &str, name: &str, numeric_id: u32) -> bool {
    match word.strip_prefix('#') {
        Some(number) => number.parse() == Ok(numeric_id),
        None => word == name,
    }
}

fn change_state(core: &mut Core, server: ServerId, change: fn(&mut ServerState)) {
    let (now_s, _) = core.engine.clock.date();
    change_server(core, server, |state| {
        let before = (state.maintenance, state.drain);
        change(state);
        if before != (state.maintenance, state.drain) {
            state.last_change = now_s;
        }
    });
}

/// Changes a server and tells those who depend on it.
fn change_server(core: &mut Core, server: ServerId, change: impl FnOnce(&mut ServerState)) {
    let (now_s, _) = core.engine.clock.date();
    let backend = core.config.server(server).proxy;
    let was_up = is_up(core, backend);
    change(core.state.server_mut(server));
    if was_up != is_up(core, backend) {
        core.state.proxy_mut(backend).last_change = now_s;
    }
    core.server_changed(server);
}

fn is_up(core: &Core, backend: ProxyId) -> bool {
    core.config
        .proxy(backend)
        .servers
        .iter()
        .any(|id| core.state.server(*id).is_usable())
}

fn change_weight(core: &mut Core, server: ServerId, word: &str) -> Answer {
    match parse_weight(word, core.config, server) {
        Ok(weight) => {
            change_server(core, server, |state| state.weight = weight);
            Answer::Silent
        }
        Err(message) => Answer::text(message),
    }
}

/// An absolute weight, or a percentage of the configured one.
fn parse_weight(word: &str, config: &Config, server: ServerId) -> Result<u16, &'static str> {
    let settings = config.server(server);
    if word.is_empty() {
        return Err("Require <weight> or <weight%>.\n");
    }
    let (number, rest) = split_number(word).ok_or(GARBAGE_BEFORE)?;
    let weight = match rest {
        "%" if number < 0 => return Err("Relative weight must be positive.\n"),
        "%" => {
            let scaled = i64::from(settings.weight).saturating_mul(number) / 100;
            scaled.min(WEIGHT_MAX)
        }
        "" if !(0..=WEIGHT_MAX).contains(&number) => {
            return Err("Absolute weight can only be between 0 and 256 inclusive.\n");
        }
        "" => number,
        _ => return Err("Trailing garbage in weight string"),
    };
    let weight = u16::try_from(weight).unwrap_or(0);
    let is_fixed = match config.proxy(settings.proxy).balance {
        Balance::StaticRoundRobin | Balance::Source | Balance::RdpCookie => true,
        Balance::RoundRobin | Balance::LeastConnections => false,
    };
    if is_fixed && weight != 0 && weight != settings.weight {
        return Err(FIXED_WEIGHTS);
    }
    Ok(weight)
}

/// The number that a word begins with, and what follows it.
pub(super) fn split_number(word: &str) -> Option<(i64, &str)> {
    let sign = usize::from(word.starts_with(['-', '+']));
    let digits = word
        .bytes()
        .skip(sign)
        .take_while(u8::is_ascii_digit)
        .count();
    let (number, rest) = word.split_at_checked(sign + digits)?;
    Some((number.parse().ok()?, rest))
}

const WEIGHT_MAX: i64 = 256;
const GARBAGE_BEFORE: &str = "Empty weight string empty or preceded by garbage";
const FIXED_WEIGHTS: &str = "Backend is using a static LB algorithm and only accepts weights \
                             '0%' and '100%'.\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::Environment;
    use crate::config::loader;

    fn config(balance: &str) -> Config {
        let text = format!(
            "defaults\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n\
             listen l\n bind 127.0.0.1:1\n balance {balance}\n server s 127.0.0.1:1 weight 7\n"
        );
        let directory = std::env::temp_dir();
        let path = directory.join(format!("weir-control-{balance}-{}.cfg", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let options = loader::Options { diagnostic: false };
        let paths = [path.clone()];
        let (config, report) = loader::load_with(&paths, &Environment::default(), options);
        std::fs::remove_file(path).unwrap();
        assert!(!report.has_errors(), "{}", report.render(1));
        config
    }

    #[test]
    fn weights_are_absolute_or_relative() {
        let config = config("roundrobin");
        let weight = |word: &str| parse_weight(word, &config, ServerId::of_index(0));
        assert_eq!(weight("5"), Ok(5));
        assert_eq!(weight("50%"), Ok(3));
        assert_eq!(weight("300000%"), Ok(256));
        assert_eq!(weight("-1%"), Err("Relative weight must be positive.\n"));
        for word in ["-1", "257", "9999999999"] {
            let message = "Absolute weight can only be between 0 and 256 inclusive.\n";
            assert_eq!(weight(word), Err(message), "{word}");
        }
        assert_eq!(weight("x"), Err(GARBAGE_BEFORE));
        assert_eq!(weight("5x"), Err("Trailing garbage in weight string"));
        assert_eq!(weight(""), Err("Require <weight> or <weight%>.\n"));
    }

    #[test]
    fn static_algorithms_know_all_or_nothing() {
        let config = config("source");
        let weight = |word: &str| parse_weight(word, &config, ServerId::of_index(0));
        assert_eq!(
            (weight("0%"), weight("100%"), weight("7")),
            (Ok(0), Ok(7), Ok(7))
        );
        assert_eq!(weight("5"), Err(FIXED_WEIGHTS));
    }

    #[test]
    fn names_may_be_numbers_behind_a_hash() {
        assert!(is_called("a", "a", 1) && is_called("#1", "a", 1));
        assert!(!is_called("1", "a", 1) && !is_called("#", "a", 0));
    }
}
