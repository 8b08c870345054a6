//! Where the tests and examples of the repository mention an entry of a table.
//!
//! Owns one reading of all of them: their texts are cut into segments at line ends, quotes
//! and braces, as configuration stands in strings of Rust and in blocks of scenarios, and
//! each segment is looked at once.
//! Invariant: this folder, which names entries without testing what they do, does not count.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use weir::config::tables::{Entry, Kind, entries};

/// What was mentioned, by the way it was used.
#[derive(Default)]
pub(crate) struct Mentions {
    /// The first words of segments, up to three.
    phrases: HashSet<String>,
    /// The names of all parameters.
    parameters: HashSet<&'static str>,
    /// Words of `bind` lines, and of `server` lines.
    of_bind: HashSet<String>,
    of_server: HashSet<String>,
    /// Words that begin a segment or follow the name of a rule set.
    actions: HashSet<String>,
    /// Names where a fetch, a converter or a variable may stand.
    fetches: HashSet<String>,
    converters: HashSet<String>,
    variables: HashSet<String>,
}

impl Mentions {
    /// What the tests and examples of this repository mention.
    pub(crate) fn of_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let is_parameter = |entry: &Entry| matches!(entry.kind, Kind::Parameter(_));
        let entries = entries().into_iter().filter(is_parameter);
        let mut mentions = Self {
            parameters: entries.map(|entry| entry.name).collect(),
            ..Self::default()
        };
        for folder in ["conf", "tests", "src"] {
            mentions.read_folder(&root.join(folder));
        }
        assert!(mentions.phrases.len() > 1000, "the tests were not found");
        mentions
    }

    /// True when the entry is used somewhere.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        let name = entry.name;
        match entry.kind {
            Kind::Keyword(_) => self.phrases.contains(name),
            Kind::Parameter("bind") => self.of_bind.contains(name),
            Kind::Parameter(_) => self.of_server.contains(name),
            Kind::Action(_) => self.actions.contains(name),
            Kind::Fetch(..) => {
                let suffixed = |suffix: &&str| self.fetches.contains(&format!("{name}_{suffix}"));
                self.fetches.contains(name) || SUFFIXES.iter().any(suffixed)
            }
            Kind::Converter(..) => self.converters.contains(name),
            Kind::Variable => self.variables.contains(name),
        }
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let own = Path::new(file!()).parent().unwrap();
                if !path.ends_with(own) {
                    self.read_folder(&path);
                }
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            self.read(tests_of(&path, &text));
        }
    }

    fn read(&mut self, text: &str) {
        let text = text.replace("\\n", "\n").replace("\\\"", "\"");
        for segment in text.split(['\n', '"', '{', '}', '`', ';']) {
            let segment = segment.trim().trim_start_matches(['#', '/', '-', '+', ' ']);
            self.read_segment(segment);
            // Scenarios put a configuration between braces, rules put conditions there.
            self.read_names(segment);
        }
        self.read_formats(&text);
    }

    fn read_segment(&mut self, segment: &str) {
        let mut words: Vec<&str> = segment.split_whitespace().collect();
        if matches!(words.first(), Some(&"no" | &"default")) && words.len() > 1 {
            words.remove(0);
        }
        for count in 1..=words.len().min(3) {
            self.phrases.insert(words[..count].join(" "));
        }
        let own = |word: &&str| (*word).to_owned();
        match words.first().copied() {
            Some("bind") => self.of_bind.extend(words.iter().map(own)),
            Some("server" | "default-server") => self.of_server.extend(words.iter().map(own)),
            _ => {}
        }
        // Tests of parameters may put them behind a beginning that is always the same.
        if let Some(first) = words.first() {
            if self.parameters.contains(*first) {
                self.of_bind.extend(words.iter().map(own));
                self.of_server.extend(words.iter().map(own));
            }
            self.actions.insert(name_of(first).to_owned());
        }
        let is_rule = |first: &str| first.contains("request") || first.contains("response");
        if words.first().copied().is_some_and(is_rule) {
            let actions = words.iter().skip(1).take(2);
            self.actions
                .extend(actions.map(|word| name_of(word).to_owned()));
        }
    }

    /// Names by the character before them.
    fn read_names(&mut self, segment: &str) {
        let mut before = ' ';
        let mut rest = segment;
        while let Some(character) = rest.chars().next() {
            let name = name_of(rest);
            if name.is_empty() {
                before = character;
                rest = &rest[character.len_utf8()..];
                continue;
            }
            match before {
                ',' => _ = self.converters.insert(name.to_owned()),
                ' ' | '[' | '!' | '(' => {
                    self.fetches.insert(name.to_owned());
                    self.converters.insert(name.to_owned());
                }
                _ => {}
            }
            rest = &rest[name.len()..];
            before = 'x';
        }
    }

    /// Names behind percent signs and their flags, `%ci` and `%{+Q}r`.
    fn read_formats(&mut self, text: &str) {
        for piece in text.split('%').skip(1) {
            let piece = match piece.strip_prefix('{') {
                Some(flags) => flags.split_once('}').map_or("", |(_, rest)| rest),
                None => piece,
            };
            let is_name = |character: char| character.is_ascii_alphabetic();
            let end = piece.find(|character| !is_name(character));
            let name = &piece[..end.unwrap_or(piece.len())];
            self.variables.insert(name.to_owned());
        }
    }
}

/// The part of a file that tests or configures; all of it but in the program's own files.
fn tests_of<'a>(path: &Path, text: &'a str) -> &'a str {
    let name = path.file_stem().unwrap_or_default();
    let is_program = path.starts_with(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        && name != "tests"
        && !path.components().any(|part| part.as_os_str() == "tests");
    match is_program {
        true => text
            .split_once("#[cfg(test)]")
            .map_or("", |(_, tests)| tests),
        false => text,
    }
}

/// The name at the start of a text.
fn name_of(text: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let end = text.bytes().position(|byte| !is_name(byte));
    &text[..end.unwrap_or(text.len())]
}

/// What ACLs may put behind the name of a fetch.
const SUFFIXES: [&str; 8] = ["beg", "dir", "dom", "end", "len", "reg", "sub", "str"];
