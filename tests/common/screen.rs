//! A screen that nobody sees, and a window on it for a host to put editors into.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux, ConnectionExt as _,
    CreateWindowAux, ImageFormat, MOTION_NOTIFY_EVENT, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// A screen in memory.
pub struct Screen {
    server: Child,
    pub name: String,
}

impl Screen {
    pub fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x1000x24"])
            .args(["-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: cargo xtask test installs it");
        let mut line = String::new();
        let output = server.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the number of the screen");
        Self {
            server,
            name: format!(":{}", line.trim()),
        }
    }
}

impl Screen {
    /// Takes it away, with all that is on it.
    pub fn take_away(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.take_away();
    }
}

/// What is behind the editor while it has not drawn: a colour of no theme.
const BEHIND: u32 = 0x00_44_88;

/// What the pointer does.
#[derive(Clone, Copy)]
pub enum Pointer {
    Moves,
    Presses,
    Releases,
}

/// A part of the screen: left, top, width, height.
pub type Part = (i16, i16, u16, u16);

/// A host's window.
pub struct Pane {
    pub x: RustConnection,
    pub root: u32,
    pub window: u32,
}

impl Pane {
    pub fn new(screen: &str) -> Self {
        let (x, number) = x11rb::connect(Some(screen)).expect("the screen");
        let setup = &x.setup().roots[number];
        let (root, depth, visual) = (setup.root, setup.root_depth, setup.root_visual);
        let window = x.generate_id().expect("an id");
        let look = CreateWindowAux::new().background_pixel(BEHIND);
        let kind = WindowClass::INPUT_OUTPUT;
        x.create_window(depth, window, root, 0, 0, 1080, 700, 0, kind, visual, &look)
            .expect("a window");
        x.map_window(window).expect("a window");
        x.flush().expect("the screen");
        Self { x, root, window }
    }

    /// The screen itself, on which windows of their own lie.
    pub fn of_all(screen: &str) -> Self {
        let (x, number) = x11rb::connect(Some(screen)).expect("the screen");
        let root = x.setup().roots[number].root;
        Self {
            x,
            root,
            window: root,
        }
    }

    pub fn resize(&self, (width, height): (u32, u32)) {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.x
            .configure_window(self.window, &size)
            .expect("resized");
        self.x.flush().expect("the screen");
    }

    /// What is seen there: colours from left to right, from top to bottom.
    pub fn see(&self, (left, top, width, height): Part) -> Vec<u32> {
        let (format, all) = (ImageFormat::Z_PIXMAP, !0);
        let image = self
            .x
            .get_image(format, self.root, left, top, width, height, all)
            .expect("a picture")
            .reply()
            .expect("a picture");
        let pixels = image.data.chunks_exact(4);
        pixels
            .map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]))
            .collect()
    }

    fn seen(&self, (width, height): (u32, u32)) -> Vec<u32> {
        self.see((0, 0, width as u16, height as u16))
    }

    /// The first window within it, if there is one.
    pub fn inner(&self) -> Option<u32> {
        let tree = self.x.query_tree(self.window).expect("windows");
        tree.reply().expect("windows").children.first().copied()
    }

    /// Whether the editor has filled a window of that size.
    pub fn is_filled(&self, size: (u32, u32)) -> bool {
        !self.seen(size).contains(&BEHIND)
    }

    /// Whether it has, with its picture in it.
    pub fn is_drawn(&self, size: (u32, u32)) -> bool {
        let seen = self.seen(size);
        let behind = seen.iter().filter(|pixel| **pixel == BEHIND).count();
        let accent = seen.iter().filter(|pixel| **pixel == 0xE6_AC_5C).count();
        // The impulse: thousands of points of its colour.
        behind == 0 && accent > 3000
    }

    /// The pointer, at a point of the window.
    pub fn point(&self, does: Pointer, (x, y): (i16, i16)) {
        let (kind, detail) = match does {
            Pointer::Moves => (MOTION_NOTIFY_EVENT, 0),
            Pointer::Presses => (BUTTON_PRESS_EVENT, 1),
            Pointer::Releases => (BUTTON_RELEASE_EVENT, 1),
        };
        self.x
            .xtest_fake_input(kind, detail, 0, self.root, x, y, 0)
            .expect("a pointer");
        self.x.flush().expect("the screen");
    }
}
