//! Whatever goes wrong with a render, it says why, leaves no unfinished file and harms none.

#[path = "common/room.rs"]
mod room;
#[path = "common/wavio.rs"]
mod wavio;

use hound::SampleFormat;
use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout};
use partita::loader::Source;
use partita::render::{
    Existing, InputFault, Job, OutputFault, RenderError, Report, Settings, Tail, Watch, render,
    render_all,
};
use room::Room;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use wavio::{names, noise};

fn mono(channel: Vec<f64>) -> Source {
    let impulse = ImpulseResponse {
        name: "test".to_owned(),
        sample_rate: 48_000,
        layout: Layout::Mono,
        channels: vec![channel.iter().map(|sample| *sample as f32).collect()],
    };
    Source::new(impulse, &Shape::AS_IT_IS).expect("a shape")
}

#[test]
fn inputs_that_cannot_be_read_say_why_and_make_no_file() {
    let room = Room::new();
    let plain = |data: u32| wavio::header(1, 2, 48_000, 16, data);
    type Expected = fn(&InputFault) -> bool;
    let files: Vec<(Vec<u8>, Expected)> = vec![
        (Vec::new(), |fault| matches!(fault, InputFault::NotWav)),
        (b"just some text, no sound".to_vec(), |fault| {
            matches!(fault, InputFault::NotWav)
        }),
        (plain(0), |fault| matches!(fault, InputFault::NoFrames)),
        (plain(2), |fault| {
            matches!(
                fault,
                InputFault::Truncated {
                    promised: 2,
                    found: 0
                }
            )
        }),
        (wavio::header(1, 0, 48_000, 16, 0), |fault| {
            matches!(fault, InputFault::Channels(0))
        }),
        (wavio::header(1, 65, 48_000, 16, 0), |fault| {
            matches!(fault, InputFault::Channels(65))
        }),
        (wavio::header(1, 1, 0, 16, 0), |fault| {
            matches!(fault, InputFault::Malformed(_))
        }),
        (wavio::header(85, 2, 48_000, 16, 0), |fault| {
            matches!(fault, InputFault::Unsupported { tag: 85, bits: 16 })
        }),
        (plain(8)[..30].to_vec(), |fault| {
            matches!(fault, InputFault::Malformed(_))
        }),
        (plain(8)[..36].to_vec(), |fault| {
            matches!(fault, InputFault::Malformed(_))
        }),
    ];
    for (bytes, expected) in files {
        fs::write(room.path("in.wav"), &bytes).expect("written");
        match room.render(&mono(vec![1.0]), &Settings::default()) {
            Err(RenderError::Input { fault, .. }) => assert!(expected(&fault), "{fault:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(names(room.folder.path()), ["in.wav"]);
    }
    fs::remove_file(room.path("in.wav")).expect("removed");
    let missing = room.render(&mono(vec![1.0]), &Settings::default());
    assert!(matches!(
        missing,
        Err(RenderError::Input {
            fault: InputFault::Missing,
            ..
        })
    ));
}

#[test]
fn outputs_that_may_not_be_written_stay_as_they_are() {
    let room = Room::new();
    wavio::write_f32(&room.path("in.wav"), &[noise(13, 100)]);
    let before = fs::read(room.path("in.wav")).expect("a file");
    fs::write(room.path("out.wav"), b"precious").expect("written");
    fs::create_dir(room.path("folder")).expect("a folder");
    let attempt = |output: &Path, existing| {
        let job = Job {
            input: room.path("in.wav"),
            output: output.to_owned(),
            existing,
        };
        match render(
            &job,
            &mono(vec![1.0]),
            &Settings::default(),
            Watch::nothing(),
        ) {
            Err(RenderError::Output { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    };
    let fault = attempt(&room.path("out.wav"), Existing::Keep);
    assert!(matches!(fault, OutputFault::Exists));
    let fault = attempt(&room.path("in.wav"), Existing::Replace);
    assert!(matches!(fault, OutputFault::IsInput));
    let fault = attempt(&room.path("folder/../in.wav"), Existing::Replace);
    assert!(matches!(fault, OutputFault::IsInput));
    let fault = attempt(&room.path("folder"), Existing::Replace);
    assert!(matches!(fault, OutputFault::IsFolder));
    let fault = attempt(&room.path("nowhere/out.wav"), Existing::Replace);
    assert!(matches!(fault, OutputFault::NoFolder(_)));
    assert_eq!(fs::read(room.path("out.wav")).expect("a file"), b"precious");
    assert_eq!(fs::read(room.path("in.wav")).expect("a file"), before);
    assert_eq!(names(room.folder.path()), ["folder", "in.wav", "out.wav"]);
}

#[test]
fn a_result_beyond_four_gigabytes_is_refused_before_it_is_begun() {
    let room = Room::new();
    wavio::write_f32(&room.path("in.wav"), &[noise(14, 100), noise(15, 100)]);
    let settings = Settings {
        tail: Tail::Seconds(12_000.0),
        ..Settings::default()
    };
    match room.render(&mono(vec![1.0]), &settings) {
        Err(RenderError::Output { fault, .. }) => assert_eq!(
            fault.to_string(),
            "would have 4.61 GB of samples; a WAV file holds at most 4.29 GB: use --format i24 or i16, or split the input"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(names(room.folder.path()), ["in.wav"]);
}

#[test]
fn a_stopped_render_leaves_nothing_and_harms_nothing() {
    let room = Room::new();
    wavio::write_f32(&room.path("in.wav"), &[noise(16, 500_000)]);
    let before = fs::read(room.path("in.wav")).expect("a file");
    fs::write(room.path("out.wav"), b"precious").expect("written");
    let stop = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    let seen = AtomicBool::new(false);
    let watch = Watch {
        stop: &stop,
        expected: &|_| {},
        done: &|frames| {
            done.fetch_add(frames, Ordering::Relaxed);
            let unfinished = names(room.folder.path());
            let unfinished = unfinished.iter().any(|name| name.ends_with(".part"));
            seen.store(unfinished, Ordering::Relaxed);
            stop.store(true, Ordering::Relaxed);
        },
    };
    let ended = render(
        &room.job(),
        &mono(noise(17, 100)),
        &Settings::default(),
        watch,
    );
    assert!(matches!(ended, Err(RenderError::Interrupted)));
    let frames = done.load(Ordering::Relaxed);
    assert!(seen.load(Ordering::Relaxed) && (1..500_000).contains(&frames));
    assert_eq!(names(room.folder.path()), ["in.wav", "out.wav"]);
    assert_eq!(fs::read(room.path("out.wav")).expect("a file"), b"precious");
    assert_eq!(fs::read(room.path("in.wav")).expect("a file"), before);
}

#[test]
fn many_files_are_all_tried_and_told_in_order() {
    let room = Room::new();
    let jobs: Vec<Job> = (0..7)
        .map(|n| Job {
            input: room.path(&format!("in{n}.wav")),
            output: room.path(&format!("out{n}.wav")),
            existing: Existing::Keep,
        })
        .collect();
    for (n, job) in jobs.iter().enumerate().filter(|(n, _)| *n != 2) {
        wavio::write(
            &job.input,
            44_100,
            16,
            SampleFormat::Int,
            &[noise(n as u64, 1000 + n)],
        );
    }
    let told = AtomicU64::new(0);
    let each = |_: &Job, _: &Result<Report, RenderError>| {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let source = mono(noise(20, 50));
    let results = render_all(
        &jobs,
        3,
        &source,
        &Settings::default(),
        Watch::nothing(),
        &each,
    );
    assert_eq!(told.load(Ordering::Relaxed), 7);
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(report) => assert_eq!(report.input_frames, 1000 + n as u64),
            Err(error) => assert!(n == 2 && matches!(error, RenderError::Input { .. })),
        }
    }
}
