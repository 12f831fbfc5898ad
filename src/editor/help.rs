//! One sentence for each parameter: what it does to the sound.

use crate::params::Id;

/// What the parameter does. Main thread.
pub fn help(id: Id) -> &'static str {
    match id {
        Id::Bypass => "The dry sound only; what still rings, rings out.",
        Id::Mix => "How much of the sound comes from the room. 100 % for a send.",
        Id::WetGain => "Level of the room alone.",
        Id::OutputGain => "Level of everything that leaves.",
        Id::Predelay => "Silence before the room answers.",
        Id::PredelayNote => "Pre-delay as a note value that follows the tempo.",
        Id::Width => "0 % is mono, 100 % as recorded, 200 % twice as wide.",
        Id::LowCut => "Takes lows out of the room.",
        Id::HighCut => "Takes highs out of the room.",
        Id::CutSlope => "How steep both cuts are.",
        Id::Impulse => "Which impulse plays.",
        Id::Normalise => "Every impulse equally loud, whatever its file.",
        Id::Reverse => "The impulse plays backwards.",
        Id::Size => "Length and pitch of the room together, as in a larger or smaller one.",
        Id::Attack => "The first part of the impulse that rises from nothing.",
        Id::AttackCurve => "How it rises: below 0 at once, above 0 late.",
        Id::Decay => "The last part of the impulse that falls to nothing.",
        Id::DecayCurve => "How it falls: below 0 late, above 0 at once.",
        Id::Onset => "Cuts what precedes the direct sound.",
        Id::TrimStart => "Cut off the start of the file.",
        Id::TrimEnd => "Cut off the end of the file.",
        Id::Fade => "Faded out before the end of the file.",
        Id::Damping125
        | Id::Damping250
        | Id::Damping500
        | Id::Damping1k
        | Id::Damping2k
        | Id::Damping4k
        | Id::Damping8k => "Decay time in this octave, against that of the recording.",
        Id::EarlyLate => "Early reflections against the late tail: above 0, clearer and nearer.",
        Id::Split => "Where early ends and late begins.",
    }
}

/// The name where there is little room.
pub fn short(id: Id) -> &'static str {
    match id {
        Id::WetGain => "Wet",
        Id::OutputGain => "Output",
        Id::EarlyLate => "Balance",
        Id::Split => "Split",
        Id::Attack => "Time",
        Id::AttackCurve | Id::DecayCurve => "Curve",
        Id::TrimStart => "Start",
        Id::TrimEnd => "End",
        Id::Onset => "To onset",
        Id::Fade => "Fade out",
        Id::Damping125 => "125",
        Id::Damping250 => "250",
        Id::Damping500 => "500",
        Id::Damping1k => "1k",
        Id::Damping2k => "2k",
        Id::Damping4k => "4k",
        Id::Damping8k => "8k",
        other => other.parameter().name,
    }
}
