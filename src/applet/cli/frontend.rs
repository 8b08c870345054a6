//! Commands that let a frontend listen, pause or stop.

use super::command::{Answer, Call};
use super::control::is_called;
use crate::config::model::ProxyId;
use crate::net::listener::ListenerState;
use crate::process::signals;
use crate::worker::Core;

/// `enable frontend <frontend>`.
pub(super) fn enable_frontend(call: &mut Call<'_>) -> Answer {
    resume(&mut call.worker.core, call.words.word(2))
        .map_err(str::to_owned)
        .into()
}

/// `disable frontend <frontend>`.
pub(super) fn disable_frontend(call: &mut Call<'_>) -> Answer {
    pause(&mut call.worker.core, call.words.word(2))
        .map_err(str::to_owned)
        .into()
}

/// `shutdown frontend <frontend>`.
pub(super) fn shutdown_frontend(call: &mut Call<'_>) -> Answer {
    let core = &mut call.worker.core;
    let proxy = match find_frontend(call.words.word(2), core) {
        Ok(proxy) => proxy,
        Err(message) => return Answer::text(message),
    };
    if core.state.proxy(proxy).stopping {
        return Answer::text("Frontend was already shut down.\n");
    }
    signals::stop_proxy(core, proxy);
    signals::close_idle_clients(call.worker);
    Answer::Silent
}

/// The frontend that a word means: its name, or its number behind a `#`.
///
/// # Errors
/// What is missing, with its line end.
pub(super) fn find_frontend(word: &str, core: &Core) -> Result<ProxyId, &'static str> {
    if word.is_empty() {
        return Err("A frontend name is expected.\n");
    }
    let position = core.config.proxies.iter().position(|proxy| {
        proxy.capabilities.frontend && is_called(word, &proxy.name, proxy.numeric_id)
    });
    position.map(ProxyId::of_index).ok_or("No such frontend.\n")
}

fn resume(core: &mut Core, word: &str) -> Result<(), &'static str> {
    let proxy = find_frontend(word, core)?;
    if core.state.proxy(proxy).stopping {
        return Err("Frontend was previously shut down, cannot enable.\n");
    }
    if !core
        .listeners
        .of_proxy(proxy)
        .any(|listener| listener.state == ListenerState::Paused)
    {
        return Err("All sockets are already enabled.\n");
    }
    let refused = core
        .listeners
        .resume_all(Some(proxy), &mut core.engine.fdtab);
    for (listener, error) in &refused {
        log::warn!("listener {} cannot resume: {error}", listener.0);
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err("Failed to resume frontend, check logs for precise cause (port conflict?).\n")
}

fn pause(core: &mut Core, word: &str) -> Result<(), &'static str> {
    let proxy = find_frontend(word, core)?;
    if core.state.proxy(proxy).stopping {
        return Err("Frontend was previously shut down, cannot disable.\n");
    }
    if core
        .listeners
        .of_proxy(proxy)
        .all(|listener| listener.state <= ListenerState::Paused)
    {
        return Err("All sockets are already disabled.\n");
    }
    let bound_before = core.listeners.bound_count();
    let refused = core
        .listeners
        .pause_all(Some(proxy), &mut core.engine.fdtab);
    // Some sockets can only be closed, and each of them was a job.
    let closed = bound_before.saturating_sub(core.listeners.bound_count());
    let closed = u32::try_from(closed).unwrap_or(u32::MAX);
    core.engine.jobs = core.engine.jobs.saturating_sub(closed);
    for (listener, error) in &refused {
        log::warn!("listener {} cannot pause: {error}", listener.0);
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err("Failed to pause frontend, check logs for precise cause.\n")
}
