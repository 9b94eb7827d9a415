//! Gradients of several judges, side by side, and the verdict.

use super::Difference;
use crate::error::mistake;
use crate::network::LayerGrads;

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
    /// Central differences, which have an error of their own.
    pub difference: Option<Difference>,
    /// Whether the only judge that could see a fault here could not look.
    pub blind: bool,
}

impl Entry {
    /// The first judge's value, and those of the others.
    pub(super) fn split(&self) -> (f64, &[f64]) {
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
            let bits = x.to_bits() as i64;
            if bits < 0 { i64::MIN - bits } else { bits } // -0 has the rank of 0
        };
        let (x, others) = self.split();
        let fine = self.values.iter().all(|value| !value.is_nan());
        fine.then(|| others.iter().map(|&y| rank(x).abs_diff(rank(y))).max().unwrap_or(0))
    }

    /// AGREE, DISAGREE or NOT JUDGED, which is said where nothing contradicts, and nobody could.
    pub fn verdict(&self, tolerance: f64) -> &'static str {
        match self.fits(tolerance) {
            true if self.blind => "NOT JUDGED",
            fits => verdict(fits),
        }
    }

    /// Whether the verdict is AGREE.
    pub fn agrees(&self, tolerance: f64) -> bool {
        self.fits(tolerance) && !self.blind
    }

    /// Whether all values differ from the first by at most `tolerance × scale`, and the first from
    /// central differences by at most their error. At a kink, each value may be a slope between
    /// those of both sides, or NaN, since there is none. Elsewhere NaN agrees with nothing, and ∞ only
    /// with itself.
    pub(super) fn fits(&self, tolerance: f64) -> bool {
        let (x, others) = self.split();
        let allowed = self.allowed(tolerance);
        let near = |y: f64| move |d: Difference| (y - d.nearest(y)).abs() <= d.error + allowed;
        let kink = self.difference.filter(|difference| difference.kink.is_some());
        let at_kink = |y: f64| move |d: Difference| y.is_nan() || near(y)(d);
        !x.is_nan()
            && others
                .iter()
                .all(|&y| x == y || (x - y).abs() <= allowed || kink.is_some_and(at_kink(y)))
            && self.difference.is_none_or(near(x))
    }

    /// How far right values may differ; nothing where the scale is infinite, as at √0.
    pub(super) fn allowed(&self, tolerance: f64) -> f64 {
        let allowed = tolerance * self.scale;
        // Below its smallest normal number, f64 itself runs out of digits.
        if allowed.is_finite() { allowed.max(f64::MIN_POSITIVE) } else { 0.0 }
    }
}

/// `|x − y| / max(|x|, |y|)`; 0 where both are equal.
pub(super) fn relative(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { (x - y).abs() / x.abs().max(y.abs()) }
}

/// The larger of both; NaN stays NaN.
pub(super) fn larger(x: f64, y: f64) -> f64 {
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
                &format!("{name} needs {} values, and has {}", self.judges.len(), values.len()),
                &[format!("the judges are {:?}", self.judges)],
                "each judge has one value for each derivative",
                "give one value for each judge",
            )
        }
        self.entries.push(Entry { name, values, scale, difference: None, blind: false });
    }

    /// The gradients of one layer: `dw[0]`, …, `db`, of several nodes `dw[0,0]`, `dw[0,1]`, …, `db[0]`, …;
    /// each with its scale ([`closed_form::scale`](crate::logistic::closed_form::scale),
    /// [`layer_scale`](crate::logistic::closed_form::layer_scale)).
    pub fn of_grads<G: Clone + Into<LayerGrads>>(
        tape: &G,
        closed_form: &G,
        scale: &G,
    ) -> Comparison {
        let [tape, closed_form, scale] = [tape, closed_form, scale].map(|g| g.clone().into());
        let mut comparison = Comparison::new(["reverse mode", "closed form"]);
        let (n, k) = tape.dw.shape();
        let node =
            |start: &str, c: usize| if k == 1 { String::new() } else { format!("{start}{c}") };
        for (i, c) in (0..n).flat_map(|i| (0..k).map(move |c| (i, c))) {
            let [g, h, s] = [&tape, &closed_form, &scale].map(|grads| grads.dw.get(i, c));
            comparison.add(format!("dw[{i}{}]", node(",", c)), [g, h], s);
        }
        for c in 0..k {
            let [g, h, s] = [&tape, &closed_form, &scale].map(|grads| grads.db.get(c, 0));
            let name = if k == 1 { "db".to_string() } else { format!("db[{c}]") };
            comparison.add(name, [g, h], s);
        }
        comparison
    }

    /// Whether all entries agree.
    pub fn agrees(&self) -> bool {
        self.entries.iter().all(|entry| entry.agrees(self.tolerance))
    }

    /// Whether no entry disagrees.
    pub(super) fn fits(&self) -> bool {
        self.entries.iter().all(|entry| entry.fits(self.tolerance))
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
