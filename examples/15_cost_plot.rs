//! Pictures of learning: the cost at three learning rates, and the line that one node draws.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chainrule::data::Examples;
use chainrule::logistic::{self, Options};
use chainrule::program;
use chainrule::view::plot::{self, Plot};

fn main() -> ExitCode {
    program::run(|out, mut arguments| {
        let ascii = arguments.flag("--ascii")?; // where a terminal has no braille
        arguments.none()?;
        run(out, ascii)?;
        Ok(program::AGREE)
    })
}

/// Writes the lesson's output to `out`, its plot in braille or in plain ASCII, and two SVG files.
pub fn run(out: &mut impl Write, ascii: bool) -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = home.join("examples/data/penguins_adelie_vs_chinstrap_bill.csv");
    let penguins = Examples::read_csv(&file, None)?;
    let scaler = penguins.standardizer()?;
    let x = scaler.apply(&penguins.x)?;

    let mut plot = Plot::new("Adelie or Chinstrap, from the bill", "iteration", "cost");
    let mut fit = None;
    for learning_rate in [0.02, 0.1, 0.5] {
        let options = Options { num_iterations: 200, learning_rate, ..Options::default() };
        let (w, b) = logistic::initialize_with_zeros(2);
        let mut costs = vec![];
        let report = |iteration: usize, cost: f64| costs.push((iteration as f64, cost));
        let found = logistic::optimize_with(w, b, &x, &penguins.y, &options, report);
        fit = Some(found?);
        plot = plot.curve(&format!("rate {learning_rate}"), costs);
    }
    write!(out, "{}", if ascii { plot.ascii() } else { plot.braille() })?;

    let Some(fit) = fit else { return Ok(()) };
    let guess = logistic::predict(&fit.w, fit.b, &x)?;
    let accuracy = logistic::accuracy(&guess, &penguins.y);
    // z = w·(x − mean)/deviation + b is the same line in millimetres with w/deviation as weights.
    let w = &fit.w / &scaler.deviations;
    let b = fit.b - (&w * &scaler.means).sum();
    let [length, depth] = [0, 1].map(|i| w.get(i, 0));
    writeln!(out, "\nThe last rate's line: {length:.3} length {depth:+.3} depth {b:+.3} = 0.")?;
    writeln!(
        out,
        "It classifies {accuracy:.1} % of {} penguins correctly.\n",
        penguins.y.shape().1
    )?;

    let title = "Adelie or Chinstrap: the line that one node draws";
    let line = plot::boundary(title, &penguins, ["Adelie", "Chinstrap"], &w, b);
    program::picture(out, "15_cost_plot.svg", &plot.svg())?;
    program::picture(out, "15_boundary.svg", &line)?;
    writeln!(out, "\nTry:  add 20.0 to the rates; its cost falls at once, and ends lowest.")?;
    writeln!(out, "Next: cargo run --example 16_two_layers")?;
    Ok(())
}
