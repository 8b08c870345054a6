//! The queue, the poller and the state, after any sequence of steps.

use proptest::prelude::*;

use super::*;

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
