//! Values of statistics and process information, in the formats that programs read.
//!
//! A value stands beside a tag of three letters that says where it comes from, what it
//! measures and for whom it holds (management manual, "Typed output format"). Called by
//! `show info` and `show stat`.

use std::fmt::{self, Write};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not applicable or not known.
    Empty,
    /// A count.
    Number(u64),
    /// A count that -1 says nothing of.
    Signed(i64),
    /// Seconds with a fraction.
    Seconds(f64),
    /// Text.
    Text(String),
}

impl Value {
    /// Text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// One for true.
    pub fn flag(is_set: bool) -> Self {
        Self::Number(u64::from(is_set))
    }

    /// A count held as a size.
    pub const fn size(size: usize) -> Self {
        Self::Number(size as u64)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Seconds(seconds) => write!(f, "{seconds:.6}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// How typed formats call a kind of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Up to 32 bits.
    Unsigned32,
    /// Up to 64 bits.
    Unsigned64,
    /// With a sign.
    Signed32,
    /// Text.
    Text,
}

impl Kind {
    /// The name of the kind that `value` has in a field of this kind.
    const fn name(self, value: &Value) -> &'static str {
        match (self, value) {
            (_, Value::Seconds(_)) => "flt",
            (Self::Unsigned32, _) => "u32",
            (Self::Unsigned64, _) => "u64",
            (Self::Signed32, _) => "s32",
            (Self::Text, _) => "str",
        }
    }
}

/// What a format says of a field besides its value.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its place in the order of all fields.
    pub position: usize,
    /// Its name.
    pub name: &'a str,
    /// Origin, nature and scope, a letter each.
    pub tag: &'a str,
    /// Kind of its values.
    pub kind: Kind,
    /// Number of the process.
    pub process: u32,
}

/// Appends `position.name.process:tag:kind:value` without a line end.
pub fn write_typed(out: &mut String, field: &Field<'_>, value: &Value) {
    let Field {
        position,
        name,
        tag,
        process,
        ..
    } = field;
    let kind = field.kind.name(value);
    // Writing into a string cannot fail.
    let _ = write!(out, "{position}.{name}.{process}:{tag}:{kind}:{value}");
}

/// Appends a JSON object; `head` stands in front of its members and ends with a comma.
pub fn write_json(out: &mut String, head: &str, field: &Field<'_>, value: &Value) {
    let Field {
        position,
        name,
        process,
        ..
    } = field;
    let mut letters = field.tag.chars();
    let origin = letters.next().map_or("", origin_name);
    let nature = letters.next().map_or("", nature_name);
    let scope = letters.next().map_or("", scope_name);
    let kind = field.kind.name(value);
    let _ = write!(
        out,
        "{{{head}\"field\":{{\"pos\":{position},\"name\":\"{name}\"}},\"processNum\":{process},\
         \"tags\":{{\"origin\":\"{origin}\",\"nature\":\"{nature}\",\"scope\":\"{scope}\"}},\
         \"value\":{{\"type\":\"{kind}\",\"value\":"
    );
    match value {
        Value::Text(text) => write_json_text(out, text),
        Value::Empty => out.push_str("\"\""),
        Value::Number(_) | Value::Signed(_) | Value::Seconds(_) => {
            let _ = write!(out, "{value}");
        }
    }
    out.push_str("}}");
}

/// Appends a JSON string.
pub fn write_json_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a CSV field, quoted when it has to be (RFC 4180, section 2).
pub fn write_csv(out: &mut String, value: &Value) {
    if let Value::Text(text) = value
        && text.contains([',', '"', '\n', '\r'])
    {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
        return;
    }
    let _ = write!(out, "{value}");
}

const fn origin_name(letter: char) -> &'static str {
    match letter {
        'M' => "Metric",
        'S' => "Status",
        'K' => "Key",
        'C' => "Config",
        'P' => "Product",
        _ => "",
    }
}

const fn nature_name(letter: char) -> &'static str {
    match letter {
        'A' => "Age",
        'a' => "Avg",
        'C' => "Counter",
        'D' => "Duration",
        'G' => "Gauge",
        'L' => "Limit",
        'M' => "Max",
        'N' => "Name",
        'O' => "Output",
        'R' => "Rate",
        _ => "",
    }
}

const fn scope_name(letter: char) -> &'static str {
    match letter {
        'P' => "Process",
        'S' => "Service",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Field<'_> = Field {
        position: 4,
        name: "scur",
        tag: "MGP",
        kind: Kind::Unsigned32,
        process: 1,
    };

    #[test]
    fn typed_lines_name_the_kind_of_the_value() {
        let mut out = String::new();
        write_typed(&mut out, &FIELD, &Value::Number(7));
        assert_eq!(out, "4.scur.1:MGP:u32:7");
        out.clear();
        write_typed(&mut out, &FIELD, &Value::Seconds(0.5));
        assert_eq!(out, "4.scur.1:MGP:flt:0.500000");
    }

    #[test]
    fn json_spells_the_tag_out() {
        let mut out = String::new();
        write_json(&mut out, "", &FIELD, &Value::text("a\"\n"));
        assert_eq!(
            out,
            "{\"field\":{\"pos\":4,\"name\":\"scur\"},\"processNum\":1,\"tags\":{\"origin\":\
             \"Metric\",\"nature\":\"Gauge\",\"scope\":\"Process\"},\"value\":{\"type\":\"u32\",\
             \"value\":\"a\\\"\\u000a\"}}"
        );
    }

    #[test]
    fn csv_quotes_what_would_break_the_row() {
        let mut out = String::new();
        write_csv(&mut out, &Value::text("a,\"b"));
        assert_eq!(out, "\"a,\"\"b\"");
    }
}
