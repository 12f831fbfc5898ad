//! `partita impulse check`: what is wrong with an impulse, and a copy that has it put right.

use super::print_json;
use crate::cli::{Exit, about, render, say};
use crate::impulse::analyze::analyze;
use crate::impulse::check::{Problem, Severity, check, repair};
use crate::impulse::load::LayoutChoice;
use crate::impulse::save::{self, Existing, Options};
use crate::impulse::{ImpulseResponse, library};
use crate::loader::LoaderError;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A factory impulse's name, or a file
    #[arg(value_name = "NAME|FILE")]
    impulse: PathBuf,
    /// What the channels of a file are: auto (by iXML, names of pairs, direct sound), stereo, true-stereo,
    /// matrix or mcfx:INPUTS
    #[arg(
        long,
        value_name = "LAYOUT",
        default_value = "auto",
        value_parser = render::layout()
    )]
    layout: LayoutChoice,
    /// Write a copy with everything put right that can be
    #[arg(long, requires = "output")]
    fix: bool,
    /// The copy: a WAV file, 32-bit float
    #[arg(short, long, value_name = "FILE", requires = "fix")]
    output: Option<PathBuf>,
    /// Replace an output that exists
    #[arg(short, long, requires = "output")]
    force: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// For a machine.
#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<Copy<'a>>,
}

#[derive(Serialize)]
struct Copy<'a> {
    output: &'a Path,
    done: &'a [Problem],
    left: &'a [Problem],
}

/// [`Exit::Problems`] if there are any; with --fix, if any are left in the copy.
pub(super) fn run(args: &Args) -> Exit {
    match load(args) {
        Ok(impulse) => examine(args, &impulse),
        Err(error) => {
            say::error(error);
            Exit::Impulse
        }
    }
}

fn load(args: &Args) -> Result<ImpulseResponse, LoaderError> {
    let loaded = library::resolve(&args.impulse)?.open(args.layout)?;
    about::loaded(&args.impulse, &loaded);
    Ok(loaded.impulse)
}

fn examine(args: &Args, impulse: &ImpulseResponse) -> Exit {
    let problems = check(impulse, &analyze(impulse));
    let Some(output) = &args.output else {
        if args.json {
            print_json(&Report {
                name: &impulse.name,
                problems: &problems,
                copy: None,
            });
        } else {
            list(&problems);
        }
        return verdict(&problems);
    };
    let repaired = repair(impulse);
    if let Err(error) = write(args, output, &repaired.impulse) {
        say::error(error);
        return Exit::Output;
    }
    if args.json {
        print_json(&Report {
            name: &impulse.name,
            problems: &problems,
            copy: Some(Copy {
                output,
                done: &repaired.done,
                left: &repaired.left,
            }),
        });
    } else {
        for problem in &repaired.done {
            say::result(format_args!(
                "done: {}, because {}",
                problem.fix, problem.found
            ));
        }
        list(&repaired.left);
    }
    verdict(&repaired.left)
}

fn write(args: &Args, output: &Path, copy: &ImpulseResponse) -> Result<(), String> {
    let shown = output.display();
    let same = |path: &Path| path.canonicalize().ok();
    if same(output).is_some_and(|there| same(&args.impulse) == Some(there)) {
        return Err(format!(
            "{shown}: is the impulse itself; choose another name for the copy"
        ));
    }
    let options = Options {
        existing: if args.force {
            Existing::Replace
        } else {
            Existing::Keep
        },
        ..Options::default()
    };
    let saved = save::write(output, copy, options);
    saved.map(|_| ()).map_err(|error| error.to_string())
}

fn verdict(problems: &[Problem]) -> Exit {
    if problems.is_empty() {
        Exit::Ok
    } else {
        Exit::Problems
    }
}

fn list(problems: &[Problem]) {
    if problems.is_empty() {
        say::result("nothing wrong");
    }
    for problem in problems {
        let severity = match problem.severity {
            Severity::Severe => "severe",
            Severity::Minor => "minor",
        };
        say::result(format_args!(
            "{severity}: {}; {}",
            problem.found, problem.fix
        ));
    }
}
