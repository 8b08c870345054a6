//! Whole sections through the loader, looked at in the model.

use super::*;
use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::{
    Action, AddressSpec, Config, ConnectionMode, Decision, Forwarded, LogFormat, PortRule, Proxy,
    ProxyOption, ProxyProtocol, ReplyBody, RuleSet, Server, SourceAddress, Timeouts,
};
use proptest::prelude::*;

fn read(text: &str) -> (Config, Report) {
    let source = Source::new("t.cfg".to_owned(), text.as_bytes().to_vec());
    load_sources(
        vec![source],
        &Environment::default(),
        Options::default(),
        Report::default(),
    )
}

/// The only proxy of a `listen` section with these lines, which must not be refused.
fn listen(lines: &str) -> (Config, Proxy) {
    let (config, report) = read(&format!("listen l\n mode http\n bind :80\n{lines}\n"));
    assert!(!report.has_errors(), "{}", report.render(1));
    let proxy = config.proxies.first().cloned().unwrap();
    (config, proxy)
}

fn server(parameters: &str) -> Server {
    listen(&format!(" server s 127.0.0.1:1 {parameters}"))
        .0
        .servers
        .remove(0)
}

#[test]
fn probes_are_described_and_inherited() {
    let checks =
        server("check inter 5s fastinter 1s downinter 1m rise 1 fall 4 port 81").check_settings;
    assert_eq!(
        (checks.inter_ms, checks.fastinter_ms, checks.downinter_ms),
        (5_000, 1_000, 60_000)
    );
    assert_eq!((checks.rise, checks.fall, checks.port), (1, 4, 81));
    let (config, _) =
        listen(" default-server inter 7 addr 127.0.0.2\n server a 127.0.0.1:1 rise 9");
    let checks = &config.servers[0].check_settings;
    assert_eq!((checks.inter_ms, checks.rise, checks.fall), (7, 9, 3));
    assert_eq!(checks.address, Some(([127, 0, 0, 2], 0).into()));
    for wrong in [
        "inter 0",
        "rise 0",
        "fall x",
        "port 70000",
        "downinter",
        "addr xx:",
    ] {
        let (_, report) = read(&format!("backend b\n server s 127.0.0.1:1 check {wrong}\n"));
        assert!(report.has_errors(), "{wrong}");
    }
}

#[test]
fn tables_are_sorted_and_described() {
    for table in KEYWORDS.tables {
        assert!(
            table.is_sorted_by(|a, b| a.name < b.name),
            "{}",
            table[0].name
        );
        for keyword in *table {
            assert!(keyword.usage.starts_with(keyword.name), "{}", keyword.name);
            assert!(
                keyword.doc.ends_with('.') && !keyword.since.is_empty(),
                "{}",
                keyword.name
            );
        }
    }
    for keyword in ["bind", "server"] {
        let usages = parameters(keyword);
        assert!(usages.is_sorted_by(|a, b| a.0 < b.0), "{keyword}");
        assert!(
            usages.iter().all(|(_, doc)| doc.ends_with('.')),
            "{keyword}"
        );
    }
}

#[test]
fn bind_makes_one_socket_per_address_and_port() {
    let (config, proxy) = listen(" bind 127.0.0.1:81-83,/tmp/x name n maxconn 5");
    let shown: Vec<String> = config
        .binds
        .iter()
        .map(|bind| format!("{:?}", bind.address))
        .collect();
    let expected = [
        "Ip(0.0.0.0:80)",
        "Ip(127.0.0.1:81)",
        "Ip(127.0.0.1:82)",
        "Ip(127.0.0.1:83)",
        "Unix(\"/tmp/x\")",
    ];
    assert_eq!(shown, expected);
    assert_eq!(proxy.binds.len(), 5);
    let numbers: Vec<u32> = config.binds.iter().map(|bind| bind.numeric_id).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let last = config.binds.last().unwrap();
    assert_eq!((last.name.as_deref(), last.options.maxconn), (Some("n"), 5));
}

#[test]
fn bind_parameters_land() {
    let (config, _) = listen(
        " bind :81 accept-proxy backlog 3 defer-accept interface lo mss -100 nice -5 \
          process 1-2 tfo transparent v6only id 9",
    );
    let bind = config.binds.last().unwrap();
    let options = &bind.options;
    assert!(options.accept_proxy && options.defer_accept && options.tcp_fast_open);
    assert!(options.transparent && options.v6only == Some(true));
    assert_eq!((options.backlog, options.mss, options.nice), (3, -100, -5));
    assert_eq!((options.process_mask, bind.numeric_id), (0b11, 9));
    assert_eq!(options.interface.as_deref(), Some("lo"));
}

#[test]
fn unix_bind_applies_to_paths() {
    let text = "global\n unix-bind prefix /run/ mode 600\nlisten l\n bind /x mode 644\n bind /y\n";
    let (config, _) = read(text);
    let shown = |index: usize| {
        let bind = &config.binds[index];
        (format!("{:?}", bind.address), bind.options.unix.mode)
    };
    assert_eq!(shown(0), ("Unix(\"/run//x\")".to_owned(), Some(0o644)));
    assert_eq!(shown(1), ("Unix(\"/run//y\")".to_owned(), Some(0o600)));
}

#[test]
fn server_parameters_land() {
    let server = server(
        "weight 0 backup maxconn 5 minconn 2 maxqueue 9 check disabled id 7 send-proxy-v2 tfo \
         pool-max-conn 4 pool-purge-delay 3s pool-low-conn 2 cookie x source 127.0.0.2:5000-5008 \
         usesrc clientip interface lo",
    );
    assert!(server.backup && server.check && server.disabled && server.tcp_fast_open);
    assert_eq!(
        (
            server.weight,
            server.maxconn,
            server.minconn,
            server.maxqueue
        ),
        (0, 5, 2, 9)
    );
    assert_eq!(
        (server.numeric_id, server.send_proxy),
        (7, ProxyProtocol::V2)
    );
    assert_eq!(
        (server.pool_max_conn, server.pool_purge_delay_ms),
        (Some(4), 3_000)
    );
    assert_eq!(
        (server.pool_low_conn, server.cookie.as_deref()),
        (2, Some("x"))
    );
    let source = server.source.unwrap();
    assert_eq!(source.ports, Some((5_000, 5_008)));
    assert_eq!(source.usesrc, Some(SourceAddress::ClientIp));
    assert_eq!(source.interface.as_deref(), Some("lo"));
}

#[test]
fn servers_have_the_documented_defaults() {
    let server = server("");
    assert_eq!(
        (server.weight, server.maxconn, server.numeric_id),
        (1, 0, 1)
    );
    assert_eq!(
        (server.pool_max_conn, server.pool_purge_delay_ms),
        (None, 5_000)
    );
    assert_eq!(server.port_rule, PortRule::Fixed);
}

#[test]
fn ports_may_follow_the_client() {
    let (config, _) = listen(" server a 127.0.0.1\n server b 127.0.0.1:-5\n server c /x");
    let rules: Vec<PortRule> = config
        .servers
        .iter()
        .map(|server| server.port_rule)
        .collect();
    assert_eq!(
        rules,
        [PortRule::Offset(0), PortRule::Offset(-5), PortRule::Fixed]
    );
}

#[test]
fn default_server_concerns_later_servers_and_can_be_undone() {
    let (config, _) = listen(
        " server a 127.0.0.1:1\n default-server weight 3 disabled send-proxy\n \
         server b 127.0.0.1:1\n server c 127.0.0.1:1 weight 4 enabled no-send-proxy",
    );
    let seen: Vec<_> = config
        .servers
        .iter()
        .map(|server| (server.weight, server.disabled, server.send_proxy))
        .collect();
    let expected = [
        (1, false, ProxyProtocol::None),
        (3, true, ProxyProtocol::V1),
        (4, false, ProxyProtocol::None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn every_switch_option_can_be_set_and_negated() {
    let mut count = 0;
    for keyword in option::KEYWORDS.iter().filter(|keyword| keyword.negatable) {
        if keyword.name == "option tcp-smart-accept" {
            continue;
        }
        let before = listen("").1;
        let (_, on) = listen(&format!(" {}", keyword.name));
        let (_, off) = listen(&format!(" {}\n no {}", keyword.name, keyword.name));
        let (_, default) = listen(&format!(" {}\n default {}", keyword.name, keyword.name));
        let state = |proxy: &Proxy| (proxy.options, proxy.connection_mode);
        let is_builtin = keyword.name == "option http-keep-alive";
        assert_eq!(state(&on) == state(&before), is_builtin, "{}", keyword.name);
        assert_eq!(state(&off), state(&before), "{}", keyword.name);
        assert_eq!(state(&default), state(&before), "{}", keyword.name);
        count += 1;
    }
    assert!(count > 30);
}

#[test]
fn smart_accept_is_the_default_of_http_frontends() {
    let is_on = |lines: &str| listen(lines).1.options.has(ProxyOption::TcpSmartAccept);
    assert!(is_on("") && is_on(" default option tcp-smart-accept"));
    assert!(!is_on(" no option tcp-smart-accept"));
    assert!(!is_on(" mode tcp") && is_on(" mode tcp\n option tcp-smart-accept"));
}

#[test]
fn tcpka_concerns_both_sides() {
    let options = listen(" option tcpka").1.options;
    assert!(options.has(ProxyOption::ClientTcpKeepAlive));
    assert!(options.has(ProxyOption::ServerTcpKeepAlive));
}

#[test]
fn the_last_connection_mode_counts_and_no_removes_only_its_own() {
    let mode = |lines: &str| listen(lines).1.connection_mode;
    assert_eq!(
        mode(" option httpclose\n option http-server-close"),
        ConnectionMode::ServerClose
    );
    assert_eq!(
        mode(" option httpclose\n no option http-server-close"),
        ConnectionMode::Close
    );
    assert_eq!(
        mode(" option forceclose\n no option httpclose"),
        ConnectionMode::KeepAlive
    );
    assert_eq!(
        mode(" option http-tunnel\n default option httpclose"),
        ConnectionMode::KeepAlive
    );
}

#[test]
fn redispatch_takes_an_interval() {
    let read = |lines: &str| {
        let proxy = listen(lines).1;
        (
            proxy.options.has(ProxyOption::Redispatch),
            proxy.redispatch_after,
        )
    };
    assert_eq!(read(" option redispatch"), (true, -1));
    assert_eq!(read(" option redispatch 3"), (true, 3));
    assert_eq!(read(" option redispatch 0"), (false, 0));
}

#[test]
fn log_formats_are_chosen_by_options() {
    let format = |lines: &str| listen(lines).1.log.format;
    assert_eq!(format(" option tcplog"), LogFormat::Tcp);
    assert_eq!(format(" option httplog"), LogFormat::Http);
    assert_eq!(format(" option httplog clf"), LogFormat::HttpClf);
    assert_eq!(format(""), LogFormat::Default);
}

#[test]
fn forwarded_headers() {
    let proxy = listen(" option forwardfor header X-Me if-none except 10.0.0.0/8").1;
    let network = network::parse("10.0.0.0/8");
    let expected = Forwarded {
        header: "X-Me".to_owned(),
        except: network,
        if_none: true,
    };
    assert_eq!(proxy.forwardfor, Some(expected));
    let default = listen(" option originalto").1.originalto.unwrap();
    assert_eq!(
        (default.header.as_str(), default.except),
        ("X-Original-To", None)
    );
}

#[test]
fn every_timeout_has_its_field() {
    let names = [
        "client",
        "client-fin",
        "server",
        "server-fin",
        "connect",
        "queue",
        "http-request",
        "http-keep-alive",
        "tarpit",
        "tunnel",
        "check",
    ];
    let lines = names.iter().enumerate();
    let lines: Vec<String> = lines
        .map(|(index, name)| format!(" timeout {name} {}s", index + 1))
        .collect();
    let expected = Timeouts {
        client_ms: 1_000,
        client_fin_ms: 2_000,
        server_ms: 3_000,
        server_fin_ms: 4_000,
        connect_ms: 5_000,
        queue_ms: 6_000,
        http_request_ms: 7_000,
        http_keep_alive_ms: 8_000,
        tarpit_ms: 9_000,
        tunnel_ms: 10_000,
        check_ms: 11_000,
    };
    assert_eq!(listen(&lines.join("\n")).1.timeouts, expected);
}

#[test]
fn old_timeouts_mean_the_new_ones() {
    let timeouts = listen(" clitimeout 1\n timeout contimeout 2\n srvtimeout 3")
        .1
        .timeouts;
    assert_eq!(
        (timeouts.client_ms, timeouts.connect_ms, timeouts.server_ms),
        (1, 2, 3)
    );
}

#[test]
fn defaults_apply_to_what_follows_and_replace_each_other() {
    let (config, _) = read(
        "defaults one\n retries 7\n timeout client 4s\n mode http\ndefaults\n retries 8\n\
         defaults three from one\n maxconn 9\n\
         frontend a from one\nfrontend b\nbackend c from three\n",
    );
    let seen: Vec<_> = config
        .proxies
        .iter()
        .map(|proxy| {
            (
                proxy.name.as_str(),
                proxy.retries,
                proxy.timeouts.client_ms,
                proxy.maxconn,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [("a", 7, 4_000, 0), ("b", 7, 4_000, 9), ("c", 7, 4_000, 9)]
    );
}

#[test]
fn rules_of_named_defaults_come_first() {
    let (config, report) = read(
        "defaults d\n mode http\n http-request return status 201\n\
         frontend f\n bind :80\n http-request return status 202\n",
    );
    assert!(!report.has_errors(), "{}", report.render(1));
    let rules = config.proxies[0].rules.of(RuleSet::HttpRequest).iter();
    let statuses: Vec<u16> = rules
        .map(|rule| match &rule.action {
            Action::Decide(Decision::Return(reply)) => reply.status,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(statuses, [201, 202]);
}

#[test]
fn return_is_rendered_at_load() {
    let proxy = listen(
        " http-request return status 404 hdr X-A \"100%%\" content-type text/plain string \"a\\n\"",
    )
    .1;
    let Action::Decide(Decision::Return(reply)) = &proxy.rules.of(RuleSet::HttpRequest)[0].action
    else {
        panic!("no return rule");
    };
    let head = "HTTP/1.1 404 Not Found\r\nx-a: 100%\r\ncontent-length: 2\r\n\
                content-type: text/plain\r\n";
    assert_eq!(String::from_utf8_lossy(&reply.head), head);
    assert!(matches!(&reply.body, ReplyBody::Bytes(bytes) if *bytes == b"a\n".to_vec()));
}

#[test]
fn error_locations_are_rendered_at_load() {
    let proxy = listen(" errorloc 503 http://a/x\n errorloc303 404 http://a/y").1;
    let pages: Vec<_> = proxy.errorfiles.to_vec();
    let seen = pages.iter().map(|(status, page)| (*status, page.status()));
    assert_eq!(seen.collect::<Vec<_>>(), [(503, 302), (404, 303)]);
    let (head, _) = pages[0].1.as_ref().clone().into_answer();
    assert!(String::from_utf8_lossy(&head).ends_with("\r\nlocation: http://a/x\r\n"));
    for line in [
        " errorloc 599 /x",
        " errorloc 503",
        " errorloc 503 \"a\\r\\nb: c\"",
    ] {
        let (_, report) = read(&format!("listen l\n mode http\n bind :80\n{line}\n"));
        assert!(report.has_errors(), "{line}");
    }
}

#[test]
fn return_with_an_error_file_wants_one_that_can_be_had() {
    for line in [
        "errorfile /dev/null",
        "status 503 errorfile",
        "status 503 errorfile /nonexistent",
        "status 503 content-type a/b string x errorfile /dev/null",
    ] {
        let (_, report) = read(&format!(
            "listen l\n mode http\n bind :80\n http-request return status 299 {line}\n"
        ));
        assert!(report.has_errors(), "{line}");
    }
    let proxy = listen(" http-request return status 503 errorfile /dev/null hdr a b").1;
    let Action::Decide(Decision::Return(reply)) = &proxy.rules.of(RuleSet::HttpRequest)[0].action
    else {
        panic!("no return rule");
    };
    assert!(reply.status == 503 && reply.head.is_empty());
}

#[test]
fn return_cannot_split_a_response() {
    for line in [
        " http-request return hdr a \"x\\r\\ny\"",
        " http-request return hdr \"a b\" c",
        " http-request return content-type \"x\\ny\" string s",
    ] {
        let (_, report) = read(&format!("listen l\n mode http\n bind :80\n{line}\n"));
        assert!(report.has_errors(), "{line}");
    }
}

#[test]
fn addresses_on_the_section_line_are_binds() {
    let (config, report) = read("listen l 127.0.0.1:80,127.0.0.1:81\n");
    assert_eq!(config.binds.len(), 2);
    assert!(report.render(1).contains("please use 'bind'"));
}

#[test]
fn errors_leave_the_rest_of_the_section_readable() {
    let (config, report) = read("listen l\n bind :x\n bind :80\n maxcon 4\n maxconn 5\n");
    assert_eq!((config.binds.len(), config.proxies[0].maxconn), (1, 5));
    let text = report.render(1);
    assert!(text.contains("did you mean 'maxconn'?"), "{text}");
    assert!(matches!(config.binds[0].address, AddressSpec::Ip(_)));
}

/// A keyword, its address given where it has one: random words would be resolved as hosts.
fn keyword() -> impl Strategy<Value = String> {
    let names: Vec<&str> = KEYWORDS.infos().map(|info| info.name).collect();
    proptest::sample::select(names).prop_map(|name| match name {
        "bind" | "dispatch" | "log" | "source" => format!("{name} :1"),
        "server" => "server s :1".to_owned(),
        other => other.to_owned(),
    })
}

fn values() -> impl Strategy<Value = Vec<String>> {
    let value = "[0-9:./%,-]{0,8}|id|name|hdr|status|string|if|weight|check|interface|mode|[0-9]s";
    proptest::collection::vec(value, 0..6)
}

proptest! {
    /// Every keyword with random values behind it ends in a model or in a message.
    #[test]
    fn no_line_panics(
        section in "defaults d|frontend f|listen l|backend b",
        prefix in "(no |default )?",
        keyword in keyword(),
        values in values(),
    ) {
        let values = values.join(" ");
        let (_, report) = read(&format!("{section}\n {prefix}{keyword} {values}\n"));
        prop_assert_eq!(report.render(1).is_empty(), report.diagnostics().is_empty());
    }
}
