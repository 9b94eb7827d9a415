//! Centred differences: the slope from values alone, and how far it can be trusted.

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
    /// at a kink, the distance of the two sides.
    pub error: f64,
    /// The slopes to the left and to the right, where they belong to different branches of f.
    pub kink: Option<[f64; 2]>,
}

/// Samples per step h. One row of samples serves three steps and the search for noise and kinks.
const PER_STEP: usize = 8;
/// The place of x in the row of samples, which reaches from x − 2h to x + 2h.
const MIDDLE: usize = 2 * PER_STEP;

/// The step that balances what is cut off against rounding.
fn step(x: f64) -> f64 {
    f64::EPSILON.cbrt() * x.abs().max(1.0)
}

/// Where the sample `k` of a row around `x` is taken.
fn place(x: f64, h: f64, k: usize) -> f64 {
    x + (k as f64 - MIDDLE as f64) * (h / PER_STEP as f64)
}

/// The values of `f` around `x`, equally spaced, x in the middle, `finer` times as close.
pub(super) fn row(f: impl Fn(f64) -> f64, x: f64, finer: f64) -> Vec<f64> {
    (0..=2 * MIDDLE).map(|k| f(place(x, step(x) / finer, k))).collect()
}

impl Difference {
    /// The slope of `f` at `x`; `None` where f is finite on one side of x at most.
    pub fn of(f: impl Fn(f64) -> f64, x: f64) -> Option<Difference> {
        let mut h = step(x);
        for _ in 0..40 {
            let at = |k| place(x, h, k);
            let samples: Vec<f64> = (0..=2 * MIDDLE).map(|k| f(at(k))).collect();
            if samples.iter().all(|y| y.is_finite()) {
                let steps = [2 * PER_STEP, PER_STEP, PER_STEP / 2, PER_STEP / 4];
                let spans = steps.map(|k| [x - at(MIDDLE - k), at(MIDDLE + k) - x]);
                return Some(Difference::from(&samples, steps, spans));
            }
            h /= 2.0;
        }
        None
    }

    /// `steps` in samples, and how far they reach to the left and to the right of x.
    fn from(samples: &[f64], steps: [usize; 4], spans: [[f64; 2]; 4]) -> Difference {
        let y = samples[MIDDLE];
        let [double, single, half, quarter] = [0, 1, 2, 3].map(|i| {
            let ([before, after], [left, right]) =
                ([samples[MIDDLE - steps[i]], samples[MIDDLE + steps[i]]], spans[i]);
            let slope = (after - before) / (left + right);
            (slope, [(y - before) / left, (after - y) / right])
        });
        // Numbers inside f may be of size 1 where f is not, as in ln(1 + eˣ).
        let size = samples.iter().fold(1.0, |size: f64, y| size.max(y.abs()));
        let rounding = (8.0 * roughness(samples) + 4.0 * f64::EPSILON * size) / spans[1][0];
        // The error of a difference with step h is c h². From 2h to h it falls by 3 c h².
        let error = (double.0 - single.0).abs() + rounding;

        // The one-sided slopes of a smooth function differ by h f″: half as much for half the step.
        let gap = |(_, [left, right]): (f64, [f64; 2])| right - left;
        let [wide, middle, narrow] = [gap(single), 2.0 * gap(half), 4.0 * gap(quarter)];
        let excess = (wide - middle).abs() + (middle - narrow).abs();
        let largest = wide.abs().max(middle.abs()).max(narrow.abs());
        if excess > 16.0 * rounding && excess > 0.1 * largest {
            let error = error.max(1.5 * wide.abs()); // from the middle to twice as far as a side
            return Difference { slope: single.0, error, kink: Some(single.1) };
        }
        Difference { slope: single.0, error, kink: None }
    }

    /// Whether `slope` may be the truth: no farther away than the error.
    pub fn allows(&self, slope: f64) -> bool {
        (slope - self.slope).abs() <= self.error
    }
}

/// How much neighbours jitter around the middle of a row of equally spaced values, in units of one
/// value's rounding error.
///
/// The fourth difference of anything smooth all but vanishes; what is left is rounding, enlarged by
/// √(1 + 16 + 36 + 16 + 1) ≈ 8. A kink disturbs one side of it, or the middle; rounding is on both
/// sides. So the smaller of both counts, without the middle.
pub(super) fn roughness(row: &[f64]) -> f64 {
    let fourth = |y: &[f64]| (y[0] - 4.0 * y[1] + 6.0 * y[2] - 4.0 * y[3] + y[4]).abs() / 8.0;
    let largest = |side: &[f64]| side.windows(5).map(fourth).fold(0.0, f64::max);
    let (left, right) = row.split_at(row.len() / 2);
    largest(left).min(largest(&right[1..]))
}
