//! Whole files: CPU time of one process each, reading and writing included, and of the convolution
//! alone. Programs take turns; the least of the repeats counts. Each one's output is held against one
//! large transform in f64, after the gain that fits best, since ffmpeg has its own.

pub mod overlap_add;
mod wav;

use crate::cell::{RATE, decay, error_db, noise};
use crate::clock::{children_cpu, process_cpu};
use crate::load::settle;
use crate::measure::Mode;
use partita::engine::{Block, OfflineConvolver, Routing, fft};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds of stereo to be convolved.
const SECONDS: usize = 60;

#[derive(clap::Args)]
pub struct Arguments {
    /// Impulse lengths
    #[arg(long, value_delimiter = ',', default_value = "10")]
    impulse_seconds: Vec<f64>,
    /// How often each program runs
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// The program `partita`
    #[arg(long, hide = true)]
    partita: PathBuf,
    /// Without ffmpeg
    #[arg(long)]
    without_ffmpeg: bool,
}

/// A program that convolves a file.
struct Tool {
    name: &'static str,
    command: Command,
    output: PathBuf,
    /// Seconds of CPU, the least so far.
    cpu: f64,
}

/// Measures and prints.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    for &seconds in &arguments.impulse_seconds {
        if !(seconds > 0.0 && seconds <= 60.0) {
            return Err(format!("{seconds}: expected 0 to 60 seconds of impulse"));
        }
        let frames = (seconds * RATE).round().max(1.0) as usize;
        let count = SECONDS * RATE as usize;
        let sound = [1, 2].map(|seed| noise(seed, count).iter().map(|x| x * 0.25).collect());
        let impulse = [3, 4].map(|seed| decay(seed, frames));
        files(arguments, seconds, &sound, &impulse)?;
    }
    Ok(())
}

fn files(
    arguments: &Arguments,
    seconds: f64,
    sound: &[Vec<f32>; 2],
    impulse: &[Vec<f32>; 2],
) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let (input, response) = (folder.path().join("in.wav"), folder.path().join("ir.wav"));
    wav::write(&input, sound)?;
    wav::write(&response, impulse)?;
    let mut tools = tools(arguments, &input, &response, folder.path())?;
    for _ in 0..arguments.repeats.max(1) {
        for tool in &mut tools {
            tool.run()?;
        }
    }
    let wanted = [0, 1].map(|channel| {
        let wide = |samples: &[f32]| samples.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        fft::convolve(&wide(&sound[channel]), &wide(&impulse[channel]))
    });
    println!("{SECONDS} s of stereo through {seconds} s at 48 kHz, f32 files, seconds of CPU");
    println!(
        "{:34} {:>8} {:>12} {:>7}",
        "whole process", "s", "x real time", "dB"
    );
    for tool in &tools {
        let heard = wav::read(&tool.output)?;
        let error = fitted_error_db(&heard, &wanted);
        if error.is_nan() || error > -60.0 {
            eprintln!(
                "peers: {}: its output is wrong, so its time means nothing",
                tool.name
            );
        }
        row(tool.name, tool.cpu, error);
    }
    println!("convolution alone, one core");
    // Pinned last: programs that were started inherit it.
    settle(Mode::Hot);
    let (preparing, convolving, heard) = alone(sound, impulse, arguments.repeats.max(1));
    let error = fitted_error_db(&heard, &wanted);
    row("partita", convolving, error);
    row("partita, preparing included", preparing + convolving, error);
    Ok(())
}

fn row(name: &str, cpu: f64, error: f64) {
    println!(
        "{name:34} {cpu:8.4} {:12.0} {error:7.1}",
        SECONDS as f64 / cpu
    );
}

fn tools(
    arguments: &Arguments,
    input: &Path,
    response: &Path,
    folder: &Path,
) -> Result<Vec<Tool>, String> {
    let mut tools = Vec::new();
    let mut add = |name, output: &str, program: &Path, fill: &dyn Fn(&mut Command, &Path)| {
        let output = folder.join(output);
        let mut command = Command::new(program);
        fill(&mut command, &output);
        tools.push(Tool {
            name,
            command,
            output,
            cpu: f64::MAX,
        });
    };
    add(
        "partita render --raw",
        "partita.wav",
        &arguments.partita,
        &|command, output| {
            command
                .arg("render")
                .arg(input)
                .arg("--impulse")
                .arg(response);
            command
                .args(["--raw", "--quiet", "--force", "-o"])
                .arg(output);
        },
    );
    let afir = |settings: &'static str| {
        move |command: &mut Command, output: &Path| {
            command
                .args(["-v", "error", "-nostdin", "-y", "-i"])
                .arg(input);
            command.arg("-i").arg(response);
            command
                .arg("-lavfi")
                .arg(format!("[0:a][1:a]afir=gtype=none:maxir=60{settings}"));
            command.args(["-c:a", "pcm_f32le"]).arg(output);
        }
    };
    if !arguments.without_ffmpeg {
        let ffmpeg = Path::new("ffmpeg");
        add("ffmpeg afir", "afir.wav", ffmpeg, &afir(""));
        // The largest partitions it has: its fastest.
        let large = ":minp=32768:maxp=32768";
        add(
            "ffmpeg afir, partitions of 32768",
            "afir-large.wav",
            ffmpeg,
            &afir(large),
        );
    }
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    add(
        "realfft, one large overlap-add",
        "overlap-add.wav",
        &this,
        &|command, output| {
            command
                .arg("overlap-add")
                .arg(input)
                .arg(response)
                .arg(output);
        },
    );
    Ok(tools)
}

impl Tool {
    fn run(&mut self) -> Result<(), String> {
        let before = children_cpu();
        let output = self
            .command
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", self.name))?;
        let cpu = children_cpu().saturating_sub(before).as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} failed: {}", self.name, said.trim()));
        }
        self.cpu = self.cpu.min(cpu);
        Ok(())
    }
}

/// Partita's offline convolution from memory to memory: seconds of CPU to prepare and to convolve,
/// the least of each, and what came out.
fn alone(
    sound: &[Vec<f32>; 2],
    impulse: &[Vec<f32>; 2],
    repeats: usize,
) -> (f64, f64, [Vec<f32>; 2]) {
    let responses = impulse.each_ref().map(Vec::as_slice);
    let frames = sound[0].len() + impulse[0].len() - 1;
    let (mut preparing, mut convolving) = (f64::MAX, f64::MAX);
    let padded = sound.clone().map(|mut sound| {
        sound.resize(frames, 0.0);
        sound
    });
    let mut heard = [vec![0.0; frames], vec![0.0; frames]];
    for _ in 0..repeats {
        let start = process_cpu();
        let routing = Routing::stereo();
        let mut convolver = OfflineConvolver::new(&routing, &responses).expect("a good impulse");
        let ready = process_cpu();
        let block = convolver.block_frames();
        for from in (0..frames).step_by(block) {
            let to = frames.min(from + block);
            let inputs = padded.each_ref().map(|sound| &sound[from..to]);
            let [left, right] = &mut heard;
            let mut outputs = [&mut left[from..to], &mut right[from..to]];
            convolver.process(&mut Block::new(&inputs, &mut outputs));
        }
        preparing = preparing.min((ready - start).as_secs_f64());
        convolving = convolving.min((process_cpu() - ready).as_secs_f64());
    }
    (preparing, convolving, heard)
}

/// Error against `wanted` after the one gain that fits best, dB.
fn fitted_error_db(heard: &[Vec<f32>; 2], wanted: &[Vec<f64>; 2]) -> f64 {
    let (mut product, mut power) = (0.0, 0.0);
    for (heard, wanted) in heard.iter().zip(wanted) {
        for (&heard, wanted) in heard.iter().zip(wanted) {
            product += f64::from(heard) * wanted;
            power += wanted * wanted;
        }
    }
    let gain = product / power;
    let scaled = wanted
        .each_ref()
        .map(|wanted| wanted.iter().map(|w| w * gain).collect::<Vec<_>>());
    error_db(
        heard
            .iter()
            .map(Vec::as_slice)
            .zip(scaled.iter().map(Vec::as_slice)),
    )
}
