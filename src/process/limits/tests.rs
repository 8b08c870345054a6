//! The arithmetic of limits, and raising them against a pretended kernel.

use super::*;
use proptest::prelude::*;

const ROOMY: Limit = Limit {
    soft: Some(1_024),
    hard: Some(20_000),
};

fn demand() -> Demand {
    Demand {
        maxpipes: Some(0),
        listeners: 2,
        checks: 3,
        peers: 1,
        stats_maxconn: 10,
        bufsize: 16_384,
        ..Demand::default()
    }
}

/// A kernel without the right to raise hard limits.
fn unprivileged(current: Limit, applied: &mut Option<Limit>, limit: Limit) -> io::Result<()> {
    if limit.hard > current.hard {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    *applied = Some(limit);
    Ok(())
}

fn told(complaints: &[LimitError]) -> Vec<String> {
    complaints.iter().map(ToString::to_string).collect()
}

#[test]
fn maxsock_is_the_sum_of_all_that_opens_descriptors() {
    let demand = Demand {
        maxconn: 100,
        maxpipes: Some(25),
        ..demand()
    };
    let plan = Plan::of(&demand, ROOMY);
    assert_eq!(plan.maxsock, 10 + 200 + 50 + 2 + 3 + 1 + 10);
    assert_eq!((plan.maxconn, plan.derivation), (100, None));
    assert_eq!(plan.fd_limit, plan.maxsock);
}

#[test]
fn pipes_default_to_a_quarter_of_the_connections() {
    let demand = Demand {
        maxconn: 100,
        maxpipes: None,
        ..demand()
    };
    assert_eq!(Plan::of(&demand, ROOMY).maxpipes, 25);
}

#[test]
fn ulimit_n_is_what_is_asked_for() {
    let demand = Demand {
        maxconn: 100,
        ulimit_n: 5_000,
        ..demand()
    };
    assert_eq!(Plan::of(&demand, ROOMY).fd_limit, 5_000);
}

#[test]
fn without_maxconn_the_hard_limit_decides() {
    let plan = Plan::of(&demand(), ROOMY);
    assert_eq!(plan.maxconn, (20_000 - 26) / 2);
    assert_eq!(
        plan.derivation.unwrap().to_string(),
        "maxconn set to 9987 : fd limit of 20000 less 26 reserved, \
         shared between connections and their pipes."
    );
}

#[test]
fn without_maxconn_ulimit_n_decides_before_the_hard_limit() {
    let demand = Demand {
        ulimit_n: 1_026,
        ..demand()
    };
    assert_eq!(Plan::of(&demand, ROOMY).maxconn, 500);
}

#[test]
fn without_maxconn_an_absurd_hard_limit_is_cut() {
    let absurd = Limit {
        soft: Some(1_024),
        hard: None,
    };
    assert_eq!(Plan::of(&demand(), absurd).maxconn, (1_048_576 - 26) / 2);
}

#[test]
fn without_maxconn_memory_may_be_the_tighter_limit() {
    let demand = Demand {
        memory: 100 * MEGABYTE,
        ..demand()
    };
    let plan = Plan::of(&demand, ROOMY);
    assert_eq!(plan.maxconn, 2_133);
    let text = plan.derivation.unwrap().to_string();
    assert!(text.contains("three quarters of 104857600 bytes"), "{text}");
    assert!(text.contains("36864 for each connection"), "{text}");
}

#[test]
fn memory_is_shared_between_processes() {
    assert_eq!(memory_per_process(64, 4), 16 * MEGABYTE);
    assert_eq!(memory_per_process(64, 0), 64 * MEGABYTE);
    assert_eq!(memory_per_process(0, 4), 0);
}

#[test]
fn the_soft_limit_is_raised_within_the_hard_one() {
    let plan = Plan::of(
        &Demand {
            maxconn: 5_000,
            ..demand()
        },
        ROOMY,
    );
    let mut applied = None;
    let complaints = raise(&plan, ROOMY, |limit| {
        unprivileged(ROOMY, &mut applied, limit)
    });
    assert!(complaints.is_empty());
    let raised = Limit {
        soft: Some(10_026),
        ..ROOMY
    };
    assert_eq!(applied, Some(raised));
}

#[test]
fn the_hard_limit_bounds_who_lacks_the_rights() {
    let plan = Plan::of(
        &Demand {
            maxconn: 50_000,
            ..demand()
        },
        ROOMY,
    );
    let mut applied = None;
    let complaints = raise(&plan, ROOMY, |limit| {
        unprivileged(ROOMY, &mut applied, limit)
    });
    assert_eq!(applied.unwrap().soft, Some(20_000));
    assert_eq!(
        told(&complaints),
        [
            "Cannot raise FD limit to 100026, limit is 20000.",
            "FD limit (20000) too low for maxconn=50000/maxsock=100026. \
             Please raise 'ulimit-n' to 100026 or more to avoid any trouble.",
        ]
    );
}

#[test]
fn the_superuser_raises_the_hard_limit_too() {
    let plan = Plan::of(
        &Demand {
            maxconn: 50_000,
            ..demand()
        },
        ROOMY,
    );
    let mut applied = None;
    let complaints = raise(&plan, ROOMY, |limit| {
        applied = Some(limit);
        Ok(())
    });
    assert!(complaints.is_empty());
    assert_eq!(applied.unwrap().hard, Some(100_026));
}

#[test]
fn enough_is_left_alone_and_a_small_ulimit_n_is_told() {
    let wide = Limit {
        soft: None,
        hard: None,
    };
    let plan = Plan::of(
        &Demand {
            maxconn: 9,
            ..demand()
        },
        ROOMY,
    );
    let never = |_limit| -> io::Result<()> { panic!("a limit was touched") };
    assert!(raise(&plan, ROOMY, never).is_empty());
    assert!(raise(&plan, wide, never).is_empty());

    let small = Demand {
        maxconn: 900,
        ulimit_n: 500,
        ..demand()
    };
    let complaints = raise(&Plan::of(&small, ROOMY), ROOMY, never);
    assert!(matches!(
        *complaints,
        [LimitError::TooLow {
            have: 1_024,
            maxsock: 1_826,
            ..
        }]
    ));
}

#[test]
fn the_real_limit_can_be_read() {
    assert_ne!(current_fd_limit().unwrap().soft, Some(0));
}

proptest! {
    #[test]
    fn a_derived_maxconn_fits_into_the_limit(
        hard in 100_u64..5_000_000,
        pipes in prop::option::of(0_u32..20),
        memory in prop_oneof![Just(0), 1_u64..u64::MAX],
    ) {
        let demand = Demand { maxpipes: pipes, memory, ..demand() };
        let current = Limit { soft: Some(10), hard: Some(hard) };
        let plan = Plan::of(&demand, current);
        prop_assert!(plan.maxconn >= 1);
        prop_assert!(plan.maxsock <= hard, "{plan:?}");
    }

    #[test]
    fn no_number_overflows(maxconn: u32, ulimit_n: u64, count: u32, bufsize: usize) {
        let demand = Demand {
            maxconn,
            ulimit_n,
            maxpipes: Some(count),
            listeners: count,
            checks: count,
            peers: count,
            stats_maxconn: count,
            memory: ulimit_n,
            bufsize,
        };
        prop_assert!(Plan::of(&demand, ROOMY).fd_limit > 0);
    }
}
