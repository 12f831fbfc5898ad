//! The list of parameters as the host's parameters.

#[cfg(feature = "editor")]
use super::clap::{Edit, Teller};
use super::state::State;
use crate::engine::mixer::Mix;
use crate::loader::thread::{Impulse, Wanted};
use crate::params::{Group, Id, Kind, Number, Parameter, Slots, Sound, TABLE, Values};
use crate::preset::in_library;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{
    BoolParam, FloatParam, FloatRange, IntParam, IntRange, Param, ParamPtr, Params, PluginState,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
#[cfg(feature = "editor")]
use std::sync::Mutex;
use std::sync::{Arc, PoisonError, RwLock, Weak};

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

/// All of them, in [`TABLE`]'s order.
pub(super) struct HostParams {
    params: Box<[HostParam]>,
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
        let slots = Arc::new(RwLock::new(Slots::FACTORY_ONLY));
        let host = |parameter: &'static Parameter| HostParam::new(parameter, &slots);
        Self {
            params: TABLE.iter().map(host).collect(),
            state: Arc::default(),
            #[cfg(feature = "editor")]
            teller: Mutex::new(None),
        }
    }

    /// One of them, as the framework has it.
    #[cfg(feature = "editor")]
    pub fn host(&self, id: Id) -> &HostParam {
        &self.params[id as usize]
    }

    /// Sets the one at that place of [`TABLE`], as a fraction of its range's travel, 0 to 1. Any thread.
    #[allow(unsafe_code)]
    pub fn set_normalized(&self, place: usize, value: f32) {
        let pointer = self.params[place].pointer();
        // SAFETY: it points into `self`. The framework wants nobody to be told twice; here nobody is told at all, and
        // the value is an atomic one. Its own smoothing, which the framework would move too, is not used.
        unsafe { pointer._internal_set_normalized_value(value) };
    }

    /// Moves the one at that place of [`TABLE`] away from where it is set, by a fraction of its travel, -1 to 1. Any thread.
    #[allow(unsafe_code)]
    pub fn modulate(&self, place: usize, offset: f32) {
        let pointer = self.params[place].pointer();
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
}

/// A parameter and the names of the impulses: what turns values into text and back. Main thread.
#[derive(Clone)]
struct Texts {
    parameter: &'static Parameter,
    slots: Arc<RwLock<Slots>>,
}

impl Texts {
    fn text(&self, value: f32) -> String {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        self.parameter.text(value, &slots)
    }

    fn parse(&self, typed: &str) -> Option<f32> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        self.parameter.parse(typed, &slots).ok()
    }
}

impl HostParam {
    /// The unit is part of the text, because "off" has none.
    fn new(parameter: &'static Parameter, slots: &Arc<RwLock<Slots>>) -> Self {
        let shown = Texts {
            parameter,
            slots: slots.clone(),
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

// SAFETY: the trait asks that the pointers of `param_map` stay valid as long as the object. They point into a boxed
// slice that is made once, never replaced and never handed out mutably, and that lives and dies with `self`; the wrappers
// hold the `Arc` that `self` is in.
#[allow(unsafe_code)]
unsafe impl Params for HostParams {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let listed = TABLE.iter().zip(&self.params);
        let entry = |(parameter, host): (&Parameter, &HostParam)| {
            let group = parameter.group.name().to_owned();
            (parameter.key.to_owned(), host.pointer(), group)
        };
        listed.map(entry).collect()
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
