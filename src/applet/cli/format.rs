//! The output formats of `show info` and `show stat`, and the smaller ones of all commands.

use std::fmt::Write;

use crate::sys::clock::local_time;

/// How statistics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Lines of `key: value`, or CSV.
    Plain,
    /// One line per value with its origin and kind.
    Typed,
    /// JSON.
    Json,
}

impl Format {
    /// The format that the words behind a command ask for; the last one counts.
    pub(super) fn of_options(options: &[String]) -> Self {
        let wanted = options.iter().rev().find_map(|word| match word.as_str() {
            "typed" => Some(Self::Typed),
            "json" => Some(Self::Json),
            _ => None,
        });
        wanted.unwrap_or(Self::Plain)
    }
}

/// A date in local time as logs have it, with `digits` digits of the fraction:
/// `21/Nov/2026:01:49:02.187`.
pub(super) fn date(moment: (i64, u32), digits: usize) -> String {
    let Some(local) = local_time(moment.0) else {
        return "-".to_owned();
    };
    let index = usize::try_from(local.month).unwrap_or(0).saturating_sub(1);
    let month = MONTHS.get(index).unwrap_or(&"???");
    let fraction = format!("{:06}", moment.1);
    let fraction = fraction.get(..digits.min(6)).unwrap_or_default();
    format!(
        "{:02}/{month}/{:04}:{:02}:{:02}:{:02}.{fraction}",
        local.day, local.year, local.hour, local.minute, local.second
    )
}

/// A duration in its two highest units, as `1m5s`; nothing for none.
pub(super) fn duration(milliseconds: Option<u32>) -> String {
    let Some(milliseconds) = milliseconds else {
        return String::new();
    };
    let seconds = milliseconds / 1_000;
    let parts = [
        (seconds / 86_400, 'd'),
        (seconds / 3_600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let mut text = String::new();
    let first = parts
        .iter()
        .position(|(count, _)| *count > 0)
        .unwrap_or(parts.len() - 1);
    for (count, unit) in parts.iter().skip(first).take(2) {
        if *count > 0 || text.is_empty() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_as_many_digits_as_asked_for() {
        let text = date((1_795_225_742, 187_654), 3);
        assert_eq!(text.len(), "21/Nov/2026:01:49:02.187".len());
        assert!(text.ends_with(".187") && text.contains("/Nov/2026:"));
        assert!(date((1_795_225_742, 7), 6).ends_with(".000007"));
    }

    #[test]
    fn durations_show_two_units() {
        assert_eq!(duration(None), "");
        assert_eq!(duration(Some(0)), "0s");
        assert_eq!(duration(Some(60_000)), "1m");
        assert_eq!(duration(Some(3_725_000)), "1h2m");
    }
}
