//! The list of parameters as the host's parameters.

use super::buttons::Buttons;
#[cfg(feature = "editor")]
use super::clap::{Edit, Teller};
use super::state::State;
use crate::engine::mixer::Mix;
use crate::loader::thread::{Impulse, Wanted};
use crate::params::{
    BUTTONS, Group, Id, Kind, Number, Parameter, Slots, Sound, TABLE, Values, slots,
};
use crate::preset::in_library;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{
    BoolParam, FloatParam, FloatRange, IntParam, IntRange, Param, ParamPtr, Params, PluginState,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
#[cfg(feature = "editor")]
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// Of the instance that this thread made last: the framework makes it, and keeps it to itself.
    static MADE: RefCell<Weak<HostParams>> = const { RefCell::new(Weak::new()) };
}

/// Remembers the parameters of an instance that is being made. Main thread.
pub(super) fn made(params: &Arc<HostParams>) {
    MADE.set(Arc::downgrade(params));
}

/// Those of the instance that this thread has just made. Main thread.
pub(super) fn take_made() -> Option<Arc<HostParams>> {
    MADE.take().upgrade()
}

/// One of ours, kept by the framework.
pub(super) enum HostParam {
    Float(FloatParam),
    Int(IntParam),
    Bool(BoolParam),
}

/// All of them, in [`TABLE`]'s order, and then the buttons.
pub(super) struct HostParams {
    params: Box<[HostParam]>,
    pub buttons: Buttons,
    /// The host renders offline by what it says with each block, as VST3's do.
    offline: AtomicBool,
    /// Samples for which it sounds on after the input's end, as of the last block, or as it will be in the first.
    tail: AtomicU32,
    /// The impulse.
    pub state: Arc<State>,
    /// By which a CLAP host hears of the editor.
    #[cfg(feature = "editor")]
    teller: Mutex<Option<Teller>>,
}

/// What the loader goes by, to be compared.
#[derive(PartialEq)]
pub(super) struct Asked {
    values: Values,
    arrivals: u64,
}

impl HostParams {
    pub fn new() -> Self {
        let state = Arc::<State>::default();
        let host = |parameter: &'static Parameter| HostParam::new(parameter, &state);
        Self {
            params: TABLE.iter().map(host).collect(),
            buttons: Buttons::new(),
            offline: AtomicBool::new(false),
            tail: AtomicU32::new(0),
            state,
            #[cfg(feature = "editor")]
            teller: Mutex::new(None),
        }
    }

    /// One of them, as the framework has it.
    #[cfg(feature = "editor")]
    pub fn host(&self, id: Id) -> &HostParam {
        &self.params[id as usize]
    }

    /// Sets the one at that place of the list, as a fraction of its range's travel, 0 to 1; or presses it. Any thread.
    #[allow(unsafe_code)]
    pub fn set_normalized(&self, place: usize, value: f32) {
        if let Some(index) = place.checked_sub(TABLE.len()) {
            if self.buttons.set(index, value >= 0.5) {
                self.step(BUTTONS[index].forwards);
            }
            return;
        }
        let pointer = self.params[place].pointer();
        // SAFETY: it points into `self`. The framework wants nobody to be told twice; here nobody is told at all, and
        // the value is an atomic one. Its own smoothing, which the framework would move too, is not used.
        unsafe { pointer._internal_set_normalized_value(value) };
    }

    /// Moves the chooser to the next slot that holds something, or to the one before. Any thread.
    fn step(&self, forwards: bool) {
        let place = Id::Impulse as usize;
        if let HostParam::Int(param) = &self.params[place] {
            let slot = usize::try_from(param.unmodulated_plain_value()).unwrap_or(slots::CUSTOM);
            let slot = self.state.step(slot, forwards);
            self.set_normalized(place, param.preview_normalized(slot as i32));
        }
    }

    /// Where the chooser stands, as a fraction of its travel. Any thread.
    pub fn chooser(&self) -> f32 {
        match &self.params[Id::Impulse as usize] {
            HostParam::Int(param) => param.unmodulated_normalized_value(),
            HostParam::Float(_) | HostParam::Bool(_) => 0.0,
        }
    }

    /// Whether the host renders offline, as it says with each block. Audio thread.
    pub fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Relaxed);
    }

    /// As it was set. Audio thread.
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Relaxed)
    }

    /// Remembers the tail, in samples. Any thread.
    pub fn set_tail(&self, frames: u32) {
        self.tail.store(frames, Ordering::Relaxed);
    }

    /// The tail, in samples. Any thread.
    pub fn tail(&self) -> u32 {
        self.tail.load(Ordering::Relaxed)
    }

    /// Moves the one at that place of the list away from where it is set, by a fraction of its travel, -1 to 1. Any thread.
    #[allow(unsafe_code)]
    pub fn modulate(&self, place: usize, offset: f32) {
        let Some(pointer) = self.params.get(place).map(HostParam::pointer) else {
            return;
        };
        // SAFETY: as in `set_normalized`.
        unsafe { pointer._internal_modulate_value(offset) };
    }

    /// From here on a CLAP host hears of the editor by this, or no more. Main thread.
    #[cfg(feature = "editor")]
    pub fn tell_through(&self, teller: Option<Teller>) {
        *self.teller.lock().unwrap_or_else(PoisonError::into_inner) = teller;
    }

    /// The host may be asked from here on. Main thread.
    #[cfg(feature = "editor")]
    pub fn meet_host(&self) {
        let mut teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(teller) = teller.as_mut() {
            teller.meet_host();
        }
    }

    /// Tells a CLAP host what the editor does. `false`: this is no CLAP host. Main thread.
    #[cfg(feature = "editor")]
    pub fn tell(&self, edit: Edit) -> bool {
        let mut teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        let teller = teller.as_mut();
        teller.map(|teller| teller.tell(edit)).is_some()
    }

    /// What all of them are now, each within its range whatever a session held.
    pub fn values(&self) -> Values {
        let mut values = Values::default();
        for (parameter, host) in TABLE.iter().zip(&self.params) {
            values.set(parameter.id, host.value());
        }
        values
    }

    /// What the mixer is to do now, at the host's tempo. Reads only what the mixer needs: it is asked at every block.
    /// Audio thread.
    pub fn mix(&self, tempo: Option<f64>) -> Mix {
        let mut sound = Sound::NEUTRAL;
        for (parameter, host) in TABLE.iter().zip(&self.params) {
            if parameter.group == Group::Sound {
                sound.put(parameter.id, parameter.clamp(host.value()), tempo);
            }
        }
        sound.mix
    }

    /// What the loader goes by now. Audio thread.
    pub fn asked(&self) -> Asked {
        let mut values = Values::default();
        for (parameter, host) in TABLE.iter().zip(&self.params) {
            if parameter.group != Group::Sound {
                values.set(parameter.id, host.value());
            }
        }
        Asked {
            values,
            arrivals: self.state.arrivals(),
        }
    }

    /// Which impulse, in which shape. `None` where there is none: what plays goes on. Takes as long
    /// as loading does. Any thread but the audio
    /// thread.
    pub fn wanted(&self) -> Option<Wanted> {
        let values = self.values();
        let impulse = self.state.wanted(values.slot(), &in_library)?;
        Some(Wanted {
            impulse: Impulse::Given(impulse),
            shape: values.shape(),
        })
    }
}

/// Gives a session every parameter: one that it does not have, or not as a value of that kind, is the default. The
/// framework would leave it as it stood, and the session would sound of the one before it. Main thread.
pub(super) fn complete(session: &mut PluginState) {
    for parameter in &TABLE {
        let fits = matches!(
            (&parameter.kind, session.params.get(parameter.key)),
            (Kind::Number(_), Some(ParamValue::F32(_)))
                | (Kind::Choice(_) | Kind::Slot, Some(ParamValue::I32(_)))
                | (Kind::Switch, Some(ParamValue::Bool(_)))
        );
        if !fits {
            let value = match parameter.kind {
                Kind::Number(_) => ParamValue::F32(parameter.default),
                Kind::Choice(_) | Kind::Slot => ParamValue::I32(parameter.default as i32),
                Kind::Switch => ParamValue::Bool(parameter.default != 0.0),
            };
            session.params.insert(parameter.key.to_owned(), value);
        }
    }
    for button in &BUTTONS {
        let off = ParamValue::Bool(false);
        session.params.insert(button.key.to_owned(), off);
    }
}

/// A parameter and the names of the impulses: what turns values into text and back. Main thread.
#[derive(Clone)]
struct Texts {
    parameter: &'static Parameter,
    state: Arc<State>,
}

impl Texts {
    /// The names, where they are needed.
    fn slots(&self) -> Arc<Slots> {
        match self.parameter.kind {
            Kind::Slot => self.state.slots(),
            _ => Arc::new(Slots::FACTORY_ONLY),
        }
    }

    fn text(&self, value: f32) -> String {
        self.parameter.text(value, &self.slots())
    }

    fn parse(&self, typed: &str) -> Option<f32> {
        self.parameter.parse(typed, &self.slots()).ok()
    }
}

impl HostParam {
    /// The unit is part of the text, because "off" has none.
    fn new(parameter: &'static Parameter, state: &Arc<State>) -> Self {
        let shown = Texts {
            parameter,
            state: state.clone(),
        };
        let typed = shown.clone();
        match &parameter.kind {
            Kind::Number(number) => Self::Float(
                FloatParam::new(parameter.name, parameter.default, float_range(number))
                    .with_value_to_string(Arc::new(move |value| shown.text(value)))
                    .with_string_to_value(Arc::new(move |text| typed.parse(text))),
            ),
            Kind::Choice(_) | Kind::Slot => {
                let range = IntRange::Linear {
                    min: 0,
                    max: parameter.highest() as i32,
                };
                Self::Int(
                    IntParam::new(parameter.name, parameter.default as i32, range)
                        .with_value_to_string(Arc::new(move |value| shown.text(value as f32)))
                        .with_string_to_value(Arc::new(move |text| {
                            typed.parse(text).map(|value| value as i32)
                        })),
                )
            }
            Kind::Switch => {
                let switch = BoolParam::new(parameter.name, parameter.default != 0.0)
                    .with_value_to_string(Arc::new(move |on| shown.text(f32::from(u8::from(on)))))
                    .with_string_to_value(Arc::new(move |text| {
                        typed.parse(text).map(|value| value != 0.0)
                    }));
                Self::Bool(match parameter.id {
                    Id::Bypass => switch.make_bypass(),
                    _ => switch,
                })
            }
        }
    }

    fn value(&self) -> f32 {
        match self {
            Self::Float(param) => param.value(),
            Self::Int(param) => param.value() as f32,
            Self::Bool(param) => f32::from(u8::from(param.value())),
        }
    }

    fn pointer(&self) -> ParamPtr {
        match self {
            Self::Float(param) => param.as_ptr(),
            Self::Int(param) => param.as_ptr(),
            Self::Bool(param) => param.as_ptr(),
        }
    }
}

fn float_range(number: &Number) -> FloatRange {
    let (min, max, factor) = (number.low, number.high, number.exponent());
    if factor == 1.0 {
        FloatRange::Linear { min, max }
    } else {
        FloatRange::Skewed { min, max, factor }
    }
}

// SAFETY: the trait asks that the pointers of `param_map` stay valid as long as the object. They point into two boxed
// slices that are made once, never replaced and never handed out mutably, and that live and die with `self`; the wrappers
// hold the `Arc` that `self` is in.
#[allow(unsafe_code)]
unsafe impl Params for HostParams {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let listed = TABLE.iter().zip(&self.params);
        let entry = |(parameter, host): (&Parameter, &HostParam)| {
            let group = parameter.group.name().to_owned();
            (parameter.key.to_owned(), host.pointer(), group)
        };
        let pressed = BUTTONS.iter().zip(self.buttons.pointers());
        let button = |(button, pointer): (&crate::params::Button, _)| {
            let group = Group::Impulse.name().to_owned();
            (button.key.to_owned(), pointer, group)
        };
        listed.map(entry).chain(pressed.map(button)).collect()
    }

    /// What a session holds beside the parameters. Here the impulse comes in.
    fn serialize_fields(&self) -> BTreeMap<String, String> {
        self.state.fields()
    }

    /// The other way. It may be called on the audio thread while it plays, and nothing else tells that the state is new.
    fn deserialize_fields(&self, fields: &BTreeMap<String, String>) {
        self.state.load(fields);
    }
}
