//! The table of loads.

use crate::cell::{Blocks, Cell};
use crate::engines;
use crate::measure::{self, Figures, Loads, Mode};
use crate::runner::Runner;
use clap::ValueEnum;
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

#[derive(clap::Args)]
pub struct Arguments {
    /// partita, partita-avx2, zita, fft-convolver, fft-convolver-2stage
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "partita,zita,fft-convolver",
        value_parser = engines::name
    )]
    engines: Vec<String>,
    /// Impulse lengths
    #[arg(long, value_delimiter = ',', default_value = "1,3,10")]
    impulse_seconds: Vec<f64>,
    /// Block lengths, 1 to 8192 samples, or random (1 to 1024, another one at every callback)
    #[arg(long, value_delimiter = ',', default_value = "64,256")]
    blocks: Vec<Blocks>,
    /// Routing
    #[arg(long, value_delimiter = ',', default_value = "stereo")]
    routing: Vec<Shape>,
    /// Conditions; figures of different ones are not to be compared
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

const CSV: &str = "mode,engine,routing,impulse_seconds,block,mean_load_pct,p999_load_pct,worst_load_pct,\
                   cpu_pct,latency_samples,error_db";

/// Measures every cell that the arguments name and prints a line for each engine in it.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    if arguments.csv {
        println!("{CSV}");
    }
    for &mode in &arguments.mode {
        if !arguments.csv {
            head(mode);
        }
        // A thread a mode: pinning and priority end with it, and an engine's threads inherit them.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                settle(mode);
                for &shape in &arguments.routing {
                    for &seconds in &arguments.impulse_seconds {
                        for &blocks in &arguments.blocks {
                            let cell = Cell::new(shape.routing(), seconds, blocks);
                            measure_cell(arguments, mode, shape, &cell);
                        }
                    }
                }
            });
        });
    }
    Ok(())
}

fn head(mode: Mode) {
    println!(
        "{}, 48 kHz, Partita on {}: per cent of a block",
        mode.name(),
        Simd::best().name()
    );
    print!(
        "{:20} {:11} {:>4} {:>6} {:>8} {:>8} {:>8} {:>7} {:>5} {:>7}",
        "engine", "routing", "s", "block", "mean", "p99.9", "worst", "cpu", "late", "dB"
    );
    if mode == Mode::Paced {
        print!(" {:>9} {:>9}", "raw p99.9", "raw worst");
    }
    println!();
}

fn measure_cell(arguments: &Arguments, mode: Mode, shape: Shape, cell: &Cell) {
    if mode == Mode::Paced && !measure::can_be_paced(cell) {
        eprintln!(
            "peers: blocks of {} skipped: paced ones are powers of two",
            cell.blocks
        );
        return;
    }
    let (mut names, mut runners) = (Vec::new(), Vec::new());
    for name in &arguments.engines {
        let shim = arguments.zita_shim.as_deref();
        match engines::make(name, cell, shim, mode != Mode::Paced) {
            Ok(engine) => {
                names.push(name);
                runners.push(Runner::new(engine, cell));
            }
            Err(why) => {
                let (seconds, blocks) = (cell.seconds, cell.blocks);
                eprintln!("peers: {name} skipped at {seconds} s, blocks of {blocks}: {why}");
            }
        }
    }
    let rows = measure::measure(cell, mode, &mut runners, arguments.seconds);
    let (routing, seconds, blocks) = (shape.name(), cell.seconds, cell.blocks);
    for (name, row) in names.iter().zip(rows) {
        let row = match row {
            Ok(row) => row,
            Err(why) => {
                eprintln!("peers: {name} skipped at {seconds} s, blocks of {blocks}: {why}");
                continue;
            }
        };
        let Figures {
            loads: Loads { mean, p999, worst },
            raw,
            cpu,
            latency,
            error_db,
        } = row;
        if error_db.is_nan() || error_db > -60.0 {
            eprintln!("peers: {name}: its output is wrong, so its load means nothing");
        }
        if arguments.csv {
            let mode = mode.name();
            println!(
                "{mode},{name},{routing},{seconds},{blocks},{mean:.4},{p999:.4},{worst:.4},{cpu:.4},{latency},{error_db:.1}"
            );
            continue;
        }
        print!(
            "{name:20} {routing:11} {seconds:4} {blocks:>6} {mean:8.3} {p999:8.3} {worst:8.3} {cpu:7.3} {latency:5} {error_db:7.1}"
        );
        if let Some(raw) = raw {
            print!(" {:9.3} {:9.3}", raw.p999, raw.worst);
        }
        println!();
    }
}

/// One core for everything that runs in turn, so that nothing is moved about while it is timed; paced
/// runs keep all cores, since there the threads are the point. FIFO priority where permitted.
pub fn settle(mode: Mode) {
    if mode != Mode::Paced {
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
