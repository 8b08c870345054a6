//! A view that changes, against a plain list of entries that changes alike.

use std::sync::Arc;

use super::super::{Input, LivePatterns, MatchMethod, Options, PatternList};
use super::map;
use crate::sys::allocation::allocations_of;
use proptest::collection::vec;
use proptest::prelude::*;

fn live(method: MatchMethod, entries: &[(&str, &str)]) -> LivePatterns {
    LivePatterns::new(Arc::new(map(method, entries)))
}

fn value(view: &LivePatterns, text: &str) -> Option<String> {
    let hit = view.lookup(Input::Bytes(text.as_bytes()))?;
    Some(String::from_utf8(hit.value().unwrap_or_default().to_vec()).unwrap())
}

#[test]
fn a_deleted_entry_uncovers_what_it_hid() {
    let entries = [
        ("10.0.0.0/8", "8"),
        ("10.1.0.0/16", "16"),
        ("10.1.0.0/16", "again"),
    ];
    let mut view = live(MatchMethod::Ip, &entries);
    assert_eq!(value(&view, "10.1.0.1").as_deref(), Some("16"));
    assert!(view.delete_id(1));
    assert_eq!(value(&view, "10.1.0.1").as_deref(), Some("again"));
    assert_eq!(view.delete(b"10.1.0.0/16"), 1);
    assert_eq!(value(&view, "10.1.0.1").as_deref(), Some("8"));
    assert!(!view.delete_id(1));
    assert_eq!(view.delete(b"10.1.0.0/16"), 0);
    assert_eq!(view.count(), 1);
}

#[test]
fn added_entries_take_part_in_the_nearest_match() {
    let mut view = live(
        MatchMethod::Ip,
        &[("10.0.0.0/8", "8"), ("10.1.1.0/24", "24")],
    );
    view.add(b"10.1.0.0/16", Some(b"16")).unwrap();
    assert_eq!(value(&view, "10.1.2.3").as_deref(), Some("16"));
    assert_eq!(value(&view, "10.1.1.3").as_deref(), Some("24"));
    let mut view = live(MatchMethod::Sub, &[("b", "1")]);
    view.add(b"a", Some(b"2")).unwrap();
    assert_eq!(value(&view, "ab").as_deref(), Some("1"));
    assert_eq!(value(&view, "a").as_deref(), Some("2"));
}

#[test]
fn a_host_name_is_never_resolved_at_run_time() {
    let mut view = live(MatchMethod::Ip, &[]);
    assert!(view.add(b"localhost", None).is_err());
    assert_eq!((view.count(), view.generation()), (0, 0));
}

#[test]
fn every_change_shows_in_the_generation() {
    let mut view = live(MatchMethod::Str, &[("a", "1"), ("a", "2")]);
    assert_eq!(view.set_value(b"a", b"x"), 2);
    let after_set = view.generation();
    assert_eq!(view.set_value(b"a", b"x"), 2);
    assert_eq!(view.generation(), after_set);
    assert_eq!(view.set_value(b"b", b"x"), 0);
    let id = view.add(b"b", Some(b"y")).unwrap();
    assert!(view.generation() > after_set);
    assert_eq!(view.find_pattern(b"b").unwrap().id, id);
    assert_eq!(view.entry(id).unwrap().value, Some(&b"y"[..]));
    view.clear();
    assert_eq!((view.count(), view.entries_from(0).count()), (0, 0));
    assert_eq!(value(&view, "a"), None);
    let next = view.add(b"a", None).unwrap();
    assert!(next > id);
    let list = map(MatchMethod::Str, &[("n", "new")]);
    view.replace(Arc::new(list));
    assert_eq!(value(&view, "n").as_deref(), Some("new"));
    assert_eq!(value(&view, "a"), None);
    let ids: Vec<u64> = view.entries_from(0).map(|entry| entry.id).collect();
    assert_eq!(ids, [next + 1]);
    assert!(view.set_value_id(next + 1, b"newer") && view.delete_id(next + 1));
    assert_eq!(view.entry(next + 1), None);
}

#[test]
fn setting_a_value_again_allocates_nothing() {
    let mut view = live(MatchMethod::Str, &[("a", "1")]);
    view.add(b"b", Some(b"2")).unwrap();
    for key in [b"a", b"b"] {
        view.set_value(key, b"first");
    }
    let count = allocations_of(|| {
        view.set_value(b"a", b"2nd");
        view.set_value(b"b", b"2nd");
        assert!(view.lookup(Input::Bytes(b"b")).is_some());
    });
    assert_eq!(count, 0);
    assert_eq!(value(&view, "b").as_deref(), Some("2nd"));
}

/// What a test does to a view.
#[derive(Clone, Debug)]
enum Change {
    Add(String, u8),
    Delete(String),
    DeleteId(u64),
    Set(String, u8),
    Clear,
}

fn changes(pattern: &'static str) -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        8 => (pattern, 0..9_u8).prop_map(|(text, value)| Change::Add(text, value)),
        3 => pattern.prop_map(Change::Delete),
        3 => (0..40_u64).prop_map(Change::DeleteId),
        3 => (pattern, 0..9_u8).prop_map(|(text, value)| Change::Set(text, value)),
        1 => Just(Change::Clear),
    ];
    vec(change, 0..40)
}

/// Id, pattern and value of the entries that there should be.
type Model = Vec<(u64, String, u8)>;

/// Does the change to both.
fn apply(change: Change, view: &mut LivePatterns, model: &mut Model) {
    match change {
        Change::Add(text, value) => {
            let id = view.add(text.as_bytes(), Some(&[value])).unwrap();
            model.push((id, text, value));
        }
        Change::Delete(text) => {
            let before = model.len();
            model.retain(|(_, other, _)| *other != text);
            assert_eq!(view.delete(text.as_bytes()), before - model.len());
        }
        Change::DeleteId(id) => {
            let before = model.len();
            model.retain(|(other, _, _)| *other != id);
            assert_eq!(view.delete_id(id), before != model.len());
        }
        Change::Set(text, value) => {
            let mut count = 0;
            for entry in model.iter_mut().filter(|entry| entry.1 == text) {
                entry.2 = value;
                count += 1;
            }
            assert_eq!(view.set_value(text.as_bytes(), &[value]), count);
        }
        Change::Clear => {
            model.clear();
            view.clear();
        }
    }
}

/// A list of the model's entries, which must find what the view finds.
fn check(view: &LivePatterns, model: &Model, probe: &str) {
    let entries: Vec<_> = view
        .entries_from(0)
        .map(|entry| (entry.id, entry.pattern.to_vec(), entry.value.unwrap()[0]))
        .collect();
    let expected: Vec<_> = model
        .iter()
        .map(|(id, text, value)| (*id, text.clone().into_bytes(), *value))
        .collect();
    assert_eq!(entries, expected);
    assert_eq!(view.count(), model.len());
    let mut builder = PatternList::builder(view.options());
    for (_, text, value) in model {
        builder.add(text.as_bytes(), Some(&[*value]), 0).unwrap();
    }
    let list = builder.finish().unwrap();
    let hit = list.lookup(Input::Bytes(probe.as_bytes()));
    let place = hit
        .and_then(|hit| hit.entry)
        .map(|entry| usize::try_from(entry.id).unwrap());
    let expected = place.map(|place| (model[place].0, model[place].2));
    let found = view
        .lookup(Input::Bytes(probe.as_bytes()))
        .and_then(|hit| hit.entry);
    assert_eq!(
        found.map(|entry| (entry.id, entry.value.unwrap()[0])),
        expected
    );
}

fn run(method: MatchMethod, base: &[String], changes: Vec<Change>, probes: &[String]) {
    let mut builder = PatternList::builder(Options::new(method));
    let mut model: Model = Vec::new();
    for (id, text) in (0..).zip(base) {
        builder.add(text.as_bytes(), Some(b"\0"), 0).unwrap();
        model.push((id, text.clone(), 0));
    }
    let mut view = LivePatterns::new(Arc::new(builder.finish().unwrap()));
    for change in changes {
        apply(change, &mut view, &mut model);
        for probe in probes {
            check(&view, &model, probe);
        }
    }
}

const TEXT: &str = "[ab./]{0,3}";
const RANGE: &str = "[1-4]|[12]:[34]|:2|3:";
const NETWORK: &str = "10\\.0\\.0\\.[0-3]/(29|30|31|32)|::ffff:10\\.0\\.0\\.[0-3]/12[5-8]";
const ADDRESS: &str = "10\\.0\\.0\\.[0-4]|::ffff:10\\.0\\.0\\.[0-4]";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn views_of_text_agree(
        base in vec(TEXT, 0..12),
        changes in changes(TEXT),
        probes in vec("[ab./]{0,6}", 1..4),
    ) {
        for method in [
            MatchMethod::Str, MatchMethod::Beg, MatchMethod::End,
            MatchMethod::Sub, MatchMethod::Dir, MatchMethod::Dom,
        ] {
            run(method, &base, changes.clone(), &probes);
        }
    }

    #[test]
    fn views_of_ranges_agree(
        base in vec(RANGE, 0..12), changes in changes(RANGE), probes in vec("[0-5]", 1..4),
    ) {
        run(MatchMethod::Int, &base, changes, &probes);
    }

    #[test]
    fn views_of_networks_agree(
        base in vec(NETWORK, 0..12), changes in changes(NETWORK), probes in vec(ADDRESS, 1..4),
    ) {
        run(MatchMethod::Ip, &base, changes, &probes);
    }

    #[test]
    fn views_of_expressions_agree(
        base in vec("[ab]{1,2}", 0..12), changes in changes("[ab]{1,2}"), probe in "[abc]{0,4}",
    ) {
        run(MatchMethod::Reg, &base, changes, &[probe]);
    }
}
