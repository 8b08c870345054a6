//! Rules that set something that belongs to the session or to the process.

use bumpalo::Bump;

use super::{Flow, Scene};
use crate::config::model::{LogLevel, PatternChange, Setting};
use crate::sample::value::Sample;
use crate::sample::variables::{Scope, Variable, Variables};
use crate::session::Session;
use crate::session::analyser::AnalyserSet;
use crate::session::transaction::LevelChoice;
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
            Setting::Variable(..) | Setting::VariableFormat(..) | Setting::Unset(_) => {
                self.change_variable(setting, scene, arena, core);
            }
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
        }
        Flow::Next
    }

    fn change_variable(
        &mut self,
        setting: &'static Setting,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) {
        let value = {
            let context = self.context(scene, arena, core);
            match setting {
                Setting::Variable(variable, expression) => expression
                    .eval(&context)
                    .sample()
                    .map(|sample| (*variable, Some(kept(sample, arena)))),
                Setting::VariableFormat(variable, format) => {
                    let text = self.rendered(format, scene, arena, core);
                    Some((*variable, Some(Sample::Str(text))))
                }
                Setting::Unset(variable) => Some((*variable, None)),
                Setting::Address(..)
                | Setting::Mark(_)
                | Setting::TypeOfService(_)
                | Setting::Nice(_)
                | Setting::Capture(..)
                | Setting::LogLevel(_)
                | Setting::ExpectProxy => None,
            }
        };
        self.settle_variables(arena, core);
        if let Some((variable, sample)) = value {
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
            Scope::Session => Some(self.variables.get_or_insert_default()),
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
