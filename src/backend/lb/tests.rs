//! The order in which each algorithm of `balance` chooses servers, and what weights, limits
//! and backups change about it.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::*;
use crate::config::model::{AddressSpec, PortRule, Proxy, ProxyOption, ProxyProtocol, Server};

/// A backend with its state and its balancer, driven like sessions would drive it.
struct Backend {
    config: &'static Config,
    state: State,
    balancer: Balancer,
    /// Servers that refuse connections.
    refusing: Vec<ServerId>,
}

/// The servers of a backend, written as in the recorded sequences: `3`, or with `b` for
/// backup, `m2` for maxconn 2, `x` for one that refuses connections, in this order.
fn server(spec: &str) -> (Server, bool) {
    let (spec, refuses) = spec
        .strip_suffix('x')
        .map_or((spec, false), |spec| (spec, true));
    let (spec, maxconn) = spec.split_once('m').unwrap_or((spec, "0"));
    let (weight, backup) = spec
        .strip_suffix('b')
        .map_or((spec, false), |spec| (spec, true));
    let server = Server {
        proxy: ProxyId(0),
        name: String::new(),
        numeric_id: 0,
        address: AddressSpec::Ip(SocketAddr::from(([127, 0, 0, 1], 80))),
        port_rule: PortRule::Fixed,
        weight: weight.parse().unwrap(),
        maxconn: maxconn.parse().unwrap(),
        minconn: 0,
        maxqueue: 0,
        backup,
        disabled: false,
        check: false,
        check_settings: crate::config::model::CheckSettings::default(),
        send_proxy: ProxyProtocol::None,
        source: None,
        tcp_fast_open: false,
        pool_max_conn: None,
        pool_purge_delay_ms: 0,
        pool_low_conn: 0,
        cookie: None,
        place: crate::config::model::Place::default(),
    };
    (server, refuses)
}

impl Backend {
    fn new(balance: Balance, specs: &str, all_backups: bool) -> Self {
        let (servers, refuses): (Vec<Server>, Vec<bool>) = specs.split(',').map(server).unzip();
        let ids = (0..servers.len()).map(ServerId::of_index);
        let refusing = ids.clone().filter(|id| refuses[id.index()]).collect();
        let mut proxy = Proxy {
            balance,
            servers: ids.collect(),
            ..Proxy::default()
        };
        proxy.options.set(ProxyOption::AllBackups, all_backups);
        let config: &'static Config = Box::leak(Box::new(Config {
            proxies: vec![proxy],
            servers,
            ..Config::default()
        }));
        let state = State::new(config, 0);
        let balancer = Balancer::new(config, ProxyId(0));
        Self {
            config,
            state,
            balancer,
            refusing,
        }
    }

    fn choose(&mut self, avoid: Option<ServerId>, client: Option<IpAddr>) -> Choice {
        self.choose_by(avoid, client, None)
    }

    fn choose_by(
        &mut self,
        avoid: Option<ServerId>,
        client: Option<IpAddr>,
        key: Option<&[u8]>,
    ) -> Choice {
        let context = ChoiceContext {
            config: self.config,
            state: &self.state,
            backend: ProxyId(0),
            avoid,
            client,
            key,
        };
        self.balancer.choose(&context)
    }

    /// The number of the server that a session takes, from 1, redispatched once if the first
    /// one refuses it; 0 for none.
    fn open(&mut self, client: Option<IpAddr>) -> usize {
        let mut avoid = None;
        loop {
            let Choice::Server(server) = self.choose(avoid, client) else {
                return 0;
            };
            self.count(server, 1);
            if avoid.is_some() || !self.refusing.contains(&server) {
                return server.index() + 1;
            }
            self.count(server, -1);
            avoid = Some(server);
        }
    }

    fn close(&mut self, number: usize) {
        if let Some(index) = number.checked_sub(1) {
            self.count(ServerId::of_index(index), -1);
        }
    }

    fn count(&mut self, server: ServerId, by: i32) {
        let sessions = &mut self.state.server_mut(server).sessions;
        *sessions = sessions.checked_add_signed(by).unwrap();
        self.balancer.session_count_changed(server, *sessions);
    }

    fn change(&mut self, number: usize, to: &str) {
        let server = ServerId::of_index(number - 1);
        let state = self.state.server_mut(server);
        match to {
            "maint" => state.maintenance = true,
            "ready" => state.maintenance = false,
            "w100%" => state.weight = self.config.server(server).weight,
            weight => state.weight = weight.strip_prefix('w').unwrap().parse().unwrap(),
        }
        self.balancer.server_changed(&self.state, server);
    }

    /// Replays one step; what came of it in the same notation.
    fn replay(&mut self, step: &str) -> String {
        if let Some(rest) = step.strip_prefix('!') {
            let (number, to) = rest.split_once('=').unwrap();
            self.change(number.parse().unwrap(), to);
            return step.to_owned();
        }
        if let Some(number) = step.strip_prefix('-') {
            self.close(number.parse().unwrap());
            return step.to_owned();
        }
        if step.starts_with('+') {
            return format!("+{}", self.open(None));
        }
        let client = step.split_once('@').map(|(_, address)| address);
        let number = self.open(client.map(|address| address.parse().unwrap()));
        self.close(number);
        client.map_or(number.to_string(), |address| format!("{number}@{address}"))
    }
}

/// Replays all sequences of an algorithm that were recorded from HAProxy 2.6, one per line:
/// `algorithm servers [allbackups] : steps`. A step is `2`, a session that server 2 got and
/// that ended at once, `+2`, one that stays, `-2`, the end of one that stayed, `0`, one that
/// had to wait and gave up, `2@127.0.0.1`, one of that client, or `!2=w5`, a command.
fn replay_recorded(algorithm: &str, balance: Balance) {
    let prefix = format!("{algorithm} ");
    let mut lines = RECORDED
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .peekable();
    assert!(lines.peek().is_some());
    for line in lines {
        let (head, steps) = line.split_once(" : ").unwrap();
        let (specs, options) = head.split_once(' ').unwrap_or((head, ""));
        let mut backend = Backend::new(balance, specs, options == "allbackups");
        let mut done = String::new();
        for step in steps.split(' ') {
            let replayed = backend.replay(step);
            assert_eq!(replayed, step, "{algorithm} {head} after{done}");
            done = format!("{done} {replayed}");
        }
    }
}

#[test]
fn roundrobin_follows_the_recorded_order() {
    replay_recorded("roundrobin", Balance::RoundRobin);
}

#[test]
fn static_rr_follows_the_recorded_order() {
    replay_recorded("static-rr", Balance::StaticRoundRobin);
}

#[test]
fn leastconn_follows_the_recorded_order() {
    replay_recorded("leastconn", Balance::LeastConnections);
}

#[test]
fn source_follows_the_recorded_order() {
    replay_recorded("source", Balance::Source);
}

#[test]
fn nobody_serves_when_nobody_is_usable() {
    for balance in ALL {
        let mut backend = Backend::new(balance, "1,2b,0", false);
        backend.change(1, "maint");
        backend.change(2, "w0");
        assert_eq!(
            backend.choose(None, CLIENT),
            Choice::NoneUsable,
            "{balance:?}"
        );
        backend.change(2, "w1");
        assert_eq!(backend.open(CLIENT), 2, "{balance:?}");
        let mut empty = Backend::new(balance, "0", false);
        assert_eq!(
            empty.choose(None, CLIENT),
            Choice::NoneUsable,
            "{balance:?}"
        );
    }
}

#[test]
fn a_server_of_weight_0_serves_once_it_has_another() {
    for balance in ALL {
        let mut backend = Backend::new(balance, "1,0", false);
        assert_eq!(backend.open(CLIENT), 1);
        backend.change(2, "w1");
        backend.change(1, "maint");
        assert_eq!(backend.open(CLIENT), 2);
    }
}

#[test]
fn full_servers_are_passed_over_until_all_are() {
    for balance in [
        Balance::RoundRobin,
        Balance::StaticRoundRobin,
        Balance::LeastConnections,
    ] {
        let mut backend = Backend::new(balance, "3m1,1m2", false);
        let mut numbers = [backend.open(None), backend.open(None), backend.open(None)];
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 2], "{balance:?}");
        assert_eq!(backend.choose(None, None), Choice::AllFull, "{balance:?}");
        backend.close(2);
        assert_eq!(backend.open(None), 2, "{balance:?}");
    }
}

#[test]
fn a_server_that_sessions_wait_for_is_full_except_for_static_rr() {
    for (balance, expected) in [
        (Balance::RoundRobin, Choice::AllFull),
        (Balance::LeastConnections, Choice::AllFull),
        (
            Balance::StaticRoundRobin,
            Choice::Server(ServerId::of_index(0)),
        ),
    ] {
        let mut backend = Backend::new(balance, "1m2", false);
        backend.state.server_mut(ServerId::of_index(0)).queued = 1;
        assert_eq!(backend.choose(None, None), expected, "{balance:?}");
    }
}

#[test]
fn a_client_keeps_its_full_server_under_source() {
    let mut backend = Backend::new(Balance::Source, "1m1,1m1", false);
    let first = backend.open(CLIENT);
    assert_eq!(backend.open(CLIENT), first);
}

#[test]
fn cookies_choose_the_servers_that_haproxy_chooses_under_rdp_cookie() {
    let mut backend = Backend::new(Balance::RdpCookie, "1,2,3", false);
    // Seen on HAProxy 2.6 with the same weights.
    for (cookie, number) in [
        (&b"a"[..], 3),
        (b"user1", 1),
        (b"user2", 3),
        (b"user3", 2),
        (b"longer.user.name", 3),
        (b"zz", 2),
    ] {
        let server = Choice::Server(ServerId::of_index(number - 1));
        assert_eq!(backend.choose_by(None, CLIENT, Some(cookie)), server);
    }
    let mut equal = Backend::new(Balance::RdpCookie, "1,1", false);
    assert_eq!([equal.open(CLIENT), equal.open(CLIENT)], [1, 2]);
}

#[test]
fn clients_without_an_address_take_turns_under_source() {
    let mut backend = Backend::new(Balance::Source, "1,1", false);
    assert_eq!(
        [backend.open(None), backend.open(None), backend.open(None)],
        [1, 2, 1]
    );
}

#[test]
fn another_server_is_found_for_a_client_that_its_own_failed() {
    let mut backend = Backend::new(Balance::Source, "1,1", false);
    let Choice::Server(first) = backend.choose(None, CLIENT) else {
        panic!("no server");
    };
    let second = Choice::Server(ServerId::of_index(1 - first.index()));
    assert_eq!(backend.choose(Some(first), CLIENT), second);
    backend.change(2 - first.index(), "maint");
    assert_eq!(backend.choose(Some(first), CLIENT), Choice::Server(first));
}

#[test]
fn the_first_backup_serves_even_when_full() {
    for balance in [
        Balance::RoundRobin,
        Balance::LeastConnections,
        Balance::Source,
    ] {
        let mut backend = Backend::new(balance, "1,1bm1,1b", false);
        backend.change(1, "maint");
        assert_eq!(
            [backend.open(CLIENT), backend.open(CLIENT)],
            [2, 2],
            "{balance:?}"
        );
    }
}

#[test]
fn all_backups_share_when_told_so() {
    for balance in ALL {
        let mut backend = Backend::new(balance, "1,1b,1b", true);
        assert_eq!(
            [backend.open(None), backend.open(None)],
            [1, 1],
            "{balance:?}"
        );
        backend.change(1, "maint");
        let mut numbers = [backend.open(None), backend.open(None)];
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3], "{balance:?}");
    }
}

#[test]
fn the_limit_follows_the_load_between_minconn_and_maxconn() {
    let (mut limited, _) = server("1m100");
    limited.minconn = 10;
    let proxy = Proxy {
        servers: vec![ServerId::of_index(0)],
        fullconn: 1000,
        ..Proxy::default()
    };
    let config = Config {
        proxies: vec![proxy],
        servers: vec![limited],
        ..Config::default()
    };
    let mut state = State::new(&config, 0);
    for (load, limit) in [
        (0, 10),
        (100, 10),
        (500, 50),
        (999, 99),
        (1000, 100),
        (9999, 100),
    ] {
        state.proxy_mut(ProxyId(0)).backend_sessions = load;
        assert_eq!(
            server_limit(&config, &state, ServerId::of_index(0)),
            limit,
            "at {load}"
        );
    }
}

#[test]
fn another_backends_server_is_none_of_its_business() {
    let mut backend = Backend::new(Balance::LeastConnections, "1", false);
    backend
        .balancer
        .session_count_changed(ServerId::of_index(7), 1);
    assert_eq!(
        backend.choose(Some(ServerId::of_index(7)), None),
        Choice::Server(ServerId::of_index(0))
    );
}

/// The map as its definition goes: each entry to the server with the highest score, in
/// steps of the whole, scores grow by the weight and fall by the sum of the weights.
fn map_by_definition(weights: &[i64]) -> Vec<usize> {
    let total: i64 = weights.iter().sum();
    let mut scores = vec![0; weights.len()];
    let entry = |_| {
        let mut best: Option<(i64, usize)> = None;
        for (slot, weight) in weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| **weight > 0)
        {
            scores[slot] += weight;
            let steps = (scores[slot] + total) / total;
            if best.is_none_or(|(most, _)| steps > most) {
                best = Some((steps, slot));
            }
        }
        let slot = best.unwrap().1;
        scores[slot] -= total;
        slot + 1
    };
    (0..total).map(entry).collect()
}

fn specs(weights: &[u16]) -> String {
    weights
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

proptest! {
    #[test]
    fn static_rr_goes_round_the_defined_map(mut weights in prop::collection::vec(0u16..60, 1..9)) {
        weights.push(1);
        let mut backend = Backend::new(Balance::StaticRoundRobin, &specs(&weights), false);
        let wide: Vec<i64> = weights.iter().copied().map(i64::from).collect();
        for expected in map_by_definition(&wide) {
            prop_assert_eq!(backend.open(None), expected);
        }
    }

    #[test]
    fn every_server_gets_its_share(weights in prop::collection::vec(1u16..=256, 1..9)) {
        for balance in [Balance::RoundRobin, Balance::StaticRoundRobin] {
            let mut backend = Backend::new(balance, &specs(&weights), false);
            let rounds = 16;
            let total: u32 = weights.iter().copied().map(u32::from).sum();
            for _ in 0..rounds * total {
                let Choice::Server(server) = backend.choose(None, None) else {
                    return Err(TestCaseError::fail("no server"));
                };
                backend.state.server_mut(server).counters.lb_total += 1;
            }
            for (index, weight) in weights.iter().enumerate() {
                let turns = backend.state.server(ServerId::of_index(index)).counters.lb_total;
                let due = u64::from(rounds) * u64::from(*weight);
                prop_assert!(turns.abs_diff(due) <= 1, "{balance:?} {index}: {turns} of {due}");
            }
        }
    }

    #[test]
    fn only_the_right_servers_serve_whatever_happens(
        all_backups: bool,
        steps in prop::collection::vec((0usize..6, 0usize..8, any::<u32>()), 1..120),
    ) {
        for balance in ALL {
            let mut backend = Backend::new(balance, "3,1m2,200m1,7,2b,9b,1bm1", all_backups);
            for &(what, index, number) in &steps {
                let id = ServerId::of_index(index);
                match what {
                    0 if index < 7 => backend.change(index + 1, "maint"),
                    1 if index < 7 => backend.change(index + 1, "ready"),
                    2 if index < 7 => backend.change(index + 1, &format!("w{}", number % 257)),
                    3 if index < 7 && backend.state.server(id).sessions > 0 => {
                        backend.close(index + 1);
                    }
                    _ => backend.choose_and_check((index < 7).then_some(id), number)?,
                }
            }
        }
    }
}

impl Backend {
    /// Opens a session and holds what served it against the rules.
    fn choose_and_check(
        &mut self,
        avoid: Option<ServerId>,
        client: u32,
    ) -> Result<(), TestCaseError> {
        let (config, proxy) = (self.config, self.config.proxy(ProxyId(0)));
        let usable = |state: &State, backup| {
            let of_kind = |id: &ServerId| config.server(*id).backup == backup;
            let ids = proxy.servers.iter().copied().filter(of_kind);
            ids.filter(|id| state.server(*id).is_usable())
                .collect::<Vec<_>>()
        };
        let mut candidates = usable(&self.state, false);
        let mut is_first_backup = false;
        if candidates.is_empty() {
            candidates = usable(&self.state, true);
            is_first_backup = !proxy.options.has(ProxyOption::AllBackups);
            candidates.truncate(if is_first_backup { 1 } else { usize::MAX });
        }
        let is_source = proxy.balance == Balance::Source;
        let has_room = |id: &ServerId| is_source || server_has_room(config, &self.state, *id);
        let with_room: Vec<ServerId> = candidates.iter().copied().filter(has_room).collect();
        let address = IpAddr::from(client.to_be_bytes());
        match self.choose(avoid, Some(address)) {
            Choice::NoneUsable => prop_assert!(candidates.is_empty()),
            Choice::AllFull => {
                prop_assert!(with_room.is_empty() && !candidates.is_empty());
            }
            Choice::Server(id) => {
                prop_assert!(candidates.contains(&id));
                prop_assert!(is_first_backup || with_room.contains(&id));
                prop_assert!(avoid != Some(id) || with_room.len() <= 1);
                self.count(id, 1);
            }
        }
        Ok(())
    }
}

const ALL: [Balance; 4] = [
    Balance::RoundRobin,
    Balance::StaticRoundRobin,
    Balance::Source,
    Balance::LeastConnections,
];
const CLIENT: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)));
const RECORDED: &str = include_str!("tests/recorded.txt");
