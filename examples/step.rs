//! Steps through one neuron, forwards and back again; with `--batch` through three examples at once.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::scalar::Tape;
use chainrule::tensor::{self, Tensor};
use chainrule::trace::Trace;
use chainrule::view::stepper::{self, Options};

const USAGE: &str = "\
usage: cargo run --example step -- [--batch] [--all] [--linear]
           [--color auto|always|never]
--batch   three examples on a tape of matrices   --all     every frame at once
--linear  plain sentences, for screen readers";

fn main() -> ExitCode {
    let (mut batch, mut options) = (false, Options::default());
    let mut arguments = std::env::args_os().skip(1).map(|argument| argument.into_string());
    while let Some(argument) = arguments.next() {
        match argument.as_deref() {
            Ok("--batch") => batch = true,
            Ok("--all") => options.all = true,
            Ok("--linear") => options.linear = true,
            Ok("--help" | "-h") => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Ok("--color") => match arguments.next().and_then(Result::ok).as_deref() {
                Some("auto") => options.color = None,
                Some("always") => options.color = Some(true),
                Some("never") => options.color = Some(false),
                _ => return wrong("--color needs auto, always or never"),
            },
            Ok(other) => return wrong(&unknown(other)),
            Err(other) => return wrong(&format!("there is no option {other:?}")),
        }
    }
    match stepper::run(&if batch { examples() } else { neuron() }, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => wrong(&error.to_string()),
    }
}

/// What is wrong with an argument that is no option.
fn unknown(argument: &str) -> String {
    match argument.split_once('=') {
        Some(("--color", when)) => format!("write a space: --color {when}"),
        Some((option @ ("--batch" | "--all" | "--linear"), _)) => {
            format!("{option} takes no value: write {option}")
        }
        _ => format!("there is no option {argument}"),
    }
}

fn wrong(what: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {what}\n{USAGE}");
    ExitCode::from(2)
}

/// One neuron, one example with label y = 1.
fn neuron() -> Trace {
    let tape = Tape::new();
    let w1 = tape.var(1.0).named("w1");
    let w2 = tape.var(-2.0).named("w2");
    let b = tape.var(0.5).named("b");
    let x1 = tape.constant(2.0).named("x1");
    let x2 = tape.constant(0.5).named("x2");
    let z = (w1 * x1 + w2 * x2 + b).named("z");
    let a = z.sigmoid().named("a");
    let loss = (-a.ln()).named("L");
    loss.trace()
}

/// The same node for three examples, one per column of X.
fn examples() -> Trace {
    let tape = tensor::Tape::new();
    let w = tape.var(Tensor::new(2, 1, vec![1.0, 2.0])).named("w");
    let b = tape.var(1.5.into()).named("b");
    let x = tape.constant(Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]])).named("X");
    let signs = tape.constant(Tensor::new(1, 3, vec![-1.0, -1.0, 1.0])).named("1-2Y");
    let z = (w.t().matmul(x) + b).named("Z");
    let cost = (signs * z).softplus().mean().named("cost");
    cost.trace()
}
