//! The editor in a host's window, on a screen that nobody sees: embedded, used, resized, closed and opened again, as CLAP
//! and as VST3. `PARTITA_OPENINGS=200` opens it more often; what an opening keeps in memory is printed.
#![cfg(all(feature = "plugin", feature = "editor", target_os = "linux"))]

#[path = "common/clap.rs"]
mod clap;
#[path = "common/drag.rs"]
mod drag;
#[path = "common/screen.rs"]
mod screen;
#[path = "common/vst3.rs"]
mod vst3_host;

use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, Window};
use clap::{Playing, Rig, Told};
use drag::Drag;
use screen::{Pane, Pointer, Screen};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use vst3_host::{Moment, View};

/// How long something may take on a machine that draws everything on its processor and has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// The host: a window on that screen, an instance, and the sound that goes on.
struct Host {
    pane: Pane,
    rig: Rig,
    playing: Option<Playing>,
}

impl Host {
    fn new(screen: &Screen) -> Self {
        let mut rig = Rig::new();
        let playing = Some(rig.play((2, 2), 48_000.0, 256));
        Self {
            pane: Pane::new(&screen.name),
            rig,
            playing,
        }
    }

    /// One block of sound, and what the plugin wants of the main thread.
    fn turn(&mut self) {
        let silence = [0.0; 256];
        let playing = self.playing.as_mut().expect("playing");
        playing.block(&[&silence, &silence], &[]);
        self.rig.call_back();
        std::thread::sleep(Duration::from_millis(5));
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let from = Instant::now();
        while !done(self) {
            assert!(from.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
            self.turn();
        }
    }

    fn open(&mut self) -> GuiSize {
        let (gui, handle) = self.rig.gui();
        let configuration = GuiConfiguration {
            api_type: GuiApiType::X11,
            is_floating: false,
        };
        gui.create(&handle, configuration).expect("an editor");
        let size = gui.get_size(&handle).expect("a size");
        let window = Window::from_x11_handle(self.pane.window.into());
        // SAFETY: the window lives until the end of the test, and every editor is destroyed before.
        unsafe { gui.set_parent(&handle, window) }.expect("embedded");
        // Some hosts show it by themselves, and say so.
        let _ = gui.show(&handle);
        self.pane.resize((size.width, size.height));
        size
    }

    fn close(&mut self) {
        let (gui, handle) = self.rig.gui();
        let _ = gui.hide(&handle);
        gui.destroy(&handle);
    }

    /// Waits until the editor has filled a window of that size, with its picture in it.
    fn drawn(&mut self, size: GuiSize) {
        let size = (size.width, size.height);
        self.wait("a picture of the editor", |host| host.pane.is_drawn(size));
    }

    /// The pointer, at a point of the window.
    fn point(&mut self, does: Pointer, at: (i16, i16)) {
        self.pane.point(does, at);
        // A few frames: a press and a release in one are not a drag.
        for _ in 0..30 {
            self.turn();
        }
    }
}

/// Drops a file on the editor.
fn drop_file(host: &mut Host, file: &Path) {
    let target = host.pane.inner().expect("the editor");
    let mut drag = Drag::new(&host.pane, target, file);
    host.wait("the drop", |host| drag.is_done(&host.pane));
}

/// Threads and open files of this process.
fn held() -> (usize, usize) {
    let count = |folder| fs::read_dir(folder).expect("a process").count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// What glibc has given out and not got back, in kB, whoever asked: us, the driver, X11.
fn given_out() -> f64 {
    /// <malloc.h>, glibc 2.33.
    #[repr(C)]
    struct Mallinfo2 {
        arena: usize,
        ordblks: usize,
        smblks: usize,
        hblks: usize,
        /// In blocks that were mapped each by itself.
        hblkhd: usize,
        usmblks: usize,
        fsmblks: usize,
        /// In all others, of all arenas.
        uordblks: usize,
        fordblks: usize,
        keepcost: usize,
    }
    // SAFETY: glibc's own, declared as in <malloc.h>; it takes nothing and may be called at any time.
    unsafe extern "C" {
        safe fn mallinfo2() -> Mallinfo2;
    }
    let info = mallinfo2();
    (info.hblkhd + info.uordblks) as f64 / 1000.0
}

/// What is in memory, in kB.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a size").parse().expect("a number")
}

/// The most that an opening may keep for good, in kB. heaptrack finds 59 in 1230 blocks: the keyboard's map and its context,
/// which baseview 0.4.2 asks of xkbcommon and never gives back, and less than 1 of the driver's; with what glibc adds to each
/// block that is 84. The rest is room for another keyboard. The letters alone, which a window draws with, would be 4000.
const KEPT: f64 = 120.0;

/// Opens and closes an editor many times. The driver keeps what it has once opened; after that no threads or files may be
/// left, and no memory but [`KEPT`]. (What glibc keeps ready for the next opening, some arenas of it, is no loss.)
fn open_often(format: &str, mut open_and_close: impl FnMut()) {
    let count =
        std::env::var("PARTITA_OPENINGS").map_or(10, |text| text.parse().expect("a number"));
    let (before, kept) = (held(), memory());
    let mut given = vec![given_out()];
    let from = Instant::now();
    for _ in 0..count {
        open_and_close();
        given.push(given_out());
    }
    let each = from.elapsed().as_secs_f64() * 1000.0 / f64::from(count);
    println!("{format}: opened, drawn and closed in {each:.0} ms");
    assert_eq!(held(), before, "threads and files");
    // The middle one: what the loader takes or gives back meanwhile is in one or two of them.
    let mut given: Vec<f64> = given.windows(2).map(|pair| pair[1] - pair[0]).collect();
    given.sort_by(f64::total_cmp);
    let given = given[given.len() / 2];
    let kept = memory().saturating_sub(kept);
    println!(
        "{format}: each of {count} openings kept {given:.0} kB; all together {kept} kB more are in memory"
    );
    assert!(
        given < KEPT,
        "{format}: each opening keeps {given:.0} kB, of {KEPT}"
    );
}

#[test]
fn a_host_embeds_uses_resizes_closes_and_opens_it_again() {
    let screen = Screen::new();
    let home = tempfile::tempdir().expect("a folder");
    // SAFETY: this is the only test of this program, and no other thread of it runs yet.
    unsafe {
        std::env::set_var("DISPLAY", &screen.name);
        std::env::set_var("PARTITA_HOME", home.path());
        std::env::set_var("LIBGL_ALWAYS_SOFTWARE", "1");
    }
    clap(&screen, home.path());
    vst3(&screen);
}

fn clap(screen: &Screen, home: &Path) {
    let mut host = Host::new(screen);
    let size = host.open();
    assert_eq!((size.width, size.height), (1080, 700));
    host.drawn(size);

    // The middle of the knob for the mix; 44 points up are a fifth of its range.
    assert_eq!(host.rig.shown("Mix"), "30 %");
    let (x, y) = (68, 582);
    host.point(Pointer::Moves, (x, y));
    host.point(Pointer::Presses, (x, y));
    host.point(Pointer::Moves, (x, y - 20));
    host.point(Pointer::Moves, (x, y - 44));
    host.point(Pointer::Releases, (x, y - 44));
    host.wait("the mix", |host| host.rig.shown("Mix") == "50 %");
    // The host hears of it: begin, values, end.
    host.wait("the end of the gesture", |host| {
        let told = &host.playing.as_ref().expect("playing").told;
        matches!(told.last(), Some(Told::Ends(_)))
    });
    let mix = host.rig.event("Mix", "50 %");
    assert!(host.rig.wants_a_flush());
    let told = std::mem::take(&mut host.playing.as_mut().expect("playing").told);
    let [Told::Begins(begun), values @ .., Told::Ends(ended)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((*begun, *ended), (mix.0, mix.0));
    let [.., Told::Is(id, value)] = values else {
        panic!("{told:?}");
    };
    assert_eq!(*id, mix.0);
    assert!((value - mix.1).abs() < 1e-6, "{value}, {}", mix.1);
    let is_value = |told: &Told| matches!(told, Told::Is(id, _) if *id == mix.0);
    assert!(values.iter().all(is_value), "{told:?}");

    // The other way: what the host sets is what a drag begins at. Above, the mix was 50 %.
    let low = host.rig.event("Mix", "10 %");
    let silence = [0.0; 256];
    let playing = host.playing.as_mut().expect("playing");
    playing.block(&[&silence, &silence], &[low]);
    for _ in 0..30 {
        host.turn();
    }
    host.point(Pointer::Moves, (x, y));
    host.point(Pointer::Presses, (x, y));
    host.point(Pointer::Moves, (x, y - 20));
    host.point(Pointer::Moves, (x, y - 88));
    host.point(Pointer::Releases, (x, y - 88));
    host.wait("the mix", |host| host.rig.shown("Mix") == "50 %");

    let (gui, handle) = host.rig.gui();
    assert!(gui.can_resize(&handle));
    let tiny = GuiSize {
        width: 100,
        height: 100,
    };
    let least = gui.adjust_size(&handle, tiny).expect("a size");
    // Everything at 75 %.
    assert_eq!((least.width, least.height), (780, 465));
    for larger in [
        GuiSize {
            width: 1400,
            height: 900,
        },
        least,
        GuiSize {
            width: 1300,
            height: 840,
        },
    ] {
        host.pane.resize((larger.width, larger.height));
        let (gui, handle) = host.rig.gui();
        gui.set_size(&handle, larger).expect("resized");
        let now = gui.get_size(&handle).expect("a size");
        assert_eq!((now.width, now.height), (larger.width, larger.height));
        host.drawn(larger);
    }
    host.close();

    // As large as it was.
    let size = host.open();
    assert_eq!((size.width, size.height), (1300, 840));
    host.drawn(size);
    assert_eq!(host.rig.shown("Mix"), "50 %");

    // A file that is dropped on it is what the session refers to from then on.
    let file = home.join("My kitchen.wav");
    fs::write(&file, include_bytes!("../impulses/spring.wav")).expect("written");
    let refers = |host: &mut Host| {
        let session = String::from_utf8_lossy(&host.rig.save()).into_owned();
        session.contains("My kitchen")
    };
    assert!(!refers(&mut host));
    drop_file(&mut host, &file);
    host.wait("the dropped file", refers);
    host.wait("the chooser", |host| {
        host.rig.shown("Impulse") == "My kitchen"
    });
    assert_eq!(host.rig.value("Impulse").round(), 256.0);
    host.close();

    open_often("CLAP", || {
        let size = host.open();
        host.drawn(size);
        host.close();
    });
    let playing = host.playing.take().expect("playing");
    host.rig.stop(playing);
}

/// The VST3 host: an instance in a window, whose sound goes on while `plays`.
struct Vst3 {
    pane: Pane,
    host: vst3_host::Host,
    view: Option<View>,
    plays: bool,
}

impl Vst3 {
    fn open(&mut self) -> (u32, u32) {
        let view = self.view.insert(View::open(&self.host, self.pane.window));
        let size = view.size();
        self.pane.resize(size);
        size
    }

    /// One block of sound with what the editor has done, and what the plugin wants of the main thread.
    fn turn(&mut self) {
        if self.plays {
            let moment = Moment {
                changes: self.host.edits(),
                ..Moment::default()
            };
            let silence = [vec![0.0; 256], vec![0.0; 256]];
            self.host.block(silence, moment, |process| process());
        }
        self.view.as_ref().expect("open").turn();
        std::thread::sleep(Duration::from_millis(5));
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let from = Instant::now();
        while !done(self) {
            assert!(from.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
            self.turn();
        }
    }

    fn drawn(&mut self, size: (u32, u32)) {
        self.wait("a picture of the editor", |host| host.pane.is_drawn(size));
    }

    fn point(&mut self, does: Pointer, at: (i16, i16)) {
        self.pane.point(does, at);
        for _ in 0..30 {
            self.turn();
        }
    }

    fn close(&mut self) {
        self.view.take().expect("open").close();
    }
}

fn vst3(screen: &Screen) {
    let host = vst3_host::Host::new(vst3_host::linked);
    host.setup(48_000.0, 256);
    host.start();
    let mut host = Vst3 {
        pane: Pane::new(&screen.name),
        host,
        view: None,
        plays: true,
    };
    // As large as the settings say since the other one was closed.
    let size = host.open();
    assert_eq!(size, (1300, 840));
    host.drawn(size);

    let least = host.view.as_ref().expect("open").constrained((100, 100));
    assert_eq!(least, (780, 465));
    for size in [(1400, 900), least, (1080, 700)] {
        host.pane.resize(size);
        let view = host.view.as_ref().expect("open");
        view.resize(size);
        assert_eq!(view.size(), size);
        host.drawn(size);
    }

    // The knob for the mix, as above. What is turned is there and in the session, whether blocks follow or not.
    for (plays, mix) in [(true, 0.5), (false, 0.7)] {
        host.plays = plays;
        let (x, y) = (68, 582);
        host.point(Pointer::Moves, (x, y));
        host.point(Pointer::Presses, (x, y));
        host.point(Pointer::Moves, (x, y - 20));
        host.point(Pointer::Moves, (x, y - 44));
        host.point(Pointer::Releases, (x, y - 44));
        host.wait("the mix", |host| {
            (host.host.value("Mix") - mix).abs() < 1e-6
        });
        let other = vst3_host::Host::new(vst3_host::linked);
        other.load(&host.host.save());
        assert!((other.value("Mix") - mix).abs() < 1e-6);
    }
    host.plays = true;
    host.close();

    open_often("VST3", || {
        let size = host.open();
        assert_eq!(size, (1080, 700));
        host.drawn(size);
        host.close();
    });
    host.host.stop();
    host.host.end();
}
