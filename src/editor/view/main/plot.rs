//! The picture: levels of both sides over time, the decay, the envelope with its handles; or the spectrum.
//!
//! Up is the left side, down the right. The bright core is the waveform, the dim shape around it its level in dB, down to
//! [`RANGE_DB`] below the peak: what a linear picture of a room does not show.

use super::axis::{Axis, moment};
use super::handle::{self, Handle};
use crate::editor::desk::Desk;
use crate::editor::picture::{HERTZ, Picture, SPECTRUM_DB, decibels};
use crate::editor::theme::{self, Theme, size};
use crate::impulse::shape::Shape;
use crate::params::Id;
use egui::{
    Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Stroke, StrokeKind, TextureHandle, Ui,
    pos2, vec2,
};

/// What is seen below the peak, in dB.
pub const RANGE_DB: f32 = 90.0;

/// Width of the pre-delay's flag and the gap after it, in points.
const FLAG: f32 = 34.0;

/// Where everything is.
pub(super) struct Plot<'a> {
    pub picture: &'a Picture,
    pub rect: Rect,
    pub axis: Axis,
    /// Seconds of silence before the impulse.
    pub predelay: f64,
    /// What is asked for now: the picture is of a moment ago.
    pub shape: Shape,
    /// The gain of attack and decay over the length, in equal steps, as it is asked for now.
    pub envelope: Vec<f32>,
    pub theme: Theme,
}

impl Plot<'_> {
    /// Where a level is, on the upper half.
    pub fn y(&self, db: f32) -> f32 {
        let share = 1.0 + db.clamp(-RANGE_DB, 0.0) / RANGE_DB;
        self.rect.center().y - share * self.half()
    }

    /// Height of one side, with a little air above.
    fn half(&self) -> f32 {
        self.rect.height() / 2.0 - 14.0
    }

    /// Lines at levels and moments. Main thread.
    pub fn grid(&self, ui: &Ui) {
        let painter = ui.painter().with_clip_rect(self.rect);
        let line = Stroke::new(1.0, self.theme.line.gamma_multiply(0.6));
        for (seconds, _) in self.axis.marks(84.0) {
            painter.vline(self.axis.x(seconds), self.rect.y_range(), line);
        }
        let middle = self.rect.center().y;
        for db in [0.0, -30.0, -60.0] {
            let y = self.y(db);
            painter.hline(self.rect.x_range(), y, line);
            painter.hline(self.rect.x_range(), 2.0 * middle - y, line);
        }
    }

    /// Both sides. Main thread.
    pub fn sound(&self, ui: &Ui) {
        let painter = ui.painter().with_clip_rect(self.rect);
        // One column for each pixel, so that it is as sharp as the screen.
        let pixel = 1.0 / ui.pixels_per_point();
        let columns = (self.rect.width() / pixel).ceil().max(1.0) as usize;
        let middle = self.rect.center().y;
        let mut halo = Mesh::default();
        let mut core = Mesh::default();
        for column in 0..columns {
            let left = self.rect.min.x + column as f32 * pixel;
            let from = self.axis.seconds(left) - self.predelay;
            let to = self.axis.seconds(left + pixel) - self.predelay;
            if to <= 0.0 || from >= self.picture.seconds {
                continue;
            }
            let strip = |mesh: &mut Mesh, up: f32, down: f32, colour| {
                let top_left = pos2(left, middle - up);
                let bottom_right = pos2(left + pixel, middle + down);
                mesh.add_colored_rect(Rect::from_min_max(top_left, bottom_right), colour);
            };
            let [up, down] = [0, 1].map(|side| self.picture.sides[side].peak(from.max(0.0), to));
            let high = |part: f32| (1.0 + decibels(part).max(-RANGE_DB) / RANGE_DB) * self.half();
            strip(&mut halo, high(up), high(down), self.theme.accent_dim);
            strip(
                &mut core,
                up * self.half(),
                down * self.half(),
                self.theme.accent,
            );
        }
        painter.add(egui::Shape::mesh(halo));
        painter.add(egui::Shape::mesh(core));
        let line = Stroke::new(1.0, self.theme.accent);
        painter.hline(self.rect.x_range(), middle, line);
    }

    /// The spectrum, from low at the bottom to high at the top. Main thread.
    pub fn spectrum(&self, ui: &Ui, texture: &TextureHandle) {
        let painter = ui.painter().with_clip_rect(self.rect);
        let left = self.axis.x(self.predelay);
        let right = self.axis.x(self.predelay + self.picture.seconds);
        let place = Rect::from_x_y_ranges(left..=right, self.rect.y_range());
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture.id(), place, whole, Color32::WHITE);
        for (hertz, word) in [(100.0, "100 Hz"), (1_000.0, "1 kHz"), (10_000.0, "10 kHz")] {
            let y = self.y_of(hertz);
            let line = Stroke::new(1.0, self.theme.text.gamma_multiply(0.16));
            painter.hline(self.rect.x_range(), y, line);
            self.tag(
                &painter,
                pos2(self.rect.max.x - 6.0, y),
                Align2::RIGHT_CENTER,
                word,
            );
        }
    }

    fn y_of(&self, hertz: f32) -> f32 {
        let (low, high) = HERTZ;
        let share = (hertz / low).ln() / (high / low).ln();
        self.rect.max.y - share * self.rect.height()
    }

    /// Small words that can be read whatever is behind them.
    fn tag(&self, painter: &Painter, at: Pos2, anchor: Align2, text: &str) -> Rect {
        let font = FontId::proportional(size::TINY);
        let galley = painter.layout_no_wrap(text.to_owned(), font, self.theme.muted);
        let rect = anchor.anchor_size(at, galley.size());
        let ground = self.theme.picture.gamma_multiply(0.8);
        painter.rect_filled(rect.expand2(vec2(3.0, 1.0)), 3.0, ground);
        painter.galley(rect.min, galley, self.theme.muted);
        rect
    }

    /// The energy that is yet to come. Main thread.
    pub fn decay(&self, ui: &Ui) {
        let painter = ui.painter().with_clip_rect(self.rect);
        let points = self.picture.decay.iter();
        let points = points.take_while(|(_, db)| *db > -RANGE_DB);
        let points: Vec<Pos2> = points
            .map(|(seconds, db)| {
                let x = self.axis.x(f64::from(*seconds) + self.predelay);
                pos2(x, self.y(*db))
            })
            .collect();
        if points.len() > 1 {
            let under = Stroke::new(3.5, self.theme.picture.gamma_multiply(0.7));
            painter.line(points.clone(), under);
            painter.line(points, Stroke::new(1.6, self.theme.second));
        }
    }

    /// The gain of attack and decay. Main thread.
    pub fn envelope(&self, ui: &Ui) {
        let (envelope, shape) = (&self.envelope, &self.shape);
        if shape.attack_percent == 0.0 && shape.decay_percent == 0.0 {
            return;
        }
        let painter = ui.painter().with_clip_rect(self.rect);
        let step = self.picture.seconds / envelope.len().max(1) as f64;
        let points = envelope.iter().enumerate().map(|(at, gain)| {
            let x = self.axis.x(self.predelay + (at as f64 + 0.5) * step);
            pos2(x, self.y(decibels(*gain)))
        });
        let points: Vec<Pos2> = points.collect();
        painter.line(points.clone(), Stroke::new(1.6, self.theme.text));
        let middle = self.rect.center().y;
        let mirrored = points
            .iter()
            .map(|point| pos2(point.x, 2.0 * middle - point.y));
        let faint = Stroke::new(1.0, self.theme.text.gamma_multiply(0.35));
        painter.line(mirrored.collect(), faint);
    }

    /// From where to where the envelope goes between two places; `None` where it is not drawn.
    fn envelope_within(&self, from: f32, to: f32) -> Option<(f32, f32)> {
        if self.shape.attack_percent == 0.0 && self.shape.decay_percent == 0.0 {
            return None;
        }
        let count = self.envelope.len();
        let step = self.picture.seconds / count.max(1) as f64;
        let at = |x: f32| ((self.axis.seconds(x) - self.predelay) / step).max(0.0) as usize;
        let seen = self
            .envelope
            .get(at(from).min(count)..(at(to) + 1).min(count))?;
        let ys = seen.iter().map(|gain| self.y(decibels(*gain)));
        ys.fold(None, |span, y| {
            let (top, bottom) = span.unwrap_or((y, y));
            Some((f32::min(top, y), f32::max(bottom, y)))
        })
    }

    /// Words along the axes. Main thread.
    pub fn words(&self, ui: &Ui, scale: Rect) {
        let painter = ui.painter();
        let font = FontId::proportional(size::TINY);
        for (seconds, word) in self.axis.marks(84.0) {
            let x = self.axis.x(seconds);
            // A word that would stick out stands inside.
            let galley = painter.layout_no_wrap(word, font.clone(), self.theme.muted);
            let half = galley.size().x / 2.0;
            let x = x.clamp(
                scale.min.x + half,
                (scale.max.x - half).max(scale.min.x + half),
            );
            let at = pos2(x - half, scale.center().y - galley.size().y / 2.0);
            painter.galley(at, galley, self.theme.muted);
        }
    }

    /// Which side is which, and what the lines at levels mean. Main thread.
    pub fn sides(&self, ui: &Ui) {
        let painter = ui.painter().with_clip_rect(self.rect);
        let middle = self.rect.center().y;
        let (left, right) = if self.picture.mono {
            ("Mono", "")
        } else {
            ("Left", "Right")
        };
        let x = self.rect.max.x - 6.0;
        self.tag(&painter, pos2(x, middle - 11.0), Align2::RIGHT_CENTER, left);
        if !right.is_empty() {
            self.tag(
                &painter,
                pos2(x, middle + 11.0),
                Align2::RIGHT_CENTER,
                right,
            );
        }
        for db in [0.0, -30.0, -60.0] {
            let word = format!("{db:.0} dB").replace('-', "−");
            // Beside the handle of a decay that begins at the end, and where the envelope does not cross it.
            let x = self.rect.max.x - 26.0;
            let crossed = self.envelope_within(x - 44.0, x + 4.0);
            let free = [-7.0, 8.0].map(|down| self.y(db) + down).into_iter();
            let mut free = free
                .filter(|y| crossed.is_none_or(|(top, bottom)| y + 9.0 < top || y - 9.0 > bottom));
            if let Some(y) = free.next() {
                self.tag(&painter, pos2(x, y), Align2::RIGHT_CENTER, &word);
            }
        }
    }

    /// What is under the pointer. Main thread.
    pub fn readout(&self, ui: &Ui, at: Pos2, spectrum: bool) {
        let painter = ui.painter().with_clip_rect(self.rect);
        let seconds = self.axis.seconds(at.x);
        let line = Stroke::new(1.0, self.theme.muted.gamma_multiply(0.6));
        painter.vline(at.x, self.rect.y_range(), line);
        let inside = seconds - self.predelay;
        let mut words = moment(seconds);
        if spectrum {
            let share = (self.rect.max.y - at.y) / self.rect.height();
            let hertz = HERTZ.0 * (HERTZ.1 / HERTZ.0).powf(share.clamp(0.0, 1.0));
            words += &if hertz < 1000.0 {
                format!("  ·  {hertz:.0} Hz")
            } else {
                format!("  ·  {:.1} kHz", hertz / 1000.0)
            };
        } else if (0.0..self.picture.seconds).contains(&inside) {
            let to = inside + self.axis.seconds_per_point();
            let db = |side: usize| {
                let db = decibels(self.picture.sides[side].peak(inside, to));
                format!("{db:.1} dB").replace('-', "−")
            };
            words += &if self.picture.mono {
                format!("  ·  {}", db(0))
            } else {
                format!("  ·  L {}  ·  R {}", db(0), db(1))
            };
        }
        let font = FontId::proportional(size::SMALL);
        let galley = painter.layout_no_wrap(words, font, self.theme.text);
        let space = galley.size() + vec2(16.0, 8.0);
        let x = if at.x + space.x + 14.0 > self.rect.max.x {
            at.x - space.x - 10.0
        } else {
            at.x + 10.0
        };
        let y = (at.y - space.y - 8.0).max(self.rect.min.y + 4.0);
        let place = Rect::from_min_size(pos2(x, y), space);
        let rim = Stroke::new(1.0, self.theme.line);
        painter.rect(
            place,
            theme::CORNER,
            self.theme.panel,
            rim,
            StrokeKind::Inside,
        );
        painter.galley(place.min + vec2(8.0, 4.0), galley, self.theme.text);
    }

    /// What can be taken hold of. Main thread.
    pub fn handles(&self, ui: &mut Ui, desk: &mut Desk, envelope: bool) {
        let (predelay, seconds) = (self.predelay, self.picture.seconds);
        let per_point = self.axis.seconds_per_point();
        let end = predelay + seconds;
        let shape = self.shape;
        let (top, middle, bottom) = (self.y(0.0), self.rect.center().y, self.rect.max.y);
        // Early and late are told apart before the impulse is turned round.
        if !shape.reverse {
            let split =
                predelay + self.picture.direct_seconds + f64::from(desk.value(Id::Split)) / 1000.0;
            // Beside the other flag, where both are at one place.
            let apart = self.axis.x(split) - self.axis.x(predelay);
            let aside = (FLAG - apart).max(0.0);
            handle::show(
                ui,
                desk,
                self,
                &Handle {
                    id: Id::Split,
                    name: "Early/late split, in the picture",
                    at: pos2(self.axis.x(split), bottom - 10.0),
                    line: true,
                    look: handle::Look::Flag("Split", aside),
                    place: |ms| ms,
                    step: vec2(per_point as f32 * 1000.0, 0.0),
                },
            );
        }
        handle::show(
            ui,
            desk,
            self,
            &Handle {
                id: Id::Predelay,
                name: "Pre-delay, in the picture",
                at: pos2(self.axis.x(predelay), bottom - 10.0),
                line: true,
                look: handle::Look::Flag("Pre", 0.0),
                place: |ms| ms,
                step: vec2(per_point as f32 * 1000.0, 0.0),
            },
        );
        if !envelope {
            return;
        }
        let percent = (100.0 * per_point / seconds.max(1e-6)) as f32;
        let share = |id: Id, desk: &Desk| f64::from(desk.value(id)) / 100.0;
        let attack = predelay + share(Id::Attack, desk) * seconds;
        handle::show(
            ui,
            desk,
            self,
            &Handle {
                id: Id::Attack,
                name: "Attack, in the picture",
                at: pos2(self.axis.x(attack), top),
                line: false,
                look: handle::Look::Point,
                place: |percent| percent,
                step: vec2(percent, 0.0),
            },
        );
        let decay = end - share(Id::Decay, desk) * seconds;
        handle::show(
            ui,
            desk,
            self,
            &Handle {
                id: Id::Decay,
                name: "Decay, in the picture",
                at: pos2(self.axis.x(decay), top),
                line: false,
                look: handle::Look::Point,
                place: |percent| percent,
                step: vec2(-percent, 0.0),
            },
        );
        // The bows, on the lines that they bend: from −100 to 100 over the height of a side. A bow downwards is positive.
        let bow = 200.0 / (middle - top).max(1.0);
        let gain = |seconds: f64| {
            let envelope = &self.envelope;
            let at = (seconds / self.picture.seconds.max(1e-6) * envelope.len() as f64) as usize;
            let gain = envelope.get(at.min(envelope.len().saturating_sub(1)));
            self.y(decibels(gain.copied().unwrap_or(1.0)))
        };
        for (id, name, from, to) in [
            (
                Id::AttackCurve,
                "Attack curve, in the picture",
                predelay,
                attack,
            ),
            (Id::DecayCurve, "Decay curve, in the picture", decay, end),
        ] {
            if self.axis.x(to) - self.axis.x(from) < 24.0 {
                continue;
            }
            let at = f64::midpoint(from, to);
            handle::show(
                ui,
                desk,
                self,
                &Handle {
                    id,
                    name,
                    at: pos2(self.axis.x(at), gain(at - predelay)),
                    line: false,
                    look: handle::Look::Dot,
                    place: |percent| percent,
                    step: vec2(0.0, bow),
                },
            );
        }
    }
}

/// The colours of the spectrum from its quietest to its loudest. Main thread.
pub(super) fn colours(picture: &Picture, theme: &Theme) -> egui::ColorImage {
    let brightest = theme.text;
    let steps: Vec<Color32> = (0..=255_u8)
        .map(|level| {
            // Half of the range is faint, so that what decays is seen to decay.
            let share = f32::from(level) / 255.0;
            match share {
                s if s < 0.45 => theme.picture.lerp_to_gamma(theme.accent_dim, s / 0.45),
                s if s < 0.82 => theme
                    .accent_dim
                    .lerp_to_gamma(theme.accent, (s - 0.45) / 0.37),
                s => theme.accent.lerp_to_gamma(brightest, (s - 0.82) / 0.18),
            }
        })
        .collect();
    let pixels = picture
        .spectrum
        .iter()
        .map(|level| steps[usize::from(*level)]);
    egui::ColorImage::new(crate::editor::picture::SPECTRUM, pixels.collect())
}

/// What the spectrum's colours mean, in words.
pub(super) fn legend() -> String {
    format!("Brightest is loudest, darkest {SPECTRUM_DB:.0} dB below it")
}
