//! The rows: only those in sight are made, so that twenty thousand files cost what twenty do.

use super::{Browser, Item};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::librarian::{Librarian, Order, Shown};
use crate::editor::theme::{Theme, size};
use crate::editor::thumbnail::Levels;
use crate::editor::view::list::{self, Keys};
use crate::editor::widget::{self, Icon};
use crate::impulse::library::Origin;
use egui::{
    Align2, Color32, FontId, Mesh, Pos2, Rect, Role, ScrollArea, Sense, Shape, Stroke, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

/// Height of a row in points.
const ROW: f32 = 32.0;

/// Level at which a thumbnail ends, in dB below the peak.
const RANGE_DB: f32 = 72.0;

/// Where columns begin and end.
struct Columns {
    star: Rect,
    picture: Rect,
    name: Rect,
    kind: Rect,
    length: Rect,
    channels: Rect,
    t30: Rect,
}

impl Columns {
    fn of(row: Rect) -> Self {
        let cut = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, row.y_range());
        let right = row.max.x - 10.0;
        Self {
            star: cut(row.min.x, row.min.x + 30.0),
            picture: cut(row.min.x + 32.0, row.min.x + 32.0 + 128.0),
            name: cut(row.min.x + 178.0, right - 372.0),
            kind: cut(right - 362.0, right - 240.0),
            length: cut(right - 236.0, right - 156.0),
            channels: cut(right - 156.0, right - 66.0),
            t30: cut(right - 66.0, right),
        }
    }
}

/// Shows it, and says whether the chosen one is kept.
pub(super) fn show(
    ui: &mut Ui,
    desk: &mut Desk,
    browser: &mut Browser,
    librarian: &mut Librarian,
    shown: &Shown,
    rect: Rect,
    keys: Keys,
) -> bool {
    let theme = Theme::of(ui);
    let header = rect.with_max_y(rect.min.y + 22.0);
    head(ui, browser, header);
    let body = rect.with_min_y(header.max.y + 2.0);
    // Whole rows.
    let body = body.with_max_y(body.min.y + (body.height() / ROW).floor().max(1.0) * ROW);
    let Some(library) = &shown.library else {
        let text = "Opening the library …";
        widget::text_in(
            ui,
            body,
            text,
            FontId::proportional(size::BODY),
            theme.muted,
        );
        return false;
    };
    let rows = &shown.list.rows;
    let id = ui.make_persistent_id("impulses");
    let whole = ui.interact(body, id, Sense::FOCUSABLE);
    let at = browser.at(shown);
    let name = match at {
        Some(at) => format!("Impulses, {}", Item::of(library, &rows[at]).name()),
        None => "Impulses".to_owned(),
    };
    whole.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, &name));
    widget::focus_ring(ui, body, whole.has_focus());
    if rows.is_empty() {
        let text = if browser.seek.words.is_empty() {
            "Nothing here yet"
        } else {
            "Nothing is called so"
        };
        widget::text_in(
            ui,
            body,
            text,
            FontId::proportional(size::BODY),
            theme.muted,
        );
    }
    let keys = if whole.has_focus() {
        Keys::read(ui, id)
    } else {
        keys
    };
    let mut heard = keys.target(at, rows.len(), (body.height() / ROW) as usize);
    let mut kept = keys.keep && at.is_some();
    if keys.mark
        && let Some(at) = at
    {
        let item = Item::of(library, &rows[at]);
        librarian.favour(item.reference(), !item.is_favourite(library));
    }
    let reveal = std::mem::take(&mut browser.reveal) || heard.is_some();
    let chosen = heard.or(at);
    ui.scope_builder(UiBuilder::new().max_rect(body), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::vertical().auto_shrink(false).id_salt("rows");
        if let (true, Some(at)) = (reveal, chosen) {
            area = list::reveal(ui, id, area, (ROW, body.height()), at);
        }
        let output = area.show_rows(ui, ROW, rows.len(), |ui, seen| {
            for at in seen {
                let size = vec2(ui.available_width(), ROW);
                let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                if rect.intersect(ui.clip_rect()).height() < 1.0 {
                    continue;
                }
                let item = Item::of(library, &rows[at]);
                let place = id.with(at);
                let response = ui.interact(rect, place, Sense::CLICK);
                let on = chosen == Some(at);
                let name = item.name();
                response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, on, &name));
                let columns = Columns::of(rect);
                let star = ui.interact(columns.star, place.with("star"), Sense::CLICK);
                let marked = item.is_favourite(library);
                let what = if marked { "Unmark" } else { "Mark" };
                star.widget_info(|| {
                    WidgetInfo::selected(Role::CheckBox, true, marked, format!("{what} {name}"))
                });
                row(
                    ui,
                    browser,
                    &item,
                    &columns,
                    rect,
                    (on, response.hovered() || star.hovered()),
                );
                if marked || response.hovered() || star.hovered() {
                    let icon = if marked { Icon::Star } else { Icon::NoStar };
                    let colour = if marked || star.hovered() {
                        theme.accent
                    } else {
                        theme.muted
                    };
                    icon.paint(ui.painter(), columns.star, colour);
                }
                if star.clicked() {
                    librarian.favour(item.reference(), !marked);
                } else if response.clicked() {
                    heard = Some(at);
                    whole.request_focus();
                    kept |= response.double_clicked();
                }
            }
        });
        list::scrolled(ui, id, output.state.clamped_offset().y);
    });
    if let Some(at) = heard {
        browser.hear(desk, library, &rows[at]);
        ui.request_repaint();
    }
    kept
}

fn head(ui: &mut Ui, browser: &mut Browser, rect: Rect) {
    let theme = Theme::of(ui);
    let columns = Columns::of(rect);
    let orders = [
        (columns.name, Order::Name, "Name", Align2::LEFT_CENTER),
        (
            columns.length,
            Order::Length,
            "Length",
            Align2::RIGHT_CENTER,
        ),
        (
            columns.channels,
            Order::Channels,
            "Channels",
            Align2::RIGHT_CENTER,
        ),
        (columns.t30, Order::Decay, "T30", Align2::RIGHT_CENTER),
    ];
    for (rect, order, name, align) in orders {
        let rect = rect.shrink2(vec2(0.0, 1.0));
        let response = ui.interact(rect, ui.scope_id().with(("order", name)), Sense::click());
        let on = browser.seek.order == order;
        let said = format!("Sort by {}", name);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, &said));
        if response.clicked() {
            // Up, down, and as it was found.
            (browser.seek.order, browser.seek.backwards) = match (on, browser.seek.backwards) {
                (false, _) => (order, false),
                (true, false) => (order, true),
                (true, true) => (Order::Found, false),
            };
            browser.reveal = true;
        }
        let colour = match (on, response.hovered()) {
            (_, true) => theme.accent,
            (true, false) => theme.text,
            (false, false) => theme.muted,
        };
        let anchor = if align == Align2::LEFT_CENTER {
            rect.left_center()
        } else {
            rect.right_center() - vec2(if on { 10.0 } else { 0.0 }, 0.0)
        };
        let font = fonts::strong(size::SMALL);
        let words = ui.painter().text(anchor, align, name, font, colour);
        if on {
            let down = if browser.seek.backwards { -1.0 } else { 1.0 };
            let tip = pos2(words.max.x + 7.0, rect.center().y + 2.5 * down);
            let points = vec![
                tip,
                tip - vec2(3.5, 5.0 * down),
                tip + vec2(3.5, -5.0 * down),
            ];
            ui.painter()
                .add(Shape::convex_polygon(points, colour, Stroke::NONE));
        }
        widget::focus_ring(ui, rect, response.has_focus());
    }
    let font = fonts::strong(size::SMALL);
    let at = columns.kind.left_center();
    ui.painter()
        .text(at, Align2::LEFT_CENTER, "Kind or folder", font, theme.muted);
    ui.painter()
        .hline(rect.x_range(), rect.max.y, Stroke::new(1.0, theme.line));
}

fn row(
    ui: &Ui,
    browser: &mut Browser,
    item: &Item<'_>,
    columns: &Columns,
    rect: Rect,
    (on, hovered): (bool, bool),
) {
    let theme = Theme::of(ui);
    let quiet = list::band(ui, rect, (on, hovered));
    let entry = match item {
        Item::Entry(entry) => Some(*entry),
        _ => None,
    };
    if let Some(entry) = entry.filter(|entry| entry.sound.is_ok() && !item.is_missing())
        && let Some(levels) = browser.thumbnails.get(&entry.origin)
    {
        thumbnail(ui, columns.picture.shrink2(vec2(2.0, 4.0)), &levels, on);
    }
    let (note, colour) = match (item, entry) {
        _ if item.is_missing() => ("missing".to_owned(), theme.alarm),
        (_, Some(entry)) if entry.sound.is_err() => ("cannot be read".to_owned(), theme.alarm),
        (_, Some(entry)) => match &entry.origin {
            Origin::Factory(_) => (super::titled(&entry.category), quiet),
            Origin::User { .. } => (entry.category.clone(), quiet),
        },
        _ => ("outside the library".to_owned(), quiet),
    };
    let (strong, plain) = (fonts::strong(size::BODY), FontId::proportional(12.0));
    let (name, kind) = (columns.name, columns.kind);
    widget::words(ui, name, name.width(), &item.name(), strong, theme.text);
    widget::words(ui, kind, kind.width(), &note, plain, colour);
    let Some(Ok(sound)) = entry.map(|entry| &entry.sound) else {
        return;
    };
    let figures = [
        (columns.length, length(sound.seconds())),
        (columns.channels, channels(sound.channels, sound.layout)),
        (
            columns.t30,
            sound
                .t30_s
                .map_or_else(|| "–".to_owned(), |s| format!("{s:.2} s")),
        ),
    ];
    for (column, text) in figures {
        let font = FontId::proportional(12.0);
        let at = column.right_center();
        let painter = ui.painter();
        painter.text(at, Align2::RIGHT_CENTER, text, font, quiet);
    }
}

/// How long, to what a list can show.
pub(in crate::editor::view) fn length(seconds: f64) -> String {
    match seconds {
        short if short < 0.1 => format!("{:.1} ms", short * 1000.0),
        short if short < 1.0 => format!("{:.0} ms", short * 1000.0),
        long if long < 60.0 => format!("{long:.2} s"),
        long => format!("{}:{:02} min", long as u64 / 60, long as u64 % 60),
    }
}

/// How many channels, and as what they are heard.
pub(in crate::editor::view) fn channels(count: usize, layout: crate::impulse::Layout) -> String {
    use crate::impulse::Layout;
    match layout {
        Layout::Mono => "mono".to_owned(),
        Layout::Stereo => "stereo".to_owned(),
        Layout::TrueStereo => "true stereo".to_owned(),
        Layout::Matrix | Layout::MatrixOf { .. } => format!("{count} channels"),
    }
}

/// Decay in dB behind, the waveform in front: as in the large picture.
pub(in crate::editor::view) fn thumbnail(ui: &Ui, rect: Rect, levels: &Levels, on: bool) {
    let theme = Theme::of(ui);
    let column = rect.width() / levels.len() as f32;
    let (behind, front) = if on {
        (theme.accent, theme.text)
    } else {
        (theme.accent_dim, theme.accent)
    };
    let mut mesh = Mesh::default();
    let mut bars = |height: &dyn Fn(f32) -> f32, colour: Color32| {
        for (at, db) in levels.iter().enumerate() {
            let half = height(*db).clamp(0.0, 1.0) * rect.height() / 2.0;
            if half < 0.2 {
                continue;
            }
            let left = rect.min.x + at as f32 * column;
            let (top, bottom) = (rect.center().y - half, rect.center().y + half);
            let bar = Rect::from_min_max(Pos2::new(left, top), Pos2::new(left + column, bottom));
            mesh.add_colored_rect(bar, colour);
        }
    };
    bars(&|db| 1.0 + db / RANGE_DB, behind);
    bars(&|db| 10_f32.powf(db / 20.0), front);
    ui.painter().add(Shape::mesh(mesh));
}
