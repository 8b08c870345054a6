//! One load balancing choice, with what a session does to the counts around it.
//!
//! A choice is made once per request, so 50 ns with two servers is the aim; with 1000 servers
//! it may cost a few times that, never a walk over all of them.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use weir::backend::lb::{Balancer, Choice, ChoiceContext};
use weir::config::model::{
    AddressSpec, Balance, Config, Place, PortRule, Proxy, ProxyId, ProxyProtocol, Server, ServerId,
};
use weir::state::State;

fn server(weight: u16) -> Server {
    Server {
        proxy: ProxyId(0),
        name: String::new(),
        numeric_id: 0,
        address: AddressSpec::Ip(SocketAddr::from(([127, 0, 0, 1], 80))),
        port_rule: PortRule::Fixed,
        weight,
        maxconn: 100,
        minconn: 0,
        maxqueue: 0,
        backup: false,
        disabled: false,
        check: false,
        check_settings: weir::config::model::CheckSettings::default(),
        send_proxy: ProxyProtocol::None,
        source: None,
        tcp_fast_open: false,
        pool_max_conn: None,
        pool_purge_delay_ms: 0,
        pool_low_conn: 0,
        cookie: None,
        place: Place::default(),
    }
}

fn backend(balance: Balance, server_count: u16) -> &'static Config {
    let servers: Vec<Server> = (0..server_count)
        .map(|number| server(1 + number % 4))
        .collect();
    let ids = (0..servers.len()).map(ServerId::of_index).collect();
    let proxy = Proxy {
        balance,
        servers: ids,
        ..Proxy::default()
    };
    Box::leak(Box::new(Config {
        proxies: vec![proxy],
        servers,
        ..Config::default()
    }))
}

/// A session that is served at once and ends: chosen, counted in, counted out.
fn serve(balancer: &mut Balancer, config: &'static Config, state: &State, client: u32) {
    let context = ChoiceContext {
        config,
        state,
        backend: ProxyId(0),
        avoid: None,
        client: Some(IpAddr::from(client.to_be_bytes())),
        key: None,
    };
    if let Choice::Server(server) = black_box(balancer.choose(&context)) {
        balancer.session_count_changed(server, 1);
        balancer.session_count_changed(server, 0);
    }
}

fn choices(criterion: &mut Criterion) {
    for (name, balance) in [
        ("roundrobin", Balance::RoundRobin),
        ("static-rr", Balance::StaticRoundRobin),
        ("source", Balance::Source),
        ("leastconn", Balance::LeastConnections),
    ] {
        let mut group = criterion.benchmark_group(name);
        for count in [2, 10, 1000] {
            let config = backend(balance, count);
            let state = State::new(config, 0);
            let mut balancer = Balancer::new(config, ProxyId(0));
            let mut client = 0_u32;
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| {
                    client = client.wrapping_add(7);
                    serve(&mut balancer, config, &state, client);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, choices);
criterion_main!(benches);
