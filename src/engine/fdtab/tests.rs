//! The four states of a direction, one test per transition, and the life of entries.

use super::*;
use crate::engine::poller::PollerKind;
use crate::engine::tests::{World, insert_pair, log, world, world_with};
use crate::engine::turn;
use proptest::prelude::*;
use std::io::{Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

fn state(world: &World, fd: Fd) -> PollState {
    world.engine.fdtab.poll_state(fd, Direction::Read)
}

/// A world whose descriptor has its read direction in the state asked for.
fn world_in(wanted: PollState) -> (World, Fd, UnixStream) {
    let mut world = world();
    let (fd, peer) = insert_pair(&mut world);
    let fdtab = &mut world.engine.fdtab;
    match wanted {
        PollState::Idle => {}
        PollState::Spec => fdtab.arm(fd, Direction::Read),
        PollState::Wait | PollState::Stop => {
            fdtab.arm_wait(fd, Direction::Read);
            turn(&mut world, 0);
        }
    }
    if wanted == PollState::Stop {
        world.engine.fdtab.disarm(fd, Direction::Read);
    }
    assert_eq!(state(&world, fd), wanted);
    (world, fd, peer)
}

#[test]
fn an_entry_is_forty_bytes_at_most() {
    assert!(size_of::<Entry<World>>() <= 40);
}

#[test]
fn arm_goes_from_idle_to_spec_and_from_stop_to_wait() {
    for (from, to) in [
        (PollState::Idle, PollState::Spec),
        (PollState::Spec, PollState::Spec),
        (PollState::Wait, PollState::Wait),
        (PollState::Stop, PollState::Wait),
    ] {
        let (mut world, fd, _peer) = world_in(from);
        world.engine.fdtab.arm(fd, Direction::Read);
        assert_eq!(state(&world, fd), to, "from {from:?}");
        assert!(world.engine.fdtab.is_armed(fd, Direction::Read));
        assert_eq!(
            world.engine.fdtab.poll_state(fd, Direction::Write),
            PollState::Idle
        );
    }
}

#[test]
fn arm_wait_goes_to_wait_from_everywhere() {
    for from in [
        PollState::Idle,
        PollState::Spec,
        PollState::Wait,
        PollState::Stop,
    ] {
        let (mut world, fd, mut peer) = world_in(from);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        assert_eq!(state(&world, fd), PollState::Wait, "from {from:?}");
        turn(&mut world, 0);
        assert!(
            log(&mut world).is_empty(),
            "nothing is attempted from {from:?}"
        );
        peer.write_all(b"x").unwrap();
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"], "from {from:?}");
    }
}

#[test]
fn disarm_goes_from_spec_to_idle_and_from_wait_to_stop() {
    for (from, to) in [
        (PollState::Idle, PollState::Idle),
        (PollState::Spec, PollState::Idle),
        (PollState::Wait, PollState::Stop),
        (PollState::Stop, PollState::Stop),
    ] {
        let (mut world, fd, _peer) = world_in(from);
        world.engine.fdtab.disarm(fd, Direction::Read);
        assert_eq!(state(&world, fd), to, "from {from:?}");
        assert!(!world.engine.fdtab.is_armed(fd, Direction::Read));
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        assert_eq!(world.engine.fdtab.listed_count(), 0);
    }
}

#[test]
fn a_direction_disarmed_before_the_kernel_heard_of_it_is_idle() {
    let (mut world, fd, _peer) = world_in(PollState::Idle);
    world.engine.fdtab.arm_wait(fd, Direction::Read);
    world.engine.fdtab.disarm(fd, Direction::Read);
    assert_eq!(state(&world, fd), PollState::Idle);
    turn(&mut world, 0);
    assert_eq!(world.engine.fdtab.changes(), 0);
}

#[test]
fn an_attempt_that_would_block_goes_on_to_wait() {
    let (mut world, fd, _peer) = world_in(PollState::Spec);
    turn(&mut world, 0);
    assert_eq!(state(&world, fd), PollState::Wait);
    assert_eq!(log(&mut world), ["read"]);
    assert_eq!(world.engine.fdtab.listed_count(), 0);
    assert_eq!(world.engine.fdtab.wait_limit_ms(), u32::MAX);
    turn(&mut world, 0);
    assert!(log(&mut world).is_empty());
}

#[test]
fn an_attempt_that_succeeded_is_repeated_without_waiting() {
    let (mut world, fd, _peer) = world_in(PollState::Spec);
    world.answer = Polling::More;
    turn(&mut world, 1000);
    turn(&mut world, 1000);
    assert_eq!(state(&world, fd), PollState::Spec);
    assert_eq!(log(&mut world), ["read", "read"]);
    assert_eq!(world.engine.fdtab.changes(), 0);
    assert_eq!(world.engine.fdtab.events(fd), EventSet::IN);
}

#[test]
fn a_disarm_within_an_attempt_is_respected() {
    let (mut world, fd, _peer) = world_in(PollState::Spec);
    world.effect = Some(|world, fd| world.engine.fdtab.disarm(fd, Direction::Read));
    turn(&mut world, 0);
    assert_eq!(state(&world, fd), PollState::Idle);
    assert_eq!(world.engine.fdtab.changes(), 0);
}

#[test]
fn keep_alive_traffic_changes_nothing_in_the_kernel() {
    let (mut world, fd, mut peer) = world_in(PollState::Wait);
    let changes = world.engine.fdtab.changes();
    world.effect = Some(|world, fd| world.engine.fdtab.disarm(fd, Direction::Read));
    for _ in 0..10 {
        peer.write_all(b"x").unwrap();
        turn(&mut world, 1000);
        assert_eq!(state(&world, fd), PollState::Stop);
        world.engine.fdtab.arm(fd, Direction::Read);
    }
    assert_eq!(log(&mut world).len(), 10);
    assert_eq!(world.engine.fdtab.changes(), changes);
}

#[test]
fn an_event_that_nobody_wants_is_reported_once() {
    let (mut world, fd, mut peer) = world_in(PollState::Stop);
    let changes = world.engine.fdtab.changes();
    turn(&mut world, 0);
    assert_eq!(state(&world, fd), PollState::Stop);
    peer.write_all(b"x").unwrap();
    turn(&mut world, 1000);
    assert_eq!(state(&world, fd), PollState::Idle);
    assert_eq!(world.engine.fdtab.changes(), changes + 1);
    assert_eq!(world.engine.fdtab.wait(0), 0);
    assert!(log(&mut world).is_empty());
    world.engine.fdtab.arm(fd, Direction::Read);
    turn(&mut world, 0);
    assert_eq!(
        log(&mut world),
        ["read", "read"],
        "attempted, then reported"
    );
}

#[test]
fn a_stopped_direction_stays_when_the_other_one_changes() {
    let (mut world, fd, mut peer) = world_in(PollState::Stop);
    world.engine.fdtab.arm_wait(fd, Direction::Write);
    turn(&mut world, 1000);
    assert_eq!(state(&world, fd), PollState::Stop);
    assert_eq!(log(&mut world), ["write"]);
    world.engine.fdtab.arm(fd, Direction::Read);
    world.engine.fdtab.disarm(fd, Direction::Write);
    peer.write_all(b"x").unwrap();
    turn(&mut world, 1000);
    assert_eq!(log(&mut world), ["read"]);
    assert_eq!(
        world.engine.fdtab.poll_state(fd, Direction::Write),
        PollState::Idle
    );
}

#[test]
fn both_directions_of_one_descriptor_are_served_read_first() {
    let (mut world, fd, _peer) = world_in(PollState::Spec);
    world.engine.fdtab.arm(fd, Direction::Write);
    turn(&mut world, 0);
    assert_eq!(log(&mut world)[..2], ["read", "write"]);
}

#[test]
fn an_exclusive_descriptor_is_disarmed_at_the_next_poll() {
    for kind in [PollerKind::Sepoll, PollerKind::Epoll] {
        let mut world = world_with(kind);
        let (fd, mut peer) = insert_pair(&mut world);
        peer.write_all(b"x").unwrap();
        world.engine.fdtab.arm_exclusive(fd);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"]);
        world.engine.fdtab.disarm(fd, Direction::Read);
        turn(&mut world, 0);
        assert_eq!(state(&world, fd), PollState::Idle);
        assert!(log(&mut world).is_empty());
        world.engine.fdtab.arm_exclusive(fd);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"]);
        world.engine.fdtab.delete(fd);
        assert_eq!(world.engine.fdtab.wait(0), 0);
    }
}

#[test]
fn a_file_that_epoll_refuses_is_attempted_instead() {
    for kind in PollerKind::ALL {
        let mut world = world_with(kind);
        let file = std::fs::File::open("/proc/self/cmdline").unwrap();
        let path = std::env::current_exe().unwrap();
        let file = std::fs::File::open(path).unwrap_or(file);
        let fd = Fd::new(file.into_raw_fd());
        let (other, _peer) = insert_pair(&mut world);
        let (read, write) = (
            callback(&world, other, Direction::Read),
            callback(&world, other, Direction::Write),
        );
        world.engine.fdtab.insert(fd, 0, read, write);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        for _ in 0..3 {
            turn(&mut world, 1);
        }
        assert!(log(&mut world).len() >= 2, "{kind:?}");
        assert!(
            world.engine.fdtab.wait_limit_ms() > 0,
            "{kind:?} does not spin"
        );
        world.engine.fdtab.delete(fd);
        turn(&mut world, 0);
        assert_eq!(world.engine.fdtab.wait_limit_ms(), u32::MAX);
    }
}

fn callback(world: &World, fd: Fd, direction: Direction) -> FdCallback<World> {
    world.engine.fdtab.entry(fd).unwrap().callback(direction)
}

#[test]
fn delete_closes_and_forget_does_not() {
    let mut world = world();
    let (fd, mut peer) = insert_pair(&mut world);
    world.engine.fdtab.arm(fd, Direction::Read);
    assert_eq!(world.engine.fdtab.count(), 1);
    world.engine.fdtab.delete(fd);
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(
        (
            world.engine.fdtab.count(),
            world.engine.fdtab.listed_count()
        ),
        (0, 0)
    );
    let (fd, mut peer) = insert_pair(&mut world);
    world.engine.fdtab.arm_wait(fd, Direction::Read);
    turn(&mut world, 0);
    world.engine.fdtab.forget(fd);
    assert!(!world.engine.fdtab.contains(fd));
    peer.write_all(b"x").unwrap();
    assert_eq!(world.engine.fdtab.wait(0), 0);
    sys::close(fd).unwrap();
}

#[test]
fn an_entry_keeps_owner_callbacks_and_lasting_events() {
    let (mut world, fd, peer) = world_in(PollState::Wait);
    world.engine.fdtab.set_owner(fd, 77);
    assert_eq!(world.engine.fdtab.owner(fd), Some(77));
    let write = callback(&world, fd, Direction::Write);
    world.engine.fdtab.set_callbacks(fd, write, write);
    drop(peer);
    turn(&mut world, 1000);
    assert_eq!(log(&mut world), ["write"]);
    let events = world.engine.fdtab.events(fd);
    assert!(events.has(EventSet::HUP) && events.has(EventSet::RDHUP));
    world.engine.fdtab.clear_events(fd, EventSet::IN);
    assert!(!world.engine.fdtab.events(fd).has(EventSet::IN));
    assert!(!world.engine.fdtab.take_events(fd).is_empty());
    assert!(world.engine.fdtab.events(fd).is_empty());
    let status: Vec<_> = world.engine.fdtab.iter().collect();
    assert_eq!(status.len(), 1);
    assert_eq!(
        (status[0].fd, status[0].owner, status[0].read),
        (fd, 77, PollState::Wait)
    );
}

#[test]
fn numbers_that_are_not_in_the_table_are_ignored() {
    let mut world = world();
    let read = no_callback::<World>;
    for fd in [Fd::new(-1), Fd::new(70_000)] {
        let fdtab = &mut world.engine.fdtab;
        fdtab.arm(fd, Direction::Read);
        fdtab.arm_wait(fd, Direction::Write);
        fdtab.disarm(fd, Direction::Read);
        fdtab.delete(fd);
        fdtab.set_owner(fd, 1);
        assert_eq!((fdtab.owner(fd), fdtab.count()), (None, 0));
    }
    world.engine.fdtab.insert(Fd::new(-1), 0, read, read);
    assert_eq!(world.engine.fdtab.count(), 0);
}

#[test]
fn a_number_that_was_closed_elsewhere_is_taken_over() {
    let (mut world, fd, _peer) = world_in(PollState::Wait);
    let read = callback(&world, fd, Direction::Read);
    world.engine.fdtab.insert(fd, 5, read, read);
    assert_eq!(
        (world.engine.fdtab.count(), state(&world, fd)),
        (1, PollState::Idle)
    );
    world.engine.fdtab.arm(fd, Direction::Read);
    turn(&mut world, 0);
    assert_eq!(state(&world, fd), PollState::Wait);
}

/// What the module promises about the states, checked for every direction.
fn check_invariants(world: &World) {
    let fdtab = &world.engine.fdtab;
    for (place, fd) in (1..).zip(&fdtab.list) {
        assert_eq!(fdtab.entry(*fd).unwrap().place, place);
    }
    for entry in fdtab.entries.iter().filter(|entry| entry.is_open) {
        for direction in Direction::BOTH {
            let (listed, watched) = (entry.place != 0, entry.watched.has(direction));
            let holds = match entry.states.of(direction) {
                PollState::Idle => !watched,
                PollState::Spec => listed && !watched,
                PollState::Wait => listed || watched,
                PollState::Stop => watched,
            };
            assert!(
                holds,
                "{direction:?}: {:?}, {:?}",
                entry.states, entry.watched
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is armed and ready is called, whatever is not armed is not.
    #[test]
    fn no_event_is_lost_and_none_comes_unwanted(
        kind in prop::sample::select(PollerKind::ALL.to_vec()),
        steps in prop::collection::vec((0u8..7, 0usize..3, any::<bool>()), 1..60),
    ) {
        let mut world = world_with(kind);
        let mut pairs: Vec<_> = (0..3).map(|_| insert_pair(&mut world)).collect();
        for (action, index, is_read) in steps {
            let (fd, peer) = &mut pairs[index];
            let direction = if is_read { Direction::Read } else { Direction::Write };
            match action {
                0 => world.engine.fdtab.arm(*fd, direction),
                1 => world.engine.fdtab.arm_wait(*fd, direction),
                2 | 3 => world.engine.fdtab.disarm(*fd, direction),
                4 => prop_assert_eq!(peer.write(b"x").unwrap(), 1),
                5 => {
                    world.engine.fdtab.delete(*fd);
                    pairs[index] = insert_pair(&mut world);
                }
                _ => {
                    turn(&mut world, 0);
                    log(&mut world);
                }
            }
            check_invariants(&world);
        }
        for (_, peer) in &mut pairs {
            prop_assert_eq!(peer.write(b"x").unwrap(), 1);
        }
        turn(&mut world, 0);
        check_invariants(&world);
        log(&mut world);
        turn(&mut world, 0);
        let fdtab = &world.engine.fdtab;
        let armed = |direction| {
            pairs.iter().filter(|(fd, _)| fdtab.is_armed(*fd, direction)).count()
        };
        let expected = [armed(Direction::Read), armed(Direction::Write)];
        let called = log(&mut world);
        let calls = |what| called.iter().filter(|call| *call == what).count();
        prop_assert_eq!([calls("read"), calls("write")], expected);
    }
}
