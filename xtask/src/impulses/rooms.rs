//! The rooms, halls, churches, chambers and ambiences: where their walls, sources and microphones stand.

use super::bands::Curve;
use super::list::Design;
use super::shoebox::Shoebox;
use super::space::{Direct, Paths, Space, microphone};

/// The hall's decay time in seconds, so that its T30 is that of "concert hall, omni pair" in ROOMS.md:
/// 1.51 2.35 2.84 2.98 2.53 1.92 1.27 s. A measured octave hears the slower decay of its neighbour,
/// so at both ends the field itself must decay faster than the figure. 16 kHz follows from its air.
const HALL_TIME: Curve = Curve([1.08, 2.22, 2.80, 3.06, 2.53, 1.89, 1.16, 0.50]);

/// The room's, likewise: the geometric mean of the kitchen and the small hall of ROOMS.md, .57 .74 .71
/// .72 .72 .70 .63 s.
const ROOM_TIME: Curve = Curve([0.52, 0.74, 0.71, 0.72, 0.72, 0.70, 0.63, 0.45]);

/// What the hall shall measure: T30 of the concert hall; C80 lower than at its seat, for here the
/// paths to the other side, which have no direct sound, count as well.
pub const HALL: Design = Design {
    t30: &[1.51, 2.35, 2.84, 2.98, 2.53, 1.92, 1.27],
    c80: Some(-3.4),
};

/// What the room shall measure, likewise.
pub const ROOM: Design = Design {
    t30: &[0.57, 0.74, 0.71, 0.72, 0.72, 0.70, 0.63],
    c80: Some(6.9),
};

/// A concert hall of 15 000 m³, the microphones thirteen metres from the players.
pub fn hall() -> Vec<Vec<f64>> {
    let time = HALL_TIME;
    Space {
        seed: 0x48_41_4C_4C,
        room: Shoebox {
            size: [45.0, 22.0, 15.0],
            time,
            displacement: 0.08,
            floor: 0.5,
        },
        sources: [[5.6, 14.9, 2.4], [5.3, 7.6, 2.3]],
        microphones: [
            microphone([18.3, 11.8, 4.2], 0.9, 0.7),
            microphone([18.2, 11.1, 4.2], -0.9, 0.7),
        ],
        crossfade: 0.060,
        dense: 0.016,
        paths: Paths::TrueStereo,
        length: 3.95,
    }
    .responses()
}

/// A live room of 180 m³, the microphones a step away from the player.
pub fn room() -> Vec<Vec<f64>> {
    let time = ROOM_TIME;
    Space {
        // Of forty seeds one whose four paths all have an EDT within 10 % of T30.
        seed: 0x52_4F_54_00,
        room: Shoebox {
            size: [7.6, 6.1, 3.9],
            time,
            displacement: 0.04,
            floor: 0.7,
        },
        sources: [[2.3, 3.5, 1.4], [2.25, 2.35, 1.45]],
        microphones: [
            microphone([3.45, 3.1, 1.8], 0.8, 0.75),
            microphone([3.5, 2.8, 1.8], -0.8, 0.75),
        ],
        crossfade: 0.030,
        dense: 0.005,
        paths: Paths::TrueStereo,
        length: 0.95,
    }
    .responses()
}

/// A room made to its measures.
pub struct Made {
    design: Design,
    direct: Direct,
    space: fn(Curve) -> Space,
}

impl Made {
    /// What it shall measure.
    pub const fn design(&self) -> Design {
        self.design
    }

    /// Its channels.
    pub fn responses(&self) -> Vec<Vec<f64>> {
        let mut time = [0.0; 8];
        time[..7].copy_from_slice(self.design.t30);
        let [before, last] = [time[5], time[6]];
        // Above 8 kHz it falls on as it fell, and faster: by air.
        time[7] = 0.75 * last * (last / before).min(0.9);
        (self.space)(Curve(time)).designed(self.design, self.direct)
    }
}

/// A vocal booth of 17 m³: close, dry, hardly there.
pub const STUDIO_BOOTH: Made = Made {
    design: Design {
        t30: &[0.30, 0.26, 0.23, 0.21, 0.20, 0.19, 0.17],
        c80: Some(28.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x42_4F_4F_54_48,
        room: Shoebox {
            size: [2.83, 2.41, 2.52],
            time,
            displacement: 0.03,
            floor: 0.5,
        },
        sources: [[0.9, 1.38, 1.45], [0.88, 1.05, 1.42]],
        microphones: [
            microphone([1.62, 1.33, 1.5], 0.8, 0.75),
            microphone([1.66, 1.08, 1.5], -0.8, 0.75),
        ],
        crossfade: 0.014,
        dense: 0.003,
        paths: Paths::TrueStereo,
        length: 0.36,
    },
};

/// A live room of 220 m³ with hard walls, a pair of microphones over the kit.
pub const DRUM_ROOM: Made = Made {
    design: Design {
        t30: &[0.66, 0.70, 0.68, 0.66, 0.62, 0.55, 0.46],
        c80: Some(8.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x44_52_55_4D,
        room: Shoebox {
            size: [8.3, 6.37, 4.11],
            time,
            displacement: 0.04,
            floor: 0.8,
        },
        sources: [[2.4, 3.9, 0.9], [2.5, 2.5, 0.8]],
        microphones: [
            microphone([4.3, 4.0, 2.3], 1.0, 0.7),
            microphone([4.35, 2.3, 2.3], -1.0, 0.7),
        ],
        crossfade: 0.028,
        dense: 0.005,
        paths: Paths::Stereo,
        length: 0.84,
    },
};

/// A panelled music room of 290 m³.
pub const WOOD_ROOM: Made = Made {
    design: Design {
        t30: &[0.92, 1.00, 1.04, 1.00, 0.90, 0.74, 0.54],
        c80: Some(5.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x57_4F_4F_44,
        room: Shoebox {
            size: [9.2, 7.13, 4.43],
            time,
            displacement: 0.05,
            floor: 0.7,
        },
        sources: [[2.2, 4.5, 1.3], [2.3, 2.8, 1.3]],
        microphones: [
            microphone([6.1, 4.1, 1.9], 0.9, 0.7),
            microphone([6.0, 3.1, 1.9], -0.9, 0.7),
        ],
        crossfade: 0.030,
        dense: 0.006,
        paths: Paths::Stereo,
        length: 1.2,
    },
};

/// Tiles all round, 53 m³: bright and loud.
pub const TILED_ROOM: Made = Made {
    design: Design {
        t30: &[1.05, 1.18, 1.25, 1.28, 1.22, 1.05, 0.78],
        c80: Some(3.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x54_49_4C_45,
        room: Shoebox {
            size: [5.23, 3.37, 3.02],
            time,
            displacement: 0.03,
            floor: 0.8,
        },
        sources: [[1.3, 2.1, 1.5], [1.35, 1.2, 1.45]],
        microphones: [
            microphone([3.1, 1.95, 1.6], 0.9, 0.75),
            microphone([3.15, 1.4, 1.6], -0.9, 0.75),
        ],
        crossfade: 0.022,
        dense: 0.004,
        paths: Paths::Stereo,
        length: 1.45,
    },
};

/// A recital hall of 3600 m³, decaying as "small hall, true stereo" of ROOMS.md.
pub const SMALL_HALL: Made = Made {
    design: Design {
        t30: &[1.08, 1.15, 1.16, 1.13, 1.09, 1.06, 0.98],
        c80: Some(5.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x52_45_43_49_54,
        room: Shoebox {
            size: [25.3, 15.7, 9.1],
            time,
            displacement: 0.07,
            floor: 0.5,
        },
        sources: [[4.1, 10.2, 1.6], [4.3, 5.8, 1.6]],
        microphones: [
            microphone([10.1, 8.4, 2.6], 0.9, 0.7),
            microphone([10.0, 7.4, 2.6], -0.9, 0.7),
        ],
        crossfade: 0.050,
        dense: 0.011,
        paths: Paths::TrueStereo,
        length: 1.35,
    },
};

/// A parish church of 11 500 m³.
pub const CHURCH: Made = Made {
    design: Design {
        t30: &[2.70, 2.85, 2.90, 2.80, 2.45, 1.85, 1.12],
        c80: Some(-1.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x43_48_55_52_43,
        room: Shoebox {
            size: [38.3, 17.9, 16.7],
            time,
            displacement: 0.08,
            floor: 0.5,
        },
        sources: [[6.1, 11.9, 1.8], [6.3, 6.4, 1.8]],
        microphones: [
            microphone([17.1, 9.6, 3.1], 0.9, 0.7),
            microphone([17.2, 8.6, 3.1], -0.9, 0.7),
        ],
        crossfade: 0.065,
        dense: 0.015,
        paths: Paths::Stereo,
        length: 3.2,
    },
};

/// A cathedral of 66 000 m³, heard from the crossing.
pub const CATHEDRAL: Made = Made {
    design: Design {
        t30: &[6.0, 6.2, 6.1, 5.7, 4.5, 3.0, 1.6],
        c80: Some(-4.0),
    },
    direct: Direct::Heard,
    space: |time| Space {
        seed: 0x43_41_54_48,
        room: Shoebox {
            size: [86.0, 29.7, 25.9],
            time,
            displacement: 0.10,
            floor: 0.4,
        },
        sources: [[12.0, 19.1, 2.0], [12.3, 10.8, 2.0]],
        microphones: [
            microphone([30.5, 15.6, 3.6], 0.9, 0.7),
            microphone([30.7, 14.4, 3.6], -0.9, 0.7),
        ],
        crossfade: 0.090,
        dense: 0.020,
        paths: Paths::Stereo,
        length: 6.6,
    },
};

/// An echo chamber of 95 m³, hard plaster, loudspeakers turned to the wall.
pub const CHAMBER: Made = Made {
    design: Design {
        t30: &[1.70, 1.75, 1.72, 1.65, 1.50, 1.22, 0.86],
        c80: Some(-0.3),
    },
    direct: Direct::LeftOut,
    space: |time| Space {
        seed: 0x43_48_41_4D,
        room: Shoebox {
            size: [6.1, 4.63, 3.37],
            time,
            displacement: 0.04,
            floor: 0.8,
        },
        sources: [[1.2, 3.4, 1.3], [1.3, 1.1, 1.2]],
        microphones: [
            microphone([4.7, 3.6, 1.7], 1.6, 0.8),
            microphone([4.8, 1.2, 1.8], -1.6, 0.8),
        ],
        crossfade: 0.022,
        dense: 0.003,
        paths: Paths::Stereo,
        length: 2.0,
    },
};

/// Another, a tiled cellar of 31 m³.
pub const CHAMBER_SHORT: Made = Made {
    design: Design {
        t30: &[0.82, 0.90, 0.95, 0.95, 0.90, 0.80, 0.62],
        c80: Some(3.4),
    },
    direct: Direct::LeftOut,
    space: |time| Space {
        seed: 0x43_45_4C_4C,
        room: Shoebox {
            size: [4.27, 3.11, 2.33],
            time,
            displacement: 0.03,
            floor: 0.8,
        },
        sources: [[0.9, 2.3, 1.0], [0.8, 0.8, 1.1]],
        microphones: [
            microphone([3.3, 2.4, 1.3], 1.6, 0.8),
            microphone([3.4, 0.8, 1.2], -1.6, 0.8),
        ],
        crossfade: 0.016,
        dense: 0.002,
        paths: Paths::Stereo,
        length: 1.1,
    },
};

/// What a treated studio adds around a close microphone.
pub const AMBIENCE: Made = Made {
    design: Design {
        t30: &[0.42, 0.41, 0.40, 0.38, 0.36, 0.32, 0.27],
        c80: Some(12.0),
    },
    direct: Direct::LeftOut,
    space: |time| Space {
        seed: 0x41_4D_42_49,
        room: Shoebox {
            size: [10.3, 7.9, 4.7],
            time,
            displacement: 0.05,
            floor: 0.7,
        },
        sources: [[3.1, 4.9, 1.4], [3.2, 3.1, 1.4]],
        microphones: [
            microphone([5.1, 4.6, 1.7], 1.0, 0.7),
            microphone([5.2, 3.4, 1.7], -1.0, 0.7),
        ],
        crossfade: 0.040,
        dense: 0.007,
        paths: Paths::Stereo,
        length: 0.5,
    },
};

/// A theatre's stage: early sound from far walls and a short tail.
pub const AMBIENCE_STAGE: Made = Made {
    design: Design {
        t30: &[0.92, 0.92, 0.90, 0.86, 0.80, 0.68, 0.52],
        c80: Some(3.5),
    },
    direct: Direct::LeftOut,
    space: |time| Space {
        seed: 0x53_54_41_47,
        room: Shoebox {
            size: [22.7, 16.3, 9.9],
            time,
            displacement: 0.07,
            floor: 0.5,
        },
        sources: [[4.2, 9.9, 1.6], [4.3, 6.3, 1.6]],
        microphones: [
            microphone([8.3, 9.7, 2.1], 1.0, 0.7),
            microphone([9.4, 6.9, 2.9], -1.0, 0.7),
        ],
        crossfade: 0.055,
        dense: 0.012,
        paths: Paths::Stereo,
        length: 1.1,
    },
};
