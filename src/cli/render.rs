//! `partita render`: WAV files through an impulse.

use super::{Exit, about, exit, preset, say, shape};
use crate::engine::mixer::Mix;
use crate::impulse::load::LayoutChoice;
use crate::impulse::packed;
use crate::impulse::shape::Normalise;
use crate::loader::Source;
use crate::params::{self, Id, Slots, Sound as Asked};
use crate::preset::Preset;
use crate::render::{
    self, Existing, Format, Job, RenderError, Report, Settings, Sound, Tail, Watch,
};
use clap::ArgGroup;
use clap::builder::{PossibleValuesParser, StringValueParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("where").required(true).args(["output", "output_dir"]),
    after_help = exit::HELP
)]
pub(super) struct Args {
    /// WAV files: integers of 8 to 32 bits, float of 32 or 64, 1 to 64 channels
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// A factory impulse (see `partita impulse list`) or a file: WAV, AIFF, CAF, FLAC, Ogg Vorbis, MP3
    #[arg(
        short,
        long,
        value_name = "NAME|FILE",
        required_unless_present = "preset"
    )]
    impulse: Option<PathBuf>,
    /// Impulse and settings of a factory preset (see `partita preset list`) or of a .partita file; --impulse and --set change
    /// them
    #[arg(
        short,
        long,
        value_name = "NAME|FILE",
        conflicts_with_all = ["raw", "mix", "wet_gain", "output_gain", "predelay", "normalise", "Shaping"]
    )]
    preset: Option<PathBuf>,
    /// The WAV file to write, for one input
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The folder to write to, each output under its input's name
    #[arg(short = 'd', long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// The pure convolution: wet only, unit gain, the impulse's own level, N + M − 1 samples
    #[arg(
        long,
        conflicts_with_all = ["mix", "wet_gain", "output_gain", "predelay", "normalise", "tail", "set"]
    )]
    raw: bool,
    /// Share of the wet, 0 to 100 %
    #[arg(long, value_name = "%", default_value = "30", value_parser = percent)]
    mix: f32,
    /// Gain of the wet, -60 (off) to 12 dB
    #[arg(
        long,
        value_name = "dB",
        default_value = "0",
        allow_negative_numbers = true,
        value_parser = wet_gain
    )]
    wet_gain: f32,
    /// Gain of the output, -24 to 12 dB
    #[arg(
        long,
        value_name = "dB",
        default_value = "0",
        allow_negative_numbers = true,
        value_parser = output_gain
    )]
    output_gain: f32,
    /// Delay of the wet, 0 to 500 ms
    #[arg(long, value_name = "ms", default_value = "0", value_parser = predelay)]
    predelay: f32,
    /// The impulse's level: energy (noise comes out as loud as it goes in), none (as it is), or a fixed gain in dB
    #[arg(
        long,
        value_name = "HOW|dB",
        default_value = "energy",
        allow_negative_numbers = true,
        value_parser = shape::normalise
    )]
    normalise: Normalise,
    /// A parameter of the plugin by its key, as often as you like: width=50, high_cut=5kHz, predelay=1/8d (at 120 bpm)
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(Id, f32)>,
    /// What follows the input's end: full (until the impulse has rung out), none, or seconds
    #[arg(long, value_name = "full|none|SECONDS", default_value = "full", value_parser = tail)]
    tail: Tail,
    /// Samples written: f32, or dithered i24 or i16
    #[arg(long, value_name = "FORMAT", default_value = "f32", value_parser = format())]
    format: Format,
    /// What the channels of an impulse file are: auto (by iXML, names of pairs, direct sound), stereo, true-stereo,
    /// matrix or mcfx:INPUTS
    #[arg(long, value_name = "LAYOUT", default_value = "auto", value_parser = layout())]
    layout: LayoutChoice,
    /// Replace outputs that exist
    #[arg(short, long)]
    force: bool,
    /// Print one JSON object per input, each on a line
    #[arg(long)]
    json: bool,
    /// How many files to render at once
    #[arg(short, long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    shape: shape::Shaping,
}

/// The longest `--tail`, in seconds.
const MAX_TAIL_SECONDS: f64 = 3600.0;

fn percent(text: &str) -> Result<f32, String> {
    within(text, 0.0, 100.0, "%")
}

fn wet_gain(text: &str) -> Result<f32, String> {
    within(text, -60.0, 12.0, "dB")
}

fn output_gain(text: &str) -> Result<f32, String> {
    within(text, -24.0, 12.0, "dB")
}

fn predelay(text: &str) -> Result<f32, String> {
    within(text, 0.0, 500.0, "ms")
}

pub(super) fn within(text: &str, low: f32, high: f32, unit: &str) -> Result<f32, String> {
    let value = text.parse::<f32>().ok();
    let value = value.filter(|value| (low..=high).contains(value));
    value.ok_or_else(|| format!("expected a number from {low} to {high} {unit}"))
}

/// `--set`, here and in `partita preset save`.
pub(super) fn assignment(text: &str) -> Result<(Id, f32), String> {
    match params::assignment(text, &Slots::FACTORY_ONLY) {
        Ok((Id::Impulse, _)) => Err("the impulse is chosen by --impulse".to_owned()),
        set => set.map_err(|wrong| wrong.to_string()),
    }
}

fn tail(text: &str) -> Result<Tail, String> {
    match text {
        "full" => Ok(Tail::Full),
        "none" => Ok(Tail::None),
        seconds => {
            let seconds = seconds.parse::<f64>().ok();
            let seconds = seconds.filter(|seconds| (0.0..=MAX_TAIL_SECONDS).contains(seconds));
            seconds.map(Tail::Seconds).ok_or_else(|| {
                format!("expected full, none, or seconds from 0 to {MAX_TAIL_SECONDS}")
            })
        }
    }
}

/// `--format`, here and in `partita impulse`.
pub(super) fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["f32", "i24", "i16"]).map(|name| match name.as_str() {
        "i24" => Format::I24,
        "i16" => Format::I16,
        _ => Format::F32,
    })
}

/// `--layout`, here and in `partita impulse`.
pub(super) fn layout() -> impl TypedValueParser<Value = LayoutChoice> {
    StringValueParser::new().try_map(|name| {
        let inputs = |text: &str| text.strip_prefix("mcfx:")?.parse().ok();
        match name.as_str() {
            "auto" => Ok(LayoutChoice::Auto),
            "stereo" => Ok(LayoutChoice::Stereo),
            "true-stereo" => Ok(LayoutChoice::TrueStereo),
            "matrix" => Ok(LayoutChoice::Matrix),
            other => match inputs(other) {
                Some(inputs @ 1..=packed::MAX_SIDE) => Ok(LayoutChoice::Mcfx { inputs }),
                _ => Err("expected auto, stereo, true-stereo, matrix, or mcfx:INPUTS from 1 to 64"),
            },
        }
    })
}

impl Args {
    /// What the preset or the options ask for, and then what is set by its key.
    fn asked(&self, preset: Option<&Preset>) -> Asked {
        let normalise = if self.raw {
            Normalise::None
        } else {
            self.normalise
        };
        let mut asked = match preset.map(Preset::values) {
            Some(values) => Asked {
                mix: values.mix(None),
                shape: values.shape(),
            },
            None => Asked {
                mix: Mix {
                    mix_percent: self.mix,
                    wet_gain_db: self.wet_gain,
                    output_gain_db: self.output_gain,
                    predelay_ms: self.predelay,
                    ..Mix::NEUTRAL
                },
                shape: self.shape.shape(normalise),
            },
        };
        for (id, value) in &self.set {
            asked.put(*id, *value, None);
        }
        asked
    }

    fn settings(&self, mix: Mix) -> Settings {
        Settings {
            sound: if self.raw {
                Sound::Raw
            } else {
                Sound::Mixed(mix)
            },
            tail: self.tail,
            format: self.format,
        }
    }

    /// One job per input, or what is wrong with the command line.
    fn work(&self) -> Result<Vec<Job>, String> {
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        let job = |input: &PathBuf, output: PathBuf| Job {
            input: input.clone(),
            output,
            existing,
        };
        if let Some(output) = &self.output {
            return match self.inputs.as_slice() {
                [input] => Ok(vec![job(input, output.clone())]),
                several => Err(format!(
                    "-o names one file, but there are {} inputs; use --output-dir",
                    several.len()
                )),
            };
        }
        let folder = self.output_dir.as_deref().unwrap_or(Path::new("."));
        let mut taken: BTreeMap<PathBuf, &Path> = BTreeMap::new();
        let mut jobs = Vec::new();
        for input in &self.inputs {
            let output = render::output_in(folder, input);
            if let Some(other) = taken.insert(output.clone(), input) {
                return Err(format!(
                    "{} and {} would both be written to {}; render them into different folders",
                    other.display(),
                    input.display(),
                    output.display()
                ));
            }
            jobs.push(job(input, output));
        }
        Ok(jobs)
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let jobs = match args.work() {
        Ok(jobs) => jobs,
        Err(wrong) => {
            say::error(wrong);
            return Exit::Usage;
        }
    };
    static STOP: AtomicBool = AtomicBool::new(false);
    if let Err(error) = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)) {
        say::error(format_args!(
            "warning: an interrupt may leave a .partita-….part file behind: {error}"
        ));
    }
    let preset = match args.preset.as_deref().map(Preset::open).transpose() {
        Ok(preset) => preset,
        Err(error) => {
            say::error(error);
            return Exit::Impulse;
        }
    };
    let Asked { mix, shape } = args.asked(preset.as_ref());
    let source = match (&args.impulse, &preset) {
        (None, Some(preset)) => preset::source(preset, &shape, args.quiet),
        (impulse, _) => {
            // One of both is there: clap sees to it.
            let impulse = impulse.as_deref().unwrap_or(Path::new(""));
            Source::open(impulse, args.layout, &shape).map_err(|error| {
                say::error(error);
                Exit::Impulse
            })
        }
    };
    let source = match source {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    if let Some(impulse) = args.impulse.as_ref().filter(|_| !args.quiet) {
        about::source(impulse, &source);
    }
    let bar = progress(args.quiet);
    let watch = Watch {
        stop: &STOP,
        expected: &|frames| bar.inc_length(frames),
        done: &|frames| bar.inc(frames),
    };
    let tell = |job: &Job, result: &Result<Report, RenderError>| {
        bar.suspend(|| tell(args, job, result));
    };
    let settings = args.settings(mix);
    let results = render::render_all(&jobs, args.jobs.get(), &source, &settings, watch, &tell);
    bar.finish_and_clear();
    let failed = || results.iter().filter_map(|result| result.as_ref().err());
    if failed().any(|error| matches!(error, RenderError::Interrupted)) {
        let done = results.iter().filter(|result| result.is_ok()).count();
        say::error(format_args!(
            "interrupted; {done} of {} files are done, no unfinished one is left",
            jobs.len()
        ));
        return Exit::Interrupted;
    }
    failed().next().map_or(Exit::Ok, Exit::from)
}

/// On a terminal only, and on stderr: stdout is for results.
fn progress(quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:32} {percent:>3} %  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn tell(args: &Args, job: &Job, result: &Result<Report, RenderError>) {
    match result {
        Ok(report) => {
            if !args.quiet {
                warn(args, job, report);
            }
            if args.json {
                say::result(machine(args, job, report));
            } else if !args.quiet {
                say::result(human(job, report));
            }
        }
        // Said once, at the end, whatever the number of files.
        Err(RenderError::Interrupted) => {}
        Err(error) => {
            say::error(error);
            if args.json {
                say::result(json!({
                    "input": job.input.to_string_lossy(),
                    "output": job.output.to_string_lossy(),
                    "error": {
                        "exit_code": Exit::from(error).code(),
                        "message": error.to_string(),
                    },
                }));
            }
        }
    }
}

fn warn(args: &Args, job: &Job, report: &Report) {
    if report.replaced > 0 {
        say::error(format_args!(
            "warning: {}: {} samples that are NaN, infinite or beyond +240 dBFS were taken as silence",
            job.input.display(),
            report.replaced
        ));
    }
    if report.written.over > 0 && args.format != Format::F32 {
        say::error(format_args!(
            "warning: {}: {} samples clipped, by up to {:.1} dB; use --output-gain or --format f32",
            job.output.display(),
            report.written.over,
            dbfs(report.written.peak).max(0.0)
        ));
    }
}

fn dbfs(peak: f32) -> f64 {
    20.0 * f64::from(peak).log10()
}

fn speed(report: &Report) -> f64 {
    report.input_frames as f64 / f64::from(report.sample_rate) / report.took.as_secs_f64()
}

fn human(job: &Job, report: &Report) -> String {
    format!(
        "{}: {:.2} s, {}, {} Hz, peak {}, {:.0} × real time",
        job.output.display(),
        report.written.frames as f64 / f64::from(report.sample_rate),
        say::channels(report.outputs),
        report.sample_rate,
        say::level(dbfs(report.written.peak), "dBFS"),
        speed(report)
    )
}

fn machine(args: &Args, job: &Job, report: &Report) -> serde_json::Value {
    let written = &report.written;
    let peak = dbfs(written.peak);
    json!({
        "input": job.input.to_string_lossy(),
        "output": job.output.to_string_lossy(),
        "impulse": args.impulse.as_ref().map(|impulse| impulse.to_string_lossy()),
        "preset": args.preset.as_ref().map(|preset| preset.to_string_lossy()),
        "sample_rate": report.sample_rate,
        "input_channels": report.inputs,
        "output_channels": report.outputs,
        "input_frames": report.input_frames,
        "output_frames": written.frames,
        "seconds": written.frames as f64 / f64::from(report.sample_rate),
        "peak_dbfs": peak.is_finite().then_some(peak),
        "samples_over_full_scale": written.over,
        "samples_replaced": report.replaced,
        "impulse_gain_db": report.impulse_gain_db,
        "render_seconds": report.took.as_secs_f64(),
        "times_real_time": speed(report),
    })
}
