//! What is measured and cannot be turned: decay, tail, gain, routing, load.

use super::axis::moment;
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::picture::Picture;
use crate::editor::theme::{Theme, size};
use crate::engine::meter::Load;
use egui::{Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui, vec2};

/// A row of them. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &Desk, picture: Option<&Picture>) {
    let data = desk.data();
    let playing = &data.playing;
    ui.spacing_mut().item_spacing.x = 5.0;
    let t30 = picture.and_then(|picture| picture.t30);
    let text = t30.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2} s"));
    fact(
        ui,
        "T30",
        &text,
        "Reverberation time: 60 dB at the pace from −5 to −35 dB, as shaped. A dash: it does not decay like a room.",
    );
    if playing.sample_rate > 0 {
        let rate = f64::from(playing.sample_rate);
        let predelay = f64::from(data.values.mix(data.tempo).predelay_ms) / 1000.0;
        let tail = f64::from(playing.tail_frames) / rate + predelay;
        fact(
            ui,
            "Tail",
            &moment(tail),
            "How long it sounds after the last note, pre-delay included. Hosts are told the same.",
        );
        let gain = format!("{:+.1} dB", playing.gain_db).replace('-', "−");
        fact(
            ui,
            "Gain",
            &gain,
            "What normalising has added to the impulse's level.",
        );
        fact(
            ui,
            "",
            &format!("{} kHz", rate / 1000.0),
            "Sample rate of the sound; the impulse is converted to it.",
        );
    }
    if !playing.routing.is_empty() {
        badge(ui, &playing.routing);
    }
    load(ui, data.meters.load, data.meters.late);
}

/// A name and a value.
fn fact(ui: &mut Ui, name: &str, value: &str, help: &str) {
    let theme = Theme::of(ui);
    if !name.is_empty() {
        ui.label(RichText::new(name).size(size::SMALL).color(theme.muted));
    }
    let value = RichText::new(value).font(fonts::strong(12.0));
    ui.label(value).on_hover_text(help);
    ui.add_space(9.0);
}

/// How the impulse is applied.
fn badge(ui: &mut Ui, text: &str) {
    let theme = Theme::of(ui);
    let font = fonts::strong(size::SMALL);
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, theme.text);
    let space = galley.size() + vec2(14.0, 6.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let rim = Stroke::new(1.0, theme.outline);
    ui.painter()
        .rect(rect, 9.0, theme.panel, rim, StrokeKind::Inside);
    ui.painter()
        .galley(rect.center() - galley.size() / 2.0, galley, theme.text);
    response.on_hover_text("Which channel of the impulse is heard where.");
    ui.add_space(9.0);
}

/// How busy the audio thread is: the mean as a bar, the slowest block as a line and in figures.
fn load(ui: &mut Ui, load: Load, late: u64) -> Response {
    let theme = Theme::of(ui);
    ui.label(RichText::new("Load").size(size::SMALL).color(theme.muted));
    let (rect, _) = ui.allocate_exact_size(vec2(40.0, 8.0), Sense::hover());
    let rim = Stroke::new(1.0, theme.outline);
    ui.painter()
        .rect(rect, 2.0, theme.picture, rim, StrokeKind::Inside);
    let inside = rect.shrink(1.0);
    // A hundredth of the time is seen, too.
    let at = |load: f32| inside.min.x + inside.width() * load.clamp(0.0, 1.0).sqrt();
    let bar = Rect::from_min_max(inside.min, egui::pos2(at(load.mean), inside.max.y));
    let colour = if late > 0 || load.worst > 1.0 {
        theme.alarm
    } else {
        theme.second
    };
    ui.painter().rect_filled(bar, 0.0, colour);
    ui.painter()
        .vline(at(load.worst), inside.y_range(), Stroke::new(1.5, colour));
    let mut text = format!("{:.1} %", 100.0 * load.worst);
    if late > 0 {
        text += &format!(", {late} late");
    }
    let colour = if late > 0 { theme.alarm } else { theme.text };
    let text = RichText::new(text).font(fonts::strong(12.0)).color(colour);
    ui.label(text).on_hover_text(
        "The slowest block of late, as a part of the time it lasts. The bar is the mean.",
    )
}
