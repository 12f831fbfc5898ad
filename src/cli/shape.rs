//! What shapes an impulse, as options: of `partita render` and of `partita impulse shape`.

use crate::impulse::filter::Slope;
use crate::impulse::shape::damping::{BANDS, BANDS_HZ};
use crate::impulse::shape::range::{self, Range};
use crate::impulse::shape::{Normalise, Shape};
use clap::builder::{PossibleValuesParser, TypedValueParser};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Shaping the impulse, in the order of the steps")]
pub(super) struct Shaping {
    /// Cut off what precedes the direct sound
    #[arg(long)]
    auto_onset: bool,
    /// Cut off the start, 0 to 10000 ms
    #[arg(long, value_name = "ms", default_value = "0", value_parser = within(range::TRIM_START_MS))]
    trim_start: f32,
    /// Cut off the end, 0 to 600000 ms
    #[arg(long, value_name = "ms", default_value = "0", value_parser = within(range::TRIM_END_MS))]
    trim_end: f32,
    /// Fade out before the end, 0 to 10000 ms
    #[arg(long, value_name = "ms", default_value = "0", value_parser = within(range::FADE_MS))]
    fade: f32,
    /// Length, 25 to 400 %; pitch follows, as in a bigger room
    #[arg(long, value_name = "%", default_value = "100", value_parser = within(range::SIZE_PERCENT))]
    size: f32,
    /// Decay time of each octave, 10 to 400 %: 125=150,8k=60 (bands 125, 250, 500, 1k, 2k, 4k, 8k), or one for all
    #[arg(long, value_name = "HZ=%,…", default_value = "100", value_parser = damping)]
    damping: [f32; BANDS],
    /// Raise early against late sound, -24 to 24 dB
    #[arg(
        long,
        value_name = "dB",
        default_value = "0",
        allow_negative_numbers = true,
        value_parser = within(range::EARLY_LATE_DB)
    )]
    early_late: f32,
    /// Where late begins, 5 to 500 ms after the direct sound
    #[arg(long, value_name = "ms", default_value = "80", value_parser = within(range::SPLIT_MS))]
    split: f32,
    /// Play it backwards
    #[arg(long)]
    reverse: bool,
    /// Let the first so much rise from nothing, 0 to 100 % of the length
    #[arg(long, value_name = "%", default_value = "0", value_parser = within(range::ATTACK_PERCENT))]
    attack: f32,
    /// How it rises, -100 (at once) to 100 (late), 0 straight
    #[arg(
        long,
        value_name = "%",
        default_value = "0",
        allow_negative_numbers = true,
        value_parser = within(range::CURVE_PERCENT)
    )]
    attack_curve: f32,
    /// Let the last so much fall to nothing, 0 to 100 % of the length
    #[arg(long, value_name = "%", default_value = "0", value_parser = within(range::DECAY_PERCENT))]
    decay: f32,
    /// How it falls, -100 (late) to 100 (at once), 0 straight
    #[arg(
        long,
        value_name = "%",
        default_value = "0",
        allow_negative_numbers = true,
        value_parser = within(range::CURVE_PERCENT)
    )]
    decay_curve: f32,
    /// Less below it, 10 (off) to 1000 Hz
    #[arg(long, value_name = "Hz", default_value = "10", value_parser = within(range::LOW_CUT_HZ))]
    low_cut: f32,
    /// Less above it, 1000 to 22000 (off) Hz
    #[arg(long, value_name = "Hz", default_value = "22000", value_parser = within(range::HIGH_CUT_HZ))]
    high_cut: f32,
    /// How steep both are, in dB per octave
    #[arg(long, value_name = "dB", default_value = "12", value_parser = slope())]
    cut_slope: Slope,
    /// Side against mid, 0 (mono) to 200 %
    #[arg(long, value_name = "%", default_value = "100", value_parser = within(range::WIDTH_PERCENT))]
    width: f32,
}

impl Shaping {
    /// That shape, with no pre-delay of its own.
    pub(super) fn shape(&self, normalise: Normalise) -> Shape {
        Shape {
            auto_onset: self.auto_onset,
            trim_start_ms: self.trim_start,
            trim_end_ms: self.trim_end,
            fade_ms: self.fade,
            size_percent: self.size,
            damping_percent: self.damping,
            early_late_db: self.early_late,
            split_ms: self.split,
            reverse: self.reverse,
            attack_percent: self.attack,
            attack_curve_percent: self.attack_curve,
            decay_percent: self.decay,
            decay_curve_percent: self.decay_curve,
            low_cut_hz: self.low_cut,
            high_cut_hz: self.high_cut,
            cut_slope: self.cut_slope,
            width_percent: self.width,
            predelay_ms: range::PREDELAY_MS.neutral,
            normalise,
        }
    }
}

/// A number in `range`.
pub(super) fn within(
    range: Range,
) -> impl Fn(&str) -> Result<f32, String> + Clone + Send + Sync + 'static {
    move |text| {
        let value = text.parse::<f32>().ok().filter(|value| range.holds(*value));
        value.ok_or_else(|| {
            format!(
                "expected a number from {} to {} {}",
                range.low, range.high, range.unit
            )
        })
    }
}

/// `--normalise`, here and in `partita render`.
pub(super) fn normalise(text: &str) -> Result<Normalise, String> {
    match text {
        "energy" => Ok(Normalise::Energy),
        "none" => Ok(Normalise::None),
        gain => {
            let gain = within(range::LOCKED_GAIN_DB)(gain.trim_end_matches("dB").trim_end());
            gain.map(Normalise::Locked)
                .map_err(|_| "expected energy, none, or a gain from -120 to 120 dB".to_owned())
        }
    }
}

fn slope() -> impl TypedValueParser<Value = Slope> {
    PossibleValuesParser::new(["12", "24"]).map(|name| match name.as_str() {
        "24" => Slope::Db24,
        _ => Slope::Db12,
    })
}

fn damping(text: &str) -> Result<[f32; BANDS], String> {
    let percent = within(range::DAMPING_PERCENT);
    if !text.contains('=') {
        return percent(text).map(|percent| [percent; BANDS]);
    }
    let mut bands = [range::DAMPING_PERCENT.neutral; BANDS];
    for pair in text.split(',') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.trim().to_ascii_lowercase();
        let hertz = match name.strip_suffix('k') {
            Some(kilo) => kilo.parse::<f32>().map(|kilo| 1000.0 * kilo),
            None => name.parse(),
        };
        let band = BANDS_HZ.iter().position(|band| Ok(*band) == hertz);
        let band = band.ok_or_else(|| {
            format!("expected a band of 125, 250, 500, 1k, 2k, 4k or 8k before =, got {name:?}")
        })?;
        bands[band] = percent(value.trim())?;
    }
    Ok(bands)
}
