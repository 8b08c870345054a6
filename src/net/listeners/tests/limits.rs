//! Listeners that are full or limited, and how they come to accept again.

use std::net::TcpStream;

use super::*;
use crate::net::admission::after_shortage;

#[test]
fn limits_come_from_the_line_the_frontend_or_the_default() {
    let mut config = config(&[any_port(), any_port()]);
    config.proxies[0].maxconn = 50;
    config.binds[0].options.maxconn = 7;
    config.binds[0].options.backlog = 9;
    let listeners = Listeners::new(&config, 2_000);
    let limits: Vec<_> = listeners
        .iter()
        .map(|l| (l.connections_max, l.backlog))
        .collect();
    assert_eq!(limits, [(7, 9), (50, 50)]);
    config.proxies[0].maxconn = 0;
    assert_eq!(
        Listeners::new(&config, 2_000)
            .get(ListenerId(1))
            .unwrap()
            .backlog,
        2_000
    );
    assert_eq!(
        Listeners::new(&config, 0)
            .get(ListenerId(1))
            .unwrap()
            .backlog,
        1_024
    );
    config.proxies[0].disabled = true;
    assert_eq!(Listeners::new(&config, 0).iter().count(), 0);
}

#[test]
fn a_full_listener_accepts_again_when_a_connection_ends() {
    let mut config = config(&[any_port()]);
    config.binds[0].options.maxconn = 1;
    let mut world = World::enabled(&config);
    let clients: Vec<_> = (0..2)
        .map(|_| TcpStream::connect(world.address(ID)))
        .collect();
    world.turns();
    assert_eq!(
        (world.state(), world.accepted.len()),
        (ListenerState::Full, 1)
    );
    let calls = world.calls;
    world.turns();
    assert_eq!(world.calls, calls, "a full listener is not polled");
    world.close_one();
    assert_eq!(world.state(), ListenerState::Ready);
    world.turns();
    assert_eq!(
        (world.state(), world.accepted.len()),
        (ListenerState::Full, 1)
    );
    world
        .listeners
        .set_connections_max(ID, 5, &mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Ready);
    drop(clients);
}

#[test]
fn limits_are_judged_in_their_order() {
    let listeners = Listeners::new(&config(&[any_port()]), 3);
    let listener = listeners.get(ID).unwrap();
    let now = Tick::from_ms(5_000);
    let frontend = WaitFor::Frontend(ProxyId(0));
    let limited = |on, until| Admit::Limited { on, until };
    let mut load = Load {
        process_connections: 10,
        process_connections_max: 10,
        process_rate_delay_ms: 300,
        frontend_connections: 4,
        frontend_connections_max: 4,
        frontend_rate_delay_ms: 70,
    };
    let judged = |load: &Load| admission(listener, load, now);
    assert_eq!(judged(&load), limited(WaitFor::Process, now.add(300)));
    load.process_rate_delay_ms = 0;
    assert_eq!(judged(&load), limited(frontend, now.add(70)));
    load.frontend_rate_delay_ms = 0;
    assert_eq!(judged(&load), limited(WaitFor::Process, now.add(1_000)));
    load.process_connections -= 1;
    assert_eq!(judged(&load), limited(frontend, Tick::ETERNITY));
    load.frontend_connections -= 1;
    assert_eq!(judged(&load), Admit::Yes);
    assert_eq!(after_shortage(now), limited(WaitFor::Process, now.add(100)));
    let unlimited = Load::default();
    assert_eq!(judged(&unlimited), Admit::Yes);
}

#[test]
fn limited_listeners_wait_for_their_own_capacity_or_their_date() {
    let mut world = World::enabled(&config(&[any_port()]));
    world.load.frontend_connections_max = 1;
    let clients: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(world.address(ID)))
        .collect();
    world.turns();
    let frontend = WaitFor::Frontend(ProxyId(0));
    assert_eq!(
        (world.state(), world.accepted.len()),
        (ListenerState::Limited, 1)
    );
    assert!(world.listeners.is_awaited(frontend));
    assert_eq!(world.listeners.next_release(), Tick::ETERNITY);
    world
        .listeners
        .release(WaitFor::Process, &mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Limited);
    world.close_one();
    world.listeners.release(frontend, &mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Ready);
    world.load = Load {
        process_connections_max: 1,
        process_connections: 1,
        ..Load::default()
    };
    world.turns();
    assert_eq!(world.state(), ListenerState::Limited);
    let due = world.engine.clock.now_ms().add(1_000);
    assert_eq!(world.listeners.next_release(), due);
    world
        .listeners
        .release_due(world.engine.clock.now_ms(), &mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Limited);
    world.listeners.release_due(due, &mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Ready);
    assert_eq!(world.listeners.next_release(), Tick::ETERNITY);
    drop(clients);
}

#[test]
fn a_limited_listener_leaves_the_queue_however_it_leaves_the_state() {
    let limit = |world: &mut World| {
        let answer = after_shortage(world.engine.clock.now_ms());
        world.listeners.hold(ID, answer, &mut world.engine.fdtab);
        assert_eq!(world.state(), ListenerState::Limited);
        // A second answer while it is held adds nothing.
        world.listeners.hold(ID, answer, &mut world.engine.fdtab);
        assert!(world.listeners.is_awaited(WaitFor::Process));
    };
    let mut world = World::enabled(&config(&[any_port()]));
    limit(&mut world);
    world
        .listeners
        .hold(ID, Admit::Full, &mut world.engine.fdtab);
    assert!(!world.listeners.is_awaited(WaitFor::Process));
    world.listeners.resume(ID, &mut world.engine.fdtab).unwrap();
    limit(&mut world);
    world.listeners.pause(ID, &mut world.engine.fdtab).unwrap();
    assert!(!world.listeners.is_awaited(WaitFor::Process));
    world.listeners.resume(ID, &mut world.engine.fdtab).unwrap();
    limit(&mut world);
    assert!(world.listeners.stop(ID, &mut world.engine.fdtab));
    assert!(!world.listeners.is_awaited(WaitFor::Process));
    assert!(
        !world.listeners.stop(ID, &mut world.engine.fdtab),
        "a job ends once"
    );
}
