//! Checks of the answers. What is right comes from the tape, from functions of this crate, or was
//! worked out on paper.

use chainrule::activation::{Activation, Exp, LeakyRelu, Ln, Powf, Recip, Sigmoid, Softplus};
use chainrule::check::{self, Explained, Finding};
use chainrule::scalar::{Tape, Var};
use chainrule::tensor::{self, Local, Tensor};
use chainrule::trace::Frame;

use super::list::{Answers, Edge, Operation};

/// What a check found out.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the answer is right.
    pub passed: bool,
    /// A case in which it is not.
    pub case: Option<Case>,
    /// What is wrong with it; where it passes, what could be better.
    pub findings: Vec<Finding>,
    /// The rule that was got wrong, if it is known, and what to do about it.
    pub slip: Option<[String; 2]>,
}

/// An answer for certain numbers, and the right one.
#[derive(Clone, Debug)]
pub struct Case {
    /// The numbers.
    pub given: String,
    /// The answer.
    pub yours: Tensor,
    /// The right answer.
    pub right: Tensor,
    /// What comes out if a rule is got wrong: which, the cure, and the answer.
    slips: Vec<(&'static str, &'static str, Tensor)>,
}

impl Case {
    /// With what comes out of a mistake that people make.
    fn slip(mut self, what: &'static str, cure: &'static str, yours: impl Into<Vec<f64>>) -> Case {
        self.slips.push((what, cure, column(yours)));
        self
    }
}

pub fn square_slope(answers: &Answers) -> Outcome {
    slope(Powf { exponent: 2.0 }, answers.square_slope)
}

pub fn product_slopes(answers: &Answers) -> Outcome {
    let cases = [[3.0, 4.0], [-0.5, 2.0]].map(|[x, y]| {
        let right = gradient([x, y], |[x, y]| x * y);
        case(format!("x = {x}, y = {y}"), (answers.product_slopes)(x, y), right)
    });
    lists(1, &cases)
}

pub fn reciprocal_slope(answers: &Answers) -> Outcome {
    slope(Recip, answers.reciprocal_slope)
}

pub fn exp_slope(answers: &Answers) -> Outcome {
    slope(Exp, answers.exp_slope)
}

pub fn ln_slope(answers: &Answers) -> Outcome {
    slope(Ln, answers.ln_slope)
}

pub fn add_back(answers: &Answers) -> Outcome {
    let cases = [3.0, -4.0].map(|upstream| {
        let right = gradient([1.0, 2.0], |[x, y]| (x + y) * upstream);
        case(format!("upstream = {upstream}"), (answers.add_back)(upstream), right)
    });
    lists(1, &cases)
}

pub fn max_back(answers: &Answers) -> Outcome {
    let cases = [[5.0, 2.0, 3.0], [-1.0, 4.0, -2.0], [2.0, 2.0, 7.0]].map(|[x, y, upstream]| {
        let right = gradient([x, y], |[x, y]| x.max(y) * upstream);
        let given = format!("x = {x}, y = {y}, upstream = {upstream}");
        let [larger, smaller] = if x >= y { [0, 1] } else { [1, 0] };
        let only = |k: usize, gradient: f64| if k == 0 { [gradient, 0.0] } else { [0.0, gradient] };
        case(given, (answers.max_back)(x, y, upstream), right)
            .slip(
                "both operands get the upstream gradient",
                "give 0 to the smaller one: max does not move with it",
                [upstream, upstream],
            )
            .slip(
                "where x = y, yours gives the gradient to y",
                "let x count as the larger one there: >= for >",
                only(if x > y { 0 } else { 1 }, upstream),
            )
            .slip(
                "where x = y, yours gives each of them a half",
                "let x count as the larger one there, and get all of it",
                if x == y { [upstream / 2.0; 2] } else { only(larger, upstream) },
            )
            .slip(
                "the smaller operand gets the gradient",
                "exchange the two",
                only(smaller, upstream),
            )
            .slip(
                "the upstream gradient is left out: this is only the local derivative",
                "multiply by upstream",
                only(larger, 1.0),
            )
    });
    lists(1, &cases)
}

pub fn accumulate(answers: &Answers) -> Outcome {
    // The gradients before, the edges, the gradient of the node, and the gradients after.
    type Example = (Vec<f64>, Vec<Edge>, f64, Vec<f64>);
    let examples: [Example; 3] = [
        (vec![0.0, 0.0], vec![(0, 3.0), (1, 4.0)], 2.0, vec![6.0, 8.0]),
        (vec![0.0], vec![(0, 3.0), (0, 3.0)], 2.0, vec![12.0]),
        (vec![5.0, 1.0], vec![(0, 4.0)], 2.0, vec![13.0, 1.0]),
    ];
    let cases = examples.map(|(mut gradients, edges, upstream, right)| {
        let given = format!("gradients = {gradients:?}, edges = {edges:?}, upstream = {upstream}");
        let with = |rule: fn(f64, f64, f64) -> f64| {
            let mut after = gradients.clone();
            edges.iter().for_each(|&(k, local)| after[k] = rule(after[k], local, upstream));
            after
        };
        let overwritten = with(|_, local, upstream| local * upstream);
        let without_upstream = with(|before, local, _| before + local);
        let without_local = with(|before, _, upstream| before + upstream);
        (answers.accumulate)(&mut gradients, &edges, upstream);
        case(given, gradients, right)
            .slip(
                "what was there before is overwritten, not added to",
                "add to it: += for =",
                overwritten,
            )
            .slip("the upstream gradient is left out", "multiply by upstream", without_upstream)
            .slip("the local derivative is left out", "multiply by local", without_local)
    });
    lists(1, &cases)
}

/// On what the tape recorded: the edges, and the gradients that it found.
pub fn backward(answers: &Answers) -> Outcome {
    let tapes = [Tape::new(), Tape::new()];
    let [a, x] = [tapes[0].var(1.0), tapes[1].var(2.0)];
    let b = a + a;
    let recorded = [
        ("a, b = a + a, c = b + b", (b + b).trace()),
        ("x, y = σ(x), z = x y", (x * x.sigmoid()).trace()),
    ];
    let cases = recorded.map(|(given, trace)| {
        let count = trace.nodes.len();
        let (mut edges, mut right) = (vec![vec![]; count], vec![0.0; count]);
        for frame in &trace.frames {
            match frame {
                Frame::Seed(output) => right[*output] = 1.0,
                Frame::Backward(step) => {
                    right[step.input] = step.after.sum();
                    if let Local::Scale(local) = step.local {
                        edges[step.node].push((step.input, local));
                    }
                }
                Frame::Forward(_) => (),
            }
        }
        let walked = |order: &mut dyn Iterator<Item = usize>, keep: f64| {
            let mut gradients = vec![0.0; count];
            gradients[count - 1] = 1.0;
            for node in order {
                for &(input, local) in &edges[node] {
                    gradients[input] = keep * gradients[input] + local * gradients[node];
                }
            }
            gradients
        };
        case(format!("the tape of {given}"), (answers.backward)(&edges), right)
            .slip(
                "nodes hand their gradient on before it is complete",
                "go from the last node to the first",
                walked(&mut (0..count), 1.0),
            )
            .slip(
                "what other nodes handed on is overwritten, not added to",
                "add to it: += for =",
                walked(&mut (0..count).rev(), 0.0),
            )
    });
    lists(1, &cases)
}

pub fn sigmoid_slope(answers: &Answers) -> Outcome {
    slope(Sigmoid, answers.sigmoid_slope)
}

pub fn dw_of_one(answers: &Answers) -> Outcome {
    let cases = [0, 1, 2].map(|example| {
        let Batch { x, a, y, dw, .. } = batch(example, 1);
        let given = format!("x = [{}], a = {}, y = {}", text(&x), text(&a), text(&y));
        case(given, (answers.dw_of_one)(&x.to_vec(), a.sum(), y.sum()), dw.to_vec())
    });
    lists(1, &cases)
}

pub fn dw(answers: &Answers) -> Outcome {
    let Batch { x, a, y, dw, .. } = batch(0, 3);
    let given = format!("X = [{}]\nA = [{}]\nY = [{}]", text(&x), text(&a), text(&y));
    lists(3, &[Case { given, yours: (answers.dw)(&x, &a, &y), right: dw, slips: vec![] }])
}

pub fn db(answers: &Answers) -> Outcome {
    let Batch { a, y, db, .. } = batch(0, 3);
    let given = format!("A = [{}]\nY = [{}]", text(&a), text(&y));
    lists(3, &[case(given, [(answers.db)(&a, &y)], [db])])
}

pub fn softplus(answers: &Answers) -> Outcome {
    let cases = [0.0, 1.0, -1.0, 710.0, -30.0, 20.0, -20.0, -700.0].map(|x| {
        case(format!("x = {x}"), [(answers.softplus)(x)], [Softplus.f(x)]).slip(
            "1 + e^x overflows for a large x, and is 1 for a very negative one",
            "take e^x out of it where x > 0, and use ln_1p",
            [(1.0 + x.exp()).ln()],
        )
    });
    lists(1, &cases)
}

/// Differences cannot tell the slope at a kink: the convention is looked at by itself.
pub fn leaky_relu_slope(answers: &Answers) -> Outcome {
    let outcome = slope(LeakyRelu { slope: 0.01 }, answers.leaky_relu_slope);
    if !outcome.passed {
        return outcome;
    }
    let at_kink = (answers.leaky_relu_slope)(0.0, 0.0);
    lists(1, &[case("x = 0, y = 0".to_string(), [at_kink], [0.01])])
}

pub fn step(answers: &Answers) -> Outcome {
    let rate = 0.5;
    let cases = [[0.5, -1.0, 2.0, 1.0], [1.0, 0.25, -1.5, 0.0]].map(|[w, b, x, y]| {
        let [dw, db] = gradient([w, b], |[w, b]| ((w * x + b) * (1.0 - 2.0 * y)).softplus());
        let given = format!("w = {w}, b = {b}, x = {x}, y = {y}, rate = {rate}");
        let next = w - rate * dw;
        let late = Sigmoid.f(next * x + b) - y;
        case(given, (answers.step)(w, b, x, y, rate), [next, b - rate * db])
            .slip(
                "db is taken at the new w, dw at the old one",
                "compute both before you change either",
                [next, b - rate * late],
            )
            .slip(
                "it goes uphill, not down",
                "subtract rate times the gradient",
                [w + rate * dw, b + rate * db],
            )
            .slip("the rate is left out", "multiply the gradient by rate", [w - dw, b - db])
    });
    lists(1, &cases)
}

pub fn two_layers(answers: &Answers) -> Outcome {
    let points = [[0.5, 2.0, 1.0, 0.0], [-1.0, 1.5, 0.75, 1.0]];
    let cases = points.map(|[v, w, x, y]| {
        let right = gradient([v, w], |[v, w]| (w * (v * x).tanh() - y).powf(2.0) * 0.5);
        let given = format!("v = {v}, w = {w}, x = {x}, y = {y}");
        case(given, (answers.two_layers)(v, w, x, y), right)
    });
    let [v, w, x, y] = points[0];
    let explained = check::gradient!(
        |p| (p[1] * (p[0] * x).tanh() - y).powf(2.0) * 0.5,
        &[("v", v), ("w", w)],
        |p| (answers.two_layers)(p[0], p[1], x, y).to_vec()
    )
    .explained;
    Outcome { slip: slip(&explained), ..lists(1, &cases) }
}

/// The likeliest slip, without what would be right, and the cure.
fn slip(explained: &Explained) -> Option<[String; 2]> {
    let first = explained.slips.first()?;
    let what = first.what.split(';').next().unwrap_or_default();
    Some([what.to_string(), first.hint.clone()])
}

/// A function of this crate with a slope of yours.
struct Yours<F> {
    of: F,
    slope: fn(f64, f64) -> f64,
}

impl<F: Activation> Activation for Yours<F> {
    fn name(&self) -> &'static str {
        self.of.name()
    }
    /// Where the formulas of textbooks do not overflow: that is what exercise 14 is about.
    fn domain(&self, x: f64) -> bool {
        self.of.domain(x) && x.abs() <= 50.0
    }
    fn f(&self, x: f64) -> f64 {
        self.of.f(x)
    }
    fn df(&self, x: f64, y: f64) -> f64 {
        (self.slope)(x, y)
    }
}

/// Checks a slope by differences. The case that is shown is a wrong one at a simple x.
fn slope(of: impl Activation, slope: fn(f64, f64) -> f64) -> Outcome {
    let mut report = check::activation(&Yours { of: &of, slope });
    let passed = report.agrees();
    let far = |x: f64| (x - 2.0).abs() + if x.fract() == 0.0 { 0.0 } else { 100.0 };
    let wrong = report.points.iter().filter(|point| !point.agrees());
    let simplest = wrong.min_by(|p, q| far(p.x).total_cmp(&far(q.x)));
    let mut shown = simplest.map(|point| (point.x, point.y, point.yours, point.right));
    // NaN and ∞ are a case, and no name for a mistake.
    report.findings.retain(|finding| {
        let &Finding::NotFinite { x, y, slope } = finding else { return true };
        shown = shown.or(Some((x, y, slope, of.df(x, y))));
        false
    });
    let case = shown.map(|(x, y, yours, right)| {
        case(format!("df(x, y) at x = {}, y = {}", number(x), number(y)), [yours], [right])
    });
    let unexplained = |finding: &Finding| matches!(finding, Finding::Unexplained { .. });
    let slip = report.findings.iter().any(unexplained).then(|| {
        let own = |p: &[f64]| vec![slope(p[0], of.f(p[0]))];
        slip(&check::gradient!(|p| p[0].apply(&of), &[("x", 1.5)], own).explained)
    });
    Outcome { passed, case, findings: report.findings, slip: slip.flatten() }
}

/// The learner's tape and the crate's record the same operations: two that are short enough to follow,
/// and some at random.
pub fn own_tape(answers: &Answers) -> Outcome {
    let mut programs: Vec<(Vec<f64>, Vec<Operation>)> = vec![
        (vec![3.0, 4.0], vec![("mul", vec![0, 1])]),
        (vec![2.0], vec![("mul", vec![0, 0]), ("add", vec![1, 0]), ("ln", vec![2])]),
    ];
    let mut seed = 1_usize;
    let mut below = |count: usize| {
        seed = (seed * 1103515245 + 12345) % (1 << 31); // the generator of the C standard
        (seed >> 16) % count
    };
    for _ in 0..20 {
        let operations = (3..20).map(|known| match below(4) {
            0 => ("add", vec![below(known), below(known)]),
            1 => ("mul", vec![below(known), below(known)]),
            2 => ("sigmoid", vec![below(known)]),
            _ => ("ln", vec![below(3)]), // of an input, which is positive
        });
        programs.push((vec![0.5, 1.5, 2.0], operations.collect()));
    }
    let cases = programs.iter().map(|(inputs, operations)| {
        let tape = Tape::new();
        let mut nodes: Vec<Var> = inputs.iter().map(|&x| tape.var(x)).collect();
        for (name, of) in operations {
            let (x, y) = (nodes[of[0]], nodes[of[of.len() - 1]]);
            nodes.push(match *name {
                "add" => x + y,
                "mul" => x * y,
                "sigmoid" => x.sigmoid(),
                _ => x.ln(),
            });
        }
        let gradients = nodes[nodes.len() - 1].backward();
        let right: Vec<f64> = nodes[..inputs.len()].iter().map(|x| gradients.wrt(*x)).collect();
        let shown = operations.iter().map(|(name, of)| format!("{name}{of:?}"));
        let shown = shown.take(3).collect::<Vec<_>>().join(", ");
        let more = if operations.len() > 3 { ", ..." } else { "" };
        let yours = (answers.own_tape)(inputs, operations);
        case(format!("inputs {inputs:?}, then {shown}{more}"), yours, right)
    });
    lists(1, &cases.collect::<Vec<_>>())
}

/// Checks lists of numbers to 12 digits. A finding is kept if it fits in every case that is wrong.
fn lists(m: usize, cases: &[Case]) -> Outcome {
    let judged = cases.iter().map(|case| (case, check::diagnose(&case.yours, &case.right, m)));
    let wrong: Vec<_> = judged.filter(|(_, findings)| !findings.is_empty()).collect();
    let Some(((first, findings), others)) = wrong.split_first() else {
        return Outcome { passed: true, case: None, findings: vec![], slip: None };
    };
    let mut findings = findings.clone();
    // Compared as texts, with six digits: the factor 3 may differ in its last ones.
    let among = |all: &[Finding], finding: &Finding| {
        all.iter().any(|other| other.to_string() == finding.to_string())
    };
    findings.retain(|finding| {
        let unexplained = matches!(finding, Finding::Unexplained { .. });
        !unexplained && others.iter().all(|(_, all)| among(all, finding))
    });
    if findings.is_empty() {
        findings = vec![Finding::Unexplained { wrong: wrong.len(), of: cases.len() }];
    }
    // A slip is named if it gives your answer wherever that is wrong.
    let gives =
        |k: usize, case: &Case| check::diagnose(&case.yours, &case.slips[k].2, 1).is_empty();
    let fits = |k: &usize| wrong.iter().all(|(case, _)| gives(*k, case));
    let (case, slip) = ((*first).clone(), (0..first.slips.len()).find(fits));
    let slip = slip.map(|k| [case.slips[k].0, case.slips[k].1].map(String::from));
    Outcome { passed: false, case: Some(case), findings, slip }
}

fn case(given: String, yours: impl Into<Vec<f64>>, right: impl Into<Vec<f64>>) -> Case {
    Case { given, yours: column(yours), right: column(right), slips: vec![] }
}

fn column(entries: impl Into<Vec<f64>>) -> Tensor {
    let entries = entries.into();
    Tensor::new(entries.len(), 1, entries)
}

/// A matrix in a line, row after row; a column as its entries.
pub fn text(matrix: &Tensor) -> String {
    let (rows, columns) = matrix.shape();
    let row = |i| (0..columns).map(|j| number(matrix.get(i, j))).collect::<Vec<_>>().join(", ");
    let rows: Vec<String> = (0..rows).map(row).collect();
    rows.join(if columns == 1 { ", " } else { "; " })
}

/// With seven digits at most.
fn number(x: f64) -> String {
    let rounded: f64 = format!("{x:.6e}").parse().unwrap_or(x);
    let plain = rounded == 0.0 || !x.is_finite() || (1e-4..1e7).contains(&rounded.abs());
    if plain { rounded.to_string() } else { format!("{rounded:e}") }
}

/// By reverse mode.
fn gradient(at: [f64; 2], formula: impl for<'t> Fn([Var<'t>; 2]) -> Var<'t>) -> [f64; 2] {
    let tape = Tape::new();
    let variables = at.map(|x| tape.var(x));
    let gradients = formula(variables).backward();
    variables.map(|x| gradients.wrt(x))
}

/// Examples of logistic regression, the answers of a node to them, and its gradient.
struct Batch {
    x: Tensor,
    a: Tensor,
    y: Tensor,
    dw: Tensor,
    db: f64,
}

/// Of three examples with two features, so many from `first` on.
fn batch(first: usize, count: usize) -> Batch {
    let columns = first..first + count;
    let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]).columns(columns.clone());
    let y = Tensor::new(1, 3, vec![1.0, 1.0, 0.0]).columns(columns);
    let tape = tensor::Tape::new();
    let w = tape.var(Tensor::new(2, 1, vec![0.5, -1.0]));
    let b = tape.var(0.25.into());
    let z = w.t().matmul(tape.constant(x.clone())) + b;
    let signs = tape.constant(y.map(|y| 1.0 - 2.0 * y));
    let gradients = (signs * z).softplus().mean().backward();
    let a = z.sigmoid().value();
    Batch { x, a, y, dw: gradients.wrt(w), db: gradients.wrt(b).sum() }
}
