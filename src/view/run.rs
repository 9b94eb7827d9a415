//! A page on a whole training run: one file that loads nothing.

use super::json::{entries, lines, list, number, text};
use super::page::{fill, page};
use crate::check::Comparison;
use crate::data::{Examples, Standardizer};
use crate::tensor::Tensor;

/// How a training run of one node went, for [`run_html`].
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The examples to train on and those to test with, as in the file: not standardised.
    pub parts: [&'a Examples; 2],
    /// How their features were standardised.
    pub scaler: &'a Standardizer,
    /// α in `w ← w − α dw`.
    pub learning_rate: f64,
    /// Some of the iterations, in their order.
    pub moments: Vec<Moment>,
}

/// One iteration of a training run.
#[derive(Clone, Debug)]
pub struct Moment {
    /// How many updates there were before.
    pub iteration: usize,
    /// The weights of the standardised features, (n, 1).
    pub w: Tensor,
    /// The bias.
    pub b: f64,
    /// The gradient at these weights: of the tape, and by the closed form
    /// ([`Comparison::of_grads`]).
    pub gradient: Comparison,
    /// The cost on each part.
    pub cost: [f64; 2],
    /// For each part, each class and each answer: how many examples.
    pub counts: [[[usize; 2]; 2]; 2],
}

/// The run as an HTML page: an iteration at a time with weights, gradient by two ways, accuracy and,
/// up to 20,000 numbers, the examples and which of them are wrong.
///
/// The page computes the probabilities and costs from the examples anew. Of more numbers it holds
/// the recorded iterations only. Gradients are written with ten digits.
///
/// ```
/// use chainrule::{check::Comparison, data::Examples, tensor::Tensor, view};
/// let examples = Examples::from_csv("x,y\n1,<no>\n3,yes\n".as_bytes(), "text", None, &[])?;
/// let mut gradient = Comparison::new(["reverse mode", "closed form"]);
/// gradient.add("dw[0]", [-0.5, -0.5], 0.5);
/// gradient.add("db", [0.0, 0.0], 0.5);
/// let cost = [2f64.ln(); 2];
/// let counts = [[[1, 0], [1, 0]]; 2];
/// let start = view::Moment { iteration: 0, w: Tensor::zeros(1, 1), b: 0.0, gradient, cost, counts };
/// let page = view::run_html(&view::Run {
///     parts: [&examples, &examples],
///     scaler: &examples.standardizer()?,
///     learning_rate: 0.5,
///     moments: vec![start],
/// });
/// assert!(page.starts_with("<!doctype html>") && !page.contains("<no>"));
/// # Ok::<(), chainrule::Error>(())
/// ```
pub fn run_html(run: &Run) -> String {
    let body = fill(include_str!("run.html"), &[("{json}", json(run))]);
    page(&format!("Training run: {}", run.parts[0].label), SCRIPT, body)
}

/// The script and its hash.
const SCRIPT: [&str; 2] =
    ["sha256-AQBIynpjtGsHbgiaD32fm2kAyOt+J1bokeqGLujW+Uk=", include_str!("run.js")];

/// A page with more numbers than these holds no examples.
const MOST: usize = 20_000;

fn json(run: &Run) -> String {
    let [train, test] = run.parts;
    let size = |part: &Examples| part.x.shape().0 * part.x.shape().1;
    let small = size(train) + size(test) <= MOST;
    let part = |part: &Examples| match small {
        true => format!("{{\"x\":{},\"y\":{}}}", entries(&part.x.t()), entries(&part.y)),
        false => "{\"x\":null,\"y\":[]}".to_string(),
    };
    let names = |names: &[String]| list(names.iter().map(|name| text(name)));
    [
        format!("{{\"features\":{}", names(&train.features)),
        format!("\"classes\":{}", names(&train.classes)),
        format!("\"label\":{}", text(&train.label)),
        format!("\"rate\":{}", number(run.learning_rate)),
        format!("\"means\":{}", entries(&run.scaler.means)),
        format!("\"deviations\":{}", entries(&run.scaler.deviations)),
        format!("\"parts\":[{},\n{}]", part(train), part(test)),
        format!("\"moments\":{}}}\n", lines(run.moments.iter().map(moment))),
    ]
    .join(",\n")
}

fn moment(moment: &Moment) -> String {
    let Moment { iteration, w, b, gradient, cost, counts } = moment;
    let judge = |judge: usize| {
        // Ten digits, as they are shown.
        let rounded = |x: f64| format!("{x:.9e}").parse().unwrap_or(x);
        list(gradient.entries.iter().map(|entry| number(rounded(entry.values[judge]))))
    };
    let digits = gradient.entries.iter().map(|entry| {
        let agreed = (-entry.relative_error().log10()).floor().clamp(0.0, 15.0) as u32;
        let glyph = if entry.agrees(gradient.tolerance) { '✓' } else { '≠' };
        format!("\"{glyph} {agreed}\"")
    });
    [
        format!("{{\"iteration\":{iteration}"),
        format!("\"w\":{}", list(w.entries().chain([*b]).map(number))),
        format!("\"backprop\":{},\"closed\":{}", judge(0), judge(1)),
        format!("\"digits\":{},\"agree\":{}", list(digits), gradient.agrees()),
        format!("\"cost\":{},\"counts\":{counts:?}}}", list(cost.iter().copied().map(number))),
    ]
    .join(",")
}
