//! What lists have in common: rows of one height, one of which is chosen, keys that walk through them, and scrolling no
//! farther than it takes to see the chosen one.

use crate::editor::theme::Theme;
use egui::{Color32, EventFilter, Id, Key, Modifiers, Rect, ScrollArea, Ui, vec2};

/// What the keyboard wants of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys {
    /// So many rows down.
    pub by: isize,
    /// So many windows of them down.
    pub pages: isize,
    /// To the first (`false`), or to the last.
    pub to: Option<bool>,
    /// The chosen one is the one.
    pub keep: bool,
    /// It becomes a favourite, or is one no longer.
    pub mark: bool,
}

impl Keys {
    /// What was pressed while the list `id` has the focus. Main thread.
    pub fn read(ui: &Ui, id: Id) -> Self {
        ui.memory_mut(|memory| {
            let filter = EventFilter {
                vertical_arrows: true,
                ..EventFilter::default()
            };
            memory.set_focus_lock_filter(id, filter);
        });
        ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as isize;
            let (first, last) = (pressed(Key::Home) > 0, pressed(Key::End) > 0);
            Self {
                by: pressed(Key::ArrowDown) - pressed(Key::ArrowUp),
                pages: pressed(Key::PageDown) - pressed(Key::PageUp),
                to: (first || last).then_some(last),
                keep: pressed(Key::Enter) > 0,
                mark: pressed(Key::F) > 0,
            }
        })
    }

    /// The up and down arrows alone: for a field that stands over a list. Main thread.
    pub fn arrows(ui: &Ui) -> Self {
        let by = ui.input_mut(|input| {
            let mut pressed = |key| input.count_and_consume_key(Modifiers::NONE, key) as isize;
            pressed(Key::ArrowDown) - pressed(Key::ArrowUp)
        });
        Self {
            by,
            ..Self::default()
        }
    }

    /// The row that is to be chosen in the place of `at`, of `count` rows of which a window has `seen`.
    pub fn target(self, at: Option<usize>, count: usize, seen: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        let page = seen.saturating_sub(1).max(1) as isize;
        let by = self.by.saturating_add(self.pages.saturating_mul(page));
        match (self.to, at) {
            (Some(end), _) => Some(if end { last } else { 0 }),
            _ if by == 0 => None,
            (None, Some(at)) => Some(at.saturating_add_signed(by).min(last)),
            (None, None) => Some(0),
        }
    }
}

/// The area of the list `id`, scrolled so that row `at` is seen. `height`: of a row and of the area, in points. Main
/// thread.
pub(super) fn reveal(
    ui: &Ui,
    id: Id,
    area: ScrollArea,
    height: (f32, f32),
    at: usize,
) -> ScrollArea {
    let (row, whole) = height;
    let top = at as f32 * row;
    let offset = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0);
    let least = top + row - whole;
    if offset <= top && offset >= least {
        return area;
    }
    let near = (offset - top).abs() < 2.0 * row || (least - offset).abs() < 2.0 * row;
    let offset = if near {
        offset.clamp(least, top)
    } else {
        top - ((whole - row) / 2.0 / row).floor() * row
    };
    area.vertical_scroll_offset(offset.max(0.0))
}

/// How far the list `id` is scrolled, in points, for the next [`reveal`]. Main thread.
pub(super) fn scrolled(ui: &Ui, id: Id, offset: f32) {
    ui.data_mut(|data| data.insert_temp(id, offset));
}

/// The ground of a row, chosen or under the pointer, and the colour for what is quiet on it. Main thread.
pub(super) fn band(ui: &Ui, rect: Rect, (on, hovered): (bool, bool)) -> Color32 {
    let theme = Theme::of(ui);
    let fill = match (on, hovered) {
        (true, _) => theme.accent_dim,
        (false, true) => theme.raised,
        (false, false) => theme.panel,
    };
    let band = rect.with_max_x(rect.max.x - 4.0).shrink2(vec2(0.0, 0.5));
    ui.painter().rect_filled(band, 4.0, fill);
    if on { theme.text } else { theme.muted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_within_the_list() {
        let keys = |by, pages| Keys {
            by,
            pages,
            ..Keys::default()
        };
        assert_eq!(keys(1, 0).target(None, 5, 3), Some(0));
        assert_eq!(keys(1, 0).target(Some(4), 5, 3), Some(4));
        assert_eq!(keys(-9, 0).target(Some(4), 5, 3), Some(0));
        assert_eq!(keys(0, 1).target(Some(0), 5, 3), Some(2));
        assert_eq!(keys(0, 0).target(Some(0), 5, 3), None);
        assert_eq!(keys(1, 0).target(None, 0, 3), None);
        let end = Keys {
            to: Some(true),
            ..Keys::default()
        };
        assert_eq!(end.target(Some(0), 20_000, 12), Some(19_999));
    }
}
