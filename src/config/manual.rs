//! The reference text and keyword list, printed from the tables that the parser uses.
//!
//! `-dK` prints [`keyword_list`], `--manual [keyword]` prints [`manual`].

use std::fmt::Write as _;

use super::keyword::KeywordInfo;
use super::section::{self, SECTIONS};
use super::suggest;

/// Every section with its keywords, one per line, as scripts and completion read it.
pub fn keyword_list() -> String {
    let mut output = String::new();
    for section in SECTIONS {
        let _ = writeln!(output, "{}", section.name);
        for info in keywords_of(section.kind) {
            let prefix = if info.negatable { "[no|default] " } else { "" };
            let _ = writeln!(output, "\t{prefix}{}", info.name);
        }
    }
    output
}

/// The reference text: of everything, of a section, or of the keywords whose name is or
/// begins with `topic`. The error names what is close to an unknown topic.
pub fn manual(topic: Option<&str>) -> Result<String, String> {
    let Some(topic) = topic else {
        return Ok(SECTIONS
            .iter()
            .map(|section| section_text(section))
            .collect());
    };
    let entries: Vec<String> = section::all_keywords()
        .iter()
        .filter(|info| {
            let rest = info.name.strip_prefix(topic);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.']))
        })
        .map(entry_text)
        .collect();
    let section = section::section_named(topic).map(section_text);
    if section.is_some() || !entries.is_empty() {
        return Ok(section.unwrap_or_default() + &entries.concat());
    }
    let keywords = section::all_keywords();
    let mut message = format!("unknown keyword '{topic}'");
    if let Some(close) = suggest::closest(topic, keywords.iter().map(|info| info.name)) {
        let _ = write!(message, "; did you mean '{close}'?");
    }
    Err(message)
}

fn section_text(section: &section::Section) -> String {
    let mut output = format!("{}\n    {}\n\n", section.usage, section.doc);
    for info in keywords_of(section.kind) {
        output.push_str(&entry_text(&info));
    }
    output
}

fn entry_text(info: &KeywordInfo) -> String {
    let sections = info.sections.names().collect::<Vec<_>>().join(", ");
    let prefix = if info.negatable { "[no|default] " } else { "" };
    let KeywordInfo {
        usage, doc, since, ..
    } = info;
    format!("{prefix}{usage}\n    {doc}\n    in: {sections}; since: {since}\n\n")
}

/// The keywords of a section, by name.
fn keywords_of(kind: super::keyword::Sections) -> Vec<KeywordInfo> {
    let mut keywords = section::all_keywords();
    keywords.retain(|info| info.sections.overlaps(kind));
    keywords.sort_by_key(|info| info.name);
    keywords
}

#[cfg(test)]
mod tests;
