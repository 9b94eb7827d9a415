//! Is this gradient right? Several judges side by side, a verdict, and the name of the mistake.
//!
//! The judges share little (see chapter 05): reverse mode (the tape), a closed form by hand,
//! forward mode ([`Dual`] numbers) and centred [differences](Difference).
//!
//! - [`gradient!`] holds a formula of yours, and a gradient that you derived, before all of them;
//! - [`activation()`] tests f and f′ of an [`Activation`](crate::activation::Activation);
//! - [`diagnose`] compares two gradients that you have;
//! - [`propagate`](propagate()) does it for logistic regression.
//!
//! A mistake is named where a hypothesis explains all numbers to one part in a million; where
//! several do, all are named, and where none does, that is said. How often that is right, as the
//! tests hold it: each kind of [`Finding`] was put in twenty times at least, more than a thousand
//! faults in all, and the right name came out each time. Of 1,000 random right activations and 1,000
//! random right formulas, none was called wrong. Of 20,000 that were made to be difficult (factors
//! of a million, waves, cancellation), no formula was, and one activation in 400: those whose own
//! values had lost their digits, which from outside looks like a slope that does not fit.
//!
//! ```
//! use chainrule::check::{self, Finding, Scalar};
//!
//! fn cost<S: Scalar>(p: &[S]) -> S {
//!     p[0] * p[0] + 3.0 * p[1]
//! }
//!
//! assert!(check::gradient!(cost, &[2.0, 1.0]).agrees());
//! let report = check::gradient!(cost, &[2.0, 1.0], &[-4.0, -3.0]); // derived by hand
//! assert_eq!(report.findings, [Finding::Sign]);
//! ```

mod activation;
mod diagnosis;
mod differences;
mod dual;
mod gradient;

pub use activation::{ActivationReport, activation};
pub use diagnosis::{Finding, Point, diagnose};
pub use differences::Difference;
pub use dual::{Arithmetic, Dual, Plain, Scalar};
pub use gradient::{GradientReport, gradient, propagate};

/// The gradient of a formula, by reverse mode, forward mode and centred differences; and yours, if
/// you derived one by hand.
///
/// `gradient!(cost, at)` or `gradient!(cost, at, by_hand)`, where `cost` is a
/// `fn cost<S: Scalar>(p: &[S]) -> S`, and `at` and `by_hand` are slices of `f64`. With data, write
/// `gradient!(|p| cost(p, &data), at)`. A closure cannot be generic: the macro writes it once for
/// each kind of number and calls [`gradient`](fn@crate::check::gradient).
///
/// ```
/// use chainrule::check::{self, Scalar};
///
/// fn loss<S: Scalar>(p: &[S], data: &[[f64; 2]]) -> S {
///     let losses = data.iter().map(|[x, y]| (p[0] * *x + p[1] - *y).powf(2.0));
///     losses.reduce(|sum, loss| sum + loss).unwrap_or(p[0] * 0.0) / data.len() as f64
/// }
///
/// let data = [[1.0, 3.0], [2.0, 5.0]];
/// let report = check::gradient!(|p| loss(p, &data), &[1.0, 0.0], &[-8.0, -5.0]);
/// assert!(report.agrees(), "{report}");
/// ```
#[doc(inline)]
pub use crate::__gradient as gradient;

use std::fmt;

use crate::error::mistake;
use crate::logistic::Grads;
use crate::tensor::Compact;

/// Gradients of several judges, entry by entry, with a verdict.
///
/// The verdict is AGREE where `|g − g′| ≤ tolerance × scale`, where the scale of a sum is the sum of
/// the absolute values of its terms. At an optimum the terms cancel and only rounding is left: two
/// right gradients may then differ in every digit, which a relative rule would call different.
///
/// ```
/// use chainrule::check::Comparison;
/// let mut comparison = Comparison::new(["reverse mode", "closed form"]);
/// comparison.add("dw", [0.1 + 0.2, 0.3], 0.3);
/// assert!(comparison.agrees());
/// comparison.add("db", [1.0 + 1e-9, 1.0], 1.0);
/// assert!(!comparison.agrees());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What the judges are called. The others are held against the first.
    pub judges: Vec<&'static str>,
    /// The entries that were added.
    pub entries: Vec<Entry>,
    /// 1e-12, unless you set another.
    pub tolerance: f64,
}

/// One derivative, from several judges.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which derivative this is: `dw[0]`.
    pub name: String,
    /// The value from each judge.
    pub values: Vec<f64>,
    /// The size of what was added up.
    pub scale: f64,
    /// Centred differences, which have an error of their own.
    pub difference: Option<Difference>,
}

impl Entry {
    /// The first judge's value, and those of the others.
    fn split(&self) -> (f64, &[f64]) {
        self.values.split_first().map_or((f64::NAN, &[]), |(first, others)| (*first, others))
    }

    /// The largest `|g − g′| / max(|g|, |g′|)` between the first judge and another; 0 where all
    /// are equal.
    pub fn relative_error(&self) -> f64 {
        let (x, others) = self.split();
        others.iter().map(|&y| relative(x, y)).fold(0.0, larger)
    }

    /// How many representable numbers lie between the first value and the farthest of the others;
    /// `None` if one is NaN.
    pub fn ulps(&self) -> Option<u64> {
        // The numbers in order, counted from the most negative one.
        let rank = |x: f64| {
            let bits = (x + 0.0).to_bits() as i64; // -0 + 0 = 0
            if bits < 0 { i64::MIN - bits } else { bits }
        };
        let (x, others) = self.split();
        let fine = self.values.iter().all(|value| !value.is_nan());
        fine.then(|| others.iter().map(|&y| rank(x).abs_diff(rank(y))).max().unwrap_or(0))
    }

    /// Whether all values differ from the first by at most `tolerance × scale`, and the first from
    /// centred differences by at most their error. At a kink, each value may be a slope between
    /// those of both sides. NaN agrees with nothing, and ∞ only with itself.
    pub fn agrees(&self, tolerance: f64) -> bool {
        let (x, others) = self.split();
        let allowed = self.allowed(tolerance);
        let near = |y: f64| move |d: Difference| (y - d.nearest(y)).abs() <= d.error + allowed;
        let kink = self.difference.filter(|difference| difference.kink.is_some());
        !x.is_nan()
            && others
                .iter()
                .all(|&y| x == y || (x - y).abs() <= allowed || kink.is_some_and(near(y)))
            && self.difference.is_none_or(|d| x.is_infinite() || near(x)(d))
    }

    /// How far right values may differ; nothing where the scale is infinite, as at √0.
    fn allowed(&self, tolerance: f64) -> f64 {
        let allowed = tolerance * self.scale;
        // Below its smallest normal number, f64 itself runs out of digits.
        if allowed.is_finite() { allowed.max(f64::MIN_POSITIVE) } else { 0.0 }
    }
}

/// `|x − y| / max(|x|, |y|)`; 0 where both are equal.
fn relative(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { (x - y).abs() / x.abs().max(y.abs()) }
}

/// The larger of both; NaN stays NaN.
fn larger(x: f64, y: f64) -> f64 {
    if x > y || x.is_nan() { x } else { y }
}

impl Comparison {
    /// Nothing to compare so far.
    pub fn new(judges: impl Into<Vec<&'static str>>) -> Comparison {
        Comparison { judges: judges.into(), entries: vec![], tolerance: 1e-12 }
    }

    /// Adds one derivative. Where it is no sum, its scale is `max(|g|, |g′|)`.
    ///
    /// # Panics
    /// If there are not as many values as judges.
    #[track_caller]
    pub fn add(&mut self, name: impl Into<String>, values: impl Into<Vec<f64>>, scale: f64) {
        let (name, values) = (name.into(), values.into());
        if values.len() != self.judges.len() {
            mistake(
                &format!("{name} has {} values", values.len()),
                &[format!("the judges are {:?}", self.judges)],
                "each judge has one value for each derivative",
                "give one value for each judge",
            )
        }
        self.entries.push(Entry { name, values, scale, difference: None });
    }

    /// The gradients of logistic regression: `dw[0]`, …, `db`, each with its scale
    /// ([`closed_form::scale`](crate::logistic::closed_form::scale)).
    pub fn of_grads(tape: &Grads, closed_form: &Grads, scale: &Grads) -> Comparison {
        let mut comparison = Comparison::new(["reverse mode", "closed form"]);
        for i in 0..tape.dw.shape().0 {
            let [g, h, s] = [tape, closed_form, scale].map(|grads| grads.dw.get(i, 0));
            comparison.add(format!("dw[{i}]"), [g, h], s);
        }
        comparison.add("db", [tape.db, closed_form.db], scale.db);
        comparison
    }

    /// Whether all entries agree.
    pub fn agrees(&self) -> bool {
        self.entries.iter().all(|entry| entry.agrees(self.tolerance))
    }

    /// Ng's ratio `‖g − g′‖ / (‖g‖ + ‖g′‖)` between the first judge and each of the others, with
    /// its name. At an optimum it says nothing: both gradients are rounding there.
    ///
    /// ```
    /// use chainrule::check::Comparison;
    /// let mut comparison = Comparison::new(["reverse mode", "closed form"]);
    /// comparison.add("dw", [3.0, 1.0], 3.0);
    /// assert_eq!(comparison.ratios(), [("closed form", 0.5)]);
    /// ```
    pub fn ratios(&self) -> Vec<(&'static str, f64)> {
        let first: Vec<f64> = self.entries.iter().map(|entry| entry.split().0).collect();
        let ratio = |others: Vec<f64>| {
            let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let apart: Vec<f64> = first.iter().zip(&others).map(|(x, y)| x - y).collect();
            let sum = norm(&first) + norm(&others);
            if sum == 0.0 { 0.0 } else { norm(&apart) / sum }
        };
        let value = |entry: &Entry, judge: usize| entry.values.get(judge).copied();
        let of_judge = |judge: usize| {
            self.entries.iter().map(|entry| value(entry, judge).unwrap_or(f64::NAN)).collect()
        };
        let exact = self.judges.iter().enumerate().skip(1);
        let mut ratios: Vec<_> = exact.map(|(k, &name)| (name, ratio(of_judge(k)))).collect();
        let differences = self.entries.iter().map(|e| e.difference.map(|d| d.slope));
        ratios.extend(differences.collect::<Option<_>>().map(|all| ("differences", ratio(all))));
        ratios
    }

    /// The table, shortened to the `count` largest derivatives. Those that disagree are shown in
    /// any case, and a last line says how many are not shown.
    ///
    /// ```
    /// use chainrule::check::Comparison;
    /// let mut comparison = Comparison::new(["reverse mode", "closed form"]);
    /// for (i, g) in [0.5, -2.0, 0.1].into_iter().enumerate() {
    ///     comparison.add(format!("dw[{i}]"), [g, g], 1.0);
    /// }
    /// let table = comparison.largest(1);
    /// assert!(table.contains("dw[1]") && !table.contains("dw[2]"));
    /// assert!(table.ends_with("and 2 smaller ones, which all AGREE"));
    /// ```
    pub fn largest(&self, count: usize) -> String {
        let size = |i: &usize| self.entries[*i].split().0.abs();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|i, j| size(j).total_cmp(&size(i)));
        let (first, others) = order.split_at(count.min(order.len()));
        let agrees = |i: &&usize| self.entries[**i].agrees(self.tolerance);
        let hidden = others.iter().filter(agrees).count();
        let mut shown: Vec<usize> = first.to_vec();
        shown.extend(others.iter().filter(|i| !agrees(i)));
        shown.sort_unstable();
        let entries: Vec<Entry> = shown.into_iter().map(|i| self.entries[i].clone()).collect();
        let table = Comparison { entries, ..self.clone() }.to_string();
        match hidden {
            0 => table,
            _ => format!("{table}\n  and {hidden} smaller ones, which all AGREE"),
        }
    }
}

/// AGREE or DISAGREE.
///
/// ```
/// assert_eq!(chainrule::check::verdict(true), "AGREE");
/// ```
pub fn verdict(agrees: bool) -> &'static str {
    if agrees { "AGREE" } else { "DISAGREE" }
}

/// A value with at most ten decimals, in at most fourteen columns.
fn number(value: f64) -> String {
    let size = value.abs();
    let plain = size == 0.0 || size >= 1e-3;
    let before_point = if plain { size.max(1.0).log10().clamp(0.0, 9.0) as usize } else { 2 };
    format!("{:.*}", 10 - before_point, Compact(value))
}

/// The finest classes of errors: of exact judges, and of differences.
const EXACT: f64 = 1e-12;
const NUMERIC: f64 = 1e-9;

/// A relative error in two digits; with `class`, as a class from there up.
fn error_text(error: f64, class: Option<f64>) -> String {
    let least = class.unwrap_or(0.0);
    let mut limits = [1e-12, 1e-9, 1e-6, 1e-3].into_iter().filter(|&limit| limit >= least);
    match limits.find(|&limit| error < limit) {
        Some(limit) if class.is_some() => format!("< {limit:e}"),
        _ if error == 0.0 => "0".to_string(),
        _ => format!("{error:.1e}"),
    }
}

/// A distance in ULP, or as a class.
fn ulps_text(ulps: Option<u64>, class: bool) -> String {
    match ulps {
        None => "-".to_string(),
        Some(..=4) if class => "<= 4".to_string(),
        Some(..=64) if class => "<= 64".to_string(),
        Some(ulps @ ..100_000) if !class => ulps.to_string(),
        Some(_) => if class { "> 64" } else { ">99999" }.to_string(),
    }
}

impl fmt::Display for Comparison {
    /// The values of the first two judges; the largest relative error and distance in ULP between
    /// the first and any other; the relative error of differences, if there are some. Where judges
    /// disagree or a kink is near, a line below the table says more. `{:#}` gives errors as classes,
    /// `< 1e-9` and `<= 4`, which are the same on every machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.entries.iter().any(|entry| entry.difference.is_some());
        let mut titles = vec!["param"];
        titles.extend(self.judges.iter().take(2));
        titles.extend(["rel.err", "ULP"]);
        titles.extend(differences.then_some("differences"));
        let mut rows: Vec<Vec<String>> = vec![titles.into_iter().map(String::from).collect()];
        let mut notes = String::new();
        for entry in &self.entries {
            let mut row = vec![entry.name.clone()];
            row.extend(entry.values.iter().take(2).map(|&value| number(value)));
            row.push(error_text(entry.relative_error(), f.alternate().then_some(EXACT)));
            row.push(ulps_text(entry.ulps(), f.alternate()));
            if differences {
                row.push(match entry.difference {
                    Some(Difference { kink: Some(_), .. }) => "kink".to_string(),
                    Some(Difference { slope, .. }) => {
                        let error = relative(entry.split().0, slope);
                        error_text(error, f.alternate().then_some(NUMERIC))
                    }
                    None => "-".to_string(),
                });
            }
            notes += &entry.note(&self.judges, self.tolerance);
            rows.push(row);
        }
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..rows[0].len()).filter_map(width).collect();
        for (k, row) in rows.iter().enumerate() {
            write!(f, "{}  {:<w$}", if k == 0 { "" } else { "\n" }, row[0], w = widths[0])?;
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                write!(f, "  {cell:>width$}")?;
            }
            let entry = k.checked_sub(1).map(|k| verdict(self.entries[k].agrees(self.tolerance)));
            write!(f, "  {}", entry.unwrap_or("verdict"))?;
        }
        write!(f, "{notes}")
    }
}

impl Entry {
    /// What the table has no room for.
    fn note(&self, judges: &[&str], tolerance: f64) -> String {
        let Entry { name, values, difference, .. } = self;
        if let Some(Difference { kink: Some([left, right]), .. }) = difference {
            let [left, right] = [left, right].map(|slope| format!("{:.6}", Compact(*slope)));
            return format!("\n  {name}: a kink within h; slope {left} below it, {right} above");
        }
        if self.agrees(tolerance) {
            return String::new();
        }
        let third = judges.iter().zip(values).skip(2);
        let mut said: Vec<_> = third.map(|(judge, &v)| format!("{judge} {}", number(v))).collect();
        said.extend(difference.map(|d| format!("differences {}", number(d.slope))));
        if said.is_empty() { String::new() } else { format!("\n  {name}: {}", said.join(", ")) }
    }
}
