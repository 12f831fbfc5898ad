//! The recorder: the samples to the bit, gaps where they were, nothing lost by a full disk or a kill but what is told.

use super::oracle::Noise;
use assert_no_alloc::assert_no_alloc;
use partita::live::recorder::{
    self, Gap, RING_SECONDS, RecordFault, Recorder, Recording, Sink, Status, Tape,
};
use partita::output::{Destination, Existing, Format, GrowingWav, OutputFault};
use partita::render::WavReader;
use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

const STEREO: Recording = Recording {
    channels: 2,
    sample_rate: 48_000,
    format: Format::F32,
};

fn destination(path: &Path) -> Destination {
    Destination::check(path, &[], Existing::Keep).expect("a free name")
}

/// Pushes all of `x` in blocks of random length, as fast as it goes.
fn play(tape: &mut Tape, x: &[Vec<f32>], noise: &mut Noise) {
    let mut from = 0;
    while from < x[0].len() {
        let to = x[0].len().min(from + noise.within(1, 3000));
        let block: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
        assert_no_alloc(|| tape.push(&block));
        from = to;
    }
}

fn until(what: &str, recorder: &Recorder, done: impl Fn(&Status) -> bool) -> Status {
    let begun = Instant::now();
    loop {
        let status = recorder.status();
        if done(&status) {
            return status;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{what}: {status:?}"
        );
        sleep(Duration::from_millis(5));
    }
}

/// The channels of a file, read by hound.
fn read(mut reader: hound::WavReader<impl Read>) -> Vec<Vec<f32>> {
    let spec = reader.spec();
    let mut channels = vec![Vec::new(); usize::from(spec.channels)];
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples().map(|x| x.expect("a sample")).collect(),
        hound::SampleFormat::Int => {
            let scale = (1_u32 << (spec.bits_per_sample - 1)) as f32;
            let samples = reader.samples::<i32>();
            samples
                .map(|x| x.expect("a sample") as f32 / scale)
                .collect()
        }
    };
    for (index, sample) in samples.into_iter().enumerate() {
        channels[index % usize::from(spec.channels)].push(sample);
    }
    channels
}

fn open(path: &Path) -> Vec<Vec<f32>> {
    read(hound::WavReader::open(path).expect("hound reads it"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_pushed_is_in_the_file_to_the_bit_and_only_then_has_it_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("take.wav");
    let (mut tape, recorder) = recorder::start(destination(&path), STEREO).expect("starts");
    let mut noise = Noise::new(1);
    let x = noise.channels(2, 100_000);
    play(&mut tape, &x, &mut noise);
    until("written", &recorder, |status| status.frames == 100_000);
    let found = names(folder.path());
    assert!(found.len() == 1 && found[0].starts_with("take.part-") && found[0].ends_with(".wav"));
    // More channels than are recorded, then fewer: the rest is left out, or silent.
    tape.push(&[[0.5; 8], [0.25; 8], [0.125; 8]]);
    tape.push(&[[0.5; 8]]);
    tape.push::<[f32; 8]>(&[]);
    let recorded = recorder.finish().expect("finished");
    assert_eq!(names(folder.path()), ["take.wav"]);
    let canonical = fs::canonicalize(&path).expect("there");
    assert_eq!(
        recorded
            .path
            .as_deref()
            .map(|path| fs::canonicalize(path).expect("there")),
        Some(canonical)
    );
    assert_eq!((recorded.status.frames, recorded.status.lost), (100_016, 0));
    let peak = x
        .iter()
        .flatten()
        .fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert_eq!((recorded.peak, recorded.over), (peak, 0));
    let y = open(&path);
    assert!(y[0][..100_000] == x[0] && y[1][..100_000] == x[1]);
    assert_eq!(y[1][100_000..], [[0.25; 8], [0.0; 8]].concat());
    // The tape goes on for nobody.
    tape.push(&[[0.5; 8]; 2]);
}

#[test]
fn sixty_four_channels_no_frames_and_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut noise = Noise::new(2);
    for (format, channels, frames, within) in [
        (Format::F32, 64, 20_000, 0.0),
        // The dither is at most one step, rounding half of one.
        (Format::I24, 64, 20_000, 1.5 / 8_388_608.0),
        (Format::I16, 1, 20_001, 1.5 / 32_768.0),
        // An odd number of bytes needs one of padding.
        (Format::I24, 1, 1001, 1.5 / 8_388_608.0),
        (Format::F32, 2, 0, 0.0),
        (Format::I24, 64, 0, 0.0),
    ] {
        let path = folder
            .path()
            .join(format!("{format:?}-{channels}-{frames}.wav"));
        let recording = Recording {
            channels,
            format,
            ..STEREO
        };
        let (mut tape, recorder) = recorder::start(destination(&path), recording).expect("starts");
        let x = noise.channels(channels, frames);
        play(&mut tape, &x, &mut noise);
        let recorded = recorder.finish().expect("finished");
        assert_eq!(
            (recorded.status.frames, recorded.status.lost),
            (frames as u64, 0)
        );
        let bytes = fs::read(&path).expect("there");
        let riff = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
        assert_eq!(bytes.len(), riff as usize + 8);
        assert_eq!(bytes.len() % 2, 0);
        let y = open(&path);
        assert_eq!(y.len(), channels);
        for (x, y) in x.iter().zip(&y) {
            assert_eq!(x.len(), y.len());
            assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() <= within + 1e-9));
        }
    }
    for (channels, sample_rate) in [(0, 48_000), (65, 48_000), (2, 0)] {
        let bad = Recording {
            channels,
            sample_rate,
            ..STEREO
        };
        let path = folder.path().join("none.wav");
        let refused = recorder::start(destination(&path), bad);
        assert!(matches!(refused, Err(RecordFault::Recording(_))));
        assert!(!path.exists());
    }
}

/// A disk in memory that can be full, and slow.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    file: Cursor<Vec<u8>>,
    /// Bytes that the file may have.
    room: Option<usize>,
    slow: bool,
    whole: Option<u64>,
}

impl Disk {
    fn set(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.0.lock().expect("a disk"));
    }

    fn contents(&self) -> Vec<u8> {
        self.0.lock().expect("a disk").file.get_ref().clone()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.0.lock().expect("a disk").slow {
            sleep(Duration::from_millis(1));
        }
        let mut inner = self.0.lock().expect("a disk");
        let at = inner.file.position() as usize;
        let room = inner
            .room
            .map_or(usize::MAX, |room| room.saturating_sub(at));
        if room == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        // A full disk takes the part that fits first.
        inner.file.write(&bytes[..bytes.len().min(room)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.lock().expect("a disk").file.seek(to)
    }
}

impl Sink for Disk {
    fn complete(self, bytes: u64) -> Result<Option<PathBuf>, RecordFault> {
        self.set(|inner| {
            inner.whole = Some(bytes);
            inner.file.get_mut().truncate(bytes as usize);
        });
        Ok(None)
    }
}

/// Half a minute of a counter, so that every frame says where it belongs; exact in f32 below 2²⁴.
fn counter(from: usize, frames: usize) -> Vec<Vec<f32>> {
    let count = |n: usize| (from + n + 1) as f32;
    let left: Vec<f32> = (0..frames).map(count).collect();
    let right = left.iter().map(|x| -x).collect();
    vec![left, right]
}

/// Every frame is in its place or silent, and silent exactly where the gaps say.
fn in_time(y: &[Vec<f32>], gaps: &[Gap]) {
    for (n, (&left, &right)) in y[0].iter().zip(&y[1]).enumerate() {
        let n = n as u64;
        let missing = gaps
            .iter()
            .any(|gap| (gap.at..gap.at + gap.frames).contains(&n));
        let want = if missing { 0.0 } else { (n + 1) as f32 };
        assert!(
            left == want && right == -want,
            "frame {n}: {left}, not {want}"
        );
    }
}

#[test]
fn a_slow_disk_makes_gaps_that_are_told_and_time_stays_right() {
    let disk = Disk::default();
    let (mut tape, recorder) = recorder::start_on(disk.clone(), STEREO).expect("starts");
    let mut noise = Noise::new(3);
    let second = 48_000;
    play(&mut tape, &counter(0, second), &mut noise);
    until("first", &recorder, |status| status.frames == second as u64);
    for pause in 0..2 {
        disk.set(|inner| inner.slow = true);
        // Twice what the ring holds. The pushes never wait: nobody takes anything away meanwhile.
        let from = second + pause * 10 * second;
        play(&mut tape, &counter(from, 9 * second), &mut noise);
        let lost = recorder.status().lost;
        assert!(lost > 0);
        disk.set(|inner| inner.slow = false);
        until("the ring is empty", &recorder, |status| {
            status.frames + lost - status.gaps.iter().map(|gap| gap.frames).sum::<u64>()
                >= (from + 9 * second) as u64
        });
        play(&mut tape, &counter(from + 9 * second, second), &mut noise);
        until("after it", &recorder, |status| {
            status.frames == (from + 10 * second) as u64
        });
    }
    let recorded = recorder.finish().expect("finished");
    let Status {
        frames,
        lost,
        gaps,
        stuck,
    } = recorded.status;
    println!("{frames} frames, {lost} lost, {gaps:?}");
    assert_eq!((frames, gaps.len(), stuck), (21 * second as u64, 2, None));
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), lost);
    // The ring held four seconds, and what the writer had in hand.
    assert!(gaps[0].at >= (1 + RING_SECONDS as u64) * second as u64 - 3000);
    let y = read(hound::WavReader::new(Cursor::new(disk.contents())).expect("hound reads it"));
    assert_eq!(y[0].len(), 21 * second);
    in_time(&y, &gaps);
}

#[test]
fn a_full_disk_is_told_and_what_fits_is_kept() {
    let second = 48_000;
    let mut noise = Noise::new(4);
    // It stays full.
    let disk = Disk::default();
    disk.set(|inner| inner.room = Some(1_000_003));
    let (mut tape, recorder) = recorder::start_on(disk.clone(), STEREO).expect("starts");
    play(&mut tape, &counter(0, 8 * second), &mut noise);
    let status = until("stuck", &recorder, |status| status.stuck.is_some());
    println!("{status:?}");
    let recorded = recorder.finish().expect("finished");
    let status = recorded.status;
    assert!(status.stuck.is_some());
    assert_eq!(status.frames + status.lost, 8 * second as u64);
    // All but the last block that did not fit.
    assert!((120_000..125_000).contains(&status.frames), "{status:?}");
    let bytes = disk.contents();
    assert!(bytes.len() <= 1_000_003);
    let y = read(hound::WavReader::new(Cursor::new(bytes)).expect("hound reads it"));
    assert_eq!(y[0].len() as u64, status.frames);
    in_time(&y, &[]);

    // Somebody makes room.
    let disk = Disk::default();
    disk.set(|inner| inner.room = Some(300_000));
    let (mut tape, recorder) = recorder::start_on(disk.clone(), STEREO).expect("starts");
    play(&mut tape, &counter(0, 6 * second), &mut noise);
    until("stuck", &recorder, |status| status.stuck.is_some());
    disk.set(|inner| inner.room = None);
    until("goes on", &recorder, |status| status.stuck.is_none());
    until("written", &recorder, |status| {
        status.frames > 3 * second as u64
    });
    play(&mut tape, &counter(6 * second, second), &mut noise);
    let recorded = recorder.finish().expect("finished");
    let status = recorded.status;
    println!("{status:?}");
    assert_eq!((status.frames, status.stuck), (7 * second as u64, None));
    let y = read(hound::WavReader::new(Cursor::new(disk.contents())).expect("hound reads it"));
    assert_eq!(y[0].len(), 7 * second);
    in_time(&y, &status.gaps);

    // Not even a header fits.
    let disk = Disk::default();
    disk.set(|inner| inner.room = Some(10));
    let refused = recorder::start_on(disk, STEREO).map(drop);
    assert!(matches!(
        refused,
        Err(RecordFault::Output(OutputFault::Io(_)))
    ));
}

#[test]
fn beyond_four_gigabytes_it_is_rf64() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.wav");
    let file = fs::File::create_new(&path).expect("a new file");
    let mut wav = GrowingWav::new(file, Format::F32, 64, 48_000).expect("a header");
    let mut noise = Noise::new(5);
    let x = noise.channels(64, 3000);
    let slices: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
    wav.write(&slices).expect("written");
    wav.keep().expect("kept");
    let form = |path: &Path| {
        let mut head = [0; 80];
        fs::File::open(path)
            .expect("there")
            .read_exact(&mut head)
            .expect("a header");
        head
    };
    assert_eq!(
        (&form(&path)[..4], &form(&path)[12..16]),
        (&b"RIFF"[..], &b"JUNK"[..])
    );
    // The longest plain one: 2³² − 1 is the mark of a long one.
    let header = 12 + 36 + 48 + 12 + 8;
    let plain = (u64::from(u32::MAX) - 1 + 8 - header) / 256;
    wav.silence(plain - 3000);
    wav.keep().expect("kept");
    assert_eq!(&form(&path)[..4], b"RIFF");
    wav.silence(1);
    wav.keep().expect("kept");
    assert_eq!(
        (&form(&path)[..4], &form(&path)[12..16]),
        (&b"RF64"[..], &b"ds64"[..])
    );
    wav.silence(100_000);
    wav.write(&slices).expect("written");
    wav.keep().expect("kept");
    let frames = plain + 1 + 100_000 + 3000;
    assert_eq!(wav.written().frames, frames);
    drop(wav.into_sink());
    let length = fs::metadata(&path).expect("there").len();
    assert_eq!(length, header + 256 * frames);
    assert!(length > 1 << 32);
    #[cfg(unix)]
    {
        let used =
            std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&path).expect("there")) * 512;
        println!("{length} bytes, of which {used} on the disk");
        assert!(used < 64 << 20, "the silence takes room");
    }
    let head = form(&path);
    let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
    assert_eq!(
        (word(20), word(28), word(36)),
        (length - 8, 256 * frames, frames)
    );
    // Our own reader takes it, and the last block is where it belongs.
    let reader = WavReader::open(&path).expect("a WAV file");
    assert_eq!((reader.frames(), reader.channels()), (frames, 64));
    let mut file = fs::File::open(&path).expect("there");
    file.seek(SeekFrom::End(-256 * 3000)).expect("there");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    for (at, sample) in bytes.chunks_exact(4).enumerate() {
        let sample = f32::from_le_bytes(sample.try_into().expect("four bytes"));
        assert_eq!(sample, x[at % 64][at / 64]);
    }
}

#[test]
fn a_name_that_is_taken_meanwhile_and_a_recorder_that_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("take.wav");
    let (mut tape, recorder) = recorder::start(destination(&path), STEREO).expect("starts");
    tape.push(&counter(0, 1000));
    fs::write(&path, "another").expect("written");
    let Err(RecordFault::Left { path: left, fault }) = recorder.finish() else {
        panic!("it has been placed over another file");
    };
    assert!(matches!(fault, OutputFault::Exists));
    assert_eq!(fs::read(&path).expect("there"), b"another");
    in_time(&open(&left), &[]);
    let path = folder.path().join("dropped.wav");
    let (mut tape, recorder) = recorder::start(destination(&path), STEREO).expect("starts");
    tape.push(&counter(0, 1000));
    drop(recorder);
    assert_eq!(open(&path)[0].len(), 1000);
}

/// What makes the started-again test record until it is killed.
const KILLED: &str = "PARTITA_RECORDER_KILLED";

/// Records for [`a_kill_leaves_a_file_that_opens`]. Does nothing in an ordinary run.
#[test]
fn recording_to_be_killed() {
    let Some(path) = std::env::var_os(KILLED) else {
        return;
    };
    let (mut tape, recorder) =
        recorder::start(destination(Path::new(&path)), STEREO).expect("starts");
    for block in 0.. {
        tape.push(&counter(block * 480, 480));
        sleep(Duration::from_millis(10));
        if block == 250 {
            println!("now: {}", recorder.status().frames);
        }
        assert!(block < 3000, "nobody killed it");
    }
}

#[test]
fn a_kill_leaves_a_file_that_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("take.wav");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "recorder::recording_to_be_killed", "--nocapture"])
        .env(KILLED, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts again");
    let mut told = io::BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("now: ") {
        line.clear();
        let read = io::BufRead::read_line(&mut told, &mut line).expect("it tells");
        assert!(read > 0, "it ended");
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let left = names(folder.path());
    println!("left: {left:?}; written then: {line}");
    assert!(left.len() == 1 && left[0].starts_with("take.part-"));
    let written: usize = line
        .trim()
        .rsplit(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    let y = open(&folder.path().join(&left[0]));
    // All but what came since the header was put right, a second ago at most, and what then waited to be written.
    println!("{} of {written} frames open", y[0].len());
    assert!(!y[0].is_empty() && y[0].len() + 2 * 48_000 > written);
    in_time(&y, &[]);
}
