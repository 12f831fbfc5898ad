//! The sweep played and recorded on a device: the level first, then a countdown, then the measurement.

use super::{Args, Told, told};
use crate::cli::{Exit, live, say};
use crate::impulse::measure::{self, Measurement, Played, Recording, Start, Sweep};
use crate::impulse::save::{self, Options};
use crate::impulse::{ImpulseResponse, Layout};
use crate::live::measure::{Progress, RecordError, Recorded, record};
use crate::live::stream::{Choice, Clock, Request};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub(super) struct Devices {
    /// Play and record here: where the sweep goes, an id of `partita devices`
    #[arg(short = 'O', long = "output", id = "play", value_name = "ID", requires = "input", value_parser = live::output)]
    output: Option<Choice>,
    /// Where the microphones are: an id of `partita devices`
    #[arg(short = 'I', long, value_name = "ID", requires = "play", value_parser = live::output)]
    input: Option<Choice>,
    /// The output's channels with the loudspeakers, from 1; unless given, the first
    #[arg(long, value_name = "N,N…", value_delimiter = ',', requires = "play")]
    output_channels: Vec<usize>,
    /// The output's channel with the loopback's cable; it has what the loudspeakers have
    #[arg(long, value_name = "N", requires = "play", requires = "loopback")]
    loopback_output: Option<usize>,
    /// In frames; unless given, the shortest from 64 on that the device opens with
    #[arg(long, value_name = "FRAMES", requires = "play", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    period: Option<u32>,
    /// Seconds to leave the room in, 0 to 3600
    #[arg(long, value_name = "s", default_value = "5", value_parser = clap::value_parser!(u32).range(0..=3600))]
    countdown: u32,
    /// Do not try the level first, with a sweep of a second
    #[arg(long, requires = "play")]
    no_check: bool,
    /// Keep the recording too, as a WAV file
    #[arg(long, value_name = "FILE", requires = "play")]
    keep: Option<PathBuf>,
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Where everything is.
struct Wiring {
    request: Request,
    /// Which of the recorded channels is the loopback.
    loopback: Option<usize>,
}

impl Devices {
    /// Whether a device is asked for.
    pub(super) fn wanted(&self) -> bool {
        self.output.is_some()
    }

    fn wiring(&self, args: &Args) -> Result<Wiring, Told> {
        let wrong = |text: &str| Err(told(Exit::Usage, text));
        let loopback = match &args.loopback {
            None => None,
            Some(given) => match given.to_str().and_then(|it| it.parse::<usize>().ok()) {
                Some(channel) => Some(channel),
                None => {
                    return wrong("expected --loopback with a channel of the input, got a file");
                }
            },
        };
        let speakers = usize::from(args.speakers);
        let mut outputs = self.output_channels.clone();
        if outputs.is_empty() {
            let free = (1..).filter(|channel| Some(*channel) != self.loopback_output);
            outputs = free.take(speakers).collect();
        }
        if outputs.len() != speakers {
            return wrong("expected as many --output-channels as --speakers, got other numbers");
        }
        outputs.extend(self.loopback_output);
        let mut inputs = args.channels.clone();
        if inputs.is_empty() {
            // The first that is not the loopback.
            inputs.push(if loopback == Some(1) { 2 } else { 1 });
        }
        let place = inputs.len();
        inputs.extend(loopback);
        let from_zero = |channels: Vec<usize>| -> Option<Vec<usize>> {
            let channels = channels.into_iter();
            channels.map(|channel| channel.checked_sub(1)).collect()
        };
        let distinct = |channels: &[usize]| {
            let mut sorted = channels.to_vec();
            sorted.sort_unstable();
            sorted.windows(2).all(|two| two[0] != two[1])
        };
        if !distinct(&inputs) || !distinct(&outputs) {
            return wrong("expected every channel once, got one of them twice");
        }
        let (Some(inputs), Some(outputs)) = (from_zero(inputs), from_zero(outputs)) else {
            return wrong("expected channels counted from 1, got 0");
        };
        Ok(Wiring {
            request: Request {
                input: self.input.clone().unwrap_or_default(),
                output: self.output.clone().unwrap_or_default(),
                rate: args.rate,
                period: self.period,
                input_channels: Some(inputs),
                output_channels: Some(outputs),
            },
            loopback: loopback.map(|_| place),
        })
    }

    /// Plays, records and measures.
    pub(super) fn measure(&self, args: &Args, name: &str) -> Result<(Measurement, Played), Told> {
        let wiring = self.wiring(args)?;
        let sweep = args.sweep();
        sweep.check().map_err(|error| told(Exit::Usage, error))?;
        if let Err(error) = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)) {
            say::error(format_args!(
                "warning: an interrupt ends this at once: {error}"
            ));
        }
        if !self.no_check {
            wiring.check(&sweep, args)?;
        }
        self.count_down()?;
        let recorded = wiring.record(&sweep, "measuring")?;
        if let Some(file) = &self.keep {
            self.keep(file, &recorded, args)?;
        }
        let measured = wiring.measured(name, &recorded, args.start)?;
        Ok((measured, Played::Sweep(recorded.sweep)))
    }

    fn count_down(&self) -> Result<(), Told> {
        for left in (1..=self.countdown).rev() {
            if left == self.countdown || left <= 3 || left % 10 == 0 {
                say::error(format_args!("measuring in {left} s"));
            }
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(1) {
                if STOP.load(Ordering::Relaxed) {
                    return Err(told(Exit::Interrupted, RecordError::Stopped));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    fn keep(&self, file: &std::path::Path, recorded: &Recorded, args: &Args) -> Result<(), Told> {
        let sound = ImpulseResponse {
            name: "recording".to_owned(),
            sample_rate: recorded.sweep.sample_rate,
            layout: Layout::Matrix,
            channels: recorded.channels.clone(),
        };
        let options = Options {
            existing: args.existing(),
            ..Options::default()
        };
        let saved = save::write(file, &sound, options);
        saved.map_err(|error| told(Exit::Output, error)).map(drop)
    }
}

impl Wiring {
    fn record(&self, sweep: &Sweep, what: &'static str) -> Result<Recorded, Told> {
        let bar = ProgressBar::hidden();
        if io::stderr().is_terminal() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} ms");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
        }
        let mut tell = |progress: Progress| {
            bar.set_length((1000.0 * progress.of) as u64);
            bar.set_position((1000.0 * progress.seconds) as u64);
        };
        let recorded = record(&self.request, sweep, &STOP, &mut tell);
        bar.finish_and_clear();
        let recorded = recorded.map_err(|error| {
            let exit = match &error {
                RecordError::Stopped => Exit::Interrupted,
                RecordError::Sweep(_) | RecordError::Channels { .. } => Exit::Usage,
                _ => Exit::Device,
            };
            told(exit, error)
        })?;
        for note in &recorded.opened.notes {
            say::error(format_args!("note: {note}"));
        }
        if recorded.xruns > 0 {
            say::error(format_args!(
                "note: the device was late {} times; a longer --period is safer",
                recorded.xruns
            ));
        }
        Ok(recorded)
    }

    fn measured(&self, name: &str, recorded: &Recorded, start: Start) -> Result<Measurement, Told> {
        let channel = |index: usize| recorded.channels.get(index).map(Vec::as_slice);
        let microphones = (0..recorded.channels.len()).filter(|it| self.loopback != Some(*it));
        let recording = Recording {
            sample_rate: recorded.sweep.sample_rate,
            microphones: microphones.filter_map(channel).collect(),
            loopback: self.loopback.and_then(channel),
        };
        let played = Played::Sweep(recorded.sweep);
        measure::measure(name, &played, &recording, start).map_err(|error| told(Exit::Input, error))
    }

    /// A sweep of a second, to hear how loud it comes back.
    fn check(&self, sweep: &Sweep, args: &Args) -> Result<(), Told> {
        let short = Sweep {
            seconds: 1.0,
            repeats: 1,
            decay: sweep.decay.min(1.0),
            ..*sweep
        };
        let recorded = self.record(&short, "trying the level")?;
        let opened = &recorded.opened;
        if opened.clock == Clock::Two && self.loopback.is_none() {
            say::error(
                "note: input and output are on two clocks; a loopback on the same input makes that no matter",
            );
        }
        let tried = self.measured("level", &recorded, args.start)?;
        for notice in &tried.notices {
            say::error(format_args!("note: {notice}"));
        }
        let noise = match tried.noise_dbfs {
            Some(noise) => format!(
                ", noise {noise:.0} dBFS, {:.0} dB below the sweep",
                tried.sweep_dbfs - noise
            ),
            None => String::new(),
        };
        say::error(format_args!(
            "level: peak {:.0} dBFS{noise}, at {} Hz",
            tried.peak_dbfs, opened.sample_rate
        ));
        Ok(())
    }
}
