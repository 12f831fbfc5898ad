//! `partita measure`: a room made an impulse, from a recording of a sweep.

#[cfg(feature = "live")]
mod devices;
mod told;

use super::render::{self, within};
use super::{Exit, about, exit, say};
use crate::impulse::analyze;
use crate::impulse::load::{self, LayoutChoice};
use crate::impulse::measure::{self, Measurement, Played, Recording, Start, Sweep};
use crate::impulse::save::{self, Existing, Format, Options};
use crate::impulse::{ImpulseResponse, ixml};
use crate::output::Destination;
use clap::ArgGroup;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// What it can be asked for; one of them.
#[cfg(feature = "live")]
const HOW: [&str; 3] = ["write_sweep", "from", "play"];
#[cfg(not(feature = "live"))]
const HOW: [&str; 2] = ["write_sweep", "from"];

const HELP: &str = "\
Play the sweep through a loudspeaker, record it with a microphone, and make an impulse of the recording:
  partita measure --write-sweep sweep.wav --repeat 3
  partita measure --from recorded.wav --sweep-file sweep.wav -o room.wav
A cable from an output to an input, recorded on channel 2 with the microphone on channel 1, takes out the colour and
latency of the device:
  partita measure --from recorded.wav --sweep-file sweep.wav --loopback 2 -o room.wav
With --speakers 2 the sweep file is stereo, and its channels take turns: two microphones make it a true-stereo impulse.";

#[cfg(feature = "live")]
const DEVICES: &str = "
Or play and record it on a device (see `partita devices`):
  partita measure --output alsa:hw:0 --input alsa:hw:0 --loopback 2 --loopback-output 2 --repeat 3 -o room.wav";
#[cfg(not(feature = "live"))]
const DEVICES: &str = "";

#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("how").required(true).args(HOW),
    after_help = format!("{HELP}{DEVICES}\n\n{}", exit::HELP)
)]
pub(super) struct Args {
    /// Write the sweep to a WAV file, to be played from anywhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "loopback", "channels", "start", "length"])]
    write_sweep: Option<PathBuf>,
    /// The recording: the sweeps as the microphones heard them
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// What was played: the file that --write-sweep wrote, or any other sweep; without it, what the options below say
    #[arg(long, value_name = "FILE", requires = "from", conflicts_with_all = ["sweep", "repeat", "speakers", "level", "rate"])]
    sweep_file: Option<PathBuf>,
    /// What went from output to input by cable, recorded together with the microphones: a channel of the recording,
    /// or a file
    #[arg(long, value_name = "CHANNEL|FILE")]
    loopback: Option<PathBuf>,
    /// The microphones' channels, counted from 1; unless given, all of the recording but the loopback, of a device the first
    #[arg(long, value_name = "N,N…", value_delimiter = ',')]
    channels: Vec<usize>,
    /// The WAV file to write, in 32-bit float
    #[arg(
        short = 'o',
        value_name = "FILE",
        required_unless_present = "write_sweep"
    )]
    output: Option<PathBuf>,
    /// Where the impulse begins: direct (just before the first sound), or played (the way through the air in it; needs
    /// --loopback)
    #[arg(long, value_name = "WHERE", default_value = "direct", value_parser = start())]
    start: Start,
    /// Its length: auto (until the decay has met the noise), full, or seconds
    #[arg(long, value_name = "auto|full|SECONDS", default_value = "auto", value_parser = length)]
    length: Length,
    /// How long the sweep takes, 0.1 to 120 s
    #[arg(long, value_name = "s", default_value = "10")]
    sweep: f64,
    /// From where to where, in Hz
    #[arg(long, value_name = "Hz..Hz", value_parser = range)]
    range: Option<(f64, f64)>,
    /// How often each loudspeaker plays it, 1 to 32
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: u16,
    /// Loudspeakers that take turns, each on a channel of the sweep file: 1 to 8
    #[arg(long, value_name = "N", default_value = "1")]
    speakers: u16,
    /// Silence after each sweep, longer than the room rings, 0.05 to 60 s
    #[arg(long, value_name = "s", default_value = "5")]
    decay: f64,
    /// The sweep's peak, -60 to -1 dBFS
    #[arg(
        long,
        value_name = "dBFS",
        default_value = "-12",
        allow_negative_numbers = true
    )]
    level: f64,
    /// Its sample rate in Hz; unless given, 48000 or the device's best
    #[arg(long, value_name = "Hz")]
    rate: Option<u32>,
    /// Samples of the sweep file: i24, i16 (both dithered) or f32
    #[arg(long, value_name = "FORMAT", default_value = "i24", value_parser = render::format())]
    format: Format,
    /// Replace the file if it exists
    #[arg(short, long)]
    force: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[cfg(feature = "live")]
    #[command(flatten)]
    devices: devices::Devices,
}

/// What of the measured impulse is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Length {
    /// Until the decay has met the noise in every octave.
    Auto,
    /// All of the silence after the sweep.
    Full,
    /// So many seconds.
    Seconds(f64),
}

fn start() -> impl TypedValueParser<Value = Start> {
    PossibleValuesParser::new(["direct", "played"]).map(|name| match name.as_str() {
        "played" => Start::Played,
        _ => Start::DirectSound,
    })
}

fn length(text: &str) -> Result<Length, String> {
    match text {
        "auto" => Ok(Length::Auto),
        "full" => Ok(Length::Full),
        seconds => within(seconds, 0.001, 600.0, "s").map(|it| Length::Seconds(it.into())),
    }
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once("..").and_then(|(from, to)| {
        let hertz = |text: &str| text.trim().parse::<f64>().ok();
        Some((hertz(from)?, hertz(to)?))
    });
    let ends = ends.filter(|(from, to)| *from > 0.0 && from < to);
    ends.ok_or_else(|| "expected two frequencies in Hz, such as 20..20000".to_owned())
}

/// An error that has been told, and the code for it.
struct Told(Exit);

fn told(exit: Exit, error: impl std::fmt::Display) -> Told {
    say::error(error);
    Told(exit)
}

pub(super) fn run(args: &Args) -> Exit {
    let done = match &args.write_sweep {
        Some(to) => args.write(to),
        None => args.measure(),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(Told(exit)) => exit,
    }
}

impl Args {
    fn sweep(&self) -> Sweep {
        let usual = Sweep::default();
        let (from, to) = self.range.unwrap_or((usual.from, usual.to));
        Sweep {
            sample_rate: self.rate.unwrap_or(usual.sample_rate),
            from,
            to,
            seconds: self.sweep,
            repeats: self.repeat,
            speakers: self.speakers,
            decay: self.decay,
            level_db: self.level,
        }
    }

    fn existing(&self) -> Existing {
        if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        }
    }

    fn write(&self, to: &Path) -> Result<(), Told> {
        let sweep = self.sweep();
        let played = sweep.played().map_err(|error| told(Exit::Usage, error))?;
        let label = ixml::Ixml {
            other: vec![sweep.label()],
            ..ixml::Ixml::default()
        };
        let options = Options {
            format: self.format,
            existing: self.existing(),
            ixml: &ixml::write(&label),
        };
        save::write(to, &played, options).map_err(|error| told(Exit::Output, error))?;
        told::sweep(to, &sweep, &played, self.json);
        Ok(())
    }

    fn measure(&self) -> Result<(), Told> {
        if self.start == Start::Played && self.loopback.is_none() {
            return Err(told(
                Exit::Usage,
                "expected --loopback with --start played, got none: nothing else tells when the sweep was played; give it, or choose --start direct",
            ));
        }
        let output = self.output.as_deref().unwrap_or(Path::new(""));
        let inputs: Vec<&Path> = [&self.from, &self.sweep_file, &self.loopback]
            .into_iter()
            .filter_map(|it| it.as_deref())
            .collect();
        Destination::check(output, &inputs, self.existing())
            .map_err(|fault| told(Exit::Output, format_args!("{}: {fault}", output.display())))?;
        let name = output.file_stem().unwrap_or_default().to_string_lossy();
        #[cfg(feature = "live")]
        if self.devices.wanted() {
            let (measured, played) = self.devices.measure(self, &name)?;
            return self.keep(measured, &played, output);
        }
        let from = self.from.as_deref().unwrap_or(Path::new(""));
        let played = self.played()?;
        let recorded = read(from)?;
        let loopback = self.loopback(&recorded)?;
        let recording = Recording {
            sample_rate: recorded.sample_rate,
            microphones: self.microphones(from, &recorded, &loopback)?,
            loopback: match &loopback {
                Loopback::None => None,
                Loopback::Channel(index) => Some(recorded.channels[*index].as_slice()),
                Loopback::File(samples) => Some(samples.as_slice()),
            },
        };
        let measured = measure::measure(&name, &played, &recording, self.start)
            .map_err(|error| told(Exit::Input, format_args!("{}: {error}", from.display())))?;
        self.keep(measured, &played, output)
    }

    /// What was played.
    fn played(&self) -> Result<Played, Told> {
        let Some(path) = &self.sweep_file else {
            let sweep = self.sweep();
            sweep.check().map_err(|error| told(Exit::Usage, error))?;
            return Ok(Played::Sweep(sweep));
        };
        let file = load::open(path, LayoutChoice::Matrix);
        let file = file.map_err(|error| told(Exit::Input, error))?;
        about::notices(path, &file.notices);
        Played::from_file(&file, self.range, self.decay)
            .map_err(|error| told(Exit::Input, format_args!("{}: {error}", path.display())))
    }

    fn loopback(&self, recorded: &ImpulseResponse) -> Result<Loopback, Told> {
        let Some(given) = &self.loopback else {
            return Ok(Loopback::None);
        };
        if let Some(channel) = given.to_str().and_then(|it| it.parse::<usize>().ok()) {
            return index(channel, recorded).map(Loopback::Channel);
        }
        let file = read(given)?;
        if file.sample_rate != recorded.sample_rate || file.channels.len() != 1 {
            return Err(told(
                Exit::Input,
                format_args!(
                    "{}: expected one channel at {} Hz, as the recording has, got {} at {} Hz; record both together",
                    given.display(),
                    recorded.sample_rate,
                    say::channels(file.channels.len()),
                    file.sample_rate
                ),
            ));
        }
        let samples = file.channels.into_iter().next().unwrap_or_default();
        Ok(Loopback::File(samples))
    }

    fn microphones<'a>(
        &self,
        from: &Path,
        recorded: &'a ImpulseResponse,
        loopback: &Loopback,
    ) -> Result<Vec<&'a [f32]>, Told> {
        let chosen: Vec<usize> = if self.channels.is_empty() {
            let all = 0..recorded.channels.len();
            all.filter(|index| *loopback != Loopback::Channel(*index))
                .collect()
        } else {
            let one = |channel: &usize| index(*channel, recorded);
            self.channels.iter().map(one).collect::<Result<_, _>>()?
        };
        if chosen.is_empty() {
            return Err(told(
                Exit::Input,
                format_args!(
                    "{}: expected a microphone beside the loopback, got one channel; record both",
                    from.display()
                ),
            ));
        }
        let channel = |index: usize| recorded.channels[index].as_slice();
        Ok(chosen.into_iter().map(channel).collect())
    }

    /// Cuts the impulse, writes it and says what it is.
    fn keep(&self, mut measured: Measurement, played: &Played, to: &Path) -> Result<(), Told> {
        let rate = f64::from(measured.impulse.sample_rate);
        let whole = analyze::analyze(&measured.impulse);
        let frames = match self.length {
            Length::Auto => whole.tail_frames,
            Length::Full => measured.impulse.frames(),
            Length::Seconds(seconds) => (seconds * rate).round().max(1.0) as usize,
        };
        // Whatever the noise: the direct sound is in it.
        let frames = frames.max(measured.direct_frame + 1);
        measure::finish(&mut measured.impulse, frames);
        let label = measure::label(&measured.impulse, &told::note(&measured, played));
        let options = Options {
            existing: self.existing(),
            ixml: &ixml::write(&label),
            ..Options::default()
        };
        save::write(to, &measured.impulse, options).map_err(|error| told(Exit::Output, error))?;
        told::measured(to, &measured, &whole, self.json);
        Ok(())
    }
}

/// Where the loopback is.
#[derive(Clone, Debug, PartialEq)]
enum Loopback {
    None,
    /// In the recording.
    Channel(usize),
    /// In a file of its own.
    File(Vec<f32>),
}

fn read(path: &Path) -> Result<ImpulseResponse, Told> {
    let file = load::open(path, LayoutChoice::Matrix);
    let file = file.map_err(|error| told(Exit::Input, error))?;
    about::notices(path, &file.notices);
    Ok(file.impulse)
}

/// The index of a channel that is counted from 1.
fn index(channel: usize, recorded: &ImpulseResponse) -> Result<usize, Told> {
    let count = recorded.channels.len();
    let index = channel.checked_sub(1).filter(|index| *index < count);
    index.ok_or_else(|| {
        told(
            Exit::Usage,
            format_args!("expected a channel of the recording, 1 to {count}, got {channel}"),
        )
    })
}
