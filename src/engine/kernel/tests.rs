//! Every kernel on every instruction set of this machine equals its scalar form.

use super::*;

struct Noise(u32);

impl Noise {
    fn sample(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    fn chunks(&mut self, count: usize) -> Vec<Chunk> {
        let mut chunks = vec![Chunk::ZERO; count];
        for chunk in &mut chunks {
            chunk
                .re
                .iter_mut()
                .chain(&mut chunk.im)
                .for_each(|x| *x = self.sample());
        }
        chunks
    }

    fn ticks(&mut self, count: usize) -> Vec<Tick> {
        let mut ticks = vec![Tick::ZERO; count];
        ticks
            .iter_mut()
            .flat_map(|tick| &mut tick.0)
            .for_each(|x| *x = self.sample());
        ticks
    }
}

/// Largest difference that the rounding of `terms` additions of products of numbers below one, done
/// in f32, explains: each rounds by at most 2⁻²⁴ of a sum that stays below `terms`.
fn rounding(terms: usize) -> f64 {
    (terms as f64).powf(1.5).max(4.0) * 2f64.powi(-24)
}

fn points(chunks: &[Chunk]) -> Vec<(f64, f64)> {
    let pairs = |chunk: &Chunk| {
        (0..TICK)
            .map(|i| (f64::from(chunk.re[i]), f64::from(chunk.im[i])))
            .collect::<Vec<_>>()
    };
    chunks.iter().flat_map(pairs).collect()
}

fn assert_near(got: &[(f64, f64)], want: &[(f64, f64)], bound: f64, what: &str) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (got.0 - want.0).abs().max((got.1 - want.1).abs());
        assert!(off <= bound, "{what}, point {i}: {got:?}, want {want:?}");
    }
}

#[test]
fn head_fir() {
    let mut noise = Noise(1);
    let mut window = [0.0; 3 * TICK];
    let mut taps = [0.0; TICK];
    window
        .iter_mut()
        .chain(&mut taps)
        .for_each(|x| *x = noise.sample());
    let mut reversed = taps;
    reversed.reverse();
    for simd in Simd::available() {
        for offset in 0..=TICK {
            for length in 0..=257 {
                let mut got = vec![0.5f32; length];
                fir(simd, &taps, &reversed, &window, offset, &mut got);
                // What would lie beyond the tick is left alone.
                let inside = length.min(TICK - offset);
                let mut want = vec![0.5f64; length];
                reference::fir(&taps, &window, offset, &mut want[..inside]);
                for (got, want) in got.iter().zip(&want) {
                    let off = (f64::from(*got) - want).abs();
                    assert!(
                        off <= rounding(TICK),
                        "{}: {offset}, {length}: {off}",
                        simd.name()
                    );
                }
            }
        }
    }
}

#[test]
fn multiply_accumulate() {
    let mut noise = Noise(2);
    let (x, h) = (noise.chunks(2 * 260), noise.chunks(2 * 300));
    let start = noise.chunks(2);
    for simd in Simd::available() {
        for count in 0..=257 {
            let split = count * 2 / 3;
            let runs = [
                Run {
                    slot: 260 - split,
                    partition: 0,
                    count: split,
                },
                Run {
                    slot: 1,
                    partition: split,
                    count: count - split,
                },
            ];
            for add in [false, true] {
                let mut got = start.clone();
                mac(simd, &mut got, (&x, 260), (&h, 300), &runs, add);
                for chunk in 0..2 {
                    let (x, h) = (&x[chunk * 260..][..260], &h[chunk * 300..][..300]);
                    let want: Vec<_> = (0..TICK)
                        .map(|bin| {
                            let (re, im) = reference::mac(x, h, &runs, bin);
                            let on = if add {
                                points(&start[chunk..=chunk])[bin]
                            } else {
                                (0.0, 0.0)
                            };
                            (re + on.0, im + on.1)
                        })
                        .collect();
                    let what = format!("{} {count} partitions", simd.name());
                    assert_near(
                        &points(&got[chunk..=chunk]),
                        &want,
                        rounding(2 * count),
                        &what,
                    );
                }
            }
        }
    }
}

#[test]
fn passes() {
    let mut noise = Noise(3);
    let columns = 3;
    for simd in Simd::available() {
        for radix in [2, 4, 8] {
            let what = format!("{} radix {radix}", simd.name());
            let z = noise.chunks(radix * columns);
            let input = noise.ticks(radix * columns);
            let table = noise.chunks(radix * columns);
            let (w, stride) = (points(&table), columns * TICK);
            let mut constants = [[0.0; 2]; 8];
            constants
                .iter_mut()
                .flatten()
                .for_each(|c| *c = noise.sample());
            let constant = |j: usize| (f64::from(constants[j][0]), f64::from(constants[j][1]));
            let conjugate = |(re, im): (f64, f64)| (re, -im);
            // Columns 1..3 are transformed, column 0 stays as it was.
            let inside = TICK..stride;

            let real: Vec<f64> = input
                .iter()
                .flat_map(|tick| tick.0)
                .map(f64::from)
                .collect();
            let mut want = points(&z);
            for n in inside.clone() {
                let a: Vec<_> = (0..radix)
                    .map(|j| reference::times((real[j * stride + n], 0.0), constant(j)))
                    .collect();
                for (k, b) in reference::dft(&a, -1.0).into_iter().enumerate() {
                    want[k * stride + n] = reference::times(b, w[k * stride + n]);
                }
            }
            let mut got = z.clone();
            first(
                simd,
                radix,
                &input,
                &mut got,
                &table,
                &constants,
                1..columns,
            );
            assert_near(
                &points(&got),
                &want,
                rounding(2 * radix),
                &format!("first, {what}"),
            );

            let (mut output, mut overlap) =
                (noise.ticks(radix * columns), noise.ticks(radix * columns));
            let pairs = |a: &[Tick], b: &[Tick]| -> Vec<(f64, f64)> {
                let flat = |ticks: &[Tick]| {
                    ticks
                        .iter()
                        .flat_map(|tick| tick.0)
                        .map(f64::from)
                        .collect::<Vec<_>>()
                };
                flat(a).into_iter().zip(flat(b)).collect()
            };
            let mut want = pairs(&output, &overlap);
            for n in inside.clone() {
                let a: Vec<_> = (0..radix)
                    .map(|j| {
                        reference::times(points(&z)[j * stride + n], conjugate(w[j * stride + n]))
                    })
                    .collect();
                for (j, b) in reference::dft(&a, 1.0).into_iter().enumerate() {
                    let y = reference::times(b, conjugate(constant(j)));
                    let at = &mut want[j * stride + n];
                    *at = (y.0 + at.1, y.1);
                }
            }
            last(
                simd,
                radix,
                &z,
                &table,
                &constants,
                &mut output,
                &mut overlap,
                1..columns,
            );
            assert_near(
                &pairs(&output, &overlap),
                &want,
                rounding(2 * radix),
                &format!("last, {what}"),
            );

            if radix == 2 {
                continue;
            }
            let inner = &table[columns..];
            let w = |k: usize, n: usize| {
                if k == 0 {
                    (1.0, 0.0)
                } else {
                    w[k * stride + n]
                }
            };
            let mut want = points(&z);
            let mut back = points(&z);
            for n in inside {
                let a: Vec<_> = (0..radix).map(|j| points(&z)[j * stride + n]).collect();
                for (k, b) in reference::dft(&a, -1.0).into_iter().enumerate() {
                    want[k * stride + n] = reference::times(b, w(k, n));
                }
                let a: Vec<_> = (0..radix)
                    .map(|k| reference::times(a[k], conjugate(w(k, n))))
                    .collect();
                for (j, b) in reference::dft(&a, 1.0).into_iter().enumerate() {
                    back[j * stride + n] = b;
                }
            }
            let mut got = z.clone();
            pass(simd, radix, &mut got, inner, 1..columns);
            assert_near(
                &points(&got),
                &want,
                rounding(2 * radix),
                &format!("pass, {what}"),
            );
            let mut got = z.clone();
            inverse_pass(simd, radix, &mut got, inner, 1..columns);
            assert_near(
                &points(&got),
                &back,
                rounding(2 * radix),
                &format!("inverse pass, {what}"),
            );
        }
    }
}

/// The 64-point twiddles: e^{−2πi·n·k/64}, point n of row k.
fn leaf_table() -> Chunk {
    let mut table = Chunk::ZERO;
    for i in 0..TICK {
        let (re, im) = reference::turn(-((i / 8 * (i % 8)) as f64) / TICK as f64);
        (table.re[i], table.im[i]) = (re as f32, im as f32);
    }
    table
}

#[test]
fn leaves() {
    let mut noise = Noise(4);
    let table = leaf_table();
    for simd in Simd::available() {
        for count in 0..5 {
            let z = noise.chunks(count);
            let mut line = vec![Chunk::ZERO; count * 3];
            forward_leaf(simd, &z, &table, &mut line, 3, 1);
            let mut back = z.clone();
            inverse_leaf(simd, &mut back, &table);
            for (i, z) in z.iter().enumerate() {
                let z = points(&[*z]);
                let got = points(&line[3 * i + 1..3 * i + 2]);
                assert_near(&got, &reference::dft(&z, -1.0), rounding(TICK), simd.name());
                assert!(line[3 * i] == Chunk::ZERO && line[3 * i + 2] == Chunk::ZERO);
                let got = points(&back[i..=i]);
                assert_near(&got, &reference::dft(&z, 1.0), rounding(TICK), simd.name());
            }
        }
    }
}

#[test]
fn small_transforms() {
    let mut noise = Noise(5);
    let table = leaf_table();
    // With constants of one and no twist the small transforms are plain ones of 64 points.
    let constants = [[1.0, 0.0]; 8];
    for simd in Simd::available() {
        let input = noise.ticks(1)[0];
        let mut bins = Chunk::ZERO;
        forward_small(simd, &input.0, &table, &constants, &mut bins);
        let real: Vec<_> = input.0.iter().map(|&x| (f64::from(x), 0.0)).collect();
        assert_near(
            &points(&[bins]),
            &reference::dft(&real, -1.0),
            rounding(TICK),
            simd.name(),
        );

        let z = noise.chunks(1);
        let (mut output, mut overlap) = (Tick::ZERO, noise.ticks(1)[0]);
        let before = overlap;
        inverse_small(
            simd,
            &z[0],
            &table,
            &constants,
            &mut output.0,
            &mut overlap.0,
        );
        let want: Vec<_> = reference::dft(&points(&z), 1.0);
        for i in 0..TICK {
            let got = (
                f64::from(output.0[i]) - f64::from(before.0[i]),
                f64::from(overlap.0[i]),
            );
            assert_near(&[got], &want[i..=i], rounding(TICK), simd.name());
        }
    }
}
