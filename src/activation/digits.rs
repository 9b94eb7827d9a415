//! What keeps the last digits: of products with e^−|x| far out, where that is subnormal, and of slopes
//! near their zeros, where the terms of a plain formula cancel.

use super::exponential::exp_minus_size;
use super::{Activation, Sigmoid, Softplus};

/// The coefficients of x and x³ in t: 2√(2/π), and that times 0.044715; and what these two lost
/// when they were rounded.
const GELU: [f64; 2] = [1.5957691216057308, 0.07135481627260025];
const GELU_LOST: [f64; 2] = [-9.96930880911092e-17, -6.175149918155315e-19];

/// From here on e^−|x| is 0, and a product with it is 0, even if x is infinite.
const FAR: f64 = 1000.0;

/// Value and slope of [`Silu`](super::Silu).
pub fn silu(x: f64) -> (f64, f64) {
    const ZERO: [f64; 2] = [-1.2784645427610737, -1.0946994183093437e-16];
    const EXP_AT_ZERO: f64 = 0.2784645427610738;
    let t = x.clamp(-FAR, FAR);
    let d = t - ZERO[0] - ZERO[1];
    let bracket = (d.abs() < 0.25).then(|| d + EXP_AT_ZERO * d.exp_m1());
    gated(x, [t, 0.0], 0.0, bracket)
}

/// Value and slope of [`GeluTanh`](super::GeluTanh).
pub fn gelu_tanh(x: f64) -> (f64, f64) {
    const ZERO: [f64; 2] = [-0.7524614220710163, 3.635560509207687e-17];
    const EXP_AT_ZERO: f64 = 0.29195521191476714;
    let near = x.clamp(-FAR, FAR);
    let d = near - ZERO[0] - ZERO[1];
    let bracket = (d.abs() < 0.3).then(|| {
        // t and x t′ are cubic: these are their Taylor polynomials at ZERO.
        let [linear, square, cube] = [1.716972025434726, -0.1610752395722906, GELU[1]];
        let dt = d * (linear + d * (square + d * cube));
        let [linear, square, cube] = [1.959377833092717, 3.0 * square, 3.0 * cube];
        let dxt = d * (linear + d * (square + d * cube));
        dxt + EXP_AT_ZERO * dt.exp_m1()
    });
    gated(x, gelu_argument(near), 2.0 * GELU[1] * near * (near * near), bracket)
}

/// Value and slope of [`Mish`](super::Mish).
pub fn mish(x: f64) -> (f64, f64) {
    let near = x.clamp(-FAR, FAR);
    if x > -0.7 {
        // With e = e⁻ˣ: tanh(softplus(x)) = (1 + 2e)/(1 + 2e + 2e²).
        let e = (-near).exp();
        let (above, tail) = (1.0 + 2.0 * e, 2.0 * e * (1.0 + e));
        let below = 1.0 + tail;
        let lost = (tail - (below - 1.0)) / below;
        let slope = (above + 2.0 * near * e * tail / below) / below;
        return (x * (above / below), slope - slope * lost);
    }
    // With e = eˣ: tanh(softplus(x)) = e (2 + e)/(2 + 2e + e²), and the slope is e/(…)² times a
    // bracket that is 0 at ZERO.
    const ZERO: [f64; 2] = [-1.1924312145154952, -4.8484829848031044e-17];
    const EXP_AT_ZERO: f64 = 0.3034825352815289;
    let e = near.exp();
    let tail = 2.0 * e + e * e;
    let below = 2.0 + tail;
    let lost = tail - (below - 2.0);
    let d = near - ZERO[0] - ZERO[1];
    let bracket = if d.abs() < 0.5 {
        let squares = e * e + e * EXP_AT_ZERO + EXP_AT_ZERO * EXP_AT_ZERO;
        let rest = 6.0 + 4.0 * near + 4.0 * (e + EXP_AT_ZERO) + squares;
        4.0 * (1.0 + EXP_AT_ZERO) * d + EXP_AT_ZERO * d.exp_m1() * rest
    } else {
        4.0 * (1.0 + near) + e * (6.0 + 4.0 * near + e * (4.0 + e))
    };
    let gate = near * (2.0 + e) / below;
    let slope = bracket / below.mul_add(below, 2.0 * below * lost);
    (times_exp(gate - gate * lost / below, near, e), times_exp(slope, near, e))
}

/// f″ of [`Silu`](super::Silu): `σ′(x) (2 − x tanh(x/2))`.
pub fn silu_curvature(x: f64) -> f64 {
    let x = x.clamp(-FAR, FAR);
    Sigmoid.f_df(x).1 * (2.0 - x * (0.5 * x).tanh())
}

/// f″ of [`GeluTanh`](super::GeluTanh): `σ′(t) (2t′ + x t″ − x t′² tanh(t/2))`.
pub fn gelu_tanh_curvature(x: f64) -> f64 {
    let x = x.clamp(-FAR, FAR);
    let [t, first, second] =
        [x * (GELU[0] + GELU[1] * x * x), GELU[0] + 3.0 * GELU[1] * x * x, 6.0 * GELU[1] * x];
    Sigmoid.f_df(t).1 * (2.0 * first + x * second - x * first * first * (0.5 * t).tanh())
}

/// f″ of [`Mish`](super::Mish), with s = softplus(x) and t = tanh s:
/// `sech²(s) σ(x) (2 + x (σ(−x) − 2 t σ(x)))`.
pub fn mish_curvature(x: f64) -> f64 {
    let x = x.clamp(-FAR, FAR);
    let (s, gate) = Softplus.f_df(x);
    gate / s.cosh() / s.cosh() * (2.0 + x * (Sigmoid.f(-x) - 2.0 * s.tanh() * gate))
}

/// `σ(x)`, from `e = e^−|x|`.
#[inline(always)]
pub fn sigmoid_from(x: f64, e: f64) -> f64 {
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// `factor·eˣ` for x ≤ 0, from `e = eˣ`. Far down e is subnormal and has few digits left; twice the
/// root of it keeps them.
pub fn times_exp(factor: f64, x: f64, e: f64) -> f64 {
    if x > -700.0 {
        return factor * e;
    }
    let root = (0.5 * x).exp();
    factor * root * root
}

/// `x σ(t)` and its slope `σ(t) (1 + x t′ σ(−t))`, where `x t′ = t + rest`, and t, of the sign of
/// x, is given as a sum of two numbers.
///
/// For x < 0 the slope is `eᵗ/(1 + eᵗ)²` times the bracket `1 + eᵗ + x t′`. Near the bracket's zero
/// its terms cancel. There it is passed in, as what each term gains from the zero on: both gain
/// with the same sign, and no digit is lost.
fn gated(x: f64, [t, t_low]: [f64; 2], rest: f64, bracket: Option<f64>) -> (f64, f64) {
    let e = exp_minus_size(t);
    let below = 1.0 + e;
    let lost = e - (below - 1.0); // in rounding the sum
    if x >= 0.0 {
        let slope = (1.0 + (t + rest) * e / below) / below;
        return (x / below, slope - slope * lost / below);
    }
    let bracket = bracket.unwrap_or((1.0 + t) + (rest + e + t_low));
    let square = below.mul_add(below, below * (2.0 * lost - t_low * below));
    let gate = x.max(-FAR) / below;
    (times_exp(gate + gate * (t_low - lost / below), t, e), times_exp(bracket / square, t, e))
}

/// `t = 2√(2/π) (x + 0.044715 x³)`, rounded, and what rounding lost: an error of 1 ULP in t = −100
/// would be one of 100 ULP in eᵗ. (`mul_add` rounds once, and so finds what a product lost.)
fn gelu_argument(x: f64) -> [f64; 2] {
    let square = x * x;
    let square_lost = x.mul_add(x, -square);
    let cubic = GELU[1] * square;
    let cubic_lost =
        GELU[1].mul_add(square, -cubic) + GELU[1] * square_lost + GELU_LOST[1] * square;
    let sum = GELU[0] + cubic;
    let part = sum - cubic; // of GELU[0], in sum
    let sum_lost = (GELU[0] - part) + (cubic - (sum - part)) + GELU_LOST[0] + cubic_lost;
    let t = x * sum;
    [t, x.mul_add(sum, -t) + x * sum_lost]
}
