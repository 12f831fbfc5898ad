//! Which impulse a preset or a session plays: what it holds, what it is called, where it was, and the impulse itself.
//!
//! What is guaranteed:
//!
//! - Looking for it changes nothing: what is missing or changed stays referred to, and is saved as it was.
//! - What it plays is what was saved, by the hash of its sound, wherever it is found. Only where the old sound is nowhere
//!   does something else of that name play, and [`Resolved::note`] says so.
//! - A path is data. It is read only if it is absolute, a regular file and on no machine of another's, only as a sound
//!   file by its content, and nothing is written. A jconvolver `.conf` names other files, so one is followed only where the user
//!   put it: in a folder of the library. Elsewhere the copy plays.

use super::copy::{Copy, CopyError, TooLarge, sound_hash};
use crate::impulse::echo::Echo;
use crate::impulse::library::{self, ContentHash, Entry, FactoryImpulse, Library, Places};
use crate::impulse::load::{self, LayoutChoice, LoadError, MAX_CHANNELS};
use crate::impulse::{ImpulseResponse, jconvolver};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// The largest file that is read for its hash: every file that loads is smaller.
const MAX_FILE_BYTES: u64 = 2 << 30;

/// What refers to an impulse.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImpulseReference {
    /// What people call it.
    pub name: String,
    /// The factory impulse of that name, if it is one: its id in the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factory: Option<String>,
    /// Of its sound: [`sound_hash`]. `None` only in what somebody wrote by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_hash: Option<ContentHash>,
    /// Of its file's bytes, by which the library finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_hash: Option<ContentHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<StoredPath>,
    #[serde(default, skip_serializing_if = "is_auto", with = "layout_text")]
    layout: LayoutChoice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<Arc<Copy>>,
    /// As [`ImpulseReference::drawn`], and whatever a later Partita writes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drawn: Option<Value>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// An echo, and how fast its notes go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its taps.
    pub echo: Echo,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
}

/// Which impulses are put into what is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Embedding {
    /// None: the file must stay where it is, or in the library.
    None,
    /// Those that are not in every Partita anyway.
    #[default]
    Files,
    /// Factory impulses too.
    All,
}

/// The most text that a copy may take unless asked otherwise: 16 MiB, about 45 s of 24-bit stereo at 48 kHz.
pub const EMBEDDING_LIMIT: usize = 16 << 20;

/// Finds a file by its bytes: the library.
pub type Find<'a> = &'a dyn Fn(&ContentHash) -> Option<PathBuf>;

/// What the library of this user has of that content, as the last scan left it. Loader thread.
pub fn in_library(hash: &ContentHash) -> Option<PathBuf> {
    let library = Library::open(Places::of_this_user().ok()?).ok()?;
    let found = library.by_hash(hash);
    let mut paths = found.into_iter().filter_map(Entry::path);
    paths.find(|path| path.is_file()).map(Path::to_owned)
}

/// Where an impulse was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the program.
    Factory,
    /// In the library, by its hash.
    Library(PathBuf),
    /// Where it was when it was saved.
    Path(PathBuf),
    /// In what was saved.
    Copy,
}

/// An impulse that was referred to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// It.
    pub impulse: Arc<ImpulseResponse>,
    /// Where it was found.
    pub place: Place,
    /// What the user should know, in one line: it is missing, or has changed.
    pub note: Option<String>,
}

/// Why a reference leads to no impulse.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// It is nowhere.
    #[error(
        "{name}: expected {looked}, but there is none, and no copy was saved with it; add the folder that has it to the library"
    )]
    Missing {
        /// What it is called, control characters escaped.
        name: String,
        /// Where it was looked for.
        looked: String,
    },
    /// It is nowhere else, and the copy cannot be read.
    #[error("{name}: the copy that was saved with it cannot be read: {error}")]
    Copy {
        /// What it is called, control characters escaped.
        name: String,
        /// Why.
        error: CopyError,
    },
}

impl ImpulseReference {
    /// To a factory impulse. `impulse` is what it loads. Loader thread.
    pub fn to_factory(factory: &FactoryImpulse, impulse: &ImpulseResponse) -> Self {
        Self {
            sound_hash: Some(sound_hash(impulse)),
            ..Self::to_factory_named(factory.name)
        }
    }

    /// To the factory impulse of that name, whatever it sounds like in this version of the program.
    pub fn to_factory_named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            factory: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// To the file at `path`, of which `impulse` was read by `layout`. Reads it again for its hash. Loader thread.
    pub fn to_file(path: &Path, layout: LayoutChoice, impulse: &ImpulseResponse) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            name: impulse.name.clone(),
            sound_hash: Some(sound_hash(impulse)),
            file_hash: file_hash(&path),
            path: Some(StoredPath::new(&path)),
            layout,
            ..Self::default()
        }
    }

    /// To an impulse that lies in no file. Loader thread.
    pub fn to_sound(impulse: &ImpulseResponse) -> Self {
        Self {
            name: impulse.name.clone(),
            sound_hash: Some(sound_hash(impulse)),
            ..Self::default()
        }
    }

    /// With the taps that it was made of, at that tempo, so that they can be drawn on.
    pub fn drawn_as(mut self, drawn: &Drawn) -> Self {
        self.drawn = serde_json::to_value(drawn).ok();
        self
    }

    /// The taps that it was made of; `None` where it was not, or where this Partita does not understand them.
    pub fn drawn(&self) -> Option<Drawn> {
        Drawn::deserialize(self.drawn.as_ref()?).ok()
    }

    /// Where its file was.
    pub fn path(&self) -> Option<PathBuf> {
        self.path.as_ref()?.path()
    }

    /// How its file's channels are read.
    pub fn layout(&self) -> LayoutChoice {
        self.layout
    }

    /// The impulse itself.
    pub fn copy(&self) -> Option<&Copy> {
        self.copy.as_deref()
    }

    /// Puts `impulse`, which it refers to, into it, or takes it out, as `embedding` says; what lies in no file is always put
    /// in. A copy that is there is kept rather than made again. Loader thread.
    ///
    /// Errors: the copy would take more than `limit` bytes; there is none then.
    pub fn embed(
        &mut self,
        impulse: &ImpulseResponse,
        embedding: Embedding,
        limit: usize,
    ) -> Result<(), TooLarge> {
        let wanted = match embedding {
            Embedding::None => self.is_only_a_sound(),
            Embedding::Files => self.factory.is_none(),
            Embedding::All => true,
        };
        match &self.copy {
            _ if !wanted => self.copy = None,
            Some(copy) if copy.bytes() <= limit => {}
            _ => {
                self.copy = None;
                self.copy = Some(Arc::new(Copy::of(impulse, limit)?));
            }
        }
        Ok(())
    }

    fn is_only_a_sound(&self) -> bool {
        self.factory.is_none() && self.file_hash.is_none() && self.path.is_none()
    }

    /// Takes the copy out: the impulse must be found elsewhere then.
    pub fn without_copy(&self) -> Self {
        Self {
            copy: None,
            ..self.clone()
        }
    }

    /// Whether the copy, if there is one, states what can be.
    ///
    /// Errors: [`CopyError::Stated`]. Another coding than is known here is none: the impulse may be found elsewhere.
    pub(super) fn check(&self) -> Result<(), CopyError> {
        match self.copy.as_ref().map(|copy| copy.check()) {
            Some(Err(stated @ CopyError::Stated { .. })) => Err(stated),
            _ => Ok(()),
        }
    }

    /// The impulse: the factory's; else the library's, by hash; else the one at its path; else the copy. Where only one that
    /// sounds otherwise is left, that one. Loader thread.
    ///
    /// Errors: every [`ResolveError`].
    pub fn resolve(&self, find: Find<'_>) -> Result<Resolved, ResolveError> {
        let name = load::shown(&self.name);
        let mut other = None;
        let same = |impulse: &ImpulseResponse| self.is_of(impulse);
        let factory = self
            .factory
            .as_deref()
            .and_then(|id| library::find(id).ok());
        if let Some(impulse) = factory.and_then(|factory| factory.load().ok()) {
            if same(&impulse) {
                return Ok(Resolved::new(impulse, Place::Factory, None));
            }
            let what = format!("{name}: this Partita's is not the one that was saved");
            other = Some((impulse, Place::Factory, what));
        }
        if let Some(path) = self.file_hash.as_ref().and_then(find)
            && let Ok(impulse) = load::read(&path, self.layout)
            && same(&impulse)
        {
            return Ok(Resolved::new(impulse, Place::Library(path), None));
        }
        let mut missing = format!("{name}: it is not there");
        if let Some(path) = self.path() {
            let shown = load::shown(&path.display().to_string());
            match self.read(&path) {
                Ok(impulse) if same(&impulse) => {
                    return Ok(Resolved::new(impulse, Place::Path(path), None));
                }
                Ok(impulse) => {
                    let what = format!("{name}: {shown} has changed since it was saved");
                    other = Some((impulse, Place::Path(path), what));
                }
                Err(Unread::Missing) => missing = format!("{name}: {shown} is not there"),
                Err(Unread::Foreign) => {
                    missing = format!("{name}: {shown} is not on this machine");
                }
                Err(Unread::Conf) => {
                    missing = format!(
                        "{name}: {shown} is a jconvolver .conf, which a preset has read from the library only"
                    );
                }
                Err(Unread::Load(error)) => missing = format!("{name}: {error}"),
            }
        }
        let unread = match self.copied() {
            Some(Ok(impulse)) => {
                // A sound that never lay in a file is where it belongs.
                let conf = self.path().is_some_and(|path| jconvolver::is_conf(&path));
                let at_home = (self.path.is_none() || conf) && self.factory.is_none();
                let what = other.map_or(missing, |(_, _, what)| what);
                let note = format!("{what}; the copy that was saved plays");
                return Ok(Resolved::new(
                    impulse,
                    Place::Copy,
                    (!at_home).then_some(note),
                ));
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        match (other, unread) {
            (Some((impulse, place, what)), None) => {
                let note = format!("{what}, and no copy was saved; it plays as it is now");
                Ok(Resolved::new(impulse, place, Some(note)))
            }
            (Some((impulse, place, what)), Some(error)) => {
                let note =
                    format!("{what}, and the copy cannot be read ({error}); it plays as it is now");
                Ok(Resolved::new(impulse, place, Some(note)))
            }
            (None, Some(error)) => Err(ResolveError::Copy { name, error }),
            (None, None) => Err(ResolveError::Missing {
                name,
                looked: match (&self.factory, self.path()) {
                    (Some(id), _) => format!("a factory impulse called {}", load::shown(id)),
                    (None, Some(path)) => {
                        format!("its file at {}", load::shown(&path.display().to_string()))
                    }
                    (None, None) => "a file, or the name of a factory impulse".to_owned(),
                },
            }),
        }
    }

    /// Whether it can be had at all, as far as what was saved tells: what is merely missing counts as whole. Takes as long as
    /// loading does. Loader thread.
    ///
    /// Errors: [`ResolveError::Copy`], where the copy cannot be read and it is nowhere else.
    pub fn check_whole(&self, find: Find<'_>) -> Result<(), ResolveError> {
        match self.copied() {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(_)) => match self.resolve(find) {
                Err(error @ ResolveError::Copy { .. }) => Err(error),
                _ => Ok(()),
            },
        }
    }

    fn is_of(&self, impulse: &ImpulseResponse) -> bool {
        let wanted = self.sound_hash.as_ref();
        wanted.is_none_or(|hash| *hash == sound_hash(impulse))
    }

    /// What the copy holds, if there is one.
    fn copied(&self) -> Option<Result<ImpulseResponse, CopyError>> {
        let sound = self.copy.as_ref()?.sound(&self.name);
        Some(sound.and_then(|impulse| {
            if self.is_of(&impulse) {
                Ok(impulse)
            } else {
                let sound = "its sound is not the one that it should be".to_owned();
                Err(CopyError::Damaged(sound))
            }
        }))
    }

    fn read(&self, path: &Path) -> Result<ImpulseResponse, Unread> {
        if !path.is_absolute() || load::names_another_machine(path) {
            return Err(Unread::Foreign);
        }
        if jconvolver::is_conf(path) {
            return Err(Unread::Conf);
        }
        if !path.is_file() {
            return Err(Unread::Missing);
        }
        load::read(path, self.layout).map_err(Unread::Load)
    }
}

/// Why nothing was read at a path.
enum Unread {
    Conf,
    Missing,
    Foreign,
    Load(LoadError),
}

impl Resolved {
    fn new(impulse: ImpulseResponse, place: Place, note: Option<String>) -> Self {
        Self {
            impulse: Arc::new(impulse),
            place,
            note,
        }
    }
}

fn file_hash(path: &Path) -> Option<ContentHash> {
    let file = load::open_regular(path).ok()?;
    let size = file.metadata().ok()?.len();
    if size > MAX_FILE_BYTES {
        return None;
    }
    let hashed = ContentHash::of_reader(file, size, &AtomicBool::new(false));
    hashed.ok().flatten().map(|(hash, _)| hash)
}

/// A path of any bytes and of any system: text where it is Unicode, else what serde makes of it. What this system cannot read
/// as a path is kept as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredPath(Value);

impl StoredPath {
    fn new(path: &Path) -> Self {
        Self(match path.to_str() {
            Some(text) => text.into(),
            None => serde_json::to_value(path.as_os_str()).unwrap_or_default(),
        })
    }

    fn path(&self) -> Option<PathBuf> {
        match &self.0 {
            Value::String(text) => Some(text.into()),
            Value::Object(_) => serde_json::from_value::<OsString>(self.0.clone())
                .ok()
                .map(PathBuf::from),
            _ => None,
        }
    }
}

fn is_auto(layout: &LayoutChoice) -> bool {
    *layout == LayoutChoice::Auto
}

/// A choice of layout as `--layout` takes it.
mod layout_text {
    use super::{Deserialize, Deserializer, LayoutChoice, MAX_CHANNELS, Serializer, de};

    pub fn serialize<S: Serializer>(
        layout: &LayoutChoice,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match layout {
            LayoutChoice::Auto => serializer.serialize_str("auto"),
            LayoutChoice::Stereo => serializer.serialize_str("stereo"),
            LayoutChoice::TrueStereo => serializer.serialize_str("true-stereo"),
            LayoutChoice::Matrix => serializer.serialize_str("matrix"),
            LayoutChoice::Mcfx { inputs } => serializer.collect_str(&format_args!("mcfx:{inputs}")),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<LayoutChoice, D::Error> {
        let text = String::deserialize(deserializer)?;
        let inputs = text.strip_prefix("mcfx:").and_then(|n| n.parse().ok());
        match (text.as_str(), inputs) {
            ("auto", _) => Ok(LayoutChoice::Auto),
            ("stereo", _) => Ok(LayoutChoice::Stereo),
            ("true-stereo", _) => Ok(LayoutChoice::TrueStereo),
            ("matrix", _) => Ok(LayoutChoice::Matrix),
            (_, Some(inputs)) if (1..=MAX_CHANNELS).contains(&inputs) => {
                Ok(LayoutChoice::Mcfx { inputs })
            }
            _ => Err(de::Error::custom(
                "expected a layout of auto, stereo, true-stereo, matrix or mcfx:INPUTS",
            )),
        }
    }
}
