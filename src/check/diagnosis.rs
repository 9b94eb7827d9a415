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
    /// This, in these entries of a gradient; the others are right.
    Only(Vec<usize>, Box<Finding>),
    /// A constant times the right derivative.
    Factor {
        /// The constant.
        factor: f64,
        /// `"m"`, `"1/m"`, `"2"` or `"1/2"`, if it is one of them; with m = 2, `"m or 2"`.
        name: Option<&'static str>,
    },
    /// 0 everywhere, as far as can be told.
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
    /// f gives another answer when it is asked again.
    Random {
        /// Where; NaN for a formula of several parameters.
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
    /// f itself has no more digits here: it is rounded, noisy, or a difference of larger numbers.
    FewDigits {
        /// So many.
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
        gap.is_finite() && self.blur(gap) < 1e-5
    }

    /// The error, relative to `size`.
    fn blur(&self, size: f64) -> f64 {
        self.error / size.abs()
    }
}

/// All hypotheses that fit, or [`Finding::Unexplained`]; empty if there is nothing to explain. `m` is
/// the number of examples, if there are examples. Points without a y are entries of a gradient.
pub(super) fn explain(points: &[Point], m: Option<usize>) -> Vec<Finding> {
    let wrong: Vec<usize> = (0..points.len()).filter(|&i| !points[i].agrees()).collect();
    if wrong.is_empty() {
        return vec![];
    }
    // At a kink, slopes that differ are right: that tells nothing about the mistake.
    let smooth: Vec<Point> = points.iter().copied().filter(|point| !point.kink).collect();
    let list = points.iter().any(|point| point.y.is_nan());
    let mut findings = hypotheses(&smooth, m);
    if !list {
        findings.extend(one_side(&smooth));
    } else if smooth.len() == points.len() {
        findings.extend(permuted(points));
        if findings.is_empty() {
            let some: Vec<Point> = wrong.iter().map(|&i| points[i]).collect();
            let only = |finding| Finding::Only(wrong.clone(), Box::new(finding));
            findings.extend(hypotheses(&some, m).into_iter().map(only));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::Unexplained { wrong: wrong.len(), of: points.len() });
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

/// What explains all of these, if one of them is wrong.
fn hypotheses(points: &[Point], m: Option<usize>) -> Vec<Finding> {
    let mut findings = vec![];
    let list = points.iter().any(|point| point.y.is_nan());
    let all = |holds: &dyn Fn(&Point) -> bool| points.iter().all(holds);
    let zero = all(&|p| p.yours.abs() <= p.error);
    let clear = || points.iter().filter(|point| point.clear());
    let Some(sharpest) = clear().min_by(|p, q| p.blur(p.right).total_cmp(&q.blur(q.right))) else {
        return findings;
    };

    let factor = sharpest.yours / sharpest.right;
    if zero {
        findings.push(Finding::Zero);
    } else if all(&|p| p.explains(p.yours, factor * p.right, 1.0 + factor.abs())) {
        let name = factor_name(factor, m);
        if (factor + 1.0).abs() < 1e-6 {
            findings.push(Finding::Sign);
        } else if name.is_some() || !list && clear().count() > 1 {
            // All entries of a list may share what is not constant: a (1 - a) of one example.
            findings.push(Finding::Factor { factor, name });
        }
    }
    if all(&|p| p.explains(p.yours, p.y, 0.0)) {
        findings.push(Finding::Value);
    }
    // 0/0 says nothing at x = 0, and in a list there is no f(x).
    let telling = points.iter().filter(|p| p.x != 0.0 && !p.y.is_nan());
    if telling.clone().count() > 1 && telling.clone().any(|p| !p.agrees()) {
        if telling.clone().all(|p| p.explains(p.yours, p.y / p.x, 0.0)) {
            findings.push(Finding::HalfProduct { without_slope: true });
        }
        if telling.clone().all(|p| p.explains(p.yours, p.right - p.y / p.x, 1.0)) {
            findings.push(Finding::HalfProduct { without_slope: false });
        }
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
    let mut findings = match yours.shape() == right.shape() {
        true => explain_exact(&pairs(yours), Some(m)),
        false => {
            let of = right.entries().count();
            vec![Finding::Unexplained { wrong: of, of }]
        }
    };
    if transposed && !findings.is_empty() {
        // In a square, that is a permutation too.
        findings.retain(|finding| !matches!(finding, Finding::Unexplained { .. }));
        findings.insert(0, Finding::Transposed);
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
            Finding::Only(entries, finding) => {
                let (name, seen, hint) = finding.words(names);
                return (name, format!("in {entry}{}, {seen}", list(entries)), hint);
            }
            Finding::Factor { factor, name } => {
                let meaning = match name {
                    Some("m") => ", and that is m: a sum where a mean is meant",
                    Some("1/m") => ", and that is 1/m: divided by m twice",
                    Some("m or 2") => ": a 2 too many, or m = 2 and a sum for a mean",
                    Some("1/m or 1/2") => ": a 2 is missing, or divided by m = 2 twice",
                    Some("2") => ": a factor 2 too many",
                    Some(_) => ": a factor 2 is missing",
                    None => "",
                };
                let seen = format!("yours is {} times the right one{meaning}", short(*factor));
                let hint = match factor.abs() < 1.0 {
                    true => format!("multiply it by {}", short(1.0 / factor)),
                    false => format!("divide it by {}", short(*factor)),
                };
                return ("constant factor", seen, hint);
            }
            Finding::Zero => (
                "zero",
                "yours is 0 everywhere",
                "return the derivative: it is 0 everywhere only for a constant",
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
            Finding::OneSide { above } => {
                let [wrong, right] = if *above { ['>', '<'] } else { ['<', '>'] };
                let seen = format!("yours is right for x {right} 0 and wrong for x {wrong} 0");
                let hint = format!("fix the branch for x {wrong} 0, keep the other");
                return ("one side", seen, hint);
            }
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
                let of = if *of == "x" && !names.is_empty() { "times the parameter" } else { of };
                let term = match (short(coefficient.abs()), of) {
                    (c, "1") => c,
                    (c, of) => format!("{c} {of}"),
                };
                let (seen, hint) = match *coefficient > 0.0 {
                    true => (format!("yours lacks the term {term}"), format!("add {term} to it")),
                    false => (
                        format!("yours lacks the term -{term}, or has {term} too much"),
                        format!("subtract {term} from it"),
                    ),
                };
                return ("missing term", seen, hint);
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
                let part = if names.is_empty() { "points" } else { "entries" };
                let seen = format!("yours is wrong at {wrong} of {of} {part}; no hypothesis fits");
                let hint = "write f as a formula, and I can look inside: cargo run -- check";
                return ("no hypothesis fits", seen, hint.into());
            }
            Finding::NotFinite { x, y, .. } if x.is_nan() => {
                let seen = format!("the formula is {} at this point", short(*y));
                return ("not finite", seen, "take a point where it is a number".into());
            }
            Finding::NotFinite { x, y, slope } => {
                let what = match y.is_finite() {
                    true => format!("your slope at {} is {}", short(*x), short(*slope)),
                    false => format!("f({}) is {}", short(*x), short(*y)),
                };
                let hint = "let nothing overflow there, or say in domain(x) where f is defined";
                return ("not finite", format!("{what}, and domain() has that x"), hint.into());
            }
            Finding::TwoAnswers { x } => {
                let seen = format!("f_df({}) gives something else than f and df do", short(*x));
                return ("two answers", seen, "remove f_df: by default it calls f and df".into());
            }
            Finding::Random { x } => {
                let at = if x.is_nan() { String::new() } else { format!(" at {}", short(*x)) };
                let seen = format!("f answers differently from call to call{at}");
                return ("random", seen, "draw what is random once, before the check".into());
            }
            Finding::NoSlope { parameter, slope } => {
                let (slope, parameter) = (short(*slope), list(&[*parameter]));
                let seen = format!("backpropagation gives {slope} for {entry}{parameter}");
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
            Finding::FewDigits { digits } => {
                let seen = format!("f has only about {digits} digits here: no finer fault is seen");
                let hint = "compute f in f64, and subtract no near-equal numbers (exp_m1, ln_1p)";
                return ("few digits", seen, hint.into());
            }
        };
        (name, seen.into(), hint.into())
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.words(&[]).0
    }

    /// A concrete next step.
    pub fn hint(&self) -> String {
        self.words(&[]).2
    }

    /// Whether the derivative is wrong, and not only short of digits, or undefined.
    pub fn is_wrong(&self) -> bool {
        use Finding::{FewDigits, LostDigits, NoSlope, Random};
        !matches!(self, LostDigits { .. } | FewDigits { .. } | NoSlope { .. } | Random { .. })
    }

    /// Whether it is one of those that are tried, of which one at most is what happened.
    fn is_hypothesis(&self) -> bool {
        use Finding::{NotFinite, TwoAnswers, Unexplained};
        self.is_wrong()
            && !matches!(self, NotFinite { .. } | TwoAnswers { .. } | Unexplained { .. })
    }
}

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

/// What was found, and what to try next: of several hypotheses that fit, what the first says, which is
/// the simplest.
///
/// `names` are those of a list's entries; there are none for a function, which is judged at points.
pub(super) fn text(findings: &[Finding], names: &[&str]) -> String {
    let first = findings.iter().find(|finding| finding.is_hypothesis());
    let (mut seen, mut hints) = (String::new(), String::new());
    for finding in findings {
        let (_, what, hint) = finding.words(names);
        if finding.is_hypothesis() && first != Some(finding) {
            seen += &format!("\n   = also fits: {what}");
        } else {
            seen += &format!("\n   = {what}");
            hints += &format!("\n try: {hint}");
        }
    }
    seen + &hints
}
