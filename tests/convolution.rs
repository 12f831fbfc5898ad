//! The engine against the definition: every block length, every routing, long and short impulses.

#[path = "common/oracle.rs"]
mod oracle;

use oracle::{Noise, direct_matrix, engine, error_db, play};
use partita::engine::routing::Path;
use partita::engine::{Block, Engine, OfflineConvolver, Routing, Simd, fft};
use std::sync::Arc;

/// f32 arithmetic leaves about −135 dB over sums of this size; a wrong sample anywhere leaves −90.
const BOUND: f64 = -120.0;

fn routings() -> Vec<(&'static str, Routing)> {
    let path = |input, output, response| Path {
        input,
        output,
        response,
    };
    let crossed = vec![path(0, 1, 0), path(1, 0, 1), path(1, 0, 0)];
    vec![
        ("mono", Routing::mono()),
        ("stereo", Routing::stereo()),
        ("mono to stereo", Routing::mono_to_stereo()),
        ("true stereo", Routing::true_stereo()),
        ("3×5", Routing::matrix(3, 5)),
        ("shared", Routing::shared(3)),
        ("8 independent", Routing::independent(8)),
        (
            "crossed, one pair twice, one output empty",
            Routing::from_paths(2, 3, crossed).expect("inside"),
        ),
    ]
}

fn check(
    routing: &Routing,
    taps: usize,
    frames: usize,
    seed: u64,
    length: impl FnMut() -> usize,
) -> f64 {
    let mut noise = Noise::new(seed);
    let x = noise.channels(routing.inputs(), frames);
    let h = noise.channels(routing.responses(), taps);
    let got = play(&mut engine(routing, &h), &x, routing.outputs(), length);
    error_db(&got, &direct_matrix(routing, &x, &h, frames))
}

#[test]
fn every_block_length_up_to_130() {
    for block in 1..=130 {
        let error = check(&Routing::stereo(), 3000, 7000, block as u64, || block);
        assert!(error < BOUND, "blocks of {block}: {error:.1} dB");
    }
}

#[test]
fn block_lengths_that_change_from_call_to_call() {
    for seed in 1..=12 {
        let mut lengths = Noise::new(1000 + seed);
        let error = check(&Routing::stereo(), 20_000, 40_000, seed, || {
            lengths.within(1, 4096)
        });
        assert!(error < BOUND, "seed {seed}: {error:.1} dB");
    }
}

#[test]
fn every_impulse_length_up_to_200() {
    for taps in 1..=200 {
        let mut lengths = Noise::new(taps as u64);
        let error = check(&Routing::mono(), taps, 1500, 7 + taps as u64, || {
            lengths.within(1, 100)
        });
        assert!(error < BOUND, "{taps} taps: {error:.1} dB");
    }
}

#[test]
fn impulse_lengths_around_every_level() {
    for taps in [
        511, 512, 513, 1023, 1024, 1025, 8191, 8192, 8193, 8704, 12_289,
    ] {
        let error = check(&Routing::mono(), taps, 30_000, taps as u64, || 64);
        assert!(error < BOUND, "{taps} taps: {error:.1} dB");
    }
}

#[test]
fn every_routing() {
    for (name, routing) in routings() {
        let mut lengths = Noise::new(5);
        let error = check(&routing, 10_000, 15_000, 3, || lengths.within(1, 700));
        assert!(error < BOUND, "{name}: {error:.1} dB");
    }
}

/// Ten seconds of impulse, against one large transform in f64, itself proven by the definition.
#[test]
fn half_a_million_taps() {
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    for taps in [72_001, 500_000] {
        let mut noise = Noise::new(9);
        let (x, h) = (noise.channels(2, 700_000), noise.channels(2, taps));
        let mut lengths = Noise::new(10);
        let got = play(&mut engine(&Routing::stereo(), &h), &x, 2, || {
            lengths.within(1, 4096)
        });
        let want: Vec<Vec<f64>> = (0..2)
            .map(|c| fft::convolve(&wide(&x[c]), &wide(&h[c]))[..700_000].to_vec())
            .collect();
        let error = error_db(&got, &want);
        assert!(error < BOUND, "{taps} taps: {error:.1} dB");
    }
}

#[test]
fn every_instruction_set() {
    let mut noise = Noise::new(77);
    let routing = Routing::true_stereo();
    let (x, h) = (noise.channels(2, 30_000), noise.channels(4, 12_000));
    let want = direct_matrix(&routing, &x, &h, 30_000);
    let impulse = Arc::new(oracle::prepared(&routing, &h));
    for simd in Simd::available() {
        let mut engine = Engine::with_simd(Arc::clone(&impulse), simd);
        let error = error_db(&play(&mut engine, &x, 2, || 100), &want);
        assert!(error < BOUND, "{}: {error:.1} dB", simd.name());
    }
}

#[test]
fn offline_is_the_same_convolution() {
    let mut noise = Noise::new(21);
    for (name, routing) in routings() {
        for taps in [1, 700, 9000] {
            let x = noise.channels(routing.inputs(), 20_000);
            let h = noise.channels(routing.responses(), taps);
            let slices: Vec<&[f32]> = h.iter().map(Vec::as_slice).collect();
            let want = direct_matrix(&routing, &x, &h, 20_000);
            for block in [997, 20_000] {
                let mut offline = OfflineConvolver::new(&routing, &slices).expect("a good impulse");
                let mut got = vec![vec![f32::NAN; 20_000]; routing.outputs()];
                for from in (0..20_000).step_by(block) {
                    let to = 20_000.min(from + block);
                    let inputs: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
                    let mut outputs: Vec<&mut [f32]> =
                        got.iter_mut().map(|y| &mut y[from..to]).collect();
                    offline.process(&mut Block::new(&inputs, &mut outputs));
                }
                let error = error_db(&got, &want);
                assert!(
                    error < BOUND,
                    "{name}, {taps} taps, blocks of {block}: {error:.1} dB"
                );
            }
        }
    }
}
