//! Centred differences: the slope from values alone, and how far it can be trusted.

use std::ops::Range;
use std::sync::LazyLock;

/// A slope by differences, with the bound of its error.
///
/// ```
/// use chainrule::check::Difference;
/// let at_1 = Difference::of(f64::exp, 1.0).unwrap();
/// assert!((at_1.slope - 1f64.exp()).abs() <= at_1.error && at_1.error < 1e-8);
/// assert_eq!(at_1.kink, None);
///
/// let [left, right] = Difference::of(f64::abs, 0.0).unwrap().kink.unwrap();
/// assert_eq!(format!("{left:.6} {right:.6}"), "-1.000000 1.000000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// `(f(x + h) − f(x − h)) / 2h` with `h = ∛ε · max(1, |x|)`, smaller where f ends nearby.
    pub slope: f64,
    /// How far this can be from the truth: what is cut off, h² f‴/6, and the rounding of f over h;
    /// at a kink, the distance of the two sides; where f itself jumps, ∞.
    pub error: f64,
    /// The slopes to the left and to the right, where they belong to different branches of f.
    pub kink: Option<[f64; 2]>,
}

/// Samples per step h. One row of samples serves all steps and the search for noise and kinks.
const STEP: usize = 8;
/// The place of x in a row of samples, which reaches from x − 2h to x + 2h.
const MIDDLE: usize = 2 * STEP;

/// Where in a row the point `k` lies, in samples. Every other one is out of step, or the rounding
/// of nearly linear values could march in step with the row and be taken for a slope.
fn place(k: usize) -> f64 {
    let off = (k % 2) as f64 * (0.137 * (k * k % 7) as f64 - 0.4);
    k as f64 + off - MIDDLE as f64
}

/// The points of a row around `x`. The step balances what is cut off against rounding; here it is
/// `finer` times as small.
fn points(x: f64, finer: f64) -> Vec<f64> {
    let h = f64::EPSILON.cbrt() * x.abs().max(1.0) / finer;
    (0..=2 * MIDDLE).map(|k| x + place(k) * (h / STEP as f64)).collect()
}

impl Difference {
    /// The slope of `f` at `x`; `None` where f is finite on one side of x at most.
    pub fn of(f: impl Fn(f64) -> f64, x: f64) -> Option<Difference> {
        (0..40).find_map(|halvings| {
            let points = points(x, f64::from(halvings).exp2());
            let values: Vec<f64> = points.iter().map(|&x| f(x)).collect();
            let finite = values.iter().all(|y| y.is_finite());
            finite.then(|| Difference::from(&points, &values))
        })
    }

    fn from(x: &[f64], y: &[f64]) -> Difference {
        let slope = |from: usize, to: usize| (y[to] - y[from]) / (x[to] - x[from]);
        let sides = |k: usize| [slope(MIDDLE - k, MIDDLE), slope(MIDDLE, MIDDLE + k)];
        let centred = |k: usize| slope(MIDDLE - k, MIDDLE + k);

        // Inside f, numbers may be larger than f: 1 in ln(1 + eˣ), and x itself.
        let size = y.iter().fold(x[MIDDLE].abs().max(1.0), |size: f64, y| size.max(y.abs()));
        let h = x[MIDDLE + STEP] - x[MIDDLE];
        let rounding = |jitter: f64| (8.0 * jitter + 4.0 * f64::EPSILON * size) / h;
        let [left, right] = jitter(y);

        // The one-sided slopes of a smooth function differ by h f″: half as much for half the step.
        let gap = |k: usize| sides(k)[1] - sides(k)[0];
        let gaps = [gap(STEP), 2.0 * gap(STEP / 2), 4.0 * gap(STEP / 4)];
        let excess = (gaps[0] - gaps[1]).abs() + (gaps[1] - gaps[2]).abs();
        let largest = gaps.into_iter().fold(0.0, |largest: f64, gap| largest.max(gap.abs()));
        let kinked = excess > 16.0 * rounding(left.min(right)) && excess > 0.1 * largest;

        // A quarter of the way, f has risen by a quarter; if by more than half, f itself jumps.
        let steepest = |k: usize| sides(k)[0].abs().max(sides(k)[1].abs());
        let jumps = kinked && steepest(STEP / 4) > 2.0 * steepest(STEP);
        // What is cut off is c h², or c h where f″ jumps; from 2h to h it falls by 3 c h² or c h.
        let cut_off = 2.0 * (centred(2 * STEP) - centred(STEP)).abs();
        // Half the excess reaches over both sides of a kink, and as far again beyond each.
        let finite = cut_off + 0.5 * excess + rounding(left.max(right));
        let error = if jumps { f64::INFINITY } else { finite };
        Difference { slope: centred(STEP), error, kink: kinked.then(|| sides(STEP)) }
    }

    /// Whether `slope` may be the truth: no farther away than the error.
    pub fn allows(&self, slope: f64) -> bool {
        (slope - self.slope).abs() <= self.error
    }
}

/// How much the values of neighbours around `x` jitter.
pub(super) fn jitter_around(f: impl Fn(f64) -> f64, x: f64, finer: f64) -> [f64; 2] {
    let values: Vec<f64> = points(x, finer).into_iter().map(f).collect();
    jitter(&values)
}

/// How much neighbours jitter to the left and to the right of the middle of a row, in units of one
/// value's rounding error. That is on both sides, where a kink disturbs one, or the middle.
///
/// The fourth divided difference of anything smooth all but vanishes; what is left is rounding.
fn jitter(row: &[f64]) -> [f64; 2] {
    let jitter_at = |first: usize| {
        let window = row[first..].iter().zip(&WEIGHTS[first]);
        window.map(|(y, weight)| y * weight).sum::<f64>().abs()
    };
    let largest = |starts: Range<usize>| starts.map(jitter_at).fold(0.0, super::larger);
    [largest(0..MIDDLE - 4), largest(MIDDLE + 1..2 * MIDDLE - 3)]
}

/// The weights of the divided difference of five neighbours, by the first of them; scaled so that
/// independent roundings come out as large as one of them.
static WEIGHTS: LazyLock<Vec<[f64; 5]>> = LazyLock::new(|| {
    let weights = |first: usize| {
        let others = |i: usize| (0..5).filter(move |&j| j != i);
        let distance = |i: usize, j: usize| place(first + i) - place(first + j);
        let raw = [0, 1, 2, 3, 4].map(|i| 1.0 / others(i).map(|j| distance(i, j)).product::<f64>());
        let size = raw.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
        raw.map(|weight| weight / size)
    };
    (0..=2 * MIDDLE - 4).map(weights).collect()
});
