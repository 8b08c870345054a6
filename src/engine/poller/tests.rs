//! One suite of behaviour that every poller passes, and what only some of them do.

use super::*;
use crate::engine::fdtab::{PollState, Polling};
use crate::engine::tests::{World, insert_pair, log, world, world_with};
use crate::engine::turn;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

fn with_each(test: fn(World)) {
    for kind in PollerKind::ALL {
        let world = world_with(kind);
        assert_eq!(world.engine.fdtab.poller(), kind);
        test(world);
    }
}

#[test]
fn data_is_reported_until_the_direction_is_disarmed() {
    with_each(|mut world| {
        let (fd, mut peer) = insert_pair(&mut world);
        world.engine.fdtab.arm(fd, Direction::Read);
        turn(&mut world, 0);
        log(&mut world);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        peer.write_all(b"x").unwrap();
        turn(&mut world, 1000);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read", "read"]);
        assert!(world.engine.fdtab.events(fd).has(EventSet::IN));
        world.engine.fdtab.disarm(fd, Direction::Read);
        turn(&mut world, 0);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        assert_eq!(
            world.engine.fdtab.poll_state(fd, Direction::Read),
            PollState::Idle
        );
        world.engine.fdtab.arm(fd, Direction::Read);
        turn(&mut world, 1000);
        assert!(!log(&mut world).is_empty());
    });
}

#[test]
fn room_to_write_is_reported() {
    with_each(|mut world| {
        let (fd, _peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Write);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["write"]);
        assert!(world.engine.fdtab.events(fd).has(EventSet::OUT));
        world.engine.fdtab.disarm(fd, Direction::Write);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
    });
}

#[test]
fn a_close_of_the_peer_is_something_to_read() {
    with_each(|mut world| {
        let (fd, peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        peer.shutdown(Shutdown::Write).unwrap();
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"]);
        let events = world.engine.fdtab.events(fd);
        assert!(events.has(EventSet::IN));
        let is_select = world.engine.fdtab.poller() == PollerKind::Select;
        assert_eq!(events.has(EventSet::RDHUP), !is_select);
        drop(peer);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"]);
    });
}

#[test]
fn a_deleted_descriptor_is_not_reported_nor_is_the_next_with_its_number() {
    with_each(|mut world| {
        let (fd, mut peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        turn(&mut world, 0);
        peer.write_all(b"x").unwrap();
        world.engine.fdtab.delete(fd);
        turn(&mut world, 0);
        assert_eq!(world.engine.fdtab.wait(0), 0);
        let (_again, _peer) = insert_pair(&mut world);
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
    });
}

#[test]
fn an_event_of_the_batch_for_a_descriptor_that_was_closed_and_opened_again_falls_through() {
    with_each(|mut world| {
        let (first, mut first_peer) = insert_pair(&mut world);
        let (second, mut second_peer) = insert_pair(&mut world);
        for fd in [first, second] {
            world
                .engine
                .fdtab
                .set_owner(fd, u64::try_from(first.raw() ^ second.raw()).unwrap());
            world.engine.fdtab.arm_wait(fd, Direction::Read);
        }
        // Whichever comes first replaces the other one by a new owner of its number.
        world.effect = Some(|world, fd| {
            let sum = world.engine.fdtab.owner(fd).unwrap();
            let other = Fd::new(fd.raw() ^ i32::try_from(sum).unwrap());
            world.engine.fdtab.forget(other);
            world.engine.fdtab.insert(other, 0, panicking, panicking);
            world.engine.fdtab.arm_wait(other, Direction::Read);
            world.engine.fdtab.disarm(fd, Direction::Read);
            world.effect = None;
        });
        first_peer.write_all(b"x").unwrap();
        second_peer.write_all(b"x").unwrap();
        turn_without_more(&mut world);
        assert_eq!(log(&mut world), ["read"]);
    });
}

fn panicking(_world: &mut World, fd: Fd) -> Polling {
    panic!("{fd:?} has no event of its own")
}

/// One turn that ends with the batch, before the new descriptor is polled.
fn turn_without_more(world: &mut World) {
    let listed = world.engine.fdtab.listed_count();
    if listed > 0 {
        process_spec_list(world, 0);
    }
    let count = world.engine.fdtab.wait(1000);
    assert_eq!(count, 2);
    dispatch(world, count);
}

#[test]
fn a_reset_reaches_the_write_callback() {
    with_each(|mut world| {
        let (fd, mut peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Write);
        peer.set_nonblocking(true).unwrap();
        assert!(peer.read(&mut [0; 1]).is_err());
        drop(peer);
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["write"]);
    });
}

#[test]
fn many_descriptors_are_reported_together() {
    with_each(|mut world| {
        let mut peers = Vec::new();
        for _ in 0..150 {
            let (fd, mut peer) = insert_pair(&mut world);
            world.engine.fdtab.arm_wait(fd, Direction::Read);
            peer.write_all(b"x").unwrap();
            peers.push((fd, peer));
        }
        turn(&mut world, 1000);
        assert_eq!(log(&mut world).len(), 150);
        for (fd, _peer) in &peers {
            world.engine.fdtab.delete(*fd);
        }
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        assert_eq!(world.engine.fdtab.count(), 0);
    });
}

#[test]
fn a_rebuilt_set_watches_what_the_old_one_did() {
    with_each(|mut world| {
        let (fd, mut peer) = insert_pair(&mut world);
        world.engine.fdtab.arm_wait(fd, Direction::Read);
        turn(&mut world, 0);
        world.engine.after_fork().unwrap();
        turn(&mut world, 0);
        assert!(log(&mut world).is_empty());
        peer.write_all(b"x").unwrap();
        turn(&mut world, 1000);
        assert_eq!(log(&mut world), ["read"]);
    });
}

#[test]
fn only_the_speculative_poller_tries_first() {
    with_each(|mut world| {
        let (fd, _peer) = insert_pair(&mut world);
        world.engine.fdtab.arm(fd, Direction::Read);
        turn(&mut world, 0);
        let tries = usize::from(world.engine.fdtab.poller() == PollerKind::Sepoll);
        assert_eq!(log(&mut world).len(), tries);
        assert_eq!(
            world.engine.fdtab.poll_state(fd, Direction::Read),
            PollState::Wait
        );
    });
}

#[test]
fn what_a_callback_opens_is_tried_in_the_same_turn() {
    let mut world = world();
    let (listener, mut peer) = insert_pair(&mut world);
    world.engine.fdtab.arm_wait(listener, Direction::Read);
    world.effect = Some(|world, _| {
        world.effect = None;
        let (accepted, _peer) = insert_pair(world);
        world.engine.fdtab.arm(accepted, Direction::Read);
    });
    peer.write_all(b"x").unwrap();
    turn(&mut world, 1000);
    assert_eq!(log(&mut world), ["read", "read"]);
}

#[test]
fn attempts_survive_callbacks_that_delete_others() {
    let mut world = world();
    let mut peers = Vec::new();
    for _ in 0..20 {
        let (fd, peer) = insert_pair(&mut world);
        world.engine.fdtab.arm(fd, Direction::Read);
        peers.push(peer);
    }
    world.effect = Some(|world, fd| {
        let other = world
            .engine
            .fdtab
            .iter()
            .map(|status| status.fd)
            .find(|&other| other != fd);
        if let Some(other) = other {
            world.engine.fdtab.delete(other);
        }
        world.engine.fdtab.delete(fd);
    });
    turn(&mut world, 0);
    assert_eq!((log(&mut world).len(), world.engine.fdtab.count()), (10, 0));
    assert_eq!(world.engine.fdtab.listed_count(), 0);
}

#[test]
fn with_many_successes_one_wait_is_left_out() {
    let mut world = world();
    world.answer = Polling::More;
    let (waiting, mut peer) = insert_pair(&mut world);
    world.engine.fdtab.arm_wait(waiting, Direction::Read);
    turn(&mut world, 0);
    let mut peers = Vec::new();
    for _ in 0..30 {
        let (fd, peer) = insert_pair(&mut world);
        world.engine.fdtab.arm(fd, Direction::Read);
        peers.push(peer);
    }
    peer.write_all(b"x").unwrap();
    turn(&mut world, 0);
    assert_eq!(log(&mut world).len(), 30);
    turn(&mut world, 0);
    assert_eq!(log(&mut world).len(), 31);
}

#[test]
fn the_best_poller_left_is_chosen() {
    let mut choice = PollerChoice::default();
    for kind in PollerKind::ALL {
        assert_eq!(Poller::choose(choice).unwrap().kind(), kind);
        choice.disable(kind);
    }
    assert!(Poller::choose(choice).is_err());
    let listed = available(choice);
    assert!(
        listed
            .iter()
            .all(|poller| poller.is_usable && !poller.is_allowed)
    );
    assert_eq!(
        listed.map(|poller| poller.kind.pref()),
        [400, 300, 200, 150]
    );
}

#[test]
fn a_wait_reports_at_most_what_was_chosen() {
    let mut choice = PollerChoice::default();
    choice.set_events_max(0);
    let mut poller = Poller::choose(choice).unwrap();
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let (here, there) = UnixStream::pair().unwrap();
        let fd = Fd::new(std::os::fd::AsRawFd::as_raw_fd(&here));
        let change = Change {
            fd,
            generation: 1,
            before: Directions::NONE,
            after: Directions::WRITE,
            is_exclusive: false,
        };
        poller.update(change).unwrap();
        pairs.push((here, there));
    }
    let mut batch = Vec::new();
    poller.wait(0, &mut batch).unwrap();
    assert_eq!(batch.len(), 1);
}
