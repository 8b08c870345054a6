//! From the command line to the loop: dev7's `main()`, step by step.
//!
//! Called by `main` only; every step either succeeds or says what is wrong and ends the
//! process with status 1. The order matters: limits before sockets, sockets before
//! privileges are dropped, everything shared before the fork.

use std::ffi::OsString;
use std::fs::File;
use std::process::ExitCode;

use nix::unistd::Pid;

use crate::args::{Action, Arguments, flags, program_name, version};
use crate::config::condition::evaluate_condition;
use crate::config::environment::Environment;
use crate::config::model::Config;
use crate::config::{check, diagnostic, loader, manual};
use crate::engine::poller::{self, PollerChoice, PollerKind};
use crate::net::bind::HandedOver;
use crate::net::listeners::{Listeners, Severity};
use crate::net::splice::may_use_pipes;
use crate::process::daemon::{Modes, Role, detach, fork_workers};
use crate::process::limits::{
    Demand, LimitError, Plan, current_fd_limit, limit_memory, memory_per_process, raise_fd_limit,
};
use crate::process::messages::{Level, Messages};
use crate::process::pidfile::PidFile;
use crate::process::privileges::{self, Identity, OwnRights};
use crate::process::takeover::{self, BindFailure, RunningProcesses};
use crate::sys;
use crate::worker::{ProcessInfo, Worker};

/// A start that failed; everything was said already.
pub struct Failed;

/// Runs the program: the whole life of the process.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let program = program_name(words.first());
    let mut messages = Messages::new(&program);
    match Arguments::parse(words.into_iter().skip(1)) {
        Ok(arguments) => match act(&arguments, &program, &mut messages) {
            Ok(code) => code,
            Err(Failed) => ExitCode::FAILURE,
        },
        Err(error) => {
            messages.alert(&error.message);
            if error.show_usage {
                messages.print_always(&version::banner());
                messages.print_error(&flags::usage(&program));
            }
            ExitCode::FAILURE
        }
    }
}

/// Carries out what the command line asks for.
fn act(arguments: &Arguments, program: &str, messages: &mut Messages) -> Result<ExitCode, Failed> {
    match &arguments.action {
        Action::Version => messages.print_always(&version::banner()),
        Action::VersionDetails => {
            let pollers = poller_statuses(choice_of(&arguments.disabled_pollers, None));
            messages.print_always(&version::details(&pollers));
        }
        Action::Help => messages.print_always(&flags::usage(program)),
        Action::Manual(topic) => return print_manual(topic.as_deref(), messages),
        Action::Condition(text) => return Ok(evaluate(text, messages)),
        Action::Check | Action::Run => return serve(arguments, program, messages),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_manual(topic: Option<&str>, messages: &mut Messages) -> Result<ExitCode, Failed> {
    match manual::manual(topic) {
        Ok(text) => {
            messages.print_always(&text);
            Ok(ExitCode::SUCCESS)
        }
        Err(text) => fail(messages, &text),
    }
}

fn evaluate(text: &str, messages: &mut Messages) -> ExitCode {
    match evaluate_condition(text, &Environment::of_process()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            messages.alert(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn fail<T>(messages: &mut Messages, text: &str) -> Result<T, Failed> {
    messages.alert(text);
    Err(Failed)
}

/// Reads the configuration and, unless it was only to be checked, serves.
fn serve(
    arguments: &Arguments,
    program: &str,
    messages: &mut Messages,
) -> Result<ExitCode, Failed> {
    if let Some(classes) = &arguments.keyword_classes {
        messages.print_always(&manual::keyword_list(classes));
    }
    if let Some(directory) = &arguments.directory
        && let Err(error) = sys::process::change_directory(directory)
    {
        let reason = sys::process::error_text(&error);
        let text = format!(
            "Could not change to directory {} : {reason}",
            directory.display()
        );
        return fail(messages, &text);
    }
    let (modes, mut config) = read_configuration(arguments, messages)?;
    let nothing = check::nothing_to_serve(&config);
    if let Some(diagnostic) = &nothing
        && config.global.stats_sockets.is_empty()
    {
        messages.alert(&diagnostic.message);
        return Ok(ExitCode::from(NOTHING_TO_SERVE));
    }
    if arguments.action == Action::Check {
        if messages.is_audible() {
            messages.print("Configuration file is valid\n");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let plan = settle_limits(&mut config, &modes, messages)?;
    check::settle_limits(&mut config, plan.maxconn);
    let choice = choice_of(
        &config.global.disabled_pollers,
        Some(config.global.tuning.maxpollevents),
    );
    show_pollers(choice, &modes, messages)?;
    let config: &'static Config = Box::leak(Box::new(config));
    let listeners = bind_listeners(config, arguments, messages)?;
    let start = Start {
        config,
        arguments,
        modes,
        plan,
        choice,
        program,
    };
    start.enter_service(listeners, messages)
}

/// Everything that is said about the configuration, and the configuration.
fn read_configuration(
    arguments: &Arguments,
    messages: &mut Messages,
) -> Result<(Modes, Config), Failed> {
    let options = loader::Options {
        diagnostic: arguments.diagnostics,
    };
    let environment = Environment::of_process();
    let (mut config, report) = loader::load_with(&arguments.configuration, &environment, options);
    arguments.override_global(&mut config.global);
    let (modes, complaints) = Modes::settle(arguments, &config.global, Pid::this());
    config.global.debug = modes.debug;
    messages.set_modes(modes.quiet, modes.verbose);
    for complaint in complaints {
        messages.warning(complaint);
    }
    messages.show_report(&report.render(std::process::id()), count_warnings(&report));
    if report.has_errors() {
        return Err(Failed);
    }
    if arguments.warnings_are_errors && messages.warning_count() > 0 {
        return fail(
            messages,
            "Some warnings were found and 'zero-warning' is set. Aborting.",
        );
    }
    Ok((modes, config))
}

fn count_warnings(report: &diagnostic::Report) -> u32 {
    let warnings = report
        .diagnostics()
        .iter()
        .filter(|diagnostic| diagnostic.level == diagnostic::Level::Warning);
    u32::try_from(warnings.count()).unwrap_or(u32::MAX)
}

/// Connections, descriptors and memory.
fn settle_limits(
    config: &mut Config,
    modes: &Modes,
    messages: &mut Messages,
) -> Result<Plan, Failed> {
    let mut proxies = config.proxies.iter();
    let splices = proxies.any(|proxy| may_use_pipes(proxy.options));
    let global = &config.global;
    let memory = memory_per_process(global.memory_limit_mb, modes.processes);
    let listeners = config.binds.len() + global.stats_sockets.len();
    let demand = Demand {
        maxconn: global.maxconn,
        ulimit_n: global.ulimit_n,
        maxpipes: match (splices && !global.nosplice, global.maxpipes) {
            (false, _) => Some(0),
            (true, 0) => None,
            (true, given) => Some(given),
        },
        listeners: u32::try_from(listeners).unwrap_or(u32::MAX),
        checks: 0,
        peers: 0,
        stats_maxconn: if global.stats_maxconn == 0 {
            10
        } else {
            global.stats_maxconn
        },
        memory,
        bufsize: global.tuning.bufsize,
    };
    let current = match current_fd_limit() {
        Ok(current) => current,
        Err(error) => return fail(messages, &format!("cannot read the fd limit: {error}")),
    };
    let plan = Plan::of(&demand, current);
    let mut complaints = match raise_fd_limit(&plan) {
        Ok(complaints) => complaints,
        Err(error) => return fail(messages, &format!("cannot read the fd limit: {error}")),
    };
    complaints.extend(limit_memory(memory).err());
    show_limits(&complaints, config.global.loose_limits, messages)?;
    config.global.maxconn = plan.maxconn;
    check::settle_limits(config, plan.maxconn);
    Ok(plan)
}

/// Limits that could not be had end the start, unless they were said to be loose.
fn show_limits(
    complaints: &[LimitError],
    are_loose: bool,
    messages: &mut Messages,
) -> Result<(), Failed> {
    let level = if are_loose {
        Level::Warning
    } else {
        Level::Alert
    };
    for complaint in complaints {
        messages.say_main(level, &complaint.to_string());
    }
    if complaints.is_empty() || are_loose {
        return Ok(());
    }
    Err(Failed)
}

fn choice_of(
    disabled: &std::collections::BTreeSet<PollerKind>,
    events_max: Option<usize>,
) -> PollerChoice {
    let mut choice = PollerChoice::default();
    disabled.iter().for_each(|kind| choice.disable(*kind));
    if let Some(events_max) = events_max {
        choice.set_events_max(events_max);
    }
    choice
}

fn poller_statuses(choice: PollerChoice) -> Vec<version::PollerStatus> {
    poller::available(choice)
        .into_iter()
        .map(|found| version::PollerStatus {
            name: found.kind.name(),
            preference: found.kind.pref(),
            state: match (!found.is_allowed, found.is_usable) {
                (true, _) => version::PollerState::Disabled,
                (false, true) => version::PollerState::Works,
                (false, false) => version::PollerState::Failed,
            },
        })
        .collect()
}

fn show_pollers(
    choice: PollerChoice,
    modes: &Modes,
    messages: &mut Messages,
) -> Result<(), Failed> {
    let statuses = poller_statuses(choice);
    let best = statuses
        .iter()
        .filter(|status| status.state == version::PollerState::Works)
        .max_by_key(|status| status.preference);
    let Some(best) = best else {
        return fail(messages, "No polling mechanism available.");
    };
    if modes.verbose || modes.debug {
        messages.print_error(&version::poller_list(&statuses));
        messages.print(&format!(
            "Using {}() as the polling mechanism.\n",
            best.name
        ));
    }
    Ok(())
}

/// Binds every listener, taking over from old processes where there are some.
fn bind_listeners(
    config: &'static Config,
    arguments: &Arguments,
    messages: &mut Messages,
) -> Result<Listeners, Failed> {
    let mut listeners = Listeners::new(config, config.global.maxconn);
    let old = arguments
        .replaced
        .as_ref()
        .map_or(&[][..], |replaced| &replaced.pids);
    let mut handed_over = HandedOver::default();
    let bound = takeover::bind_all(old, &mut RunningProcesses, || {
        let said = listeners.protocol_bind_all(config, &mut handed_over);
        let alerts = said
            .iter()
            .filter(|message| message.severity == Severity::Alert);
        if alerts.clone().next().is_none() {
            return Ok(said);
        }
        let retryable = alerts.clone().all(|message| message.is_retryable);
        if retryable {
            Err(BindFailure::Busy(said))
        } else {
            Err(BindFailure::Fatal(said))
        }
    });
    let (said, failed) = match bound {
        Ok(said) => (said, false),
        Err(said) => (said, true),
    };
    for message in said {
        match message.severity {
            Severity::Warning => messages.warning(&message.text),
            Severity::Alert => messages.alert(&message.text),
        }
    }
    if failed {
        give_up(listeners, arguments);
        let text = "Some protocols failed to start their listeners! Exiting.";
        messages.say_main(Level::Alert, text);
        return Err(Failed);
    }
    listeners.commit();
    Ok(listeners)
}

/// The start failed: the old processes get their addresses back.
fn give_up(mut listeners: Listeners, arguments: &Arguments) {
    listeners.roll_back();
    if let Some(replaced) = &arguments.replaced {
        takeover::resume(replaced, &mut RunningProcesses);
    }
}

/// What the last steps need to know.
struct Start<'a> {
    config: &'static Config,
    arguments: &'a Arguments,
    modes: Modes,
    plan: Plan,
    choice: PollerChoice,
    program: &'a str,
}

impl Start<'_> {
    /// Background, privileges, forks; then each worker serves.
    fn enter_service(
        &self,
        listeners: Listeners,
        messages: &mut Messages,
    ) -> Result<ExitCode, Failed> {
        let Ok((pidfile, null)) = self.prepare(messages) else {
            give_up(listeners, self.arguments);
            return Err(Failed);
        };
        if !self.modes.daemon {
            if let Some(pidfile) = pidfile
                && let Err(error) = pidfile.write(&[Pid::this()])
            {
                messages.say_main(Level::Alert, &error.to_string());
                return Err(Failed);
            }
            return self.run_worker(1, listeners, None, messages);
        }
        match fork_workers(self.modes.processes) {
            Ok(Role::Parent { workers }) => {
                if let Some(pidfile) = pidfile
                    && let Err(error) = pidfile.write(&workers)
                {
                    messages.say_main(Level::Alert, &error.to_string());
                    return Err(Failed);
                }
                Ok(ExitCode::SUCCESS)
            }
            Ok(Role::Worker { number }) => {
                messages.forked();
                drop(pidfile);
                self.run_worker(number, listeners, Some(&null), messages)
            }
            Err(error) => {
                messages.say_main(Level::Alert, &error.to_string());
                Err(Failed)
            }
        }
    }

    /// Opens what the confined process cannot, and confines it.
    fn prepare(&self, messages: &mut Messages) -> Result<(Option<PidFile>, File), Failed> {
        let pidfile = self.open_pidfile(messages)?;
        let null = match sys::process::open_null() {
            Ok(null) => null,
            Err(error) => return fail(messages, &format!("cannot open /dev/null: {error}")),
        };
        // The time zone is read now: inside a chroot its file may be missing.
        let _ = sys::clock::local_time(0);
        self.drop_privileges(messages)?;
        Ok((pidfile, null))
    }

    fn open_pidfile(&self, messages: &mut Messages) -> Result<Option<PidFile>, Failed> {
        let Some(path) = &self.config.global.pidfile else {
            return Ok(None);
        };
        match PidFile::open(path) {
            Ok(pidfile) => Ok(Some(pidfile)),
            Err(error) => {
                messages.say_main(Level::Alert, &error.to_string());
                Err(Failed)
            }
        }
    }

    /// Confines the process and lets the old ones go, then becomes the configured user.
    fn drop_privileges(&self, messages: &mut Messages) -> Result<(), Failed> {
        let identity = Identity::of(&self.config.global, needs_network_rights(self.config));
        let mut rights = OwnRights;
        let checked = privileges::check(&identity, &rights)
            .and_then(|warning| privileges::enter_chroot(&identity, &mut rights).map(|()| warning));
        match checked {
            Ok(Some(warning)) => messages.say_main(Level::Warning, &warning.to_string()),
            Ok(None) => {}
            Err(error) => {
                messages.say_main(Level::Alert, &error.to_string());
                return Err(Failed);
            }
        }
        if let Some(replaced) = &self.arguments.replaced {
            takeover::release(replaced, &mut RunningProcesses);
        }
        match privileges::drop_identity(&identity, &mut rights) {
            Ok(Some(warning)) => messages.say_main(Level::Warning, &warning.to_string()),
            Ok(None) => {}
            Err(error) => {
                messages.say_main(Level::Alert, &error.to_string());
                return Err(Failed);
            }
        }
        Ok(())
    }

    /// Builds the worker of this process and lets it serve until nothing is left to serve.
    fn run_worker(
        &self,
        number: u32,
        mut listeners: Listeners,
        null: Option<&File>,
        messages: &mut Messages,
    ) -> Result<ExitCode, Failed> {
        listeners.keep_share(number, self.modes.processes);
        let info = ProcessInfo {
            number,
            maxconn: self.plan.maxconn,
            ulimit_n: self.plan.fd_limit,
            maxsock: self.plan.maxsock,
            maxpipes: self.plan.maxpipes,
            program: self.program.to_owned(),
            ..ProcessInfo::of_this_process(self.config)
        };
        let mut worker = match Worker::new(self.config, self.choice, listeners, info) {
            Ok(worker) => worker,
            Err(error) => return fail(messages, &format!("cannot start the loop: {error}")),
        };
        if let Some(null) = null
            && let Err(error) = detach(null)
        {
            return fail(messages, &format!("cannot leave the terminal: {error}"));
        }
        messages.started();
        worker.serve();
        Ok(ExitCode::SUCCESS)
    }
}

/// True when something in the configuration takes addresses that are not the machine's.
fn needs_network_rights(config: &Config) -> bool {
    let sources = config
        .proxies
        .iter()
        .filter_map(|proxy| proxy.source.as_ref());
    let sources = sources.chain(
        config
            .servers
            .iter()
            .filter_map(|server| server.source.as_ref()),
    );
    let foreign = sources
        .into_iter()
        .any(|source| source.usesrc.is_some() || source.interface.is_some());
    foreign
        || config
            .binds
            .iter()
            .any(|bind| bind.options.transparent || bind.options.interface.is_some())
}

/// Exit status of a configuration in which nothing would listen, as HAProxy's `-c` has it.
const NOTHING_TO_SERVE: u8 = 2;
