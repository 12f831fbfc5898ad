//! The numbers of the chosen tap and of the repeats, turned or typed.

use super::design::{Design, HIGHEST_DB, LOWEST_DB, polarity};
use super::dial::{self, Dial, Turn};
use super::text::{cut, cut_text, number, pan, pan_text, time};
use crate::editor::theme::Theme;
use crate::editor::view::part;
use crate::editor::widget::{self, Icon};
use crate::impulse::echo::{DIFFUSION_PERCENT, Feedback, GAIN_DB, Polarity, Sides, Time};
use egui::{Align, Layout, Sense, Stroke, Ui, lerp, vec2};

/// Most repeats that can be typed: at 16 taps half of what an echo may have.
const MOST_REPEATS: u16 = 2_000;

/// Repeats on the whole way of their dial.
const TIMES: f32 = 32.0;

/// From repeat to repeat on the whole way of its dial, in ms.
const EVERY_MS: f64 = 2_000.0;

/// Width of the tap's numbers, in points.
const TAP: f32 = 6.0 * 62.0 + 84.0;

/// Height of all: a row of words, a row of dials.
pub(super) const HEIGHT: f32 = 26.0 + 2.0 + 71.0;

/// A cut's place on its dial: 20 Hz to 20 kHz, each octave as long as the other; at the end where it cuts nothing it is off.
fn cut_travel(hz: Option<f32>, off: f32) -> f32 {
    hz.map_or(off, |hz| (hz / 20.0).log(1000.0).clamp(0.0, 1.0))
}

/// The cut at a place, to two digits.
fn cut_at(travel: f32, off: f32) -> Option<f32> {
    let hz = 20.0 * 1000_f32.powf(travel);
    let digit = 10_f32.powf(hz.log10().floor() - 1.0);
    (travel != off).then_some((hz / digit).round() * digit)
}

fn gain_travel(gain_db: f32) -> f32 {
    (gain_db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)
}

fn gain_at(travel: f32) -> f32 {
    (lerp(LOWEST_DB..=HIGHEST_DB, travel) * 10.0).round() / 10.0
}

fn gain_text(gain_db: f32) -> String {
    format!("{gain_db:.1} dB").replace('-', "−")
}

/// What is done to a dial is done to the echo: `at` says what a place is, `typed` what a text is.
fn turned<V>(
    design: &mut Design,
    turn: Turn<'_>,
    at: impl FnOnce(f32) -> V,
    typed: impl FnOnce(&str) -> Result<V, String>,
    set: impl FnOnce(&mut Design, V),
) -> Result<(), String> {
    match turn {
        Turn::Begin => design.begin(),
        Turn::End => design.end(),
        Turn::To(travel) => set(design, at(travel)),
        Turn::Typed(text) => set(design, typed(text)?),
    }
    Ok(())
}

/// What all dials of a row hang on.
pub(super) struct Clock {
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// What is seen when all is seen, in ms: the way of the dial for the time.
    pub whole_ms: f64,
}

/// The numbers of the tap that is chosen, and of the repeats. Main thread.
pub(super) fn show(ui: &mut Ui, design: &mut Design, clock: &Clock) -> Option<Step> {
    let mut step = None;
    let space = vec2(ui.available_width(), HEIGHT);
    let (rect, _) = ui.allocate_exact_size(space, Sense::hover());
    let left = rect.with_max_x(rect.min.x + TAP);
    let right = rect.with_min_x(left.max.x + 25.0);
    let line = Stroke::new(1.0, Theme::of(ui).line);
    ui.painter().vline(left.max.x + 12.0, rect.y_range(), line);
    part(ui, left, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        step = heading(ui, design);
        tap(ui, design, clock);
    });
    part(ui, right, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.allocate_ui(vec2(ui.available_width(), 26.0), |ui| {
            ui.set_min_height(26.0);
            ui.horizontal_centered(|ui| widget::heading(ui, "Repeats of all taps"));
        });
        feedback(ui, design, clock);
    });
    step
}

/// To another tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The one before it in time.
    Back,
    /// The one after it.
    On,
}

/// Which tap it is, and the way to the others.
fn heading(ui: &mut Ui, design: &Design) -> Option<Step> {
    let mut step = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if widget::icon_button(ui, Icon::Previous, "The tap before").clicked() {
            step = Some(Step::Back);
        }
        if widget::icon_button(ui, Icon::Next, "The next tap").clicked() {
            step = Some(Step::On);
        }
        ui.add_space(4.0);
        let count = design.echo().taps.len();
        // Not the name of its handle: each name is there once.
        let text = match (design.selected(), count) {
            (Some(number), _) => format!("Chosen: tap {} of {count}", number + 1),
            (None, 0) => "No taps".to_owned(),
            (None, 1) => "1 tap".to_owned(),
            (None, _) => format!("{count} taps"),
        };
        widget::heading(ui, text);
    });
    step
}

/// The numbers of the tap that is chosen.
fn tap(ui: &mut Ui, design: &mut Design, clock: &Clock) {
    let chosen = design.selected();
    let Some((number_of, tap)) = chosen.and_then(|it| Some((it, *design.echo().taps.get(it)?)))
    else {
        ui.set_max_width(TAP - 12.0);
        ui.add_space(4.0);
        widget::label(
            ui,
            "Click in the picture for a new tap. Drag a tap: across is time, up is louder, below the middle line it is turned over; in the lane below it goes left and right. Alt leaves the grid, Delete takes a tap away.",
        );
        return;
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let grid = design.grid;
        let whole = clock.whole_ms.max(1.0);
        let step_ms = grid.step_ms(clock.tempo_bpm).unwrap_or(1.0);
        dial::show(
            ui,
            &Dial {
                label: "Time",
                name: "Time of the tap",
                help: "When it is heard: a note, on the grid, or milliseconds",
                shown: &tap.time.to_string(),
                travel: (tap.time.milliseconds(clock.tempo_bpm) / whole) as f32,
                origin: 0.0,
                step: (step_ms / whole) as f32,
            },
            &mut |turn| {
                let at = |travel| grid.nearest(f64::from(travel) * whole, clock.tempo_bpm);
                turned(design, turn, at, time, |design, time| {
                    design.edit_tap(number_of, |tap| tap.time = time);
                })
            },
        );
        dial::show(
            ui,
            &Dial {
                label: "Gain",
                name: "Gain of the tap",
                help: "How loud it is: −120 to 24 dB, drawn from −48 to 6 dB",
                shown: &gain_text(tap.gain_db),
                travel: gain_travel(tap.gain_db),
                origin: gain_travel(0.0),
                step: 1.0 / (HIGHEST_DB - LOWEST_DB),
            },
            &mut |turn| {
                let typed = |text: &str| number(text, "dB", &GAIN_DB);
                turned(design, turn, gain_at, typed, |design, gain| {
                    design.edit_tap(number_of, |tap| tap.gain_db = gain);
                })
            },
        );
        dial::show(
            ui,
            &Dial {
                label: "Pan",
                name: "Pan of the tap",
                help: "Where it is: left 100 % to right 100 %",
                shown: &pan_text(tap.pan_percent),
                travel: (tap.pan_percent + 100.0) / 200.0,
                origin: 0.5,
                step: 0.025,
            },
            &mut |turn| {
                let at = |travel: f32| (travel * 200.0 - 100.0).round();
                turned(design, turn, at, pan, |design, percent| {
                    design.edit_tap(number_of, |tap| tap.pan_percent = percent);
                })
            },
        );
        let low = Cut {
            name: "Low cut of the tap",
            hz: tap.low_cut_hz,
            off: 0.0,
        };
        low.show(ui, design, |design, hz| {
            design.edit_tap(number_of, |tap| tap.low_cut_hz = hz);
        });
        let high = Cut {
            name: "High cut of the tap",
            hz: tap.high_cut_hz,
            off: 1.0,
        };
        high.show(ui, design, |design, hz| {
            design.edit_tap(number_of, |tap| tap.high_cut_hz = hz);
        });
        dial::show(
            ui,
            &Dial {
                label: "Diffusion",
                name: "Diffusion of the tap",
                help: "How far it is smeared: at 100 % over 60 ms",
                shown: &format!("{:.0} %", tap.diffusion_percent),
                travel: tap.diffusion_percent / 100.0,
                origin: 0.0,
                step: 0.05,
            },
            &mut |turn| {
                let at = |travel: f32| (travel * 100.0).round();
                let typed = |text: &str| number(text, "%", &DIFFUSION_PERCENT);
                turned(design, turn, at, typed, |design, percent| {
                    design.edit_tap(number_of, |tap| tap.diffusion_percent = percent);
                })
            },
        );
        let inverted = tap.polarity == Polarity::Inverted;
        ui.vertical(|ui| {
            ui.add_space(14.0);
            if widget::tab(ui, "Inverted", inverted)
                .on_hover_text("Turned over: its polarity")
                .clicked()
            {
                design.edit_tap(number_of, |tap| tap.polarity = polarity(!inverted));
            }
        });
    });
}

/// A dial for a cut.
struct Cut<'a> {
    name: &'a str,
    hz: Option<f32>,
    /// The end of the dial at which it cuts nothing: 0 for a low cut, 1 for a high cut.
    off: f32,
}

impl Cut<'_> {
    fn show(&self, ui: &mut Ui, design: &mut Design, set: impl Fn(&mut Design, Option<f32>)) {
        let low = self.off == 0.0;
        dial::show(
            ui,
            &Dial {
                label: if low { "Low cut" } else { "High cut" },
                name: self.name,
                help: if low {
                    "Less below it, 12 dB per octave: 10 Hz to 22 kHz, or off"
                } else {
                    "Less above it, 12 dB per octave: 10 Hz to 22 kHz, or off"
                },
                shown: &cut_text(self.hz),
                travel: cut_travel(self.hz, self.off),
                origin: self.off,
                step: 0.02,
            },
            &mut |turn| turned(design, turn, |at| cut_at(at, self.off), cut, &set),
        );
    }
}

/// The numbers of the repeats.
fn feedback(ui: &mut Ui, design: &mut Design, clock: &Clock) {
    let now = design.echo().feedback;
    let set = |design: &mut Design, change: &dyn Fn(&mut Feedback)| {
        design.edit(|echo| change(&mut echo.feedback));
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let (grid, tempo) = (design.grid, clock.tempo_bpm);
        let step_ms = grid.step_ms(tempo).unwrap_or(1.0);
        dial::show(
            ui,
            &Dial {
                label: "Every",
                name: "Time from repeat to repeat",
                help: "How much later each repeat is: a note, on the grid, or milliseconds",
                shown: &now.time.to_string(),
                travel: (now.time.milliseconds(tempo) / EVERY_MS) as f32,
                origin: 0.0,
                step: (step_ms / EVERY_MS) as f32,
            },
            &mut |turn| {
                let at = |travel| grid.nearest(f64::from(travel) * EVERY_MS, tempo);
                turned(design, turn, at, time, |design, time| {
                    set(design, &|feedback| feedback.time = time);
                })
            },
        );
        dial::show(
            ui,
            &Dial {
                label: "Each repeat",
                name: "Gain from repeat to repeat",
                help: "How much louder each repeat is than the one before: below 0 dB they die away",
                shown: &gain_text(now.gain_db),
                travel: gain_travel(now.gain_db),
                origin: gain_travel(0.0),
                step: 1.0 / (HIGHEST_DB - LOWEST_DB),
            },
            &mut |turn| {
                let typed = |text: &str| number(text, "dB", &GAIN_DB);
                turned(design, turn, gain_at, typed, |design, gain| {
                    set(design, &|feedback| feedback.gain_db = gain);
                })
            },
        );
        dial::show(
            ui,
            &Dial {
                label: "Times",
                name: "Number of repeats",
                help: "How many repeats there are: 0 to 2000",
                shown: &format!("{} ×", now.generations),
                travel: f32::from(now.generations) / TIMES,
                origin: 0.0,
                step: 1.0 / TIMES,
            },
            &mut |turn| {
                let at = |travel: f32| (travel * TIMES).round() as u16;
                let range = 0.0..=f32::from(MOST_REPEATS);
                let typed = |text: &str| {
                    let bare = text.trim_end_matches(['×', 'x']);
                    number(bare, "times", &range).map(|times| times.round() as u16)
                };
                turned(design, turn, at, typed, |design, times| {
                    set(design, &|feedback| {
                        feedback.generations = times;
                        // Nobody wants all repeats at once, as loud as the tap.
                        if feedback.time.milliseconds(120.0) == 0.0 {
                            feedback.time = Time::Ms(250.0);
                            feedback.gain_db = -6.0;
                        }
                    });
                })
            },
        );
        let low = Cut {
            name: "Low cut of the repeats",
            hz: now.low_cut_hz,
            off: 0.0,
        };
        low.show(ui, design, |design, hz| {
            set(design, &|feedback| feedback.low_cut_hz = hz);
        });
        let high = Cut {
            name: "High cut of the repeats",
            hz: now.high_cut_hz,
            off: 1.0,
        };
        high.show(ui, design, |design, hz| {
            set(design, &|feedback| feedback.high_cut_hz = hz);
        });
        ui.add_space(8.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.add_space(6.0);
            let swaps = now.sides == Sides::Swap;
            if widget::tab(ui, "Swap sides", swaps)
                .on_hover_text("Left and right change places with each repeat")
                .clicked()
            {
                set(design, &|feedback| {
                    feedback.sides = if swaps { Sides::Keep } else { Sides::Swap };
                });
            }
            let turned = now.polarity == Polarity::Inverted;
            if widget::tab(ui, "Invert each", turned)
                .on_hover_text("Each repeat is turned over: its polarity")
                .clicked()
            {
                set(design, &|feedback| feedback.polarity = polarity(!turned));
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dial_s_place_is_its_value() {
        for hz in [None, Some(80.0), Some(4_500.0)] {
            for off in [0.0, 1.0] {
                assert_eq!(cut_at(cut_travel(hz, off), off), hz);
            }
        }
        // At the end of its way a cut is off, a step before it is none.
        assert_eq!((cut_at(0.0, 0.0), cut_at(1.0, 1.0)), (None, None));
        assert_eq!(
            (cut_at(0.0, 1.0), cut_at(1.0, 0.0)),
            (Some(20.0), Some(20_000.0))
        );
        for tenths in -480..=60_i16 {
            let gain_db = f32::from(tenths) / 10.0;
            assert!((gain_at(gain_travel(gain_db)) - gain_db).abs() < 1e-4);
        }
    }
}
