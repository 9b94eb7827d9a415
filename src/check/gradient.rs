//! A formula's gradient before all judges.

use std::fmt;

use super::diagnosis::{self, Finding, Point};
use super::differences::noise;
use super::hessian::FORWARD_OVER_REVERSE;
use super::table::{EXACT, NUMERIC, error_text};
use super::{Claim, Comparison, Difference, Dual, Entry, Explained, Scalar, slips};
use crate::arithmetic::Number;
use crate::error::{Result, mistake};
use crate::logistic::{self, closed_form};
use crate::network::cross_entropy;
use crate::scalar::{Tape, Var};
use crate::tape;
use crate::tensor::Tensor;
use crate::trace::{Node, Operand, Trace};

// Documented where it is named: `check::gradient!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __gradient {
    // The formula once for each kind of number, which a closure cannot be.
    (|$p:ident| $cost:expr, $at:expr, @ $by_hand:expr) => {{
        #[allow(unused_imports)] // so that `p[0].sqrt()` needs no `use` of the learner's
        use $crate::activation::Functions as _;
        $crate::check::gradient(
            |$p: &[f64]| $cost,
            |$p: &[$crate::check::Dual]| $cost,
            |$p: &[$crate::scalar::Var]| $cost,
            $at,
            $by_hand,
        )
    }};
    (|$p:ident| $cost:expr, $at:expr $(,)?) => {
        $crate::check::gradient!(|$p| $cost, $at, @ None)
    };
    (|$p:ident| $cost:expr, $at:expr, |$q:ident| $by_hand:expr $(,)?) => {
        $crate::check::gradient!(|$p| $cost, $at, @ Some(&|$q: &[f64]| $by_hand))
    };
    (|$p:ident| $cost:expr, $at:expr, $by_hand:expr $(,)?) => {
        $crate::check::gradient!(|$p| $cost, $at, @ Some(&$by_hand))
    };
    ($cost:path, $($others:tt)*) => {
        $crate::check::gradient!(|p| $cost(p), $($others)*)
    };
}

/// Where a gradient is taken: a number, or a name and a number, for each parameter.
pub trait Parameter {
    /// The parameter's name; `p[2]` for a number without one.
    fn name(&self, index: usize) -> String;
    /// Its value.
    fn value(&self) -> f64;
}

impl Parameter for f64 {
    fn name(&self, index: usize) -> String {
        format!("p[{index}]")
    }
    fn value(&self) -> f64 {
        *self
    }
}

impl Parameter for (&str, f64) {
    fn name(&self, _: usize) -> String {
        self.0.to_string()
    }
    fn value(&self) -> f64 {
        self.1
    }
}

/// A gradient that was derived by hand: a list, or a function of the point.
pub trait ByHand {
    /// The gradient at a point.
    fn at(&self, p: &[f64]) -> Vec<f64>;
    /// Whether it is right at one point only.
    fn is_list(&self) -> bool {
        false
    }
}

impl<F: Fn(&[f64]) -> Vec<f64>> ByHand for F {
    fn at(&self, p: &[f64]) -> Vec<f64> {
        self(p)
    }
}

macro_rules! lists {
    ($($list:ty $(, $n:ident)?);*) => {$(
        impl$(<const $n: usize>)? ByHand for $list {
            fn at(&self, _: &[f64]) -> Vec<f64> {
                self.to_vec()
            }
            fn is_list(&self) -> bool {
                true
            }
        }
    )*};
}
lists!(&[f64]; Vec<f64>; &Vec<f64>; [f64; N], N; &[f64; N], N);

/// What [`gradient!`](crate::check::gradient!) found out.
#[derive(Clone, Debug)]
pub struct GradientReport {
    /// The derivatives side by side, under the names that were given, or `p[0]`, `p[1]`, ….
    pub comparison: Comparison,
    /// Whose gradient the findings are about: `"by hand"`, or `"by reverse mode"` if it is not the
    /// slope of the formula's values. Then a derivative inside the formula is wrong.
    pub judged: &'static str,
    /// What is wrong with it; empty if all agree.
    pub findings: Vec<Finding>,
    /// Where the derivation by hand went wrong, if it did. Where it is a function, it is judged at 12
    /// points around this one, too.
    pub explained: Explained,
}

impl GradientReport {
    /// Whether all entries were judged, and all judges agree, at all points.
    pub fn agrees(&self) -> bool {
        self.comparison.agrees() && self.explained.wrong == 0
    }
}

/// The function behind [`gradient!`](crate::check::gradient!): one formula on three kinds of
/// number, the point (numbers, or names with numbers), and the gradient that was derived by hand.
///
/// A derivative's scale is the sum over all paths from the output to the parameter, each the
/// product of its local derivatives, without their signs.
///
/// # Panics
/// If `by_hand` has another length than `at`, or the formula's value is of another tape than its
/// parameters.
#[track_caller]
pub fn gradient(
    number: impl Fn(&[f64]) -> f64,
    dual: impl Fn(&[Dual]) -> Dual,
    var: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
    at: &[impl Parameter],
    by_hand: Option<&dyn ByHand>,
) -> GradientReport {
    let names: Vec<String> = at.iter().enumerate().map(|(i, p)| p.name(i)).collect();
    let at: &[f64] = &at.iter().map(Parameter::value).collect::<Vec<f64>>();
    let n = at.len();
    let function = by_hand.filter(|own| !own.is_list());
    let by_hand = by_hand.map(|own| own.at(at));
    if let Some(own) = by_hand.as_ref().filter(|own| own.len() != n) {
        mistake(
            &format!("the gradient by hand has {} entries", own.len()),
            &[format!("the formula is taken at {n} numbers")],
            "a gradient has one entry for each parameter",
            "give one derivative for each number in the point",
        )
    }
    let tape = Tape::new();
    let p: Vec<Var> = at.iter().map(|&x| tape.var(x)).collect();
    let output = var(&p);
    let (reverse, sizes) = (output.backward(), path_sizes(output, |local| local.abs()));
    let outside = from_outside(output);
    let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
    let random = !same(number(at), number(at));
    let no_number = !output.value().is_finite();

    let mut judges = vec!["reverse mode"];
    judges.extend(by_hand.as_ref().map(|_| "by hand"));
    judges.push("forward mode");
    judges.truncate(if random { 1 } else { 3 });
    let mut comparison = Comparison::new(judges);
    let claim = |at: &[f64], own: &[f64]| {
        let tape = Tape::new();
        let names = names.iter().cloned();
        let p: Vec<Var> = at.iter().zip(names).map(|(&x, k)| tape.var(x).named(k)).collect();
        let output = var(&p);
        Claim::new(output, &p.into_iter().zip(own.iter().copied()).collect::<Vec<_>>())
    };
    let blurs = by_hand.as_ref().map_or(vec![0.0; n], |own| claim(at, own).blurs());
    let (mut digits, mut hidden) = (16, vec![]);
    for i in 0..n {
        let slope = |x: f64| dual(&Dual::along(&moved(at, i, x), i)).slope;
        let slope_here = reverse.wrt(p[i]);
        let mut values = vec![slope_here];
        values.extend(by_hand.as_ref().map(|own| own[i]));
        values.push(slope(at[i]));
        values.truncate(comparison.judges.len());
        let scale = sizes.get(p[i].index()).copied().unwrap_or(0.0);
        comparison.add(&names[i], values, scale);
        let entry = &mut comparison.entries[i];
        if !random && slope_here.is_finite() {
            let found = Difference::of(|x| number(&moved(at, i, x)), at[i]);
            entry.difference = found.filter(|found| !found.is_stair(slope_here));
        }
        let telling = entry.difference.is_some_and(|difference| difference.is_telling());
        entry.blind = random || no_number || outside[p[i].index()] && !telling;
        if !entry.fits(comparison.tolerance) && slope_here.is_finite() {
            // The formula itself may lose digits here.
            let noise = 8.0 * noise(slope, at[i]);
            entry.scale = entry.scale.max(noise.max(blurs[i]) / comparison.tolerance);
            entry.blind |= noise > 0.01 * slope_here.abs();
            hidden.extend((blurs[i] > 0.01 * slope_here.abs()).then_some(i));
            digits = digits.min(-(noise / slope_here).abs().log10() as u32);
        } else if outside[p[i].index()] && telling {
            digits = digits.min(entry.difference.map_or(16, |difference| difference.digits));
        }
    }
    let (judged, mut findings) = match (random, output.value()) {
        (true, _) => ("by reverse mode", vec![Finding::Random { x: f64::NAN }]),
        (_, y) if y.is_finite() => diagnosed(&comparison, at, by_hand.is_some()),
        (_, y) => ("by reverse mode", vec![Finding::NotFinite { x: f64::NAN, y, slope: f64::NAN }]),
    };
    if findings.is_empty() && digits < 9 {
        findings.push(Finding::FewDigits { digits });
    }
    let mut explained = Explained::default();
    if let (Some(own), "by hand") = (by_hand, judged) {
        // What is right at a kink, or within rounding, is no slip.
        let kink = |entry: &Entry| entry.difference.is_some_and(|found| found.kink.is_some());
        let no_slip = function.is_none() || comparison.entries.iter().any(kink);
        let here = (!comparison.fits() || !no_slip).then(|| claim(at, &own));
        let there = function.into_iter().flat_map(|own| around(at, own, &var));
        let claims = here.into_iter().chain(there.map(|(at, own)| claim(&at, &own)));
        explained = slips(&claims.collect::<Vec<_>>());
    }
    for i in hidden {
        // Yours has no digits here, but elsewhere.
        let told = |right: &Vec<Option<bool>>| right.iter().any(Option::is_some);
        comparison.entries[i].blind |= !explained.right.get(i).is_some_and(told);
    }
    GradientReport { comparison, judged, findings, explained }
}

/// The point with another value of one parameter.
pub(super) fn moved(at: &[f64], i: usize, x: f64) -> Vec<f64> {
    let mut p = at.to_vec();
    p[i] = x;
    p
}

/// Points around this one, and a gradient there.
fn around(
    at: &[f64],
    own: &dyn ByHand,
    var: &impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    let trace = |at: &[f64]| {
        let tape = Tape::new();
        let p: Vec<Var> = at.iter().map(|&x| tape.var(x)).collect();
        let output = var(&p);
        output.value().is_finite().then(|| output.trace())
    };
    let with_gradient = points_around(at, 12, trace).into_iter().map(|at| {
        let own = own.at(&at);
        (at, own)
    });
    with_gradient.filter(|(at, own)| own.len() == at.len()).collect()
}

/// Of [`points`], the first `count` at which there is a trace. If a formula has corners, such as that of
/// relu, and these points lie on one side of one, the last of them give way to points further off, on
/// the other side: what is wrong there only would not be seen.
pub fn points_around(
    at: &[f64],
    count: usize,
    trace: impl Fn(&[f64]) -> Option<Trace>,
) -> Vec<Vec<f64>> {
    let with_sides = |at: Vec<f64>| Some((sides(&trace(&at)?), at));
    let mut found: Vec<(Vec<bool>, Vec<f64>)> =
        points(at).take(20 * count).filter_map(with_sides).take(count).collect();
    if found.iter().any(|(sides, _)| !sides.is_empty()) {
        let far = [4.0, 40.0, 400.0].into_iter().flat_map(|times| {
            let far =
                move |p: Vec<f64>| p.iter().zip(at).map(|(p, x)| x + times * (p - x)).collect();
            points(at).take(200).map(far)
        });
        let mut others = vec![];
        for (sides, at) in far.filter_map(with_sides) {
            let seen = |(k, side): (usize, &bool)| {
                let same = |(other, _): &&(Vec<bool>, _)| other.get(k) == Some(side);
                found.iter().chain(&others).filter(same).count() > 1
            };
            if others.len() < count / 3 && !sides.iter().enumerate().all(seen) {
                others.push((sides, at));
            }
        }
        found.truncate(count - others.len());
        found.extend(others);
    }
    found.into_iter().map(|(_, at)| at).collect()
}

/// For each operation with a corner, on which side of it this is.
fn sides(trace: &Trace) -> Vec<bool> {
    let value = |x: &Operand| match x {
        Operand::Node(k) => trace.nodes[*k].value.sum(),
        Operand::Number(number) => *number,
    };
    let side = |node: &Node| match (node.operation.rule()?, &node.operands[..]) {
        ("max" | "min", [x, y]) => Some(value(x) > value(y)),
        ("abs" | "relu" | "leaky_relu" | "elu" | "selu", [x, ..]) => Some(value(x) > 0.0),
        _ => None,
    };
    trace.nodes.iter().filter_map(side).collect()
}

/// Points around `at`, as many as are taken, which fill the space between `x ± (|x| + 1/2)` evenly
/// and are the same in each run: where a derivative by hand that is a function is judged.
///
/// ```
/// let near: Vec<Vec<f64>> = chainrule::check::points(&[2.0]).take(12).collect();
/// assert!(near.iter().all(|p| (-0.5..4.5).contains(&p[0])));
/// ```
pub fn points(at: &[f64]) -> impl Iterator<Item = Vec<f64>> {
    (1..).map(move |k| {
        // Multiples of e, e², e³, … modulo 1 (Weyl), between −1 and 1.
        let u = |i: usize| 2.0 * (f64::from(k) * (1.0 + i as f64).exp()).fract() - 1.0;
        at.iter().enumerate().map(|(i, x)| x + (x.abs() + 0.5) * u(i)).collect()
    })
}

/// Σ over all paths from the output of |∏ local derivatives|, for each node: the backward pass
/// without signs, which `size` takes away.
pub(super) fn path_sizes<V: Number<Local = V>>(
    output: tape::Var<V>,
    size: impl Fn(&V) -> V,
) -> Vec<V> {
    let recording = output.tape().read();
    let mut sizes = vec![V::from(0.0); output.index() + 1];
    sizes[output.index()] = V::from(1.0);
    for node in (0..=output.index()).rev() {
        let upstream = sizes[node].clone();
        for edge in recording.edges(node).filter(|edge| edge.input.varies()) {
            let so_far = &mut sizes[edge.input.node()];
            so_far.accumulate(size(edge.local) * &upstream);
        }
    }
    sizes
}

/// Whether the way from the output to each node goes through an operation that is not of this crate.
fn from_outside(output: Var) -> Vec<bool> {
    let recording = output.tape().read();
    let mut used = vec![false; recording.nodes.len()];
    let mut outside = used.clone();
    used[output.index()] = true;
    for node in (0..=output.index()).rev() {
        if !used[node] {
            continue;
        }
        let own = outside[node] || recording.site_of(node).operation.rule().is_none();
        for edge in recording.edges(node).filter(|edge| edge.input.varies()) {
            used[edge.input.node()] = true;
            outside[edge.input.node()] |= own;
        }
    }
    outside
}

/// If differences contradict reverse mode, what is wrong with reverse mode; else, what is wrong
/// with the gradient by hand.
pub(super) fn diagnosed(
    comparison: &Comparison,
    at: &[f64],
    by_hand: bool,
) -> (&'static str, Vec<Finding>) {
    let mut findings = vec![];
    let mut numeric = vec![];
    let mut exact = vec![];
    for (parameter, (entry, &x)) in comparison.entries.iter().zip(at).enumerate() {
        let (reverse, by_hand) = (entry.values[0], entry.values[1]);
        if !reverse.is_finite() {
            let disagree = !entry.fits(comparison.tolerance);
            findings.extend(disagree.then_some(Finding::NoSlope { parameter, slope: reverse }));
            continue;
        }
        let allowed = entry.allowed(comparison.tolerance);
        let beside = |yours, difference: Difference| Point {
            kink: difference.kink.is_some(),
            ..Point::of_list(x, yours, difference.nearest(yours), difference.error + allowed)
        };
        numeric.extend(entry.difference.map(|difference| beside(reverse, difference)));
        exact.push(match entry.difference.filter(|difference| difference.kink.is_some()) {
            Some(kink) => beside(by_hand, kink),
            None => Point::of_list(x, by_hand, reverse, allowed),
        });
    }
    let reverse_is_wrong = numeric.iter().any(|point| !point.agrees());
    let (judged, points, explained) = match by_hand && !reverse_is_wrong {
        true => ("by hand", &exact, diagnosis::explain_exact(&exact, None)),
        false => ("by reverse mode", &numeric, diagnosis::explain(&numeric, None)),
    };
    // Where entries were left out, the others have other numbers.
    let named = |finding| match finding {
        Finding::Permuted(_) | Finding::Only(..) if points.len() < at.len() => {
            let wrong = points.iter().filter(|point| !point.agrees()).count();
            Finding::Unexplained { wrong, of: points.len() }
        }
        finding => finding,
    };
    findings.extend(explained.into_iter().map(named));
    (judged, findings)
}

impl GradientReport {
    /// What is wrong and what to try, in several lines; empty where nothing is found.
    pub fn explanation(&self) -> String {
        let GradientReport { comparison, judged, findings, explained } = self;
        // Right numbers in a wrong place are no slip; at a single point, neither is what lacks digits.
        let told = |finding: &Finding| {
            matches!(finding, Finding::Permuted(_)) || explained.of < 2 && !finding.is_wrong()
        };
        let says_more = !explained.slips.is_empty() || findings.is_empty();
        if explained.wrong > 0 && says_more && !findings.iter().any(told) {
            return explained.to_string();
        }
        let value = |finding: &Finding| matches!(finding, Finding::NotFinite { .. });
        let second = comparison.judges[0] == FORWARD_OVER_REVERSE;
        let what = if second { "Hessian" } else { "gradient" };
        let wrong = findings.iter().any(|finding| finding.is_wrong() && !value(finding));
        let head = format!("error: gradcheck: the {what} {judged} is wrong");
        let names: Vec<&str> = comparison.entries.iter().map(|entry| &*entry.name).collect();
        let text = diagnosis::text(findings, &names);
        if wrong { head + &text } else { text.trim_start_matches('\n').to_string() }
    }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.comparison.fmt(f)?;
        let text = |(judge, ratio): (&'static str, f64)| {
            let class = if judge == "differences" { NUMERIC } else { EXACT };
            format!("{judge} {}", error_text(ratio, f.alternate().then_some(class)))
        };
        let ratios: Vec<_> = self.comparison.ratios().into_iter().map(text).collect();
        write!(f, "\n  Ng's ratio: {}", ratios.join(", "))?;
        let verdict = match () {
            _ if self.agrees() => "AGREE",
            _ if self.comparison.fits() && self.explained.wrong == 0 => "NOT JUDGED",
            _ => "DISAGREE",
        };
        write!(f, "\nverdict: {verdict}")?;
        match self.explanation() {
            text if text.is_empty() => Ok(()),
            text => write!(f, "\n{text}"),
        }
    }
}

/// All four judges on the gradient of logistic regression, for w (n, 1), b, X (n, m), Y (1, m).
///
/// Forward mode evaluates the cost anew for each weight, and differences do so 33 times: some
/// 40 (n + 1) times as long as [`logistic::propagate`].
///
/// ```
/// use chainrule::{check, tensor::Tensor};
/// let (w, x) = (Tensor::new(2, 1, vec![1.0, 2.0]), Tensor::from_rows(&[[1.0, -2.0], [3.0, 0.5]]));
/// let comparison = check::propagate(&w, 1.5, &x, &Tensor::new(1, 2, vec![1.0, 0.0]))?;
/// assert!(comparison.agrees());
/// assert_eq!(comparison.judges, ["reverse mode", "closed form", "forward mode"]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`logistic::propagate`].
#[track_caller]
pub fn propagate(w: &Tensor, b: f64, x: &Tensor, y: &Tensor) -> Result<Comparison> {
    logistic::propagate(w, b, x, y)?;
    Ok(layer(w, &b.into(), x, y))
}

/// All four judges on the gradient of a layer, the softmax of k classes or one sigmoid node: for W
/// (n, k), b (k, 1), X (n, m) and Y (k, m), as [`closed_form::layer`] has them.
///
/// ```
/// use chainrule::{check, tensor::Tensor};
/// let (w, b) = (Tensor::from_rows(&[[1.0, 2.0, 0.5]]), Tensor::zeros(3, 1));
/// let (x, y) = (Tensor::from(0.7), Tensor::new(3, 1, vec![0.0, 0.0, 1.0]));
/// let comparison = check::layer(&w, &b, &x, &y);
/// assert!(comparison.agrees());
/// assert_eq!(comparison.entries[2].name, "dw[0,2]");
/// ```
///
/// # Panics
/// If the shapes do not fit each other, or a column of Y has another number of ones.
#[track_caller]
pub fn layer(w: &Tensor, b: &Tensor, x: &Tensor, y: &Tensor) -> Comparison {
    let (tape, _) = logistic::network(w, b).propagate(x, y, cross_entropy);
    let (by_hand, _) = closed_form::layer(w, b, x, y);
    let scale = closed_form::layer_scale(w, b, x, y);
    let mut comparison = Comparison::of_grads(&tape[0], &by_hand, &scale);
    let at: Vec<f64> = w.entries().chain(b.entries()).collect();
    comparison.judges.push("forward mode");
    for (i, entry) in comparison.entries.iter_mut().enumerate() {
        entry.values.push(cost(&Dual::along(&at, i), x, y).slope);
        entry.difference = Difference::of(|t| cost(&moved(&at, i, t), x, y), at[i]);
    }
    comparison
}

/// The cost in w, row by row, and b, which follow each other in `p`: that of logistic regression, or
/// for k classes the mean of ln Σ e^(zᵢ − z) with the z of the example's class.
fn cost<S: Scalar>(p: &[S], x: &Tensor, y: &Tensor) -> S {
    let ((n, m), k) = (x.shape(), y.shape().0);
    let (w, b) = p.split_at(n * k);
    let z = |x: &[f64], c: usize| (0..n).fold(b[c], |z, i| z + w[i * k + c] * x[i]);
    if k == 1 {
        return logistic::cost(|x| z(x, 0), x, y);
    }
    let loss = |j: usize| {
        let x = x.columns(j..j + 1).to_vec();
        let own = z(&x, (0..k).rfind(|&c| y.get(c, j) == 1.0).unwrap_or(0));
        let mut z: Vec<S> = (0..k).map(|c| z(&x, c) - own).collect();
        z.sort_by(|x, y| y.value().total_cmp(&x.value()));
        let powers: Vec<S> = z[1..].iter().map(|&other| (other - z[0]).exp()).collect();
        z[0] + powers[0].plus(&powers[1..]).ln_1p()
    };
    let losses: Vec<S> = (0..m).map(loss).collect();
    losses[0].plus(&losses[1..]) / m as f64
}
