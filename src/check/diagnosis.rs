//! Which mistake is it? Hypotheses, each tested against the numbers.
//!
//! A hypothesis must explain the gap between a derivative and the right one at every point, to one
//! part in a million. Those that do are all named; if none does, that is said.

use std::fmt;

use crate::tensor::Tensor;

/// What is wrong with a derivative, with the evidence.
///
/// Its text is what was seen; [`hint`](Finding::hint) is what to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// Minus the right derivative.
    Sign,
    /// Minus the right derivative in these entries of a gradient, and right in the others.
    SomeSigns(Vec<usize>),
    /// A constant times the right derivative.
    Factor {
        /// The constant.
        factor: f64,
        /// `"m"`, `"1/m"`, `"2"` or `"1/2"`, if it is one of them; with m = 2, `"m or 2"`.
        name: Option<&'static str>,
    },
    /// 0 everywhere.
    Zero,
    /// f(x) itself.
    Value,
    /// Right with the output y in place of the input x.
    InputForOutput,
    /// Right with the input x in place of the output y.
    OutputForInput,
    /// Right on one side of zero only.
    OneSide {
        /// Whether it is wrong for x > 0.
        above: bool,
    },
    /// f/x, or f′ − f/x: for f = x·v, only one of the terms v and x·v′.
    HalfProduct {
        /// Whether the term x·v′ is the missing one.
        without_slope: bool,
    },
    /// The right derivative without `coefficient · of`.
    MissingTerm {
        /// The constant c.
        coefficient: f64,
        /// `"1"`, `"x"`, `"f(x)"` or `"x f(x)"`.
        of: &'static str,
    },
    /// The right entries in another order: entry i of the right gradient is entry `order[i]`.
    Permuted(Vec<usize>),
    /// The transpose of the right gradient.
    Transposed,
    /// Wrong, and no hypothesis fits.
    Unexplained {
        /// At so many points the derivative is wrong.
        wrong: usize,
        /// So many points were tested.
        of: usize,
    },
    /// NaN or ∞ inside the domain.
    NotFinite {
        /// Where; NaN for a formula of several parameters.
        x: f64,
        /// f(x).
        y: f64,
        /// The slope.
        slope: f64,
    },
    /// `f_df` gives something else than `f` and `df`.
    TwoAnswers {
        /// Where.
        x: f64,
    },
    /// Reverse mode gives NaN or ∞, which no other judge can be held against.
    NoSlope {
        /// For which parameter.
        parameter: usize,
        /// What reverse mode gives.
        slope: f64,
    },
    /// The slope is right, and lost more than half of its digits to cancellation.
    LostDigits {
        /// Where; NaN for a list of numbers.
        x: f64,
        /// The digits that are left.
        digits: u32,
    },
}

/// One derivative of yours, and the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// x.
    pub x: f64,
    /// f(x).
    pub y: f64,
    /// Your f′(x).
    pub yours: f64,
    /// f′(x) as another judge has it.
    pub right: f64,
    /// How far `right` may be from the truth.
    pub error: f64,
    /// Whether f has a kink here. Then `right` is, of all slopes between those of both sides, the
    /// nearest to yours.
    pub kink: bool,
}

impl Point {
    /// An entry of a gradient: hypotheses about f(x) do not apply.
    pub(super) fn of_list(x: f64, yours: f64, right: f64, error: f64) -> Point {
        Point { x, y: f64::NAN, yours, right, error, kink: false }
    }

    /// Whether yours is right.
    pub fn agrees(&self) -> bool {
        self.yours == self.right || (self.yours - self.right).abs() <= self.error
    }

    /// Whether `value` is `target`, compared with what is to be explained. `errors` counts how
    /// often the error of `right` is in there.
    fn explains(&self, value: f64, target: f64, errors: f64) -> bool {
        let gap = (self.yours - self.right).abs();
        let rounding = 1e-12 * (target.abs() + self.yours.abs());
        let near = || (value - target).abs() <= 1e-6 * gap + errors * self.error + rounding;
        value == target || self.yours.is_finite() && self.right.is_finite() && near()
    }

    /// Whether the gap is known to six digits.
    fn clear(&self) -> bool {
        let gap = self.yours - self.right;
        gap.is_finite() && self.blur(gap) < 1e-6
    }

    /// The error, relative to `size`.
    fn blur(&self, size: f64) -> f64 {
        self.error / size.abs()
    }
}

pub(super) const TRIED_ON_FUNCTIONS: [&str; 9] = [
    "sign",
    "constant factor",
    "zero",
    "returned f itself",
    "input for output",
    "output for input",
    "one side",
    "half a product rule",
    "missing term",
];

pub(super) const TRIED_ON_LISTS: [&str; 5] =
    ["sign", "constant factor", "zero", "missing term", "permuted"];

/// All hypotheses that fit, or [`Finding::Unexplained`]; empty if there is nothing to explain. `m` is
/// the number of examples, if there are examples. Points without a y are entries of a gradient.
pub(super) fn explain(points: &[Point], m: Option<usize>) -> Vec<Finding> {
    let wrong = |points: &[Point]| points.iter().filter(|point| !point.agrees()).count();
    if wrong(points) == 0 {
        return vec![];
    }
    // At a kink, slopes that differ are right: that tells nothing about the mistake.
    let smooth: Vec<Point> = points.iter().copied().filter(|point| !point.kink).collect();
    let mut findings = vec![];
    if wrong(&smooth) > 0 {
        let list = points.iter().any(|point| point.y.is_nan());
        findings = hypotheses(&smooth, m);
        if !list {
            findings.extend(one_side(&smooth));
        } else if smooth.len() == points.len() {
            findings.extend(permuted(points));
            if findings.is_empty() {
                findings.extend(some_signs(points));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::Unexplained { wrong: wrong(points), of: points.len() });
    }
    findings
}

/// As [`explain`], for entries that are known to 1e-12 of their size.
pub(super) fn explain_exact(points: &[Point], m: Option<usize>) -> Vec<Finding> {
    let rounded = rounded(points, |point| 1e12 * point.error);
    rounded.map_or_else(|| explain(points, m), |finding| vec![finding])
}

/// Right to six digits of a size everywhere: rounded, but no mistake. At a kink there is none.
pub(super) fn rounded(points: &[Point], size: impl Fn(&Point) -> f64) -> Option<Finding> {
    let off = |p: &Point| {
        if p.kink { f64::INFINITY } else { (p.yours - p.right).abs() / size(p) }
    };
    let wrong = points.iter().filter(|point| !point.agrees());
    let worst = wrong.max_by(|p, q| off(p).total_cmp(&off(q)))?;
    let x = if worst.y.is_nan() { f64::NAN } else { worst.x };
    let digits = -off(worst).log10() as u32;
    (off(worst) < 1e-6).then_some(Finding::LostDigits { x, digits })
}

fn hypotheses(points: &[Point], m: Option<usize>) -> Vec<Finding> {
    let mut findings = vec![];
    let all = |holds: &dyn Fn(&Point) -> bool| points.iter().all(holds);
    let zero = all(&|p| p.yours == 0.0);
    findings.extend(zero.then_some(Finding::Zero));
    let clear = || points.iter().filter(|point| point.clear());
    let Some(sharpest) = clear().min_by(|p, q| p.blur(p.right).total_cmp(&q.blur(q.right))) else {
        return findings;
    };

    let factor = sharpest.yours / sharpest.right;
    if !zero && all(&|p| p.explains(p.yours, factor * p.right, 1.0 + factor.abs())) {
        let name = factor_name(factor, m);
        if (factor + 1.0).abs() < 1e-6 {
            findings.push(Finding::Sign);
        } else if name.is_some() || clear().count() > 1 {
            findings.push(Finding::Factor { factor, name });
        }
    }
    if all(&|p| p.explains(p.yours, p.y, 0.0)) {
        findings.push(Finding::Value);
    }
    // 0/0 says nothing at x = 0, and in a list there is no f(x).
    let telling = points.iter().filter(|p| p.x != 0.0 && !p.y.is_nan()).count() > 1;
    if telling && all(&|p| p.x == 0.0 || p.explains(p.yours, p.y / p.x, 0.0)) {
        findings.push(Finding::HalfProduct { without_slope: true });
    }
    if telling && all(&|p| p.x == 0.0 || p.explains(p.yours, p.right - p.y / p.x, 1.0)) {
        findings.push(Finding::HalfProduct { without_slope: false });
    }
    findings.extend(missing_terms(points));
    findings
}

fn factor_name(factor: f64, m: Option<usize>) -> Option<&'static str> {
    let m = m.unwrap_or(1) as f64;
    let known = match m {
        2.0 => [(2.0, "m or 2"), (0.5, "1/m or 1/2"), (2.0, "2"), (0.5, "1/2")],
        _ => [(m, "m"), (1.0 / m, "1/m"), (2.0, "2"), (0.5, "1/2")],
    };
    let near = |value: f64| (factor - value).abs() <= 1e-6 * value;
    known.into_iter().find(|&(value, _)| near(value)).map(|(_, name)| name)
}

/// On one side wrong from next to zero on, and at half of the telling points at least; on the other
/// right.
fn one_side(points: &[Point]) -> Option<Finding> {
    let telling = |p: &&Point| p.blur(p.yours.abs().max(p.right.abs())) < 1e-6;
    [true, false].into_iter().find_map(|above| {
        let off_zero = points.iter().filter(|p| p.x != 0.0);
        let (side, others): (Vec<&Point>, Vec<&Point>) =
            off_zero.partition(|p| (p.x > 0.0) == above);
        let told: Vec<&Point> = side.into_iter().filter(telling).collect();
        let nearest = told.iter().min_by(|a, b| a.x.abs().total_cmp(&b.x.abs()))?;
        let wrong = told.iter().filter(|p| !p.agrees()).count();
        let fits = !nearest.agrees()
            && 2 * wrong >= told.len()
            && others.iter().any(telling)
            && others.iter().all(|p| p.agrees());
        fits.then_some(Finding::OneSide { above })
    })
}

/// The gap is a constant times 1, x, f or x·f; two clear points at least, since one always fits.
fn missing_terms(points: &[Point]) -> Vec<Finding> {
    type Term = (&'static str, fn(&Point) -> f64);
    let terms: [Term; 4] =
        [("1", |_| 1.0), ("x", |p| p.x), ("f(x)", |p| p.y), ("x f(x)", |p| p.x * p.y)];
    let gap = |p: &Point| p.right - p.yours;
    let clear: Vec<&Point> = points.iter().filter(|p| p.clear()).collect();
    let [first, _, ..] = clear[..] else { return vec![] };
    let sharpest =
        clear.iter().fold(first, |p, q| if q.blur(gap(q)) < p.blur(gap(p)) { q } else { p });
    let fitting = terms.into_iter().filter_map(|(of, term)| {
        let coefficient = gap(sharpest) / term(sharpest);
        let fits = |p: &Point| p.explains(coefficient * term(p), gap(p), 1.0);
        points.iter().all(fits).then_some(Finding::MissingTerm { coefficient, of })
    });
    fitting.collect()
}

fn permuted(points: &[Point]) -> Option<Finding> {
    let sorted = |entry: fn(&Point) -> f64| {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&i, &j| entry(&points[i]).total_cmp(&entry(&points[j])));
        order
    };
    let pairs = || sorted(|p| p.right).into_iter().zip(sorted(|p| p.yours));
    let equal = |(i, j): (usize, usize)| {
        let gap = (points[j].yours - points[i].right).abs();
        gap <= points[i].error.max(1e-6 * points[i].right.abs())
    };
    let mut order = vec![0; points.len()];
    pairs().for_each(|(i, j)| order[i] = j);
    pairs().all(equal).then_some(Finding::Permuted(order))
}

/// What is wrong is minus what is right.
fn some_signs(points: &[Point]) -> Option<Finding> {
    let wrong: Vec<usize> = (0..points.len()).filter(|&i| !points[i].agrees()).collect();
    let turned = |p: &Point| p.clear() && p.explains(p.yours, -p.right, 2.0);
    wrong.iter().all(|&i| turned(&points[i])).then_some(Finding::SomeSigns(wrong))
}

/// What is wrong with a gradient that you derived, given the right one; empty if they agree to 12
/// digits of the largest entry. `m` is the number of examples that the cost is a mean of; 1 if it
/// is no mean.
///
/// ```
/// use chainrule::check::{Finding, diagnose};
/// use chainrule::tensor::Tensor;
/// let right = Tensor::from_rows(&[[0.5], [0.25]]);
/// let summed = &right * 3.0; // of three examples: forgot 1/m
/// assert_eq!(diagnose(&summed, &right, 3), [Finding::Factor { factor: 3.0, name: Some("m") }]);
/// assert_eq!(diagnose(&right.t(), &right, 3), [Finding::Transposed]);
/// ```
pub fn diagnose(yours: &Tensor, right: &Tensor, m: usize) -> Vec<Finding> {
    let pairs = |yours: &Tensor| -> Vec<Point> {
        let finite = right.entries().filter(|entry| entry.is_finite());
        let error = 1e-12 * finite.fold(0.0, |size: f64, entry| size.max(entry.abs()));
        let pairs = yours.entries().zip(right.entries());
        pairs.map(|(yours, right)| Point::of_list(f64::NAN, yours, right, error)).collect()
    };
    let turned = yours.t();
    let transposed = turned.shape() == right.shape() && pairs(&turned).iter().all(Point::agrees);
    let mut findings = vec![];
    if yours.shape() == right.shape() {
        findings = explain_exact(&pairs(yours), Some(m));
        if findings.is_empty() {
            return findings;
        }
    }
    if transposed {
        findings.retain(|finding| !matches!(finding, Finding::Unexplained { .. }));
        findings.push(Finding::Transposed);
    } else if findings.is_empty() {
        let of = right.entries().count();
        findings.push(Finding::Unexplained { wrong: of, of }); // of another shape altogether
    }
    findings
}

impl Finding {
    /// Its name, what was seen, and what to do about it; of a list whose entries have these names,
    /// or of a function.
    fn words(&self, names: &[&str]) -> (&'static str, String, String) {
        let list = |entries: &[usize]| list(entries, names);
        let entry = if names.is_empty() { "entry " } else { "" };
        let (name, seen, hint) = match self {
            Finding::Sign => {
                ("sign", "yours is minus the right derivative", "put a minus sign in front of it")
            }
            Finding::SomeSigns(entries) => {
                let seen =
                    format!("yours is minus the right derivative in {entry}{}", list(entries));
                return ("sign", seen, "put a minus sign there".into());
            }
            Finding::Factor { factor, name } => {
                let inverse = 1.0 / factor;
                let whole = inverse > 1.5 && (inverse - inverse.round()).abs() < 1e-5 * inverse;
                let meaning = match name {
                    Some("m") => ", and that is m: a sum where a mean is meant".into(),
                    Some("1/m") => ", and that is 1/m: divided by m twice".into(),
                    Some("m or 2") => ": a 2 too many, or m = 2 and a sum for a mean".into(),
                    Some("1/m or 1/2") => ": a 2 is missing, or divided by m = 2 twice".into(),
                    Some("2") => ": a factor 2 too many".into(),
                    _ if whole => format!(": a factor {} is missing", short(inverse)),
                    _ => String::new(),
                };
                let seen = format!("yours is {} times the right one{meaning}", short(*factor));
                let hint = match factor.abs() < 1.0 {
                    true => format!("multiply it by {}", short(inverse)),
                    false => format!("divide it by {}", short(*factor)),
                };
                return ("constant factor", seen, hint);
            }
            Finding::Zero => (
                "zero",
                "yours is 0 everywhere",
                "return f'(x); only a constant has slope 0 everywhere",
            ),
            Finding::Value => (
                "returned f itself",
                "yours is f(x) itself at every point",
                "return f'(x); only c e^x is its own slope",
            ),
            Finding::InputForOutput => (
                "input for output",
                "df(y, y) is right at every point: your formula is one in y, not in x",
                "write y where df(x, y) has x",
            ),
            Finding::OutputForInput => (
                "output for input",
                "df(x, x) is right at every point: your formula is one in x, not in y",
                "write x where df(x, y) has y",
            ),
            Finding::OneSide { above: true } => (
                "one side",
                "yours is right for x < 0 and wrong for x > 0",
                "mend the branch for x > 0, keep the other",
            ),
            Finding::OneSide { above: false } => (
                "one side",
                "yours is right for x > 0 and wrong for x < 0",
                "mend the branch for x < 0, keep the other",
            ),
            Finding::HalfProduct { without_slope: true } => (
                "half a product rule",
                "yours is f(x)/x: of f = x*v only v, without x*v'",
                "add x*v', where v = f(x)/x",
            ),
            Finding::HalfProduct { without_slope: false } => (
                "half a product rule",
                "yours is f'(x) - f(x)/x: of f = x*v only x*v', without v",
                "add v, which is f(x)/x",
            ),
            Finding::MissingTerm { coefficient, of } => {
                let c = short(*coefficient);
                let term = if *of == "1" { c } else { format!("{c} {of}") };
                let seen = format!("yours lacks the term {term}");
                return ("missing term", seen, format!("add {term} to it"));
            }
            Finding::Permuted(order) => {
                let seen = "yours has the right entries in another order".into();
                let hint = format!("take its entries in the order {}", list(order));
                return ("permuted", seen, hint);
            }
            Finding::Transposed => {
                ("transposed", "yours is the transpose of the right gradient", "transpose it: .t()")
            }
            Finding::Unexplained { wrong, of } => {
                let part = match names {
                    [] => format!("at {wrong} of {of} points"),
                    _ => format!("in {wrong} of {of} entries"),
                };
                let seen = format!("yours is wrong {part}; no hypothesis fits");
                let hint = "check each part by itself, or type the formula: cargo run -- check";
                return (UNEXPLAINED, seen, hint.into());
            }
            Finding::NotFinite { x, y, .. } if x.is_nan() => {
                let seen = format!("the formula is {} at this point", short(*y));
                return ("not finite", seen, "take a point where it is a number".into());
            }
            Finding::NotFinite { x, y, slope } => {
                let [at, value, slope] = [x, y, slope].map(|value| short(*value));
                let seen = match y.is_finite() {
                    true => format!("your slope at {at} is {slope}, and domain() has that x"),
                    false => format!("f({at}) is {value}, and domain() has that x"),
                };
                let hint = "let nothing overflow there, or say in domain(x) where f is defined";
                return ("not finite", seen, hint.into());
            }
            Finding::TwoAnswers { x } => {
                let seen = format!("f_df({}) gives something else than f and df do", short(*x));
                return ("two answers", seen, "remove f_df: by default it calls f and df".into());
            }
            Finding::NoSlope { parameter, slope } => {
                let seen = format!(
                    "backpropagation gives {} for {entry}{}",
                    short(*slope),
                    list(&[*parameter])
                );
                let hint = "take a point next to it: some part of the formula has no slope there";
                return ("no slope", seen, hint.into());
            }
            Finding::LostDigits { x, digits } if x.is_nan() => {
                let seen = format!("yours and the other agree in {digits} of 16 digits");
                let hint = "write numbers in full, and subtract no near-equal ones, there and here";
                return ("lost digits", seen, hint.into());
            }
            Finding::LostDigits { x, digits } => {
                let x = short(*x);
                let seen = format!("yours is right, but has only {digits} of 16 digits at x = {x}");
                let hint = "subtract no near-equal numbers (sigmoid(-x), not 1 - y)";
                return ("lost digits", seen, hint.into());
            }
        };
        (name, seen.into(), hint.into())
    }

    /// Its name, as in the list of what was tried.
    pub fn name(&self) -> &'static str {
        self.words(&[]).0
    }

    /// A concrete next step.
    pub fn hint(&self) -> String {
        self.words(&[]).2
    }

    /// Whether the derivative is wrong, and not only short of digits, or undefined.
    pub fn is_wrong(&self) -> bool {
        !matches!(self, Finding::LostDigits { .. } | Finding::NoSlope { .. })
    }
}

const UNEXPLAINED: &str = "no hypothesis fits";

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.words(&[]).1)
    }
}

/// The first ten of these entries, by their names or by their numbers, counted from 0.
fn list(entries: &[usize], names: &[&str]) -> String {
    let name = |k: &usize| names.get(*k).map_or(k.to_string(), |name| name.to_string());
    let shown: Vec<String> = entries.iter().take(10).map(name).collect();
    shown.join(", ") + if entries.len() > 10 { ", ..." } else { "" }
}

/// A number in six digits at most.
pub(super) fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    if rounded == 0.0 || (1e-4..1e6).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// What was found, what was tried, and what to try next.
///
/// `names` are those of a list's entries; there are none for a function, which is judged at points.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    findings: &[Finding],
    tried: &[&str],
    names: &[&str],
) -> fmt::Result {
    // Of several hypotheses that fit, one at most is what happened: the first is the simplest.
    let fits = |finding: &&Finding| tried.contains(&finding.name());
    for finding in findings {
        let first = findings.iter().find(fits).is_none_or(|first| first == finding);
        let also = if fits(&finding) && !first { "also fits: " } else { "" };
        write!(f, "\n   = {also}{}", finding.words(names).1)?;
    }
    let found: Vec<&str> = findings.iter().map(Finding::name).collect();
    if found.iter().any(|name| tried.contains(name) || *name == UNEXPLAINED) {
        let yes = |name: &str| if found.contains(&name) { "YES" } else { "no" };
        let answer = |name: &&str| format!("{name} {}", yes(name));
        let lines: Vec<String> = tried
            .chunks(3)
            .map(|line| line.iter().map(answer).collect::<Vec<_>>().join(" | "))
            .collect();
        write!(f, "\n tried: {}", lines.join(" |\n        "))?;
    }
    let others = findings.iter().filter(|finding| !fits(finding));
    let hint = |finding: &Finding| finding.words(names).2;
    let mut hints: Vec<String> = others.map(hint).collect();
    hints.extend(findings.iter().find(fits).map(hint));
    hints.dedup();
    hints.iter().try_for_each(|hint| write!(f, "\n try: {hint}"))
}
