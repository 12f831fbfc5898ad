//! What other programs do to a window: a file that is dropped on it, a window manager's cross.
#![allow(dead_code, reason = "each test file uses its own part")]

use super::screen::Pane;
use std::path::Path;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

fn atom(x: &RustConnection, name: &str) -> u32 {
    let asked = x.intern_atom(false, name.as_bytes());
    asked.expect("an atom").reply().expect("an atom").atom
}

fn send(x: &RustConnection, to: u32, kind: &str, data: [u32; 5]) {
    let message = ClientMessageEvent::new(32, to, atom(x, kind), data);
    let sent = x.send_event(false, to, EventMask::NO_EVENT, message);
    sent.expect("sent");
    x.flush().expect("the screen");
}

/// Does what a window manager does when the user closes a window.
pub fn close(pane: &Pane, window: u32) {
    let data = [atom(&pane.x, "WM_DELETE_WINDOW"), 0, 0, 0, 0];
    send(&pane.x, window, "WM_PROTOCOLS", data);
}

/// A file that is dragged over a window and dropped there, by the protocol of freedesktop.org, XDND 5.
pub struct Drag {
    source: u32,
    target: u32,
    text: String,
    /// Of [`STEPS`], how many have been told.
    told: usize,
}

/// What is told, one after the other, and what is waited for after each.
const STEPS: [(&str, &str); 3] = [
    ("XdndPosition", "XdndStatus"),
    ("XdndPosition", "XdndStatus"),
    ("XdndDrop", "XdndFinished"),
];

impl Drag {
    /// Begins to drag a file over `target`, a window at the screen's corner.
    pub fn new(pane: &Pane, target: u32, file: &Path) -> Self {
        let x = &pane.x;
        let source = x.generate_id().expect("an id");
        let (kind, look) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        x.create_window(0, source, pane.root, 0, 0, 1, 1, 0, kind, 0, &look)
            .expect("a window");
        x.set_selection_owner(source, atom(x, "XdndSelection"), x11rb::CURRENT_TIME)
            .expect("the drag");
        let list = atom(x, "text/uri-list");
        send(x, target, "XdndEnter", [source, 5 << 24, list, 0, 0]);
        let mut drag = Self {
            source,
            target,
            text: format!("file://{}\r\n", file.display()),
            told: 0,
        };
        drag.tell(x);
        drag
    }

    fn tell(&mut self, x: &RustConnection) {
        let (kind, _) = STEPS[self.told];
        let data = match kind {
            "XdndPosition" => {
                let at = (400 + self.told as u32) << 16 | 300;
                [self.source, 0, at, 0, atom(x, "XdndActionCopy")]
            }
            _ => [self.source, 0, 0, 0, 0],
        };
        send(x, self.target, kind, data);
        self.told += 1;
    }

    /// Looks for answers, goes on, gives out the file's name when it is asked for, and says whether it is over.
    pub fn is_done(&mut self, pane: &Pane) -> bool {
        let x = &pane.x;
        while let Some(event) = x.poll_for_event().expect("the screen") {
            match event {
                Event::SelectionRequest(asked) => give(x, &asked, &self.text),
                Event::ClientMessage(told)
                    if told.window == self.source
                        && told.type_ == atom(x, STEPS[self.told - 1].1) =>
                {
                    if self.told == STEPS.len() {
                        return true;
                    }
                    self.tell(x);
                }
                _ => {}
            }
        }
        false
    }
}

fn give(x: &RustConnection, asked: &SelectionRequestEvent, text: &str) {
    let (to, property) = (asked.requestor, asked.property);
    x.change_property8(
        PropMode::REPLACE,
        to,
        property,
        asked.target,
        text.as_bytes(),
    )
    .expect("given");
    let told = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: asked.time,
        requestor: to,
        selection: asked.selection,
        target: asked.target,
        property,
    };
    x.send_event(false, to, EventMask::NO_EVENT, told)
        .expect("told");
    x.flush().expect("the screen");
}
