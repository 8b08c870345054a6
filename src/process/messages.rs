//! What the process tells the person who started it: `[ALERT]`, `[WARNING]`, `[NOTICE]`.
//!
//! Owns the shape of those lines, which scripts match, the rules of quiet and verbose, and a
//! copy of what was said during start-up (for `show startup-logs`). Called by start-up, then
//! kept by the worker. Invariants: nothing is said when quiet, unless verbose; a failed write
//! is no reason to stop.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::args::version::{REPORTED_VERSION, WEIR_VERSION};
use crate::sys::process::{Pid, current_pid};

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Notice,
    /// Works, but is likely not what was meant.
    Warning,
    /// Something fails.
    Alert,
}

/// The person's side of the process: standard error, standard output and what goes there.
pub struct Messages {
    program: String,
    executable: Option<String>,
    pid: Pid,
    quiet: bool,
    verbose: bool,
    starting: bool,
    introduced: bool,
    warnings: u32,
    startup: String,
    errors: Box<dyn Write + Send>,
    output: Box<dyn Write + Send>,
}

impl Messages {
    /// Messages on the standard streams, from a process called `program` that starts up.
    pub fn new(program: &str) -> Self {
        Self::on(program, Box::new(io::stderr()), Box::new(io::stdout()))
    }

    /// The same on other streams.
    pub fn on(program: &str, errors: Box<dyn Write + Send>, output: Box<dyn Write + Send>) -> Self {
        let executable = std::env::current_exe().ok();
        Self {
            program: program.to_owned(),
            executable: executable.map(|path| path.display().to_string()),
            pid: current_pid(),
            quiet: false,
            verbose: false,
            starting: true,
            introduced: false,
            warnings: 0,
            startup: String::new(),
            errors,
            output,
        }
    }

    /// Sets what `-q`, `quiet` and `-V` ask for; verbose undoes quiet.
    pub fn set_modes(&mut self, quiet: bool, verbose: bool) {
        self.quiet = quiet;
        self.verbose = verbose;
    }

    /// A line of the given level. Lines after the first are set off to the right.
    pub fn say(&mut self, level: Level, text: &str) {
        if level == Level::Warning {
            self.warnings = self.warnings.saturating_add(1);
        }
        let mut block = String::new();
        if self.starting && !self.introduced && level != Level::Notice {
            self.introduced = true;
            block = self.introduction();
        }
        push_message(&mut block, level, self.pid, text);
        if self.starting {
            self.startup.push_str(&block);
        }
        if self.is_audible() {
            let _ = self.errors.write_all(block.as_bytes());
            let _ = self.errors.flush();
        }
    }

    /// Something fails.
    pub fn alert(&mut self, text: &str) {
        self.say(Level::Alert, text);
    }

    /// Something is likely not what was meant.
    pub fn warning(&mut self, text: &str) {
        self.say(Level::Warning, text);
    }

    /// Something good to know.
    pub fn notice(&mut self, text: &str) {
        self.say(Level::Notice, text);
    }

    /// A message about start-up itself, which names the program as 2.6 does:
    /// `[haproxy.main()] Cannot fork.`
    pub fn say_main(&mut self, level: Level, text: &str) {
        let text = format!("[{}.main()] {text}", self.program);
        self.say(level, &text);
    }

    /// Plain text for standard output, such as `Configuration file is valid`.
    pub fn print(&mut self, text: &str) {
        if self.is_audible() {
            let _ = self.output.write_all(text.as_bytes());
            let _ = self.output.flush();
        }
    }

    /// Text for standard output that was asked for and does not obey `-q`.
    pub fn print_always(&mut self, text: &str) {
        let _ = self.output.write_all(text.as_bytes());
        let _ = self.output.flush();
    }

    /// Plain text for standard error.
    pub fn print_error(&mut self, text: &str) {
        if self.is_audible() {
            let _ = self.errors.write_all(text.as_bytes());
            let _ = self.errors.flush();
        }
    }

    /// The rendered report on the configuration, with `warnings` warnings in it.
    pub fn show_report(&mut self, text: &str, warnings: u32) {
        self.warnings = self.warnings.saturating_add(warnings);
        if text.is_empty() {
            return;
        }
        let mut block = String::new();
        if self.starting && !self.introduced {
            self.introduced = true;
            block = self.introduction();
        }
        block.push_str(text);
        if self.starting {
            self.startup.push_str(&block);
        }
        self.print_error(&block);
    }

    /// True when messages are shown at all.
    pub fn is_audible(&self) -> bool {
        !self.quiet || self.verbose
    }

    /// Warnings so far, shown or not; `-dW` refuses to go on when there are any.
    pub fn warning_count(&self) -> u32 {
        self.warnings
    }

    /// What was said before [`Messages::started`], shown or not.
    pub fn startup_log(&self) -> &str {
        &self.startup
    }

    /// The process serves from here on: nothing more goes into the start-up log.
    pub fn started(&mut self) {
        self.starting = false;
    }

    /// Takes the number of a process that was just forked.
    pub fn forked(&mut self) {
        self.pid = current_pid();
    }

    /// Who speaks, said once before the first warning or alert.
    fn introduction(&self) -> String {
        let mut text = String::new();
        let version = format!(
            "{} version is {REPORTED_VERSION} (weir {WEIR_VERSION})",
            self.program
        );
        push_message(&mut text, Level::Notice, self.pid, &version);
        if let Some(executable) = &self.executable {
            let path = format!("path to executable is {executable}");
            push_message(&mut text, Level::Notice, self.pid, &path);
        }
        text
    }
}

impl Level {
    /// The word between brackets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Alert => "ALERT",
        }
    }
}

/// Appends one message: the level in a column of eleven, the process, the text.
fn push_message(block: &mut String, level: Level, pid: Pid, text: &str) {
    let mut lines = text.trim_end_matches('\n').split('\n');
    let tag = format!("[{}]", level.name());
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(block, "{tag:LEVEL_WIDTH$}({pid}) : {first}");
    for line in lines {
        let _ = writeln!(block, "   | {line}");
    }
}

/// The column of the process number, as in 2.6.
const LEVEL_WIDTH: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A stream that a test can read again.
    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn messages() -> (Messages, Captured, Captured) {
        let (errors, output) = (Captured::default(), Captured::default());
        let (to_errors, to_output) = (Box::new(errors.clone()), Box::new(output.clone()));
        let mut messages = Messages::on("haproxy", to_errors, to_output);
        messages.pid = Pid::from_raw(42);
        messages.executable = Some("/sbin/haproxy".into());
        (messages, errors, output)
    }

    #[test]
    fn lines_have_the_shape_of_the_reference() {
        let (mut messages, errors, _) = messages();
        messages.started();
        messages.alert("no");
        messages.warning("hm\nbecause\n");
        messages.notice("so");
        messages.say_main(Level::Alert, "Cannot fork.");
        assert_eq!(
            errors.text(),
            "[ALERT]    (42) : no\n[WARNING]  (42) : hm\n   | because\n[NOTICE]   (42) : so\n\
             [ALERT]    (42) : [haproxy.main()] Cannot fork.\n"
        );
    }

    #[test]
    fn the_first_complaint_of_the_start_says_who_speaks() {
        let (mut messages, errors, _) = messages();
        messages.notice("hello");
        messages.warning("one");
        messages.warning("two");
        let version = format!("haproxy version is {REPORTED_VERSION} (weir {WEIR_VERSION})");
        let expected = format!(
            "[NOTICE]   (42) : hello\n[NOTICE]   (42) : {version}\n\
             [NOTICE]   (42) : path to executable is /sbin/haproxy\n\
             [WARNING]  (42) : one\n[WARNING]  (42) : two\n"
        );
        assert_eq!(errors.text(), expected);
        assert_eq!(messages.startup_log(), expected);
        assert_eq!(messages.warning_count(), 2);
    }

    #[test]
    fn quiet_silences_everything_and_verbose_undoes_it() {
        let (mut messages, errors, output) = messages();
        messages.set_modes(true, false);
        messages.alert("a");
        messages.warning("w");
        messages.print("p\n");
        assert_eq!(
            (errors.text(), output.text()),
            (String::new(), String::new())
        );
        assert!(messages.startup_log().contains("(42) : a\n"));
        assert_eq!(messages.warning_count(), 1);
        messages.set_modes(true, true);
        messages.warning("w");
        messages.print("p\n");
        assert_eq!(
            (errors.text().as_str(), output.text().as_str()),
            ("[WARNING]  (42) : w\n", "p\n")
        );
    }

    #[test]
    fn the_startup_log_ends_with_the_start() {
        let (mut messages, errors, _) = messages();
        messages.started();
        messages.warning("later");
        assert_eq!(messages.startup_log(), "");
        assert_eq!(errors.text(), "[WARNING]  (42) : later\n");
    }
}
