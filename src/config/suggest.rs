//! "Did you mean": the known name that a misspelt one is closest to.
//!
//! Called when a keyword or a word of a closed set is unknown.

/// The closest of `names`, if one is close enough to be what was meant.
pub(crate) fn closest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match wrong.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    names
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edits (insertions, deletions, replacements, swaps of neighbours) from `left` to `right`.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(NAME_LEN_MAX).collect();
    let right: Vec<char> = right.chars().take(NAME_LEN_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, &left_char) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &right_char) in right.iter().enumerate() {
            let cost = usize::from(left_char != right_char);
            let mut best = (above[column] + cost)
                .min(above[column + 1] + 1)
                .min(current[column] + 1);
            let swapped = row > 0
                && column > 0
                && left[row - 1] == right_char
                && right[column - 1] == left_char;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = above;
        above = current;
    }
    above.last().copied().unwrap_or(0)
}

/// Longer names are compared by this many characters, which bounds the work.
const NAME_LEN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["timeout", "mode", "maxconn", "balance", "bind", "log"];

    #[test]
    fn small_slips_are_recognised() {
        for (wrong, meant) in [
            ("timout", "timeout"),
            ("tiemout", "timeout"),
            ("maxcon", "maxconn"),
            ("blance", "balance"),
            ("bnid", "bind"),
            ("lgo", "log"),
        ] {
            assert_eq!(closest(wrong, NAMES.into_iter()), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn other_words_suggest_nothing() {
        for wrong in ["", "x", "frobnicate", "zz"] {
            assert_eq!(closest(wrong, NAMES.into_iter()), None, "{wrong}");
        }
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
