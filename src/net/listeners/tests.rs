//! The table against a real engine: an accept callback that counts, stepped turn by turn.

mod limits;
mod properties;

use super::*;
use crate::config::model::StatsSocket;
use crate::config::model::{AddressSpec, Bind, BindOptions, Capabilities, Config, Place, Proxy};
use crate::engine::clock::Clock;
use crate::engine::fdtab::{Direction, Polling};
use crate::engine::poller::PollerChoice;
use crate::engine::{Context, Engine, turn};
use crate::net::admission::{Load, admission};
use crate::net::bind::HandedOver;
use crate::net::listener::Origin;
use crate::sys::{self, Fd, socket};
use std::net::{SocketAddr, TcpListener, TcpStream};

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
