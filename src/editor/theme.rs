//! Colours, sizes of text and spaces: what the editor looks like, written once.
//!
//! Guaranteed: text on what it stands on has a contrast of 4.5 to 1 or more, and what must be seen to be used 3 to 1 (WCAG
//! 2.2, 1.4.3 and 1.4.11, level AA); tests/editor.rs computes it for every pair of [`Theme::pairs`].

use super::fonts;
use egui::{Color32, CornerRadius, FontId, Stroke, TextStyle, Theme as Brightness, Vec2, Visuals};

/// Dark or light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    /// Behind everything.
    pub ground: Color32,
    /// Behind groups of controls.
    pub panel: Color32,
    /// Of buttons and knobs.
    pub raised: Color32,
    /// Behind pictures.
    pub picture: Color32,
    /// Between things, and of what is off.
    pub line: Color32,
    /// Of what can be taken hold of, where nothing else shows it.
    pub outline: Color32,
    /// To be read.
    pub text: Color32,
    /// To be read if one looks for it.
    pub muted: Color32,
    /// Values, and the sound of the impulse.
    pub accent: Color32,
    /// The same, farther away.
    pub accent_dim: Color32,
    /// Text on [`Theme::accent`].
    pub on_accent: Color32,
    /// What is measured, beside what is set.
    pub second: Color32,
    /// Too much, and errors.
    pub alarm: Color32,
    /// Around what the keyboard works on.
    pub focus: Color32,
}

/// The dark one.
pub const DARK: Theme = Theme {
    ground: Color32::from_rgb(0x14, 0x16, 0x18),
    panel: Color32::from_rgb(0x1b, 0x1e, 0x21),
    raised: Color32::from_rgb(0x2a, 0x2e, 0x32),
    picture: Color32::from_rgb(0x0e, 0x10, 0x11),
    line: Color32::from_rgb(0x32, 0x36, 0x3b),
    outline: Color32::from_rgb(0x79, 0x7d, 0x80),
    text: Color32::from_rgb(0xee, 0xea, 0xe2),
    muted: Color32::from_rgb(0xa9, 0xa6, 0x9f),
    accent: Color32::from_rgb(0xe6, 0xac, 0x5c),
    accent_dim: Color32::from_rgb(0x5c, 0x49, 0x30),
    on_accent: Color32::from_rgb(0x1c, 0x14, 0x08),
    second: Color32::from_rgb(0x7c, 0xc0, 0xba),
    alarm: Color32::from_rgb(0xff, 0x7b, 0x6b),
    focus: Color32::from_rgb(0x8c, 0xc4, 0xff),
};

/// The light one.
pub const LIGHT: Theme = Theme {
    ground: Color32::from_rgb(0xe9, 0xe6, 0xdf),
    panel: Color32::from_rgb(0xf5, 0xf3, 0xee),
    raised: Color32::from_rgb(0xff, 0xff, 0xff),
    picture: Color32::from_rgb(0xfd, 0xfc, 0xfa),
    line: Color32::from_rgb(0xcf, 0xca, 0xc0),
    outline: Color32::from_rgb(0x7d, 0x77, 0x6c),
    text: Color32::from_rgb(0x24, 0x21, 0x1d),
    muted: Color32::from_rgb(0x5e, 0x59, 0x50),
    accent: Color32::from_rgb(0x8c, 0x55, 0x08),
    accent_dim: Color32::from_rgb(0xe3, 0xc9, 0x9f),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    second: Color32::from_rgb(0x1c, 0x70, 0x6b),
    alarm: Color32::from_rgb(0xb4, 0x23, 0x18),
    focus: Color32::from_rgb(0x0a, 0x5c, 0xb0),
};

/// Sizes of text in points.
pub mod size {
    /// The impulse's name.
    pub const TITLE: f32 = 17.0;
    /// Values and buttons.
    pub const BODY: f32 = 13.0;
    /// Names of controls.
    pub const SMALL: f32 = 11.5;
    /// Axes.
    pub const TINY: f32 = 10.5;
}

/// Corners of panels, in points.
pub const CORNER: u8 = 6;

/// Between things that have to do with each other, in points.
pub const GAP: f32 = 8.0;

impl Theme {
    /// The one that `ui` is drawn in.
    pub fn of(ui: &egui::Ui) -> Self {
        if ui.visuals().dark_mode { DARK } else { LIGHT }
    }

    /// What stands on what, and the contrast it must have.
    pub fn pairs(&self) -> Vec<(&'static str, Color32, Color32, f64)> {
        let mut pairs = vec![
            ("on_accent/accent", self.on_accent, self.accent, 4.5),
            ("accent/picture", self.accent, self.picture, 4.5),
            ("second/picture", self.second, self.picture, 4.5),
            ("accent/line", self.accent, self.line, 3.0),
            ("text/accent_dim", self.text, self.accent_dim, 4.5),
            ("ground/text", self.ground, self.text, 4.5),
            ("ground/alarm", self.ground, self.alarm, 4.5),
        ];
        let grounds = [
            ("ground", self.ground),
            ("panel", self.panel),
            ("raised", self.raised),
            ("picture", self.picture),
        ];
        for (_, ground) in grounds {
            pairs.push(("text", self.text, ground, 4.5));
            pairs.push(("muted", self.muted, ground, 4.5));
            pairs.push(("alarm", self.alarm, ground, 4.5));
            pairs.push(("accent", self.accent, ground, 4.5));
            pairs.push(("focus", self.focus, ground, 3.0));
            pairs.push(("outline", self.outline, ground, 3.0));
        }
        pairs
    }

    fn visuals(&self, mut visuals: Visuals) -> Visuals {
        visuals.panel_fill = self.ground;
        visuals.window_fill = self.panel;
        visuals.window_stroke = Stroke::new(1.0, self.line);
        visuals.window_corner_radius = CornerRadius::same(CORNER);
        visuals.menu_corner_radius = CornerRadius::same(CORNER);
        visuals.extreme_bg_color = self.picture;
        visuals.faint_bg_color = self.raised;
        visuals.text_edit_bg_color = Some(self.picture);
        visuals.override_text_color = Some(self.text);
        visuals.weak_text_color = Some(self.muted);
        visuals.error_fg_color = self.alarm;
        visuals.warn_fg_color = self.accent;
        visuals.hyperlink_color = self.second;
        visuals.selection.bg_fill = self.accent_dim;
        visuals.selection.stroke = Stroke::new(1.0, self.text);
        // The caret does not blink: a window in which nothing happens is not drawn.
        visuals.text_cursor.blink = false;
        visuals.text_cursor.stroke = Stroke::new(1.5, self.accent);
        visuals.popup_shadow.color = Color32::from_black_alpha(60);
        visuals.window_shadow.color = Color32::from_black_alpha(60);
        let widgets = &mut visuals.widgets;
        for state in [
            &mut widgets.noninteractive,
            &mut widgets.inactive,
            &mut widgets.hovered,
            &mut widgets.active,
            &mut widgets.open,
        ] {
            state.corner_radius = CornerRadius::same(4);
            state.bg_stroke = Stroke::new(1.0, self.line);
            state.fg_stroke = Stroke::new(1.0, self.text);
            state.bg_fill = self.raised;
            state.weak_bg_fill = self.raised;
            state.expansion = 0.0;
        }
        widgets.noninteractive.bg_fill = self.panel;
        widgets.hovered.bg_stroke = Stroke::new(1.0, self.outline);
        widgets.active.bg_stroke = Stroke::new(1.0, self.accent);
        visuals
    }
}

/// Gives `context` the fonts and both themes. Main thread.
pub fn install(context: &egui::Context) {
    context.set_fonts(fonts::definitions());
    context.options_mut(|options| {
        // The scale is a setting of ours, with bounds and a window that follows.
        options.zoom_with_keyboard = false;
    });
    for (brightness, theme, visuals) in [
        (Brightness::Dark, DARK, Visuals::dark()),
        (Brightness::Light, LIGHT, Visuals::light()),
    ] {
        context.set_visuals_of(brightness, theme.visuals(visuals));
    }
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Heading, size::TITLE),
            (TextStyle::Body, size::BODY),
            (TextStyle::Button, size::BODY),
            (TextStyle::Small, size::SMALL),
            (TextStyle::Monospace, size::BODY),
        ]
        .map(|(style, size)| (style, FontId::proportional(size)))
        .into();
        style.spacing.item_spacing = Vec2::splat(GAP);
        style.spacing.button_padding = Vec2::new(10.0, 5.0);
        style.spacing.interact_size.y = 26.0;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.6;
        style.animation_time = 0.0;
    });
}
