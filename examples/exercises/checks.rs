//! Checks of the answers. What is right comes from the tape, from functions of this crate, or was
//! worked out on paper.

use chainrule::activation::{Activation, Exp, LeakyRelu, Ln, Powf, Recip, Sigmoid, Softplus};
use chainrule::check::{self, Claim, Finding};
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
    /// The rule that was applied wrongly, if it is known, and what to do about it.
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
    /// What comes out if a rule is applied wrongly: which, the cure, and the answer.
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
            .slip("those are the slopes of x + y", "multiply each by the other factor", [1.0, 1.0])
            .slip("that is z itself", "leave out the factor that moves", [x * y, x * y])
    });
    let claims = cases.each_ref().map(|case| {
        let tape = Tape::new();
        let [x, y] =
            [("x", 1), ("y", 0)].map(|(name, k)| tape.var(case.right.get(k, 0)).named(name));
        Claim::new((x * y).named("z"), &[(x, case.yours.get(0, 0)), (y, case.yours.get(1, 0))])
    });
    explained(lists(1, &cases), &claims)
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

/// A slip of two exercises, and its cure.
const WITHOUT_UPSTREAM: (&str, &str) = (
    "the upstream gradient is left out: this is only the local derivative",
    "multiply by upstream",
);

pub fn add_back(answers: &Answers) -> Outcome {
    let cases = [3.0, -4.0].map(|upstream| {
        let right = gradient([1.0, 2.0], |[x, y]| (x + y) * upstream);
        case(format!("upstream = {upstream}"), (answers.add_back)(upstream), right)
            .slip(WITHOUT_UPSTREAM.0, WITHOUT_UPSTREAM.1, [1.0, 1.0])
            .slip("y gets nothing", "add passes the upstream gradient to both", [upstream, 0.0])
            .slip("x gets nothing", "add passes the upstream gradient to both", [0.0, upstream])
    });
    lists(1, &cases)
}

pub fn max_back(answers: &Answers) -> Outcome {
    let cases = [[5.0, 2.0, 3.0], [-1.0, 4.0, -2.0], [2.0, 2.0, 7.0]].map(|[x, y, upstream]| {
        let right = gradient([x, y], |[x, y]| x.max(y) * upstream);
        let given = format!("x = {x}, y = {y}, upstream = {upstream}");
        let [larger, smaller] = if x >= y { [0, 1] } else { [1, 0] };
        let only = |k: usize, gradient: f64| if k == 0 { [gradient, 0.0] } else { [0.0, gradient] };
        let right_unless_equal =
            |equal: [f64; 2]| if x == y { equal } else { only(larger, upstream) };
        let to_larger = "there too, x counts as the larger one, and gets all of it";
        case(given, (answers.max_back)(x, y, upstream), right)
            .slip(
                "where x = y, yours gives the gradient to y",
                "let x count as the larger one there: >= for >",
                right_unless_equal([0.0, upstream]),
            )
            .slip(
                "where x = y, yours gives each of them a half",
                to_larger,
                right_unless_equal([upstream / 2.0; 2]),
            )
            .slip(
                "where x = y, yours gives the gradient to both",
                to_larger,
                right_unless_equal([upstream; 2]),
            )
            .slip("where x = y, yours gives it to neither", to_larger, right_unless_equal([0.0; 2]))
            .slip(
                "both operands get the upstream gradient",
                "give 0 to the smaller one: max does not move with it",
                [upstream, upstream],
            )
            .slip(
                "each operand gets half of the upstream gradient",
                "give all of it to the larger one: max moves as that does",
                [upstream / 2.0; 2],
            )
            .slip("x gets it, even where y is larger", "compare x and y first", [upstream, 0.0])
            .slip("y gets it, even where x is larger", "compare x and y first", [0.0, upstream])
            .slip(
                "the smaller operand gets the gradient",
                "exchange the two",
                if x == y { only(larger, upstream) } else { only(smaller, upstream) },
            )
            .slip(
                "the smaller operand gets the gradient",
                "exchange the two",
                only(smaller, upstream),
            )
            .slip(WITHOUT_UPSTREAM.0, WITHOUT_UPSTREAM.1, only(larger, 1.0))
            .slip(
                "the larger value is handed back, not its slope",
                "the slope of the larger one is 1: hand upstream back",
                only(larger, x.max(y)),
            )
            .slip(
                "upstream is multiplied by the larger value, not by its slope",
                "the slope of the larger one is 1: hand upstream back",
                only(larger, x.max(y) * upstream),
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
        let added = with(|before, local, upstream| before + local + upstream);
        let subtracted = with(|before, local, upstream| before - local * upstream);
        (answers.accumulate)(&mut gradients, &edges, upstream);
        case(given, gradients, right)
            .slip(
                "what was there before is overwritten, not added to",
                "add to it: += for =",
                overwritten,
            )
            .slip("the upstream gradient is left out", "multiply by upstream", without_upstream)
            .slip("the local derivative is left out", "multiply by local", without_local)
            .slip("local and upstream are added", "multiply them: the chain rule", added)
            .slip("the product is subtracted", "add it: += for -=", subtracted)
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
        let given = format!("the tape of {given}");
        slips_backward(case(given, (answers.backward)(&edges), right), &edges)
    });
    lists(1, &cases)
}

/// What one gets by going back along these edges.
fn back(
    edges: &[Vec<Edge>],
    order: &mut dyn Iterator<Item = usize>,
    seed: f64,
    rule: fn([f64; 3]) -> f64,
) -> Vec<f64> {
    let mut gradients = vec![0.0; edges.len()];
    gradients[edges.len() - 1] = seed;
    for node in order {
        for &(input, local) in &edges[node] {
            gradients[input] = rule([gradients[input], local, gradients[node]]);
        }
    }
    gradients
}

/// The rule that is right.
fn add([before, local, upstream]: [f64; 3]) -> f64 {
    before + local * upstream
}

/// The slips of a gradient that goes back along these edges, to the first nodes.
fn slips_backward(case: Case, edges: &[Vec<Edge>]) -> Case {
    let (count, asked) = (edges.len(), case.right.shape().0);
    let by = |order: &mut dyn Iterator<Item = usize>, seed: f64, rule: fn([f64; 3]) -> f64| {
        back(edges, order, seed, rule)[..asked].to_vec()
    };
    case.slip(
        "nodes hand their gradient on before it is complete",
        "go from the last node to the first",
        by(&mut (0..count), 1.0, add),
    )
    .slip(
        "what other nodes handed on is overwritten, not added to",
        "add to it: += for =",
        by(&mut (0..count).rev(), 1.0, |[_, local, upstream]| local * upstream),
    )
    .slip(
        "the gradient of the node is left out: only local derivatives are added",
        "multiply local by the gradient of the node",
        by(&mut (0..count).rev(), 1.0, |[before, local, _]| before + local),
    )
    .slip(
        "the local derivative is left out",
        "multiply the gradient of the node by local",
        by(&mut (0..count).rev(), 1.0, |[before, _, upstream]| before + upstream),
    )
    .slip(
        "no gradient is handed back: all are 0",
        "set that of the last node to 1, and go back from there",
        by(&mut (0..count).rev(), 0.0, add),
    )
    .slip(
        "the last node does not hand its gradient on",
        "begin with the last node",
        by(&mut (0..count - 1).rev(), 1.0, add),
    )
}

pub fn sigmoid_slope(answers: &Answers) -> Outcome {
    slope(Sigmoid, answers.sigmoid_slope)
}

/// A slip of three exercises, and its cure.
const LEFT_IN: (&str, &str) =
    ("a (1 - a) is left in", "leave it out: it cancels, since dL/da has it as its denominator");

pub fn dw_of_one(answers: &Answers) -> Outcome {
    let cases = [0, 1, 2].map(|example| {
        let Batch { x, a, y, dw, .. } = batch(example, 1);
        let given = format!("x = [{}], a = {}, y = {}", text(&x), text(&a), text(&y));
        let (right, dz) = (dw.to_vec(), (&a - &y).sum());
        let [times_slope, without_label] = [dz * a.sum() * (1.0 - a.sum()), a.sum()]
            .map(|factor| right.iter().map(|dw| dw / dz * factor).collect::<Vec<_>>());
        case(given, (answers.dw_of_one)(&x.to_vec(), a.sum(), y.sum()), right.clone())
            .slip("x is left out: that is dL/dz", "multiply by each x", vec![dz; right.len()])
            .slip(LEFT_IN.0, LEFT_IN.1, times_slope)
            .slip("the label is left out", "dL/dz is a - y, not a", without_label)
    });
    lists(1, &cases)
}

pub fn dw(answers: &Answers) -> Outcome {
    let Batch { x, a, y, dw, .. } = batch(0, 3);
    let given = format!("X = [{}]\nA = [{}]\nY = [{}]", text(&x), text(&a), text(&y));
    let over = |dz: &Tensor, count: f64| (&x.matmul(&dz.t()) / count).to_vec();
    let dz = &a - &y;
    let case = Case { given, yours: (answers.dw)(&x, &a, &y), right: dw, slips: vec![] }
        .slip(LEFT_IN.0, LEFT_IN.1, over(&(&dz * &a.map(|a| a * (1.0 - a))), 3.0))
        .slip("it is divided by n, not by m", "divide by the number of examples", over(&dz, 2.0))
        .slip("the labels are left out", "dz is A - Y, not A", over(&a, 3.0));
    lists(3, &[case])
}

pub fn db(answers: &Answers) -> Outcome {
    let Batch { a, y, db, .. } = batch(0, 3);
    let given = format!("A = [{}]\nY = [{}]", text(&a), text(&y));
    let case = case(given, [(answers.db)(&a, &y)], [db]);
    lists(3, &[case.slip("the labels are left out", "dz is A - Y, not A", [a.sum() / 3.0])])
}

pub fn softplus(answers: &Answers) -> Outcome {
    let cases = [0.0, 1.0, -1.0, 710.0, -30.0, 20.0, -20.0, -700.0].map(|x| {
        case(format!("x = {x}"), [(answers.softplus)(x)], [Softplus.f(x)])
            .slip(
                "e^x overflows for a large x",
                "where x > 0, take e^x out of the logarithm",
                [x.exp().ln_1p()],
            )
            .slip(
                "for x < 0, e^-x is large, and x + ln(1 + e^-x) loses its digits",
                "there, take ln_1p of e^x",
                [x + (-x).exp().ln_1p()],
            )
            .slip(
                "1 + e^-|x| loses the digits of a small e^-|x|",
                "take ln_1p of it",
                [x.max(0.0) + (1.0 + (-x.abs()).exp()).ln()],
            )
            .slip(
                "1 + e^x overflows for a large x, and is 1 for a very negative one",
                "take e^x out of it where x > 0, and use ln_1p",
                [(1.0 + x.exp()).ln()],
            )
            .slip(
                "that is relu: ln(1 + e^x) without the part that bends",
                "add ln(1 + e^-|x|)",
                [x.max(0.0)],
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
    lists(
        1,
        &[case("x = 0, y = 0".to_string(), [at_kink], [0.01]).slip(
            "at the kink, x = 0, it is not the slope of the left side",
            "let x = 0 take the branch of x < 0: > for >=",
            [at_kink],
        )],
    )
}

pub fn step(answers: &Answers) -> Outcome {
    let rate = 0.5;
    let cases = [[0.5, -1.0, 2.0, 1.0], [1.0, 0.25, -1.5, 0.0]].map(|[w, b, x, y]| {
        let [dw, db] = gradient([w, b], |[w, b]| ((w * x + b) * (1.0 - 2.0 * y)).softplus());
        let given = format!("w = {w}, b = {b}, x = {x}, y = {y}, rate = {rate}");
        let next = w - rate * dw;
        let late = Sigmoid.f(next * x + b) - y;
        let early = Sigmoid.f(w * x + b - rate * db) - y;
        let slope = Sigmoid.df(w * x + b, Sigmoid.f(w * x + b));
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
            .slip(
                "dw is taken at the new b, db at the old one",
                "compute both before you change either",
                [w - rate * early * x, b - rate * db],
            )
            .slip("x is left out of dw", "multiply dw by x", [w - rate * db, b - rate * db])
            .slip("db is multiplied by x", "leave x out: dz/db is 1", [next, b - rate * dw])
            .slip("dw and db are exchanged", "exchange them", [w - rate * db, b - rate * dw])
            .slip(LEFT_IN.0, LEFT_IN.1, [w - rate * slope * dw, b - rate * slope * db])
            .slip("that is the gradient, not w and b after the step", "subtract it", [dw, db])
    });
    lists(1, &cases)
}

pub fn two_layers(answers: &Answers) -> Outcome {
    let points = [[0.5, 2.0, 1.25, 0.0], [-1.0, 1.5, 0.75, 1.0], [0.3, -0.7, -2.0, 0.5]];
    let cases = points.map(|[v, w, x, y]| {
        let right = gradient([v, w], |[v, w]| (w * (v * x).tanh() - y).powf(2.0) * 0.5);
        let given = format!("v = {v}, w = {w}, x = {x}, y = {y}");
        case(given, (answers.two_layers)(v, w, x, y), right)
    });
    let claims = points.map(|[v, w, x, y]| {
        let [dv, dw] = (answers.two_layers)(v, w, x, y);
        let tape = Tape::new();
        let (v, w) = (tape.var(v).named("v"), tape.var(w).named("w"));
        let x = tape.constant(x).named("x");
        let z = w * (v * x).tanh().named("a");
        Claim::new((z.named("z") - y).powf(2.0) * 0.5, &[(v, dv), (w, dw)])
    });
    explained(lists(1, &cases), &claims)
}

/// With the likeliest slip that explains all of it, where nothing else does: what it is, without what
/// would be right, and the cure.
fn explained(mut outcome: Outcome, claims: &[Claim]) -> Outcome {
    let unexplained = |finding: &Finding| matches!(finding, Finding::Unexplained { .. });
    if outcome.slip.is_none() && outcome.findings.iter().any(unexplained) {
        let first = check::slips(claims).slips.into_iter().next();
        outcome.slip = first.map(|slip| {
            let what = slip.what.split(';').next().unwrap_or_default().to_string();
            [what, slip.hint]
        });
    }
    outcome
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
    let claims: Vec<Claim> = [1.5, 0.4, 3.0, -0.6, -2.0]
        .into_iter()
        .filter(|x| of.domain(*x))
        .map(|at| {
            let tape = Tape::new();
            let x = tape.var(at).named("x");
            Claim::new(x.apply(&of).named("y"), &[(x, slope(at, of.f(at)))])
        })
        .collect();
    explained(Outcome { passed, case, findings: report.findings, slip: None }, &claims)
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
        let given = format!("inputs {inputs:?}, then {shown}{more}");
        let values: Vec<f64> = nodes.iter().map(|node| node.value()).collect();
        let edges = |wrong: &str| {
            let inputs = inputs.iter().map(|_| vec![]);
            let others = operations.iter().map(|(name, of)| {
                let locals = locals(name, values[of[0]], values[of[of.len() - 1]], wrong);
                of.iter().copied().zip(locals).collect()
            });
            inputs.chain(others).collect::<Vec<Vec<Edge>>>()
        };
        let with = |wrong: &str| {
            back(&edges(wrong), &mut (0..nodes.len()).rev(), 1.0, add)[..inputs.len()].to_vec()
        };
        slips_backward(case(given, yours, right), &edges(""))
            .slip("mul: each factor got its own value", "exchange them: mul swaps", with("mul"))
            .slip("ln: it is multiplied by x, not divided", "its slope is 1/x", with("ln"))
            .slip(
                "sigmoid: its slope is taken at the input",
                "write a (1 - a), where a is its value",
                with("sigmoid"),
            )
    });
    lists(1, &cases.collect::<Vec<_>>())
}

/// The local derivatives of an operation; for that of the name `wrong`, as some people take them.
fn locals(name: &str, x: f64, y: f64, wrong: &str) -> Vec<f64> {
    match (name, name == wrong) {
        ("add", _) => vec![1.0, 1.0],
        ("mul", false) => vec![y, x],
        ("mul", true) => vec![x, y],
        ("sigmoid", false) => vec![Sigmoid.df(x, Sigmoid.f(x))],
        ("sigmoid", true) => vec![x * (1.0 - x)],
        (_, false) => vec![1.0 / x],
        (_, true) => vec![x],
    }
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
