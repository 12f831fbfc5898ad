//! The `partita` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    partita::cli::main()
}
