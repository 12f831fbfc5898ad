//! What the factory impulses must be: the committed bytes, and the measures of ROOMS.md, the
//! project's table of real rooms. Each limit is the table's or stated where it stands.

mod measures;
mod others;

use std::sync::LazyLock;

use super::bands::OCTAVES;
use super::fourier::Fourier;
use super::measure;
use super::*;

static MADE: LazyLock<Vec<Vec<Vec<f64>>>> =
    LazyLock::new(|| IMPULSES.iter().map(|impulse| (impulse.make)()).collect());

fn channels(name: &str) -> &'static [Vec<f64>] {
    let index = IMPULSES.iter().position(|impulse| impulse.name == name);
    &MADE[index.expect("an impulse of that name")]
}

/// The files, without making the impulses once more.
fn files() -> impl Iterator<Item = (String, Vec<u8>)> {
    let impulses = IMPULSES.iter().zip(MADE.iter());
    let impulses = impulses.map(|(impulse, channels)| file(impulse, channels));
    impulses.chain([(CATALOGUE.to_owned(), catalogue().into_bytes())])
}

/// Those that decay.
fn reverbs() -> impl Iterator<Item = &'static Impulse> {
    IMPULSES.iter().filter(|impulse| impulse.design.is_some())
}

#[test]
fn committed_files_are_what_the_generator_makes() {
    if let Err(message) = check(&committed(), files()) {
        panic!("{message}");
    }
}

#[test]
fn check_tells_a_changed_byte_a_missing_file_and_a_stranger() {
    assert_eq!(difference(b"abc", b"abc"), None);
    assert_eq!(difference(b"abc", b"abd"), Some(2));
    assert_eq!(difference(b"abc", b"abcd"), Some(3));
    let directory = std::env::temp_dir().join(format!("partita-impulses-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let mut bytes = wav::encode(channels("echo-two-spikes"));
    bytes[100] ^= 1;
    fs::write(directory.join("echo-two-spikes.wav"), bytes).unwrap();
    fs::write(directory.join("stranger.wav"), "").unwrap();
    let message = check(&directory, files()).unwrap_err();
    fs::remove_dir_all(&directory).unwrap();
    for expected in [
        "byte 100",
        "hall.wav: ",
        "stranger.wav: the generator makes no",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

/// The platform's functions differ in the last bit from machine to machine; `mul_add` rounds once
/// or twice.
#[test]
fn no_platform_function_is_called() {
    let names =
        "sin cos tan sin_cos exp exp2 ln log log2 log10 powf powi mul_add hypot cbrt tanh atan2";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/impulses");
    let files = fs::read_dir(folder).unwrap();
    let sources = files.map(|entry| entry.unwrap().path());
    // The tests may: they make no file.
    for path in sources.filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).unwrap();
        for name in names.split(' ') {
            let call = format!(".{name}(");
            assert!(!text.contains(&call), "{}: {call}", path.display());
        }
    }
}

#[test]
fn every_file_is_within_level_and_size_and_ends_in_silence() {
    let mut total = 0;
    for (impulse, channels) in IMPULSES.iter().zip(MADE.iter()) {
        let name = impulse.name;
        let bytes = wav::encode(channels).len();
        assert!(bytes <= MOST_BYTES, "{name}: {bytes} bytes");
        total += bytes;
        let paths = match impulse.layout {
            "mono" => 1,
            "stereo" => 2,
            _ => 4,
        };
        assert_eq!(channels.len(), paths, "{name}");
        let peak = decibels(peak(channels));
        assert!((-6.0..=-1.0).contains(&peak), "{name}: peak {peak} dBFS");
        if impulse.design.is_none() {
            continue;
        }
        for channel in channels {
            // Nothing steps at the end: the last 5 ms are below the 24-bit file's last 24 dB.
            let end = decibels(
                channel[channel.len() - 240..]
                    .iter()
                    .fold(0.0, |h, x| x.abs().max(h)),
            );
            assert!(end < -115.0, "{name}: ends at {end} dBFS");
            // And before the fade it has fallen by 60 dB at least.
            let faded = channel.len() * 17 / 20;
            let left = decibels(rms(&channel[faded..faded + 960]) / rms(&channel[..3840]));
            assert!(left < -55.0, "{name}: {left} dB at the fade");
            // No DC: without the direct spike the samples add up to nothing.
            let sum = channel[1..].iter().sum::<f64>();
            let scale = channel[1..].iter().map(|x| x.abs()).sum::<f64>();
            assert!(sum.abs() < 1e-3 * scale, "{name}: sum {sum} of {scale}");
            // No silence before it: heard within 10 ms.
            let start = channel
                .iter()
                .position(|x| x.abs() > 0.01 * self::peak(channels));
            assert!(
                start.is_some_and(|n| n < 480),
                "{name}: starts at {start:?}"
            );
        }
    }
    assert!(total < 16_000_000, "{total} bytes together");
}

/// T30 of the recordings that three of them follow; tests/impulse_factory.rs measures whether they
/// do.
#[test]
fn designs_are_those_of_recorded_rooms() {
    let design = |name: &str| {
        let impulse = IMPULSES.iter().find(|impulse| impulse.name == name);
        impulse.unwrap().design.unwrap().t30
    };
    // ROOMS.md: "concert hall, omni pair"; "small hall, true stereo"; "kitchen, true stereo".
    let hall = [1.51, 2.35, 2.84, 2.98, 2.53, 1.92, 1.27];
    let small_hall = [1.08, 1.15, 1.16, 1.13, 1.09, 1.06, 0.98];
    let kitchen = [0.30, 0.48, 0.43, 0.46, 0.47, 0.46, 0.41];
    assert_eq!(design("hall"), hall);
    assert_eq!(design("small-hall"), small_hall);
    for (k, time) in design("room").iter().enumerate() {
        let between: f64 = kitchen[k] * small_hall[k];
        assert!((time - between.sqrt()).abs() < 0.01, "{time} {between}");
    }
}

#[test]
fn early_decay_is_that_of_the_rest() {
    for name in ["room", "hall", "plate"] {
        let decay = measure::octave_decay(channels(name), 1000.0);
        let late = measure::seconds(&decay, -5.0, -35.0);
        for path in channels(name) {
            let early = measures::early_decay_time(path);
            assert!(
                (early / late - 1.0).abs() < 0.1,
                "{name}: EDT {early} s, T30 {late} s"
            );
        }
    }
}

#[test]
fn hall_is_heard_as_from_a_seat() {
    for path in channels("hall") {
        let clarity = measures::clarity(path);
        assert!((-2.0..=4.0).contains(&clarity), "C80 {clarity}");
        let definition = measures::early_share(path, 0.05);
        assert!((0.25..=0.65).contains(&definition), "D50 {definition}");
        let mixing = 1000.0 * measures::mixing_time(path).unwrap();
        assert!((30.0..=70.0).contains(&mixing), "mixing time {mixing} ms");
    }
}

#[test]
fn room_is_heard_from_near_the_source() {
    let paths = channels("room");
    for path in [&paths[0], &paths[3]] {
        let clarity = measures::clarity(path);
        assert!((9.0..=12.5).contains(&clarity), "C80 {clarity}");
        let definition = measures::early_share(path, 0.05);
        assert!((0.83..=0.91).contains(&definition), "D50 {definition}");
    }
    for path in paths {
        // Between the kitchen's 7 ms and the hall's 30.
        let mixing = 1000.0 * measures::mixing_time(path).unwrap();
        assert!((7.0..=30.0).contains(&mixing), "mixing time {mixing} ms");
    }
}

#[test]
fn left_and_right_are_as_strange_to_each_other_as_in_rooms() {
    let limits = [
        ("room", 0.03..0.3, 0.02..0.1),
        ("hall", 0.05..0.3, 0.02..0.1),
        ("plate", 0.02..0.3, 0.02..0.1),
        // ROOMS.md: 0.99 and 0.52.
        ("spring", 0.85..1.0, 0.35..0.7),
    ];
    for (name, early, late) in limits {
        for sides in channels(name).chunks(2) {
            let (split, end) = (frames(0.08), sides[0].len());
            let first = measures::correlation(&sides[0], &sides[1], 0..split);
            assert!(early.contains(&first), "{name}: {first} early");
            let then = measures::correlation(&sides[0], &sides[1], split..end);
            assert!(late.contains(&then), "{name}: {then} late");
        }
    }
}

/// A stereo file has the direct sound at frame 0 of both channels: what follows it is compared.
#[test]
fn left_and_right_of_every_other_reverberation_are_strangers() {
    for impulse in reverbs().filter(|impulse| impulse.kind != "spring") {
        for sides in channels(impulse.name).chunks(2) {
            let (split, end) = (frames(0.08), sides[0].len());
            let early = measures::correlation(&sides[0], &sides[1], 1..split);
            let late = measures::correlation(&sides[0], &sides[1], split..end);
            assert!(early < 0.3, "{}: {early} early", impulse.name);
            assert!(late < 0.2, "{}: {late} late", impulse.name);
        }
    }
}

#[test]
fn every_band_above_200_hz_is_decorrelated() {
    for name in ["room", "hall", "plate"] {
        for centre in &OCTAVES[2..] {
            let bands: Vec<_> = channels(name)
                .iter()
                .map(|c| measure::octave(c, *centre))
                .collect();
            for sides in bands.chunks(2) {
                let range = frames(0.08)..sides[0].len();
                let value = measures::correlation(&sides[0], &sides[1], range);
                // Strangers of a band B wide that decay in T agree by about 2/√(BT/6.9): 0.35 at
                // 500 Hz in the room.
                assert!(value < 0.35, "{name}, {centre} Hz: {value}");
            }
        }
    }
}

/// Left and right on one loudspeaker: no octave loses more than chance does.
#[test]
fn the_sum_to_mono_has_no_holes() {
    for Impulse { name, .. } in reverbs() {
        let channels = channels(name);
        for sides in channels.chunks(2) {
            let sum: Vec<f64> = sides[0].iter().zip(&sides[1]).map(|(l, r)| l + r).collect();
            for centre in OCTAVES {
                let energy = |x: &[f64]| rms(&measure::octave(x, centre));
                let (l, r) = (energy(&sides[0]), energy(&sides[1]));
                let change = decibels(energy(&sum) / (l * l + r * r).sqrt());
                assert!(change > -1.5, "{name}, {centre} Hz: {change} dB in mono");
            }
        }
    }
}

#[test]
fn plate_is_dense_at_once_and_its_high_frequencies_arrive_first() {
    for side in channels("plate") {
        let start = frames(0.01)..frames(0.05);
        let early = measures::densities(side).filter(|(frame, _)| start.contains(frame));
        let densities: Vec<f64> = early.map(|(_, density)| density).collect();
        let mean = densities.iter().sum::<f64>() / densities.len() as f64;
        assert!(mean > 0.9, "echo density {mean} from 10 to 50 ms");
        let mut last = f64::INFINITY;
        for centre in [500.0, 1000.0, 2000.0, 4000.0, 8000.0] {
            let (measured, expected) = (arrival(side, centre), plate::PLATE.arrival(centre));
            // An octave's fast edge comes 1 − 2^−½ = 29 % early.
            assert!(
                (0.65..1.15).contains(&(measured / expected)) && measured < 0.8 * last,
                "{centre} Hz arrives at {measured} s instead of {expected} s"
            );
            last = measured;
        }
    }
}

/// When, in seconds, an octave first has a hundredth of the energy of its first 60 ms. Cut without
/// phase shift: a causal filter's own delay would tell the same story.
fn arrival(signal: &[f64], centre: f64) -> f64 {
    let early = &signal[..frames(0.06)];
    let band = octaves_around(early, centre);
    let total: f64 = band.iter().map(|x| x * x).sum();
    let mut sum = 0.0;
    let place = band.iter().position(|x| {
        sum += x * x;
        sum > 0.01 * total
    });
    place.expect("a sum reaches its hundredth") as f64 / SAMPLE_RATE
}

/// cos² over one octave to either side of `centre` Hz, without phase shift.
fn octaves_around(signal: &[f64], centre: f64) -> Vec<f64> {
    let fourier = Fourier::new(2 * signal.len().next_power_of_two());
    let (mut re, mut im) = fourier.spectrum(signal);
    for k in 0..fourier.length() {
        let frequency = fourier.frequency(k, SAMPLE_RATE).max(1.0);
        let place = libm::log2(frequency / centre).clamp(-1.0, 1.0);
        let slope = libm::cos(core::f64::consts::FRAC_PI_2 * place);
        re[k] *= slope * slope;
        im[k] *= slope * slope;
    }
    fourier.inverse(&mut re, &mut im);
    re.truncate(signal.len());
    re
}

/// The chirp itself is measured in spring.rs, spring by spring: here three overlap.
#[test]
fn spring_chirps_below_its_transition_and_repeats() {
    for side in channels("spring") {
        // The middle of the first arrivals' energy comes later towards the transition.
        let delays = [1000.0, 2000.0, 3600.0].map(|centre| {
            let band = octaves_around(&side[..frames(0.065)], centre);
            let energy: f64 = band.iter().map(|x| x * x).sum();
            let moment: f64 = band.iter().enumerate().map(|(n, x)| n as f64 * x * x).sum();
            1000.0 * moment / energy / SAMPLE_RATE
        });
        assert!(
            delays.is_sorted() && delays[2] > delays[0] + 4.0,
            "{delays:?} ms"
        );
        // Above the transition there is next to nothing.
        let above = decibels(rms(&measure::octave(side, 12_000.0)) / rms(side));
        assert!(above < -25.0, "{above} dB above {} Hz", spring::TRANSITION);
        // Low frequencies return after there and back, and between first arrivals and echo it is
        // quiet.
        let band = octaves_around(side, 500.0);
        let level = |from: f64| rms(&band[frames(from)..frames(from + 0.02)]);
        let (first, gap, echo) = (level(0.002), level(0.045), level(0.075));
        assert!(decibels(gap / first) < -12.0, "{first} {gap} {echo}");
        assert!(decibels(gap / echo) < -8.0, "{first} {gap} {echo}");
    }
}

fn peak(channels: &[Vec<f64>]) -> f64 {
    channels.iter().flatten().fold(0.0, |h, x| x.abs().max(h))
}

fn rms(signal: &[f64]) -> f64 {
    (signal.iter().map(|x| x * x).sum::<f64>() / signal.len() as f64).sqrt()
}

fn decibels(ratio: f64) -> f64 {
    20.0 * libm::log10(ratio)
}
