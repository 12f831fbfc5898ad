//! What was found out about an impulse's file, beside the impulse.

use super::say;
use crate::impulse::load::{LayoutDecision, LayoutReason, Loaded, Notice};
use crate::loader::Source;
use std::path::Path;

/// Of an impulse that is looked at.
pub(super) fn loaded(file: &Path, loaded: &Loaded) {
    notices(file, &loaded.notices);
    layout(file, &loaded.layout);
}

/// Of an impulse that is used.
pub(super) fn source(file: &Path, source: &Source) {
    notices(file, source.notices());
    if let Some(decision) = source.layout() {
        layout(file, decision);
    }
}

/// What did not keep the file from being read, as warnings.
pub(super) fn notices(file: &Path, notices: &[Notice]) {
    for notice in notices {
        say::error(format_args!("warning: {}: {notice}", file.display()));
    }
}

/// What the channels were taken for, where that is more than their number.
pub(super) fn layout(file: &Path, layout: &LayoutDecision) {
    if !matches!(layout.reason, LayoutReason::Asked | LayoutReason::Channels) {
        let (file, taken) = (file.display(), layout.layout.name());
        say::error(format_args!("note: {file}: {taken}: {layout}"));
    }
}
