//! Each fault planted is found, alone; a clean impulse has none; a repaired copy is clean.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::analyze::analyze;
use partita::impulse::check::{Kind, check, repair};
use partita::impulse::{ImpulseResponse, Layout, library};
use std::process::Command;
use tempfile::TempDir;
use wav::{Random, Wav, impulse, mono, room};

const RATE: u32 = 48_000;

fn kinds(impulse: &ImpulseResponse) -> Vec<Kind> {
    let problems = check(impulse, &analyze(impulse));
    problems.iter().map(|problem| problem.kind).collect()
}

fn clean(layout: Layout, channels: u64) -> ImpulseResponse {
    let channels = (0..channels)
        .map(|seed| room(RATE, 0.6, 0.3, seed))
        .collect();
    impulse(RATE, layout, channels)
}

/// True stereo in which LL and RR are direct, LR and RL later and weaker.
fn true_stereo() -> ImpulseResponse {
    let mut four = clean(Layout::TrueStereo, 4);
    for crossed in [1, 2] {
        let channel = &mut four.channels[crossed];
        channel.splice(0..0, vec![0.0; 100]);
        channel.truncate(28_800);
        channel.iter_mut().for_each(|x| *x *= 0.3);
    }
    four
}

/// Each fault with an impulse that has it.
fn faults() -> Vec<(Kind, ImpulseResponse)> {
    let stereo = || clean(Layout::Stereo, 2);
    let with = |change: &dyn Fn(&mut Vec<f32>)| {
        let mut changed = stereo();
        changed.channels.iter_mut().for_each(change);
        changed
    };
    let mut dead = stereo();
    dead.channels[0].fill(0.0);
    let mut crossing = true_stereo();
    crossing.channels[1].fill(0.0);
    crossing.channels[2].fill(0.0);
    let mut twice = stereo();
    twice.channels[1] = twice.channels[0].clone();
    let mut opposite = stereo();
    opposite.channels[1] = opposite.channels[0].iter().map(|x| -x).collect();
    let mut exchanged = true_stereo();
    exchanged.channels.swap(0, 1);
    exchanged.channels.swap(2, 3);
    let mut odd = stereo();
    odd.sample_rate = 47_123;
    vec![
        (Kind::SilentChannel, dead),
        (Kind::SilentCrossing, crossing),
        (Kind::DuplicateChannels, twice),
        (Kind::OppositePolarity, opposite),
        (Kind::ExchangedChannels, exchanged),
        (
            Kind::Clipping,
            with(&|c| c.iter_mut().for_each(|x| *x = x.clamp(-0.2, 0.2))),
        ),
        (
            Kind::DcOffset,
            with(&|c| c.iter_mut().for_each(|x| *x += 0.001)),
        ),
        (
            Kind::TooLoud,
            with(&|c| c.iter_mut().for_each(|x| *x *= 8.0)),
        ),
        (
            Kind::TooQuiet,
            with(&|c| c.iter_mut().for_each(|x| *x *= 0.01)),
        ),
        (
            Kind::LeadingSilence,
            with(&|c| drop(c.splice(0..0, vec![0.0; 1000]))),
        ),
        (
            Kind::Noise,
            with(&|c| {
                let mut random = Random(c[0].to_bits().into());
                c.resize(96_000, 0.0);
                c.iter_mut()
                    .for_each(|x| *x += (1e-4 * random.noise()) as f32);
            }),
        ),
        (Kind::TrailingSilence, with(&|c| c.resize(60_000, 0.0))),
        (Kind::CutOff, with(&|c| c.truncate(4800))),
        (Kind::OddRate, odd),
    ]
}

#[test]
fn a_clean_impulse_has_nothing_wrong() {
    for whole in [
        clean(Layout::Mono, 1),
        clean(Layout::Stereo, 2),
        true_stereo(),
        clean(Layout::Matrix, 3),
    ] {
        assert_eq!(kinds(&whole), [], "{:?}", whole.layout);
        let repaired = repair(&whole);
        assert_eq!(repaired.impulse, whole);
        assert!(repaired.done.is_empty() && repaired.left.is_empty());
    }
    assert_eq!(kinds(&mono(RATE, vec![1.0])), []);
    let mut echo = vec![0.0; 20_000];
    echo[12_000] = 0.8;
    echo[19_999] = 0.4;
    assert_eq!(
        kinds(&mono(RATE, echo)),
        [],
        "echoes may begin late and end at once"
    );
    let mut slap = vec![0.0; 10_000];
    slap[5000..5500].fill(0.5);
    slap[5000..5500]
        .iter_mut()
        .step_by(2)
        .for_each(|x| *x = 0.25);
    assert_eq!(
        kinds(&mono(RATE, slap.clone())),
        [],
        "one repeat, not a tail"
    );
    // A microphone that waits for a loudspeaker hears its own noise.
    slap[..5000].iter_mut().step_by(3).for_each(|x| *x = 1e-5);
    assert_eq!(kinds(&mono(RATE, slap)), [Kind::LeadingSilence]);
    let mut reversed = clean(Layout::Stereo, 2);
    for channel in &mut reversed.channels {
        channel.reverse();
    }
    assert_eq!(
        kinds(&reversed),
        [],
        "it grows, and ends where it is loudest"
    );
}

#[test]
fn each_fault_is_found_alone_and_put_right() {
    for (kind, faulty) in faults() {
        let problems = check(&faulty, &analyze(&faulty));
        println!("{kind:?}: {}; {}", problems[0].found, problems[0].fix);
        assert_eq!(kinds(&faulty), [kind]);
        let repaired = repair(&faulty);
        assert_eq!(repaired.left, [], "{kind:?}");
        assert_eq!(repaired.done[0].kind, kind);
        assert_eq!(kinds(&repaired.impulse), [], "{kind:?}");
    }
}

#[test]
fn repairs_do_what_they_say() {
    let of = |wanted: Kind| {
        let (_, faulty) = faults()
            .into_iter()
            .find(|(kind, _)| *kind == wanted)
            .unwrap();
        (repair(&faulty).impulse, faulty)
    };
    let (copy, faulty) = of(Kind::SilentChannel);
    assert_eq!(
        (copy.layout, &copy.channels[..]),
        (Layout::Mono, &faulty.channels[1..])
    );
    let (copy, faulty) = of(Kind::SilentCrossing);
    assert_eq!(copy.layout, Layout::Stereo);
    assert_eq!(
        copy.channels,
        [faulty.channels[0].clone(), faulty.channels[3].clone()]
    );
    let (copy, _) = of(Kind::ExchangedChannels);
    assert_eq!(copy, true_stereo());
    let (copy, _) = of(Kind::DcOffset);
    let apart = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()))
    };
    // Rounding of f32 at 0.25, and what the mean of the last tenth had of the sound: −80 dB of the peak.
    assert!(apart(&copy.channels[0], &clean(Layout::Stereo, 2).channels[0]) < 2.5e-5);
    let (copy, faulty) = of(Kind::LeadingSilence);
    assert_eq!(copy.frames(), faulty.frames() - 1000 + 48);
    for kind in [Kind::TooLoud, Kind::TooQuiet] {
        let peak = analyze(&of(kind).0).outline.peak.unwrap().dbfs;
        assert!((peak + 1.0).abs() < 1e-4, "{peak}");
    }
    let (copy, faulty) = of(Kind::Clipping);
    let peak = |samples: &[f32]| samples.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!(peak(&copy.channels[0]) > 0.2 && peak(&copy.channels[0]) < 0.5);
    assert_eq!(copy.frames(), faulty.frames());
    let (copy, faulty) = of(Kind::CutOff);
    assert_eq!(copy.frames(), faulty.frames());
    assert_eq!(copy.channels[0][..3840], faulty.channels[0][..3840]);
    let (copy, _) = of(Kind::Noise);
    // 1e-4 of uniform noise, 68 dB below the room's 0.25: the decay of 0.3 s meets it after 0.34 s.
    assert!((0.30..0.50).contains(&copy.seconds()), "{}", copy.seconds());
    assert_eq!(of(Kind::OddRate).0.sample_rate, 48_000);
}

#[test]
fn several_faults_at_once_are_put_right() {
    let mut faulty = true_stereo();
    faulty.channels.swap(0, 1);
    faulty.channels.swap(2, 3);
    for channel in &mut faulty.channels {
        channel.splice(0..0, vec![0.0; 2000]);
        channel.resize(90_000, 0.0);
        channel.iter_mut().for_each(|x| *x = *x * 9.0 + 0.01);
    }
    faulty.sample_rate = 32_000;
    let found = kinds(&faulty);
    for kind in [
        Kind::ExchangedChannels,
        Kind::DcOffset,
        Kind::TooLoud,
        Kind::OddRate,
    ] {
        assert!(found.contains(&kind), "{kind:?} not in {found:?}");
    }
    let repaired = repair(&faulty);
    assert_eq!(repaired.left, [], "{:?}", repaired.done);
    assert_eq!(repaired.impulse.sample_rate, 44_100);
}

#[test]
fn what_cannot_be_put_right_is_left_and_said() {
    let silent = mono(RATE, vec![0.0; 100]);
    assert_eq!(kinds(&silent), [Kind::Silent]);
    let repaired = repair(&silent);
    assert_eq!((repaired.impulse, repaired.done), (silent, vec![]));
    assert_eq!(repaired.left[0].kind, Kind::Silent);
    // One point, four directions: W X Y Z of a sound from the left front.
    let [w, own] = [1, 2].map(|seed| room(RATE, 0.6, 0.3, seed));
    let mix = |gain: f32| {
        w.iter()
            .zip(&own)
            .map(|(a, b)| gain * a + 0.05 * b)
            .collect::<Vec<f32>>()
    };
    let ambisonic = impulse(
        RATE,
        Layout::TrueStereo,
        vec![mix(0.7), mix(0.72), mix(0.6), mix(0.3)],
    );
    assert_eq!(kinds(&ambisonic), [Kind::NotTrueStereo]);
    assert_eq!(repair(&ambisonic).left[0].kind, Kind::NotTrueStereo);
    let matrix = ImpulseResponse {
        layout: Layout::Matrix,
        ..ambisonic
    };
    assert_eq!(kinds(&matrix), []);
}

#[test]
fn factory_impulses_are_clean() {
    for factory in library::factory() {
        let problems = kinds(&factory.load().unwrap());
        assert_eq!(problems, [], "{}", factory.name);
    }
}

fn run(folder: &TempDir, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_partita"))
        .current_dir(folder.path())
        .args(["impulse"])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_command_finds_writes_and_says() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let late: Vec<f32> = [vec![0.0; 2000], room(RATE, 0.6, 0.3, 1)].concat();
    let bytes = Wav::float(1, &late).build();
    std::fs::write(path("late.wav"), &bytes).unwrap();
    let (code, said, _) = run(&folder, &["check", "late.wav"]);
    assert_eq!(code, Some(6));
    assert!(
        said.starts_with("minor: 41.") && said.lines().count() == 1,
        "{said}"
    );
    let (code, said, _) = run(&folder, &["check", "late.wav", "--fix", "-o", "good.wav"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("done: cut it") && said.contains("nothing wrong"),
        "{said}"
    );
    assert_eq!(std::fs::read(path("late.wav")).unwrap(), bytes);
    assert_eq!(
        run(&folder, &["check", "good.wav"]),
        (Some(0), "nothing wrong\n".to_owned(), String::new())
    );
    // Never over what is there, never in place.
    let before = std::fs::read(path("good.wav")).unwrap();
    let (code, _, said) = run(&folder, &["check", "late.wav", "--fix", "-o", "good.wav"]);
    assert!(code == Some(5) && said.contains("--force"), "{said}");
    assert_eq!(std::fs::read(path("good.wav")).unwrap(), before);
    let (code, _, said) = run(
        &folder,
        &["check", "late.wav", "--fix", "-f", "-o", "./late.wav"],
    );
    assert!(
        code == Some(5) && said.contains("is the impulse itself"),
        "{said}"
    );
    assert_eq!(std::fs::read(path("late.wav")).unwrap(), bytes);
    let (code, said, _) = run(
        &folder,
        &[
            "check", "late.wav", "--json", "--fix", "-f", "-o", "good.wav",
        ],
    );
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(said["problems"][0]["kind"], "leading-silence");
    assert_eq!(said["copy"]["done"][0]["severity"], "minor");
    assert_eq!(said["copy"]["left"], serde_json::json!([]));
    assert_eq!(run(&folder, &["check", "late.wav", "--fix"]).0, Some(2));
    assert_eq!(run(&folder, &["check", "nothing.wav"]).0, Some(4));
}
