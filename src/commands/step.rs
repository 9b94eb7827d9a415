//! `step`: one frame of a recording at a time, forwards and back again.

use std::io::Write;

use chainrule::program::{AGREE, Arguments, Outcome, Usage, write_file};
use chainrule::view;
use chainrule::view::stepper::{self, Options};

use super::{recordings, typed};

pub const USAGE: &str = "\
usage: cargo run -- step [\"FORMULA\" [NAME=NUMBER]...] [OPTION]...
  cargo run -- step \"a = sigmoid(w*x); L = -ln(a)\" w=0.5 x=2 --constant x
Without a formula: one neuron. Without values, a point is chosen.
  --constant NAME      takes no gradient
  --file FORMULA.txt   the formula is in a file
  --data FILE.csv      the columns of a file, under their names;
                       read with --drop-incomplete and the like as by model
  --batch              three examples on a tape of matrices
  --all                every frame at once
  --linear             plain sentences, for screen readers
  --color WHEN         auto, always or never
  --table              all numbers in one table, and no stepping
  --svg FILE           the graph as a picture; --dot FILE: for Graphviz";

pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let batch = arguments.flag("--batch")?;
    let table = arguments.flag("--table")?;
    let svg = arguments.path("--svg", "a file")?;
    let dot = arguments.path("--dot", "a file")?;
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
    let trace = match typed::read(arguments, false)? {
        Some(_) if batch => return Err(Usage("--batch takes no formula".to_string()).into()),
        Some(typed) => typed.trace()?,
        None if batch => recordings::batch(),
        None => recordings::neuron(),
    };
    if table {
        write!(out, "{}", view::table(&trace))?;
    }
    for (file, draw) in [(&svg, view::svg as fn(&_) -> String), (&dot, view::dot)] {
        if let Some(path) = file {
            write_file(path, &draw(&trace))?;
            writeln!(out, "wrote {}", path.display())?;
        }
    }
    if !table && svg.is_none() && dot.is_none() {
        stepper::run(&trace, options)?;
    }
    Ok(AGREE)
}

const WHEN: &str = "auto, always or never";
