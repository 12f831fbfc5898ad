//! What was done, to be undone and done again, and the two settings that are compared.
//!
//! A step is a gesture, or all that one press of a button does: a preset with its thirty values and its impulse is one.

use crate::params::{Id, TABLE, Values};
use crate::preset::ImpulseReference;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many steps are remembered.
pub const MAX_STEPS: usize = 200;

/// What an impulse was chosen by.
#[derive(Clone, Debug)]
pub enum Choice {
    /// A file.
    File(PathBuf),
    /// What a preset, a session or the library refers to.
    Reference(Arc<ImpulseReference>),
}

impl PartialEq for Choice {
    /// References are the same if they refer to the same: copies in them, which may be large, are not compared.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Reference(one), Self::Reference(other)) => {
                let told = |it: &ImpulseReference| {
                    (it.name.clone(), it.factory.clone(), it.file_hash, it.path())
                };
                Arc::ptr_eq(one, other)
                    || told(one) == told(other)
                        && (one.factory.is_some() || one.sound_hash == other.sound_hash)
            }
            _ => false,
        }
    }
}

/// From what to what.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<T> {
    /// To be had again by undoing.
    pub before: T,
    /// To be had again by redoing.
    pub after: T,
}

/// What is done and undone at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What people call it: "Mix", "Preset Long hall".
    pub name: String,
    /// The values that were changed.
    pub values: Vec<(Id, Change<f32>)>,
    /// The impulse, if it was changed.
    pub impulse: Option<Change<Option<Choice>>>,
    /// The preset's name, if it was changed.
    pub preset: Option<Change<Option<String>>>,
    /// A became B, or B became A.
    pub flips: bool,
}

impl Step {
    /// Of that name, with nothing in it.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.impulse.is_none() && self.preset.is_none()
    }
}

/// Everything that is set at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The parameters.
    pub values: Values,
    /// The impulse, where one was chosen.
    pub impulse: Option<Choice>,
    /// The preset that it comes from.
    pub preset: Option<String>,
}

/// What outlives a window: the steps, and the two settings.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    done: Vec<Step>,
    undone: Vec<Step>,
    /// The setting that is not heard: B while A is.
    pub other: Option<Setting>,
    /// B is heard.
    pub on_b: bool,
    /// The preset that was loaded or saved last, with its values.
    pub preset: Option<(String, Values)>,
}

impl Memory {
    /// Remembers a step; what was undone before it is forgotten.
    pub fn push(&mut self, step: Step) {
        if step.is_empty() {
            return;
        }
        self.undone.clear();
        self.done.push(step);
        if self.done.len() > MAX_STEPS {
            self.done.remove(0);
        }
    }

    /// The last step, if it led to the impulse `from`, leads to the impulse `to`. Says whether it does.
    pub fn lead(&mut self, from: &Option<Choice>, to: &Choice) -> bool {
        let last = self.done.last_mut().and_then(|step| step.impulse.as_mut());
        let Some(change) = last.filter(|change| change.after == *from) else {
            return false;
        };
        change.after = Some(to.clone());
        self.undone.clear();
        true
    }

    /// What was done last goes on: `id` has that value now. Whether that was the last step, and no more than that; one that
    /// ends where it began is none.
    pub fn extend(&mut self, id: Id, after: f32) -> bool {
        let Some(Step { values, .. }) = self.done.last_mut() else {
            return false;
        };
        let [(last, change)] = values.as_mut_slice() else {
            return false;
        };
        if *last != id {
            return false;
        }
        change.after = after;
        if change.before == after {
            self.done.pop();
        }
        true
    }

    /// The file that was chosen last cannot be read, and what was before plays on: so it was never chosen.
    pub fn refuse(&mut self, file: &Path) {
        let is_it =
            |choice: &Option<Choice>| matches!(choice, Some(Choice::File(path)) if path == file);
        let chose = |step: &Step| step.impulse.as_ref().is_some_and(|it| is_it(&it.after));
        let Some(at) = self.done.iter().rposition(chose) else {
            return;
        };
        let before = self.done[at].impulse.take().and_then(|it| it.before);
        for later in self.done[at..]
            .iter_mut()
            .filter_map(|it| it.impulse.as_mut())
        {
            if is_it(&later.before) {
                later.before.clone_from(&before);
            }
        }
        if self.done[at].is_empty() {
            self.done.remove(at);
        }
    }

    /// What would be undone.
    pub fn to_undo(&self) -> Option<&Step> {
        self.done.last()
    }

    /// What would be done again.
    pub fn to_redo(&self) -> Option<&Step> {
        self.undone.last()
    }

    /// The step to undo, which can be redone from now on.
    pub fn undo(&mut self) -> Option<Step> {
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The step to do again.
    pub fn redo(&mut self) -> Option<Step> {
        let step = self.undone.pop()?;
        self.done.push(step.clone());
        Some(step)
    }
}

/// Whether both have the same values, but for what no preset has.
pub fn same_sound(one: &Values, other: &Values, with_mix: bool) -> bool {
    TABLE.iter().all(|parameter| {
        let id = parameter.id;
        matches!(id, Id::Bypass | Id::Impulse)
            || id == Id::Mix && !with_mix
            || one.get(id) == other.get(id)
    })
}
