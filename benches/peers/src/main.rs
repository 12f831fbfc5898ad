//! Partita beside other convolution engines, measured in one run: started by `cargo xtask bench`.

mod engines;
mod measure;
mod zita;

use clap::{Parser, ValueEnum};
use engines::Cell;
use measure::{Figures, Mode, Runner};
use partita::engine::{Routing, Simd};
use std::path::PathBuf;
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shape {
    Stereo,
    TrueStereo,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Stereo => "stereo",
            Self::TrueStereo => "true-stereo",
        }
    }

    fn routing(self) -> Routing {
        match self {
            Self::Stereo => Routing::stereo(),
            Self::TrueStereo => Routing::true_stereo(),
        }
    }
}

#[derive(Parser)]
#[command(about = "Load of convolution engines, per cent of a block's duration at 48 kHz")]
struct Arguments {
    /// Engines to measure
    #[arg(long, value_delimiter = ',', default_values_t = ["partita", "zita", "fft-convolver"].map(String::from))]
    engines: Vec<String>,
    /// Impulse lengths
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 3.0, 10.0])]
    impulse_seconds: Vec<f64>,
    /// Block lengths in samples, powers of two from 16 to 8192
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256], value_parser = block_length)]
    blocks: Vec<usize>,
    /// Routing
    #[arg(long, value_delimiter = ',', default_value = "stereo")]
    routing: Vec<Shape>,
    /// Conditions
    #[arg(long, value_delimiter = ',', default_value = "hot")]
    mode: Vec<Mode>,
    /// Print lines of comma-separated values instead of a table
    #[arg(long)]
    csv: bool,
    /// Longest time for one engine in one cell, after its warm-up, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// zita's shim, where it could be built
    #[arg(long, hide = true)]
    zita_shim: Option<PathBuf>,
}

/// Callbacks repeat with the schedule only where the block length divides its period.
fn block_length(text: &str) -> Result<usize, String> {
    let block = text.parse().unwrap_or(0);
    if (16..=8192).contains(&block) && usize::is_power_of_two(block) {
        Ok(block)
    } else {
        Err("a power of two from 16 to 8192 is wanted".into())
    }
}

const CSV: &str = "mode,engine,routing,impulse_seconds,block,mean_load_pct,p999_load_pct,worst_load_pct,\
                   cpu_pct,latency_samples,error_db";

fn main() {
    let arguments = Arguments::parse();
    settle(&arguments);
    if arguments.csv {
        println!("{CSV}");
    } else {
        println!(
            "instruction set {}, 48 kHz; loads in per cent of a block",
            Simd::best().name()
        );
        println!(
            "{:12} {:20} {:11} {:>5} {:>5} {:>9} {:>9} {:>9} {:>8} {:>5} {:>7}",
            "mode",
            "engine",
            "routing",
            "s",
            "block",
            "mean",
            "p99.9",
            "worst",
            "cpu",
            "late",
            "dB"
        );
    }
    for &mode in &arguments.mode {
        for &shape in &arguments.routing {
            for &seconds in &arguments.impulse_seconds {
                for &block in &arguments.blocks {
                    let cell = Cell::new(shape.routing(), seconds, block);
                    run(&arguments, mode, shape, &cell);
                }
            }
        }
    }
}

fn run(arguments: &Arguments, mode: Mode, shape: Shape, cell: &Cell) {
    let mut runners = Vec::new();
    for name in &arguments.engines {
        let shim = arguments.zita_shim.as_deref();
        match engines::make(name, cell, shim, mode != Mode::Paced) {
            Ok(engine) => runners.push((name.as_str(), Runner::new(engine, cell))),
            Err(why) => eprintln!("peers: {name} skipped: {why}"),
        }
    }
    let rows = measure::measure(cell, mode, &mut runners, arguments.seconds);
    for ((name, _), row) in runners.iter().zip(rows) {
        let Figures {
            mean,
            p999,
            worst,
            cpu,
            latency,
            error_db,
        } = row;
        if error_db > -60.0 {
            eprintln!("peers: {name}: its output is wrong, so its load means nothing");
        }
        let (mode, routing, seconds, block) = (mode.name(), shape.name(), cell.seconds, cell.block);
        if arguments.csv {
            println!(
                "{mode},{name},{routing},{seconds},{block},{mean:.4},{p999:.4},{worst:.4},{cpu:.3},{latency},{error_db:.1}"
            );
        } else {
            println!(
                "{mode:12} {name:20} {routing:11} {seconds:5} {block:5} {mean:9.3} {p999:9.3} {worst:9.3} {cpu:8.2} {latency:5} {error_db:7.1}"
            );
        }
    }
}

/// One core for the engines that have one thread, so that nothing is moved about while it is timed;
/// paced runs keep all cores, since there the threads are the point. FIFO priority where permitted.
fn settle(arguments: &Arguments) {
    if !arguments.mode.contains(&Mode::Paced) {
        let last = core_affinity::get_core_ids().unwrap_or_default().pop();
        if !last.is_some_and(core_affinity::set_for_current) {
            eprintln!("peers: cannot pin to a core; figures will be less steady");
        }
    }
    let fifo = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let priority = ThreadPriority::Crossplatform(40.try_into().expect("40 is a priority"));
    if set_thread_priority_and_policy(thread_native_id(), priority, fifo).is_err() {
        eprintln!("peers: no permission for FIFO scheduling; figures will be less steady");
    }
}
