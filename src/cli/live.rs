//! `partita live`: a sound card's input through an impulse, to its output.

mod prompt;
mod remote;
#[cfg(feature = "editor")]
mod window;

use super::{Exit, exit, render, say};
use crate::impulse::load::LayoutChoice;
use crate::live::command::{Command, TEMPO};
use crate::live::deck::Take;
use crate::live::guard::{Guarded, Protection};
use crate::live::session::{self, Ending, Missing, Settings};
use crate::live::stream::{Choice, Request};
use crate::live::{Control, Event, MAX_CHANNELS, script};
use crate::output::{Destination, Existing};
use crate::params::{Id, Values};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    /// Where sound comes from: an id of `partita devices`, or none
    #[arg(short = 'I', long, value_name = "ID|none", value_parser = choice)]
    input: Option<Choice>,
    /// Where it goes: an id of `partita devices`
    #[arg(short = 'O', long, value_name = "ID", value_parser = output)]
    output: Option<Choice>,
    /// In Hz; unless given, 48000 or the best there is
    #[arg(long, value_name = "Hz", value_parser = clap::value_parser!(u32).range(1000..=768_000))]
    rate: Option<u32>,
    /// In frames; unless given, the shortest from 64 on that the device opens with
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    period: Option<u32>,
    /// The input's channels to play, from 1; unless given, the first two
    #[arg(long, value_name = "1,2,…", value_parser = channels)]
    input_channels: Option<Channels>,
    /// The output's channels to play to, from 1; unless given, the first two
    #[arg(long, value_name = "1,2,…", value_parser = channels)]
    output_channels: Option<Channels>,
    /// A factory impulse (see `partita impulse list`), the name of one in your library, or a file
    #[arg(short, long, value_name = "NAME|FILE")]
    impulse: Option<PathBuf>,
    /// Impulse and settings of a factory preset (see `partita preset list`) or of a .partita file
    #[arg(short, long, value_name = "NAME|FILE")]
    preset: Option<PathBuf>,
    /// A parameter by its key, as often as you like: mix=40, high_cut=5kHz
    #[arg(long, value_name = "KEY=VALUE", value_parser = render::assignment)]
    set: Vec<(Id, f32)>,
    /// Beats per minute, for a pre-delay in note values
    #[arg(long, value_name = "BPM", value_parser = tempo)]
    tempo: Option<f64>,
    /// What the channels of an impulse file are: auto, stereo, true-stereo, matrix or mcfx:INPUTS
    #[arg(long, value_name = "LAYOUT", default_value = "auto", value_parser = render::layout())]
    layout: LayoutChoice,
    /// Leave the dry out: it is heard in the room, or through the desk
    #[arg(long)]
    dry_mute: bool,
    /// Let peaks go beyond full scale; they are limited to -1 dBFS otherwise
    #[arg(long)]
    no_limiter: bool,
    /// Let it howl: it is turned down otherwise
    #[arg(long)]
    no_howl_guard: bool,
    /// Without a window
    #[arg(long)]
    headless: bool,
    /// End when no device can be opened, or when it is lost, instead of waiting for it
    #[arg(long)]
    no_reconnect: bool,
    /// End after so many seconds of sound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Record what goes out to a WAV file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Record what comes in to a WAV file
    #[arg(long, value_name = "FILE")]
    record_dry: Option<PathBuf>,
    /// Replace recordings that exist
    #[arg(short, long)]
    force: bool,
    /// Do what a file says, a line a command with its time before it: 2.5s set mix 40 %
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    #[command(flatten)]
    remote: remote::Remote,
    /// Read commands from stdin, as on a terminal; `help` lists them
    #[arg(long)]
    prompt: bool,
    /// Print events as JSON objects, each on a line
    #[arg(long)]
    json: bool,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
}

/// Numbers of channels, from 0.
#[derive(Clone, Debug)]
struct Channels(Vec<usize>);

fn choice(text: &str) -> Result<Choice, String> {
    Ok(match text.trim() {
        "" => return Err("expected an id of `partita devices`".to_owned()),
        "none" => Choice::None,
        "default" if !cfg!(target_os = "linux") => Choice::Default,
        id => Choice::Device(id.to_owned()),
    })
}

pub(super) fn output(text: &str) -> Result<Choice, String> {
    match choice(text)? {
        Choice::None => Err("expected an id of `partita devices`: there must be an output".into()),
        choice => Ok(choice),
    }
}

fn channels(text: &str) -> Result<Channels, String> {
    let number = |text: &str| {
        let number = text.trim().parse::<usize>().ok()?;
        number.checked_sub(1).filter(|it| *it < MAX_CHANNELS)
    };
    let all: Option<Vec<_>> = text.split(',').map(number).collect();
    let all = all.filter(|all| all.len() <= MAX_CHANNELS);
    let expected = || format!("expected channels from 1 to {MAX_CHANNELS}, like 1,2");
    all.map(Channels).ok_or_else(expected)
}

fn tempo(text: &str) -> Result<f64, String> {
    match format!("tempo {text}").parse() {
        Ok(Command::Tempo(tempo)) => Ok(tempo),
        _ => Err(format!(
            "expected {} to {} beats per minute",
            TEMPO.0, TEMPO.1
        )),
    }
}

/// The longest `--duration`, in seconds: a year.
const MAX_DURATION_SECONDS: f64 = 366.0 * 86_400.0;

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| (0.0..=MAX_DURATION_SECONDS).contains(seconds));
    let expected = || format!("expected seconds from 0 to {MAX_DURATION_SECONDS}");
    seconds.map(Duration::from_secs_f64).ok_or_else(expected)
}

impl Args {
    fn request(&self) -> Request {
        let channels = |asked: &Option<Channels>| asked.as_ref().map(|asked| asked.0.clone());
        Request {
            input: self.input.clone().unwrap_or_default(),
            output: self.output.clone().unwrap_or_default(),
            rate: self.rate,
            period: self.period,
            input_channels: channels(&self.input_channels),
            output_channels: channels(&self.output_channels),
        }
    }

    /// What is recorded, if that can be.
    fn recordings(&self) -> Result<Vec<(Take, PathBuf)>, Exit> {
        let all = [(Take::Wet, &self.record), (Take::Dry, &self.record_dry)];
        let all = all
            .into_iter()
            .filter_map(|(take, path)| Some((take, path.clone()?)));
        let all: Vec<_> = all.collect();
        for (_, path) in &all {
            if let Err(fault) = Destination::check(path, &[], self.existing()) {
                say::error(format_args!("{} {fault}", path.display()));
                return Err(Exit::Output);
            }
        }
        Ok(all)
    }

    fn existing(&self) -> Existing {
        if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        }
    }

    /// What plays at the beginning.
    fn control(&self) -> Result<Control, Exit> {
        let control = Control::new(&Values::default());
        let failed = |error: &dyn std::fmt::Display| {
            say::error(error);
            Exit::Impulse
        };
        let mut notes = Vec::new();
        if let Some(preset) = &self.preset {
            let chosen = control.apply(&Command::Preset(preset.clone()));
            notes.push(chosen.map_err(|error| failed(&error))?.to_string());
        }
        let impulse = match (&self.impulse, &self.preset) {
            (Some(impulse), _) => Some(control.choose(impulse, self.layout)),
            // The default.
            (None, None) => {
                let slot = control.desk().values.get(Id::Impulse);
                let chosen = control.apply(&Command::Set(Id::Impulse, slot));
                chosen.map_err(|error| failed(&error))?;
                None
            }
            (None, Some(_)) => None,
        };
        if let Some(chosen) = impulse {
            let chosen = chosen.map_err(|error| failed(&error))?;
            for note in chosen.notes.iter().filter(|_| !self.quiet) {
                say::error(format_args!("warning: {}: {note}", chosen.name));
            }
        }
        for (id, value) in &self.set {
            control.desk().values.set(*id, *value);
        }
        if let Some(tempo) = self.tempo {
            control.desk().values.set_tempo(tempo);
        }
        control.desk().mute_dry(self.dry_mute);
        let guarded = |off| if off { Guarded::Off } else { Guarded::On };
        control.desk().protect(Protection {
            limiter: guarded(self.no_limiter),
            howl: guarded(self.no_howl_guard),
        });
        Ok(control)
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let script = match args.script.as_deref().map(read_script).transpose() {
        Ok(script) => script.unwrap_or_default(),
        Err(exit) => return exit,
    };
    let record = match args.recordings() {
        Ok(record) => record,
        Err(exit) => return exit,
    };
    let control = match args.control() {
        Ok(control) => Arc::new(control),
        Err(exit) => return exit,
    };
    static STOP: AtomicBool = AtomicBool::new(false);
    if let Err(error) = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)) {
        say::error(format_args!(
            "warning: an interrupt ends this at once: {error}"
        ));
    }
    let typed = args.prompt || (prompt::is_typed_to() && !args.json);
    let screen = Arc::new(prompt::Screen::new(args.json, args.quiet, typed));
    if !script.is_empty() {
        play_script(script, Arc::clone(&control), Arc::clone(&screen));
    }
    if typed {
        prompt::read(Arc::clone(&control), Arc::clone(&screen));
    }
    let _remote = match args.remote.listen(&control, &screen) {
        Ok(listeners) => listeners,
        Err(exit) => return exit,
    };
    let settings = Settings {
        request: args.request(),
        missing: if args.no_reconnect {
            Missing::End
        } else {
            Missing::Wait
        },
        duration: args.duration,
        status_every: screen.status_every(),
        record,
        existing: args.existing(),
    };
    let (playing, told) = (Arc::clone(&control), Arc::clone(&screen));
    let play = move || {
        session::run(&settings, &playing, &STOP, &mut |event: Event| {
            told.event(&event)
        })
    };
    #[cfg(feature = "editor")]
    let ending = if args.headless {
        play()
    } else {
        window::run(play, &control, &screen)
    };
    #[cfg(not(feature = "editor"))]
    let ending = play();
    match ending {
        Ending::Done => Exit::Ok,
        Ending::Stopped => Exit::Interrupted,
        Ending::Device(reason) => {
            say::error(reason);
            Exit::Device
        }
    }
}

fn read_script(path: &std::path::Path) -> Result<Vec<(Duration, Command)>, Exit> {
    let failed = |what: &dyn std::fmt::Display| {
        say::error(format_args!("{}: {what}", path.display()));
        Exit::Input
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    script::parse(&text).map_err(|error| failed(&error))
}

/// A thread that does what is due. It ends with the program.
fn play_script(
    script: Vec<(Duration, Command)>,
    control: Arc<Control>,
    screen: Arc<prompt::Screen>,
) {
    let begun = Instant::now();
    let play = move || {
        for (time, command) in script {
            std::thread::sleep(time.saturating_sub(begun.elapsed()));
            screen.reply(&control.apply(&command));
        }
    };
    let thread = std::thread::Builder::new().name("partita script".to_owned());
    if let Err(error) = thread.spawn(play) {
        say::error(format_args!("warning: the script is not played: {error}"));
    }
}
