//! The table against a real engine: an accept callback that counts, stepped turn by turn.

use proptest::prelude::*;
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::*;
use crate::config::model::StatsSocket;
use crate::config::model::{AddressSpec, Bind, BindOptions, Capabilities, Config, Place, Proxy};
use crate::engine::clock::Clock;
use crate::engine::fdtab::{Direction, Polling};
use crate::engine::poller::PollerChoice;
use crate::engine::{Context, Engine, turn};
use crate::net::admission::{Load, admission, after_shortage};
use crate::net::bind::HandedOver;
use crate::net::listener::Origin;
use crate::sys::{self, Fd, socket};

/// A process that accepts and keeps what it accepts.
struct World {
    engine: Engine<Self>,
    listeners: Listeners,
    load: Load,
    accepted: Vec<Fd>,
    calls: u32,
}

impl Context for World {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.engine
    }
}

fn accept(world: &mut World, fd: Fd) -> Polling {
    world.calls += 1;
    let owner = world.engine.fdtab.owner(fd).unwrap();
    loop {
        let listener = world.listeners.of_owner(owner).unwrap();
        let id = listener.id;
        let answer = admission(listener, &world.load, world.engine.clock.now_ms());
        if !world.listeners.hold(id, answer, &mut world.engine.fdtab) {
            return Polling::Wait;
        }
        match socket::accept4(fd) {
            Ok((accepted, _)) => {
                world.accepted.push(accepted);
                world.listeners.connection_opened(id);
                world.load.process_connections += 1;
                world.load.frontend_connections += 1;
            }
            Err(_) => return Polling::Wait,
        }
    }
}

const ID: ListenerId = ListenerId(0);

impl World {
    fn new(config: &Config) -> Self {
        let mut listeners = Listeners::new(config, 0);
        let messages = listeners.protocol_bind_all(config, &mut HandedOver::default());
        assert_eq!(messages, []);
        Self {
            engine: Engine::new(PollerChoice::default(), Clock::manual()).unwrap(),
            listeners,
            load: Load::default(),
            accepted: Vec::new(),
            calls: 0,
        }
    }

    fn enabled(config: &Config) -> Self {
        let mut world = Self::new(config);
        world
            .listeners
            .protocol_enable_all(&mut world.engine.fdtab, |_| accept);
        world
    }

    fn address(&self, id: ListenerId) -> SocketAddr {
        self.listeners.get(id).unwrap().local.socket_addr().unwrap()
    }

    fn state(&self) -> ListenerState {
        self.listeners.get(ID).unwrap().state
    }

    fn turns(&mut self) {
        for _turn in 0..4 {
            turn(self, 0);
        }
    }

    fn close_one(&mut self) {
        sys::close(self.accepted.pop().unwrap()).unwrap();
        self.load.process_connections -= 1;
        self.load.frontend_connections -= 1;
        self.listeners.connection_closed(ID, &mut self.engine.fdtab);
    }
}

fn frontend(name: &str) -> Proxy {
    Proxy {
        name: name.into(),
        capabilities: Capabilities {
            frontend: true,
            backend: false,
        },
        ..Proxy::default()
    }
}

fn bind_line(proxy: u32, address: AddressSpec) -> Bind {
    Bind {
        proxy: ProxyId(proxy),
        address,
        name: None,
        numeric_id: 1,
        options: BindOptions::default(),
        place: Place { file: 0, line: 8 },
    }
}

fn any_port() -> AddressSpec {
    AddressSpec::Ip("127.0.0.1:0".parse().unwrap())
}

/// One frontend X with a listener for each address.
fn config(addresses: &[AddressSpec]) -> Config {
    Config {
        files: vec!["site.cfg".into()],
        proxies: vec![frontend("X")],
        binds: addresses
            .iter()
            .map(|address| bind_line(0, address.clone()))
            .collect(),
        ..Config::default()
    }
}

#[test]
fn states_keep_their_order() {
    use ListenerState::{Assigned, Full, Init, Limited, Listen, New, Paused, Ready};
    assert!([New, Init, Assigned, Paused, Listen, Ready, Full, Limited].is_sorted());
}

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
fn command_sockets_are_listeners_of_no_proxy() {
    let mut config = config(&[]);
    config.global.stats_sockets.push(StatsSocket {
        address: AddressSpec::Unix("/nonexistent/x".into()),
        unix: Default::default(),
        level: Default::default(),
        expose_fd_listeners: false,
        process_mask: 0,
        place: Place { file: 0, line: 2 },
    });
    let mut listeners = Listeners::new(&config, 2_000);
    assert_eq!(listeners.get(ID).unwrap().origin, Origin::StatsSocket(0));
    assert_eq!(listeners.get(ID).unwrap().connections_max, 10);
    let messages = listeners.protocol_bind_all(&config, &mut HandedOver::default());
    let expected = "Binding [site.cfg:2] for frontend GLOBAL: cannot bind UNIX socket \
                    (No such file or directory) [/nonexistent/x]";
    assert_eq!(messages[0].to_string(), expected);
}

#[test]
fn only_what_failed_is_bound_again() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = holder.local_addr().unwrap();
    let mut config = config(&[any_port(), AddressSpec::Ip(busy)]);
    config.proxies[0].capabilities.backend = true;
    let mut listeners = Listeners::new(&config, 0);
    let messages = listeners.protocol_bind_all(&config, &mut HandedOver::default());
    let text = "Binding [site.cfg:8] for proxy X: cannot bind socket (Address already in use)";
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0].text,
        format!("{text} for [127.0.0.1:{}]", busy.port())
    );
    assert!(messages[0].is_retryable && messages[0].severity == Severity::Alert);
    let first = listeners.get(ID).unwrap().fd;
    drop(holder);
    assert_eq!(
        listeners.protocol_bind_all(&config, &mut HandedOver::default()),
        []
    );
    assert_eq!(
        (listeners.bound_count(), listeners.get(ID).unwrap().fd),
        (2, first)
    );
    listeners.commit();
    listeners.roll_back();
    assert_eq!(listeners.bound_count(), 0);
    assert!(TcpStream::connect(busy).is_err());
}

#[test]
fn nothing_is_accepted_before_enabling_nor_after_disabling() {
    let mut world = World::new(&config(&[any_port()]));
    assert_eq!(world.state(), ListenerState::Listen);
    let _client = TcpStream::connect(world.address(ID)).unwrap();
    world.turns();
    assert_eq!(world.calls, 0);
    world
        .listeners
        .protocol_enable_all(&mut world.engine.fdtab, |_| accept);
    world.turns();
    assert_eq!(
        (world.state(), world.accepted.len()),
        (ListenerState::Ready, 1)
    );
    world
        .listeners
        .protocol_disable_all(&mut world.engine.fdtab);
    assert_eq!(world.state(), ListenerState::Listen);
    let _second = TcpStream::connect(world.address(ID)).unwrap();
    world.turns();
    assert_eq!(world.accepted.len(), 1);
    world
        .listeners
        .protocol_enable_all(&mut world.engine.fdtab, |_| accept);
    world.turns();
    assert_eq!(world.accepted.len(), 2);
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

#[test]
fn pausing_frees_the_port_and_resuming_takes_it_back() {
    // A port that was asked for by number: the kernel keeps no other one while paused.
    let free = TcpListener::bind("127.77.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let config = config(&[AddressSpec::Ip(address)]);
    let mut world = World::enabled(&config);
    world.turns();
    let proxy = Some(ProxyId(0));
    assert!(
        world
            .listeners
            .pause_all(proxy, &mut world.engine.fdtab)
            .is_empty()
    );
    assert_eq!(world.state(), ListenerState::Paused);
    assert!(TcpStream::connect(address).is_err());
    let calls = world.calls;
    world.turns();
    assert_eq!(world.calls, calls, "a paused listener is not polled");

    let mut newcomer = Listeners::new(&config, 0);
    let messages = newcomer.protocol_bind_all(&config, &mut HandedOver::default());
    assert_eq!(messages, []);
    let busy = world.listeners.resume_all(proxy, &mut world.engine.fdtab);
    assert_eq!(busy.len(), 1);
    assert_eq!(busy[0].1.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(world.state(), ListenerState::Paused);
    newcomer.roll_back();
    assert!(
        world
            .listeners
            .resume_all(proxy, &mut world.engine.fdtab)
            .is_empty()
    );
    let _client = TcpStream::connect(address).unwrap();
    world.turns();
    assert_eq!(
        (world.state(), world.accepted.len()),
        (ListenerState::Ready, 1)
    );
}

#[test]
fn paths_stay_bound_while_paused_and_abstract_names_are_closed() {
    let directory = std::env::temp_dir().join(format!("weir-listeners-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let name = format!("weir-listeners-{}", std::process::id()).into_bytes();
    let path = AddressSpec::Unix(directory.join("s"));
    let mut world = World::enabled(&config(&[path, AddressSpec::Abstract(name)]));
    let fdtab = &mut world.engine.fdtab;
    assert_eq!(world.listeners.pause(ID, fdtab).unwrap(), Paused::Kept);
    assert_eq!(
        world.listeners.pause(ListenerId(1), fdtab).unwrap(),
        Paused::Closed
    );
    let states: Vec<_> = world
        .listeners
        .iter()
        .map(|listener| listener.state)
        .collect();
    assert_eq!(states, [ListenerState::Paused, ListenerState::Assigned]);
    world.listeners.resume(ID, fdtab).unwrap();
    assert_eq!(world.state(), ListenerState::Ready);
    world.listeners.roll_back();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn each_process_keeps_its_share() {
    let mut config = config(&[any_port()]);
    config.proxies.push(Proxy {
        process_mask: 0b10,
        ..frontend("Y")
    });
    config.binds.push(bind_line(1, any_port()));
    let mut listeners = Listeners::new(&config, 0);
    listeners.protocol_bind_all(&config, &mut HandedOver::default());
    let shared = |listeners: &Listeners| -> Vec<bool> {
        listeners
            .iter()
            .map(|listener| listener.is_shared)
            .collect()
    };
    listeners.keep_share(2, 2);
    assert_eq!(listeners.bound_count(), 2);
    assert_eq!(shared(&listeners), [true, false]);
    listeners.keep_share(1, 1);
    assert_eq!(listeners.bound_count(), 1, "process 1 does not serve Y");
    assert_eq!(shared(&listeners), [false, false]);
    listeners.roll_back();
}

#[test]
fn a_shared_listener_is_held_and_resumed_too() {
    let mut world = World::new(&config(&[any_port()]));
    world.listeners.keep_share(1, 4);
    world
        .listeners
        .protocol_enable_all(&mut world.engine.fdtab, |_| accept);
    let _client = TcpStream::connect(world.address(ID)).unwrap();
    world.turns();
    assert_eq!(world.accepted.len(), 1);
    world
        .listeners
        .hold(ID, Admit::Full, &mut world.engine.fdtab);
    let fd = world.listeners.get(ID).unwrap().fd.unwrap();
    assert!(!world.engine.fdtab.is_armed(fd, Direction::Read));
    let _second = TcpStream::connect(world.address(ID)).unwrap();
    world.turns();
    assert_eq!(world.accepted.len(), 1);
    world.close_one();
    world.turns();
    assert_eq!(world.accepted.len(), 1);
    assert_eq!(
        world
            .listeners
            .stop_all(Some(ProxyId(0)), &mut world.engine.fdtab),
        1
    );
    assert!(!world.engine.fdtab.contains(fd));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Enable,
    Disable,
    Pause,
    Resume,
    Opened,
    Closed,
    Hold(Admit),
    Release(WaitFor),
    ReleaseDue,
    Turn,
}

fn any_step() -> impl Strategy<Value = Step> {
    let on = prop_oneof![Just(WaitFor::Process), Just(WaitFor::Frontend(ProxyId(0)))];
    let until = prop_oneof![Just(Tick::ETERNITY), Just(Tick::from_ms(1))];
    let limited = (on.clone(), until).prop_map(|(on, until)| Admit::Limited { on, until });
    prop_oneof![
        Just(Step::Enable),
        Just(Step::Disable),
        Just(Step::Pause),
        Just(Step::Resume),
        Just(Step::Opened),
        Just(Step::Closed),
        Just(Step::Hold(Admit::Full)),
        limited.prop_map(Step::Hold),
        on.prop_map(Step::Release),
        Just(Step::ReleaseDue),
        Just(Step::Turn),
    ]
}

impl World {
    fn step(&mut self, step: Step) {
        let fdtab = &mut self.engine.fdtab;
        match step {
            Step::Enable => self.listeners.protocol_enable_all(fdtab, |_| accept),
            Step::Disable => self.listeners.protocol_disable_all(fdtab),
            Step::Pause => assert_eq!(self.listeners.pause(ID, fdtab).unwrap(), Paused::Kept),
            Step::Resume => self.listeners.resume(ID, fdtab).unwrap(),
            Step::Opened => self.listeners.connection_opened(ID),
            Step::Closed => self.listeners.connection_closed(ID, fdtab),
            Step::Hold(admit) => assert!(!self.listeners.hold(ID, admit, fdtab)),
            Step::Release(on) => self.listeners.release(on, fdtab),
            Step::ReleaseDue => self.listeners.release_due(Tick::from_ms(2), fdtab),
            Step::Turn => turn(self, 0),
        }
    }

    fn check(&self) {
        let listener = self.listeners.get(ID).unwrap();
        let queued = self
            .listeners
            .waiting
            .iter()
            .filter(|waiting| waiting.listener == ID);
        let is_limited = listener.state == ListenerState::Limited;
        assert_eq!(
            queued.count(),
            usize::from(is_limited),
            "waits exactly while Limited"
        );
        let is_armed = self
            .engine
            .fdtab
            .is_armed(listener.fd.unwrap(), Direction::Read);
        assert_eq!(
            is_armed,
            listener.state == ListenerState::Ready,
            "armed exactly in Ready"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_queue_and_the_poller_agree_with_the_state(
        is_shared in any::<bool>(),
        steps in proptest::collection::vec(any_step(), 1..60),
    ) {
        let mut world = World::new(&config(&[any_port()]));
        world.listeners.table[0].connections_max = 2;
        world.listeners.table[0].is_shared = is_shared;
        for step in steps {
            world.step(step);
            world.check();
        }
        let fdtab = &mut world.engine.fdtab;
        prop_assert!(world.listeners.stop(ID, fdtab));
        prop_assert_eq!(world.listeners.next_release(), Tick::ETERNITY);
    }
}
