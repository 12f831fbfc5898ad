//! The fonts, embedded: Inter for everything, DejaVu for signs and scripts that it lacks.

use egui::{FontData, FontDefinitions, FontFamily, FontId};
use std::sync::Arc;

/// The family of what is to stand out.
const STRONG: &str = "strong";

/// The strong font in that size, in points.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

pub(super) fn definitions() -> FontDefinitions {
    let font = |bytes| Arc::new(FontData::from_static(bytes));
    let mut fonts = FontDefinitions::empty();
    let data = &mut fonts.font_data;
    let regular: &[u8] = include_bytes!("fonts/Inter-Regular.otf");
    let semibold: &[u8] = include_bytes!("fonts/Inter-SemiBold.otf");
    data.insert("Inter".to_owned(), font(regular));
    data.insert("Inter SemiBold".to_owned(), font(semibold));
    data.insert("DejaVu".to_owned(), font(dejavu::sans::regular()));
    let family = |first: &str| vec![first.to_owned(), "DejaVu".to_owned()];
    fonts.families = [
        (FontFamily::Proportional, family("Inter")),
        (FontFamily::Monospace, family("Inter")),
        (FontFamily::Name(STRONG.into()), family("Inter SemiBold")),
    ]
    .into();
    fonts
}
