//! Which keys there are, and what the mouse does: nobody reads it elsewhere.

use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use egui::{Align2, FontId, Sense, Ui, pos2, vec2};

/// What is pressed, and what that does.
const ALL: [(&str, &str); 12] = [
    ("Drag, wheel, arrow keys", "More or less"),
    ("… with Shift", "A tenth as fast"),
    ("Page Up, Page Down", "Five steps"),
    ("Home, End", "The least, the most"),
    ("Double-click, Backspace", "The default"),
    (
        "Enter, or a click on the value",
        "Type a value, with its unit",
    ),
    ("Tab, Shift + Tab", "The next control, the one before"),
    ("Ctrl + Z, Ctrl + Shift + Z", "Undo, redo"),
    ("In lists: arrow keys, Home, End", "Hear another"),
    ("In lists: Enter, F", "Keep it; mark it as a favourite"),
    ("Wheel on the picture", "Zoom; with Shift, move along"),
    ("Double-click on the picture", "See all of it"),
];

/// Height of a line, in points.
const LINE: f32 = 20.0;

pub(super) fn show(ui: &mut Ui) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    for (pressed, does) in ALL {
        let pressed = if cfg!(target_vendor = "apple") {
            pressed.replace("Ctrl", "Cmd")
        } else {
            pressed.to_owned()
        };
        let space = vec2(ui.available_width(), LINE);
        let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
        let said = format!("{pressed}: {does}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
        let painter = ui.painter();
        let left = rect.left_center();
        let strong = fonts::strong(size::SMALL);
        painter.text(left, Align2::LEFT_CENTER, pressed, strong, theme.text);
        let beside = pos2(rect.min.x + rect.width() * 0.46, left.y);
        let plain = FontId::proportional(size::SMALL);
        painter.text(beside, Align2::LEFT_CENTER, does, plain, theme.muted);
    }
}
