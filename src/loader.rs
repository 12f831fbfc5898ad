//! From an impulse response to what the engine convolves with.
