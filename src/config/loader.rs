//! Reads configuration files into a [`Config`] and everything there is to say about them.
//!
//! Called by `main` with the arguments of `-f`. Each file is read wholly, then line by line:
//! words, conditional blocks, directives, sections. A fault ends its line and nothing else;
//! after the last file the checks of `section::CHECKS` compare what the sections say.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::condition::Blocks;
use super::diagnostic::{Diagnostic, Level, Parse, Report, Source, Span};
use super::environment::Environment;
use super::keyword::Line;
use super::model::{Config, Place};
use super::section::{self, Build, Section};
use super::suggest;
use super::token::{self, Scope};
use super::word::{Word, Words};

/// What a run may ask for besides the files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `-dD`: `.diag` messages are shown.
    pub diagnostic: bool,
}

/// Reads the files and, in lexical order, the `*.cfg` files of the directories in `paths`.
pub fn load(paths: &[PathBuf], environment: &Environment) -> (Config, Report) {
    load_with(paths, environment, Options::default())
}

/// The same with options.
pub fn load_with(
    paths: &[PathBuf],
    environment: &Environment,
    options: Options,
) -> (Config, Report) {
    let mut report = Report::default();
    let mut sources = Vec::new();
    for path in paths {
        for file in files_of(path, &mut report) {
            match read_file(&file) {
                Ok(text) => sources.push(Source::new(shown(&file), text)),
                Err(error) => report.push(cannot_open(&file, &error)),
            }
        }
    }
    load_sources(sources, environment, options, report)
}

/// Reads configurations that are already in memory; `report` holds what was said before.
pub fn load_sources(
    sources: Vec<Source>,
    environment: &Environment,
    options: Options,
    report: Report,
) -> (Config, Report) {
    let mut build = Build {
        report,
        environment: environment.clone(),
        ..Build::default()
    };
    let names: Vec<&str> = sources.iter().map(Source::name).collect();
    build
        .environment
        .set("HAPROXY_CFGFILES", names.join(";").as_bytes());
    for (index, source) in sources.into_iter().enumerate() {
        let file = u32::try_from(index).unwrap_or(u32::MAX);
        let (name, text) = (source.name().to_owned(), source.text());
        build.config.files.push(name.clone());
        build.report.sources.push(source);
        Reader::new(&mut build, name, file, options).read(&text);
    }
    for check in section::CHECKS {
        check(&mut build);
    }
    if build.report.has_errors() {
        build
            .report
            .push(Diagnostic::general(Level::Alert, FATAL_TRAILER));
    }
    (build.config, build.report)
}

/// Where lines go.
#[derive(Clone, Copy)]
enum Current {
    /// No section yet.
    Outside,
    /// To this one.
    Open(&'static Section),
    /// Nowhere: the section is unknown or its first line was refused.
    Skipped,
}

/// One file on its way through the build.
struct Reader<'a> {
    build: &'a mut Build,
    name: String,
    file: u32,
    options: Options,
    blocks: Blocks,
    current: Current,
    errors_before: usize,
}

impl<'a> Reader<'a> {
    fn new(build: &'a mut Build, name: String, file: u32, options: Options) -> Self {
        build.section_name.clear();
        let errors_before = build.report.error_count();
        let (blocks, current) = (Blocks::default(), Current::Outside);
        Self {
            build,
            name,
            file,
            options,
            blocks,
            current,
            errors_before,
        }
    }

    fn read(mut self, text: &[u8]) {
        self.read_lines(text);
        self.close();
        self.build.report.extend(self.blocks.unterminated());
        if self.error_count() > 0 {
            let name = &self.name;
            let message = format!("Error(s) found in configuration file : {name}");
            self.build
                .report
                .push(Diagnostic::general(Level::Alert, message));
        }
    }

    fn read_lines(&mut self, mut rest: &[u8]) {
        let mut number = 0;
        while !rest.is_empty() {
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (line, after) = rest.split_at(len);
            number += 1;
            let place = Place {
                file: self.file,
                line: number,
            };
            if self.error_count() >= ERRORS_MAX {
                let message = format!("too many fatal errors ({ERRORS_MAX}), stopping now.");
                self.build.report.push(Diagnostic::alert(place, message));
                return;
            }
            let result = self.read_line(line, place);
            self.build.report.note_result(result);
            if after.is_empty() {
                self.build.report.push(missing_line_feed(line, place));
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }

    fn read_line(&mut self, line: &[u8], place: Place) -> Parse<()> {
        let scope = Scope {
            environment: &self.build.environment,
            file_name: &self.name,
            section: &self.build.section_name,
            place,
        };
        let words = token::tokenize(line, &scope)?;
        if words.first().is_none_or(Word::is_empty) {
            return Ok(());
        }
        let words = Words::new(words, place);
        if self.blocks.directive(&words, &self.build.environment)? || !self.blocks.active() {
            return Ok(());
        }
        if words
            .get(0)
            .is_some_and(|word| word.bytes().starts_with(b"."))
        {
            return self.message(&words);
        }
        self.statement(Line::new(words))
    }

    /// `.notice`, `.warning`, `.alert`, `.diag`.
    fn message(&mut self, words: &Words) -> Parse<()> {
        let span = words.span_at(0);
        let name = words.get(0).map_or("", Word::text);
        let level = match name {
            ".notice" | ".diag" => Level::Notice,
            ".warning" => Level::Warning,
            ".alert" => Level::Alert,
            _ => {
                let error = Diagnostic::alert(span, format!("unknown directive '{name}'."));
                let close = suggest::closest(name, DIRECTIVES.into_iter());
                return Err(match close {
                    Some(close) => error.hint(format!("did you mean '{close}'?")),
                    None => error,
                });
            }
        };
        if let Some(extra) = words.from(2).iter().find(|word| !word.is_empty()) {
            let message = format!("Unexpected argument '{}' for '{name}'.", extra.text());
            return Err(extra
                .error(message)
                .hint("use quotes if the message contains spaces"));
        }
        if name == ".diag" && !self.options.diagnostic {
            return Ok(());
        }
        let text = words.get(1).map_or("", Word::text);
        self.build
            .report
            .push(Diagnostic::alert(span, format!("'{text}'.")).level(level));
        Ok(())
    }

    fn statement(&mut self, mut line: Line) -> Parse<()> {
        let first = line.words.get(0).map_or("", Word::text);
        if let Some(section) = section::section_named(first) {
            return self.open(section, &mut line);
        }
        if section::is_foreign_section(first) {
            let message = format!("unknown section '{first}'");
            let error = line.words.error(0, message).hint("its lines are skipped");
            self.close();
            self.current = Current::Skipped;
            return Err(error);
        }
        match self.current {
            Current::Open(section) => (section.line)(self.build, line),
            Current::Skipped => Ok(()),
            Current::Outside => Err(outside(&line)),
        }
    }

    fn open(&mut self, section: &'static Section, line: &mut Line) -> Parse<()> {
        self.close();
        self.current = Current::Skipped;
        line.words.recognise(section.name, section.usage);
        line.no_prefix()?;
        section.name.clone_into(&mut self.build.section_name);
        (section.open)(self.build, line)?;
        self.current = Current::Open(section);
        Ok(())
    }

    fn close(&mut self) {
        if let Current::Open(section) = self.current {
            let result = (section.close)(self.build);
            self.build.report.note_result(result);
        }
        self.current = Current::Outside;
    }

    fn error_count(&self) -> usize {
        self.build
            .report
            .error_count()
            .saturating_sub(self.errors_before)
    }
}

/// The error for a line before the first section, which may be a misspelt section.
fn outside(line: &Line) -> Diagnostic {
    let text = line.words.get(0).map_or("", Word::text);
    let error = line
        .words
        .error(0, format!("unknown keyword '{text}' out of section."));
    let names = section::SECTIONS.iter().map(|section| section.name);
    match suggest::closest(text, names) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}

fn missing_line_feed(line: &[u8], place: Place) -> Diagnostic {
    let column = u32::try_from(line.len().saturating_add(1)).unwrap_or(u32::MAX);
    let span = Span {
        file: place.file,
        line: place.line,
        column,
        width: 1,
    };
    let message = "Missing LF on last line, file might have been truncated";
    Diagnostic::alert(span, format!("{message} at position {column}."))
}

/// The file itself, or the `*.cfg` files of a directory in lexical order.
fn files_of(path: &Path, report: &mut Report) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    match configuration_files(path) {
        Ok(files) if files.is_empty() => {
            let message = format!("No '*.cfg' file in configuration directory {}", shown(path));
            report.push(Diagnostic::general(Level::Alert, message));
            files
        }
        Ok(files) => files,
        Err(error) => {
            report.push(cannot_open(path, &error));
            Vec::new()
        }
    }
}

fn configuration_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "cfg") && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file, pipes included, up to a size that no configuration has.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let len = File::open(path)?
        .take(FILE_LEN_MAX + 1)
        .read_to_end(&mut text)?;
    if u64::try_from(len).is_ok_and(|len| len > FILE_LEN_MAX) {
        return Err(io::Error::other(format!(
            "it is larger than {FILE_LEN_MAX} bytes"
        )));
    }
    Ok(text)
}

fn cannot_open(path: &Path, error: &io::Error) -> Diagnostic {
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    let name = shown(path);
    let message = format!("Cannot open configuration file/directory {name} : {reason}");
    Diagnostic::general(Level::Alert, message)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

const FATAL_TRAILER: &str = "Fatal errors found in configuration.";

/// Errors of one file after which the rest of it is not read.
const ERRORS_MAX: usize = 50;

/// Largest file, 64 MiB: what is larger is no configuration.
const FILE_LEN_MAX: u64 = 64 << 20;

const DIRECTIVES: [&str; 8] = [
    ".if", ".elif", ".else", ".endif", ".notice", ".warning", ".alert", ".diag",
];

#[cfg(test)]
mod tests;
