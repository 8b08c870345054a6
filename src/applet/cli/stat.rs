//! `show stat`: the statistics as CSV, typed lines or JSON, row by row.

use std::fmt::Write;

use super::command::{Answer, Call, Dump, Scene, Step};
use super::format::Format;
use crate::applet::stats::value::{Field, Value, write_csv, write_json, write_typed};
use crate::applet::stats::{COLUMNS, MODULE_COLUMNS, Row, RowCursor, RowKind, View};
use crate::config::model::{CliLevel, Config};
use crate::worker::Core;

/// `show stat [<proxy> <types> <id>] [desc|json|no-maint|typed|up]*`.
pub(super) fn show_stat(call: &mut Call<'_>) -> Answer {
    let words = call.words;
    let mut stat = ShowStat {
        cursor: RowCursor::default(),
        filter: Filter::default(),
        format: Format::Plain,
        has_docs: false,
        rows_shown: 0,
        is_begun: false,
    };
    let mut options = words.from(2);
    if !words.word(4).is_empty() {
        match Filter::parse(
            words.word(2),
            words.word(3),
            words.word(4),
            call.worker.core.config,
        ) {
            Some(filter) => stat.filter = filter,
            None => return Answer::text("No such proxy.\n"),
        }
        options = words.from(5);
    }
    stat.format = Format::of_options(options);
    stat.has_docs = options.iter().any(|word| word == "desc");
    stat.filter.only_up = options.iter().any(|word| word == "up");
    stat.filter.no_maintenance = options.iter().any(|word| word == "no-maint");
    Answer::Dump(Box::new(stat))
}

/// Which rows are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Filter {
    /// Numeric identifier of the proxy.
    proxy: Option<i64>,
    /// Bits of the kinds, `None` for all.
    kinds: Option<u8>,
    /// Numeric identifier of the server or listener.
    item: Option<i64>,
    only_up: bool,
    no_maintenance: bool,
}

impl Filter {
    /// Reads the three words; `None` when no proxy has that name.
    fn parse(proxy: &str, kinds: &str, item: &str, config: &Config) -> Option<Self> {
        let proxy = match proxy.parse::<i64>() {
            Ok(-1) => None,
            Ok(number) => Some(number),
            Err(_) => {
                let named = config
                    .proxies
                    .iter()
                    .find(|settings| settings.name == proxy)?;
                Some(i64::from(named.numeric_id))
            }
        };
        let kinds = match leading_number(kinds) {
            -1 => None,
            // Only the four lowest bits mean something.
            bits => Some(u8::try_from(bits & 0x0f).unwrap_or(0)),
        };
        let item = Some(leading_number(item)).filter(|number| *number != -1);
        Some(Self {
            proxy,
            kinds,
            item,
            ..Self::default()
        })
    }

    fn shows(&self, view: &View<'_>) -> bool {
        if self
            .proxy
            .is_some_and(|wanted| wanted != i64::from(view.proxy().numeric_id))
            || self
                .kinds
                .is_some_and(|bits| bits & view.row.kind.bit() == 0)
        {
            return false;
        }
        let is_item = matches!(view.row.kind, RowKind::Server(_) | RowKind::Listener(_));
        if is_item
            && self
                .item
                .is_some_and(|wanted| wanted != i64::from(view.numeric_id()))
        {
            return false;
        }
        match view.server() {
            Some((_, _, state)) => {
                let hidden = (state.maintenance && (self.only_up || self.no_maintenance))
                    || (state.down && self.only_up);
                !hidden
            }
            None => true,
        }
    }
}

/// The number that a word begins with, 0 for none, as C's `atoi` reads it.
fn leading_number(word: &str) -> i64 {
    let digits_from = usize::from(word.starts_with('-'));
    let digits = word
        .bytes()
        .skip(digits_from)
        .take_while(u8::is_ascii_digit)
        .count();
    word.get(..digits_from + digits)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

struct ShowStat {
    cursor: RowCursor,
    filter: Filter,
    format: Format,
    has_docs: bool,
    rows_shown: u64,
    is_begun: bool,
}

impl Dump for ShowStat {
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step {
        if !self.is_begun {
            self.is_begun = true;
            self.write_head(out);
        }
        let Some(row) = self.cursor.next(scene.core) else {
            self.write_end(out);
            return Step::Done;
        };
        let view = View {
            core: scene.core,
            row,
        };
        if self.filter.shows(&view) {
            self.write_row(&view, scene.terms.level >= CliLevel::Operator, out);
            self.rows_shown += 1;
        }
        Step::More
    }
}

impl ShowStat {
    fn write_head(&self, out: &mut String) {
        match self.format {
            Format::Plain => {
                out.push_str("# ");
                let names = COLUMNS.iter().map(|column| column.name);
                for name in names.chain(["-"]).chain(MODULE_COLUMNS.iter().copied()) {
                    out.push_str(name);
                    out.push(',');
                }
                out.push('\n');
            }
            Format::Typed => {}
            Format::Json => out.push('['),
        }
    }

    fn write_end(&self, out: &mut String) {
        if self.format == Format::Json {
            out.push_str("]\n");
        }
    }

    fn write_row(&self, view: &View<'_>, is_detailed: bool, out: &mut String) {
        if self.format == Format::Plain {
            write_csv_row(view, is_detailed, out);
            return;
        }
        let Row { kind, .. } = view.row;
        let (proxy, item) = (view.proxy().numeric_id, view.numeric_id());
        let mut separator = if self.rows_shown > 0 { ",[" } else { "[" };
        for (position, column) in COLUMNS.iter().enumerate() {
            let value = column.value(view, is_detailed);
            if value == Value::Empty {
                continue;
            }
            let field = Field {
                position,
                name: column.name,
                tag: column.tag,
                kind: column.kind,
                process: view.core.process.number,
            };
            if self.format == Format::Json {
                out.push_str(separator);
                separator = ",";
                let name = kind.name();
                let head = format!("\"objType\":\"{name}\",\"proxyId\":{proxy},\"id\":{item},");
                write_json(out, &head, &field, &value);
                continue;
            }
            // Writing into a string cannot fail.
            let _ = write!(out, "{}.{proxy}.{item}.", kind.letter());
            write_typed(out, &field, &value);
            if self.has_docs {
                let _ = write!(out, ":\"{}\"", column.doc);
            }
            out.push('\n');
        }
        out.push_str(if self.format == Format::Json { "]" } else { "" });
    }
}

fn write_csv_row(view: &View<'_>, is_detailed: bool, out: &mut String) {
    for column in COLUMNS {
        write_csv(out, &column.value(view, is_detailed));
        out.push(',');
    }
    out.push_str("-,");
    for _ in MODULE_COLUMNS {
        out.push(',');
    }
    out.push('\n');
}

/// The proxy that a word names or numbers, for commands that show some of them.
pub(super) fn proxy_number(word: &str, core: &Core) -> Option<i64> {
    if let Ok(number) = word.parse::<i64>() {
        return Some(number);
    }
    let named = core
        .config
        .proxies
        .iter()
        .find(|settings| settings.name == word)?;
    Some(i64::from(named.numeric_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (word, number) in [
            ("12", 12),
            ("-1", -1),
            ("7x", 7),
            ("x", 0),
            ("-", 0),
            ("", 0),
        ] {
            assert_eq!(leading_number(word), number, "{word}");
        }
    }

    #[test]
    fn a_filter_takes_numbers_and_names() {
        let config = Config::default();
        let all = Filter::parse("-1", "-1", "-1", &config);
        assert_eq!(all, Some(Filter::default()));
        let one = Filter::parse("5", "6", "2", &config).unwrap();
        assert_eq!(
            (one.proxy, one.kinds, one.item),
            (Some(5), Some(6), Some(2))
        );
        assert_eq!(Filter::parse("none", "-1", "-1", &config), None);
    }
}
