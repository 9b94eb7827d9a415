//! Central differences: the slope from values alone, and how far it can be trusted.

use std::ops::Range;
use std::sync::LazyLock;

use super::comparison::larger;

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
    /// `(f(x + h) − f(x − h)) / 2h` with `h = ∛ε · max(1, |x|)`, smaller where f ends nearby or moves
    /// fast.
    pub slope: f64,
    /// How far this can be from the truth: what is cut off, h² f‴/6, and the rounding of f over h.
    /// At a kink: how far the truth can lie outside of both sides.
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
    /// The slope of `f` at `x`. `None` where differences cannot tell it: where f is finite on one
    /// side of x at most, jumps, or moves too fast. What happens inside f, values do not show:
    /// `(x + 1e13) − 1e13` is flat.
    pub fn of(f: impl Fn(f64) -> f64, x: f64) -> Option<Difference> {
        let rounding = likely_rounding(x, f(x));
        Difference::with_rounding(f, x, rounding)
    }

    /// [`of`](Difference::of), where it is known how far rounding moves the values of f.
    pub(super) fn with_rounding(
        f: impl Fn(f64) -> f64,
        x: f64,
        rounding: f64,
    ) -> Option<Difference> {
        let mut last = f64::INFINITY;
        for halvings in 0..40 {
            let points = points(x, f64::from(halvings).exp2());
            let values: Vec<f64> = points.iter().map(|&x| f(x)).collect();
            if !values.iter().all(|y| y.is_finite()) {
                continue;
            }
            if moves_slowly(&values, rounding) {
                // With few different values, f may be a difference of larger numbers, short of digits;
                // or at the very edge of a domain all points are one.
                let coarse = 2 * different(&values) < values.len();
                let least = if coarse { 16.0 * f64::EPSILON * x.abs().max(1.0) } else { 0.0 };
                let rounding = rounding.max(least);
                let stair = coarse && (halvings > 0 || is_a_stair(&f, x, rounding));
                return if stair { None } else { Difference::from(&points, &values, rounding) };
            }
            // What is not smooth from nearby either is noise.
            let jitter = least_jitter(&values);
            if jitter > 0.25 * last {
                return None;
            }
            last = jitter;
        }
        None
    }

    /// From one row of points and their values; `None` where f jumps.
    fn from(x: &[f64], y: &[f64], rounding: f64) -> Option<Difference> {
        let slope = |from: usize, to: usize| (y[to] - y[from]) / (x[to] - x[from]);
        let sides = |k: usize| [slope(MIDDLE - k, MIDDLE), slope(MIDDLE, MIDDLE + k)];
        let central = |k: usize| slope(MIDDLE - k, MIDDLE + k);
        let h = x[MIDDLE + STEP] - x[MIDDLE];
        let [left, right] = jitter(y);
        let noise = |jitter: f64| (8.0 * jitter + rounding) / h;

        // The one-sided slopes of a smooth function differ by h f″: half as much for half the step.
        let gap = |k: usize| sides(k)[1] - sides(k)[0];
        let gaps = [gap(STEP), 2.0 * gap(STEP / 2), 4.0 * gap(STEP / 4)];
        let excess = (gaps[0] - gaps[1]).abs() + (gaps[1] - gaps[2]).abs();
        let largest = gaps.into_iter().fold(0.0, |largest: f64, gap| largest.max(gap.abs()));
        let kinked = excess > 16.0 * noise(left.min(right)) && excess > 0.1 * largest;

        // A quarter of the way, f has risen by a quarter; if by more than half, f itself jumps.
        let steepest = |k: usize| sides(k)[0].abs().max(sides(k)[1].abs());
        if steepest(STEP / 4) > 2.0 * steepest(STEP) + 16.0 * noise(left.min(right)) {
            return None;
        }
        if kinked {
            // The kink is nearer than h: beyond that, each side is smooth. From there to x its slope
            // changes three times as much as between the halves of that stretch; and a bit more.
            let end = 2 * MIDDLE;
            let sides = [slope(0, STEP), slope(end - STEP, end)];
            let bend_left = slope(STEP / 2, STEP) - slope(0, STEP / 2);
            let bend_right = slope(end - STEP / 2, end) - slope(end - STEP, end - STEP / 2);
            let bend = 4.0 * bend_left.abs().max(bend_right.abs());
            let error = bend + noise(left.min(right));
            return Some(Difference { slope: central(STEP), error, kink: Some(sides) });
        }
        // What is cut off is c h², or c h where f″ jumps; from 2h to h it falls by 3 c h² or c h.
        let fall = |k: usize| (central(2 * k) - central(k)).abs();
        let cut_off = 2.0 * fall(STEP).max(2.0 * fall(STEP / 2));
        let error = cut_off + 0.5 * excess + noise(left.max(right));
        Some(Difference { slope: central(STEP), error, kink: None })
    }

    /// Whether `slope` may be the truth: no farther away than the error. At a kink, every slope
    /// between those of both sides may.
    pub fn allows(&self, slope: f64) -> bool {
        (slope - self.nearest(slope)).abs() <= self.error
    }

    /// Of the slopes that f has here, the nearest to `slope`: at a kink, each between those of the two
    /// sides is one.
    pub fn nearest(&self, slope: f64) -> f64 {
        let [left, right] = self.kink.unwrap_or([self.slope; 2]);
        slope.max(left.min(right)).min(left.max(right))
    }
}

/// Whether samples show how f moves. Where it swings between two of them, they look like any slope;
/// but then they jitter, and by more than rounding does.
fn moves_slowly(values: &[f64], rounding: f64) -> bool {
    let change = values.iter().fold(0.0, |change: f64, y| change.max((y - values[0]).abs()));
    let jitter = least_jitter(values);
    jitter <= 1e-7 * change || jitter <= 10.0 * rounding
}

/// The jitter on the calmer side: a kink is on one.
fn least_jitter(values: &[f64]) -> f64 {
    let [left, right] = jitter(values);
    left.min(right)
}

/// Whether a row that looks flat is one stair of many: further out, f moves by more than rounding.
fn is_a_stair(f: impl Fn(f64) -> f64, x: f64, rounding: f64) -> bool {
    let wide: Vec<f64> = points(x, 1e-3).into_iter().map(&f).collect();
    2 * different(&wide) > wide.len() && wide.iter().any(|y| (y - f(x)).abs() > 100.0 * rounding)
}

/// How many different numbers there are.
fn different(values: &[f64]) -> usize {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values.len()
}

/// How far rounding moves y = f(x). Inside f, numbers may be larger: 1 in ln(1 + eˣ), and x itself.
fn likely_rounding(x: f64, y: f64) -> f64 {
    4.0 * f64::EPSILON * y.abs().max(x.abs()).max(1.0)
}

/// Whether one row around `x` shows how f moves there.
pub(super) fn moves_slowly_around(f: impl Fn(f64) -> f64, x: f64) -> bool {
    let values: Vec<f64> = points(x, 1.0).into_iter().map(f).collect();
    moves_slowly(&values, likely_rounding(x, values[MIDDLE]))
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
    let largest = |starts: Range<usize>| starts.map(jitter_at).fold(0.0, larger);
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
