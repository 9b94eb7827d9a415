//! `step`: one frame of a recording at a time, forwards and back again.

use std::io::Write;

use chainrule::program::{AGREE, Arguments, Outcome, Usage};
use chainrule::view::stepper::{self, Options};

use super::recordings;

pub const USAGE: &str = "\
usage: cargo run -- step [--batch] [--all] [--linear]
           [--color auto|always|never]
  --batch   three examples on a tape of matrices, in place of one neuron
  --all     every frame at once
  --linear  plain sentences, for screen readers";

pub fn run(_: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let batch = arguments.flag("--batch")?;
    let options = Options {
        all: arguments.flag("--all")?,
        linear: arguments.flag("--linear")?,
        color: match arguments.value("--color", WHEN)?.as_deref() {
            None | Some("auto") => None,
            Some("always") => Some(true),
            Some("never") => Some(false),
            Some(other) => return Err(Usage(format!("--color needs {WHEN}, not `{other}`")).into()),
        },
    };
    arguments.none()?;
    let trace = if batch { recordings::batch() } else { recordings::neuron() };
    stepper::run(&trace, options)?;
    Ok(AGREE)
}

const WHEN: &str = "auto, always or never";
