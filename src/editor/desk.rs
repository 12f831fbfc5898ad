//! The desk: all that widgets get to work with. It sees to it that gestures are whole.
//!
//! What is guaranteed: what begins ends, once, also if another gesture begins or the desk is dropped; nothing is set
//! outside a gesture; a value that has been set is seen at once, also where the host takes it a block later.

use super::data::same;
use super::history::{Change, Choice, Memory, Setting, Step, same_sound};
use super::{Actions, Data};
use crate::params::{Id, Slots, TABLE, Values};
use crate::preset::{Embedding, ImpulseReference, Preset, factory};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a value that has been set is shown although the host has not taken it.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long after a notch of the wheel or a press of an arrow key the next one is undone with it, in seconds.
const TOGETHER: f64 = 0.5;

/// What the editor knows, and what it does.
pub struct Desk {
    data: Data,
    actions: Box<dyn Actions>,
    /// What the user holds, and the value it had.
    held: Option<(Id, f32)>,
    /// What has been set and not been seen to arrive, by parameter.
    sent: [Option<Sent>; TABLE.len()],
    memory: Memory,
    /// What was done last was a nudge of that parameter, at that time in seconds.
    nudged: Option<(Id, f64)>,
    /// What is one step together, while it is being done.
    step: Option<Step>,
    /// What is being undone or redone is no step of its own.
    silent: bool,
    /// The impulse that was chosen here last, and what was referred to then: it counts until another is referred to.
    chosen: Option<(Choice, Option<Arc<ImpulseReference>>)>,
}

/// A value on its way.
#[derive(Clone, Copy)]
struct Sent {
    value: f32,
    /// What the host said before.
    before: f32,
    at: Instant,
}

impl Desk {
    /// With what `actions` tell now. Main thread.
    pub fn new(actions: impl Actions) -> Self {
        let mut desk = Self {
            data: Data::default(),
            actions: Box::new(actions),
            held: None,
            sent: [None; TABLE.len()],
            memory: Memory::default(),
            nudged: None,
            step: None,
            silent: false,
            chosen: None,
        };
        desk.refresh();
        desk
    }

    /// Everything that may be seen. Main thread.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Looks again, and says whether anything has changed. Main thread.
    pub fn refresh(&mut self) -> bool {
        let before = self.data.clone();
        self.actions.refresh(&mut self.data);
        if let Some(file) = &self.data.refused
            && !same(Some(file), before.refused.as_ref())
        {
            self.memory.refuse(file);
            let chose =
                |chosen: &(Choice, _)| matches!(&chosen.0, Choice::File(path) if **path == **file);
            self.chosen.take_if(|chosen| chose(chosen));
        }
        for (parameter, sent) in TABLE.iter().zip(&mut self.sent) {
            let told = self.data.values.get(parameter.id);
            let waits = |sent: &Sent| {
                let arrived = told != sent.before || told == sent.value;
                self.held.is_some_and(|(id, _)| id == parameter.id)
                    || !arrived && sent.at.elapsed() < PATIENCE
            };
            *sent = sent.filter(waits);
            if let Some(sent) = sent {
                self.data.values.set(parameter.id, sent.value);
            }
        }
        self.data != before
    }

    /// The value of a parameter. Main thread.
    pub fn value(&self, id: Id) -> f32 {
        self.data.values.get(id)
    }

    /// The value of a switch. Main thread.
    pub fn is_on(&self, id: Id) -> bool {
        self.value(id) != 0.0
    }

    /// The value as text, with its unit. Main thread.
    pub fn text(&self, id: Id) -> String {
        id.parameter().text(self.value(id), &self.data.slots)
    }

    /// What the parameter really is, where another has the say: the pre-delay while a note value sets it. Main thread.
    pub fn overruled(&self, id: Id) -> Option<f32> {
        let overruled = id == Id::Predelay && self.value(Id::PredelayNote) != 0.0;
        overruled.then(|| self.data.values.mix(self.data.tempo).predelay_ms)
    }

    /// What the user holds. Main thread.
    pub fn held(&self) -> Option<Id> {
        self.held.map(|(id, _)| id)
    }

    /// The user takes hold of `id`, and lets go of what they held. Main thread.
    pub fn begin(&mut self, id: Id) {
        self.nudged = None;
        self.take_hold(id);
    }

    fn take_hold(&mut self, id: Id) {
        self.release();
        self.actions.begin(id);
        self.held = Some((id, self.value(id)));
    }

    /// Gives `id`, which is held, a value. The one that it has is not set again. Main thread.
    pub fn set(&mut self, id: Id, value: f32) {
        let value = id.parameter().clamp(value);
        let now = self.value(id);
        if self.held() != Some(id) || value == now {
            return;
        }
        let before = self.sent[id as usize].map_or(now, |sent| sent.before);
        self.sent[id as usize] = Some(Sent {
            value,
            before,
            at: Instant::now(),
        });
        self.data.values.set(id, value);
        self.actions.set(id, value);
    }

    /// The user lets go of `id`. Main thread.
    pub fn end(&mut self, id: Id) {
        if self.held() == Some(id) {
            self.release();
        }
    }

    /// The user lets go of whatever they hold. Main thread.
    pub fn release(&mut self) {
        if let Some((id, before)) = self.held.take() {
            self.actions.end(id);
            let after = self.value(id);
            // Which impulse plays is told by the impulse: its number is only where it stands.
            if after == before || id == Id::Impulse {
                return;
            }
            let joins = self.nudged.is_some_and(|(last, _)| last == id);
            if !(joins && self.memory.extend(id, after)) {
                let change = Change { before, after };
                self.add(id.parameter().name, |step| step.values.push((id, change)));
            }
        }
    }

    /// A whole gesture: begin, set, end. In a gesture of the same parameter, only a set. Main thread.
    pub fn change(&mut self, id: Id, value: f32) {
        self.nudged = None;
        self.alter(id, value);
    }

    fn alter(&mut self, id: Id, value: f32) {
        let alone = self.held() != Some(id);
        if alone {
            self.take_hold(id);
        }
        self.set(id, value);
        if alone {
            self.end(id);
        }
    }

    /// A gesture that is often one of several: a notch of the wheel, an arrow key. Those that follow one another closely, on
    /// the same parameter, are undone as one. `now` in seconds. Main thread.
    pub fn nudge(&mut self, id: Id, value: f32, now: f64) {
        self.nudged
            .take_if(|(last, at)| *last != id || now - *at > TOGETHER);
        self.alter(id, value);
        self.nudged = Some((id, now));
    }

    /// All that `act` does is one step to undo. Main thread.
    pub fn step(&mut self, name: impl Into<String>, act: impl FnOnce(&mut Self)) {
        self.release();
        if self.step.is_some() {
            return act(self);
        }
        self.step = Some(Step::named(name));
        act(self);
        self.release();
        if let Some(step) = self.step.take()
            && !self.silent
        {
            self.memory.push(step);
        }
    }

    fn add(&mut self, name: &str, add: impl FnOnce(&mut Step)) {
        self.nudged = None;
        match &mut self.step {
            Some(step) => add(step),
            None if self.silent => {}
            None => {
                let mut step = Step::named(name);
                add(&mut step);
                self.memory.push(step);
            }
        }
    }

    /// The impulse that is chosen, also while it is being loaded. Main thread.
    pub fn choice(&self) -> Option<Choice> {
        let now = self.data.reference.as_ref();
        let (chosen, then) = match &self.chosen {
            Some((chosen, then)) => (Some(chosen), then.as_ref()),
            None => (None, None),
        };
        let as_then = match (now, then) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (now, then) => now.is_none() && then.is_none(),
        };
        match (chosen, now) {
            (Some(chosen), _) if as_then => Some(chosen.clone()),
            (_, Some(now)) => Some(Choice::Reference(Arc::clone(now))),
            // Before the first look: what stands in the slot is on its way.
            _ => {
                let name = Slots::factory(self.data.values.slot())?;
                let reference = ImpulseReference::to_factory_named(name);
                Some(Choice::Reference(Arc::new(reference)))
            }
        }
    }

    fn chose(&mut self, choice: Choice) {
        let change = Change {
            before: self.choice(),
            after: Some(choice.clone()),
        };
        self.chosen = Some((choice, self.data.reference.clone()));
        if change.before != change.after {
            self.add("Impulse", |step| {
                // Of several in one step, from the first to the last.
                let before = step.impulse.take().map_or(change.before, |it| it.before);
                step.impulse = Some(Change {
                    before,
                    after: change.after,
                });
            });
        }
    }

    /// Plays another impulse. Main thread.
    pub fn choose(&mut self, choice: Choice) {
        self.release();
        self.chose(choice.clone());
        let slot = match choice {
            Choice::File(path) => {
                self.actions.load(path);
                None
            }
            Choice::Reference(reference) => {
                let slot = reference.factory.as_deref().and_then(Slots::of_factory);
                self.actions.take(reference);
                slot
            }
        };
        // Where another one stands is seen once it has been loaded.
        if let Some(slot) = slot {
            self.change(Id::Impulse, slot as f32);
        }
    }

    /// Chooses the next impulse of the host's list, or the one before. Main thread.
    pub fn step_impulse(&mut self, forwards: bool) {
        let slots = self.data.slots.clone();
        let slot = self.data.values.slot();
        let slot = if forwards {
            slots.next(slot)
        } else {
            slots.previous(slot)
        };
        self.release();
        let reference = match Slots::factory(slot) {
            Some(name) => Some(Arc::new(ImpulseReference::to_factory_named(name))),
            None => self.actions.in_slot(slot),
        };
        if let Some(reference) = reference {
            self.chose(Choice::Reference(reference));
        }
        self.change(Id::Impulse, slot as f32);
    }

    /// Loads the impulse of a file. Main thread.
    pub fn load(&mut self, path: PathBuf) {
        self.choose(Choice::File(path));
    }

    /// Everything that is set now. Main thread.
    pub fn setting(&self) -> Setting {
        Setting {
            values: self.data.values.clone(),
            impulse: self.choice(),
            preset: self.data.preset.clone(),
        }
    }

    fn apply(&mut self, setting: &Setting, keep: &[Id]) {
        for parameter in &TABLE {
            let (id, value) = (parameter.id, setting.values.get(parameter.id));
            let left = matches!(id, Id::Bypass | Id::Impulse) || keep.contains(&id);
            if !left && self.value(id) != value {
                self.change(id, value);
            }
        }
        if let Some(impulse) = &setting.impulse
            && self.choice().as_ref() != Some(impulse)
        {
            self.choose(impulse.clone());
        }
        if self.data.preset != setting.preset {
            self.rename(setting.preset.clone());
        }
    }

    fn rename(&mut self, name: Option<String>) {
        let change = Change {
            before: self.data.preset.clone(),
            after: name.clone(),
        };
        self.add("Preset", |step| step.preset = Some(change));
        self.data.preset.clone_from(&name);
        self.actions.name_preset(name);
    }

    /// Sets everything as `preset` has it; the mix stays, if it is locked. Bypass stays. Main thread.
    pub fn load_preset(&mut self, preset: &Preset, mix_locked: bool) {
        let values = preset.values();
        let impulse = preset.impulse.clone().map(Arc::new);
        let setting = Setting {
            impulse: impulse.map(Choice::Reference),
            preset: Some(preset.name.clone()),
            values: values.clone(),
        };
        let keep: &[Id] = if mix_locked { &[Id::Mix] } else { &[] };
        self.step(format!("Preset {}", preset.name), |desk| {
            desk.apply(&setting, keep);
        });
        self.memory.preset = Some((preset.name.clone(), values));
    }

    /// What is set now, as a preset. Main thread.
    pub fn preset(&self, name: &str) -> Preset {
        let impulse = match (self.choice(), &self.data.reference) {
            // With its copy, if sessions have one.
            (_, Some(now)) => Some(ImpulseReference::clone(now)),
            (Some(Choice::Reference(chosen)), None) => Some((*chosen).clone()),
            _ => None,
        };
        Preset::new(name, &self.data.values, impulse)
    }

    /// `preset`, which was set, has been written under its name. Main thread.
    pub fn saved(&mut self, preset: &Preset) {
        self.memory.preset = Some((preset.name.clone(), preset.values()));
        if self.data.preset.as_ref() != Some(&preset.name) {
            self.rename(Some(preset.name.clone()));
        }
    }

    /// A preset has another name now. Main thread.
    pub fn renamed(&mut self, from: &str, to: &str) {
        if self.data.preset.as_deref() != Some(from) {
            return;
        }
        if let Some((name, _)) = &mut self.memory.preset
            && name == from
        {
            to.clone_into(name);
        }
        self.rename(Some(to.to_owned()));
    }

    /// Whether something has been changed since the preset was loaded. Main thread.
    pub fn is_edited(&self, mix_locked: bool) -> bool {
        let Some(name) = &self.data.preset else {
            return false;
        };
        let values = &self.data.values;
        let differs = |of: &Values| !same_sound(of, values, !mix_locked);
        match &self.memory.preset {
            Some((loaded, of)) if loaded == name => differs(of),
            // From a session: those of the program are known.
            _ => {
                let known = factory().iter().find(|preset| preset.name == *name);
                known.is_some_and(|preset| differs(&preset.values()))
            }
        }
    }

    /// The name of what would be undone, and of what would be done again. Main thread.
    pub fn steps(&self) -> (Option<&str>, Option<&str>) {
        (
            self.memory.to_undo().map(|step| step.name.as_str()),
            self.memory.to_redo().map(|step| step.name.as_str()),
        )
    }

    /// Undoes the last step. Main thread.
    pub fn undo(&mut self) {
        self.release();
        self.nudged = None;
        if let Some(step) = self.memory.undo() {
            self.go(&step, |change| change.before, |c| &c.before, |c| &c.before);
        }
    }

    /// Does again what was undone last. Main thread.
    pub fn redo(&mut self) {
        self.release();
        self.nudged = None;
        if let Some(step) = self.memory.redo() {
            self.go(&step, |change| change.after, |c| &c.after, |c| &c.after);
        }
    }

    fn go(
        &mut self,
        step: &Step,
        value: fn(&Change<f32>) -> f32,
        impulse: fn(&Change<Option<Choice>>) -> &Option<Choice>,
        preset: fn(&Change<Option<String>>) -> &Option<String>,
    ) {
        self.silent = true;
        if step.flips {
            self.memory.other = Some(self.setting());
            self.memory.on_b = !self.memory.on_b;
        }
        for (id, change) in &step.values {
            self.change(*id, value(change));
        }
        if let Some(choice) = step.impulse.as_ref().and_then(|it| impulse(it).clone()) {
            self.choose(choice);
        }
        if let Some(change) = &step.preset {
            self.rename(preset(change).clone());
        }
        self.silent = false;
    }

    /// Whether B is heard. Main thread.
    pub fn on_b(&self) -> bool {
        self.memory.on_b
    }

    /// Hears A or B. What is heard is kept for the way back. Main thread.
    pub fn hear(&mut self, b: bool) {
        if self.memory.on_b == b {
            return;
        }
        let now = self.setting();
        self.memory.on_b = b;
        // The first time, B is what A is.
        if let Some(other) = self.memory.other.replace(now) {
            let name = if b { "To B" } else { "To A" };
            self.step(name, |desk| {
                desk.apply(&other, &[]);
                desk.add(name, |step| step.flips = true);
            });
        }
    }

    /// The other of A and B becomes what is heard. Main thread.
    pub fn copy_to_other(&mut self) {
        self.memory.other = Some(self.setting());
    }

    /// What outlives the window. Main thread.
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Which impulses go into the session from now on. Main thread.
    pub fn embed(&mut self, embedding: Embedding) {
        self.data.embedding = embedding;
        self.actions.embed(embedding);
    }

    /// Forgets held peaks and clips. Main thread.
    pub fn clear_meters(&mut self) {
        self.actions.clear_meters();
        let meters = &mut self.data.meters;
        for level in meters.inputs.iter_mut().chain(&mut meters.outputs) {
            (level.held, level.clips) = (level.peak, 0);
        }
    }

    /// Plays what has just been made and lies in no file. If `last`, made before it, is what plays and the last step led there,
    /// that step leads here from now on: what is drawn is one step, however often it is heard. Of a gesture it is a part:
    /// nothing that is held is let go. Main thread.
    pub fn audition(&mut self, made: Arc<ImpulseReference>, last: Option<&Arc<ImpulseReference>>) {
        let choice = Choice::Reference(Arc::clone(&made));
        let last = last.map(|last| Choice::Reference(Arc::clone(last)));
        let goes_on = last.is_some() && self.choice() == last;
        if goes_on && self.memory.lead(&last, &choice) {
            self.chosen = Some((choice, self.data.reference.clone()));
        } else {
            self.chose(choice);
        }
        self.actions.take(made);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.release();
    }
}
