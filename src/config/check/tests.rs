//! Small configurations through the loader, and what the checks make of them.

use super::*;
use crate::config::diagnostic::Source;
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::LogTransport;

fn read(text: &str) -> (Config, Report) {
    let source = Source::new("t.cfg".to_owned(), text.as_bytes().to_vec());
    load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    )
}

fn accepted(text: &str) -> Config {
    let (config, report) = read(text);
    assert!(!report.has_errors(), "{}", report.render(1));
    config
}

#[test]
fn numbers_count_up_past_the_given_ones() {
    let config = accepted(
        "frontend a\n id 2\n bind :1 id 1\n bind :2\nbackend b\n server x :1\n server y :1 id 1\n\
         backend c\n server z :1\n",
    );
    let proxies: Vec<u32> = config
        .proxies
        .iter()
        .map(|proxy| proxy.numeric_id)
        .collect();
    let servers: Vec<u32> = config
        .servers
        .iter()
        .map(|server| server.numeric_id)
        .collect();
    let binds: Vec<u32> = config.binds.iter().map(|bind| bind.numeric_id).collect();
    assert_eq!(
        (proxies, servers, binds),
        (vec![2, 1, 3], vec![2, 1, 1], vec![1, 2])
    );
}

#[test]
fn a_name_may_serve_two_sides_once() {
    let duplicates = |text: &str| {
        let (_, report) = read(text);
        report.render(1).matches("has the same name as").count()
    };
    assert_eq!(duplicates("frontend a\nbackend a\n"), 0);
    assert_eq!(duplicates("frontend a\nbackend a\nbackend a\n"), 1);
    assert_eq!(duplicates("frontend a\nbackend a\nlisten a\n"), 1);
    assert_eq!(duplicates("listen a\nfrontend a\nbackend a\n"), 2);
}

#[test]
fn a_listen_is_its_own_backend() {
    let config = accepted("listen a\n bind :1\nfrontend b\n default_backend a\n");
    let targets: Vec<_> = config
        .proxies
        .iter()
        .map(|proxy| proxy.default_backend)
        .collect();
    assert_eq!(targets, [Some(ProxyId(0)), Some(ProxyId(0))]);
}

#[test]
fn a_name_of_both_kinds_refers_to_the_backend() {
    let config = accepted("frontend a\n default_backend a\nbackend a\n");
    assert_eq!(config.proxies[0].default_backend, Some(ProxyId(1)));
}

#[test]
fn a_misspelt_backend_is_underlined_with_advice() {
    let (_, report) = read("frontend f\n bind :80\n default_backend wb\nbackend web\n");
    let text = report.render(1);
    assert!(text.contains("--> t.cfg:3:18"), "{text}");
    assert!(text.contains("^^ did you mean 'web'?"), "{text}");
}

#[test]
fn backends_run_where_their_frontends_do() {
    let config = accepted(
        "frontend a\n bind-process 1\n default_backend x\n\
         frontend b\n bind-process 3\n default_backend x\n\
         frontend c\n default_backend y\nbackend x\nbackend y\nbackend z\n bind-process 2\n",
    );
    let masks: Vec<u64> = config
        .proxies
        .iter()
        .map(|proxy| proxy.process_mask)
        .collect();
    assert_eq!(masks, [0b1, 0b100, 0, 0b101, 0, 0b10]);
}

#[test]
fn log_global_comes_before_own_targets() {
    let config = accepted(
        "frontend f\n log 127.0.0.1:2 local0\n log global\nglobal\n log 127.0.0.1:1 local0\n",
    );
    let targets = config.proxies[0].log.targets.iter();
    let ports: Vec<u16> = targets
        .filter_map(|target| match target.transport {
            LogTransport::Udp(address) => Some(address.port()),
            LogTransport::UnixDatagram(_) | LogTransport::Descriptor(_) => None,
        })
        .collect();
    assert_eq!(ports, [1, 2]);
}

#[test]
fn times_fall_back_on_others() {
    let config = accepted("backend b\n timeout connect 3s\n timeout http-request 4s\n");
    let timeouts = config.proxies[0].timeouts;
    let filled = (
        timeouts.queue_ms,
        timeouts.tarpit_ms,
        timeouts.http_keep_alive_ms,
    );
    assert_eq!(filled, (3_000, 3_000, 4_000));
}

#[test]
fn server_limits_complete_each_other() {
    let config = accepted(
        "backend b\n server a :1 minconn 5\n server b :1 minconn 5 maxconn 3\n\
         server c :1 maxconn 3\n server d :1\n",
    );
    let servers = config.servers.iter();
    let limits: Vec<_> = servers
        .map(|server| (server.minconn, server.maxconn))
        .collect();
    assert_eq!(limits, [(5, 5), (5, 5), (3, 3), (0, 0)]);
}

#[test]
fn process_limits_fill_what_is_not_given() {
    let mut config = accepted(
        "frontend a\n default_backend x\nfrontend b\n maxconn 50\n default_backend x\n\
         backend x\nbackend y\n fullconn 7\nbackend z\n",
    );
    settle_limits(&mut config, 200);
    let seen: Vec<_> = config
        .proxies
        .iter()
        .map(|proxy| (proxy.maxconn, proxy.backlog, proxy.fullconn))
        .collect();
    let expected = [(200, 200, 0), (50, 50, 0), (0, 0, 25), (0, 0, 7), (0, 0, 1)];
    assert_eq!(seen, expected);
}

#[test]
fn tables_point_at_each_other() {
    let config = accepted("listen a\n bind :1-2\n server x :1\nlisten b\n bind :3\n server y :1\n");
    for (index, proxy) in config.proxies.iter().enumerate() {
        let own = ProxyId::of_index(index);
        assert!(proxy.binds.iter().all(|id| config.bind(*id).proxy == own));
        assert!(
            proxy
                .servers
                .iter()
                .all(|id| config.server(*id).proxy == own)
        );
    }
    assert_eq!(config.proxies[1].binds, [BindId(2)]);
    assert_eq!(config.proxies[1].servers, [ServerId::of_index(1)]);
}

#[test]
fn disabled_proxies_are_kept_and_not_criticised() {
    let (config, report) = read("listen a\n disabled\n server x :1\nlisten b\n disabled\n");
    assert_eq!(report.render(1), "");
    assert!(config.proxies.iter().all(|proxy| proxy.disabled));
}

#[test]
fn something_must_listen() {
    let why = |text: &str| nothing_to_serve(&accepted(text)).map(|error| error.message);
    assert_eq!(why("global\n daemon\n").as_deref(), Some(NOTHING_TO_DO));
    assert_eq!(why("backend b\n").as_deref(), Some(NO_LISTENER));
    assert_eq!(
        why("listen l\n disabled\n bind :80\n").as_deref(),
        Some(NO_LISTENER)
    );
    assert_eq!(why("listen l\n bind :80\n"), None);
}
