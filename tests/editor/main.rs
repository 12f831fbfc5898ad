//! The editor, without a screen: what it does to parameters, what it says, what it looks like.

#![cfg(feature = "editor")]

mod browser;
mod convolve;
mod cost;
mod fake;
mod gestures;
mod handles;
mod keyboard;
mod lab;
mod looks;
mod picture;
mod presets;
mod raster;
