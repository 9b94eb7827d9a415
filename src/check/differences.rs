//! Central differences: the slope from values alone, and how far it can be trusted.

use std::mem;
use std::ops::Range;

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
///
/// let single = Difference::of(|x| f64::from((x as f32).exp()), 1.0).unwrap();
/// assert!((6..=8).contains(&single.digits) && single.allows(1f64.exp()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// `(f(x + h) − f(x − h)) / 2h`, usually with `h = ∛ε · max(1, |x|)`; with another step where
    /// that one tells less.
    pub slope: f64,
    /// How far this can be from the truth: what is cut off, h² f‴/6, and the noise of f over h.
    /// At a kink: how far the truth can lie outside of both sides.
    pub error: f64,
    /// The slopes to the left and to the right, where they belong to different branches of f.
    pub kink: Option<[f64; 2]>,
    /// How many digits of f are no noise here, at most 16.
    pub digits: u32,
    /// How steep f is here and around.
    scale: f64,
    /// Whether f is flat within the usual step, and rises from far away.
    stairs: bool,
    /// The part of the error that is noise.
    noise: f64,
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

/// Points around x, and the values of f there.
struct Row {
    x: Vec<f64>,
    y: Vec<f64>,
    /// How much neighbours jitter to the left and to the right of x, in units of one value's noise.
    /// That is on both sides, where a kink disturbs one, or the middle.
    jitter: [f64; 2],
}

impl Row {
    /// With the step h. `None` where a value is not finite, or f64 has no such points.
    fn new(f: impl Fn(f64) -> f64, x: f64, h: f64) -> Option<Row> {
        let points = (0..=2 * MIDDLE).map(|k| x + place(k) * (h / STEP as f64));
        let x: Vec<f64> = points.collect();
        let apart = x.windows(2).all(|pair| pair[0] < pair[1]);
        let y: Vec<f64> = x.iter().map(|&x| f(x)).collect();
        let usable = apart && y.iter().all(|y| y.is_finite());
        usable.then(|| Row { jitter: jitter(&x, &y), x, y })
    }

    fn is_flat(&self) -> bool {
        self.y.iter().all(|&y| y == self.y[0])
    }

    fn slope(&self, from: usize, to: usize) -> f64 {
        (self.y[to] - self.y[from]) / (self.x[to] - self.x[from])
    }

    /// The slopes to the left and to the right of x, over `k` samples.
    fn sides(&self, k: usize) -> [f64; 2] {
        [self.slope(MIDDLE - k, MIDDLE), self.slope(MIDDLE, MIDDLE + k)]
    }

    fn steepest(&self, k: usize) -> f64 {
        self.sides(k)[0].abs().max(self.sides(k)[1].abs())
    }

    fn h(&self) -> f64 {
        self.x[MIDDLE + STEP] - self.x[MIDDLE]
    }

    /// A quarter of the way, f has risen by a quarter; if by more than half, f itself jumps.
    fn jumps(&self, noise: f64) -> bool {
        self.steepest(STEP / 4) > 2.0 * self.steepest(STEP) + 16.0 * noise / self.h()
    }

    /// The least value, and the largest.
    fn range(&self) -> [f64; 2] {
        [f64::min, f64::max].map(|f| self.y.iter().copied().fold(self.y[0], f))
    }

    /// How steep f is on the whole.
    fn rise(&self) -> f64 {
        let [least, most] = self.range();
        (most - least) / (self.x[2 * MIDDLE] - self.x[0])
    }
}

/// The fourth divided difference of anything smooth all but vanishes; what is left is noise (Hamming;
/// Moré and Wild 2011). It is scaled so that independent noises come out as large as one of them.
fn jitter(x: &[f64], y: &[f64]) -> [f64; 2] {
    let jitter_at = |first: usize| {
        let (mut difference, mut size) = (0.0, 0.0);
        for i in first..first + 5 {
            let others = (first..first + 5).filter(|&j| j != i);
            // In units of the first distance, or the product leaves the range of f64.
            let away = |j: usize| (x[i] - x[j]) / (x[first + 1] - x[first]);
            let weight = 1.0 / others.map(away).product::<f64>();
            difference += weight * (y[i] - y[first]); // the weights' sum is 0
            size += weight * weight;
        }
        difference.abs() / size.sqrt()
    };
    let largest = |starts: Range<usize>| starts.map(jitter_at).fold(0.0, larger);
    [largest(0..MIDDLE - 4), largest(MIDDLE + 1..2 * MIDDLE - 3)]
}

/// The rows around x on several scales, from coarse to fine. Where f is flat, it is so from nearby,
/// too.
fn rows(f: impl Fn(f64) -> f64, x: f64, scales: impl Iterator<Item = i32>) -> Vec<Row> {
    let mut flat = false;
    let all = scales.filter_map(|finer| Row::new(&f, x, usual_step(x) * 8f64.powi(-finer)));
    all.take_while(|row| !mem::replace(&mut flat, row.is_flat())).collect()
}

/// The step that balances what is cut off against rounding: ∛ε · max(1, |x|).
fn usual_step(x: f64) -> f64 {
    f64::EPSILON.cbrt() * x.abs().max(1.0)
}

/// The noise of f's values: the least jitter of a side on which they move.
fn noise_of(rows: &[Row]) -> Option<f64> {
    let sides = rows.iter().flat_map(|Row { y, jitter: [left, right], .. }| {
        [(&y[..MIDDLE], *left), (&y[MIDDLE + 1..], *right)]
    });
    sides.filter(|(y, _)| moves(y)).map(|(_, jitter)| jitter).min_by(f64::total_cmp)
}

/// Whether most values differ: otherwise the stairs of rounded values do not show as noise.
fn moves(values: &[f64]) -> bool {
    let mut different = values.to_vec();
    different.sort_by(f64::total_cmp);
    different.dedup();
    2 * different.len() > values.len()
}

impl Difference {
    /// The slope of `f` at `x`. `None` where differences cannot tell it: where f is finite on one
    /// side of x at most, or jumps.
    ///
    /// Where the usual step tells less than six digits, this looks on the scales from 33,000 times as
    /// far to 10⁻¹⁴ of it, and takes the one with the least error: so f has its own scale and its own
    /// noise.
    pub fn of(f: impl Fn(f64) -> f64, x: f64) -> Option<Difference> {
        let usual = Row::new(&f, x, usual_step(x));
        let flat = usual.as_ref().is_some_and(Row::is_flat);
        let usual = usual.filter(|row| moves(&row.y));
        let usual = usual.and_then(|row| Difference::from(&row, [row.rise(), 0.0]));
        if let Some(found) = usual.filter(|found| found.kink.is_none()) {
            let digits = found.slope.abs() / found.error;
            if digits >= 1e7 || digits >= 1e5 && found.error <= 8.0 * found.noise {
                return Some(found);
            }
        }
        // As far as f64 has points.
        let small = if x == 0.0 { 1.0 } else { x.abs().min(1.0) };
        let finest = 16 - small.log2() as i32 / 3;
        let here = rows(&f, x, -5..=finest);
        let mut rise = here.iter().map(Row::rise).fold(0.0, f64::max);
        // Where f is flat, its noise is that of other places.
        let near_zero = [0.37, -0.37, 1.3, -1.3].into_iter();
        let around = [0.6, -0.6, 1.7, -1.7, 7.0, -7.0].map(|far| x + far * x.abs().max(1.0));
        let elsewhere = |x: f64| {
            let there = rows(&f, x, -5..=0);
            rise = there.iter().map(Row::rise).fold(rise, f64::max);
            noise_of(&there)
        };
        let noise = noise_of(&here).or_else(|| near_zero.chain(around).find_map(elsewhere));
        let known = [rise, noise.unwrap_or(0.0)];
        let finest = here.last()?;
        if finest.jumps(8.0 * finest.jitter[0].min(finest.jitter[1])) {
            return None; // however near one looks
        }
        let least = |kink: bool| {
            let found = here.iter().filter_map(|row| Difference::from(row, known));
            let found = found.filter(|d| d.kink.is_some() == kink);
            found.min_by(|a, b| a.error.total_cmp(&b.error))
        };
        // From far enough away, a bend looks like a kink.
        let found = match (least(false), least(true)) {
            (Some(smooth), Some(kink)) if smooth.error > kink.width() => kink,
            (smooth, kink) => smooth.or(kink)?,
        };
        Some(Difference { stairs: flat && found.slope != 0.0, ..found })
    }

    /// From one row; `None` where it cannot follow f.
    fn from(row: &Row, [rise, noise]: [f64; 2]) -> Option<Difference> {
        let h = row.h();
        let [calm, rough] = [f64::min, f64::max].map(|f| f(row.jitter[0], row.jitter[1]));
        let [least, most] = row.range();
        let size = most.abs().max(least.abs());
        let rounding = 4.0 * f64::EPSILON * size;
        let noise_of = |jitter: f64| 12.0 * jitter.max(noise) + rounding;
        if rough > 0.02 * (most - least) + 4.0 * f64::EPSILON * size || row.jumps(noise_of(calm)) {
            return None;
        }

        // The one-sided slopes of a smooth function differ by h f″: half as much for half the step.
        let gap = |k: usize| row.sides(k)[1] - row.sides(k)[0];
        let gaps = [gap(STEP), 2.0 * gap(STEP / 2), 4.0 * gap(STEP / 4)];
        let excess = (gaps[0] - gaps[1]).abs() + (gaps[1] - gaps[2]).abs();
        let largest = gaps.into_iter().fold(0.0, |largest: f64, gap| largest.max(gap.abs()));
        let kinked = excess > 16.0 * noise_of(calm) / h && excess > 0.1 * largest;

        let scale = row.steepest(STEP).max(rise);
        let lost_digits = (noise_of(calm) / 12.0 / size).log10().clamp(-16.0, 0.0);
        let digits = if size > 0.0 { -lost_digits.round() as u32 } else { 16 };
        let central = |k: usize| row.slope(MIDDLE - k, MIDDLE + k);
        // Where f is flat it may still have lost what was added to something of size 1.
        let lost = if scale == 0.0 { 4.0 * f64::EPSILON } else { 0.0 };
        let noise = (noise_of(rough) + lost) / h;
        let found = Difference {
            slope: central(STEP),
            error: 0.0,
            kink: None,
            digits,
            scale,
            stairs: false,
            noise,
        };
        if kinked {
            // Beyond h, each side is smooth. From there to x its slope changes three times as much as
            // between the halves of that stretch; and a bit more. If both do not meet at x, the kink is
            // elsewhere.
            let side = |far: usize, near: usize| {
                let middle = far.midpoint(near);
                let bend = row.slope(middle, near) - row.slope(far, middle);
                let slope = row.slope(far, near);
                (slope, 4.0 * bend.abs() + (row.slope(near, MIDDLE) - slope).abs())
            };
            let (left, right) = (side(0, STEP), side(2 * MIDDLE, 2 * MIDDLE - STEP));
            let error = left.1.max(right.1) + noise;
            if (left.0 - right.0).abs() > 2.0 * error {
                return Some(Difference { error, kink: Some([left.0, right.0]), ..found });
            }
        }
        // What is cut off is c h², or c h where f″ jumps; from 2h to h it falls by 3 c h² or c h.
        let fall = |k: usize| (central(2 * k) - central(k)).abs();
        let cut_off = 2.0 * fall(STEP).max(2.0 * fall(STEP / 2));
        // f64 has no points that lie evenly around x: f″ tells what that does.
        let uneven = (h - (row.x[MIDDLE] - row.x[MIDDLE - STEP])).abs() / h;
        let error = cut_off + 0.5 * excess + uneven * gap(STEP).abs() + noise;
        Some(Difference { error, ..found })
    }

    /// How far apart the slopes are that f has at a kink.
    fn width(&self) -> f64 {
        self.kink.map_or(0.0, |[left, right]| (right - left).abs())
    }

    /// Whether f rises in stairs, and `slope` is that of a stair: then it is neither right nor wrong.
    pub(super) fn is_stair(&self, slope: f64) -> bool {
        self.stairs && slope == 0.0 && !self.allows(slope)
    }

    /// Whether this is evidence: a slope that is off by 1 %, of what f may have here, would show.
    pub fn is_telling(&self) -> bool {
        self.error <= 0.01 * self.scale || self.scale == 0.0 // or f is constant
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

/// The noise of `f` at `x`, as far as it shows within a thousandth of x.
pub(super) fn noise(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    // The usual step is larger than a small x, which may have a noise of its own: what else is inside
    // of f does not move with the smallest steps.
    let small = if x == 0.0 { 1.0 } else { x.abs().min(1.0) };
    let scales = if small < 1e-3 { -5..=-2 } else { -3..=9 };
    noise_of(&rows(|t| f(x + (t - x) * small), x, scales.step_by(3))).unwrap_or(0.0)
}
