//! What arming and disarming cost beside the system calls that they save, and what a whole
//! turn with one event costs with each poller.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::Write;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use weir::engine::clock::Clock;
use weir::engine::fdtab::{Direction, Polling};
use weir::engine::poller::{PollerChoice, PollerKind};
use weir::engine::{Context, Engine, turn};
use weir::sys::Fd;

struct World {
    engine: Engine<Self>,
    events: u64,
}

impl Context for World {
    fn engine(&mut self) -> &mut Engine<Self> {
        &mut self.engine
    }
}

fn world_with(kind: PollerKind) -> World {
    let mut choice = PollerChoice::default();
    for other in PollerKind::ALL.into_iter().filter(|&other| other != kind) {
        choice.disable(other);
    }
    let engine = Engine::new(choice, Clock::manual()).expect("a poller");
    World { engine, events: 0 }
}

fn insert_pair(world: &mut World) -> (Fd, UnixStream) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    let fd = Fd::new(here.into_raw_fd());
    world.engine.fdtab.insert(fd, 0, count, count);
    (fd, there)
}

fn count(world: &mut World, _fd: Fd) -> Polling {
    world.events += 1;
    Polling::Wait
}

fn benches(criterion: &mut Criterion) {
    // One request of a keep-alive connection: a rise here is paid by every request, and more
    // than a few nanoseconds mean that a system call has crept in.
    criterion.bench_function("poll states, disarm and arm again", |bencher| {
        let mut world = world_with(PollerKind::Sepoll);
        let (fd, _peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        turn(&mut world, 0);
        bencher.iter(|| {
            world.engine.fdtab.disarm(black_box(fd), Direction::Read);
            world.engine.fdtab.arm(black_box(fd), Direction::Read);
        });
    });
    // A turn with one event among 64 descriptors: what remains over the wait itself is
    // weir's. poll and select pay for each descriptor, the epoll pollers must not.
    let mut group = criterion.benchmark_group("poll states, a turn with one event of 64");
    for kind in PollerKind::ALL {
        group.bench_function(BenchmarkId::from_parameter(kind.name()), |bencher| {
            let mut world = world_with(kind);
            let mut peers = Vec::new();
            for _ in 0..64 {
                let (fd, peer) = insert_pair(&mut world);
                world.engine.fdtab.arm_wait(fd, Direction::Read);
                peers.push(peer);
            }
            peers[40].write_all(b"x").expect("room for a byte");
            bencher.iter(|| turn(&mut world, 0));
            assert!(world.events > 0);
        });
    }
    group.finish();
}

criterion_group!(poll_states, benches);
criterion_main!(poll_states);
