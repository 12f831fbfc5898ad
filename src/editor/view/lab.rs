//! Making impulses, by hand or of two, and seeing what they do to a sound.

use super::convolve::{self, Convolve};
use super::echo::{self, EchoPage};
use super::series::{self, Series};
use crate::editor::desk::Desk;
use crate::editor::theme::{self, Theme};
use crate::editor::widget;
use egui::{Frame, Margin, Ui};

/// Which part is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Drawing an echo.
    #[default]
    Echo,
    /// Two rooms, one after the other.
    Series,
    /// What convolution is.
    Convolve,
}

impl Page {
    /// All of them, each with its name.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Echo, "Draw an echo"),
        (Self::Series, "Two rooms in series"),
        (Self::Convolve, "See the convolution"),
    ];
}

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Lab {
    page: Page,
    /// Of [`Page::Echo`].
    pub echo: EchoPage,
    /// Of [`Page::Series`].
    pub series: Series,
    /// Of [`Page::Convolve`].
    pub convolve: Convolve,
}

impl Lab {
    /// Shows another part. Main thread.
    pub fn open(&mut self, page: Page) {
        self.page = page;
    }

    /// Hands over what has been made since the last frame. Main thread.
    pub fn arrive(&mut self, desk: &mut Desk) {
        self.echo.arrive(desk);
        self.series.arrive(desk);
        self.convolve.arrive(desk);
    }

    /// Whether there is something new to draw. Main thread.
    pub fn poll(&mut self) -> bool {
        let new = [self.echo.poll(), self.series.poll(), self.convolve.poll()];
        new.contains(&true)
    }

    /// Waits until what is being made has come. Main thread.
    pub fn wait(&mut self) {
        self.echo.wait();
        self.series.wait();
        self.convolve.wait();
    }
}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, lab: &mut Lab) {
    let theme = Theme::of(ui);
    let frame = Frame::new()
        .fill(theme.panel)
        .corner_radius(theme::CORNER)
        .inner_margin(Margin::symmetric(14, 10));
    frame.show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        ui.spacing_mut().item_spacing.y = 7.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (page, name) in Page::ALL {
                if widget::tab(ui, name, lab.page == page).clicked() {
                    lab.page = page;
                }
            }
        });
        match lab.page {
            Page::Echo => echo::show(ui, desk, &mut lab.echo),
            Page::Series => series::show(ui, desk, &mut lab.series),
            Page::Convolve => convolve::show(ui, desk, &mut lab.convolve),
        }
    });
}
