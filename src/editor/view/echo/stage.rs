//! Where things are in the picture of an echo, and what lies under its handles.

use super::design::{Design, HIGHEST_DB, LOWEST_DB, Spike};
use crate::editor::theme::{self, Theme, size};
use crate::editor::view::main::axis::Axis;
use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, lerp, pos2, vec2,
};

/// Where things are.
pub(super) struct Stage<'a> {
    pub axis: Axis,
    /// Of the spikes.
    pub rect: Rect,
    /// Of the pans.
    pub lane: Rect,
    pub theme: &'a Theme,
    pub tempo_bpm: f64,
}

impl Stage<'_> {
    /// Where a moment is.
    pub fn x(&self, ms: f64) -> f32 {
        self.axis.x(ms / 1000.0)
    }

    /// Which moment is there, from 0 on.
    pub fn ms(&self, x: f32) -> f64 {
        (self.axis.seconds(x) * 1000.0).max(0.0)
    }

    /// How far from the middle line a gain is.
    pub fn height(&self, gain_db: f32) -> f32 {
        let share = (gain_db.clamp(LOWEST_DB, HIGHEST_DB) - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB);
        share * (self.rect.height() / 2.0 - 10.0)
    }

    /// Whether that moment is seen.
    pub fn shows(&self, ms: f64) -> bool {
        let x = self.x(ms);
        (self.rect.min.x + 1.0..=self.rect.max.x - 1.0).contains(&x)
    }

    /// The end of a spike.
    pub fn tip(&self, spike: &Spike) -> Pos2 {
        let height = self.height(spike.gain_db);
        let down = if spike.inverted { height } else { -height };
        pos2(self.x(spike.ms), self.rect.center().y + down)
    }

    /// To the tenth of a dB, and whether it is below the line.
    pub fn gain(&self, y: f32) -> (f32, bool) {
        let away = y - self.rect.center().y;
        let share = away.abs() / (self.rect.height() / 2.0 - 10.0);
        let gain_db = lerp(LOWEST_DB..=HIGHEST_DB, share.min(1.0));
        ((gain_db * 10.0).round() / 10.0, away > 0.0)
    }

    /// Where a pan is in the lane.
    pub fn pan_y(&self, pan_percent: f32) -> f32 {
        self.lane.center().y + pan_percent / 100.0 * (self.lane.height() / 2.0 - 9.0)
    }

    /// The pan that is there.
    pub fn pan(&self, y: f32) -> f32 {
        let share = (y - self.lane.center().y) / (self.lane.height() / 2.0 - 9.0);
        let percent = (share * 100.0).clamp(-100.0, 100.0).round();
        // The middle is easy to find again.
        if percent.abs() < 5.0 { 0.0 } else { percent }
    }

    /// Left is the one colour, right the other.
    pub fn colour(&self, pan_percent: f32) -> Color32 {
        let (side, share) = if pan_percent < 0.0 {
            (self.theme.accent, -pan_percent / 100.0)
        } else {
            (self.theme.second, pan_percent / 100.0)
        };
        self.theme.text.lerp_to_gamma(side, share)
    }
}

/// A spike: of a repeat with both its ends, of a tap without, for they are handles.
pub(super) fn paint(painter: &Painter, stage: &Stage<'_>, spike: &Spike, fade: f32) {
    if !stage.shows(spike.ms) {
        return;
    }
    let tip = stage.tip(spike);
    let colour = stage.colour(spike.pan_percent).gamma_multiply(fade);
    let foot = pos2(tip.x, stage.rect.center().y);
    let width = if spike.generation == 0 { 3.0 } else { 2.0 };
    painter.line_segment([foot, tip], Stroke::new(width, colour));
    if spike.generation > 0 {
        painter.circle_filled(tip, 3.0, colour);
        let pan_at = pos2(tip.x, stage.pan_y(spike.pan_percent));
        painter.circle_filled(pan_at, 2.5, colour);
    }
}

/// Grid, axes and their words.
pub(super) fn ground(painter: &Painter, stage: &Stage<'_>, design: &Design) {
    let theme = stage.theme;
    for rect in [stage.rect, stage.lane] {
        let rim = Stroke::new(1.0, theme.line);
        painter.rect(rect, theme::CORNER, theme.picture, rim, StrokeKind::Inside);
    }
    let font = FontId::proportional(size::TINY);
    let vertical = |ms: f64, stroke: Stroke| {
        let x = stage.x(ms);
        painter.vline(x, stage.rect.y_range().shrink(1.0), stroke);
        painter.vline(x, stage.lane.y_range().shrink(1.0), stroke);
    };
    let (first, last) = (
        stage.ms(stage.rect.min.x + 2.0),
        stage.ms(stage.rect.max.x - 2.0),
    );
    let steps = |step: f64, least: f32, stroke: Stroke| {
        if stage.x(step) - stage.x(0.0) < least {
            return;
        }
        let mut at = (first / step).ceil();
        while at * step <= last {
            vertical(at * step, stroke);
            at += 1.0;
        }
    };
    if let Some(step) = design.grid.step_ms(stage.tempo_bpm) {
        let faint = theme.line.gamma_multiply(0.55);
        steps(step, 7.0, Stroke::new(1.0, faint));
        steps(
            60_000.0 / stage.tempo_bpm,
            14.0,
            Stroke::new(1.0, theme.line),
        );
    }
    for gain_db in [0.0, -12.0, -24.0, -36.0] {
        let height = stage.height(gain_db);
        for y in [
            stage.rect.center().y - height,
            stage.rect.center().y + height,
        ] {
            let faint = Stroke::new(1.0, theme.line.gamma_multiply(0.55));
            painter.hline(stage.rect.x_range().shrink(1.0), y, faint);
            let at = pos2(stage.rect.min.x - 6.0, y);
            let word = if gain_db == 0.0 {
                "0 dB".to_owned()
            } else {
                format!("{gain_db}").replace('-', "−")
            };
            painter.text(at, Align2::RIGHT_CENTER, word, font.clone(), theme.muted);
        }
    }
    let middle = stage.rect.center().y;
    painter.hline(
        stage.rect.x_range().shrink(1.0),
        middle,
        Stroke::new(1.0, theme.outline),
    );
    let pan = stage.lane.center().y;
    let faint = Stroke::new(1.0, theme.line);
    painter.hline(stage.lane.x_range().shrink(1.0), pan, faint);
    for (percent, word) in [(-100.0, "Left"), (100.0, "Right")] {
        let at = pos2(stage.lane.min.x - 6.0, stage.pan_y(percent));
        painter.text(at, Align2::RIGHT_CENTER, word, font.clone(), theme.muted);
    }
    for (seconds, word) in stage.axis.marks(84.0) {
        let x = stage.axis.x(seconds);
        let at = pos2(x, stage.rect.max.y + 12.0);
        if !(stage.rect.min.x + 10.0..=stage.rect.max.x - 20.0).contains(&x) {
            continue;
        }
        let tick = egui::Rangef::new(stage.rect.max.y, stage.rect.max.y + 4.0);
        painter.vline(x, tick, Stroke::new(1.0, theme.outline));
        painter.text(at, Align2::CENTER_CENTER, word, font.clone(), theme.muted);
    }
}

/// Words beside the pointer, within the picture.
pub(super) fn readout(ui: &Ui, stage: &Stage<'_>, at: Pos2, words: String) {
    let painter = ui.painter();
    let font = FontId::proportional(size::SMALL);
    let galley = painter.layout_no_wrap(words, font, stage.theme.text);
    let space = galley.size() + vec2(16.0, 8.0);
    let x = if at.x + space.x + 14.0 > stage.rect.max.x {
        at.x - space.x - 10.0
    } else {
        at.x + 10.0
    };
    let y = (at.y - space.y - 8.0).max(stage.rect.min.y + 4.0);
    let place = Rect::from_min_size(pos2(x, y), space);
    let (rim, fill) = (Stroke::new(1.0, stage.theme.line), stage.theme.panel);
    painter.rect(place, theme::CORNER, fill, rim, StrokeKind::Inside);
    painter.galley(place.min + vec2(8.0, 4.0), galley, stage.theme.text);
}
