//! What the windowing library tells, as egui wants to hear it.

use baseview::{
    DropData, DropEffect, EventStatus, MouseButton, MouseCursor, MouseEvent, ScrollDelta,
};
use egui::{
    CursorIcon, DroppedFile, Event, HoveredFile, Modifiers, PointerButton, Pos2, RawInput, vec2,
};
use keyboard_types::{Key, KeyState, KeyboardEvent, NamedKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What must be known of earlier events.
#[derive(Default)]
pub(super) struct Translator {
    /// In pixels: how many of them a point has may change between a move and a press.
    pointer: Pos2,
    modifiers: Modifiers,
}

/// A file that was dropped on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

impl Translator {
    /// Main thread.
    pub fn mouse(&mut self, event: MouseEvent, scale: f32, input: &mut RawInput) -> EventStatus {
        let pixel = |position: baseview::dpi::PhysicalPosition<f64>| {
            Pos2::new(position.x as f32, position.y as f32)
        };
        match event {
            MouseEvent::CursorMoved {
                position,
                modifiers,
            } => {
                self.modify(modifiers, input);
                self.pointer = pixel(position);
                input.events.push(Event::PointerMoved(self.pointer / scale));
            }
            MouseEvent::ButtonPressed { button, modifiers } => {
                self.button((button, true), modifiers, scale, input);
            }
            MouseEvent::ButtonReleased { button, modifiers } => {
                self.button((button, false), modifiers, scale, input);
            }
            MouseEvent::WheelScrolled { delta, modifiers } => {
                self.modify(modifiers, input);
                let (unit, delta) = match delta {
                    ScrollDelta::Lines { x, y } => (egui::MouseWheelUnit::Line, vec2(x, y)),
                    ScrollDelta::Pixels { x, y } => {
                        (egui::MouseWheelUnit::Point, vec2(x, y) / scale)
                    }
                };
                input.events.push(Event::MouseWheel {
                    unit,
                    delta,
                    modifiers: self.modifiers,
                    phase: egui::TouchPhase::Move,
                    source: egui::MouseWheelSource::Unknown,
                });
            }
            MouseEvent::CursorLeft => input.events.push(Event::PointerGone),
            MouseEvent::DragEntered { position, data, .. }
            | MouseEvent::DragMoved { position, data, .. } => {
                self.pointer = pixel(position);
                input.events.push(Event::PointerMoved(self.pointer / scale));
                let hovered = |path| HoveredFile {
                    path: Some(path),
                    ..HoveredFile::default()
                };
                input.hovered_files = files(data).into_iter().map(hovered).collect();
                return if input.hovered_files.is_empty() {
                    EventStatus::Ignored
                } else {
                    EventStatus::AcceptDrop(DropEffect::Copy)
                };
            }
            MouseEvent::DragLeft => input.hovered_files.clear(),
            MouseEvent::DragDropped { position, data, .. } => {
                self.pointer = pixel(position);
                input.hovered_files.clear();
                let files = files(data).into_iter();
                let dropped = files.map(|path| Arc::new(Dropped(path)) as egui::DroppedFileHandle);
                input.dropped_files.extend(dropped);
                return EventStatus::AcceptDrop(DropEffect::Copy);
            }
            _ => return EventStatus::Ignored,
        }
        EventStatus::Captured
    }

    fn button(
        &mut self,
        (button, pressed): (MouseButton, bool),
        modifiers: keyboard_types::Modifiers,
        scale: f32,
        input: &mut RawInput,
    ) {
        self.modify(modifiers, input);
        let button = match button {
            MouseButton::Left => PointerButton::Primary,
            MouseButton::Right => PointerButton::Secondary,
            MouseButton::Middle => PointerButton::Middle,
            _ => return,
        };
        input.events.push(Event::PointerButton {
            pos: self.pointer / scale,
            button,
            pressed,
            modifiers: self.modifiers,
        });
    }

    fn modify(&mut self, modifiers: keyboard_types::Modifiers, input: &mut RawInput) {
        let modifiers = modifiers_of(modifiers);
        if modifiers != self.modifiers {
            self.modifiers = modifiers;
            input.events.push(Event::ModifiersChanged(modifiers));
        }
    }

    /// Main thread.
    pub fn key(&mut self, event: KeyboardEvent, input: &mut RawInput) {
        self.modify(event.modifiers, input);
        let pressed = event.state == KeyState::Down;
        if pressed && self.modifiers.command {
            match name(&event.key).to_lowercase().as_str() {
                "c" => input.events.push(Event::Copy),
                "x" => input.events.push(Event::Cut),
                _ => {}
            }
        }
        if let Some(key) = egui::Key::from_name(&name(&event.key)) {
            input.events.push(Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: event.repeat,
                modifiers: self.modifiers,
            });
        }
        // AltGr is Ctrl and Alt on some systems, and types signs.
        let types = !self.modifiers.command || self.modifiers.alt;
        if let Key::Character(text) = event.key
            && pressed
            && types
            && !text.chars().any(char::is_control)
        {
            input.events.push(Event::Text(text));
        }
    }
}

fn modifiers_of(modifiers: keyboard_types::Modifiers) -> Modifiers {
    let apple = cfg!(target_os = "macos");
    Modifiers {
        alt: modifiers.alt(),
        ctrl: modifiers.ctrl(),
        shift: modifiers.shift(),
        mac_cmd: apple && modifiers.meta(),
        command: if apple {
            modifiers.meta()
        } else {
            modifiers.ctrl()
        },
    }
}

fn files(data: DropData) -> Vec<PathBuf> {
    match data {
        DropData::Files(files) => files,
        _ => Vec::new(),
    }
}

fn name(key: &Key) -> String {
    match key {
        Key::Character(text) => text.clone(),
        Key::Named(named) => named.to_string(),
    }
}

/// Whether the key does something to a control that has the focus and is not being typed in. The space bar is the host's.
pub(super) fn works_on_focus(event: &KeyboardEvent, focused: bool) -> bool {
    match &event.key {
        Key::Named(NamedKey::Tab) => true,
        Key::Named(
            NamedKey::ArrowUp
            | NamedKey::ArrowDown
            | NamedKey::ArrowLeft
            | NamedKey::ArrowRight
            | NamedKey::PageUp
            | NamedKey::PageDown
            | NamedKey::Home
            | NamedKey::End
            | NamedKey::Enter
            | NamedKey::Escape
            | NamedKey::Backspace
            | NamedKey::Delete,
        ) => focused,
        _ => false,
    }
}

/// Whether the key asks for what is on the clipboard.
pub(super) fn is_paste(event: &KeyboardEvent) -> bool {
    let modifiers = modifiers_of(event.modifiers);
    event.state == KeyState::Down
        && modifiers.command
        && !modifiers.alt
        && name(&event.key).eq_ignore_ascii_case("v")
}

/// The pointer's shape.
pub(super) fn cursor(icon: CursorIcon) -> MouseCursor {
    match icon {
        CursorIcon::PointingHand | CursorIcon::Grab => MouseCursor::Hand,
        CursorIcon::Grabbing => MouseCursor::HandGrabbing,
        CursorIcon::Text => MouseCursor::Text,
        CursorIcon::Crosshair => MouseCursor::Crosshair,
        CursorIcon::Move | CursorIcon::AllScroll => MouseCursor::AllScroll,
        CursorIcon::NotAllowed | CursorIcon::NoDrop => MouseCursor::NotAllowed,
        CursorIcon::ResizeHorizontal => MouseCursor::EwResize,
        CursorIcon::ResizeVertical => MouseCursor::NsResize,
        CursorIcon::Wait | CursorIcon::Progress => MouseCursor::PtrWorking,
        _ => MouseCursor::Default,
    }
}
