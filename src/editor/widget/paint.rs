//! Text and outlines that the other controls share.

use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use egui::{Color32, FontId, Rect, RichText, Stroke, StrokeKind, Ui, vec2};

/// One line in the middle of `rect`, smaller where it would not fit. Main thread.
pub fn text_in(ui: &Ui, rect: Rect, text: &str, font: FontId, color: Color32) {
    let mut font = font;
    let mut galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font.clone(), color);
    let room = rect.width();
    if galley.size().x > room && room > 0.0 {
        font.size *= (room / galley.size().x).max(0.6);
        galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
    }
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, color);
}

/// Text from the left of `rect`, at most so wide, and where it ends. Main thread.
pub fn words(ui: &Ui, rect: Rect, width: f32, text: &str, font: FontId, colour: Color32) -> f32 {
    if width < 12.0 {
        return rect.min.x;
    }
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    let at = rect.left_center() - vec2(0.0, galley.size().y / 2.0);
    let end = at.x + galley.size().x;
    ui.painter().galley(at, galley, colour);
    end
}

/// Around what the keyboard works on. Main thread.
pub fn focus_ring(ui: &Ui, rect: Rect, has_focus: bool) {
    if has_focus {
        let stroke = Stroke::new(2.0, Theme::of(ui).focus);
        ui.painter()
            .rect_stroke(rect, 5.0, stroke, StrokeKind::Outside);
    }
}

/// A line that is there if one looks for it. Main thread.
pub fn label(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let color = Theme::of(ui).muted;
    ui.label(RichText::new(text).size(size::SMALL).color(color))
}

/// What stands over a group. Main thread.
pub fn heading(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let theme = Theme::of(ui);
    let font = fonts::strong(size::SMALL);
    ui.label(RichText::new(text).font(font).color(theme.muted))
}

/// What stands over a view. Main thread.
pub fn title(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let font = fonts::strong(size::TITLE);
    ui.label(RichText::new(text).font(font).color(Theme::of(ui).text))
}
