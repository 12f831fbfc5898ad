//! Things to press.

use super::paint;
use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use egui::{
    Color32, FontId, Painter, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, vec2,
};

/// A sign on a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// To the one before.
    Previous,
    /// To the next.
    Next,
    /// Levels, sliders: settings.
    Settings,
    /// The part to the whole.
    Whole,
    /// Nearer.
    Larger,
    /// Farther away.
    Smaller,
    /// Back to what was.
    Undo,
    /// On to what was undone.
    Redo,
    /// The other takes what this one is.
    Copy,
    /// Away with it.
    Close,
    /// A favourite.
    Star,
    /// Not a favourite.
    NoStar,
}

impl Icon {
    pub(in crate::editor) fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let (c, r) = (rect.center(), 5.0);
        let line = |points: &[(f32, f32)]| {
            let points = points.iter().map(|(x, y)| c + r * vec2(*x, *y));
            painter.add(Shape::line(points.collect(), Stroke::new(1.6, color)));
        };
        match self {
            Self::Previous => line(&[(0.4, -0.9), (-0.5, 0.0), (0.4, 0.9)]),
            Self::Next => line(&[(-0.4, -0.9), (0.5, 0.0), (-0.4, 0.9)]),
            Self::Settings => {
                for (y, x) in [(-0.9, -0.35), (0.0, 0.45), (0.9, -0.1)] {
                    line(&[(-1.2, y), (1.2, y)]);
                    painter.circle_filled(c + r * vec2(x, y), 2.2, color);
                }
            }
            Self::Larger => {
                line(&[(-0.9, 0.0), (0.9, 0.0)]);
                line(&[(0.0, -0.9), (0.0, 0.9)]);
            }
            Self::Smaller => line(&[(-0.9, 0.0), (0.9, 0.0)]),
            Self::Undo => {
                line(&[(-0.3, -1.1), (-1.0, -0.45), (-0.3, 0.2)]);
                line(&[
                    (-1.0, -0.45),
                    (0.4, -0.45),
                    (1.0, 0.1),
                    (0.8, 0.8),
                    (-0.3, 0.9),
                ]);
            }
            Self::Redo => {
                line(&[(0.3, -1.1), (1.0, -0.45), (0.3, 0.2)]);
                line(&[
                    (1.0, -0.45),
                    (-0.4, -0.45),
                    (-1.0, 0.1),
                    (-0.8, 0.8),
                    (0.3, 0.9),
                ]);
            }
            Self::Copy => {
                line(&[(-1.1, 0.0), (1.0, 0.0)]);
                line(&[(0.3, -0.7), (1.0, 0.0), (0.3, 0.7)]);
            }
            Self::Close => {
                line(&[(-0.7, -0.7), (0.7, 0.7)]);
                line(&[(-0.7, 0.7), (0.7, -0.7)]);
            }
            Self::Star | Self::NoStar => {
                let on = |point: usize| {
                    let angle = std::f32::consts::TAU * (point as f32 / 10.0 - 0.25);
                    let out = if point.is_multiple_of(2) { 1.25 } else { 0.55 };
                    c + r * out * vec2(angle.cos(), angle.sin())
                };
                // A star is not convex: five spikes around a middle.
                if self == Self::Star {
                    for spike in 0..5 {
                        let points = [9, 10, 11].map(|at| on((at + 2 * spike) % 10));
                        let spike = [c, points[0], points[1], points[2]].to_vec();
                        painter.add(Shape::convex_polygon(spike, color, Stroke::NONE));
                    }
                } else {
                    let rim = (0..10).map(on).collect();
                    painter.add(Shape::closed_line(rim, Stroke::new(1.2, color)));
                }
            }
            Self::Whole => {
                line(&[(-1.3, -0.8), (-1.3, 0.8)]);
                line(&[(1.3, -0.8), (1.3, 0.8)]);
                line(&[(-0.9, 0.0), (0.9, 0.0)]);
                line(&[(-0.4, -0.5), (-0.9, 0.0), (-0.4, 0.5)]);
                line(&[(0.4, -0.5), (0.9, 0.0), (0.4, 0.5)]);
            }
        }
    }
}

fn plate(ui: &Ui, rect: Rect, response: &Response, on: bool) -> Color32 {
    let theme = Theme::of(ui);
    let (fill, rim, color) = match (on, response.hovered()) {
        (true, _) => (theme.accent_dim, theme.accent_dim, theme.text),
        (false, true) => (theme.raised, theme.outline, theme.accent),
        (false, false) => (theme.raised, theme.line, theme.text),
    };
    let stroke = Stroke::new(1.0, rim);
    ui.painter()
        .rect(rect, 4.0, fill, stroke, StrokeKind::Inside);
    paint::focus_ring(ui, rect, response.has_focus());
    color
}

/// A button with a sign; `name` is what it does, in words. Main thread.
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    icon_button_as(ui, icon, name, name)
}

/// The same with more in its bubble. Main thread.
pub fn icon_button_as(ui: &mut Ui, icon: Icon, name: &str, help: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(26.0, 26.0), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    let color = plate(ui, rect, &response, false);
    icon.paint(ui.painter(), rect, color);
    response.on_hover_text(help)
}

/// A button with a word. Main thread.
pub fn button(ui: &mut Ui, text: &str) -> Response {
    worded(ui, text, false, Role::Button)
}

/// One of several of which one is on. Main thread.
pub fn tab(ui: &mut Ui, text: &str, on: bool) -> Response {
    worded(ui, text, on, Role::RadioButton)
}

fn worded(ui: &mut Ui, text: &str, on: bool, role: Role) -> Response {
    let font = if on {
        fonts::strong(12.0)
    } else {
        FontId::proportional(size::BODY - 1.0)
    };
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    // As wide as it would be in the strong font, so that nothing moves when it is chosen.
    let strong =
        ui.painter()
            .layout_no_wrap(text.to_owned(), fonts::strong(12.0), Color32::PLACEHOLDER);
    let width = galley.size().x.max(strong.size().x) + 20.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::click());
    response.widget_info(|| match role {
        Role::Button => WidgetInfo::labeled(role, true, text),
        _ => WidgetInfo::selected(role, true, on, text),
    });
    let color = plate(ui, rect, &response, on);
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, color);
    response
}
