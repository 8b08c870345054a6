//! Old spellings and switches that scenarios have no use for: what they set.
//!
//! Each is read in a small file and looked for in the model that the proxies work with.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use weir::config::diagnostic::{Report, Source};
use weir::config::environment::Environment;
use weir::config::loader::{Options, load_sources};
use weir::config::model::{Config, ProxyOption, ProxyProtocol};

/// A listen section with these lines, below a defaults section with those.
fn read(defaults: &str, lines: &str) -> Config {
    let text =
        format!("defaults base\n mode http\n{defaults}\nlisten main\n bind 127.0.0.1:1\n{lines}\n");
    let sources = vec![Source::new("a.cfg", text.as_bytes())];
    let environment = Environment::default();
    let (config, report) =
        load_sources(sources, &environment, Options::default(), Report::default());
    assert!(!report.has_errors(), "{}", report.render(1));
    config
}

#[test]
fn old_spellings_switch_the_same_options() {
    let old = read("", " redisp\n transparent\n server a 127.0.0.1:2");
    let options = &old.proxies[0].options;
    assert!(options.has(ProxyOption::Redispatch) && options.has(ProxyOption::Transparent));
    assert_eq!(old.proxies[0].redispatch_after, -1, "the last retry");
}

#[test]
fn old_timeouts_may_stand_behind_the_word_timeout() {
    let config = read(" timeout clitimeout 3s", " timeout srvtimeout 4s");
    let timeouts = &config.proxies[0].timeouts;
    assert_eq!((timeouts.client_ms, timeouts.server_ms), (3_000, 4_000));
}

#[test]
fn switches_are_on_here_and_off_there() {
    let defaults = " option http-no-delay\n option disable-h2-upgrade";
    let on = read(defaults, "");
    let off = read(
        defaults,
        " no option http-no-delay\n no option disable-h2-upgrade",
    );
    for option in [ProxyOption::HttpNoDelay, ProxyOption::DisableH2Upgrade] {
        assert!(on.proxies[0].options.has(option), "{option:?}");
        assert!(!off.proxies[0].options.has(option), "{option:?}");
    }
}

#[test]
fn servers_undo_what_the_default_server_has() {
    let lines = " default-server send-proxy-v2 tfo\n server a 127.0.0.1:2\n \
                 server b 127.0.0.1:3 no-send-proxy-v2 no-tfo";
    let config = read("", lines);
    let seen = config
        .servers
        .iter()
        .map(|server| (server.send_proxy, server.tcp_fast_open));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [(ProxyProtocol::V2, true), (ProxyProtocol::None, false)]
    );
}
