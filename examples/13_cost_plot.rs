//! Pictures of learning: the cost at three learning rates, and the line that one node draws.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chainrule::data::Examples;
use chainrule::logistic::{self, Options};
use chainrule::tensor::Tensor;
use chainrule::view::plot::{self, Plot};

fn main() -> io::Result<()> {
    run(&mut io::stdout(), std::env::args().any(|argument| argument == "--ascii"))
}

/// Writes the lesson's output to `out`, its plot in braille or in plain ASCII, and two SVG files.
pub fn run(out: &mut impl Write, ascii: bool) -> io::Result<()> {
    let home = if Path::new("examples/data").exists() { "." } else { env!("CARGO_MANIFEST_DIR") };
    let home = Path::new(home);
    let file = home.join("examples/data/penguins_adelie_vs_chinstrap_bill.csv");
    let penguins = Examples::read_csv(&file.to_string_lossy(), None).map_err(io::Error::other)?;
    let scaler = penguins.standardizer().map_err(io::Error::other)?;
    let x = scaler.apply(&penguins.x).map_err(io::Error::other)?;

    let mut plot = Plot::new("Adelie or Chinstrap, from the bill", "iteration", "cost");
    let (mut w, mut b) = logistic::initialize_with_zeros(2);
    for learning_rate in [0.02, 0.1, 0.5] {
        let options = Options { num_iterations: 200, learning_rate, print_cost: false };
        let mut costs = vec![];
        let report = |iteration: usize, cost: f64| costs.push((iteration as f64, cost));
        let start = logistic::initialize_with_zeros(2);
        let fit = logistic::optimize_with(start.0, start.1, &x, &penguins.y, &options, report)
            .map_err(io::Error::other)?;
        plot = plot.curve(&format!("rate {learning_rate}"), costs);
        (w, b) = (fit.w, fit.b); // those of the last and largest rate stay
    }
    write!(out, "{}", if ascii { plot.ascii() } else { plot.braille() })?;

    // z = w·(x − mean)/deviation + b is the same line in millimetres with w/deviation as weights.
    let raw_w = &w / &scaler.deviations;
    let raw_b = b - (&raw_w * &scaler.means).sum();
    let guess = logistic::predict(&w, b, &x).map_err(io::Error::other)?;
    let accuracy = logistic::accuracy(&guess, &penguins.y);
    let [length, depth] = [0, 1].map(|i| raw_w.get(i, 0));
    writeln!(
        out,
        "\nAt rate 0.5 the line is {length:.3} length {depth:+.3} depth {raw_b:+.3} = 0;"
    )?;
    writeln!(out, "it tells {accuracy:.1} % of {} penguins apart.\n", penguins.y.shape().1)?;

    let line = boundary(&penguins, &raw_w, raw_b);
    fs::create_dir_all(home.join("target"))?;
    for (name, picture) in [("cost.svg", plot.svg()), ("boundary.svg", line)] {
        let path = home.join("target").join(name);
        fs::write(&path, picture)?;
        writeln!(out, "wrote {}", path.strip_prefix(".").unwrap_or(&path).display())?;
    }
    writeln!(out, "Open them in a browser.\n")?;
    writeln!(out, "Try:  a rate of 20; the cost jumps up and down before it falls.")?;
    writeln!(out, "Next: cargo run --example 03_tape")
}

fn boundary(penguins: &Examples, w: &Tensor, b: f64) -> String {
    let title = "Adelie or Chinstrap: what one node tells apart";
    plot::boundary(title, penguins, ["Adelie", "Chinstrap"], w, b)
}
