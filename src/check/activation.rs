//! An activation's slope against differences of its values, on a grid.

use std::fmt;

use super::comparison::larger;
use super::diagnosis::{self, Finding, Point};
use super::differences::{Difference, noise};
use crate::activation::Activation;
use crate::tensor::Compact;

/// What [`activation()`] found out.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivationReport {
    /// The activation's name.
    pub name: &'static str,
    /// Its slope beside central differences, at every point of the grid that has them.
    pub points: Vec<Point>,
    /// Where the slope jumps, so that differences cannot judge it. That is no fault.
    pub kinks: Vec<f64>,
    /// Where differences say nothing: f ends or jumps there, or moves too fast for them.
    pub unjudged: Vec<f64>,
    /// What is wrong; empty if nothing is.
    pub findings: Vec<Finding>,
}

impl ActivationReport {
    /// Whether the derivative was judged, and is right. It may still have
    /// [lost digits](Finding::LostDigits).
    pub fn agrees(&self) -> bool {
        self.is_judged() && !self.findings.iter().any(Finding::is_wrong)
    }

    /// Whether there are points enough: two may be right by accident.
    fn is_judged(&self) -> bool {
        self.points.len() > 2.max(self.unjudged.len())
    }
}

/// Tests f and f′ of an activation inside its domain, and names the mistake if there is one.
///
/// The grid has both signs, zero, saturation (up to ±1000) and both sides of each jump of the
/// slope.
///
/// ```
/// use chainrule::activation::{Activation, Sigmoid};
/// use chainrule::check::{self, Finding};
///
/// struct Swish;
/// impl Activation for Swish {
///     fn name(&self) -> &'static str { "swish" }
///     fn f(&self, x: f64) -> f64 { x * Sigmoid.f(x) }
///     fn df(&self, x: f64, _y: f64) -> f64 { Sigmoid.f(x) } // and x σ′(x)?
/// }
///
/// let report = check::activation(&Swish);
/// assert_eq!(report.findings, [Finding::HalfProduct { without_slope: true }]);
/// ```
pub fn activation(f: &(impl Activation + ?Sized)) -> ActivationReport {
    let mut report = ActivationReport {
        name: f.name(),
        points: vec![],
        kinks: vec![],
        unjudged: vec![],
        findings: vec![],
    };
    let grid = grid(f);
    report.findings.extend(not_finite(f, &grid));
    let again = |&&x: &&f64| f.f(x).to_bits() != f.f(x).to_bits();
    if let Some(&x) = grid.iter().find(again) {
        report.findings.push(Finding::Random { x });
        return report;
    }
    report.findings.extend(two_answers(f, &grid));
    let inside = |x: f64| if f.domain(x) { f.f(x) } else { f64::NAN };
    let slope_inside = |x: f64| if f.domain(x) { f.f_df(x).1 } else { f64::NAN };
    // Of slopes that are this small beside the usual one, no digits matter.
    let near = grid.iter().filter(|x| x.abs() <= 2.0).map(|&x| f.f_df(x).1.abs());
    let mut near: Vec<f64> = near.filter(|slope| slope.is_finite()).collect();
    near.sort_by(f64::total_cmp);
    let least = 1e-12 * near.get(near.len() / 2).copied().unwrap_or(0.0);
    let mut digits = vec![];
    for &x in &grid {
        let (y, yours) = f.f_df(x);
        if !yours.is_finite() {
            continue;
        }
        let Some(difference) = Difference::of(inside, x) else {
            report.unjudged.push(x);
            continue;
        };
        let (right, error) = (difference.nearest(yours), difference.error + least);
        let kink = difference.kink.is_some();
        let mut point = Point { x, y, yours, right, error, kink };
        if !point.agrees() {
            // Your slope may have a noise of its own.
            point.error += 8.0 * noise(slope_inside, x);
        }
        if point.agrees() && !difference.is_telling() || difference.is_stair(yours) {
            report.unjudged.push(x);
            continue;
        }
        report.kinks.extend(kink.then_some(x));
        report.points.push(point);
        digits.push(difference.digits);
    }
    if report.points.iter().any(|point| !point.agrees()) {
        report.findings.extend(explain(f, &report.points));
    }
    if report.findings.is_empty() {
        report.findings.extend(lost_digits(slope_inside, &report.points));
    }
    digits.sort_unstable();
    let usual = digits.get(digits.len() / 2).copied().filter(|digits| *digits < 9);
    report.findings.extend(usual.map(|digits| Finding::FewDigits { digits }));
    report
}

fn explain(f: &(impl Activation + ?Sized), points: &[Point]) -> Vec<Finding> {
    let smooth: Vec<&Point> = points.iter().filter(|point| !point.kink).collect();
    // A constant may be typed too short, or f itself approximate: six digits, of its own size or of
    // the largest slope up to 1.
    let largest = smooth.iter().fold(0.0, |size: f64, p| size.max(p.right.abs())).min(1.0);
    let size = |p: &Point| p.yours.abs().max(p.right.abs()).max(largest);
    if let Some(finding) = diagnosis::rounded(points, size) {
        return vec![finding];
    }
    // With another argument in place of x or y, is the slope right?
    let wrong = smooth.iter().filter(|point| !point.agrees()).count();
    let right_with = |df: &dyn Fn(&Point) -> f64| {
        // Where most is right, it is a branch that is not.
        4 * wrong >= 3 * smooth.len()
            && smooth.iter().all(|&point| Point { yours: df(point), ..*point }.agrees())
    };
    let mut findings = vec![];
    let outside = |p: &&Point| !f.domain(p.y);
    if !smooth.iter().any(outside) && right_with(&|p| f.df(p.y, p.y)) {
        findings.push(Finding::InputForOutput);
    }
    if right_with(&|p| f.df(p.x, p.x)) {
        findings.push(Finding::OutputForInput);
    }
    let unexplained = |finding: &Finding| matches!(finding, Finding::Unexplained { .. });
    let explained = !findings.is_empty();
    findings.extend(diagnosis::explain(points, None));
    findings.retain(|finding| !(explained && unexplained(finding)));
    findings
}

/// The points to test, in order.
fn grid(f: &(impl Activation + ?Sized)) -> Vec<f64> {
    let near = [0.001, 0.01, 0.05, 0.1, 0.2].into_iter();
    let middle = (1..=32).map(|k| 0.25 * f64::from(k));
    let far = [
        9.0, 10.0, 12.0, 15.0, 18.0, 20.0, 22.0, 25.0, 28.0, 30.0, 33.0, 36.0, 37.0, 40.0, 50.0,
        100.0, 200.0, 500.0, 700.0, 710.0, 750.0, 1000.0,
    ];
    let sizes = near.chain(middle).chain(far);
    let mut grid: Vec<f64> = sizes.flat_map(|size| [-size, size]).chain([0.0]).collect();
    grid.retain(|&x| f.domain(x));
    grid.sort_by(f64::total_cmp);
    let jumps = grid.windows(2).filter_map(|pair| jump(f, pair[0], pair[1]));
    // As near as differences can look without seeing the jump.
    let beside = |x: f64| [-2e-5, 0.0, 2e-5].map(|side| x + side * x.abs().max(1.0));
    let mut beside: Vec<f64> = jumps.flat_map(beside).filter(|&x| f.domain(x)).collect();
    grid.append(&mut beside);
    grid.sort_by(f64::total_cmp);
    grid.dedup_by(|x, y| (*x - *y).abs() < 1e-9);
    grid
}

/// Where the slope jumps between `a` and `b`, if it does: the half with the larger change, again
/// and again.
fn jump(f: &(impl Activation + ?Sized), a: f64, b: f64) -> Option<f64> {
    let with_slope = |x: f64| (x, f.f_df(x).1);
    let change = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1).abs();
    let (mut a, mut b) = (with_slope(a), with_slope(b));
    let least = 1e-3 * a.1.abs().max(b.1.abs());
    for _ in 0..40 {
        let middle = (a.0 + b.0) / 2.0;
        if !f.domain(middle) {
            return None;
        }
        let middle = with_slope(middle);
        if change(a, middle) >= change(middle, b) {
            b = middle
        } else {
            a = middle
        }
        if change(a, b) <= least {
            return None;
        }
    }
    Some(b.0)
}

/// The first point, from zero outwards, where f or its slope is NaN or infinite without having
/// grown towards it.
fn not_finite(f: &(impl Activation + ?Sized), grid: &[f64]) -> Option<Finding> {
    let size = |x: f64| {
        let (y, slope) = f.f_df(x);
        // At the edge of the domain a slope may be infinite, as that of the root at 0.
        let edge = !(f.domain(x - 1e-9) && f.domain(x + 1e-9));
        if edge && slope.is_infinite() { y.abs() } else { larger(y.abs(), slope.abs()) }
    };
    [1.0, -1.0].into_iter().find_map(|sign| {
        let mut side: Vec<f64> = grid.iter().map(|x| sign * x).filter(|&x| x >= 0.0).collect();
        side.sort_by(f64::total_cmp);
        let first = side.iter().position(|x| !size(sign * x).is_finite())?;
        let mut outside = sign * side[first];
        let mut inside = first.checked_sub(1).map(|before| sign * side[before]);
        for _ in 0..60 {
            let Some(x) = inside else { break };
            let middle = (x + outside) / 2.0;
            if !f.domain(middle) || size(middle).is_finite() {
                inside = Some(middle);
            } else {
                outside = middle;
            }
        }
        let (y, slope) = f.f_df(outside);
        let overflows = inside.is_some_and(|x| size(x) > 1e150);
        (!overflows).then_some(Finding::NotFinite { x: outside, y, slope })
    })
}

/// Where `f_df` gives something else than `f` and `df`. It may keep more digits than they do.
fn two_answers(f: &(impl Activation + ?Sized), grid: &[f64]) -> Option<Finding> {
    let near = |x: f64, y: f64| {
        x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= 1e-9 * y.abs() + 1e-12
    };
    let differs = |&x: &f64| {
        let (y, slope) = f.f_df(x);
        !near(y, f.f(x)) || !near(slope, f.df(x, y))
    };
    grid.iter().copied().find(differs).map(|x| Finding::TwoAnswers { x })
}

/// The first point, from zero outwards, where the slope of neighbours jitters by more than half of
/// its digits.
fn lost_digits(slope: impl Fn(f64) -> f64, points: &[Point]) -> Option<Finding> {
    let mut outwards: Vec<f64> = points.iter().map(|point| point.x).collect();
    outwards.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    outwards.into_iter().find_map(|x| {
        // Next to a zero of the slope, digits are lost rightly: hence the wider look.
        let reach = 0.01 * x.abs().max(1.0);
        let size =
            [x - reach, x, x + reach].map(|x| slope(x).abs()).into_iter().fold(0.0, f64::max);
        // What the rounding of x itself does is nobody's fault.
        let nearby = [x.next_up(), x.next_down()].map(|near| (slope(near) - slope(x)).abs());
        let noise = noise(&slope, x);
        if nearby.iter().any(|own| noise <= 8.0 * own) {
            return None;
        }
        let lost = (noise / size).min(1.0);
        // Below 1e-290, f64 itself runs out of digits.
        let matters = lost > f64::EPSILON.sqrt() && size > 1e-290 && size.is_finite();
        matters.then(|| Finding::LostDigits { x, digits: -lost.log10() as u32 })
    })
}

impl fmt::Display for ActivationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ActivationReport { name, points, findings, .. } = self;
        let wrong = points.iter().any(|point| !point.agrees());
        if findings.iter().any(Finding::is_wrong) {
            let what = match findings.first() {
                Some(Finding::NotFinite { .. }) if !wrong => "is not finite in all its domain()",
                Some(Finding::TwoAnswers { .. }) if !wrong => "has two answers",
                _ => "has a wrong derivative",
            };
            write!(f, "error: gradcheck: `{name}` {what}")?;
        } else if !self.is_judged() {
            let random = findings.iter().any(|finding| matches!(finding, Finding::Random { .. }));
            let why = match self.unjudged.is_empty() {
                true if random => "a random function has no derivative",
                true if points.is_empty() => {
                    "domain() has no point of the grid, 0 and 0.001 to 1000"
                }
                true => "domain() has too few points of the grid, 0 and 0.001 to 1000",
                false => "differences cannot tell its slope",
            };
            write!(f, "gradcheck: `{name}` was NOT JUDGED: {why}")?;
        } else if findings.is_empty() {
            let count = points.len();
            write!(f, "gradcheck: `{name}` AGREES with central differences at {count} points")?;
        } else {
            write!(f, "warning: gradcheck: `{name}` loses digits")?;
        }
        for x in self.kinks.iter().take(4) {
            write!(f, "\n  a kink at x = {}: no fault", diagnosis::short(*x))?;
        }
        if let Some((first, others)) = self.unjudged.split_first() {
            let more = if others.is_empty() { "" } else { " and elsewhere" };
            let at = diagnosis::short(*first);
            write!(f, "\n  not judged at x = {at}{more}: f ends, jumps, or is too fast")?;
        }
        if wrong {
            self.table(f)?;
        }
        write!(f, "{}", diagnosis::text(findings, &[]))
    }
}

impl ActivationReport {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = |p: &&Point| [-3.0, -1.0, 0.0, 1.0, 3.0].contains(&p.x);
        let mut rows: Vec<&Point> = self.points.iter().filter(usual).collect();
        if rows.iter().all(|point| point.agrees()) {
            rows.extend(self.points.iter().filter(|point| !point.agrees()).take(4));
        }
        let titles = ["x", "f(x)", "yours", "central diff", "ratio"];
        let [x, y, yours, right, ratio] = titles;
        write!(f, "\n  {x:>8}  {y:>14}  {yours:>14}  {right:>14}  {ratio:>8}")?;
        for Point { x, y, yours, right, .. } in rows {
            let [x, y, own, right] = [x, y, yours, right].map(|value| Compact(*value));
            write!(f, "\n  {x:>8.3}  {y:>14.6}  {own:>14.6}  {right:>14.6}")?;
            let ratio = own.0 / right.0;
            let ratio = if ratio.is_nan() { "-".into() } else { format!("{:.2}", Compact(ratio)) };
            write!(f, "  {ratio:>8}")?;
        }
        Ok(())
    }
}
