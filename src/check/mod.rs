//! Two gradients side by side, and whether they are the same function.
//!
//! ```
//! use chainrule::check::Comparison;
//! let mut comparison = Comparison::new("reverse mode", "closed form");
//! comparison.add("dw", 0.1 + 0.2, 0.3, 0.3);
//! assert!(comparison.agrees());
//! comparison.add("db", 1.0 + 1e-9, 1.0, 1.0);
//! assert!(!comparison.agrees());
//! ```

mod dual;

pub use dual::{Arithmetic, Dual, Plain, Scalar};

use std::fmt;

use crate::logistic::Grads;
use crate::tensor::Compact;

/// Gradients of two sources, entry by entry, with a verdict.
///
/// The verdict is AGREE where `|g − g′| ≤ tolerance × scale`, where the scale of a sum is the sum of
/// the absolute values of its terms. At an optimum the terms cancel and only rounding is left: two
/// right gradients may then differ in every digit, which a relative rule would call different.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What the two sources are called.
    pub judges: [&'static str; 2],
    /// The entries that were added.
    pub entries: Vec<Entry>,
    /// 1e-12, unless you set another.
    pub tolerance: f64,
}

/// One derivative, from two sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which derivative this is: `dw[0]`.
    pub name: String,
    /// The value from each source.
    pub values: [f64; 2],
    /// The size of what was added up.
    pub scale: f64,
}

impl Entry {
    /// `|g − g′| / max(|g|, |g′|)`; 0 where both are equal.
    pub fn relative_error(&self) -> f64 {
        let [x, y] = self.values;
        if x == y { 0.0 } else { (x - y).abs() / x.abs().max(y.abs()) }
    }

    /// How many representable numbers lie between the two values; `None` if one is NaN.
    pub fn ulps(&self) -> Option<u64> {
        let [x, y] = self.values;
        // The numbers in order, counted from the most negative one.
        let rank = |x: f64| {
            let bits = (x + 0.0).to_bits() as i64; // -0 + 0 = 0
            if bits < 0 { i64::MIN - bits } else { bits }
        };
        (!x.is_nan() && !y.is_nan()).then(|| rank(x).abs_diff(rank(y)))
    }

    /// Whether the values differ by at most `tolerance × scale`. NaN agrees with nothing.
    pub fn agrees(&self, tolerance: f64) -> bool {
        let [x, y] = self.values;
        x == y || (x - y).abs() <= tolerance * self.scale
    }
}

impl Comparison {
    /// Nothing to compare so far.
    pub fn new(first: &'static str, second: &'static str) -> Comparison {
        Comparison { judges: [first, second], entries: vec![], tolerance: 1e-12 }
    }

    /// Adds one derivative. Where it is no sum, its scale is `max(|g|, |g′|)`.
    pub fn add(&mut self, name: impl Into<String>, first: f64, second: f64, scale: f64) {
        self.entries.push(Entry { name: name.into(), values: [first, second], scale });
    }

    /// The gradients of logistic regression: `dw[0]`, …, `db`, each with its scale
    /// ([`closed_form::scale`](crate::logistic::closed_form::scale)).
    pub fn of_grads(tape: &Grads, closed_form: &Grads, scale: &Grads) -> Comparison {
        let mut comparison = Comparison::new("reverse mode", "closed form");
        for i in 0..tape.dw.shape().0 {
            let [g, h, s] = [tape, closed_form, scale].map(|grads| grads.dw.get(i, 0));
            comparison.add(format!("dw[{i}]"), g, h, s);
        }
        comparison.add("db", tape.db, closed_form.db, scale.db);
        comparison
    }

    /// Whether all entries agree.
    pub fn agrees(&self) -> bool {
        self.entries.iter().all(|entry| entry.agrees(self.tolerance))
    }

    /// The table, shortened to the `count` largest derivatives. Those that disagree are shown in
    /// any case, and a last line says how many are not shown.
    ///
    /// ```
    /// use chainrule::check::Comparison;
    /// let mut comparison = Comparison::new("reverse mode", "closed form");
    /// for (i, g) in [0.5, -2.0, 0.1].into_iter().enumerate() {
    ///     comparison.add(format!("dw[{i}]"), g, g, 1.0);
    /// }
    /// let table = comparison.largest(1);
    /// assert!(table.contains("dw[1]") && !table.contains("dw[2]"));
    /// assert!(table.ends_with("and 2 smaller ones, which all AGREE"));
    /// ```
    pub fn largest(&self, count: usize) -> String {
        let size = |i: &usize| self.entries[*i].values[0].abs();
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

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.entries.iter().map(|entry| entry.name.len()).fold(5, usize::max);
        let [first, second] = self.judges;
        write!(f, "  {:<width$}  {first:>16}  {second:>16}  rel.err  ULP     verdict", "param")?;
        for entry in &self.entries {
            let [x, y] = entry.values.map(Compact);
            let error = match entry.relative_error() {
                0.0 => "0".to_string(),
                error => format!("{error:.1e}"),
            };
            let ulps = match entry.ulps() {
                Some(ulps) if ulps < 100_000 => ulps.to_string(),
                Some(_) => ">99999".to_string(),
                None => "-".to_string(),
            };
            let verdict = verdict(entry.agrees(self.tolerance));
            write!(f, "\n  {:<width$}  {x:>16.10}  {y:>16.10}", entry.name)?;
            write!(f, "  {error:>7}  {ulps:<6}  {verdict}")?;
        }
        Ok(())
    }
}
