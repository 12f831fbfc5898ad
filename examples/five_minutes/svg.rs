//! Pictures as SVG: just what this page draws. Colours are classes, so that they follow the page's light and dark.

use std::fmt::{Display, Write};

/// A picture with a description for those who cannot see it.
pub struct Svg {
    body: String,
    size: (f64, f64),
    class: &'static str,
    label: String,
}

impl Svg {
    /// An empty picture of `size` units; `class` says how the page places it.
    pub fn new(size: (f64, f64), class: &'static str, label: impl Into<String>) -> Self {
        let (body, label) = (String::new(), label.into());
        Self {
            body,
            size,
            class,
            label,
        }
    }

    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.put(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" class="{class}"/>"#,
            short(x),
            short(y),
            short(width),
            short(height)
        ));
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let d = format!(
            "M{} {}L{} {}",
            short(from.0),
            short(from.1),
            short(to.0),
            short(to.1)
        );
        self.path(&d, class);
    }

    pub fn path(&mut self, d: &str, class: &str) {
        self.put(format_args!(r#"<path d="{d}" class="{class}"/>"#));
    }

    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64, class: &str) {
        self.put(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}" class="{class}"/>"#,
            short(x),
            short(y),
            short(radius)
        ));
    }

    /// `class` says where the text stands relative to the point: `start`, `middle` or `end`.
    pub fn text(&mut self, (x, y): (f64, f64), class: &str, text: impl Display) {
        let text = escape(&text.to_string());
        self.put(format_args!(
            r#"<text x="{}" y="{}" class="{class}">{text}</text>"#,
            short(x),
            short(y)
        ));
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        let written = self.body.write_fmt(what);
        debug_assert!(written.is_ok(), "a String takes everything");
    }
}

impl Display for Svg {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            body,
            size: (width, height),
            class,
            label,
        } = self;
        let label = escape(label);
        write!(
            out,
            r#"<svg viewBox="0 0 {width} {height}" class="{class}" role="img" aria-label="{label}">{body}</svg>"#
        )
    }
}

/// A coordinate with no more digits than can be seen.
pub fn short(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The outline of values that stand side by side on a line at `zero`: each `step` wide, `scale` units high for 1.
pub fn bars(
    values: impl IntoIterator<Item = f64>,
    left: f64,
    zero: f64,
    step: f64,
    scale: f64,
) -> String {
    let mut d = format!("M{} {}", short(left), short(zero));
    for (index, value) in values.into_iter().enumerate() {
        let right = left + (index + 1) as f64 * step;
        d += &format!("V{}H{}", short(zero - value * scale), short(right));
    }
    d + &format!("V{}Z", short(zero))
}
