//! Writes a page to explore one neuron with; with `--batch` three examples on a tape of matrices.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chainrule::scalar::Tape;
use chainrule::tensor::{self, Tensor};
use chainrule::trace::Trace;
use chainrule::view;

const USAGE: &str = "\
usage: cargo run --example explore -- [--batch] [--out PAGE.html]
Without --out the page is target/explore.html.";

fn main() -> ExitCode {
    let (mut batch, mut out) = (false, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--batch") => batch = true,
            Some("--out") => match arguments.next() {
                Some(path) => out = Some(PathBuf::from(path)),
                None => return wrong("--out needs a path"),
            },
            Some("--help" | "-h") => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            _ => return wrong(&unknown(&argument.to_string_lossy())),
        }
    }
    match run(&mut io::stdout(), batch, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => wrong(&error.to_string()),
    }
}

/// What is wrong with an argument that is no option.
fn unknown(argument: &str) -> String {
    match argument.split_once('=') {
        Some(("--out", path)) => format!("write a space: --out {path}"),
        Some(("--batch", _)) => "--batch takes no value: write --batch".to_string(),
        _ if argument.starts_with('-') => format!("there is no option {argument}"),
        _ => format!("there is no option {argument}; to write the page there: --out {argument}"),
    }
}

fn wrong(what: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {what}\n{USAGE}");
    ExitCode::from(2)
}

/// Writes the page, and to `out` where it is.
pub fn run(out: &mut impl Write, batch: bool, path: Option<PathBuf>) -> io::Result<()> {
    let path = match path {
        Some(path) => path,
        None => {
            let target = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target"));
            std::fs::create_dir_all(&target)?;
            target.join("explore.html")
        }
    };
    let page = if batch {
        view::html(&examples(), "one node, three examples")
    } else {
        view::html(&neuron(), "logistic regression as one node")
    };
    std::fs::write(&path, &page).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    })?;
    writeln!(out, "wrote {} ({} kB): open it in a browser", path.display(), page.len() / 1000)?;
    writeln!(out, "keys: arrows, Home, End, space bar, and ? to predict")
}

/// One neuron and its loss for the label y, as in the post: L = −(y ln a + (1 − y) ln(1 − a)).
fn neuron() -> Trace {
    let tape = Tape::new();
    let w1 = tape.var(1.0).named("w1");
    let w2 = tape.var(-2.0).named("w2");
    let b = tape.var(0.5).named("b");
    let x1 = tape.constant(2.0).named("x1");
    let x2 = tape.constant(0.5).named("x2");
    let y = tape.constant(1.0).named("y");
    let z = (w1 * x1 + w2 * x2 + b).named("z");
    let a = z.sigmoid().named("a");
    let loss = (-(y * a.ln() + (1.0 - y) * (1.0 - a).ln())).named("L");
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
