//! Rules that set something that belongs to the session or to the process.

use bumpalo::Bump;

use super::{Flow, Scene};
use crate::config::model::{LogLevel, PatternChange, Setting, TimeoutKind, TimeoutValue};
use crate::sample::expression::Expression;
use crate::sample::value::Sample;
use crate::sample::variables::{Scope, Variable, Variables};
use crate::session::analyser::AnalyserSet;
use crate::session::transaction::{LevelChoice, Said};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    pub(super) fn set(
        &mut self,
        setting: &'static Setting,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        match setting {
            Setting::Variable(variable, expression) => {
                self.evaluate_into(*variable, expression, (scene, arena), core);
            }
            Setting::VariableFormat(variable, format) => {
                let text = self.rendered(format, scene, arena, core);
                self.settle_variables(arena, core);
                self.set_variable(*variable, Some(Sample::Str(text)), core);
            }
            Setting::Unset(variable) => self.set_variable(*variable, None, core),
            Setting::Address(part, expression) => {
                self.set_address(*part, expression, (scene, arena), core);
            }
            Setting::Mark(mark) => self.set_mark(*mark),
            Setting::TypeOfService(value) => self.set_type_of_service(*value),
            Setting::Nice(nice) => core.engine.scheduler.set_nice(self.task, *nice),
            Setting::ExpectProxy => self.request.analysers.insert(AnalyserSet::PROXY),
            Setting::Capture(into, expression) => {
                let text = expression.text(&self.context(scene, arena, core));
                if let Some(text) = text.map(|text| arena.alloc_slice_copy(text)) {
                    self.capture(*into, text, core);
                }
            }
            Setting::LogLevel(level) => self.set_log_level(*level, core),
            Setting::Timeout(kind, value) => {
                let time_ms = match value {
                    TimeoutValue::Fixed(time_ms) => Some(*time_ms),
                    TimeoutValue::Computed(expression) => self
                        .number(expression, scene, arena, core)
                        .and_then(|number| u32::try_from(number).ok()),
                };
                self.set_timeout(*kind, time_ms.unwrap_or(0));
            }
            Setting::PriorityClass(expression) => {
                let class = self.number(expression, scene, arena, core);
                if let (Some(class), Some(said)) = (class, self.said()) {
                    let class = class.clamp(-CLASS_MAX, CLASS_MAX);
                    said.priority_class = i16::try_from(class).unwrap_or(0);
                }
            }
            Setting::PriorityOffset(expression) => {
                let offset = self.number(expression, scene, arena, core);
                if let (Some(offset), Some(said)) = (offset, self.said()) {
                    let offset = offset.clamp(-OFFSET_MAX_MS, OFFSET_MAX_MS);
                    said.priority_offset_ms = i32::try_from(offset).unwrap_or(0);
                }
            }
            Setting::StrictMode(on) => {
                if let Some(said) = self.said() {
                    said.lenient = !on;
                }
            }
            Setting::NoReplay => {
                if let Some(said) = self.said() {
                    said.no_replay = true;
                }
            }
        }
        Flow::Next
    }

    fn said(&mut self) -> Option<&mut Said> {
        Some(&mut self.transaction.as_deref_mut()?.said)
    }

    fn number(
        &self,
        expression: &'static Expression,
        scene: Scene,
        arena: &Bump,
        core: &Core,
    ) -> Option<i64> {
        expression.int(&self.context(scene, arena, core))
    }

    /// `set-timeout`: 0 changes nothing. The server's timeout may be in force already.
    fn set_timeout(&mut self, kind: TimeoutKind, time_ms: u32) {
        let is_assigned = self.flags.any(SessionFlags::BE_ASSIGNED);
        let Some(said) = self.said().filter(|_| time_ms > 0) else {
            return;
        };
        match kind {
            TimeoutKind::Tunnel => said.tunnel_timeout_ms = time_ms,
            TimeoutKind::Server => {
                said.server_timeout_ms = time_ms;
                if is_assigned {
                    self.request.write_timeout_ms = time_ms;
                    self.response.read_timeout_ms = time_ms;
                }
            }
        }
    }

    /// `set-var`: without a value nothing changes.
    fn evaluate_into(
        &mut self,
        variable: Variable,
        expression: &'static Expression,
        (scene, arena): (Scene, &Bump),
        core: &mut Core,
    ) {
        let context = self.context(scene, arena, core);
        let sample = expression.eval(&context).sample();
        let sample = sample.map(|sample| kept(sample, arena));
        self.settle_variables(arena, core);
        if sample.is_some() {
            self.set_variable(variable, sample, core);
        }
    }

    /// Sets the variables that the expressions evaluated last set on their way.
    pub(crate) fn settle_variables(&mut self, arena: &Bump, core: &mut Core) {
        if core.pending.is_empty() {
            return;
        }
        for (variable, sample) in core.pending.take(self.owner, arena) {
            self.set_variable(variable, sample, core);
        }
    }

    fn set_log_level(&mut self, level: Option<LogLevel>, core: &mut Core) {
        if self.transaction.is_none() {
            self.transaction = core.transactions.take();
        }
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.log_level = level.map_or(LevelChoice::Silent, LevelChoice::Level);
        }
    }

    /// Sets a variable, or unsets it without a value.
    fn set_variable(&mut self, variable: Variable, sample: Option<Sample<'_>>, core: &mut Core) {
        let Some(store) = self.variables_mut(variable.scope, core) else {
            return;
        };
        match sample {
            None => store.unset(variable.name),
            Some(sample) => {
                if store.set(variable.name, sample, 0).is_err() {
                    log::debug!("no room for a variable of {:?}", variable.scope);
                }
            }
        }
    }

    fn variables_mut<'a>(
        &'a mut self,
        scope: Scope,
        core: &'a mut Core,
    ) -> Option<&'a mut Variables> {
        if matches!(scope, Scope::Transaction | Scope::Request | Scope::Response)
            && self.transaction.is_none()
        {
            self.transaction = core.transactions.take();
        }
        match scope {
            Scope::Process => Some(&mut core.variables),
            Scope::Session => Some(&mut self.notes.get_or_insert_default().variables),
            Scope::Transaction => Some(&mut self.transaction.as_deref_mut()?.variables),
            Scope::Request => Some(&mut self.transaction.as_deref_mut()?.request_variables),
            Scope::Response => Some(&mut self.transaction.as_deref_mut()?.response_variables),
        }
    }

    pub(super) fn change_patterns(
        &mut self,
        change: &'static PatternChange,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        let rendered = |format| self.rendered(format, scene, arena, core);
        let (key, value) = match change {
            PatternChange::Add(_, key) | PatternChange::Delete(_, key) => (rendered(key), None),
            PatternChange::SetMap(_, key, value) => (rendered(key), Some(rendered(value))),
        };
        core.change_patterns(change, key, value);
        Flow::Next
    }
}

/// A sample whose bytes are in the arena, so that the session may change under it.
fn kept<'a>(sample: Sample<'_>, arena: &'a Bump) -> Sample<'a> {
    match sample {
        Sample::Bool(value) => Sample::Bool(value),
        Sample::Int(number) => Sample::Int(number),
        Sample::Ip4(address) => Sample::Ip4(address),
        Sample::Ip6(address) => Sample::Ip6(address),
        Sample::Str(bytes) => Sample::Str(arena.alloc_slice_copy(bytes)),
        Sample::Bin(bytes) => Sample::Bin(arena.alloc_slice_copy(bytes)),
        Sample::Method(bytes) => Sample::Method(arena.alloc_slice_copy(bytes)),
    }
}

/// Bounds of `set-priority-class` (manual).
const CLASS_MAX: i64 = 2047;
/// Bounds of `set-priority-offset` (manual).
const OFFSET_MAX_MS: i64 = 524_287;
