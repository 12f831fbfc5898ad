//! A session: opens the device, watches it, and opens it again when it comes back.
//!
//! What is guaranteed: whatever the device or its driver does, [`run`] hears a request to end within a tenth of a second:
//! opening and closing, which a driver may hold up, are done on threads of their own, and given up after [`PATIENCE`].

mod opening;

use super::chain::FADE_SECONDS;
use super::control::Control;
use super::deck::{self, Take};
use super::event::Event;
use super::priority::Priority;
use super::stream::{self, OpenError, Opened, Request};
use crate::loader::thread;
use crate::output::Existing;
use crossbeam_channel::RecvTimeoutError;
pub(super) use opening::close_aside;
use opening::{Running, open_aside, silent_device};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a driver may take to open or close.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether anything has happened.
const LOOK: Duration = Duration::from_millis(20);

/// How often the meter is read.
const READ: Duration = Duration::from_millis(200);

/// How long is waited before a device is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// What becomes of a session whose device is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// It waits, and goes on when the device comes.
    #[default]
    Wait,
    /// It ends.
    End,
}

/// How a session goes.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The device.
    pub request: Request,
    /// What to do without it.
    pub missing: Missing,
    /// After how much sound it ends. Time without a device counts too.
    pub duration: Option<Duration>,
    /// How often [`Event::Status`] is told. `None`: never.
    pub status_every: Option<Duration>,
    /// What is recorded from the beginning. After a device was lost it goes on in files with numbers.
    pub record: Vec<(Take, PathBuf)>,
    /// What becomes of such files that are there already.
    pub existing: Existing,
}

/// Why a session has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was over, or somebody wanted it to end.
    Done,
    /// From outside: Ctrl-C, or a request to terminate.
    Stopped,
    /// There is no device, in one line.
    Device(String),
}

/// Plays until it is over. Main thread.
pub fn run(
    settings: &Settings,
    control: &Arc<Control>,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Event),
) -> Ending {
    let mut session = Session {
        settings,
        control,
        stop,
        tell,
        request: settings.request.clone(),
        record: settings.record.clone(),
        opened: 0,
        before: Duration::ZERO,
        xruns: 0,
    };
    let ending = session.run();
    let (seconds, xruns) = (session.before.as_secs_f64(), session.xruns);
    (session.tell)(Event::Ended { seconds, xruns });
    ending
}

struct Session<'a> {
    settings: &'a Settings,
    control: &'a Arc<Control>,
    stop: &'a AtomicBool,
    tell: &'a mut dyn FnMut(Event),
    /// What is asked for; once a device has played, that one.
    request: Request,
    /// What is to be recorded as soon as a device plays.
    record: Vec<(Take, PathBuf)>,
    /// How often one has been opened.
    opened: u32,
    /// Sound of devices that are gone, and time without one.
    before: Duration,
    /// Of devices that are gone.
    xruns: u64,
}

/// Why a device is left.
enum Left {
    Over(Ending),
    Lost(stream::Lost),
}

impl Session<'_> {
    fn run(&mut self) -> Ending {
        let mut said = None;
        loop {
            let begun = Instant::now();
            let attempt = match self.open() {
                Ok(attempt) => attempt,
                Err(ending) => return ending,
            };
            match attempt {
                Ok(running) => {
                    said = None;
                    self.control.wait_for(None);
                    self.stay(&running.opened);
                    match self.play(running) {
                        Left::Over(ending) => return ending,
                        Left::Lost(why) => {
                            self.control.wait_for(Some(why.to_string()));
                            (self.tell)(Event::Lost { reason: why });
                            if self.settings.missing == Missing::End {
                                return Ending::Device(why.to_string());
                            }
                        }
                    }
                }
                Err(error) => {
                    let reason = error.to_string();
                    if self.settings.missing == Missing::End {
                        return Ending::Device(reason);
                    }
                    if said.as_ref() != Some(&reason) {
                        self.control.wait_for(Some(reason.clone()));
                        (self.tell)(Event::Waiting {
                            reason: reason.clone(),
                        });
                        said = Some(reason);
                    }
                    self.before += begun.elapsed();
                    let waited = Instant::now();
                    while waited.elapsed() < PAUSE {
                        if let Some(ending) = self.over(self.before + waited.elapsed()) {
                            self.before += waited.elapsed();
                            return ending;
                        }
                        std::thread::sleep(LOOK);
                    }
                    self.before += waited.elapsed();
                }
            }
        }
    }

    /// What plays is waited for when it goes, not the default of that moment.
    fn stay(&mut self, opened: &Opened) {
        if self.request.output == stream::Choice::Default {
            self.request.output = stream::Choice::Device(opened.output.clone());
        }
        if let (stream::Choice::Default, Some(input)) = (&self.request.input, &opened.input) {
            self.request.input = stream::Choice::Device(input.clone());
        }
    }

    /// Whether it is over, after so much sound.
    fn over(&self, elapsed: Duration) -> Option<Ending> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(Ending::Stopped);
        }
        let over = self.settings.duration.is_some_and(|all| elapsed >= all);
        (over || self.control.is_quitting()).then_some(Ending::Done)
    }

    /// The outer error: it is over before the device has been opened.
    fn open(&self) -> Result<Result<Running, OpenError>, Ending> {
        let opening = open_aside(self.request.clone(), Arc::clone(self.control));
        let begun = Instant::now();
        loop {
            match opening.recv_timeout(LOOK) {
                Ok(opened) => return Ok(opened),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(silent_device(&self.request)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(ending) = self.over(self.before + begun.elapsed()) {
                return Err(ending);
            }
            if begun.elapsed() > PATIENCE {
                return Ok(Err(silent_device(&self.request)));
            }
        }
    }

    fn play(&mut self, running: Running) -> Left {
        let Running {
            stream,
            mut opened,
            alarm,
            playing,
        } = running;
        let (rate, period) = (f64::from(opened.sample_rate), opened.period);
        let gauges = Arc::clone(&playing.made.ends.gauges);
        let mut said = playing.made.first.clone();
        self.control.desk.close(false);
        self.control.attach(Some(playing));
        // A server adds the latency up once it has connected everything; the audio thread tells what it is as it begins.
        for _ in 0..10 {
            let known = alarm.priority() != Priority::Unknown;
            if known && stream.link().round_trip_ms.is_some() {
                break;
            }
            std::thread::sleep(LOOK);
        }
        let round_trip_ms = stream.link().round_trip_ms;
        opened.notes.extend(alarm.ask_priority_again());
        let priority = alarm.priority();
        (self.tell)(Event::Opened {
            opened,
            round_trip_ms,
            priority,
        });
        self.tell_loaded(&said, rate);
        self.opened += 1;
        self.begin_recordings();
        let (mut stuck, mut howls) = (Vec::new(), 0);
        let played = || Duration::from_secs_f64(gauges.frames() as f64 / rate);
        let mut counted = Counted::new();
        let (mut told, mut read) = (Instant::now(), Instant::now());
        let left = loop {
            std::thread::sleep(LOOK);
            if let Some(why) = alarm.lost() {
                break Left::Lost(why);
            }
            if let Some(ending) = self.over(self.before + played()) {
                break Left::Over(ending);
            }
            if let Some(loaded) = self.control.loaded()
                && (&loaded.name, &loaded.error) != (&said.name, &said.error)
            {
                // Another shape of it is no news.
                self.tell_loaded(&loaded, rate);
                said = loaded;
            }
            if read.elapsed() >= READ {
                read = Instant::now();
                let link = stream.link();
                self.control.look(link);
                self.tell_stuck(&mut stuck);
                let status = self.control.status();
                if status.howls > howls {
                    howls = status.howls;
                    (self.tell)(Event::Howl {
                        hertz: status.howl_hz,
                    });
                }
                if let Some((xruns, seconds)) = counted.count(alarm.xruns() + link.gaps) {
                    (self.tell)(Event::ManyXruns {
                        xruns,
                        seconds,
                        period,
                    });
                }
            }
            if self
                .settings
                .status_every
                .is_some_and(|every| told.elapsed() >= every)
            {
                told = Instant::now();
                let status = self.control.status();
                (self.tell)(Event::Status { status });
            }
        };
        if matches!(left, Left::Over(_)) {
            self.control.desk.close(true);
            let closing = Instant::now();
            // A device that has stopped meanwhile never gets there.
            while !gauges.is_silent() && closing.elapsed().as_secs_f64() < 4.0 * FADE_SECONDS {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        self.end_recordings(matches!(left, Left::Lost(_)));
        self.before += played();
        self.xruns += alarm.xruns() + stream.link().gaps;
        close_aside(stream);
        // The loader's thread is waited for.
        drop(self.control.attach(None));
        left
    }

    fn begin_recordings(&mut self) {
        for (take, first) in std::mem::take(&mut self.record) {
            let path = deck::numbered(&first, self.opened);
            let existing = self.settings.existing;
            (self.tell)(match self.control.record(take, &path, existing) {
                Ok(()) => Event::Recording { take, path },
                Err(error) => Event::RecordingFailed {
                    reason: error.to_string(),
                },
            });
        }
    }

    /// What ran is to run again, if the device was lost.
    fn end_recordings(&mut self, lost: bool) {
        for taken in self.control.stop_recordings() {
            (self.tell)(match taken {
                Ok(taken) => {
                    if lost {
                        self.record
                            .push((taken.take, deck::unnumbered(&taken.path, self.opened)));
                    }
                    Event::Recorded { taken }
                }
                Err(error) => Event::RecordingFailed {
                    reason: error.to_string(),
                },
            });
        }
    }

    fn tell_stuck(&mut self, told: &mut Vec<PathBuf>) {
        for recording in self.control.status().recordings {
            let known = told.iter().position(|path| *path == recording.path);
            match (recording.stuck, known) {
                (Some(reason), None) => {
                    told.push(recording.path.clone());
                    (self.tell)(Event::RecordingStuck {
                        path: recording.path,
                        reason,
                    });
                }
                (None, Some(known)) => drop(told.remove(known)),
                _ => {}
            }
        }
    }

    fn tell_loaded(&mut self, loaded: &thread::Status, rate: f64) {
        (self.tell)(match &loaded.error {
            Some(reason) => Event::ImpulseFailed {
                reason: reason.clone(),
            },
            None => Event::Impulse {
                name: loaded.name.clone(),
                tail_seconds: f64::from(loaded.tail_frames) / rate,
                gain_db: loaded.gain_db,
            },
        });
    }
}

/// Looks for xruns that come again and again.
struct Counted {
    /// When the count was begun, and at what.
    since: Instant,
    from: u64,
    told: bool,
}

/// So many xruns within [`COUNTED`] are too many.
const MANY: u64 = 5;
const COUNTED: Duration = Duration::from_secs(5);

impl Counted {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            from: 0,
            told: false,
        }
    }

    /// How many in how many seconds, the first time that these are too many.
    fn count(&mut self, xruns: u64) -> Option<(u64, f64)> {
        let (new, passed) = (xruns - self.from.min(xruns), self.since.elapsed());
        if new >= MANY && !self.told {
            self.told = true;
            return Some((new, passed.as_secs_f64()));
        }
        if passed > COUNTED {
            (self.since, self.from) = (Instant::now(), xruns);
        }
        None
    }
}
