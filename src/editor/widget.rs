//! What the editor's views are made of. Each works on a parameter through the [`Desk`](super::desk::Desk), by mouse, by
//! keyboard and by assistive technology alike, and says what it is called and what it is set to.

mod button;
mod choice;
mod entry;
mod field;
pub mod grip;
mod knob;
pub mod meter;
mod paint;
mod switch;

pub use button::{Icon, button, icon_button, icon_button_as, tab};
pub use choice::choice;
pub use entry::entry;
pub use field::{bare_field, field, hinted_field, value};
pub use knob::{Knob, face, knob};
pub use paint::{focus_ring, heading, label, text_in, title, words};
pub use switch::{switch, toggle};
