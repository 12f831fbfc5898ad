//! A reader of the meter beside its writer, for each of the meters that are tried.

/// The function, over the `meter` of the module where it stands. A window is one frame, and two are kept: the third is
/// written where the first is read.
macro_rules! reader_beside_the_writer {
    () => {
        pub(crate) fn reader_beside_the_writer() {
            use std::time::Duration;
            let measured = meter::Measured {
                inputs: 1,
                outputs: 0,
                sample_rate: 50,
            };
            let (mut writing, mut reader) = meter::with_windows(measured, 2);
            let writing = loom::thread::spawn(move || {
                for window in 1..=3_u8 {
                    // Level and load are the same in each window.
                    let level = f32::from(window) / 4.0;
                    writing.input(&[[level]]);
                    let busy = f64::from(level) * meter::WINDOW_SECONDS;
                    writing.block(1, Duration::from_secs_f64(busy));
                }
            });
            if let Some(reading) = reader.read() {
                let level = reading.inputs[0];
                let whole = level.peak == level.rms
                    && (reading.load.worst - level.peak).abs() < 1e-6
                    && (reading.load.mean - level.peak).abs() < 1e-6;
                assert!(whole, "a window is torn: {reading:?}");
                let windows = (reading.seconds / meter::WINDOW_SECONDS).round() as u64;
                assert!(reading.blocks >= windows, "{reading:?}");
            }
            writing.join().expect("no panic");
        }
    };
}
