//! Actions of HAProxy that weir does not offer, and why.

/// Why an action is not there; `None` when HAProxy has none of that name either.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    if name.starts_with("lua.") {
        return Some("there is no Lua interpreter");
    }
    if name.starts_with("sc-") || name.starts_with("track-sc") {
        return Some("there are no stick tables");
    }
    let found = REFUSED.binary_search_by_key(&name, |(known, _)| known);
    let (_, why) = REFUSED.get(found.ok()?)?;
    Some(why)
}

/// Sorted by name.
const REFUSED: &[(&str, &str)] = &[
    ("cache-store", "there is no cache"),
    ("cache-use", "there is no cache"),
    (
        "do-resolve",
        "host names are not resolved while requests wait",
    ),
    ("ot-group", "there is no OpenTracing filter"),
    (
        "send-spoe-group",
        "there is no stream processing offload engine",
    ),
    (
        "use-service",
        "there are no services besides 'return' and 'redirect'",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_families_are_known() {
        assert!(REFUSED.is_sorted_by_key(|(name, _)| *name));
        for name in [
            "lua.x",
            "sc-inc-gpc0",
            "track-sc2",
            "cache-use",
            "use-service",
        ] {
            assert!(reason(name).is_some(), "{name}");
        }
        assert_eq!(reason("set-header"), None);
    }
}
