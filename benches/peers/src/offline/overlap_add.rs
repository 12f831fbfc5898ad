//! One large overlap-add: what a program does that has a good real FFT and nothing else.

use super::wav;
use realfft::RealFftPlanner;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    input: PathBuf,
    impulse: PathBuf,
    output: PathBuf,
}

/// Convolves the input with the impulse into the output.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let input = wav::read(&arguments.input)?;
    let impulse = wav::read(&arguments.impulse)?;
    let heard = convolve(&input, &impulse)?;
    wav::write(&arguments.output, &heard)
}

fn convolve(input: &[Vec<f32>; 2], impulse: &[Vec<f32>; 2]) -> Result<[Vec<f32>; 2], String> {
    let frames = input[0].len() + impulse[0].len() - 1;
    // Four times the impulse: of the powers of two, the fastest for a minute through 3 and 10 s.
    let points = 4 * impulse[0].len().next_power_of_two();
    let step = points - impulse[0].len() + 1;
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (
        planner.plan_fft_forward(points),
        planner.plan_fft_inverse(points),
    );
    let mut samples = forward.make_input_vec();
    let mut spectrum = forward.make_output_vec();
    let mut response = forward.make_output_vec();
    let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
    let mut scratch = vec![Default::default(); scratch];
    let mut heard = [vec![0.0; frames], vec![0.0; frames]];
    for channel in 0..2 {
        samples.fill(0.0);
        let scaled = impulse[channel].iter().map(|h| h / points as f32);
        samples
            .iter_mut()
            .zip(scaled)
            .for_each(|(to, from)| *to = from);
        let failed = |error: realfft::FftError| error.to_string();
        forward
            .process_with_scratch(&mut samples, &mut response, &mut scratch)
            .map_err(failed)?;
        for (index, piece) in input[channel].chunks(step).enumerate() {
            samples[..piece.len()].copy_from_slice(piece);
            samples[piece.len()..].fill(0.0);
            forward
                .process_with_scratch(&mut samples, &mut spectrum, &mut scratch)
                .map_err(failed)?;
            spectrum
                .iter_mut()
                .zip(&response)
                .for_each(|(x, h)| *x *= h);
            inverse
                .process_with_scratch(&mut spectrum, &mut samples, &mut scratch)
                .map_err(failed)?;
            heard[channel][index * step..]
                .iter_mut()
                .zip(&samples)
                .for_each(|(sum, part)| *sum += part);
        }
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_convolution() {
        let input = [
            vec![1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0],
            vec![0.0; 9],
        ];
        let heard = convolve(&input, &[vec![1.0, -1.0], vec![1.0, 0.0]]).unwrap();
        let wanted = [1.0f32, -0.5, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, -2.0];
        assert_eq!(heard[0].len(), wanted.len());
        for (heard, wanted) in heard[0].iter().zip(wanted) {
            assert!((heard - wanted).abs() < 1e-6, "{heard} for {wanted}");
        }
    }
}
