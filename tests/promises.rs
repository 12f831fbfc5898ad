//! What the engine promises beside being right: the same bits again, linearity, time invariance, a
//! reset that is complete, no allocation, and no harm from broken input.

#[path = "common/oracle.rs"]
mod oracle;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oracle::{Noise, engine, error_db, play};
use partita::engine::{Block, Routing};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn wide(channels: &[Vec<f32>]) -> Vec<Vec<f64>> {
    channels
        .iter()
        .map(|channel| channel.iter().map(|&x| f64::from(x)).collect())
        .collect()
}

fn random_lengths(seed: u64) -> impl FnMut() -> usize {
    let mut noise = Noise::new(seed);
    move || noise.within(1, 1500)
}

#[test]
fn the_same_blocks_give_the_same_bits() {
    let mut noise = Noise::new(1);
    let (x, h) = (noise.channels(2, 60_000), noise.channels(4, 30_000));
    let routing = Routing::true_stereo();
    let once = play(&mut engine(&routing, &h), &x, 2, random_lengths(2));
    let again = play(&mut engine(&routing, &h), &x, 2, random_lengths(2));
    assert!(once == again);
}

#[test]
fn other_blocks_give_the_same_sound() {
    let mut noise = Noise::new(3);
    let (x, h) = (noise.channels(2, 100_000), noise.channels(2, 50_000));
    let routing = Routing::stereo();
    let one = play(&mut engine(&routing, &h), &x, 2, random_lengths(4));
    let other = play(&mut engine(&routing, &h), &x, 2, || 441);
    let error = error_db(&one, &wide(&other));
    assert!(error < -120.0, "{error:.1} dB");
}

#[test]
fn linear_and_time_invariant() {
    let mut noise = Noise::new(5);
    let h = noise.channels(1, 20_000);
    let (a, b) = (noise.samples(40_000), noise.samples(40_000));
    let run = |x: Vec<f32>| {
        play(
            &mut engine(&Routing::mono(), &h),
            &[x],
            1,
            random_lengths(6),
        )
    };
    let mixed = a.iter().zip(&b).map(|(a, b)| 0.5 * a - 0.25 * b).collect();
    let (of_a, of_b) = (run(a.clone()), run(b));
    let want = of_a[0]
        .iter()
        .zip(&of_b[0])
        .map(|(&a, &b)| 0.5 * f64::from(a) - 0.25 * f64::from(b));
    let error = error_db(&run(mixed), &[want.collect()]);
    assert!(error < -120.0, "linearity: {error:.1} dB");

    for delay in [1, 63, 64, 1000, 4097] {
        let mut late = vec![0.0; delay];
        late.extend(&a[..40_000 - delay]);
        let got = run(late)[0][delay..].to_vec();
        let error = error_db(&[got], &wide(&[of_a[0][..40_000 - delay].to_vec()]));
        assert!(error < -120.0, "delay {delay}: {error:.1} dB");
    }
}

#[test]
fn an_impulse_gives_the_impulse_response() {
    let mut noise = Noise::new(7);
    let h = noise.channels(2, 10_000);
    for at in [0, 5, 64, 700] {
        let mut x = vec![vec![0.0; 12_000]; 2];
        x.iter_mut().for_each(|x| x[at] = 1.0);
        let got = play(&mut engine(&Routing::stereo(), &h), &x, 2, || 48);
        let want: Vec<Vec<f64>> = wide(&h)
            .into_iter()
            .map(|h| [vec![0.0; at], h, vec![0.0; 2000 - at]].concat())
            .collect();
        let error = error_db(&got, &want);
        assert!(error < -120.0, "at {at}: {error:.1} dB");
        // Until the tick ends only the head, a direct sum, has spoken: these are the taps themselves.
        let exact = 64 - at % 64;
        assert_eq!(got[0][at..at + exact], h[0][..exact]);
    }
}

#[test]
fn reset_leaves_a_new_engine() {
    let mut noise = Noise::new(8);
    let (x, h) = (noise.channels(2, 50_000), noise.channels(4, 200_000));
    let routing = Routing::true_stereo();
    let mut used = engine(&routing, &h);
    play(&mut used, &noise.channels(2, 70_001), 2, random_lengths(9));
    used.reset();
    let got = play(&mut used, &x, 2, random_lengths(10));
    let want = play(&mut engine(&routing, &h), &x, 2, random_lengths(10));
    assert!(got == want);
}

#[test]
fn thousands_of_calls_allocate_nothing() {
    let mut noise = Noise::new(11);
    let h = noise.channels(4, 250_000);
    let mut engine = engine(&Routing::true_stereo(), &h);
    let x = noise.channels(2, 4096);
    let mut out = noise.channels(2, 4096);
    for call in 0..4000 {
        let frames = noise.within(0, if call % 10 == 0 { 4096 } else { 200 });
        let inputs = [&x[0][..frames], &x[1][..frames]];
        let [left, right] = &mut out[..] else {
            unreachable!()
        };
        let mut outputs = [&mut left[..frames], &mut right[..frames]];
        assert_no_alloc(|| {
            engine.process(&mut Block::new(&inputs, &mut outputs));
            if call == 2000 {
                engine.reset();
            }
        });
    }
}

#[test]
fn broken_samples_are_zero_and_counted() {
    let mut noise = Noise::new(12);
    let h = noise.channels(1, 20_000);
    let clean = noise.samples(50_000);
    let (mut broken, mut mended) = (clean.clone(), clean);
    let junk = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -f32::MAX];
    for (i, at) in [0, 63, 64, 10_000, 30_001].into_iter().enumerate() {
        (broken[at], mended[at]) = (junk[i], 0.0);
    }
    let mut mending = engine(&Routing::mono(), &h);
    let got = play(&mut mending, &[broken], 1, random_lengths(13));
    let want = play(
        &mut engine(&Routing::mono(), &h),
        &[mended],
        1,
        random_lengths(13),
    );
    assert!(got == want);
    assert_eq!(mending.repaired(), 5);
}

#[test]
fn wakes_from_long_silence_as_if_it_had_not_slept() {
    let mut noise = Noise::new(14);
    let h = noise.channels(2, 9000);
    let mut x = noise.channels(2, 150_000);
    x.iter_mut().for_each(|x| x[20_000..120_011].fill(0.0));
    let got = play(
        &mut engine(&Routing::stereo(), &h),
        &x,
        2,
        random_lengths(15),
    );
    let frames = 150_000;
    let want = oracle::direct_matrix(&Routing::stereo(), &x, &h, frames);
    let error = error_db(&got, &want);
    assert!(error < -120.0, "{error:.1} dB");
    assert!(got[0][100_000..120_011].iter().all(|&y| y == 0.0));
}

#[test]
fn any_number_of_channels_and_frames_is_taken() {
    let mut noise = Noise::new(16);
    let h = noise.channels(4, 3000);
    let mut engine = engine(&Routing::true_stereo(), &h);
    for (inputs, outputs, frames) in [
        (0, 0, 0),
        (0, 2, 100),
        (1, 1, 65),
        (2, 0, 10),
        (3, 5, 1000),
        (2, 2, 0),
    ] {
        let x = noise.channels(inputs, frames);
        let mut y = vec![vec![7.0; frames]; outputs];
        let x: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [f32]> = y.iter_mut().map(Vec::as_mut_slice).collect();
        engine.process(&mut Block::new(&x, &mut slices));
        assert!(
            y.iter().skip(2).flatten().all(|&y| y == 0.0),
            "channels beyond the routing are silent"
        );
        assert!(y.iter().flatten().all(|y| y.is_finite()));
    }
}

#[test]
fn denormals_are_flushed_and_the_thread_gets_its_setting_back() {
    let half = |x: f32| std::hint::black_box(x) * 0.5;
    let mut engine = engine(&Routing::mono(), &[vec![0.5]]);
    let got = play(&mut engine, &[vec![f32::MIN_POSITIVE; 10]], 1, || 10);
    assert!(got[0].iter().all(|&y| y == 0.0), "{:?}", got[0]);
    assert!(half(f32::MIN_POSITIVE) != 0.0);
}
