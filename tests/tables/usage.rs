//! Reads usage lines: `set-status <status> [reason <text>]`.
//!
//! Owns what a placeholder may be filled with. The walks over the tables use it to write
//! right lines and wrong ones for keywords that they know nothing else about.

/// The usage with its optional parts left out, the first of each choice taken, and samples
/// in place of placeholders.
pub(crate) fn filled(usage: &str) -> String {
    let words = required(usage);
    let words = words.split_whitespace().map(sample_of);
    words.collect::<Vec<_>>().join(" ")
}

/// The usage with its optional parts left out and the first of each choice taken.
pub(crate) fn required(usage: &str) -> String {
    let text = without_optional(usage);
    let text = match text.contains('{') {
        true => first_in_braces(&text),
        false => text.split(" | ").next().unwrap_or_default().to_owned(),
    };
    let words = text.split_whitespace().map(|word| match word.find(">|") {
        Some(end) => &word[..=end],
        None if word.contains('<') => word,
        None => word.split('|').next().unwrap_or_default(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The usage without what stands in brackets; the words of one placeholder are joined.
fn without_optional(usage: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_u32;
    let mut is_placeholder = false;
    for character in usage.chars() {
        match character {
            '[' if !is_placeholder => depth += 1,
            ']' if !is_placeholder => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ' ' if is_placeholder => text.push('_'),
            _ => {
                is_placeholder = (is_placeholder || character == '<') && character != '>';
                text.push(character);
            }
        }
    }
    text.replace("...", "").replace('*', "").trim().to_owned()
}

/// The text with every `{one | two}` as `one`.
fn first_in_braces(text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else {
        return text.to_owned();
    };
    let (choice, after) = rest.split_once('}').unwrap_or((rest, ""));
    let first = choice.split('|').next().unwrap_or_default();
    format!("{before}{first}{}", first_in_braces(after))
}

/// True when the usage asks for something behind the name.
pub(crate) fn has_required(usage: &str, name: &str) -> bool {
    without_optional(usage).len() > name.len()
}

/// A word of a usage with its placeholder filled in: `set-var(<name>)`, `<status>`.
fn sample_of(word: &str) -> String {
    let Some((before, rest)) = word.split_once('<') else {
        return word.to_owned();
    };
    let Some((inner, after)) = rest.split_once('>') else {
        return word.to_owned();
    };
    let known = SAMPLES.iter().find(|(name, _)| *name == inner);
    let inner = match (known, before.ends_with('(')) {
        (_, true) => "txn.name",
        (Some((_, sample)), false) => sample,
        (None, false) => SAMPLE_DEFAULT,
    };
    format!("{before}{inner}{}", sample_of(after))
}

/// What a placeholder of this name may be.
const SAMPLES: &[(&str, &str)] = &[
    ("code", "403"),
    ("expression", "str(10.1.2.3)"),
    ("expr", "str(10.1.2.3)"),
    ("format", "value"),
    ("fmt", "value"),
    ("key", "value"),
    ("level", "info"),
    ("location", "/elsewhere"),
    ("mark", "1"),
    ("method", "GET"),
    ("name", "x-name"),
    ("nice", "5"),
    ("normalizer", "path-strip-dot"),
    ("regex", "^(.*)$"),
    ("sample", "str(10.1.2.3)"),
    ("status", "200"),
    ("text", "value"),
    ("time", "1s"),
    ("value", "value"),
];

/// Numbers are what most other placeholders stand for.
const SAMPLE_DEFAULT: &str = "1";

#[cfg(test)]
mod tests {
    use super::{filled, has_required, required};

    #[test]
    fn optional_parts_are_left_out() {
        assert_eq!(required("deny [deny_status <code> [x]]"), "deny");
        assert_eq!(
            filled("set-status <status> [reason <text>]"),
            "set-status 200"
        );
        assert!(!has_required("deny [deny_status <code>]", "deny"));
        assert!(has_required("unset-var(<name>)", "unset-var"));
    }

    #[test]
    fn the_first_of_a_choice_is_taken() {
        assert_eq!(
            required("option x {preserve | delete} <a b>"),
            "option x preserve <a_b>"
        );
        assert_eq!(required("mode tcp|http|health"), "mode tcp");
        assert_eq!(
            filled("set-var(<name>) <expression>"),
            "set-var(txn.name) str(10.1.2.3)"
        );
        assert_eq!(filled("set-log-level <level>|silent"), "set-log-level info");
        assert_eq!(required("log global | log <target>"), "log global");
    }
}
