//! The rows: a preset's impulse as a picture, what it is called and is for, and what it sets.

use super::{Look, Presets, Which, loaded};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::librarian::Librarian;
use crate::editor::theme::{Theme, size};
use crate::editor::view::browser::table::{length, thumbnail};
use crate::editor::view::list::{self, Keys};
use crate::editor::widget;
use crate::impulse::library::Presence;
use crate::params::{Id, Slots};
use egui::{
    Align2, FontId, Rect, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, vec2,
};

/// Height of a row in points.
const ROW: f32 = 44.0;

/// Where columns begin and end.
struct Columns {
    picture: Rect,
    name: Rect,
    impulse: Rect,
    length: Rect,
    mix: Rect,
}

impl Columns {
    fn of(row: Rect) -> Self {
        let cut = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, row.y_range());
        let (left, right) = (row.min.x + 10.0, row.max.x - 14.0);
        Self {
            picture: cut(left, left + 96.0),
            name: cut(left + 112.0, right - 274.0),
            impulse: cut(right - 262.0, right - 130.0),
            length: cut(right - 126.0, right - 60.0),
            mix: cut(right - 56.0, right),
        }
    }
}

/// Shows them, and says which is to be loaded.
pub(super) fn show(
    ui: &mut Ui,
    desk: &Desk,
    memory: &mut Presets,
    librarian: &mut Librarian,
    found: &[Which<'_>],
    rect: Rect,
    keys: Keys,
) -> Option<usize> {
    let theme = Theme::of(ui);
    let header = rect.with_max_y(rect.min.y + 22.0);
    head(ui, header);
    let body = rect.with_min_y(header.max.y + 2.0);
    // Whole rows.
    let body = body.with_max_y(body.min.y + (body.height() / ROW).floor().max(1.0) * ROW);
    let at = loaded(found, desk);
    let id = ui.make_persistent_id("presets");
    let whole = ui.interact(body, id, Sense::FOCUSABLE);
    let said = match at {
        Some(at) => format!("Presets, {}", found[at].name()),
        None => "Presets".to_owned(),
    };
    whole.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, &said));
    widget::focus_ring(ui, body, whole.has_focus());
    if found.is_empty() {
        let text = if memory.words.is_empty() {
            "None yet. Type a name below to save what you hear."
        } else {
            "Nothing is called so"
        };
        let font = FontId::proportional(size::BODY);
        widget::text_in(ui, body, text, font, theme.muted);
    }
    let keys = if whole.has_focus() {
        Keys::read(ui, id)
    } else {
        keys
    };
    let mut wanted = keys.target(at, found.len(), (body.height() / ROW) as usize);
    wanted.take_if(|wanted| Some(*wanted) == at);
    let another = at.map(|at| found[at].name()) != memory.seen.as_deref();
    if another {
        memory.seen = at.map(|at| found[at].name().to_owned());
    }
    ui.scope_builder(UiBuilder::new().max_rect(body), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::vertical()
            .auto_shrink(false)
            .id_salt("preset rows");
        if let Some(at) = wanted.or(at.filter(|_| another)) {
            area = list::reveal(ui, id, area, (ROW, body.height()), at);
        }
        let output = area.show_rows(ui, ROW, found.len(), |ui, seen| {
            for row in seen {
                let space = vec2(ui.available_width(), ROW);
                let (rect, _) = ui.allocate_exact_size(space, Sense::hover());
                if rect.intersect(ui.clip_rect()).height() < 1.0 {
                    continue;
                }
                let which = found[row];
                let response = ui.interact(rect, id.with(row), Sense::CLICK);
                let on = wanted.or(at) == Some(row);
                response.widget_info(|| {
                    WidgetInfo::selected(Role::ListBoxOption, true, on, which.name())
                });
                let look = Look::of(which, librarian);
                paint(
                    ui,
                    memory,
                    which,
                    look.as_ref(),
                    rect,
                    (on, response.hovered()),
                );
                if response.clicked() {
                    wanted = Some(row);
                    whole.request_focus();
                }
            }
        });
        list::scrolled(ui, id, output.state.clamped_offset().y);
    });
    wanted
}

fn head(ui: &Ui, rect: Rect) {
    let theme = Theme::of(ui);
    let columns = Columns::of(rect);
    let word = |rect: Rect, align: Align2, word: &str| {
        let at = align.pos_in_rect(&rect);
        let font = fonts::strong(size::SMALL);
        ui.painter().text(at, align, word, font, theme.muted);
    };
    word(columns.name, Align2::LEFT_CENTER, "Name");
    word(columns.impulse, Align2::LEFT_CENTER, "Impulse");
    word(columns.length, Align2::RIGHT_CENTER, "Length");
    word(columns.mix, Align2::RIGHT_CENTER, "Mix");
    let line = Stroke::new(1.0, theme.line);
    ui.painter().hline(rect.x_range(), rect.max.y, line);
}

fn paint(
    ui: &Ui,
    memory: &mut Presets,
    which: Which<'_>,
    look: Option<&Look>,
    rect: Rect,
    (on, hovered): (bool, bool),
) {
    let theme = Theme::of(ui);
    let quiet = list::band(ui, rect, (on, hovered));
    let columns = Columns::of(rect);
    let inside = columns.name.shrink2(vec2(0.0, 5.0));
    let strong = fonts::strong(size::BODY);
    let about = look.map(|look| look.about.as_str()).unwrap_or_default();
    let about = match which {
        Which::User(_) if about.is_empty() => "Yours",
        _ => about,
    };
    let upper = inside.with_max_y(inside.center().y);
    let lower = inside.with_min_y(inside.center().y);
    widget::words(ui, upper, inside.width(), which.name(), strong, theme.text);
    let small = FontId::proportional(size::SMALL);
    widget::words(ui, lower, inside.width(), about, small.clone(), quiet);
    let Some(look) = look else { return };
    let width = columns.impulse.width();
    widget::words(ui, columns.impulse, width, &look.impulse, small, quiet);
    let figure = |rect: Rect, text: String| {
        let font = FontId::proportional(12.0);
        let at = rect.right_center();
        ui.painter()
            .text(at, Align2::RIGHT_CENTER, text, font, quiet);
    };
    if let Some(values) = &look.values {
        let text = Id::Mix
            .parameter()
            .text(values.get(Id::Mix), &Slots::FACTORY_ONLY);
        figure(columns.mix, text);
    }
    let Some(entry) = &look.entry else { return };
    let Ok(sound) = &entry.sound else { return };
    figure(columns.length, length(sound.seconds()));
    if entry.presence == Presence::Present
        && let Some(levels) = memory.thumbnails.get(&entry.origin)
    {
        thumbnail(ui, columns.picture.shrink2(vec2(0.0, 7.0)), &levels, on);
    }
}
